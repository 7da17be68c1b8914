// SPDX-License-Identifier: GPL-2.0-only
/*
 * interest.c - the interest set: a red-black tree of items
 *
 * The key is the file and the number under which it was added, so that two
 * numbers of one file are two items, and a number that was closed and used again
 * names another item than before.  ep->mtx guards it all.  An item that watches an
 * instance is a link of nest.c for as long as it is in here.
 */
#include "eventpoll.h"

/* The order is of no meaning, as long as there is one. */
static int compare(const struct file *file, int fd, const struct epitem *item)
{
	if (file != item->file)
		return file < item->file ? -1 : 1;
	return fd < item->fd ? -1 : fd > item->fd;
}

struct epitem *ep_interest_find(struct eventpoll *ep, const struct file *file,
				int fd)
{
	struct rb_node *node = ep->tree.rb_node;

	lockdep_assert_held(&ep->mtx);

	while (node) {
		struct epitem *item = rb_entry(node, struct epitem, node);
		int cmp = compare(file, fd, item);

		if (!cmp)
			return item;
		node = cmp < 0 ? node->rb_left : node->rb_right;
	}
	return NULL;
}

void ep_interest_add(struct eventpoll *ep, struct epitem *item)
{
	struct rb_node **link = &ep->tree.rb_node, *parent = NULL;

	lockdep_assert_held(&ep->mtx);

	while (*link) {
		parent = *link;
		if (compare(item->file, item->fd,
			    rb_entry(parent, struct epitem, node)) < 0)
			link = &parent->rb_left;
		else
			link = &parent->rb_right;
	}
	rb_link_node(&item->node, parent, link);
	rb_insert_color(&item->node, &ep->tree);
	if (item->kind == EP_PORT)
		ep_nest_link(item);
}

void ep_interest_del(struct eventpoll *ep, struct epitem *item)
{
	lockdep_assert_held(&ep->mtx);

	ep_nest_unlink(item);
	rb_erase(&item->node, &ep->tree);
}
