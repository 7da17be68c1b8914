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
 * So who enters a set comes by here (set_lock()), and is the only one who knows of it.
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
#include "fork.h"
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
	numbers_renew();
	ask_forked();
	for (struct set *s = sets; s; s = s->next) {
		set_renew_locks(s);
		if (!all_locked)
			forget_items(s);
		if (!s->used)
			continue;
		/* Threads that were inside are not in this process. */
		s->inside = 0;
		s->growing = s->rung = s->beside = 0;
		s->lead = s->in_device = false;
		s->followers = NULL;
		s->q.map = NULL;
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

/* Puts the new device behind every number of the set. */
static int renew_numbers(struct set *s, int device)
{
	int first = -1;

	for (long fd = 0; (fd = number_next(fd, INT32_MAX)) >= 0; fd++) {
		long flags;

		/* It may have been closed behind our back and be another file. */
		if (number_set((int)fd) != s || !queue_is((int)fd))
			continue;
		flags = raw2(SYS_fcntl, fd, F_GETFD);
		flags = raw3(SYS_dup3, device, fd,
			     flags & FD_CLOEXEC ? O_CLOEXEC : 0);
		if (flags < 0)
			return (int)flags;
		first = (int)fd;
	}
	return first < 0 ? -EBADF : first;
}

/*
 * A device of the child's own.  Our numbers are closed first: there may be no others.
 * When there are none nevertheless, since the limit was lowered below them, the next
 * call on the set tries again.
 */
static int renew_device(struct set *s)
{
	int room = s->q.room, device, err;

	set_close_device(s);
	err = queue_open(&s->q, EPOLL_CLOEXEC);
	if (!err) {
		device = s->q.fd;
		while (!err && s->q.room < room)
			err = queue_grow(&s->q);
		if (!err)
			err = renew_numbers(s, device);
		s->q.fd = err < 0 ? -1 : err;
		raw1(SYS_close, device);
		if (err >= 0)
			err = set_own_numbers(s);
		if (err < 0)
			set_close_device(s);
	}
	s->q.room = room;
	return err;
}

static void renew_items(struct set *s)
{
	for (int fd = 0; fd < s->room; fd++) {
		struct item *item = s->items[fd];

		if (!item)
			continue;
		item->bits = 0;
		item->told = 0;
		if (item->closings != number_closings(fd) ||
		    queue_put(&s->q, fd, item->mask))
			set_remove(s, item);
		else if (!item->spent)
			set_list(s, item);
	}
	s->fresh = true;
}

/* Takes over all that came by fork. */
static void adopt(void)
{
	pthread_mutex_lock(&sets_mtx);
	ask_start();
	for (struct set *s = sets; s; s = s->next) {
		pthread_mutex_lock(&s->lock);
		if (s->used && s->inherited)
			s->not_adopted = renew_device(s);
		pthread_mutex_unlock(&s->lock);
	}
	for (struct set *s = sets; s; s = s->next) {
		pthread_mutex_lock(&s->lock);
		if (s->used && s->inherited && !s->not_adopted) {
			renew_items(s);
			s->inherited = false;
		}
		pthread_mutex_unlock(&s->lock);
	}
	pthread_mutex_unlock(&sets_mtx);
}

struct set *set_lock(int number, int *err)
{
	bool adopted = false;
	struct set *s;

	for (;;) {
		s = set_lock_as_is(number, err);
		if (!s || !s->inherited)
			return s;
		*err = adopted ? s->not_adopted : 0;
		pthread_mutex_unlock(&s->lock);
		if (*err)
			return NULL;
		adopt();
		adopted = true;
	}
}
