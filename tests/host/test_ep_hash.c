// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_ep_hash.c - kmod/ep_hash.c in user space
 *
 * Contract line 12: 2^7 buckets, doubled while there are more than two
 * entries a bucket, up to 2^18.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "ep_hash.h"
#include "hash_model.h"
#include "host.h"

#define MIN_BUCKETS	(1U << EP_HASH_MIN_BITS)

static struct ep_hash h, bigger;

static void setup(void)
{
	shim_reset();
	/* Nothing may depend on what was there before. */
	memset(&h, 0xff, sizeof(h));
	memset(&bigger, 0xff, sizeof(bigger));
	ck_assert_int_eq(ep_hash_init(&h), 0);
}

/* Nothing may be left, whatever a test did. */
static void teardown(void)
{
	ep_hash_free(&h);
	ck_assert_int_eq(shim_alloc.arrays, 0);
	ck_assert_int_eq(shim_alloc.pages, 0);
}

static struct ep_hash_node *nodes_from(int fd, unsigned int n)
{
	struct ep_hash_node *nodes = calloc(n, sizeof(*nodes));
	unsigned int i;

	ck_assert_ptr_nonnull(nodes);
	for (i = 0; i < n; i++)
		nodes[i].fd = fd + (int)i;
	return nodes;
}

static void insert_all(struct ep_hash_node *nodes, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		ep_hash_insert(&h, &nodes[i]);
}

static void assert_all_in(struct ep_hash_node *nodes, unsigned int n)
{
	unsigned int i;

	ck_assert_uint_eq(h.count, n);
	for (i = 0; i < n; i++)
		host_check(ep_hash_find(&h, nodes[i].fd) == &nodes[i]);
}

/* Uses what grow_begin() got. */
static void move_all(void)
{
	ep_hash_grow_commit(&h, &bigger);
	while (ep_hash_grow_step(&h, &bigger))
		;
	ep_hash_free(&bigger);
}

static void double_it(void)
{
	host_check(!ep_hash_grow_begin(&h, &bigger));
	move_all();
}

/* Descriptors that share a bucket, found by looking where they go. */
static void colliding(int *fds, unsigned int n)
{
	struct ep_hash_node probe = { .fd = 0 };
	unsigned int found = 0, bucket, first = 0;

	for (; found < n; probe.fd++) {
		ep_hash_insert(&h, &probe);
		bucket = 0;
		host_check(ep_hash_next(&h, &bucket) == &probe);
		if (!found)
			first = bucket;
		if (bucket == first)
			fds[found++] = probe.fd;
		ep_hash_remove(&h, &probe);
	}
}

/* A new set has 2^7 buckets, no entries, and one array of just that size. */
START_TEST(init_is_empty)
{
	unsigned int bucket = 0;

	ck_assert_uint_eq(h.bits, 7);
	ck_assert_uint_eq(h.count, 0);
	ck_assert_int_eq(shim_alloc.arrays, 1);
	ck_assert_uint_eq(shim_alloc.bytes, 128 * sizeof(void *));
	ck_assert_ptr_null(ep_hash_find(&h, 0));
	ck_assert_ptr_null(ep_hash_next(&h, &bucket));
	ck_assert(!ep_hash_crowded(&h));
}
END_TEST

/* Without memory there is no set, nothing leaks, and freeing it is harmless. */
START_TEST(init_without_memory)
{
	struct ep_hash none;

	shim_fail_at(1);
	ck_assert_int_eq(ep_hash_init(&none), -ENOMEM);
	ck_assert_int_eq(shim_alloc.arrays, 1);
	ep_hash_free(&none);
	ck_assert_int_eq(shim_alloc.arrays, 1);
}
END_TEST

/* What was freed is gone, and freeing it again is harmless. */
START_TEST(free_twice)
{
	ep_hash_free(&h);
	ck_assert_ptr_null(h.table);
	ck_assert_int_eq(shim_alloc.arrays, 0);
	ep_hash_free(&h);
	ck_assert_int_eq(shim_alloc.arrays, 0);
}
END_TEST

/* An entry is found by its own number and by no other. */
START_TEST(find_exactly)
{
	struct ep_hash_node n = { .fd = 1000 };

	ep_hash_insert(&h, &n);
	ck_assert_ptr_eq(ep_hash_find(&h, 1000), &n);
	ck_assert_ptr_null(ep_hash_find(&h, 999));
	ck_assert_ptr_null(ep_hash_find(&h, 1001));
	ck_assert_uint_eq(h.count, 1);
	ep_hash_remove(&h, &n);
	ck_assert_ptr_null(ep_hash_find(&h, 1000));
	ck_assert_uint_eq(h.count, 0);
}
END_TEST

/* Any int is a key: the ends of the range are entries of their own. */
START_TEST(find_extreme_numbers)
{
	struct ep_hash_node n[] = {
		{ .fd = 0 }, { .fd = 1 }, { .fd = -1 }, { .fd = INT_MAX },
		{ .fd = INT_MIN }, { .fd = 1 << 18 }, { .fd = INT_MIN + 1 },
	};

	insert_all(n, 7);
	assert_all_in(n, 7);
	double_it();
	assert_all_in(n, 7);
}
END_TEST

/* A look-up tells entries of one bucket apart. */
START_TEST(find_in_chain)
{
	struct ep_hash_node n[5] = { { .fd = 0 } };
	int fds[6], i;

	colliding(fds, 6);
	for (i = 0; i < 5; i++)
		n[i].fd = fds[i];
	insert_all(n, 5);
	assert_all_in(n, 5);
	ck_assert_ptr_null(ep_hash_find(&h, fds[5]));
}
END_TEST

/* Taking out first, middle or last of a chain (loop) spares the others. */
START_TEST(remove_from_chain)
{
	struct ep_hash_node n[3] = { { .fd = 0 } };
	int fds[3], i;

	colliding(fds, 3);
	for (i = 0; i < 3; i++)
		n[i].fd = fds[i];
	insert_all(n, 3);
	ep_hash_remove(&h, &n[_i]);
	ck_assert_uint_eq(h.count, 2);
	for (i = 0; i < 3; i++)
		ck_assert_ptr_eq(ep_hash_find(&h, fds[i]), i == _i ? NULL : &n[i]);
}
END_TEST

/* What was taken out is in no list any more and can come back. */
START_TEST(remove_and_insert_again)
{
	struct ep_hash_node n = { .fd = 7 };
	int i;

	for (i = 0; i < 3; i++) {
		ep_hash_insert(&h, &n);
		ck_assert(!hlist_unhashed(&n.link));
		ep_hash_remove(&h, &n);
		ck_assert(hlist_unhashed(&n.link));
		ck_assert_ptr_null(ep_hash_find(&h, 7));
	}
}
END_TEST

/* Draining by next() gives every entry once and never goes back. */
START_TEST(next_drains)
{
	struct ep_hash_node *n = nodes_from(3, 500), *got;
	unsigned int bucket = 0, before = 0, taken = 0;

	insert_all(n, 500);
	while ((got = ep_hash_next(&h, &bucket))) {
		host_check(bucket >= before && bucket < MIN_BUCKETS);
		host_check(ep_hash_find(&h, got->fd) == got);
		before = bucket;
		ep_hash_remove(&h, got);
		taken++;
	}
	ck_assert_uint_eq(taken, 500);
	ck_assert_uint_eq(h.count, 0);
	ck_assert_uint_eq(bucket, MIN_BUCKETS);
	free(n);
}
END_TEST

/* next() alone changes nothing: asked again it gives the same entry. */
START_TEST(next_only_looks)
{
	struct ep_hash_node n = { .fd = 42 };
	unsigned int bucket = 0, again;

	ep_hash_insert(&h, &n);
	ck_assert_ptr_eq(ep_hash_next(&h, &bucket), &n);
	again = bucket;
	ck_assert_ptr_eq(ep_hash_next(&h, &again), &n);
	ck_assert_uint_eq(again, bucket);
	again = bucket + 1;
	ck_assert_ptr_null(ep_hash_next(&h, &again));
	again = MIN_BUCKETS;
	ck_assert_ptr_null(ep_hash_next(&h, &again));
	ck_assert_uint_eq(h.count, 1);
}
END_TEST

/* At every size (loop: bits) count >> bits > 2 is the rule, to the entry. */
START_TEST(crowded_from_three_a_bucket)
{
	struct ep_hash x = { .bits = _i };

	x.count = 0;
	ck_assert(!ep_hash_crowded(&x));
	x.count = (3U << _i) - 1;
	ck_assert(!ep_hash_crowded(&x));
	x.count = 3U << _i;
	ck_assert(ep_hash_crowded(&x));
	x.count = UINT_MAX;
	ck_assert(ep_hash_crowded(&x));
}
END_TEST

/* At 2^18 buckets no number of entries asks for more. */
START_TEST(crowded_never_at_the_limit)
{
	struct ep_hash x = { .bits = 18 };

	x.count = 3U << 18;
	ck_assert(!ep_hash_crowded(&x));
	x.count = UINT_MAX;
	ck_assert(!ep_hash_crowded(&x));
}
END_TEST

/* Beginning to grow gets twice the buckets, empty, and touches nothing. */
START_TEST(grow_begin_only_prepares)
{
	struct ep_hash_node *n = nodes_from(0, 400);
	struct hlist_head *table = h.table;
	unsigned int bucket = 0;

	insert_all(n, 400);
	ck_assert_int_eq(ep_hash_grow_begin(&h, &bigger), 0);
	ck_assert_uint_eq(bigger.bits, 8);
	ck_assert_uint_eq(bigger.count, 0);
	ck_assert_uint_eq(shim_alloc.bytes, 256 * sizeof(void *));
	ck_assert_ptr_null(ep_hash_next(&bigger, &bucket));
	ck_assert_ptr_eq(h.table, table);
	ck_assert_uint_eq(h.bits, 7);
	assert_all_in(n, 400);
	ck_assert_int_eq(shim_alloc.arrays, 2);

	/* A growth may also be given up. */
	ep_hash_free(&bigger);
	ck_assert_int_eq(shim_alloc.arrays, 1);
	assert_all_in(n, 400);
	free(n);
}
END_TEST

/* Without memory for a doubling the set stays as it is and works on. */
START_TEST(grow_without_memory)
{
	struct ep_hash_node *n = nodes_from(0, 385);

	insert_all(n, 384);
	shim_fail_at(1);
	ck_assert_int_eq(ep_hash_grow_begin(&h, &bigger), -ENOMEM);
	ck_assert_int_eq(shim_alloc.arrays, 1);
	ck_assert_uint_eq(h.bits, 7);
	ck_assert(ep_hash_crowded(&h));
	ep_hash_insert(&h, &n[384]);
	assert_all_in(n, 385);
	/* And the next try may succeed. */
	double_it();
	assert_all_in(n, 385);
	free(n);
}
END_TEST

/* A doubling moves every entry, and what it leaves is empty and is freed. */
START_TEST(grow_moves_all)
{
	struct ep_hash_node *n = nodes_from(-100, 384);
	unsigned int bucket = 0;

	insert_all(n, 384);
	ck_assert_int_eq(ep_hash_grow_begin(&h, &bigger), 0);
	ep_hash_grow_commit(&h, &bigger);
	ck_assert_uint_eq(h.bits, 8);
	assert_all_in(n, 384);
	ck_assert(!ep_hash_crowded(&h));
	while (ep_hash_grow_step(&h, &bigger))
		assert_all_in(n, 384);
	ck_assert_ptr_null(h.old);
	for (bucket = 0; bucket < 128; bucket++)
		host_check(hlist_empty(&bigger.table[bucket]));
	ep_hash_free(&bigger);
	ck_assert_int_eq(shim_alloc.arrays, 1);
	assert_all_in(n, 384);
	free(n);
}
END_TEST

/* A set without entries can double too. */
START_TEST(grow_empty)
{
	unsigned int bucket = 0;

	double_it();
	ck_assert_uint_eq(h.bits, 8);
	ck_assert_uint_eq(h.count, 0);
	ck_assert_ptr_null(ep_hash_next(&h, &bucket));
	ck_assert_uint_eq(bucket, 256);
}
END_TEST

/* What comes and goes between begin and commit is neither lost nor revived. */
START_TEST(grow_with_changes_meanwhile)
{
	struct ep_hash_node *n = nodes_from(0, 600);
	unsigned int i;

	insert_all(n, 400);
	ck_assert_int_eq(ep_hash_grow_begin(&h, &bigger), 0);
	for (i = 0; i < 100; i++)
		ep_hash_remove(&h, &n[i]);
	insert_all(n + 400, 200);
	move_all();
	for (i = 0; i < 100; i++)
		host_check(!ep_hash_find(&h, n[i].fd));
	assert_all_in(n + 100, 500);
	free(n);
}
END_TEST

/* The same between two steps, in what is moved and in what is not (loop). */
START_TEST(grow_with_changes_between_steps)
{
	struct ep_hash_node *n = nodes_from(0, 600);
	unsigned int i;
	int steps = 0;

	insert_all(n, 400);
	ck_assert_int_eq(ep_hash_grow_begin(&h, &bigger), 0);
	ep_hash_grow_commit(&h, &bigger);
	for (;;) {
		if (steps++ == _i) {
			for (i = 0; i < 100; i++)
				ep_hash_remove(&h, &n[i]);
			insert_all(n + 400, 200);
			assert_all_in(n + 100, 500);
		}
		if (!ep_hash_grow_step(&h, &bigger))
			break;
	}
	ep_hash_free(&bigger);
	ck_assert_int_gt(steps, _i);
	for (i = 0; i < 100; i++)
		host_check(!ep_hash_find(&h, n[i].fd));
	assert_all_in(n + 100, 500);
	free(n);
}
END_TEST

static unsigned int entries_of(const struct hlist_head *table, unsigned int buckets)
{
	struct ep_hash_node *pos;
	unsigned int i, n = 0;

	for (i = 0; i < buckets; i++)
		hlist_for_each_entry(pos, (struct hlist_head *)&table[i], link)
			n++;
	return n;
}

/* No step moves more than EP_HASH_STEP, though all be in one bucket. */
START_TEST(grow_in_bounded_steps)
{
	struct ep_hash_node n[1000] = { { .fd = 0 } };
	unsigned int i, before = 0, now;
	int fds[1000];

	colliding(fds, 1000);
	for (i = 0; i < 1000; i++)
		n[i].fd = fds[i];
	insert_all(n, 1000);
	ck_assert_int_eq(ep_hash_grow_begin(&h, &bigger), 0);
	ep_hash_grow_commit(&h, &bigger);
	while (ep_hash_grow_step(&h, &bigger)) {
		now = entries_of(h.table, 256);
		host_check(now <= before + EP_HASH_STEP);
		before = now;
	}
	ck_assert_uint_ge(before, 1000 - EP_HASH_STEP);
	ep_hash_free(&bigger);
	assert_all_in(n, 1000);
}
END_TEST

/* What a set will take is told before it has it, to the byte. */
START_TEST(bytes_for_a_count)
{
	struct ep_hash_node *n = nodes_from(0, 2000);
	unsigned int i;

	host_check(ep_hash_bytes_for(0) == ep_hash_bytes(&h));
	for (i = 0; i < 2000; i++) {
		ep_hash_insert(&h, &n[i]);
		if (ep_hash_crowded(&h))
			double_it();
		host_check(ep_hash_bytes_for(i + 1) == ep_hash_bytes(&h));
	}
	ck_assert_uint_eq(ep_hash_bytes(&h), shim_alloc.bytes);
	ck_assert_uint_eq(ep_hash_bytes_for(131072), sizeof(void *) << 16);
	ck_assert_uint_eq(ep_hash_bytes_for(UINT_MAX), sizeof(void *) << 18);
	free(n);
}
END_TEST

/* Entries that grew with the set can be taken out and drained as before. */
START_TEST(grow_then_remove)
{
	struct ep_hash_node *n = nodes_from(0, 1000), *got;
	unsigned int i, bucket = 0, left = 0;

	insert_all(n, 1000);
	for (i = 0; i < 5; i++)
		double_it();
	for (i = 0; i < 1000; i += 2)
		ep_hash_remove(&h, &n[i]);
	while ((got = ep_hash_next(&h, &bucket))) {
		host_check(got->fd % 2 == 1);
		ep_hash_remove(&h, got);
		left++;
	}
	ck_assert_uint_eq(left, 500);
	free(n);
}
END_TEST

/*
 * Filled by the rule it doubles at 3 * 2^bits entries, at no other number,
 * from 2^7 to 2^18, and stays there; all 800000 entries are found.
 */
START_TEST(grow_to_the_limit)
{
	const unsigned int total = 800000;
	struct ep_hash_node *n = nodes_from(0, total);
	unsigned int i;

	for (i = 0; i < total; i++) {
		unsigned int before = h.bits;

		ep_hash_insert(&h, &n[i]);
		if (ep_hash_crowded(&h))
			double_it();
		host_check(h.bits == before || h.count == 3U << before);
		host_check(!ep_hash_crowded(&h));
	}
	ck_assert_uint_eq(h.bits, 18);
	ck_assert_uint_eq(shim_alloc.bytes, sizeof(void *) << 18);
	ck_assert_int_eq(shim_alloc.arrays, 1);
	assert_all_in(n, total);
	free(n);
}
END_TEST

/* Few entries, looked at after every step: any small mistake shows. */
START_TEST(random_few)
{
	host_check_report(hash_random(host_seed(_i), 20, host_steps(50000),
				      1));
}
END_TEST

/* Hundreds, around the first doubling, with memory failing now and then. */
START_TEST(random_hundreds)
{
	host_check_report(hash_random(host_seed(_i), 600, host_steps(100000),
				      100));
}
END_TEST

/* Many entries and doublings. */
START_TEST(random_thousands)
{
	host_check_report(hash_random(host_seed(_i), HASH_MODEL_MAX,
				      host_steps(300000), 2000));
}
END_TEST

/* Some ways to break a set. */
static void break_count(struct hash_model *m)
{
	m->hash.count++;
}

static void break_bits(struct hash_model *m)
{
	m->hash.bits--;
}

static void break_key(struct hash_model *m)
{
	m->node[3].fd = m->node[4].fd;
}

static void break_lose(struct hash_model *m)
{
	hlist_del_init(&m->node[5].link);
}

static void break_bucket(struct hash_model *m)
{
	unsigned int bucket = 0;

	hlist_del_init(&m->node[5].link);
	while (m->hash.table[bucket].first)
		bucket++;
	hlist_add_head(&m->node[5].link, &m->hash.table[bucket]);
}

static void break_removed(struct hash_model *m)
{
	hlist_add_head(&m->node[1000].link, &m->hash.table[9]);
}

static void break_way_back(struct hash_model *m)
{
	m->node[7].link.pprev = &m->node[8].link.next;
}

static void break_leak(struct hash_model *m)
{
	(void)m;
	shim_alloc.arrays++;
}

static void (*const breaks[])(struct hash_model *m) = {
	break_count, break_bits, break_key, break_lose, break_bucket,
	break_removed, break_way_back, break_leak,
};

/* The check that the random tests rely on sees each kind of damage (loop). */
START_TEST(check_sees_damage)
{
	static struct hash_model m;
	unsigned int i;

	ck_assert(hash_model_init(&m, 0, 2000));
	for (i = 0; i < 100; i++)
		hash_model_insert(&m, i);
	ck_assert_msg(hash_model_check(&m), "%s", m.report);
	breaks[_i](&m);
	ck_assert(!hash_model_check(&m));
	ck_assert_str_ne(m.report, "");
}
END_TEST

static TCase *tcase(Suite *s, const char *name, unsigned int seconds,
		    bool with_set)
{
	TCase *tc = tcase_create(name);

	if (with_set)
		tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, seconds);
	suite_add_tcase(s, tc);
	return tc;
}

int main(void)
{
	Suite *s = suite_create("ep_hash");
	TCase *tc;

	tc = tcase(s, "entries", 60, true);
	tcase_add_test(tc, init_is_empty);
	tcase_add_test(tc, init_without_memory);
	tcase_add_test(tc, free_twice);
	tcase_add_test(tc, find_exactly);
	tcase_add_test(tc, find_extreme_numbers);
	tcase_add_test(tc, find_in_chain);
	tcase_add_loop_test(tc, remove_from_chain, 0, 3);
	tcase_add_test(tc, remove_and_insert_again);
	tcase_add_test(tc, next_drains);
	tcase_add_test(tc, next_only_looks);

	tc = tcase(s, "growth", 60, true);
	tcase_add_loop_test(tc, crowded_from_three_a_bucket, EP_HASH_MIN_BITS,
			    EP_HASH_MAX_BITS);
	tcase_add_test(tc, crowded_never_at_the_limit);
	tcase_add_test(tc, grow_begin_only_prepares);
	tcase_add_test(tc, grow_without_memory);
	tcase_add_test(tc, grow_moves_all);
	tcase_add_test(tc, grow_empty);
	tcase_add_test(tc, grow_with_changes_meanwhile);
	tcase_add_loop_test(tc, grow_with_changes_between_steps, 0, 4);
	tcase_add_test(tc, grow_in_bounded_steps);
	tcase_add_test(tc, bytes_for_a_count);
	tcase_add_test(tc, grow_then_remove);
	tcase_add_test(tc, grow_to_the_limit);

	tc = tcase(s, "random", 600, false);
	tcase_add_loop_test(tc, random_few, 0, HOST_SEEDS);
	tcase_add_loop_test(tc, random_hundreds, 0, HOST_SEEDS);
	tcase_add_loop_test(tc, random_thousands, 0, HOST_SEEDS);

	tc = tcase(s, "checker", 60, false);
	tcase_add_loop_test(tc, check_sees_damage, 0, ARRAY_SIZE(breaks));
	return host_run(s);
}
