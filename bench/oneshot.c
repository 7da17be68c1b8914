// SPDX-License-Identifier: GPL-2.0-only
/*
 * oneshot.c - workload "oneshot": T threads wait for one event each, W make them
 *
 * After eponeshotmt (2013), by which the wait-free queue was said to nearly double what
 * epoll does.  F eventfds are watched for one report.  A waiter asks for one, reads that
 * eventfd, and arms it again; the writers go round through all of them until the waiters
 * have had so many each.  The figure is the time of all, for each event.
 *
 * Who is told of an eventfd has it alone: to read it must not fail.  What was read and
 * what is left must be what was written.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "queue.h"
#include "threads.h"

#define RUNS 3

enum { WAITERS, WRITERS, FILES, WAITS };

static const struct workload workload;

/**
 * struct bench - who waits, who writes
 * @all: the eventfds
 * @q: the queue
 * @joined: of each waiter
 * @waits: of each waiter
 * @done: the waiters are, so that the writers end
 * @written: by all
 * @read: by all
 * @why: what went wrong
 */
struct bench {
	struct sources all;
	struct evq *q;
	struct evq **joined;
	long waits;
	bool done;
	uint64_t written;
	uint64_t read;
	const char *why;
};

static const char *take_one(struct evq *q, uint64_t *sum)
{
	int n = queue_wait(q, 5 * PATIENCE_MS), fd;
	uint64_t value;

	if (n != 1)
		return n < 0 ? strerror(errno) : n ? "told more than one" :
		       "an event was not told";
	fd = evq_get_fd(q, 0);
	if (read(fd, &value, sizeof(value)) != sizeof(value))
		return "told of an event that another waiter has";
	*sum += value;
	return evq_arm(q, fd, POLLIN) ? strerror(errno) : NULL;
}

static void waiter(void *arg, long i)
{
	struct bench *b = arg;
	const char *why = NULL;
	uint64_t sum = 0;

	for (long n = 0; n < b->waits && !why; n++)
		why = take_one(b->joined[i], &sum);
	__atomic_add_fetch(&b->read, sum, __ATOMIC_RELAXED);
	fail_with(&b->why, why);
}

static void writer(void *arg, long i)
{
	struct bench *b = arg;
	static const uint64_t one = 1;
	uint64_t written = 0;

	/* Each begins elsewhere. */
	for (long at = i; !__atomic_load_n(&b->done, __ATOMIC_ACQUIRE); at++) {
		if (write(b->all.s[at % b->all.n].feed, &one, sizeof(one)) != sizeof(one)) {
			fail_with(&b->why, "a message could not be written");
			break;
		}
		written++;
	}
	__atomic_add_fetch(&b->written, written, __ATOMIC_RELAXED);
}

/* What nobody has read. */
static uint64_t rest(const struct sources *all)
{
	uint64_t sum = 0, value;

	for (long i = 0; i < all->n; i++)
		if (read(all->s[i].watched, &value, sizeof(value)) == sizeof(value))
			sum += value;
	return sum;
}

static double run_once(struct bench *b, long n_waiters, long n_writers)
{
	struct threads waiters, writers;
	uint64_t start;
	double cost;

	b->done = false;
	b->written = b->read = 0;
	threads_make(&waiters, n_waiters, waiter, b);
	threads_make(&writers, n_writers, writer, b);
	start = clock_ns();
	lens_begin(1);
	threads_go(&writers);
	threads_go(&waiters);
	threads_end(&waiters);
	lens_end();
	cost = clock_since(start);
	__atomic_store_n(&b->done, true, __ATOMIC_RELEASE);
	threads_end(&writers);
	lens_round();
	if (b->written != b->read + rest(&b->all))
		fail_with(&b->why, "what was read and is left is not what was written");
	return cost / (double)n_waiters / (double)b->waits;
}

/* NULL, or why there can be no waiters. */
static const char *open_queue(struct bench *b, const char *design, long waiters)
{
	const char *why = queue_open(&b->q, design, b->all.n);

	if (why)
		return why;
	if (!(evq_design(b->q)->flags & EVQ_THREADS))
		return "one thread at a time may use it, and nothing is told for once";
	for (long i = 0; i < waiters; i++) {
		b->joined[i] = evq_join(b->q, 1);
		if (!b->joined[i])
			return strerror(errno);
	}
	for (long i = 0; i < b->all.n; i++)
		if (evq_arm(b->q, b->all.s[i].watched, POLLIN))
			return strerror(errno);
	return NULL;
}

static void measure_design(void *arg, const struct options *opt, struct point at)
{
	struct bench *b = arg;
	int runs = runs_or(opt, RUNS);
	long waiters = at.value[WAITERS];
	struct samples s = { 0 };
	const char *why;

	progress("oneshot, %ld waiters, %ld writers, %s", waiters, at.value[WRITERS],
		 at.design);
	b->why = NULL;
	b->joined = calloc((size_t)waiters, sizeof(*b->joined));
	if (!b->joined)
		die("out of memory");
	why = open_queue(b, at.design, waiters);
	if (why) {
		result_na(&at, why);
	} else {
		for (int i = 0; i < runs && !b->why; i++)
			samples_add(&s, run_once(b, waiters, at.value[WRITERS]));
		result_add(&at, "event", "event", &s, b->why);
		lens_whole(&at, "event", "event", waiters * b->waits, b->why);
	}
	samples_free(&s);
	for (long i = 0; i < waiters; i++)
		evq_close(b->joined[i]);
	free(b->joined);
	evq_close(b->q);
}

static void measure_point(const struct options *opt, struct point at)
{
	struct bench b = { .waits = at.value[WAITS] };
	const char *why = sources_open(&b.all, SOURCES_EVENTFD, at.value[FILES]);

	each_design(opt, at, why, measure_design, &b);
	sources_close(&b.all);
}

static int run(const struct options *opt)
{
	struct point at = { .workload = &workload };

	for_each_value(opt, &at, WAITERS)
		for_each_value(opt, &at, WRITERS)
			for_each_value(opt, &at, FILES)
				for_each_value(opt, &at, WAITS)
					measure_point(opt, at);
	return 0;
}

static const struct preset presets[] = {
	{ "eponeshotmt-2013", "its defaults",
	  { [WAITERS] = "2", [WRITERS] = "2", [FILES] = "500", [WAITS] = "1000" },
	  .scaled = WAITS, .divisor = 10, .needs = { 1024, 900 } },
	{ "wfcqueue-2013", "as published with the wait-free queue, version 3, March 2013",
	  { [WAITERS] = "4", [WRITERS] = "4", [FILES] = "10", [WAITS] = "1000000" },
	  .scaled = WAITS, .divisor = 10000, .needs = { 1024, 3600 } },
	{ 0 }
};

static const struct workload workload = {
	.name = "oneshot",
	.about = "T threads wait for one event each and arm again, W make them",
	.params = {
		[WAITERS] = { "waiters", "threads that wait", NULL, 1, 1000,
			      .full = "1,4", .quick = "4" },
		[WRITERS] = { "writers", "threads that write", NULL, 1, 1000,
			      .full = "4", .quick = "4" },
		[FILES] = { "files", "eventfds", NULL, 1, 100000, .full = "10", .quick = "10" },
		[WAITS] = { "waits", "of each waiter", NULL, 1, 1000000000,
			    .full = "50", .quick = "20" },
	},
	.presets = presets,
	.full = { .memory = 1024, .seconds = 600 },
	.run = run,
};
WORKLOAD(workload);
