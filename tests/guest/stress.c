// SPDX-License-Identifier: GPL-2.0-only
/*
 * stress.c - traffic under which the set changes in every way, no event lost
 *
 * STRESS_SECONDS in the environment is how long each test goes on (5).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "told.h"
#include "tokens.h"

enum { LANES = 48, WRITERS = 2 };

static unsigned int pick(unsigned int *seed, unsigned int n)
{
	return stress_random(seed) % n;
}

/* POLLREMOVE and add; what came in between has to be looked for. */
static void *churn_again(void *arg)
{
	struct tokens *t = arg;
	unsigned int seed = 11, i;

	while (tokens_go_on(t)) {
		i = pick(&seed, (unsigned int)t->lanes);
		if (evset_ctl(&t->s, t->lane[i].rfd, POLLREMOVE) != 8)
			return "remove";
		if (evset_ctl(&t->s, t->lane[i].rfd, POLLIN) != 8)
			return "add";
		tokens_recheck(t, (int)i);
	}
	return NULL;
}

/* POLLIN stays in every mask, so nothing may be lost. */
static void *churn_mask(void *arg)
{
	static const short mask[] = {
		POLLIN, POLL_ALL, POLLIN | POLLPRI, POLLIN | POLLOUT, POLL_MOST,
	};
	struct tokens *t = arg;
	unsigned int seed = 12, i;

	while (tokens_go_on(t)) {
		i = pick(&seed, (unsigned int)t->lanes);
		if (evset_ctl(&t->s, t->lane[i].rfd, mask[pick(&seed, 5)]) != 8)
			return "change";
	}
	return NULL;
}

/* A second number of a lane comes into the set and goes, closed first or not. */
static void *churn_dup(void *arg)
{
	struct tokens *t = arg;
	unsigned int seed = 13, i;
	int fd;

	while (tokens_go_on(t)) {
		i = pick(&seed, (unsigned int)t->lanes);
		fd = dup(t->lane[i].rfd);
		if (fd < 0)
			return "dup";
		tokens_also(fd, (int)i);
		if (evset_ctl(&t->s, fd, POLLIN) != 8)
			return "add";
		if (i & 1 && close(fd))
			return "close";
		if (evset_ctl(&t->s, fd, POLLREMOVE) != 8)
			return "remove";
		if (!(i & 1) && close(fd))
			return "close";
	}
	return NULL;
}

/* Other files come and go in the same set, with events of their own. */
static void *churn_neighbours(void *arg)
{
	struct tokens *t = arg;
	unsigned int seed = 14;
	int fd[2], i;

	while (tokens_go_on(t)) {
		if (pick(&seed, 2) ? pipe2(fd, 0) : socketpair(AF_UNIX, SOCK_STREAM, 0, fd))
			return "pipe or socketpair";
		for (i = 0; i < 2; i++)
			tokens_also(fd[i], -1);
		for (i = 0; i < 2; i++)
			if (evset_ctl(&t->s, fd[i], POLL_ALL) != 8)
				return "add";
		if (write(fd[1], "x", 1) != 1)
			return "write";
		i = (int)pick(&seed, 2);
		close(fd[i]);
		close(fd[!i]);
	}
	return NULL;
}

/* Looks at the instance from outside. */
static void *churn_look(void *arg)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	struct tokens *t = arg;
	unsigned int seed = 15, i;
	int k = epoll_create1(EPOLL_CLOEXEC);

	while (tokens_go_on(t)) {
		if (epoll_ctl(k, EPOLL_CTL_ADD, t->s.fd, &e) != 0)
			return "EPOLL_CTL_ADD";
		epoll_wait(k, &e, 1, 1);
		guest_poll(t->s.fd, POLLIN);
		i = pick(&seed, (unsigned int)t->lanes);
		if (evset_ispolled(&t->s, t->lane[i].rfd, NULL) < 0)
			return "EP_ISPOLLED";
		if (guest_fdinfo(t->s.fd, "items") < t->lanes)
			return "items";
		if (epoll_ctl(k, EPOLL_CTL_DEL, t->s.fd, &e) != 0)
			return "EPOLL_CTL_DEL";
	}
	return NULL;
}

static void traffic(enum lane_kind kind, churn *const *fn)
{
	tokens_run(tokens_open(kind, LANES), WRITERS, false, fn);
}

GUEST_TEST(stress, pipes, 300, "no byte in a crowd of pipes is left unread")
{
	traffic(LANE_PIPE, NULL);
}

GUEST_TEST(stress, unix_streams, 300, "no byte in a crowd of unix sockets is left unread")
{
	traffic(LANE_UNIX, NULL);
}

GUEST_TEST(stress, tcp, 300, "no byte in a crowd of TCP connections is left unread")
{
	traffic(LANE_TCP, NULL);
}

GUEST_TEST(stress, eventfds, 300, "no count in a crowd of eventfds is left unread")
{
	traffic(LANE_EVENTFD, NULL);
}

GUEST_TEST(stress, few_lanes, 300,
	   "two lanes, so that nearly every event falls into the moment of a switch")
{
	tokens_run(tokens_open(LANE_EVENTFD, 2), 2, false, NULL);
}

GUEST_TEST(stress, processes, 300, "writers in other processes: nothing is left unread")
{
	tokens_run(tokens_open(LANE_KINDS, LANES), 3, true, NULL);
}

GUEST_TEST(stress, again, 300, "sources removed and added again under traffic")
{
	traffic(LANE_KINDS, (churn *[]){ churn_again, NULL });
}

GUEST_TEST(stress, masks, 300,
	   "masks that change under traffic, POLLIN in all of them, lose nothing")
{
	traffic(LANE_KINDS, (churn *[]){ churn_mask, NULL });
}

GUEST_TEST(stress, dups, 300, "second numbers of the sources come and go under traffic")
{
	traffic(LANE_KINDS, (churn *[]){ churn_dup, NULL });
}

GUEST_TEST(stress, neighbours, 300, "other files come, have events and close under traffic")
{
	traffic(LANE_KINDS, (churn *[]){ churn_neighbours, NULL });
}

GUEST_TEST(stress, lookers, 300,
	   "poll, epoll, EP_ISPOLLED and fdinfo look at the set under traffic")
{
	traffic(LANE_KINDS, (churn *[]){ churn_look, NULL });
}

GUEST_TEST(stress, everything, 300, "all of these at once")
{
	traffic(LANE_KINDS, (churn *[]){ churn_again, churn_mask, churn_dup,
					 churn_neighbours, churn_look, NULL });
}
