// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_timeout.c - epoll_wait: how long it waits
 *
 * A lower bound is exact; there is no upper one, since the machine may be slow,
 * but a test that never ends is ended by the harness.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <sys/socket.h>

#include "behave.h"

#define SECOND		1000000000L	/* in ns */

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

BEHAVE_TEST(timeout_zero, 20, BEHAVE_EPOLL,
	    "timeout 0 does not wait: 0 without an event, the event with one")
{
	const struct timespec zero = { 0, 0 };
	struct epoll_event ev[4];
	int ep = behave_create(), fd;

	behave_eventfds(ep, &fd, 1, EPOLLIN, false);
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
	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	GUEST_RETURNS(behave_wait(ep, ev, 4, 0), 0);
}

BEHAVE_TEST(timeout_in_ms, 20, BEHAVE_EVERY,
	    "a wait of so many ms returns 0, and no sooner")
{
	static const int ms[] = { 1, 2, 20, 55 };
	struct epoll_event ev[4];
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
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

	behave_eventfds(ep, &fd, 1, EPOLLIN, false);
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

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
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

	behave_eventfds(ep, &fd, 1, EPOLLIN, true);
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
	behave_eventfds(w.ep, &fd, 1, EPOLLIN, false);
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
