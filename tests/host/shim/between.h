/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * between.h - what happens between two steps that others can see
 *
 * Two threads rarely meet between two instructions.  So the steps of shim/linux's
 * atomics call this: a test can let something happen there.
 */
#ifndef SHIM_BETWEEN_H
#define SHIM_BETWEEN_H

/** shim_between - called if it is not NULL; a thread has its own. */
extern __thread void (*shim_between)(void);

static inline void shim_step(void)
{
	if (shim_between)
		shim_between();
}

#endif /* SHIM_BETWEEN_H */
