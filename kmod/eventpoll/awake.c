// SPDX-License-Identifier: GPL-2.0-only
/*
 * awake.c - EPOLLWAKEUP: wakeup sources of items and of their instance
 *
 * What holds: outside of a transfer, the source of an item is active if and only if
 * the item is in the ready store; only what MOD gives to an item that is in there
 * already begins when that was taken and put back, as the kernel's does.  Three change
 * that:
 *
 *	post	   the producer of the item, and ctl: what was not in the store makes
 *		   it active
 *	transfer   before the file is asked the item's source ends, and the instance's
 *		   begins; what goes back into the store begins again; when all is
 *		   told the instance's ends
 *	removal	   and MOD: the source goes altogether
 *
 * An item may come into the store again between the moment when the consumer took it
 * and the look at its file.  Its source must then not end; the store knows (again() in
 * ready.h).  awake->lock makes the answer and what follows from it one step for
 * producers, whose post and its consequence are one step as well.
 *
 * Those items have a producer of their own (item.c), so that others pay nothing.  It
 * is the one reader of item->awake without ep->mtx; a change of it happens while no
 * tap has that producer, or under the lock of the tap's queue, where it runs.
 *
 * awake->lock is inside the wait queue's lock of the file and outside of the store's.
 * Nobody is woken under it but by stores that do so in a post.
 *
 * A source costs about as much memory as EP_AWAKE_WATCHES watched files (its device in
 * sysfs has most of it), and is counted as that against the user of the instance.
 * Its name is that of the file, 255 bytes at most.
 */
#include <linux/capability.h>
#include <linux/dcache.h>
#include <linux/device.h>	/* and with it pm_wakeup.h */
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "awake.h"
#include "eventpoll.h"
#include "plant.h"

/* Measured: 3.4 kB with its device and the files of that, in units of EP_WATCH_BYTES. */
#define EP_AWAKE_WATCHES	8

/**
 * struct ep_awake - what an item with EPOLLWAKEUP has besides
 * @lock: see the top of this file
 * @source: the wakeup source
 */
struct ep_awake {
	spinlock_t lock;	/* a post and its consequence are one step */
	struct wakeup_source *source;
};

bool ep_awake_allowed(void)
{
	return IS_ENABLED(CONFIG_PM_SLEEP) && capable(CAP_BLOCK_SUSPEND);
}

/* A file may be renamed at any moment, so its name is a snapshot. */
static struct wakeup_source *source_for(const struct file *file)
{
	struct wakeup_source *source;
	struct name_snapshot name;

	take_dentry_name_snapshot(&name, file->f_path.dentry);
	source = wakeup_source_register(NULL, name.name.name);
	release_dentry_name_snapshot(&name);
	return source;
}

/* The first item brings the instance's, which stays until the instance goes. */
static bool source_of_instance(struct eventpoll *ep)
{
	if (!ep->awake)
		ep->awake = wakeup_source_register(NULL, "eventpoll");
	return ep->awake;
}

int ep_awake_begin(struct epitem *item)
{
	struct eventpoll *ep = item->ep;
	struct ep_awake *awake;

	lockdep_assert_held(&ep->mtx);

	if (!ep_user_charge_many(ep->user, EP_AWAKE_WATCHES))
		return -ENOSPC;
	awake = kmalloc(sizeof(*awake), GFP_KERNEL_ACCOUNT);
	if (!awake || !source_of_instance(ep))
		goto no_memory;
	spin_lock_init(&awake->lock);
	awake->source = source_for(item->file);
	if (!awake->source)
		goto no_memory;
	item->awake = awake;
	WRITE_ONCE(ep->rare, true);
	return 0;

no_memory:
	kfree(awake);
	ep_user_uncharge_many(ep->user, EP_AWAKE_WATCHES);
	return -ENOMEM;
}

void ep_awake_end(struct epitem *item)
{
	struct ep_awake *awake = item->awake;

	lockdep_assert_held(&item->ep->mtx);

	item->awake = NULL;
	/* Ends it first, if it is active. */
	wakeup_source_unregister(awake->source);
	kfree(awake);
	ep_user_uncharge_many(item->ep->user, EP_AWAKE_WATCHES);
}

void ep_awake_free(struct eventpoll *ep)
{
	wakeup_source_unregister(ep->awake);
}

unsigned int ep_awake_post(struct epitem *item)
{
	struct ep_awake *awake = item->awake;
	struct eventpoll *ep = item->ep;
	unsigned long flags;
	unsigned int posted;

	spin_lock_irqsave(&awake->lock, flags);
	posted = ep->store->post(&ep->ready, &item->link);
	if ((posted & EP_FRESH) && !planted(PLANT_ASLEEP))
		__pm_stay_awake(awake->source);
	spin_unlock_irqrestore(&awake->lock, flags);
	return posted;
}

void ep_awake_take(const struct ep_batch *batch, struct epitem *item)
{
	struct ep_awake *awake = item->awake;
	const struct ep_store *store = item->ep->store;

	spin_lock_irq(&awake->lock);
	if (awake->source->active)
		__pm_stay_awake(item->ep->awake);
	if (!(store->again && store->again(batch, &item->link)) ||
	    planted(PLANT_TAKEN))
		__pm_relax(awake->source);
	spin_unlock_irq(&awake->lock);
}

void ep_awake_back(struct epitem *item)
{
	__pm_stay_awake(item->awake->source);
}

void ep_awake_done(struct eventpoll *ep)
{
	if (ep->awake && !planted(PLANT_SLEEPLESS))
		__pm_relax(ep->awake);
}
