/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stall.h - points where somebody can be held, to make a race happen
 *
 * One is between the look at a file and whatever the ready store does with its item
 * afterwards.  Root opens it with the module parameter "stall"; a consumer then
 * parks there, with ep->mtx held, until the parameter is cleared, it is killed,
 * or ten seconds are over.  "stalled" tells how many are parked.
 *
 * The other one is in a producer that holds the lock of the queue of waiters
 * (trylock_wake in ready.h), with interrupts off, before or after it wakes somebody.
 * The module parameter "stall_wake" says where; one producer spins there, and the
 * parameter says so, until it is cleared, for a second at most.
 */
#ifndef KMOD_EVENTPOLL_STALL_H
#define KMOD_EVENTPOLL_STALL_H

#include <linux/bitops.h>
#include <linux/compiler.h>

#include "rare.h"

enum ep_stall_where {
	EP_STALL_NOWHERE,
	EP_STALL_BEFORE,
	EP_STALL_AFTER,
	EP_STALL_HELD,
};

extern unsigned int ep_stall_waker;

void ep_stall(void);
void __ep_stall_wake(enum ep_stall_where here);

static inline bool ep_stalls(void)
{
	return test_bit(EP_RARE_STALL, &ep_rare);
}

static inline void ep_stall_wake(enum ep_stall_where here)
{
	if (unlikely(READ_ONCE(ep_stall_waker) == here))
		__ep_stall_wake(here);
}

#endif /* KMOD_EVENTPOLL_STALL_H */
