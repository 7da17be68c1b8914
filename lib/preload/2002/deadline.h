/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * deadline.h - when a call that sleeps comes to its end
 */
#ifndef PRELOAD_DEADLINE_H
#define PRELOAD_DEADLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define NSEC	1000000000L

/**
 * struct deadline - when a call ends
 * @now: at once
 * @never: not by time
 * @at: else, on CLOCK_MONOTONIC
 */
struct deadline {
	bool now;
	bool never;
	struct timespec at;
};

/** deadline_set() - in the time @t, which is a good one, or NULL: never. */
static inline void deadline_set(struct deadline *d, const struct timespec *t)
{
	*d = (struct deadline){ .now = t && !t->tv_sec && !t->tv_nsec };
	/* Longer than the kernel's clock goes is for ever. */
	d->never = !t || t->tv_sec > INT32_MAX;
	if (d->now || d->never)
		return;
	clock_gettime(CLOCK_MONOTONIC, &d->at);
	d->at.tv_sec += t->tv_sec;
	d->at.tv_nsec += t->tv_nsec;
	if (d->at.tv_nsec >= NSEC) {
		d->at.tv_nsec -= NSEC;
		d->at.tv_sec++;
	}
}

/** deadline_left() - what is left, if not for ever; false, and 0, if nothing is. */
static inline bool deadline_left(const struct deadline *d, struct timespec *left)
{
	struct timespec now;

	*left = (struct timespec){ 0 };
	if (d->now || d->never)
		return d->never;
	clock_gettime(CLOCK_MONOTONIC, &now);
	left->tv_sec = d->at.tv_sec - now.tv_sec;
	left->tv_nsec = d->at.tv_nsec - now.tv_nsec;
	if (left->tv_nsec < 0) {
		left->tv_nsec += NSEC;
		left->tv_sec--;
	}
	if (left->tv_sec < 0)
		*left = (struct timespec){ 0 };
	return left->tv_sec || left->tv_nsec;
}

#endif /* PRELOAD_DEADLINE_H */
