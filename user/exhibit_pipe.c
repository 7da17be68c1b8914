// SPDX-License-Identifier: GPL-2.0-only
/*
 * exhibit_pipe.c - a write into a pipe that holds data already: whom does it wake?
 *
 * Whether a wake-up comes shows where an edge is watched: an instance that
 * watches the pipe for levels is itself watched for edges by another.  What is
 * asked for is no edge of the pipe, so a wake-up tells nothing that was not true
 * before: the inner instance was readable, and is.
 */
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "exhibit.h"

/**
 * struct design - what is watched, and how
 * @source: makes it; [0] is read
 * @what: its name in the story
 * @events: of the instance that watches it
 * @edges_before: somebody has watched it for edges, and stopped
 */
struct design {
	void (*source)(int fd[2]);
	const char *what;
	unsigned int events;
	bool edges_before;
};

static const struct design levels = {
	.source = open_pipe, .what = "pipe", .events = EPOLLIN,
}, remembered = {
	.source = open_pipe, .what = "pipe", .events = EPOLLIN, .edges_before = true,
}, edges = {
	.source = open_pipe, .what = "pipe", .events = EPOLLIN | EPOLLET,
}, stream = {
	.source = open_socket, .what = "socket", .events = EPOLLIN,
};

static int instance(void)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		fail("epoll_create1");
	return fd;
}

static void watch(int queue, int fd, unsigned int events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	if (epoll_ctl(queue, EPOLL_CTL_ADD, fd, &ev))
		fail("EPOLL_CTL_ADD");
}

/* Was the inner instance's edge told? */
static bool woken(int queue)
{
	struct epoll_event ev;
	int n = epoll_wait(queue, &ev, 1, 0);

	if (n < 0)
		fail("epoll_wait");
	return n;
}

static bool pipe_round(const struct way *way)
{
	const struct design *d = way->design;
	int fd[2], inner = instance(), outer = instance(), other;
	bool again;

	d->source(fd);
	if (d->edges_before) {
		other = instance();
		watch(other, fd[0], EPOLLIN | EPOLLET);
		close(other);
		told_here("another", "has watched the %s for edges, and is gone", d->what);
	}
	watch(inner, fd[0], d->events);
	watch(outer, inner, EPOLLIN | EPOLLET);
	told_here("program", "watches the %s for %s by one epoll, and that one for edges by a second",
		  d->what, d->events & EPOLLET ? "edges" : "levels");
	put(fd[1]);
	told("peer", "writes a byte; nothing was there before");
	must(woken(outer), "the first byte woke nobody");
	told("program", "is told by the second epoll that the first one is readable, and reads nothing");
	must(!woken(outer), "an edge was told twice");
	put(fd[1]);
	told("peer", "writes one more byte");
	again = woken(outer);
	told_here("program", again ? "is told again" : "is not told again: the first epoll is readable, as it was");
	close(outer);
	close(inner);
	close(fd[0]);
	close(fd[1]);
	return again;
}

static const struct way pipe_ways[] = {
	{ .title = "a pipe, watched for levels",
	  .before = "", .after = " with levels", .hurts = true, .until = "7.3",
	  .design = &levels },
	{ .title = "the same, but somebody has watched the pipe for edges before",
	  .before = "", .after = " with levels after edges", .hurts = true, .brief = true,
	  .design = &remembered },
	{ .title = "a pipe, watched for edges",
	  .before = "", .after = " with edges", .hurts = true, .brief = true,
	  .design = &edges },
	{ .title = "a socket, watched for levels",
	  .before = "", .after = " with a socket", .hurts = true, .brief = true,
	  .design = &stream },
};

const struct exhibit exhibit_pipe = {
	.name = "pipe",
	.about = "5.5 to 7.2: a pipe that anybody has polled wakes epoll for nothing",
	.when = "5.5 to 7.2. A write into a pipe that holds data already changes nothing for who waits for levels, and since 5.5 it need not wake anybody. But programs that wait for edges had come to count on a wake-up for each write, and were given it back. A pipe could not know who they were: so each pipe that was polled once, by whomever and for whatever, woke its readers on every write from then on. Since 7.3 poll looks whether it is asked for edges (EPOLLET), and the pipe remembers that instead.",
	.harm = "woken",
	.moral = "An edge is what wakes, not what is true; so what a file calls a wake-up becomes part of its interface. The ways after the first are told on all kernels. /dev/epoll polls with all bits, and hears of each write on all kernels as well.",
	.round = pipe_round,
	.ways = pipe_ways,
	.n_ways = COUNT(pipe_ways),
};
