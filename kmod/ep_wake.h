/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ep_wake.h - waking those who wait for an instance
 */
#ifndef KMOD_EP_WAKE_H
#define KMOD_EP_WAKE_H

#include <linux/wait.h>

#include "ep_internal.h"

/** ep_wake_init() - at load.  Return: 0 or -ENOMEM. */
int ep_wake_init(void);

/** ep_wake_exit() - at unload; nobody is left who wakes. */
void ep_wake_exit(void);

/** ep_wake_consumer() - wake EP_POLL; @ep is not locked. */
static __always_inline void ep_wake_consumer(struct eventpoll *ep)
{
	/* No barrier: see "Lost wake-ups" in ep_wake.c. */
	if (waitqueue_active(&ep->wq))
		wake_up(&ep->wq);
}

void __ep_wake_pollers(struct eventpoll *ep, bool direct);

/**
 * ep_wake_pollers() - wake those who poll the descriptor of the instance
 * @ep: the instance; not locked
 * @direct: from here, or else from a work item
 */
static __always_inline void ep_wake_pollers(struct eventpoll *ep, bool direct)
{
	/* No barrier, for the same reason. */
	if (waitqueue_active(&ep->poll_wait))
		__ep_wake_pollers(ep, direct);
}

/** ep_events_now() - slots that nobody has taken; @ep is not locked. */
u32 ep_events_now(struct eventpoll *ep);

/** ep_wake_pollers_now() - the same from here, whoever is there. */
void ep_wake_pollers_now(struct eventpoll *ep);

#endif /* KMOD_EP_WAKE_H */
