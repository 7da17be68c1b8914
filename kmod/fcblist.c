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
 *    __fput(), and waits there for the mutex.  This is what allows a list to
 *    be taken down by somebody who holds no reference on the file.
 *  - The provider of closes watches the file's inode while the list is in the
 *    table; the taps (fcb_wakeup.c) are on its wait queues only while somebody
 *    hears events, too.
 *  - A registration is ended once: by the one who unlinks it, under the
 *    mutex.
 *
 * Locks, outermost first
 *
 *	list->mutex	one list; held over vfs_poll() of its file
 *	table_lock	the chains of the table; innermost, never held long
 *
 * Events take neither.  They walk the callbacks under RCU, from the lock of
 * a wait queue or from rcu_read_lock() in file_notify_event().  Closes are
 * inside fcb_srcu, because they may sleep.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include "faithful.h"
#include "fcb_internal.h"

const long ion_band_table[FCB_NBANDS] = {
	ION_IN, ION_OUT, ION_IN, ION_ERR, ION_IN, ION_HUP,
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

static void fcblist_put(struct fcblist *list)
{
	if (refcount_dec_and_test(&list->refs))
		kfree_rcu(list, rcu);
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
	INIT_LIST_HEAD(&list->callbacks);
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
	return list_empty(&list->callbacks) && list_empty(&list->closers);
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

static struct list_head *fcblist_half(struct fcblist *list, fcb_event_t cbproc)
{
	return cbproc ? &list->callbacks : &list->closers;
}

static struct fcb_struct *fcb_find(struct fcblist *list, fcb_event_t cbproc,
				   void *data)
{
	struct fcb_struct *fcb;

	list_for_each_entry(fcb, fcblist_half(list, cbproc), llink)
		if (fcb->name == cbproc && fcb->data == data)
			return fcb;
	return NULL;
}

static void fcb_deaf(struct file *file, void *data, unsigned long *local,
		     long *event)
{
}

/*
 * 2002 took the first registration with the function of own, and left own,
 * whose owner frees its data, on the list.  Here the owner of the first one
 * gets own's place on the list, so that the next removal finds what it found
 * in 2002; but nobody is called there.
 *
 * Return: what to unlink.
 */
static struct fcb_struct *fcb_take_first(struct fcblist *list,
					 struct fcb_struct *own)
{
	struct fcb_struct *first;

	list_for_each_entry(first, &list->callbacks, llink)
		if (first->name == own->name)
			break;
	if (first == own)
		return own;
	WRITE_ONCE(own->cbproc, fcb_deaf);
	own->closeproc = first->closeproc;
	WRITE_ONCE(own->data, first->data);
	return first;
}

/* Unlinks fcb, and ends what only it needed. */
static void fcb_unlink(struct fcblist *list, struct fcb_struct *fcb)
{
	lockdep_assert_held(&list->mutex);

	list_del_rcu(&fcb->llink);
	if (list->dead)
		return;
	if (fcb->cbproc && list_empty(&list->callbacks))
		fcb_taps_remove(list);
	if (fcblist_empty(list)) {
		fcblist_unwatch(list);
		fcblist_kill(list);
	}
}

/* Links fcb, and begins what it is the first to need. */
static int fcb_link(struct fcblist *list, struct fcb_struct *fcb)
{
	int err = 0;

	lockdep_assert_held(&list->mutex);

	if (fcblist_empty(list) && fcb_provider->watch) {
		err = fcb_provider->watch(list->inode);
		if (err) {
			fcblist_kill(list);
			return err;
		}
	}
	list_add_tail_rcu(&fcb->llink, fcblist_half(list, fcb->cbproc));
	if (fcb->cbproc && list_is_singular(&list->callbacks))
		err = fcb_taps_install(list);
	if (err)
		fcb_unlink(list, fcb);
	return err;
}

/* Puts fcb on the file's list; -EAGAIN when that list died meanwhile. */
static int fcblist_add(struct file *file, struct fcb_struct *fcb)
{
	struct fcblist *list;
	int err;

	list = fcblist_get_or_make(file);
	if (!list)
		return -ENOMEM;

	if (mutex_lock_killable(&list->mutex)) {
		fcblist_put(list);
		return -EINTR;
	}
	err = list->dead ? -EAGAIN : fcb_link(list, fcb);
	mutex_unlock(&list->mutex);
	fcblist_put(list);
	return err;
}

int file_notify_addcb_close(struct file *file, fcb_event_t cbproc,
			    fcb_closed_t closeproc, void *data)
{
	struct fcb_struct *fcb;
	int err;

	if (!file_can_poll(file))
		return -EPERM;

	fcb = kzalloc(sizeof(*fcb), GFP_KERNEL_ACCOUNT);
	if (!fcb)
		return -ENOMEM;
	fcb->name = cbproc;
	fcb->cbproc = cbproc;
	fcb->closeproc = closeproc;
	fcb->data = data;

	do {
		err = fcblist_add(file, fcb);
	} while (err == -EAGAIN);
	if (err)
		kfree_rcu(fcb, rcu);
	return err;
}
EXPORT_SYMBOL_GPL(file_notify_addcb_close);

int file_notify_addcb(struct file *file, fcb_event_t cbproc, void *data)
{
	return file_notify_addcb_close(file, cbproc, NULL, data);
}
EXPORT_SYMBOL_GPL(file_notify_addcb);

int file_notify_delcb(struct file *file, fcb_event_t cbproc, void *data)
{
	struct fcb_struct *fcb;
	struct fcblist *list;

	list = fcblist_get(file);
	if (!list)
		return -ENOENT;

	mutex_lock(&list->mutex);
	fcb = fcb_find(list, cbproc, data);
	if (fcb && cbproc && faithful_to(FAITHFUL_DELFUNC))
		fcb = fcb_take_first(list, fcb);
	if (fcb)
		fcb_unlink(list, fcb);
	mutex_unlock(&list->mutex);
	fcblist_put(list);

	if (!fcb)
		return -ENOENT;
	kfree_rcu(fcb, rcu);
	return 0;
}
EXPORT_SYMBOL_GPL(file_notify_delcb);

int file_notify_walk(struct file *file, fcb_closed_t closeproc,
		     int (*fn)(void *data, void *arg), void *arg)
{
	struct fcb_struct *fcb;
	struct fcblist *list;
	int ret;

	list = table_find(file);
	if (!list)
		return 0;
	list_for_each_entry_rcu(fcb, &list->closers, llink) {
		if (fcb->closeproc != closeproc)
			continue;
		ret = fn(fcb->data, arg);
		if (ret)
			return ret;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(file_notify_walk);

void file_notify_event(struct file *file, long *event)
{
	struct fcblist *list;
	unsigned long flags;

	rcu_read_lock();
	list = table_find(file);
	if (list) {
		flags = fcb_irq_save();
		fcblist_deliver(list, event);
		fcb_irq_restore(flags);
	}
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(file_notify_event);

/* Tells the close to one half of a list, and ends these registrations. */
static void fcblist_close_half(struct fcblist *list, struct list_head *half)
{
	struct fcb_struct *fcb;

	while ((fcb = list_first_entry_or_null(half, struct fcb_struct,
					       llink))) {
		list_del_rcu(&fcb->llink);
		/* The owner may wait for a lock under which it calls us. */
		mutex_unlock(&list->mutex);
		if (fcb->closeproc)
			fcb->closeproc(list->file, fcb->data);
		kfree_rcu(fcb, rcu);
		mutex_lock(&list->mutex);
	}
}

static void fcblist_close(struct fcblist *list)
{
	mutex_lock(&list->mutex);
	if (!list->dead) {
		fcb_taps_remove(list);
		/* Empty: whoever made it was killed before its first entry. */
		if (!fcblist_empty(list))
			fcblist_unwatch(list);
		fcblist_kill(list);
	}
	fcblist_close_half(list, &list->callbacks);
	fcblist_close_half(list, &list->closers);
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
	 * Not earlier, for the sake of the many files that only share a
	 * bucket with a watched one.  It is early enough: a registration is
	 * ended, and its owner called, only in here.
	 */
	idx = srcu_read_lock(&fcb_srcu);
	fcblist_close(list);
	srcu_read_unlock(&fcb_srcu, idx);
	fcblist_put(list);
}
EXPORT_SYMBOL_GPL(file_notify_cleanup);

void file_notify_sync(void)
{
	synchronize_srcu(&fcb_srcu);
	synchronize_rcu();
}
EXPORT_SYMBOL_GPL(file_notify_sync);

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
