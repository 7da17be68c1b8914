// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_cycle.c - cycles that go through the kernel's epoll
 *
 * Among instances of one kind a cycle is refused.  Instances of the kernel's
 * epoll and of ours do not see each other's links, so a cycle of both can be
 * made, and has to do no harm: an event goes round once and ends; no thread
 * waits for a lock that it holds itself; no stack is used up.  These tests are
 * for the port alone: the kernel's epoll never meets itself like this.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <time.h>

#include "behave.h"

static int kernel_create(void)
{
	int k = epoll_create1(EPOLL_CLOEXEC);

	ck_assert_msg(k >= 0, "epoll_create1: %s", strerror(errno));
	return k;
}

static void kernel_add(int k, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	GUEST_RETURNS(epoll_ctl(k, EPOLL_CTL_ADD, fd, &ev), 0);
}

/* Waits on @ep until @fd is told, whatever else is. */
static void until_told(int ep, int fd)
{
	struct epoll_event ev[4];
	int n;

	do {
		n = behave_wait(ep, ev, 4, GUEST_WAIT_MS);
		ck_assert_msg(n > 0, "waited in vain for fd %d: %d", fd, n);
		while (n > 0 && ev[n - 1].data.fd != fd)
			n--;
	} while (!n);
}

/* Waits until nothing comes for a while: an echo in a cycle must end. */
static void until_quiet(int ep)
{
	struct epoll_event ev[4];

	for (int i = 0; behave_wait(ep, ev, 4, 300) > 0; i++)
		ck_assert_msg(i < 100, "one event in a cycle is told without end");
}

/*
 * ep watches k, k watches ep, and both @inner and @outer say how.  Edges inside,
 * or a level would be true for good: each side sees the other ready.
 */
static int cycle(int ep, uint32_t inner, uint32_t outer)
{
	int k = kernel_create();

	kernel_add(k, ep, outer);
	behave_add(ep, k, inner);
	return k;
}

static void cycle_try(uint32_t inner, uint32_t outer)
{
	int p[2], ep = behave_create(), k = cycle(ep, inner, outer);
	struct epoll_event ev;

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	for (int i = 0; i < 20; i++) {
		guest_put(p[1]);
		until_told(ep, p[0]);
		epoll_wait(k, &ev, 1, 0);
		GUEST_RETURNS(guest_poll(ep, POLLOUT), 0);
		GUEST_RETURNS(guest_poll(k, POLLOUT), 0);
	}
	if (inner & EPOLLET)
		until_quiet(ep);
	/* Either may be closed first. */
	close(outer & EPOLLET ? k : ep);
	guest_put(p[1]);
	close(outer & EPOLLET ? ep : k);
}

BEHAVE_TEST(cycle_edge_edge, 60, BEHAVE_PORT,
	    "a cycle with the kernel's epoll, edge-triggered both ways: events come, echoes end")
{
	cycle_try(EPOLLIN | EPOLLET, EPOLLIN | EPOLLET);
}

BEHAVE_TEST(cycle_edge_level, 60, BEHAVE_PORT,
	    "the same, level-triggered in the kernel's instance")
{
	cycle_try(EPOLLIN | EPOLLET, EPOLLIN);
}

BEHAVE_TEST(cycle_level_edge, 60, BEHAVE_PORT,
	    "the same, level-triggered in ours")
{
	cycle_try(EPOLLIN, EPOLLIN | EPOLLET);
}

BEHAVE_TEST(cycle_level_level, 60, BEHAVE_PORT,
	    "the same, level-triggered in both: each sees the other ready, and all calls return")
{
	cycle_try(EPOLLIN, EPOLLIN);
}

BEHAVE_TEST(cycle_other_bits, 60, BEHAVE_PORT,
	    "a cycle whose links ask for every bit there is")
{
	cycle_try(0xffff | EPOLLET, 0xffff | EPOLLET);
	cycle_try(EPOLLIN | EPOLLONESHOT, EPOLLIN | EPOLLONESHOT);
	cycle_try(EPOLLOUT | EPOLLPRI | EPOLLET, EPOLLOUT | EPOLLPRI);
}

BEHAVE_TEST(cycle_source_in_the_kernels, 60, BEHAVE_PORT,
	    "a source in the kernel's instance of a cycle is told in both")
{
	int p[2], ep = behave_create();
	int k = cycle(ep, EPOLLIN | EPOLLET, EPOLLIN | EPOLLET);
	struct epoll_event ev[4];

	guest_pipe(p);
	kernel_add(k, p[0], EPOLLIN | EPOLLET);
	for (int i = 0; i < 10; i++) {
		int n;

		guest_put(p[1]);
		until_told(ep, k);
		do {
			n = epoll_wait(k, ev, 4, GUEST_WAIT_MS);
			ck_assert_int_gt(n, 0);
			while (n > 0 && ev[n - 1].data.fd != p[0])
				n--;
		} while (!n);
		until_quiet(ep);
	}
}

static void *kernel_waiter(void *arg)
{
	struct epoll_event ev;

	return (void *)(long)epoll_wait(*(int *)arg, &ev, 1, 2 * GUEST_WAIT_MS);
}

BEHAVE_TEST(cycle_sleepers, 60, BEHAVE_PORT,
	    "threads that sleep on both sides of a cycle are woken by one event")
{
	int p[2], ep = behave_create();
	int k = cycle(ep, EPOLLIN | EPOLLET, EPOLLIN | EPOLLET);
	struct epoll_event ev[4];

	guest_pipe(p);
	/* A level, or the first of them would take it from the other. */
	behave_add(ep, p[0], EPOLLIN);
	for (int i = 0; i < 10; i++) {
		struct behave_waiter w = { .ep = ep, .ms = -1 };
		pthread_t t;

		until_quiet(ep);
		epoll_wait(k, ev, 4, 0);
		behave_waiter_start(&w);
		t = guest_thread(kernel_waiter, &k);
		guest_put(p[1]);
		ck_assert_int_gt(behave_waiter_join(&w), 0);
		GUEST_RETURNS((long)guest_join(t), 1);
		guest_drain(p[0]);
	}
}

BEHAVE_TEST(cycle_three, 60, BEHAVE_PORT,
	    "a cycle of two instances of ours and one of the kernel's, which none of the checks sees")
{
	int p[2], a = behave_create(), b = behave_create(), k = kernel_create();

	behave_add(a, b, EPOLLIN | EPOLLET);
	behave_add(b, k, EPOLLIN | EPOLLET);
	kernel_add(k, a, EPOLLIN | EPOLLET);
	behave_pipe(b, p, EPOLLIN | EPOLLET);
	for (int i = 0; i < 10; i++) {
		guest_put(p[1]);
		until_told(a, b);
		until_told(b, p[0]);
	}
	until_quiet(a);
	until_quiet(b);
	/* What it does see is as before. */
	GUEST_FAILS(behave_set(b, EPOLL_CTL_ADD, a, EPOLLIN), ELOOP);
}

BEHAVE_TEST(cycle_two_crossed, 60, BEHAVE_PORT,
	    "two instances of ours and two of the kernel's, each watching both of the other kind")
{
	int p[2], ep[2], k[2];
	struct epoll_event ev[4];

	for (int i = 0; i < 2; i++) {
		ep[i] = behave_create();
		k[i] = kernel_create();
	}
	for (int i = 0; i < 4; i++) {
		behave_add(ep[i & 1], k[i >> 1], EPOLLIN | EPOLLET);
		kernel_add(k[i & 1], ep[i >> 1], EPOLLIN | EPOLLET);
	}
	guest_pipe(p);
	behave_add(ep[0], p[0], EPOLLIN | EPOLLET);
	kernel_add(k[0], p[0], EPOLLIN | EPOLLET);
	for (int i = 0; i < 10; i++) {
		guest_put(p[1]);
		until_told(ep[0], p[0]);
		epoll_wait(k[0], ev, 4, 0);
		epoll_wait(k[1], ev, 4, 0);
	}
	until_quiet(ep[0]);
	until_quiet(ep[1]);
}

enum { ALTERNATIONS = 30 };

/* ep[0] - k[0] - ep[1] - k[1] ..., each watches the next; back to ep[0] if @round. */
static void alternate(int *ep, int *k, bool round)
{
	for (int i = 0; i < ALTERNATIONS; i++) {
		ep[i] = behave_create();
		k[i] = kernel_create();
	}
	for (int i = 0; i < ALTERNATIONS; i++) {
		behave_add(ep[i], k[i], EPOLLIN | EPOLLET);
		if (i + 1 < ALTERNATIONS)
			kernel_add(k[i], ep[i + 1], EPOLLIN | EPOLLET);
		else if (round)
			kernel_add(k[i], ep[0], EPOLLIN | EPOLLET);
	}
}

BEHAVE_TEST(chain_through_the_kernels, 120, BEHAVE_PORT,
	    "an event passes up a chain of thirty instances of ours and thirty of the kernel's")
{
	int ep[ALTERNATIONS], k[ALTERNATIONS], p[2];

	alternate(ep, k, false);
	guest_pipe(p);
	behave_add(ep[ALTERNATIONS - 1], p[0], EPOLLIN | EPOLLET);
	for (int i = 0; i < 3; i++) {
		guest_put(p[1]);
		/* From the top: each is true only while the one below is. */
		for (int j = 0; j < ALTERNATIONS - 1; j++)
			until_told(ep[j], k[j]);
		until_told(ep[ALTERNATIONS - 1], p[0]);
	}
}

/* What all of them have to tell, and the kernel's ones are asked as well. */
static int drain_all(const int *ep, const int *k)
{
	struct epoll_event ev[4];
	int told = 0;

	for (int i = 0; i < ALTERNATIONS; i++) {
		guest_poll(ep[i], POLLIN);
		guest_poll(k[i], POLLIN);
	}
	for (int i = 0; i < ALTERNATIONS; i++)
		while (behave_wait(ep[i], ev, 4, 0) > 0)
			told++;
	return told;
}

/* What an event leaves behind, still on its way, would be where the next one ends. */
static void until_all_quiet(const int *ep, const int *k)
{
	for (int i = 0; drain_all(ep, k); i++) {
		ck_assert_msg(i < 100, "one event in a cycle is told without end");
		usleep(20000);
	}
}

BEHAVE_TEST(cycle_through_the_kernels, 120, BEHAVE_PORT,
	    "an event in a cycle of thirty and thirty goes round and ends")
{
	int ep[ALTERNATIONS], k[ALTERNATIONS], p[2];

	alternate(ep, k, true);
	guest_pipe(p);
	behave_add(ep[17], p[0], EPOLLIN | EPOLLET);
	for (int i = 0; i < 3; i++) {
		guest_put(p[1]);
		until_told(ep[17], p[0]);
		/* All the way round: the one below hears last. */
		until_told(ep[18], k[18]);
		until_all_quiet(ep, k);
	}
}

/*
 * Threads that pull at a cycle from all sides at once
 */

struct tug {
	int ep, k, p[2];
	bool stop;
};

static bool tug_on(struct tug *t)
{
	return !__atomic_load_n(&t->stop, __ATOMIC_RELAXED);
}

static void *tug_write(void *arg)
{
	struct tug *t = arg;
	char c;

	while (tug_on(t)) {
		if (write(t->p[1], "x", 1) < 0 && errno != EAGAIN)
			return "write";
		if (read(t->p[0], &c, 1) < 0 && errno != EAGAIN)
			return "read";
	}
	return NULL;
}

static void *tug_kernel(void *arg)
{
	struct tug *t = arg;

	while (tug_on(t)) {
		struct epoll_event ev = { .events = EPOLLIN };

		if (epoll_ctl(t->k, EPOLL_CTL_ADD, t->ep, &ev))
			return "EPOLL_CTL_ADD to the kernel's";
		if (epoll_wait(t->k, &ev, 1, 0) < 0)
			return "epoll_wait";
		if (epoll_ctl(t->k, EPOLL_CTL_DEL, t->ep, &ev))
			return "EPOLL_CTL_DEL from the kernel's";
	}
	return NULL;
}

static void *tug_ours(void *arg)
{
	struct tug *t = arg;
	struct epoll_event ev[4];

	while (tug_on(t)) {
		if (behave_set(t->ep, EPOLL_CTL_ADD, t->k, EPOLLIN))
			return "ADD to ours";
		if (behave_wait(t->ep, ev, 4, 0) < 0)
			return "wait on ours";
		if (behave_set(t->ep, EPOLL_CTL_DEL, t->k, 0))
			return "DEL from ours";
	}
	return NULL;
}

static void *tug_wait(void *arg)
{
	struct tug *t = arg;
	struct epoll_event ev[4];

	while (tug_on(t))
		if (behave_wait(t->ep, ev, 4, 1) < 0)
			return "wait on ours";
	return NULL;
}

static void *tug_kernel_wait(void *arg)
{
	struct tug *t = arg;
	struct epoll_event ev[4];

	while (tug_on(t))
		if (epoll_wait(t->k, ev, 4, 1) < 0)
			return "epoll_wait";
	return NULL;
}

static void tug(struct tug *t, void *(*const *fn)(void *), int n)
{
	struct timespec while_it_lasts = { 2, 0 };
	pthread_t thread[4];
	const char *why;

	for (int i = 0; i < n; i++)
		thread[i] = guest_thread(fn[i], t);
	nanosleep(&while_it_lasts, NULL);
	__atomic_store_n(&t->stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < n; i++) {
		why = guest_join(thread[i]);
		ck_assert_msg(!why, "thread %d: %s failed", i, why);
	}
}

BEHAVE_TEST(cycle_tug_at_the_links, 120, BEHAVE_PORT,
	    "both links of a cycle come and go under events: no deadlock")
{
	static void *(*const fn[])(void *) = { tug_write, tug_kernel, tug_ours };
	struct tug t = { .ep = behave_create(), .k = kernel_create() };

	guest_pipe(t.p);
	behave_add(t.ep, t.p[0], EPOLLIN);
	tug(&t, fn, 3);
}

BEHAVE_TEST(cycle_tug_of_waiters, 120, BEHAVE_PORT,
	    "waits on both sides of a cycle, level-triggered, while events come: no deadlock")
{
	static void *(*const fn[])(void *) = {
		tug_write, tug_wait, tug_kernel_wait, tug_wait,
	};
	struct tug t = { .ep = behave_create() };

	t.k = cycle(t.ep, EPOLLIN, EPOLLIN);
	guest_pipe(t.p);
	behave_add(t.ep, t.p[0], EPOLLIN);
	kernel_add(t.k, t.p[0], EPOLLIN);
	tug(&t, fn, 4);
}

BEHAVE_TEST(cycle_closed_under_events, 120, BEHAVE_PORT,
	    "a cycle is closed while events go round in it")
{
	struct tug t = { .stop = false };
	pthread_t thread;

	guest_pipe(t.p);
	thread = guest_thread(tug_write, &t);
	for (int i = 0; i < guest_rounds(300); i++) {
		t.ep = behave_create();
		t.k = cycle(t.ep, EPOLLIN | EPOLLET, EPOLLIN);
		behave_add(t.ep, t.p[0], EPOLLIN);
		kernel_add(t.k, t.p[0], EPOLLIN);
		close(i & 1 ? t.k : t.ep);
		close(i & 1 ? t.ep : t.k);
	}
	__atomic_store_n(&t.stop, true, __ATOMIC_RELAXED);
	ck_assert_ptr_null(guest_join(thread));
}

BEHAVE_TEST(exclusive_and_the_kernels, 20, BEHAVE_PORT,
	    "a kernel's instance cannot be watched with EPOLLEXCLUSIVE; ours in the kernel's is a plain file and can")
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLEXCLUSIVE, .data.fd = 7 };
	int p[2], ep = behave_create(), k = kernel_create();

	GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, k, EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
	GUEST_RETURNS(epoll_ctl(k, EPOLL_CTL_ADD, ep, &ev), 0);
	behave_pipe(ep, p, EPOLLIN);
	guest_put(p[1]);
	GUEST_RETURNS(epoll_wait(k, &ev, 1, GUEST_WAIT_MS), 1);
	ck_assert_uint_eq(ev.events, EPOLLIN);
}

BEHAVE_TEST(depth_does_not_see_the_kernels, 30, BEHAVE_PORT,
	    "a kernel's instance is a leaf for depth and paths, and ours is one for the kernel's")
{
	int k[6], ep[6], p[2];

	/* Five links of ours are too many; with the kernel's between, none. */
	for (int i = 0; i < 6; i++) {
		ep[i] = behave_create();
		k[i] = kernel_create();
	}
	for (int i = 0; i < 5; i++) {
		behave_add(ep[i], k[i], EPOLLIN);
		kernel_add(k[i], ep[i + 1], EPOLLIN);
	}
	guest_pipe(p);
	behave_add(ep[5], p[0], EPOLLIN);
	guest_put(p[1]);
	until_told(ep[0], k[0]);
	behave_expect(ep[5], p[0], EPOLLIN);
}
