// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_ep_pages.c - kmod/ep_pages.c in user space: slots come and go
 *
 * Contract lines 6 and 8: one slot an item and version, in which events merge;
 * a removal takes the slot back.  And the random tests of it all.
 */
#include <string.h>

/* The defects of 2002 are off here; test_ep_plant.c has them on. */
#define FAITHFUL_WORDS	BIT(FAITHFUL_LOSTBIT)
#include "pages_model.h"
#include "test_ep_pages.h"

struct ep_pages p;
struct ep_slot s[ENTRIES];

void pages_setup(void)
{
	u32 i;

	shim_reset();
	/* Nothing may depend on what was there before. */
	memset(&p, 0xff, sizeof(p));
	ep_pages_init(&p);
	for (i = 0; i < ENTRIES; i++)
		ep_slot_init(&s[i], FD(i), ASKED);
}

void pages_teardown(void)
{
	ep_pages_free(&p);
	ck_assert_int_eq(shim_alloc.pages, 0);
	ck_assert_int_eq(shim_alloc.arrays, 0);
}

void pages_setup_three(void)
{
	pages_setup();
	grow_to(3);
}

void grow_to(u32 numpages)
{
	struct ep_pages bigger;

	host_check(!ep_pages_grow_begin(&p, numpages, &bigger));
	ep_pages_grow_commit(&p, &bigger);
	ep_pages_grow_end(&bigger);
}

void post_each(u32 from, u32 to)
{
	u32 i;

	for (i = from; i < to; i++)
		host_check(ep_pages_post(&p, &s[i], POLLIN));
}

struct pollfd *slot_at(u32 half, u32 k)
{
	return &p.half[half][k / PER_PAGE][k % PER_PAGE];
}

void check_slots(u32 count)
{
	u32 k;

	ck_assert_uint_eq(p.count, count);
	for (k = 0; k < count; k++) {
		struct ep_slot *own = p.owner[k];
		struct pollfd *slot = slot_at(p.filling, k);

		host_check(own->index == k);
		host_check(own->version == p.version);
		host_check(own->where == slot);
		host_check(slot->fd == own->pfd.fd);
		host_check(slot->events == own->pfd.events);
		host_check(slot->revents == own->revents);
		host_check(slot->revents != 0);
		host_check(own->pfd.revents == 0);
	}
}

void check_slot(u32 k, u32 i, short events, short revents)
{
	struct pollfd *slot = slot_at(p.filling, k);

	ck_assert_uint_lt(k, p.count);
	ck_assert_ptr_eq(p.owner[k], &s[i]);
	ck_assert_int_eq(slot->fd, FD(i));
	ck_assert_int_eq(slot->events, events);
	ck_assert_int_eq(slot->revents, revents);
}

/* An entry begins as its record, without a slot in any version. */
START_TEST(slot_begins_without)
{
	struct ep_slot x;

	memset(&x, 0xff, sizeof(x));
	x.version = p.version;
	ep_slot_init(&x, 77, POLLIN);
	ck_assert_int_eq(x.pfd.fd, 77);
	ck_assert_int_eq(x.pfd.events, POLLIN);
	ck_assert_int_eq(x.pfd.revents, 0);
	ck_assert(!ep_slot_taken(&p, &x));
}
END_TEST

/* A slot is eight bytes: fd, events, revents, each in its place. */
START_TEST(post_eight_bytes)
{
	static const unsigned char want[8] = {
		0x04, 0x03, 0x02, 0x01, 0x1d, 0x20, 0x15, 0x20,
	};
	struct ep_slot x;

	ep_slot_init(&x, 0x01020304, 0x201d);
	ck_assert(ep_pages_post(&p, &x, 0x2015));
	ck_assert_mem_eq(slot_at(0, 0), want, 8);
}
END_TEST

/* The highest bit and a negative number do not spill over their fields. */
START_TEST(post_highest_bits)
{
	static const unsigned char want[8] = {
		0xfe, 0xff, 0xff, 0xff, 0x01, 0x80, 0x00, 0x80,
	};
	static const unsigned char both[8] = {
		0xfe, 0xff, 0xff, 0xff, 0x01, 0x80, 0x01, 0x80,
	};
	struct ep_slot x;

	ep_slot_init(&x, -2, (short)0x8001);
	ck_assert(ep_pages_post(&p, &x, (short)0x8000));
	ck_assert_mem_eq(slot_at(0, 0), want, 8);
	ck_assert(ep_pages_post(&p, &x, 1));
	ck_assert_mem_eq(slot_at(0, 0), both, 8);
	ck_assert(!ep_pages_post(&p, &x, (short)0x8001));
}
END_TEST

/* The first event takes slot 0, and nothing beyond that slot is written. */
START_TEST(post_first)
{
	struct pollfd nothing = { 0, 0, 0 };

	ck_assert(ep_pages_post(&p, &s[5], POLLOUT));
	check_slots(1);
	check_slot(0, 5, ASKED, POLLOUT);
	ck_assert(ep_slot_taken(&p, &s[5]));
	ck_assert(!ep_slot_taken(&p, &s[4]));
	ck_assert_mem_eq(slot_at(0, 1), &nothing, sizeof(nothing));
	ck_assert_mem_eq(slot_at(1, 0), &nothing, sizeof(nothing));
}
END_TEST

/* Events before a switch merge by OR in one slot; only news are told. */
START_TEST(post_merges)
{
	ck_assert(ep_pages_post(&p, &s[0], POLLIN));
	ck_assert(!ep_pages_post(&p, &s[0], POLLIN));
	ck_assert(ep_pages_post(&p, &s[0], POLLIN | POLLOUT));
	ck_assert(!ep_pages_post(&p, &s[0], POLLOUT));
	ck_assert(ep_pages_post(&p, &s[0], POLLHUP));
	check_slots(1);
	check_slot(0, 0, ASKED, POLLIN | POLLOUT | POLLHUP);
}
END_TEST

/* Slots are given in the order of the first events. */
START_TEST(post_in_order)
{
	ep_pages_post(&p, &s[3], POLLIN);
	ep_pages_post(&p, &s[1], POLLIN);
	ep_pages_post(&p, &s[2], POLLIN);
	ep_pages_post(&p, &s[1], POLLOUT);
	check_slots(3);
	check_slot(0, 3, ASKED, POLLIN);
	check_slot(1, 1, ASKED, POLLIN | POLLOUT);
	check_slot(2, 2, ASKED, POLLIN);
}
END_TEST

static const u32 edges[] = { 1, 511, 512, 513, 1023, 1024, 1025, 1536 };

/* Around the ends of pages (loop) every event has its slot in its page. */
START_TEST(post_across_pages)
{
	u32 n = edges[_i];

	post_each(0, n);
	check_slots(n);
	check_slot(n - 1, n - 1, ASKED, POLLIN);
	ck_assert(ep_pages_post(&p, &s[n - 1], POLLOUT));
	check_slot(n - 1, n - 1, ASKED, POLLIN | POLLOUT);
	check_slots(n);
}
END_TEST

/* A full half takes no more slots and stays as it is; merging goes on. */
START_TEST(post_beyond_full)
{
	struct ep_pages before;
	struct ep_slot late;

	post_each(0, 1536);
	memcpy(&before, &p, sizeof(p));
	late = s[1536];
	ck_assert(!ep_pages_post(&p, &s[1536], POLLIN));
	ck_assert(!ep_pages_post(&p, &s[1536], POLLIN));
	ck_assert_mem_eq(&before, &p, sizeof(p));
	ck_assert_mem_eq(&late, &s[1536], sizeof(late));
	ck_assert(ep_pages_post(&p, &s[0], POLLOUT));
	ck_assert(ep_pages_post(&p, &s[1535], POLLOUT));
	check_slots(1536);

	/* With one place free again there is room for one. */
	ep_pages_drop(&p, &s[700]);
	ck_assert(ep_pages_post(&p, &s[1536], POLLERR));
	ck_assert(!ep_pages_post(&p, &s[700], POLLIN));
	check_slots(1536);
	check_slot(700, 1535, ASKED, POLLIN | POLLOUT);
	check_slot(1535, 1536, ASKED, POLLERR);
}
END_TEST

/* Without pages events go nowhere, and nobody is told of them. */
START_TEST(post_without_pages)
{
	struct ep_pages none;

	ep_pages_init(&none);
	ck_assert(!ep_pages_post(&none, &s[0], POLLIN));
	ck_assert_uint_eq(none.count, 0);
	ck_assert(!ep_slot_taken(&none, &s[0]));
}
END_TEST

/* The only slot dropped leaves none; the next event is slot 0 again. */
START_TEST(drop_only)
{
	ep_pages_post(&p, &s[0], POLLIN);
	ep_pages_drop(&p, &s[0]);
	check_slots(0);
	ck_assert(!ep_slot_taken(&p, &s[0]));
	ck_assert(ep_pages_post(&p, &s[1], POLLOUT));
	check_slots(1);
	check_slot(0, 1, ASKED, POLLOUT);
}
END_TEST

/* First, middle, last (loop): the last slot moves into the hole. */
START_TEST(drop_one_of_three)
{
	post_each(0, 3);
	ep_pages_post(&p, &s[2], POLLHUP);
	ep_pages_drop(&p, &s[_i]);
	check_slots(2);
	ck_assert(!ep_slot_taken(&p, &s[_i]));
	check_slot(0, _i == 0 ? 2 : 0, ASKED,
		   _i == 0 ? POLLIN | POLLHUP : POLLIN);
	check_slot(1, _i == 1 ? 2 : 1, ASKED,
		   _i == 1 ? POLLIN | POLLHUP : POLLIN);
}
END_TEST

/* The one that moved goes on: it merges, moves again, and is dropped. */
START_TEST(drop_after_move)
{
	post_each(0, 4);
	ep_pages_drop(&p, &s[0]);
	check_slot(0, 3, ASKED, POLLIN);
	ck_assert(ep_pages_post(&p, &s[3], POLLOUT));
	check_slot(0, 3, ASKED, POLLIN | POLLOUT);
	ep_pages_drop(&p, &s[2]);
	ep_pages_drop(&p, &s[1]);
	check_slots(1);
	check_slot(0, 3, ASKED, POLLIN | POLLOUT);
	ep_pages_drop(&p, &s[3]);
	check_slots(0);
}
END_TEST

/* Who has no slot loses none: never had one, dropped twice, stale. */
START_TEST(drop_without_slot)
{
	unsigned long offset;

	post_each(0, 2);
	ep_pages_drop(&p, &s[9]);
	check_slots(2);
	ep_pages_drop(&p, &s[1]);
	ep_pages_drop(&p, &s[1]);
	check_slots(1);
	check_slot(0, 0, ASKED, POLLIN);

	ep_pages_switch(&p, &offset);
	ep_pages_post(&p, &s[5], POLLIN);
	/* Still knows number 0, which is another's now. */
	ep_pages_drop(&p, &s[0]);
	check_slots(1);
	check_slot(0, 5, ASKED, POLLIN);
}
END_TEST

/* An event after a drop begins anew, without the bits of before. */
START_TEST(drop_forgets_bits)
{
	ep_pages_post(&p, &s[0], POLLIN | POLLOUT);
	ep_pages_drop(&p, &s[0]);
	ck_assert(ep_pages_post(&p, &s[0], POLLERR));
	check_slot(0, 0, ASKED, POLLERR);
}
END_TEST

/* From one or two slots into a page back to before it (loop), and on again. */
START_TEST(drop_across_pages)
{
	u32 i, n = edges[_i] + 1;

	if (n > 1536)
		n = 1536;
	post_each(0, n);
	for (i = 0; i < 2 && n; i++)
		ep_pages_drop(&p, &s[--n]);
	check_slots(n);
	post_each(n, n + 3 < 1536 ? n + 3 : 1536);
	check_slots(n + 3 < 1536 ? n + 3 : 1536);
}
END_TEST

/* The last slot is alone in its page and moves into another page. */
START_TEST(drop_moves_to_other_page)
{
	post_each(0, 1025);
	ep_pages_drop(&p, &s[3]);
	check_slots(1024);
	check_slot(3, 1024, ASKED, POLLIN);
	ck_assert_ptr_eq(s[1024].where, slot_at(0, 3));
	ck_assert(ep_pages_post(&p, &s[3], POLLHUP));
	check_slots(1025);
	check_slot(1024, 3, ASKED, POLLHUP);
	ck_assert_ptr_eq(s[3].where, slot_at(0, 1024));
}
END_TEST

/* All out again, from the front, where every drop moves one. */
START_TEST(drop_all)
{
	u32 i;

	post_each(0, 1536);
	for (i = 0; i < 1536; i++) {
		ep_pages_drop(&p, &s[i]);
		host_check(p.count == 1535 - i);
	}
	check_slots(0);
	post_each(0, 1536);
	check_slots(1536);
}
END_TEST

static const char *run(int round, u32 entries, u32 max_pages, bool crowd,
		       unsigned long steps, unsigned int check_every)
{
	const struct random_run what = {
		.seed = host_seed(round),
		.look = LOOK_READER | LOOK_INSIDE,
		.entries = entries,
		.max_pages = max_pages,
		.crowd = crowd,
		.steps = host_steps(steps),
		.check_every = check_every,
	};

	return pages_random(&what);
}

/* Few entries, looked at after every step: any small mistake shows. */
START_TEST(random_few)
{
	host_check_report(run(_i, 12, 2, false, 60000, 1));
}
END_TEST

/* A little more than a page full. */
START_TEST(random_two_pages)
{
	host_check_report(run(_i, 530, 2, false, 60000, 16));
}
END_TEST

/* Several pages, filled and emptied up to their ends. */
START_TEST(random_five_pages)
{
	host_check_report(run(_i, MODEL_ENTRIES, 5, false, 60000, 64));
}
END_TEST

/* More entries than slots: events are lost, but nothing else. */
START_TEST(random_crowd)
{
	host_check_report(run(_i, 1300, 2, true, 60000, 32));
}
END_TEST

static TCase *tcase(Suite *suite, const char *name, unsigned int seconds,
		    void (*setup)(void))
{
	TCase *tc = tcase_create(name);

	if (setup)
		tcase_add_checked_fixture(tc, setup, pages_teardown);
	tcase_set_timeout(tc, seconds);
	suite_add_tcase(suite, tc);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("ep_pages");
	TCase *tc;

	tc = tcase(suite, "post", 60, pages_setup_three);
	tcase_add_test(tc, slot_begins_without);
	tcase_add_test(tc, post_eight_bytes);
	tcase_add_test(tc, post_highest_bits);
	tcase_add_test(tc, post_first);
	tcase_add_test(tc, post_merges);
	tcase_add_test(tc, post_in_order);
	tcase_add_loop_test(tc, post_across_pages, 0, ARRAY_SIZE(edges));
	tcase_add_test(tc, post_beyond_full);
	tcase_add_test(tc, post_without_pages);

	tc = tcase(suite, "drop", 60, pages_setup_three);
	tcase_add_test(tc, drop_only);
	tcase_add_loop_test(tc, drop_one_of_three, 0, 3);
	tcase_add_test(tc, drop_after_move);
	tcase_add_test(tc, drop_without_slot);
	tcase_add_test(tc, drop_forgets_bits);
	tcase_add_loop_test(tc, drop_across_pages, 0, ARRAY_SIZE(edges));
	tcase_add_test(tc, drop_moves_to_other_page);
	tcase_add_test(tc, drop_all);

	add_switch_tests(suite);
	add_memory_tests(suite);

	tc = tcase(suite, "random", 600, NULL);
	tcase_add_loop_test(tc, random_few, 0, HOST_SEEDS);
	tcase_add_loop_test(tc, random_two_pages, 0, HOST_SEEDS);
	tcase_add_loop_test(tc, random_five_pages, 0, HOST_SEEDS);
	tcase_add_loop_test(tc, random_crowd, 0, HOST_SEEDS);
	return host_run(suite);
}
