/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * eventpoll.h - what the parts of eventpoll_port.ko share
 *
 * Who may touch what, and which lock comes first: the top of eventpoll.c.
 */
#ifndef KMOD_EVENTPOLL_H
#define KMOD_EVENTPOLL_H

#include <linux/capability.h>	/* 6.1's eventpoll.h wants it */
#include <linux/fs.h>
#include <linux/eventpoll.h>
#include <linux/file.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/preempt.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/seqlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "ep_file.h"
#include "ep_user.h"
#include "fcblist.h"
#include "ready.h"

/** EP_MAX_NESTS - links in the longest chain of instances, as in the kernel. */
#define EP_MAX_NESTS	4

/** EP_OPTIONS - bits of a mask that say how to tell, not what. */
#define EP_OPTIONS	(EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)

/**
 * struct eventpoll - an instance
 * @mtx: guards the tree, the items in it and the consumer's side of the store; given back
 *	by ep_unlock()
 * @taps_mtx: the taps of items that may be closing
 * @closed: items that closers left to whoever has @mtx
 * @end_closed: ends these, under @mtx; it is in removal.c, which is above those who
 *	take @mtx
 * @tree: the interest set
 * @store: which ready store
 * @ready: its state
 * @wq: who sleeps in EVENTPOLL_WAIT
 * @poll_wait: who polls the descriptor
 * @refs: one for the open file, for each item, for queued work
 * @file: its own open file; only a name after release
 * @user: whose watches these are
 * @used: the store can no longer be chosen
 * @rare: transfers leave the plain way: it has @awake, or busy_usecs; never cleared
 * @busy_prefer: busy.c; this and the next three without a lock
 * @busy_budget: packets that a wait polls for at once, or 0
 * @busy_usecs: how long, or 0
 * @napi_id: of the device that brought the last socket that was asked its packets, or 0
 * @scans: odd while a transfer is under way; written under @mtx.  The transfer may sleep,
 *	since nobody waits for it to be even
 * @batch: that of the waiter that has @mtx; a look has its own
 * @awake: the wakeup source that is active while items are told, or NULL; @mtx
 * @waker: the task that wakes @poll_wait at this moment, or NULL
 * @wake_nests: how deep in wake-ups that is; both under @poll_wait's lock
 * @work: wakes @poll_wait when it cannot be done at once
 * @work_marked: it passes io_uring's mark on (wake.c); atomic
 * @watchers: items of ours that watch it; written under links_mtx
 * @nest_mark: the walk of nest.c that came by last; nest_mtx
 * @nest_height: what it found; nest_mtx
 * @rcu: the memory stays until readers are through
 */
struct eventpoll {
	struct mutex mtx;	/* see the top of eventpoll.c */
	struct mutex taps_mtx;	/* see there, too */
	struct llist_head closed;
	void (*end_closed)(struct eventpoll *ep);
	struct rb_root tree;
	const struct ep_store *store;
	struct wait_queue_head wq;
	struct wait_queue_head poll_wait;
	struct ep_ready ready;
	refcount_t refs;
	struct file *file;
	struct ep_user *user;
	bool used;
	bool rare;
	bool busy_prefer;
	u16 busy_budget;
	seqcount_t scans;
	struct ep_batch batch;
	unsigned int napi_id;
	u32 busy_usecs;
	struct wakeup_source *awake;
	struct task_struct *waker;
	unsigned int wake_nests;
	struct work_struct work;
	bool work_marked;
	unsigned int watchers;
	u64 nest_mark;
	int nest_height;
	struct rcu_head rcu;
};

/**
 * enum ep_kind - what kind of file an item watches
 * @EP_LEAF: any that is not an instance
 * @EP_PORT: an instance of ours
 * @EP_FOREIGN: an instance of the kernel's epoll
 * @EP_GONE: it is closing, or has gone; the item waits for its end
 */
enum ep_kind {
	EP_LEAF,
	EP_PORT,
	EP_FOREIGN,
	EP_GONE,
};

/**
 * struct ep_tap - our entry on one wait queue of a watched file
 * @wait: the entry; its function is the producer
 * @head: the queue; NULL once the owner of the queue took the entry off
 * @item: whose
 * @next: the next one of the same item; most files have one queue
 */
struct ep_tap {
	struct wait_queue_entry wait;
	struct wait_queue_head *head;
	struct epitem *item;
	struct ep_tap *next;
};

/**
 * struct epitem - one watched file in one instance
 * @link: for the ready store
 * @ep: the instance; the item has a reference on it
 * @events: the mask; written under ep->mtx, read by producers without
 * @fd: the number under which it was added; with @file, the key
 * @kind: of @file; to EP_GONE it changes at any time
 * @nested: has been in the tree of links; ep->mtx
 * @file: not pinned: see ep_item_pin()
 * @data: the user's; ep->mtx
 * @node: in ep->tree
 * @taps: on the wait queues of @file; put on under ep->mtx by who pins @file, taken off
 *	under ep->taps_mtx
 * @tap: the first of them, so that most need no second allocation
 * @fcb: its registration with fcblist
 * @closed: in ep->closed
 * @awake: its wakeup source, or NULL (awake.c)
 * @link_node: in the tree of links (nest.c); links_mtx
 * @rcu: a producer may hold it until then; by then it is no link
 */
struct epitem {
	struct ep_link link;
	struct eventpoll *ep;
	__poll_t events;
	int fd;
	enum ep_kind kind;
	bool nested;
	struct file *file;
	u64 data;
	struct rb_node node;
	struct ep_tap *taps;
	struct ep_tap tap;
	struct fcb_struct fcb;
	struct llist_node closed;
	struct ep_awake *awake;
	union {
		struct rb_node link_node;
		struct rcu_head rcu;
	};
};

static inline struct epitem *ep_item_of(struct ep_link *link)
{
	return container_of(link, struct epitem, link);
}

/* instance.c */

/**
 * ep_alloc() - a new instance
 * @store: what it begins with
 * @work: wakes those who poll it, when that cannot be done at once
 * @end_closed: as in struct eventpoll
 *
 * Context: process.  Return: with one reference, or NULL.
 */
struct eventpoll *ep_alloc(const struct ep_store *store, work_func_t work,
			   void (*end_closed)(struct eventpoll *ep));

/** ep_put() - gives up a reference.  Context: process, ep->mtx not held. */
void ep_put(struct eventpoll *ep);

/** ep_set_store() - choose another store.  Return: 0, -EBUSY once it is in use. */
int ep_set_store(struct eventpoll *ep, const struct ep_store *store);

void __ep_use(struct eventpoll *ep);

/** ep_use() - from now on nobody changes ep->store.  Process context. */
static inline void ep_use(struct eventpoll *ep)
{
	/* Pairs with the release in __ep_use(). */
	if (unlikely(!smp_load_acquire(&ep->used)))
		__ep_use(ep);
}

/** ep_of_file() - the instance behind a file of ours. */
static inline struct eventpoll *ep_of_file(const struct file *file)
{
	return file->private_data;
}

/**
 * enum ep_pending - what a look at an instance sees
 * @EP_NOTHING: nothing to transfer
 * @EP_UNDER_WAY: a transfer, which may put back what it has in its hands
 * @EP_READY: something in the store
 */
enum ep_pending {
	EP_NOTHING,
	EP_UNDER_WAY,
	EP_READY,
};

/* eventpoll.c */

/**
 * ep_ctl() - EVENTPOLL_CTL
 * @ep: the instance
 * @op: EPOLL_CTL_ADD and so on
 * @fd: a number of the caller
 * @event: the caller's, and changed
 *
 * Context: process, no lock held.  Return: 0, or as epoll_ctl(2) fails.
 */
int ep_ctl(struct eventpoll *ep, int op, int fd, struct epoll_event *event);

/**
 * ep_locked() - ep->mtx has just been taken: items that closers left are ended
 * @ep: the instance; the caller pins it by more than an item
 */
static inline void ep_locked(struct eventpoll *ep)
{
	if (unlikely(!llist_empty(&ep->closed)))
		ep->end_closed(ep);
}

/** ep_end_closed() - the same, unless somebody has the mutex, who will. */
void ep_end_closed(struct eventpoll *ep);

/**
 * ep_unlock() - let go of ep->mtx
 * @ep: the instance; the caller pins it by more than an item
 *
 * Ends what closers leave to us, who found the mutex taken.
 */
static inline void ep_unlock(struct eventpoll *ep)
{
	mutex_unlock(&ep->mtx);
	/* With llist_add() in ep_item_closed(): it sees us gone, or we see its item. */
	smp_mb();
	if (unlikely(!llist_empty(&ep->closed)))
		ep_end_closed(ep);
}

/* removal.c */

/** ep_end_closed_locked() - what ep->end_closed is. */
void ep_end_closed_locked(struct eventpoll *ep);

/**
 * ep_item_end() - the rest of a removal, for whoever ended the registration
 * @item: the caller drops its reference on ep, when it has let go of the mutex
 *
 * Context: process, ep->mtx held.
 */
void ep_item_end(struct epitem *item);

/**
 * ep_item_remove() - remove an item, or leave it to the closer that was first
 * @item: the caller pins ep by more than this item
 *
 * Context: process, ep->mtx held.
 */
void ep_item_remove(struct epitem *item);

/** ep_remove_all() - release: every item.  Context: process. */
void ep_remove_all(struct eventpoll *ep);

/**
 * ep_item_closed() - fcblist tells that the file of an item is closing
 * @file: the file
 * @data: the item
 */
void ep_item_closed(struct file *file, void *data);

/* transfer.c */

/**
 * ep_transfer() - tell what there is
 * @ep: the instance
 * @out: where to; access_ok()
 * @max: at most so many
 *
 * Context: process, ep->mtx not held.
 * Return: how many, 0, -EFAULT, -EINTR.
 */
int ep_transfer(struct eventpoll *ep, struct epoll_event __user *out, int max);

/**
 * ep_transfer_behind() - the same for who saw nothing but the transfer of another
 *
 * Looks again first.  Two waiters that look in turn would take each other's look for a
 * transfer, and neither would go to sleep.
 */
int ep_transfer_behind(struct eventpoll *ep, struct epoll_event __user *out,
		       int max);

/** ep_scanning() - has a transfer what is not in the store?  Context: any. */
static inline bool ep_scanning(struct eventpoll *ep)
{
	return raw_read_seqcount(&ep->scans) & 1;
}

/**
 * ep_pending() - is there something to transfer, or a transfer under way?
 * @ep: the instance
 *
 * EP_NOTHING only if no transfer was under way at any moment of the look.
 *
 * Context: any.
 */
static inline enum ep_pending ep_pending(struct eventpoll *ep)
{
	unsigned int scans = raw_read_seqcount(&ep->scans);

	if (scans & 1)
		return EP_UNDER_WAY;
	if (ep->store->pending(&ep->ready))
		return EP_READY;
	return read_seqcount_retry(&ep->scans, scans) ? EP_UNDER_WAY : EP_NOTHING;
}

/**
 * ep_look() - is there anything to tell?
 * @ep: the instance
 * @depth: as in struct ep_batch
 * @outside: as in struct ep_batch
 */
bool ep_look(struct eventpoll *ep, unsigned int depth, bool outside);

__poll_t ep_item_ask_nested(struct epitem *item, struct poll_table_struct *pt,
			    unsigned int depth, bool outside);

static noinline void __maybe_unused ep_item_unpin_last(struct epitem *item)
{
	ep_file_unpin_last(item->file, item->ep->user);
}

/** ep_item_unpin() - give back what ep_item_pin() got: see ep_file_unpin(). */
static __always_inline void ep_item_unpin(struct epitem *item)
{
	if (unlikely(!compat_file_unpin(item->file)))
		ep_item_unpin_last(item);
}

/** enum ep_pin - what came of an ep_item_pin() */
enum ep_pin {
	EP_PINNED,
	EP_CLOSING,	/* a file in its last close has nothing to tell */
	EP_OTHER,	/* not of that kind */
};

/**
 * ep_item_pin() - a reference on the file of an item, given back by ep_item_unpin()
 * @item: in the tree of an instance whose mutex is held
 * @kind: what kind of file it has to be
 *
 * A closer waits for nobody.  It makes the item EP_GONE before its file goes, and the
 * memory of a file stays a file's until a grace period is over.  That does not end
 * while we cannot be preempted; but the memory may be another file by now, and then
 * the item is EP_GONE.
 *
 * Inline, since it is done for every event.
 */
static __always_inline enum ep_pin ep_item_pin(struct epitem *item, enum ep_kind kind)
{
	preempt_disable();
	/* It changes to EP_GONE at any time. */
	if (unlikely(data_race(item->kind) != kind)) {
		preempt_enable();
		return EP_OTHER;
	}
	if (unlikely(!compat_file_pin(item->file))) {
		preempt_enable();
		return EP_CLOSING;
	}
	preempt_enable();
	/* The same: if it did, this may be a file that came after. */
	if (unlikely(data_race(item->kind) != kind)) {
		ep_item_unpin(item);
		return EP_CLOSING;
	}
	return EP_PINNED;
}

/** ep_item_pin_any() - the same, whatever it watches.  Return: it is pinned. */
static inline bool ep_item_pin_any(struct epitem *item)
{
	enum ep_kind kind = READ_ONCE(item->kind);

	return kind != EP_GONE && ep_item_pin(item, kind) == EP_PINNED;
}

/* Of a leaf that is pinned. */
static __always_inline __poll_t ep_item_ask_pinned(struct epitem *item,
						   struct poll_table_struct *pt)
{
	__poll_t mask;

	pt->_key = item->events;
	mask = vfs_poll(item->file, pt);
	ep_item_unpin(item);
	return mask & item->events;
}

/**
 * ep_item_ask() - what of an item's mask is true of its file now?
 * @item: in the tree of an instance whose mutex is held
 * @pt: puts the caller on wait queues, or does not
 * @depth: as in struct ep_batch
 * @outside: as in struct ep_batch
 */
static inline __poll_t ep_item_ask(struct epitem *item,
				   struct poll_table_struct *pt,
				   unsigned int depth, bool outside)
{
	switch (ep_item_pin(item, EP_LEAF)) {
	case EP_PINNED:
		return ep_item_ask_pinned(item, pt);
	case EP_CLOSING:
		return 0;
	default:
		return ep_item_ask_nested(item, pt, depth, outside);
	}
}

/* item.c */
int ep_items_init(const struct file_operations *fops);
void ep_items_exit(void);

/** ep_item_bytes() - what an item takes, with the tap of a second queue. */
size_t ep_item_bytes(void);

/** ep_kind_of() - what kind of file is this? */
enum ep_kind ep_kind_of(const struct file *file);

/**
 * ep_item_alloc() - a new item, charged to its user
 *
 * Return: ERR_PTR(-ENOSPC) when the user has too many, ERR_PTR(-ENOMEM).
 */
struct epitem *ep_item_alloc(struct eventpoll *ep, struct file *file, int fd);

/**
 * ep_item_hook() - get on the wait queues of the file
 * @item: the caller pins its file and holds ep->mtx
 * @revents: what is true already
 *
 * Return: 0 or -ENOMEM; even then ep_item_unhook() has to be called.
 */
int ep_item_hook(struct epitem *item, __poll_t *revents);

/**
 * ep_item_unhook() - and off them.  No producer of it runs afterwards.
 *
 * Context: process, may sleep; ep->mtx held, or by the closer.
 */
void ep_item_unhook(struct epitem *item);

/**
 * ep_item_awake() - does it have a wakeup source from now on?
 * @item: hooked, its file pinned, ep->mtx held
 * @on: there is none if memory or the limit says no
 */
void ep_item_awake(struct epitem *item, bool on);

/**
 * ep_item_post() - this item may have something to tell
 * @item: the item
 *
 * Context: process, ep->mtx held.
 */
void ep_item_post(struct epitem *item);

/* wake.c */

bool __ep_wake_waiter(struct eventpoll *ep, bool sync);

/** ep_wake_waiter() - wake one of those who sleep in EVENTPOLL_WAIT, if any;
 *  @sync: the producer is about to sleep.
 *  Return: there was one.
 */
static inline bool ep_wake_waiter(struct eventpoll *ep, bool sync)
{
	/* Its barrier is between the post and the look at the queue. */
	return wq_has_sleeper(&ep->wq) && __ep_wake_waiter(ep, sync);
}

void __ep_wake_pollers(struct eventpoll *ep, const struct epitem *item,
		       bool fresh, __poll_t bits);

/**
 * ep_wake_pollers() - wake those who poll the descriptor, if any
 * @ep: the instance
 * @item: whose wake-up this is, or NULL
 * @fresh: the item was not in the store
 * @bits: the key of that wake-up; io_uring's mark in it is passed on
 */
static inline void ep_wake_pollers(struct eventpoll *ep,
				   const struct epitem *item, bool fresh,
				   __poll_t bits)
{
	/*
	 * The barrier between the post and this look was in ep_wake_waiter(), or
	 * in queue_work(); its partner is in ep_file_poll() and poll_wait().
	 */
	if (waitqueue_active(&ep->poll_wait))
		__ep_wake_pollers(ep, item, fresh, bits);
}

int ep_wake_init(void);
void ep_wake_exit(void);
void ep_wake_work(struct work_struct *work);

/* interest.c */
struct epitem *ep_interest_find(struct eventpoll *ep, const struct file *file,
				int fd);
void ep_interest_add(struct eventpoll *ep, struct epitem *item);
void ep_interest_del(struct eventpoll *ep, struct epitem *item);

/* nest.c */

/**
 * ep_nest_link() - this item is a link of paths
 * @item: in the tree of its instance, whose mutex is held
 */
void ep_nest_link(struct epitem *item);

void __ep_nest_unlink(struct epitem *item);

/** ep_nest_unlink() - this item goes; its file is whole, or is no instance. */
static inline void ep_nest_unlink(struct epitem *item)
{
	if (unlikely(item->nested))
		__ep_nest_unlink(item);
}

/**
 * ep_nest_concerned() - must an ADD to this instance heed the paths above?
 * @ep: the instance, its mutex held until the ADD is done
 */
bool ep_nest_concerned(struct eventpoll *ep);

/**
 * ep_nest_begin() - before an ADD that changes who watches whom
 * @ep: the instance that watches
 * @child: the instance to be watched, or NULL if it is some other file
 *
 * Context: process, no ep->mtx held.  Takes nest_mtx if it returns 0.
 * Return: 0, -ELOOP (a cycle, or too long a chain), -EINTR.
 */
int ep_nest_begin(struct eventpoll *ep, struct eventpoll *child);

/**
 * ep_nest_paths() - are there too many ways from one file to the top?
 * @item: just added; its ep->mtx is held, and nest_mtx
 *
 * Return: 0, -EINVAL or -EINTR.
 */
int ep_nest_paths(struct epitem *item);

/** ep_nest_end() - drops nest_mtx. */
void ep_nest_end(void);

#endif /* KMOD_EVENTPOLL_H */
