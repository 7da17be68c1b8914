// SPDX-License-Identifier: GPL-2.0-only
/*
 * kernel_epoll-test.c - which epoll a kernel has, told by its type information and by
 *	its version
 */
#include <check.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_epoll.h"

#define STRINGS "\0eventpoll\0lock\0rdllist\0ovflist\0spinlock_t\0rwlock_t\0list_head\0llist_head"

/* Where a name is in STRINGS. */
static unsigned int name(const char *what)
{
	static const char strings[] = STRINGS;

	for (size_t i = 1; i < sizeof(strings); i += strlen(strings + i) + 1)
		if (!strcmp(strings + i, what))
			return (unsigned int)i;
	ck_abort_msg("no string %s", what);
	return 0;
}

/* A kernel's types: four that have no members, and an epoll of these. */
static size_t make_btf(char *btf, const char *lock, const char *list, int parks)
{
	static const char strings[] = STRINGS;
	static const char *const types[] = { "spinlock_t", "rwlock_t", "list_head", "llist_head" };
	struct btf_header h = { .magic = BTF_MAGIC, .version = 1, .hdr_len = sizeof(h) };
	struct btf_member members[3] = {
		{ .name_off = name("lock") }, { .name_off = name("rdllist") },
		{ .name_off = name("ovflist"), .type = 3 },
	};
	struct btf_type epoll = { .name_off = name("eventpoll") };
	char *at = btf + sizeof(h);

	for (unsigned int i = 0; i < 4; i++) {
		struct btf_type t = { .name_off = name(types[i]), .info = BTF_KIND_STRUCT << 24 };

		if (!strcmp(types[i], lock))
			members[0].type = i + 1;
		if (!strcmp(types[i], list))
			members[1].type = i + 1;
		memcpy(at, &t, sizeof(t));
		at += sizeof(t);
	}
	epoll.info = BTF_KIND_STRUCT << 24 | (parks ? 3 : 2);
	memcpy(at, &epoll, sizeof(epoll));
	at += sizeof(epoll);
	memcpy(at, members, sizeof(members[0]) * (parks ? 3 : 2));
	at += sizeof(members[0]) * (parks ? 3 : 2);
	h.type_len = (unsigned int)(at - btf - (long)sizeof(h));
	h.str_off = h.type_len;
	h.str_len = sizeof(strings);
	memcpy(btf, &h, sizeof(h));
	memcpy(at, strings, sizeof(strings));
	return (size_t)(at - btf) + sizeof(strings);
}

static void expect_btf(const char *lock, const char *list, int parks, const char *told)
{
	char btf[512];
	size_t size = make_btf(btf, lock, list, parks);
	const char *found = kernel_epoll_by_btf(btf, size);

	ck_assert_msg(!!found == !!told && (!told || !strncmp(found, told, strlen(told))),
		      "%s and %s: %s", lock, list, found ? found : "nothing");
}

START_TEST(by_btf)
{
	expect_btf("spinlock_t", "list_head", 1, "ovflist, spin lock");
	expect_btf("rwlock_t", "list_head", 1, "rwlock");
	expect_btf("spinlock_t", "llist_head", 0, "llist");
	/* None that is known: the version is to be asked. */
	expect_btf("spinlock_t", "list_head", 0, NULL);
}
END_TEST

/* In memory of that size exactly, where a tool sees each byte beyond it. */
static const char *ask(const char *btf, size_t size)
{
	char *copy = malloc(size + !size);
	const char *told;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, btf, size);
	told = kernel_epoll_by_btf(copy, size);
	free(copy);
	return told;
}

START_TEST(any_bytes)
{
	char btf[512];
	size_t size = make_btf(btf, "spinlock_t", "list_head", 1);

	for (size_t n = 0; n < size; n++)
		ck_assert_ptr_null(ask(btf, n));
	for (size_t i = 0; i < size; i++)
		for (int bit = 0; bit < 8; bit++) {
			btf[i] ^= (char)(1 << bit);
			ask(btf, size);
			btf[i] ^= (char)(1 << bit);
		}
	ck_assert_ptr_nonnull(ask(btf, size));
}
END_TEST

static void expect_version(const char *release, const char *version, const char *told)
{
	const char *found = kernel_epoll_by_version(release, version);

	ck_assert_msg(!!found == !!told && (!told || !strncmp(found, told, strlen(told))),
		      "%s %s: %s", release, version, found ? found : "nothing");
}

START_TEST(by_version)
{
	expect_version("5.0.21", "#1", "ovflist, spin lock (by version: before");
	expect_version("5.1.0", "#1", "rwlock");
	expect_version("5.10.200", "#1", "rwlock");
	expect_version("6.1.158", "#1", "rwlock");
	expect_version("6.1.159", "#1", "ovflist, spin lock (by version: 0c43094f8cc9, by stable");
	expect_version("6.12.78", "#1", "rwlock");
	expect_version("6.12.117+deb12-amd64", "#1", "ovflist");
	expect_version("6.17.9", "#1", "rwlock");
	expect_version("6.18", "#1", "ovflist");
	expect_version("7.3.4+deb13-amd64", "#1", "ovflist");
	/* Debian 12 has the upstream version in the other string. */
	expect_version("6.1.0-56-amd64", "#1 SMP Debian 6.1.192-1 (2026-11-01)", "ovflist");
	expect_version("6.1.0-13-amd64", "#1 SMP Debian 6.1.55-1 (2023-09-29)", "rwlock");
	expect_version("strange", "#1", NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kernel_epoll");
	TCase *tcase = tcase_create("told");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, by_btf);
	tcase_add_test(tcase, any_bytes);
	tcase_add_test(tcase, by_version);
	suite_add_tcase(suite, tcase);
	if (!getenv("CK_TAP_LOG_FILE_NAME"))
		srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
