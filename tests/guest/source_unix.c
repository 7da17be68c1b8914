// SPDX-License-Identifier: GPL-2.0-only
/*
 * source_unix.c - what is told of sockets of the unix family
 *
 * A peer's close and shutdown are wake-ups with the key 0; a peer that reads
 * is 0x304 for each buffer it frees, whether the writer had been stopped or
 * not.
 */
#define _GNU_SOURCE
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "told.h"

static int unix_bound(int type, struct sockaddr_un *a)
{
	socklen_t len = sizeof(*a);
	int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	ck_assert_msg(fd >= 0, "socket: %s", strerror(errno));
	/* An empty name: the kernel finds one. */
	a->sun_family = AF_UNIX;
	ck_assert(bind(fd, (struct sockaddr *)a, sizeof(sa_family_t)) == 0);
	memset(a, 0, sizeof(*a));
	ck_assert(getsockname(fd, (struct sockaddr *)a, &len) == 0);
	return fd;
}

/* The kernel's names are "\0" and five digits. */
#define UNIX_LEN	(sizeof(sa_family_t) + 6)

GUEST_TEST(source, unix_data, 30,
	   "data in a unix stream is POLLIN and no other bit, unread data or not")
{
	struct evset s;
	int sv[2], i;

	evset_open(&s, 8);
	guest_unix(sv);
	evset_add(&s, sv[0], POLL_ALL);
	for (i = 0; i < 20; i++) {
		guest_put(sv[1]);
		told(&s, sv[0], POLLIN, 0);
	}
	GUEST_RETURNS(guest_drain(sv[0]), 20);
}

GUEST_TEST(source, unix_no_urgent, 30,
	   "plain data never gives POLLPRI on a unix stream")
{
	struct evset s;
	int sv[2], i;

	evset_open(&s, 8);
	guest_unix(sv);
	evset_add(&s, sv[0], POLLIN | POLLPRI);
	for (i = 0; i < 100; i++) {
		guest_put(sv[1]);
		told(&s, sv[0], POLLIN, 0);
	}
}

GUEST_TEST(source, unix_urgent, 30,
	   "an out-of-band byte is POLLPRI on a unix stream, where the kernel has it")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_unix(sv);
	evset_add(&s, sv[0], POLLPRI);
	if (send(sv[1], "!", 1, MSG_OOB) < 0 && errno == EOPNOTSUPP)
		GUEST_SKIP("unix sockets have no out-of-band data here");
	told_true(&s, sv[0], POLLPRI, 0);
}

GUEST_TEST(source, unix_room, 30,
	   "a peer that reads is POLLOUT for the writer who had filled the socket")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_unix(sv);
	guest_fill(sv[0]);
	evset_add(&s, sv[0], POLL_ALL);
	guest_drain(sv[1]);
	told(&s, sv[0], POLLOUT, 0);
	guest_put(sv[0]);
}

GUEST_TEST(source, unix_both_ways, 30,
	   "data and room before one switch are one slot with both bits")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_unix(sv);
	guest_put(sv[0]);
	evset_add(&s, sv[0], POLL_ALL);
	guest_put(sv[1]);
	GUEST_RETURNS(guest_drain(sv[1]), 1);
	evset_expect(&s, sv[0], POLLIN | POLLOUT);
}

GUEST_TEST(source, unix_peer_closes, 30,
	   "a peer's close is POLLHUP, though its key is 0")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_unix(sv);
	evset_add(&s, sv[0], POLL_MOST);
	close(sv[1]);
	told_true(&s, sv[0], POLLHUP, POLLIN | POLLOUT | POLLRDHUP);
}

GUEST_TEST(source, unix_peer_closes_unread, 30,
	   "a peer that closes with unread data is POLLERR and POLLHUP")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_unix(sv);
	guest_put(sv[0]);
	evset_add(&s, sv[0], POLL_MOST);
	close(sv[1]);
	told_true(&s, sv[0], POLLHUP | POLLERR, POLLIN | POLLOUT | POLLRDHUP);
}

GUEST_TEST(source, unix_hangup_masked, 30,
	   "who asked only for POLLOUT never hears POLLHUP or POLLIN of a close")
{
	struct evset s;
	const struct pollfd *ev;
	int sv[2], n;

	evset_open(&s, 8);
	guest_unix(sv);
	guest_fill(sv[0]);
	evset_add(&s, sv[0], POLLOUT);
	close(sv[1]);
	while ((n = evset_wait(&s, 200, &ev)) != 0)
		ck_assert_msg(n == 1 && ev->revents == POLLOUT,
			      "expected POLLOUT or nothing, got %d slots, first %#x",
			      n, ev->revents);
}

GUEST_TEST(source, unix_peer_shutdown_wr, 30,
	   "a peer's shutdown for writing is POLLIN and POLLRDHUP, not POLLHUP")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_unix(sv);
	evset_add(&s, sv[0], POLL_MOST);
	ck_assert(shutdown(sv[1], SHUT_WR) == 0);
	told_true(&s, sv[0], POLLIN | POLLRDHUP, POLLOUT);
}

GUEST_TEST(source, unix_peer_shutdown_both, 30,
	   "a peer's shutdown of both ways is POLLHUP")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_unix(sv);
	evset_add(&s, sv[0], POLL_MOST);
	ck_assert(shutdown(sv[1], SHUT_RDWR) == 0);
	told_true(&s, sv[0], POLLHUP, POLLIN | POLLOUT | POLLRDHUP);
}

GUEST_TEST(source, unix_listener, 30,
	   "a connection that arrives at a unix listener is POLLIN")
{
	struct sockaddr_un a;
	struct evset s;
	int lfd, fd, i;

	evset_open(&s, 8);
	lfd = unix_bound(SOCK_STREAM, &a);
	ck_assert(listen(lfd, 8) == 0);
	evset_add(&s, lfd, POLL_ALL);
	for (i = 0; i < 3; i++) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		ck_assert(connect(fd, (struct sockaddr *)&a, UNIX_LEN) == 0);
		told(&s, lfd, POLLIN, 0);
	}
}

GUEST_TEST(source, unix_seqpacket, 30,
	   "a packet in a unix seqpacket socket is POLLIN, its peer's close POLLHUP")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	ck_assert(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC,
			     0, sv) == 0);
	evset_add(&s, sv[0], POLL_MOST & ~POLLPRI);
	guest_put(sv[1]);
	told(&s, sv[0], POLLIN, 0);
	close(sv[1]);
	told_true(&s, sv[0], POLLHUP, POLLIN | POLLOUT | POLLRDHUP);
}

GUEST_TEST(source, unix_dgram_data, 30,
	   "each datagram in a unix socket is POLLIN and no other bit")
{
	struct evset s;
	int sv[2], i;

	evset_open(&s, 8);
	guest_dgram(sv);
	evset_add(&s, sv[0], POLLIN | POLLERR | POLLHUP);
	for (i = 0; i < 5; i++) {
		guest_put(sv[1]);
		told(&s, sv[0], POLLIN, 0);
	}
	GUEST_RETURNS(guest_drain(sv[0]), 5);
}

GUEST_TEST(source, unix_dgram_room, 30,
	   "a peer that reads is POLLOUT for the datagram sender who was stopped")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_dgram(sv);
	guest_fill(sv[0]);
	evset_add(&s, sv[0], POLLOUT | POLLERR | POLLHUP);
	guest_drain(sv[1]);
	told(&s, sv[0], POLLOUT, 0);
	guest_put(sv[0]);
}

GUEST_TEST(source, unix_dgram_receiver_reads, 30,
	   "a connected datagram sender hears when a full receiver of others has room")
{
	struct sockaddr_un a;
	struct evset s;
	int rfd, fd;

	evset_open(&s, 8);
	rfd = unix_bound(SOCK_DGRAM, &a);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ck_assert(connect(fd, (struct sockaddr *)&a, UNIX_LEN) == 0);
	guest_fill(fd);
	evset_add(&s, fd, POLLOUT);
	guest_drain(rfd);
	told(&s, fd, POLLOUT, 0);
	guest_put(fd);
}
