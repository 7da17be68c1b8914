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

#define STORE(id, NUMBER, name, about)					\
const struct evq_impl evq_impl_##id =					\
	EVQ_EPOLL_DESIGN(name, about,					\
			 "/dev/eventpoll (modules fcb and eventpoll_port)", \
			 EVQ_EPOLL_EDGES, &port);
#include "designs.def"
