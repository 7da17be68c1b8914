/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * laps.h - timing something that is done over and over, one after the other
 *
 * Inline, so that who times pays no call for each of them.
 */
#ifndef BENCH_LAPS_H
#define BENCH_LAPS_H

#include "harness.h"

/** lap_fn - once.  Return: NULL, or what went wrong. */
typedef const char *(*lap_fn)(void *arg);

/* @part: 1 if they count, for the lens; @cost: of one, as expected, and as it was. */
static inline __attribute__((always_inline))
const char *laps_time(lap_fn lap, void *arg, long n, double *cost, unsigned int part)
{
	const char *why = NULL;
	uint64_t start;

	clock_settle(*cost * (double)n);
	start = clock_ns();
	lens_begin(part);
	for (long i = 0; i < n && !why; i++)
		why = lap(arg);
	lens_end();
	*cost = clock_since(start) / (double)n;
	return why;
}

/**
 * laps_measure() - measure it
 * @lap: what is done; known to the compiler where it is called
 * @arg: for @lap
 * @n: in, as many at once as are wanted; out, as many as were timed at once
 * @runs: how many measurements
 * @s: gets them, each what one took
 *
 * Return: NULL, or what went wrong.
 */
static inline __attribute__((always_inline))
const char *laps_measure(lap_fn lap, void *arg, long *n, int runs, struct samples *s)
{
	double cost = 0;
	const char *why = laps_time(lap, arg, 4, &cost, 0);

	*n = batch_for(cost, *n);
	if (!why)
		why = laps_time(lap, arg, *n, &cost, 0);
	for (int i = 0; i < runs && !why; i++) {
		why = laps_time(lap, arg, *n, &cost, 1);
		lens_round();
		samples_add(s, cost);
	}
	return why;
}

#endif /* BENCH_LAPS_H */
