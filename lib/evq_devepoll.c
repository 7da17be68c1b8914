// SPDX-License-Identifier: GPL-2.0-only
/*
 * evq_devepoll.c - the double buffer of 2002, and with a switch of the program's own
 *
 * The kernel fills one half of the mapping while the program reads the other;
 * EP_POLL switches them.  The results are read where the kernel wrote them.
 *
 * The capacity has to be told beforehand and cannot grow while it is mapped.
 * When the set is full this library takes the mapping down, asks for twice as
 * much and maps again; the kernel keeps the pending events meanwhile, and the
 * results that the program may still be reading are kept in a copy.
 *
 * devepoll-shared has a control page besides.  By it a wait takes the filled half
 * itself; only to sleep, or to have a file asked, it goes to EP_POLL.
 *
 * devepoll-2002 has its descriptors registered by the source "2002" (evq_source.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "devepoll.h"
#include "evq_impl.h"
#include "evq_source.h"

/**
 * struct devepoll - a queue on /dev/epoll
 * @q: the public part
 * @fd: the instance
 * @maxfds: what was asked of EP_ALLOC
 * @control: the control page, or NULL: that is in "devepoll-shared" alone
 * @source: the name of a source of events, or NULL: that of the module
 * @param: by which it is set, or -1
 * @map: the mapping of EP_MAP_SIZE(@maxfds) bytes, NULL if it was lost
 * @half_size: half of that
 * @nready: what the last EP_POLL returned
 * @kept: the results of before the mapping was replaced, or NULL
 */
struct devepoll {
	struct evq q;
	int fd;
	int maxfds;
	struct ep_control *control;
	const char *source;
	int param;
	char *map;
	size_t half_size;
	int nready;
	char *kept;
};

static int map_it(struct devepoll *d)
{
	void *map = mmap(NULL, EP_MAP_SIZE(d->maxfds), PROT_READ, MAP_PRIVATE,
			 d->fd, 0);

	d->map = map == MAP_FAILED ? NULL : map;
	d->half_size = EP_MAP_SIZE(d->maxfds) / 2;
	return d->map ? 0 : -1;
}

static void unmap_it(struct devepoll *d)
{
	if (d->map)
		munmap(d->map, EP_MAP_SIZE(d->maxfds));
	d->map = NULL;
}

static void devepoll_close(struct evq *q)
{
	struct devepoll *d = (struct devepoll *)q;

	unmap_it(d);
	/* It holds the set, as the halves do. */
	if (d->control)
		munmap(d->control, EP_CONTROL_SIZE);
	if (d->param >= 0)
		close(d->param);
	close(d->fd);
	free(d->kept);
	free(d);
}

static int share_it(struct devepoll *d)
{
	void *control;

	if (ioctl(d->fd, EP_SHARE, 0))
		return -1;
	control = mmap(NULL, EP_CONTROL_SIZE, PROT_READ | PROT_WRITE,
		       MAP_SHARED, d->fd, EP_CONTROL_OFFSET);
	d->control = control == MAP_FAILED ? NULL : control;
	return d->control ? 0 : -1;
}

/* What the designs are told apart by: whether there is a control page, and @source. */
struct kind {
	bool shared;
	const char *source;
};

static int choose_source(struct devepoll *d, const char *source)
{
	d->source = source;
	if (source)
		d->param = evq_source_open(source);
	return source && d->param < 0 ? -1 : 0;
}

static struct evq *devepoll_open(const struct evq_impl *impl, int maxfds)
{
	const struct kind *kind = impl->own;
	struct devepoll *d;

	if (maxfds > MAX_FDS_IN_EVENTPOLL) {
		errno = EINVAL;
		return NULL;
	}
	d = calloc(1, sizeof(*d));
	if (!d)
		return NULL;
	evq_results_are_pollfd(&d->q);
	d->param = -1;
	/* The kernel gives whole pages: use what it will give anyway. */
	d->maxfds = EP_FDS_PAGES(maxfds ? maxfds : 1) * POLLFD_X_PAGE;
	d->fd = open("/dev/epoll", O_RDWR | O_CLOEXEC);
	if (d->fd < 0) {
		/* A node without a driver says ENXIO or ENODEV by itself. */
		if (errno == ENOENT || errno == ENXIO)
			errno = ENODEV;
		free(d);
		return NULL;
	}
	if (ioctl(d->fd, EP_ALLOC, d->maxfds) || map_it(d) ||
	    (kind->shared && share_it(d)) || choose_source(d, kind->source)) {
		int err = errno;

		devepoll_close(&d->q);
		errno = err;
		return NULL;
	}
	return &d->q;
}

/* Twice the room; E2BIG when there is no more to be had. */
static int grow(struct devepoll *d)
{
	int old = d->maxfds, err = 0;
	char *kept = NULL;

	if (old >= MAX_FDS_IN_EVENTPOLL) {
		errno = E2BIG;
		return -1;
	}
	if (d->map && d->nready && d->q.ready != d->kept) {
		size_t size = (size_t)d->nready * sizeof(struct pollfd);

		kept = malloc(size);
		if (!kept)
			return -1;
		memcpy(kept, d->q.ready, size);
		free(d->kept);
		d->kept = kept;
		d->q.ready = kept;
	}
	unmap_it(d);
	d->maxfds = old * 2 < MAX_FDS_IN_EVENTPOLL ? old * 2 :
						     MAX_FDS_IN_EVENTPOLL;
	if (ioctl(d->fd, EP_ALLOC, d->maxfds)) {
		/* EBUSY: another process still has it mapped. */
		err = errno == EBUSY ? E2BIG : errno;
		d->maxfds = old;
	}
	if (map_it(d) && !err)
		err = errno;
	errno = err;
	return err ? -1 : 0;
}

static int put(struct devepoll *d, int fd, short events)
{
	const struct pollfd rec = { .fd = fd, .events = events };

	while (write(d->fd, &rec, sizeof(rec)) < 0)
		if (errno != E2BIG || grow(d))
			return -1;
	return 0;
}

static int devepoll_add(struct evq *q, int fd, short events)
{
	return put((struct devepoll *)q, fd, events);
}

/* Where SIGIO is raised nothing is heard of what is neither socket nor pipe. */
static int may_hear(const struct devepoll *d, int fd)
{
	struct stat st;

	if (fstat(fd, &st))
		return -1;
	if (S_ISSOCK(st.st_mode) || S_ISFIFO(st.st_mode))
		return 0;
	errno = fd == d->fd ? EINVAL : EPERM;
	return -1;
}

static int add_by_source(struct evq *q, int fd, short events)
{
	struct devepoll *d = (struct devepoll *)q;
	char was[EVQ_SOURCE_NAME];
	int err;

	if (may_hear(d, fd) || evq_source_begin(d->param, d->source, was))
		return -1;
	err = put(d, fd, events);
	evq_source_end(d->param, was);
	return err;
}

static int devepoll_del(struct evq *q, int fd)
{
	return put((struct devepoll *)q, fd, POLLREMOVE);
}

__attribute__((noinline))
static int devepoll_wait(struct evq *q, int timeout_ms)
{
	struct devepoll *d = (struct devepoll *)q;
	struct evpoll evp = { .ep_timeout = timeout_ms };
	int n = ioctl(d->fd, EP_POLL, &evp);

	if (n > 0) {
		q->ready = d->map + evp.ep_resoff;
		d->nready = n;
	} else {
		d->nready = 0;
	}
	return n;
}

/* Rare, and so not in the way of the others. */
__attribute__((noinline))
static int settle(const struct devepoll *d, unsigned int half)
{
	return ep_take_settle(d->fd, d->control, half);
}

static int shared_wait(struct evq *q, int timeout_ms)
{
	struct devepoll *d = (struct devepoll *)q;
	unsigned int half = 0;
	int n = ep_take_once(d->control, &half);

	if (n == EP_TAKE_BUSY)
		n = settle(d, half);
	if (n > 0)
		q->ready = d->map + half * d->half_size;
	else if (n || timeout_ms || !d->map)
		return devepoll_wait(q, timeout_ms);
	d->nready = n;
	return n;
}

static int devepoll_fd(const struct evq *q)
{
	return ((const struct devepoll *)q)->fd;
}

const struct evq_impl evq_impl_devepoll = {
	.design = {
		.name = "devepoll",
		.about = "/dev/epoll of 2002: a mapped double buffer",
		.needs = "/dev/epoll (modules fcb and dev_epoll)",
		.flags = EVQ_EDGE | EVQ_CLOSE | EVQ_NESTS | EVQ_MAPPED,
	},
	.own = &(const struct kind){ 0 },
	.open = devepoll_open,
	.add = devepoll_add,
	.mod = devepoll_add,
	.del = devepoll_del,
	.wait = devepoll_wait,
	.fd = devepoll_fd,
	.close = devepoll_close,
};

const struct evq_impl evq_impl_devepoll_shared = {
	.design = {
		.name = "devepoll-shared",
		.about = "the same, and the program switches the halves itself",
		.needs = "/dev/epoll (modules fcb and dev_epoll)",
		.flags = EVQ_EDGE | EVQ_CLOSE | EVQ_NESTS | EVQ_MAPPED,
	},
	.own = &(const struct kind){ .shared = true },
	.open = devepoll_open,
	.add = devepoll_add,
	.mod = devepoll_add,
	.del = devepoll_del,
	.wait = shared_wait,
	.fd = devepoll_fd,
	.close = devepoll_close,
};

const struct evq_impl evq_impl_devepoll_2002 = {
	.design = {
		.name = "devepoll-2002",
		.about = "/dev/epoll, and events come from where they came in 2002",
		.needs = "/dev/epoll, and fcb's parameter source to be set to 2002 by root",
		.flags = EVQ_EDGE | EVQ_CLOSE | EVQ_NESTS | EVQ_MAPPED | EVQ_SIGIO,
	},
	.own = &(const struct kind){ .source = "2002" },
	.open = devepoll_open,
	.add = add_by_source,
	.mod = add_by_source,
	.del = devepoll_del,
	.wait = devepoll_wait,
	.fd = devepoll_fd,
	.close = devepoll_close,
};
