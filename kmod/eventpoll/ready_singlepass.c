// SPDX-License-Identifier: GPL-2.0-only
/*
 * ready_singlepass.c - one list, gone through once (May 2007)
 *
 * Until then epoll went over its ready list three times: collect, send, put
 * back.  This store goes once: it takes the whole list and for each item asks
 * the file, tells the program, and unlinks.  Nothing stops a producer meanwhile
 * but that an item in the consumer's hands still looks linked, and so is left
 * alone (commit 6192bd536f of 8 May 2007).
 *
 * What does the producer do to an item that the consumer holds right now?
 *	Nothing.
 *
 * And that is the hole: an event that comes after the file was asked and before
 * the item is unlinked is neither in the answer nor in the list.  A waiter for
 * edges sleeps for ever on a file that is ready.  A week later a side list
 * replaced it (ready_ovflist26.c), before the next release.  It is kept as
 * the exhibit that it is: "./lab exhibit singlepass" makes it happen every time.
 *
 * Two more things were so then.  A level-triggered item that was told goes back
 * to the head of the list, before what had no room: more of them than maxevents
 * starve the rest ("./lab exhibit starve").  And waiters are not exclusive: an event
 * wakes all of them, and one finds it.
 *
 *	operation	beside what	guarded by
 *	post		all		lock
 *	pending		all		nothing: a hint
 *	taken, told	post		ours: post leaves linked items alone
 *	unlinking	post		lock: post must not see half of it
 *	forget		post of others	lock
 *
 * lock is innermost but for ep->wq.lock, and the locks of wait queues under which
 * post runs; as then, waiters are woken with it held.
 *
 * Of 2007 it keeps the order of the steps, not their way of locking: there, several
 * consumers shared a semaphore, and an item was unlinked with a barrier alone.  Here
 * nothing but the event can be lost.  doc/single-pass.md goes through the argument.
 */
#include <linux/list.h>
#include <linux/spinlock.h>

#include "ready.h"

struct singlepass {
	spinlock_t lock;	/* guards the list and what looks linked */
	struct list_head list;	/* what is ready, in order of arrival */
};

struct item {
	struct list_head node;	/* on the list, or on one of a transfer */
};

EP_READY_FITS(struct singlepass);
EP_LINK_FITS(struct item);

static struct singlepass *store_of(struct ep_ready *ready)
{
	return (struct singlepass *)ready->space;
}

static struct list_head *node_of(struct ep_link *link)
{
	return &((struct item *)link->space)->node;
}

static struct ep_link *link_of(struct list_head *node)
{
	return (struct ep_link *)list_entry(node, struct item, node);
}

static void singlepass_init(struct ep_ready *ready)
{
	struct singlepass *s = store_of(ready);

	spin_lock_init(&s->lock);
	INIT_LIST_HEAD(&s->list);
}

static void singlepass_init_link(struct ep_link *link)
{
	INIT_LIST_HEAD(node_of(link));
}

static unsigned int singlepass_post(struct ep_ready *ready,
				    struct ep_link *link)
{
	struct singlepass *s = store_of(ready);
	struct list_head *node = node_of(link);
	unsigned int posted = EP_OLD;
	unsigned long flags;

	spin_lock_irqsave(&s->lock, flags);
	if (list_empty(node)) {
		list_add_tail(node, &s->list);
		posted = EP_FRESH;
	}
	if (ep_ready_wake_all(ready))
		posted |= EP_WOKE;
	spin_unlock_irqrestore(&s->lock, flags);
	return posted;
}

static bool singlepass_pending(struct ep_ready *ready)
{
	return !list_empty_careful(&store_of(ready)->list);
}

static void unlink(struct singlepass *s, struct list_head *node)
{
	spin_lock_irq(&s->lock);
	list_del_init(node);
	spin_unlock_irq(&s->lock);
}

static bool singlepass_transfer(struct ep_ready *ready, struct ep_batch *batch)
{
	struct singlepass *s = store_of(ready);
	enum ep_verdict verdict = EP_DONE;
	struct list_head *node;
	LIST_HEAD(taken);
	LIST_HEAD(told);
	bool more;

	spin_lock_irq(&s->lock);
	list_splice_init(&s->list, &taken);
	spin_unlock_irq(&s->lock);

	while (!list_empty(&taken) && !ep_batch_full(batch)) {
		node = taken.next;
		/* Still linked: from the answer on, posts are lost. */
		verdict = ep_visit(batch, link_of(node));
		if (verdict == EP_LEAVE)
			break;
		if (verdict == EP_AGAIN)
			list_move_tail(node, &told);
		else
			unlink(s, node);
	}

	spin_lock_irq(&s->lock);
	list_splice(&taken, &s->list);
	list_splice(&told, &s->list);
	more = !list_empty(&s->list);
	if (more)
		ep_ready_wake_all(ready);
	spin_unlock_irq(&s->lock);
	return false;
}

static bool singlepass_forget(struct ep_ready *ready, struct ep_link *link)
{
	unlink(store_of(ready), node_of(link));
	return true;
}

const struct ep_store ep_store_singlepass = {
	.name = "singlepass",
	.init = singlepass_init,
	.init_link = singlepass_init_link,
	.post = singlepass_post,
	.pending = singlepass_pending,
	.transfer = singlepass_transfer,
	.forget = singlepass_forget,
};
