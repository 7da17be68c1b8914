// SPDX-License-Identifier: GPL-2.0-only
/*
 * ready_wfcqueue.c - a wait-free queue, and a state in every item (after an RFC)
 *
 * In March 2013 Eric Wong proposed to put the ready items in the wait-free
 * concurrent queue of liburcu.  A producer takes no lock: one exchange appends,
 * whoever else appends or consumes at that moment.  A second list beside the
 * first is not needed, because the item itself says whether it is queued.  His
 * benchmark with several waiters ran in half the time, the plain single-threaded
 * use got slower, and it was not merged.
 *
 * What does the producer do to an item that the consumer holds right now?
 *	It flips the item's state from idle to ready and appends it again: the
 *	consumer makes an item idle before it asks the file.
 *
 * That order is ours, a repair.  In the RFC (version 3) an item stays
 * ready while its file is asked and becomes idle after the copy, so an event in
 * between finds it ready and goes away: lost for edges, and for what was asked and
 * had nothing (doc/sources/rfc-2013.md).
 *
 *	IDLE -> READY	post, or the consumer putting back; the one who flips
 *			it appends it.  Everybody else goes away.
 *	READY -> IDLE	the consumer, after it took the item off the queue and
 *			before it asks the file
 *	READY -> ZOMBIE	forget: a link in the middle of such a queue cannot be
 *			taken out, so the item stays until the consumer comes by
 *			or the instance goes.  It still counts against its
 *			user's limit.
 *
 *	operation		beside what		guarded by
 *	post			all, itself too		nothing: state and xchg
 *	pending			all			nothing: a hint that is
 *							never false after a post
 *	taking off, splicing	post			ep->mtx: one consumer
 *	forget			post of others		ep->mtx
 *
 * The queue.  A node points to the next; the tail points to the last node, or to
 * the dummy in the head when there is none.  To append, exchange the tail for the
 * new node, then let the old last node point to it.  Between the two steps the
 * queue is cut, and a consumer who comes to the cut waits for the second step: a
 * few instructions of somebody who cannot be preempted there.
 *
 * Wake-ups do not wait either (trylock_wake in ready.h): a producer that finds the
 * lock of the queue of waiters taken goes away.  wake.c says why that is right.
 *
 * Zombies.  A program that adds and removes ready files and never waits makes one
 * with each round.  A zombie is the item alone, off all wait queues and without a
 * claim on its file, and it is charged until it is freed; so an instance has at most
 * as many as max_user_watches leaves its user, and no ADD works when they are used
 * up, until a wait or a poll of the instance comes by, or it is closed.
 */
#include <linux/atomic.h>
#include <linux/container_of.h>
#include <linux/preempt.h>
#include <linux/processor.h>

#include <asm/barrier.h>

#include "ready.h"

enum { IDLE, READY, ZOMBIE };

struct node {
	struct node *next;
};

struct queue {
	struct node head;	/* the dummy; its next is the first */
	struct node *tail;
};

struct item {
	struct node node;
	atomic_t state;
};

struct wfcqueue {
	struct queue ready;	/* producers append here */
	struct queue taken;	/* the consumer's, kept between transfers */
};

EP_READY_FITS(struct wfcqueue);
EP_LINK_FITS(struct item);

static void queue_init(struct queue *q)
{
	q->head.next = NULL;
	q->tail = &q->head;
}

static bool queue_empty(struct queue *q)
{
	/* A cut queue is not empty; both must say so. */
	return !READ_ONCE(q->head.next) && READ_ONCE(q->tail) == &q->head;
}

/* Appends a chain.  Wait-free, beside anybody. */
static void queue_append(struct queue *q, struct node *first, struct node *last)
{
	struct node *before;

	last->next = NULL;
	/* A cut must not outlast a time slice: the consumer spins. */
	preempt_disable();
	before = xchg(&q->tail, last);
	/* Pairs with the acquires in queue_next() and queue_take(). */
	smp_store_release(&before->next, first);
	preempt_enable();
}

/* Waits for the end of a cut: somebody has exchanged the tail already. */
static struct node *queue_next(struct node *node)
{
	return smp_cond_load_acquire(&node->next, VAL);
}

/* Takes the first off.  One consumer.  Return: NULL when there is none. */
static struct node *queue_take(struct queue *q)
{
	struct node *node, *next;

	if (queue_empty(q))
		return NULL;
	node = queue_next(&q->head);
	/* Pairs with the release in queue_append(). */
	next = smp_load_acquire(&node->next);
	if (!next) {
		/* It looks like the last one: empty the queue, if it is. */
		q->head.next = NULL;
		if (cmpxchg(&q->tail, node, &q->head) == node)
			return node;
		next = queue_next(node);
	}
	q->head.next = next;
	return node;
}

/* Moves all of @from to the end of @to.  One consumer of @from. */
static void queue_splice(struct queue *to, struct queue *from)
{
	struct node *first, *last;

	if (queue_empty(from))
		return;
	first = queue_next(&from->head);
	from->head.next = NULL;
	last = xchg(&from->tail, &from->head);
	queue_append(to, first, last);
}

static struct wfcqueue *store_of(struct ep_ready *ready)
{
	return (struct wfcqueue *)ready->space;
}

static struct item *item_of(struct ep_link *link)
{
	return (struct item *)link->space;
}

/* Return: true for the one who has to append it. */
static bool flip(struct item *item)
{
	return atomic_cmpxchg(&item->state, IDLE, READY) == IDLE;
}

static void append(struct queue *q, struct item *item)
{
	queue_append(q, &item->node, &item->node);
}

static void wfcqueue_init(struct ep_ready *ready)
{
	queue_init(&store_of(ready)->ready);
	queue_init(&store_of(ready)->taken);
}

static void wfcqueue_init_link(struct ep_link *link)
{
	atomic_set(&item_of(link)->state, IDLE);
}

static unsigned int wfcqueue_post(struct ep_ready *ready,
				  struct ep_link *link)
{
	if (!flip(item_of(link)))
		return EP_OLD;
	append(&store_of(ready)->ready, item_of(link));
	return EP_FRESH;
}

static bool wfcqueue_pending(struct ep_ready *ready)
{
	struct wfcqueue *s = store_of(ready);

	return !queue_empty(&s->ready) || !queue_empty(&s->taken);
}

static struct item *take(struct queue *q)
{
	struct node *node = queue_take(q);

	return node ? container_of(node, struct item, node) : NULL;
}

/* Puts an item back to where it was taken from. */
static void put_first(struct queue *q, struct item *item)
{
	struct queue first;

	queue_init(&first);
	append(&first, item);
	queue_splice(&first, q);
	queue_splice(q, &first);
}

static bool wfcqueue_transfer(struct ep_ready *ready, struct ep_batch *batch)
{
	struct wfcqueue *s = store_of(ready);
	struct queue again;
	struct item *item;

	queue_init(&again);
	queue_splice(&s->taken, &s->ready);
	while (!ep_batch_full(batch) && (item = take(&s->taken))) {
		if (atomic_read(&item->state) == ZOMBIE) {
			ep_item_free((struct ep_link *)item);
			continue;
		}
		atomic_set(&item->state, IDLE);
		/*
		 * Pairs with the cmpxchg in post: who finds it still READY has
		 * done before it what the file is going to be asked about.
		 */
		smp_mb();
		switch (ep_visit(batch, (struct ep_link *)item)) {
		case EP_DONE:
			break;
		case EP_AGAIN:
			if (flip(item))
				append(&again, item);
			break;
		case EP_LEAVE:
			if (flip(item))
				put_first(&s->taken, item);
			break;
		}
	}
	queue_splice(&s->ready, &again);
	return wfcqueue_pending(ready);
}

static bool wfcqueue_forget(struct ep_ready *ready, struct ep_link *link)
{
	return atomic_xchg(&item_of(link)->state, ZOMBIE) == IDLE;
}

static void wfcqueue_reap(struct ep_ready *ready)
{
	struct wfcqueue *s = store_of(ready);
	struct item *item;

	queue_splice(&s->taken, &s->ready);
	while ((item = take(&s->taken)))
		ep_item_free((struct ep_link *)item);
}

const struct ep_store ep_store_wfcqueue = {
	.name = "wfcqueue",
	.trylock_wake = true,
	.init = wfcqueue_init,
	.init_link = wfcqueue_init_link,
	.post = wfcqueue_post,
	.pending = wfcqueue_pending,
	.transfer = wfcqueue_transfer,
	.forget = wfcqueue_forget,
	.reap = wfcqueue_reap,
};
