// SPDX-License-Identifier: GPL-2.0-only
/*
 * evq_epoll.c - the kernel's own epoll, edge-triggered and level-triggered, and
 *	what other designs have in common with it
 *
 * The kernel copies the results into an array of the program.  The array has
 * room for all that is watched, so that one call can tell all that is ready.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "evq_epoll.h"

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LOW16_OF_U32 2
#else
#define LOW16_OF_U32 0
#endif

/**
 * struct epoll - a queue on epoll
 * @q: the public part
 * @calls: who serves it
 * @fd: the instance
 * @mode: EPOLLET or 0, joins the events of every file
 * @events: where @calls->wait() puts the results
 * @cap: how many of them
 * @count: descriptors watched; too many after a close that nobody told us of
 * @room: results of a wait; @cap, or what who joined asked for
 * @joined: the instance is another's
 */
struct epoll {
	struct evq q;
	const struct evq_epoll_calls *calls;
	int fd;
	uint32_t mode;
	struct epoll_event *events;
	size_t cap;
	size_t count;
	int room;
	bool joined;
};

static int room_for(struct epoll *e, size_t n)
{
	struct epoll_event *events = evq_grow(e->events, &e->cap, n,
					      sizeof(*events));

	if (!events)
		return -1;
	e->events = events;
	e->room = (int)e->cap;
	e->q.ready = (const char *)events;
	return 0;
}

void evq_epoll_close(struct evq *q)
{
	struct epoll *e = (struct epoll *)q;

	if (e->fd >= 0 && !e->joined)
		close(e->fd);
	free(e->events);
	free(e);
}

struct evq *evq_epoll_open(const struct evq_impl *impl, int maxfds)
{
	struct epoll *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->calls = impl->own;
	e->mode = impl->design.flags & EVQ_EDGE ? EPOLLET : 0;
	e->q.stride = sizeof(struct epoll_event);
	e->q.fd_at = offsetof(struct epoll_event, data);
	e->q.revents_at = offsetof(struct epoll_event, events) + LOW16_OF_U32;
	e->fd = e->calls->create(impl->design.name);
	if (e->fd < 0 || room_for(e, maxfds ? (size_t)maxfds : 1)) {
		evq_epoll_close(&e->q);
		return NULL;
	}
	return &e->q;
}

struct evq *evq_epoll_join(const struct evq *q, int max)
{
	const struct epoll *whole = (const struct epoll *)q;
	struct epoll *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	*e = *whole;
	e->joined = true;
	e->events = NULL;
	e->cap = 0;
	if (room_for(e, (size_t)max)) {
		free(e);
		return NULL;
	}
	e->room = max;
	return &e->q;
}

static int control(struct epoll *e, int op, int fd, short events, uint32_t mode)
{
	struct epoll_event ev = {
		.events = (uint16_t)events | mode,
		.data.fd = fd,
	};

	return e->calls->ctl(e->fd, op, fd, &ev);
}

static int add(struct epoll *e, int fd, short events, uint32_t mode)
{
	/* One that joined another has the room that was asked for. */
	if (!e->joined && room_for(e, e->count + 1))
		return -1;
	if (control(e, EPOLL_CTL_ADD, fd, events, mode))
		return errno == EEXIST ?
		       control(e, EPOLL_CTL_MOD, fd, events, mode) : -1;
	e->count++;
	return 0;
}

static int change(struct epoll *e, int fd, short events, uint32_t mode)
{
	if (!control(e, EPOLL_CTL_MOD, fd, events, mode))
		return 0;
	return errno == ENOENT ? add(e, fd, events, mode) : -1;
}

int evq_epoll_add(struct evq *q, int fd, short events)
{
	struct epoll *e = (struct epoll *)q;

	return add(e, fd, events, e->mode);
}

int evq_epoll_mod(struct evq *q, int fd, short events)
{
	struct epoll *e = (struct epoll *)q;

	return change(e, fd, events, e->mode);
}

int evq_epoll_arm(struct evq *q, int fd, short events)
{
	struct epoll *e = (struct epoll *)q;

	return change(e, fd, events, e->mode | EPOLLONESHOT);
}

int evq_epoll_del(struct evq *q, int fd)
{
	struct epoll *e = (struct epoll *)q;

	if (control(e, EPOLL_CTL_DEL, fd, 0, 0)) {
		/* Not watched, closed, or never of a kind to be watched. */
		if (errno == ENOENT || errno == EBADF || errno == EPERM ||
		    errno == EINVAL)
			return 0;
		return -1;
	}
	e->count--;
	return 0;
}

int evq_epoll_wait(struct evq *q, int timeout_ms)
{
	struct epoll *e = (struct epoll *)q;

	return e->calls->wait(e->fd, e->events, e->room, timeout_ms);
}

int evq_epoll_fd(const struct evq *q)
{
	return ((const struct epoll *)q)->fd;
}

static int create(const char *design)
{
	(void)design;
	return epoll_create1(EPOLL_CLOEXEC);
}

static const struct evq_epoll_calls kernel = {
	.create = create,
	.ctl = epoll_ctl,
	.wait = epoll_wait,
};

const struct evq_impl evq_impl_epoll =
	EVQ_EPOLL_DESIGN("epoll", "the kernel's epoll, edge-triggered", NULL,
			 EVQ_EPOLL_EDGES, &kernel);

const struct evq_impl evq_impl_epoll_lt =
	EVQ_EPOLL_DESIGN("epoll-lt", "the kernel's epoll, level-triggered",
			 NULL, EVQ_EPOLL_LEVELS, &kernel);
