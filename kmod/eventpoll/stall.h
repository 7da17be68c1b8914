/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stall.h - a point where a consumer can be held, to make a race happen
 *
 * Between the look at a file and whatever the ready store does with its item
 * afterwards.  Root opens it with the module parameter "stall"; a consumer then
 * parks there, with ep->mtx held, until the parameter is cleared, it is killed,
 * or ten seconds are over.  "stalled" tells how many are parked.
 */
#ifndef KMOD_EVENTPOLL_STALL_H
#define KMOD_EVENTPOLL_STALL_H

#include <linux/compiler.h>
#include <linux/types.h>

extern bool ep_stall_open;

void __ep_stall(void);

static inline void ep_stall(void)
{
	if (unlikely(READ_ONCE(ep_stall_open)))
		__ep_stall();
}

#endif /* KMOD_EVENTPOLL_STALL_H */
