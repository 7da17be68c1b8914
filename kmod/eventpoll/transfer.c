// SPDX-License-Identifier: GPL-2.0-only
/*
 * transfer.c - the consumer: asks what is ready, and tells it
 *
 * One run through the store at a time, under ep->mtx.  The store decides on the order
 * and what it keeps; for each item it calls ep_visit().  The looks that every call and
 * every event pays for are inline in eventpoll.h: ep_pending(), ep_item_pin().
 *
 * What few transfers need lies apart: of polls, of held consumers, of instances with wakeup
 * sources or busy polling (batch->rare).
 */
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "awake.h"
#include "busy.h"
#include "eventpoll.h"
#include "plant.h"
#include "rare.h"
#include "stall.h"

/* The consumer's look at a file that is an instance. */
__poll_t ep_item_ask_nested(struct epitem *item, struct poll_table_struct *pt,
			    unsigned int depth, bool outside)
{
	enum ep_kind kind = READ_ONCE(item->kind);
	struct file *file = item->file;
	struct eventpoll *child;
	__poll_t mask;

	/* It may be polling us, with locks held that it would want again. */
	if (outside && kind == EP_FOREIGN)
		return item->events & (EPOLLIN | EPOLLRDNORM);

	if (kind == EP_GONE || ep_item_pin(item, kind) != EP_PINNED)
		return 0;
	pt->_key = item->events;
	if (kind == EP_PORT) {
		child = ep_of_file(file);
		poll_wait(file, &child->poll_wait, pt);
		/* First on the queue, then the look; see wake.c. */
		smp_mb();
		mask = ep_look(child, depth, outside) ?
		       EPOLLIN | EPOLLRDNORM : 0;
	} else {
		mask = vfs_poll(file, pt);
	}
	ep_item_unpin(item);
	return mask & item->events;
}

bool ep_is_edge(const struct ep_link *link)
{
	return container_of(link, struct epitem, link)->events & EPOLLET;
}

static noinline __poll_t ask_nested(struct ep_batch *batch, struct epitem *item)
{
	return ep_item_ask_nested(item, &batch->pt, batch->depth + 1,
				  batch->outside);
}

static __always_inline __poll_t ask(struct ep_batch *batch, struct epitem *item)
{
	switch (ep_item_pin(item, EP_LEAF)) {
	case EP_PINNED:
		return ep_item_ask_pinned(item, &batch->pt);
	case EP_CLOSING:
		return 0;
	default:
		return ask_nested(batch, item);
	}
}

bool ep_ask(struct ep_batch *batch, struct ep_link *link)
{
	struct epitem *item = ep_item_of(link);
	bool ready = ask(batch, item);

	if (unlikely(batch->rare) && ready && item->awake)
		ep_awake_back(item);
	return ready;
}

void ep_drop(struct ep_batch *batch, struct ep_link *link)
{
	struct epitem *item = ep_item_of(link);

	if (item->awake)
		ep_awake_take(batch, item);
}

static enum ep_verdict leave(struct ep_batch *batch, int n)
{
	batch->left = 0;
	if (!batch->n)
		batch->n = n;
	return EP_LEAVE;
}

/* Return: false if the program's array cannot be written. */
static __always_inline bool tell(struct epoll_event __user *out,
				 __poll_t events, u64 data)
{
	if (!user_access_begin(out, sizeof(*out)))
		return false;
	unsafe_put_user(events, &out->events, fault);
	unsafe_put_user(data, &out->data, fault);
	user_access_end();
	return true;
fault:
	user_access_end();
	return false;
}

/* As many of these may follow each other as there are items. */
static noinline enum ep_verdict nothing(struct ep_batch *batch)
{
	cond_resched();
	if (fatal_signal_pending(current))
		batch->left = 0;
	return EP_DONE;
}

static __always_inline enum ep_verdict visit(struct ep_batch *batch,
					     struct epitem *item,
					     __poll_t events)
{
	if (!events)
		return nothing(batch);
	if (!tell(batch->out, events, item->data))
		return leave(batch, -EFAULT);
	batch->out++;
	batch->n++;
	batch->left--;
	if (item->events & EPOLLONESHOT) {
		if (!planted(PLANT_STAYSARMED))
			WRITE_ONCE(item->events, item->events & EP_OPTIONS);
	} else if (!(item->events & EPOLLET) && !planted(PLANT_LEVELONCE)) {
		return EP_AGAIN;
	}
	return EP_DONE;
}

static noinline enum ep_verdict visit_rare(struct ep_batch *batch,
					   struct epitem *item)
{
	enum ep_verdict verdict;
	__poll_t events;

	if (item->awake)
		ep_awake_take(batch, item);
	ep_busy_note(item);
	events = ask(batch, item);
	if (batch->look) {
		verdict = events ? leave(batch, 1) : nothing(batch);
	} else {
		if (ep_stalls())
			ep_stall();
		verdict = visit(batch, item, events);
	}
	if (item->awake && verdict != EP_DONE)
		ep_awake_back(item);
	return verdict;
}

enum ep_verdict ep_visit(struct ep_batch *batch, struct ep_link *link)
{
	struct epitem *item = ep_item_of(link);

	if (unlikely(batch->rare))
		return visit_rare(batch, item);
	return visit(batch, item, ask(batch, item));
}

/* What a transfer leaves is for the next waiter. */
static __always_inline int transfer(struct eventpoll *ep, struct ep_batch *batch)
{
	bool more;

	lockdep_assert_held(&ep->mtx);

	raw_write_seqcount_begin(&ep->scans);
	more = ep->store->transfer(&ep->ready, batch);
	raw_write_seqcount_end(&ep->scans);
	if (more && !planted(PLANT_NONEXT))
		ep_wake_waiter(ep, false);
	return batch->n;
}

static noinline int transfer_rare(struct eventpoll *ep, struct ep_batch *batch)
{
	int n;

	batch->rare = true;
	n = transfer(ep, batch);
	batch->rare = false;
	ep_awake_done(ep);
	return n;
}

static __always_inline int transfer_to(struct eventpoll *ep,
				       struct epoll_event __user *out, int max)
{
	struct ep_batch *batch = &ep->batch;

	batch->out = out;
	batch->left = max;
	batch->n = 0;
	if (unlikely(READ_ONCE(ep_rare) || READ_ONCE(ep->rare)))
		return transfer_rare(ep, batch);
	return transfer(ep, batch);
}

/* Return: 0 with ep->mtx held, or -EINTR. */
static __always_inline int consumer_lock(struct eventpoll *ep)
{
	if (likely(!fatal_signal_pending(current) && !mutex_lock_killable(&ep->mtx)))
		return 0;
	/* What woke the dying is for somebody else. */
	ep_wake_waiter(ep, false);
	return -EINTR;
}

int ep_transfer(struct eventpoll *ep, struct epoll_event __user *out, int max)
{
	int n = consumer_lock(ep);

	if (n)
		return n;
	n = transfer_to(ep, out, max);
	ep_unlock(ep);
	return n;
}

int ep_transfer_behind(struct eventpoll *ep, struct epoll_event __user *out,
		       int max)
{
	int n = consumer_lock(ep);

	if (n)
		return n;
	if (ep->store->pending(&ep->ready))
		n = transfer_to(ep, out, max);
	ep_unlock(ep);
	return n;
}

bool ep_look(struct eventpoll *ep, unsigned int depth, bool outside)
{
	struct ep_batch batch = {
		.look = true, .depth = depth, .outside = outside, .left = 1,
	};
	bool found;

	ep_use(ep);
	if (!outside)
		mutex_lock_nested(&ep->mtx, depth);
	else if (!mutex_trylock(&ep->mtx))
		return ep_pending(ep) != EP_NOTHING;
	found = ep->store->pending(&ep->ready) && transfer_rare(ep, &batch) > 0;
	ep_unlock(ep);
	return found;
}
