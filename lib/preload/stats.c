// SPDX-License-Identifier: GPL-2.0-only
/*
 * stats.c - what EPOLL_RUN_STATS=1 prints when the program ends
 *
 * One line to standard error for each process that made any of the calls and ends
 * by exit(3) or by returning from main(); one that is killed or ends by _exit(2)
 * says nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "raw.h"
#include "stats.h"

bool stats_wanted;
uint64_t stats_counters[STATS_ALL];
/* Copies: a server that sets its title writes over arguments and environment. */
static char stats_design[20];
static char stats_program[64];

/* A child counts its own. */
static void forget(void)
{
	memset(stats_counters, 0, sizeof(stats_counters));
}

void stats_start(const char *design)
{
	const char *wanted = getenv("EPOLL_RUN_STATS");

	snprintf(stats_design, sizeof(stats_design), "%s", design);
	snprintf(stats_program, sizeof(stats_program), "%s",
		 program_invocation_short_name);
	stats_wanted = wanted && *wanted && strcmp(wanted, "0");
	if (stats_wanted)
		pthread_atfork(NULL, NULL, forget);
}

uint64_t stats_clock(void)
{
	struct timespec t;

	if (!stats_wanted)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Not by way of stderr, whose buffer may be gone already. */
__attribute__((destructor))
static void stats_end(void)
{
	const uint64_t *c = stats_counters;
	char line[400];
	int n;

	if (!stats_wanted || !(c[STATS_CREATE] | c[STATS_CTL] | c[STATS_WAIT]))
		return;
	n = snprintf(line, sizeof(line),
		     "epoll-run: %s[%ld] on %s: %" PRIu64 " instances, %" PRIu64
		     " ctl, %" PRIu64 " waits, %" PRIu64 " events, %" PRIu64
		     " re-polls, %" PRIu64 ".%06" PRIu64 " s in wait\n",
		     stats_program, (long)getpid(), stats_design,
		     c[STATS_CREATE], c[STATS_CTL], c[STATS_WAIT],
		     c[STATS_EVENTS], c[STATS_REPOLL], c[STATS_NS] / 1000000000,
		     c[STATS_NS] / 1000 % 1000000);
	if (n > 0 && n < (int)sizeof(line))
		raw3(SYS_write, STDERR_FILENO, line, n);
}
