// SPDX-License-Identifier: GPL-2.0-only
/*
 * ep_wake.c - waking those who wait for an instance
 *
 * The consumer sleeps in EP_POLL, on ep->wq; who polls the descriptor of the
 * instance is on ep->poll_wait.  No wake-up is sent under ep->lock.
 *
 * Lost wake-ups.  The consumer goes on the queue first and looks for events
 * under ep->lock afterwards; the producer stores under ep->lock and looks at
 * the queue afterwards.  Whoever comes second to the lock sees the other.
 */
#include <linux/poll.h>
#include <linux/workqueue.h>

#include "ep_wake.h"

static struct workqueue_struct *ep_workqueue;

int ep_wake_init(void)
{
	ep_workqueue = alloc_workqueue("dev_epoll", WQ_UNBOUND, 0);
	return ep_workqueue ? 0 : -ENOMEM;
}

void ep_wake_exit(void)
{
	destroy_workqueue(ep_workqueue);
}

static void ep_queue_work(struct eventpoll *ep)
{
	if (kref_get_unless_zero(&ep->refs) &&
	    !queue_work(ep_workqueue, &ep->work))
		ep_put(ep);
}

u32 ep_events_now(struct eventpoll *ep)
{
	unsigned long flags;
	u32 n;

	if (!READ_ONCE(ep->control))
		return READ_ONCE(ep->pages.count);
	/* Under the lock, since it may just go, with the instance. */
	spin_lock_irqsave(&ep->lock, flags);
	n = ep_share_count(&ep->pages, ep->control);
	spin_unlock_irqrestore(&ep->lock, flags);
	return n;
}

/* A key of 0 says: something happened, ask.  They do, by ep_device_poll(). */
void ep_wake_pollers_now(struct eventpoll *ep)
{
	wake_up_poll(&ep->poll_wait, ep_events_now(ep) ?
				     EPOLLIN | EPOLLRDNORM : 0);
}

/*
 * Those who poll the descriptor of the instance may be other event queues
 * that the instance in turn watches, directly or not, and their wake-ups would
 * come back to us under locks that are taken already.  Sockets and pipes are
 * never woken from inside a wake-up, so theirs can be passed on at once.  For
 * any other kind of file the wake-up goes by a work item, which ends every
 * cycle and keeps the stack flat.
 *
 * A waker may be the last one to touch ep before its items are gone, but it
 * is inside RCU (or has a reference), and the memory is freed after that.
 */
void __ep_wake_pollers(struct eventpoll *ep, bool direct)
{
	if (direct)
		ep_wake_pollers_now(ep);
	else
		ep_queue_work(ep);
}
