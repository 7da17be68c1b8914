/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * host.h - what the host tests share: the runner, chance, and complaints
 *
 * Environment:
 *	HOST_SEED=N	one seed for all random tests, instead of the usual ones
 *	HOST_STEPS=N	so many steps for each of them, instead of its own number
 */
#ifndef TESTS_HOST_H
#define TESTS_HOST_H

#include <check.h>
#include <stdint.h>

#define ARRAY_SIZE(array)	((int)(sizeof(array) / sizeof((array)[0])))

/* Random tests are loops over these; the last one is new every time. */
#define HOST_SEEDS	4

/** host_run() - run a suite and print TAP.  Return: what main() returns. */
int host_run(Suite *suite);

/** host_seed() - the seed of the @i-th round of a random test. */
uint64_t host_seed(int i);

/** host_steps() - how many steps a random test makes that wants @steps. */
unsigned long host_steps(unsigned long steps);

/** host_check() - ck_assert() for loops: libcheck notes every one of its own. */
#define host_check(expr)						\
	do {								\
		if (!(expr))						\
			ck_abort_msg("failed: %s", #expr);		\
	} while (0)

/**
 * host_check_report() - fail the test unless there is nothing to report
 * @report: what a random test found wrong, or NULL
 */
#define host_check_report(report)					\
	do {								\
		const char *report_ = (report);				\
									\
		ck_assert_msg(!report_, "%s", report_);			\
	} while (0)

/** struct rnd - a source of chance; the same seed gives the same numbers */
struct rnd {
	uint64_t state;
};

/** rnd_init() - begin; neighbouring seeds are as good as any. */
void rnd_init(struct rnd *r, uint64_t seed);

/** rnd() - 32 random bits. */
uint32_t rnd(struct rnd *r);

/** rnd_below() - a number from 0 to @n - 1; @n is not 0. */
uint32_t rnd_below(struct rnd *r, uint32_t n);

/** rnd_chance() - true @n times in @of. */
int rnd_chance(struct rnd *r, uint32_t n, uint32_t of);

#endif /* TESTS_HOST_H */
