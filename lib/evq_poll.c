// SPDX-License-Identifier: GPL-2.0-only
/*
 * evq_poll.c - poll(2)
 *
 * The program hands in all that it watches with every call, and has to look
 * through all of it for what the kernel marked: both are part of the wait.
 */
#include <errno.h>
#include <stdlib.h>

#include "evq_impl.h"

/**
 * struct pollq - a queue on poll()
 * @q: the public part
 * @set: what is watched, without gaps
 * @set_cap: its capacity
 * @n: its length
 * @where: by descriptor, its index in @set plus 1, or 0
 * @where_cap: its capacity
 * @found: the entries of @set that were ready at the last wait
 * @found_cap: its capacity, never less than @n
 */
struct pollq {
	struct evq q;
	struct pollfd *set;
	size_t set_cap;
	size_t n;
	unsigned int *where;
	size_t where_cap;
	struct pollfd *found;
	size_t found_cap;
};

static void poll_close(struct evq *q)
{
	struct pollq *p = (struct pollq *)q;

	free(p->set);
	free(p->where);
	free(p->found);
	free(p);
}

static int room_for(struct pollq *p, size_t n)
{
	struct pollfd *set = evq_grow(p->set, &p->set_cap, n, sizeof(*set));
	struct pollfd *found;

	if (!set)
		return -1;
	p->set = set;
	found = evq_grow(p->found, &p->found_cap, n, sizeof(*found));
	if (!found)
		return -1;
	p->found = found;
	p->q.ready = (const char *)found;
	return 0;
}

static struct evq *poll_open(const struct evq_impl *impl, int maxfds)
{
	struct pollq *p = calloc(1, sizeof(*p));

	(void)impl;
	if (!p)
		return NULL;
	evq_results_are_pollfd(&p->q);
	if (room_for(p, maxfds ? (size_t)maxfds : 1)) {
		poll_close(&p->q);
		return NULL;
	}
	return &p->q;
}

static int poll_add(struct evq *q, int fd, short events)
{
	struct pollq *p = (struct pollq *)q;
	unsigned int *where = evq_grow(p->where, &p->where_cap, (size_t)fd + 1,
				       sizeof(*where));

	if (!where)
		return -1;
	p->where = where;
	if (!where[fd]) {
		if (room_for(p, p->n + 1))
			return -1;
		p->set[p->n].fd = fd;
		where[fd] = (unsigned int)++p->n;
	}
	p->set[where[fd] - 1].events = events;
	return 0;
}

static int poll_del(struct evq *q, int fd)
{
	struct pollq *p = (struct pollq *)q;
	struct pollfd *hole, *last;

	if ((size_t)fd >= p->where_cap || !p->where[fd])
		return 0;
	hole = &p->set[p->where[fd] - 1];
	last = &p->set[--p->n];
	*hole = *last;
	p->where[last->fd] = p->where[fd];
	p->where[fd] = 0;
	return 0;
}

static int poll_wait(struct evq *q, int timeout_ms)
{
	struct pollq *p = (struct pollq *)q;
	int n = poll(p->set, p->n, timeout_ms);
	struct pollfd *at = p->set;

	for (int i = 0; i < n; at++)
		if (at->revents)
			p->found[i++] = *at;
	return n;
}

const struct evq_impl evq_impl_poll = {
	.design = {
		.name = "poll",
		.about = "poll(2) and the search for what it marked",
		.flags = EVQ_INITIAL | EVQ_IMPLIED,
	},
	.open = poll_open,
	.add = poll_add,
	.mod = poll_add,
	.del = poll_del,
	.wait = poll_wait,
	.close = poll_close,
};
