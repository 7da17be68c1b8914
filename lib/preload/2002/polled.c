// SPDX-License-Identifier: GPL-2.0-only
/*
 * polled.c - poll(2) and select(2) on a set's descriptor
 *
 * The descriptor is the device's and readable while the device holds events; what
 * is on a set's ready list the kernel knows nothing of.  To keep that right at all
 * times would cost every wait two system calls, so it is done for those sets that
 * somebody polls: the calls that can do that are taken over, to notice.  From then on
 * the set keeps its kick in the device while its list is not empty, and here the list
 * is put right first.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>

#include "../preload.h"
#include "close.h"
#include "numbers.h"
#include "set.h"

static void will_be_polled(int fd)
{
	struct set *s;
	int err;

	if (!number_set(fd))
		return;
	s = set_lock(fd, &err);
	if (!s)
		return;
	s->polled = true;
	set_is_ready(s);
	set_show(s);
	set_pass_on(s);
	set_unlock(s);
}

static void look_at_polls(const struct pollfd *fds, nfds_t n)
{
	/* Without a set, which is the rule, no pointer is looked behind. */
	if (!sets || !fds)
		return;
	for (nfds_t i = 0; i < n; i++)
		if (fds[i].events & (POLLIN | POLLRDNORM))
			will_be_polled(fds[i].fd);
}

static void look_at_select(int n, const fd_set *in)
{
	if (!sets || !in)
		return;
	for (int fd = 0; fd < n && fd < FD_SETSIZE; fd++)
		if (FD_ISSET(fd, in))
			will_be_polled(fd);
}

#define NEXT(name) do {							\
	if (!next)							\
		next = (__typeof__(next))dlsym(RTLD_NEXT, #name);	\
} while (0)

PRELOAD_TAKEN int poll(struct pollfd *fds, nfds_t n, int ms)
{
	static int (*next)(struct pollfd *fds, nfds_t n, int ms);

	NEXT(poll);
	look_at_polls(fds, n);
	return next(fds, n, ms);
}

PRELOAD_TAKEN int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *t,
			const sigset_t *mask)
{
	static int (*next)(struct pollfd *fds, nfds_t n,
			   const struct timespec *t, const sigset_t *mask);

	NEXT(ppoll);
	look_at_polls(fds, n);
	return next(fds, n, t, mask);
}

PRELOAD_TAKEN int select(int n, fd_set *in, fd_set *out, fd_set *except,
			 struct timeval *t)
{
	static int (*next)(int n, fd_set *in, fd_set *out, fd_set *except,
			   struct timeval *t);

	NEXT(select);
	look_at_select(n, in);
	return next(n, in, out, except, t);
}

PRELOAD_TAKEN int pselect(int n, fd_set *in, fd_set *out, fd_set *except,
			  const struct timespec *t, const sigset_t *mask)
{
	static int (*next)(int n, fd_set *in, fd_set *out, fd_set *except,
			   const struct timespec *t, const sigset_t *mask);

	NEXT(pselect);
	look_at_select(n, in);
	return next(n, in, out, except, t, mask);
}

/* What programs call that were built with _FORTIFY_SOURCE; @room is in bytes. */
int __poll_chk(struct pollfd *fds, nfds_t n, int ms, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *t,
		const sigset_t *mask, size_t room);

PRELOAD_TAKEN int __poll_chk(struct pollfd *fds, nfds_t n, int ms, size_t room)
{
	static int (*next)(struct pollfd *fds, nfds_t n, int ms, size_t room);

	NEXT(__poll_chk);
	if (n <= room / sizeof(*fds))
		look_at_polls(fds, n);
	return next(fds, n, ms, room);
}

PRELOAD_TAKEN int __ppoll_chk(struct pollfd *fds, nfds_t n,
			      const struct timespec *t, const sigset_t *mask,
			      size_t room)
{
	static int (*next)(struct pollfd *fds, nfds_t n,
			   const struct timespec *t, const sigset_t *mask,
			   size_t room);

	NEXT(__ppoll_chk);
	if (n <= room / sizeof(*fds))
		look_at_polls(fds, n);
	return next(fds, n, t, mask, room);
}

void polled_syscall(long nr, const long *a)
{
	switch (nr) {
#ifdef SYS_poll
	case SYS_poll:
#endif
	case SYS_ppoll:
		look_at_polls((const struct pollfd *)a[0], (unsigned int)a[1]);
		break;
#ifdef SYS_select
	case SYS_select:
#endif
	case SYS_pselect6:
		look_at_select((int)a[0], (const fd_set *)a[1]);
		break;
	}
}
