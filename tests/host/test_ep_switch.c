// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_ep_switch.c - kmod/ep_pages.c in user space: other masks, the switch
 *
 * Contract lines 3, 5 and 6: a known descriptor gets another mask; what was
 * handed out stays as it is; a version begins from revents 0.
 */
#include <string.h>

#include "test_ep_pages.h"

/* Without a slot other bits are only noted, and the next event has them. */
START_TEST(change_without_slot)
{
	ep_pages_change(&p, &s[0], POLLPRI);
	check_slots(0);
	ck_assert_int_eq(s[0].pfd.events, POLLPRI);
	ep_pages_post(&p, &s[0], POLLPRI);
	check_slot(0, 0, POLLPRI, POLLPRI);
}
END_TEST

/* Pending bits that are still asked for stay, the slot tells the new mask. */
START_TEST(change_keeps_what_is_asked)
{
	ep_pages_post(&p, &s[0], POLLIN | POLLHUP);
	ep_pages_change(&p, &s[0], POLLIN | POLLPRI);
	check_slots(1);
	check_slot(0, 0, POLLIN | POLLPRI, POLLIN);
	/* HUP is gone for good: it does not come back with the mask. */
	ep_pages_change(&p, &s[0], ASKED);
	check_slot(0, 0, ASKED, POLLIN);
	ck_assert(ep_pages_post(&p, &s[0], POLLHUP));
	check_slot(0, 0, ASKED, POLLIN | POLLHUP);
}
END_TEST

/* A wider mask leaves the pending bits and shows in the slot. */
START_TEST(change_to_more)
{
	ep_pages_post(&p, &s[0], POLLOUT);
	ep_pages_change(&p, &s[0], ASKED | POLLPRI);
	check_slots(1);
	check_slot(0, 0, ASKED | POLLPRI, POLLOUT);
}
END_TEST

/* First, middle, last (loop): with its last pending bit the slot goes. */
START_TEST(change_drops_slot)
{
	post_each(0, 3);
	ep_pages_change(&p, &s[_i], POLLOUT);
	check_slots(2);
	ck_assert(!ep_slot_taken(&p, &s[_i]));
	ck_assert_int_eq(s[_i].pfd.events, POLLOUT);
	ck_assert(ep_pages_post(&p, &s[_i], POLLOUT));
	check_slots(3);
	check_slot(2, _i, POLLOUT, POLLOUT);
}
END_TEST

/* Asking for nothing drops the slot, as the end of an item relies on. */
START_TEST(change_to_nothing)
{
	post_each(0, 2);
	ep_pages_change(&p, &s[0], 0);
	check_slots(1);
	check_slot(0, 1, ASKED, POLLIN);
}
END_TEST

/* After a switch other bits do not touch what was handed out. */
START_TEST(change_when_stale)
{
	struct pollfd was;
	unsigned long offset;

	ep_pages_post(&p, &s[0], POLLIN);
	was = *slot_at(0, 0);
	ep_pages_switch(&p, &offset);
	ep_pages_change(&p, &s[0], POLLIN | POLLPRI);
	ck_assert_mem_eq(slot_at(0, 0), &was, sizeof(was));
	ep_pages_change(&p, &s[0], POLLHUP);
	ck_assert_mem_eq(slot_at(0, 0), &was, sizeof(was));
	check_slots(0);
	ck_assert_int_eq(s[0].pfd.events, POLLHUP);
}
END_TEST

/* Each switch hands out the other half: offset 0, then half the mapping. */
START_TEST(switch_alternates)
{
	unsigned long offset;
	u32 i;

	for (i = 0; i < 6; i++) {
		u64 version = p.version;

		post_each(0, 10 + i);
		ck_assert_uint_eq(p.filling, i % 2);
		ck_assert_uint_eq(ep_pages_switch(&p, &offset), 10 + i);
		ck_assert_uint_eq(offset, i % 2 * 3 * 4096);
		ck_assert_uint_eq(p.version, version + 1);
		check_slots(0);
	}
}
END_TEST

/* A version begins from revents 0, whatever the half held before. */
START_TEST(switch_begins_anew)
{
	unsigned long offset;

	ep_pages_post(&p, &s[0], POLLIN | POLLOUT);
	ep_pages_switch(&p, &offset);
	ck_assert(!ep_slot_taken(&p, &s[0]));
	ck_assert(ep_pages_post(&p, &s[0], POLLIN));
	check_slot(0, 0, ASKED, POLLIN);
	ep_pages_switch(&p, &offset);
	/* The half of the first time. */
	ck_assert(ep_pages_post(&p, &s[0], POLLHUP));
	check_slots(1);
	check_slot(0, 0, ASKED, POLLHUP);
}
END_TEST

/* What was handed out is not written to until the next switch. */
START_TEST(switch_freezes)
{
	static struct pollfd was[3][PER_PAGE];
	unsigned long offset;
	u32 i;

	post_each(0, 1000);
	ep_pages_switch(&p, &offset);
	for (i = 0; i < 3; i++)
		memcpy(was[i], p.half[0][i], 4096);
	post_each(0, 1536);
	for (i = 0; i < 1536; i++) {
		if (i % 3 == 0)
			ep_pages_drop(&p, &s[i]);
		else
			ep_pages_change(&p, &s[i], POLLIN | POLLPRI);
	}
	check_slots(1024);
	for (i = 0; i < 3; i++)
		ck_assert_mem_eq(was[i], p.half[0][i], 4096);
}
END_TEST

/* A switch looks at no entry and no slot: its cost is that of one event. */
START_TEST(switch_touches_nothing)
{
	static struct ep_slot before[ENTRIES];
	static struct pollfd was[3][PER_PAGE];
	unsigned long offset;
	u32 i;

	post_each(0, 1536);
	memcpy(before, s, sizeof(s));
	for (i = 0; i < 3; i++)
		memcpy(was[i], p.half[0][i], 4096);
	ck_assert_uint_eq(ep_pages_switch(&p, &offset), 1536);
	ck_assert_mem_eq(before, s, sizeof(s));
	for (i = 0; i < 3; i++)
		ck_assert_mem_eq(was[i], p.half[0][i], 4096);
	for (i = 0; i < 1536; i++)
		host_check(!ep_slot_taken(&p, &s[i]));
}
END_TEST

/*
 * Programs can see the pages.  Rubbish in them does not reach what comes
 * later: every slot that is written again says what its entry knows.
 */
START_TEST(pages_are_not_trusted)
{
	unsigned long offset;
	u32 k;

	post_each(0, 600);
	for (k = 0; k < 3; k++) {
		memset(p.half[0][k], 0xff, 4096);
		memset(p.half[1][k], 0xff, 4096);
	}
	ck_assert(!ep_pages_post(&p, &s[0], POLLIN));
	for (k = 0; k < 600; k++)
		host_check(ep_pages_post(&p, &s[k], POLLOUT));
	check_slots(600);
	ep_pages_drop(&p, &s[1]);
	ep_pages_change(&p, &s[2], POLLOUT);
	memset(p.half[0][0], 0xff, 4096);
	for (k = 0; k < 600; k++)
		ep_pages_change(&p, &s[k], POLLOUT | POLLERR);
	check_slots(599);
	check_slot(1, 599, POLLOUT | POLLERR, POLLOUT);
	ck_assert_uint_eq(ep_pages_switch(&p, &offset), 599);
}
END_TEST

static TCase *tcase(Suite *suite, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, pages_setup_three, pages_teardown);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	return tc;
}

void add_switch_tests(Suite *suite)
{
	TCase *tc;

	tc = tcase(suite, "change");
	tcase_add_test(tc, change_without_slot);
	tcase_add_test(tc, change_keeps_what_is_asked);
	tcase_add_test(tc, change_to_more);
	tcase_add_loop_test(tc, change_drops_slot, 0, 3);
	tcase_add_test(tc, change_to_nothing);
	tcase_add_test(tc, change_when_stale);

	tc = tcase(suite, "switch");
	tcase_add_test(tc, switch_alternates);
	tcase_add_test(tc, switch_begins_anew);
	tcase_add_test(tc, switch_freezes);
	tcase_add_test(tc, switch_touches_nothing);
	tcase_add_test(tc, pages_are_not_trusted);
}
