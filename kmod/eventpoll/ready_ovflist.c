// SPDX-License-Identifier: GPL-2.0-only
/*
 * ready_ovflist.c - a list, and a second one beside it (since 6.18)
 *
 * The two lists came in May 2007, a week after the single pass
 * (ready_singlepass.c) and its hole.  While the consumer goes through what it
 * took, it leaves the store open: a producer that comes meanwhile chains its item
 * on a side list, whatever the consumer is doing with that item, and the consumer
 * merges the side list when it has done.  After nearly twelve years of the plain
 * spin lock and six and a half of a cleverer one (ready_rwlock.c), epoll returned
 * to this in 6.18, and in stable kernels (6.1.159, 6.6.114, and 6.12 by 6.12.79).
 *
 * It is that epoll.  The one of 2.6.22 to 5.0 had the same two lists, but put the
 * side list back newest first and behind what was level-triggered, and woke nobody
 * during a transfer: doc/sources/linux-2.6.37.md.
 *
 * What does the producer do to an item that the consumer holds right now?
 *	It parks it on the side list.
 *
 *	operation		beside what		guarded by
 *	post			all			lock
 *	pending			all			nothing: a hint that is
 *							never false after a post
 *	list, in transfer	post goes to the side	the open side list
 *	take, merge		post			lock
 *	forget			post of others		lock
 *
 * The two lists are in ready_lists.h.
 *
 * lock is innermost but for the locks of wait queues, under which post runs.
 */
#include <linux/spinlock.h>

#include "ready_lists.h"

struct ovflist {
	spinlock_t lock;	/* guards both lists */
	struct ep_lists lists;
};

EP_READY_FITS(struct ovflist);

static struct ovflist *store_of(struct ep_ready *ready)
{
	return (struct ovflist *)ready->space;
}

static void ovflist_init(struct ep_ready *ready)
{
	spin_lock_init(&store_of(ready)->lock);
	lists_init(&store_of(ready)->lists);
}

static unsigned int ovflist_post(struct ep_ready *ready,
				 struct ep_link *link)
{
	struct ovflist *s = store_of(ready);
	unsigned long flags;
	bool fresh;

	spin_lock_irqsave(&s->lock, flags);
	fresh = lists_post(&s->lists, lists_item_of(link));
	spin_unlock_irqrestore(&s->lock, flags);
	return fresh ? EP_FRESH : EP_OLD;
}

static bool ovflist_pending(struct ep_ready *ready)
{
	return lists_pending(&store_of(ready)->lists);
}

static bool ovflist_transfer(struct ep_ready *ready, struct ep_batch *batch)
{
	struct ovflist *s = store_of(ready);
	bool more;

	spin_lock_irq(&s->lock);
	lists_take(&s->lists);
	spin_unlock_irq(&s->lock);

	lists_visit(&s->lists, batch);

	spin_lock_irq(&s->lock);
	more = lists_merge(&s->lists);
	spin_unlock_irq(&s->lock);
	return more;
}

static bool ovflist_forget(struct ep_ready *ready, struct ep_link *link)
{
	struct ovflist *s = store_of(ready);

	/* No transfer runs, so it is not on the side list. */
	spin_lock_irq(&s->lock);
	list_del_init(&lists_item_of(link)->node);
	spin_unlock_irq(&s->lock);
	return true;
}

const struct ep_store ep_store_ovflist = {
	.name = "ovflist",
	.init = ovflist_init,
	.init_link = lists_init_item,
	.post = ovflist_post,
	.pending = ovflist_pending,
	.transfer = ovflist_transfer,
	.again = lists_again,
	.forget = ovflist_forget,
};
