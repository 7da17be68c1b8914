// SPDX-License-Identifier: GPL-2.0-only
/*
 * ready_wfcqueue.c - a wait-free queue, and a state in every item (RFC v3 of 2013)
 *
 * On 21 March 2013 Eric Wong proposed to put the ready items in the wait-free
 * concurrent queue of liburcu (wfcq.h).  A producer takes no lock: one exchange
 * appends, whoever else appends or consumes at that moment.  A second list beside
 * the first is not needed, because the item itself says whether it is queued.  His
 * benchmark with several waiters ran in half the time, the plain single-threaded
 * use got slower, and it was not merged.
 *
 * What does the producer do to an item that the consumer holds right now?
 *	Nothing.  The item is READY until it is told.
 *
 *	IDLE -> READY	post; the one who flips it appends it, and wakes.  Everybody
 *			else goes away.
 *	READY -> IDLE	the consumer, after it took the item off, asked the file and
 *			told; but what is level-triggered and was told stays READY,
 *			and is appended again at once
 *	READY -> ZOMBIE	forget: a link in the middle of such a queue cannot be
 *			taken out, so the item stays until the consumer comes by
 *			or the instance goes.  It still counts against its
 *			user's limit.
 *
 * And that is the hole of 2007 (ready_singlepass.c) again: an event that comes between
 * the look at the file and the end of READY finds it so, and is lost, if the item is
 * edge-triggered or had nothing to tell (of a one-shot that was told nothing is lost: the
 * MOD that arms it asks the file).  The second version had a third state for that
 * moment, and the third took it away, for its cost in the loop, and held the window to
 * be hardly larger for that (doc/sources/rfc-2013.md).  "./lab exhibit wfcqueue" makes it
 * happen; ready_wfcqueue_idle.c is the repair.
 *
 * The rest as it was posted:
 *
 *  - Only what was not queued wakes anybody.
 *  - A wake-up does not wait for the lock of the queue of waiters (trylock_wake in
 *    ready.h, and wake.c for who looks again).
 *  - A level-triggered item goes to the end of the open queue as soon as it is
 *    told, so that what comes during the same wait is told behind it.
 *  - What could not be written goes to the tail of what was taken.
 *  - What was taken and had no room is kept by itself, and comes first next time.
 *  - A poll of the instance goes through what was taken and changes nothing; what is
 *    not true stays until a wait comes by.  With the first that is a second hole, for
 *    levels too: a program that polls the instance, in poll(2) or in another one, and
 *    reads without a wait, hears of that file no more, for its item is READY.
 *  - A wait that leaves something wakes a waiter and those who poll.
 *
 *	operation		beside what		guarded by
 *	post			all, itself too		nothing: state and xchg
 *	pending			all			nothing: a hint that is
 *							never false after a post
 *	taking off, splicing	post			ep->mtx: one consumer
 *	forget			post of others		ep->mtx
 *
 * The core's: whether there is something was asked with the mutex held, and so was
 * before each sleep; here ep_pending() says the same without.  A waiter became asleep
 * when it had let go of the lock of the waiters, and a producer that came in between
 * took it for awake: a lost wake-up, which wake.c and tests/model/wfcqueue_wake.pml
 * have, and this store has not.  Those who poll were woken only by who had got that
 * lock.
 */
#include <linux/sched.h>

#include "ready_wfcq.h"

static unsigned int wfcqueue_post(struct ep_ready *ready, struct ep_link *link)
{
	if (!wfcq_flip(wfcq_item_of(link)))
		return EP_SILENT;
	wfcq_append(&wfcqueue_of(ready)->ready, wfcq_item_of(link));
	return EP_FRESH;
}

/* A poll: nothing is taken off. */
static void look(struct wfcqueue *s, struct ep_batch *batch)
{
	struct node *node;

	if (queue_empty(&s->taken))
		return;
	for (node = queue_next(&s->taken.head); node && !ep_batch_full(batch);
	     node = queue_after(node)) {
		if (atomic_read(&wfcq_item_at(node)->state) != ZOMBIE)
			ep_visit(batch, (struct ep_link *)node);
		else
			cond_resched();
	}
}

static void send(struct wfcqueue *s, struct ep_batch *batch)
{
	struct wfcq_item *item;

	while (!ep_batch_full(batch) && (item = wfcq_take(&s->taken))) {
		if (atomic_read(&item->state) == ZOMBIE) {
			ep_item_free((struct ep_link *)item);
			cond_resched();
			continue;
		}
		/* Still READY: from the answer on, posts are lost. */
		switch (ep_visit(batch, (struct ep_link *)item)) {
		case EP_DONE:
			/*
			 * No barrier, as posted: the next is in the unlock of
			 * ep->mtx.  Who flips it again before that writes the
			 * node beside our reads of it, for all that a weak
			 * machine knows.
			 */
			atomic_set(&item->state, IDLE);
			break;
		case EP_AGAIN:
			wfcq_append(&s->ready, item);
			break;
		case EP_LEAVE:
			wfcq_append(&s->taken, item);
			break;
		}
	}
}

static bool wfcqueue_transfer(struct ep_ready *ready, struct ep_batch *batch)
{
	struct wfcqueue *s = wfcqueue_of(ready);

	queue_splice(&s->taken, &s->ready);
	if (ep_batch_looks(batch)) {
		look(s, batch);
		return false;
	}
	send(s, batch);
	if (!wfcq_pending(ready))
		return false;
	ep_ready_wake_pollers(ready);
	return true;
}

/* What comes meanwhile is lost; but a poll takes nothing off. */
static bool wfcqueue_again(const struct ep_batch *batch, struct ep_link *link)
{
	return ep_batch_looks(batch);
}

const struct ep_store ep_store_wfcqueue = {
	.name = "wfcqueue",
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
