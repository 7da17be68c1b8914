// SPDX-License-Identifier: GPL-2.0-only
/*
 * limits_memory.c - suite limits: what a watched file takes, against what it is counted for
 *
 * The default of max_user_watches is what takes 4 % of memory.  What the modules count a
 * file for follows from that number; what it takes is seen in the memory of the slab
 * allocator, before and after many are watched.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>

#include "eventpoll.h"
#include "guest.h"

enum { FILES = 8000 };

static long number_in(const char *path, const char *format)
{
	FILE *f = fopen(path, "re");
	char line[128];
	long n = -1;

	ck_assert_msg(f, "%s: %s", path, strerror(errno));
	while (n < 0 && fgets(line, sizeof(line), f))
		sscanf(line, format, &n);
	fclose(f);
	ck_assert_msg(n >= 0, "%s: nothing like '%s'", path, format);
	return n;
}

/* Bytes of slabs; each CPU has some that it has not told yet. */
static long slabs(void)
{
	FILE *f = fopen("/proc/sys/vm/stat_refresh", "we");

	ck_assert_msg(f, "stat_refresh: %s", strerror(errno));
	fputs("1", f);
	ck_assert_int_eq(fclose(f), 0);
	return number_in("/proc/meminfo", "SUnreclaim: %ld kB") * 1024;
}

#define A_SLAB	"/sys/kernel/slab/kmalloc-512/"

/* What a kernel with checkers puts around each object; 1 where nothing is. */
static double around_each(void)
{
	double bytes = (double)(sysconf(_SC_PAGESIZE) << number_in(A_SLAB "order", "%ld"));

	return bytes / (double)number_in(A_SLAB "objs_per_slab", "%ld") /
	       (double)number_in(A_SLAB "object_size", "%ld");
}

static long counted(const char *module)
{
	struct sysinfo si;

	ck_assert(sysinfo(&si) == 0);
	return (long)(si.totalram * si.mem_unit / 25) /
	       atol(guest_param(module, "max_user_watches"));
}

static void open_eventfds(int *fd)
{
	for (int i = 0; i < FILES; i++)
		fd[i] = guest_eventfd();
}

static void open_sockets(int *fd)
{
	for (int i = 0; i < FILES; i += 2)
		guest_unix(fd + i);
}

/* Open both ways: two wait queues each. */
static void open_fifos(int *fd)
{
	char name[] = "/tmp/fifo-XXXXXX";

	ck_assert(mkdtemp(name));
	rmdir(name);
	ck_assert(mkfifo(name, 0600) == 0);
	for (int i = 0; i < FILES; i++) {
		fd[i] = open(name, O_RDWR | O_CLOEXEC);
		ck_assert_int_ge(fd[i], 0);
	}
	unlink(name);
}

static void watch_devepoll(const int *fd)
{
	struct pollfd rec[FILES];
	struct evset s;

	evset_open(&s, FILES);
	for (int i = 0; i < FILES; i++)
		rec[i] = (struct pollfd){ .fd = fd[i], .events = POLLIN };
	GUEST_RETURNS(write(s.fd, rec, sizeof(rec)), sizeof(rec));
}

static void watch_port(const int *fd)
{
	int ep = eventpoll_create(EVENTPOLL_OVFLIST, EPOLL_CLOEXEC);

	ck_assert_int_ge(ep, 0);
	for (int i = 0; i < FILES; i++)
		GUEST_RETURNS(eventpoll_ctl(ep, EPOLL_CTL_ADD, fd[i],
					    &(struct epoll_event){ .events = EPOLLIN }), 0);
}

/* Return: what of the bytes that a file is counted for it takes. */
static double share_taken(const char *module, void (*open_all)(int *fd),
			  void (*watch)(const int *fd))
{
	static int fd[FILES];
	double each;
	long before;

	if (guest_slow())
		GUEST_SKIP("a kernel that checks its memory takes more for each object");
	guest_nofile(FILES + 1000);
	open_all(fd);
	before = slabs();
	watch(fd);
	each = (double)(slabs() - before) / FILES / around_each();
	fprintf(stderr, "%s: a file takes %.0f bytes, and is counted for %ld\n",
		module, each, counted(module));
	return each / (double)counted(module);
}

/* A slab has some bytes behind its last object. */
#define NOT_MORE(share)							\
	ck_assert_msg((share) <= 1.05, "it takes %.2f times what it is counted for", share)

/*
 * The kind of file that takes most: the count is not just large.  Some of the memory was
 * there before, since others have freed it.
 */
#define ALL_OF_IT(share) do {						\
	double guest_share = (share);					\
	NOT_MORE(guest_share);						\
	ck_assert_msg(guest_share >= 0.6, "it takes %.2f of what it is counted for", \
		      guest_share);					\
} while (0)

GUEST_TEST(limits, memory_of_eventfds, 60,
	   "by default a user can watch as many files as take 4 % of memory: an eventfd takes no more than it is counted for")
{
	NOT_MORE(share_taken("dev_epoll", open_eventfds, watch_devepoll));
}

GUEST_TEST(limits, memory_of_sockets, 60,
	   "a socket takes what a file of /dev/epoll is counted for")
{
	ALL_OF_IT(share_taken("dev_epoll", open_sockets, watch_devepoll));
}

GUEST_TEST(limits, memory_of_fifos, 60,
	   "a FIFO with two wait queues takes no more than a file of /dev/epoll is counted for")
{
	NOT_MORE(share_taken("dev_epoll", open_fifos, watch_devepoll));
}

GUEST_TEST(limits, memory_in_the_port, 60,
	   "nor does any file in /dev/eventpoll, and one with two wait queues takes all of it")
{
	ALL_OF_IT(share_taken("eventpoll_port", open_fifos, watch_port));
}
