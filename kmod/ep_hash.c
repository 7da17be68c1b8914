// SPDX-License-Identifier: GPL-2.0-only
/*
 * ep_hash.c - the interest set: a hash by descriptor that grows by doubling
 */
#include <linux/errno.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "ep_hash.h"

static struct hlist_head *bucket_of(const struct ep_hash *h, int fd)
{
	return &h->table[hash_32((u32)fd, h->bits)];
}

static int alloc_table(struct ep_hash *h, unsigned int bits)
{
	/* A zeroed head is an empty one. */
	h->table = kvcalloc(1UL << bits, sizeof(*h->table),
			    GFP_KERNEL_ACCOUNT);
	h->bits = bits;
	h->count = 0;
	return h->table ? 0 : -ENOMEM;
}

int ep_hash_init(struct ep_hash *h)
{
	return alloc_table(h, EP_HASH_MIN_BITS);
}

void ep_hash_free(struct ep_hash *h)
{
	kvfree(h->table);
	h->table = NULL;
}

struct ep_hash_node *ep_hash_find(const struct ep_hash *h, int fd)
{
	struct ep_hash_node *n;

	hlist_for_each_entry(n, bucket_of(h, fd), link)
		if (n->fd == fd)
			return n;
	return NULL;
}

void ep_hash_insert(struct ep_hash *h, struct ep_hash_node *n)
{
	hlist_add_head(&n->link, bucket_of(h, n->fd));
	h->count++;
}

void ep_hash_remove(struct ep_hash *h, struct ep_hash_node *n)
{
	hlist_del_init(&n->link);
	h->count--;
}

struct ep_hash_node *ep_hash_next(const struct ep_hash *h,
				  unsigned int *bucket)
{
	for (; *bucket < 1U << h->bits; ++*bucket)
		if (!hlist_empty(&h->table[*bucket]))
			return hlist_entry(h->table[*bucket].first,
					   struct ep_hash_node, link);
	return NULL;
}

bool ep_hash_crowded(const struct ep_hash *h)
{
	return h->bits < EP_HASH_MAX_BITS && h->count >> h->bits > EP_HASH_LOAD;
}

int ep_hash_grow_begin(const struct ep_hash *h, struct ep_hash *bigger)
{
	return alloc_table(bigger, h->bits + 1);
}

void ep_hash_grow_commit(struct ep_hash *h, struct ep_hash *bigger)
{
	struct ep_hash_node *n;
	struct hlist_node *next;
	unsigned int i;

	for (i = 0; i < 1U << h->bits; i++) {
		hlist_for_each_entry_safe(n, next, &h->table[i], link) {
			hlist_del(&n->link);
			ep_hash_insert(bigger, n);
		}
	}
	h->count = 0;
	swap(*h, *bigger);
}
