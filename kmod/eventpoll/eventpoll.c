// SPDX-License-Identifier: GPL-2.0-only
/*
 * eventpoll.c - the core of modern epoll: how it hangs together, and ctl
 *
 * How an event travels.  A watched file wakes its queue; our entry there
 * (item.c) posts the item to the ready store of its instance (ready.h) and wakes
 * whoever waits (wake.c).  EVENTPOLL_WAIT, or read(2), goes through the store, asks
 * each file with vfs_poll() what is true now, and copies that to the program
 * (transfer.c).
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
 *	file	   not pinned by its items.  Its address stays in the item as a key
 *		   when it has gone; who wants more of it has to get a reference
 *		   (ep_item_pin()).
 *	module	   pinned by each item until the call of the closer has returned,
 *		   or until ctl or release ended the registration.
 *
 * Who removes an item, and what the races of the years came down to: removal.c.
 *
 * Locks, outermost first
 *
 *	nest_mtx	   nest.c: who watches whom
 *	ep->mtx		   an instance's tree, items, and consumer's side; of a
 *			   watching instance before that of a watched one
 *	ep->taps_mtx	   the taps of items; held for no longer than to take one's off
 *	fcblist's mutex	   in file_notify_register() and file_notify_unregister()
 *	locks of the file  that vfs_poll() takes, the mutex of an instance of the
 *			   kernel's epoll among them
 *	wait queue's lock  of the file, under which producers run
 *	awake->lock	   awake.c: of an item with EPOLLWAKEUP
 *	store's lock	   each store tells its own
 *	links_mtx	   leaf: the links of nest.c; inside ep->mtx, or by a closer
 *	ep->wq.lock	   leaf, as choice_mtx of instance.c
 *	ep->poll_wait.lock beside it; the queue that those who watch us are on, so
 *			   it is at once the "wait queue's lock" of the next one
 *
 * Under ep->mtx files are asked and the program's memory is written to, and neither needs
 * to come to an end.  So a closer never waits for it: it leaves the item to whoever has
 * the mutex (removal.c).
 *
 * ->poll is called from below, by other kinds of event queues with their own locks
 * held.  It never waits for an ep->mtx, and never asks an instance of the kernel's
 * epoll; when it cannot know, it says yes, and the wait that follows finds out.
 */
#include <linux/err.h>

#include "awake.h"
#include "busy.h"
#include "eventpoll.h"
#include "fcblist.h"
#include "plant.h"

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
	err = file_notify_register(file, &item->fcb, NULL, ep_item_closed, item);
	if (err) {
		ep_item_end(item);
		refcount_dec(&ep->refs);
		return err;
	}
	if (planted(PLANT_PINS))
		get_file(file);
	if (nest)
		err = ep_nest_paths(item);
	if (!err && (item->events & EPOLLWAKEUP))
		err = ep_awake_begin(item);
	if (!err)
		err = ep_item_hook(item, &revents);
	if (err) {
		ep_item_remove(item);
		return err;
	}
	ep_busy_note(item);
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
	ep_item_awake(item, !!(event->events & EPOLLWAKEUP));
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
		ep_item_remove(item);
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
		if ((event->events & EPOLLWAKEUP) && !ep_awake_allowed())
			event->events &= ~EPOLLWAKEUP;
		if ((event->events & EPOLLEXCLUSIVE) &&
		    !exclusive_ok(op, file, event->events))
			return -EINVAL;
	}

	child = ep_kind_of(file) == EP_PORT ? ep_of_file(file) : NULL;
	if (mutex_lock_killable(&ep->mtx))
		return -EINTR;
	if (op == EPOLL_CTL_ADD && (child || ep_nest_concerned(ep))) {
		ep_unlock(ep);
		err = ep_nest_begin(ep, child);
		if (err)
			return err;
		if (mutex_lock_killable(&ep->mtx)) {
			ep_nest_end();
			return -EINTR;
		}
		nest = true;
	}
	/* Who has our file's address in here had it before us. */
	ep_locked(ep);
	err = ctl_locked(ep, op, fd, file, event, nest);
	ep_unlock(ep);
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
