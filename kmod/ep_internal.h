/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ep_internal.h - what the parts of dev_epoll.ko share
 *
 * Lifetimes
 *
 *  instance  One reference for its open file (a mapping holds the file), one
 *	      for each item.  Freed after a grace period.
 *  item      One reference for its place in the hash, one for its
 *	      registration with fcblist, one for each asker.  Freed after a
 *	      grace period, since a notify may run until then.
 *  file      Never pinned by an item.  While an item is not dead, its file is
 *	      whole: the last close has to come through item_closed(), which
 *	      makes it dead, before the file is torn down.
 *
 * Who ends an item.  item_unlink(), under the lock, makes it dead: out of the
 * hash, without slot, on no list; whoever calls it while it is not yet dead
 * drops the reference of the hash.  The reference of the registration is
 * dropped by whoever ends the registration: the remover, if
 * file_notify_unregister() says so, else the closer in item_closed().
 *
 * Locks, outermost first
 *
 *	mmap_lock	of the caller, around ep_mmap()
 *	ep->mtx		changes of the interest set: write, EP_FREE, EP_SHARE.  Held
 *			over vfs_poll() of a watched file by way of fcblist, and so
 *			never taken by a closer or under mmap_lock, and no
 *			user memory is touched under it.
 *	ep->map_mtx	geometry of the pages, and the control page: EP_ALLOC,
 *			EP_FREE, EP_SHARE, mmap
 *	nest_mtx	who watches whom among instances (ep_nest.c)
 *	list->mutex	of fcblist; never held when we are called back to close,
 *			nor over vfs_poll().  What is inside it: fcblist.c
 *	queue lock	of a watched file, around item_notify() if a tap hears.  From
 *			an entry (fcb_source.h) it is called under RCU, and under
 *			what a socket or pipe holds when it raises SIGIO; a file
 *			that moves to a tap tells that under list->mutex.
 *	ep->lock	hash, slots, ask lists, all of an item, and what is left in
 *			the control page (ep_share.h)
 *
 * No wake-up is sent under ep->lock.  Alone: users_mutex of ep_user.c.
 */
#ifndef KMOD_EP_INTERNAL_H
#define KMOD_EP_INTERNAL_H

#include <linux/container_of.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "ep_hash.h"
#include "ep_pages.h"
#include "ep_share.h"
#include "ep_user.h"
#include "fcblist.h"

/**
 * struct ep_asks - items whose files are to be asked
 * @waiting: nobody asks them yet
 * @asked: somebody does, and it is not known yet what comes of it
 * @n: how many are waiting
 *
 * All who ask take from the same lists, so that nobody misses what is in the hands
 * of another who may be long about it (ep_ask()).
 */
struct ep_asks {
	struct list_head waiting;
	struct list_head asked;
	u32 n;
};

/**
 * struct eventpoll - one instance
 * @lock: guards everything without a note
 * @pages: the double buffer; its geometry also wants @map_mtx
 * @control: the control page, from EP_SHARE to the end of the file, or NULL; it
 *	changes under @mtx and @map_mtx too
 * @wq: the consumer in EP_POLL
 * @poll_wait: those who poll the descriptor of the instance
 * @ask_any: files that whoever polls the instance may ask
 * @ask_consumer: files that EP_POLL alone may ask (see can_be_asked_by_any())
 * @nasks: items in these
 * @hash: the interest set
 * @nitems: items, hashed or about to be; never more than slots in a half
 * @consumer: bit 0: somebody is in EP_POLL; atomic
 * @mapped: mappings; atomic; goes up from 0 only under @map_mtx
 * @mtx: see above
 * @map_mtx: see above
 * @work: wakes @poll_wait where a wake-up cannot
 * @user: whose account
 * @pinned: bytes that count there; @map_mtx
 * @children: items of ours that watch an instance; nest_mtx
 * @parents: items of other instances that watch this one; nest_mtx
 * @nest_mark: visited in this walk; nest_mtx
 * @nest_height: what the walk found; nest_mtx
 * @refs: see above
 * @rcu: the memory stays until notifies are through
 */
struct eventpoll {
	spinlock_t lock;	/* guards what has no note */
	struct ep_pages pages;
	struct ep_control *control;
	struct wait_queue_head wq;
	struct wait_queue_head poll_wait;
	struct ep_asks ask_any;
	struct ep_asks ask_consumer;
	u32 nasks;

	struct ep_hash hash;
	u32 nitems;
	unsigned long consumer;
	atomic_t mapped;
	struct mutex mtx;	/* changes of the interest set */
	struct mutex map_mtx;	/* geometry of the pages */
	struct work_struct work;
	struct ep_user *user;
	size_t pinned;

	struct list_head children;
	struct list_head parents;
	u64 nest_mark;
	int nest_height;

	struct kref refs;
	struct rcu_head rcu;
};

/**
 * struct epitem - one watched file in one instance
 * @ep: the instance
 * @slot: record and slot
 * @doubts: bits to ask for; not 0 while in one of the ask lists
 * @doubt: counts the wake-ups that left something open
 * @waiting: in the first of the two lists of @asks
 * @dead: removed or closed: asks for no bits, so no event finds it any more
 * @hashed: in the hash
 * @relay: neither a socket nor a pipe: such a file may be woken from inside another
 *	wake-up, so those who poll the instance are not woken from there
 *	(__ep_wake_pollers())
 * @nested: its file is an instance; set before anybody else knows the item
 * @asks: the instance's that is for this kind of file
 * @ask: in one of its lists
 * @node: in the hash
 * @file: what it watches; whole while not @dead; NULL once it went without
 *	the item (faithful.h)
 * @nest_child: in the instance's children; nest_mtx
 * @nest_parent: in the watched instance's parents; nest_mtx
 * @fcb: its registration with fcblist
 * @refs: see above
 * @rcu: the memory stays until notifies are through
 */
struct epitem {
	struct eventpoll *ep;
	struct ep_slot slot;
	short doubts;
	bool dead;
	bool hashed;
	bool relay;
	bool nested;
	bool waiting;
	u32 doubt;
	struct ep_asks *asks;
	struct list_head ask;
	struct ep_hash_node node;
	struct file *file;
	struct list_head nest_child;
	struct list_head nest_parent;
	struct fcb_struct fcb;
	struct kref refs;
	struct rcu_head rcu;
};

/* The end of an instance, once nobody has a reference. */
static inline void ep_free(struct kref *refs)
{
	struct eventpoll *ep = container_of(refs, struct eventpoll, refs);

	kfree_rcu(ep, rcu);
}

/** ep_put() - drop a reference of an instance.  Context: any. */
static inline void ep_put(struct eventpoll *ep)
{
	kref_put(&ep->refs, ep_free);
}

/* ep_item.c: items */

/** ep_find() - the item of a descriptor or NULL; ep->lock held. */
struct epitem *ep_find(struct eventpoll *ep, int fd);

/**
 * ep_ctl() - carry out one record of write()
 * @ep: the instance, ep->mtx held
 * @rec: the record
 *
 * Return: 0, -EPERM (cannot be polled), -E2BIG (set full), -ENOSPC (limit of
 * the user), -ENOMEM, -EINVAL (the instance itself), -ELOOP, -EINTR.
 */
int ep_ctl(struct eventpoll *ep, const struct pollfd *rec);

/** ep_remove_all() - forget every descriptor; ep->mtx held or last user. */
void ep_remove_all(struct eventpoll *ep);

/**
 * ep_ask() - ask the files what their wake-ups left open
 * @ep: the instance; no lock held
 * @asks: &ep->ask_any or &ep->ask_consumer
 *
 * What comes while it asks is for the next time.  Ends early in a task that is
 * being killed.
 *
 * Context: process, may sleep.
 */
void ep_ask(struct eventpoll *ep, struct ep_asks *asks);

/* ep_map.c: the pages */

/**
 * ep_alloc() - EP_ALLOC: two halves for the program to map, larger ones if need be
 * @ep: the instance; no lock held
 * @maxfds: slots in each half
 *
 * Return: 0, -EINVAL (beyond what may be had), -EBUSY (mapped), -EINTR, -ENOMEM.
 */
int ep_alloc(struct eventpoll *ep, int maxfds);

/** ep_unalloc() - the pages' part of EP_FREE. */
int ep_unalloc(struct eventpoll *ep);

/**
 * ep_share() - EP_SHARE: a control page for the program to map
 * @ep: the instance; ep->mtx held
 *
 * Return: 0, -EINVAL (no room yet), -EEXIST (has one), -EBUSY (watches something),
 * -EINTR, -ENOMEM.
 */
int ep_share(struct eventpoll *ep);

/** ep_unshare() - give it back; at the end, when no mapping is left. */
void ep_unshare(struct eventpoll *ep);

/** ep_mmap() - mmap of the device; mmap_lock held. */
int ep_mmap(struct file *file, struct vm_area_struct *vma);

/* ep_nest.c: instances that watch instances */

/** ep_nest_init() - tell by what the files of instances are known. */
void ep_nest_init(const struct file_operations *fops);

/** ep_of_file() - the instance behind a file, or NULL for other files. */
struct eventpoll *ep_of_file(struct file *file);

/** EP_MAX_NESTS - the most links in a chain of instances. */
#define EP_MAX_NESTS	4

/**
 * ep_nest_link() - an item is going to watch an instance
 * @item: of the watching instance
 * @child: the watched one, pinned by its file
 *
 * Return: 0, -EINVAL (itself), -ELOOP (a cycle, or a chain too long), -EINTR.
 */
int ep_nest_link(struct epitem *item, struct eventpoll *child);

/** ep_nest_unlink() - it no longer is; nothing happens if it never was. */
void ep_nest_unlink(struct epitem *item);

#endif /* KMOD_EP_INTERNAL_H */
