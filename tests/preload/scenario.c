// SPDX-License-Identifier: GPL-2.0-only
/*
 * scenario.c - what the programs with event libraries have in common
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scenario.h"

static const char *name;

void fail(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

void scenario_begin(const char *library)
{
	const char *slow_by = getenv("CK_TIMEOUT_MULTIPLIER");

	name = library;
	alarm(50 * (slow_by ? (unsigned int)atoi(slow_by) : 1));
}

bool scenario_done(const struct scenario *s)
{
	return s->ticks >= SCENARIO_TICKS && s->signals >= SCENARIO_TICKS &&
	       s->pipe_ended &&
	       s->clients_done >= SCENARIO_TICKS * SCENARIO_CLIENTS;
}

/* Of the program's descriptors, how many are called @what? */
static int descriptors(const char *what)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;
	int n = 0;

	if (!dir)
		fail("/proc/self/fd: %s", strerror(errno));
	while ((e = readdir(dir))) {
		char link[256] = "";

		if (readlinkat(dirfd(dir), e->d_name, link, sizeof(link) - 1) > 0)
			n += !strcmp(link, what);
	}
	closedir(dir);
	return n;
}

static void check_design(void)
{
	const char *design = getenv("EPOLL_RUN_DESIGN");
	int native = descriptors("anon_inode:[eventpoll]");
	const char *device = "/dev/eventpoll";
	int ours = 0;

	if (design && !strcmp(design, "devepoll")) {
		device = "/dev/epoll";
		/* the library asks one what poll(2) refuses to say */
		ours = 1;
	}
	if (!design && !native)
		fail("there is no epoll instance: another back end?");
	if (design && native > ours)
		fail("%d instances are the kernel's, not of design %s", native,
		     design);
	if (design && !descriptors(device))
		fail("no descriptor is %s: design %s was not used", device,
		     design);
}

int scenario_end(const struct scenario *s)
{
	const int clients = SCENARIO_TICKS * SCENARIO_CLIENTS;
	const long piped = SCENARIO_TICKS * (long)strlen(SCENARIO_LINE);

	check_design();
	if (s->ticks != SCENARIO_TICKS || s->signals != SCENARIO_TICKS)
		fail("%d ticks and %d signals, expected %d of both", s->ticks,
		     s->signals, SCENARIO_TICKS);
	if (s->piped != piped || !s->pipe_ended)
		fail("%ld bytes from the pipe, expected %ld%s", s->piped, piped,
		     s->pipe_ended ? "" : "; its end was not seen");
	if (s->clients_done != clients)
		fail("%d clients served, expected %d", s->clients_done, clients);
	fprintf(stderr, "%s: ok\n", name);
	return 0;
}

int scenario_listen(int *port)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, len) || listen(fd, 128) ||
	    getsockname(fd, (struct sockaddr *)&a, &len))
		fail("listener: %s", strerror(errno));
	*port = ntohs(a.sin_port);
	return fd;
}

int scenario_connect(int port)
{
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)port),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || (connect(fd, (struct sockaddr *)&a, sizeof(a)) &&
		       errno != EINPROGRESS))
		fail("connect: %s", strerror(errno));
	return fd;
}

bool client_write(struct client *c, int fd)
{
	static const char data[4096];
	ssize_t n = 1;

	while (c->sent < SCENARIO_BYTES && n > 0) {
		size_t left = (size_t)(SCENARIO_BYTES - c->sent);

		n = write(fd, data, left < sizeof(data) ? left : sizeof(data));
		if (n < 0 && errno != EAGAIN)
			fail("client: %s", strerror(errno));
		if (n > 0)
			c->sent += n;
	}
	return c->sent == SCENARIO_BYTES;
}

bool client_read(struct client *c, int fd)
{
	char data[4096];
	ssize_t n;

	while ((n = read(fd, data, sizeof(data))) > 0)
		c->got += n;
	if (!n || (n < 0 && errno != EAGAIN))
		fail("client: %s after %ld bytes",
		     n ? strerror(errno) : "end of file", c->got);
	return c->got == SCENARIO_BYTES;
}

/*
 * What was read is sent at once: the client reads all the time, and there is never
 * more under way than fits into the socket's buffer.
 */
bool echo_read(int fd)
{
	char data[4096];
	ssize_t n, m;

	while ((n = read(fd, data, sizeof(data))) > 0) {
		for (ssize_t done = 0; done < n; done += m) {
			m = write(fd, data + done, (size_t)(n - done));
			if (m < 0)
				fail("echo: %s", strerror(errno));
		}
	}
	if (n < 0 && errno != EAGAIN)
		fail("echo: %s", strerror(errno));
	return !n;
}
