// SPDX-License-Identifier: GPL-2.0-only
/*
 * ready_wfcqueue_idle.c - the wait-free queue, repaired (ours; never proposed)
 *
 * The queue and the states of the RFC of 2013 (ready_wfcqueue.c), with one step
 * moved: the consumer makes an item idle before it asks the file, and not when it
 * has told it.  With that goes the lost event.
 *
 * What does the producer do to an item that the consumer holds right now?
 *	It flips the item's state from idle to ready and appends it again.
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
 * Besides it does what epoll does today where the RFC did not: every event wakes,
 * what could not be written stays in front, and what is told again comes behind what
 * came meanwhile.
 *
 *	operation		beside what		guarded by
 *	post			all, itself too		nothing: state and xchg
 *	pending			all			nothing: a hint that is
 *							never false after a post
 *	taking off, splicing	post			ep->mtx: one consumer
 *	forget			post of others		ep->mtx
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
#include <linux/sched.h>

#include "ready_wfcq.h"

static unsigned int wfcqueue_post(struct ep_ready *ready,
				  struct ep_link *link)
{
	if (!wfcq_flip(wfcq_item_of(link)))
		return EP_OLD;
	wfcq_append(&wfcqueue_of(ready)->ready, wfcq_item_of(link));
	return EP_FRESH;
}

/* Puts an item back to where it was taken from. */
static void put_first(struct queue *q, struct wfcq_item *item)
{
	struct queue first;

	queue_init(&first);
	wfcq_append(&first, item);
	queue_splice(&first, q);
	queue_splice(q, &first);
}

static bool wfcqueue_transfer(struct ep_ready *ready, struct ep_batch *batch)
{
	struct wfcqueue *s = wfcqueue_of(ready);
	struct queue again;
	struct wfcq_item *item;

	queue_init(&again);
	queue_splice(&s->taken, &s->ready);
	while (!ep_batch_full(batch) && (item = wfcq_take(&s->taken))) {
		if (atomic_read(&item->state) == ZOMBIE) {
			ep_item_free((struct ep_link *)item);
			cond_resched();
			continue;
		}
		/* The one who flips it next writes the node that was read here. */
		atomic_set_release(&item->state, IDLE);
		/*
		 * Pairs with the cmpxchg in post: who finds it still READY has
		 * done before it what the file is going to be asked about.
		 */
		smp_mb();
		switch (ep_visit(batch, (struct ep_link *)item)) {
		case EP_DONE:
			break;
		case EP_AGAIN:
			if (wfcq_flip(item))
				wfcq_append(&again, item);
			break;
		case EP_LEAVE:
			if (wfcq_flip(item))
				put_first(&s->taken, item);
			break;
		}
	}
	queue_splice(&s->ready, &again);
	return wfcq_pending(ready);
}

static bool wfcqueue_again(const struct ep_batch *batch, struct ep_link *link)
{
	return atomic_read(&wfcq_item_of(link)->state) == READY;
}

const struct ep_store ep_store_wfcqueue_idle = {
	.name = "wfcqueue-idle",
	.trylock_wake = true,
	.init = wfcq_init,
	.init_link = wfcq_init_item,
	.post = wfcqueue_post,
	.pending = wfcq_pending,
	.transfer = wfcqueue_transfer,
	.again = wfcqueue_again,
	.forget = wfcq_forget,
	.reap = wfcq_reap,
};
