// SPDX-License-Identifier: GPL-2.0-only
/*
 * evq_uring_none.c - the designs of evq_uring.c where there is no liburing
 */
#include <errno.h>
#include <stddef.h>

#include "evq_impl.h"

static struct evq *no_liburing(const struct evq_impl *impl, int maxfds)
{
	(void)impl;
	(void)maxfds;
	errno = ENODEV;
	return NULL;
}

#define NO_LIBURING(name_)						\
{									\
	.design = {							\
		.name = name_,						\
		.about = "io_uring; this library was built without",	\
		.needs = "liburing (liburing-dev) where libevq is built", \
	},								\
	.open = no_liburing,						\
}

const struct evq_impl evq_impl_uring = NO_LIBURING("uring");
const struct evq_impl evq_impl_uring_defer = NO_LIBURING("uring-defer");
