// SPDX-License-Identifier: GPL-2.0-only
/*
 * wake.c - waking those who wait for an instance
 *
 * Two kinds of them.  Waiters sleep in EVENTPOLL_WAIT or read(2); one event wakes one.
 * Pollers are on the queue of the descriptor: poll(2), and other instances that
 * watch this one, whose producers then run under the lock of that queue.
 *
 * No wake-up is lost, because each side writes before it reads, with a full
 * barrier between: the producer posts, then looks at the queue; the waiter goes
 * on the queue, then looks at the store.
 *
 * A store with trylock_wake lets its producers go away when the lock of the queue
 * is taken.  Whoever holds it then
 *
 *	is a waiter that comes or goes, and looks at the store after the unlock, with
 *		a full barrier between (an unlock alone may become visible later
 *		than what the look has read); or
 *	is another producer, who wakes a waiter or finds that all on the queue are
 *		awake.  A waiter is asleep before it lets go of the lock, so who is
 *		awake is about to leave.  Whoever leaves goes through the lock, and
 *		looks then, so after that producer's unlock.
 *
 * The RFC of 2013 takes a waiter off the queue under the lock as well, with a barrier
 * behind it; but there a waiter is asleep only when it has let go of the lock, which
 * can lose a wake-up.  tests/model/wfcqueue_wake.pml has this protocol and those that
 * lose one, on a machine with store buffers.
 *
 * Instances of ours can make no cycle (nest.c).  Instances of the kernel's
 * epoll can take part in one that nobody sees: ours watches the kernel's, which
 * watches ours.  The locks of such a ring of queues would be taken in a circle.
 * So a wake-up that comes from a kernel's instance is not passed on under that
 * instance's lock, but by a work item, which holds none; and only if the item
 * was not in the store yet, which makes every round trip end.
 *
 * A ring of io_uring can take part as well: it polls an instance that watches the
 * ring, or an eventfd that the ring rings, so that each completion makes the next
 * one.  io_uring marks its wake-ups with EPOLL_URING_WAKE and gives up a poll that
 * is woken by a mark; who passes a wake-up on has to pass the mark on.
 */
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "eventpoll.h"
#include "plant.h"
#include "stall.h"

static struct workqueue_struct *ep_workqueue;

bool __ep_wake_waiter(struct eventpoll *ep, bool sync)
{
	unsigned long flags;

	if (ep->store->trylock_wake) {
		/* See above who looks at the store if this fails. */
		if (!spin_trylock_irqsave(&ep->wq.lock, flags))
			return planted(PLANT_WOKENONE);
		ep_stall_wake(EP_STALL_BEFORE);
		wake_up_locked(&ep->wq);
		ep_stall_wake(EP_STALL_AFTER);
		spin_unlock_irqrestore(&ep->wq.lock, flags);
	} else if (sync) {
		__wake_up_sync(&ep->wq, TASK_NORMAL);
	} else {
		wake_up(&ep->wq);
	}
	return true;
}

static void queue_wake(struct eventpoll *ep, __poll_t mark)
{
	/* Work that is queued already looks at this when it runs. */
	if (mark)
		WRITE_ONCE(ep->work_marked, true);
	if (refcount_inc_not_zero(&ep->refs) &&
	    !queue_work(ep_workqueue, &ep->work))
		ep_put(ep);
}

/*
 * Each instance in a chain takes its queue's lock inside that of the one below;
 * for lockdep they are all one, unless told how deep this is.
 */
static unsigned int nests_below(const struct epitem *item)
{
	if (!item || item->kind != EP_PORT)
		return 0;
	/* Stable: this runs under the lock of that instance's queue. */
	return ep_of_file(item->file)->wake_nests + 1;
}

void __ep_wake_pollers(struct eventpoll *ep, const struct epitem *item,
		       bool fresh, __poll_t bits)
{
	__poll_t mark = bits & EPOLL_URING_WAKE;
	unsigned int nests;
	unsigned long flags;

	/* The second is a round trip through some other kind of file. */
	if ((item && item->kind == EP_FOREIGN) ||
	    READ_ONCE(ep->waker) == current) {
		if (fresh)
			queue_wake(ep, mark);
		return;
	}
	nests = nests_below(item);
	spin_lock_irqsave_nested(&ep->poll_wait.lock, flags, nests);
	WRITE_ONCE(ep->waker, current);
	ep->wake_nests = nests;
	wake_up_locked_poll(&ep->poll_wait, EPOLLIN | mark);
	WRITE_ONCE(ep->waker, NULL);
	spin_unlock_irqrestore(&ep->poll_wait.lock, flags);
}

/* For stores: ready.h. */

bool ep_ready_wake_waiter(struct ep_ready *ready)
{
	return ep_wake_waiter(container_of(ready, struct eventpoll, ready), false);
}

bool ep_ready_wake_all(struct ep_ready *ready)
{
	struct eventpoll *ep = container_of(ready, struct eventpoll, ready);

	if (!wq_has_sleeper(&ep->wq))
		return false;
	wake_up_all(&ep->wq);
	return true;
}

void ep_ready_wake_pollers(struct ep_ready *ready)
{
	ep_wake_pollers(container_of(ready, struct eventpoll, ready), NULL,
			true, 0);
}

void ep_wake_work(struct work_struct *work)
{
	struct eventpoll *ep = container_of(work, struct eventpoll, work);

	bool marked = xchg(&ep->work_marked, false);

	ep_wake_pollers(ep, NULL, true, marked ? EPOLL_URING_WAKE : 0);
	ep_put(ep);
}

int __init ep_wake_init(void)
{
	ep_workqueue = alloc_workqueue("eventpoll_port", WQ_UNBOUND, 0);
	return ep_workqueue ? 0 : -ENOMEM;
}

void ep_wake_exit(void)
{
	destroy_workqueue(ep_workqueue);
}
