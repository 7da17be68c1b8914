// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_stress.c - traffic through every store while its instance changes in
 * every way: ADD, MOD, DEL, close, dup, fork, instances in instances
 *
 * STRESS_SECONDS in the environment is how long each test goes on (3).  The
 * kernel's own epoll goes first and is the judge here too.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "port_tokens.h"

enum { LANES = 48, WAITERS = 3, WRITERS = 2 };

static unsigned int pick(unsigned int *seed, unsigned int n)
{
	return stress_random(seed) % n;
}

/* Leaves the CPUs to the traffic. */
static void step_back(void)
{
	struct timespec ts = { .tv_nsec = 100000 };

	nanosleep(&ts, NULL);
}

/* A lane to disturb, or -1 for now. */
static int pick_lane(struct traffic *t, unsigned int *seed)
{
	int i, tries;

	for (tries = 0; tries < t->lanes; tries++) {
		i = (int)pick(seed, (unsigned int)t->lanes);
		if (lane_touch(t, i))
			return i;
	}
	step_back();
	return -1;
}

/* Removed and added. */
static void *churn_again(void *arg)
{
	struct traffic *t = arg;
	unsigned int seed = 11;

	while (traffic_goes_on(t)) {
		int i = pick_lane(t, &seed);

		if (i < 0)
			continue;
		if (lane_set(t, EPOLL_CTL_DEL, i, 0))
			return "DEL of what is there";
		if (pick(&seed, 2))
			sched_yield();
		if (lane_set(t, EPOLL_CTL_ADD, i, t->mode))
			return "ADD of what was removed";
		lane_leave(t, i);
	}
	return NULL;
}

/* Another way to be told, and back: the last MOD tells what is there then. */
static void *churn_mode(void *arg)
{
	static const uint32_t bits[] = {
		EPOLLET, EPOLLONESHOT, EPOLLET | EPOLLONESHOT, EPOLLPRI,
		EPOLLRDHUP | EPOLLET, EPOLLOUT | EPOLLET, 0,
	};
	struct traffic *t = arg;
	unsigned int seed = 12;

	while (traffic_goes_on(t)) {
		uint32_t events = EPOLLIN | bits[pick(&seed, 7)];
		int i = pick_lane(t, &seed);

		if (i < 0)
			continue;
		if (lane_set(t, EPOLL_CTL_MOD, i, pick(&seed, 8) ? events : 0))
			return "MOD of what is there";
		if (pick(&seed, 2))
			sched_yield();
		if (lane_set(t, EPOLL_CTL_MOD, i, t->mode))
			return "MOD back";
		lane_leave(t, i);
	}
	return NULL;
}

/*
 * A second number for a lane.  Closed while it is watched, it goes on to be
 * told, and can only be removed when the number is the same file's again.
 */
static void *churn_dup(void *arg)
{
	struct epoll_event ev;
	struct traffic *t = arg;
	unsigned int seed = 13;

	while (traffic_goes_on(t)) {
		int i = pick_lane(t, &seed), fd;

		if (i < 0)
			continue;
		fd = SECOND_FD + (int)pick(&seed, 16);
		if (dup3(t->lane[i].rfd, fd, O_CLOEXEC) != fd)
			return "dup3";
		ev.events = t->mode;
		ev.data.u64 = COOKIE_SECOND |
			      (uint64_t)t->lane[i].gen << 32 | (unsigned int)i;
		if (behave_ctl(t->ep, EPOLL_CTL_ADD, fd, &ev))
			return "ADD of a second number";
		if (pick(&seed, 2)) {
			close(fd);
			if (behave_ctl(t->ep, EPOLL_CTL_DEL, fd, &ev) != -1 ||
			    errno != EBADF)
				return "DEL of a closed number";
			if (dup3(t->lane[i].rfd, fd, O_CLOEXEC) != fd)
				return "dup3 again";
		}
		if (behave_ctl(t->ep, EPOLL_CTL_DEL, fd, &ev))
			return "DEL of a second number";
		close(fd);
		lane_leave(t, i);
	}
	return NULL;
}

/* A lane whose bytes were all read is closed, and another file has its number. */
static void *churn_close(void *arg)
{
	struct traffic *t = arg;
	unsigned int seed = 14;

	while (traffic_goes_on(t)) {
		int i = pick_lane(t, &seed);
		struct port_lane *l;
		int err = 0;

		if (i < 0)
			continue;
		l = &t->lane[i];
		pthread_mutex_lock(&l->write);
		pthread_mutex_lock(&l->read);
		if (l->sent == l->got) {
			l->gen++;
			close(l->rfd);
			if (pick(&seed, 2))
				close(l->wfd);
			port_lane_open(l, (enum lane_kind)pick(&seed, LANE_KINDS));
			err = lane_set(t, EPOLL_CTL_ADD, i, t->mode);
		}
		pthread_mutex_unlock(&l->read);
		pthread_mutex_unlock(&l->write);
		if (err)
			return "ADD of a new file under an old number";
		lane_leave(t, i);
	}
	return NULL;
}

/* Other files come into the instance and go, with events of their own. */
static void *churn_neighbours(void *arg)
{
	static const uint32_t modes[] = {
		EPOLLIN | EPOLLOUT, EPOLLIN | EPOLLET | EPOLLRDHUP,
		EPOLLIN | EPOLLOUT | EPOLLONESHOT, 0,
		/* not by emulation */
		EPOLLIN | EPOLLEXCLUSIVE, EPOLLOUT | EPOLLEXCLUSIVE | EPOLLET,
	};
	const unsigned int kinds = guest_emulated() ? 4 : 6;
	struct epoll_event ev = { .data.u64 = COOKIE_FOREIGN };
	struct traffic *t = arg;
	unsigned int seed = 15;
	int fd[2], i;

	while (traffic_goes_on(t)) {
		if (pick(&seed, 2) ? pipe2(fd, O_NONBLOCK) :
		    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd))
			return "pipe or socketpair";
		for (i = 0; i < 2; i++) {
			ev.events = modes[pick(&seed, kinds)];
			if (behave_ctl(t->ep, EPOLL_CTL_ADD, fd[i], &ev))
				return "ADD of a neighbour";
		}
		if (write(fd[1], "x", 1) != 1)
			return "write";
		i = (int)pick(&seed, 2);
		if (pick(&seed, 2) &&
		    behave_ctl(t->ep, EPOLL_CTL_DEL, fd[i], &ev))
			return "DEL of a neighbour";
		close(fd[i]);
		close(fd[!i]);
	}
	return NULL;
}

/*
 * An inner instance is removed and added, or another one with the same lanes
 * gets its number.
 */
static const char *inner_again(struct traffic *t, int k, bool new)
{
	struct epoll_event ev = { .events = t->mode };
	int ep, i;

	if (!new) {
		if (behave_ctl(t->ep, EPOLL_CTL_DEL, t->inner[k], &ev))
			return "DEL of an inner instance";
		return inner_add(t, k) ? "ADD of an inner instance" : NULL;
	}
	ep = inner_open(t, k);
	for (i = 0; i < t->lanes; i++) {
		struct port_lane *l = &t->lane[i];

		ev.data.u64 = COOKIE_LANE | (uint64_t)l->gen << 32 |
			      (unsigned int)i;
		if (l->inner == k &&
		    inner_ctl(t, k, ep, EPOLL_CTL_ADD, l->rfd, &ev))
			return "ADD to a new inner instance";
	}
	dup3(ep, t->inner[k], O_CLOEXEC);
	close(ep);
	return inner_add(t, k) ? "ADD of a new inner instance" : NULL;
}

static void *churn_inner(void *arg)
{
	struct traffic *t = arg;
	unsigned int seed = 16;

	while (traffic_goes_on(t)) {
		int k = (int)pick(&seed, INNER), i, held = 0, of = 0;
		const char *why = NULL;
		bool mine[LANES];

		/* a step back when one of its lanes has not come round yet */
		for (i = 0; i < t->lanes; i++) {
			of += t->lane[i].inner == k;
			mine[i] = t->lane[i].inner == k && lane_touch(t, i);
			held += mine[i];
		}
		if (held == of)
			why = inner_again(t, k, pick(&seed, 2));
		for (i = 0; i < t->lanes; i++) {
			if (mine[i] && held == of)
				lane_leave(t, i);
			else if (mine[i])
				pthread_mutex_unlock(&t->lane[i].touch);
		}
		if (why)
			return (void *)why;
		if (held != of)
			step_back();
	}
	return NULL;
}

/* Looks at the instance from outside. */
static void *churn_look(void *arg)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	struct traffic *t = arg;
	int k = epoll_create1(EPOLL_CLOEXEC);

	while (traffic_goes_on(t)) {
		if (epoll_ctl(k, EPOLL_CTL_ADD, t->ep, &e))
			return "EPOLL_CTL_ADD of the instance";
		epoll_wait(k, &e, 1, 1);
		guest_poll(t->ep, POLLIN);
		/* reads all lines */
		if (guest_fdinfo(t->ep, "no such line") != -1)
			return "fdinfo";
		if (behave_ctl(t->ep, EPOLL_CTL_ADD, t->ep, &e) != -1 ||
		    errno != EINVAL)
			return "ADD of the instance to itself";
		e.events = EPOLLIN | EPOLLET;
		if (epoll_ctl(k, EPOLL_CTL_DEL, t->ep, &e))
			return "EPOLL_CTL_DEL of the instance";
	}
	return NULL;
}

/*
 * What a child does that shares the instance: it adds files of its own, whose
 * items go with it, and takes level-triggered events away, which come again.
 */
static void child_of(struct traffic *t, unsigned int seed)
{
	struct epoll_event ev = {
		.events = EPOLLIN | (pick(&seed, 2) ? EPOLLET : EPOLLONESHOT),
		.data.u64 = COOKIE_FOREIGN,
	};
	int p[2], i;

	for (i = 0; i < 4; i++) {
		if (pipe2(p, O_NONBLOCK) ||
		    behave_ctl(t->ep, EPOLL_CTL_ADD, p[0], &ev))
			_exit(1);
		if (write(p[1], "x", 1) != 1)
			_exit(2);
		if (pick(&seed, 2) &&
		    behave_ctl(t->ep, EPOLL_CTL_DEL, p[0], &ev))
			_exit(3);
		if (pick(&seed, 2))
			close(p[0]);
	}
	if (!(t->mode & (EPOLLET | EPOLLONESHOT)) &&
	    behave_wait(t->ep, &ev, 1, 0) < 0)
		_exit(4);
	_exit(0);
}

/* Lanes that are closed meanwhile live until the child is gone. */
static void *churn_fork(void *arg)
{
	struct traffic *t = arg;
	unsigned int seed = 17;

	while (traffic_goes_on(t)) {
		unsigned int s = stress_random(&seed);
		pid_t pid = guest_fork();
		int status;

		if (!pid)
			child_of(t, s);
		if (waitpid(pid, &status, 0) != pid || status)
			return "a child that shares the instance";
	}
	return NULL;
}

static port_churn *const all_churn[] = {
	churn_again, churn_mode, churn_dup, churn_close, churn_neighbours,
	churn_inner, churn_look, churn_fork, NULL
};

/*
 * Numbers that are closed while a dup lives, and shared instances, are not among
 * what epoll-run can do on /dev/epoll.
 */
static port_churn *const emulated_churn[] = {
	churn_again, churn_mode, churn_close, churn_neighbours, churn_inner,
	churn_look, NULL
};

/*
 * fork(3) blocks all signals for a moment.  Of a child that ends in that moment the
 * SIGCHLD is not ignored, but ends the wait of a thread that does not block it.
 */
static void no_sigchld(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void everything(uint32_t mode)
{
	no_sigchld();
	traffic_run(traffic_open(mode, LANES, true), &(struct traffic_plan){
		.waiters = WAITERS, .writers = WRITERS,
		.churn = guest_emulated() ? emulated_churn : all_churn,
	});
}

PORT_STRESS(level, "level-triggered traffic while everything changes: no byte is left unread")
{
	everything(EPOLLIN);
}

PORT_STRESS(edge, "edge-triggered traffic while everything changes: no byte is left unread")
{
	everything(EPOLLIN | EPOLLET);
}

PORT_STRESS(oneshot, "one-shot traffic while everything changes: none left unread, none told to two")
{
	everything(EPOLLIN | EPOLLONESHOT);
}

PORT_STRESS(four, "four threads, of which one adds, changes and removes: no byte is left unread")
{
	traffic_run(traffic_open(EPOLLIN | EPOLLET | EPOLLONESHOT, LANES, false),
		    &(struct traffic_plan){
		.waiters = 2, .writers = 1,
		.churn = (port_churn *[]){ churn_again, NULL },
	});
}

PORT_STRESS(few, "two lanes, so that waiters sleep after nearly every event, and are woken")
{
	traffic_run(traffic_open(EPOLLIN | EPOLLET, 2, false),
		    &(struct traffic_plan){
		.waiters = WAITERS, .writers = WRITERS,
	});
}

PORT_STRESS(processes, "waiters in three processes share an instance: no byte is left unread")
{
	traffic_run(traffic_open(EPOLLIN | EPOLLET, LANES, true),
		    &(struct traffic_plan){
		.waiters = 1, .child_waiters = 2, .writers = WRITERS,
		.churn = (port_churn *[]){ churn_again, churn_mode, NULL },
	});
}

PORT_STRESS(signals, "waits end by signals, by timeouts and by events, and come only in the wait")
{
	traffic_run(traffic_open(EPOLLIN | EPOLLONESHOT, LANES, true),
		    &(struct traffic_plan){
		.waiters = WAITERS, .writers = WRITERS, .signals = true,
		.churn = (port_churn *[]){ churn_again, NULL },
	});
}
