/* SPDX-License-Identifier: GPL-2.0-only */
/* list.h - lists with a head of one pointer */
#ifndef SHIM_LINUX_LIST_H
#define SHIM_LINUX_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* pprev is where the pointer to this node is; NULL while in no list. */
struct hlist_node {
	struct hlist_node *next;
	struct hlist_node **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

/* What hlist_del() leaves behind: nobody may follow it. */
#define HLIST_POISON	((uintptr_t)0xdead000000000000)

#define hlist_entry(node, type, member)					\
	((type *)((char *)(node) - offsetof(type, member)))

static inline bool hlist_empty(const struct hlist_head *h)
{
	return !h->first;
}

static inline bool hlist_unhashed(const struct hlist_node *n)
{
	return !n->pprev;
}

static inline void hlist_add_head(struct hlist_node *n, struct hlist_head *h)
{
	n->next = h->first;
	n->pprev = &h->first;
	if (n->next)
		n->next->pprev = &n->next;
	h->first = n;
}

static inline void hlist_unlink(struct hlist_node *n)
{
	*n->pprev = n->next;
	if (n->next)
		n->next->pprev = n->pprev;
}

static inline void hlist_del(struct hlist_node *n)
{
	hlist_unlink(n);
	n->next = (struct hlist_node *)HLIST_POISON;
	n->pprev = (struct hlist_node **)HLIST_POISON;
}

static inline void hlist_del_init(struct hlist_node *n)
{
	if (hlist_unhashed(n))
		return;
	hlist_unlink(n);
	n->next = NULL;
	n->pprev = NULL;
}

#define hlist_entry_or_null(node, type, member)				\
	((node) ? hlist_entry(node, type, member) : NULL)

#define hlist_for_each_entry(pos, head, member)				\
	for (pos = hlist_entry_or_null((head)->first, __typeof__(*pos),	\
				       member);				\
	     pos;							\
	     pos = hlist_entry_or_null(pos->member.next,		\
				       __typeof__(*pos), member))

#define hlist_for_each_entry_safe(pos, after, head, member)		\
	for (pos = hlist_entry_or_null((head)->first, __typeof__(*pos),	\
				       member);				\
	     pos && ((after) = pos->member.next, true);			\
	     pos = hlist_entry_or_null(after, __typeof__(*pos), member))

#endif /* SHIM_LINUX_LIST_H */
