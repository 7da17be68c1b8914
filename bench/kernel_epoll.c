// SPDX-License-Identifier: GPL-2.0-only
/*
 * kernel_epoll.c - which epoll is measured
 *
 * Documented in kernel_epoll.h.  BTF is a header, records of types, and strings
 * (Documentation/bpf/btf.rst of the kernel).  A record names other types by number,
 * so that one walk finds out where each is; every offset is checked against the end.
 */
#include <fcntl.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kernel_epoll.h"

#define BTF_PATH "/sys/kernel/btf/vmlinux"

/**
 * struct btf - what is read
 * @types: the records
 * @end: behind the last
 * @strings: the names, the last of which is terminated
 * @n_strings: bytes of them
 */
struct btf {
	const char *types;
	const char *end;
	const char *strings;
	size_t n_strings;
};

static bool btf_open(struct btf *b, const char *data, size_t size)
{
	struct btf_header h;

	if (size < sizeof(h))
		return false;
	memcpy(&h, data, sizeof(h));
	if (h.magic != BTF_MAGIC || h.hdr_len < sizeof(h) || h.hdr_len > size)
		return false;
	data += h.hdr_len;
	size -= h.hdr_len;
	if (h.type_off > size || h.type_len > size - h.type_off ||
	    h.str_off > size || h.str_len > size - h.str_off ||
	    !h.str_len || data[h.str_off + h.str_len - 1])
		return false;
	b->types = data + h.type_off;
	b->end = b->types + h.type_len;
	b->strings = data + h.str_off;
	b->n_strings = h.str_len;
	return true;
}

static const char *btf_name(const struct btf *b, unsigned int offset)
{
	return offset < b->n_strings ? b->strings + offset : "";
}

/* What follows a record, in bytes. */
static size_t btf_extra(const struct btf_type *t)
{
	size_t n = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return n * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return n * sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO:
		return n * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return n * sizeof(struct btf_var_secinfo);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case 19: /* BTF_KIND_ENUM64, which is younger than some headers */
		return n * 12;
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case 17: /* BTF_KIND_DECL_TAG */
		return 4;
	}
	return 0;
}

/* The record at @at, and where the next one is; false at the end. */
static bool btf_next(const struct btf *b, const char **at, struct btf_type *t,
		     const char **extra)
{
	size_t left = (size_t)(b->end - *at);

	if (left < sizeof(*t))
		return false;
	memcpy(t, *at, sizeof(*t));
	if (btf_extra(t) > left - sizeof(*t))
		return false;
	*extra = *at + sizeof(*t);
	*at = *extra + btf_extra(t);
	return true;
}

static const char *btf_type_name(const struct btf *b, unsigned int id)
{
	const char *at = b->types, *extra;
	struct btf_type t;

	for (unsigned int i = 1; btf_next(b, &at, &t, &extra); i++)
		if (i == id)
			return btf_name(b, t.name_off);
	return "";
}

/* What is ready in an epoll of these members. */
static const char *store_of(const struct btf *b, const char *members, size_t n)
{
	const char *lock = "", *list = "";
	bool parks = false;

	for (size_t i = 0; i < n; i++) {
		struct btf_member m;
		const char *name;

		memcpy(&m, members + i * sizeof(m), sizeof(m));
		name = btf_name(b, m.name_off);
		if (!strcmp(name, "lock"))
			lock = btf_type_name(b, m.type);
		else if (!strcmp(name, "rdllist"))
			list = btf_type_name(b, m.type);
		else if (!strcmp(name, "ovflist"))
			parks = true;
	}
	if (!strcmp(list, "llist_head"))
		return "llist, no lock (by BTF)";
	if (parks && !strcmp(lock, "spinlock_t"))
		return "ovflist, spin lock (by BTF)";
	if (parks && !strcmp(lock, "rwlock_t"))
		return "rwlock, shared by producers (by BTF)";
	return NULL;
}

const char *kernel_epoll_by_btf(const void *data, size_t size)
{
	const char *at, *extra;
	struct btf_type t;
	struct btf b;

	if (!btf_open(&b, data, size))
		return NULL;
	at = b.types;
	while (btf_next(&b, &at, &t, &extra))
		if (BTF_INFO_KIND(t.info) == BTF_KIND_STRUCT &&
		    !strcmp(btf_name(&b, t.name_off), "eventpoll"))
			return store_of(&b, extra, BTF_INFO_VLEN(t.info));
	return NULL;
}

/* Long-term kernels that took 0c43094f8cc9, and since when (doc/sources.md). */
static const struct {
	int major, minor, patch;
} stable[] = { { 6, 1, 159 }, { 6, 6, 114 }, { 6, 12, 79 } };

const char *kernel_epoll_by_version(const char *release, const char *version)
{
	const char *debian = strstr(version, "Debian ");
	int major, minor, patch = 0, v;

	if (debian)
		release = debian + strlen("Debian ");
	if (sscanf(release, "%d.%d.%d", &major, &minor, &patch) < 2)
		return NULL;
	v = major * 1000 + minor;
	if (v < 5001)
		return "ovflist, spin lock (by version: before a218cc491420)";
	if (v >= 6018)
		return "ovflist, spin lock (by version: 0c43094f8cc9)";
	for (size_t i = 0; i < sizeof(stable) / sizeof(stable[0]); i++)
		if (v == stable[i].major * 1000 + stable[i].minor && patch >= stable[i].patch)
			return "ovflist, spin lock (by version: 0c43094f8cc9, by stable)";
	return "rwlock, shared by producers (by version: a218cc491420)";
}

static const char *by_btf(void)
{
	int fd = open(BTF_PATH, O_RDONLY | O_CLOEXEC);
	const char *found = NULL;
	struct stat st;
	char *data;
	size_t n = 0;
	ssize_t got;

	if (fd < 0)
		return NULL;
	if (!fstat(fd, &st) && st.st_size > 0) {
		data = malloc((size_t)st.st_size);
		while (data && n < (size_t)st.st_size &&
		       (got = read(fd, data + n, (size_t)st.st_size - n)) > 0)
			n += (size_t)got;
		if (data)
			found = kernel_epoll_by_btf(data, n);
		free(data);
	}
	close(fd);
	return found;
}

const char *kernel_epoll(void)
{
	static const char *told;
	struct utsname uts;

	if (!told)
		told = by_btf();
	if (!told && !uname(&uts))
		told = kernel_epoll_by_version(uts.release, uts.version);
	if (!told)
		told = "unknown";
	return told;
}
