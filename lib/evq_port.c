// SPDX-License-Identifier: GPL-2.0-only
/*
 * evq_port.c - /dev/eventpoll, a design for each of its ready stores
 *
 * All are edge-triggered, as the design "epoll" is: what differs between them
 * and it is the store and the way into the kernel, and nothing else.
 */
#include <errno.h>

#include "eventpoll.h"
#include "evq_epoll.h"

/* A design is named as its store. */
static int create(const char *design)
{
	int fd = eventpoll_create(eventpoll_store_by_name(design),
				  EPOLL_CLOEXEC);

	/* A node without a driver says ENXIO or ENODEV by itself. */
	if (fd < 0 && (errno == ENOENT || errno == ENXIO))
		errno = ENODEV;
	return fd;
}

static const struct evq_epoll_calls port = {
	.create = create,
	.ctl = eventpoll_ctl,
	.wait = eventpoll_wait,
};

#define STORE(name, about)						\
	EVQ_EPOLL_DESIGN(name, about,					\
			 "/dev/eventpoll (modules fcb and eventpoll_port)", \
			 EVQ_EPOLL_EDGES, &port)

const struct evq_impl evq_impl_ovflist =
	STORE("ovflist", "the port, two lists: 2.6.22 to 5.0, and since 6.18");

const struct evq_impl evq_impl_singlepass =
	STORE("singlepass", "the port, one list: May 2007; can lose an event");

const struct evq_impl evq_impl_wfcqueue =
	STORE("wfcqueue", "the port, a wait-free queue: proposed in 2013");

const struct evq_impl evq_impl_rwlock =
	STORE("rwlock", "the port, xchg under a shared lock: 5.1 to 6.17");
