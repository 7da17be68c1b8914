// SPDX-License-Identifier: GPL-2.0-only
/*
 * fentry.c - a BPF program at the entry of a kernel function
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <linux/bpf.h>

#include "fentry.h"
#include "guest.h"

/*
 * The loading of such a program wants the number of the function in the kernel's type data:
 * a header, then type records one after the other, numbered from 1, then
 * their names.
 */
struct btf_head {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len, type_off, type_len, str_off, str_len;
};

struct btf_rec {
	uint32_t name_off, info, size;
};

static int btf_find(const char *data, const char *name)
{
	/* Bytes behind a record, by kind: fixed, and for each of its parts. */
	static const unsigned char fixed[32] = { [1] = 4, [3] = 12, [14] = 4, [17] = 4 };
	static const unsigned char each[32] = {
		[4] = 12, [5] = 12, [6] = 8, [13] = 8, [15] = 12, [19] = 12,
	};
	const struct btf_head *h = (const void *)data;
	const char *at = data + h->hdr_len + h->type_off;
	const char *end = at + h->type_len;
	const char *names = data + h->hdr_len + h->str_off;
	int id;

	for (id = 1; at < end; id++) {
		const struct btf_rec *r = (const void *)at;
		unsigned int kind = r->info >> 24 & 31;

		if (kind == 12 && !strcmp(names + r->name_off, name))
			return id;
		at += sizeof(*r) + fixed[kind] + each[kind] * (r->info & 0xffff);
	}
	return 0;
}

static int btf_id(const char *name)
{
	size_t size = 16 << 20, len = 0;
	char *data = malloc(size);
	int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	ssize_t n;
	int id;

	if (fd < 0 || !data)
		GUEST_SKIP("no type data of the kernel: %s", strerror(errno));
	while ((n = read(fd, data + len, size - len)) > 0)
		len += (size_t)n;
	close(fd);
	id = btf_find(data, name);
	free(data);
	ck_assert_msg(id > 0, "the kernel's type data has no function %s", name);
	return id;
}

int fentry_load(const char *name)
{
	static const struct bpf_insn insn[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_TRACING,
		.expected_attach_type = BPF_TRACE_FENTRY,
		.insn_cnt = 2,
		.insns = (uintptr_t)insn,
		.license = (uintptr_t)"GPL",
		.attach_btf_id = (uint32_t)btf_id(name),
	};
	int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	if (fd < 0)
		GUEST_SKIP("no BPF program can be loaded: %s", strerror(errno));
	return fd;
}

int fentry_attach(int prog)
{
	union bpf_attr attr = { .raw_tracepoint.prog_fd = (uint32_t)prog };
	int fd = (int)syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr));

	return fd < 0 ? -errno : fd;
}
