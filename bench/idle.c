// SPDX-License-Identifier: GPL-2.0-only
/*
 * idle.c - workload "idle": a few connections that work beside M that do not
 *
 * After the dead connections of 2001 and 2002 (deadconn, dphttpd).  Real TCP, over
 * loopback: the client writes a request of 8 bytes, the queue is asked, the server
 * reads it and writes a reply of 128 bytes, the client reads that.  The working
 * connections take turns, and are spread among the others.  Figures:
 *
 *	request	all of it, client included
 *	memory	what the guest has less of with the M watched, for each of them; where
 *		M is large enough to tell, and of the first design alone: the next one
 *		finds memory that this one has left
 *
 * Each wait must tell the connection that has the request and no other, and the reply
 * must arrive whole; when all is done there must be nothing to tell.
 */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "laps.h"
#include "queue.h"

#define RUNS 5
#define REPLY 128
/* Per-CPU lists of free pages are the noise: some MiB. */
#define MANY 50000

enum { M, ACTIVE, REQUESTS };

static const struct workload workload;

/**
 * struct server - connections, from both ends
 * @all: each is read and written at .watched by the server, at .feed by the client
 * @q: the server's queue
 * @active: how many of them work
 * @turn: counts requests
 */
struct server {
	struct sources all;
	struct evq *q;
	long active;
	long turn;
};

static const char *request(void *arg)
{
	static const char reply[REPLY];
	struct server *srv = arg;
	const struct source *s = &srv->all.s[srv->turn++ % srv->active * srv->all.n /
					     srv->active];
	char buf[REPLY];
	const char *why;

	if (source_feed(s))
		return "a request could not be written";
	why = queue_one(srv->q, s->watched);
	if (why)
		return why;
	if (source_drain(s))
		return "a request could not be read";
	if (write(s->watched, reply, REPLY) != REPLY)
		return "a reply could not be written";
	return recv(s->feed, buf, REPLY, MSG_WAITALL) == REPLY ? NULL :
	       "a reply could not be read";
}

/* Free memory in bytes, as /proc/meminfo has it; 0 if it does not tell. */
static double free_memory(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	char line[128];
	long kib = 0;

	while (f && fgets(line, sizeof(line), f) && sscanf(line, "MemFree: %ld", &kib) != 1)
		;
	if (f)
		fclose(f);
	return (double)kib * 1024;
}

static void measure_design(void *arg, const struct options *opt, struct point at)
{
	struct server *srv = arg;
	struct samples requests = { 0 }, memory = { 0 };
	static bool first_was;
	double before = free_memory();
	long n = at.value[REQUESTS];
	const char *why;

	progress("idle, m=%ld, %s", at.value[M], at.design);
	srv->turn = 0;
	why = queue_begin(&srv->q, at.design, &srv->all);
	if (why) {
		result_na(&at, why);
	} else {
		samples_add(&memory, (before - free_memory()) / (double)srv->all.n);
		why = laps_measure(request, srv, &n, runs_or(opt, RUNS), &requests);
		why = queue_end(srv->q, why);
		result_add(&at, "request", "request", &requests, why);
		lens_whole(&at, "request", "request", n, why);
		if (at.value[M] >= MANY && !first_was) {
			result_add_in(&at, "memory", "bytes/watch", &memory, NULL);
			first_was = true;
		}
	}
	samples_free(&requests);
	samples_free(&memory);
	evq_close(srv->q);
	sources_flush(&srv->all);
}

static void measure_m(const struct options *opt, struct point at)
{
	struct server srv = { .active = at.value[ACTIVE] };
	const char *why;

	progress("idle, m=%ld", at.value[M]);
	why = sources_open(&srv.all, SOURCES_TCP, at.value[M] + at.value[ACTIVE]);
	each_design(opt, at, why, measure_design, &srv);
	sources_close(&srv.all);
}

static int run(const struct options *opt)
{
	struct point at = { .workload = &workload };

	for_each_value(opt, &at, M)
		for_each_value(opt, &at, ACTIVE)
			for_each_value(opt, &at, REQUESTS)
				measure_m(opt, at);
	return 0;
}

static const struct preset presets[] = {
	{ "dphttpd-2001", "the dead connections of the first page",
	  { [M] = "0,1000,2000,4000", [ACTIVE] = "100", [REQUESTS] = "2500" },
	  .scaled = REQUESTS, .divisor = 10, .needs = { 2048, 900 } },
	{ "dphttpd-2002", "the idle ones of IBM's LSE, October 2002",
	  { [M] = "0,400,1000,5000,10000,60000", [ACTIVE] = "100", [REQUESTS] = "2500" },
	  .scaled = REQUESTS, .divisor = 10, .needs = { 3072, 3600 } },
	{ 0 }
};

static const struct workload workload = {
	.name = "idle",
	.about = "request and reply by TCP beside M idle connections",
	.params = {
		[M] = { "m", "connections that are idle", NULL, 0, 200000,
			.full = "0,1000,5000", .quick = "0,500" },
		[ACTIVE] = { "active", "connections that work", NULL, 1, 10000,
			     .full = "10", .quick = "10" },
		[REQUESTS] = { "requests", "timed at once, if they do not take too long",
			       NULL, 1, 1000000, .full = "50", .quick = "50" },
	},
	.presets = presets,
	.full = { .memory = 2048, .seconds = 900 },
	.quick = { .memory = 1024, .seconds = 300 },
	.run = run,
};
WORKLOAD(workload);
