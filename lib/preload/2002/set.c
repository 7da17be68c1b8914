// SPDX-License-Identifier: GPL-2.0-only
/*
 * set.c - sets: made, looked up, named by numbers, ended; their items
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

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
	pthread_cond_init(&s->device_left, NULL);
}

/* An unused one, or a new one; locked. */
static struct set *set_get(void)
{
	struct set *s;

	pthread_mutex_lock(&sets_mtx);
	for (s = sets; s; s = s->next) {
		/* Who ends a set does so with its lock held. */
		if (s->used || pthread_mutex_trylock(&s->lock))
			continue;
		if (!s->used)
			break;
		pthread_mutex_unlock(&s->lock);
	}
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (s) {
			set_renew_locks(s);
			pthread_mutex_lock(&s->lock);
			s->q.fd = s->kick = -1;
			s->next = sets;
			sets = s;
		}
	}
	pthread_mutex_unlock(&sets_mtx);
	return s;
}

/* Ends the device, but for the program's numbers. */
void set_close_device(struct set *s)
{
	int fd = s->q.fd;

	if (s->kick >= 0)
		number_unhide(s->kick);
	s->kick = -1;
	queue_close(&s->q);
	if (fd >= 0)
		number_unhide(fd);
}

static void set_end(struct set *s)
{
	for (int fd = 0; fd < s->room; fd++)
		free(s->items[fd]);
	free(s->items);
	s->items = NULL;
	s->room = 0;
	s->nitems = 0;
	set_close_device(s);
	s->used = false;
}

/* The places that they take in the device and among the numbers: here or never. */
int set_own_numbers(struct set *s)
{
	long fd = raw3(SYS_fcntl, s->q.fd, F_DUPFD_CLOEXEC, 0);

	if (fd >= 0)
		fd = number_hide((int)fd);
	s->q.fd = fd < 0 ? -1 : (int)fd;
	if (fd < 0)
		return (int)fd;
	fd = raw2(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (fd >= 0)
		fd = number_hide((int)fd);
	s->kick = fd < 0 ? -1 : (int)fd;
	s->kicked = s->shown = false;
	return fd < 0 ? (int)fd : queue_put(&s->q, s->kick, POLLIN);
}

int set_new(int flags)
{
	struct set *s, *stale;
	struct number *n;
	int err, fd;

	s = set_get();
	if (!s)
		return -ENOMEM;
	err = queue_open(&s->q, flags);
	if (err) {
		pthread_mutex_unlock(&s->lock);
		return err;
	}
	fd = s->q.fd;
	s->used = true;
	s->life++;
	s->numbers = 1;
	s->inside = s->growing = s->rung = s->beside = s->nready = 0;
	s->inherited = s->watched = s->shared = false;
	s->fresh = s->lead = s->in_device = false;
	s->arrivals = 1;
	s->followers = NULL;
	TAILQ_INIT(&s->ready);
	n = number_get(fd);
	if (!n)
		s->q.fd = -1;
	err = n ? set_own_numbers(s) : -ENOMEM;
	if (err)
		set_end(s);
	pthread_mutex_unlock(&s->lock);
	if (err) {
		raw1(SYS_close, fd);
		return err;
	}

	/* Closed behind our back: the set that the number named is over. */
	stale = set_lock_as_is(fd, &err);
	if (stale) {
		if (set_drop_number(stale, fd, NULL))
			set_leave(stale);
		else
			set_unlock(stale);
	}
	__atomic_store_n(&n->set, s, __ATOMIC_RELEASE);
	return fd;
}

struct set *set_lock_as_is(int number, int *err)
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
		if (number_set(number) == s)
			return s;
		pthread_mutex_unlock(&s->lock);
	}
}

/*
 * A device that is no set's is one that another thread is closing: the number is as
 * good as closed, or is so by now.
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

void set_leave(struct set *s)
{
	if (!s->numbers && !s->inside && s->used)
		set_end(s);
	pthread_mutex_unlock(&s->lock);
}

/* Calls that are inside go on by the set's own number. */
bool set_drop_number(struct set *s, int number, struct set *heir)
{
	struct number *n = number_find(number);

	__atomic_store_n(&n->set, heir, __ATOMIC_RELEASE);
	s->numbers--;
	if (s->numbers || s->inside)
		return true;
	set_end(s);
	return false;
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

void set_list_levels(struct set *s)
{
	for (int fd = 0; fd < s->room; fd++) {
		struct item *item = s->items[fd];

		if (item && !item->spent && !(item->events & EPOLLET))
			set_list(s, item);
	}
}

void set_unlist(struct set *s, struct item *item)
{
	if (!item->listed)
		return;
	TAILQ_REMOVE(&s->ready, item, link);
	item->listed = false;
	s->nready--;
}
