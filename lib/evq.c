// SPDX-License-Identifier: GPL-2.0-only
/*
 * evq.c - from a call to its design
 *
 * The calls are documented in evq.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "evq_impl.h"

static const struct evq_impl *const impls[] = {
#define DESIGN(id) &evq_impl_##id,
#include "designs.def"
};

#define N_IMPLS (sizeof(impls) / sizeof(impls[0]))

static const struct evq_impl *find_impl(const char *name)
{
	for (size_t i = 0; i < N_IMPLS; i++)
		if (!strcmp(impls[i]->design.name, name))
			return impls[i];
	errno = ENOENT;
	return NULL;
}

struct evq *evq_open(const char *design, int maxfds)
{
	const struct evq_impl *impl = find_impl(design);
	struct evq *q;

	if (!impl)
		return NULL;
	if (maxfds < 0) {
		errno = EINVAL;
		return NULL;
	}
	q = impl->open(impl, maxfds);
	if (q)
		q->impl = impl;
	return q;
}

int evq_add(struct evq *q, int fd, short events)
{
	if (fd < 0) {
		errno = EBADF;
		return -1;
	}
	return q->impl->add(q, fd, events);
}

int evq_mod(struct evq *q, int fd, short events)
{
	if (fd < 0) {
		errno = EBADF;
		return -1;
	}
	return q->impl->mod(q, fd, events);
}

int evq_del(struct evq *q, int fd)
{
	return fd < 0 ? 0 : q->impl->del(q, fd);
}

int evq_arm(struct evq *q, int fd, short events)
{
	if (!q->impl->arm || fd < 0) {
		errno = q->impl->arm ? EBADF : ENOTSUP;
		return -1;
	}
	return q->impl->arm(q, fd, events);
}

struct evq *evq_join(const struct evq *q, int max)
{
	struct evq *joined;

	if (!q->impl->join || max < 1) {
		errno = q->impl->join ? EINVAL : ENOTSUP;
		return NULL;
	}
	joined = q->impl->join(q, max);
	if (joined)
		joined->impl = q->impl;
	return joined;
}

int evq_wait(struct evq *q, int timeout_ms)
{
	return q->impl->wait(q, timeout_ms);
}

int evq_fd(const struct evq *q)
{
	return q->impl->fd ? q->impl->fd(q) : -1;
}

void evq_close(struct evq *q)
{
	int err = errno;

	if (q)
		q->impl->close(q);
	errno = err;
}

const struct evq_design *evq_designs(unsigned int i)
{
	return i < N_IMPLS ? &impls[i]->design : NULL;
}

const struct evq_design *evq_find(const char *name)
{
	const struct evq_impl *impl = find_impl(name);

	return impl ? &impl->design : NULL;
}

const struct evq_design *evq_design(const struct evq *q)
{
	return &q->impl->design;
}

void *evq_grow(void *array, size_t *cap, size_t want, size_t size)
{
	size_t new_cap = *cap ? *cap : 16;
	char *grown;

	if (want <= *cap)
		return array;
	while (new_cap < want)
		new_cap *= 2;
	grown = reallocarray(array, new_cap, size);
	if (!grown)
		return NULL;
	memset(grown + *cap * size, 0, (new_cap - *cap) * size);
	*cap = new_cap;
	return grown;
}
