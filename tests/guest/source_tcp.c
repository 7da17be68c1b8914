// SPDX-License-Identifier: GPL-2.0-only
/*
 * source_tcp.c - what is told of TCP and UDP sockets
 *
 * Data comes as wake-ups with the key 0xc3, which always has PRI in it; a
 * connect, a FIN, a reset and a shutdown as wake-ups with the key 0, which
 * says nothing.  Neither may lose an event or invent one.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/net_tstamp.h>

#include "told.h"

/* Closes with a reset instead of a FIN. */
static void reset(int fd)
{
	struct linger l = { .l_onoff = 1, .l_linger = 0 };

	ck_assert(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)) == 0);
	close(fd);
}

/* Sends each byte at once, however many are not yet acknowledged. */
static void promptly(int fd)
{
	int on = 1;

	ck_assert(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) == 0);
}

GUEST_TEST(source, tcp_listener, 30,
	   "a connection that arrives at a TCP listener is POLLIN")
{
	struct evset s;
	int port, fd;

	evset_open(&s, 8);
	fd = guest_listen(&port);
	evset_add(&s, fd, POLL_ALL);
	guest_connect(port);
	told(&s, fd, POLLIN, 0);
}

GUEST_TEST(source, tcp_listener_again, 30,
	   "each further connection is told while earlier ones wait unaccepted")
{
	struct evset s;
	int port, fd, i;

	evset_open(&s, 8);
	fd = guest_listen(&port);
	evset_add(&s, fd, POLL_ALL);
	for (i = 0; i < 5; i++) {
		guest_connect(port);
		told(&s, fd, POLLIN, 0);
	}
}

GUEST_TEST(source, tcp_connects, 30,
	   "a connect that completes is told as POLLOUT, though its key is 0")
{
	struct evset s;
	int port, fd;

	evset_open(&s, 8);
	guest_listen(&port);
	fd = guest_inet(SOCK_STREAM);
	evset_add(&s, fd, POLL_MOST);
	guest_begin_connect(fd, port);
	told_true(&s, fd, POLLOUT, 0);
}

GUEST_TEST(source, tcp_connect_refused, 30,
	   "a refused connect is told as POLLERR and POLLHUP")
{
	struct evset s;
	int fd;

	evset_open(&s, 8);
	fd = guest_inet(SOCK_STREAM);
	evset_add(&s, fd, POLL_MOST);
	guest_begin_connect(fd, guest_dead_port());
	told_true(&s, fd, POLLERR | POLLHUP, POLLIN | POLLOUT | POLLRDHUP);
}

GUEST_TEST(source, tcp_data, 30, "data that arrives is POLLIN and no other bit")
{
	struct evset s;
	int sv[2], i;

	evset_open(&s, 8);
	guest_tcp(sv);
	evset_add(&s, sv[0], POLL_ALL);
	for (i = 0; i < 20; i++) {
		guest_put(sv[1]);
		told(&s, sv[0], POLLIN, 0);
		GUEST_RETURNS(guest_drain(sv[0]), 1);
	}
}

GUEST_TEST(source, tcp_data_again, 30,
	   "each segment is told while unread data waits")
{
	struct evset s;
	int sv[2], i;

	evset_open(&s, 8);
	guest_tcp(sv);
	promptly(sv[1]);
	evset_add(&s, sv[0], POLL_ALL);
	for (i = 0; i < 20; i++) {
		guest_put(sv[1]);
		told(&s, sv[0], POLLIN, 0);
	}
	GUEST_RETURNS(guest_drain(sv[0]), 20);
}

GUEST_TEST(source, tcp_fin, 30,
	   "a half close by the peer is POLLIN and POLLRDHUP, never POLLHUP")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_tcp(sv);
	evset_add(&s, sv[0], POLL_MOST);
	ck_assert(shutdown(sv[1], SHUT_WR) == 0);
	told_true(&s, sv[0], POLLIN | POLLRDHUP, POLLOUT);
}

GUEST_TEST(source, tcp_fin_both, 30,
	   "when both sides have half closed, POLLHUP is told")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_tcp(sv);
	evset_add(&s, sv[0], POLL_MOST);
	ck_assert(shutdown(sv[1], SHUT_WR) == 0);
	told_true(&s, sv[0], POLLIN | POLLRDHUP, POLLOUT);
	ck_assert(shutdown(sv[0], SHUT_WR) == 0);
	told_true(&s, sv[0], POLLHUP, POLLIN | POLLOUT | POLLRDHUP);
}

GUEST_TEST(source, tcp_reset, 30, "a reset by the peer is POLLERR and POLLHUP")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_tcp(sv);
	evset_add(&s, sv[0], POLL_MOST);
	reset(sv[1]);
	told_true(&s, sv[0], POLLERR | POLLHUP, POLLIN | POLLOUT | POLLRDHUP);
}

GUEST_TEST(source, tcp_reset_masked, 30,
	   "a reset shows only POLLIN to who asked only for POLLIN")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_tcp(sv);
	evset_add(&s, sv[0], POLLIN);
	reset(sv[1]);
	told(&s, sv[0], POLLIN, 0);
}

GUEST_TEST(source, tcp_urgent, 30, "an urgent byte is POLLPRI")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_tcp(sv);
	evset_add(&s, sv[0], POLLPRI);
	GUEST_RETURNS(send(sv[1], "!", 1, MSG_OOB), 1);
	told_true(&s, sv[0], POLLPRI, 0);
}

GUEST_TEST(source, tcp_urgent_and_data, 30,
	   "an urgent byte among plain data gives both POLLIN and POLLPRI")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_tcp(sv);
	evset_add(&s, sv[0], POLL_MOST);
	guest_put(sv[1]);
	GUEST_RETURNS(send(sv[1], "!", 1, MSG_OOB), 1);
	told_true(&s, sv[0], POLLIN | POLLPRI, POLLOUT);
}

GUEST_TEST(source, tcp_no_urgent, 30,
	   "plain data never gives POLLPRI, though its wake-ups carry that bit")
{
	struct evset s;
	int sv[2], i;

	evset_open(&s, 8);
	guest_tcp(sv);
	promptly(sv[1]);
	evset_add(&s, sv[0], POLLIN | POLLPRI);
	for (i = 0; i < 100; i++) {
		guest_put(sv[1]);
		told(&s, sv[0], POLLIN, 0);
	}
}

GUEST_TEST(source, tcp_no_urgent_alone, 30,
	   "who asked only for POLLPRI hears nothing of plain data")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_tcp(sv);
	evset_add(&s, sv[0], POLLPRI);
	guest_put(sv[1]);
	GUEST_RETURNS(evset_wait(&s, 200, NULL), 0);
	told_nothing(&s);
}

GUEST_TEST(source, tcp_room, 60,
	   "room to write after EAGAIN is POLLOUT when the peer has read")
{
	struct evset s;
	const struct pollfd *ev;
	long end = guest_ms() + 2 * GUEST_WAIT_MS;
	int sv[2], n;

	evset_open(&s, 8);
	guest_tcp(sv);
	guest_fill(sv[0]);
	evset_add(&s, sv[0], POLL_ALL);
	/* What is on its way arrives after a first drain: drain again. */
	do {
		ck_assert_msg(guest_ms() < end, "the peer reads all, POLLOUT does not come");
		guest_drain(sv[1]);
		n = evset_wait(&s, 100, &ev);
	} while (n == 0);
	ck_assert_msg(n == 1 && ev->fd == sv[0] && ev->revents == POLLOUT,
		      "expected POLLOUT of fd %d, got %d slots, fd %d with %#x",
		      sv[0], n, ev->fd, ev->revents);
}

GUEST_TEST(source, tcp_no_room_no_event, 30,
	   "small writes that leave room are no event for the writer")
{
	struct evset s;
	int sv[2], i;

	evset_open(&s, 8);
	guest_tcp(sv);
	evset_add(&s, sv[0], POLL_ALL);
	for (i = 0; i < 20; i++)
		guest_put(sv[0]);
	GUEST_RETURNS(guest_drain(sv[1]), 20);
	told_nothing(&s);
}

GUEST_TEST(source, tcp_own_shutdown, 30,
	   "a program's own shutdown is told: POLLIN for reading, POLLHUP for both")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_tcp(sv);
	evset_add(&s, sv[0], POLL_MOST);
	ck_assert(shutdown(sv[0], SHUT_RD) == 0);
	told_true(&s, sv[0], POLLIN | POLLRDHUP, POLLOUT);
	ck_assert(shutdown(sv[0], SHUT_RDWR) == 0);
	told_true(&s, sv[0], POLLHUP, POLLIN | POLLOUT | POLLRDHUP);
}

GUEST_TEST(source, tcp_only_out, 30,
	   "who asked only for POLLOUT never hears of data, FIN or reset as POLLIN")
{
	struct evset s;
	const struct pollfd *ev;
	int sv[2], n, i;

	evset_open(&s, 8);
	guest_tcp(sv);
	evset_add(&s, sv[0], POLLOUT);
	for (i = 0; i < 10; i++)
		guest_put(sv[1]);
	told_nothing(&s);
	ck_assert(shutdown(sv[1], SHUT_WR) == 0);
	reset(sv[1]);
	for (;;) {
		n = evset_wait(&s, 200, &ev);
		if (n == 0)
			break;
		ck_assert_msg(n == 1 && ev->revents == POLLOUT,
			      "expected POLLOUT or nothing, got %d slots, first %#x",
			      n, ev->revents);
	}
}

GUEST_TEST(source, tcp_listener_closes, 30,
	   "a connection that nobody accepted is reset when its listener closes")
{
	struct evset s;
	struct pollfd p = { .events = POLLOUT };
	int port, lfd;

	evset_open(&s, 8);
	lfd = guest_listen(&port);
	p.fd = guest_connect(port);
	ck_assert(poll(&p, 1, GUEST_WAIT_MS) == 1);
	evset_add(&s, p.fd, POLL_MOST);
	close(lfd);
	told_true(&s, p.fd, POLLERR | POLLHUP, POLLIN | POLLOUT | POLLRDHUP);
}

GUEST_TEST(source, udp_data, 30, "a datagram is POLLIN and no other bit")
{
	struct evset s;
	int sv[2], i;

	evset_open(&s, 8);
	guest_udp(sv);
	evset_add(&s, sv[0], POLLIN | POLLERR | POLLHUP | POLLPRI);
	for (i = 0; i < 20; i++) {
		guest_put(sv[1]);
		told(&s, sv[0], POLLIN, 0);
	}
	GUEST_RETURNS(guest_drain(sv[0]), 20);
}

GUEST_TEST(source, udp_sent, 30,
	   "who asked only for POLLIN hears nothing of his own sending done")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_udp(sv);
	evset_add(&s, sv[0], POLLIN);
	guest_put(sv[0]);
	GUEST_RETURNS(guest_poll(sv[1], POLLIN), POLLIN);
	told_nothing(&s);
	evset_add(&s, sv[0], POLLOUT);
	guest_put(sv[0]);
	told(&s, sv[0], POLLOUT, 0);
}

GUEST_TEST(source, udp_refused, 30,
	   "the answer that nobody listens is POLLERR for a UDP sender")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_udp(sv);
	close(sv[1]);
	evset_add(&s, sv[0], POLLIN | POLLERR | POLLHUP);
	guest_put(sv[0]);
	told_true(&s, sv[0], POLLERR, POLLIN);
}

/* A UDP socket with an error queue; in it is what a sendto() brought back. */
static int error_queue(int show_as_pri)
{
	int sv[2], on = 1;

	guest_udp(sv);
	close(sv[1]);
	ck_assert(setsockopt(sv[0], IPPROTO_IP, IP_RECVERR, &on, sizeof(on)) == 0);
	ck_assert(setsockopt(sv[0], SOL_SOCKET, SO_SELECT_ERR_QUEUE, &show_as_pri,
			     sizeof(show_as_pri)) == 0);
	return sv[0];
}

GUEST_TEST(source, udp_error_queue, 30,
	   "a message in the error queue is POLLERR, and POLLPRI where the socket asks for that")
{
	struct evset s;
	int fd;

	evset_open(&s, 8);
	fd = error_queue(1);
	evset_add(&s, fd, POLLERR | POLLPRI);
	guest_put(fd);
	told_true(&s, fd, POLLERR | POLLPRI, 0);
}

GUEST_TEST(source, udp_error_queue_pri, 30,
	   "who asks for POLLPRI alone hears of the error queue where the socket asks for that, and else not")
{
	struct evset s;
	int fd[2], i;

	evset_open(&s, 8);
	for (i = 0; i < 2; i++) {
		fd[i] = error_queue(i);
		evset_add(&s, fd[i], POLLPRI);
		guest_put(fd[i]);
		GUEST_RETURNS(guest_poll(fd[i], POLLERR), POLLERR);
	}
	told(&s, fd[1], POLLPRI, 0);
	told_nothing(&s);
}

GUEST_TEST(source, udp_timestamp, 30,
	   "the time at which a datagram was sent comes by the error queue: POLLPRI")
{
	int sv[2], on = 1, what = SOF_TIMESTAMPING_TX_SOFTWARE |
				  SOF_TIMESTAMPING_SOFTWARE |
				  SOF_TIMESTAMPING_OPT_TSONLY;
	struct evset s;

	evset_open(&s, 8);
	guest_udp(sv);
	ck_assert(setsockopt(sv[0], SOL_SOCKET, SO_SELECT_ERR_QUEUE, &on,
			     sizeof(on)) == 0);
	if (setsockopt(sv[0], SOL_SOCKET, SO_TIMESTAMPING, &what, sizeof(what)))
		GUEST_SKIP("SO_TIMESTAMPING: %s", strerror(errno));
	evset_add(&s, sv[0], POLLPRI);
	guest_put(sv[0]);
	told(&s, sv[0], POLLPRI, 0);
}
