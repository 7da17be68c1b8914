// SPDX-License-Identifier: GPL-2.0-only
/*
 * item.c - an item, and its producer: the wake-ups of the watched file
 *
 * The producer runs in whatever context the file wakes its queue, often softirq,
 * under the lock of that queue with interrupts off (on PREEMPT_RT in a task, and
 * the lock sleeps).  It reads the mask without a lock: a change of the mask is
 * followed by a look at the file, so what it misses is found there.
 *
 * A key of 0 says that something happened but not what: the item is posted, and
 * asked when it is transferred.  POLLFREE says that the queue is about to go: the
 * entry comes off in there, and the clearing of tap->head is the last that the
 * producer does with the item.
 *
 * What few items want is another function on the queue, so that the others need not
 * ask: exclusive ones, and those with a wakeup source.
 */
#include <linux/align.h>
#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/slab.h>

#include "awake.h"
#include "eventpoll.h"
#include "fcblist.h"
#include "plant.h"

static struct kmem_cache *ep_item_cache;

/* Those of our own files. */
static const struct file_operations *ep_port_fops;

static atomic_t ep_items;

static int ep_items_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&ep_items));
}

static const struct kernel_param_ops ep_items_ops = {
	.get = ep_items_get,
};
module_param_cb(items, &ep_items_ops, NULL, 0400);
MODULE_PARM_DESC(items, "items of all instances, removed ones that a store still holds included (read only)");

enum ep_kind ep_kind_of(const struct file *file)
{
	if (file->f_op == ep_port_fops)
		return EP_PORT;
	return ep_file_is_epoll(file) ? EP_FOREIGN : EP_LEAF;
}

struct epitem *ep_item_alloc(struct eventpoll *ep, struct file *file, int fd)
{
	struct epitem *item;

	if (!ep_user_charge(ep->user))
		return ERR_PTR(-ENOSPC);
	item = kmem_cache_alloc(ep_item_cache, GFP_KERNEL);
	if (!item) {
		ep_user_uncharge(ep->user);
		return ERR_PTR(-ENOMEM);
	}
	ep->store->init_link(&item->link);
	item->ep = ep;
	item->file = file;
	item->fd = fd;
	item->kind = ep_kind_of(file);
	item->nested = false;
	RB_CLEAR_NODE(&item->link_node);
	item->taps = NULL;
	item->awake = NULL;
	refcount_inc(&ep->refs);
	atomic_inc(&ep_items);
	return item;
}

static void item_free_rcu(struct rcu_head *rcu)
{
	kmem_cache_free(ep_item_cache, container_of(rcu, struct epitem, rcu));
}

void ep_item_free(struct ep_link *link)
{
	struct epitem *item = ep_item_of(link);

	ep_user_uncharge(item->ep->user);
	atomic_dec(&ep_items);
	call_rcu(&item->rcu, item_free_rcu);
}

/* The producer. */

/*
 * For an exclusive item: does the waiter who is woken now come for what @bits
 * tell?  With both directions at once the kernel says no, and the next is woken.
 */
static bool satisfies(__poll_t events, __poll_t bits)
{
	__poll_t what = bits & (EPOLLIN | EPOLLOUT);

	if (!what)
		return true;
	return what != (EPOLLIN | EPOLLOUT) && (events & what);
}

#ifdef DEVEPOLL_PLANT
static bool drop_this_one(struct eventpoll *ep)
{
	static atomic_t wakeups;

	return (planted(PLANT_DROP) &&
		atomic_inc_return(&wakeups) % 7 == 0) ||
	       (planted(PLANT_LEFTALONE) && ep_scanning(ep));
}
#else
static bool drop_this_one(struct eventpoll *ep)
{
	return false;
}
#endif

/* Wakes for a post, as the store said.  Return: a waiter was woken. */
static bool wake(struct eventpoll *ep, const struct epitem *from,
		 unsigned int posted, bool sync, __poll_t bits)
{
	bool woke = true;

	if (posted <= EP_FRESH)
		woke = ep_wake_waiter(ep, sync);
	else if (posted & EP_SILENT)
		return false;
	ep_wake_pollers(ep, from, posted & EP_FRESH, bits);
	return woke;
}

static noinline void ep_tap_pollfree(struct ep_tap *tap)
{
	list_del_init(&tap->wait.entry);
	/* Pairs with the acquire in ep_item_unhook(). */
	smp_store_release(&tap->head, NULL);
}

/*
 * The rest of produce() where somebody is to be woken, or the queue goes.  An exclusive
 * entry stops the wake-up at the first who takes it.
 */
static noinline int produce_rest(struct ep_tap *tap, unsigned int posted,
				 int flags, __poll_t bits)
{
	struct epitem *item = tap->item;
	__poll_t events = READ_ONCE(item->events);
	bool taken = wake(item->ep, item, posted, flags, bits) &&
		     satisfies(events, bits);

	if (bits & POLLFREE)
		ep_tap_pollfree(tap);
	return taken || !(events & EPOLLEXCLUSIVE);
}

/*
 * Of many events that come while a program works off what it was told, nobody waits
 * for any: that way is short, and the rest is behind a call.
 */
static __always_inline int produce(struct ep_tap *tap, int flags,
				   __poll_t bits, bool exclusive, bool awake)
{
	struct epitem *item = tap->item;
	struct eventpoll *ep = item->ep;
	__poll_t events = READ_ONCE(item->events);
	unsigned int posted;

	/* One-shot and told: only options are left. */
	if (!(events & ~EP_OPTIONS) || (bits && !(bits & events)) ||
	    drop_this_one(ep)) {
		if (unlikely(bits & POLLFREE))
			ep_tap_pollfree(tap);
		return !exclusive;
	}
	posted = awake ? ep_awake_post(item) :
			 ep->store->post(&ep->ready, &item->link);
	if (likely(posted <= EP_FRESH && !wq_has_sleeper(&ep->wq) &&
		   /* behind the barrier in there, of which wake.c tells */
		   !waitqueue_active(&ep->poll_wait) && !(bits & POLLFREE)))
		return !exclusive;
	return produce_rest(tap, posted, flags, bits);
}

static int ep_wakeup(struct wait_queue_entry *wait, unsigned int mode,
		     int flags, void *key)
{
	return produce(container_of(wait, struct ep_tap, wait), flags,
		       key_to_poll(key), false, false);
}

static int ep_wakeup_exclusive(struct wait_queue_entry *wait, unsigned int mode,
			       int flags, void *key)
{
	return produce(container_of(wait, struct ep_tap, wait), flags,
		       key_to_poll(key), true, false);
}

static int ep_wakeup_awake(struct wait_queue_entry *wait, unsigned int mode,
			   int flags, void *key)
{
	struct ep_tap *tap = container_of(wait, struct ep_tap, wait);
	bool exclusive = READ_ONCE(tap->item->events) & EPOLLEXCLUSIVE;

	return produce(tap, flags, key_to_poll(key), exclusive, true);
}

static wait_queue_func_t producer_of(const struct epitem *item)
{
	if (item->awake)
		return ep_wakeup_awake;
	return item->events & EPOLLEXCLUSIVE ? ep_wakeup_exclusive : ep_wakeup;
}

struct ep_hooking {
	struct poll_table_struct pt;
	struct epitem *item;
	int err;
};

static void hook_queue(struct file *file, struct wait_queue_head *head,
		       struct poll_table_struct *pt)
{
	struct ep_hooking *h = container_of(pt, struct ep_hooking, pt);
	struct epitem *item = h->item;
	struct ep_tap *tap = &item->tap;

	if (h->err)
		return;
	if (item->taps) {
		tap = kmalloc(sizeof(*tap), GFP_KERNEL_ACCOUNT);
		if (!tap) {
			h->err = -ENOMEM;
			return;
		}
	}
	init_waitqueue_func_entry(&tap->wait, producer_of(item));
	tap->head = head;
	tap->item = item;
	tap->next = item->taps;
	item->taps = tap;
	if ((item->events & EPOLLEXCLUSIVE) && !planted(PLANT_ALLEXCLUSIVE))
		add_wait_queue_exclusive(head, &tap->wait);
	else
		add_wait_queue(head, &tap->wait);
}

int ep_item_hook(struct epitem *item, __poll_t *revents)
{
	struct ep_hooking h = { .item = item };

	init_poll_funcptr(&h.pt, hook_queue);
	*revents = ep_item_ask(item, &h.pt, 1, false);
	return h.err;
}

void ep_item_unhook(struct epitem *item)
{
	struct wait_queue_head *head;
	struct ep_tap *tap;

	/* A closer takes off what it finds: while there are taps the file is whole. */
	mutex_lock(&item->ep->taps_mtx);
	while ((tap = item->taps)) {
		item->taps = tap->next;
		rcu_read_lock();
		/*
		 * Pairs with the release in ep_tap_pollfree().  RCU keeps a queue
		 * alive whose owner is sending POLLFREE at this moment.
		 */
		head = smp_load_acquire(&tap->head);
		if (head)
			remove_wait_queue(head, &tap->wait);
		rcu_read_unlock();
		if (tap != &item->tap)
			kfree(tap);
	}
	mutex_unlock(&item->ep->taps_mtx);
}

/* Afterwards none runs that was the item's before. */
static void change_producer(struct epitem *item, wait_queue_func_t func)
{
	struct wait_queue_head *head;
	struct ep_tap *tap;
	unsigned long flags;

	/* Against a closer, as in ep_item_unhook(). */
	mutex_lock(&item->ep->taps_mtx);
	for (tap = item->taps; tap; tap = tap->next) {
		rcu_read_lock();
		/* As there. */
		head = smp_load_acquire(&tap->head);
		if (head) {
			spin_lock_irqsave(&head->lock, flags);
			tap->wait.func = func;
			spin_unlock_irqrestore(&head->lock, flags);
		}
		rcu_read_unlock();
	}
	mutex_unlock(&item->ep->taps_mtx);
}

void ep_item_awake(struct epitem *item, bool on)
{
	if (on == !!item->awake)
		return;
	if (!on) {
		change_producer(item, ep_wakeup);
		ep_awake_end(item);
	} else if (!ep_awake_begin(item)) {
		change_producer(item, producer_of(item));
	}
}

void ep_item_post(struct epitem *item)
{
	struct eventpoll *ep = item->ep;
	unsigned int posted;

	posted = item->awake ? ep_awake_post(item) :
			       ep->store->post(&ep->ready, &item->link);
	wake(ep, NULL, posted, false, 0);
}

int __init ep_items_init(const struct file_operations *fops)
{
	ep_port_fops = fops;
	ep_item_cache = kmem_cache_create("eventpoll_port_item",
					  sizeof(struct epitem), 0,
					  SLAB_HWCACHE_ALIGN | SLAB_ACCOUNT,
					  NULL);
	return ep_item_cache ? 0 : -ENOMEM;
}

size_t ep_item_bytes(void)
{
	/* As SLAB_HWCACHE_ALIGN has it. */
	return ALIGN(sizeof(struct epitem), cache_line_size()) +
	       kmalloc_size_roundup(sizeof(struct ep_tap));
}

/* The caller has waited for all grace periods. */
void ep_items_exit(void)
{
	kmem_cache_destroy(ep_item_cache);
}
