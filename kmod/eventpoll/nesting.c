// SPDX-License-Identifier: GPL-2.0-only
/*
 * nesting.c - instances that watch instances: cycles, depth, paths
 *
 * Three things are refused at ADD, with the errno that the kernel has: a cycle
 * and a chain of more than EP_MAX_NESTS links (ELOOP), and more paths from one
 * file up to instances that nobody watches than path_limits allow (EINVAL): each
 * path is one more wake-up to make whenever that file has an event.
 *
 * Downwards, the links are the items in the tree of an instance; a walk takes
 * the mutex of each, the watching one's before the watched one's.  Upwards they
 * are the registrations in fcblist: whoever hears of the close of an instance's
 * file is an item that watches it.  Those walks are in RCU.
 *
 * nest_mtx comes before any ep->mtx and is held from the check to the end of the
 * insertion, so that two insertions which are harmless one by one make no cycle
 * together.  An ADD of a plain file to an instance that nobody watches needs it
 * not; whether one is concerned is looked up with its mutex held, and the walk of
 * another ADD that has passed by just before counts as being watched.
 *
 * The kernel's epoll and we do not see each other's links; what that means is
 * told in wake.c and at ep_look().
 */
#include <linux/minmax.h>
#include <linux/rcupdate.h>

#include "eventpoll.h"
#include "fcblist.h"

static DEFINE_MUTEX(nest_mtx);
static u64 nest_walk = 1;	/* 0 is the mark of a fresh instance */

/* Paths of 2 links, of 3, ... up to EP_MAX_NESTS + 1; one link is free. */
static const int path_limits[EP_MAX_NESTS] = { 500, 100, 50, 10 };

static int is_watched(void *data, void *arg)
{
	return 1;
}

bool ep_nest_concerned(struct eventpoll *ep)
{
	int watched;

	if (READ_ONCE(ep->nest_mark) == READ_ONCE(nest_walk))
		return true;
	rcu_read_lock();
	watched = file_notify_walk(ep->file, ep_file_closed, is_watched, NULL);
	rcu_read_unlock();
	return watched;
}

/*
 * Links in the longest chain below ep, or -ELOOP if target is in it.  No chain
 * is ever longer than EP_MAX_NESTS, which bounds the depth of the recursion.
 */
static int height_below(struct eventpoll *ep, const struct eventpoll *target,
			unsigned int depth)
{
	struct epitem *item;
	struct rb_node *node;
	int height = 0;

	if (ep == target)
		return -ELOOP;
	if (ep->nest_mark == nest_walk)
		return ep->nest_height;

	mutex_lock_nested(&ep->mtx, depth);
	WRITE_ONCE(ep->nest_mark, nest_walk);
	for (node = rb_first(&ep->tree); node; node = rb_next(node)) {
		int h;

		item = rb_entry(node, struct epitem, node);
		if (item->kind != EP_PORT)
			continue;
		/* Its closer waits for our mutex, so the file is whole. */
		h = height_below(ep_of_file(item->file), target, depth + 1);
		if (h < 0) {
			height = h;
			break;
		}
		height = max(height, h + 1);
	}
	ep->nest_height = height;
	mutex_unlock(&ep->mtx);
	return height;
}

static int height_above(struct eventpoll *ep);

static int height_of_watcher(void *data, void *arg)
{
	struct epitem *item = data;
	int *height = arg;

	*height = max(*height, height_above(item->ep) + 1);
	return 0;
}

/* Links in the longest chain above ep.  In RCU. */
static int height_above(struct eventpoll *ep)
{
	int height = 0;

	if (ep->nest_mark == nest_walk)
		return ep->nest_height;
	file_notify_walk(ep->file, ep_file_closed, height_of_watcher, &height);
	WRITE_ONCE(ep->nest_mark, nest_walk);
	ep->nest_height = height;
	return height;
}

int ep_nest_begin(struct eventpoll *ep, struct eventpoll *child)
{
	int below, above;

	if (mutex_lock_killable(&nest_mtx))
		return -EINTR;
	WRITE_ONCE(nest_walk, nest_walk + 1);
	if (!child)
		return 0;

	below = height_below(child, ep, 0);
	WRITE_ONCE(nest_walk, nest_walk + 1);
	rcu_read_lock();
	above = height_above(ep);
	rcu_read_unlock();
	if (below < 0 || below + 1 + above > EP_MAX_NESTS) {
		mutex_unlock(&nest_mtx);
		return -ELOOP;
	}
	return 0;
}

void ep_nest_end(void)
{
	mutex_unlock(&nest_mtx);
}

struct paths {
	int depth;		/* links so far, but for the first */
	int count[EP_MAX_NESTS];
};

static int paths_above(struct file *file, struct paths *p);

static int path_of_watcher(void *data, void *arg)
{
	struct epitem *item = data;
	struct paths *p = arg;
	bool watched;
	int err = 0;

	watched = file_notify_walk(item->ep->file, ep_file_closed, is_watched,
				   NULL);
	if (watched) {
		p->depth++;
		err = paths_above(item->ep->file, p);
		p->depth--;
	} else if (p->depth && ++p->count[p->depth - 1] >
			       path_limits[p->depth - 1]) {
		err = -EINVAL;
	}
	return err;
}

/* Counts the paths from a file to the top.  In RCU. */
static int paths_above(struct file *file, struct paths *p)
{
	if (p->depth > EP_MAX_NESTS)
		return -EINVAL;
	return file_notify_walk(file, ep_file_closed, path_of_watcher, p);
}

static int paths_from_leaf(struct file *file)
{
	struct paths p = {};
	int err;

	rcu_read_lock();
	err = paths_above(file, &p);
	rcu_read_unlock();
	return err;
}

/* The same for all leaves below an instance, each instance once. */
static int paths_from_leaves(struct eventpoll *ep, unsigned int depth)
{
	struct epitem *item;
	struct rb_node *node;
	int err = 0;

	if (ep->nest_mark == nest_walk)
		return 0;

	mutex_lock_nested(&ep->mtx, depth);
	WRITE_ONCE(ep->nest_mark, nest_walk);
	for (node = rb_first(&ep->tree); node && !err; node = rb_next(node)) {
		item = rb_entry(node, struct epitem, node);
		if (item->kind == EP_PORT)
			err = paths_from_leaves(ep_of_file(item->file),
						depth + 1);
		else if (item->kind == EP_LEAF)
			err = paths_from_leaf(item->file);
	}
	mutex_unlock(&ep->mtx);
	return err;
}

int ep_nest_paths(struct epitem *item)
{
	lockdep_assert_held(&nest_mtx);

	if (item->kind == EP_LEAF)
		return paths_from_leaf(item->file);
	if (item->kind == EP_FOREIGN)
		return 0;
	WRITE_ONCE(nest_walk, nest_walk + 1);
	return paths_from_leaves(ep_of_file(item->file), 1);
}
