// SPDX-License-Identifier: GPL-2.0-only
/*
 * eventpoll.c - the core of modern epoll: instances, items, ctl, transfer
 *
 * How an event travels.  A watched file wakes its queue; our entry there
 * (item.c) posts the item to the ready store of its instance (ready.h) and wakes
 * whoever waits (wake.c).  EVENTPOLL_WAIT goes through the store, asks each file
 * with vfs_poll() what is true now, and copies that to the program (ep_visit()).
 * A level-triggered item goes back into the store, to be asked again next time.
 *
 * Lifetimes
 *
 *	instance   refs: the open file, each item, queued work.  Freed after a
 *		   grace period of RCU.
 *	item	   from ADD until one of three removes it:
 *		     ctl	DEL, or an ADD that fails half way
 *		     closer	the last close of the watched file, by way of
 *				fcblist, from the head of __fput()
 *		     release	the last close of the instance
 *		   Freed after a grace period; the ready store may keep it longer.
 *	file	   not pinned by its items.  While an item is in the tree and
 *		   ep->mtx is held, its file is whole: the closer would have to
 *		   take ep->mtx first.
 *	module	   pinned by each item until the call of the closer has returned,
 *		   or until ctl or release ended the registration.
 *
 * Who removes.  Every item is registered with fcblist, and exactly one thing
 * ends that registration: a file_notify_unregister() that returns 0, or the call
 * of ep_file_closed().  Whoever ended it removes the item.  Ctl and release hold
 * ep->mtx over both, and take the item off the wait queues first, while the file
 * is whole; the moment the registration has ended the file may go, and the item
 * does not look at it any more.  Where the closer was first it is in
 * ep_file_closed() and waits for ep->mtx: they leave the item to it.  The item's
 * reference keeps the instance for it, even past release, and its registration
 * the module.  A file whose count is zero but whose closer is still on its way,
 * however long, is not waited for by anybody.
 *
 * That is what the races of the years came down to:
 *  - close of a file against close of the instance that watches it, which may be
 *    watched and closed itself (CVE-2026-46242; opened in 6.4 by counting references
 *    instead of taking a global mutex): above, and a watched instance is a file like
 *    any other here: pinned, or left to its closer.
 *  - a reader that is still in an instance when it is freed (CVE-2026-43074, 6.4 to
 *    7.0-rc): nesting.c comes to an instance by a link, under a mutex that the end
 *    of the link takes, and ep_put() frees after a grace period, as items are freed.
 *  - vfs_poll() of a file whose count is zero already (CVE-2024-38580): whoever
 *    asks a file pins it first, and what cannot be pinned has nothing to tell
 *    (ep_item_ask()).
 *  - giving up a reference of an instance with its mutex held (CVE-2025-38349).
 *    The last one given up so was in order; the next to last was not: whoever then
 *    drops the last frees the mutex that is still being unlocked.  Here the closer
 *    lets go of the mutex before it drops its item's reference.  Ctl and release do
 *    drop an item's reference under it, but hold the instance by its file, or by
 *    the file's own reference, until they have let go.
 *  - a reader that is preempted with the shared lock held keeps the consumer
 *    waiting (PREEMPT_RT, 5.1 to 6.17 of mainline): true to the original in ready_rwlock.c,
 *    and nowhere else.
 *
 * Locks, outermost first
 *
 *	nest_mtx	   nesting.c: who watches whom
 *	ep->mtx		   an instance's tree, items, and consumer's side; of a
 *			   watching instance before that of a watched one
 *	fcblist's mutex	   in file_notify_register() and file_notify_unregister()
 *	locks of the file  that vfs_poll() takes, the mutex of an instance of the
 *			   kernel's epoll among them
 *	wait queue's lock  of the file, under which producers run
 *	store's lock	   each store tells its own
 *	links_mtx	   leaf: the links of nesting.c; inside ep->mtx
 *	ep->wq.lock	   leaf, as choice_mtx of device.c
 *	ep->poll_wait.lock beside it; the queue that those who watch us are on, so
 *			   it is at once the "wait queue's lock" of the next one
 *
 * ->poll is called from below, by other kinds of event queues with their own locks
 * held.  It never waits for an ep->mtx, and never asks an instance of the kernel's
 * epoll; when it cannot know, it says yes, and the wait that follows finds out.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "eventpoll.h"
#include "fcblist.h"
#include "plant.h"
#include "stall.h"

/* Lifetime of an instance. */

struct eventpoll *ep_alloc(void)
{
	struct eventpoll *ep = kzalloc(sizeof(*ep), GFP_KERNEL_ACCOUNT);

	if (!ep)
		return NULL;
	ep->user = ep_user_get();
	if (!ep->user) {
		kfree(ep);
		return NULL;
	}
	mutex_init(&ep->mtx);
	ep->tree = RB_ROOT;
	init_waitqueue_head(&ep->wq);
	init_waitqueue_head(&ep->poll_wait);
	refcount_set(&ep->refs, 1);
	INIT_WORK(&ep->work, ep_wake_work);
	return ep;
}

/* Process context, no lock held. */
void ep_put(struct eventpoll *ep)
{
	if (!refcount_dec_and_test(&ep->refs))
		return;
	if (ep->store->reap)
		ep->store->reap(&ep->ready);
	ep_user_put(ep->user);
	kfree_rcu(ep, rcu);
}

/* Removal of an item. */

/*
 * The rest of it, for whoever ended the registration.  The caller drops the item's
 * reference on ep, when it has let go of the mutex.
 */
static void item_end(struct epitem *item)
{
	struct eventpoll *ep = item->ep;

	lockdep_assert_held(&ep->mtx);

	ep_interest_del(ep, item);
	if (ep->store->forget(&ep->ready, &item->link))
		ep_item_free(&item->link);
}

/* The caller pins ep by more than this item. */
static void item_remove(struct epitem *item)
{
	struct eventpoll *ep = item->ep;
	struct file *file = item->file;

	/* While its registration stands, or we hold the mutex, the file does. */
	ep_item_unhook(item);
	if (file_notify_unregister(&item->fcb))
		return;
	item_end(item);
	refcount_dec(&ep->refs);
	if (planted(PLANT_PINS))
		fput(file);
}

void ep_file_closed(struct file *file, void *data)
{
	struct epitem *item = data;
	struct eventpoll *ep = item->ep;

	mutex_lock(&ep->mtx);
	ep_item_unhook(item);
	item_end(item);
	mutex_unlock(&ep->mtx);
	ep_put(ep);
}

void ep_remove_all(struct eventpoll *ep)
{
	struct rb_node *node, *next;

	mutex_lock(&ep->mtx);
	for (node = rb_first(&ep->tree); node; node = next) {
		next = rb_next(node);
		item_remove(rb_entry(node, struct epitem, node));
		cond_resched();
	}
	mutex_unlock(&ep->mtx);
}

/* ctl */

static int insert(struct eventpoll *ep, struct file *file, int fd,
		  const struct epoll_event *event, bool nest)
{
	struct epitem *item;
	__poll_t revents;
	int err;

	item = ep_item_alloc(ep, file, fd);
	if (IS_ERR(item))
		return PTR_ERR(item);
	item->events = event->events;
	item->data = event->data;

	ep_interest_add(ep, item);
	err = file_notify_register(file, &item->fcb, NULL, ep_file_closed, item);
	if (err) {
		item_end(item);
		refcount_dec(&ep->refs);
		return err;
	}
	if (planted(PLANT_PINS))
		get_file(file);
	if (nest)
		err = ep_nest_paths(item);
	if (!err)
		err = ep_item_hook(item, &revents);
	if (err) {
		item_remove(item);
		return err;
	}
	/* Events from now on come by themselves; what was before is told here. */
	if (revents)
		ep_item_post(item);
	return 0;
}

static void modify(struct epitem *item, const struct epoll_event *event)
{
	struct poll_table_struct pt;

	WRITE_ONCE(item->events, event->events);
	item->data = event->data;
	/*
	 * A producer that still saw the old mask has made its event true before;
	 * so either it sees the new one, or we see what it came for.
	 */
	smp_mb();
	init_poll_funcptr(&pt, NULL);
	if (ep_item_ask(item, &pt, 1, false) && !planted(PLANT_MODBLIND))
		ep_item_post(item);
}

/* What an exclusive item may ask for. */
#define EXCLUSIVE_OK	(EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | \
			 EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)

static bool exclusive_ok(int op, struct file *file, __poll_t events)
{
	if (op == EPOLL_CTL_MOD)
		return false;
	return op != EPOLL_CTL_ADD ||
	       (ep_kind_of(file) == EP_LEAF && !(events & ~EXCLUSIVE_OK));
}

static int ctl_locked(struct eventpoll *ep, int op, int fd, struct file *file,
		      struct epoll_event *event, bool nest)
{
	struct epitem *item = ep_interest_find(ep, file, fd);

	switch (op) {
	case EPOLL_CTL_ADD:
		if (item)
			return -EEXIST;
		event->events |= EPOLLERR | EPOLLHUP;
		return insert(ep, file, fd, event, nest);
	case EPOLL_CTL_MOD:
		if (!item)
			return -ENOENT;
		if (item->events & EPOLLEXCLUSIVE)
			return -EINVAL;
		event->events |= EPOLLERR | EPOLLHUP;
		modify(item, event);
		return 0;
	case EPOLL_CTL_DEL:
		if (!item)
			return -ENOENT;
		item_remove(item);
		return 0;
	default:
		return -EINVAL;
	}
}

static int ctl_file(struct eventpoll *ep, int op, int fd, struct file *file,
		    struct epoll_event *event)
{
	struct eventpoll *child;
	bool nest = false;
	int err;

	if (!file_can_poll(file))
		return -EPERM;
	if (file == ep->file)
		return -EINVAL;
	if (op != EPOLL_CTL_DEL) {
		event->events &= ~EPOLLWAKEUP;
		if ((event->events & EPOLLEXCLUSIVE) &&
		    !exclusive_ok(op, file, event->events))
			return -EINVAL;
	}

	child = ep_kind_of(file) == EP_PORT ? ep_of_file(file) : NULL;
	if (mutex_lock_killable(&ep->mtx))
		return -EINTR;
	if (op == EPOLL_CTL_ADD && (child || ep_nest_concerned(ep))) {
		mutex_unlock(&ep->mtx);
		err = ep_nest_begin(ep, child);
		if (err)
			return err;
		if (mutex_lock_killable(&ep->mtx)) {
			ep_nest_end();
			return -EINTR;
		}
		nest = true;
	}
	err = ctl_locked(ep, op, fd, file, event, nest);
	mutex_unlock(&ep->mtx);
	if (nest)
		ep_nest_end();
	return err;
}

int ep_ctl(struct eventpoll *ep, int op, int fd, struct epoll_event *event)
{
	struct file *file = fget(fd);
	int err;

	if (!file)
		return -EBADF;
	err = ctl_file(ep, op, fd, file, event);
	fput(file);
	return err;
}

/* The consumer. */

bool ep_batch_full(const struct ep_batch *batch)
{
	return batch->left <= 0;
}

bool ep_batch_looks(const struct ep_batch *batch)
{
	return batch->look;
}

int ep_batch_told(const struct ep_batch *batch)
{
	return batch->n;
}

int ep_batch_room(const struct ep_batch *batch)
{
	return batch->left;
}

bool ep_is_edge(const struct ep_link *link)
{
	return container_of(link, struct epitem, link)->events & EPOLLET;
}

bool ep_ask(struct ep_batch *batch, struct ep_link *link)
{
	return ep_item_ask(ep_item_of(link), &batch->pt, batch->depth + 1,
			   batch->outside);
}

static enum ep_verdict leave(struct ep_batch *batch, int n)
{
	batch->left = 0;
	if (!batch->n)
		batch->n = n;
	return EP_LEAVE;
}

/* Return: false if the program's array cannot be written. */
static bool tell(struct epoll_event __user *out, __poll_t events, u64 data)
{
	if (!user_access_begin(out, sizeof(*out)))
		return false;
	unsafe_put_user(events, &out->events, fault);
	unsafe_put_user(data, &out->data, fault);
	user_access_end();
	return true;
fault:
	user_access_end();
	return false;
}

/* As many of these may follow each other as there are items. */
static noinline enum ep_verdict nothing(struct ep_batch *batch)
{
	cond_resched();
	if (fatal_signal_pending(current))
		batch->left = 0;
	return EP_DONE;
}

enum ep_verdict ep_visit(struct ep_batch *batch, struct ep_link *link)
{
	struct epitem *item = ep_item_of(link);
	__poll_t events;

	events = ep_item_ask(item, &batch->pt, batch->depth + 1,
			     batch->outside);
	if (batch->look)
		return events ? leave(batch, 1) : nothing(batch);
	ep_stall();
	if (!events)
		return nothing(batch);
	if (!tell(batch->out, events, item->data))
		return leave(batch, -EFAULT);
	batch->out++;
	batch->n++;
	batch->left--;
	if (item->events & EPOLLONESHOT) {
		if (!planted(PLANT_STAYSARMED))
			WRITE_ONCE(item->events, item->events & EP_OPTIONS);
	} else if (!(item->events & EPOLLET) && !planted(PLANT_LEVELONCE)) {
		return EP_AGAIN;
	}
	return EP_DONE;
}

/* What a transfer leaves is for the next waiter. */
static __always_inline int transfer_locked(struct eventpoll *ep, struct ep_batch *batch)
{
	bool more;

	lockdep_assert_held(&ep->mtx);

	init_poll_funcptr(&batch->pt, NULL);
	WRITE_ONCE(ep->scans, ep->scans + 1);
	/* Pairs with the second one in ep_pending(). */
	smp_wmb();
	more = ep->store->transfer(&ep->ready, batch);
	/* Pairs with the first one there. */
	smp_wmb();
	WRITE_ONCE(ep->scans, ep->scans + 1);
	if (more && !planted(PLANT_NONEXT))
		ep_wake_waiter(ep, false);
	return batch->n;
}

/*
 * Who saw nothing but the transfer of another looks again first.  Two waiters that
 * look in turn would take each other's look for a transfer, and neither would go
 * to sleep.
 */
int ep_transfer(struct eventpoll *ep, struct epoll_event __user *out, int max,
		enum ep_pending seen)
{
	struct ep_batch batch = { .out = out, .left = max };
	int n = 0;

	if (fatal_signal_pending(current) || mutex_lock_killable(&ep->mtx)) {
		/* What woke the dying is for somebody else. */
		ep_wake_waiter(ep, false);
		return -EINTR;
	}
	if (seen == EP_READY || ep->store->pending(&ep->ready))
		n = transfer_locked(ep, &batch);
	mutex_unlock(&ep->mtx);
	return n;
}

bool ep_look(struct eventpoll *ep, unsigned int depth, bool outside)
{
	struct ep_batch batch = {
		.look = true, .depth = depth, .outside = outside, .left = 1,
	};
	bool found;

	ep_use(ep);
	if (!outside)
		mutex_lock_nested(&ep->mtx, depth);
	else if (!mutex_trylock(&ep->mtx))
		return ep_pending(ep) != EP_NOTHING;
	found = ep->store->pending(&ep->ready) &&
		transfer_locked(ep, &batch) > 0;
	mutex_unlock(&ep->mtx);
	return found;
}
