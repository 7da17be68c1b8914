// SPDX-License-Identifier: GPL-2.0-only
/*
 * pages_random.c - random operations on a double buffer
 *
 * The operations keep to what callers promise: bits that were asked for, a
 * switch only when there are events, no growth to less.  Whole pages and what
 * is one slot more or less are visited on purpose.
 */
#include <stdio.h>
#include <stdlib.h>

#include "pages_model.h"

static u32 capacity(const struct pages_model *m)
{
	return m->numpages * POLLFD_X_PAGE;
}

static short any_bits(struct rnd *r)
{
	/* Few bits, so that they meet again; at times all sixteen. */
	return (short)(rnd_chance(r, 1, 20) ? rnd(r) : rnd(r) & 0x1f);
}

static void add_one(struct pages_model *m, struct rnd *r, bool crowd, u32 i)
{
	if (!m->entry[i].used && (crowd || m->nused < capacity(m)))
		model_add(m, i, any_bits(r));
}

/* An event for it, if it asked for anything. */
static bool post_one(struct pages_model *m, struct rnd *r, u32 i)
{
	short events = m->entry[i].events;
	short bits = (short)(rnd(r) & rnd(r)) & events;

	if (!bits)
		bits = events;
	return !bits || model_post(m, i, bits);
}

/* Up or down to a whole number of pages, one slot more or less. */
static bool go_to_edge(struct pages_model *m, struct rnd *r, bool crowd)
{
	u32 edge = rnd_below(r, m->numpages + 1) * POLLFD_X_PAGE;
	u32 i, tries = 4 * m->entries;

	edge += rnd_below(r, 3);
	edge -= edge ? 1 : 0;
	while (m->count > edge) {
		/* The last one is the one that may give a page back. */
		i = m->order[rnd_chance(r, 1, 2) ? m->count - 1 :
				       rnd_below(r, m->count)];
		if (rnd_chance(r, 1, 2))
			model_remove(m, i);
		else
			model_change(m, i, (short)~m->entry[i].pending);
	}
	while (m->count < edge && tries--) {
		i = rnd_below(r, m->entries);
		add_one(m, r, crowd, i);
		if (!post_one(m, r, i))
			return false;
	}
	return true;
}

static bool grow(struct pages_model *m, struct rnd *r, u32 max_pages)
{
	u32 more;

	if (m->growing) {
		model_grow_commit(m);
		return true;
	}
	if (m->numpages >= max_pages)
		return true;
	more = 1 + rnd_below(r, max_pages - m->numpages);
	return model_grow_begin(m, m->numpages + more, rnd_chance(r, 1, 3) ?
				1 + rnd_below(r, 4 + 2 * more) : 0);
}

static bool random_step(struct pages_model *m, struct rnd *r,
			const struct random_run *run)
{
	u32 i = rnd_below(r, m->entries);
	u32 what = rnd_below(r, 1000);

	/* Not for long without pages, or nothing can happen. */
	if (what < 12 || (!m->numpages && what < 200))
		return grow(m, r, run->max_pages);
	if (what < 14) {
		/* The geometry must not change while a growth has begun. */
		if (!m->growing)
			model_take(m);
	} else if (what < 30) {
		return !m->count || model_switch(m);
	} else if (what < 60) {
		return go_to_edge(m, r, run->crowd);
	} else if (what < 200) {
		add_one(m, r, run->crowd, i);
	} else if (what < 300) {
		if (m->entry[i].used)
			model_remove(m, i);
	} else if (what < 450) {
		if (m->entry[i].used)
			model_change(m, i, any_bits(r));
	} else {
		return post_one(m, r, i);
	}
	return true;
}

const char *pages_random(const struct random_run *run)
{
	struct pages_model *m = malloc(sizeof(*m));
	static char report[400];
	unsigned long step;
	bool good = true;
	struct rnd r;

	if (!m)
		abort();
	rnd_init(&r, run->seed);
	model_init(m, run->look, run->entries, (int)rnd(&r));
	for (step = 0; good && step < run->steps; step++) {
		good = random_step(m, &r, run);
		if (good && step % run->check_every == 0)
			good = model_check(m);
	}
	if (good && m->growing)
		model_grow_commit(m);
	good = good && model_check(m) && model_free(m);
	if (!good)
		snprintf(report, sizeof(report), "seed %llu, step %lu: %s",
			 (unsigned long long)run->seed, step, m->report);
	free(m);
	return good ? NULL : report;
}
