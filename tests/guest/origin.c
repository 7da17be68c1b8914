// SPDX-License-Identifier: GPL-2.0-only
/*
 * origin.c - where events come from: the parameter "source" of fcb, and what
 * holds for each source
 *
 * What is told, kind by kind, is the suite "source", which runs on each source
 * that tells the same; what the places of 2002 told instead is "source2002"; sockets
 * that are not as others of their kind are "callbacks".
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "modules.h"
#include "second.h"
#include "told.h"

#define SOURCE	"/sys/module/fcb/parameters/source"

/* Registrations from here on; what was set comes back after the test. */
static void use(const char *source)
{
	if (!guest_param("fcb", "source"))
		GUEST_SKIP("the module fcb is not loaded");
	guest_file_set(SOURCE, source);
	ck_assert_str_eq(guest_param("fcb", "source"), source);
}

static int set_source(const char *word)
{
	int fd = open(SOURCE, O_WRONLY | O_CLOEXEC), ret;

	ck_assert_msg(fd >= 0, SOURCE ": %s", strerror(errno));
	ret = write(fd, word, strlen(word)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

GUEST_TEST(origin, unknown_word, 30,
	   "an unknown source is EINVAL, the log has one line with the legal ones, nothing changes")
{
	use("tap");
	log_begin();
	GUEST_RETURNS(set_source("taps"), -EINVAL);
	GUEST_RETURNS(log_count("auto, socket, tap, 2002"), 1);
	GUEST_RETURNS(set_source("\n"), -EINVAL);
	GUEST_RETURNS(set_source("tap tap tap tap tap tap tap tap"), -EINVAL);
	ck_assert_str_eq(guest_param("fcb", "source"), "tap");
}

GUEST_TEST(origin, each_by_name, 30,
	   "each source can be had by its name, again and again, and auto is socket")
{
	int i;

	for (i = 0; i < 3; i++) {
		use("tap");
		use("2002");
		use("socket");
		use("tap");
		GUEST_RETURNS(set_source("auto"), 0);
		ck_assert_str_eq(guest_param("fcb", "source"), "socket");
	}
}

/* One byte is one event for each of the registrations 0 .. n-1. */
static void each_hears_once(int dev, int n, int to, int from)
{
	int before[3], i;

	for (i = 0; i < n; i++)
		before[i] = second_events(dev, i);
	guest_put(to);
	for (i = 0; i < n; i++)
		GUEST_RETURNS(second_events(dev, i) - before[i], 1);
	/* A reader is told to the writer; here it is the other socket. */
	GUEST_RETURNS(guest_drain(from), 1);
}

GUEST_TEST(origin, one_event_is_told_once, 30,
	   "on each source a byte is one event, not two and not none")
{
	static const char *const all[] = { "tap", "socket", "2002" };
	int u[2], i, dev = second_open();

	for (i = 0; i < 3; i++) {
		guest_unix(u);
		use(all[i]);
		second_add(dev, 0, u[0]);
		each_hears_once(dev, 1, u[1], u[0]);
		each_hears_once(dev, 1, u[1], u[0]);
		second_remove(dev, 0);
		close(u[0]);
		close(u[1]);
	}
}

static void three_on_one(const char *const order[3])
{
	int u[2], i, dev = second_open();

	guest_unix(u);
	for (i = 0; i < 3; i++) {
		use(order[i]);
		second_add(dev, i, u[0]);
		each_hears_once(dev, i + 1, u[1], u[0]);
	}
	/* Each goes without the others. */
	second_remove(dev, 1);
	guest_put(u[1]);
	GUEST_RETURNS(second_events(dev, 0), 4);
	GUEST_RETURNS(second_events(dev, 1), 2);
	GUEST_RETURNS(second_events(dev, 2), 2);
	second_remove(dev, 0);
	guest_put(u[1]);
	GUEST_RETURNS(second_events(dev, 0), 4);
	GUEST_RETURNS(second_events(dev, 2), 3);
	second_remove(dev, 2);
	guest_put(u[1]);
	GUEST_RETURNS(second_events(dev, 2), 3);
	close(dev);
}

GUEST_TEST(origin, three_sources_on_one_file, 30,
	   "registrations with different sources on one file: each hears each event once, in any order")
{
	three_on_one((const char *const[]){ "tap", "socket", "2002" });
	three_on_one((const char *const[]){ "socket", "tap", "2002" });
	three_on_one((const char *const[]){ "2002", "socket", "tap" });
	three_on_one((const char *const[]){ "2002", "tap", "socket" });
}

GUEST_TEST(origin, stays_when_the_parameter_changes, 30,
	   "a registration keeps the source that was set when it was made")
{
	struct evset s;
	int u[2], e = guest_eventfd();

	use("socket");
	evset_open(&s, 8);
	guest_unix(u);
	evset_add(&s, u[0], POLLIN);
	evset_add(&s, e, POLLIN);
	use("2002");
	guest_put(e);
	evset_expect(&s, e, POLLIN);
	guest_put(u[1]);
	evset_expect(&s, u[0], POLLIN);
	use("tap");
	guest_put(u[1]);
	evset_expect(&s, u[0], POLLIN);
	evset_del(&s, u[0]);
	guest_put(u[1]);
	told_nothing(&s);
}

/*
 * An entry that is left on a socket is noticed by the kernel when the socket
 * goes, and it says so.
 */
GUEST_TEST(origin, leaves_no_entry, 60,
	   "a removal and a close take the entry off the socket's list before the socket goes")
{
	static const char *const hooked[] = { "socket", "2002" };
	struct evset s;
	int u[2], t[2], i, j;

	evset_open(&s, 8);
	log_begin();
	for (i = 0; i < 2; i++) {
		use(hooked[i]);
		for (j = 0; j < 2; j++) {
			guest_unix(u);
			guest_tcp(t);
			evset_add(&s, u[0], POLLIN);
			evset_add(&s, t[0], POLLIN);
			if (j) {
				evset_del(&s, u[0]);
				evset_del(&s, t[0]);
			}
			close(u[0]);
			close(t[0]);
			GUEST_RETURNS(evset_info(&s, "items"), 0);
			close(u[1]);
			close(t[1]);
		}
	}
	GUEST_RETURNS(log_count("fasync list not empty"), 0);
}

/*
 * A program's own SIGIO.  Blocked, and taken by sigtimedwait().
 */
static void sigio_begin(int fd)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	ck_assert(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	ck_assert(fcntl(fd, F_SETOWN, getpid()) == 0);
}

static void sigio_set(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	ck_assert(fcntl(fd, F_SETFL, on ? flags | O_ASYNC : flags & ~O_ASYNC) == 0);
}

/* Is one pending, or does it come within so many milliseconds? */
static bool sigio_comes(int ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	return sigtimedwait(&set, NULL, &ts) == SIGIO;
}

/* Both the set and the program hear of a byte, or the set alone. */
static void both_hear(const struct evset *s, int to, int fd, bool signal)
{
	guest_put(to);
	evset_expect(s, fd, POLLIN);
	ck_assert_msg(sigio_comes(signal ? GUEST_WAIT_MS : 0) == signal,
		      signal ? "SIGIO did not come" : "SIGIO came");
	GUEST_RETURNS(guest_drain(fd), 1);
}

static void own_o_async(const char *source, int to, int fd)
{
	struct evset s;

	use(source);
	evset_open(&s, 8);
	sigio_begin(fd);
	/* First the program, then the set. */
	sigio_set(fd, true);
	evset_add(&s, fd, POLLIN);
	both_hear(&s, to, fd, true);
	sigio_set(fd, false);
	both_hear(&s, to, fd, false);
	/* The other way round. */
	sigio_set(fd, true);
	both_hear(&s, to, fd, true);
	evset_del(&s, fd);
	guest_put(to);
	ck_assert_msg(sigio_comes(GUEST_WAIT_MS), "SIGIO did not come after the removal");
	evset_none(&s);
	evset_close(&s);
	sigio_set(fd, false);
	guest_drain(fd);
}

GUEST_TEST(origin, own_o_async_of_a_socket, 60,
	   "a socket's own O_ASYNC works beside the source, comes and goes as it likes")
{
	int u[2];

	guest_unix(u);
	own_o_async("socket", u[1], u[0]);
	own_o_async("2002", u[1], u[0]);
	own_o_async("tap", u[1], u[0]);
}

GUEST_TEST(origin, own_o_async_of_a_pipe, 60,
	   "a pipe's own O_ASYNC works beside the source, comes and goes as it likes")
{
	int p[2];

	guest_pipe(p);
	own_o_async("2002", p[1], p[0]);
	own_o_async("socket", p[1], p[0]);
}

static void accepts(const char *source)
{
	struct evset s;
	int port, l, c, a;

	use(source);
	evset_open(&s, 8);
	l = guest_listen(&port);
	evset_add(&s, l, POLLIN);
	c = guest_connect(port);
	evset_expect(&s, l, POLLIN);
	a = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	ck_assert_msg(a >= 0, "accept: %s", strerror(errno));
	/* Nobody watches it, whatever the flag says. */
	guest_put(c);
	told_nothing(&s);
	evset_add(&s, a, POLLIN);
	guest_put(c);
	evset_expect(&s, a, POLLIN);
	evset_del(&s, l);
	guest_put(c);
	evset_expect(&s, a, POLLIN);
	evset_del(&s, a);
	guest_drain(a);
	sigio_begin(a);
	sigio_set(a, true);
	guest_put(c);
	ck_assert_msg(sigio_comes(GUEST_WAIT_MS), "SIGIO of the accepted socket did not come");
	close(a);
	close(c);
	close(l);
}

GUEST_TEST(origin, accepted_from_a_watched_listener, 60,
	   "a socket accepted from a watched listener is watched by nobody, and can be, and has its own SIGIO")
{
	accepts("socket");
	accepts("2002");
}

GUEST_TEST(origin, full_peer_of_a_datagram_sender, 60,
	   "a datagram sender whose peer was full is told POLLOUT when that reads")
{
	struct evset s;
	int d[2];

	use("socket");
	evset_open(&s, 8);
	guest_dgram(d);
	evset_add(&s, d[0], POLLOUT);
	while (evset_wait(&s, 0, NULL) > 0)
		;
	guest_fill(d[0]);
	/* Looked at while it is full, it listens to its peer from then on. */
	GUEST_RETURNS(guest_poll(d[0], POLLOUT), 0);
	while (evset_wait(&s, 0, NULL) > 0)
		;
	guest_drain(d[1]);
	told(&s, d[0], POLLOUT, 0);
}
