// SPDX-License-Identifier: GPL-2.0-only
/*
 * wait.c - workload "wait": what a call costs that asks a queue
 *
 * A queue that watches one eventfd is asked by the bare call, without libevq's part of
 * it.  Figures, per call:
 *
 *   empty	there is nothing, and the call does not sleep
 *   one	there is one event, an edge (less the cost of making it)
 *
 * What is asked of a design's queue in more than one way has a row for each.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "devepoll.h"
#include "eventpoll.h"
#include "harness.h"
#include "queue.h"

/* Short enough that most batches see no timer tick. */
#define BATCH 200
#define RUNS 31
#define ROOM 8

static const struct workload workload;

/* Each returns how many events it was told of. */

static int by_epoll_wait(int fd)
{
	struct epoll_event ev[ROOM];

	return epoll_wait(fd, ev, ROOM, 0);
}

static int by_port_ioctl(int fd)
{
	struct epoll_event ev[ROOM];
	struct eventpoll_wait wait = {
		.events = (uintptr_t)ev, .maxevents = ROOM, .timeout = 0,
	};

	return ioctl(fd, EVENTPOLL_WAIT, &wait);
}

static int by_read(int fd)
{
	struct epoll_event ev[ROOM];
	ssize_t n = read(fd, ev, sizeof(ev));

	if (n < 0)
		return errno == EAGAIN ? 0 : -1;
	return (int)(n / (ssize_t)sizeof(ev[0]));
}

static int by_switch(int fd)
{
	struct evpoll evp = { .ep_timeout = 0 };

	return ioctl(fd, EP_POLL, &evp);
}

/**
 * struct way - a way to ask
 * @row: what stands in the results for the design
 * @design: whose queue
 * @ask: the call
 */
static const struct way {
	const char *row;
	const char *design;
	int (*ask)(int fd);
} ways[] = {
	{ "epoll", "epoll", by_epoll_wait },
	{ "ovflist", "ovflist", by_port_ioctl },
	{ "ovflist-read", "ovflist", by_read },
	{ "devepoll", "devepoll", by_switch },
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

static void put(int event)
{
	if (source_feed(&(struct source){ event, event }))
		die("write to an eventfd: %s", strerror(errno));
}

/* BATCH writes, each followed by a question if there is one to be asked. */
static double batch(const struct way *way, int fd, int event, const char **why)
{
	uint64_t start = clock_ns();

	for (int i = 0; i < BATCH; i++) {
		if (event >= 0)
			put(event);
		if (fd >= 0 && way->ask(fd) != (event >= 0))
			*why = "a call told of another number of events than there were";
	}
	return clock_since(start) / BATCH;
}

static void measure(const struct way *way, struct evq *q, int event, int runs)
{
	struct point at = { .workload = &workload, .design = way->row };
	struct samples empty = { 0 }, one = { 0 };
	const char *why = NULL;
	int fd = evq_fd(q);

	if (fcntl(fd, F_SETFL, O_NONBLOCK))
		die("O_NONBLOCK: %s", strerror(errno));
	for (int i = -5; i < runs; i++) {
		double nothing = batch(way, fd, -1, &why);
		double both = batch(way, fd, event, &why);

		evq_del(q, event);
		both -= batch(way, -1, event, &why);
		if (evq_add(q, event, POLLIN))
			die("watching an eventfd: %s", strerror(errno));
		/* Where a level is told at once it is told here. */
		way->ask(fd);
		if (i < 0)
			continue;
		samples_add(&empty, nothing);
		samples_add(&one, both);
	}
	result_add(&at, "empty", "call", &empty, why);
	result_add(&at, "one", "call", &one, why);
	samples_free(&empty);
	samples_free(&one);
}

static void run_way(const struct way *way, int runs)
{
	struct point at = { .workload = &workload, .design = way->row };
	struct evq *q;
	const char *why = queue_open(&q, way->design, 16);
	int event;

	if (why) {
		result_na(&at, why);
		return;
	}
	event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event < 0 || evq_add(q, event, POLLIN))
		die("watching an eventfd: %s", strerror(errno));
	progress("wait, %s", way->row);
	measure(way, q, event, runs);
	close(event);
	evq_close(q);
}

static bool wanted(const struct options *opt, const char *design)
{
	for (size_t i = 0; i < opt->n_designs; i++)
		if (!strcmp(opt->designs[i], design))
			return true;
	return false;
}

static int run(const struct options *opt)
{
	for (size_t i = 0; i < WAYS; i++)
		if (wanted(opt, ways[i].design))
			run_way(&ways[i], opt->runs ? opt->runs : RUNS);
	return 0;
}

static const struct workload workload = {
	.name = "wait",
	.about = "ask a queue that has nothing or one event, by each call that can",
	.full = { .memory = 512, .seconds = 90 },
	.quick = { .memory = 512, .seconds = 90 },
	.run = run,
};
WORKLOAD(workload);
