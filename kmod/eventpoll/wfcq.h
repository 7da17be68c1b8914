/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wfcq.h - the wait-free queue of ready_wfcq.h
 *
 * As in liburcu.  A node points to the next; the tail points to the last node, or to
 * the dummy in the head when there is none.  To append, exchange the tail for the
 * new node, then let the old last node point to it.  Between the two steps the
 * queue is cut, and a consumer who comes to the cut waits for the second step: a
 * few instructions of somebody who cannot be preempted there.
 *
 * Anybody may append at any time.  One at a time may take off, splice from or go
 * through a queue; here that is who holds ep->mtx.
 */
#ifndef KMOD_EVENTPOLL_WFCQ_H
#define KMOD_EVENTPOLL_WFCQ_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/preempt.h>
#include <linux/processor.h>

#include <asm/barrier.h>

struct node {
	struct node *next;
};

/* Who appends should not disturb who looks at the rest of the store. */
struct queue {
	struct node head;	/* the dummy; its next is the first */
	struct node *tail ____cacheline_aligned_in_smp;
};

static inline void queue_init(struct queue *q)
{
	q->head.next = NULL;
	q->tail = &q->head;
}

static inline bool queue_empty(struct queue *q)
{
	/* A cut queue is not empty; both must say so. */
	return !READ_ONCE(q->head.next) && READ_ONCE(q->tail) == &q->head;
}

/* Appends a chain.  Wait-free, beside anybody. */
static inline void queue_append(struct queue *q, struct node *first, struct node *last)
{
	struct node *before;

	last->next = NULL;
	/* A cut must not outlast a time slice: the consumer spins. */
	preempt_disable();
	before = xchg(&q->tail, last);
	/* Pairs with the acquires in queue_next() and queue_after(). */
	smp_store_release(&before->next, first);
	preempt_enable();
}

/* Waits for the end of a cut: somebody has exchanged the tail already. */
static inline struct node *queue_next(struct node *node)
{
	return smp_cond_load_acquire(&node->next, VAL);
}

/* The one behind, or NULL if there is none yet. */
static inline struct node *queue_after(struct node *node)
{
	/* Pairs with the release in queue_append(). */
	return smp_load_acquire(&node->next);
}

/* Takes the first off.  One consumer.  Return: NULL when there is none. */
static inline struct node *queue_take(struct queue *q)
{
	struct node *node, *next;

	if (queue_empty(q))
		return NULL;
	node = queue_next(&q->head);
	next = queue_after(node);
	if (!next) {
		/* It looks like the last one: empty the queue, if it is. */
		WRITE_ONCE(q->head.next, NULL);
		if (cmpxchg(&q->tail, node, &q->head) == node)
			return node;
		next = queue_next(node);
	}
	WRITE_ONCE(q->head.next, next);
	return node;
}

/* Moves all of @from to the end of @to.  One consumer of @from. */
static inline void queue_splice(struct queue *to, struct queue *from)
{
	struct node *first, *last;

	if (queue_empty(from))
		return;
	first = queue_next(&from->head);
	WRITE_ONCE(from->head.next, NULL);
	last = xchg(&from->tail, &from->head);
	queue_append(to, first, last);
}

#endif /* KMOD_EVENTPOLL_WFCQ_H */
