/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * growth.h - what a call costs when the program makes it eight times as large
 *
 * A loop whose length a program chooses must not grow faster than that length.  Compared
 * are two sizes in one run, never a time with a figure.  The suite runs where time is
 * instructions (vm/lanes.tab): on a host that others use a call of milliseconds is
 * interrupted more often than eight that are shorter.
 */
#ifndef GROWTH_H
#define GROWTH_H

/**
 * growth_cost_t - do the call once at a size
 * @n: the size
 *
 * Sets up and takes down what it needs; only what stands between growth_begin()
 * and growth_end() is measured.
 */
typedef void (*growth_cost_t)(long n);

/** growth_begin() - from here on it counts: CPU time of the calling thread. */
void growth_begin(void);

/** growth_end() - until here. */
void growth_end(void);

/** growth_least() - nanoseconds at a size, the least of so many runs; asserts that
 *  there was something to measure.
 */
long long growth_least(long n, growth_cost_t cost, int runs);

/**
 * growth_tenths() - what eight times the size costs, in tenths of what the size does
 * @n: the smaller size, large enough that its cost is not the call's alone
 * @cost: the call
 */
long long growth_tenths(long n, growth_cost_t cost);

/** GROWTH_MOST - the tenths of a loop; a loop in a loop would have 640. */
#define GROWTH_MOST	100

/** growth_linear() - asserts that the tenths are no more than GROWTH_MOST. */
void growth_linear(long n, growth_cost_t cost);

#ifndef GUEST_HELPERS
#define growth_least(...)	GUEST_AT((growth_least)(__VA_ARGS__))
#define growth_tenths(...)	GUEST_AT((growth_tenths)(__VA_ARGS__))
#define growth_linear(...)	GUEST_AT((growth_linear)(__VA_ARGS__))
#endif

#endif /* GROWTH_H */
