// SPDX-License-Identifier: GPL-2.0-only
/*
 * selected.c - select(2) on a set's descriptor
 *
 * It is poll(2) in other words, and is put into them when it asks a set.  Both by
 * their numbers, for syscall(2), are here too.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <dlfcn.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>

#include "../preload.h"
#include "deadline.h"
#include "numbers.h"
#include "polled.h"
#include "set.h"

static struct {
	int (*select)(int n, fd_set *in, fd_set *out, fd_set *except,
		      struct timeval *t);
	int (*pselect)(int n, fd_set *in, fd_set *out, fd_set *except,
		       const struct timespec *t, const sigset_t *mask);
} next;

#define FIND(name) do {							\
	if (!next.name)							\
		next.name = (__typeof__(next.name))dlsym(RTLD_NEXT, #name); \
} while (0)

#define IN_BITS		(POLLIN | POLLRDNORM | POLLRDBAND)
#define OUT_BITS	(POLLOUT | POLLWRNORM | POLLWRBAND)

#define WORD_BITS	(8 * (int)sizeof(unsigned long))

/* Not FD_ISSET(), which ends a program that has more than FD_SETSIZE. */
static unsigned long *word_of(fd_set *set, int fd)
{
	return (unsigned long *)set + fd / WORD_BITS;
}

static bool is_set(fd_set *set, int fd)
{
	return set && *word_of(set, fd) >> fd % WORD_BITS & 1;
}

static void clear_bit(fd_set *set, int fd)
{
	if (set)
		*word_of(set, fd) &= ~(1UL << fd % WORD_BITS);
}

static short events_of(int fd, fd_set *in, fd_set *out, fd_set *except)
{
	return (short)((is_set(in, fd) ? IN_BITS : 0) |
		       (is_set(out, fd) ? OUT_BITS : 0) |
		       (is_set(except, fd) ? POLLPRI : 0));
}

/* A condition of poll(2) in those of select(2) that were asked for. */
static short selected(const struct pollfd *p)
{
	short got = p->revents;

	if (got & (POLLHUP | POLLERR))
		got |= IN_BITS;
	if (got & POLLERR)
		got |= OUT_BITS;
	return got & p->events;
}

/* poll(2) ends for hang-ups and errors that select(2) was not asked for. */
static bool poll_selected(struct pollfd *fds, int m, const struct deadline *d,
			 const sigset_t *mask, int *ret)
{
	bool some;

	do {
		if (!poll_sets(fds, (nfds_t)m, d, mask, ret))
			return false;
		some = *ret <= 0;
		for (int i = 0; i < m && *ret > 0; i++) {
			if (fds[i].revents & POLLNVAL) {
				errno = EBADF;
				*ret = -1;
				return true;
			}
			if (selected(&fds[i]))
				some = true;
			else if (fds[i].revents)
				fds[i].fd = ~fds[i].fd;
		}
	} while (!some);
	return true;
}

static int select_result(const struct pollfd *fds, int m, fd_set *in, fd_set *out,
			 fd_set *except)
{
	int n = 0;

	for (int i = 0; i < m; i++) {
		int fd = fds[i].fd < 0 ? ~fds[i].fd : fds[i].fd;
		short got = fds[i].fd < 0 ? 0 : selected(&fds[i]);

		if (!(got & IN_BITS))
			clear_bit(in, fd);
		if (!(got & OUT_BITS))
			clear_bit(out, fd);
		if (!(got & POLLPRI))
			clear_bit(except, fd);
		n += !!(got & IN_BITS) + !!(got & OUT_BITS) + !!(got & POLLPRI);
	}
	return n;
}

/* Return: false if no set is asked; else *@ret is the result. */
static bool select_sets(int n, fd_set *in, fd_set *out, fd_set *except,
			const struct deadline *d, const sigset_t *mask, int *ret)
{
	struct pollfd *fds;
	int m = 0, asked = 0;
	size_t size;

	for (int fd = 0; fd < n; fd++) {
		m += events_of(fd, in, out, except) != 0;
		asked += is_set(in, fd) && number_set(fd);
	}
	if (!asked)
		return false;
	size = (size_t)m * sizeof(*fds);
	fds = size <= ON_STACK ? alloca(size) :
	      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		   -1, 0);
	*ret = -1;
	if (fds == MAP_FAILED)
		return true;
	m = 0;
	for (int fd = 0; fd < n; fd++) {
		short events = events_of(fd, in, out, except);

		if (events)
			fds[m++] = (struct pollfd){ .fd = fd, .events = events };
	}
	asked = poll_selected(fds, m, d, mask, ret);
	if (asked && *ret >= 0)
		*ret = select_result(fds, m, in, out, except);
	if (size > ON_STACK)
		munmap(fds, size);
	return asked;
}

PRELOAD_TAKEN int select(int n, fd_set *in, fd_set *out, fd_set *except,
			 struct timeval *tv)
{
	struct timespec t, left;
	struct deadline d;
	int ret;

	FIND(select);
	if (!sets || !in || (tv && (tv->tv_sec < 0 || tv->tv_usec < 0)))
		return next.select(n, in, out, except, tv);
	if (tv) {
		t.tv_sec = tv->tv_sec + tv->tv_usec / 1000000;
		t.tv_nsec = tv->tv_usec % 1000000 * 1000;
	}
	deadline_set(&d, tv ? &t : NULL);
	if (!select_sets(n, in, out, except, &d, NULL, &ret))
		return next.select(n, in, out, except, tv);
	/* As in Linux, the time that is left is stored. */
	if (!d.never) {
		deadline_left(&d, &left);
		*tv = (struct timeval){ left.tv_sec, left.tv_nsec / 1000 };
	}
	return ret;
}

PRELOAD_TAKEN int pselect(int n, fd_set *in, fd_set *out, fd_set *except,
			  const struct timespec *t, const sigset_t *mask)
{
	struct deadline d;
	int ret;

	FIND(pselect);
	if (sets && in && poll_ends(&d, t) &&
	    select_sets(n, in, out, except, &d, mask, &ret))
		return ret;
	return next.pselect(n, in, out, except, t, mask);
}

static bool pselect_by_number(const long *a, int *ret)
{
	struct timespec *t = (struct timespec *)a[4];
	const struct {
		const sigset_t *mask;
		size_t size;
	} *arg = (const void *)a[5];
	const sigset_t *mask = arg ? arg->mask : NULL;
	struct deadline d;

	if (!sets || !a[1] || (mask && arg->size != KERNEL_SIGSET_SIZE) ||
	    !poll_ends(&d, t) ||
	    !select_sets((int)a[0], (fd_set *)a[1], (fd_set *)a[2],
			 (fd_set *)a[3], &d, mask, ret))
		return false;
	if (!d.never)
		deadline_left(&d, t);
	return true;
}

bool polled_syscall(long nr, const long *a, long *ret)
{
	int n;

	switch (nr) {
#ifdef SYS_poll
	case SYS_poll:
		n = poll((struct pollfd *)a[0], (unsigned int)a[1], (int)a[2]);
		break;
#endif
	case SYS_ppoll:
		if (!ppoll_by_number(a, &n))
			return false;
		break;
#ifdef SYS_select
	case SYS_select:
		n = select((int)a[0], (fd_set *)a[1], (fd_set *)a[2],
			   (fd_set *)a[3], (struct timeval *)a[4]);
		break;
#endif
	case SYS_pselect6:
		if (!pselect_by_number(a, &n))
			return false;
		break;
	default:
		return false;
	}
	*ret = n < 0 ? -errno : n;
	return true;
}
