// SPDX-License-Identifier: GPL-2.0-only
/*
 * queue_epoll.c - stands in for /dev/epoll, so that the emulation can be tested on a
 * machine without the module
 *
 * Edges come from the kernel's epoll.  It has little room, so that sets grow and come
 * to the end of it, and it insists on what the device insists on: one thread at a time,
 * and none while it grows.  One thing it cannot do: an edge of an instance that another
 * thread has emptied since is forgotten, so what several threads do with instances
 * that watch instances is not tested on it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "device.h"
#include "native.h"
#include "preload.h"
#include "raw.h"
#include "2002/numbers.h"
#include "2002/queue.h"

/* Never opened. */
const struct device backend_device = { "epoll-standin", "none", 0, number_hide };

#define ROOM	8
#define SLOTS	4096

/* What epoll_ctl(2) finds to be no epoll. */
static int no_epoll = -1;

/* Behind queue->map: the half, and who is there. */
struct half {
	int inside;
	struct pollfd slots[SLOTS];
};

static struct half *enter(struct queue *q)
{
	struct half *h = (struct half *)q->map;

	if (__atomic_exchange_n(&h->inside, 1, __ATOMIC_ACQUIRE))
		abort();
	return h;
}

static void leave(struct half *h)
{
	__atomic_store_n(&h->inside, 0, __ATOMIC_RELEASE);
}

int queue_open(struct queue *q, int flags)
{
	if (no_epoll < 0)
		no_epoll = number_hide((int)raw2(SYS_eventfd2, 0, EFD_CLOEXEC));
	*q = (struct queue){ .room = ROOM };
	q->fd = (int)raw1(SYS_epoll_create1, flags);
	if (q->fd < 0)
		return q->fd;
	q->map = calloc(1, sizeof(struct half));
	return q->map ? 0 : -ENOMEM;
}

void queue_close(struct queue *q)
{
	if (q->map)
		leave(enter(q));
	free(q->map);
	q->map = NULL;
	q->fd = -1;
}

int queue_grow(struct queue *q)
{
	struct half *h;

	if (q->room * 2 > SLOTS)
		return -ENOSPC;
	h = enter(q);
	q->room *= 2;
	memset(h->slots, 0xff, sizeof(h->slots));
	leave(h);
	return 0;
}

int queue_put(struct queue *q, int fd, uint16_t mask)
{
	/* Nothing that a program could take for its own word. */
	struct epoll_event ev = { .events = mask | EPOLLET, .data.u64 = ~(uint64_t)fd };
	int err = native_ctl(q->fd, EPOLL_CTL_MOD, fd, &ev);

	return err == -ENOENT ? native_ctl(q->fd, EPOLL_CTL_ADD, fd, &ev) : err;
}

void queue_remove(struct queue *q, int fd)
{
	native_ctl(q->fd, EPOLL_CTL_DEL, fd, NULL);
}

bool queue_has(struct queue *q, int fd)
{
	struct epoll_event ev = { .events = EPOLLET };
	int err = native_ctl(q->fd, EPOLL_CTL_ADD, fd, &ev);

	if (!err)
		queue_remove(q, fd);
	return err == -EEXIST;
}

static void left(void *h)
{
	leave(h);
}

/* Who is cancelled in the sleep, and there alone, is not inside any more. */
static int sleep_inside(struct half *h, const struct queue *q, struct epoll_event *ev,
			int ms, int type)
{
	int n;

	pthread_cleanup_push(left, h);
	pthread_setcanceltype(type, NULL);
	n = (int)raw6(SYS_epoll_pwait, q->fd, ev, SLOTS, ms, NULL, 0);
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
	pthread_cleanup_pop(0);
	return n;
}

int queue_poll(struct queue *q, int ms, const struct pollfd **slots)
{
	struct epoll_event ev[SLOTS];
	struct half *h;
	int n, type;

	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
	h = enter(q);
	n = sleep_inside(h, q, ev, ms, type);
	for (int i = 0; i < n; i++)
		h->slots[i] = (struct pollfd){
			.fd = (int)~ev[i].data.u64, .revents = (short)ev[i].events,
		};
	*slots = h->slots;
	leave(h);
	pthread_setcanceltype(type, NULL);
	return n;
}

int queue_check_ctl(struct queue *q, int op, int fd, struct epoll_event *event)
{
	int err = native_ctl(no_epoll, op, fd, event);

	(void)q;
	return err == -EINVAL ? 0 : err;
}

int queue_check_wait(struct queue *q, const struct wait_args *w)
{
	struct wait_args mine = *w;
	int err;

	(void)q;
	mine.epfd = no_epoll;
	err = native_wait(&mine);
	return err == -EINVAL ? 0 : err;
}

bool queue_is(int fd)
{
	return no_epoll >= 0 && native_ctl(fd, EPOLL_CTL_DEL, no_epoll, NULL) == -ENOENT;
}
