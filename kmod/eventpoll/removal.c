// SPDX-License-Identifier: GPL-2.0-only
/*
 * removal.c - the end of an item: by ctl, by the close of its file, by release
 *
 * Every item is registered with fcblist, and exactly one thing ends that
 * registration: a file_notify_unregister() that returns 0, or the call of
 * ep_item_closed().  Whoever ended it sees to the end of the item.
 *
 * Ctl and release hold ep->mtx over both, and take the item off the wait queues and out
 * of the links first, while the file is whole; the moment the registration has ended the
 * file may go, and the item does not look at it any more.  Where the closer was first
 * they leave the item to it.
 *
 * The closer waits for nothing that a program can hold.  ep->mtx is such a thing: with
 * it held files are asked, which may never answer (FUSE), and events are told to memory
 * that may never be there (userfaultfd).  So it takes the item off the queues and out of
 * the links by itself, under taps_mtx and links_mtx; makes it EP_GONE, by which all know
 * that its file is none any more; and puts it among ep->closed.  The rest is the end of
 * an item without a file, and that of whoever has the mutex: the closer itself if it can
 * have it, or else the holder when he lets go (ep_unlock()).  Either the closer sees the
 * mutex free, or the holder sees the item: each writes, then reads, with a full barrier
 * between; tests/model/closer.pml has that in every order.  Until then the address of
 * the file is in the tree, but no other item's: a file that has this address was opened
 * later, so whoever wants to add it gets the mutex later, and ends what is among
 * ep->closed first (ep_locked()).
 *
 * The item's reference keeps the instance for its end, even past release, and its
 * registration keeps the module until the closer has returned; then somebody else has
 * the mutex, in a call that does.  A file whose count is zero but whose closer is still
 * on its way, however long, is not waited for by anybody.
 *
 * That is what the races of the years came down to:
 *  - close of a file against close of the instance that watches it, which may be
 *    watched and closed itself (CVE-2026-46242; opened in 6.4 by counting references
 *    instead of taking a global mutex): above, and a watched instance is a file like
 *    any other here: pinned, or left to its closer.
 *  - a reader that is still in an instance when it is freed (CVE-2026-43074, 6.4 to
 *    7.0-rc): nest.c comes to an instance by a link, under a mutex that the end
 *    of the link takes, and ep_put() frees after a grace period, as items are freed.
 *  - vfs_poll() of a file whose count is zero already (CVE-2024-38580): whoever
 *    asks a file pins it first, and what cannot be pinned has nothing to tell
 *    (ep_item_pin()).
 *  - giving up a reference of an instance with its mutex held (CVE-2025-38349).
 *    The last one given up so was in order; the next to last was not: whoever then
 *    drops the last frees the mutex that is still being unlocked.  Here items'
 *    references are dropped under it by those who have another one: the closer takes
 *    one for itself, ctl and the others hold the instance by its file, or by the
 *    file's own reference, until they have let go.
 *  - a reader that is preempted with the shared lock held keeps the consumer
 *    waiting (PREEMPT_RT, 5.1 to 6.17 of mainline): true to the original in ready_rwlock.c,
 *    and nowhere else.
 */
#include <linux/sched.h>

#include "awake.h"
#include "eventpoll.h"
#include "fcblist.h"
#include "plant.h"

void ep_item_end(struct epitem *item)
{
	struct eventpoll *ep = item->ep;

	lockdep_assert_held(&ep->mtx);

	ep_interest_del(ep, item);
	if (item->awake)
		ep_awake_end(item);
	if (ep->store->forget(&ep->ready, &item->link))
		ep_item_free(&item->link);
}

void ep_item_remove(struct epitem *item)
{
	struct eventpoll *ep = item->ep;
	struct file *file = item->file;

	ep_item_unhook(item);
	ep_nest_unlink(item);
	if (file_notify_unregister(&item->fcb))
		return;
	ep_item_end(item);
	refcount_dec(&ep->refs);
	if (planted(PLANT_PINS))
		fput(file);
}

/* The caller has a reference on ep besides those of its items. */
void ep_end_closed_locked(struct eventpoll *ep)
{
	struct llist_node *closed = llist_del_all(&ep->closed);
	struct epitem *item, *next;

	llist_for_each_entry_safe(item, next, closed, closed) {
		ep_item_end(item);
		refcount_dec(&ep->refs);
		cond_resched();
	}
}

void ep_item_closed(struct file *file, void *data)
{
	struct epitem *item = data;
	struct eventpoll *ep = item->ep;

	/* The item may have its end as soon as it is among ep->closed. */
	refcount_inc(&ep->refs);
	ep_item_unhook(item);
	ep_nest_unlink(item);
	WRITE_ONCE(item->kind, EP_GONE);
	llist_add(&item->closed, &ep->closed);
	ep_end_closed(ep);
	ep_put(ep);
}

void ep_remove_all(struct eventpoll *ep)
{
	struct rb_node *node, *next;

	mutex_lock(&ep->mtx);
	for (node = rb_first(&ep->tree); node; node = next) {
		next = rb_next(node);
		ep_item_remove(rb_entry(node, struct epitem, node));
		cond_resched();
	}
	ep_unlock(ep);
}
