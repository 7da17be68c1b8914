/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ready.h - what a ready store has to do
 *
 * The ready store of an instance holds the items that may have something to
 * tell.  Producers, in the wake-ups of watched files, put items in; one
 * consumer at a time goes through them, asks each file for what is true now,
 * and tells it.  In the time between, one question separates the generations
 * of epoll: what does the producer do to an item that the consumer holds right
 * now?  Each ready_*.c is one answer.
 *
 *	call	  may run beside	  context
 *	post	  everything		  any; under the wait-queue lock of a file
 *	pending	  everything		  any
 *	transfer  post, pending		  process, ep->mtx held, may sleep
 *	again	  post of other items	  within transfer
 *	forget	  post of other items,	  process, ep->mtx held
 *		  pending
 *	reap	  nothing		  process, the last reference is gone
 *
 * What the core promises: an item is posted only between the return of
 * kmem_cache_alloc() and the call of forget(); when forget() is called, its
 * wait-queue entries are gone, and no post of it runs or will run.
 *
 * What a store promises: an item that was posted and not transferred since is
 * transferred once; an item is in the store once however often it is posted;
 * a post that comes while the consumer has the item in its hands makes it be
 * transferred again; after a post, pending() is true on every CPU until a transfer
 * begins, and when the transfer has ended, if it left something, which it returns.
 * While one is under way pending() may say what it likes: the core knows that by
 * itself (ep_pending()).  What a store breaks of this, because its original did,
 * its head says.
 */
#ifndef KMOD_EVENTPOLL_READY_H
#define KMOD_EVENTPOLL_READY_H

#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/poll.h>
#include <linux/types.h>

struct ep_batch;
struct eventpoll;
struct epitem;

/* Space that the core keeps for a store, which alone knows what is in it. */
struct ep_ready {
	/* In every instance, and at the start of a cache line. */
	unsigned long space[32] ____cacheline_aligned_in_smp;
};

struct ep_link {
	unsigned long space[3];		/* in every item */
};

#define EP_READY_FITS(type)	static_assert(sizeof(type) <= sizeof(struct ep_ready))
#define EP_LINK_FITS(type)	static_assert(sizeof(type) <= sizeof(struct ep_link))

/**
 * enum ep_posted - what a store says of a post
 * @EP_OLD: the item was in the store already
 * @EP_FRESH: now it is; of both the core wakes a waiter and those who poll
 * @EP_WOKE: may be added to the two: the store has woken a waiter itself, by
 *	one of the calls below
 * @EP_SILENT: nobody is to be woken for it, whether it was there or not
 */
enum ep_posted {
	EP_OLD = 0,
	EP_FRESH = 1,
	EP_WOKE = 2,
	EP_SILENT = 4,
};

/**
 * struct ep_store - a ready store
 * @name: as users know it
 * @trylock_wake: a producer does not wait for ep->wq.lock; see wake.c for who
 *	looks at the store then
 * @init: sets up @ready of a fresh instance
 * @init_link: sets up @link of a fresh item
 * @post: this item may have something to tell.  Return: enum ep_posted
 * @pending: is there something to transfer?
 * @transfer: calls ep_visit() for one item after the other, in the order of
 *	their arrival, until there is none or ep_batch_full(), and does with each
 *	as the verdict says.  What was not visited comes first the next time.
 *	Return: there is more
 * @again: is an item that the consumer has in its hands in the store nevertheless,
 *	since a post came or since it is only looked at?  Asked before the file is, for
 *	items with a wakeup source, while none of their posts runs.  NULL: never
 * @forget: this item goes.  Return: true if the caller may free it, false if
 *	the store still holds it and will ep_item_free() it
 * @reap: frees all that forget() left here; NULL if it leaves nothing
 */
struct ep_store {
	const char *name;
	bool trylock_wake;
	void (*init)(struct ep_ready *ready);
	void (*init_link)(struct ep_link *link);
	unsigned int (*post)(struct ep_ready *ready, struct ep_link *link);
	bool (*pending)(struct ep_ready *ready);
	bool (*transfer)(struct ep_ready *ready, struct ep_batch *batch);
	bool (*again)(const struct ep_batch *batch, struct ep_link *link);
	bool (*forget)(struct ep_ready *ready, struct ep_link *link);
	void (*reap)(struct ep_ready *ready);
};

/**
 * enum ep_verdict - what becomes of an item that was visited
 * @EP_DONE: out of the store, until it is posted again
 * @EP_AGAIN: back in, behind all that is there (level-triggered)
 * @EP_LEAVE: not told; it stays in front, and nothing more is visited
 */
enum ep_verdict {
	EP_DONE,
	EP_AGAIN,
	EP_LEAVE,
};

/**
 * struct ep_batch - one run through the ready store
 * @pt: for vfs_poll(), asks for no wait queue
 * @depth: instances above this one whose mutex the task holds
 * @outside: within ->poll: nobody may be waited for
 * @look: tell nothing, only find out whether there is something
 * @rare: that, or consumers are held (stall.h), or the instance has wakeup sources
 *	(awake.h) or polls devices (busy.h)
 * @out: where to tell
 * @left: events that may still be told
 * @n: told so far, or -errno
 *
 * It is the core's.  A store sees what the calls below tell of it, which are inline
 * since every event pays for them.
 */
struct ep_batch {
	struct poll_table_struct pt;
	unsigned int depth;
	bool outside;
	bool look;
	bool rare;
	struct epoll_event __user *out;
	int left;
	int n;
};

/** ep_batch_full() - shall no more be visited? */
static inline bool ep_batch_full(const struct ep_batch *batch)
{
	return batch->left <= 0;
}

/** ep_batch_room() - how many events may still be told? */
static inline int ep_batch_room(const struct ep_batch *batch)
{
	return batch->left;
}

/** ep_batch_told() - how many events were told by now? */
static inline int ep_batch_told(const struct ep_batch *batch)
{
	return batch->n;
}

/** ep_batch_looks() - is nothing told, since a poll only asks if there is something? */
static inline bool ep_batch_looks(const struct ep_batch *batch)
{
	return batch->look;
}

/* transfer.c and wake.c: what a store calls */

/**
 * ep_visit() - ask the file of an item, and tell what it says
 * @batch: as given to transfer
 * @link: the item's
 *
 * A post of this item that comes before the call may be forgotten, one that
 * comes after its beginning must not.
 *
 * Context: process, may sleep, ep->mtx held.
 */
enum ep_verdict ep_visit(struct ep_batch *batch, struct ep_link *link);

/** ep_is_edge() - is it edge-triggered?  Context: as ep_visit(). */
bool ep_is_edge(const struct ep_link *link);

/**
 * ep_ask() - ask the file of an item, and tell nothing
 *
 * For a store that looks a second time.
 *
 * Context: as ep_visit().  Return: there is something.
 */
bool ep_ask(struct ep_batch *batch, struct ep_link *link);

/**
 * ep_drop() - this item was collected and is neither visited nor put back
 *
 * For a store that so loses an event.  Context: as ep_visit().
 */
void ep_drop(struct ep_batch *batch, struct ep_link *link);

/** ep_item_free() - free an item that forget() kept. */
void ep_item_free(struct ep_link *link);

/**
 * ep_ready_wake_waiter() - wake one of those who sleep in EVENTPOLL_WAIT
 *
 * For a store that does so at a moment of its own.  It takes ep->wq.lock.
 *
 * Return: there was one.
 */
bool ep_ready_wake_waiter(struct ep_ready *ready);

/** ep_ready_wake_all() - the same for all of them.  Return: there was one. */
bool ep_ready_wake_all(struct ep_ready *ready);

/** ep_ready_wake_pollers() - wake those who poll the instance.  No lock held. */
void ep_ready_wake_pollers(struct ep_ready *ready);

extern const struct ep_store ep_store_ovflist;
extern const struct ep_store ep_store_singlepass;
extern const struct ep_store ep_store_wfcqueue;
extern const struct ep_store ep_store_rwlock;
extern const struct ep_store ep_store_ovflist26;
extern const struct ep_store ep_store_llist;
extern const struct ep_store ep_store_llist_v1;
extern const struct ep_store ep_store_multipass;
extern const struct ep_store ep_store_wfcqueue_idle;

#endif /* KMOD_EVENTPOLL_READY_H */
