// SPDX-License-Identifier: GPL-2.0-only
/*
 * set.c - sets: made, looked up, named by numbers, ended; their items
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "../raw.h"
#include "numbers.h"
#include "set.h"

struct set *sets;
pthread_mutex_t sets_mtx = PTHREAD_MUTEX_INITIALIZER;

void set_renew_locks(struct set *s)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&s->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	pthread_cond_init(&s->lead_ended, NULL);
}

/* One that no number could be had for has a mapping still. */
static bool set_is_used(const struct set *s)
{
	return s->q.fd >= 0 || s->q.map;
}

/* An unused one, or a new one; locked. */
static struct set *set_get(void)
{
	struct set *s;

	pthread_mutex_lock(&sets_mtx);
	for (s = sets; s; s = s->next) {
		/* Who ends a set does so with its lock held. */
		if (set_is_used(s) || pthread_mutex_trylock(&s->lock))
			continue;
		if (!set_is_used(s))
			break;
		pthread_mutex_unlock(&s->lock);
	}
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (s) {
			set_renew_locks(s);
			pthread_mutex_lock(&s->lock);
			s->q.fd = -1;
			s->next = sets;
			sets = s;
		}
	}
	pthread_mutex_unlock(&sets_mtx);
	return s;
}

static void set_end(struct set *s)
{
	for (int fd = 0; fd < s->room; fd++)
		free(s->items[fd]);
	free(s->items);
	s->items = NULL;
	s->room = 0;
	s->nitems = 0;
	if (s->kick >= 0)
		number_unhide(s->kick);
	queue_close(&s->q);
}

int set_new(int flags)
{
	struct set *s = set_get(), *stale;
	struct number *n;
	int err, fd;

	if (!s)
		return -ENOMEM;
	err = queue_open(&s->q, flags);
	if (err) {
		pthread_mutex_unlock(&s->lock);
		return err;
	}
	fd = s->q.fd;
	n = number_get(fd);
	if (!n) {
		queue_close(&s->q);
		raw1(SYS_close, fd);
		pthread_mutex_unlock(&s->lock);
		return -ENOMEM;
	}
	s->life++;
	s->numbers = 1;
	s->inside = 0;
	s->inherited = s->polled = s->watched = false;
	s->fresh = s->lead = s->kicked = false;
	s->growing = s->rung = s->nready = 0;
	s->followers = NULL;
	s->kick = -1;
	TAILQ_INIT(&s->ready);
	pthread_mutex_unlock(&s->lock);

	/* Closed behind our back: the set that the number named is over. */
	stale = number_set(fd);
	if (stale && set_lock(fd, &err)) {
		if (set_drop_number(stale, fd, NULL))
			set_leave(stale);
		else
			set_unlock(stale);
	}
	__atomic_store_n(&n->set, s, __ATOMIC_RELEASE);
	return fd;
}

struct set *set_lock(int number, int *err)
{
	struct set *s;

	for (;;) {
		*err = 0;
		s = number_set(number);
		if (!s)
			return NULL;
		*err = -pthread_mutex_lock(&s->lock);
		if (*err)
			return NULL;
		if (number_set(number) != s) {
			pthread_mutex_unlock(&s->lock);
			continue;
		}
		if (!s->inherited)
			return s;
		pthread_mutex_unlock(&s->lock);
		fork_adopt();
	}
}

/*
 * What the kernel said, @ret, of a number that names no set.  A device that is no
 * set's is one that another thread is closing: the number is as good as closed, or
 * is so by now.
 */
int set_foreign(int number, int ret)
{
	bool closing = ret == -EINVAL &&
		       (queue_is(number) || raw2(SYS_fcntl, number, F_GETFD) < 0);

	return closing ? -EBADF : ret;
}

void set_unlock(struct set *s)
{
	pthread_mutex_unlock(&s->lock);
}

/* Unlocks, and ends the set if nobody needs it any more. */
void set_leave(struct set *s)
{
	if (!s->numbers && !s->inside && set_is_used(s)) {
		int fd = s->q.fd;

		set_end(s);
		/* A number of ours since the last of the program's was closed. */
		number_unhide(fd);
	}
	pthread_mutex_unlock(&s->lock);
}

/* Some other number that names the set. */
static int other_number(const struct set *s)
{
	for (long fd = 0; (fd = number_next(fd, INT32_MAX)) >= 0; fd++)
		if (number_set((int)fd) == s)
			return (int)fd;
	return -1;
}

/*
 * A number ceases to name the set, and is about to be closed or, with @heir, to be
 * one of that set.  When it was the last one and calls are inside, or a dup is under
 * way, they get a number of ours to go on with.
 *
 * Return: true if the set goes on, or can be left; false if it ended here.
 */
bool set_drop_number(struct set *s, int number, struct set *heir)
{
	struct number *n = number_find(number);
	long fd;

	__atomic_store_n(&n->set, heir, __ATOMIC_RELEASE);
	s->numbers--;
	fd = s->q.fd;
	if (!s->numbers && !s->inside) {
		set_end(s);
		if (fd != number)
			number_unhide((int)fd);
		return false;
	}
	if (fd != number)
		return true;
	/* None yet, if a dup is under way. */
	fd = s->numbers ? other_number(s) : -1;
	if (fd < 0) {
		fd = raw3(SYS_fcntl, number, F_DUPFD_CLOEXEC, 0);
		if (fd >= 0)
			fd = number_hide((int)fd);
	}
	/* Without one they cannot wait again; the file behind @number is another. */
	s->q.fd = fd < 0 ? -1 : (int)fd;
	return true;
}

struct item *set_item(const struct set *s, int fd)
{
	return fd >= 0 && fd < s->room ? s->items[fd] : NULL;
}

int set_insert(struct set *s, struct item *item)
{
	struct item **bigger;
	int room;

	if (item->fd >= s->room) {
		for (room = s->room ? s->room : 64; room <= item->fd; room *= 2)
			;
		bigger = realloc(s->items, (size_t)room * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		memset(bigger + s->room, 0,
		       (size_t)(room - s->room) * sizeof(*bigger));
		s->items = bigger;
		s->room = room;
	}
	s->items[item->fd] = item;
	s->nitems++;
	return 0;
}

void set_remove(struct set *s, struct item *item)
{
	set_unlist(s, item);
	s->items[item->fd] = NULL;
	s->nitems--;
	free(item);
}

void set_list(struct set *s, struct item *item)
{
	if (item->listed)
		return;
	TAILQ_INSERT_TAIL(&s->ready, item, link);
	item->listed = true;
	s->nready++;
}

void set_unlist(struct set *s, struct item *item)
{
	if (!item->listed)
		return;
	TAILQ_REMOVE(&s->ready, item, link);
	item->listed = false;
	s->nready--;
}
