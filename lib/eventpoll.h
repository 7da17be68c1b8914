/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * eventpoll.h - /dev/eventpoll with the arguments of the epoll system calls
 *
 * Each function is the system call of the same name, served by the module
 * instead of the kernel: same arguments, results and errno.  The instance is a
 * descriptor; close(2) ends it.
 */
#ifndef EVENTPOLL_H
#define EVENTPOLL_H

#include <signal.h>
#include <sys/epoll.h>
#include <time.h>

#include "eventpoll_port.h"

#ifdef __cplusplus
extern "C" {
#endif

/** EVENTPOLL_DEVICE - what eventpoll_create() opens. */
#define EVENTPOLL_DEVICE	"/dev/eventpoll"

/**
 * eventpoll_create() - as epoll_create1(2), with a choice
 * @store: enum eventpoll_store
 * @flags: EPOLL_CLOEXEC or 0
 *
 * Return: the descriptor, or -1 with the errno of open(2) (ENOENT: the module
 * is not loaded; EACCES), or EINVAL.
 */
int eventpoll_create(int store, int flags);

/**
 * eventpoll_store_by_name() - the number of a store
 * @name: "ovflist" or another one: those of eventpoll(4)
 *
 * Return: enum eventpoll_store, or -1 with errno ENOENT.
 */
int eventpoll_store_by_name(const char *name);

/** eventpoll_ctl() - as epoll_ctl(2). */
int eventpoll_ctl(int epfd, int op, int fd, struct epoll_event *event);

/** eventpoll_wait() - as epoll_wait(2), a cancellation point too. */
int eventpoll_wait(int epfd, struct epoll_event *events, int maxevents,
		   int timeout);

/** eventpoll_pwait() - as epoll_pwait(2), a cancellation point too. */
int eventpoll_pwait(int epfd, struct epoll_event *events, int maxevents,
		    int timeout, const sigset_t *sigmask);

/** eventpoll_pwait2() - as epoll_pwait2(2), a cancellation point too. */
int eventpoll_pwait2(int epfd, struct epoll_event *events, int maxevents,
		     const struct timespec *timeout, const sigset_t *sigmask);

#ifdef __cplusplus
}
#endif

#endif /* EVENTPOLL_H */
