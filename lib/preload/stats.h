/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stats.h - what EPOLL_RUN_STATS=1 prints when the program ends
 *
 * Counters of the process, added to without locks.  Nothing is counted, and no
 * clock is read, unless they are wanted.
 */
#ifndef PRELOAD_STATS_H
#define PRELOAD_STATS_H

#include <stdbool.h>
#include <stdint.h>

/**
 * enum stats - what is counted
 * @STATS_CREATE: instances asked for
 * @STATS_CTL: calls of epoll_ctl(2)
 * @STATS_WAIT: waits, of all forms
 * @STATS_EVENTS: events handed out
 * @STATS_REPOLL: descriptors asked again with poll(2)
 * @STATS_NS: nanoseconds in waits
 */
enum stats {
	STATS_CREATE,
	STATS_CTL,
	STATS_WAIT,
	STATS_EVENTS,
	STATS_REPOLL,
	STATS_NS,
	STATS_ALL
};

extern bool stats_wanted;
extern uint64_t stats_counters[STATS_ALL];

/** stats_start() - look whether they are wanted; @design names the line. */
void stats_start(const char *design);

/** stats_clock() - nanoseconds; 0 if nothing is wanted. */
uint64_t stats_clock(void);

/** stats_count() - add @n. */
static inline void stats_count(enum stats which, uint64_t n)
{
	if (stats_wanted)
		__atomic_fetch_add(&stats_counters[which], n, __ATOMIC_RELAXED);
}

#endif /* PRELOAD_STATS_H */
