// SPDX-License-Identifier: GPL-2.0-only
/*
 * ready_ovflist26.c - the two lists as they were at first (2.6.37)
 *
 * The list and the side list of ready_ovflist.c, as they were in the years that
 * made epoll's name.  The answer to the question is the same, and three things
 * about it are not:
 *
 *  - What comes during a transfer wakes nobody.  The merge at its end wakes one
 *    waiter, and those who poll the instance, if there is something then.  Since
 *    2020 every event wakes (5.7, "fix missing wakeup for ovflist in
 *    ep_poll_callback").
 *  - Both wake-ups of a waiter, of an event and of the merge, are made with the
 *    lock held: it was the lock of the queue of waiters as well.
 *  - The merge takes the side list as it is, newest first, and puts it behind
 *    the level-triggered items that were told and are put back.  Since 5.1 it
 *    is turned round, and put in front of them (c141175d011f).
 *
 * What does the producer do to an item that the consumer holds right now?
 *	It parks it on the side list, and lets everybody sleep.
 *
 *	operation		beside what		guarded by
 *	post			all			lock
 *	pending			all			nothing: a hint that is
 *							never false after a post
 *	list, in transfer	post goes to the side	the open side list
 *	take, merge		post			lock
 *	forget			post of others		lock
 *
 * lock is innermost but for ep->wq.lock, and the locks of wait queues under which
 * post runs.
 *
 * What 2.6.37 had besides is the core's and the same for every store here:
 *
 *  - A loop of instances was let in by ADD, and its wake-ups and polls were cut
 *    off when they came round or went five deep.  Here ADD says ELOOP, as since
 *    2.6.38: a store cannot let in what the core refuses.
 *  - A timeout had the slack that select estimates, a thousandth of it up to 100
 *    ms; here it has the thread's own.  A wait of 10 s could end 10 ms later.
 *  - A waiter that came during a transfer slept until the merge; here it waits for
 *    the mutex, which ends at the same moment.
 *  - A poll of the instance was a transfer too, and its merge woke those who poll,
 *    the one who asked among them.  An edge-triggered instance that watched this
 *    one was so told for ever while there was something (until 5.5, 339ddb53d373).
 *    Here the merge of a poll wakes them only if something came while it ran: an
 *    io_uring that polls would never come to an end.
 */
#include <linux/spinlock.h>

#include "ready_lists.h"

struct ovflist26 {
	spinlock_t lock;	/* guards both lists, and when waiters are woken */
	struct ep_lists lists;
};

EP_READY_FITS(struct ovflist26);

static struct ovflist26 *store_of(struct ep_ready *ready)
{
	return (struct ovflist26 *)ready->space;
}

static void ovflist26_init(struct ep_ready *ready)
{
	spin_lock_init(&store_of(ready)->lock);
	lists_init(&store_of(ready)->lists);
}

static unsigned int ovflist26_post(struct ep_ready *ready,
				   struct ep_link *link)
{
	struct ovflist26 *s = store_of(ready);
	/* During a transfer: now it is in the store, if it was not already. */
	unsigned int posted = EP_SILENT | EP_FRESH;
	unsigned long flags;
	bool fresh;

	spin_lock_irqsave(&s->lock, flags);
	fresh = lists_post(&s->lists, lists_item_of(link));
	if (likely(!lists_open(&s->lists))) {
		posted = fresh ? EP_FRESH : EP_OLD;
		if (ep_ready_wake_waiter(ready))
			posted |= EP_WOKE;
	}
	spin_unlock_irqrestore(&s->lock, flags);
	return posted;
}

static bool ovflist26_pending(struct ep_ready *ready)
{
	return lists_pending(&store_of(ready)->lists);
}

/* Return: there is something.  Context: lock. */
static bool merge(struct ep_lists *l)
{
	struct lists_item *item, *next;

	for (item = l->side; item; item = next) {
		next = item->side;
		item->side = ALONE;
		if (list_empty(&item->node))
			list_add_tail(&item->node, &l->list);
	}
	WRITE_ONCE(l->side, CLOSED);
	list_splice_init(&l->taken, &l->list);
	return !list_empty(&l->list);
}

static bool ovflist26_transfer(struct ep_ready *ready, struct ep_batch *batch)
{
	struct ovflist26 *s = store_of(ready);
	bool came, more;

	spin_lock_irq(&s->lock);
	lists_take(&s->lists);
	spin_unlock_irq(&s->lock);

	lists_visit(&s->lists, batch);

	spin_lock_irq(&s->lock);
	came = s->lists.side;
	more = merge(&s->lists);
	if (more)
		ep_ready_wake_waiter(ready);
	spin_unlock_irq(&s->lock);
	if (more && (came || !ep_batch_looks(batch)))
		ep_ready_wake_pollers(ready);
	return false;
}

static bool ovflist26_forget(struct ep_ready *ready, struct ep_link *link)
{
	struct ovflist26 *s = store_of(ready);

	/* No transfer runs, so it is not on the side list. */
	spin_lock_irq(&s->lock);
	list_del_init(&lists_item_of(link)->node);
	spin_unlock_irq(&s->lock);
	return true;
}

const struct ep_store ep_store_ovflist26 = {
	.name = "ovflist-2.6",
	.init = ovflist26_init,
	.init_link = lists_init_item,
	.post = ovflist26_post,
	.pending = ovflist26_pending,
	.transfer = ovflist26_transfer,
	.again = lists_again,
	.forget = ovflist26_forget,
};
