// SPDX-License-Identifier: GPL-2.0-only
/*
 * exhibit_set.c - an instance of either device, sources of events
 *
 * Documented in exhibit.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "devepoll.h"
#include "eventpoll.h"
#include "exhibit.h"

#define MAX_FDS 16

void set_open(struct set *s)
{
	s->fd = open("/dev/epoll", O_RDWR | O_CLOEXEC);
	if (s->fd < 0)
		fail("/dev/epoll (are the modules fcb and dev_epoll loaded?)");
	if (ioctl(s->fd, EP_ALLOC, MAX_FDS))
		fail("EP_ALLOC");
	s->map = mmap(NULL, EP_MAP_SIZE(MAX_FDS), PROT_READ, MAP_PRIVATE, s->fd,
		      0);
	if (s->map == MAP_FAILED)
		fail("mmap");
}

void set_close(struct set *s)
{
	munmap(s->map, EP_MAP_SIZE(MAX_FDS));
	close(s->fd);
}

int set_write(const struct set *s, int fd, int events)
{
	struct pollfd record = { .fd = fd, .events = (short)events };
	ssize_t n = write(s->fd, &record, sizeof(record));

	if (n < 0)
		fail("write of {%d, %#x} to /dev/epoll", fd, events);
	return (int)n;
}

int set_poll(const struct set *s, int timeout_ms, const struct pollfd **slot)
{
	struct evpoll evp = { .ep_timeout = timeout_ms };
	int n = ioctl(s->fd, EP_POLL, &evp);

	if (n < 0 && errno != EBUSY)
		fail("EP_POLL");
	*slot = n > 0 ? (const struct pollfd *)(s->map + evp.ep_resoff) : NULL;
	return n;
}

int set_ispolled(const struct set *s, int fd)
{
	struct pollfd record = { .fd = fd };
	int n = ioctl(s->fd, EP_ISPOLLED, &record);

	if (n < 0)
		fail("EP_ISPOLLED");
	return n;
}

int set_items(const struct set *s)
{
	char path[64], text[128];
	int items = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", s->fd);
	f = fopen(path, "re");
	if (!f)
		fail("%s", path);
	while (items < 0 && fgets(text, sizeof(text), f))
		sscanf(text, "items: %d", &items);
	fclose(f);
	must(items >= 0, "%s has no line \"items\"", path);
	return items;
}

int half_of(const struct set *s, const struct pollfd *slot)
{
	return (const char *)slot >= s->map + EP_MAP_SIZE(MAX_FDS) / 2;
}

int port_open(int store)
{
	int port = eventpoll_create(store, EPOLL_CLOEXEC);

	if (port < 0)
		fail("/dev/eventpoll (is the module eventpoll_port loaded?)");
	return port;
}

void port_watch(int port, int fd, unsigned int events, unsigned int data)
{
	struct epoll_event ev = { .events = events, .data.u32 = data };

	if (eventpoll_ctl(port, EPOLL_CTL_ADD, fd, &ev))
		fail("EVENTPOLL_CTL");
}

void open_pipe(int p[2])
{
	if (pipe2(p, O_NONBLOCK | O_CLOEXEC))
		fail("pipe");
}

void open_socket(int sv[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
		       sv))
		fail("socketpair");
}

void put(int fd)
{
	if (write(fd, "x", 1) != 1)
		fail("write");
}

long drain(int fd)
{
	char buf[4096];
	long sum = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		sum += n;
	if (n < 0 && errno != EAGAIN)
		fail("read");
	return sum;
}

long fill(int fd)
{
	static const char buf[4096];
	long sum = 0;
	ssize_t n;

	while ((n = write(fd, buf, sizeof(buf))) > 0)
		sum += n;
	if (n < 0 && errno != EAGAIN)
		fail("write");
	return sum;
}

int ask(int fd, int events)
{
	struct pollfd p = { .fd = fd, .events = (short)events };

	if (poll(&p, 1, 0) < 0)
		fail("poll");
	return p.revents;
}
