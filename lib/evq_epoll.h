/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * evq_epoll.h - designs that are spoken to as epoll is
 *
 * The kernel's epoll and the stores of /dev/eventpoll differ in three calls
 * only: a design names its own in struct evq_epoll_calls, and takes the rest,
 * which is in evq_epoll.c, by EVQ_EPOLL_DESIGN().
 */
#ifndef EVQ_EPOLL_H
#define EVQ_EPOLL_H

#include <sys/epoll.h>

#include "evq_impl.h"

/**
 * struct evq_epoll_calls - the calls of a design
 * @create: opens an instance for the design of that name, close-on-exec;
 *	the descriptor, or -1 with errno
 * @ctl: as epoll_ctl(2)
 * @wait: as epoll_wait(2)
 */
struct evq_epoll_calls {
	int (*create)(const char *design);
	int (*ctl)(int epfd, int op, int fd, struct epoll_event *event);
	int (*wait)(int epfd, struct epoll_event *events, int maxevents,
		    int timeout);
};

EVQ_HIDDEN struct evq *evq_epoll_open(const struct evq_impl *impl, int maxfds);
EVQ_HIDDEN int evq_epoll_add(struct evq *q, int fd, short events);
EVQ_HIDDEN int evq_epoll_mod(struct evq *q, int fd, short events);
EVQ_HIDDEN int evq_epoll_del(struct evq *q, int fd);
EVQ_HIDDEN int evq_epoll_arm(struct evq *q, int fd, short events);
EVQ_HIDDEN struct evq *evq_epoll_join(const struct evq *q, int max);
EVQ_HIDDEN int evq_epoll_wait(struct evq *q, int timeout_ms);
EVQ_HIDDEN int evq_epoll_fd(const struct evq *q);
EVQ_HIDDEN void evq_epoll_close(struct evq *q);

/* What epoll can do with levels, and with edges too. */
#define EVQ_EPOLL_LEVELS (EVQ_INITIAL | EVQ_IMPLIED | EVQ_CLOSE | EVQ_NESTS | \
			  EVQ_THREADS)
#define EVQ_EPOLL_EDGES	(EVQ_EDGE | EVQ_EPOLL_LEVELS)

/**
 * EVQ_EPOLL_DESIGN() - a struct evq_impl
 * @name_, @about_, @needs_, @flags_: see struct evq_design
 * @calls_: address of a struct evq_epoll_calls
 */
#define EVQ_EPOLL_DESIGN(name_, about_, needs_, flags_, calls_)		\
{									\
	.design = {							\
		.name = name_,						\
		.about = about_,					\
		.needs = needs_,					\
		.flags = flags_,					\
	},								\
	.own = calls_,							\
	.open = evq_epoll_open,						\
	.add = evq_epoll_add,						\
	.mod = evq_epoll_mod,						\
	.del = evq_epoll_del,						\
	.arm = evq_epoll_arm,						\
	.join = evq_epoll_join,						\
	.wait = evq_epoll_wait,						\
	.fd = evq_epoll_fd,						\
	.close = evq_epoll_close,					\
}

#endif /* EVQ_EPOLL_H */
