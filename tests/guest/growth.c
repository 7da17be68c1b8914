// SPDX-License-Identifier: GPL-2.0-only
/*
 * growth.c - see growth.h
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <time.h>

#define GUEST_HELPERS
#include "guest.h"
#include "growth.h"

/* So many times the cost at eight times the size: see growth.h. */
#define MOST	24

static long long began, took;

static long long cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/*
 * A small set may lie in the caches where a large one does not, and what is compared
 * then is memory.  So both begin with caches that hold something else.
 */
static void forget_caches(void)
{
	static char other[32 << 20];

	for (size_t i = 0; i < sizeof(other); i += 64)
		((volatile char *)other)[i]++;
}

void growth_begin(void)
{
	/* A cost that is measured in pieces begins once. */
	if (!took)
		forget_caches();
	began = cpu_ns();
}

void growth_end(void)
{
	took += cpu_ns() - began;
}

long long growth_least(long n, growth_cost_t cost, int runs)
{
	long long best = 0;

	for (int i = 0; i < runs; i++) {
		took = 0;
		cost(n);
		guest_check(took > 0, "nothing was measured at %ld", n);
		if (!i || took < best)
			best = took;
	}
	return best;
}

static long long less(long long a, long long b)
{
	return !a || b < a ? b : a;
}

/* Eight times one size, which takes about as long as once eight times the size. */
static long long eight(long n, growth_cost_t cost)
{
	long long sum = 0;

	for (int i = 0; i < 8; i++)
		sum += growth_least(n, cost, 1);
	return sum;
}

/*
 * Whoever else wants the CPU, the host's other guests too, makes a run longer and
 * none shorter, and a long run more often than a short one.  So what is compared is
 * of one length, and the least of several runs is nearest to what it is.
 */
static bool grows_as_it_should(long n, growth_cost_t cost, char *why,
			       size_t size)
{
	long long small = 0, large = 0;
	int tries = 6;

	do {
		small = less(small, eight(n, cost));
		large = less(large, growth_least(8 * n, cost, 1));
	} while (--tries > 4 || (8 * large > MOST * small && tries));
	snprintf(why, size, "%ld took %lld us, %ld took %lld us: %lld.%lld times as long",
		 n, small / 8000, 8 * n, large / 1000, 8 * large / small,
		 80 * large / small % 10);
	return 8 * large <= MOST * small;
}

/*
 * Between two sizes there may be the edge of a cache.  At twice the sizes it is left
 * behind; what grows too fast does so all the more.
 */
void growth_linear(long n, growth_cost_t cost)
{
	char first[128], second[128];

	if (grows_as_it_should(n, cost, first, sizeof(first)))
		return;
	guest_check(grows_as_it_should(2 * n, cost, second, sizeof(second)),
		    "%s; %s", first, second);
}
