/* SPDX-License-Identifier: GPL-2.0-only */
/* llist.h - a stack that anybody may push to; one at a time may pop */
#ifndef SHIM_LINUX_LLIST_H
#define SHIM_LINUX_LLIST_H

#include <linux/atomic.h>

struct llist_node {
	struct llist_node *next;
};

struct llist_head {
	struct llist_node *first;
};

static inline void init_llist_head(struct llist_head *h)
{
	h->first = NULL;
}

static inline bool llist_empty(const struct llist_head *h)
{
	return !READ_ONCE(h->first);
}

/* Pushes a chain.  Return: the stack was empty. */
static inline bool llist_add_batch(struct llist_node *first, struct llist_node *last,
				   struct llist_head *h)
{
	struct llist_node *top = READ_ONCE(h->first);

	do
		WRITE_ONCE(last->next, top);
	while (!__atomic_compare_exchange_n(&h->first, &top, first, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
	return !top;
}

static inline bool llist_add(struct llist_node *node, struct llist_head *h)
{
	return llist_add_batch(node, node, h);
}

static inline struct llist_node *llist_del_first(struct llist_head *h)
{
	struct llist_node *top = __atomic_load_n(&h->first, __ATOMIC_ACQUIRE);

	/* One pops: what is below the top stays there. */
	while (top && !__atomic_compare_exchange_n(&h->first, &top, READ_ONCE(top->next),
						   false, __ATOMIC_SEQ_CST,
						   __ATOMIC_ACQUIRE))
		;
	return top;
}

#endif /* SHIM_LINUX_LLIST_H */
