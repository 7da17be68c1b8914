// SPDX-License-Identifier: GPL-2.0-only
/*
 * unwatched.c - workload "unwatched": what a source of events costs who is not watched
 *
 * The sources hook functions through which others pass.  A message is written to a
 * file that nobody watches, and read; figures are the two calls, each.  Run it once
 * before the modules are loaded, and once right after they were loaded with
 * source=tap: it then takes the sources one after the other, each beside those that
 * came before, since one that was begun stays.  LAB_MODULES=none or =loaded in the
 * environment says which; none, or the source, takes the place of the design.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "sources.h"

/* Short enough that most batches see no timer tick. */
#define BATCH 100
#define RUNS 31
#define PARAM "/sys/module/fcb/parameters/source"

enum { SOURCE };
enum { NOT_COUNTED, PART_WRITE, PART_READ };

static const struct workload workload;

/* In the order in which the hooks get more. */
static const char *const sources[] = { "tap", "socket", "2002" };

#define SOURCES (sizeof(sources) / sizeof(sources[0]))

/**
 * struct cost - of a call
 * @write: the message goes in
 * @read: and comes out
 * @why: what went wrong, or NULL
 */
struct cost {
	double write, read;
	const char *why;
};

/* Each of the files has one message between the two. */
static struct cost batch(const struct sources *all, bool counted)
{
	struct cost cost = { 0 };
	uint64_t start;
	long bad = 0;

	start = clock_ns();
	lens_begin(counted ? PART_WRITE : NOT_COUNTED);
	for (long i = 0; i < all->n; i++)
		bad += source_feed(&all->s[i]);
	lens_end();
	cost.write = clock_since(start) / (double)all->n;
	start = clock_ns();
	lens_begin(counted ? PART_READ : NOT_COUNTED);
	for (long i = 0; i < all->n; i++)
		bad += source_drain(&all->s[i]);
	lens_end();
	cost.read = clock_since(start) / (double)all->n;
	cost.why = bad ? "a message did not go through" : NULL;
	return cost;
}

static void measure(const struct options *opt, struct point at, const struct sources *all)
{
	const struct lens_part nothing = { 0, NOT_COUNTED };
	struct samples writes = { 0 }, reads = { 0 };
	const char *why = NULL;
	int point;

	progress("unwatched, %s, %s", sources_kind((size_t)at.value[SOURCE]), at.design);
	for (int i = -5; i < runs_or(opt, RUNS) && !why; i++) {
		struct cost cost = batch(all, i >= 0);

		lens_round();
		why = cost.why;
		if (i < 0)
			continue;
		samples_add(&writes, cost.write);
		samples_add(&reads, cost.read);
	}
	point = lens_point();
	result_add(&at, "write", "call", &writes, why);
	result_add(&at, "read", "call", &reads, why);
	if (!why) {
		lens_add(&at, "write", "call", all->n, (struct lens_part){ point, PART_WRITE },
			 nothing);
		lens_add(&at, "read", "call", all->n, (struct lens_part){ point, PART_READ },
			 nothing);
	}
	samples_free(&writes);
	samples_free(&reads);
}

static void measure_kinds(const struct options *opt, const char *design, const char *why)
{
	struct point at = { .workload = &workload, .design = design };

	for_each_value(opt, &at, SOURCE) {
		struct sources all = { 0 };
		const char *wrong = why ? why : sources_open(&all, (size_t)at.value[SOURCE],
							      BATCH);

		if (wrong)
			result_na(&at, wrong);
		else
			measure(opt, at, &all);
		sources_close(&all);
	}
}

/* NULL, or why it cannot be had. */
static const char *take(const char *source)
{
	ssize_t len = (ssize_t)strlen(source);
	int fd = open(PARAM, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0 || write(fd, source, (size_t)len) != len)
		err = errno;
	if (fd >= 0)
		close(fd);
	return err ? strerror(err) : NULL;
}

static int run(const struct options *opt)
{
	const char *modules = getenv("LAB_MODULES");

	if (!modules || strcmp(modules, "loaded")) {
		measure_kinds(opt, "none", NULL);
		return 0;
	}
	for (size_t i = 0; i < SOURCES; i++)
		measure_kinds(opt, sources[i], take(sources[i]));
	return 0;
}

static const struct workload workload = {
	.name = "unwatched",
	.about = "write to a file that nobody watches, and read: what a source costs others",
	.params = {
		[SOURCE] = { "source", "kinds of files", .word = sources_kind,
			     .full = "unix,tcp,pipe", .quick = "pipe" },
	},
	.full = { .memory = 512, .seconds = 90 },
	.quick = { .memory = 512 },
	.unloaded = true,
	.afresh = "source=tap",
	.run = run,
};
WORKLOAD(workload);
