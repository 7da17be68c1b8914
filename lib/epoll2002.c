// SPDX-License-Identifier: GPL-2.0-only
/*
 * epoll2002.c - the system calls of Linux 2.5.45, as functions
 *
 * The calls are documented in epoll2002.h.  The kernel of 2.5.45 kept the
 * address of the mapping with the set; a library has to remember it by the
 * number of the descriptor.  It does so in a list that only ever grows: a
 * closed set leaves an entry for the next one to use.  No lock, so a fork() in
 * the middle of another thread's call does no harm.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "devepoll.h"
#include "epoll2002.h"

enum { ENTRY_FREE = -1, ENTRY_BUSY = -2 };

/**
 * struct entry - the mapping of a set
 * @fd: the descriptor; ENTRY_FREE when unused, ENTRY_BUSY while a thread fills
 *	it in or takes it down
 * @map: the mapping; valid while @fd is not negative
 * @size: its size in bytes
 * @next: set once
 */
struct entry {
	atomic_int fd;
	char *map;
	size_t size;
	struct entry *next;
};

static _Atomic(struct entry *) entries;

static struct entry *find(int fd)
{
	struct entry *e = atomic_load_explicit(&entries, memory_order_acquire);

	for (; e; e = e->next)
		if (atomic_load_explicit(&e->fd, memory_order_acquire) == fd)
			return e;
	return NULL;
}

/* The entry of a set that is in use, or NULL with errno. */
static struct entry *find_open(int epfd)
{
	struct entry *e = epfd < 0 ? NULL : find(epfd);

	if (!e)
		errno = fcntl(epfd, F_GETFD) < 0 ? EBADF : EINVAL;
	return e;
}

/* The device says ENOTTY or EINVAL when the number means another file now. */
static int not_ours(int err)
{
	return err == ENOTTY ? EINVAL : err;
}

/* Takes the entry away from its descriptor; false if another thread did. */
static int claim(struct entry *e, int fd)
{
	return atomic_compare_exchange_strong(&e->fd, &fd, ENTRY_BUSY);
}

/* An entry in the state ENTRY_BUSY, or NULL. */
static struct entry *new_entry(void)
{
	struct entry *e;

	for (e = atomic_load(&entries); e; e = e->next)
		if (claim(e, ENTRY_FREE))
			return e;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	atomic_init(&e->fd, ENTRY_BUSY);
	e->next = atomic_load(&entries);
	while (!atomic_compare_exchange_weak(&entries, &e->next, e))
		;
	return e;
}

static void free_entry(struct entry *e)
{
	if (e->map)
		munmap(e->map, e->size);
	e->map = NULL;
	atomic_store_explicit(&e->fd, ENTRY_FREE, memory_order_release);
}

static int give_up(struct entry *e, int fd)
{
	int err = errno;

	free_entry(e);
	if (fd >= 0)
		close(fd);
	errno = err;
	return -1;
}

int epoll2002_create(int maxfds)
{
	struct entry *e, *stale;
	void *map;
	int fd;

	if (maxfds < 0 || maxfds > MAX_FDS_IN_EVENTPOLL) {
		errno = EINVAL;
		return -1;
	}
	if (!maxfds)
		maxfds = 1;
	e = new_entry();
	if (!e)
		return -1;
	fd = open("/dev/epoll", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ENOENT || errno == ENXIO)
			errno = ENODEV;
		return give_up(e, fd);
	}
	/* The number was a set before, and closed without us. */
	stale = find(fd);
	if (stale && claim(stale, fd))
		free_entry(stale);
	if (ioctl(fd, EP_ALLOC, maxfds))
		return give_up(e, fd);
	e->size = EP_MAP_SIZE(maxfds);
	map = mmap(NULL, e->size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return give_up(e, fd);
	e->map = map;
	atomic_store_explicit(&e->fd, fd, memory_order_release);
	return fd;
}

int epoll2002_ctl(int epfd, int op, int fd, unsigned int events)
{
	struct pollfd rec = { .fd = fd };
	int known;

	if (!find_open(epfd))
		return -1;
	if (op != EP_CTL_ADD && op != EP_CTL_DEL && op != EP_CTL_MOD) {
		errno = EINVAL;
		return -1;
	}
	/* The device would take a number that is not open for a removal. */
	if (fcntl(fd, F_GETFD) < 0)
		return -1;
	known = ioctl(epfd, EP_ISPOLLED, &rec);
	if (known < 0) {
		errno = not_ours(errno);
		return -1;
	}
	if (op == EP_CTL_ADD ? known : !known) {
		errno = known ? EEXIST : ENOENT;
		return -1;
	}
	rec.fd = fd;
	rec.events = op == EP_CTL_DEL ? POLLREMOVE :
					(short)(events | POLLERR | POLLHUP);
	rec.revents = 0;
	return write(epfd, &rec, sizeof(rec)) < 0 ? -1 : 0;
}

int epoll2002_wait(int epfd, const struct pollfd **events, int timeout)
{
	struct evpoll evp = { .ep_timeout = timeout };
	struct entry *e = find_open(epfd);
	int n;

	if (!e)
		return -1;
	n = ioctl(epfd, EP_POLL, &evp);
	if (n > 0)
		*events = (const struct pollfd *)(e->map + evp.ep_resoff);
	else if (n < 0)
		errno = not_ours(errno);
	return n;
}

int epoll2002_close(int epfd)
{
	struct entry *e = find_open(epfd);

	if (!e)
		return -1;
	if (!claim(e, epfd)) {
		errno = EBADF;
		return -1;
	}
	free_entry(e);
	return close(epfd);
}
