/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * awake.h - EPOLLWAKEUP: the system does not suspend over an unread event
 *
 * An item with EPOLLWAKEUP has a wakeup source, which is active while the item is in
 * the ready store; its instance has one, which is active while a transfer has such an
 * item in its hands.  So from the event until the wait after the one that told it, one
 * of the two is.  The locks and who may be where: awake.c.
 */
#ifndef KMOD_EVENTPOLL_AWAKE_H
#define KMOD_EVENTPOLL_AWAKE_H

#include <linux/types.h>

struct ep_batch;
struct epitem;
struct eventpoll;

/** ep_awake_allowed() - may the current task use EPOLLWAKEUP, on this kernel? */
bool ep_awake_allowed(void);

/**
 * ep_awake_begin() - a wakeup source for an item that has none
 * @item: its file is pinned, ep->mtx held; no producer may look at item->awake yet
 *
 * Context: process.  Return: 0, -ENOSPC (the user's limit) or -ENOMEM.
 */
int ep_awake_begin(struct epitem *item);

/** ep_awake_end() - none any more.  No producer uses it; ep->mtx held; sleeps. */
void ep_awake_end(struct epitem *item);

/** ep_awake_free() - the instance goes.  Context: process. */
void ep_awake_free(struct eventpoll *ep);

/**
 * ep_awake_post() - post an item that has a wakeup source
 *
 * Context: as a post.  Return: as the store's.
 */
unsigned int ep_awake_post(struct epitem *item);

/**
 * ep_awake_take() - the consumer has it in hand now, the instance's source stands in
 * @batch: the transfer
 * @item: has a wakeup source; of its file nothing was asked yet
 *
 * Context: process, ep->mtx held.
 */
void ep_awake_take(const struct ep_batch *batch, struct epitem *item);

/** ep_awake_back() - it is going back into the store.  Context: as above. */
void ep_awake_back(struct epitem *item);

/** ep_awake_done() - the transfer has ended.  Context: as above. */
void ep_awake_done(struct eventpoll *ep);

#endif /* KMOD_EVENTPOLL_AWAKE_H */
