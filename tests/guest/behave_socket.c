// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_socket.c - what sockets tell: unix, TCP, UDP, netlink
 *
 * A socket wakes more often than it has something new to say, and with keys
 * that say too much (data carries EPOLLPRI) or nothing (a connect, a FIN, a
 * reset).  What is told is what the socket answers when it is asked, so these
 * tests wait with poll(2) until the network has done its part, and then want
 * the exact bits.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "behave.h"

/* All that can be asked for; EPOLLERR and EPOLLHUP come unasked. */
#define MOST	(EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP)

/* Waits until all of @bits are true at once. */
static void until(int fd, int bits)
{
	struct pollfd p = { .fd = fd, .events = (short)bits };

	do {
		GUEST_RETURNS(poll(&p, 1, GUEST_WAIT_MS), 1);
	} while ((p.revents & bits) != bits);
}

/*
 * Unix sockets
 */

static void pair(int sv[2], int type)
{
	GUEST_RETURNS(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC,
				 0, sv), 0);
}

BEHAVE_TEST(unix_stream_data, 20, BEHAVE_EPOLL,
	    "data in a unix stream is EPOLLIN until it is read")
{
	int sv[2], ep = behave_create();

	guest_unix(sv);
	behave_add(ep, sv[0], EPOLLIN | EPOLLPRI | EPOLLRDHUP);
	behave_none(ep);
	guest_put(sv[1]);
	behave_expect(ep, sv[0], EPOLLIN);
	behave_expect(ep, sv[0], EPOLLIN);
	guest_drain(sv[0]);
	behave_none(ep);
}

BEHAVE_TEST(unix_stream_edges, 20, BEHAVE_EPOLL,
	    "edge-triggered: each write to a unix stream is an event, with all that is true")
{
	int sv[2], ep = behave_create();

	guest_unix(sv);
	behave_add(ep, sv[0], MOST | EPOLLET);
	behave_expect(ep, sv[0], EPOLLOUT);
	behave_none(ep);
	for (int i = 0; i < 3; i++) {
		guest_put(sv[1]);
		behave_expect(ep, sv[0], EPOLLIN | EPOLLOUT);
		behave_none(ep);
	}
}

BEHAVE_TEST(only_asked_bits_are_told, 20, BEHAVE_EPOLL,
	    "who asked a socket for EPOLLOUT alone hears of no data, and the reverse")
{
	int sv[2], ep = behave_create();

	guest_unix(sv);
	guest_put(sv[1]);
	behave_add(ep, sv[0], EPOLLOUT);
	behave_expect(ep, sv[0], EPOLLOUT);
	guest_put(sv[1]);
	behave_expect(ep, sv[0], EPOLLOUT);
	behave_mod(ep, sv[0], EPOLLIN);
	behave_expect(ep, sv[0], EPOLLIN);
	behave_mod(ep, sv[0], EPOLLPRI);
	behave_none(ep);
	guest_put(sv[1]);
	behave_none(ep);
}

BEHAVE_TEST(rdnorm_is_a_bit_of_its_own, 20, BEHAVE_EPOLL,
	    "EPOLLRDNORM and EPOLLWRNORM are told to who asks for them, and say nothing of EPOLLIN and EPOLLOUT")
{
	int sv[2], ep = behave_create();

	guest_unix(sv);
	guest_put(sv[1]);
	behave_add(ep, sv[0], EPOLLRDNORM | EPOLLRDBAND);
	behave_expect(ep, sv[0], EPOLLRDNORM);
	behave_mod(ep, sv[0], EPOLLWRNORM | EPOLLIN);
	behave_expect(ep, sv[0], EPOLLWRNORM | EPOLLIN);
}

BEHAVE_TEST(unix_stream_peer_closed, 20, BEHAVE_EPOLL,
	    "the close of a unix stream's peer is EPOLLHUP unasked, EPOLLRDHUP and EPOLLIN asked")
{
	int sv[2], ep = behave_create();

	guest_unix(sv);
	behave_add(ep, sv[0], 0);
	close(sv[1]);
	behave_expect(ep, sv[0], EPOLLHUP);
	behave_mod(ep, sv[0], EPOLLIN);
	behave_expect(ep, sv[0], EPOLLIN | EPOLLHUP);
	behave_mod(ep, sv[0], MOST);
	behave_expect(ep, sv[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
}

BEHAVE_TEST(unix_stream_peer_closed_edge, 20, BEHAVE_EVERY,
	    "edge-triggered: the close of a unix stream's peer is told, though its wake-up says nothing, and once")
{
	int sv[2], ep = behave_create();

	guest_unix(sv);
	behave_add(ep, sv[0], EPOLLIN | EPOLLRDHUP | EPOLLET);
	guest_put(sv[1]);
	behave_expect(ep, sv[0], EPOLLIN);
	close(sv[1]);
	behave_expect(ep, sv[0], EPOLLIN | EPOLLRDHUP | EPOLLHUP);
	behave_none(ep);
}

BEHAVE_TEST(unix_stream_peer_left_data, 20, BEHAVE_EPOLL,
	    "a peer that closes with our data unread is EPOLLERR too, until the error is read")
{
	int sv[2], err = 0, ep = behave_create();
	socklen_t len = sizeof(err);

	guest_unix(sv);
	guest_put(sv[0]);
	behave_add(ep, sv[0], EPOLLRDHUP);
	behave_none(ep);
	close(sv[1]);
	behave_expect(ep, sv[0], EPOLLRDHUP | EPOLLERR | EPOLLHUP);
	GUEST_RETURNS(getsockopt(sv[0], SOL_SOCKET, SO_ERROR, &err, &len), 0);
	ck_assert_int_eq(err, ECONNRESET);
	behave_expect(ep, sv[0], EPOLLRDHUP | EPOLLHUP);
}

BEHAVE_TEST(unix_stream_half_closed, 20, BEHAVE_EPOLL,
	    "half a shutdown is EPOLLRDHUP and EPOLLIN for the other side, both halves are EPOLLHUP")
{
	int sv[2], ep = behave_create();

	guest_unix(sv);
	behave_add(ep, sv[0], MOST);
	GUEST_RETURNS(shutdown(sv[1], SHUT_WR), 0);
	behave_expect(ep, sv[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP);
	GUEST_RETURNS(shutdown(sv[0], SHUT_WR), 0);
	behave_expect(ep, sv[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
}

BEHAVE_TEST(unix_stream_own_shutdown, 20, BEHAVE_EVERY,
	    "edge-triggered: a socket's own shutdown is an event too")
{
	int sv[2], ep = behave_create();

	guest_unix(sv);
	behave_add(ep, sv[0], EPOLLIN | EPOLLRDHUP | EPOLLET);
	behave_none(ep);
	GUEST_RETURNS(shutdown(sv[0], SHUT_RD), 0);
	behave_expect(ep, sv[0], EPOLLIN | EPOLLRDHUP);
	behave_none(ep);
	GUEST_RETURNS(shutdown(sv[0], SHUT_WR), 0);
	behave_expect(ep, sv[0], EPOLLIN | EPOLLRDHUP | EPOLLHUP);
	behave_none(ep);
}

BEHAVE_TEST(unix_stream_room, 20, BEHAVE_EPOLL,
	    "a full unix stream has no EPOLLOUT until its peer has read, level and edge")
{
	int sv[2], level = behave_create(), edge = behave_create();

	guest_unix(sv);
	guest_fill(sv[0]);
	behave_add(level, sv[0], EPOLLOUT);
	behave_add(edge, sv[0], EPOLLOUT | EPOLLET);
	behave_none(level);
	behave_none(edge);
	guest_drain(sv[1]);
	behave_expect(edge, sv[0], EPOLLOUT);
	behave_expect(level, sv[0], EPOLLOUT);
	behave_expect(level, sv[0], EPOLLOUT);
}

BEHAVE_TEST(unix_fresh_socket_is_hup, 20, BEHAVE_EPOLL,
	    "a unix stream that is not connected tells EPOLLOUT and EPOLLHUP at once")
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int ep = behave_create();

	behave_add(ep, fd, MOST);
	behave_expect(ep, fd, EPOLLOUT | EPOLLHUP);
}

/* An address that is no file. */
static socklen_t unix_address(struct sockaddr_un *a, const char *what)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			   snprintf(a->sun_path + 1, sizeof(a->sun_path) - 1,
				    "behave-%s-%d", what, getpid()));
}

static int unix_socket(int type)
{
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	ck_assert_msg(fd >= 0, "socket: %s", strerror(errno));
	return fd;
}

BEHAVE_TEST(unix_listener, 20, BEHAVE_EPOLL,
	    "a unix listener tells EPOLLIN while a connection waits to be accepted")
{
	int s = unix_socket(SOCK_STREAM), a, b, got, ep = behave_create();
	struct sockaddr_un addr;
	socklen_t len = unix_address(&addr, "listener");

	GUEST_RETURNS(bind(s, (struct sockaddr *)&addr, len), 0);
	GUEST_RETURNS(listen(s, 8), 0);
	behave_add(ep, s, MOST);
	behave_none(ep);
	a = unix_socket(SOCK_STREAM);
	b = unix_socket(SOCK_STREAM);
	GUEST_RETURNS(connect(a, (struct sockaddr *)&addr, len), 0);
	GUEST_RETURNS(connect(b, (struct sockaddr *)&addr, len), 0);
	for (int i = 0; i < 2; i++) {
		behave_expect(ep, s, EPOLLIN);
		got = accept(s, NULL, NULL);
		ck_assert_int_ge(got, 0);
		/* Its own file: adding it is no matter of the listener. */
		behave_add(ep, got, EPOLLRDHUP);
	}
	behave_none(ep);
	close(b);
	behave_expect(ep, got, EPOLLRDHUP | EPOLLHUP);
}

BEHAVE_TEST(unix_dgram_message, 20, BEHAVE_EPOLL,
	    "each unix datagram is an edge, and EPOLLIN until the last one is read")
{
	int sv[2], level = behave_create(), edge = behave_create();
	char c;

	guest_dgram(sv);
	behave_add(level, sv[0], EPOLLIN);
	behave_add(edge, sv[0], EPOLLIN | EPOLLET);
	for (int i = 0; i < 3; i++) {
		guest_put(sv[1]);
		behave_expect(edge, sv[0], EPOLLIN);
		behave_none(edge);
	}
	for (int i = 0; i < 3; i++) {
		behave_expect(level, sv[0], EPOLLIN);
		GUEST_RETURNS(read(sv[0], &c, 1), 1);
	}
	behave_none(level);
}

BEHAVE_TEST(unix_dgram_peer_closed, 20, BEHAVE_EPOLL,
	    "the close of a datagram's peer is no hang-up")
{
	int sv[2], ep = behave_create();

	guest_dgram(sv);
	behave_add(ep, sv[0], EPOLLIN | EPOLLRDHUP);
	close(sv[1]);
	behave_none(ep);
}

BEHAVE_TEST(unix_dgram_room_at_the_receiver, 20, BEHAVE_EPOLL,
	    "a datagram sender whose receiver's queue is full hears of room there, on a wait queue not its own")
{
	int to = unix_socket(SOCK_DGRAM), from = unix_socket(SOCK_DGRAM);
	int level = behave_create(), edge = behave_create();
	struct sockaddr_un addr;
	socklen_t len = unix_address(&addr, "receiver");

	GUEST_RETURNS(bind(to, (struct sockaddr *)&addr, len), 0);
	GUEST_RETURNS(connect(from, (struct sockaddr *)&addr, len), 0);
	behave_add(level, from, EPOLLOUT);
	behave_add(edge, from, EPOLLOUT | EPOLLET);
	behave_expect(level, from, EPOLLOUT);
	behave_expect(edge, from, EPOLLOUT);
	while (write(from, "x", 1) == 1)
		;
	ck_assert_int_eq(errno, EAGAIN);
	behave_none(level);
	behave_none(edge);
	guest_drain(to);
	behave_expect(level, from, EPOLLOUT);
	behave_expect(edge, from, EPOLLOUT);
}

BEHAVE_TEST(unix_seqpacket, 20, BEHAVE_EPOLL,
	    "a seqpacket pair tells messages as a datagram does, and a hang-up as a stream does")
{
	int sv[2], ep = behave_create();

	pair(sv, SOCK_SEQPACKET);
	behave_add(ep, sv[0], MOST);
	behave_expect(ep, sv[0], EPOLLOUT);
	guest_put(sv[1]);
	behave_expect(ep, sv[0], EPOLLIN | EPOLLOUT);
	guest_drain(sv[0]);
	behave_expect(ep, sv[0], EPOLLOUT);
	close(sv[1]);
	behave_expect(ep, sv[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
}

/*
 * TCP
 */

static int socket_error(int fd)
{
	int err = 0;
	socklen_t len = sizeof(err);

	GUEST_RETURNS(getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len), 0);
	return err;
}

BEHAVE_TEST(tcp_listener_until_accepted, 30, BEHAVE_EPOLL,
	    "a TCP listener tells EPOLLIN while a connection waits, and each one that comes is an edge")
{
	int level = behave_create(), edge = behave_create();
	int port, s = guest_listen(&port);

	behave_add(level, s, MOST);
	behave_add(edge, s, MOST | EPOLLET);
	for (int i = 0; i < 3; i++) {
		behave_none(edge);
		guest_connect(port);
		behave_expect(edge, s, EPOLLIN);
	}
	for (int i = 0; i < 3; i++) {
		behave_expect(level, s, EPOLLIN);
		ck_assert_int_ge(accept(s, NULL, NULL), 0);
	}
	behave_none(level);
}

BEHAVE_TEST(tcp_fresh_socket_connects, 30, BEHAVE_EPOLL,
	    "a TCP socket is EPOLLOUT and EPOLLHUP before it connects, and writable after")
{
	int port, fd = guest_inet(SOCK_STREAM), ep = behave_create();

	guest_listen(&port);
	behave_add(ep, fd, MOST);
	behave_expect(ep, fd, EPOLLOUT | EPOLLHUP);
	guest_begin_connect(fd, port);
	until(fd, POLLOUT);
	behave_expect(ep, fd, EPOLLOUT);
	ck_assert_int_eq(socket_error(fd), 0);
}

BEHAVE_TEST(tcp_connect_is_an_edge, 30, BEHAVE_EPOLL,
	    "edge-triggered: a connect that completes is told, though its wake-up says nothing")
{
	int port, fd = guest_inet(SOCK_STREAM), ep = behave_create();
	struct epoll_event ev;

	guest_listen(&port);
	behave_add(ep, fd, EPOLLOUT | EPOLLET);
	behave_expect(ep, fd, EPOLLOUT | EPOLLHUP);
	guest_begin_connect(fd, port);
	/* The beginning of the connect may be an edge of its own. */
	do {
		GUEST_RETURNS(behave_wait(ep, &ev, 1, GUEST_WAIT_MS), 1);
	} while (ev.events != EPOLLOUT);
	ck_assert_int_eq(socket_error(fd), 0);
}

BEHAVE_TEST(tcp_connect_refused, 30, BEHAVE_EPOLL,
	    "a refused connect is every bit at once, and EPOLLERR goes with the error that is read")
{
	int fd = guest_inet(SOCK_STREAM), ep = behave_create();

	guest_begin_connect(fd, guest_dead_port());
	behave_add(ep, fd, MOST);
	until(fd, POLLERR | POLLHUP | POLLRDHUP);
	behave_expect(ep, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLERR | EPOLLHUP);
	ck_assert_int_eq(socket_error(fd), ECONNREFUSED);
	behave_expect(ep, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
}

BEHAVE_TEST(tcp_data_until_read, 30, BEHAVE_EPOLL,
	    "TCP data is EPOLLIN until it is read, and no other bit")
{
	int sv[2], ep = behave_create();

	guest_tcp(sv);
	behave_add(ep, sv[0], EPOLLIN | EPOLLPRI | EPOLLRDHUP);
	behave_none(ep);
	for (int i = 0; i < 3; i++) {
		guest_put(sv[1]);
		behave_expect(ep, sv[0], EPOLLIN);
		behave_expect(ep, sv[0], EPOLLIN);
		GUEST_RETURNS(guest_drain(sv[0]), 1);
		behave_none(ep);
	}
}

BEHAVE_TEST(tcp_each_segment_is_an_edge, 30, BEHAVE_EVERY,
	    "edge-triggered: each segment that comes is an event, read or not")
{
	int sv[2], on = 1, ep = behave_create();

	guest_tcp(sv);
	GUEST_RETURNS(setsockopt(sv[1], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)),
		      0);
	behave_add(ep, sv[0], EPOLLIN | EPOLLET);
	for (int i = 0; i < 5; i++) {
		guest_put(sv[1]);
		behave_expect(ep, sv[0], EPOLLIN);
		behave_none(ep);
	}
	GUEST_RETURNS(guest_drain(sv[0]), 5);
}

struct waiting {
	int fd, bytes;
};

static bool waiting(void *arg)
{
	struct waiting *w = arg;
	int n = 0;

	return ioctl(w->fd, SIOCINQ, &n) == 0 && n >= w->bytes;
}

BEHAVE_TEST(tcp_low_water_mark, 30, BEHAVE_EPOLL,
	    "fewer bytes than SO_RCVLOWAT asks for are no EPOLLIN")
{
	int sv[2], three = 3, ep = behave_create();

	guest_tcp(sv);
	GUEST_RETURNS(setsockopt(sv[0], SOL_SOCKET, SO_RCVLOWAT, &three,
				 sizeof(three)), 0);
	behave_add(ep, sv[0], EPOLLIN);
	GUEST_RETURNS(write(sv[1], "ab", 2), 2);
	guest_until(waiting, &(struct waiting){ sv[0], 2 }, "two bytes have come");
	behave_none(ep);
	GUEST_RETURNS(write(sv[1], "c", 1), 1);
	behave_expect(ep, sv[0], EPOLLIN);
}

BEHAVE_TEST(tcp_half_closed, 30, BEHAVE_EPOLL,
	    "a FIN is EPOLLRDHUP and EPOLLIN, and EPOLLHUP when this side has shut down too")
{
	int sv[2], ep = behave_create();

	guest_tcp(sv);
	behave_add(ep, sv[0], MOST);
	behave_expect(ep, sv[0], EPOLLOUT);
	GUEST_RETURNS(shutdown(sv[1], SHUT_WR), 0);
	until(sv[0], POLLRDHUP);
	behave_expect(ep, sv[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP);
	GUEST_RETURNS(shutdown(sv[0], SHUT_WR), 0);
	until(sv[0], POLLHUP);
	behave_expect(ep, sv[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
}

BEHAVE_TEST(tcp_fin_is_an_edge, 30, BEHAVE_EVERY,
	    "edge-triggered for EPOLLRDHUP alone: a FIN is told, data is not")
{
	int sv[2], ep = behave_create();

	guest_tcp(sv);
	behave_add(ep, sv[0], EPOLLRDHUP | EPOLLET);
	guest_put(sv[1]);
	until(sv[0], POLLIN);
	behave_none(ep);
	close(sv[1]);
	behave_expect(ep, sv[0], EPOLLRDHUP);
}

BEHAVE_TEST(tcp_rdhup_only_if_asked, 30, BEHAVE_EPOLL,
	    "EPOLLRDHUP has to be asked for: without it a FIN is EPOLLIN alone")
{
	int sv[2], ep = behave_create();

	guest_tcp(sv);
	behave_add(ep, sv[0], EPOLLIN);
	close(sv[1]);
	behave_expect(ep, sv[0], EPOLLIN);
	GUEST_RETURNS(guest_drain(sv[0]), 0);
	behave_expect(ep, sv[0], EPOLLIN);
}

BEHAVE_TEST(tcp_reset, 30, BEHAVE_EPOLL,
	    "a reset is EPOLLERR and EPOLLHUP unasked, and every other bit but EPOLLPRI asked")
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	int sv[2], level = behave_create(), edge = behave_create();

	guest_tcp(sv);
	behave_add(level, sv[0], MOST);
	behave_add(edge, sv[0], EPOLLET);
	behave_none(edge);
	GUEST_RETURNS(setsockopt(sv[1], SOL_SOCKET, SO_LINGER, &now, sizeof(now)),
		      0);
	close(sv[1]);
	until(sv[0], POLLERR | POLLHUP);
	behave_expect(level, sv[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLERR |
		      EPOLLHUP);
	behave_expect(edge, sv[0], EPOLLERR | EPOLLHUP);
	ck_assert_int_eq(socket_error(sv[0]), ECONNRESET);
	behave_expect(level, sv[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP);
}

BEHAVE_TEST(tcp_write_space, 60, BEHAVE_EPOLL,
	    "a full TCP socket has no EPOLLOUT until its peer reads, level and edge")
{
	int sv[2], level = behave_create(), edge = behave_create();
	struct epoll_event ev;

	guest_tcp(sv);
	behave_add(level, sv[0], EPOLLOUT);
	behave_add(edge, sv[0], EPOLLOUT | EPOLLET);
	behave_expect(level, sv[0], EPOLLOUT);
	behave_expect(edge, sv[0], EPOLLOUT);
	/* What is on its way makes room once more when it is acknowledged. */
	do {
		guest_fill(sv[0]);
	} while (behave_wait(edge, &ev, 1, 300) == 1);
	behave_none(level);
	guest_drain(sv[1]);
	behave_expect(edge, sv[0], EPOLLOUT);
	behave_expect(level, sv[0], EPOLLOUT);
}

BEHAVE_TEST(tcp_urgent_byte_is_pri, 30, BEHAVE_EPOLL,
	    "an urgent byte is EPOLLPRI until it is read, and is no EPOLLIN")
{
	int sv[2], level = behave_create(), edge = behave_create();
	char c;

	guest_tcp(sv);
	behave_add(level, sv[0], EPOLLIN | EPOLLPRI);
	behave_add(edge, sv[0], EPOLLPRI | EPOLLET);
	GUEST_RETURNS(send(sv[1], "!", 1, MSG_OOB), 1);
	until(sv[0], POLLPRI);
	behave_expect(level, sv[0], EPOLLPRI);
	behave_expect(level, sv[0], EPOLLPRI);
	behave_expect(edge, sv[0], EPOLLPRI);
	GUEST_RETURNS(recv(sv[0], &c, 1, MSG_OOB), 1);
	behave_none(level);
}

BEHAVE_TEST(tcp_data_is_not_urgent, 30, BEHAVE_EPOLL,
	    "plain data wakes those who wait for EPOLLPRI too, and is told as none")
{
	int sv[2], pri = behave_create(), both = behave_create();

	guest_tcp(sv);
	behave_add(pri, sv[0], EPOLLPRI);
	behave_add(both, sv[0], EPOLLIN | EPOLLPRI | EPOLLET);
	guest_put(sv[1]);
	until(sv[0], POLLIN);
	behave_none(pri);
	behave_expect(both, sv[0], EPOLLIN);
}

/*
 * UDP and netlink
 */

BEHAVE_TEST(udp_datagrams, 30, BEHAVE_EPOLL,
	    "each UDP datagram is an edge, and EPOLLIN until the last one is read")
{
	int sv[2], level = behave_create(), edge = behave_create();
	char c;

	guest_udp(sv);
	behave_add(level, sv[0], EPOLLIN | EPOLLPRI);
	behave_add(edge, sv[0], EPOLLIN | EPOLLET);
	for (int i = 0; i < 3; i++) {
		guest_put(sv[1]);
		behave_expect(edge, sv[0], EPOLLIN);
		behave_none(edge);
	}
	for (int i = 0; i < 3; i++) {
		behave_expect(level, sv[0], EPOLLIN);
		GUEST_RETURNS(read(sv[0], &c, 1), 1);
	}
	behave_none(level);
}

BEHAVE_TEST(udp_refused_is_err, 30, BEHAVE_EPOLL,
	    "the answer that nobody listens is EPOLLERR of a UDP socket, until the error is read")
{
	int sv[2], ep = behave_create();

	guest_udp(sv);
	close(sv[1]);
	behave_add(ep, sv[0], 0);
	behave_none(ep);
	guest_put(sv[0]);
	behave_expect(ep, sv[0], EPOLLERR);
	behave_expect(ep, sv[0], EPOLLERR);
	ck_assert_int_eq(socket_error(sv[0]), ECONNREFUSED);
	behave_none(ep);
}

BEHAVE_TEST(udp_error_queue_is_err, 30, BEHAVE_EPOLL,
	    "a message in a socket's error queue is EPOLLERR until it is taken, though the error was read")
{
	int sv[2], on = 1, ep = behave_create();
	char byte, space[512];
	struct iovec io = { &byte, 1 };
	struct msghdr m = {
		.msg_iov = &io, .msg_iovlen = 1,
		.msg_control = space, .msg_controllen = sizeof(space),
	};

	guest_udp(sv);
	GUEST_RETURNS(setsockopt(sv[0], IPPROTO_IP, IP_RECVERR, &on, sizeof(on)), 0);
	close(sv[1]);
	behave_add(ep, sv[0], EPOLLIN);
	guest_put(sv[0]);
	behave_expect(ep, sv[0], EPOLLERR);
	socket_error(sv[0]);
	behave_expect(ep, sv[0], EPOLLERR);
	GUEST_RETURNS(recvmsg(sv[0], &m, MSG_ERRQUEUE), 1);
	behave_none(ep);
}

BEHAVE_TEST(netlink_answer, 30, BEHAVE_EPOLL,
	    "the answer to a netlink request is EPOLLIN until all of it is read")
{
	struct {
		struct nlmsghdr h;
		struct rtgenmsg g;
	} ask = {
		.h = { .nlmsg_len = sizeof(ask), .nlmsg_type = RTM_GETLINK,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
			NETLINK_ROUTE);
	int ep = behave_create();

	ck_assert_msg(fd >= 0, "netlink: %s", strerror(errno));
	behave_add(ep, fd, EPOLLIN);
	behave_none(ep);
	GUEST_RETURNS(send(fd, &ask, sizeof(ask), 0), sizeof(ask));
	behave_expect(ep, fd, EPOLLIN);
	behave_expect(ep, fd, EPOLLIN);
	guest_drain(fd);
	behave_none(ep);
}
