/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * growth.h - what a call costs when the program makes it eight times as large
 *
 * For each line of "Costs" in NOTES.md: a loop whose length a program chooses must
 * not grow faster than that length.  Compared are two sizes in one run, never a
 * time with a figure.
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
 * growth_linear() - eight times the size may cost 24 times as much; asserts
 * @n: the smaller size, large enough that its cost is not the call's alone
 * @cost: the call
 *
 * Up to three times is what a busy host makes of it.  The large set misses caches that
 * others use too; and in a long call ticks come, after which RCU frees, on the caller's
 * time, what calls before it left.  A loop in a loop would be 64 times.
 *
 * The least of two rounds of each size is taken; while the ratio is too large there are
 * more of them, up to six, and then as many at twice the sizes: @cost must be able to
 * do sixteen times @n.
 */
void growth_linear(long n, growth_cost_t cost);

#ifndef GUEST_HELPERS
#define growth_least(...)	GUEST_AT((growth_least)(__VA_ARGS__))
#define growth_linear(...)	GUEST_AT((growth_linear)(__VA_ARGS__))
#endif

#endif /* GROWTH_H */
