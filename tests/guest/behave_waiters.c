// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_waiters.c - epoll_wait: several threads wait for one instance
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>

#include "behave.h"

/* Those that may lose an event while others are handed out do not claim it. */
#define LOSES_NOTHING	(BEHAVE_EPOLL & ~BEHAVE_LOSES)

/* Nor do those whose waiters all wake claim who of them finds the event. */
#define WAKES_ONE	(BEHAVE_EPOLL & ~BEHAVE_HERDS)

static void start(struct behave_waiter *w, int n, int ep, int max)
{
	for (int i = 0; i < n; i++) {
		w[i] = (struct behave_waiter){ .ep = ep, .max = max, .ms = -1 };
		behave_waiter_start(&w[i]);
	}
}

BEHAVE_TEST(waiters_one_edge_wakes_one, 30, WAKES_ONE,
	    "edge-triggered: one event wakes one of three waiters, the one that came last; the others sleep on")
{
	struct behave_waiter w[3];
	int ep = behave_create(), fd;

	behave_eventfds(ep, &fd, 1, EPOLLIN | EPOLLET, false);
	start(w, 3, ep, 0);
	guest_put(fd);
	behave_waiter_got(&w[2], fd, EPOLLIN);
	behave_waiter_sleeps(&w[1]);
	behave_waiter_sleeps(&w[0]);
}

/* How often a thread has gone to sleep; -1 when it is no more. */
static long sleeps(pid_t tid)
{
	char path[64], line[128];
	long n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/status", tid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "voluntary_ctxt_switches: %ld", &n);
	if (f)
		fclose(f);
	return n;
}

/* Three waiters, how often each had slept, and how many are wanted to be through. */
struct herd {
	struct behave_waiter w[3];
	long before[3];
	int through;
};

static bool all_woken(void *arg)
{
	struct herd *h = arg;

	for (int i = 0; i < 3; i++)
		if (sleeps(h->w[i].tid) == h->before[i])
			return false;
	return true;
}

static bool so_many_through(void *arg)
{
	struct herd *h = arg;
	int n = 0;

	for (int i = 0; i < 3; i++)
		n += sleeps(h->w[i].tid) < 0;
	return n == h->through;
}

BEHAVE_TEST(waiters_one_edge_wakes_all, 30, BEHAVE_HERDS,
	    "edge-triggered: one event wakes all of three waiters; one of them finds it, and the others sleep on")
{
	int ep = behave_create(), fd;
	struct herd h;

	behave_eventfds(ep, &fd, 1, EPOLLIN | EPOLLET, false);
	start(h.w, 3, ep, 0);
	for (int i = 0; i < 3; i++)
		h.before[i] = sleeps(h.w[i].tid);
	guest_put(fd);
	guest_until(all_woken, &h, "all waiters are woken");
	for (h.through = 1; h.through < 3; h.through++) {
		guest_until(so_many_through, &h, "one waiter more returns");
		guest_put(fd);
	}
	for (int i = 0; i < 3; i++)
		behave_waiter_got(&h.w[i], fd, EPOLLIN);
}

BEHAVE_TEST(waiters_last_is_first, 30, WAKES_ONE,
	    "events one after the other wake the waiters in the reverse order of their coming")
{
	struct behave_waiter w[4];
	int ep = behave_create(), fd[4];

	behave_eventfds(ep, fd, 4, EPOLLIN | EPOLLET, false);
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

	behave_eventfds(ep, fd, 4, EPOLLIN | EPOLLET, false);
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

	behave_eventfds(ep, &fd, 1, EPOLLIN, false);
	start(w, 4, ep, 0);
	guest_put(fd);
	for (int i = 0; i < 4; i++)
		behave_waiter_got(&w[i], fd, EPOLLIN);
}

BEHAVE_TEST(waiters_oneshot_wakes_one, 30, WAKES_ONE,
	    "one-shot: one event wakes one of three waiters; MOD wakes the next")
{
	struct behave_waiter w[3];
	int ep = behave_create(), fd;

	behave_eventfds(ep, &fd, 1, EPOLLIN | EPOLLONESHOT, false);
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
	behave_eventfds(w.ep, &fd, 1, EPOLLIN | EPOLLET, false);
	behave_waiter_start(&w);
	GUEST_RETURNS(behave_wait(w.ep, ev, 4, 10), 0);
	behave_waiter_sleeps(&w);
	guest_put(fd);
	behave_waiter_got(&w, fd, EPOLLIN);
}

BEHAVE_TEST(waiters_level_beside_a_sleeper, 60, BEHAVE_EPOLL,
	    "level-triggered: what wakes a waiter is seen by each wait of another thread that does not sleep")
{
	int ep = behave_create(), fd;
	struct epoll_event ev[4];

	behave_eventfds(ep, &fd, 1, EPOLLIN, false);
	for (int i = 0; i < 20; i++) {
		struct behave_waiter w = { .ep = ep, .ms = -1 };

		behave_waiter_start(&w);
		guest_put(fd);
		for (int j = 0; j < 20; j++)
			GUEST_RETURNS(behave_wait(ep, ev, 4, 0), 1);
		behave_waiter_got(&w, fd, EPOLLIN);
		guest_drain(fd);
	}
}

BEHAVE_TEST(waiters_level_at_the_timeout, 60, BEHAVE_EPOLL,
	    "level-triggered: with a waiter asleep, a wait that has come to its end tells what holds, and nothing when nothing does")
{
	int ep = behave_create(), fd[20];
	struct behave_waiter w = { .ep = ep, .ms = -1 };
	struct epoll_event ev[20];

	behave_eventfds(ep, fd, 20, EPOLLIN, false);
	behave_waiter_start(&w);
	GUEST_RETURNS(behave_wait(ep, ev, 20, 5), 0);
	for (int i = 0; i < 20; i++)
		guest_put(fd[i]);
	GUEST_RETURNS(behave_wait(ep, ev, 1, 0), 1);
	GUEST_RETURNS(behave_wait(ep, ev, 20, 0), 20);
	ck_assert_int_ge(behave_waiter_join(&w), 1);
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
	behave_eventfds(w.ep, &fd, 1, EPOLLIN | EPOLLET, true);
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
	behave_eventfds(a.ep, &fa, 1, EPOLLIN, false);
	behave_eventfds(b.ep, &fb, 1, EPOLLIN, false);
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
		long end = guest_ms() + 2 * GUEST_WAIT_MS;

		for (int i = 0; i < SOURCES; i++)
			guest_put(t->fd[(i + round) % SOURCES]);
		while (__atomic_load_n(&t->seen, __ATOMIC_ACQUIRE) <
		       round * SOURCES) {
			ck_assert_msg(guest_ms() < end, "round %ld: read %ld of %ld",
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
