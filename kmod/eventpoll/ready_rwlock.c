// SPDX-License-Identifier: GPL-2.0-only
/*
 * ready_rwlock.c - appended to with xchg under a shared lock (5.1 to 6.17)
 *
 * The two lists of ready_ovflist.c, but the producers share the lock: they hold
 * it for reading and append with atomic exchanges, and only the consumer takes
 * it alone.  With many producers on one instance that brought 57 to 79 percent
 * more events a second in the benchmark of 2018 (stress-epoll).  The price came
 * to light later: on a kernel with PREEMPT_RT the consumer waits for a reader that
 * was preempted, and cannot lend it its own priority, since a lock does not know
 * its readers.  In 6.18 the plain spin lock came back; stable kernels of these
 * branches had it from October 2025 on.
 *
 * What does the producer do to an item that the consumer holds right now?
 *	It parks it on the side list, without excluding other producers.
 *
 *	operation		beside what		guarded by
 *	post			all, itself too		lock, shared
 *	pending			all			nothing: a hint that is
 *							never false after a post
 *	list, in transfer	post goes to the side	the open side list
 *	take, merge		nothing			lock, alone
 *	forget			nothing			lock, alone
 *
 * Two producers may post one item at once: a cmpxchg on the item's own link
 * says which of them appends it.  An appended item is not reachable from the
 * front of the list until its producer has stored the second pointer, and
 * nobody goes there before all producers have left the lock.
 *
 * lock is innermost but for the locks of wait queues, under which post runs.
 */
#include <linux/atomic.h>
#include <linux/spinlock.h>

#include "ready_lists.h"

struct rwlists {
	rwlock_t lock;		/* shared by producers, see the table above */
	struct ep_lists lists;
};

EP_READY_FITS(struct rwlists);

static struct rwlists *store_of(struct ep_ready *ready)
{
	return (struct rwlists *)ready->space;
}

static void rwlists_init(struct ep_ready *ready)
{
	rwlock_init(&store_of(ready)->lock);
	lists_init(&store_of(ready)->lists);
}

/* Return: false if it is on a list already. */
static bool append(struct list_head *node, struct list_head *list)
{
	struct list_head *last;

	/* An unlinked node points to itself; whoever changes that has it. */
	if (cmpxchg(&node->next, node, list) != node)
		return false;
	last = xchg(&list->prev, node);
	/* Until these two, the list is whole only as seen from its end. */
	WRITE_ONCE(last->next, node);
	node->prev = last;
	return true;
}

/* Return: false if it is on the side list already. */
static bool append_side(struct lists_item *item, struct ep_lists *l)
{
	if (cmpxchg(&item->side, ALONE, NULL) != ALONE)
		return false;
	/* Others look at it, too, and go away. */
	WRITE_ONCE(item->side, xchg(&l->side, item));
	return true;
}

static unsigned int rwlists_post(struct ep_ready *ready,
				 struct ep_link *link)
{
	struct lists_item *item = lists_item_of(link);
	struct rwlists *s = store_of(ready);
	unsigned long flags;
	bool fresh;

	read_lock_irqsave(&s->lock, flags);
	if (unlikely(lists_open(&s->lists)))
		fresh = append_side(item, &s->lists);
	else
		fresh = append(&item->node, &s->lists.list);
	read_unlock_irqrestore(&s->lock, flags);
	return fresh ? EP_FRESH : EP_OLD;
}

static bool rwlists_pending(struct ep_ready *ready)
{
	return lists_pending(&store_of(ready)->lists);
}

static bool rwlists_transfer(struct ep_ready *ready, struct ep_batch *batch)
{
	struct rwlists *s = store_of(ready);
	bool more;

	write_lock_irq(&s->lock);
	lists_take(&s->lists);
	write_unlock_irq(&s->lock);

	lists_visit(&s->lists, batch);

	write_lock_irq(&s->lock);
	more = lists_merge(&s->lists);
	write_unlock_irq(&s->lock);
	return more;
}

static bool rwlists_forget(struct ep_ready *ready, struct ep_link *link)
{
	struct rwlists *s = store_of(ready);

	/* No transfer runs, so it is not on the side list. */
	write_lock_irq(&s->lock);
	list_del_init(&lists_item_of(link)->node);
	write_unlock_irq(&s->lock);
	return true;
}

const struct ep_store ep_store_rwlock = {
	.name = "rwlock",
	.init = rwlists_init,
	.init_link = lists_init_item,
	.post = rwlists_post,
	.pending = rwlists_pending,
	.transfer = rwlists_transfer,
	.again = lists_again,
	.forget = rwlists_forget,
};
