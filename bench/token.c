// SPDX-License-Identifier: GPL-2.0-only
/*
 * token.c - workload "token": one token goes round through N pipes
 *
 * After pipetest (2002).  All N are watched and one has the token: the queue is asked
 * who, the token is read there and written into the next.  Nothing ever sleeps, and one
 * of N is ready at each wait.  The figure is a pass: wait, read and write.
 *
 * Each wait must tell the pipe that has the token, and no other; at the end, when it is
 * taken out, there must be nothing to tell.
 */
#include <unistd.h>

#include "harness.h"
#include "queue.h"

#define RUNS 5

enum { SOURCE, N, PASSES };

static const struct workload workload;

/**
 * struct ring - the pipes, and where the token is
 * @all: the sources
 * @q: watches them
 * @at: has the token
 */
struct ring {
	struct sources all;
	struct evq *q;
	long at;
};

static const char *put(struct ring *r)
{
	static const uint64_t token = 1;

	return write(r->all.s[r->at].feed, &token, MESSAGE) == MESSAGE ?
	       NULL : "a message could not be written";
}

static const char *pass(struct ring *r)
{
	const struct source *s = &r->all.s[r->at];
	const char *why = queue_one(r->q, s->watched);

	if (why)
		return why;
	if (source_drain(s))
		return "a message could not be read back";
	r->at = (r->at + 1) % r->all.n;
	return put(r);
}

/* @part: 1 if it counts, for the lens. */
static const char *timed(struct ring *r, long passes, double *cost, unsigned int part)
{
	const char *why = NULL;
	uint64_t start;

	clock_settle(*cost * (double)passes);
	start = clock_ns();
	lens_begin(part);
	for (long i = 0; i < passes && !why; i++)
		why = pass(r);
	lens_end();
	*cost = clock_since(start) / (double)passes;
	return why;
}

/* Each pipe has had a token once: the first one finds memory for what is kept. */
static const char *warm_up(struct ring *r)
{
	const char *why = NULL;
	int n;

	for (r->at = 0; r->at < r->all.n && !why; r->at++)
		why = put(r);
	for (long told = 0; told < r->all.n && !why; told += n) {
		n = queue_wait(r->q, told ? PATIENCE_MS : 0);
		if (n <= 0)
			why = "an event was not told";
	}
	for (long i = 0; i < r->all.n && !why; i++)
		if (source_drain(&r->all.s[i]))
			why = "a message could not be read back";
	r->at = 0;
	/* Levels look at what they told once more. */
	evq_wait(r->q, 0);
	return why ? why : queue_none(r->q);
}

/* @passes: in, as many as wanted; out, as many as were timed at once. */
static const char *measure(struct ring *r, long *passes, int runs, struct samples *s)
{
	double cost = 0;
	const char *why = warm_up(r);

	if (!why)
		why = put(r);
	if (!why)
		why = timed(r, 4, &cost, 0);
	*passes = batch_for(cost, *passes);
	if (!why)
		why = timed(r, *passes, &cost, 0);
	for (int i = 0; i < runs && !why; i++) {
		why = timed(r, *passes, &cost, 1);
		lens_round();
		samples_add(s, cost);
	}
	if (!why && source_drain(&r->all.s[r->at]))
		why = "the token is gone";
	/* Levels look at what they told once more. */
	evq_wait(r->q, 0);
	return why ? why : queue_none(r->q);
}

static void measure_design(struct ring *r, const struct options *opt, struct point at)
{
	long passes = at.value[PASSES];
	struct samples s = { 0 };
	const char *why;

	progress("token, %s, n=%ld, %s", sources_kind((size_t)at.value[SOURCE]),
		 at.value[N], at.design);
	why = queue_open(&r->q, at.design, r->all.n);
	if (!why)
		why = queue_watch(r->q, &r->all);
	if (why) {
		result_na(&at, why);
	} else {
		why = measure(r, &passes, runs_or(opt, RUNS), &s);
		result_add(&at, "pass", "pass", &s, why);
		lens_whole(&at, "pass", "pass", passes, why);
	}
	samples_free(&s);
	evq_close(r->q);
	sources_flush(&r->all);
}

static void measure_n(const struct options *opt, struct point at)
{
	struct ring r = { 0 };
	const char *why = sources_open(&r.all, (size_t)at.value[SOURCE], at.value[N]);

	for (size_t d = 0; d < opt->n_designs; d++) {
		at.design = opt->designs[d];
		if (why)
			result_na(&at, why);
		else
			measure_design(&r, opt, at);
	}
	sources_close(&r.all);
}

static int run(const struct options *opt)
{
	struct point at = { .workload = &workload };

	for_each_value(opt, &at, SOURCE)
		for_each_value(opt, &at, N)
			for_each_value(opt, &at, PASSES)
				measure_n(opt, at);
	return 0;
}

static const struct preset presets[] = {
	{ "pipetest-2002", "as IBM's LSE published it in October 2002",
	  { [SOURCE] = "pipe", [N] = "10,100,1000,5000,10000,16000", [PASSES] = "100" },
	  .scaled = PASSES, .divisor = 1, .needs = { 2048, 1200 } },
	{ "pipetest-4", "the defaults of its later version",
	  { [SOURCE] = "pipe", [N] = "200", [PASSES] = "50000" },
	  .scaled = PASSES, .divisor = 100, .needs = { 1024, 600 } },
	{ 0 }
};

static const struct workload workload = {
	.name = "token",
	.about = "one token goes round through N pipes: the cost of a pass",
	.params = {
		[SOURCE] = { "source", "kinds of files", .word = sources_kind,
			     .full = "pipe", .quick = "pipe" },
		[N] = { "n", "how many there are", NULL, 1, 500000,
			.full = "10,100,1000,10000", .quick = "10,1000" },
		[PASSES] = { "passes", "timed at once, if they do not take too long",
			     NULL, 1, 10000000, .full = "200", .quick = "100" },
	},
	.presets = presets,
	.full = { .memory = 1024, .seconds = 600 },
	.quick = { .memory = 1024, .seconds = 300 },
	.run = run,
};
WORKLOAD(workload);
