// SPDX-License-Identifier: GPL-2.0-only
/*
 * fork.c - a child's sets are its own
 *
 * Epoll's instance is shared by parent and child.  Here half of an instance is the
 * memory of the process, so a child gets a device of its own when it first uses a
 * set: the same descriptors, masks and data, level-triggered ones told as they
 * are, edges that hold at that moment told once more.  A child that execs, or closes
 * its sets, pays nothing.
 *
 * All sets are taken over at once, since one may watch another: first every
 * number gets its new device, then the items are told to it.
 *
 * For fork the locks of all sets are taken, so that the child does not inherit half
 * a change.  They have no order among each other that a list could have; so each is
 * tried, and all are given back when one is not to be had.  Their holders do not
 * sleep.  A fork in a signal handler that interrupted one of them must not wait for
 * ever: after some time it goes on, and the child starts with that set empty.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <unistd.h>

#include "../raw.h"
#include "close.h"
#include "numbers.h"
#include "set.h"

#define TRIES	10000

static bool all_locked;

static void unlock_to(const struct set *end)
{
	for (struct set *s = sets; s != end; s = s->next)
		pthread_mutex_unlock(&s->lock);
}

static void before(void)
{
	struct set *s = NULL;

	pthread_mutex_lock(&sets_mtx);
	for (int i = 0; i < TRIES; i++) {
		for (s = sets; s && !pthread_mutex_trylock(&s->lock); s = s->next)
			;
		all_locked = !s;
		if (all_locked)
			return;
		unlock_to(s);
		sched_yield();
	}
}

static void in_parent(void)
{
	if (all_locked)
		unlock_to(NULL);
	pthread_mutex_unlock(&sets_mtx);
}

static void forget_items(struct set *s)
{
	TAILQ_INIT(&s->ready);
	s->nready = 0;
	s->items = NULL;
	s->room = 0;
	s->nitems = 0;
}

static void in_child(void)
{
	pthread_mutex_init(&sets_mtx, NULL);
	close_forked();
	for (struct set *s = sets; s; s = s->next) {
		set_renew_locks(s);
		if (!all_locked)
			forget_items(s);
		if (s->q.fd < 0)
			continue;
		/* Threads that were inside are not in this process. */
		s->inside = 0;
		s->growing = s->rung = 0;
		s->lead = s->kicked = false;
		s->followers = NULL;
		s->q.map = NULL;
		if (s->kick >= 0)
			number_unhide(s->kick);
		s->kick = -1;
		s->inherited = true;
		/* It lived only for them. */
		if (!s->numbers) {
			pthread_mutex_lock(&s->lock);
			set_leave(s);
		}
	}
}

void fork_start(void)
{
	pthread_atfork(before, in_parent, in_child);
}

/* Puts a device of the child's own behind every number of the set. */
static int renew_device(struct set *s)
{
	struct queue q;
	int err = queue_open(&q, EPOLL_CLOEXEC), first = -1, own;

	if (err)
		return err;
	while (!err && q.room < s->q.room)
		err = queue_grow(&q);
	own = q.fd;
	for (long fd = 0; !err && (fd = number_next(fd, INT32_MAX)) >= 0; fd++) {
		long flags;

		/* It may have been closed behind our back and be another file. */
		if (number_set((int)fd) != s || !queue_is((int)fd))
			continue;
		flags = raw2(SYS_fcntl, fd, F_GETFD);
		raw3(SYS_dup3, q.fd, fd, flags & FD_CLOEXEC ? O_CLOEXEC : 0);
		first = (int)fd;
	}
	if (first < 0) {
		queue_close(&q);
		raw1(SYS_close, own);
		return err ? err : -EBADF;
	}
	raw1(SYS_close, own);
	if (number_is_ours(s->q.fd))
		number_unhide(s->q.fd);
	q.fd = first;
	s->q = q;
	return 0;
}

static void renew_items(struct set *s)
{
	for (int fd = 0; fd < s->room; fd++) {
		struct item *item = s->items[fd];

		if (!item)
			continue;
		item->bits = 0;
		if (item->closings != number_closings(fd) ||
		    queue_put(&s->q, fd, item->mask))
			set_remove(s, item);
		else if (!item->spent)
			set_list(s, item);
	}
	s->fresh = true;
}

void fork_adopt(void)
{
	pthread_mutex_lock(&sets_mtx);
	for (struct set *s = sets; s; s = s->next) {
		pthread_mutex_lock(&s->lock);
		if (s->q.fd >= 0 && s->inherited && renew_device(s))
			forget_items(s);
		pthread_mutex_unlock(&s->lock);
	}
	for (struct set *s = sets; s; s = s->next) {
		pthread_mutex_lock(&s->lock);
		if (s->q.fd >= 0 && s->inherited)
			renew_items(s);
		s->inherited = false;
		pthread_mutex_unlock(&s->lock);
	}
	pthread_mutex_unlock(&sets_mtx);
}
