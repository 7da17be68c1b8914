// SPDX-License-Identifier: GPL-2.0-only
/*
 * ready_llist.c - the half-lockless list of 2025, and the mark that it lost
 *
 * Nam Cao's "eventpoll: Fix priority inversion problem" put the ready items on an
 * llist: producers add without a lock, the consumer takes under the mutex.  Its
 * third version was merged for 6.16 and tripled a benchmark; on desktops the login
 * froze and programs took a minute to start, and Linus Torvalds reverted it before
 * the release.  The cause was never found ("I still have no clue what is the bug in
 * this patch", 14 July 2025).  In 6.18 came the plain spin lock of ready_ovflist.c.
 *
 * llist, as merged.  One mark says all: an item is off the list when its node points
 * to itself, and a producer adds it by one cmpxchg on that.
 *
 * What does the producer do to an item that the consumer holds right now?
 *	Nothing.  The node of an item that was taken does not point to itself.
 *
 * And that is the hole of 2007 (ready_singlepass.c) again, which we believe to be
 * the fault that was not found.  What was told goes to a private list, and its
 * mark comes off only when all is copied: "init_llist_node() doesn't happen until
 * we are done looping", or the same item would be seen twice (25 June 2025).  A
 * level-triggered item is added again then.  An edge that came since its file was
 * asked found it listed and went away: it is lost, over the whole copy and not for
 * a few instructions as in 2007.  Who reads until EAGAIN reads what came, told or
 * not; hurt is who was told IN and waits for OUT.
 *
 * What was asked and had nothing is safe but for a hair: the mark comes off and the
 * file is asked once more, "otherwise an event may be lost", and nothing orders the
 * one before the other but what the asking happens to do (on x86 the pin of the
 * file, a locked instruction).
 *
 * llist-v1, the first version, of 19 May 2025.  It has two marks: locked, for on
 * the list or in the consumer's hands, and ready, for something came, even if it
 * could not be added.  The third version took the second away, as unnecessary.
 *
 * What does the producer do to an item that the consumer holds right now?
 *	It marks it ready; the consumer looks at that when it lets go.
 *
 *	operation	beside what	guarded by
 *	post		all, itself too	nothing: cmpxchg on the item, and on the
 *					head of the list
 *	pending		all		nothing: a hint that is never false
 *					after a post
 *	taking off	post		ep->mtx: one consumer, so no ABA
 *	forget		post of others	ep->mtx
 *
 * Both tell the newest first, for the list is a stack.  What was told and is put back
 * comes on top, so that more level-triggered items than maxevents starve the rest.
 * And both take the list apart to remove from its middle, and put the rest back turned
 * round: a removal costs as many steps as there are ready items above.
 *
 * Of the two we have the first whole, and of the third its transfer loop as it was
 * quoted in the review; that its last loop adds the level-triggered ones is inferred
 * from the size of a later hunk, and its pending() is that of the first.
 */
#include <linux/atomic.h>
#include <linux/container_of.h>
#include <linux/llist.h>
#include <linux/sched.h>

#include "ready.h"

struct item {
	struct llist_node node;	/* the third: to itself when it is off the list */
	int locked;		/* the first: on the list, or being told */
	int ready;		/* the first: something came */
	bool again;		/* the third: told, and level-triggered */
};

struct llist {
	struct llist_head list;
	bool apart;		/* it is taken apart; under ep->mtx */
};

EP_READY_FITS(struct llist);
EP_LINK_FITS(struct item);

static struct llist *store_of(struct ep_ready *ready)
{
	return (struct llist *)ready->space;
}

static struct item *item_of(struct ep_link *link)
{
	return (struct item *)link->space;
}

static struct ep_link *link_of(struct llist_node *node)
{
	return (struct ep_link *)container_of(node, struct item, node);
}

static void mark_off(struct item *item)
{
	WRITE_ONCE(item->node.next, &item->node);
}

static void llist_init(struct ep_ready *ready)
{
	init_llist_head(&store_of(ready)->list);
	store_of(ready)->apart = false;
}

static void llist_init_link(struct ep_link *link)
{
	mark_off(item_of(link));
	item_of(link)->locked = false;
	item_of(link)->ready = false;
}

static unsigned int llist_post(struct ep_ready *ready, struct ep_link *link)
{
	struct llist_node *node = &item_of(link)->node;

	if (cmpxchg(&node->next, node, NULL) != node)
		return EP_OLD;
	llist_add(node, &store_of(ready)->list);
	return EP_FRESH;
}

/* As the first version asked: something, or somebody is at it (a transfer: the core). */
static bool llist_pending(struct ep_ready *ready)
{
	struct llist *s = store_of(ready);

	return !llist_empty(&s->list) || READ_ONCE(s->apart);
}

static void push(struct llist_node **first, struct llist_node *node)
{
	/* The mark, too: producers look at it. */
	WRITE_ONCE(node->next, *first);
	*first = node;
}

static bool llist_transfer(struct ep_ready *ready, struct ep_batch *batch)
{
	struct llist *s = store_of(ready);
	struct llist_node *node, *next, *told = NULL;
	enum ep_verdict verdict;
	int n;

	while (!ep_batch_full(batch) && (node = llist_del_first(&s->list))) {
		n = ep_batch_told(batch);
		verdict = ep_visit(batch, link_of(node));
		if (verdict == EP_LEAVE) {
			llist_add(node, &s->list);
		} else if (ep_batch_told(batch) != n) {
			/* Still marked: from the answer on, posts are lost. */
			item_of(link_of(node))->again = verdict == EP_AGAIN;
			push(&told, node);
		} else {
			mark_off(item_of(link_of(node)));
			/* No barrier: see the top. */
			if (ep_ask(batch, link_of(node)))
				llist_post(ready, link_of(node));
		}
	}
	for (node = told; node; node = next) {
		struct item *item = item_of(link_of(node));

		next = READ_ONCE(node->next);
		mark_off(item);
		if (item->again)
			llist_post(ready, link_of(node));
	}
	return !llist_empty(&s->list);
}

/* Takes a node out of the middle. */
static void pick_out(struct ep_ready *ready, struct llist_node *node)
{
	struct llist *s = store_of(ready);
	struct llist_node *n, *rest = NULL, *last = NULL;

	WRITE_ONCE(s->apart, true);
	while ((n = llist_del_first(&s->list)) && n != node) {
		if (!last)
			last = n;
		push(&rest, n);
		cond_resched();
	}
	if (rest)
		llist_add_batch(rest, last, &s->list);
	WRITE_ONCE(s->apart, false);
	/* Who looked meanwhile may have seen neither. */
	if (rest) {
		ep_ready_wake_waiter(ready);
		ep_ready_wake_pollers(ready);
	}
}

static bool llist_forget(struct ep_ready *ready, struct ep_link *link)
{
	struct llist_node *node = &item_of(link)->node;

	/* No transfer runs, so it is on the list or off it. */
	if (READ_ONCE(node->next) != node)
		pick_out(ready, node);
	return true;
}

const struct ep_store ep_store_llist = {
	.name = "llist",
	.init = llist_init,
	.init_link = llist_init_link,
	.post = llist_post,
	.pending = llist_pending,
	.transfer = llist_transfer,
	.forget = llist_forget,
};

static unsigned int llist_v1_post(struct ep_ready *ready, struct ep_link *link)
{
	struct item *item = item_of(link);
	bool old = xchg(&item->ready, true);

	if (cmpxchg(&item->locked, false, true))
		return old ? EP_OLD : EP_FRESH;
	llist_add(&item->node, &store_of(ready)->list);
	return EP_FRESH;
}

static bool llist_v1_transfer(struct ep_ready *ready, struct ep_batch *batch)
{
	struct llist *s = store_of(ready);
	struct llist_node *node, *next, *held = NULL;
	struct item *item;

	while (!ep_batch_full(batch) && (node = llist_del_first(&s->list))) {
		item = item_of(link_of(node));
		push(&held, node);
		/* A full barrier: a post after it is seen below. */
		xchg(&item->ready, false);
		if (ep_visit(batch, link_of(node)) != EP_DONE)
			xchg(&item->ready, true);
	}
	for (node = held; node; node = next) {
		item = item_of(link_of(node));
		next = node->next;
		/* Pairs with the two exchanges in llist_v1_post(). */
		xchg(&item->locked, false);
		if (READ_ONCE(item->ready))
			llist_v1_post(ready, link_of(node));
	}
	return !llist_empty(&s->list);
}

static bool llist_v1_again(const struct ep_batch *batch, struct ep_link *link)
{
	return READ_ONCE(item_of(link)->ready);
}

static bool llist_v1_forget(struct ep_ready *ready, struct ep_link *link)
{
	/* No transfer or post runs, so what is locked is on the list. */
	if (READ_ONCE(item_of(link)->locked))
		pick_out(ready, &item_of(link)->node);
	return true;
}

const struct ep_store ep_store_llist_v1 = {
	.name = "llist-v1",
	.init = llist_init,
	.init_link = llist_init_link,
	.post = llist_v1_post,
	.pending = llist_pending,
	.transfer = llist_v1_transfer,
	.again = llist_v1_again,
	.forget = llist_v1_forget,
};
