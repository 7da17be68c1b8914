/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * preload.h - how the parts of the preload libraries meet
 *
 *	program ----> calls.c --------> back end --------> kernel
 *	              epoll_ctl(2) ..   backend_ctl() ..
 *
 * calls.c has the names that a program calls: they look the same in both
 * libraries.  What is behind them is the back end, which each library has one of:
 * port.c in libepollrun.so hands over to /dev/eventpoll, and the files in 2002/
 * in libepollrun-2002.so make epoll out of /dev/epoll.
 *
 * Functions of a back end return -errno.  Pointers come as the program gave them:
 * nobody has looked whether they are good.
 */
#ifndef PRELOAD_H
#define PRELOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

/** PRELOAD_TAKEN - a name that the program is to find here first. */
#define PRELOAD_TAKEN	__attribute__((visibility("default")))

/** KERNEL_SIGSET_SIZE - bytes of the kernel's sigset_t; the C library's is larger. */
#define KERNEL_SIGSET_SIZE	8

/** MAX_EVENTS - the most that one wait may ask for, as in the kernel. */
#define MAX_EVENTS	(INT32_MAX / (int)sizeof(struct epoll_event))

/**
 * struct wait_args - any of the waits
 * @epfd: the instance
 * @events: struct epoll_event [@max]
 * @max: above 0, if the program did it right
 * @ms: milliseconds, below 0 for ever; not looked at with @timed
 * @timed: the time is @timespec, NULL for ever
 * @timespec: struct timespec with 64-bit members
 * @mask: signals to block meanwhile, or NULL
 * @masksize: bytes at @mask
 */
struct wait_args {
	int epfd;
	struct epoll_event *events;
	int max;
	int ms;
	bool timed;
	const void *timespec;
	const void *mask;
	size_t masksize;
};

int backend_create(int flags);
int backend_ctl(int epfd, int op, int fd, struct epoll_event *event);
int backend_wait(const struct wait_args *w);

/**
 * backend_syscall() - what else the back end takes over of syscall(2)
 *
 * Return: true if it did; then *@ret is the result, or -errno.
 */
bool backend_syscall(long nr, const long *args, long *ret);

#endif /* PRELOAD_H */
