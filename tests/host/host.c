// SPDX-License-Identifier: GPL-2.0-only
/*
 * host.c - what the host tests share: the runner and chance
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "host.h"

/*
 * Leaks are found by counting (shim/alloc.h), at the very step that makes
 * them; the sanitizer's own search cannot run under a debugger.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static uint64_t fresh_seed;

static int env_number(const char *name, uint64_t *value)
{
	const char *text = getenv(name);

	if (!text || !*text)
		return 0;
	*value = strtoull(text, NULL, 0);
	return 1;
}

uint64_t host_seed(int i)
{
	uint64_t seed;

	if (env_number("HOST_SEED", &seed))
		return seed;
	return i < HOST_SEEDS - 1 ? (uint64_t)i + 1 : fresh_seed;
}

unsigned long host_steps(unsigned long steps)
{
	uint64_t wanted;

	return env_number("HOST_STEPS", &wanted) ? wanted : steps;
}

int host_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int i, failed;

	/* Before anything is forked, so that all tests have the same. */
	fresh_seed = (uint64_t)time(NULL) % 1000000 + 1000;
	printf("# seeds:");
	for (i = 0; i < HOST_SEEDS; i++)
		printf(" %llu", (unsigned long long)host_seed(i));
	printf(" (HOST_SEED=N takes N alone)\n");
	fflush(stdout);

	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

void rnd_init(struct rnd *r, uint64_t seed)
{
	/* Must not be 0. */
	r->state = (seed + 1) * 0x9e3779b97f4a7c15ULL | 1;
	rnd(r);
	rnd(r);
}

uint32_t rnd(struct rnd *r)
{
	/* Xorshift; the high bits of the product are the good ones. */
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return (r->state * 0x2545f4914f6cdd1dULL) >> 32;
}

uint32_t rnd_below(struct rnd *r, uint32_t n)
{
	return (uint64_t)rnd(r) * n >> 32;
}

int rnd_chance(struct rnd *r, uint32_t n, uint32_t of)
{
	return rnd_below(r, of) < n;
}
