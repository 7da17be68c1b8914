/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ready_wfcq.h - the queues and the states that wfcqueue and wfcqueue-idle have in common
 *
 * Producers append to one queue, and the consumer goes through another, which it keeps
 * between transfers.  A state in each item says whether it is in one of them.  The stores
 * differ in when an item becomes idle, and in where it goes then.
 */
#ifndef KMOD_EVENTPOLL_READY_WFCQ_H
#define KMOD_EVENTPOLL_READY_WFCQ_H

#include <linux/atomic.h>
#include <linux/container_of.h>

#include "ready.h"
#include "wfcq.h"

enum { IDLE, READY, ZOMBIE };

struct wfcq_item {
	struct node node;
	atomic_t state;
};

struct wfcqueue {
	struct queue ready;	/* producers append here */
	struct queue taken;	/* the consumer's, kept between transfers */
};

EP_READY_FITS(struct wfcqueue);
EP_LINK_FITS(struct wfcq_item);

static inline struct wfcqueue *wfcqueue_of(struct ep_ready *ready)
{
	return (struct wfcqueue *)ready->space;
}

static inline struct wfcq_item *wfcq_item_of(struct ep_link *link)
{
	return (struct wfcq_item *)link->space;
}

static inline struct wfcq_item *wfcq_item_at(struct node *node)
{
	return container_of(node, struct wfcq_item, node);
}

static inline void wfcq_init(struct ep_ready *ready)
{
	queue_init(&wfcqueue_of(ready)->ready);
	queue_init(&wfcqueue_of(ready)->taken);
}

static inline void wfcq_init_item(struct ep_link *link)
{
	atomic_set(&wfcq_item_of(link)->state, IDLE);
}

/* Return: true for the one who has to append it. */
static inline bool wfcq_flip(struct wfcq_item *item)
{
	return atomic_cmpxchg(&item->state, IDLE, READY) == IDLE;
}

static inline void wfcq_append(struct queue *q, struct wfcq_item *item)
{
	queue_append(q, &item->node, &item->node);
}

static inline struct wfcq_item *wfcq_take(struct queue *q)
{
	struct node *node = queue_take(q);

	return node ? wfcq_item_at(node) : NULL;
}

/* A hint, but never false after a post.  Context: any, no lock. */
static inline bool wfcq_pending(struct ep_ready *ready)
{
	struct wfcqueue *s = wfcqueue_of(ready);

	return !queue_empty(&s->ready) || !queue_empty(&s->taken);
}

static inline bool wfcq_forget(struct ep_ready *ready, struct ep_link *link)
{
	return atomic_xchg(&wfcq_item_of(link)->state, ZOMBIE) == IDLE;
}

static inline void wfcq_reap(struct ep_ready *ready)
{
	struct wfcqueue *s = wfcqueue_of(ready);
	struct wfcq_item *item;

	queue_splice(&s->taken, &s->ready);
	while ((item = wfcq_take(&s->taken)))
		ep_item_free((struct ep_link *)item);
}

#endif /* KMOD_EVENTPOLL_READY_WFCQ_H */
