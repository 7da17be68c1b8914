// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctl.c - the back end on /dev/epoll: instances, and what is in them
 *
 * The device reports only what happens after a registration, so each ADD and MOD is
 * followed by a poll(2) of the descriptor: what holds already goes on the ready
 * list.  In this order: what happens between the two is in the device.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../native.h"
#include "../preload.h"
#include "../stats.h"
#include "descriptors.h"
#include "fork.h"
#include "numbers.h"
#include "set.h"

__attribute__((constructor))
static void start(void)
{
	const char *edges = getenv("EPOLL_RUN_EDGES");

	trust_edges = edges && *edges && strcmp(edges, "0");
	descriptors_start();
	fork_start();
	stats_start("devepoll");
}

int backend_create(int flags)
{
	int err = ask_start();

	return err ? err : set_new(flags);
}

/* Lists the item if something holds. */
static void ask_now(struct set *s, struct item *item)
{
	if (!item_holds(s, item))
		return;
	/* An event that the device has for it already is the same one. */
	if (item->events & (EPOLLET | EPOLLONESHOT))
		s->fresh = true;
	s->arrivals++;
	set_list(s, item);
	if (s->watched)
		set_kick(s);
}

/* One place is the kick's. */
static bool has_room(const struct set *s)
{
	return s->nitems + 2 <= s->q.room;
}

/* The device has forgotten those whose files were closed. */
static void forget_closed(struct set *s)
{
	for (int fd = 0; fd < s->room; fd++) {
		struct item *item = s->items[fd];

		if (item && item_is_gone(s, item))
			set_remove(s, item);
	}
}

/* A leader may be about to bring what is in the mapping: he comes first. */
static int grow(struct set *s)
{
	int state, err = 0;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
	s->growing++;
	s->inside++;
	while (!err && s->in_device) {
		if (s->leader == &this_thread)
			err = -EDEADLK;
		else
			set_kick(s);
		if (!err)
			pthread_cond_wait(&s->device_left, &s->lock);
	}
	/* Another may have made room meanwhile. */
	if (!err && !has_room(s))
		err = queue_grow(&s->q);
	s->inside--;
	s->growing--;
	pthread_setcancelstate(state, NULL);
	return err;
}

static int make_room(struct set *s)
{
	int err;

	if (has_room(s))
		return 0;
	forget_closed(s);
	/* For one place it would be to do again soon. */
	if (s->nitems < s->q.room / 4 * 3)
		return 0;
	err = grow(s);
	return err == -ENOSPC && has_room(s) ? 0 : err;
}

/* Who watches a set asks it; that it has to be asked, its device must tell. */
static void note_watched(struct item *item)
{
	struct set *child = number_set(item->fd);

	if (!child || pthread_mutex_lock(&child->lock))
		return;
	child->watched = true;
	item->child = child;
	item->life = child->life;
	set_unlock(child);
}

static void item_arm(struct item *item, const struct epoll_event *event)
{
	item->events = event->events & ~(uint32_t)EPOLLWAKEUP;
	item->data = event->data.u64;
	item->mask = (uint16_t)((event->events | EPOLLERR | EPOLLHUP) & TOLD_BITS);
	item->spent = false;
	item->bits = 0;
	item->told = 0;
}

static int add(struct set *s, int fd, const struct epoll_event *event)
{
	struct number *n = number_get(fd);
	struct item *item;
	int err;

	if (!n)
		return -ENOMEM;
	item = set_item(s, fd);
	if (item) {
		if (item->closings == n->closings && queue_has(&s->q, fd))
			return -EEXIST;
		/* It was another file's: the device forgets it when told anew. */
		set_remove(s, item);
	}
	err = make_room(s);
	if (err)
		return err;
	item = calloc(1, sizeof(*item));
	if (!item)
		return -ENOMEM;
	item->fd = fd;
	item_arm(item, event);
	__atomic_store_n(&n->watched, true, __ATOMIC_RELEASE);
	item->closings = __atomic_load_n(&n->closings, __ATOMIC_RELAXED);
	err = queue_put(&s->q, fd, item->mask);
	if (!err) {
		err = set_insert(s, item);
		if (err)
			queue_remove(&s->q, fd);
	}
	if (err) {
		free(item);
		return err == -E2BIG ? -ENOSPC : err;
	}
	note_watched(item);
	ask_now(s, item);
	return 0;
}

static int mod(struct set *s, struct item *item, const struct epoll_event *event)
{
	uint16_t before = item->mask;
	int err = 0;

	item_arm(item, event);
	if (item->mask != before)
		err = queue_put(&s->q, item->fd, item->mask);
	if (!err)
		ask_now(s, item);
	return err;
}

static int ctl(struct set *s, int op, int fd, struct epoll_event *event)
{
	struct epoll_event ev = { 0 };
	struct item *item;
	int err;

	err = queue_check_ctl(&s->q, op, fd, event);
	if (err)
		return err;
	if (number_set(fd) == s)
		return -EINVAL;
	if (op != EPOLL_CTL_DEL)
		ev = *event;
	if (ev.events & EPOLLEXCLUSIVE)
		return -EINVAL;
	item = set_item(s, fd);
	if (item && item->closings != number_closings(fd) && op != EPOLL_CTL_ADD)
		item = NULL;
	switch (op) {
	case EPOLL_CTL_ADD:
		return add(s, fd, &ev);
	case EPOLL_CTL_MOD:
		return item ? mod(s, item, &ev) : -ENOENT;
	case EPOLL_CTL_DEL:
		if (!item)
			return -ENOENT;
		queue_remove(&s->q, fd);
		set_remove(s, item);
		return 0;
	default:
		return -EINVAL;
	}
}

int backend_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	struct set *s;
	int err;

	s = set_lock(epfd, &err);
	if (!s && !err)
		err = set_foreign(epfd, native_ctl(epfd, op, fd, event));
	if (!s)
		return err;
	err = ctl(s, op, fd, event);
	set_pass_on(s);
	set_leave(s);
	return err;
}
