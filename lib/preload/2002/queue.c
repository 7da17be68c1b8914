// SPDX-License-Identifier: GPL-2.0-only
/*
 * queue.c - /dev/epoll as the emulation needs it
 *
 * The mapping is not inherited by fork: the device counts mappings, and a child's
 * would keep the parent from growing its set.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "devepoll.h"

#include "../device.h"
#include "../native.h"
#include "../raw.h"
#include "numbers.h"
#include "queue.h"

const struct device backend_device = { "epoll", "dev_epoll", EP_NEW, number_hide };

static dev_t device;	/* the number of /dev/epoll, once one was open */

static int map_it(struct queue *q)
{
	size_t size = EP_MAP_SIZE(q->room);
	void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, q->fd, 0);

	if (map == MAP_FAILED)
		return -errno;
	madvise(map, size, MADV_DONTFORK);
	q->map = map;
	return 0;
}

int queue_open(struct queue *q, int flags)
{
	struct stat st;
	long err;

	*q = (struct queue){ .room = POLLFD_X_PAGE };
	q->fd = device_open(flags);
	if (q->fd < 0)
		return q->fd;
	if (!fstat(q->fd, &st))
		device = st.st_rdev;
	err = raw3(SYS_ioctl, q->fd, EP_ALLOC, q->room);
	if (!err)
		err = map_it(q);
	if (err) {
		raw1(SYS_close, q->fd);
		q->fd = -1;
	}
	return (int)err;
}

void queue_close(struct queue *q)
{
	if (q->map)
		munmap(q->map, EP_MAP_SIZE(q->room));
	q->map = NULL;
	q->fd = -1;
}

int queue_grow(struct queue *q)
{
	int room = q->room * 2, err;

	if (room > MAX_FDS_IN_EVENTPOLL)
		return -ENOSPC;
	munmap(q->map, EP_MAP_SIZE(q->room));
	q->map = NULL;
	err = (int)raw3(SYS_ioctl, q->fd, EP_ALLOC, room);
	if (!err)
		q->room = room;
	/* Without a mapping the waits are ENOMEM from now on. */
	return map_it(q) ? -ENOMEM : err;
}

int queue_put(struct queue *q, int fd, uint16_t mask)
{
	const struct pollfd rec = { .fd = fd, .events = (short)mask };
	long n = raw3(SYS_write, q->fd, &rec, sizeof(rec));

	return n < 0 ? (int)n : 0;
}

void queue_remove(struct queue *q, int fd)
{
	queue_put(q, fd, POLLREMOVE);
}

bool queue_has(struct queue *q, int fd)
{
	struct pollfd rec = { .fd = fd };

	return raw3(SYS_ioctl, q->fd, EP_ISPOLLED, &rec) == 1;
}

int queue_poll(struct queue *q, int ms, const struct pollfd **slots)
{
	struct evpoll evp = { .ep_timeout = ms };
	int n;

	if (!q->map)
		return -ENOMEM;
	n = (int)raw3(SYS_ioctl, q->fd, EP_POLL, &evp);
	*slots = (const struct pollfd *)(q->map + evp.ep_resoff);
	return n;
}

int queue_check_ctl(struct queue *q, int op, int fd, struct epoll_event *event)
{
	int err = native_ctl(q->fd, op, fd, event);

	return err == -EINVAL ? 0 : err;
}

int queue_check_wait(struct queue *q, const struct wait_args *w)
{
	struct wait_args mine = *w;
	int err;

	mine.epfd = q->fd;
	err = native_wait(&mine);
	return err == -EINVAL ? 0 : err;
}

bool queue_is(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISCHR(st.st_mode) && st.st_rdev == device;
}
