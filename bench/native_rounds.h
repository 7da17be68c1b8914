/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * native_rounds.h - threads that post to a store, and threads that take
 */
#ifndef BENCH_NATIVE_ROUNDS_H
#define BENCH_NATIVE_ROUNDS_H

#include "native_core.h"

/** NATIVE_THREADS - the most of one kind. */
#define NATIVE_THREADS	256

struct round;

/**
 * struct contest - one of the two
 * @name: for --workloads; NULL behind the last
 * @about: the line above its table
 * @kind: of its items
 * @n_items: how many with so many threads
 * @with: threads in all with so many
 * @run: one round of @ms; returns the figure, events; what was lost to *@lost
 * @published: what the literature says, for the table's foot
 */
struct contest {
	const char *name;
	const char *about;
	enum native_kind kind;
	int (*n_items)(int threads);
	int (*with)(int threads);
	unsigned long (*run)(struct round *r, int ms, unsigned long *lost);
	const char *published;
};

extern const struct contest native_contests[];

/**
 * struct native_how - how a round is run
 * @ms: how long
 * @edge: what is told by level otherwise
 * @pauses: writers wait until all is read, now and then
 * @drop: the planted fault of struct native
 */
struct native_how {
	int ms;
	bool edge;
	bool pauses;
	bool drop;
};

/**
 * native_round() - run a store once
 * @c: the contest
 * @store: the store
 * @threads: how many
 * @how: see there
 * @lost: gets how many events were lost
 *
 * Return: events in a millisecond.
 */
double native_round(const struct contest *c, const struct ep_store *store, int threads,
		    const struct native_how *how, unsigned long *lost);

/** native_cpus() - how many this process may use. */
int native_cpus(void);

/** native_die() - end with a line that says why. */
__attribute__((noreturn, format(printf, 1, 2)))
void native_die(const char *fmt, ...);

#endif /* BENCH_NATIVE_ROUNDS_H */
