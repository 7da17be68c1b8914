// SPDX-License-Identifier: GPL-2.0-only
/*
 * nest.c - instances that watch instances: cycles, depth, paths
 *
 * Three things are refused at ADD, with the errno that the kernel has: a cycle
 * and a chain of more than EP_MAX_NESTS links (ELOOP), and more paths from one
 * file up to instances that nobody watches than path_limits allow (EINVAL): each
 * path is one more wake-up to make whenever that file has an event.
 *
 * Downwards, the links are the items in the tree of an instance; a walk takes
 * the mutex of each, the watching one's before the watched one's.  Upwards there
 * is one tree for all instances, "links", ordered by what is watched.  In it are
 *
 *	each item that watches an instance of ours
 *	items that watch another file, if somebody watches their own instance
 *
 * A path of one link is free, so whoever watches a file from an instance that
 * nobody watches is not counted, is not in the tree, and costs no walk anything.
 * What is in the tree is one path at least, so that the limits of paths are limits
 * of the walk as well, however many numbers a file is added under.  Items come in
 * when their instance gets its first watcher; when it has lost the last one they
 * stay until the next walk of their file finds them.
 *
 * nest_mtx comes before any ep->mtx and is held from the check to the end of the
 * insertion, so that two insertions which are harmless one by one make no cycle
 * together.  An ADD of a plain file to an instance that nobody watches needs it
 * not.  Whether somebody does is looked up with that instance's mutex held; who is
 * about to watch it counts himself first and takes the mutex then, to put its items
 * into the tree, and so meets the new one.
 *
 * Whoever lets a watched instance go, its closer or a removal, takes the item out of
 * "links" first.  So what is in there and watches an instance may look at it, under
 * links_mtx; a walk downwards takes a reference.
 *
 * links_mtx is innermost, and held for no longer than a walk in memory.  Every walk
 * can be killed, and gives way to others.
 *
 * The kernel's epoll and we do not see each other's links; what that means is
 * told in wake.c and at ep_look().
 */
#include <linux/minmax.h>
#include <linux/sched/signal.h>

#include "eventpoll.h"

static DEFINE_MUTEX(nest_mtx);
static u64 nest_walk = 1;	/* 0 is the mark of a fresh instance */

static DEFINE_MUTEX(links_mtx);
static struct rb_root links = RB_ROOT;

/* Paths of 2 links, of 3, ... up to EP_MAX_NESTS + 1; one link is free. */
static const int path_limits[EP_MAX_NESTS] = { 500, 100, 50, 10 };

/* Between two steps of a walk.  Return: give up. */
static bool killed(void)
{
	cond_resched();
	return fatal_signal_pending(current);
}

/* The tree of links. */

/* By file, then by instance: whoever wants each watcher once can skip. */
static bool link_before(const struct epitem *a, const struct epitem *b)
{
	if (a->file != b->file)
		return a->file < b->file;
	if (a->ep != b->ep)
		return a->ep < b->ep;
	return a < b;
}

/* The first link to a file from @ep or from an instance behind it. */
static struct epitem *links_from(const struct file *file,
				 const struct eventpoll *ep)
{
	struct rb_node *node = links.rb_node;
	struct epitem *found = NULL;

	lockdep_assert_held(&links_mtx);

	while (node) {
		struct epitem *item = rb_entry(node, struct epitem, link_node);

		if (item->file < file ||
		    (item->file == file && item->ep < ep)) {
			node = node->rb_right;
		} else {
			found = item;
			node = node->rb_left;
		}
	}
	return found && found->file == file ? found : NULL;
}

static struct epitem *links_next(struct epitem *item)
{
	struct rb_node *node = rb_next(&item->link_node);
	struct epitem *next;

	if (!node)
		return NULL;
	next = rb_entry(node, struct epitem, link_node);
	return next->file == item->file ? next : NULL;
}

static bool is_linked(const struct epitem *item)
{
	return !RB_EMPTY_NODE(&item->link_node);
}

/* One watcher more or less, where it is an instance that is watched. */
static void count_watcher(struct epitem *item, int n)
{
	struct eventpoll *child;

	if (item->kind != EP_PORT)
		return;
	child = ep_of_file(item->file);
	WRITE_ONCE(child->watchers, child->watchers + n);
}

static void link_locked(struct epitem *item)
{
	struct rb_node **at = &links.rb_node, *parent = NULL;

	while (*at) {
		parent = *at;
		if (link_before(item, rb_entry(parent, struct epitem,
					       link_node)))
			at = &parent->rb_left;
		else
			at = &parent->rb_right;
	}
	rb_link_node(&item->link_node, parent, at);
	rb_insert_color(&item->link_node, &links);
	count_watcher(item, 1);
}

static void unlink_locked(struct epitem *item)
{
	rb_erase(&item->link_node, &links);
	RB_CLEAR_NODE(&item->link_node);
	count_watcher(item, -1);
}

void ep_nest_link(struct epitem *item)
{
	lockdep_assert_held(&item->ep->mtx);

	item->nested = true;
	mutex_lock(&links_mtx);
	if (!is_linked(item))
		link_locked(item);
	mutex_unlock(&links_mtx);
}

void __ep_nest_unlink(struct epitem *item)
{
	mutex_lock(&links_mtx);
	/* A walk may have found before that it need not be there. */
	if (is_linked(item))
		unlink_locked(item);
	mutex_unlock(&links_mtx);
}

bool ep_nest_concerned(struct eventpoll *ep)
{
	lockdep_assert_held(&ep->mtx);

	return READ_ONCE(ep->watchers);
}

/* Cycles and depth. */

/*
 * Links in the longest chain below ep, -ELOOP if target is in it, or -EINTR.  No
 * chain is ever longer than EP_MAX_NESTS, which bounds the depth of the recursion.
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

	if (mutex_lock_killable_nested(&ep->mtx, depth))
		return -EINTR;
	ep_locked(ep);
	ep->nest_mark = nest_walk;
	for (node = rb_first(&ep->tree); node; node = rb_next(node)) {
		int h = -EINTR;

		if (!killed()) {
			item = rb_entry(node, struct epitem, node);
			if (ep_item_pin(item, EP_PORT) != EP_PINNED)
				continue;
			h = height_below(ep_of_file(item->file), target,
					 depth + 1);
			ep_item_unpin(item);
		}
		if (h < 0) {
			height = h;
			break;
		}
		height = max(height, h + 1);
	}
	ep->nest_height = height;
	ep_unlock(ep);
	return height;
}

/* Links in the longest chain above ep, or -EINTR.  Each watcher is seen once. */
static int height_above(struct eventpoll *ep)
{
	struct epitem *item;
	int height = 0;

	if (!ep->watchers)
		return 0;
	if (ep->nest_mark == nest_walk)
		return ep->nest_height;
	for (item = links_from(ep->file, NULL); item;
	     item = links_from(ep->file, item->ep + 1)) {
		int h = killed() ? -EINTR : height_above(item->ep);

		if (h < 0)
			return h;
		height = max(height, h + 1);
	}
	ep->nest_mark = nest_walk;
	ep->nest_height = height;
	return height;
}

static int check_depth(struct eventpoll *ep, struct eventpoll *child)
{
	int below, above;

	nest_walk++;
	below = height_below(child, ep, 0);
	if (below < 0)
		return below;

	nest_walk++;
	if (mutex_lock_killable(&links_mtx))
		return -EINTR;
	above = height_above(ep);
	mutex_unlock(&links_mtx);
	if (above < 0)
		return above;
	return below + 1 + above > EP_MAX_NESTS ? -ELOOP : 0;
}

int ep_nest_begin(struct eventpoll *ep, struct eventpoll *child)
{
	int err;

	if (mutex_lock_killable(&nest_mtx))
		return -EINTR;
	err = child ? check_depth(ep, child) : 0;
	if (err)
		mutex_unlock(&nest_mtx);
	return err;
}

void ep_nest_end(void)
{
	mutex_unlock(&nest_mtx);
}

/* Paths. */

struct paths {
	int depth;		/* links so far, but for the first */
	int count[EP_MAX_NESTS];
};

/* Counts the paths from a watched instance to the top. */
static int paths_above(struct eventpoll *ep, struct paths *p)
{
	struct epitem *item;
	int err = 0;

	if (p->depth == EP_MAX_NESTS)
		return -EINVAL;
	p->depth++;
	for (item = links_from(ep->file, NULL); item && !err;
	     item = links_next(item)) {
		if (item->ep->watchers)
			err = paths_above(item->ep, p);
		else if (++p->count[p->depth - 1] > path_limits[p->depth - 1])
			err = -EINVAL;
	}
	p->depth--;
	return err;
}

/* Counts the paths from a file, and drops what is no path any more. */
static int paths_from_leaf(const struct file *file)
{
	struct epitem *item, *next;
	struct paths p = {};
	int err = 0;

	if (mutex_lock_killable(&links_mtx))
		return -EINTR;
	for (item = links_from(file, NULL); item && !err; item = next) {
		next = links_next(item);
		if (killed())
			err = -EINTR;
		else if (item->ep->watchers)
			err = paths_above(item->ep, &p);
		else
			unlink_locked(item);
	}
	mutex_unlock(&links_mtx);
	return err;
}

/* Is there another item on the same file behind this one? */
static bool same_file_follows(struct epitem *item)
{
	struct rb_node *node = rb_next(&item->node);

	return node && rb_entry(node, struct epitem, node)->file == item->file;
}

static int paths_from_leaves(struct eventpoll *ep, unsigned int depth);

/*
 * One step of it.  The items of one file follow each other; they are counted
 * together, when all of them are linked, and *run says how many there are so far.
 */
static int paths_from_item(struct epitem *item, unsigned int depth, int *run)
{
	int err;

	if (killed())
		return -EINTR;
	if (ep_item_pin(item, EP_PORT) == EP_PINNED) {
		err = paths_from_leaves(ep_of_file(item->file), depth + 1);
		ep_item_unpin(item);
		return err;
	}
	if (READ_ONCE(item->kind) != EP_LEAF)
		return 0;
	ep_nest_link(item);
	/* Each is one path at least, and all are of the same lengths. */
	if (++*run > path_limits[0])
		return -EINVAL;
	if (same_file_follows(item))
		return 0;
	*run = 0;
	return paths_from_leaf(item->file);
}

/* Counts the paths from all leaves below an instance, each instance once. */
static int paths_from_leaves(struct eventpoll *ep, unsigned int depth)
{
	struct rb_node *node;
	int err = 0, run = 0;

	if (ep->nest_mark == nest_walk)
		return 0;

	if (mutex_lock_killable_nested(&ep->mtx, depth))
		return -EINTR;
	/* Or one that has gone could stand among those of a file that came after it. */
	ep_locked(ep);
	ep->nest_mark = nest_walk;
	for (node = rb_first(&ep->tree); node && !err; node = rb_next(node))
		err = paths_from_item(rb_entry(node, struct epitem, node),
				      depth, &run);
	ep_unlock(ep);
	return err;
}

int ep_nest_paths(struct epitem *item)
{
	lockdep_assert_held(&nest_mtx);

	if (item->kind == EP_FOREIGN)
		return 0;
	if (item->kind == EP_LEAF) {
		ep_nest_link(item);
		return paths_from_leaf(item->file);
	}
	nest_walk++;
	return paths_from_leaves(ep_of_file(item->file), 1);
}
