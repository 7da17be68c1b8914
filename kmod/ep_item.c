// SPDX-License-Identifier: GPL-2.0-only
/*
 * ep_item.c - items: a watched file from its registration to its end
 *
 * Lifetimes and locks are told in ep_internal.h.
 *
 * The producer is item_notify(), the notify_proc() of 2002: it puts an event
 * into a slot of the half that is being filled.  What a wake-up could not
 * tell it leaves to ep_ask(), by way of a list.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "devepoll_trace.h"
#include "ep_file.h"
#include "ep_internal.h"
#include "ep_wake.h"
#include "faithful.h"
#include "fcblist.h"
#include "plant.h"

static void item_free(struct kref *refs)
{
	struct epitem *item = container_of(refs, struct epitem, refs);
	struct eventpoll *ep = item->ep;

	kfree_rcu(item, rcu);
	ep_put(ep);
}

static void item_put(struct epitem *item)
{
	kref_put(&item->refs, item_free);
}

struct epitem *ep_find(struct eventpoll *ep, int fd)
{
	struct ep_hash_node *n = ep_hash_find(&ep->hash, fd);

	return n ? container_of(n, struct epitem, node) : NULL;
}

/* Out of the way: where tracepoints are under SRCU each takes a register. */
static noinline void item_trace(struct eventpoll *ep, struct epitem *item,
				int bits)
{
	trace_devepoll_notify(ep, item->slot.pfd.fd, bits, item->slot.index,
			      item->slot.version);
}

/*
 * Puts bits into the item's slot.  True if the program has to be told: the
 * slot or a bit is new.
 */
static __always_inline bool item_post(struct eventpoll *ep,
				      struct epitem *item, int bits,
				      bool shared)
{
	if (!(shared ? ep_share_post(&ep->pages, ep->control, &item->slot, bits) :
		       ep_pages_post(&ep->pages, &item->slot, bits)))
		return false;
	if (trace_devepoll_notify_enabled())
		item_trace(ep, item, bits);
	return true;
}

#ifdef DEVEPOLL_PLANT
static bool drop_this_one(void)
{
	static atomic_t events;

	return planted(PLANT_DROP) && atomic_inc_return(&events) % 7 == 0;
}
#else
#define drop_this_one()	false
#endif

/*
 * The ask lists; ep->lock is held.  An item is in no list, or waiting, or asked.  A
 * new doubt takes it back to those that wait, since the one who asks may have
 * looked at the file before.
 */
static bool ask_later(struct eventpoll *ep, struct epitem *item, short doubts)
{
	item->doubts |= doubts;
	item->doubt++;
	if (ep->control)
		WRITE_ONCE(ep->control->ask, 1);
	if (item->waiting)
		return false;
	if (list_empty(&item->ask))
		ep->nasks++;
	item->waiting = true;
	item->asks->n++;
	list_move_tail(&item->ask, &item->asks->waiting);
	return true;
}

static void ask_begin(struct epitem *item)
{
	if (!item->waiting)
		return;
	item->waiting = false;
	item->asks->n--;
	list_move_tail(&item->ask, &item->asks->asked);
}

static void ask_end(struct eventpoll *ep, struct epitem *item)
{
	if (list_empty(&item->ask))
		return;
	ask_begin(item);
	item->doubts = 0;
	list_del_init(&item->ask);
	if (!--ep->nasks && ep->control)
		WRITE_ONCE(ep->control->ask, 0);
}

/* The rest of item_notify() where a wake-up left something open. */
static noinline void item_notify_doubt(struct eventpoll *ep,
				       struct epitem *item, long plevt)
	__releases(&ep->lock)
{
	int facts = plevt & item->slot.pfd.events;
	bool posted = facts && item_post(ep, item, facts, ep->control);
	bool asked = ask_later(ep, item, plevt >> FCB_DOUBT_SHIFT &
					 item->slot.pfd.events);

	spin_unlock(&ep->lock);

	if (posted || asked) {
		ep_wake_consumer(ep);
		ep_wake_pollers(ep, !item->relay);
	}
}

/*
 * An event of a watched file: any context, a queue lock may be held.  As in
 * 2002 interrupts are off already (fcblist.h), so the lock is a plain one.
 */
static __always_inline void notify(struct epitem *item, long *event, bool shared)
{
	struct eventpoll *ep = item->ep;
	long plevt = event[1];
	int facts;
	bool posted;

	if (drop_this_one())
		return;

	spin_lock(&ep->lock);
	/* A dead item asks for nothing: see item_unlink(). */
	if (unlikely(plevt >> FCB_DOUBT_SHIFT & item->slot.pfd.events)) {
		item_notify_doubt(ep, item, plevt);
		return;
	}
	facts = plevt & item->slot.pfd.events;
	posted = facts && item_post(ep, item, facts, shared);
	spin_unlock(&ep->lock);

	if (posted) {
		ep_wake_consumer(ep);
		ep_wake_pollers(ep, !item->relay);
	}
}

static void item_notify(struct file *file, void *data, unsigned long *local,
			long *event)
{
	notify(data, event, false);
}

/* The same for an instance with a control page; it has had it from before the item. */
static void item_notify_shared(struct file *file, void *data,
			       unsigned long *local, long *event)
{
	notify(data, event, true);
}

/*
 * Asks the file of one item.  Others may ask it at the same time, and the first
 * answer settles the doubt; but one that came meanwhile stays.
 */
static void ask(struct eventpoll *ep, struct epitem *item)
	__must_hold(&ep->lock)
{
	struct file *file = item->file;
	short doubts = item->doubts;
	u32 doubt = item->doubt;
	bool posted = false;
	__poll_t now;

	ask_begin(item);
	/*
	 * Fails when the closer is on its way to item_closed(); a stale item
	 * was found by an event that was under way then.
	 */
	if (!file || !compat_file_pin(file)) {
		ask_end(ep, item);
		return;
	}
	kref_get(&item->refs);
	spin_unlock_irq(&ep->lock);

	now = vfs_poll(file, NULL);

	spin_lock_irq(&ep->lock);
	if (item->doubts) {
		doubts &= (__force u32)now & item->slot.pfd.events;
		if (item->doubt == doubt)
			ask_end(ep, item);
		posted = doubts && item_post(ep, item, doubts, ep->control);
	}
	spin_unlock_irq(&ep->lock);
	item_put(item);
	ep_file_unpin(file, ep->user);
	/* At once: the next file may be long about its answer. */
	if (posted) {
		ep_wake_consumer(ep);
		ep_wake_pollers(ep, true);
	}
	cond_resched();
	spin_lock_irq(&ep->lock);
}

static struct epitem *ask_next(struct list_head *list)
{
	return list_first_entry_or_null(list, struct epitem, ask);
}

/*
 * First what nobody asks.  If after that there is nothing to tell, what others ask
 * is asked once more: they may be told something that would have been ours.
 */
void ep_ask(struct eventpoll *ep, struct ep_asks *asks)
{
	struct epitem *item;
	u32 n;

	spin_lock_irq(&ep->lock);
	for (n = asks->n; n && !fatal_signal_pending(current); n--) {
		item = ask_next(&asks->waiting);
		if (!item)
			break;
		ask(ep, item);
	}
	for (n = ep->nasks; n && !fatal_signal_pending(current); n--) {
		item = ask_next(&asks->asked);
		if (!item || ep_share_count(&ep->pages, ep->control))
			break;
		ask(ep, item);
	}
	spin_unlock_irq(&ep->lock);
}

/* The end of an item; true for the one who ends it.  ep->lock is held. */
static bool item_unlink(struct eventpoll *ep, struct epitem *item)
{
	lockdep_assert_held(&ep->lock);

	if (item->dead)
		return false;
	item->dead = true;
	if (item->hashed)
		ep_hash_remove(&ep->hash, &item->node);
	ep_share_drop(&ep->pages, ep->control, &item->slot);
	item->slot.pfd.events = 0;
	ask_end(ep, item);
	ep->nitems--;
	ep_user_uncharge(ep->user);
	return true;
}

/*
 * What 2002 did at the last close, which was nothing: the item stays in the
 * hash, with its slot and its place.  The pointer to the file, which 2002 left
 * in it too, goes.
 */
static void item_goes_stale(struct eventpoll *ep, struct epitem *item)
{
	/* First, since who walks the nest looks at the file. */
	ep_nest_unlink(item);

	spin_lock_irq(&ep->lock);
	item->file = NULL;
	ask_end(ep, item);
	spin_unlock_irq(&ep->lock);
	item_put(item);
}

/* The last close of a watched file: the closer's context, no locks. */
static void item_closed(struct file *file, void *data)
{
	struct epitem *item = data;
	struct eventpoll *ep = item->ep;
	short events;
	bool ended;

	if (faithful_to(FAITHFUL_STALE)) {
		item_goes_stale(ep, item);
		return;
	}

	spin_lock_irq(&ep->lock);
	events = item->slot.pfd.events;
	ended = item_unlink(ep, item);
	spin_unlock_irq(&ep->lock);

	ep_nest_unlink(item);
	if (ended) {
		trace_devepoll_closed(ep, item->slot.pfd.fd, events);
		item_put(item);
	}
	item_put(item);
}

/* Takes an item out whose reference the caller has besides its own two. */
static void ep_remove(struct eventpoll *ep, struct epitem *item)
{
	struct file *file;
	short events;
	bool ended;

	spin_lock_irq(&ep->lock);
	file = item->file;
	events = item->slot.pfd.events;
	ended = item_unlink(ep, item);
	spin_unlock_irq(&ep->lock);
	if (!ended)
		return;

	trace_devepoll_remove(ep, item->slot.pfd.fd, events);
	/* Before the registration ends: afterwards the child may be gone. */
	ep_nest_unlink(item);
	/* A stale item's ended with its file. */
	if (file && !file_notify_unregister(&item->fcb))
		item_put(item);
	item_put(item);
}

static struct epitem *ep_find_get(struct eventpoll *ep, int fd)
{
	struct epitem *item;

	spin_lock_irq(&ep->lock);
	item = ep_find(ep, fd);
	if (item)
		kref_get(&item->refs);
	spin_unlock_irq(&ep->lock);
	return item;
}

void ep_remove_all(struct eventpoll *ep)
{
	struct ep_hash_node *n;
	struct epitem *item;
	unsigned int bucket = 0;

	for (;;) {
		spin_lock_irq(&ep->lock);
		n = ep_hash_next(&ep->hash, &bucket);
		if (n) {
			item = container_of(n, struct epitem, node);
			kref_get(&item->refs);
		}
		spin_unlock_irq(&ep->lock);
		if (!n)
			return;
		ep_remove(ep, item);
		item_put(item);
		cond_resched();
	}
}

/*
 * Doubles the hash when it is due; without memory it stays as it is.  Closers
 * and events get the lock between the steps.
 */
static void ep_grow_hash(struct eventpoll *ep)
{
	struct ep_hash bigger;
	bool more;

	lockdep_assert_held(&ep->mtx);

	if (!ep_hash_crowded(&ep->hash) ||
	    ep_hash_grow_begin(&ep->hash, &bigger))
		return;
	spin_lock_irq(&ep->lock);
	ep_hash_grow_commit(&ep->hash, &bigger);
	spin_unlock_irq(&ep->lock);
	do {
		spin_lock_irq(&ep->lock);
		more = ep_hash_grow_step(&ep->hash, &bigger);
		spin_unlock_irq(&ep->lock);
		cond_resched();
	} while (more);
	ep_hash_free(&bigger);
}

/* Takes a place in the set, so that there is a slot for every item. */
static int ep_reserve(struct eventpoll *ep)
{
	int err = 0;

	if (!ep_user_charge(ep->user))
		return -ENOSPC;
	spin_lock_irq(&ep->lock);
	if (ep->nitems < ep_pages_capacity(&ep->pages))
		ep->nitems++;
	else
		err = -E2BIG;
	spin_unlock_irq(&ep->lock);
	if (err)
		ep_user_uncharge(ep->user);
	return err;
}

static void ep_unreserve(struct eventpoll *ep)
{
	spin_lock_irq(&ep->lock);
	ep->nitems--;
	spin_unlock_irq(&ep->lock);
	ep_user_uncharge(ep->user);
}

/*
 * Whoever polls the instance may hold locks that a file would want again, or be
 * below us in a chain of event queues that has no end (a chain of sets has one,
 * ep_nest.c).  So such files only are asked from there whose ->poll asks nobody
 * else and is not long about it.
 */
static bool can_be_asked_by_any(struct file *file)
{
	umode_t mode = file_inode(file)->i_mode;

	return S_ISSOCK(mode) || S_ISFIFO(mode) || ep_of_file(file) ||
	       (ep_file_is_anon(file) && !ep_file_is_epoll(file));
}

static struct epitem *item_alloc(struct eventpoll *ep, int fd, short events,
				 struct file *file)
{
	umode_t mode = file_inode(file)->i_mode;
	struct epitem *item;

	item = kzalloc(sizeof(*item), GFP_KERNEL_ACCOUNT);
	if (!item)
		return NULL;
	item->ep = ep;
	ep_slot_init(&item->slot, fd, events);
	item->node.fd = fd;
	item->file = file;
	item->relay = !S_ISSOCK(mode) && !S_ISFIFO(mode);
	item->asks = can_be_asked_by_any(file) ? &ep->ask_any :
						 &ep->ask_consumer;
	INIT_LIST_HEAD(&item->ask);
	INIT_LIST_HEAD(&item->nest_child);
	INIT_LIST_HEAD(&item->nest_parent);
	kref_init(&item->refs);
	kref_get(&ep->refs);
	return item;
}

/* Begins to listen.  From here on events come and the file may close. */
static int item_attach(struct epitem *item)
{
	int err;

	if (planted(PLANT_ENOMEM))
		return -ENOMEM;
	if (planted(PLANT_IGNOREENOMEM))
		return 0;
	kref_get(&item->refs);
	err = file_notify_register(item->file, &item->fcb,
				   item->ep->control ? item_notify_shared :
						       item_notify,
				   item_closed, item);
	if (err)
		item_put(item);
	return err;
}

/* A descriptor that is not in the set; file is pinned. */
static int ep_insert(struct eventpoll *ep, int fd, short events,
		     struct file *file)
{
	struct eventpoll *child = ep_of_file(file);
	struct epitem *item;
	int err;

	err = ep_reserve(ep);
	if (err)
		return err;
	item = item_alloc(ep, fd, events, file);
	if (!item) {
		ep_unreserve(ep);
		return -ENOMEM;
	}
	ep_grow_hash(ep);

	err = child ? ep_nest_link(item, child) : 0;
	if (!err)
		err = item_attach(item);

	spin_lock_irq(&ep->lock);
	if (!err) {
		ep_hash_insert(&ep->hash, &item->node);
		item->hashed = true;
	} else {
		/* Events may have come before attaching failed. */
		item_unlink(ep, item);
	}
	spin_unlock_irq(&ep->lock);

	if (err) {
		ep_nest_unlink(item);
		item_put(item);
	} else {
		trace_devepoll_add(ep, fd, events);
	}
	return err;
}

static void ep_change(struct eventpoll *ep, struct epitem *item, short events)
{
	spin_lock_irq(&ep->lock);
	ep_share_change(&ep->pages, ep->control, &item->slot, events);
	spin_unlock_irq(&ep->lock);
	trace_devepoll_change(ep, item->slot.pfd.fd, events);
}

/* The record of a descriptor that is open; file is pinned. */
static int ep_set(struct eventpoll *ep, int fd, short events,
		  struct file *file, struct epitem *item)
{
	if (!file_can_poll(file))
		return -EPERM;
	if (ep_of_file(file) == ep)
		return -EINVAL;
	if (item && (item->file == file || faithful_to(FAITHFUL_STALE))) {
		ep_change(ep, item, events);
		return 0;
	}
	/* The number names another file now, though the old one lives on. */
	if (item)
		ep_remove(ep, item);
	return ep_insert(ep, fd, events, file);
}

int ep_ctl(struct eventpoll *ep, const struct pollfd *rec)
{
	struct file *file = NULL;
	struct epitem *item;
	int err = 0;

	lockdep_assert_held(&ep->mtx);

	/* A negative number is no open file either. */
	if (!(rec->events & POLLREMOVE))
		file = fget(rec->fd);
	/*
	 * After the file is pinned: an item that is found now and has the
	 * same address for its file has the same file, and cannot die under
	 * us, since only its close or ep->mtx could end it.
	 */
	item = ep_find_get(ep, rec->fd);
	if (file) {
		err = ep_set(ep, rec->fd, rec->events, file, item);
		ep_file_unpin(file, ep->user);
	} else if (item) {
		ep_remove(ep, item);
	}
	if (item)
		item_put(item);
	return err;
}
