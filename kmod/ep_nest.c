// SPDX-License-Identifier: GPL-2.0-only
/*
 * ep_nest.c - instances that watch instances
 *
 * A new link from one instance to another must close no cycle and make no
 * chain of more than EP_MAX_NESTS links.  Both are questions about the longest
 * chain below the watched instance and above the watching one.  The graph has
 * an edge for each item that watches an instance, in two lists, one at each
 * end.  A walk visits every instance once and marks it, so its time is linear
 * in the edges even where there are very many paths.
 *
 * nest_mtx guards all edges.  An edge is gone before the instance at either
 * end is freed: the item's remover and the closer of the watched file both
 * take it out, and the closer does so before the file is released.
 *
 * Cycles through other kinds of files (the kernel's epoll) cannot be seen
 * from here; ep_wake.c sees to it that they do no harm.
 */
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>

#include "ep_internal.h"

static DEFINE_MUTEX(nest_mtx);
static u64 nest_walks;

/* Of the files of instances: devepoll.c has it and is above. */
static const struct file_operations *instance_fops;

void ep_nest_init(const struct file_operations *fops)
{
	instance_fops = fops;
}

struct eventpoll *ep_of_file(struct file *file)
{
	return file->f_op == instance_fops ? file->private_data : NULL;
}

/* The instance at the other end of an edge of ep->parents or ep->children. */
static struct eventpoll *other_end(struct list_head *edge, bool above)
{
	if (above)
		return list_entry(edge, struct epitem, nest_parent)->ep;
	return ep_of_file(list_entry(edge, struct epitem, nest_child)->file);
}

/*
 * Links in the longest chain above or below ep; -ELOOP if target is in it, -EINTR.
 * The depth is bounded, since no chain is ever longer than EP_MAX_NESTS; how many
 * links there are at a level is the program's choice.
 */
static int height(struct eventpoll *ep, bool above, struct eventpoll *target)
{
	struct list_head *edge;
	int longest = 0;

	if (ep == target)
		return -ELOOP;
	if (ep->nest_mark == nest_walks)
		return ep->nest_height;

	list_for_each(edge, above ? &ep->parents : &ep->children) {
		int h = height(other_end(edge, above), above, target);

		if (h < 0)
			return h;
		longest = max(longest, h + 1);
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	ep->nest_mark = nest_walks;
	ep->nest_height = longest;
	return longest;
}

/* May parent watch child?  nest_mtx is held. */
static int links_ok(struct eventpoll *parent, struct eventpoll *child)
{
	int below, above;

	nest_walks++;
	below = height(child, false, parent);
	if (below < 0)
		return below;
	nest_walks++;
	above = height(parent, true, NULL);
	if (above < 0)
		return above;
	return below + 1 + above > EP_MAX_NESTS ? -ELOOP : 0;
}

int ep_nest_link(struct epitem *item, struct eventpoll *child)
{
	struct eventpoll *parent = item->ep;
	int err;

	if (parent == child)
		return -EINVAL;

	if (mutex_lock_killable(&nest_mtx))
		return -EINTR;
	err = links_ok(parent, child);
	if (!err) {
		list_add(&item->nest_child, &parent->children);
		list_add(&item->nest_parent, &child->parents);
		item->nested = true;
	}
	mutex_unlock(&nest_mtx);
	return err;
}

void ep_nest_unlink(struct epitem *item)
{
	if (!item->nested)
		return;
	mutex_lock(&nest_mtx);
	list_del_init(&item->nest_child);
	list_del_init(&item->nest_parent);
	mutex_unlock(&nest_mtx);
}
