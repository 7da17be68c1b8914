// SPDX-License-Identifier: GPL-2.0-only
/*
 * origin2002.c - suite source2002: what the places of 2002 told, and what not
 *
 * With source=2002 events are what SIGIO's bands say.  Each test that ends in a
 * gap has its line in doc/hooks.md.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "evq.h"
#include "second.h"
#include "told.h"
#include "user.h"

enum { ION_IN = 1, ION_OUT = 2, ION_HUP = 3, ION_ERR = 4 };

static void begin(struct evset *s)
{
	if (!guest_param("fcb", "source"))
		GUEST_SKIP("the module fcb is not loaded");
	guest_param_set("fcb", "source", "2002");
	evset_open(s, 8);
}

GUEST_TEST(source2002, unix_data, 30, "data in a unix socket is POLLIN, each time")
{
	struct evset s;
	int u[2], i;

	begin(&s);
	guest_unix(u);
	evset_add(&s, u[0], POLL_MOST);
	for (i = 0; i < 20; i++) {
		guest_put(u[1]);
		evset_expect(&s, u[0], POLLIN);
	}
}

GUEST_TEST(source2002, pipe_data, 30, "data in a pipe is POLLIN, each time")
{
	struct evset s;
	int p[2], i;

	begin(&s);
	guest_pipe(p);
	evset_add(&s, p[0], POLL_MOST);
	for (i = 0; i < 20; i++) {
		guest_put(p[1]);
		evset_expect(&s, p[0], POLLIN);
	}
}

GUEST_TEST(source2002, pipe_out_at_every_read, 30,
	   "a read from a pipe is POLLOUT for the writer, whether it had been full or not")
{
	struct evset s;
	int p[2], i;

	begin(&s);
	guest_pipe(p);
	evset_add(&s, p[1], POLL_MOST);
	for (i = 0; i < 5; i++) {
		guest_put(p[1]);
		GUEST_RETURNS(guest_drain(p[0]), 1);
		evset_expect(&s, p[1], POLLOUT);
	}
}

GUEST_TEST(source2002, pipe_writer_gone_is_in, 30,
	   "gap: the last writer's close is POLLIN for the reader, never POLLHUP")
{
	struct evset s;
	int p[2];

	begin(&s);
	guest_pipe(p);
	evset_add(&s, p[0], POLL_MOST);
	close(p[1]);
	evset_expect(&s, p[0], POLLIN);
	ck_assert(guest_poll(p[0], POLL_MOST) & POLLHUP);
	told_nothing(&s);
}

GUEST_TEST(source2002, pipe_reader_gone_is_out, 30,
	   "gap: the last reader's close is POLLOUT for the writer, never POLLERR")
{
	struct evset s;
	int p[2];

	begin(&s);
	guest_pipe(p);
	evset_add(&s, p[1], POLL_MOST);
	close(p[0]);
	evset_expect(&s, p[1], POLLOUT);
	ck_assert(guest_poll(p[1], POLL_MOST) & POLLERR);
	told_nothing(&s);
}

GUEST_TEST(source2002, unix_hangup_is_hup_err, 30,
	   "a unix peer's close is POLLHUP, with the POLLERR of its band, and no POLLIN")
{
	struct evset s;
	int u[2];

	begin(&s);
	guest_unix(u);
	evset_add(&s, u[0], POLL_MOST);
	close(u[1]);
	evset_expect(&s, u[0], POLLHUP | POLLERR);
	told_nothing(&s);
}

GUEST_TEST(source2002, unix_shutdown_write_is_in, 30,
	   "gap: a unix peer's shutdown for writing is POLLIN, never POLLRDHUP")
{
	struct evset s;
	int u[2];

	begin(&s);
	guest_unix(u);
	evset_add(&s, u[0], POLL_MOST);
	ck_assert(shutdown(u[1], SHUT_WR) == 0);
	evset_expect(&s, u[0], POLLIN);
	ck_assert(guest_poll(u[0], POLL_MOST) & POLLRDHUP);
	told_nothing(&s);
}

GUEST_TEST(source2002, unix_shutdown_read_is_nothing, 30,
	   "gap: a unix peer's shutdown for reading is not told")
{
	struct evset s;
	int u[2];

	begin(&s);
	guest_unix(u);
	evset_add(&s, u[0], POLL_MOST);
	ck_assert(shutdown(u[1], SHUT_RD) == 0);
	told_nothing(&s);
}

GUEST_TEST(source2002, own_shutdown_is_nothing, 30,
	   "gap: one's own shutdown is not told, of a unix socket nor of TCP")
{
	struct evset s;
	int u[2], t[2];

	begin(&s);
	guest_unix(u);
	guest_tcp(t);
	evset_add(&s, u[0], POLL_MOST);
	evset_add(&s, t[0], POLL_MOST);
	ck_assert(shutdown(u[0], SHUT_RD) == 0);
	ck_assert(shutdown(t[0], SHUT_RD) == 0);
	told_nothing(&s);
}

GUEST_TEST(source2002, tcp_fin_is_in, 30,
	   "gap: a FIN is POLLIN, never POLLRDHUP, and no POLLHUP while one direction is open")
{
	struct evset s;
	int t[2];

	begin(&s);
	guest_tcp(t);
	evset_add(&s, t[0], POLL_MOST);
	ck_assert(shutdown(t[1], SHUT_WR) == 0);
	GUEST_RETURNS(evset_expect_bits(&s, t[0], POLLIN), POLLIN);
	ck_assert(guest_poll(t[0], POLL_MOST) & POLLRDHUP);
	told_nothing(&s);
}

GUEST_TEST(source2002, tcp_reset_is_err, 30, "gap: a reset is POLLERR, never POLLHUP")
{
	struct linger l = { .l_onoff = 1 };
	struct evset s;
	int t[2];

	begin(&s);
	guest_tcp(t);
	evset_add(&s, t[0], POLL_MOST);
	ck_assert(setsockopt(t[1], SOL_SOCKET, SO_LINGER, &l, sizeof(l)) == 0);
	close(t[1]);
	evset_expect(&s, t[0], POLLERR);
	ck_assert(guest_poll(t[0], POLL_MOST) & POLLHUP);
	told_nothing(&s);
}

GUEST_TEST(source2002, tcp_connect_is_out, 30, "a connect that completes is POLLOUT")
{
	struct evset s;
	int fd, port;

	begin(&s);
	guest_listen(&port);
	fd = guest_inet(SOCK_STREAM);
	evset_add(&s, fd, POLL_MOST);
	guest_begin_connect(fd, port);
	evset_expect(&s, fd, POLLOUT);
	told_nothing(&s);
}

GUEST_TEST(source2002, tcp_refused_is_err, 30,
	   "gap: a refused connect is POLLERR, never POLLHUP")
{
	struct evset s;
	int fd;

	begin(&s);
	fd = guest_inet(SOCK_STREAM);
	evset_add(&s, fd, POLL_MOST);
	guest_begin_connect(fd, guest_dead_port());
	evset_expect(&s, fd, POLLERR);
	told_nothing(&s);
}

GUEST_TEST(source2002, tcp_urgent_is_in, 30,
	   "gap: an urgent byte is POLLIN; POLLPRI is for files with an owner alone")
{
	struct evset s;
	int t[2];

	begin(&s);
	guest_tcp(t);
	evset_add(&s, t[0], POLL_MOST);
	ck_assert(send(t[1], "!", 1, MSG_OOB) == 1);
	GUEST_RETURNS(evset_expect_bits(&s, t[0], POLLIN), POLLIN);
	ck_assert(guest_poll(t[0], POLL_MOST) & POLLPRI);
	told_nothing(&s);
}

GUEST_TEST(source2002, listeners, 30, "a connection that arrives is POLLIN for the listener")
{
	struct evset s;
	int l, port;

	begin(&s);
	l = guest_listen(&port);
	evset_add(&s, l, POLL_MOST);
	guest_connect(port);
	evset_expect(&s, l, POLLIN);
}

GUEST_TEST(source2002, all_else_is_deaf, 30,
	   "gap: what is neither socket nor pipe can be added, and is never told of")
{
	struct evset s, inner;
	int e, p[2];

	begin(&s);
	evset_open(&inner, 8);
	e = guest_eventfd();
	guest_pipe(p);
	evset_add(&inner, p[0], POLLIN);
	evset_add(&s, e, POLL_MOST);
	evset_add(&s, inner.fd, POLL_MOST);
	guest_put(e);
	guest_put(p[1]);
	evset_expect(&inner, p[0], POLLIN);
	told_nothing(&s);
	close(e);
	GUEST_RETURNS(evset_info(&s, "items"), 1);
}

GUEST_TEST(source2002, words, 30,
	   "the event says its kind by ION_IN, ION_OUT, ION_HUP, and has no doubts")
{
	struct fcb_test_arg a;
	struct evset s;
	int u[2], p[2], dev = second_open();

	begin(&s);
	guest_unix(u);
	guest_pipe(p);
	second_add(dev, 0, u[0]);
	second_add(dev, 1, p[0]);
	second_add(dev, 2, p[1]);
	guest_put(u[1]);
	a = second_heard(dev, 0);
	GUEST_RETURNS(a.ioevt, ION_IN);
	GUEST_RETURNS((int)a.plevt, POLLIN | POLLRDNORM);
	GUEST_RETURNS(a.end, -1);
	close(u[1]);
	a = second_heard(dev, 0);
	GUEST_RETURNS(a.ioevt, ION_HUP);
	GUEST_RETURNS((int)a.plevt, POLLIN | POLLRDNORM | POLLHUP | POLLERR);
	guest_put(p[1]);
	GUEST_RETURNS(second_heard(dev, 1).ioevt, ION_IN);
	guest_drain(p[0]);
	a = second_heard(dev, 2);
	GUEST_RETURNS(a.ioevt, ION_OUT);
	GUEST_RETURNS((int)a.plevt, POLLOUT | POLLWRNORM | POLLWRBAND);
	GUEST_RETURNS(second_events(dev, 1), 1);
}

/* The other end's close of a pipe: IN by the places of 2002, else HUP. */
static void last_writer_goes(struct evq *q, int fd[2], short told)
{
	ck_assert_msg(!evq_add(q, fd[0], POLLIN | POLLHUP), "evq_add: %s",
		      strerror(errno));
	close(fd[1]);
	GUEST_RETURNS(evq_wait(q, GUEST_WAIT_MS), 1);
	GUEST_RETURNS(evq_get_fd(q, 0), fd[0]);
	GUEST_RETURNS(evq_get_revents(q, 0), told);
}

GUEST_TEST(source2002, by_a_queue, 30,
	   "libevq's devepoll-2002 registers by this source, and puts the parameter back: others have theirs")
{
	static const char *const around[] = { "tap", "socket", "2002" };
	int p[2], other[2], e = guest_eventfd();
	struct evq *q, *usual;
	size_t i;

	for (i = 0; i < sizeof(around) / sizeof(*around); i++) {
		guest_param_set("fcb", "source", around[i]);
		q = evq_open("devepoll-2002", 4);
		ck_assert_msg(q, "devepoll-2002: %s", strerror(errno));
		ck_assert_str_eq(guest_param("fcb", "source"), around[i]);
		guest_pipe(p);
		last_writer_goes(q, p, POLLIN);
		ck_assert_str_eq(guest_param("fcb", "source"), around[i]);
		/* It would be deaf. */
		GUEST_FAILS(evq_add(q, e, POLLIN), EPERM);
		GUEST_FAILS(evq_add(q, 9999, POLLIN), EBADF);
		ck_assert_str_eq(guest_param("fcb", "source"), around[i]);
		usual = evq_open("devepoll", 4);
		ck_assert(usual);
		guest_pipe(other);
		last_writer_goes(usual, other, strcmp(around[i], "2002") ? POLLHUP : POLLIN);
		evq_close(usual);
		evq_close(q);
	}
}

GUEST_TEST(source2002, queue_is_roots, 30,
	   "who may open the device and not set the parameter gets EACCES from devepoll-2002")
{
	int status;
	pid_t child;

	ck_assert(chmod(GUEST_DEVICE, 0666) == 0);
	child = fork_as(USER);
	if (!child) {
		ck_assert(evq_open("devepoll", 4));
		GUEST_RETURNS(evq_open("devepoll-2002", 4) ? 0 : errno, EACCES);
		_exit(0);
	}
	ck_assert(waitpid(child, &status, 0) == child);
	ck_assert(chmod(GUEST_DEVICE, 0600) == 0);
	GUEST_RETURNS(status, 0);
}
