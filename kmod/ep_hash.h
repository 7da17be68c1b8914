/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ep_hash.h - the interest set: a hash by descriptor that grows by doubling
 *
 * As in 2002: 2^7 buckets at first, twice as many whenever there are more
 * than two entries a bucket, up to 2^18.  New here: the memory of a doubling
 * is had before, and given back after, the caller's lock is held, and the
 * entries are moved in steps, so that the lock is held for one step at a time.
 * Between steps an entry is in one table or the other: what comes goes into the
 * new one, and a look-up looks into both.
 *
 * No locks inside: the caller guards a set with one lock of his own, except
 * where a function says otherwise.
 */
#ifndef KMOD_EP_HASH_H
#define KMOD_EP_HASH_H

#include <linux/list.h>
#include <linux/types.h>

#define EP_HASH_MIN_BITS	7
#define EP_HASH_MAX_BITS	18
#define EP_HASH_LOAD		2	/* entries a bucket before it doubles */
#define EP_HASH_STEP		128	/* entries, or buckets, moved in a step */

/**
 * struct ep_hash_node - what an entry embeds
 * @link: in its bucket
 * @fd: the key
 */
struct ep_hash_node {
	struct hlist_node link;
	int fd;
};

/**
 * struct ep_hash - a set
 * @table: the buckets
 * @old: while it grows, the half as many of before; else NULL
 * @moved: how many of these are empty for good
 * @bits: log2 of the number of @table
 * @count: entries, of both tables
 */
struct ep_hash {
	struct hlist_head *table;
	struct hlist_head *old;
	unsigned int moved;
	unsigned int bits;
	unsigned int count;
};

/** ep_hash_init() - an empty set.  Return: 0 or -ENOMEM.  May sleep. */
int ep_hash_init(struct ep_hash *h);

/** ep_hash_free() - give the buckets of an empty set back.  May sleep. */
void ep_hash_free(struct ep_hash *h);

/** ep_hash_find() - the entry of @fd, or NULL. */
struct ep_hash_node *ep_hash_find(const struct ep_hash *h, int fd);

/** ep_hash_insert() - add @n, whose fd is set and not in the set. */
void ep_hash_insert(struct ep_hash *h, struct ep_hash_node *n);

/** ep_hash_remove() - take out @n, which is in the set. */
void ep_hash_remove(struct ep_hash *h, struct ep_hash_node *n);

/**
 * ep_hash_next() - the first entry at or after a bucket, for draining
 * @h: the set, which is not growing
 * @bucket: where to begin; set to the bucket of the entry returned
 *
 * Return: an entry, or NULL when there is none from @bucket on.
 */
struct ep_hash_node *ep_hash_next(const struct ep_hash *h,
				  unsigned int *bucket);

/** ep_hash_bytes() - what the buckets take. */
static inline size_t ep_hash_bytes(const struct ep_hash *h)
{
	return sizeof(*h->table) << h->bits;
}

/** ep_hash_bytes_for() - what they take once there are so many entries. */
size_t ep_hash_bytes_for(unsigned int count);

/** ep_hash_crowded() - would a doubling be due?  Needs no lock as a hint. */
bool ep_hash_crowded(const struct ep_hash *h);

/**
 * ep_hash_grow_begin() - get the buckets for a doubling
 * @h: the set; @bits is read without the caller's lock, so only one thread at
 * a time may be growing it
 * @bigger: an empty set of twice the size
 *
 * Return: 0 or -ENOMEM.  May sleep.
 */
int ep_hash_grow_begin(const struct ep_hash *h, struct ep_hash *bigger);

/**
 * ep_hash_grow_commit() - from now on use them, under the caller's lock
 * @h: the set
 * @bigger: from ep_hash_grow_begin(); is left without buckets
 *
 * Then comes ep_hash_grow_step(), until there is no more.
 */
void ep_hash_grow_commit(struct ep_hash *h, struct ep_hash *bigger);

/**
 * ep_hash_grow_step() - move a few entries, under the caller's lock
 * @h: the set; anything but a drain or a second growth may come between steps
 * @bigger: gets the old buckets when all is moved, to be freed with
 * ep_hash_free() when the lock is released
 *
 * Return: there is more.
 */
bool ep_hash_grow_step(struct ep_hash *h, struct ep_hash *bigger);

#endif /* KMOD_EP_HASH_H */
