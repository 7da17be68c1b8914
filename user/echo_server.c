// SPDX-License-Identifier: GPL-2.0-only
/*
 * echo_server.c - a TCP server on libevq that sends back what it gets
 *
 * An example of a server that is right on every design, the edge-triggered
 * ones included:
 *
 *  - descriptors do not block, and each is used until it says EAGAIN: an edge
 *    is told once, however much there is to read;
 *  - a new connection is served at once and not only when it is told of: what
 *    arrived before it was watched makes no edge in /dev/epoll;
 *  - a connection is watched for both directions once and for all, which costs
 *    nothing with edges. A level-triggered design would tell "can be written"
 *    for ever, so there POLLOUT is asked for only while there is a backlog.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "config.h"
#include "evq.h"

#define BACKLOG_SIZE 16384

/**
 * struct conn - a connection
 * @backlog: what was read and not yet sent back
 * @from: start of that in @backlog
 * @to: its end
 * @eof: the peer sends no more
 * @asked: level-triggered: the events that it is watched for
 */
struct conn {
	char backlog[BACKLOG_SIZE];
	size_t from;
	size_t to;
	bool eof;
	short asked;
};

/**
 * struct server - all of it
 * @q: the queue
 * @edge: whether @q tells edges
 * @listener: takes connections
 * @conns: by descriptor
 * @n_conns: length of @conns
 * @open: connections now
 * @served: connections so far
 * @max: end after so many, 0: go on
 */
struct server {
	struct evq *q;
	bool edge;
	int listener;
	struct conn **conns;
	size_t n_conns;
	unsigned long open;
	unsigned long served;
	unsigned long max;
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static void fail(const char *what)
{
	fprintf(stderr, "echo_server: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void hang_up(struct server *s, int fd)
{
	/* Removed first: poll and select do not notice a close. */
	evq_del(s->q, fd);
	close(fd);
	free(s->conns[fd]);
	s->conns[fd] = NULL;
	s->open--;
	s->served++;
	if (s->max && s->served >= s->max)
		stop = 1;
}

/* Sends the backlog; false when the connection is broken. */
static bool flush(struct conn *c, int fd)
{
	while (c->from < c->to) {
		ssize_t n = send(fd, c->backlog + c->from, c->to - c->from,
				 MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		c->from += (size_t)n;
	}
	c->from = 0;
	c->to = 0;
	return true;
}

/* Reads and sends back until one of the two says EAGAIN; false when done. */
static bool echo(struct conn *c, int fd)
{
	for (;;) {
		ssize_t n;

		if (!flush(c, fd))
			return false;
		if (c->to)
			return true;
		if (c->eof)
			return false;
		n = recv(fd, c->backlog, BACKLOG_SIZE, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		c->eof = !n;
		c->to = (size_t)n;
	}
}

static bool ask_for_what_is_needed(struct server *s, int fd)
{
	struct conn *c = s->conns[fd];
	short want = c->to ? POLLOUT : POLLIN;

	if (s->edge || want == c->asked)
		return true;
	c->asked = want;
	return !evq_mod(s->q, fd, want);
}

static void serve(struct server *s, int fd)
{
	if (!echo(s->conns[fd], fd) || !ask_for_what_is_needed(s, fd))
		hang_up(s, fd);
}

static bool make_room(struct server *s, int fd)
{
	size_t want = (size_t)fd + 1;
	struct conn **conns;

	if (want > s->n_conns) {
		conns = reallocarray(s->conns, 2 * want, sizeof(*conns));
		if (!conns)
			return false;
		memset(conns + s->n_conns, 0,
		       (2 * want - s->n_conns) * sizeof(*conns));
		s->conns = conns;
		s->n_conns = 2 * want;
	}
	s->conns[fd] = calloc(1, sizeof(struct conn));
	return s->conns[fd];
}

static void welcome(struct server *s, int fd)
{
	short events = s->edge ? POLLIN | POLLOUT | POLLERR | POLLHUP : POLLIN;

	if (!make_room(s, fd)) {
		close(fd);
		return;
	}
	s->open++;
	s->conns[fd]->asked = POLLIN;
	if (evq_add(s->q, fd, events)) {
		fprintf(stderr, "echo_server: a connection is refused: %s\n",
			strerror(errno));
		hang_up(s, fd);
		return;
	}
	serve(s, fd);
}

/* True when some had to be left waiting; no edge will come for them. */
static bool accept_all(struct server *s)
{
	for (;;) {
		int fd = accept4(s->listener, NULL, NULL,
				 SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0)
			welcome(s, fd);
		else if (errno != EINTR && errno != ECONNABORTED)
			return errno != EAGAIN;
	}
}

static void run(struct server *s)
{
	bool waiting = false;

	while (!stop) {
		int n = evq_wait(s->q, waiting ? 100 : -1);
		bool called = waiting;

		if (n < 0 && errno != EINTR)
			fail("waiting for events");
		for (int i = 0; i < n; i++) {
			int fd = evq_get_fd(s->q, i);

			if (fd == s->listener)
				called = true;
			else if (s->conns[fd])
				serve(s, fd);
		}
		/* Last: a new one may get the number of one told of above. */
		if (called)
			waiting = accept_all(s);
	}
}

static int listen_on(unsigned short port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(at);
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(fd, SOMAXCONN) ||
	    getsockname(fd, (struct sockaddr *)&at, &len))
		fail("listening on 127.0.0.1");
	printf("listening on 127.0.0.1 port %d\n", ntohs(at.sin_port));
	fflush(stdout);
	return fd;
}

static void usage(FILE *f)
{
	fputs("usage: echo_server [--design NAME] [--port N] [--connections N]\n\n"
	      "Sends back whatever comes in on 127.0.0.1, port 7777 unless told otherwise\n"
	      "(0: any that is free). Ends after N connections if told so.\n\ndesigns:\n",
	      f);
	for (unsigned int i = 0; evq_designs(i); i++)
		fprintf(f, "  %-10s %s\n", evq_designs(i)->name,
			evq_designs(i)->about);
}

static unsigned long number(const char *text, unsigned long max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end || end == text || *text == '-' || value > max) {
		fprintf(stderr, "echo_server: '%s' is not a number up to %lu\n",
			text, max);
		exit(2);
	}
	return value;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "design", required_argument, NULL, 'd' },
		{ "port", required_argument, NULL, 'p' },
		{ "connections", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	struct sigaction sa = { .sa_handler = on_signal };
	const char *design = "devepoll";
	unsigned short port = 7777;
	struct server s = { 0 };
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'd':
			design = optarg;
			break;
		case 'p':
			port = (unsigned short)number(optarg, 65535);
			break;
		case 'c':
			s.max = number(optarg, 1000000000);
			break;
		case 'h':
			usage(stdout);
			return 0;
		case 'v':
			puts("echo_server (" PACKAGE_STRING ")");
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		usage(stderr);
		return 2;
	}
	s.q = evq_open(design, 1024);
	if (!s.q && errno == ENOENT) {
		fprintf(stderr, "echo_server: no design '%s': see --help\n",
			design);
		return 2;
	}
	if (!s.q) {
		const char *needs = evq_find(design)->needs;

		fail(needs ? needs : design);
	}
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	s.edge = evq_design(s.q)->flags & EVQ_EDGE;
	s.listener = listen_on(port);
	if (evq_add(s.q, s.listener, POLLIN))
		fail("watching the listener");
	run(&s);
	fprintf(stderr, "echo_server: %lu connections served\n", s.served);
	for (size_t fd = 0; fd < s.n_conns; fd++)
		if (s.conns[fd])
			hang_up(&s, (int)fd);
	close(s.listener);
	evq_close(s.q);
	free(s.conns);
	return 0;
}
