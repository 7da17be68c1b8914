// SPDX-License-Identifier: GPL-2.0-only
/*
 * native_core.c - what a ready store calls, for a counter in the place of a file
 *
 * The order is epoll's: the item is asked by the transfer, under the mutex, and its
 * counter is read by the program afterwards.
 */
#include <stdio.h>
#include <stdlib.h>

#include <linux/atomic.h>
#include <linux/container_of.h>
#include <linux/spinlock.h>

#include "native_core.h"

#ifndef __SANITIZE_THREAD__
__thread struct ck_spinlock_mcs shim_spin_node;
#endif

static struct epitem *item_of(const struct ep_link *link)
{
	return container_of(link, struct epitem, link);
}

static bool ask(const struct epitem *item)
{
	return smp_load_acquire(&item->count) && READ_ONCE(item->armed);
}

enum ep_verdict ep_visit(struct ep_batch *batch, struct ep_link *link)
{
	struct epitem *item = item_of(link);

	if (!ask(item))
		return EP_DONE;
	*batch->out++ = (struct epoll_event){ EPOLLIN, { .ptr = item } };
	batch->n++;
	batch->left--;
	switch (item->kind) {
	case NATIVE_LEVEL:
		return EP_AGAIN;
	case NATIVE_ONESHOT:
		WRITE_ONCE(item->armed, false);
		break;
	case NATIVE_EDGE:
		break;
	}
	return EP_DONE;
}

bool ep_is_edge(const struct ep_link *link)
{
	return item_of(link)->kind == NATIVE_EDGE;
}

bool ep_ask(struct ep_batch *batch, struct ep_link *link)
{
	(void)batch;
	return ask(item_of(link));
}

/* Nothing keeps this system awake. */
void ep_drop(struct ep_batch *batch, struct ep_link *link)
{
	(void)batch;
	(void)link;
}

/* Items are one array here. */
void ep_item_free(struct ep_link *link)
{
	(void)link;
}

/* Nobody sleeps. */
bool ep_ready_wake_waiter(struct ep_ready *ready)
{
	(void)ready;
	return false;
}

bool ep_ready_wake_all(struct ep_ready *ready)
{
	(void)ready;
	return false;
}

void ep_ready_wake_pollers(struct ep_ready *ready)
{
	(void)ready;
}

void native_open(struct native *ep, const struct ep_store *store, int n, enum native_kind kind)
{
	int i;

	ep->store = store;
	ep->drop = false;
	ep->n_items = n;
	ep->items = aligned_alloc(64, n * sizeof(*ep->items));
	if (!ep->items) {
		fprintf(stderr, "native: no memory for %d items\n", n);
		exit(1);
	}
	pthread_mutex_init(&ep->mtx, NULL);
	store->init(&ep->ready);
	for (i = 0; i < n; i++) {
		struct epitem *item = &ep->items[i];

		item->kind = kind;
		item->count = 0;
		item->armed = true;
		store->init_link(&item->link);
	}
}

void native_close(struct native *ep)
{
	int i;

	for (i = 0; i < ep->n_items; i++)
		ep->store->forget(&ep->ready, &ep->items[i].link);
	if (ep->store->reap)
		ep->store->reap(&ep->ready);
	pthread_mutex_destroy(&ep->mtx);
	free(ep->items);
}

void native_write(struct native *ep, struct epitem *item)
{
	static __thread unsigned int nth;

	__atomic_fetch_add(&item->count, 1, __ATOMIC_SEQ_CST);
	if (ep->drop && ++nth % 7 == 0)
		return;
	/* As the wake-up does: a one-shot that was told has no bits. */
	if (READ_ONCE(item->armed))
		ep->store->post(&ep->ready, &item->link);
}

unsigned long native_read(struct epitem *item)
{
	return xchg(&item->count, 0);
}

int native_wait(struct native *ep, struct epoll_event *out, int max)
{
	struct ep_batch batch = { .out = out, .left = max };

	if (!ep->store->pending(&ep->ready))
		return 0;
	pthread_mutex_lock(&ep->mtx);
	if (ep->store->pending(&ep->ready))
		ep->store->transfer(&ep->ready, &batch);
	pthread_mutex_unlock(&ep->mtx);
	return batch.n;
}

void native_rearm(struct native *ep, struct epitem *item)
{
	pthread_mutex_lock(&ep->mtx);
	WRITE_ONCE(item->armed, true);
	/* Armed first, then the look: what comes between is seen by one of the two. */
	smp_mb();
	if (ask(item))
		ep->store->post(&ep->ready, &item->link);
	pthread_mutex_unlock(&ep->mtx);
}
