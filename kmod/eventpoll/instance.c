// SPDX-License-Identifier: GPL-2.0-only
/*
 * instance.c - an instance comes, chooses its store, and goes
 *
 * Its references: the open file, each item, queued work.  It is freed after a grace
 * period of RCU, since a reader may be in it by then.
 */
#include <linux/slab.h>

#include "awake.h"
#include "eventpoll.h"

/*
 * The choice of a store.  choice_mtx is a leaf; ep->used is never taken back, so
 * that who has seen it set needs no lock to read ep->store.
 */
static DEFINE_MUTEX(choice_mtx);

static void choose(struct eventpoll *ep, const struct ep_store *store)
{
	ep->store = store;
	store->init(&ep->ready);
}

int ep_set_store(struct eventpoll *ep, const struct ep_store *store)
{
	int err = 0;

	mutex_lock(&choice_mtx);
	if (ep->used)
		err = -EBUSY;
	else
		choose(ep, store);
	mutex_unlock(&choice_mtx);
	return err;
}

void __ep_use(struct eventpoll *ep)
{
	mutex_lock(&choice_mtx);
	/* Pairs with the acquire in ep_use(). */
	smp_store_release(&ep->used, true);
	mutex_unlock(&choice_mtx);
}

struct eventpoll *ep_alloc(const struct ep_store *store, work_func_t work,
			   void (*end_closed)(struct eventpoll *ep))
{
	struct eventpoll *ep = kzalloc(sizeof(*ep), GFP_KERNEL_ACCOUNT);

	if (!ep)
		return NULL;
	ep->user = ep_user_get();
	if (!ep->user) {
		kfree(ep);
		return NULL;
	}
	mutex_init(&ep->mtx);
	mutex_init(&ep->taps_mtx);
	init_llist_head(&ep->closed);
	ep->end_closed = end_closed;
	ep->tree = RB_ROOT;
	init_waitqueue_head(&ep->wq);
	init_waitqueue_head(&ep->poll_wait);
	refcount_set(&ep->refs, 1);
	seqcount_init(&ep->scans);
	INIT_WORK(&ep->work, work);
	choose(ep, store);
	return ep;
}

void ep_end_closed(struct eventpoll *ep)
{
	while (!llist_empty(&ep->closed) && mutex_trylock(&ep->mtx)) {
		ep->end_closed(ep);
		mutex_unlock(&ep->mtx);
		/* As in ep_unlock(). */
		smp_mb();
	}
}

void ep_put(struct eventpoll *ep)
{
	if (!refcount_dec_and_test(&ep->refs))
		return;
	if (ep->store->reap)
		ep->store->reap(&ep->ready);
	ep_awake_free(ep);
	ep_user_put(ep->user);
	kfree_rcu(ep, rcu);
}
