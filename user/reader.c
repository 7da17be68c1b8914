// SPDX-License-Identifier: GPL-2.0-only
/*
 * reader.c - an instance of /dev/epoll, used as a program of 2002 would
 *
 * Documented in reader.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "devepoll.h"
#include "reader.h"

void fail(const char *what)
{
	int err = errno;

	live_end();
	fprintf(stderr, "mmap_reader: %s: %s\n", what, strerror(err));
	exit(1);
}

void reader_open(struct reader *r, int maxfds)
{
	void *map;

	memset(r, 0, sizeof(*r));
	r->reading = -1;
	r->fd = open("/dev/epoll", O_RDWR | O_CLOEXEC);
	if (r->fd < 0)
		fail("/dev/epoll (are the modules fcb and dev_epoll loaded?)");
	if (ioctl(r->fd, EP_ALLOC, maxfds))
		fail("EP_ALLOC");
	map = mmap(NULL, EP_MAP_SIZE(maxfds), PROT_READ, MAP_PRIVATE, r->fd, 0);
	if (map == MAP_FAILED)
		fail("mmap");
	r->map = map;
	r->half_size = EP_MAP_SIZE(maxfds) / 2;
}

void reader_share(struct reader *r)
{
	void *control;

	if (ioctl(r->fd, EP_SHARE, 0))
		fail("EP_SHARE");
	control = mmap(NULL, EP_CONTROL_SIZE, PROT_READ | PROT_WRITE,
		       MAP_SHARED, r->fd, EP_CONTROL_OFFSET);
	if (control == MAP_FAILED)
		fail("mmap of the control page");
	r->control = control;
}

void reader_close(struct reader *r)
{
	if (r->control)
		munmap(r->control, EP_CONTROL_SIZE);
	munmap((void *)r->map, 2 * r->half_size);
	if (ioctl(r->fd, EP_FREE))
		fail("EP_FREE");
	close(r->fd);
}

void reader_name(struct reader *r, int fd, const char *name)
{
	int i;

	for (i = 0; i < r->n_names && r->names[i].fd != fd; i++)
		;
	if (i == MAX_NAMED)
		return;
	r->names[i].fd = fd;
	snprintf(r->names[i].name, sizeof(r->names[i].name), "%s", name);
	if (i == r->n_names)
		r->n_names++;
}

const char *reader_called(const struct reader *r, int fd)
{
	for (int i = 0; i < r->n_names; i++)
		if (r->names[i].fd == fd)
			return r->names[i].name;
	return "";
}

bool reader_watch(struct reader *r, int fd, short events, const char *name)
{
	const struct pollfd rec = { .fd = fd, .events = events };

	reader_name(r, fd, name);
	return write(r->fd, &rec, sizeof(rec)) == sizeof(rec);
}

void reader_forget(struct reader *r, int fd)
{
	const struct pollfd rec = { .fd = fd, .events = POLLREMOVE };

	if (write(r->fd, &rec, sizeof(rec)) != sizeof(rec))
		fail("write of a POLLREMOVE");
}

int reader_switch(struct reader *r, int timeout_ms)
{
	struct evpoll evp = { .ep_timeout = timeout_ms };
	unsigned int half;
	int n;

	r->took = false;
	n = r->control ? ep_take(r->fd, r->control, &half) : 0;
	if (n > 0) {
		r->took = true;
		r->reading = (int)half;
		r->n_reading = n;
		return n;
	}
	n = ioctl(r->fd, EP_POLL, &evp);
	if (n > 0) {
		r->reading = (int)(evp.ep_resoff / r->half_size);
		r->n_reading = n;
	}
	return n;
}

static long field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	if (!at) {
		errno = ENOMSG;
		fail(name);
	}
	return strtol(at + strlen(name), NULL, 10);
}

void reader_look(struct reader *r)
{
	char path[64], text[1024];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", r->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail(path);
	len = read(fd, text, sizeof(text) - 1);
	if (len < 0)
		fail(path);
	close(fd);
	text[len] = 0;
	r->capacity = field(text, "\ncapacity:");
	r->items = field(text, "\nitems:");
	r->version = field(text, "\nversion:");
	r->filling = field(text, "\nfilling:");
	r->n_filling = field(text, "\nevents:");
	r->switches = field(text, "\nswitches:");
}

const struct pollfd *reader_half(const struct reader *r, long half)
{
	return (const struct pollfd *)(r->map + half * (long)r->half_size);
}

long reader_slots(const struct reader *r, long half)
{
	if (half == r->filling)
		return r->n_filling;
	return half == r->reading ? r->n_reading : 0;
}
