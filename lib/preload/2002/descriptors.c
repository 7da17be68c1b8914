// SPDX-License-Identifier: GPL-2.0-only
/*
 * descriptors.c - descriptors that are closed or made again: close(2), dup(2) and kin
 *
 * Taken over because it cannot be left alone.  A set is memory and a mapping, and
 * the mapping keeps the instance open: who closes the last number has to end them.
 * A second number of a set (dup) must lead to the same set.  And a number that was
 * closed and names another file later must not be taken for the one that was
 * added, although a dup keeps the old file open.
 *
 * close(2) may be called by signal handlers: for numbers that name no set nothing is
 * done here that could sleep.  It may also be called by the child of a vfork(2),
 * which is told by its process number and changes nothing here.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <unistd.h>

#include "../preload.h"
#include "../raw.h"
#include "descriptors.h"
#include "numbers.h"
#include "polled.h"
#include "set.h"

static struct {
	int (*close)(int fd);
	int (*close_range)(unsigned int first, unsigned int last, int flags);
	int (*dup)(int fd);
	int (*dup2)(int from, int to);
	int (*dup3)(int from, int to, int flags);
	int (*fcntl)(int fd, int cmd, ...);
} next;

#define FIND(name)	(next.name = (__typeof__(next.name))dlsym(RTLD_NEXT, #name))

void descriptors_start(void)
{
	if (next.fcntl)
		return;
	FIND(close);
	FIND(close_range);
	FIND(dup);
	FIND(dup2);
	FIND(dup3);
	numbers_renew();
	FIND(fcntl);
}

bool number_ending(int fd, struct set **heir)
{
	struct number *n = number_find(fd);
	struct set *s;

	if (!n || (!n->set && !n->watched && !n->internal))
		return true;
	if (!numbers_are_ours())
		return true;
	if (n->internal)
		return false;
	if (n->watched) {
		__atomic_store_n(&n->watched, false, __ATOMIC_RELAXED);
		__atomic_fetch_add(&n->closings, 1, __ATOMIC_RELEASE);
	}
	while ((s = __atomic_load_n(&n->set, __ATOMIC_ACQUIRE))) {
		if (pthread_mutex_lock(&s->lock))
			break;
		if (n->set != s) {
			pthread_mutex_unlock(&s->lock);
			continue;
		}
		n->closing = true;
		if (set_drop_number(s, fd, heir ? *heir : NULL))
			set_leave(s);
		else
			set_unlock(s);
		if (heir && *heir) {
			*heir = NULL;
			break;
		}
	}
	return true;
}

/*
 * The set that @fd names, if it does, counts one number more.  So it cannot end,
 * whoever closes @fd, until it was told what became of that.
 */
static struct set *count_one_more(int fd)
{
	struct set *s = number_set(fd);
	bool still;

	if (!s || !numbers_are_ours() || pthread_mutex_lock(&s->lock))
		return NULL;
	still = number_set(fd) == s;
	s->numbers += still;
	pthread_mutex_unlock(&s->lock);
	return still ? s : NULL;
}

/* Another thread has ended what @fd named, and will close it now. */
static bool is_closing(int fd)
{
	struct number *n = number_find(fd);

	return n && n->closing && !number_set(fd) && queue_is(fd);
}

void number_ended(int fd)
{
	struct number *n = number_find(fd);

	if (n)
		n->closing = false;
}

static int bad_number(void)
{
	errno = EBADF;
	return -1;
}

static void count_one_less(struct set *s)
{
	if (pthread_mutex_lock(&s->lock))
		return;
	s->numbers--;
	set_leave(s);
}

/* @to is what @s, if not NULL, was counted for; or there is none. */
static int doubled(struct set *s, int to)
{
	struct number *n = s && to >= 0 ? number_get(to) : NULL;

	if (n)
		__atomic_store_n(&n->set, s, __ATOMIC_RELEASE);
	else if (s)
		count_one_less(s);
	return to;
}

PRELOAD_TAKEN int close(int fd)
{
	int ret;

	descriptors_start();
	if (!number_ending(fd, NULL))
		return bad_number();
	ret = next.close(fd);
	number_ended(fd);
	return ret;
}

static int close_some(unsigned int first, unsigned int last, int flags)
{
	long from = first, to = last < INT_MAX ? last : INT_MAX;

	if (flags & CLOSE_RANGE_CLOEXEC)
		return next.close_range(first, last, flags);
	/* A thread with descriptors of its own from now on: nothing is closed here. */
	if (flags & CLOSE_RANGE_UNSHARE)
		return next.close_range(first, last, flags);
	for (long fd = from; (fd = number_next_watched(fd, to)) >= 0; fd++)
		number_ending((int)fd, NULL);
	for (long fd = from; (fd = number_next(fd, to)) >= 0; fd++) {
		if (number_ending((int)fd, NULL))
			continue;
		/* Around what is ours. */
		if (fd > from && next.close_range((unsigned int)from,
						  (unsigned int)fd - 1, flags))
			return -1;
		from = fd + 1;
	}
	return from <= to ? next.close_range((unsigned int)from, last, flags) : 0;
}

PRELOAD_TAKEN int close_range(unsigned int first, unsigned int last, int flags)
{
	descriptors_start();
	return close_some(first, last, flags);
}

PRELOAD_TAKEN void closefrom(int lowest)
{
	descriptors_start();
	close_some(lowest > 0 ? (unsigned int)lowest : 0, ~0U, 0);
}

PRELOAD_TAKEN int dup(int fd)
{
	struct set *s;

	descriptors_start();
	s = count_one_more(fd);
	if (!s && is_closing(fd))
		return bad_number();
	return doubled(s, next.dup(fd));
}

static int dup_now(int from, int to, int flags, bool is_dup2)
{
	return is_dup2 ? next.dup2(from, to) : next.dup3(from, to, flags);
}

/*
 * A thread that uses the number @to meanwhile finds what was there or what comes,
 * and never nothing: so the number passes from one set to the other.
 */
static int dup_over(int from, int to, int flags, bool is_dup2)
{
	struct set *heir, *unnamed;
	int ret;

	if (number_is_ours(to) && from != to && numbers_are_ours()) {
		errno = EBUSY;
		return -1;
	}
	/* For the kernel to answer. */
	if (from == to || to < 0 || flags & ~O_CLOEXEC ||
	    next.fcntl(from, F_GETFD) < 0)
		return dup_now(from, to, flags, is_dup2);
	unnamed = heir = count_one_more(from);
	if (!heir && is_closing(from))
		return bad_number();
	number_ending(to, &unnamed);
	ret = dup_now(from, to, flags, is_dup2);
	number_ended(to);
	if (unnamed || ret >= 0)
		return doubled(unnamed, ret);
	/* There is nothing but the limit on numbers that it could fail by. */
	if (heir)
		number_ending(to, NULL);
	return ret;
}

PRELOAD_TAKEN int dup2(int from, int to)
{
	descriptors_start();
	return dup_over(from, to, 0, true);
}

PRELOAD_TAKEN int dup3(int from, int to, int flags)
{
	descriptors_start();
	return dup_over(from, to, flags, false);
}

PRELOAD_TAKEN int fcntl(int fd, int cmd, ...)
{
	struct set *s = NULL;
	va_list ap;
	void *arg;

	descriptors_start();
	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC) {
		s = count_one_more(fd);
		if (!s && is_closing(fd))
			return bad_number();
	}
	return doubled(s, next.fcntl(fd, cmd, arg));
}

/* With large files the same function has this name. */
PRELOAD_TAKEN int fcntl64(int fd, int cmd, ...)
	__attribute__((alias("fcntl")));

static long as_raw(long ret)
{
	return ret < 0 ? -errno : ret;
}

bool backend_syscall(long nr, const long *a, long *ret)
{
	switch (nr) {
	case SYS_close:
		*ret = as_raw(close((int)a[0]));
		return true;
	case SYS_close_range:
		*ret = as_raw(close_range((unsigned int)a[0], (unsigned int)a[1],
					  (int)a[2]));
		return true;
	case SYS_dup:
		*ret = as_raw(dup((int)a[0]));
		return true;
#ifdef SYS_dup2
	case SYS_dup2:
		*ret = as_raw(dup2((int)a[0], (int)a[1]));
		return true;
#endif
	case SYS_dup3:
		*ret = as_raw(dup3((int)a[0], (int)a[1], (int)a[2]));
		return true;
	case SYS_fcntl:
		*ret = as_raw(fcntl((int)a[0], (int)a[1], a[2]));
		return true;
	default:
		return polled_syscall(nr, a, ret);
	}
}
