// SPDX-License-Identifier: GPL-2.0-only
/*
 * close.c - workload "close": what the modules cost those who do not use them
 *
 * A descriptor that nobody watches is made and closed.  Run it once before the
 * modules are loaded and once after: LAB_MODULES=none or =loaded in the
 * environment says which, and takes the place of the design.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "harness.h"

/* Short enough that most batches see no timer tick. */
#define BATCH 200
#define RUNS 31

static const struct workload workload;

/* @part: 1 if it counts, for the lens. */
static double batch(unsigned int part)
{
	uint64_t start = clock_ns();

	lens_begin(part);
	for (int i = 0; i < BATCH; i++) {
		int fd = eventfd(0, EFD_CLOEXEC);

		if (fd < 0)
			die("eventfd: %s", strerror(errno));
		close(fd);
	}
	lens_end();
	return clock_since(start) / BATCH;
}

static int run(const struct options *opt)
{
	const char *modules = getenv("LAB_MODULES");
	struct point at = { .workload = &workload,
			    .design = modules && *modules ? modules : "unknown" };
	struct samples s = { 0 };
	int runs = opt->runs ? opt->runs : RUNS;

	progress("close, modules: %s", at.design);
	for (int i = 0; i < 5; i++)
		batch(0);
	for (int i = 0; i < runs; i++) {
		samples_add(&s, batch(1));
		lens_round();
	}
	result_add(&at, "close", "call", &s, NULL);
	lens_whole(&at, "close", "call", BATCH, NULL);
	samples_free(&s);
	return 0;
}

static const struct workload workload = {
	.name = "close",
	.about = "make and close a file that nobody watches",
	.full = { .memory = 512, .seconds = 90 },
	.quick = { .memory = 512, .seconds = 90 },
	.unloaded = true,
	.run = run,
};
WORKLOAD(workload);
