// SPDX-License-Identifier: GPL-2.0-only
/*
 * eventpoll.c - /dev/eventpoll with the arguments of the epoll system calls
 *
 * The calls are documented in eventpoll.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "eventpoll.h"

/* The kernel's sigset_t, which is smaller than the C library's. */
#define KERNEL_SIGSET_SIZE 8

static const char *const stores[] = {
	[EVENTPOLL_OVFLIST] = "ovflist",
	[EVENTPOLL_SINGLEPASS] = "singlepass",
	[EVENTPOLL_WFCQUEUE] = "wfcqueue",
	[EVENTPOLL_RWLOCK] = "rwlock",
};

int eventpoll_store_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++)
		if (!strcmp(stores[i], name))
			return (int)i;
	errno = ENOENT;
	return -1;
}

int eventpoll_create(int store, int flags)
{
	int fd;

	if (flags & ~EPOLL_CLOEXEC) {
		errno = EINVAL;
		return -1;
	}
	fd = open(EVENTPOLL_DEVICE,
		  O_RDWR | (flags & EPOLL_CLOEXEC ? O_CLOEXEC : 0));
	if (fd >= 0 && ioctl(fd, EVENTPOLL_STORE, (long)store)) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

int eventpoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	struct eventpoll_ctl ctl = {
		.op = op,
		.fd = fd,
		.event = (uintptr_t)event,
	};

	return ioctl(epfd, EVENTPOLL_CTL, &ctl);
}

int eventpoll_pwait(int epfd, struct epoll_event *events, int maxevents,
		    int timeout, const sigset_t *sigmask)
{
	struct eventpoll_wait wait = {
		.events = (uintptr_t)events,
		.maxevents = maxevents,
		.timeout = timeout,
		.sigmask = (uintptr_t)sigmask,
		.sigsetsize = KERNEL_SIGSET_SIZE,
	};

	return ioctl(epfd, EVENTPOLL_WAIT, &wait);
}

int eventpoll_wait(int epfd, struct epoll_event *events, int maxevents,
		   int timeout)
{
	return eventpoll_pwait(epfd, events, maxevents, timeout, NULL);
}

int eventpoll_pwait2(int epfd, struct epoll_event *events, int maxevents,
		     const struct timespec *timeout, const sigset_t *sigmask)
{
	struct eventpoll_wait wait = {
		.events = (uintptr_t)events,
		.maxevents = maxevents,
		.timeout = -1,
		.sigmask = (uintptr_t)sigmask,
		.sigsetsize = KERNEL_SIGSET_SIZE,
	};
	/* The module wants 64-bit members whatever the program has. */
	struct { int64_t sec, nsec; } t;

	if (timeout) {
		t.sec = timeout->tv_sec;
		t.nsec = timeout->tv_nsec;
		wait.timespec = (uintptr_t)&t;
	}
	return ioctl(epfd, EVENTPOLL_WAIT, &wait);
}
