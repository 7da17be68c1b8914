/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hash_model.h - a set of descriptors, once as ep_hash and once as an array
 *
 * Every call does the same to both.  Calls that return bool return false when
 * the two have come apart; the reason is in @report.
 */
#ifndef TESTS_HASH_MODEL_H
#define TESTS_HASH_MODEL_H

#include "ep_hash.h"
#include "host.h"

#define HASH_MODEL_MAX	(1 << 14)

/**
 * struct hash_model - both of them
 * @hash: what is tested
 * @bigger: a doubling that has begun
 * @growing: there is one
 * @moving: it goes on, step by step
 * @bits: log2 of the buckets that there should be
 * @count: entries that there should be
 * @entries: nodes in use, in the set or not
 * @in: is it in the set?
 * @met: for the check
 * @node: the entries
 * @report: what is wrong
 */
struct hash_model {
	struct ep_hash hash;
	struct ep_hash bigger;
	bool growing;
	bool moving;
	unsigned int bits;
	unsigned int count;
	unsigned int entries;
	bool in[HASH_MODEL_MAX];
	bool met[HASH_MODEL_MAX];
	struct ep_hash_node node[HASH_MODEL_MAX];
	char report[200];
};

/** hash_model_init() - @entries nodes, with numbers from @first_fd on. */
bool hash_model_init(struct hash_model *m, int first_fd, unsigned int entries);
bool hash_model_free(struct hash_model *m);
void hash_model_insert(struct hash_model *m, unsigned int i);
void hash_model_remove(struct hash_model *m, unsigned int i);
bool hash_model_grow_begin(struct hash_model *m, bool fail);
void hash_model_grow_commit(struct hash_model *m);
void hash_model_grow_step(struct hash_model *m);

/** hash_model_find() - does a look-up give what it should? */
bool hash_model_find(struct hash_model *m, unsigned int i);

/** hash_model_check() - does all of it hold? */
bool hash_model_check(struct hash_model *m);

/**
 * hash_random() - do what comes to mind, and check
 * @seed: of the chances
 * @entries: of which the set takes a random part, HASH_MODEL_MAX at most
 * @steps: how many
 * @check_every: a full check after so many
 *
 * Return: NULL, or what was found wrong and where.
 */
const char *hash_random(uint64_t seed, unsigned int entries,
			unsigned long steps, unsigned int check_every);

#endif /* TESTS_HASH_MODEL_H */
