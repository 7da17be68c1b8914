/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * native_core.h - the ready stores in a program, and as much of epoll as they see
 *
 * The sources are those of the module (kmod/eventpoll/ready_*.c), with Concurrency Kit's
 * locks.  What is around them is a counter in each item in the place of a file: a
 * producer adds to it and posts, as eventfd does, and an item is ready while it is not 0.
 * There is no wait queue: a consumer looks at the store until something is in it.
 *
 *	who			may call
 *	any thread		native_write()
 *	any thread		native_wait(), native_read(), native_rearm(): they take
 *				the mutex where epoll does
 */
#ifndef BENCH_NATIVE_CORE_H
#define BENCH_NATIVE_CORE_H

#include <pthread.h>
#include <stdbool.h>

#include "ready.h"

/**
 * enum native_kind - how an item is told
 * @NATIVE_LEVEL: while it is ready
 * @NATIVE_EDGE: when something came
 * @NATIVE_ONESHOT: once, until native_rearm()
 */
enum native_kind {
	NATIVE_LEVEL,
	NATIVE_EDGE,
	NATIVE_ONESHOT,
};

/**
 * struct epitem - a watched counter
 * @link: for the store
 * @kind: how it is told
 * @count: what was written and not read
 * @armed: an event of it is told; cleared for a one-shot that was
 */
struct epitem {
	struct ep_link link;
	enum native_kind kind;
	unsigned long count;
	int armed;
} ____cacheline_aligned_in_smp;

/**
 * struct native - an instance
 * @ready: the store's state
 * @store: which
 * @mtx: as ep->mtx: one transfer at a time
 * @drop: a planted fault: every 7th post does not reach the store
 * @items: what is watched
 * @n_items: how many
 */
struct native {
	struct ep_ready ready;
	const struct ep_store *store;
	pthread_mutex_t mtx;
	bool drop;
	struct epitem *items;
	int n_items;
};

/** native_open() - @n items of @kind; aborts when there is no memory. */
void native_open(struct native *ep, const struct ep_store *store, int n, enum native_kind kind);

/** native_close() - gives all back; no other thread is at it. */
void native_close(struct native *ep);

/** native_write() - add one to an item's counter, and tell the store. */
void native_write(struct native *ep, struct epitem *item);

/** native_read() - take what the counter has. */
unsigned long native_read(struct epitem *item);

/** native_wait() - up to @max events, at once; data.ptr is the item.  Return: how many. */
int native_wait(struct native *ep, struct epoll_event *out, int max);

/** native_rearm() - a one-shot may be told again, as EPOLL_CTL_MOD does it. */
void native_rearm(struct native *ep, struct epitem *item);

#endif /* BENCH_NATIVE_CORE_H */
