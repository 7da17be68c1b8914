/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * evq_impl.h - what a design gives to libevq
 *
 * A design is one struct evq_impl, and one line in designs.def; designs that are
 * alike share a file.  Its queue embeds struct evq as the first member.
 */
#ifndef EVQ_IMPL_H
#define EVQ_IMPL_H

#include <stddef.h>

#include "evq.h"

/**
 * struct evq_impl - a design
 * @design: what the user sees of it
 * @own: what its file tells it apart by from others in there, or NULL
 * @open: makes the queue and describes its results; the caller sets
 *	evq.impl and has checked that @maxfds is not negative; NULL with errno
 * @add: see evq_add()
 * @mod: see evq_mod()
 * @del: see evq_del()
 * @arm: see evq_arm(), NULL if there is none; with EVQ_THREADS
 * @join: see evq_join(), as @open; with EVQ_THREADS
 * @wait: see evq_wait(); sets evq.ready when it returns more than 0
 * @fd: see evq_fd(), NULL if there is none
 * @close: frees all
 *
 * The calls return what the public ones of the same name do.
 */
struct evq_impl {
	struct evq_design design;
	const void *own;
	struct evq *(*open)(const struct evq_impl *impl, int maxfds);
	int (*add)(struct evq *q, int fd, short events);
	int (*mod)(struct evq *q, int fd, short events);
	int (*del)(struct evq *q, int fd);
	int (*arm)(struct evq *q, int fd, short events);
	struct evq *(*join)(const struct evq *q, int max);
	int (*wait)(struct evq *q, int timeout_ms);
	int (*fd)(const struct evq *q);
	void (*close)(struct evq *q);
};

#define EVQ_HIDDEN __attribute__((visibility("hidden")))

#define DESIGN(id) extern EVQ_HIDDEN const struct evq_impl evq_impl_##id;
#include "designs.def"

/**
 * evq_grow() - make an array large enough
 * @array: the array, NULL at first; moved if it has to grow
 * @cap: its capacity in elements, updated
 * @want: elements needed
 * @size: bytes of an element
 *
 * Doubles, and clears what is new.
 *
 * Return: the array, or NULL with errno ENOMEM and nothing changed.
 */
EVQ_HIDDEN void *evq_grow(void *array, size_t *cap, size_t want, size_t size);

/* A queue whose results are struct pollfd. */
static inline void evq_results_are_pollfd(struct evq *q)
{
	q->stride = sizeof(struct pollfd);
	q->fd_at = offsetof(struct pollfd, fd);
	q->revents_at = offsetof(struct pollfd, revents);
}

#endif /* EVQ_IMPL_H */
