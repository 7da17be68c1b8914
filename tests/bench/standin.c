// SPDX-License-Identifier: GPL-2.0-only
/*
 * standin.c - in place of QEMU, for the lens: loads the plugin and executes a little
 *
 * standin PLUGIN,NAME=VALUE,..	exit 1 and QEMU's own words if the plugin refuses
 *
 * With STANDIN_API=4 the plugin interface is QEMU 10's, else that of 7.2.  What it
 * executes is in program[]: a marked piece that calls, and loads eight lines.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lens/qemu_plugin.h"

#define N_LINES 8

/* An instruction: its bytes, and the addresses that it accesses. */
struct qemu_plugin_insn {
	uint64_t pc;
	uint8_t bytes[8];
	size_t size;
	struct access {
		uint64_t vaddr;
		bool is_store;
	} access[N_LINES];
	size_t n_accesses;
	qemu_plugin_vcpu_udata_cb_t on_exec;
	qemu_plugin_vcpu_mem_cb_t on_access;
	void *data;
};

struct qemu_plugin_hwaddr {
	uint64_t phys;
	bool is_io;
};

#define NOP(mark) { 0x0f, 0x1f, 0x84, 0, mark, 0x6e, 0x65, 0x6c }
#define LINE(n) { 0x20000 + 64 * (n), false }

/* Twice through it: what was missed the first time is there the second. */
static struct qemu_plugin_insn program[] = {
	{ .pc = 0x1000, .bytes = NOP(2), .size = 8 },				/* begin */
	{ .pc = 0x1008, .bytes = { 0x90 }, .size = 1, .access = { { 0x5003, false } }, .n_accesses = 1 },
	{ .pc = 0x1009, .bytes = { 0xe8, 0xf2, 0x0f, 0, 0 }, .size = 5,		/* call 0x2000 */
	  .access = { { 0x7ff8, true } }, .n_accesses = 1 },
	{ .pc = 0x2000, .bytes = { 0x90 }, .size = 1, .n_accesses = N_LINES,
	  .access = { LINE(0), LINE(1), LINE(2), LINE(3), LINE(4), LINE(5), LINE(6), LINE(7) } },
	{ .pc = 0x2001, .bytes = { 0xc3 }, .size = 1, .access = { { 0x7ff8, false } }, .n_accesses = 1 },
	{ .pc = 0x100e, .bytes = { 0x90 }, .size = 1, .access = { { 0xfee00000, false } }, .n_accesses = 1 },
	{ .pc = 0x100f, .bytes = NOP(3), .size = 8 },				/* end */
	{ .pc = 0x1017, .bytes = NOP(4), .size = 8 },				/* round */
};
static struct qemu_plugin_insn start = { .pc = 0xf00, .bytes = NOP(1), .size = 8 };
static struct qemu_plugin_insn point = { .pc = 0x1020, .bytes = NOP(5), .size = 8 };

#define N_INSNS (sizeof(program) / sizeof(program[0]))

struct qemu_plugin_tb {
	struct qemu_plugin_insn *insns;
	size_t n;
};

static qemu_plugin_vcpu_tb_trans_cb_t on_translation;
static qemu_plugin_udata_cb_t on_end;

/* ---- what a plugin may call ---- */

#if STANDIN_API < 2
int qemu_plugin_n_vcpus(void);
int qemu_plugin_n_vcpus(void)
{
	return 1;
}
#endif

#if STANDIN_API < LENS_DATA_COPIED
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn)
{
	return insn->bytes;
}
#else
size_t qemu_plugin_insn_copy(const struct qemu_plugin_insn *insn, void *to, size_t room)
{
	memcpy(to, insn->bytes, insn->size < room ? insn->size : room);
	return insn->size;
}
#endif

void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_udata_cb_t cb, void *data)
{
	(void)id;
	(void)data;
	on_end = cb;
}

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_tb_trans_cb_t cb)
{
	(void)id;
	on_translation = cb;
}

void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    qemu_plugin_vcpu_udata_cb_t cb, int flags, void *data)
{
	(void)flags;
	insn->on_exec = cb;
	insn->data = data;
}

void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, qemu_plugin_vcpu_mem_cb_t cb,
				      int flags, int rw, void *data)
{
	(void)flags;
	(void)rw;
	insn->on_access = cb;
	insn->data = data;
}

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb)
{
	return tb->n;
}

struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i)
{
	return &tb->insns[i];
}

size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn)
{
	return insn->size;
}

uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn)
{
	return insn->pc;
}

void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn)
{
	return (void *)(uintptr_t)(0x7f0000000000 + insn->pc);
}

unsigned int qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t info)
{
	(void)info;
	return 3;
}

bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t info)
{
	return info;
}

struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info, uint64_t vaddr)
{
	static struct qemu_plugin_hwaddr at;

	(void)info;
	at.phys = vaddr + 0x100000;
	at.is_io = vaddr == 0xfee00000;
	return &at;
}

bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *at)
{
	return at->is_io;
}

uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *at)
{
	return at->phys;
}

/* ---- the emulator ---- */

static void execute(struct qemu_plugin_insn *insns, size_t n)
{
	struct qemu_plugin_tb tb = { insns, n };

	on_translation(1, &tb);
	for (size_t i = 0; i < n; i++) {
		insns[i].on_exec(0, insns[i].data);
		for (size_t a = 0; a < insns[i].n_accesses; a++)
			insns[i].on_access(0, insns[i].access[a].is_store,
					   insns[i].access[a].vaddr, insns[i].data);
	}
}

static int refused(const char *path, const char *why)
{
	fprintf(stderr, "standin: Could not load plugin %s: %s\n", path, why);
	return 1;
}

int main(int argc, char **argv)
{
	struct qemu_info info = { "x86_64", { STANDIN_API < 2 ? 1 : 2, STANDIN_API }, true, 1, 1 };
	int (*install)(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv);
	char *path = argc == 2 ? strtok(argv[1], ",") : NULL, *args[16], *word;
	const int *version;
	void *plugin;
	int n = 0;

	if (!path) {
		fputs("usage: standin PLUGIN,NAME=VALUE,..\n", stderr);
		return 2;
	}
	while (n < 16 && (word = strtok(NULL, ",")))
		args[n++] = word;
	info.smp_vcpus = getenv("STANDIN_CPUS") ? 2 : 1;
	plugin = dlopen(path, RTLD_NOW);
	if (!plugin)
		return refused(path, dlerror());
	version = dlsym(plugin, "qemu_plugin_version");
	*(void **)&install = dlsym(plugin, "qemu_plugin_install");
	if (!version || *version < info.version.min || *version > info.version.cur)
		return refused(path, "another version");
	if (!install || install(1, &info, n, args))
		return refused(path, "qemu_plugin_install returned error code -1");
	if (!getenv("STANDIN_RUNS"))
		return 0;
	execute(program, N_INSNS); /* before START nothing is seen */
	execute(&start, 1);
	execute(program, N_INSNS);
	execute(program, N_INSNS);
	execute(&point, 1);
	on_end(1, NULL);
	return 0;
}
