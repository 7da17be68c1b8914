/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * devepoll.h - what a program needs to use /dev/epoll
 *
 * The interface is that of Davide Libenzi's /dev/epoll, in Hanna Linder's port of
 * his patch to Linux 2.5.42 (October 2002); numbers, structures and names are the
 * ones that programs of the time were compiled with.  Usable from C and C++, in
 * programs and in the module.
 * The life of a set:
 *
 *	int fd = open("/dev/epoll", O_RDWR);
 *	ioctl(fd, EP_ALLOC, maxfds);
 *	char *map = mmap(NULL, EP_MAP_SIZE(maxfds), PROT_READ, MAP_PRIVATE,
 *			 fd, 0);
 *
 *	struct pollfd rec = { .fd = sock, .events = POLLIN | POLLOUT |
 *						    POLLERR | POLLHUP };
 *	write(fd, &rec, sizeof(rec));
 *
 *	struct evpoll evp = { .ep_timeout = -1 };
 *	int n = ioctl(fd, EP_POLL, &evp);
 *	struct pollfd *ev = (struct pollfd *)(map + evp.ep_resoff);
 *	for (int i = 0; i < n; i++)
 *		use(ev[i].fd, ev[i].revents);
 *
 *	munmap(map, EP_MAP_SIZE(maxfds));
 *	ioctl(fd, EP_FREE);
 *	close(fd);
 *
 * Who may read what, and until when.  The mapping is two halves of equal
 * size.  At any time one half belongs to the kernel, which fills it, and the
 * other to the program, which reads it.  An EP_POLL that returns n > 0 hands
 * the filled half over and takes the other one back; the n slots at
 * map + ep_resoff then stay as they are until the next EP_POLL that returns
 * n > 0.  A call that returns 0 or fails changes nothing.  The half that the
 * kernel fills can be looked at, but what is seen there may change under the
 * reader.  EP_POLL orders the kernel's stores before the program's loads, so
 * no barrier is needed in the program.
 *
 * Events are edge-triggered: only what happens after a registration is told,
 * and only the bits asked for; POLLERR and POLLHUP must be asked for too.
 */
#ifndef DEVEPOLL_H
#define DEVEPOLL_H

#ifdef __KERNEL__
#include <linux/ioctl.h>
#include <linux/poll.h>
#include <linux/types.h>
#else
#include <poll.h>
#include <sys/ioctl.h>
#endif

/** POLLREMOVE - in the events of a written record: forget this fd. */
#ifndef POLLREMOVE
#define POLLREMOVE	0x1000
#endif

/** MAX_FDS_IN_EVENTPOLL - the most that EP_ALLOC takes (2002: 128 * 1024). */
#define MAX_FDS_IN_EVENTPOLL	(128 * 1024)

/** EP_PAGE_SIZE - bytes in a page of slots. */
#define EP_PAGE_SIZE		4096

/** POLLFD_X_PAGE - slots in a page. */
#define POLLFD_X_PAGE		(EP_PAGE_SIZE / (int)sizeof(struct pollfd))

/** EP_FDS_PAGES() - pages in one half for @n descriptors. */
#define EP_FDS_PAGES(n)		(((n) + POLLFD_X_PAGE - 1) / POLLFD_X_PAGE)

/** EP_MAP_SIZE() - bytes to map for @n descriptors: both halves. */
#define EP_MAP_SIZE(n)		(2UL * EP_FDS_PAGES(n) * EP_PAGE_SIZE)

/**
 * struct evpoll - argument of EP_POLL
 * @ep_timeout: milliseconds to wait; 0 does not wait, negative waits for ever
 * @ep_resoff: on return of n > 0, offset of the first slot from the mapping
 *
 * 16 bytes in a 64-bit program and 8 in a 32-bit one.  A C library of the
 * time declared it packed (12 bytes); the size is part of the ioctl number,
 * and the module serves all three.
 */
struct evpoll {
	int ep_timeout;
	unsigned long ep_resoff;
};

/**
 * EP_ALLOC - make room for descriptors
 *
 * The argument is the number itself (the declared type notwithstanding).  It
 * is rounded up to whole pages.  A later call may ask for more, never for
 * less: a smaller number changes nothing.
 *
 * Return: 0, or -1 with errno EINVAL (below 0 or above MAX_FDS_IN_EVENTPOLL),
 * EBUSY (mapped), ENOMEM (or more than RLIMIT_MEMLOCK pinned), EBADF (not open
 * for writing).
 */
#define EP_ALLOC	_IOR('P', 1, int)

/**
 * EP_POLL - wait for events and switch the halves (struct evpoll)
 *
 * Return: the number of slots at map + ep_resoff; 0 at the timeout; or -1
 * with errno EINVAL (not mapped), EINTR (a signal), EBUSY (another thread is
 * in EP_POLL on this set), EFAULT.
 */
#define EP_POLL		_IOWR('P', 2, struct evpoll)

/**
 * EP_FREE - give the room back and forget every descriptor
 *
 * Return: 0, or -1 with errno EBUSY (still mapped), EINVAL (no room), EBADF (not
 * open for writing).
 */
#define EP_FREE		_IO('P', 3)

/**
 * EP_ISPOLLED - is this descriptor in the set? (struct pollfd)
 *
 * Takes the fd field and, when the answer is yes, fills in the record as it
 * is stored.
 *
 * Return: 1 yes, 0 no, or -1 with errno EFAULT.
 */
#define EP_ISPOLLED	_IOWR('P', 4, struct pollfd)

/**
 * EP_NEW - another instance, without a path (not of 2002)
 *
 * The argument is O_CLOEXEC or 0.  As open(2) of the node by which this instance was
 * opened, but for the way to it: for programs that have changed their root.  The
 * caller must be allowed to open the node now.
 *
 * Return: the descriptor, or -1 with errno EINVAL (flags), EBADF (the descriptor is
 * not open for reading and writing), EACCES and the others of open(2).
 */
#define EP_NEW		_IO('P', 5)

/**
 * EP_SHARE - let the program switch by itself (not of 2002)
 *
 * Gives the set a control page, to be mapped shared, readable and writable:
 *
 *	struct ep_control *c = mmap(NULL, EP_CONTROL_SIZE,
 *				    PROT_READ | PROT_WRITE, MAP_SHARED, fd,
 *				    EP_CONTROL_OFFSET);
 *
 * The argument is 0.  Comes after EP_ALLOC and before the first descriptor, once;
 * the page stays until the set is closed and the page unmapped, over EP_FREE and
 * EP_ALLOC.  EP_POLL works as before beside it.  See ep_take().
 *
 * Return: 0, or -1 with errno EINVAL (an argument, or no room yet), EEXIST (it has
 * one), EBUSY (a descriptor is in the set), ENOMEM (or more than RLIMIT_MEMLOCK
 * pinned), EBADF (not open for writing).
 */
#define EP_SHARE	_IO('P', 6)

/** EP_CONTROL_OFFSET - where the control page is mapped: behind any halves. */
#define EP_CONTROL_OFFSET	0x10000000L

/** EP_CONTROL_SIZE - bytes to map there. */
#define EP_CONTROL_SIZE		EP_PAGE_SIZE

/**
 * struct ep_control - the control page
 * @word: the half that is being filled, and what is in it: EP_WORD_ bits
 * @ask: not 0: there are files whose events only EP_POLL finds out
 * @settled: of a half that was taken while busy: how many slots it has,
 *	| EP_SETTLED, as soon as that is known
 *
 * A program changes @word alone, and only by the exchange in ep_take().  What else
 * it writes there can lose or double its own events; the kernel reads nothing but
 * @word, and of that only whether it is what it had left.
 */
struct ep_control {
	unsigned int word;
	unsigned int ask;
	unsigned int settled[2];
};

/** EP_WORD_HALF - set: half 1 is being filled. */
#define EP_WORD_HALF	0x80000000U

/** EP_WORD_BUSY - the kernel is changing a slot that is counted already. */
#define EP_WORD_BUSY	0x40000000U

/** EP_WORD_COUNT - the slots that hold an event. */
#define EP_WORD_COUNT	0x000fffffU

/** EP_SETTLED - in settled[]: the count is there. */
#define EP_SETTLED	0x80000000U

#ifndef __KERNEL__

/** EP_TAKE_ASK - of ep_take(): EP_POLL has to do it. */
#define EP_TAKE_ASK	(-1)

/** EP_TAKE_BUSY - of ep_take_once(): the half is ours, ep_settled() has its count. */
#define EP_TAKE_BUSY	(-2)

/**
 * ep_take_once() - the exchange of ep_take()
 * @c: the control page
 * @half: gets which half was taken, 0 or 1
 *
 * Return: as ep_take(), or EP_TAKE_BUSY.
 */
static inline int ep_take_once(struct ep_control *c, unsigned int *half)
{
	unsigned int word;

	if (__atomic_load_n(&c->ask, __ATOMIC_RELAXED))
		return EP_TAKE_ASK;
	word = __atomic_load_n(&c->word, __ATOMIC_RELAXED);
	if (!(word & EP_WORD_COUNT))
		return 0;
	word = __atomic_exchange_n(&c->word, ~word & EP_WORD_HALF,
				   __ATOMIC_SEQ_CST);
	/*
	 * Before the reads of what the events are about: of two who change one thing
	 * and look at another, one has to see the other (kmod/ep_share.h).
	 */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	*half = word >> 31;
	return word & EP_WORD_BUSY ? EP_TAKE_BUSY : (int)(word & EP_WORD_COUNT);
}

/** ep_settled() - the count of a half that was taken while busy, or EP_TAKE_BUSY. */
static inline int ep_settled(struct ep_control *c, unsigned int half)
{
	unsigned int n = __atomic_load_n(&c->settled[half], __ATOMIC_ACQUIRE);

	return n & EP_SETTLED ? (int)(n & EP_WORD_COUNT) : EP_TAKE_BUSY;
}

/** ep_take_settle() - wait for it: a little, then asleep on the kernel's lock. */
static inline int ep_take_settle(int fd, struct ep_control *c,
				 unsigned int half)
{
	struct pollfd nobody = { -1, 0, 0 };
	int i, n;

	for (i = 0; i < 100; i++) {
		n = ep_settled(c, half);
		if (n >= 0)
			return n;
	}
	/* The kernel is busy under a lock.  So who has had it since finds it done. */
	ioctl(fd, EP_ISPOLLED, &nobody);
	n = ep_settled(c, half);
	return n >= 0 ? n : 0;		/* a spoilt page */
}

/**
 * ep_take() - take the filled half, without a system call
 * @fd: the set
 * @c: its control page
 * @half: gets which half it is, 0 or 1: it begins at @half * EP_MAP_SIZE(n) / 2
 *
 * For one thread at a time, which is in no EP_POLL.  The slots stay as they are
 * until the next take, even one that finds nothing (what it saw counted can be removed
 * before it has it), or the next EP_POLL that has slots.
 *
 * Return: how many slots; 0: there are no events; EP_TAKE_ASK: call EP_POLL, with
 * whatever timeout.  To wait is to call EP_POLL too.
 */
static inline int ep_take(int fd, struct ep_control *c, unsigned int *half)
{
	int n = ep_take_once(c, half);

	return n == EP_TAKE_BUSY ? ep_take_settle(fd, c, *half) : n;
}

#endif /* !__KERNEL__ */

#endif /* DEVEPOLL_H */
