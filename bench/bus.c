// SPDX-License-Identifier: GPL-2.0-only
/*
 * bus.c - a D-Bus broker under load, and whether it forgets a client
 *
 * bus DESIGN SECONDS CONNECTIONS
 *
 * Starts dbus-broker by epoll-run on a design, connects and asks it for its id, on
 * each connection again as soon as it has answered.  It watches its connections for
 * IN and OUT, edges only: the client that reads an answer makes it an event, OUT,
 * and the next request is one more, IN, a moment later.  It reads when it was told IN.
 *
 * A request that has no answer after PATIENCE is looked at.  The load stops; when all
 * others have their answers, and the broker has slept for a second with the request
 * unread in its socket, it has stalled: it was not told, or it would have read.
 * Then one more request goes over the same connection.  If both are answered now the
 * broker was neither dead nor confused: the event was lost.
 *
 * Prints one JSON object.  Exit 0: all that was asked was answered in the end, and the
 * broker ended as it was asked to, stalls or not.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "bus.h"

#define PATIENCE	3.0	/* seconds; an answer takes less than a thousandth of it */
#define ENOUGH		10	/* stalls; then the run ends */
#define MAX_CLIENTS	500

/**
 * struct client - a connection
 * @fd: its socket
 * @in: what came and is no whole answer yet
 * @n_in: bytes of that
 * @serial: of the last request; 0: it has yet to log in
 * @owed: how many requests have no answer
 * @asked: when the last one was sent
 * @answers: how many there were
 */
struct client {
	int fd;
	char in[4096];
	size_t n_in;
	uint32_t serial;
	int owed;
	double asked;
	unsigned long answers;
};

static struct client clients[MAX_CLIENTS];
static int n_clients;
static struct bus_daemon bus;
static unsigned long stalls, late, woken;

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---- requests and answers ---- */

static void send_all(struct client *c, const char *text, size_t n)
{
	if (send(c->fd, text, n, MSG_NOSIGNAL) != (ssize_t)n)
		err(1, "connection %td: send", c - clients);
	c->owed++;
	c->asked = now();
}

static void ask(struct client *c)
{
	char out[sizeof(BUS_BEGIN) + BUS_CALL_MAX];
	size_t n = 0;

	if (!c->serial++)
		n = (size_t)(stpcpy(out, BUS_BEGIN) - out);
	n += bus_call(out + n, n ? "Hello" : "GetId", c->serial);
	send_all(c, out, n);
}

/* Bytes of the first answer, or signal, in what came; 0: none is whole. */
static size_t first_answer(struct client *c, bool *is_signal)
{
	char *end;
	size_t n;

	*is_signal = false;
	if (!c->serial) {
		end = memmem(c->in, c->n_in, "\r\n", 2);
		return end ? (size_t)(end + 2 - c->in) : 0;
	}
	n = bus_message(c->in, c->n_in);
	if (n && bus_type(c->in) == BUS_ERROR)
		errx(1, "connection %td: an error is the answer", c - clients);
	*is_signal = n && bus_type(c->in) == BUS_SIGNAL;
	return n;
}

static void read_answers(struct client *c)
{
	bool is_signal;
	ssize_t got;
	size_t n;

	got = recv(c->fd, c->in + c->n_in, sizeof(c->in) - c->n_in, MSG_DONTWAIT);
	if (got <= 0)
		err(1, "connection %td: recv gave %zd", c - clients, got);
	c->n_in += (size_t)got;
	while ((n = first_answer(c, &is_signal))) {
		memmove(c->in, c->in + n, c->n_in - n);
		c->n_in -= n;
		if (is_signal)
			continue;
		c->owed--;
		c->answers++;
	}
}

static void login(struct client *c)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	strcpy(a.sun_path, bus.address);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&a, sizeof(a)))
		err(1, "connection %td", c - clients);
	send_all(c, "\0" BUS_LOGIN, sizeof(BUS_LOGIN));
}

/* Reads what is there within 50 ms; asks again who has its answer, if that is wanted. */
static void turn(bool go_on)
{
	static struct pollfd p[MAX_CLIENTS];

	for (int i = 0; i < n_clients; i++)
		p[i] = (struct pollfd){ .fd = clients[i].fd, .events = POLLIN };
	if (poll(p, (nfds_t)n_clients, 50) < 0)
		err(1, "poll");
	for (int i = 0; i < n_clients; i++) {
		if (!p[i].revents)
			continue;
		read_answers(&clients[i]);
		if (go_on && !clients[i].owed)
			ask(&clients[i]);
	}
}

/* ---- stalls ---- */

static bool is_late(const struct client *c)
{
	return c->owed && now() - c->asked > PATIENCE;
}

static struct client *some_late(void)
{
	for (int i = 0; i < n_clients; i++)
		if (is_late(&clients[i]))
			return &clients[i];
	return NULL;
}

/* Waits until each has its answer or is late. */
static void calm_down(void)
{
	bool waiting;

	do {
		turn(false);
		waiting = false;
		for (int i = 0; i < n_clients; i++)
			waiting |= clients[i].owed && !is_late(&clients[i]);
	} while (waiting);
}

/* Memory that what it has not read takes. */
static int unread(const struct client *c)
{
	int n = 0;

	if (ioctl(c->fd, SIOCOUTQ, &n))
		err(1, "SIOCOUTQ");
	return n;
}

/* Nothing is asked meanwhile, so what wakes the broker at first is what was read before. */
static bool has_stalled(const struct client *c)
{
	unsigned long before, after;

	for (int i = 0; i < 3; i++) {
		bool slept = bus_sleeps(&bus, &before);

		sleep(1);
		if (slept && bus_sleeps(&bus, &after) && before == after)
			return unread(c) > 0;
	}
	return false;
}

/* One more request, which is an event anew; while it logs in that is another line. */
static void poke(struct client *c)
{
	static const char line[] = "NEGOTIATE_UNIX_FD\r\n";

	if (c->serial)
		ask(c);
	else
		send_all(c, line, strlen(line));
	while (c->owed && !is_late(c))
		turn(false);
}

static void look_at(struct client *c)
{
	double since = now() - c->asked;
	int bytes = unread(c);

	if (!has_stalled(c)) {
		/* Slow, or stopped, or at it: it gets as long again. */
		c->asked = now();
		late++;
		return;
	}
	stalls++;
	poke(c);
	woken += !c->owed;
	printf("connection %td, request %u: no answer for %.1f s, %d bytes of memory hold what is unread, the broker sleeps. One more request: %s.\n",
	       c - clients, c->serial, since, bytes,
	       c->owed ? "no answer" : "both are answered");
	fflush(stdout);
}

static void go_on(void)
{
	for (int i = 0; i < n_clients; i++)
		if (!clients[i].owed)
			ask(&clients[i]);
}

static void look_at_the_late(void)
{
	calm_down();
	for (int i = 0; i < n_clients; i++)
		if (is_late(&clients[i]))
			look_at(&clients[i]);
}

static bool all_answered(void)
{
	for (int i = 0; i < n_clients; i++)
		if (clients[i].owed)
			return false;
	return true;
}

/* Under load for so many seconds, those of looking not counted.  Return: how many. */
static double run(double seconds)
{
	double under_load = 0, begun;

	while (under_load < seconds && stalls < ENOUGH) {
		go_on();
		begun = now();
		while (now() - begun < seconds - under_load && !some_late())
			turn(true);
		under_load += now() - begun;
		look_at_the_late();
	}
	for (int i = 0; i < 3 && !all_answered(); i++)
		look_at_the_late();
	return under_load;
}

static long number(const char *text, long max)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*end || n < 1 || n > max)
		errx(2, "wants a number from 1 to %ld, not '%s'", max, text);
	return n;
}

int main(int argc, char **argv)
{
	unsigned long answers = 0;
	int unanswered = 0;
	double under_load;
	bool ended;

	if (argc != 4)
		errx(2, "usage: bus DESIGN SECONDS CONNECTIONS");
	under_load = (double)number(argv[2], 100000);
	n_clients = (int)number(argv[3], MAX_CLIENTS);
	bus_start(&bus, argv[1]);
	for (int i = 0; i < n_clients; i++)
		login(&clients[i]);
	under_load = run(under_load);
	for (int i = 0; i < n_clients; i++) {
		answers += clients[i].answers;
		unanswered += clients[i].owed;
	}
	ended = bus_stop(&bus);
	printf("{\"workload\": \"bus\", \"design\": \"%s\", \"seconds\": %.1f, \"connections\": %d, \"answers\": %lu, \"stalls\": %lu, \"woken\": %lu, \"late\": %lu, \"unanswered\": %d, \"ended\": %s}\n",
	       argv[1], under_load, n_clients, answers, stalls, woken, late, unanswered,
	       ended ? "true" : "false");
	return unanswered || !ended;
}
