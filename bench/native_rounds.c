// SPDX-License-Identifier: GPL-2.0-only
/*
 * native_rounds.c - threads that post to a store, and threads that take
 *
 *	producers  T writers, a counter each; one consumer, level-triggered: stress-epoll,
 *		   2018.  Figure: writes that were delivered.
 *	oneshot	   T waiters that take one event and arm it again, T writers that go round
 *		   ten counters: eponeshotmt, 2013.  Figure: waits.
 *
 * Every round is checked: what was written is read, or its event was lost.  With pauses
 * the writers of "producers" stop now and then until all is read, so that an event has
 * none behind it that would make up for it.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/compiler.h>
#include <linux/processor.h>

#include "native_rounds.h"

#define AT_ONCE		64
#define ONESHOT_ITEMS	10
#define LOST_MS		5000

struct round {
	struct native ep;
	const struct native_how *how;
	int threads;
	int stop;	/* for those who write, and those who wait one by one */
	int quiet;	/* nobody writes any more */
	pthread_barrier_t start;
};

struct worker {
	pthread_t thread;
	struct round *round;
	int number;
	unsigned long done;
	unsigned long lost;
};

void native_die(const char *fmt, ...)
{
	va_list ap;

	fputs("native: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

/* ---- threads ---- */

static cpu_set_t cpus;

/* Before any thread is there. */
__attribute__((constructor))
static void find_cpus(void)
{
	sched_getaffinity(0, sizeof(cpus), &cpus);
}

int native_cpus(void)
{
	return CPU_COUNT(&cpus);
}

/* The thread with this number gets a CPU of its own, while there are any. */
static void pin(int number)
{
	int cpu, left = number % native_cpus();
	cpu_set_t one;

	for (cpu = 0; !CPU_ISSET(cpu, &cpus) || left--; cpu++)
		;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
}

static bool running(struct round *r)
{
	return !READ_ONCE(r->stop);
}

static void start(struct worker *w, struct round *r, int number, void *(*fn)(void *))
{
	int err;

	*w = (struct worker){ .round = r, .number = number };
	err = pthread_create(&w->thread, NULL, fn, w);
	if (err)
		native_die("thread %d: %s", number, strerror(err));
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void sleep_ms(int ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
}

/* What is left when all is quiet was written, and nobody was told. */
static unsigned long lost_of(struct native *ep, unsigned long written, unsigned long got)
{
	unsigned long lost = 0;
	int i;

	for (i = 0; i < ep->n_items; i++)
		lost += native_read(&ep->items[i]);
	if (got + lost != written)
		native_die("%s: %lu written, but %lu read and %lu lost: this is a fault of native",
			   ep->store->name, written, got, lost);
	return lost;
}

/* ---- producers ---- */

static int one_each(int threads)
{
	return threads;
}

static int and_a_consumer(int threads)
{
	return threads + 1;
}

/* Return: false if nobody came to read it, for far longer than a transfer takes. */
static bool is_read(const struct epitem *item)
{
	double begun = now_ms();

	while (READ_ONCE(item->count)) {
		if (now_ms() - begun > LOST_MS)
			return false;
		sched_yield();
	}
	return true;
}

/* After one, two and three more. */
static bool pause_after(unsigned long n)
{
	return n % 6 == 0 || n % 6 == 1 || n % 6 == 3;
}

static void *produce(void *arg)
{
	struct worker *w = arg;
	struct round *r = w->round;
	struct epitem *item = &r->ep.items[w->number];

	pin(1 + w->number);
	pthread_barrier_wait(&r->start);
	while (running(r)) {
		native_write(&r->ep, item);
		w->done++;
		if (r->how->pauses && pause_after(w->done) && !is_read(item))
			w->lost++;
	}
	return NULL;
}

static unsigned long consume(struct native *ep)
{
	struct epoll_event out[AT_ONCE];
	unsigned long sum = 0;
	int i, n = native_wait(ep, out, AT_ONCE);

	for (i = 0; i < n; i++)
		sum += native_read(out[i].data.ptr);
	if (!n)
		cpu_relax();
	return sum;
}

static void *consume_all(void *arg)
{
	struct worker *w = arg;

	pin(0);
	pthread_barrier_wait(&w->round->start);
	while (!READ_ONCE(w->round->quiet))
		w->done += consume(&w->round->ep);
	return NULL;
}

static unsigned long run_producers(struct round *r, int ms, unsigned long *lost)
{
	struct worker consumer, w[NATIVE_THREADS];
	unsigned long written = 0, in_time, more, stuck = 0;
	int i;

	start(&consumer, r, 0, consume_all);
	for (i = 0; i < r->threads; i++)
		start(&w[i], r, i, produce);
	pthread_barrier_wait(&r->start);
	sleep_ms(ms);
	WRITE_ONCE(r->stop, true);
	for (i = 0; i < r->threads; i++) {
		pthread_join(w[i].thread, NULL);
		written += w[i].done;
		stuck += w[i].lost;
	}
	WRITE_ONCE(r->quiet, true);
	pthread_join(consumer.thread, NULL);
	in_time = consumer.done;
	/* The second look at a level-triggered item finds nothing. */
	while ((more = consume(&r->ep)) || r->ep.store->pending(&r->ep.ready))
		consumer.done += more;
	*lost = stuck + lost_of(&r->ep, written, consumer.done);
	return in_time;
}

/* ---- oneshot ---- */

static int ten(int threads)
{
	(void)threads;
	return ONESHOT_ITEMS;
}

static int twice(int threads)
{
	return 2 * threads;
}

static void *go_round(void *arg)
{
	struct worker *w = arg;
	struct round *r = w->round;
	int i = w->number;

	pin(r->threads + w->number);
	pthread_barrier_wait(&r->start);
	for (; running(r); i++) {
		native_write(&r->ep, &r->ep.items[i % r->ep.n_items]);
		w->done++;
	}
	return NULL;
}

/* One wait.  Return: what was read. */
static unsigned long take_one(struct native *ep, unsigned long *waits)
{
	struct epoll_event ev;
	unsigned long sum;

	if (!native_wait(ep, &ev, 1)) {
		cpu_relax();
		return 0;
	}
	sum = native_read(ev.data.ptr);
	native_rearm(ep, ev.data.ptr);
	++*waits;
	return sum;
}

struct waiter {
	struct worker worker;
	unsigned long waits;
};

static void *wait_one(void *arg)
{
	struct waiter *w = arg;

	pin(w->worker.number);
	pthread_barrier_wait(&w->worker.round->start);
	while (running(w->worker.round))
		w->worker.done += take_one(&w->worker.round->ep, &w->waits);
	return NULL;
}

static unsigned long run_oneshot(struct round *r, int ms, unsigned long *lost)
{
	unsigned long written = 0, got = 0, waits = 0, late = 0, more;
	struct waiter waiter[NATIVE_THREADS];
	struct worker w[NATIVE_THREADS];
	int i;

	for (i = 0; i < r->threads; i++) {
		waiter[i].waits = 0;
		start(&waiter[i].worker, r, i, wait_one);
		start(&w[i], r, i, go_round);
	}
	pthread_barrier_wait(&r->start);
	sleep_ms(ms);
	WRITE_ONCE(r->stop, true);
	for (i = 0; i < r->threads; i++) {
		pthread_join(w[i].thread, NULL);
		pthread_join(waiter[i].worker.thread, NULL);
		written += w[i].done;
		got += waiter[i].worker.done;
		waits += waiter[i].waits;
	}
	while ((more = take_one(&r->ep, &late)) || r->ep.store->pending(&r->ep.ready))
		got += more;
	*lost = lost_of(&r->ep, written, got);
	return waits;
}

const struct contest native_contests[] = {
	{
		.name = "producers",
		.about = "T writers, one consumer, level-triggered: writes delivered a ms",
		.kind = NATIVE_LEVEL,
		.n_items = one_each, .with = and_a_consumer, .run = run_producers,
		.published =
		"published, of the kernel on other machines, T = 8, 16, 32 (64, 128):\n"
		"  rwlock to ovflist   1.57 1.73 1.79 (2018); 1.45 1.62 1.43 1.86 1.96 (2025)\n"
		"  llist to rwlock     2.85 3.57 4.60 3.90 3.42 (2025)\n",
	}, {
		.name = "oneshot",
		.about = "T waiters for one event each, armed again, and T writers: waits a ms",
		.kind = NATIVE_ONESHOT,
		.n_items = ten, .with = twice, .run = run_oneshot,
		.published =
		"published, of the kernel on another machine, T = 4:\n"
		"  wfcqueue to ovflist 1.92 (2013)\n",
	},
	{ 0 }
};

double native_round(const struct contest *c, const struct ep_store *store, int threads,
		    const struct native_how *how, unsigned long *lost)
{
	struct round r = { .threads = threads, .how = how };
	unsigned long n;
	double begun;

	native_open(&r.ep, store, c->n_items(threads),
		    how->edge && c->kind == NATIVE_LEVEL ? NATIVE_EDGE : c->kind);
	r.ep.drop = how->drop;
	pthread_barrier_init(&r.start, NULL, c->with(threads) + 1);
	begun = now_ms();
	n = c->run(&r, how->ms, lost);
	begun = now_ms() - begun;
	pthread_barrier_destroy(&r.start);
	native_close(&r.ep);
	if (!n && !how->pauses)
		native_die("%s, %s, %d threads: nothing was told in %d ms",
			   c->name, store->name, threads, how->ms);
	return n / begun;
}
