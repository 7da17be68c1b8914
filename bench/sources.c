// SPDX-License-Identifier: GPL-2.0-only
/*
 * sources.c - many descriptors of one kind that can be made ready
 *
 * Documented in sources.h.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness.h"
#include "sources.h"

static int open_unix(struct source *s, long i)
{
	int sv[2];

	(void)i;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		       sv))
		return -1;
	s->watched = sv[0];
	s->feed = sv[1];
	return 0;
}

static int open_pipe(struct source *s, long i)
{
	int p[2];

	(void)i;
	if (pipe2(p, O_NONBLOCK | O_CLOEXEC))
		return -1;
	s->watched = p[0];
	s->feed = p[1];
	return 0;
}

static int open_eventfd(struct source *s, long i)
{
	(void)i;
	s->watched = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	s->feed = s->watched;
	return s->feed < 0 ? -1 : 0;
}

/*
 * Who listens at the n-th address.  A new one for every 10000 connections: of the 28000
 * ports of a pair of addresses connect(2) takes every other one first, and when those are
 * gone it goes through all of them each time.
 */
static int listen_at(long n, struct sockaddr_in *to)
{
	static struct sockaddr_in at;
	static int listener = -1;
	struct sockaddr_in next = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + (unsigned int)n),
	};
	socklen_t len = sizeof(at);

	if (listener < 0 || at.sin_addr.s_addr != next.sin_addr.s_addr) {
		if (listener >= 0)
			close(listener);
		listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (listener < 0)
			return -1;
		if (bind(listener, (struct sockaddr *)&next, sizeof(next)) ||
		    listen(listener, 1) ||
		    getsockname(listener, (struct sockaddr *)&at, &len)) {
			close(listener);
			listener = -1;
			return -1;
		}
	}
	*to = at;
	return listener;
}

static int open_tcp(struct source *s, long i)
{
	struct sockaddr_in to;
	int listener = listen_at(i / 10000, &to), one = 1;

	s->feed = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener >= 0 && s->feed >= 0 &&
	    !connect(s->feed, (struct sockaddr *)&to, sizeof(to)) &&
	    !setsockopt(s->feed, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
		s->watched = accept4(listener, NULL, NULL,
				     SOCK_NONBLOCK | SOCK_CLOEXEC);
	return s->watched < 0 ? -1 : 0;
}

static const struct kind {
	const char *name;
	int fds;
	int (*open)(struct source *s, long i);
} kinds[] = {
	{ "unix", 2, open_unix },
	[SOURCES_PIPE] = { "pipe", 2, open_pipe },
	[SOURCES_EVENTFD] = { "eventfd", 1, open_eventfd },
	[SOURCES_TCP] = { "tcp", 2, open_tcp },
};

const char *sources_kind(size_t i)
{
	return i < sizeof(kinds) / sizeof(kinds[0]) ? kinds[i].name : NULL;
}

static int by_fd_set(struct sources *all, int fd, long i)
{
	if (fd >= all->n_fd) {
		long n = fd * 2L + 64;
		long *by_fd = reallocarray(all->by_fd, (size_t)n,
					   sizeof(*by_fd));

		if (!by_fd)
			return -1;
		while (all->n_fd < n)
			by_fd[all->n_fd++] = -1;
		all->by_fd = by_fd;
	}
	all->by_fd[fd] = i;
	return 0;
}

const char *sources_open(struct sources *all, size_t kind, long n)
{
	static char why[160];
	const struct kind *k = &kinds[kind];
	/* Some for the queue, the standard ones, and what the run needs. */
	long want = n * k->fds + 16;

	memset(all, 0, sizeof(*all));
	if (want > max_fds()) {
		snprintf(why, sizeof(why),
			 "%ld descriptors are needed, RLIMIT_NOFILE is %ld",
			 want, max_fds());
		return why;
	}
	all->s = calloc((size_t)n, sizeof(*all->s));
	if (!all->s)
		return "out of memory";
	for (; all->n < n; all->n++) {
		struct source *s = &all->s[all->n];

		s->watched = -1;
		s->feed = -1;
		if (k->open(s, all->n) || by_fd_set(all, s->watched, all->n)) {
			snprintf(why, sizeof(why), "source %ld: %s",
				 all->n + 1, strerror(errno));
			all->n++;
			return why;
		}
	}
	return NULL;
}

void sources_close(struct sources *all)
{
	for (long i = 0; i < all->n; i++) {
		struct source *s = &all->s[i];

		if (s->watched >= 0)
			close(s->watched);
		if (s->feed >= 0 && s->feed != s->watched)
			close(s->feed);
	}
	free(all->s);
	free(all->by_fd);
	memset(all, 0, sizeof(*all));
}

int source_drain(const struct source *s)
{
	struct pollfd pfd = { .fd = s->watched, .events = POLLIN };
	char buf[4 * MESSAGE];
	ssize_t n = read(s->watched, buf, sizeof(buf));

	if (n < 0 && errno == EAGAIN && poll(&pfd, 1, PATIENCE_MS) == 1)
		n = read(s->watched, buf, sizeof(buf));
	return n == MESSAGE ? 0 : -1;
}

void sources_flush(const struct sources *all)
{
	char buf[512];

	for (long i = 0; i < all->n; i++)
		while (read(all->s[i].watched, buf, sizeof(buf)) > 0)
			;
}
