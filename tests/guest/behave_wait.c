// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_wait.c - epoll_wait: order, limits, timeouts, signals, several waiters
 *
 * The order in which a wait finds its arguments wrong: the time (EFAULT, then
 * EINVAL), the signal mask (EINVAL for its size, then EFAULT), EINVAL for
 * maxevents, EFAULT for an array outside of the program's half of the address
 * space.  Whether the array can be written is found out when there is something
 * to write.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "behave.h"

#define SECOND		1000000000L	/* in ns */
#define MASK_SIZE	8		/* of the kernel's sigset_t */
#define KERNEL_ADDRESS	((void *)0xffff888000000000UL)

/* The most that epoll_wait(2) takes: an array of INT_MAX bytes. */
#define MOST_EVENTS	(INT_MAX / (int)sizeof(struct epoll_event))

/* Those that may lose an event while others are handed out do not claim it. */
#define LOSES_NOTHING	(BEHAVE_EPOLL & ~BEHAVE_SINGLEPASS)

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

/* @n eventfds, watched for @events; with @ready, in this order. */
static void watch(int ep, int *fd, int n, uint32_t events, bool ready)
{
	for (int i = 0; i < n; i++) {
		fd[i] = guest_eventfd();
		behave_add(ep, fd[i], events);
	}
	for (int i = 0; ready && i < n; i++)
		guest_put(fd[i]);
}

/* A wait for @max events tells these @n, in this order. */
static void expect_fds(int ep, int max, const int *fds, int n)
{
	struct epoll_event ev[16];

	ck_assert_int_le(max, 16);
	GUEST_RETURNS(behave_wait(ep, ev, max, GUEST_WAIT_MS), n);
	for (int i = 0; i < n; i++)
		ck_assert_msg(ev[i].data.fd == fds[i],
			      "event %d of %d: expected fd %d, got fd %d", i, n,
			      fds[i], ev[i].data.fd);
}

#define EXPECT_FDS(ep, max, ...) do {					\
	const int expect_list[] = { __VA_ARGS__ };			\
									\
	GUEST_HERE;							\
	expect_fds(ep, max, expect_list,				\
		   (int)(sizeof(expect_list) / sizeof(int)));		\
} while (0)

/*
 * Errors
 */

BEHAVE_TEST(wait_maxevents_einval, 20, BEHAVE_EPOLL,
	    "a wait for no events, a negative number or more than fit in INT_MAX bytes is EINVAL, and what is ready stays")
{
	static const int bad[] = {
		0, -1, INT_MIN, MOST_EVENTS + 1, INT_MAX,
	};
	static struct epoll_event ev[4];
	int ep = behave_create(), fd;

	watch(ep, &fd, 1, EPOLLIN | EPOLLET, true);
	for_each_of(i, bad)
		GUEST_FAILS(behave_wait(ep, ev, bad[i], 0), EINVAL);
	behave_expect(ep, fd, EPOLLIN);
}

BEHAVE_TEST(wait_maxevents_most, 20, BEHAVE_EPOLL,
	    "a wait for as many events as fit in INT_MAX bytes is served, and writes as many as there are")
{
	static struct epoll_event ev[4];
	int ep = behave_create(), fd;

	watch(ep, &fd, 1, EPOLLIN, true);
	GUEST_RETURNS(behave_wait(ep, ev, MOST_EVENTS, 0), 1);
	ck_assert_int_eq(ev[0].data.fd, fd);
	ck_assert_uint_eq(ev[1].events, 0);
}

BEHAVE_TEST(wait_maxevents_before_array, 20, BEHAVE_EPOLL,
	    "a bad number of events is EINVAL before the array is EFAULT")
{
	int ep = behave_create();

	GUEST_FAILS(behave_wait(ep, KERNEL_ADDRESS, 0, 0), EINVAL);
	GUEST_FAILS(behave_wait(ep, KERNEL_ADDRESS, MOST_EVENTS + 1, 0),
		    EINVAL);
}

BEHAVE_TEST(wait_kernel_address_efault, 20, BEHAVE_EPOLL,
	    "an array among the kernel's addresses is EFAULT at once, with nothing to tell and for ever to wait")
{
	int ep = behave_create(), fd;

	GUEST_FAILS(behave_wait(ep, KERNEL_ADDRESS, 1, 0), EFAULT);
	GUEST_FAILS(behave_wait(ep, KERNEL_ADDRESS, 1, -1), EFAULT);
	watch(ep, &fd, 1, EPOLLIN | EPOLLET, true);
	GUEST_FAILS(behave_wait(ep, KERNEL_ADDRESS, 1, -1), EFAULT);
	behave_expect(ep, fd, EPOLLIN);
}

BEHAVE_TEST(wait_null_array, 20, BEHAVE_EPOLL,
	    "a null pointer for the array is no mistake until there is something to tell: EFAULT then, and nothing is lost")
{
	int ep = behave_create(), fd;

	watch(ep, &fd, 1, EPOLLIN | EPOLLET, false);
	GUEST_RETURNS(behave_wait(ep, NULL, 1, 0), 0);
	GUEST_RETURNS(behave_wait(ep, NULL, 1, 1), 0);
	guest_put(fd);
	GUEST_FAILS(behave_wait(ep, NULL, 1, 0), EFAULT);
	behave_expect(ep, fd, EPOLLIN);
	behave_none(ep);
}

BEHAVE_TEST(wait_efault_keeps_all, 20, BEHAVE_EPOLL,
	    "when the first event cannot be written all stay, in their order, level- and edge-triggered")
{
	int ep = behave_create(), lt[2], et[2];

	watch(ep, lt, 2, EPOLLIN, true);
	watch(ep, et, 2, EPOLLIN | EPOLLET, true);
	for (int i = 0; i < 3; i++)
		GUEST_FAILS(behave_wait(ep, behave_before_hole(0), 8, 0),
			    EFAULT);
	EXPECT_FDS(ep, 8, lt[0], lt[1], et[0], et[1]);
	EXPECT_FDS(ep, 8, lt[0], lt[1]);
}

BEHAVE_TEST(wait_read_only_array, 20, BEHAVE_EPOLL,
	    "an array that cannot be written is EFAULT, and nothing is lost")
{
	void *array = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	int ep = behave_create(), fd;

	ck_assert(array != MAP_FAILED);
	watch(ep, &fd, 1, EPOLLIN | EPOLLET, true);
	GUEST_FAILS(behave_wait(ep, array, 8, 0), EFAULT);
	behave_expect(ep, fd, EPOLLIN);
}

BEHAVE_TEST(wait_half_an_event_efault, 20, BEHAVE_EPOLL,
	    "an event that can be written in part is EFAULT and told whole in the next wait")
{
	static const size_t sizes[] = { 1, 4, 8, sizeof(struct epoll_event) - 1 };
	int ep = behave_create(), fd;

	watch(ep, &fd, 1, EPOLLIN | EPOLLET, true);
	for_each_of(i, sizes)
		GUEST_FAILS(behave_wait(ep, behave_before_hole(sizes[i]), 1, 0),
			    EFAULT);
	behave_expect(ep, fd, EPOLLIN);
	behave_none(ep);
}

BEHAVE_TEST(wait_partly_writable, 20, BEHAVE_EPOLL,
	    "what fits before the hole is returned, and the rest in the next wait: each edge once")
{
	struct epoll_event *ev = behave_before_hole(2 * sizeof(*ev));
	int ep = behave_create(), fd[5];

	watch(ep, fd, 5, EPOLLIN | EPOLLET, true);
	GUEST_RETURNS(behave_wait(ep, ev, 8, 0), 2);
	ck_assert_int_eq(ev[0].data.fd, fd[0]);
	ck_assert_int_eq(ev[1].data.fd, fd[1]);
	EXPECT_FDS(ep, 8, fd[2], fd[3], fd[4]);
	behave_none(ep);
}

BEHAVE_TEST(wait_partly_writable_in_an_event, 20, BEHAVE_EPOLL,
	    "an event that lies across the hole is not counted and told in the next wait")
{
	struct epoll_event *ev = behave_before_hole(2 * sizeof(*ev) + 4);
	int ep = behave_create(), fd[4];

	watch(ep, fd, 4, EPOLLIN | EPOLLET, true);
	GUEST_RETURNS(behave_wait(ep, ev, 8, 0), 2);
	EXPECT_FDS(ep, 8, fd[2], fd[3]);
}

BEHAVE_TEST(wait_partly_writable_level, 20, BEHAVE_EPOLL,
	    "level-triggered: after a hole those come first that had no room, then those that were told")
{
	struct epoll_event *ev = behave_before_hole(2 * sizeof(*ev));
	int ep = behave_create(), fd[4];

	watch(ep, fd, 4, EPOLLIN, true);
	GUEST_RETURNS(behave_wait(ep, ev, 8, 0), 2);
	EXPECT_FDS(ep, 8, fd[2], fd[3], fd[0], fd[1]);
}

BEHAVE_TEST(wait_partly_writable_oneshot, 20, BEHAVE_EPOLL,
	    "one-shot: what was returned before the hole is silent, what met the hole keeps its shot")
{
	struct epoll_event *ev = behave_before_hole(sizeof(*ev));
	int ep = behave_create(), fd[3];

	watch(ep, fd, 3, EPOLLIN | EPOLLONESHOT, true);
	GUEST_RETURNS(behave_wait(ep, ev, 8, 0), 1);
	EXPECT_FDS(ep, 8, fd[1], fd[2]);
	behave_none(ep);
}

BEHAVE_TEST(wait_writes_no_more, 20, BEHAVE_EPOLL,
	    "a wait writes the events that it returns and not a byte behind them")
{
	struct epoll_event ev[6];
	int ep = behave_create(), fd[3];

	watch(ep, fd, 3, EPOLLIN, true);
	memset(ev, 0xa5, sizeof(ev));
	GUEST_RETURNS(behave_wait(ep, ev, 6, 0), 3);
	for (size_t i = 3 * sizeof(*ev); i < sizeof(ev); i++)
		ck_assert_uint_eq(((unsigned char *)ev)[i], 0xa5);
	GUEST_RETURNS(behave_wait(ep, ev + 4, 1, 0), 1);
	for (size_t i = 5 * sizeof(*ev); i < sizeof(ev); i++)
		ck_assert_uint_eq(((unsigned char *)ev)[i], 0xa5);
}

BEHAVE_TEST(wait_not_open_ebadf, 20, BEHAVE_EPOLL,
	    "a wait on what is not open is EBADF")
{
	struct timespec t = { 0, 0 };
	struct epoll_event ev[1];
	int ep = behave_create();

	GUEST_FAILS(behave_wait(-1, ev, 1, 0), EBADF);
	GUEST_RETURNS(close(ep), 0);
	GUEST_FAILS(behave_wait(ep, ev, 1, 0), EBADF);
	GUEST_FAILS(behave_pwait2(ep, ev, 1, &t, NULL), EBADF);
}

/* No time: too low, too high, and both. */
static const struct timespec bad_times[] = {
	{ -1, 0 }, { LONG_MIN, 0 }, { 0, -1 }, { 0, LONG_MIN }, { 0, SECOND },
	{ 0, LONG_MAX }, { 5, SECOND }, { -1, SECOND - 1 }, { -1, -1 },
};

BEHAVE_TEST(pwait2_bad_time_einval, 20, BEHAVE_EPOLL,
	    "a time with negative seconds, or nanoseconds outside of 0 to 999999999, is EINVAL, and what is ready stays")
{
	struct epoll_event ev[4];
	int ep = behave_create(), fd;

	watch(ep, &fd, 1, EPOLLIN | EPOLLET, true);
	for_each_of(i, bad_times)
		GUEST_FAILS(behave_pwait2(ep, ev, 4, &bad_times[i], NULL),
			    EINVAL);
	behave_expect(ep, fd, EPOLLIN);
}

BEHAVE_TEST(pwait2_time_efault, 20, BEHAVE_EPOLL,
	    "a time that cannot be read whole is EFAULT")
{
	struct epoll_event ev[4];
	int ep = behave_create();

	GUEST_FAILS(behave_raw_wait(ep, ev, 4, KERNEL_ADDRESS, NULL, 0),
		    EFAULT);
	GUEST_FAILS(behave_raw_wait(ep, ev, 4, behave_before_hole(0), NULL, 0),
		    EFAULT);
	GUEST_FAILS(behave_raw_wait(ep, ev, 4, behave_before_hole(8), NULL, 0),
		    EFAULT);
}

BEHAVE_TEST(pwait_mask_size_einval, 20, BEHAVE_EPOLL,
	    "a signal mask of any other size than 8 bytes is EINVAL; without a mask the size is not looked at")
{
	static const size_t sizes[] = { 0, 1, 4, 7, 9, 16, 128, SIZE_MAX };
	struct timespec t = { 0, 0 };
	struct epoll_event ev[4];
	int ep = behave_create();
	sigset_t mask;

	sigemptyset(&mask);
	for_each_of(i, sizes) {
		GUEST_FAILS(behave_raw_wait(ep, ev, 4, &t, &mask, sizes[i]),
			    EINVAL);
		GUEST_RETURNS(behave_raw_wait(ep, ev, 4, &t, NULL, sizes[i]),
			      0);
	}
	GUEST_RETURNS(behave_raw_wait(ep, ev, 4, &t, &mask, MASK_SIZE), 0);
}

BEHAVE_TEST(pwait_mask_efault, 20, BEHAVE_EPOLL,
	    "a signal mask that cannot be read whole is EFAULT")
{
	struct timespec t = { 0, 0 };
	struct epoll_event ev[4];
	int ep = behave_create();

	GUEST_FAILS(behave_raw_wait(ep, ev, 4, &t, KERNEL_ADDRESS, MASK_SIZE),
		    EFAULT);
	GUEST_FAILS(behave_raw_wait(ep, ev, 4, &t, behave_before_hole(0),
				    MASK_SIZE), EFAULT);
	GUEST_FAILS(behave_raw_wait(ep, ev, 4, &t, behave_before_hole(4),
				    MASK_SIZE), EFAULT);
	GUEST_RETURNS(behave_raw_wait(ep, ev, 4, &t,
				      behave_before_hole(MASK_SIZE),
				      MASK_SIZE), 0);
}

BEHAVE_TEST(wait_order_of_checks, 20, BEHAVE_EPOLL,
	    "of several mistakes the first is told: time, signal mask, number of events, array")
{
	const struct timespec good = { 0, 0 }, bad = { 0, SECOND };
	void *hole = behave_before_hole(0);
	struct epoll_event ev[4];
	int ep = behave_create();
	sigset_t mask;

	sigemptyset(&mask);
	/* The address of the time before its value is known. */
	GUEST_FAILS(behave_raw_wait(ep, ev, 4, hole, &mask, 4), EFAULT);
	GUEST_FAILS(behave_raw_wait(ep, ev, 0, hole, NULL, 8), EFAULT);
	/* Its value before the mask's address. */
	GUEST_FAILS(behave_raw_wait(ep, ev, 4, &bad, hole, 8), EINVAL);
	GUEST_FAILS(behave_raw_wait(ep, KERNEL_ADDRESS, 4, &bad, NULL, 8),
		    EINVAL);
	/* The mask's size before its address. */
	GUEST_FAILS(behave_raw_wait(ep, ev, 4, &good, hole, 4), EINVAL);
	/* The mask before the number of events and the array. */
	GUEST_FAILS(behave_raw_wait(ep, ev, 0, &good, hole, 8), EFAULT);
	GUEST_FAILS(behave_raw_wait(ep, KERNEL_ADDRESS, 4, &good, &mask, 4),
		    EINVAL);
	/* The number before the array. */
	GUEST_FAILS(behave_raw_wait(ep, KERNEL_ADDRESS, 0, &good, &mask, 8),
		    EINVAL);
	GUEST_FAILS(behave_raw_wait(ep, KERNEL_ADDRESS, 4, &good, &mask, 8),
		    EFAULT);
}

/*
 * Order and rotation
 */

BEHAVE_TEST(order_of_arrival, 20, BEHAVE_EPOLL,
	    "events are told in the order in which they came, not in that of the registrations")
{
	int ep = behave_create(), fd[5];

	watch(ep, fd, 5, EPOLLIN | EPOLLET, false);
	guest_put(fd[3]);
	guest_put(fd[0]);
	guest_put(fd[4]);
	guest_put(fd[1]);
	guest_put(fd[2]);
	EXPECT_FDS(ep, 8, fd[3], fd[0], fd[4], fd[1], fd[2]);
}

BEHAVE_TEST(order_of_adding, 20, BEHAVE_EPOLL,
	    "what is ready when it is added is told in the order of adding")
{
	int ep = behave_create(), fd[4];

	for (int i = 0; i < 4; i++) {
		fd[i] = guest_eventfd();
		guest_put(fd[i]);
	}
	behave_add(ep, fd[2], EPOLLIN);
	behave_add(ep, fd[0], EPOLLIN);
	behave_add(ep, fd[3], EPOLLIN);
	behave_add(ep, fd[1], EPOLLIN);
	EXPECT_FDS(ep, 8, fd[2], fd[0], fd[3], fd[1]);
}

BEHAVE_TEST(order_again, 20, BEHAVE_EPOLL,
	    "level-triggered: what is told again is told in the same order")
{
	int ep = behave_create(), fd[4];

	watch(ep, fd, 4, EPOLLIN, true);
	for (int i = 0; i < 5; i++)
		EXPECT_FDS(ep, 8, fd[0], fd[1], fd[2], fd[3]);
}

BEHAVE_TEST(order_of_a_second_event, 20, BEHAVE_EPOLL,
	    "a second event of what is pending does not move it to the end")
{
	int ep = behave_create(), fd[3];

	watch(ep, fd, 3, EPOLLIN | EPOLLET, true);
	guest_put(fd[0]);
	guest_put(fd[1]);
	EXPECT_FDS(ep, 8, fd[0], fd[1], fd[2]);
	behave_none(ep);
}

BEHAVE_TEST(order_after_mod, 20, BEHAVE_EPOLL,
	    "MOD of what is pending does not move it, MOD of what was told puts it at the end")
{
	int ep = behave_create(), fd[3];

	watch(ep, fd, 3, EPOLLIN | EPOLLET, true);
	behave_mod(ep, fd[0], EPOLLIN | EPOLLET);
	EXPECT_FDS(ep, 2, fd[0], fd[1]);
	behave_mod(ep, fd[0], EPOLLIN | EPOLLET);
	EXPECT_FDS(ep, 8, fd[2], fd[0]);
}

BEHAVE_TEST(order_after_del, 20, BEHAVE_EPOLL,
	    "DEL of a pending one leaves the others in their order; added again it comes last")
{
	int ep = behave_create(), fd[4];

	watch(ep, fd, 4, EPOLLIN | EPOLLET, true);
	behave_del(ep, fd[1]);
	behave_add(ep, fd[1], EPOLLIN | EPOLLET);
	EXPECT_FDS(ep, 8, fd[0], fd[2], fd[3], fd[1]);
}

BEHAVE_TEST(order_edges_in_parts, 20, BEHAVE_EPOLL,
	    "edge-triggered: with room for two, five events come in three waits, each once and in order")
{
	int ep = behave_create(), fd[5];

	watch(ep, fd, 5, EPOLLIN | EPOLLET, true);
	EXPECT_FDS(ep, 2, fd[0], fd[1]);
	EXPECT_FDS(ep, 2, fd[2], fd[3]);
	EXPECT_FDS(ep, 2, fd[4]);
	behave_none(ep);
}

BEHAVE_TEST(order_after_a_part, 20, BEHAVE_EPOLL,
	    "level-triggered: those that had no room come first in the next wait, those that were told behind them")
{
	int ep = behave_create(), fd[4];

	watch(ep, fd, 4, EPOLLIN, true);
	EXPECT_FDS(ep, 1, fd[0]);
	EXPECT_FDS(ep, 8, fd[1], fd[2], fd[3], fd[0]);
	EXPECT_FDS(ep, 2, fd[1], fd[2]);
	EXPECT_FDS(ep, 8, fd[3], fd[0], fd[1], fd[2]);
}

BEHAVE_TEST(order_of_what_comes_between, 20, BEHAVE_EPOLL,
	    "what becomes ready between two waits comes behind those that had no room and those that were told")
{
	int ep = behave_create(), fd[4], late;

	watch(ep, fd, 4, EPOLLIN, true);
	watch(ep, &late, 1, EPOLLIN, false);
	EXPECT_FDS(ep, 2, fd[0], fd[1]);
	guest_put(late);
	EXPECT_FDS(ep, 8, fd[2], fd[3], fd[0], fd[1], late);
}

BEHAVE_TEST(order_after_draining, 20, BEHAVE_EPOLL,
	    "level-triggered: what was drained and found so loses its place; ready again it comes last")
{
	int ep = behave_create(), fd[3];

	watch(ep, fd, 3, EPOLLIN, true);
	guest_drain(fd[0]);
	EXPECT_FDS(ep, 8, fd[1], fd[2]);
	guest_put(fd[0]);
	EXPECT_FDS(ep, 8, fd[1], fd[2], fd[0]);
}

BEHAVE_TEST(order_of_edge_and_level, 20, BEHAVE_EPOLL,
	    "an edge that comes again is told behind the level-triggered ones that wait to be told again")
{
	int ep = behave_create(), lt[2], et;

	watch(ep, &et, 1, EPOLLIN | EPOLLET, true);
	watch(ep, lt, 2, EPOLLIN, true);
	EXPECT_FDS(ep, 8, et, lt[0], lt[1]);
	guest_put(et);
	EXPECT_FDS(ep, 8, lt[0], lt[1], et);
	EXPECT_FDS(ep, 8, lt[0], lt[1]);
}

BEHAVE_TEST(rotation_is_fair, 30, BEHAVE_EPOLL,
	    "level-triggered: seven that are always ready take turns through 700 waits for two, strictly")
{
	struct epoll_event ev[2];
	int ep = behave_create(), fd[7], next = 0;

	watch(ep, fd, 7, EPOLLIN, true);
	for (int round = 0; round < 700; round++) {
		GUEST_RETURNS(behave_wait(ep, ev, 2, 0), 2);
		for (int i = 0; i < 2; i++) {
			ck_assert_int_eq(ev[i].data.fd, fd[next]);
			next = (next + 1) % 7;
		}
	}
}

BEHAVE_TEST(rotation_with_every_room, 30, BEHAVE_EPOLL,
	    "level-triggered: they take turns whatever the room, and even if it changes from wait to wait")
{
	struct epoll_event ev[8];
	int ep = behave_create(), fd[5], next = 0;

	watch(ep, fd, 5, EPOLLIN, true);
	for (int round = 0; round < 200; round++) {
		int room = 1 + round * 7 % 4;

		GUEST_RETURNS(behave_wait(ep, ev, room, 0), room);
		for (int i = 0; i < room; i++) {
			ck_assert_int_eq(ev[i].data.fd, fd[next]);
			next = (next + 1) % 5;
		}
	}
}

BEHAVE_TEST(rotation_starves_nobody, 30, BEHAVE_EPOLL,
	    "an edge beside 50 that are always ready is told in the seventh wait for eight at the latest")
{
	struct epoll_event ev[8];
	int ep = behave_create(), fd[50], et;

	watch(ep, fd, 50, EPOLLIN, true);
	watch(ep, &et, 1, EPOLLIN | EPOLLET, false);
	for (int round = 0; round < 20; round++) {
		bool told = false;

		guest_put(et);
		for (int i = 0; i < 7 && !told; i++) {
			GUEST_RETURNS(behave_wait(ep, ev, 8, 0), 8);
			for (int j = 0; j < 8; j++)
				told |= ev[j].data.fd == et;
		}
		ck_assert_msg(told, "round %d: not told in 7 waits", round);
	}
}

BEHAVE_TEST(drained_takes_no_room, 20, BEHAVE_EPOLL,
	    "what was drained meanwhile does not use up the room of the others")
{
	int ep = behave_create(), fd[5];

	watch(ep, fd, 5, EPOLLIN | EPOLLET, true);
	guest_drain(fd[0]);
	guest_drain(fd[2]);
	EXPECT_FDS(ep, 2, fd[1], fd[3]);
	EXPECT_FDS(ep, 2, fd[4]);
	behave_none(ep);
}

BEHAVE_TEST(all_of_many_at_once, 60, BEHAVE_EPOLL,
	    "1000 that are ready are told in one wait with room for them, each once and in order")
{
	enum { N = 1000 };
	static struct epoll_event ev[N + 1];
	static int fd[N];
	int ep = behave_create();

	guest_nofile(N + 64);
	watch(ep, fd, N, EPOLLIN | EPOLLET, true);
	GUEST_RETURNS(behave_wait(ep, ev, N + 1, 0), N);
	for (int i = 0; i < N; i++)
		ck_assert_int_eq(ev[i].data.fd, fd[i]);
	behave_none(ep);
}

/*
 * Timeouts.  A lower bound is exact; there is no upper one, since the machine
 * may be slow, but a test that never ends is ended by the harness.
 */

BEHAVE_TEST(timeout_zero, 20, BEHAVE_EPOLL,
	    "timeout 0 does not wait: 0 without an event, the event with one")
{
	const struct timespec zero = { 0, 0 };
	struct epoll_event ev[4];
	int ep = behave_create(), fd;

	watch(ep, &fd, 1, EPOLLIN, false);
	GUEST_RETURNS(behave_wait(ep, ev, 4, 0), 0);
	GUEST_RETURNS(behave_pwait2(ep, ev, 4, &zero, NULL), 0);
	guest_put(fd);
	GUEST_RETURNS(behave_wait(ep, ev, 4, 0), 1);
	GUEST_RETURNS(behave_pwait2(ep, ev, 4, &zero, NULL), 1);
}

BEHAVE_TEST(timeout_zero_edge, 20, BEHAVE_EVERY,
	    "timeout 0 does not wait, in an instance that watches nothing or nothing that happens")
{
	struct epoll_event ev[4];
	int p[2], ep = behave_create();

	GUEST_RETURNS(behave_wait(ep, ev, 4, 0), 0);
	guest_pipe(p);
	behave_add(ep, p[0], EPOLLIN | EPOLLET);
	GUEST_RETURNS(behave_wait(ep, ev, 4, 0), 0);
}

BEHAVE_TEST(timeout_in_ms, 20, BEHAVE_EVERY,
	    "a wait of so many ms returns 0, and no sooner")
{
	static const int ms[] = { 1, 2, 20, 55 };
	struct epoll_event ev[4];
	int p[2], ep = behave_create();

	guest_pipe(p);
	behave_add(ep, p[0], EPOLLIN | EPOLLET);
	for_each_of(i, ms) {
		int64_t start = now();

		GUEST_RETURNS(behave_wait(ep, ev, 4, ms[i]), 0);
		ck_assert_int_ge(now() - start, ms[i] * (SECOND / 1000));
	}
}

BEHAVE_TEST(timeout_in_ns, 20, BEHAVE_EPOLL,
	    "a wait of so many seconds and ns returns 0, and no sooner")
{
	static const struct timespec t[] = {
		{ 0, 1 }, { 0, 999 }, { 0, 300000 }, { 0, 1000001 },
		{ 0, 30000001 }, { 1, 1 },
	};
	struct epoll_event ev[4];
	int ep = behave_create(), fd;

	watch(ep, &fd, 1, EPOLLIN, false);
	for_each_of(i, t) {
		int64_t start = now();

		GUEST_RETURNS(behave_pwait2(ep, ev, 4, &t[i], NULL), 0);
		ck_assert_int_ge(now() - start,
				 t[i].tv_sec * SECOND + t[i].tv_nsec);
	}
}

BEHAVE_TEST(timeout_not_used_up, 20, BEHAVE_EVERY,
	    "what is ready is told at once, whatever the timeout")
{
	static const int ms[] = { 0, 1, INT_MAX, -1, INT_MIN };
	struct epoll_event ev[4];
	int p[2], ep = behave_create();

	guest_pipe(p);
	behave_add(ep, p[0], EPOLLIN | EPOLLET);
	for_each_of(i, ms) {
		guest_put(p[1]);
		GUEST_RETURNS(behave_wait(ep, ev, 4, ms[i]), 1);
	}
}

BEHAVE_TEST(timeout_ns_not_used_up, 20, BEHAVE_EPOLL,
	    "what is ready is told at once, whatever the time, the longest too")
{
	static const struct timespec t[] = {
		{ 0, 0 }, { 0, SECOND - 1 }, { 1000000, 0 },
		{ LONG_MAX, SECOND - 1 },
	};
	struct epoll_event ev[4];
	int ep = behave_create(), fd;

	watch(ep, &fd, 1, EPOLLIN, true);
	for_each_of(i, t)
		GUEST_RETURNS(behave_pwait2(ep, ev, 4, &t[i], NULL), 1);
	GUEST_RETURNS(behave_pwait2(ep, ev, 4, NULL, NULL), 1);
}

/* A wait with @w's timeout sleeps until an event comes. */
static void sleeps_until_event(struct behave_waiter *w)
{
	int p[2];

	guest_pipe(p);
	w->ep = behave_create();
	behave_add(w->ep, p[0], EPOLLIN | EPOLLET);
	behave_waiter_start(w);
	guest_put(p[1]);
	behave_waiter_got(w, p[0], EPOLLIN);
}

BEHAVE_TEST(timeout_for_ever, 20, BEHAVE_EVERY,
	    "timeout -1 sleeps until there is an event")
{
	struct behave_waiter w = { .ms = -1 };

	sleeps_until_event(&w);
}

BEHAVE_TEST(timeout_any_negative, 20, BEHAVE_EPOLL,
	    "any negative timeout sleeps until there is an event")
{
	struct behave_waiter a = { .ms = -2 }, b = { .ms = INT_MIN };

	sleeps_until_event(&a);
	sleeps_until_event(&b);
}

BEHAVE_TEST(timeout_longest, 20, BEHAVE_EVERY,
	    "timeout INT_MAX sleeps until there is an event")
{
	struct behave_waiter w = { .ms = INT_MAX };

	sleeps_until_event(&w);
}

BEHAVE_TEST(timeout_no_timespec, 20, BEHAVE_EPOLL,
	    "no time at all means for ever: it sleeps until there is an event")
{
	struct behave_waiter w = { .pwait2 = true };

	sleeps_until_event(&w);
}

BEHAVE_TEST(timeout_longest_timespec, 20, BEHAVE_EPOLL,
	    "the longest time, and one that overflows when now is added, sleep until there is an event")
{
	static const struct timespec t[] = {
		{ LONG_MAX, SECOND - 1 }, { LONG_MAX / SECOND, 0 },
		{ 100000000000L, 0 }, { 3600, 0 },
	};

	for_each_of(i, t) {
		struct behave_waiter w = { .pwait2 = true, .t = &t[i] };

		sleeps_until_event(&w);
	}
}

/*
 * A unix socket says in every wake-up that there may be urgent data, and asked
 * says that there is none: a wake-up for nothing, as often as one likes.
 */
static int for_nothing(int ep, int sv[2])
{
	guest_unix(sv);
	behave_add(ep, sv[0], EPOLLPRI);
	return sv[1];
}

BEHAVE_TEST(wakeup_for_nothing_sleeps_on, 30, BEHAVE_EPOLL,
	    "a waiter that is woken and finds nothing sleeps on, until there is an event")
{
	struct behave_waiter w = { .ms = -1 };
	int sv[2], fd;

	w.ep = behave_create();
	for_nothing(w.ep, sv);
	watch(w.ep, &fd, 1, EPOLLIN, false);
	behave_waiter_start(&w);
	for (int i = 0; i < 20; i++) {
		guest_put(sv[1]);
		behave_waiter_sleeps(&w);
	}
	guest_put(fd);
	behave_waiter_got(&w, fd, EPOLLIN);
}

struct timed {
	int ep;
	struct timespec t;
	int n;
	int ended;
};

static void *timed_wait(void *arg)
{
	struct epoll_event ev[4];
	struct timed *w = arg;

	w->n = behave_pwait2(w->ep, ev, 4, &w->t, NULL);
	__atomic_store_n(&w->ended, 1, __ATOMIC_RELEASE);
	return NULL;
}

BEHAVE_TEST(wakeup_for_nothing_keeps_the_time, 30, BEHAVE_EPOLL,
	    "wake-ups for nothing do not start the timeout anew, and do not end it early")
{
	struct timed w = { .t = { 1, 0 } };
	int64_t start = now();
	int sv[2], fd;
	pthread_t t;

	w.ep = behave_create();
	fd = for_nothing(w.ep, sv);
	t = guest_thread(timed_wait, &w);
	/* A timeout that starts anew would need a second without a wake-up. */
	while (!__atomic_load_n(&w.ended, __ATOMIC_ACQUIRE)) {
		guest_put(fd);
		guest_drain(sv[0]);
	}
	guest_join(t);
	ck_assert_int_eq(w.n, 0);
	ck_assert_int_ge(now() - start, w.t.tv_sec * SECOND);
}

/*
 * Signals
 */

static volatile sig_atomic_t caught;

static void count(int sig)
{
	(void)sig;
	caught++;
}

static void on_signal(int sig, int flags)
{
	struct sigaction sa = { .sa_handler = count, .sa_flags = flags };

	GUEST_RETURNS(sigaction(sig, &sa, NULL), 0);
}

static sigset_t only(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	if (sig)
		sigaddset(&set, sig);
	return set;
}

/* This thread blocks just @sig, or nothing. */
static void block(int sig)
{
	sigset_t set = only(sig);

	GUEST_RETURNS(pthread_sigmask(SIG_SETMASK, &set, NULL), 0);
}

static bool blocked(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	pthread_sigmask(SIG_BLOCK, NULL, &set);
	return sigismember(&set, sig);
}

static bool pending(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigpending(&set);
	return sigismember(&set, sig);
}

/* A signal to a thread asleep in the wait; an event then is not lost. */
static void interrupted(int flags, struct behave_waiter w)
{
	int p[2];

	caught = 0;
	guest_pipe(p);
	w.ep = behave_create();
	behave_add(w.ep, p[0], EPOLLIN | EPOLLET);
	on_signal(SIGUSR1, flags);
	behave_waiter_start(&w);
	pthread_kill(w.thread, SIGUSR1);
	ck_assert_int_eq(behave_waiter_join(&w), -EINTR);
	ck_assert_int_eq(caught, 1);
	behave_none(w.ep);
	guest_put(p[1]);
	behave_expect(w.ep, p[0], EPOLLIN);
}

BEHAVE_TEST(signal_eintr, 20, BEHAVE_EVERY,
	    "a signal with a handler ends the wait with EINTR; what comes after is told in the next")
{
	interrupted(0, (struct behave_waiter){ .ms = -1 });
	interrupted(0, (struct behave_waiter){ .ms = 1000000 });
}

BEHAVE_TEST(signal_eintr_with_sa_restart, 20, BEHAVE_EVERY,
	    "SA_RESTART does not restart the wait: EINTR, with a timeout or for ever")
{
	interrupted(SA_RESTART, (struct behave_waiter){ .ms = -1 });
	interrupted(SA_RESTART, (struct behave_waiter){ .ms = 1000000 });
}

BEHAVE_TEST(signal_eintr_pwait2, 20, BEHAVE_EPOLL,
	    "a signal ends the wait with ns with EINTR, with SA_RESTART and without")
{
	static const struct timespec t = { 1000, 0 };

	interrupted(0, (struct behave_waiter){ .pwait2 = true });
	interrupted(SA_RESTART, (struct behave_waiter){ .pwait2 = true });
	interrupted(0, (struct behave_waiter){ .pwait2 = true, .t = &t });
	interrupted(SA_RESTART, (struct behave_waiter){ .pwait2 = true,
							.t = &t });
}

BEHAVE_TEST(signal_ignored, 20, BEHAVE_EVERY,
	    "a signal that is ignored or blocked leaves the waiter asleep")
{
	struct behave_waiter w = { .ms = -1 };
	int p[2];

	guest_pipe(p);
	w.ep = behave_create();
	behave_add(w.ep, p[0], EPOLLIN | EPOLLET);
	signal(SIGUSR1, SIG_IGN);
	on_signal(SIGUSR2, 0);
	block(SIGUSR2);		/* inherited by the thread */
	behave_waiter_start(&w);
	pthread_kill(w.thread, SIGUSR1);
	pthread_kill(w.thread, SIGUSR2);
	behave_waiter_sleeps(&w);
	guest_put(p[1]);
	behave_waiter_got(&w, p[0], EPOLLIN);
	ck_assert_int_eq(caught, 0);
}

BEHAVE_TEST(signal_and_other_waiters, 30, BEHAVE_EPOLL,
	    "a signal to one of three waiters leaves the others asleep, and the next event wakes one of them")
{
	struct behave_waiter w[3];
	int ep = behave_create(), fd;

	watch(ep, &fd, 1, EPOLLIN | EPOLLET, false);
	on_signal(SIGUSR1, 0);
	for (int i = 0; i < 3; i++) {
		w[i] = (struct behave_waiter){ .ep = ep, .ms = -1 };
		behave_waiter_start(&w[i]);
	}
	pthread_kill(w[2].thread, SIGUSR1);
	ck_assert_int_eq(behave_waiter_join(&w[2]), -EINTR);
	behave_waiter_sleeps(&w[0]);
	behave_waiter_sleeps(&w[1]);
	guest_put(fd);
	behave_waiter_got(&w[1], fd, EPOLLIN);
	behave_waiter_sleeps(&w[0]);
}

BEHAVE_TEST(pwait_mask_blocks, 20, BEHAVE_EPOLL,
	    "a signal in the mask of the wait does not end it, and is delivered when the wait is over")
{
	sigset_t mask = only(SIGUSR1);
	struct behave_waiter w = { .ms = -1, .mask = &mask };
	int fd;

	w.ep = behave_create();
	watch(w.ep, &fd, 1, EPOLLIN, false);
	on_signal(SIGUSR1, 0);
	behave_waiter_start(&w);
	pthread_kill(w.thread, SIGUSR1);
	behave_waiter_sleeps(&w);
	ck_assert_int_eq(caught, 0);
	guest_put(fd);
	behave_waiter_got(&w, fd, EPOLLIN);
	ck_assert_int_eq(caught, 1);
}

BEHAVE_TEST(pwait2_mask_blocks, 20, BEHAVE_EPOLL,
	    "the wait with ns blocks the signals of its mask as well")
{
	sigset_t mask = only(SIGUSR1);
	struct behave_waiter w = { .pwait2 = true, .mask = &mask };
	int fd;

	w.ep = behave_create();
	watch(w.ep, &fd, 1, EPOLLIN, false);
	on_signal(SIGUSR1, 0);
	on_signal(SIGUSR2, 0);
	behave_waiter_start(&w);
	pthread_kill(w.thread, SIGUSR1);
	behave_waiter_sleeps(&w);
	ck_assert_int_eq(caught, 0);
	/* One that is not in the mask ends it, and both are delivered. */
	pthread_kill(w.thread, SIGUSR2);
	ck_assert_int_eq(behave_waiter_join(&w), -EINTR);
	ck_assert_int_eq(caught, 2);
}

static void block_usr1(struct behave_waiter *w)
{
	(void)w;
	block(SIGUSR1);
}

BEHAVE_TEST(pwait_mask_unblocks, 20, BEHAVE_EPOLL,
	    "a signal that the thread blocks and the mask of the wait does not ends the wait")
{
	sigset_t mask = only(0);
	struct behave_waiter w = {
		.ms = -1, .mask = &mask, .setup = block_usr1,
	};
	int fd;

	w.ep = behave_create();
	watch(w.ep, &fd, 1, EPOLLIN, false);
	on_signal(SIGUSR1, 0);
	behave_waiter_start(&w);
	pthread_kill(w.thread, SIGUSR1);
	ck_assert_int_eq(behave_waiter_join(&w), -EINTR);
	ck_assert_int_eq(caught, 1);
}

BEHAVE_TEST(pwait_pending_signal, 20, BEHAVE_EPOLL,
	    "a signal that was pending before the call ends a wait whose mask lets it through, at once; its handler has run")
{
	sigset_t mask = only(0);
	struct epoll_event ev[4];
	int ep = behave_create(), fd;

	watch(ep, &fd, 1, EPOLLIN, false);
	on_signal(SIGUSR1, 0);
	block(SIGUSR1);
	for (int i = 1; i <= 3; i++) {
		raise(SIGUSR1);
		GUEST_FAILS(behave_pwait(ep, ev, 4, i == 1 ? -1 : 100000, &mask),
			    EINTR);
		ck_assert_int_eq(caught, i);
		ck_assert(blocked(SIGUSR1) && !pending(SIGUSR1));
	}
	raise(SIGUSR1);
	GUEST_FAILS(behave_pwait2(ep, ev, 4, NULL, &mask), EINTR);
	ck_assert_int_eq(caught, 4);
}

BEHAVE_TEST(pwait_no_mask, 20, BEHAVE_EPOLL,
	    "without a mask a pending signal that the thread blocks stays where it is")
{
	struct epoll_event ev[4];
	int ep = behave_create();

	on_signal(SIGUSR1, 0);
	block(SIGUSR1);
	raise(SIGUSR1);
	GUEST_RETURNS(behave_pwait(ep, ev, 4, 10, NULL), 0);
	ck_assert(caught == 0 && pending(SIGUSR1));
}

BEHAVE_TEST(pwait_events_before_signal, 20, BEHAVE_EPOLL,
	    "a wait that finds events tells them although a signal is pending that its mask lets through; the signal stays pending")
{
	sigset_t mask = only(0);
	struct epoll_event ev[4];
	int ep = behave_create(), fd;

	watch(ep, &fd, 1, EPOLLIN | EPOLLET, true);
	on_signal(SIGUSR1, 0);
	block(SIGUSR1);
	raise(SIGUSR1);
	GUEST_RETURNS(behave_pwait(ep, ev, 4, -1, &mask), 1);
	ck_assert(caught == 0 && pending(SIGUSR1) && blocked(SIGUSR1));
	GUEST_FAILS(behave_pwait(ep, ev, 4, -1, &mask), EINTR);
	ck_assert_int_eq(caught, 1);
}

BEHAVE_TEST(pwait_zero_and_signal, 20, BEHAVE_EPOLL,
	    "a wait with timeout 0 is 0, not EINTR, although a signal is pending that its mask lets through; the signal stays pending")
{
	const struct timespec zero = { 0, 0 };
	sigset_t mask = only(0);
	struct epoll_event ev[4];
	int ep = behave_create();

	on_signal(SIGUSR1, 0);
	block(SIGUSR1);
	raise(SIGUSR1);
	GUEST_RETURNS(behave_pwait(ep, ev, 4, 0, &mask), 0);
	GUEST_RETURNS(behave_pwait2(ep, ev, 4, &zero, &mask), 0);
	ck_assert(caught == 0 && pending(SIGUSR1) && blocked(SIGUSR1));
}

BEHAVE_TEST(pwait_mask_is_put_back, 20, BEHAVE_EPOLL,
	    "after the wait the thread blocks what it did before, whether it had an event, timed out, was interrupted or failed")
{
	sigset_t mask = only(SIGUSR1);
	struct epoll_event ev[4];
	int ep = behave_create(), fd;

	watch(ep, &fd, 1, EPOLLIN | EPOLLET, true);
	on_signal(SIGUSR2, 0);
	block(SIGUSR2);
	for (int i = 0; i < 7; i++) {
		switch (i) {
		case 0:
			GUEST_RETURNS(behave_pwait(ep, ev, 4, -1, &mask), 1);
			break;
		case 1:
			GUEST_RETURNS(behave_pwait(ep, ev, 4, 0, &mask), 0);
			break;
		case 2:
			GUEST_RETURNS(behave_pwait(ep, ev, 4, 5, &mask), 0);
			break;
		case 3:
			raise(SIGUSR2);
			GUEST_FAILS(behave_pwait(ep, ev, 4, -1, &mask), EINTR);
			break;
		case 4:
			GUEST_FAILS(behave_pwait(ep, ev, 0, -1, &mask), EINVAL);
			break;
		case 5:
			GUEST_FAILS(behave_pwait(ep, KERNEL_ADDRESS, 1, -1,
						 &mask), EFAULT);
			break;
		case 6:
			guest_put(fd);
			GUEST_FAILS(behave_pwait(ep, behave_before_hole(0), 1,
						 -1, &mask), EFAULT);
			break;
		}
		ck_assert_msg(blocked(SIGUSR2) && !blocked(SIGUSR1),
			      "case %d: USR1 %d, USR2 %d", i, blocked(SIGUSR1),
			      blocked(SIGUSR2));
	}
}

BEHAVE_TEST(pwait_cannot_block_kill, 20, BEHAVE_EPOLL,
	    "SIGKILL ends a process in a wait whose mask has every signal")
{
	struct epoll_event ev[4];
	int ep = behave_create(), status;
	sigset_t all;
	pid_t pid;

	sigfillset(&all);
	pid = guest_fork();
	if (!pid)
		_exit(behave_pwait(ep, ev, 4, -1, &all));
	guest_in_syscall(pid, pid, -1, ep);
	kill(pid, SIGKILL);
	ck_assert(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
}

BEHAVE_TEST(signal_stop_and_continue, 30, BEHAVE_EVERY,
	    "a process that is stopped and continued in the wait gets EINTR, and the event of meanwhile in the next wait")
{
	int p[2], ep = behave_create(), status;
	struct epoll_event ev[4];
	pid_t pid;

	guest_pipe(p);
	behave_add(ep, p[0], EPOLLIN | EPOLLET);
	pid = guest_fork();
	if (!pid) {
		if (behave_wait(ep, ev, 4, -1) != -1 || errno != EINTR)
			_exit(1);
		_exit(behave_wait(ep, ev, 4, GUEST_WAIT_MS) == 1 ? 0 : 2);
	}
	guest_in_syscall(pid, pid, -1, ep);
	kill(pid, SIGSTOP);
	ck_assert(waitpid(pid, &status, WUNTRACED) == pid &&
		  WIFSTOPPED(status));
	guest_put(p[1]);
	kill(pid, SIGCONT);
	guest_reap(pid);
}

BEHAVE_TEST(signal_under_fire, 120, BEHAVE_EVERY,
	    "with a signal every millisecond 1000 edges are told, each once: EINTR loses none and repeats none")
{
	struct itimerval it = { { 0, 1000 }, { 0, 1000 } };
	struct epoll_event ev[4];
	int p[2], ep = behave_create(), n;
	long eintr = 0;

	guest_pipe(p);
	behave_add(ep, p[0], EPOLLIN | EPOLLET);
	on_signal(SIGALRM, SA_RESTART);
	GUEST_RETURNS(setitimer(ITIMER_REAL, &it, NULL), 0);
	for (int got = 0; got < 1000; got++) {
		guest_put(p[1]);
		while ((n = behave_wait(ep, ev, 4, 1000)) < 0 && errno == EINTR)
			eintr++;
		ck_assert_msg(n == 1, "event %d: got %d", got, n);
		GUEST_RETURNS(guest_drain(p[0]), 1);
		if (got % 20)
			continue;
		/* There is nothing else to come. */
		GUEST_FAILS(behave_wait(ep, ev, 4, -1), EINTR);
		eintr++;
	}
	ck_assert_int_ge(eintr, 50);
}

/*
 * Several waiters
 */

static void start(struct behave_waiter *w, int n, int ep, int max)
{
	for (int i = 0; i < n; i++) {
		w[i] = (struct behave_waiter){ .ep = ep, .max = max, .ms = -1 };
		behave_waiter_start(&w[i]);
	}
}

BEHAVE_TEST(waiters_one_edge_wakes_one, 30, BEHAVE_EPOLL,
	    "edge-triggered: one event wakes one of three waiters, the one that came last; the others sleep on")
{
	struct behave_waiter w[3];
	int ep = behave_create(), fd;

	watch(ep, &fd, 1, EPOLLIN | EPOLLET, false);
	start(w, 3, ep, 0);
	guest_put(fd);
	behave_waiter_got(&w[2], fd, EPOLLIN);
	behave_waiter_sleeps(&w[1]);
	behave_waiter_sleeps(&w[0]);
}

BEHAVE_TEST(waiters_last_is_first, 30, BEHAVE_EPOLL,
	    "events one after the other wake the waiters in the reverse order of their coming")
{
	struct behave_waiter w[4];
	int ep = behave_create(), fd[4];

	watch(ep, fd, 4, EPOLLIN | EPOLLET, false);
	start(w, 4, ep, 0);
	for (int i = 3; i >= 0; i--) {
		guest_put(fd[i]);
		behave_waiter_got(&w[i], fd[i], EPOLLIN);
		for (int j = 0; j < i; j++)
			behave_waiter_sleeps(&w[j]);
	}
}

BEHAVE_TEST(waiters_n_edges_wake_n, 30, BEHAVE_EPOLL,
	    "edge-triggered: four events in a row wake four waiters for one event each, and each gets another")
{
	struct behave_waiter w[4];
	int ep = behave_create(), fd[4];
	bool told[4] = { false };

	watch(ep, fd, 4, EPOLLIN | EPOLLET, false);
	start(w, 4, ep, 1);
	for (int i = 0; i < 4; i++)
		guest_put(fd[i]);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(behave_waiter_join(&w[i]), 1);
		for (int j = 0; j < 4; j++)
			if (w[i].ev[0].data.fd == fd[j]) {
				ck_assert(!told[j]);
				told[j] = true;
			}
	}
	for (int j = 0; j < 4; j++)
		ck_assert(told[j]);
	behave_none(ep);
}

BEHAVE_TEST(waiters_level_wakes_all, 30, BEHAVE_EPOLL,
	    "level-triggered: one event that nobody reads wakes all of four waiters, one after the other")
{
	struct behave_waiter w[4];
	int ep = behave_create(), fd;

	watch(ep, &fd, 1, EPOLLIN, false);
	start(w, 4, ep, 0);
	guest_put(fd);
	for (int i = 0; i < 4; i++)
		behave_waiter_got(&w[i], fd, EPOLLIN);
}

BEHAVE_TEST(waiters_oneshot_wakes_one, 30, BEHAVE_EPOLL,
	    "one-shot: one event wakes one of three waiters; MOD wakes the next")
{
	struct behave_waiter w[3];
	int ep = behave_create(), fd;

	watch(ep, &fd, 1, EPOLLIN | EPOLLONESHOT, false);
	start(w, 3, ep, 0);
	guest_put(fd);
	behave_waiter_got(&w[2], fd, EPOLLIN);
	behave_waiter_sleeps(&w[1]);
	behave_mod(ep, fd, EPOLLIN | EPOLLONESHOT);
	behave_waiter_got(&w[1], fd, EPOLLIN);
	behave_waiter_sleeps(&w[0]);
}

BEHAVE_TEST(waiters_timeout_takes_no_wakeup, 30, BEHAVE_EPOLL,
	    "a waiter that timed out does not take the wake-up of one that sleeps on")
{
	struct behave_waiter w = { .ms = -1 };
	struct epoll_event ev[4];
	int fd;

	w.ep = behave_create();
	watch(w.ep, &fd, 1, EPOLLIN | EPOLLET, false);
	behave_waiter_start(&w);
	GUEST_RETURNS(behave_wait(w.ep, ev, 4, 10), 0);
	behave_waiter_sleeps(&w);
	guest_put(fd);
	behave_waiter_got(&w, fd, EPOLLIN);
}

BEHAVE_TEST(waiters_woken_by_add, 30, BEHAVE_EPOLL,
	    "ADD of what is ready wakes a waiter; ADD of what is not does not")
{
	struct behave_waiter w = { .ms = -1 };
	int ready = guest_eventfd(), not = guest_eventfd();

	guest_put(ready);
	w.ep = behave_create();
	behave_waiter_start(&w);
	behave_add(w.ep, not, EPOLLIN);
	behave_waiter_sleeps(&w);
	behave_add(w.ep, ready, EPOLLIN);
	behave_waiter_got(&w, ready, EPOLLIN);
}

BEHAVE_TEST(waiters_watch_added_later, 30, BEHAVE_EVERY,
	    "a waiter that slept already when a file was added is woken by its event")
{
	struct behave_waiter w = { .ms = -1 };
	int p[2];

	guest_pipe(p);
	w.ep = behave_create();
	behave_waiter_start(&w);
	behave_add(w.ep, p[0], EPOLLIN | EPOLLET);
	behave_waiter_sleeps(&w);
	guest_put(p[1]);
	behave_waiter_got(&w, p[0], EPOLLIN);
}

BEHAVE_TEST(waiters_woken_by_mod, 30, BEHAVE_EPOLL,
	    "MOD to a mask that holds wakes a waiter; MOD to one that does not hold does not")
{
	struct behave_waiter w = { .ms = -1 };
	int fd = guest_eventfd();

	w.ep = behave_create();
	behave_add(w.ep, fd, 0);
	behave_waiter_start(&w);
	behave_mod(w.ep, fd, EPOLLIN);
	behave_waiter_sleeps(&w);
	behave_mod(w.ep, fd, EPOLLIN | EPOLLOUT);
	behave_waiter_got(&w, fd, EPOLLOUT);
}

BEHAVE_TEST(waiters_woken_by_add_again, 30, BEHAVE_EPOLL,
	    "edge-triggered: DEL and ADD of what was told and still holds wake a waiter, DEL alone does not")
{
	struct behave_waiter w = { .ms = -1 };
	int fd;

	w.ep = behave_create();
	watch(w.ep, &fd, 1, EPOLLIN | EPOLLET, true);
	behave_expect(w.ep, fd, EPOLLIN);
	behave_waiter_start(&w);
	behave_del(w.ep, fd);
	behave_waiter_sleeps(&w);
	behave_add(w.ep, fd, EPOLLIN | EPOLLET);
	behave_waiter_got(&w, fd, EPOLLIN);
}

BEHAVE_TEST(waiters_of_two_instances, 30, BEHAVE_EPOLL,
	    "an event of one instance leaves the waiters of another one asleep")
{
	struct behave_waiter a = { .ms = -1 }, b = { .ms = -1 };
	int fa, fb;

	a.ep = behave_create();
	b.ep = behave_create();
	watch(a.ep, &fa, 1, EPOLLIN, false);
	watch(b.ep, &fb, 1, EPOLLIN, false);
	behave_waiter_start(&a);
	behave_waiter_start(&b);
	guest_put(fa);
	behave_waiter_got(&a, fa, EPOLLIN);
	behave_waiter_sleeps(&b);
	guest_put(fb);
	behave_waiter_got(&b, fb, EPOLLIN);
}

/*
 * Threads that take the events of one instance, and a test that makes all its
 * sources ready at once, again when all was read.  An event that is lost is a
 * count that nobody reads, and its round does not end.
 */
enum { SOURCES = 6, THREADS = 3 };

struct takers {
	int ep;
	int max;
	uint32_t rearm;		/* mask for MOD after each event, or 0 */
	int fd[SOURCES];
	int holders[SOURCES];	/* threads that have its event */
	long seen;		/* sum of what was read */
};

static void take(struct takers *t, int i)
{
	uint64_t got;

	if (t->rearm) {
		int others = __atomic_fetch_add(&t->holders[i], 1,
						__ATOMIC_ACQ_REL);

		ck_assert_msg(!others, "source %d: two threads have it", i);
	}
	if (read(t->fd[i], &got, sizeof(got)) == sizeof(got))
		__atomic_fetch_add(&t->seen, (long)got, __ATOMIC_ACQ_REL);
	if (t->rearm) {
		struct epoll_event ev = { .events = t->rearm, .data.fd = i };

		__atomic_fetch_sub(&t->holders[i], 1, __ATOMIC_ACQ_REL);
		GUEST_RETURNS(behave_ctl(t->ep, EPOLL_CTL_MOD, t->fd[i], &ev),
			      0);
	}
}

static void *taker(void *arg)
{
	struct takers *t = arg;
	struct epoll_event ev[SOURCES + 1];

	for (;;) {
		int n = behave_wait(t->ep, ev, t->max, -1);

		ck_assert_int_ge(n, 1);
		for (int i = 0; i < n; i++) {
			if (ev[i].data.fd == SOURCES)	/* the end */
				return NULL;
			take(t, ev[i].data.fd);
		}
	}
}

static void run_takers(struct takers *t, uint32_t events)
{
	pthread_t threads[THREADS];
	struct epoll_event ev;
	int rounds = guest_rounds(300), stop = guest_eventfd();

	t->ep = behave_create();
	for (int i = 0; i < SOURCES; i++) {
		t->fd[i] = guest_eventfd();
		ev = (struct epoll_event){ .events = events, .data.fd = i };
		GUEST_RETURNS(behave_ctl(t->ep, EPOLL_CTL_ADD, t->fd[i], &ev),
			      0);
	}
	for (int i = 0; i < THREADS; i++)
		threads[i] = guest_thread(taker, t);
	for (long round = 1; round <= rounds; round++) {
		int64_t end = now() + 2 * GUEST_WAIT_MS * (SECOND / 1000);

		for (int i = 0; i < SOURCES; i++)
			guest_put(t->fd[(i + round) % SOURCES]);
		while (__atomic_load_n(&t->seen, __ATOMIC_ACQUIRE) <
		       round * SOURCES) {
			ck_assert_msg(now() < end, "round %ld: read %ld of %ld",
				      round, t->seen, round * SOURCES);
			sched_yield();
		}
	}
	ev = (struct epoll_event){ .events = EPOLLIN, .data.fd = SOURCES };
	guest_put(stop);
	GUEST_RETURNS(behave_ctl(t->ep, EPOLL_CTL_ADD, stop, &ev), 0);
	for (int i = 0; i < THREADS; i++)
		guest_join(threads[i]);
}

BEHAVE_TEST(waiters_edges_under_fire, 120, LOSES_NOTHING,
	    "edge-triggered: three threads that wait at once are told of every event while others are handed out")
{
	static struct takers t = { .max = SOURCES + 1 };

	run_takers(&t, EPOLLIN | EPOLLET);
}

BEHAVE_TEST(waiters_edges_under_fire_one_by_one, 120, LOSES_NOTHING,
	    "edge-triggered: the same with room for one event")
{
	static struct takers t = { .max = 1 };

	run_takers(&t, EPOLLIN | EPOLLET);
}

BEHAVE_TEST(waiters_levels_under_fire, 120, LOSES_NOTHING,
	    "level-triggered: three threads that wait at once leave nothing unread")
{
	static struct takers t = { .max = 2 };

	run_takers(&t, EPOLLIN);
}

BEHAVE_TEST(waiters_oneshot_under_fire, 120, LOSES_NOTHING,
	    "one-shot: of three threads only one has a descriptor at a time, and nothing is lost over 1800 events and as many MODs")
{
	static struct takers t = { .max = 2, .rearm = EPOLLIN | EPOLLONESHOT };

	run_takers(&t, EPOLLIN | EPOLLONESHOT);
}

BEHAVE_TEST(waiters_oneshot_edges_under_fire, 120, LOSES_NOTHING,
	    "one-shot and edge-triggered: the same")
{
	static struct takers t = {
		.max = 1, .rearm = EPOLLIN | EPOLLET | EPOLLONESHOT,
	};

	run_takers(&t, EPOLLIN | EPOLLET | EPOLLONESHOT);
}
