// SPDX-License-Identifier: GPL-2.0-only
/*
 * transfer.c - workload "transfer": all N are ready, and one wait tells them
 *
 * After epwbench (2007), which never emptied its pipes: with levels each wait tells all
 * of them again, and the figure is what that wait takes, for each event.  A design with
 * edges tells an event once, so that its sources are emptied and fed again before each
 * wait, which is not timed.
 *
 * Every wait must tell each source once, and with POLLIN.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "queue.h"

#define RUNS 8
#define WARM_UP 2

enum { SOURCE, N };

static const struct workload workload;

/**
 * struct bench - N sources and who watches them
 * @all: the sources
 * @q: the queue
 * @edges: they have to be fed again before each wait
 * @told: by index: the number of the wait that last told it
 * @waits: counts them
 */
struct bench {
	struct sources all;
	struct evq *q;
	bool edges;
	long *told;
	long waits;
};

static const char *feed(struct bench *b)
{
	for (long i = 0; i < b->all.n; i++)
		if (source_feed(&b->all.s[i]))
			return "a message could not be written";
	return NULL;
}

static const char *feed_again(struct bench *b)
{
	for (long i = 0; i < b->all.n; i++)
		if (source_drain(&b->all.s[i]))
			return "a message could not be read back";
	return feed(b);
}

/* Looks at what was told; how many, or -1 and @why. */
static long check(struct bench *b, int n, const char **why)
{
	for (int i = 0; i < n; i++) {
		int fd = evq_get_fd(b->q, i);
		long at = fd >= 0 && fd < b->all.n_fd ? b->all.by_fd[fd] : -1;

		if (at < 0 || b->told[at] == b->waits) {
			*why = at < 0 ? "told of what is not watched" : "told of an event twice";
			return -1;
		}
		if (!(evq_get_revents(b->q, i) & POLLIN))
			*why = "told of a source without POLLIN";
		b->told[at] = b->waits;
	}
	return n;
}

/*
 * One wait; where a design needs more than one call to tell all, so many.
 * @part: 1 if it counts, for the lens.
 */
static const char *transfer(struct bench *b, double *cost, unsigned int part)
{
	const char *why = b->edges && b->waits ? feed_again(b) : NULL;
	double sum = 0;
	int timeout = 0;

	b->waits++;
	clock_settle(*cost * (double)b->all.n);
	for (long left = b->all.n; left > 0 && !why;) {
		uint64_t start = clock_ns();
		int n;

		lens_begin(part);
		n = evq_wait(b->q, timeout);
		lens_end();
		sum += clock_since(start);
		/* Interrupted: see queue_wait(), which is not called where time is taken. */
		if (n < 0 && errno != EINTR)
			why = strerror(errno);
		else if (!n && timeout)
			why = "an event was not told";
		else if (n > 0)
			left -= check(b, n, &why);
		timeout = PATIENCE_MS;
	}
	*cost = sum / (double)b->all.n;
	return why;
}

static const char *measure(struct bench *b, int runs, struct samples *s)
{
	const char *why = feed(b);
	double cost = 0;

	for (int i = -WARM_UP; i < runs && !why; i++) {
		why = transfer(b, &cost, i >= 0);
		lens_round();
		if (i >= 0)
			samples_add(s, cost);
	}
	return why;
}

static void measure_design(void *arg, const struct options *opt, struct point at)
{
	struct bench *b = arg;
	struct samples s = { 0 };
	const char *why;

	progress("transfer, %s, n=%ld, %s", sources_kind((size_t)at.value[SOURCE]),
		 at.value[N], at.design);
	b->waits = 0;
	memset(b->told, 0, (size_t)b->all.n * sizeof(*b->told));
	why = queue_begin(&b->q, at.design, &b->all);
	if (why) {
		result_na(&at, why);
	} else {
		b->edges = evq_design(b->q)->flags & EVQ_EDGE;
		why = measure(b, runs_or(opt, RUNS), &s);
		result_add(&at, "wait", "event", &s, why);
		lens_whole(&at, "wait", "event", b->all.n, why);
	}
	samples_free(&s);
	evq_close(b->q);
	sources_flush(&b->all);
}

static void measure_n(const struct options *opt, struct point at)
{
	struct bench b = { 0 };
	const char *why = sources_open(&b.all, (size_t)at.value[SOURCE], at.value[N]);

	b.told = calloc((size_t)at.value[N], sizeof(*b.told));
	if (!b.told)
		die("out of memory");
	each_design(opt, at, why, measure_design, &b);
	free(b.told);
	sources_close(&b.all);
}

static int run(const struct options *opt)
{
	struct point at = { .workload = &workload };

	for_each_value(opt, &at, SOURCE)
		for_each_value(opt, &at, N)
			measure_n(opt, at);
	return 0;
}

static const struct preset presets[] = {
	{ "epwbench-2007", "its defaults", { [SOURCE] = "pipe", [N] = "200" },
	  .scaled = N, .divisor = 1, .needs = { 1024, 300 } },
	{ 0 }
};

static const struct workload workload = {
	.name = "transfer",
	.about = "all N are ready: the cost of an event in the one wait that tells them",
	.params = {
		[SOURCE] = { "source", "kinds of files", .word = sources_kind,
			     .full = "pipe", .quick = "pipe" },
		[N] = { "n", "how many there are", NULL, 1, 500000,
			.full = "1,10,200,1000", .quick = "1,200" },
	},
	.presets = presets,
	.full = { .memory = 1024, .seconds = 600 },
	.quick = { .memory = 1024, .seconds = 300 },
	.run = run,
};
WORKLOAD(workload);
