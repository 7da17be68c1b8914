/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * epoll2002.h - the system calls of Linux 2.5.45, as functions
 *
 * For a few days around the end of October 2002 epoll had system calls and the
 * double buffer at once: sys_epoll_create() mapped the buffer itself and
 * sys_epoll_wait() returned a pointer into it.  These functions are that
 * interface, on top of /dev/epoll.
 *
 *	int epfd = epoll2002_create(1000);
 *	const struct pollfd *ev;
 *
 *	epoll2002_ctl(epfd, EP_CTL_ADD, sock, POLLIN | POLLOUT);
 *	for (;;) {
 *		int n = epoll2002_wait(epfd, &ev, -1);
 *
 *		for (int i = 0; i < n; i++)
 *			use(ev[i].fd, ev[i].revents);
 *	}
 *	epoll2002_close(epfd);
 *
 * Edge-triggered, as the device: what is ready already when a descriptor is
 * added is not reported.
 *
 * Safe in several threads, but only one may wait on a set at a time.  After
 * fork() the child has the set and the mapping at the same address.  Not so
 * across execve(), dup() or when the descriptor is passed to another process:
 * there the number is not known here, and every call says EINVAL.
 */
#ifndef EPOLL2002_H
#define EPOLL2002_H

#include <poll.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Operations of epoll2002_ctl(), numbers of 2.5.45. */
#define EP_CTL_ADD	1	/* watch a descriptor */
#define EP_CTL_DEL	2	/* watch it no longer */
#define EP_CTL_MOD	3	/* change the events it is watched for */

/**
 * epoll2002_create() - sys_epoll_create() of 2.5.45
 * @maxfds: the most descriptors that will be watched; cannot grow later
 *
 * Opens a set, makes the room and maps it.
 *
 * Return: a descriptor, closed on exec, to be closed by epoll2002_close(); or
 * -1 with errno: EINVAL @maxfds is negative or above 131072; ENODEV there is no
 * /dev/epoll; EACCES it may not be opened; EMFILE, ENFILE, ENOMEM.
 */
int epoll2002_create(int maxfds);

/**
 * epoll2002_ctl() - sys_epoll_ctl() of 2.5.45
 * @epfd: from epoll2002_create()
 * @op: EP_CTL_ADD, EP_CTL_DEL or EP_CTL_MOD
 * @fd: the descriptor
 * @events: bits of poll(2) to be told; ignored by EP_CTL_DEL
 *
 * ADD implies POLLERR | POLLHUP, as in 2.5.45.  There MOD did not, so that a
 * program that changed its mask was never told of a hang-up again; here MOD
 * implies them as well.
 *
 * Two threads that ADD the same @fd at the same moment may both be told that
 * they did; it is watched once.
 *
 * Return: 0, or -1 with errno: EBADF @epfd or @fd is not open; EINVAL @epfd is
 * not from epoll2002_create(), @op is none of the three, or @fd is @epfd;
 * EEXIST to ADD what is watched; ENOENT to DEL or MOD what is not; E2BIG the
 * set is full; EPERM, ENOMEM, ENOSPC, ELOOP as write() to /dev/epoll.
 */
int epoll2002_ctl(int epfd, int op, int fd, unsigned int events);

/**
 * epoll2002_wait() - sys_epoll_wait() of 2.5.45
 * @epfd: from epoll2002_create()
 * @events: where to put a pointer to the first slot; untouched unless the call
 *	returns more than 0
 * @timeout: milliseconds; 0 does not wait, negative waits for ever
 *
 * The slots are in the mapping: nothing is copied, and they stay as they are
 * until the next call that returns more than 0.
 *
 * Return: how many slots there are, 0 after the timeout, or -1 with errno:
 * EBADF, EINVAL as epoll2002_ctl(); EINTR a signal came; EBUSY another thread
 * or process waits on this set.
 */
int epoll2002_wait(int epfd, const struct pollfd **events, int timeout);

/**
 * epoll2002_close() - close a set
 * @epfd: from epoll2002_create()
 *
 * In 2.5.45 this was close(2).  That works here too, but leaves the mapping
 * behind until epoll2002_create() is given the same number again.
 *
 * Return: 0, or -1 with errno: EBADF, EINVAL as epoll2002_ctl().
 */
int epoll2002_close(int epfd);

#ifdef __cplusplus
}
#endif

#endif /* EPOLL2002_H */
