// SPDX-License-Identifier: GPL-2.0-only
/*
 * lens.c - a QEMU plugin that sees caches and calls of a marked program
 *
 * qemu-system-x86_64 -plugin lens.so,out=FILE[,l1d=SIZE/WAYS][,l1i=..][,l2=..]
 *	[,l3=..][,calls=on]
 *
 * From the mark START on (mark.h) each fetch and each access goes through four
 * caches: first level for data and for instructions, a second and a third for
 * both, lines of 64 bytes, the least recently used goes first.  A line comes into
 * every level that it was missed in.  Nothing is fetched ahead, and what is thrown
 * out of one level stays in the others.
 *
 * Data has the address that the guest's hardware sees.  An instruction has the one
 * where the emulator keeps it, all that a plugin is told; guest memory begins at a
 * multiple of 2 MiB there, so that it falls into the same sets up to that size of
 * a way.  A line that is both read and executed is two lines here.
 *
 * One CPU: several would need their coherence modelled.
 *
 * What is written to FILE, a line each; numbers of instructions, accesses, and
 * lines missed in L1D, L1I, L2 and L3:
 *	caches l1d=.. ..	at the beginning
 *	run			START
 *	sample PART N*6		ROUND, for each part that was in it
 *	node.., at.., lost..	POINT, with calls=on (calls.h; root PART is the part)
 *	point			POINT
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "calls.h"
#include "insn.h"
#include "mark.h"
#include "qemu_plugin.h"

/* There up to number 1, and gone since. */
extern int qemu_plugin_n_vcpus(void) __attribute__((weak));

int qemu_plugin_version = 1;

/**
 * struct insn - an instruction at an address
 * @pc: its address
 * @line: where its first byte lies
 * @end_line: where its last byte lies, in the same page
 * @target: what a direct call calls
 * @mark: what a marked program says by it
 * @kind: whether it calls or returns
 * @next: in the same bucket
 */
struct insn {
	uint64_t pc, line, end_line, target;
	enum lens_mark mark;
	enum insn_kind kind;
	struct insn *next;
};

#define INSN_BITS 18
#define INSN_CHUNK 1024
#define PAGE_MASK 4095UL

static const struct {
	const char *name;
	const char *usual;
} levels[] = { { "l1d", "32K/8" }, { "l1i", "32K/8" }, { "l2", "1M/16" }, { "l3", "16M/16" } };

enum { L1D, L1I, L2, L3, LEVELS };

static struct cache caches[LEVELS];
static const char *geometry[LEVELS];
static FILE *out;
static bool data_is_copied;

static struct insn *insns[1UL << INSN_BITS];

static bool modelling;		/* since START */
static unsigned int part;	/* what is counted, or 0 */
static uint64_t part_load;	/* the load behind BEGIN, or 0 */
static uint64_t last_line;	/* the line that was fetched last */
static struct count *here;	/* of the instruction that is executed, with calls=on */
static struct count sums[LENS_PARTS];
static bool with_calls;
static struct calls calls;

/* ---- caches ---- */

/* What was missed behind the first level. */
static void use_outer(uint64_t line, struct count *n)
{
	if (cache_use(&caches[L2], line))
		return;
	n->l2++;
	if (!cache_use(&caches[L3], line))
		n->l3++;
}

static void use_data(uint64_t line, struct count *n)
{
	if (cache_use(&caches[L1D], line))
		return;
	n->l1d++;
	use_outer(line, n);
}

static void use_code(uint64_t line, struct count *n)
{
	if (line == last_line)
		return;
	last_line = line;
	if (cache_use(&caches[L1I], line))
		return;
	n->l1i++;
	use_outer(line, n);
}

static void add(struct count *to, const struct count *n)
{
	to->insns += n->insns;
	to->accesses += n->accesses;
	to->l1d += n->l1d;
	to->l1i += n->l1i;
	to->l2 += n->l2;
	to->l3 += n->l3;
}

static void count(const struct count *n)
{
	if (!part)
		return;
	add(&sums[part], n);
	if (with_calls)
		add(here, n);
}

/* ---- marks ---- */

static void begin_point(void)
{
	memset(sums, 0, sizeof(sums));
	if (with_calls)
		calls_clear(&calls, LENS_PARTS);
}

static void end_round(void)
{
	for (unsigned int i = 1; i < LENS_PARTS; i++) {
		const struct count *n = &sums[i];

		if (n->insns)
			fprintf(out, "sample %u %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
				" %" PRIu64 " %" PRIu64 "\n", i, n->insns, n->accesses,
				n->l1d, n->l1i, n->l2, n->l3);
	}
	memset(sums, 0, sizeof(sums));
}

static void meet(const struct insn *i)
{
	switch (i->mark) {
	case LENS_START:
		modelling = true;
		part = 0;
		begin_point();
		fputs("run\n", out);
		break;
	case LENS_BEGIN:
		part = 0;
		part_load = i->pc + 8;
		break;
	case LENS_END:
		part = 0;
		break;
	case LENS_ROUND:
		end_round();
		break;
	case LENS_POINT:
		if (with_calls)
			calls_print(&calls, LENS_PARTS, out);
		fputs("point\n", out);
		fflush(out);
		begin_point();
		break;
	default:
		break;
	}
}

/* ---- what the emulator calls ---- */

static void on_insn(unsigned int vcpu, void *data)
{
	const struct insn *i = data;
	struct count n = { .insns = 1 };

	(void)vcpu;
	if (i->mark)
		meet(i);
	if (!modelling)
		return;
	if (part && with_calls) {
		if (calls.calling)
			calls_enter(&calls, i->pc);
		here = calls_here(&calls, i->pc);
	}
	use_code(i->line, &n);
	if (i->end_line != i->line)
		use_code(i->end_line, &n);
	count(&n);
}

static void follow(const struct insn *i, bool is_store, uint64_t place)
{
	if (i->kind == INSN_CALL && is_store) {
		calls_call(&calls, place, i->pc);
		/* now, lest an interrupt be taken for it */
		if (i->target && calls.calling)
			calls_enter(&calls, i->target);
	} else if (i->kind == INSN_RETURN && !is_store) {
		calls_return(&calls, place);
	}
}

static void on_access(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *data)
{
	const struct insn *i = data;
	struct count n = { .accesses = 1 };
	struct qemu_plugin_hwaddr *at;
	uint64_t first;

	(void)vcpu;
	if (!modelling)
		return;
	at = qemu_plugin_get_hwaddr(info, vaddr);
	if (at && !qemu_plugin_hwaddr_is_io(at)) {
		uint64_t size = 1UL << qemu_plugin_mem_size_shift(info);

		first = qemu_plugin_hwaddr_phys_addr(at);
		use_data(first >> CACHE_LINE_BITS, &n);
		/* the other half of what crosses a page lies elsewhere: its line is not known */
		if ((first ^ (first + size - 1)) >> CACHE_LINE_BITS &&
		    (first & PAGE_MASK) + size <= PAGE_MASK + 1)
			use_data((first + size - 1) >> CACHE_LINE_BITS, &n);
	}
	count(&n);
	if (part && with_calls && i->kind != INSN_OTHER)
		follow(i, qemu_plugin_mem_is_store(info), vaddr);
	if (i->pc == part_load) {
		part_load = 0;
		part = vaddr & (LENS_PARTS - 1);
		if (with_calls)
			calls_begin(&calls, part);
	}
}

/* ---- translation ---- */

static void *must(void *memory)
{
	if (!memory) {
		fputs("lens: out of memory\n", stderr);
		exit(1);
	}
	return memory;
}

static void bytes_of(const struct qemu_plugin_insn *from, uint8_t *bytes, size_t size)
{
	if (data_is_copied)
		qemu_plugin_insn_copy(from, bytes, size);
	else
		memcpy(bytes, qemu_plugin_insn_data(from), size);
}

/* The same for every translation of it. */
static struct insn *known_insn(const struct qemu_plugin_insn *from)
{
	static struct insn *chunk;
	static size_t left;
	uint8_t bytes[16] = { 0 };
	size_t size = qemu_plugin_insn_size(from);
	uint64_t host = (uint64_t)qemu_plugin_insn_haddr(from), in_page;
	struct insn want = { .pc = qemu_plugin_insn_vaddr(from) }, *i;
	struct insn_meaning m;
	uint64_t bucket;

	if (size > sizeof(bytes))
		size = sizeof(bytes);
	bytes_of(from, bytes, size);
	m = insn_read(bytes, size, want.pc);
	in_page = size <= PAGE_MASK + 1 - (host & PAGE_MASK) ? size : 1;
	want.line = host >> CACHE_LINE_BITS;
	want.end_line = (host + in_page - 1) >> CACHE_LINE_BITS;
	want.target = m.target;
	want.mark = m.mark;
	want.kind = m.kind;
	bucket = ((want.pc ^ want.line) * 0x9e3779b97f4a7c15u) >> (64 - INSN_BITS);
	for (i = insns[bucket]; i; i = i->next)
		if (i->pc == want.pc && i->line == want.line && i->end_line == want.end_line &&
		    i->target == want.target && i->mark == want.mark && i->kind == want.kind)
			return i;
	if (!left) {
		chunk = must(calloc(INSN_CHUNK, sizeof(*chunk)));
		left = INSN_CHUNK;
	}
	i = &chunk[--left];
	*i = want;
	i->next = insns[bucket];
	insns[bucket] = i;
	return i;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb);

	(void)id;
	for (size_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		struct insn *known = known_insn(insn);

		qemu_plugin_register_vcpu_insn_exec_cb(insn, on_insn, QEMU_PLUGIN_CB_NO_REGS,
						       known);
		qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_CB_NO_REGS,
						 QEMU_PLUGIN_MEM_RW, known);
	}
}

static void on_end(qemu_plugin_id_t id, void *data)
{
	(void)id;
	(void)data;
	fclose(out);
}

/* ---- options ---- */

static bool complain(const char *what, const char *value, const char *why)
{
	fprintf(stderr, "lens: %s%s%s %s\n", what, *value ? "=" : "", value, why);
	return false;
}

static bool read_option(char *text, const char **path)
{
	char *value = strchr(text, '=');

	if (!value)
		return complain(text, "", "has no value: it is NAME=VALUE");
	*value++ = '\0';
	for (int l = 0; l < LEVELS; l++)
		if (!strcmp(text, levels[l].name)) {
			geometry[l] = value;
			return true;
		}
	if (!strcmp(text, "out")) {
		*path = value;
		return true;
	}
	if (strcmp(text, "calls"))
		return complain(text, "", "is unknown: one of out l1d l1i l2 l3 calls");
	with_calls = !strcmp(value, "on");
	return with_calls || !strcmp(value, "off") ||
	       complain(text, value, "is neither on nor off");
}

static bool open_caches(void)
{
	for (int l = 0; l < LEVELS; l++) {
		const char *why;

		if (!geometry[l])
			geometry[l] = levels[l].usual;
		why = cache_parse(&caches[l], geometry[l]);
		if (!why && !cache_open(&caches[l]))
			why = "takes more memory than there is";
		if (why)
			return complain(levels[l].name, geometry[l], why);
	}
	return true;
}

/* QEMU reads it when this is loaded, before it calls anything. */
static void __attribute__((constructor)) choose_version(void)
{
	qemu_plugin_version = qemu_plugin_n_vcpus ? 1 : 2;
}

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
	const char *path = NULL;

	for (int i = 0; i < argc; i++)
		if (!read_option(argv[i], &path))
			return -1;
	if (!open_caches())
		return -1;
	if (!path || !(out = fopen(path, "w"))) {
		complain("out", path ? path : "", "cannot be written");
		return -1;
	}
	if (with_calls && !calls_open(&calls, LENS_PARTS)) {
		complain("calls", "on", "takes more memory than there is");
		return -1;
	}
	if (!info->system_emulation || info->smp_vcpus != 1 ||
	    strcmp(info->target_name, "x86_64")) {
		complain("this guest", "", "is not of one CPU, an x86-64");
		return -1;
	}
	data_is_copied = info->version.cur >= LENS_DATA_COPIED;
	fputs("caches", out);
	for (int l = 0; l < LEVELS; l++)
		fprintf(out, " %s=%s", levels[l].name, geometry[l]);
	fputc('\n', out);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
	qemu_plugin_register_atexit_cb(id, on_end, NULL);
	return 0;
}
