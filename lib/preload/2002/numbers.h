/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * numbers.h - what is known of each descriptor number
 *
 * Looked up without locks and from signal handlers, since close(2) may be called
 * there.  Memory comes from mmap(2) and is never given back.
 */
#ifndef PRELOAD_NUMBERS_H
#define PRELOAD_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct set;

/**
 * struct number - a descriptor number
 * @set: the set that it names, or NULL; written with the set's lock held
 * @closings: how often it was closed while it was @watched
 * @closing: it named a set, and is about to be closed
 * @watched: it is in some set, or was and may be still
 * @internal: it is a descriptor of this library
 */
struct number {
	struct set *set;
	uint32_t closings;
	bool closing;
	bool watched;
	bool internal;
};

/** number_find() - the entry of @fd, or NULL if nothing was ever noted. */
struct number *number_find(int fd);

/** number_get() - the same, made if need be; NULL without memory. */
struct number *number_get(int fd);

/** number_set() - the set that @fd names, or NULL. */
static inline struct set *number_set(int fd)
{
	struct number *n = number_find(fd);

	return n ? __atomic_load_n(&n->set, __ATOMIC_ACQUIRE) : NULL;
}

static inline uint32_t number_closings(int fd)
{
	struct number *n = number_find(fd);

	return n ? __atomic_load_n(&n->closings, __ATOMIC_RELAXED) : 0;
}

/** number_is_ours() - is @fd a descriptor of this library? */
static inline bool number_is_ours(int fd)
{
	struct number *n = number_find(fd);

	return n && n->internal;
}

/** number_next() - the first at or above @fd that names a set or is internal, up
 *  to @last, or -1.
 */
long number_next(long fd, long last);

/** number_next_watched() - the same for those that are watched. */
long number_next_watched(long fd, long last);

/** number_hide() - move a descriptor of ours out of the program's way; the new
 *  number, or -errno with the old one closed.
 */
int number_hide(int fd);

/** number_unhide() - close it. */
void number_unhide(int fd);

/** numbers_renew() - what is known here is of this process from now on. */
void numbers_renew(void);

/** numbers_are_ours() - is it?  The child of a vfork(2) shares our memory but not the
 *  descriptors, and changes nothing here.
 */
bool numbers_are_ours(void);

#endif /* PRELOAD_NUMBERS_H */
