/* SPDX-License-Identifier: GPL-2.0-only */
/* list.h - lists in a ring, and lists with a head of one pointer */
#ifndef SHIM_LINUX_LIST_H
#define SHIM_LINUX_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/compiler.h>
#include <linux/container_of.h>

/* A node, or the head; points to itself when it is alone. */
struct list_head {
	struct list_head *next;
	struct list_head *prev;
};

#define LIST_HEAD(name)	struct list_head name = { &(name), &(name) }

#define list_entry(node, type, member)		container_of(node, type, member)
#define list_first_entry(head, type, member)	list_entry((head)->next, type, member)

static inline void INIT_LIST_HEAD(struct list_head *h)
{
	WRITE_ONCE(h->next, h);
	WRITE_ONCE(h->prev, h);
}

static inline bool list_empty(const struct list_head *h)
{
	return READ_ONCE(h->next) == h;
}

/* Without a lock: beside whoever adds or removes. */
static inline bool list_empty_careful(const struct list_head *h)
{
	const struct list_head *next = __atomic_load_n(&h->next, __ATOMIC_ACQUIRE);

	return next == h && next == READ_ONCE(h->prev);
}

/* Lets two nodes be neighbours. */
static inline void list_join(struct list_head *before, struct list_head *after)
{
	WRITE_ONCE(after->prev, before);
	WRITE_ONCE(before->next, after);
}

static inline void list_insert(struct list_head *node, struct list_head *before,
			       struct list_head *after)
{
	list_join(node, after);
	list_join(before, node);
}

static inline void list_add(struct list_head *node, struct list_head *h)
{
	list_insert(node, h, h->next);
}

static inline void list_add_tail(struct list_head *node, struct list_head *h)
{
	list_insert(node, h->prev, h);
}

static inline void list_del_init(struct list_head *node)
{
	list_join(node->prev, node->next);
	INIT_LIST_HEAD(node);
}

static inline void list_move_tail(struct list_head *node, struct list_head *h)
{
	list_join(node->prev, node->next);
	list_add_tail(node, h);
}

/* The nodes of @from go behind @before; @from itself is left as it is. */
static inline void list_splice_behind(struct list_head *from, struct list_head *before)
{
	struct list_head *after = before->next;

	if (list_empty(from))
		return;
	list_join(from->prev, after);
	list_join(before, from->next);
}

static inline void list_splice(struct list_head *from, struct list_head *h)
{
	list_splice_behind(from, h);
}

static inline void list_splice_tail_init(struct list_head *from, struct list_head *h)
{
	list_splice_behind(from, h->prev);
	INIT_LIST_HEAD(from);
}

static inline void list_splice_init(struct list_head *from, struct list_head *h)
{
	list_splice_behind(from, h);
	INIT_LIST_HEAD(from);
}

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
