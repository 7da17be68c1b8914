// SPDX-License-Identifier: GPL-2.0-only
/*
 * ready_multipass.c - collect, send, reinject (2.6.0 to 2.6.21)
 *
 * The first ready list that a final release had, and for more than three years the
 * only one.  A wait goes over it three times: under the lock it moves as many items
 * as the program has room for to a list of its own; without the lock it asks each
 * file and tells; under the lock it puts back what is level-triggered and was true.
 *
 * What does the producer do to an item that the consumer holds right now?
 *	It puts it on the ready list again: the item was unlinked from it before
 *	any file was asked, and is held by a link of its own.
 *
 * So no event is lost to the race that the single pass brought (ready_singlepass.c),
 * which came to save the passes.  What was lost was lost otherwise:
 *
 *  - An address that cannot be written ends the second pass.  What is edge-triggered
 *    and was collected is then neither told nor put back.  (In the kernel of that
 *    time EFAULT came even if some were told before, and those were lost as well;
 *    what a wait returns is the core's.)
 *  - As many are collected as the program has room for, whether they are true or
 *    not: what was drained meanwhile takes the place of others, and a wait of no
 *    time may find nothing though there is something behind.
 *
 * A collected item goes to the head of the consumer's list, so that each wait tells
 * its own oldest last, and what is put back is turned round once more.  Waiters are not
 * exclusive: every event wakes all of them.
 *
 *	operation	beside what	guarded by
 *	post		all		lock
 *	pending		all		nothing: a hint
 *	collect, put	post		lock
 *	 back
 *	send		post		the list is ours, and its links
 *	forget		post of others	lock
 *
 * lock is innermost but for ep->wq.lock, and the locks of wait queues under which
 * post runs; as then, waiters are woken with it held.
 *
 * The core's, and so not as it was: there several consumers shared a semaphore;
 * a poll of the instance looked whether the list was empty and asked no file; and
 * the keys of wake-ups, which say what happened, were not looked at.
 */
#include <linux/list.h>
#include <linux/spinlock.h>

#include "ready.h"

struct multipass {
	spinlock_t lock;	/* guards the list, and when waiters are woken */
	struct list_head list;	/* what is ready, in order of arrival */
};

struct item {
	struct list_head node;	/* on the list */
	struct item *next;	/* of those that the consumer collected */
};

EP_READY_FITS(struct multipass);
EP_LINK_FITS(struct item);

static struct multipass *store_of(struct ep_ready *ready)
{
	return (struct multipass *)ready->space;
}

static struct item *item_of(struct ep_link *link)
{
	return (struct item *)link->space;
}

static void multipass_init(struct ep_ready *ready)
{
	spin_lock_init(&store_of(ready)->lock);
	INIT_LIST_HEAD(&store_of(ready)->list);
}

static void multipass_init_link(struct ep_link *link)
{
	INIT_LIST_HEAD(&item_of(link)->node);
}

static unsigned int multipass_post(struct ep_ready *ready,
				   struct ep_link *link)
{
	struct multipass *s = store_of(ready);
	struct item *item = item_of(link);
	unsigned int posted = EP_OLD;
	unsigned long flags;

	spin_lock_irqsave(&s->lock, flags);
	if (list_empty(&item->node)) {
		list_add_tail(&item->node, &s->list);
		posted = EP_FRESH;
	}
	if (ep_ready_wake_all(ready))
		posted |= EP_WOKE;
	spin_unlock_irqrestore(&s->lock, flags);
	return posted;
}

static bool multipass_pending(struct ep_ready *ready)
{
	return !list_empty_careful(&store_of(ready)->list);
}

static struct item *collect(struct multipass *s, int max)
{
	struct item *first = NULL, *item;

	spin_lock_irq(&s->lock);
	while (max-- > 0 && !list_empty(&s->list)) {
		item = list_first_entry(&s->list, struct item, node);
		list_del_init(&item->node);
		item->next = first;
		first = item;
	}
	spin_unlock_irq(&s->lock);
	return first;
}

/* Asks and tells; what is to be put back stays.  Return: its first. */
static struct item *send(struct item *first, struct ep_batch *batch)
{
	struct item **at = &first, *item;
	bool faulted = false, back = false;

	while ((item = *at)) {
		struct ep_link *link = (struct ep_link *)item;

		if (!faulted) {
			switch (ep_visit(batch, link)) {
			case EP_DONE:
				back = false;
				break;
			case EP_AGAIN:
				back = true;
				break;
			case EP_LEAVE:
				faulted = true;
				break;
			}
		}
		if (faulted) {
			back = ep_batch_looks(batch) || !ep_is_edge(link);
			if (!back)
				ep_drop(batch, link);
		}
		if (back)
			at = &item->next;
		else
			*at = item->next;
	}
	return first;
}

static bool multipass_again(const struct ep_batch *batch, struct ep_link *link)
{
	return !list_empty(&item_of(link)->node);
}

static void reinject(struct ep_ready *ready, struct item *item, bool looked)
{
	struct multipass *s = store_of(ready);

	if (!item)
		return;
	spin_lock_irq(&s->lock);
	for (; item; item = item->next) {
		if (!list_empty(&item->node))
			continue;
		/* A poll leaves the order as it is. */
		if (looked)
			list_add(&item->node, &s->list);
		else
			list_add_tail(&item->node, &s->list);
	}
	ep_ready_wake_all(ready);
	spin_unlock_irq(&s->lock);
	if (!looked)
		ep_ready_wake_pollers(ready);
}

static bool multipass_transfer(struct ep_ready *ready, struct ep_batch *batch)
{
	bool looks = ep_batch_looks(batch);
	struct item *first;

	/* A poll needs to know, so it goes on until it does. */
	do {
		first = collect(store_of(ready), ep_batch_room(batch));
		if (!first)
			break;
		reinject(ready, send(first, batch), looks);
	} while (looks && !ep_batch_full(batch));
	return false;
}

static bool multipass_forget(struct ep_ready *ready, struct ep_link *link)
{
	struct multipass *s = store_of(ready);

	spin_lock_irq(&s->lock);
	list_del_init(&item_of(link)->node);
	spin_unlock_irq(&s->lock);
	return true;
}

const struct ep_store ep_store_multipass = {
	.name = "multipass",
	.init = multipass_init,
	.init_link = multipass_init_link,
	.post = multipass_post,
	.pending = multipass_pending,
	.transfer = multipass_transfer,
	.again = multipass_again,
	.forget = multipass_forget,
};
