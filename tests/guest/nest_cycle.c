// SPDX-License-Identifier: GPL-2.0-only
/*
 * nest_cycle.c - cycles that go through the kernel's epoll
 *
 * An instance can see a loop of instances and refuses it.  A kernel epoll in
 * between hides the rest from both sides, so such cycles can be made, and
 * they must do no harm: an event in one goes round once and ends, with no
 * lock taken twice and no stack used up.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/epoll.h>
#include <time.h>

#include "told.h"

static int kernel_epoll(void)
{
	int k = epoll_create1(EPOLL_CLOEXEC);

	ck_assert_msg(k >= 0, "epoll_create1: %s", strerror(errno));
	return k;
}

static void kernel_add(int k, int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.fd = fd };

	ck_assert_msg(epoll_ctl(k, EPOLL_CTL_ADD, fd, &e) == 0,
		      "EPOLL_CTL_ADD: %s", strerror(errno));
}

/* EP_POLL until fd is told, whatever else is. */
static void until_told(const struct evset *s, int fd)
{
	const struct pollfd *ev;
	int n;

	do {
		n = evset_wait(s, GUEST_WAIT_MS, &ev);
		ck_assert_msg(n > 0, "waited in vain for fd %d: %d", fd, n);
	} while (!ev_find(ev, n, fd));
}

/* Harvests until nothing comes for a while: an echo in a cycle must end. */
static void until_quiet(const struct evset *s)
{
	int i;

	for (i = 0; evset_wait(s, 300, NULL) > 0; i++)
		ck_assert_msg(i < 100, "one event in a cycle is told without end");
}

/* A watches K, K watches A, A watches a source made by the caller. */
static int cycle_open(struct evset *a, uint32_t how, int bits)
{
	int k = kernel_epoll();

	evset_open(a, 8);
	kernel_add(k, a->fd, how);
	evset_add(a, k, bits);
	return k;
}

static void cycle_try(uint32_t how, int bits)
{
	struct epoll_event e;
	struct evset a;
	int p[2], k, i;

	k = cycle_open(&a, how, bits);
	guest_pipe(p);
	evset_add(&a, p[0], POLLIN);
	for (i = 0; i < 20; i++) {
		guest_put(p[1]);
		until_told(&a, p[0]);
		epoll_wait(k, &e, 1, 0);
	}
	until_quiet(&a);
	/* Either may be closed first. */
	if (how & EPOLLET)
		close(k);
	evset_close(&a);
}

GUEST_TEST(nest, cycle_level, 60,
	   "a cycle of an instance and a level-triggered kernel epoll: events come, echoes end")
{
	cycle_try(EPOLLIN, POLLIN);
}

GUEST_TEST(nest, cycle_edge, 60,
	   "a cycle of an instance and an edge-triggered kernel epoll: events come, echoes end")
{
	cycle_try(EPOLLIN | EPOLLET, POLLIN);
}

GUEST_TEST(nest, cycle_asked, 60,
	   "a cycle whose links ask for bits that have to be asked for ends too")
{
	cycle_try(EPOLLIN | EPOLLPRI, POLL_ALL | POLLPRI | POLLRDHUP);
}

GUEST_TEST(nest, cycle_hangup, 60,
	   "a hang-up with the key 0 in a cycle is told and its echoes end")
{
	struct evset a;
	int u[2];

	cycle_open(&a, EPOLLIN, POLL_ALL | POLLPRI);
	guest_unix(u);
	evset_add(&a, u[0], POLL_ALL | POLLPRI);
	close(u[1]);
	until_told(&a, u[0]);
	until_quiet(&a);
}

GUEST_TEST(nest, cycle_sleepers, 60,
	   "threads in EP_POLL and epoll_wait on both sides of a cycle wake and end")
{
	struct epoll_event e;
	struct evpoller t;
	struct evset a;
	int p[2], k, i;

	k = cycle_open(&a, EPOLLIN, POLLIN);
	guest_pipe(p);
	evset_add(&a, p[0], POLLIN);
	for (i = 0; i < 10; i++) {
		until_quiet(&a);
		evpoller_start(&t, &a, -1);
		guest_put(p[1]);
		ck_assert_int_gt(evpoller_join(&t), 0);
		epoll_wait(k, &e, 1, 0);
	}
}

enum { ALTERNATIONS = 50 };

/* A0 - K0 - A1 - K1 - ... each watches the next; back to A0 if @round. */
static void long_chain(struct evset *a, int *k, bool round, int bits)
{
	int i;

	for (i = 0; i < ALTERNATIONS; i++) {
		evset_open(&a[i], 8);
		k[i] = kernel_epoll();
	}
	for (i = 0; i < ALTERNATIONS; i++)
		evset_add(&a[i], k[i], bits);
	/* From the far end, so that no wake-up comes while it is built. */
	if (round)
		kernel_add(k[ALTERNATIONS - 1], a[0].fd, EPOLLIN);
	for (i = ALTERNATIONS - 2; i >= 0; i--)
		kernel_add(k[i], a[i + 1].fd, EPOLLIN);
}

GUEST_TEST(nest, chain_through_epoll, 120,
	   "an event passes up a chain of 50 instances and 50 kernel epolls")
{
	static struct evset a[ALTERNATIONS];
	int k[ALTERNATIONS], p[2], i, j;

	long_chain(a, k, false, POLLIN);
	guest_pipe(p);
	evset_add(&a[ALTERNATIONS - 1], p[0], POLLIN);
	for (i = 0; i < 3; i++) {
		guest_put(p[1]);
		until_told(&a[0], k[0]);
		for (j = 1; j < ALTERNATIONS - 1; j++)
			until_told(&a[j], k[j]);
		until_told(&a[ALTERNATIONS - 1], p[0]);
	}
}

/*
 * Until a while brings nothing to any of them.  The event comes back to where it began
 * and goes on from there for as long as it finds slots that were taken; one that it
 * leaves behind would be where the next event ends.
 */
static void until_all_quiet(const struct evset *a)
{
	int i, j, n;

	for (i = 0; i < 100; i++) {
		for (j = n = 0; j < ALTERNATIONS; j++)
			while (evset_wait(&a[j], 0, NULL) > 0)
				n++;
		if (!n)
			return;
		usleep(20000);
	}
	guest_fail("one event in a cycle is told without end");
}

GUEST_TEST(nest, cycle_through_epoll, 120,
	   "an event in a cycle of 50 instances and 50 kernel epolls goes round and ends")
{
	static struct evset a[ALTERNATIONS];
	int k[ALTERNATIONS], p[2], i;

	long_chain(a, k, true, POLLIN);
	guest_pipe(p);
	evset_add(&a[17], p[0], POLLIN);
	for (i = 0; i < 3; i++) {
		guest_put(p[1]);
		until_told(&a[17], p[0]);
		/* All the way round: the one above hears last. */
		until_told(&a[18], k[18]);
		until_all_quiet(a);
	}
}

GUEST_TEST(nest, cycle_through_epoll_asked, 120,
	   "the same with bits that have to be asked for at every link: no deep recursion")
{
	static struct evset a[ALTERNATIONS];
	int k[ALTERNATIONS], u[2], j;

	long_chain(a, k, true, POLL_MOST);
	guest_unix(u);
	evset_add(&a[17], u[0], POLL_MOST);
	close(u[1]);
	until_told(&a[17], u[0]);
	for (j = 0; j < ALTERNATIONS; j++) {
		guest_poll(a[j].fd, POLL_MOST);
		guest_poll(k[j], POLL_MOST);
		evset_wait(&a[j], 0, NULL);
	}
}

/* Threads that pull at a cycle from all sides at once. */
struct tug {
	struct evset a;
	int k;
	int p[2];
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

static void *tug_epoll(void *arg)
{
	struct epoll_event e = { .events = EPOLLIN };
	struct tug *t = arg;

	while (tug_on(t)) {
		if (epoll_ctl(t->k, EPOLL_CTL_ADD, t->a.fd, &e) != 0)
			return "EPOLL_CTL_ADD";
		epoll_wait(t->k, &e, 1, 0);
		e.events = EPOLLIN;
		if (epoll_ctl(t->k, EPOLL_CTL_DEL, t->a.fd, &e) != 0)
			return "EPOLL_CTL_DEL";
	}
	return NULL;
}

static void *tug_instance(void *arg)
{
	struct tug *t = arg;

	while (tug_on(t)) {
		if (evset_ctl(&t->a, t->k, POLL_MOST) != 8)
			return "add";
		if (evset_wait(&t->a, 0, NULL) < 0)
			return "EP_POLL";
		if (evset_ctl(&t->a, t->k, POLLREMOVE) != 8)
			return "remove";
	}
	return NULL;
}

GUEST_TEST(nest, cycle_tug, 120,
	   "both links of a cycle come and go under events: no deadlock")
{
	static void *(*const fn[])(void *) = { tug_write, tug_epoll, tug_instance };
	struct timespec second = { 2, 0 };
	pthread_t th[3];
	struct tug t = { .stop = false };
	int i;

	evset_open(&t.a, 8);
	t.k = kernel_epoll();
	guest_pipe(t.p);
	evset_add(&t.a, t.p[0], POLLIN);
	for (i = 0; i < 3; i++)
		th[i] = guest_thread(fn[i], &t);
	nanosleep(&second, NULL);
	__atomic_store_n(&t.stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 3; i++) {
		const char *why = guest_join(th[i]);

		ck_assert_msg(!why, "thread %d: %s failed", i, why);
	}
}

/* Two instances that try to watch each other at the same moment. */
struct dare {
	const struct evset *from, *to;
	pthread_barrier_t *barrier;
	int result;
};

static void *dare(void *arg)
{
	struct dare *d = arg;

	pthread_barrier_wait(d->barrier);
	d->result = evset_ctl(d->from, d->to->fd, POLLIN);
	return NULL;
}

GUEST_TEST(nest, loop_race, 120,
	   "of two links that would close a loop at the same moment one is refused")
{
	pthread_barrier_t barrier;
	struct dare d[2];
	struct evset s[2];
	pthread_t t[2];
	int i, j;

	pthread_barrier_init(&barrier, NULL, 2);
	evset_open(&s[0], 8);
	evset_open(&s[1], 8);
	for (i = 0; i < 100; i++) {
		for (j = 0; j < 2; j++) {
			d[j] = (struct dare){ &s[j], &s[!j], &barrier, 0 };
			t[j] = guest_thread(dare, &d[j]);
		}
		for (j = 0; j < 2; j++)
			guest_join(t[j]);
		ck_assert_msg((d[0].result == 8 && d[1].result == -ELOOP) ||
			      (d[1].result == 8 && d[0].result == -ELOOP),
			      "round %d: expected one 8 and one ELOOP, got %d and %d",
			      i, d[0].result, d[1].result);
		evset_del(&s[0], s[1].fd);
		evset_del(&s[1], s[0].fd);
	}
}

static void *close_at_once(void *arg)
{
	struct dare *d = arg;

	pthread_barrier_wait(d->barrier);
	close(d->to->fd);
	return NULL;
}

GUEST_TEST(nest, close_race, 120,
	   "a watched instance and the one that watches it are closed at the same moment")
{
	pthread_barrier_t barrier;
	struct dare d[2];
	struct evset s[2];
	pthread_t t[2];
	int p[2], i, j;

	pthread_barrier_init(&barrier, NULL, 2);
	guest_pipe(p);
	for (i = 0; i < 100; i++) {
		for (j = 0; j < 2; j++) {
			evset_open(&s[j], 8);
			evset_unmap(&s[j]);
		}
		evset_add(&s[0], s[1].fd, POLLIN);
		evset_add(&s[1], p[0], POLLIN);
		guest_put(p[1]);
		for (j = 0; j < 2; j++) {
			d[j] = (struct dare){ NULL, &s[j], &barrier, 0 };
			t[j] = guest_thread(close_at_once, &d[j]);
		}
		for (j = 0; j < 2; j++)
			guest_join(t[j]);
		guest_drain(p[0]);
	}
}
