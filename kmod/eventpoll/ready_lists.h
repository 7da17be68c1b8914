/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ready_lists.h - the two lists that ovflist, ovflist-2.6 and rwlock have in common
 *
 * A list of what is ready, and beside it a side list for what comes while the
 * consumer goes through what it took.  The stores differ in the lock, in how a
 * producer appends, and ovflist-2.6 in how the side list is put back.
 *
 * An item's two links are separate, so it may be on a list and on the side list
 * at once: on the side list because something came after the consumer had begun,
 * and the merge leaves alone what is on a list already.
 */
#ifndef KMOD_EVENTPOLL_READY_LISTS_H
#define KMOD_EVENTPOLL_READY_LISTS_H

#include <linux/list.h>

#include "plant.h"
#include "ready.h"

struct lists_item {
	struct list_head node;		/* on the list, or on that of a transfer */
	struct lists_item *side;	/* the next on the side list, or ALONE */
};

struct ep_lists {
	struct list_head list;		/* what is ready, in order of arrival */
	struct lists_item *side;	/* newest first, or CLOSED */
	struct list_head taken;		/* the consumer's, while the side list is open */
};

EP_LINK_FITS(struct lists_item);

/* Neither an item nor the end of the side list. */
#define ALONE	((struct lists_item *)1)
#define CLOSED	((struct lists_item *)1)

static inline struct lists_item *lists_item_of(struct ep_link *link)
{
	return (struct lists_item *)link->space;
}

static inline void lists_init(struct ep_lists *l)
{
	INIT_LIST_HEAD(&l->list);
	l->side = CLOSED;
	INIT_LIST_HEAD(&l->taken);
}

static inline void lists_init_item(struct ep_link *link)
{
	struct lists_item *item = lists_item_of(link);

	INIT_LIST_HEAD(&item->node);
	item->side = ALONE;
}

/* A hint, but never false after a post.  Context: any, no lock. */
static inline bool lists_pending(struct ep_lists *l)
{
	return !list_empty_careful(&l->list) || READ_ONCE(l->side) != CLOSED;
}

/* Is a transfer under way?  Context: the store's lock, shared or not. */
static inline bool lists_open(struct ep_lists *l)
{
	return READ_ONCE(l->side) != CLOSED;
}

/*
 * A post where producers come one at a time: to the side list during a transfer, else
 * to the list.  Return: the item was not there yet.  Context: lock, alone.
 */
static inline bool lists_post(struct ep_lists *l, struct lists_item *item)
{
	if (unlikely(lists_open(l))) {
		if (item->side != ALONE)
			return false;
		item->side = l->side;
		WRITE_ONCE(l->side, item);
		return true;
	}
	if (!list_empty(&item->node))
		return false;
	list_add_tail(&item->node, &l->list);
	return true;
}

/* Takes all that is ready and opens the side list.  Context: lock, alone. */
static inline void lists_take(struct ep_lists *l)
{
	list_splice_init(&l->list, &l->taken);
	WRITE_ONCE(l->side, NULL);
}

/* Did something of it come since all was taken? */
static inline bool lists_again(const struct ep_batch *batch, struct ep_link *link)
{
	return READ_ONCE(lists_item_of(link)->side) != ALONE;
}

/* Goes through what was taken.  The list is ours as well, while the side is open. */
static inline void lists_visit(struct ep_lists *l, struct ep_batch *batch)
{
	struct lists_item *item;

	while (!list_empty(&l->taken) && !ep_batch_full(batch)) {
		item = list_first_entry(&l->taken, struct lists_item, node);
		list_del_init(&item->node);
		switch (ep_visit(batch, (struct ep_link *)item)) {
		case EP_DONE:
			break;
		case EP_AGAIN:
			list_add_tail(&item->node, &l->list);
			break;
		case EP_LEAVE:
			list_add(&item->node, &l->taken);
			break;
		}
	}
}

/*
 * Closes the side list: what is on it comes before what was put back, and
 * after what was not visited.  Return: there is more.  Context: lock, alone.
 */
static inline bool lists_merge(struct ep_lists *l)
{
	struct lists_item *item, *next;

	for (item = l->side; item; item = next) {
		next = item->side;
		item->side = ALONE;
		/* Newest first, and each goes before the ones before it. */
		if (list_empty(&item->node))
			list_add(&item->node, &l->list);
	}
	WRITE_ONCE(l->side, CLOSED);
	if (planted(PLANT_UNFAIR))
		list_splice_tail_init(&l->taken, &l->list);
	else
		list_splice_init(&l->taken, &l->list);
	return !list_empty(&l->list);
}

#endif /* KMOD_EVENTPOLL_READY_LISTS_H */
