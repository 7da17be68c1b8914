// SPDX-License-Identifier: GPL-2.0-only
/*
 * costs_close.c - suite costs: closes, by the registrations of one file
 *
 * A file has any number of descriptors, one after the other, and each is another record
 * in a set.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "eventpoll.h"
#include "growth.h"
#include "guest.h"

static int file_of_many;

static void add_to_epoll(int set, int fd)
{
	struct evset s = { .fd = set };

	evset_add(&s, fd, POLLIN);
}

static void add_to_port(int set, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN };

	GUEST_RETURNS(eventpoll_ctl(set, EPOLL_CTL_ADD, fd, &ev), 0);
}

static void fill(int set, void (*add_to)(int set, int fd), long n)
{
	guest_nofile(n + 1100);
	for (long i = 0; i < n; i++) {
		int fd = dup2(file_of_many, (int)i + 1000);

		ck_assert_int_ge(fd, 0);
		add_to(set, fd);
		close(fd);
	}
}

static int epoll_of(long n)
{
	int set = guest_device();

	ck_assert(ioctl(set, EP_ALLOC, n) == 0);
	fill(set, add_to_epoll, n);
	return set;
}

static int port_of(long n)
{
	int set = eventpoll_create(EVENTPOLL_OVFLIST, EPOLL_CLOEXEC);

	if (set < 0)
		GUEST_SKIP("no /dev/eventpoll: %s", strerror(errno));
	fill(set, add_to_port, n);
	return set;
}

static void closing(int fd)
{
	growth_begin();
	close(fd);
	growth_end();
}

static void close_set(long n)
{
	closing(epoll_of(n));
}

static void close_port(long n)
{
	closing(port_of(n));
}

/*
 * The first registration is another process's, so that each of these has an entry
 * of its own on the wait queue.
 */
static void close_strangers(long n)
{
	sigset_t usr1;
	int held[2];
	pid_t pid;
	char c;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	file_of_many = signalfd(-1, &usr1, SFD_NONBLOCK | SFD_CLOEXEC);
	ck_assert_int_ge(file_of_many, 0);
	ck_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, held) == 0);
	pid = guest_fork();
	if (!pid) {
		epoll_of(1);
		_exit(write(held[1], "x", 1) != 1 || close(held[0]) ||
		      read(held[1], &c, 1) != 0);
	}
	close(held[1]);
	ck_assert(read(held[0], &c, 1) == 1);
	closing(epoll_of(n));
	close(held[0]);
	guest_reap(pid);
	close(file_of_many);
}

static void close_file(long n)
{
	int set = epoll_of(n);

	closing(file_of_many);
	file_of_many = guest_eventfd();
	close(set);
}

GUEST_TEST(costs, close_set_of_closed, 120,
	   "closing a set of /dev/epoll, by the closed numbers of one file in it")
{
	file_of_many = guest_eventfd();
	growth_linear(500, close_set);
}

GUEST_TEST(costs, close_port_of_closed, 120,
	   "closing a set of /dev/eventpoll, by the closed numbers of one file in it")
{
	file_of_many = guest_eventfd();
	growth_linear(500, close_port);
}

GUEST_TEST(costs, close_set_of_strangers, 120,
	   "the same of a signalfd that another process watched first")
{
	growth_linear(300, close_strangers);
}

GUEST_TEST(costs, close_file_of_closed, 120,
	   "closing a file, by its registrations under numbers that are closed")
{
	file_of_many = guest_eventfd();
	growth_linear(1000, close_file);
}
