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

static bool too_many(unsigned int count, unsigned int bits)
{
	return bits < EP_HASH_MAX_BITS && count >> bits > EP_HASH_LOAD;
}

static int alloc_table(struct ep_hash *h, unsigned int bits)
{
	/* A zeroed head is an empty one. */
	h->table = kvcalloc(1UL << bits, sizeof(*h->table),
			    GFP_KERNEL_ACCOUNT);
	h->old = NULL;
	h->moved = 0;
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

static struct ep_hash_node *find_in(const struct hlist_head *bucket, int fd)
{
	struct ep_hash_node *n;

	hlist_for_each_entry(n, bucket, link)
		if (n->fd == fd)
			return n;
	return NULL;
}

struct ep_hash_node *ep_hash_find(const struct ep_hash *h, int fd)
{
	struct ep_hash_node *n = find_in(bucket_of(h, fd), fd);

	if (!n && h->old)
		n = find_in(&h->old[hash_32((u32)fd, h->bits - 1)], fd);
	return n;
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

size_t ep_hash_bytes_for(unsigned int count)
{
	struct ep_hash h = { .bits = EP_HASH_MIN_BITS };

	while (too_many(count, h.bits))
		h.bits++;
	return ep_hash_bytes(&h);
}

bool ep_hash_crowded(const struct ep_hash *h)
{
	return too_many(h->count, h->bits);
}

int ep_hash_grow_begin(const struct ep_hash *h, struct ep_hash *bigger)
{
	return alloc_table(bigger, h->bits + 1);
}

void ep_hash_grow_commit(struct ep_hash *h, struct ep_hash *bigger)
{
	h->old = h->table;
	h->moved = 0;
	h->table = bigger->table;
	h->bits = bigger->bits;
	bigger->table = NULL;
}

bool ep_hash_grow_step(struct ep_hash *h, struct ep_hash *bigger)
{
	struct hlist_head *bucket;
	struct ep_hash_node *n;
	unsigned int left;

	for (left = EP_HASH_STEP; left; left--) {
		bucket = &h->old[h->moved];
		if (!hlist_empty(bucket)) {
			n = hlist_entry(bucket->first, struct ep_hash_node,
					link);
			hlist_del(&n->link);
			hlist_add_head(&n->link, bucket_of(h, n->fd));
		} else if (++h->moved == 1U << (h->bits - 1)) {
			bigger->table = h->old;
			h->old = NULL;
			return false;
		}
	}
	return true;
}
