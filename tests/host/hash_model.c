// SPDX-License-Identifier: GPL-2.0-only
/*
 * hash_model.c - a set of descriptors, once as ep_hash and once as an array
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "hash_model.h"

static bool __attribute__((format(printf, 2, 3)))
wrong(struct hash_model *m, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(m->report, sizeof(m->report), fmt, args);
	va_end(args);
	return false;
}

bool hash_model_init(struct hash_model *m, int first_fd, unsigned int entries)
{
	unsigned int i;

	memset(m, 0, sizeof(*m));
	/* A model that was found wrong is not freed. */
	shim_reset();
	if (ep_hash_init(&m->hash))
		return wrong(m, "init failed");
	m->bits = EP_HASH_MIN_BITS;
	m->entries = entries;
	for (i = 0; i < entries; i++)
		m->node[i].fd = (int)((unsigned int)first_fd + i);
	return true;
}

void hash_model_insert(struct hash_model *m, unsigned int i)
{
	ep_hash_insert(&m->hash, &m->node[i]);
	m->in[i] = true;
	m->count++;
}

void hash_model_remove(struct hash_model *m, unsigned int i)
{
	ep_hash_remove(&m->hash, &m->node[i]);
	m->in[i] = false;
	m->count--;
}

bool hash_model_grow_begin(struct hash_model *m, bool fail)
{
	int err;

	memset(&m->bigger, 0xff, sizeof(m->bigger));
	shim_fail_at(fail);
	err = ep_hash_grow_begin(&m->hash, &m->bigger);
	shim_fail_at(0);
	if (err != (fail ? -ENOMEM : 0))
		return wrong(m, "grow_begin() returned %d", err);
	m->growing = !err;
	return true;
}

void hash_model_grow_commit(struct hash_model *m)
{
	ep_hash_grow_commit(&m->hash, &m->bigger);
	m->growing = false;
	m->moving = true;
	m->bits++;
}

void hash_model_grow_step(struct hash_model *m)
{
	m->moving = ep_hash_grow_step(&m->hash, &m->bigger);
	if (!m->moving)
		ep_hash_free(&m->bigger);
}

bool hash_model_find(struct hash_model *m, unsigned int i)
{
	const struct ep_hash_node *want = m->in[i] ? &m->node[i] : NULL;
	const struct ep_hash_node *got = ep_hash_find(&m->hash, m->node[i].fd);

	if (got != want)
		return wrong(m, "fd %d: %s, found %p", m->node[i].fd,
			     want ? "in the set" : "not in the set",
			     (const void *)got);
	return true;
}

/* Is the chain of a bucket what a chain should be? */
static bool check_bucket(struct hash_model *m, struct hlist_head *head,
			 unsigned int bucket, unsigned int *found)
{
	struct hlist_node **link = &head->first;
	struct ep_hash_node *n;
	unsigned int i;

	hlist_for_each_entry(n, head, link) {
		if (n < m->node || n >= m->node + m->entries)
			return wrong(m, "bucket %u holds a stranger", bucket);
		i = n - m->node;
		if (!m->in[i])
			return wrong(m, "bucket %u holds fd %d, which is not in the set",
				     bucket, n->fd);
		if (m->met[i])
			return wrong(m, "fd %d is in the table twice", n->fd);
		if (n->link.pprev != link)
			return wrong(m, "fd %d: the way back is wrong", n->fd);
		m->met[i] = true;
		link = &n->link.next;
		++*found;
	}
	return true;
}

bool hash_model_check(struct hash_model *m)
{
	unsigned int i, found = 0;
	long arrays = 1 + m->growing + m->moving;

	if (m->hash.bits != m->bits)
		return wrong(m, "2^%u buckets, not 2^%u", m->hash.bits, m->bits);
	if (m->hash.count != m->count)
		return wrong(m, "count %u, not %u", m->hash.count, m->count);
	if (shim_alloc.arrays != arrays || shim_alloc.pages)
		return wrong(m, "%ld arrays in use, not %ld", shim_alloc.arrays,
			     arrays);
	memset(m->met, 0, m->entries * sizeof(*m->met));
	for (i = 0; i < 1U << m->bits; i++)
		if (!check_bucket(m, &m->hash.table[i], i, &found))
			return false;
	for (i = 0; m->moving && i < 1U << (m->bits - 1); i++)
		if (!check_bucket(m, &m->hash.old[i], i, &found))
			return false;
	if (found != m->count)
		return wrong(m, "%u entries in the table, not %u", found,
			     m->count);
	for (i = 0; i < m->entries; i++)
		if (!hash_model_find(m, i))
			return false;
	return true;
}

/* Empties the set in the manner of ep_remove_all(), and frees it. */
bool hash_model_free(struct hash_model *m)
{
	unsigned int bucket = 0, before = 0;
	struct ep_hash_node *n;

	if (m->growing)
		ep_hash_free(&m->bigger);
	while (m->moving)
		hash_model_grow_step(m);
	while ((n = ep_hash_next(&m->hash, &bucket))) {
		unsigned int i = n - m->node;

		if (i >= m->entries || !m->in[i])
			return wrong(m, "next() gave fd %d, which is not in the set",
				     n->fd);
		if (bucket < before || bucket >= 1U << m->bits)
			return wrong(m, "next() went from bucket %u to %u", before,
				     bucket);
		before = bucket;
		hash_model_remove(m, i);
	}
	if (m->count || m->hash.count)
		return wrong(m, "drained, but %u of %u are left", m->hash.count,
			     m->count);
	ep_hash_free(&m->hash);
	if (shim_alloc.arrays || shim_alloc.pages)
		return wrong(m, "%ld arrays leaked", shim_alloc.arrays);
	return true;
}

static bool grow_step(struct hash_model *m, struct rnd *r)
{
	if (m->moving) {
		hash_model_grow_step(m);
		return true;
	}
	if (m->growing) {
		hash_model_grow_commit(m);
		return true;
	}
	/* When due, and now and then when not. */
	if (m->bits < 12 && (ep_hash_crowded(&m->hash) || rnd_chance(r, 1, 200)))
		return hash_model_grow_begin(m, rnd_chance(r, 1, 3));
	return true;
}

static bool random_step(struct hash_model *m, struct rnd *r, bool rising)
{
	unsigned int i = rnd_below(r, m->entries);
	unsigned int what = rnd_below(r, 100);

	if (what < 5)
		return grow_step(m, r);
	if (what < 75) {
		if (rising && !m->in[i])
			hash_model_insert(m, i);
		else if (!rising && m->in[i])
			hash_model_remove(m, i);
	} else if (what < 90) {
		if (m->in[i])
			hash_model_remove(m, i);
		else
			hash_model_insert(m, i);
	}
	return hash_model_find(m, i);
}

const char *hash_random(uint64_t seed, unsigned int entries,
			unsigned long steps, unsigned int check_every)
{
	struct hash_model *m = malloc(sizeof(*m));
	static char report[300];
	unsigned long step;
	struct rnd r;
	bool good;

	if (!m)
		abort();
	rnd_init(&r, seed);
	/* Any int is a key. */
	good = hash_model_init(m, (int)rnd(&r), entries);
	for (step = 0; good && step < steps; step++) {
		/* Fills and empties by turns. */
		good = random_step(m, &r, step / entries % 4 < 2);
		if (good && step % check_every == 0)
			good = hash_model_check(m);
	}
	good = good && hash_model_check(m) && hash_model_free(m);
	if (!good)
		snprintf(report, sizeof(report), "seed %llu, step %lu: %s",
			 (unsigned long long)seed, step, m->report);
	free(m);
	return good ? NULL : report;
}
