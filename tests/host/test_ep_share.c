// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_ep_share.c - kmod/ep_share.c and ep_take() in user space
 *
 * The very functions of the module against the very function of a program: step by
 * step, with the program between any two steps, and in threads.
 *
 *	HOST_STEPS=100000000 build/user/tests/host/test_ep_share
 *
 * is the long run: so many posts in threads.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define FAITHFUL_WORDS	BIT(FAITHFUL_LOSTBIT)
#include "alloc.h"
#include "between.h"
#include "ep_share.h"
#include "host.h"
#include "share_world.h"

#define FD(i)	(10 + (int)(i))
#define ASKED	(POLLIN | POLLOUT | POLLERR | POLLHUP)
#define SLOTS	600

static struct ep_pages p;
static struct ep_control c;
static struct ep_slot s[SLOTS];

static void setup(void)
{
	struct ep_pages bigger;
	u32 i;

	shim_reset();
	memset(&c, 0, sizeof(c));
	ep_pages_init(&p);
	host_check(!ep_pages_grow_begin(&p, 2, &bigger));
	ep_pages_grow_commit(&p, &bigger);
	ep_pages_grow_end(&bigger);
	for (i = 0; i < SLOTS; i++)
		ep_slot_init(&s[i], FD(i), ASKED);
	ep_share_leave(&p, &c);
}

static void teardown(void)
{
	shim_between = NULL;
	ep_pages_free(&p);
	ck_assert_int_eq(shim_alloc.pages, 0);
	ck_assert_int_eq(shim_alloc.arrays, 0);
}

static bool post(u32 i, short bits)
{
	return ep_share_post(&p, &c, &s[i], bits);
}

/* The next take has @n slots; they are those of half @half. */
static void expect_take(int n, unsigned int half)
{
	unsigned int got = 2;

	ck_assert_int_eq(ep_take(-1, &c, &got), n);
	if (n)
		ck_assert_uint_eq(got, half);
}

static void expect_slot(unsigned int half, int k, u32 i, short revents)
{
	const struct pollfd *at = &p.half[half][k / POLLFD_X_PAGE]
					[k % POLLFD_X_PAGE];

	ck_assert_int_eq(at->fd, FD(i));
	ck_assert_int_eq(at->revents, revents);
}

START_TEST(take_nothing)
{
	expect_take(0, 0);
	ck_assert_uint_eq(c.word, 0);
	ck_assert_uint_eq(ep_share_count(&p, &c), 0);
	ck_assert_uint_eq(p.version, 1);
}
END_TEST

/* A take has all that was posted, once; then the other half is filled. */
START_TEST(take_turns)
{
	ck_assert(post(3, POLLIN));
	ck_assert(post(1, POLLOUT));
	ck_assert_uint_eq(c.word, 2);
	expect_take(2, 0);
	expect_slot(0, 0, 3, POLLIN);
	expect_slot(0, 1, 1, POLLOUT);
	expect_take(0, 0);
	ck_assert(post(1, POLLOUT));
	ck_assert_uint_eq(c.word, EP_WORD_HALF | 1);
	ck_assert_uint_eq(p.version, 2);
	expect_take(1, 1);
	expect_slot(1, 0, 1, POLLOUT);
	/* What was handed out before is as it was until now. */
	expect_slot(0, 0, 3, POLLIN);
	ck_assert(post(5, POLLIN));
	expect_take(1, 0);
}
END_TEST

START_TEST(merge_before_and_after)
{
	ck_assert(post(0, POLLIN));
	ck_assert(!post(0, POLLIN));
	ck_assert(post(0, POLLOUT | POLLIN));
	ck_assert_uint_eq(c.word, 1);
	expect_take(1, 0);
	expect_slot(0, 0, 0, POLLIN | POLLOUT);
	/* Taken: the same bit is news again, in a slot of its own. */
	ck_assert(post(0, POLLIN));
	expect_take(1, 1);
	expect_slot(1, 0, 0, POLLIN);
}
END_TEST

START_TEST(drop_before_and_after)
{
	post(0, POLLIN);
	post(1, POLLIN);
	ep_share_drop(&p, &c, &s[0]);
	ck_assert_uint_eq(c.word, 1);
	expect_take(1, 0);
	expect_slot(0, 0, 1, POLLIN);
	ep_share_drop(&p, &c, &s[1]);
	expect_slot(0, 0, 1, POLLIN);
	expect_take(0, 0);
	post(2, POLLIN);
	ep_share_drop(&p, &c, &s[2]);
	expect_take(0, 0);
	ck_assert_uint_eq(c.word, EP_WORD_HALF);
}
END_TEST

START_TEST(change_takes_bits_back)
{
	post(0, POLLIN | POLLOUT);
	ep_share_change(&p, &c, &s[0], POLLOUT);
	expect_take(1, 0);
	expect_slot(0, 0, 0, POLLOUT);
	post(0, POLLOUT);
	ep_share_change(&p, &c, &s[0], POLLIN);
	expect_take(0, 0);
	ep_share_change(&p, &c, &s[0], ASKED);
	post(0, POLLHUP);
	expect_take(1, 1);
	expect_slot(1, 0, 0, POLLHUP);
}
END_TEST

/* EP_POLL and takes hand out the same halves in turn. */
START_TEST(switch_beside_takes)
{
	unsigned long offset = 7;

	ck_assert_uint_eq(ep_share_switch(&p, &c, &offset), 0);
	ck_assert_uint_eq(offset, 7);
	post(0, POLLIN);
	ck_assert_uint_eq(ep_share_switch(&p, &c, &offset), 1);
	ck_assert_uint_eq(offset, 0);
	expect_take(0, 0);
	post(1, POLLIN);
	expect_take(1, 1);
	ck_assert_uint_eq(ep_share_switch(&p, &c, &offset), 0);
	ck_assert_uint_eq(ep_share_count(&p, &c), 0);
	post(2, POLLIN);
	ck_assert_uint_eq(ep_share_switch(&p, &c, &offset), 1);
	ck_assert_uint_eq(offset, 0);
}
END_TEST

START_TEST(more_than_a_page)
{
	u32 i;

	for (i = 0; i < SLOTS; i++)
		host_check(post(i, POLLIN));
	expect_take(SLOTS, 0);
	for (i = 0; i < SLOTS; i++)
		expect_slot(0, (int)i, i, POLLIN);
	for (i = 0; i < SLOTS; i++)
		host_check(post(i, POLLOUT));
	expect_take(SLOTS, 1);
}
END_TEST

START_TEST(ask_goes_first)
{
	unsigned int half;

	post(0, POLLIN);
	c.ask = 1;
	ck_assert_int_eq(ep_take(-1, &c, &half), EP_TAKE_ASK);
	c.ask = 0;
	expect_take(1, 0);
}
END_TEST

/* A take of a busy word waits for the count; here the page is spoilt, and it is none. */
START_TEST(busy_for_ever)
{
	unsigned int half;

	post(0, POLLIN);
	c.word |= EP_WORD_BUSY;
	ck_assert_int_eq(ep_take(-1, &c, &half), 0);
}
END_TEST

/*
 * The program comes at step @_i of an operation: it is told all, before or after.
 */
static int countdown;
static int early;
static unsigned int early_half;

static void take_at_step(void)
{
	if (countdown-- == 0)
		early = ep_take_once(&c, &early_half);
}

static int take_late(unsigned int *half)
{
	shim_between = NULL;
	if (early == EP_TAKE_BUSY)
		early = ep_settled(&c, early_half);
	ck_assert_int_ne(early, EP_TAKE_BUSY);
	return ep_take(-1, &c, half);
}

#define STEPS	12

START_TEST(step_of_a_merge)
{
	unsigned int half;
	int late;
	short seen = 0;

	post(0, POLLIN);
	countdown = _i;
	shim_between = take_at_step;
	ck_assert(post(0, POLLOUT));
	late = take_late(&half);
	ck_assert_int_eq(early > 0 || late > 0, 1);
	if (early > 0)
		seen |= p.half[early_half][0]->revents;
	if (late > 0)
		seen |= p.half[half][0]->revents;
	ck_assert_int_eq(seen, POLLIN | POLLOUT);
}
END_TEST

START_TEST(step_of_a_removal)
{
	unsigned int half = 2;
	int late, i, n = 0;

	for (i = 0; i < 3; i++)
		post((u32)i, POLLIN);
	countdown = _i;
	shim_between = take_at_step;
	ep_share_drop(&p, &c, &s[0]);
	late = take_late(&half);
	/* The others, once each, whatever came first. */
	for (i = 0; i < early; i++)
		n += p.half[early_half][0][i].fd == FD(0) ? 0 : 1;
	for (i = 0; i < late; i++) {
		ck_assert_int_ne(p.half[half][0][i].fd, FD(0));
		n++;
	}
	ck_assert_int_eq(n, 2);
	ck_assert(early == 0 || late == 0);
}
END_TEST

START_TEST(step_of_an_event)
{
	unsigned int half = 2;
	int late;

	if (_i >= STEPS / 2)
		post(0, POLLIN);
	countdown = _i % (STEPS / 2);
	shim_between = take_at_step;
	ck_assert(post(1, POLLIN));
	late = take_late(&half);
	ck_assert_int_eq(early + late, _i >= STEPS / 2 ? 2 : 1);
	if (late)
		ck_assert_int_eq(p.half[half][0][late - 1].fd, FD(1));
}
END_TEST

START_TEST(step_of_a_switch)
{
	unsigned long offset = 7;
	unsigned int half = 2;
	int n;

	post(0, POLLIN);
	countdown = _i;
	shim_between = take_at_step;
	n = (int)ep_share_switch(&p, &c, &offset);
	ck_assert_int_eq(n + take_late(&half) + early, 1);
}
END_TEST

static void report(const char *what, const struct share_figures *f)
{
	printf("# %s: %lu posts, %lu merged, %lu taken back; %lu takes (%lu busy), %lu switches\n",
	       what, f->posts, f->merged, f->dropped, f->takes, f->busy,
	       f->switched);
	fflush(stdout);
}

START_TEST(random_steps)
{
	struct share_figures sum = { 0 };

	host_check_report(share_steps(host_seed(_i), 100000, &sum));
	report("steps", &sum);
	ck_assert_uint_gt(sum.busy, 100);
}
END_TEST

START_TEST(random_threads)
{
	struct share_figures sum = { 0 };

	host_check_report(share_threads(host_seed(_i), host_steps(200000),
					&sum));
	report("threads", &sum);
	ck_assert_uint_gt(sum.takes, 0);
}
END_TEST

START_TEST(random_spoilt)
{
	host_check_report(share_spoilt(host_seed(_i), 20000));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ep_share");
	TCase *tc = tcase_create("share");

	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(suite, tc);
	tcase_add_test(tc, take_nothing);
	tcase_add_test(tc, take_turns);
	tcase_add_test(tc, merge_before_and_after);
	tcase_add_test(tc, drop_before_and_after);
	tcase_add_test(tc, change_takes_bits_back);
	tcase_add_test(tc, switch_beside_takes);
	tcase_add_test(tc, more_than_a_page);
	tcase_add_test(tc, ask_goes_first);
	tcase_add_test(tc, busy_for_ever);
	tcase_add_loop_test(tc, step_of_an_event, 0, STEPS);
	tcase_add_loop_test(tc, step_of_a_merge, 0, STEPS);
	tcase_add_loop_test(tc, step_of_a_removal, 0, STEPS);
	tcase_add_loop_test(tc, step_of_a_switch, 0, STEPS);

	tc = tcase_create("random");
	tcase_set_timeout(tc, 3600);
	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, random_steps, 0, HOST_SEEDS);
	tcase_add_loop_test(tc, random_threads, 0, 1);
	tcase_add_loop_test(tc, random_spoilt, 0, HOST_SEEDS);
	return host_run(suite);
}
