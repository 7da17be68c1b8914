// SPDX-License-Identifier: GPL-2.0-only
/*
 * cancelled.c - every wait is a cancellation point
 *
 * cancelled [STORE..]: the system calls' names, which may be epoll-run's, or those of
 * lib/eventpoll.h with each STORE.  Not one of the guest's tests: these are linked
 * statically, and a static program cannot unwind a thread.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "eventpoll.h"

static struct epoll_event ev;
static int ep;

static int by_wait(void)
{
	return epoll_wait(ep, &ev, 1, -1);
}

static int by_pwait(void)
{
	return epoll_pwait(ep, &ev, 1, -1, NULL);
}

static int by_pwait2(void)
{
	return epoll_pwait2(ep, &ev, 1, NULL, NULL);
}

static int by_port_wait(void)
{
	return eventpoll_wait(ep, &ev, 1, -1);
}

static int by_port_pwait(void)
{
	return eventpoll_pwait(ep, &ev, 1, -1, NULL);
}

static int by_port_pwait2(void)
{
	return eventpoll_pwait2(ep, &ev, 1, NULL, NULL);
}

static const struct wait {
	const char *name;
	int (*wait)(void);
} waits[] = {
	{ "epoll_wait", by_wait },
	{ "epoll_pwait", by_pwait },
	{ "epoll_pwait2", by_pwait2 },
}, port_waits[] = {
	{ "eventpoll_wait", by_port_wait },
	{ "eventpoll_pwait", by_port_pwait },
	{ "eventpoll_pwait2", by_port_pwait2 },
};

__attribute__((noreturn))
static void fail(const char *what, const char *how)
{
	fprintf(stderr, "cancelled: %s: %s\n", what, how);
	exit(1);
}

/* Who comes back with the event was cancelled before that, and does not come again. */
static void *waiter(void *arg)
{
	const struct wait *w = arg;

	w->wait();
	w->wait();
	return NULL;
}

/* Cancelled before it, or in it; then there is an event, for who has not heard of that. */
static void one(const struct wait *w, int p[2])
{
	char c = 'x';
	pthread_t t;
	void *result;

	if (pthread_create(&t, NULL, waiter, (void *)w))
		fail(w->name, "no thread");
	if (pthread_cancel(t) || write(p[1], &c, 1) != 1)
		fail(w->name, strerror(errno));
	pthread_join(t, &result);
	if (result != PTHREAD_CANCELED)
		fail(w->name, "is no cancellation point");
	if (read(p[0], &c, 1) != 1)
		fail(w->name, strerror(errno));
}

static void all(const struct wait *w, bool port)
{
	struct epoll_event in = { .events = EPOLLIN };
	int p[2];

	if (ep < 0 || pipe(p) ||
	    (port ? eventpoll_ctl(ep, EPOLL_CTL_ADD, p[0], &in) :
		    epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &in)))
		fail("an instance", strerror(errno));
	for (int i = 0; i < 3; i++)
		for (int round = 0; round < 20; round++)
			one(&w[i], p);
	close(p[0]);
	close(p[1]);
	close(ep);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		ep = epoll_create1(EPOLL_CLOEXEC);
		all(waits, false);
	}
	for (int i = 1; i < argc; i++) {
		ep = eventpoll_create(eventpoll_store_by_name(argv[i]), EPOLL_CLOEXEC);
		all(port_waits, true);
	}
	return 0;
}
