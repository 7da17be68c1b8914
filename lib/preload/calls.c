// SPDX-License-Identifier: GPL-2.0-only
/*
 * calls.c - the names that a program finds here before the C library's
 *
 * Six epoll calls, and syscall(2) for programs that go past the C library's names.
 * Nothing is decided here: arguments are put into one form, the back end does the
 * work, its -errno becomes errno.  What the back end does not know is passed on.
 *
 * But for io_uring: its IORING_OP_EPOLL_CTL asks the kernel's own epoll, which does
 * not know our instances.  Programs that use it for epoll (libuv from 1.45 on) have
 * no io_uring on old kernels, where io_uring_setup(2) is ENOSYS, and so it is here.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/single_threaded.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "preload.h"
#include "raw.h"
#include "stats.h"

static bool leave_uring;

__attribute__((constructor))
static void calls_start(void)
{
	const char *uring = getenv("EPOLL_RUN_URING");

	leave_uring = uring && *uring && strcmp(uring, "0");
}

/* A 32-bit program's struct timespec may have 32-bit members. */
struct timespec64 {
	int64_t tv_sec;
	int64_t tv_nsec;
};

static long result(long ret)
{
	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

/* What is left of the calls once their forms are put aside. */

static long do_create(int flags)
{
	stats_count(STATS_CREATE, 1);
	if (flags & ~EPOLL_CLOEXEC)
		return -EINVAL;
	return backend_create(flags);
}

static long do_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	stats_count(STATS_CTL, 1);
	return backend_ctl(epfd, op, fd, event);
}

static long do_wait(const struct wait_args *w)
{
	uint64_t begun = stats_clock();
	int n;

	/* A wait that need not sleep is a cancellation point too. */
	if (!__libc_single_threaded)
		pthread_testcancel();
	n = backend_wait(w);
	if (stats_wanted) {
		stats_count(STATS_WAIT, 1);
		stats_count(STATS_NS, stats_clock() - begun);
		if (n > 0)
			stats_count(STATS_EVENTS, (uint64_t)n);
	}
	return n;
}

PRELOAD_TAKEN int epoll_create(int size)
{
	return (int)result(size > 0 ? do_create(0) : -EINVAL);
}

PRELOAD_TAKEN int epoll_create1(int flags)
{
	return (int)result(do_create(flags));
}

PRELOAD_TAKEN int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	return (int)result(do_ctl(epfd, op, fd, event));
}

PRELOAD_TAKEN int epoll_wait(int epfd, struct epoll_event *events, int maxevents,
			     int timeout)
{
	const struct wait_args w = {
		.epfd = epfd, .events = events, .max = maxevents, .ms = timeout,
	};

	return (int)result(do_wait(&w));
}

PRELOAD_TAKEN int epoll_pwait(int epfd, struct epoll_event *events, int maxevents,
			      int timeout, const sigset_t *mask)
{
	const struct wait_args w = {
		.epfd = epfd, .events = events, .max = maxevents, .ms = timeout,
		.mask = mask, .masksize = KERNEL_SIGSET_SIZE,
	};

	return (int)result(do_wait(&w));
}

static long pwait2(int epfd, struct epoll_event *events, int maxevents,
		   const void *timespec, const sigset_t *mask)
{
	const struct wait_args w = {
		.epfd = epfd, .events = events, .max = maxevents,
		.timed = true, .timespec = timespec,
		.mask = mask, .masksize = KERNEL_SIGSET_SIZE,
	};

	return do_wait(&w);
}

#if __TIMESIZE == 64
PRELOAD_TAKEN int epoll_pwait2(int epfd, struct epoll_event *events, int maxevents,
			       const struct timespec *timeout, const sigset_t *mask)
{
	return (int)result(pwait2(epfd, events, maxevents, timeout, mask));
}
#else
int __epoll_pwait2_time64(int epfd, struct epoll_event *events, int maxevents,
			  const struct timespec64 *timeout, const sigset_t *mask);

/* Two names, as in the C library: the time of old has 32-bit members. */
PRELOAD_TAKEN int epoll_pwait2(int epfd, struct epoll_event *events, int maxevents,
			       const struct timespec *timeout, const sigset_t *mask)
{
	struct timespec64 t;

	if (timeout)
		t = (struct timespec64){ timeout->tv_sec, timeout->tv_nsec };
	return (int)result(pwait2(epfd, events, maxevents, timeout ? &t : NULL,
				  mask));
}

PRELOAD_TAKEN int __epoll_pwait2_time64(int epfd, struct epoll_event *events,
					int maxevents,
					const struct timespec64 *timeout,
					const sigset_t *mask)
{
	return (int)result(pwait2(epfd, events, maxevents, timeout, mask));
}
#endif

/*
 * syscall(2).  The numbers say which arguments there are; the six words are taken
 * whatever the call has, as the C library does.
 */
static bool taken(long nr, const long *a, long *ret)
{
	struct wait_args w = {
		.epfd = (int)a[0], .events = (struct epoll_event *)a[1],
		.max = (int)a[2],
	};

	switch (nr) {
#ifdef SYS_epoll_create
	case SYS_epoll_create:
		*ret = (int)a[0] > 0 ? do_create(0) : -EINVAL;
		return true;
#endif
	case SYS_epoll_create1:
		*ret = do_create((int)a[0]);
		return true;
	case SYS_epoll_ctl:
		*ret = do_ctl((int)a[0], (int)a[1], (int)a[2],
			      (struct epoll_event *)a[3]);
		return true;
#ifdef SYS_epoll_wait
	case SYS_epoll_wait:
		w.ms = (int)a[3];
		*ret = do_wait(&w);
		return true;
#endif
	case SYS_epoll_pwait:
		w.ms = (int)a[3];
		w.mask = (const void *)a[4];
		w.masksize = (size_t)a[5];
		*ret = do_wait(&w);
		return true;
	case SYS_epoll_pwait2:
		w.timed = true;
		w.timespec = (const void *)a[3];
		w.mask = (const void *)a[4];
		w.masksize = (size_t)a[5];
		*ret = do_wait(&w);
		return true;
	case SYS_io_uring_setup:
		*ret = -ENOSYS;
		return !leave_uring;
	case SYS_chroot:
		*ret = device_chroot((const char *)a[0]);
		return true;
	default:
		return backend_syscall(nr, a, ret);
	}
}

PRELOAD_TAKEN long syscall(long nr, ...)
{
	long a[6], ret;
	va_list ap;

	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (!taken(nr, a, &ret))
		ret = raw6(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	return result(ret);
}
