// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_ep_memory.c - kmod/ep_pages.c in user space: where its memory goes
 *
 * Contract lines 1 and 10: capacity in whole pages, growth that keeps what is
 * there or fails without a trace, and an end that leaves nothing.
 */
#include <errno.h>
#include <string.h>

#include "devepoll.h"
#include "test_ep_pages.h"

static struct ep_pages bigger;

/* Nothing but what so many pages in a half need. */
static void check_memory(u32 numpages)
{
	ck_assert_int_eq(shim_alloc.pages, 2L * numpages);
	ck_assert_int_eq(shim_alloc.arrays, numpages ? 3 : 0);
}

/* A new buffer has no pages, no room and no memory; its version is 1. */
START_TEST(init_is_empty)
{
	struct ep_pages x;

	memset(&x, 0xff, sizeof(x));
	ep_pages_init(&x);
	ck_assert_uint_eq(x.numpages, 0);
	ck_assert_uint_eq(x.count, 0);
	ck_assert_uint_eq(x.filling, 0);
	ck_assert_uint_eq(x.version, 1);
	ck_assert_uint_eq(ep_pages_capacity(&x), 0);
	check_memory(0);
}
END_TEST

/* A buffer that never had pages can be freed, more than once. */
START_TEST(free_without_pages)
{
	ep_pages_free(&p);
	ep_pages_free(&p);
	ck_assert_uint_eq(p.version, 1);
	check_memory(0);
}
END_TEST

/* Freeing gives all back, also with events in both halves. */
START_TEST(free_with_events)
{
	unsigned long offset;

	grow_to(3);
	post_each(0, 600);
	ep_pages_switch(&p, &offset);
	post_each(0, 1000);
	ep_pages_free(&p);
	check_memory(0);
	ck_assert_uint_eq(p.count, 0);
	ck_assert_uint_eq(ep_pages_capacity(&p), 0);
}
END_TEST

static const u32 sizes[] = {
	1, 2, 3, EP_FDS_PAGES(MAX_FDS_IN_EVENTPOLL),
};

/* Of each size (loop): aligned pages, all zero, 512 slots in each. */
START_TEST(grow_from_nothing)
{
	static const char zeroes[4096];
	u32 h, i, n = sizes[_i];

	grow_to(n);
	check_memory(n);
	ck_assert_uint_eq(p.numpages, n);
	ck_assert_uint_eq(ep_pages_capacity(&p), n * PER_PAGE);
	for (h = 0; h < 2; h++)
		for (i = 0; i < n; i++) {
			host_check((unsigned long)p.half[h][i] % 4096 == 0);
			host_check(!memcmp(p.half[h][i], zeroes, 4096));
		}
	check_slots(0);
}
END_TEST

/* No page is in two places. */
START_TEST(grow_no_page_twice)
{
	u32 i, k;

	grow_to(4);
	grow_to(9);
	for (i = 0; i < 18; i++)
		for (k = 0; k < i; k++)
			host_check(p.half[i % 2][i / 2] != p.half[k % 2][k / 2]);
	check_memory(9);
}
END_TEST

/* The largest set: 131072 slots, filled to the last, switched, and again. */
START_TEST(grow_to_the_limit)
{
	static struct ep_slot many[MAX_FDS_IN_EVENTPOLL + 1];
	unsigned long offset;
	u32 i, round;

	grow_to(EP_FDS_PAGES(MAX_FDS_IN_EVENTPOLL));
	for (i = 0; i <= MAX_FDS_IN_EVENTPOLL; i++)
		ep_slot_init(&many[i], i, POLLIN);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < MAX_FDS_IN_EVENTPOLL; i++)
			host_check(ep_pages_post(&p, &many[i], POLLIN));
		ck_assert(!ep_pages_post(&p, &many[i], POLLIN));
		check_slots(MAX_FDS_IN_EVENTPOLL);
		ck_assert_uint_eq(ep_pages_switch(&p, &offset),
				  MAX_FDS_IN_EVENTPOLL);
		ck_assert_uint_eq(offset,
				  round % 2 * EP_MAP_SIZE(MAX_FDS_IN_EVENTPOLL) / 2);
	}
}
END_TEST

/* Beginning to grow changes nothing of the buffer. */
START_TEST(grow_begin_only_prepares)
{
	struct ep_pages before;

	grow_to(1);
	post_each(0, 100);
	memcpy(&before, &p, sizeof(p));
	ck_assert_int_eq(ep_pages_grow_begin(&p, 3, &bigger), 0);
	ck_assert_mem_eq(&before, &p, sizeof(p));
	check_slots(100);
	ck_assert_int_eq(shim_alloc.pages, 6);
	ck_assert_int_eq(shim_alloc.arrays, 6);
	ep_pages_grow_commit(&p, &bigger);
	ck_assert_int_eq(shim_alloc.arrays, 6);
	ep_pages_grow_end(&bigger);
	check_memory(3);
}
END_TEST

static const struct {
	u32 from, to;
} growths[] = {
	{ 0, 1 }, { 0, 4 }, { 1, 2 }, { 2, 5 }, { 3, 256 },
};

/*
 * Memory runs out at each request in turn, for several growths (loop): every
 * time it is told, nothing leaks, and the buffer and its events are the same.
 */
START_TEST(grow_without_memory)
{
	u32 from = growths[_i].from, to = growths[_i].to;
	u32 events = from ? from * PER_PAGE - 3 : 0, i;
	unsigned long n, offset = 0;
	struct ep_pages before;
	int err;

	if (from) {
		grow_to(from);
		post_each(0, 77);
		ep_pages_switch(&p, &offset);
		post_each(0, events);
	}
	memcpy(&before, &p, sizeof(p));

	for (n = 1;; n++) {
		shim_fail_at(n);
		err = ep_pages_grow_begin(&p, to, &bigger);
		if (!err)
			break;
		host_check(err == -ENOMEM);
		host_check(shim_alloc.pages == 2L * from);
		host_check(shim_alloc.arrays == (from ? 3 : 0));
		host_check(!memcmp(&before, &p, sizeof(p)));
	}
	/* Three arrays, and two pages for each new one of a half. */
	ck_assert_uint_eq(n, 3 + 2 * (to - from) + 1);
	ck_assert_uint_eq(shim_alloc.calls, n - 1);

	check_slots(events);
	ep_pages_grow_commit(&p, &bigger);
	ep_pages_grow_end(&bigger);
	check_slots(events);
	check_memory(to);
	for (i = 0; i < 77 && from; i++)
		host_check(slot_at(0, i)->fd == FD(i));
}
END_TEST

/* The very first event after a failed growth still finds no room. */
START_TEST(grow_fails_from_nothing)
{
	shim_fail_at(4);
	ck_assert_int_eq(ep_pages_grow_begin(&p, 1, &bigger), -ENOMEM);
	check_memory(0);
	ck_assert(!ep_pages_post(&p, &s[0], POLLIN));
	grow_to(1);
	ck_assert(ep_pages_post(&p, &s[0], POLLIN));
	check_slots(1);
}
END_TEST

static const u32 pendings[] = { 0, 1, 511, 512, 513, 1023, 1024 };

/*
 * With events pending, up to exactly full (loop), growth keeps each in its
 * slot, and those after it go where they should: into the old pages while
 * there is room, then into the new ones.
 */
START_TEST(grow_with_events)
{
	u32 n = pendings[_i];

	grow_to(2);
	post_each(0, n);
	grow_to(3);
	check_slots(n);
	ck_assert_uint_eq(ep_pages_capacity(&p), 1536);
	post_each(n, 1536);
	check_slots(1536);
	ck_assert(!ep_pages_post(&p, &s[1536], POLLIN));
	if (n) {
		ck_assert(ep_pages_post(&p, &s[n - 1], POLLOUT));
		check_slot(n - 1, n - 1, ASKED, POLLIN | POLLOUT);
		ep_pages_drop(&p, &s[0]);
		check_slots(1535);
		check_slot(0, 1535, ASKED, POLLIN);
	}
}
END_TEST

/* Growth while the second half is filled keeps the first as it was read. */
START_TEST(grow_keeps_handed_out)
{
	static struct pollfd was[2][PER_PAGE];
	unsigned long offset;

	grow_to(2);
	post_each(0, 700);
	ep_pages_switch(&p, &offset);
	memcpy(was[0], p.half[0][0], 4096);
	memcpy(was[1], p.half[0][1], 4096);
	post_each(0, 300);
	grow_to(5);
	check_slots(300);
	ck_assert_uint_eq(p.filling, 1);
	ck_assert_mem_eq(was[0], p.half[0][0], 4096);
	ck_assert_mem_eq(was[1], p.half[0][1], 4096);
	ck_assert_uint_eq(ep_pages_switch(&p, &offset), 300);
	/* The second half begins behind five pages now. */
	ck_assert_uint_eq(offset, 5 * 4096);
}
END_TEST

/* Growth does not switch: entries that had a slot have it, others do not. */
START_TEST(grow_keeps_version)
{
	unsigned long offset;
	u64 version;

	grow_to(1);
	ep_pages_post(&p, &s[0], POLLIN);
	ep_pages_switch(&p, &offset);
	ep_pages_post(&p, &s[1], POLLIN);
	version = p.version;
	grow_to(2);
	ck_assert_uint_eq(p.version, version);
	ck_assert(!ep_slot_taken(&p, &s[0]));
	ck_assert(ep_slot_taken(&p, &s[1]));
}
END_TEST

/*
 * No lock is held between begin and commit, so anything but another geometry
 * may come between: events, drops, other masks, switches.
 */
START_TEST(grow_with_changes_meanwhile)
{
	unsigned long offset;

	grow_to(1);
	post_each(0, 200);
	ck_assert_int_eq(ep_pages_grow_begin(&p, 3, &bigger), 0);
	post_each(200, 300);
	ep_pages_drop(&p, &s[0]);
	ep_pages_change(&p, &s[1], POLLOUT);
	ck_assert_uint_eq(ep_pages_switch(&p, &offset), 298);
	post_each(10, 510);
	ep_pages_drop(&p, &s[20]);
	ep_pages_grow_commit(&p, &bigger);
	ep_pages_grow_end(&bigger);
	check_memory(3);
	check_slots(499);
	check_slot(10, 509, ASKED, POLLIN);
	post_each(510, 1000);
	check_slots(989);
	ck_assert_uint_eq(ep_pages_switch(&p, &offset), 989);
	ck_assert_uint_eq(offset, 3 * 4096);
}
END_TEST

/* Page by page, full at every size. */
START_TEST(grow_page_by_page)
{
	u32 n;

	for (n = 1; n <= 3; n++) {
		grow_to(n);
		check_memory(n);
		post_each((n - 1) * PER_PAGE, n * PER_PAGE);
		ck_assert(!ep_pages_post(&p, &s[n * PER_PAGE], POLLIN));
		check_slots(n * PER_PAGE);
	}
}
END_TEST

/* Taking leaves a buffer without pages and events; the memory is handed on. */
START_TEST(take_empties)
{
	struct ep_pages out;

	grow_to(2);
	post_each(0, 600);
	ep_pages_take(&p, &out);
	ck_assert_uint_eq(p.numpages, 0);
	ck_assert_uint_eq(p.count, 0);
	ck_assert_uint_eq(ep_pages_capacity(&p), 0);
	check_memory(2);
	ck_assert_uint_eq(out.numpages, 2);
	ep_pages_free(&out);
	check_memory(0);
	ep_pages_free(&p);
	check_memory(0);
}
END_TEST

/* No entry believes in a slot after a take, and events go nowhere. */
START_TEST(take_makes_stale)
{
	struct ep_pages out;
	u32 i;

	grow_to(1);
	post_each(0, 100);
	ep_pages_take(&p, &out);
	ep_pages_free(&out);
	for (i = 0; i < 100; i++) {
		host_check(!ep_slot_taken(&p, &s[i]));
		host_check(!ep_pages_post(&p, &s[i], POLLIN));
		ep_pages_change(&p, &s[i], POLLOUT);
		ep_pages_drop(&p, &s[i]);
	}
	check_slots(0);
}
END_TEST

/* Versions go on over takes, so an index of before can never fit again. */
START_TEST(take_goes_on_counting)
{
	unsigned long offset;
	struct ep_pages out;
	u64 last = 0;
	u32 i;

	for (i = 0; i < 5; i++) {
		grow_to(1);
		ep_pages_post(&p, &s[i], POLLIN);
		host_check(p.version > last);
		if (i % 2)
			ep_pages_switch(&p, &offset);
		ep_pages_post(&p, &s[i], POLLIN);
		last = p.version;
		ep_pages_take(&p, &out);
		ep_pages_free(&out);
		host_check(p.version > last);
		host_check(!ep_slot_taken(&p, &s[i]));
	}
	grow_to(1);
	for (i = 0; i < 5; i++)
		host_check(!ep_slot_taken(&p, &s[i]));
	post_each(0, 5);
	check_slots(5);
}
END_TEST

/* After a take while the second half was filled all begins with the first. */
START_TEST(take_begins_with_first_half)
{
	unsigned long offset;
	struct ep_pages out;

	grow_to(2);
	post_each(0, 5);
	ep_pages_switch(&p, &offset);
	post_each(0, 5);
	ep_pages_take(&p, &out);
	ep_pages_free(&out);
	grow_to(1);
	post_each(0, 512);
	check_slots(512);
	ck_assert_uint_eq(ep_pages_switch(&p, &offset), 512);
	ck_assert_uint_eq(offset, 0);
}
END_TEST

void add_memory_tests(Suite *suite)
{
	TCase *tc = tcase_create("memory");

	tcase_add_checked_fixture(tc, pages_setup, pages_teardown);
	tcase_set_timeout(tc, 120);
	suite_add_tcase(suite, tc);
	tcase_add_test(tc, init_is_empty);
	tcase_add_test(tc, free_without_pages);
	tcase_add_test(tc, free_with_events);
	tcase_add_loop_test(tc, grow_from_nothing, 0, ARRAY_SIZE(sizes));
	tcase_add_test(tc, grow_no_page_twice);
	tcase_add_test(tc, grow_to_the_limit);
	tcase_add_test(tc, grow_begin_only_prepares);
	tcase_add_loop_test(tc, grow_without_memory, 0, ARRAY_SIZE(growths));
	tcase_add_test(tc, grow_fails_from_nothing);
	tcase_add_loop_test(tc, grow_with_events, 0, ARRAY_SIZE(pendings));
	tcase_add_test(tc, grow_keeps_handed_out);
	tcase_add_test(tc, grow_keeps_version);
	tcase_add_test(tc, grow_with_changes_meanwhile);
	tcase_add_test(tc, grow_page_by_page);
	tcase_add_test(tc, take_empties);
	tcase_add_test(tc, take_makes_stale);
	tcase_add_test(tc, take_goes_on_counting);
	tcase_add_test(tc, take_begins_with_first_half);
}
