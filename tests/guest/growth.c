// SPDX-License-Identifier: GPL-2.0-only
/*
 * growth.c - see growth.h
 */
#define _GNU_SOURCE
#include <time.h>
#include <unistd.h>

#define GUEST_HELPERS
#include "guest.h"
#include "growth.h"

static long long began, took;

static long long cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

void growth_begin(void)
{
	/* What RCU has to free by then it frees in its own time, not in ours. */
	if (!took)
		usleep(50000);
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

/* The second run of a size finds the memory that the first one left. */
long long growth_tenths(long n, growth_cost_t cost)
{
	long long small = growth_least(n, cost, 2);

	return 10 * growth_least(8 * n, cost, 2) / small;
}

void growth_linear(long n, growth_cost_t cost)
{
	long long tenths = growth_tenths(n, cost);

	guest_check(tenths <= GROWTH_MOST, "%ld cost %lld.%lld times what %ld do",
		    8 * n, tenths / 10, tenths % 10, n);
}
