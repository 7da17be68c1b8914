// SPDX-License-Identifier: GPL-2.0-only
/*
 * producers.c - workload "producers": T threads make events, one takes them
 *
 * After stress-epoll (2018), by which the shared lock of 5.1 was argued for and the
 * spin lock of 6.18 against.  Each writer has an eventfd of its own and adds 1 to it,
 * so many times; the consumer waits and reads whatever was told.  Several writes may be
 * one event, and count as so many.  The figure is the time of all, for each write.
 *
 * The sum of what was read must be what was written; when the queue is silent before
 * that an event was lost.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "queue.h"
#include "threads.h"

#define RUNS 3

enum { T, WRITES };

static const struct workload workload;

/**
 * struct bench - writers and the consumer
 * @all: an eventfd for each writer
 * @q: the consumer's queue
 * @writes: of each writer
 * @why: what went wrong in a writer
 */
struct bench {
	struct sources all;
	struct evq *q;
	long writes;
	const char *why;
};

static void writer(void *arg, long i)
{
	struct bench *b = arg;
	static const uint64_t one = 1;

	for (long n = 0; n < b->writes; n++)
		if (write(b->all.s[i].feed, &one, sizeof(one)) != sizeof(one)) {
			fail_with(&b->why, "a message could not be written");
			return;
		}
}

/* Reads what the last wait told; how much that is. */
static uint64_t take(struct bench *b, int n)
{
	uint64_t sum = 0, value;

	for (int i = 0; i < n; i++)
		if (read(evq_get_fd(b->q, i), &value, sizeof(value)) == sizeof(value))
			sum += value;
	return sum;
}

static const char *consume(struct bench *b)
{
	uint64_t left = (uint64_t)b->writes * (uint64_t)b->all.n;

	while (left) {
		int n = queue_wait(b->q, 5 * PATIENCE_MS);
		uint64_t taken;

		if (n <= 0)
			return n ? strerror(errno) : "an event was not told";
		taken = take(b, n);
		if (taken > left)
			return "more was read than was written";
		left -= taken;
	}
	return NULL;
}

static const char *measure(struct bench *b, int runs, struct samples *s)
{
	const char *why = NULL;

	for (int i = 0; i < runs && !why; i++) {
		struct threads writers;
		uint64_t start;

		threads_make(&writers, b->all.n, writer, b);
		/* On one CPU they may have written all before this thread goes on. */
		start = clock_ns();
		lens_begin(1);
		threads_go(&writers);
		why = consume(b);
		lens_end();
		samples_add(s, clock_since(start) / (double)b->writes / (double)b->all.n);
		threads_end(&writers);
		lens_round();
		if (!why)
			why = b->why;
	}
	return why;
}

static void measure_design(void *arg, const struct options *opt, struct point at)
{
	struct bench *b = arg;
	struct samples s = { 0 };
	const char *why;

	progress("producers, t=%ld, %s", at.value[T], at.design);
	why = queue_begin(&b->q, at.design, &b->all);
	if (why) {
		result_na(&at, why);
	} else {
		why = measure(b, runs_or(opt, RUNS), &s);
		result_add(&at, "event", "write", &s, why);
		lens_whole(&at, "event", "write", b->writes * b->all.n, why);
	}
	samples_free(&s);
	evq_close(b->q);
	sources_flush(&b->all);
}

static void measure_t(const struct options *opt, struct point at)
{
	struct bench b = { .writes = at.value[WRITES] };
	const char *why = sources_open(&b.all, SOURCES_EVENTFD, at.value[T]);

	each_design(opt, at, why, measure_design, &b);
	sources_close(&b.all);
}

static int run(const struct options *opt)
{
	struct point at = { .workload = &workload };

	for_each_value(opt, &at, T)
		for_each_value(opt, &at, WRITES)
			measure_t(opt, at);
	return 0;
}

static const struct preset presets[] = {
	{ "stress-epoll-2018", "as published in 2019 and 2025",
	  { [T] = "8,16,32,64,128", [WRITES] = "1000000" },
	  .scaled = WRITES, .divisor = 1000, .needs = { 1024, 3600 } },
	{ 0 }
};

static const struct workload workload = {
	.name = "producers",
	.about = "T threads make events and one takes them: the cost of a write",
	.params = {
		[T] = { "t", "threads that write", NULL, 1, 1000, .full = "1,8", .quick = "8" },
		[WRITES] = { "writes", "of each of them", NULL, 1, 1000000000,
			     .full = "300", .quick = "100" },
	},
	.presets = presets,
	.full = { .memory = 1024, .seconds = 600 },
	.run = run,
};
WORKLOAD(workload);
