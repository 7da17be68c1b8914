/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pages_model.h - a double buffer, once as ep_pages and once as plain arrays
 *
 * Every call does the same to both.  Calls that return bool return false when
 * the two have come apart; the reason is in @report.
 *
 * There are two ways to look: as the program does that reads the mapping
 * (what was handed out, and nothing else), and from the inside (every
 * invariant of ep_pages.h).
 */
#ifndef TESTS_PAGES_MODEL_H
#define TESTS_PAGES_MODEL_H

#include "ep_pages.h"
#include "host.h"

#define MODEL_ENTRIES	2600

enum {
	LOOK_READER = 1,
	LOOK_INSIDE = 2,
};

/**
 * struct model_entry - a watched descriptor
 * @slot: what is tested
 * @used: watched at present
 * @events: the bits asked for
 * @pending: its revents, 0 without a slot
 */
struct model_entry {
	struct ep_slot slot;
	bool used;
	int fd;
	short events;
	short pending;
};

/**
 * struct pages_model - both buffers
 * @look: LOOK_ bits
 * @p: what is tested
 * @bigger: a growth that has begun
 * @growing: there is one
 * @numpages: pages that a half should have
 * @version: that should be the current one
 * @filling: which half should be filled
 * @count: slots that should be taken
 * @order: whose they should be
 * @nused: entries in use
 * @entries: how many there are, used or not
 * @first_fd: descriptor of entry 0, the others follow
 * @entry: the entries
 * @handed: where the half that was handed out is, NULL for none
 * @handed_pages: its pages
 * @copy: its contents at that time
 * @report: what is wrong
 */
struct pages_model {
	unsigned int look;
	struct ep_pages p;
	struct ep_pages bigger;
	bool growing;

	u32 numpages;
	u64 version;
	u32 filling;
	u32 count;
	u32 order[MODEL_ENTRIES];
	u32 nused;
	u32 entries;
	int first_fd;
	struct model_entry entry[MODEL_ENTRIES];

	struct pollfd **handed;
	u32 handed_pages;
	struct pollfd *copy;
	char report[240];
};

void model_init(struct pages_model *m, unsigned int look, u32 entries,
		int first_fd);
bool model_free(struct pages_model *m);

void model_add(struct pages_model *m, u32 i, short events);
void model_remove(struct pages_model *m, u32 i);
bool model_post(struct pages_model *m, u32 i, short bits);
void model_change(struct pages_model *m, u32 i, short events);
bool model_switch(struct pages_model *m);
void model_take(struct pages_model *m);

/** model_grow_begin() - @fail_at: the request for memory that fails, or 0. */
bool model_grow_begin(struct pages_model *m, u32 numpages,
		      unsigned long fail_at);
void model_grow_commit(struct pages_model *m);

/** model_check() - does all hold that can be seen by who looks? */
bool model_check(struct pages_model *m);

/**
 * struct random_run - what a random test is like
 * @seed: of the chances
 * @look: LOOK_ bits
 * @entries: descriptors to choose from
 * @max_pages: pages in a half at the most
 * @crowd: may there be more descriptors than slots?
 * @steps: how many
 * @check_every: a check after so many
 */
struct random_run {
	uint64_t seed;
	unsigned int look;
	u32 entries;
	u32 max_pages;
	bool crowd;
	unsigned long steps;
	unsigned int check_every;
};

/**
 * pages_random() - do what comes to mind, and check
 *
 * Return: NULL, or what was found wrong and where.
 */
const char *pages_random(const struct random_run *run);

#endif /* TESTS_PAGES_MODEL_H */
