/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * eventpoll_port.h - what a program needs to use /dev/eventpoll
 *
 * /dev/eventpoll is the kernel's epoll once more, as a module, so that the one
 * part that its history argued about can be changed: the ready store, which
 * holds the items that have something to tell.  An open file is an instance;
 * what epoll has system calls for are ioctls here, with the same arguments,
 * results and errors:
 *
 *	int ep = open("/dev/eventpoll", O_RDWR | O_CLOEXEC);
 *	struct epoll_event ev = { .events = EPOLLIN, .data.fd = sock };
 *	struct eventpoll_ctl ctl = {
 *		.op = EPOLL_CTL_ADD, .fd = sock, .event = (uintptr_t)&ev,
 *	};
 *	struct epoll_event out[64];
 *	struct eventpoll_wait wait = {
 *		.events = (uintptr_t)out, .maxevents = 64, .timeout = -1,
 *	};
 *
 *	ioctl(ep, EVENTPOLL_STORE, EVENTPOLL_WFCQUEUE);
 *	ioctl(ep, EVENTPOLL_CTL, &ctl);
 *	int n = ioctl(ep, EVENTPOLL_WAIT, &wait);
 *
 * Who needs neither a timeout nor a signal mask can wait by read(2), which has a
 * shorter way into the kernel.  It takes as many struct epoll_event as fit and returns
 * their bytes; O_NONBLOCK says whether it sleeps for the first:
 *
 *	ssize_t bytes = read(ep, out, sizeof(out));
 *
 * The structures have one layout for 32-bit and 64-bit programs: pointers are
 * 64 bits wide, as in io_uring.  Beside those below there are the ioctls of an epoll
 * instance, EPIOCSPARAMS and EPIOCGPARAMS of <linux/eventpoll.h>, on kernels that have
 * them.
 *
 * lib/eventpoll.h has functions with the arguments of the system calls.
 */
#ifndef EVENTPOLL_PORT_H
#define EVENTPOLL_PORT_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * enum eventpoll_store - where an instance keeps what is ready
 * @EVENTPOLL_OVFLIST: a list, and a second one beside it for what comes while
 *	the first is handed out, as epoll has them since 6.18; the default
 * @EVENTPOLL_SINGLEPASS: the list alone, gone through once (May 2007); loses
 *	what comes between the look at a file and the unlinking of its item
 * @EVENTPOLL_WFCQUEUE: a wait-free queue and a state in every item (RFC v3 of
 *	2013, as posted); loses an edge that comes while its file is told
 * @EVENTPOLL_RWLOCK: as ovflist, appended to with xchg under a shared lock (5.1
 *	to 6.17 of mainline)
 * @EVENTPOLL_OVFLIST_26: ovflist as it was at first (2.6.37): what comes while the
 *	first list is handed out wakes nobody before the end
 * @EVENTPOLL_LLIST: the half-lockless list that was merged for 6.16 and reverted
 *	(2025); loses an edge that comes while its file is told
 * @EVENTPOLL_LLIST_V1: the first version of it, with the mark that guards against
 *	that
 * @EVENTPOLL_MULTIPASS: a list, gone over three times: collect, send, reinject
 *	(2.6.0 to 2.6.21)
 * @EVENTPOLL_WFCQUEUE_IDLE: the wait-free queue, repaired: it loses nothing
 */
enum eventpoll_store {
	EVENTPOLL_OVFLIST,
	EVENTPOLL_SINGLEPASS,
	EVENTPOLL_WFCQUEUE,
	EVENTPOLL_RWLOCK,
	EVENTPOLL_OVFLIST_26,
	EVENTPOLL_LLIST,
	EVENTPOLL_LLIST_V1,
	EVENTPOLL_MULTIPASS,
	EVENTPOLL_WFCQUEUE_IDLE,
};

/**
 * struct eventpoll_ctl - argument of EVENTPOLL_CTL; see epoll_ctl(2)
 * @op: EPOLL_CTL_ADD, EPOLL_CTL_MOD or EPOLL_CTL_DEL
 * @fd: the descriptor to watch
 * @event: address of a struct epoll_event; not looked at by EPOLL_CTL_DEL
 */
struct eventpoll_ctl {
	__s32 op;
	__s32 fd;
	__u64 event;
};

/**
 * struct eventpoll_wait - argument of EVENTPOLL_WAIT; see epoll_pwait2(2)
 * @events: address of @maxevents struct epoll_event, to be filled
 * @maxevents: above 0
 * @timeout: milliseconds, 0 not to wait, below 0 for ever; not looked at when
 *	@timespec is set
 * @timespec: address of a struct timespec with 64-bit members, or 0
 * @sigmask: address of the signals to block meanwhile, or 0
 * @sigsetsize: bytes at @sigmask: 8
 */
struct eventpoll_wait {
	__u64 events;
	__s32 maxevents;
	__s32 timeout;
	__u64 timespec;
	__u64 sigmask;
	__u64 sigsetsize;
};

/**
 * EVENTPOLL_STORE - choose the ready store of a fresh instance
 *
 * The argument is the enum eventpoll_store itself.  EVENTPOLL_CTL, EVENTPOLL_WAIT,
 * a read or a poll of the instance's descriptor is the first use and ends the choice.
 *
 * Return: 0, or -1 with errno EINVAL (no such store), EBUSY (used already).
 */
#define EVENTPOLL_STORE	_IO('P', 16)

/**
 * EVENTPOLL_CTL - add, change or remove (struct eventpoll_ctl)
 *
 * Return: 0, or -1 with the errno of epoll_ctl(2), and in its order: EFAULT,
 * EBADF, EPERM (cannot be polled), EINVAL (itself, unknown op, a misuse of
 * EPOLLEXCLUSIVE), ELOOP, EEXIST, ENOENT, ENOSPC (max_user_watches), ENOMEM,
 * EINVAL (too many paths to one file).
 */
#define EVENTPOLL_CTL	_IOW('P', 17, struct eventpoll_ctl)

/**
 * EVENTPOLL_WAIT - take what is ready, or sleep for it (struct eventpoll_wait)
 *
 * Return: the number of events, 0 at the timeout, or -1 with the errno of
 * epoll_pwait2(2), and in its order: EFAULT and EINVAL of the time, then of the
 * signal mask, EINVAL (maxevents), EFAULT (events), EINTR.
 */
#define EVENTPOLL_WAIT	_IOW('P', 18, struct eventpoll_wait)

/**
 * EVENTPOLL_NEW - another instance, without a path
 *
 * The argument is O_CLOEXEC or 0.  As open(2) of the node by which this instance was
 * opened, but for the way to it: for programs that have changed their root.  The
 * caller must be allowed to open the node now.  The store is the default one.  It is
 * no use of this instance.
 *
 * Return: the descriptor, or -1 with errno EINVAL (flags), EBADF (the descriptor is
 * not open for reading and writing), EACCES and the others of open(2).
 */
#define EVENTPOLL_NEW	_IO('P', 19)

#endif /* EVENTPOLL_PORT_H */
