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

#include "laps.h"
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
	return source_feed(&r->all.s[r->at]) ? "a message could not be written" : NULL;
}

static const char *pass(void *arg)
{
	struct ring *r = arg;
	const struct source *s = &r->all.s[r->at];
	const char *why = queue_one(r->q, s->watched);

	if (why)
		return why;
	if (source_drain(s))
		return "a message could not be read back";
	r->at = (r->at + 1) % r->all.n;
	return put(r);
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
	return queue_end(r->q, why);
}

/* @passes: in, as many as wanted; out, as many as were timed at once. */
static const char *measure(struct ring *r, long *passes, int runs, struct samples *s)
{
	const char *why = warm_up(r);

	if (!why)
		why = put(r);
	if (!why)
		why = laps_measure(pass, r, passes, runs, s);
	if (!why && source_drain(&r->all.s[r->at]))
		why = "the token is gone";
	return queue_end(r->q, why);
}

static void measure_design(void *arg, const struct options *opt, struct point at)
{
	struct ring *r = arg;
	long passes = at.value[PASSES];
	struct samples s = { 0 };
	const char *why;

	progress("token, %s, n=%ld, %s", sources_kind((size_t)at.value[SOURCE]),
		 at.value[N], at.design);
	why = queue_begin(&r->q, at.design, &r->all);
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

	each_design(opt, at, why, measure_design, &r);
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
