// SPDX-License-Identifier: GPL-2.0-only
/*
 * eventpoll.c - /dev/eventpoll with the arguments of the epoll system calls
 *
 * The calls are documented in eventpoll.h.
 *
 * A number that is no instance does not reach the module.  In which order the system
 * calls find that, and whatever else is wrong, is not the same in all kernels; so the
 * kernel is asked, with a number that it cannot serve.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "eventpoll.h"

/* The kernel's sigset_t, which is smaller than the C library's. */
#define KERNEL_SIGSET_SIZE 8

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

/* Return: did the ioctl fail because the number is no instance? */
static int no_instance(int ret)
{
	return ret < 0 && (errno == EBADF || errno == ENOTTY);
}

int eventpoll_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	struct eventpoll_ctl ctl = {
		.op = op,
		.fd = fd,
		.event = (uintptr_t)event,
	};

	int ret = ioctl(epfd, EVENTPOLL_CTL, &ctl);

	/* The file itself is never an instance that watches it. */
	if (no_instance(ret))
		ret = (int)syscall(SYS_epoll_ctl, errno == EBADF ? -1 : fd, op,
				   fd, event);
	return ret;
}

/* A cancellation point, as the waits of epoll are; ioctl() is none. */
static int wait_now(int epfd, const struct eventpoll_wait *wait)
{
	int state, n;

	if (__libc_single_threaded)
		return ioctl(epfd, EVENTPOLL_WAIT, wait);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &state);
	n = ioctl(epfd, EVENTPOLL_WAIT, wait);
	pthread_setcanceltype(state, NULL);
	return n;
}

/* What the kernel says of a wait on a number, which is no instance of its own. */
static int ask_kernel(int number, const struct eventpoll_wait *wait, const void *time)
{
	return (int)syscall(SYS_epoll_pwait2, number, (uintptr_t)wait->events,
			    wait->maxevents, time, (uintptr_t)wait->sigmask,
			    wait->sigsetsize);
}

/* @time, which is a NULL pointer or good, is that of @wait. */
static int do_wait(int epfd, const struct eventpoll_wait *wait,
		   const void *time)
{
	int ret = wait_now(epfd, wait), err = errno, other = -1;

	if (!no_instance(ret))
		return ret;
	/*
	 * It is open, and the wrong kind: newer kernels look at that before the rest.
	 * It may be the kernel's own instance, so another file stands in for it.
	 */
	if (err == ENOTTY)
		other = eventfd(0, EFD_CLOEXEC);
	ret = ask_kernel(other, wait, time);
	if (other < 0 && err == ENOTTY && errno == EBADF)
		errno = EINVAL;
	else if (errno == ENOSYS)
		errno = err == ENOTTY ? EINVAL : EBADF;
	if (other >= 0) {
		err = errno;
		close(other);
		errno = err;
	}
	return ret;
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

	return do_wait(epfd, &wait, NULL);
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
	return do_wait(epfd, &wait, timeout ? &t : NULL);
}
