// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_lens.c - the parts of the lens that need no emulator: caches, calls, bytes
 */
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "calls.h"
#include "host.h"
#include "insn.h"

/* ---- caches ---- */

static struct cache cache_of(const char *geometry)
{
	struct cache c;

	ck_assert_ptr_null(cache_parse(&c, geometry));
	ck_assert(cache_open(&c));
	return c;
}

/* How many of the lines from @first on, each @step, are missed. */
static unsigned int missed(struct cache *c, uint64_t first, unsigned int n, uint64_t step)
{
	unsigned int misses = 0;

	for (unsigned int i = 0; i < n; i++)
		misses += !cache_use(c, first + i * step);
	return misses;
}

START_TEST(what_is_as_large_as_the_cache_stays)
{
	struct cache c = cache_of("32K/8"); /* 512 lines, 64 sets */

	ck_assert_uint_eq(missed(&c, 1000, 512, 1), 512);
	ck_assert_uint_eq(missed(&c, 1000, 512, 1), 0);
	cache_close(&c);
}
END_TEST

START_TEST(one_line_more_and_its_set_misses_always)
{
	struct cache c = cache_of("32K/8");

	missed(&c, 0, 513, 1);
	/* walking in a circle, the least recently used is the next one wanted */
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(missed(&c, 0, 513, 1), 9);
	cache_close(&c);
}
END_TEST

START_TEST(a_set_holds_as_many_lines_as_there_are_ways)
{
	struct cache c = cache_of("32K/8");

	ck_assert_uint_eq(missed(&c, 5, 8, 64), 8);
	ck_assert_uint_eq(missed(&c, 5, 8, 64), 0);
	ck_assert_uint_eq(missed(&c, 6, 1, 64), 1);
	ck_assert_uint_eq(missed(&c, 5, 9, 64), 1);
	/* the ninth threw the first one out */
	ck_assert_uint_eq(missed(&c, 5, 1, 64), 1);
	cache_close(&c);
}
END_TEST

START_TEST(what_was_used_lately_stays)
{
	struct cache c = cache_of("128/2"); /* one set */

	ck_assert(!cache_use(&c, 1));
	ck_assert(!cache_use(&c, 2));
	ck_assert(cache_use(&c, 1));
	ck_assert(!cache_use(&c, 3));
	ck_assert(cache_use(&c, 1));
	ck_assert(!cache_use(&c, 2));
	cache_close(&c);
}
END_TEST

START_TEST(line_0_is_a_line)
{
	struct cache c = cache_of("64/1");

	ck_assert(!cache_use(&c, 0));
	ck_assert(cache_use(&c, 0));
	cache_close(&c);
}
END_TEST

/* The same, as simply as can be: when was a line used last, and by whom? */
#define NAIVE_LINES 64

struct naive {
	uint64_t line[NAIVE_LINES];
	unsigned long when[NAIVE_LINES];
	unsigned long now;
	uint64_t sets, ways;
};

static bool naive_use(struct naive *n, uint64_t line)
{
	uint64_t first = line % n->sets * n->ways, oldest = first;

	n->now++;
	for (uint64_t i = first; i < first + n->ways; i++) {
		if (n->when[i] && n->line[i] == line) {
			n->when[i] = n->now;
			return true;
		}
		if (n->when[i] < n->when[oldest])
			oldest = i;
	}
	n->line[oldest] = line;
	n->when[oldest] = n->now;
	return false;
}

START_TEST(as_a_naive_model_has_it)
{
	static const struct {
		const char *geometry;
		uint64_t sets, ways;
	} shapes[] = { { "4K/1", 64, 1 }, { "4K/4", 16, 4 }, { "4K/64", 1, 64 }, { "768/3", 4, 3 } };

	for (int i = 0; i < HOST_SEEDS * ARRAY_SIZE(shapes); i++) {
		int shape = i % ARRAY_SIZE(shapes);
		struct cache c = cache_of(shapes[shape].geometry);
		struct naive n = { .sets = shapes[shape].sets, .ways = shapes[shape].ways };
		struct rnd r;

		rnd_init(&r, host_seed(i / ARRAY_SIZE(shapes)));
		for (unsigned long step = host_steps(20000); step--;) {
			/* near ones mostly */
			uint64_t line = rnd_chance(&r, 1, 4) ? rnd_below(&r, 1000) : rnd_below(&r, 80);

			host_check(cache_use(&c, line) == naive_use(&n, line));
		}
		cache_close(&c);
	}
}
END_TEST

START_TEST(sizes_that_are_none_are_refused)
{
	static const char *const wrong[] = {
		"", "32K", "32K/", "/8", "K/8", "32K/0", "32K/65", "32K/x", "32K/8x", "32k/8",
		"33K/8", "32K/3", "0/1", "100/1", "-32K/8", "32K/-8", "2000M/16", "1025M/1",
		"99999999999999999999/8", "32KK/8", " 32K/8",
	};
	struct cache c;

	for (int i = 0; i < ARRAY_SIZE(wrong); i++)
		ck_assert_msg(cache_parse(&c, wrong[i]), "'%s' was taken", wrong[i]);
}
END_TEST

/* ---- calls ---- */

static struct calls calls;

static void setup_calls(void)
{
	ck_assert(calls_open(&calls, 4));
	calls_begin(&calls, 1);
}

static void teardown_calls(void)
{
	calls_close(&calls);
}

static void call(uint64_t place, uint64_t site, uint64_t entry)
{
	calls_call(&calls, place, site);
	calls_enter(&calls, entry);
}

START_TEST(a_call_and_its_return)
{
	call(0x1000, 0x10, 0x500);
	ck_assert_uint_eq(calls.at, 4);
	calls_return(&calls, 0x1000);
	ck_assert_uint_eq(calls.at, 1);
}
END_TEST

START_TEST(the_same_call_is_the_same_node)
{
	for (int i = 0; i < 3; i++) {
		call(0x1000, 0x10, 0x500);
		call(0xff8, 0x510, 0x600);
		calls_return(&calls, 0xff8);
		call(0xff8, 0x520, 0x600);
		calls_return(&calls, 0xff8);
		calls_return(&calls, 0x1000);
	}
	/* 0x500, and 0x600 from two places of it */
	ck_assert_uint_eq(calls.n_nodes, 4 + 3);
}
END_TEST

START_TEST(a_return_ends_the_calls_that_did_not)
{
	call(0x1000, 0x10, 0x500);
	call(0xff8, 0x510, 0x600);
	call(0xff0, 0x610, 0x700);
	calls_return(&calls, 0x1000);
	ck_assert_uint_eq(calls.at, 1);
	ck_assert_uint_eq(calls.depth, 0);
}
END_TEST

START_TEST(a_return_on_another_stack_is_none_of_ours)
{
	call(0x1000, 0x10, 0x500);
	calls_return(&calls, 0x9000);
	calls_return(&calls, 0xff8);
	ck_assert_uint_eq(calls.at, 4);
	calls_return(&calls, 0x1000);
	ck_assert_uint_eq(calls.at, 1);
}
END_TEST

START_TEST(a_jump_by_a_return_leaves_the_caller_in_place)
{
	/* a thunk calls on, writes where to go over the address, and returns there */
	call(0x1000, 0x10, 0x500);
	call(0xff8, 0x510, 0x511);
	calls_return(&calls, 0xff8);
	ck_assert_uint_eq(calls.at, 4);
}
END_TEST

START_TEST(counts_are_kept_by_caller_and_address)
{
	calls_here(&calls, 0x10)->insns += 3;
	call(0x1000, 0x10, 0x500);
	for (uint64_t pc = 0x500; pc < 0x500 + 20000; pc++)
		calls_here(&calls, pc)->insns += pc;
	for (uint64_t pc = 0x500; pc < 0x500 + 20000; pc++)
		host_check(calls_here(&calls, pc)->insns == pc);
	calls_return(&calls, 0x1000);
	ck_assert_uint_eq(calls_here(&calls, 0x10)->insns, 3);
	ck_assert_uint_eq(calls_here(&calls, 0x500)->insns, 0);
}
END_TEST

START_TEST(what_is_too_deep_is_told)
{
	for (uint64_t i = 0; i < CALLS_MAX_DEPTH + 10; i++)
		call(0x100000 - 8 * i, 0x10, 0x500 + i);
	ck_assert_uint_eq(calls.lost, 10);
	calls_return(&calls, 0x100000);
	ck_assert_uint_eq(calls.at, 1);
}
END_TEST

START_TEST(after_a_clear_nothing_is_left)
{
	call(0x1000, 0x10, 0x500);
	calls_here(&calls, 0x500)->insns++;
	calls_clear(&calls, 4);
	calls_begin(&calls, 1);
	call(0x1000, 0x10, 0x500);
	ck_assert_uint_eq(calls.at, 4);
	ck_assert_uint_eq(calls_here(&calls, 0x500)->insns, 0);
}
END_TEST

/* ---- bytes ---- */

static const struct {
	const char *text;
	uint8_t bytes[10];
	size_t size;
	struct insn_meaning means;
} known[] = {
	{ "call +0x10", { 0xe8, 0x10, 0, 0, 0 }, 5, { .kind = INSN_CALL, .target = 0x1015 } },
	{ "call -6", { 0xe8, 0xfa, 0xff, 0xff, 0xff }, 5, { .kind = INSN_CALL, .target = 0xfff } },
	{ "call *%rax", { 0xff, 0xd0 }, 2, { .kind = INSN_CALL } },
	{ "call *%r11", { 0x41, 0xff, 0xd3 }, 3, { .kind = INSN_CALL } },
	{ "notrack call *8(%rax)", { 0x3e, 0xff, 0x50, 0x08 }, 4, { .kind = INSN_CALL } },
	{ "jmp *%rax", { 0xff, 0xe0 }, 2, { .kind = INSN_OTHER } },
	{ "push (%rax)", { 0xff, 0x30 }, 2, { .kind = INSN_OTHER } },
	{ "ret", { 0xc3 }, 1, { .kind = INSN_RETURN } },
	{ "repz ret", { 0xf3, 0xc3 }, 2, { .kind = INSN_RETURN } },
	{ "ret $8", { 0xc2, 8, 0 }, 3, { .kind = INSN_RETURN } },
	{ "endbr64", { 0xf3, 0x0f, 0x1e, 0xfa }, 4, { .kind = INSN_OTHER } },
	{ "a nop of a compiler", { 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0 }, 8, { .kind = INSN_OTHER } },
	{ "begin", { 0x0f, 0x1f, 0x84, 0, 2, 0x6e, 0x65, 0x6c }, 8, { .mark = LENS_BEGIN } },
	{ "point", { 0x0f, 0x1f, 0x84, 0, 5, 0x6e, 0x65, 0x6c }, 8, { .mark = LENS_POINT } },
	{ "no mark yet", { 0x0f, 0x1f, 0x84, 0, 6, 0x6e, 0x65, 0x6c }, 8, { .mark = LENS_NO_MARK } },
	{ "a longer one", { 0x66, 0x0f, 0x1f, 0x84, 0, 2, 0x6e, 0x65, 0x6c }, 9, { .mark = LENS_NO_MARK } },
};

START_TEST(instructions_are_known_by_their_bytes)
{
	struct insn_meaning m = insn_read(known[_i].bytes, known[_i].size, 0x1000);

	ck_assert_msg(m.kind == known[_i].means.kind && m.mark == known[_i].means.mark &&
		      m.target == known[_i].means.target, "%s", known[_i].text);
}
END_TEST

/* What a program is made of: the marks as the compiler puts them. */
static const unsigned char parts[LENS_PARTS] __attribute__((aligned(LENS_PARTS)));

static void __attribute__((noinline)) marked(unsigned int part)
{
	lens_mark_begin(parts, part);
	lens_mark(LENS_END);
}

START_TEST(the_marks_of_a_program_are_found)
{
	const uint8_t *code = (const uint8_t *)(uintptr_t)marked;
	enum lens_mark first = LENS_NO_MARK, last = LENS_NO_MARK;

	marked(3);
	for (size_t i = 0; i < 200 && !last; i++) {
		enum lens_mark mark = insn_read(code + i, 8, 0).mark;

		if (mark && !first)
			first = mark;
		else if (mark)
			last = mark;
	}
	ck_assert_int_eq(first, LENS_BEGIN);
	ck_assert_int_eq(last, LENS_END);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lens");
	TCase *t = tcase_create("cache");

	tcase_add_test(t, what_is_as_large_as_the_cache_stays);
	tcase_add_test(t, one_line_more_and_its_set_misses_always);
	tcase_add_test(t, a_set_holds_as_many_lines_as_there_are_ways);
	tcase_add_test(t, what_was_used_lately_stays);
	tcase_add_test(t, line_0_is_a_line);
	tcase_add_test(t, as_a_naive_model_has_it);
	tcase_add_test(t, sizes_that_are_none_are_refused);
	suite_add_tcase(s, t);
	t = tcase_create("calls");
	tcase_add_checked_fixture(t, setup_calls, teardown_calls);
	tcase_add_test(t, a_call_and_its_return);
	tcase_add_test(t, the_same_call_is_the_same_node);
	tcase_add_test(t, a_return_ends_the_calls_that_did_not);
	tcase_add_test(t, a_return_on_another_stack_is_none_of_ours);
	tcase_add_test(t, a_jump_by_a_return_leaves_the_caller_in_place);
	tcase_add_test(t, counts_are_kept_by_caller_and_address);
	tcase_add_test(t, what_is_too_deep_is_told);
	tcase_add_test(t, after_a_clear_nothing_is_left);
	suite_add_tcase(s, t);
	t = tcase_create("insn");
	tcase_add_loop_test(t, instructions_are_known_by_their_bytes, 0, ARRAY_SIZE(known));
	tcase_add_test(t, the_marks_of_a_program_are_found);
	suite_add_tcase(s, t);
	return host_run(s);
}
