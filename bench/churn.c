// SPDX-License-Identifier: GPL-2.0-only
/*
 * churn.c - workload "churn": what it takes to keep a set of N up to date
 *
 * Servers of short connections add and remove more than they wait.  The set of 2002 is
 * a hash by descriptor, that of epoll a tree; poll and select keep theirs in the
 * program.  Figures, each for one descriptor:
 *
 *	add	to watch it, from none to N
 *	change	another mask, when there are N
 *	remove	every second one, down to N / 2
 *	find	to remove these once more: they are looked for in vain
 *	close	to close the file of one that is watched, less the same where nobody
 *		watches; for designs that a close takes it out of
 *
 * Checked: one that is watched is told, before and after its change; one that was
 * removed is not, nor is one that was closed.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "queue.h"

/* Descriptors are taken in this step, so that neither hash nor tree sees an order. */
#define STEP 7919

enum { N };
enum { ADD, CHANGE, REMOVE, FIND, CLOSE, N_FIGURES };

/* What the lens sees apart: the figures, and closes where nobody watches. */
enum { NOT_COUNTED, PART_ADD, PART_CLOSE_BARE = PART_ADD + N_FIGURES };

static const char *const names[N_FIGURES] = { "add", "change", "remove", "find", "close" };

static const struct workload workload;

/**
 * struct set - N descriptors
 * @all: eventfds
 * @q: watches them
 * @counted: whether this round is more than a warm-up
 */
struct set {
	struct sources all;
	struct evq *q;
	bool counted;
};

typedef int (*one_fn)(struct evq *q, int fd);

static int add_one(struct evq *q, int fd)
{
	return evq_add(q, fd, POLLIN);
}

static int change_one(struct evq *q, int fd)
{
	return evq_mod(q, fd, POLLIN | POLLPRI);
}

static int close_one(struct evq *q, int fd)
{
	(void)q;
	return close(fd);
}

/* The i-th in an order that is none. */
static int nth(const struct set *set, long i)
{
	long n = set->all.n;

	return set->all.s[n % STEP ? i * STEP % n : i].watched;
}

/* @one for descriptors @first, @first + @by, ..; what one took, or -1 with errno. */
static double each(struct set *set, one_fn one, long first, long by, double *usual,
		   unsigned int part)
{
	long count = 0;
	uint64_t start;
	double cost;

	clock_settle(*usual * (double)set->all.n);
	part = set->counted ? part : NOT_COUNTED;
	start = clock_ns();
	lens_begin(part);
	for (long i = first; i < set->all.n; i += by, count++)
		if (one(set->q, nth(set, i)))
			return -1;
	lens_end();
	cost = clock_since(start);
	*usual = count ? cost / (double)count : 0;
	return *usual;
}

/* A message, whether it is told, and its end. */
static const char *probe(struct set *set, int fd, bool watched)
{
	const struct source s = { .watched = fd, .feed = fd };
	const char *why;

	if (source_feed(&s))
		return "a message could not be written";
	why = watched ? queue_one(set->q, fd) : queue_none(set->q);
	if (source_drain(&s))
		return "a message could not be read back";
	/* Levels look at what they told once more. */
	if (watched)
		evq_wait(set->q, 0);
	return why;
}

static const char *reopen(struct set *set)
{
	long n = set->all.n;

	sources_close(&set->all);
	return sources_open(&set->all, SOURCES_EVENTFD, n);
}

/* All files are closed, and open again. */
static const char *close_all(struct set *set, double *cost, double *usual, unsigned int part)
{
	*cost = each(set, close_one, 0, 1, usual, part);
	if (*cost < 0)
		return strerror(errno);
	for (long i = 0; i < set->all.n; i++)
		set->all.s[i].watched = set->all.s[i].feed = -1;
	return reopen(set);
}

static const char *measure_close(struct set *set, double *cost, double usual[2])
{
	const char *why;
	double bare;

	if (each(set, add_one, 0, 1, &usual[0], NOT_COUNTED) < 0)
		return strerror(errno);
	why = close_all(set, cost, &usual[0], PART_ADD + CLOSE);
	if (!why)
		why = queue_none(set->q);
	/* By an empty queue. */
	if (!why)
		why = close_all(set, &bare, &usual[1], PART_CLOSE_BARE);
	*cost -= bare;
	return why;
}

/* One run over all; @cost: of each figure. */
static const char *run_once(struct set *set, double cost[N_FIGURES], double usual[])
{
	static const struct {
		one_fn one;
		long by;
	} steps[] = {
		[ADD] = { add_one, 1 }, [CHANGE] = { change_one, 1 },
		[REMOVE] = { evq_del, 2 }, [FIND] = { evq_del, 2 },
	};
	const char *why = NULL;

	for (size_t i = ADD; i <= FIND && !why; i++) {
		cost[i] = each(set, steps[i].one, 0, steps[i].by, &usual[i], PART_ADD + i);
		why = cost[i] < 0 ? strerror(errno) : probe(set, nth(set, 0), i < REMOVE);
	}
	if (!why && set->all.n > 1)
		why = probe(set, nth(set, 1), true);
	for (long i = 1; i < set->all.n && !why; i += 2)
		if (evq_del(set->q, nth(set, i)))
			why = strerror(errno);
	if (!why && evq_design(set->q)->flags & EVQ_CLOSE)
		why = measure_close(set, &cost[CLOSE], &usual[CLOSE]);
	return why;
}

static int runs_for(const struct options *opt, long n)
{
	return runs_or(opt, n <= 100 ? 5 : n <= 1000 ? 3 : 1);
}

static void measure_design(void *arg, const struct options *opt, struct point at)
{
	struct set *set = arg;
	struct samples s[N_FIGURES] = { 0 };
	double cost[N_FIGURES], usual[N_FIGURES + 1] = { 0 };
	const char *why, *wrong = NULL;
	long n = at.value[N];
	int point;

	progress("churn, n=%ld, %s", n, at.design);
	why = queue_open(&set->q, at.design, n);
	if (!why)
		why = queue_hears(set->q, &set->all);
	if (why) {
		result_na(&at, why);
		evq_close(set->q);
		return;
	}
	/* The first round finds memory for what is kept. */
	for (int i = n <= 1000 ? -1 : 0; i < runs_for(opt, n) && !wrong; i++) {
		set->counted = i >= 0;
		wrong = run_once(set, cost, usual);
		lens_round();
		for (int f = 0; f < N_FIGURES && i >= 0; f++)
			samples_add(&s[f], cost[f]);
	}
	point = lens_point();
	for (int f = 0; f < N_FIGURES; f++) {
		if (f != CLOSE || evq_design(set->q)->flags & EVQ_CLOSE) {
			result_add(&at, names[f], "descriptor", &s[f], wrong);
			if (!wrong)
				lens_add(&at, names[f], "descriptor",
					 f == REMOVE || f == FIND ? (n + 1) / 2 : n,
					 (struct lens_part){ point, PART_ADD + (unsigned int)f },
					 (struct lens_part){ point, f == CLOSE ? PART_CLOSE_BARE :
										 NOT_COUNTED });
		}
		samples_free(&s[f]);
	}
	evq_close(set->q);
}

static void measure_n(const struct options *opt, struct point at)
{
	struct set set = { 0 };
	const char *why = sources_open(&set.all, SOURCES_EVENTFD, at.value[N]);

	each_design(opt, at, why, measure_design, &set);
	sources_close(&set.all);
}

static int run(const struct options *opt)
{
	struct point at = { .workload = &workload };

	for_each_value(opt, &at, N)
		measure_n(opt, at);
	return 0;
}

static const struct preset presets[] = {
	{ "sizes-2002", "up to the most that /dev/epoll can have",
	  { [N] = "100,1000,10000,131072" },
	  .scaled = N, .divisor = 1, .needs = { 2048, 3000 } },
	{ 0 }
};

static const struct workload workload = {
	.name = "churn",
	.about = "add, change, find, remove and close of N descriptors",
	.params = {
		[N] = { "n", "how many are watched", NULL, 2, 131072,
			.full = "100,1000,5000", .quick = "300" },
	},
	.presets = presets,
	.full = { .memory = 1024, .seconds = 900 },
	.quick = { .memory = 1024, .seconds = 300 },
	.run = run,
};
WORKLOAD(workload);
