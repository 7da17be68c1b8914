// SPDX-License-Identifier: GPL-2.0-only
/*
 * fcblist.c - the file callback list
 *
 * One struct fcblist for every watched file, found by the file's address in
 * a hash table; on it, one struct fcb_struct for every registration.
 *
 * Invariants
 *
 *  - A list is in the table from its first registration to its last, or to
 *    the last close of its file, whichever is first.  Then it is dead for
 *    good; a later registration makes a new list.
 *  - While a list is in the table and its mutex is held, its file is whole:
 *    the last close has to come through file_notify_cleanup(), at the head of
 *    __fput(), and waits there for the mutex.  So it is as long as one
 *    registration is left on it.  This is what allows a list to be taken down
 *    by somebody who holds no reference on the file.
 *  - The provider of closes watches the file's inode while the list is in the
 *    table; a source of events (fcb_source.h) is on the file only while somebody
 *    hears them on its channel, too.
 *  - A registration is ended once: by the one who clears fcb->list, under the
 *    mutex of that list.
 *
 * Who holds what
 *
 *	file	      nobody here.  A registration ends before its file does.
 *	list	      the table, and whoever has its mutex or waits for it.  From
 *		      fcb->list it is found under RCU: the pointer is cleared
 *		      before the reference of the table is dropped.
 *	registration  its owner, who has it in his own memory until a grace
 *		      period after its end.  file_notify_addcb() has no such
 *		      owner, so those are ours, and freed at their end.
 *	owner	      the module of a closeproc, by each of its registrations, from
 *		      before the first moment at which a close could come to
 *		      it until the call has returned, or until the owner ended
 *		      the registration himself.  A file whose count is 0 can
 *		      be on its way to __fput() for as long as a task takes to
 *		      exit; no wait at unload could cover that.  The reference
 *		      is dropped from the text of fcb.ko.
 *		      Callbacks need no pin: they run under RCU, and who hears
 *		      no more waits with file_notify_sync().
 *	fcb.ko	      the modules that use its symbols, and so every list but
 *		      one: the closer's way out of file_notify_cleanup() behind
 *		      the last of them is what fcblist_drain() is for.
 *
 * Locks, outermost first
 *
 *	locks of the file that its ->poll takes; of a socket, where the source
 *			"2002" puts its entry on
 *	list->mutex	one list; never held over vfs_poll() or a closeproc
 *	the provider's	around watch and unwatch
 *	the source's	in the order of fcb_source.h
 *	a hearer's	what its callback takes, when a file moves to a tap
 *	table_lock	the chains of the table; innermost, never held long
 *
 * Events take none.  They walk the callbacks under RCU, from the lock of
 * a wait queue, from a hook or from rcu_read_lock() in file_notify_event().
 * Closes are inside fcb_srcu, because they may sleep.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include "faithful.h"
#include "fcb_fasync.h"
#include "fcb_source.h"
#include "plant.h"

const long ion_band_table[FCB_NBANDS] = {
	ION_IN, ION_OUT, ION_IN, ION_ERR, 0, ION_HUP,
};
EXPORT_SYMBOL_GPL(ion_band_table);

const long poll_band_table[FCB_NBANDS] = {
	POLLIN | POLLRDNORM,
	POLLOUT | POLLWRNORM | POLLWRBAND,
	POLLIN | POLLRDNORM | POLLMSG,
	POLLERR,
	POLLPRI | POLLRDBAND,
	POLLHUP | POLLERR,
};
EXPORT_SYMBOL_GPL(poll_band_table);

struct hlist_head *fcb_table __read_mostly;
unsigned int fcb_table_shift __read_mostly;
static DEFINE_SPINLOCK(table_lock);
DEFINE_STATIC_SRCU(fcb_srcu);

const struct fput_provider *fcb_provider __read_mostly;
const struct fcb_source *fcb_source_now __read_mostly;

static struct fcblist *table_find(struct file *file)
{
	struct fcblist *list;

	hlist_for_each_entry_rcu(list, fcb_bucket(file), link,
				 lockdep_is_held(&table_lock))
		if (list->file == file)
			return list;
	return NULL;
}

/* The list of a file with a reference on it, or NULL. */
static struct fcblist *fcblist_get(struct file *file)
{
	struct fcblist *list;

	rcu_read_lock();
	list = table_find(file);
	if (list && !refcount_inc_not_zero(&list->refs))
		list = NULL;
	rcu_read_unlock();
	return list;
}

/* The same, made if there is none.  The caller pins the file. */
static struct fcblist *fcblist_get_or_make(struct file *file)
{
	struct fcblist *list, *old;

	list = fcblist_get(file);
	if (list)
		return list;

	list = kzalloc(sizeof(*list), GFP_KERNEL_ACCOUNT);
	if (!list)
		return NULL;
	list->file = file;
	list->inode = file_inode(file);
	fcb_chan_init(&list->now, file);
	fcb_chan_init(&list->of_2002, file);
	INIT_LIST_HEAD(&list->closers);
	mutex_init(&list->mutex);
	refcount_set(&list->refs, 2);

	spin_lock(&table_lock);
	old = table_find(file);
	if (old && refcount_inc_not_zero(&old->refs)) {
		spin_unlock(&table_lock);
		kfree(list);
		return old;
	}
	hlist_add_head_rcu(&list->link, fcb_bucket(file));
	spin_unlock(&table_lock);
	return list;
}

static bool fcblist_empty(struct fcblist *list)
{
	return list_empty(&list->now.callbacks) &&
	       list_empty(&list->of_2002.callbacks) &&
	       list_empty(&list->closers);
}

/* Nobody is on a channel any more, or the file is about to go. */
static void chan_leave(struct fcblist *list, struct fcb_chan *chan)
{
	lockdep_assert_held(&list->mutex);

	if (chan == &list->now)
		fcb_taps_remove(list, &list->taps);
	fcb_entry_remove(chan);
}

/* After each change of its callbacks: is there one that needs no walk? */
static void chan_changed(struct fcb_chan *chan)
{
	struct fcb_struct *only = NULL;

	if (list_is_singular(&chan->callbacks))
		only = list_first_entry(&chan->callbacks, struct fcb_struct,
					llink);
	/* Whole before it is found: pairs with the address dependency. */
	smp_store_release(&chan->only, only);
}

/* Off its channel, or from among the closers. */
static void fcb_unlink(struct fcb_struct *fcb)
{
	list_del_rcu(&fcb->llink);
	if (fcb->chan)
		chan_changed(fcb->chan);
}

static void fcblist_unwatch(struct fcblist *list)
{
	if (fcb_provider->unwatch)
		fcb_provider->unwatch(list->inode);
}

/* Takes a list that does not listen out of the table, for good. */
static void fcblist_kill(struct fcblist *list)
{
	lockdep_assert_held(&list->mutex);

	list->dead = true;
	spin_lock(&table_lock);
	hlist_del_rcu(&list->link);
	spin_unlock(&table_lock);
	fcblist_put(list);
}

/* A registration by file_notify_addcb(), whose owner keeps nothing. */
struct fcb_kept {
	struct fcb_struct fcb;
	struct rcu_head rcu;
};

/* Not with the self-test at load, without which there is nothing to try. */
static bool fcb_nopin(struct module *owner)
{
	return planted(PLANT_NOPIN) && owner != THIS_MODULE;
}

static void fcb_pin(struct module *owner)
{
	if (!fcb_nopin(owner))
		__module_get(owner);
}

static void fcb_unpin(struct module *owner)
{
	if (!fcb_nopin(owner))
		module_put(owner);
}

/* For one that has ended, and of which nobody is told. */
static void fcb_release(struct fcb_struct *fcb)
{
	if (fcb->closeproc)
		fcb_unpin(fcb->owner);
	else
		kfree_rcu(container_of(fcb, struct fcb_kept, fcb), rcu);
}

static void fcb_deaf(struct file *file, void *data, unsigned long *local,
		     long *event)
{
}

/*
 * 2002 took the first registration with the function of own, and left own,
 * whose owner frees its data, on the list.  Here the first one goes deaf and
 * gets own's place on the list, so that the next removal finds what it found
 * in 2002, but own's data is not touched any more.
 */
static void fcb_unlink_first(struct fcb_struct *own)
{
	struct fcb_struct *first;

	list_for_each_entry(first, &own->chan->callbacks, llink)
		if (first->name == own->name)
			break;
	if (first == own) {
		fcb_unlink(own);
		return;
	}
	WRITE_ONCE(first->cbproc, fcb_deaf);
	fcb_unlink(first);
	/* Who stands on it would go on behind its new place. */
	synchronize_rcu();
	list_replace_rcu(&own->llink, &first->llink);
	chan_changed(own->chan);
}

/* Ends what only fcb needed, which has been unlinked. */
static void fcb_end(struct fcblist *list, struct fcb_struct *fcb)
{
	lockdep_assert_held(&list->mutex);

	/* Before fcblist_kill(): see file_notify_unregister(). */
	WRITE_ONCE(fcb->list, NULL);
	fcb_taps_remove(list, &fcb->taps);
	if (list->dead)
		return;
	if (fcb->chan && list_empty(&fcb->chan->callbacks))
		chan_leave(list, fcb->chan);
	if (fcblist_empty(list)) {
		fcblist_unwatch(list);
		fcblist_kill(list);
	}
}

/* Takes fcb off, if it is still there. */
static bool fcb_remove(struct fcblist *list, struct fcb_struct *fcb)
{
	if (fcb->list != list)
		return false;
	if (fcb->name && faithful_to(FAITHFUL_DELFUNC))
		fcb_unlink_first(fcb);
	else
		fcb_unlink(fcb);
	fcb_end(list, fcb);
	return true;
}

/* Links fcb; 1 if it is the first on its channel. */
static int fcb_link(struct fcblist *list, struct fcb_struct *fcb,
		    const struct fcb_source *source)
{
	struct fcb_chan *chan = source->of_2002 ? &list->of_2002 : &list->now;
	bool first = fcb->cbproc && list_empty(&chan->callbacks);
	int err;

	lockdep_assert_held(&list->mutex);

	if (fcblist_empty(list) && fcb_provider->watch) {
		err = fcb_provider->watch(list->file);
		if (err) {
			fcblist_kill(list);
			return err;
		}
	}
	WRITE_ONCE(fcb->list, list);
	if (!fcb->cbproc) {
		list_add_tail_rcu(&fcb->llink, &list->closers);
		return 0;
	}
	fcb->chan = chan;
	list_add_tail_rcu(&fcb->llink, &chan->callbacks);
	chan_changed(chan);
	if (first && source->prepare)
		source->prepare(list);
	return first;
}

/* Puts fcb on the file's list; -EAGAIN when that list died meanwhile. */
static int fcblist_add(struct file *file, struct fcb_struct *fcb,
		       const struct fcb_source *source)
{
	struct fcblist *list;
	int ret;

	list = fcblist_get_or_make(file);
	if (!list)
		return -ENOMEM;

	if (mutex_lock_killable(&list->mutex)) {
		fcblist_put(list);
		return -EINTR;
	}
	ret = list->dead ? -EAGAIN : fcb_link(list, fcb, source);
	mutex_unlock(&list->mutex);
	fcblist_put(list);
	return ret;
}

/*
 * Listening comes last, and without the mutex: a ->poll may take as long as
 * it likes, and others must be able to remove and to close meanwhile.  The file
 * is pinned, so the list stays.
 */
static int fcb_listen(struct fcb_struct *fcb, bool first,
		      const struct fcb_source *source)
{
	struct fcblist *list = fcb->list;
	int err = source->listen(fcb, first);

	mutex_lock(&list->mutex);
	if (err) {
		fcb_unlink(fcb);
		fcb_end(list, fcb);
	} else {
		/* From now on it can be found by name. */
		fcb->name = fcb->cbproc;
	}
	mutex_unlock(&list->mutex);
	return err;
}

/* fcb is zeroed but for what the owner wants. */
static int fcb_register(struct file *file, struct fcb_struct *fcb)
{
	const struct fcb_source *source = READ_ONCE(fcb_source_now);
	int ret;

	if (!file_can_poll(file))
		return -EPERM;
	do {
		ret = fcblist_add(file, fcb, source);
	} while (ret == -EAGAIN);
	if (ret >= 0 && fcb->cbproc)
		ret = fcb_listen(fcb, ret, source);
	return ret;
}

int __file_notify_register(struct file *file, struct fcb_struct *fcb,
			   fcb_event_t cbproc, fcb_closed_t closeproc,
			   void *data, struct module *owner)
{
	int err;

	*fcb = (struct fcb_struct){
		.cbproc = cbproc, .closeproc = closeproc, .data = data,
		.owner = owner,
	};
	fcb_pin(owner);
	err = fcb_register(file, fcb);
	if (err)
		fcb_unpin(owner);
	return err;
}
EXPORT_SYMBOL_GPL(__file_notify_register);

int file_notify_unregister(struct fcb_struct *fcb)
{
	struct fcblist *list;
	bool ended;

	rcu_read_lock();
	list = READ_ONCE(fcb->list);
	if (list && !refcount_inc_not_zero(&list->refs))
		list = NULL;
	rcu_read_unlock();
	if (!list)
		return -ENOENT;

	mutex_lock(&list->mutex);
	ended = fcb_remove(list, fcb);
	mutex_unlock(&list->mutex);
	fcblist_put(list);

	if (!ended)
		return -ENOENT;
	fcb_unpin(fcb->owner);
	return 0;
}
EXPORT_SYMBOL_GPL(file_notify_unregister);

int file_notify_addcb(struct file *file, fcb_event_t cbproc, void *data)
{
	struct fcb_kept *kept;
	int err;

	kept = kzalloc(sizeof(*kept), GFP_KERNEL_ACCOUNT);
	if (!kept)
		return -ENOMEM;
	kept->fcb.cbproc = cbproc;
	kept->fcb.data = data;
	err = fcb_register(file, &kept->fcb);
	if (err)
		kfree_rcu(kept, rcu);
	return err;
}
EXPORT_SYMBOL_GPL(file_notify_addcb);

static struct fcb_struct *fcb_find(struct fcb_chan *chan, fcb_event_t cbproc,
				   void *data)
{
	struct fcb_struct *fcb;

	list_for_each_entry(fcb, &chan->callbacks, llink)
		if (fcb->name && fcb->name == cbproc && fcb->data == data)
			return fcb;
	return NULL;
}

int file_notify_delcb(struct file *file, fcb_event_t cbproc, void *data)
{
	struct fcb_struct *fcb;
	struct fcblist *list;

	list = fcblist_get(file);
	if (!list)
		return -ENOENT;

	mutex_lock(&list->mutex);
	fcb = fcb_find(&list->now, cbproc, data) ?:
	      fcb_find(&list->of_2002, cbproc, data);
	if (fcb)
		fcb_remove(list, fcb);
	mutex_unlock(&list->mutex);
	fcblist_put(list);

	if (!fcb)
		return -ENOENT;
	fcb_release(fcb);
	return 0;
}
EXPORT_SYMBOL_GPL(file_notify_delcb);

void file_notify_event(struct file *file, long *event)
{
	struct fcblist *list;
	unsigned long flags;

	rcu_read_lock();
	list = table_find(file);
	if (list) {
		flags = fcb_irq_save();
		fcb_deliver(&list->now, event);
		fcb_deliver(&list->of_2002, event);
		fcb_irq_restore(flags);
	}
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(file_notify_event);

/* Tells the close to the owner of a registration, which has ended. */
static void fcb_tell_close(struct file *file, struct fcb_struct *fcb)
{
	struct module *owner = fcb->owner;

	if (!fcb->closeproc) {
		fcb_release(fcb);
		return;
	}
	if (!fcb_nopin(owner))
		fcb->closeproc(file, fcb->data);
	/* The owner may have freed it. */
	fcb_unpin(owner);
}

/* Tells the close to a part of a list, and ends these registrations. */
static void fcblist_close_part(struct fcblist *list, struct list_head *part)
{
	struct fcb_struct *fcb;

	while ((fcb = list_first_entry_or_null(part, struct fcb_struct,
					       llink))) {
		fcb_unlink(fcb);
		fcb_end(list, fcb);
		/* The owner may wait for a lock under which it calls us. */
		mutex_unlock(&list->mutex);
		fcb_tell_close(list->file, fcb);
		cond_resched();
		mutex_lock(&list->mutex);
	}
}

static void fcblist_close(struct fcblist *list)
{
	mutex_lock(&list->mutex);
	if (!list->dead) {
		chan_leave(list, &list->now);
		chan_leave(list, &list->of_2002);
		/* Empty: whoever made it was killed before its first entry. */
		if (!fcblist_empty(list))
			fcblist_unwatch(list);
		fcblist_kill(list);
	}
	fcblist_close_part(list, &list->now.callbacks);
	fcblist_close_part(list, &list->of_2002.callbacks);
	fcblist_close_part(list, &list->closers);
	mutex_unlock(&list->mutex);
}

void file_notify_cleanup(struct file *file)
{
	struct fcblist *list;
	int idx;

	list = fcblist_get(file);
	if (!list)
		return;
	/*
	 * For the unloading of fcb.ko itself; its users are pinned.  Not
	 * earlier, for the sake of the many files that only share a bucket
	 * with a watched one: up to here nothing has slept.
	 */
	idx = srcu_read_lock(&fcb_srcu);
	fcblist_close(list);
	srcu_read_unlock(&fcb_srcu, idx);
	fcblist_put(list);
}
EXPORT_SYMBOL_GPL(file_notify_cleanup);

void file_notify_sync(void)
{
	synchronize_rcu();
}
EXPORT_SYMBOL_GPL(file_notify_sync);

void fcblist_drain(void)
{
	synchronize_srcu(&fcb_srcu);
}

int __init fcblist_init(unsigned int bits)
{
	fcb_table = kvcalloc(1UL << bits, sizeof(*fcb_table), GFP_KERNEL);
	if (!fcb_table)
		return -ENOMEM;
	fcb_table_shift = 64 - bits;
	return 0;
}

/*
 * Modules that register callbacks pin this one, so the table is empty, and no
 * wake-up function of ours is on a queue.
 */
void fcblist_exit(void)
{
	kvfree(fcb_table);
}
