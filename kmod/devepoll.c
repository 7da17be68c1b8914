// SPDX-License-Identifier: GPL-2.0-only
/*
 * devepoll.c - /dev/epoll, Davide Libenzi's double buffer of 2002
 *
 * How an event travels.  A watched file has news; a source of fcblist hears of
 * it (fcb_source.h) and tells item_notify(), which stores a struct pollfd into
 * the next slot of the half that the kernel fills.  Nobody copies it again: EP_POLL
 * only swaps the halves and returns how many slots the program will find in
 * its own mapping.
 *
 * Or the program swaps them itself, by one exchange on a page that it shares with
 * us: ep_share.h.
 *
 * Who may read which half, until when: include/devepoll.h tells it to the
 * program.  Here it comes down to the lock.  All stores to slots happen under
 * ep->lock and go to the filling half only.  EP_POLL takes the same lock to
 * swap, so every store to the half that it hands out is before its unlock,
 * and the return to user mode is after it.
 *
 * Wake-ups, and why none is lost: ep_wake.c.  Lifetimes and the order of locks:
 * ep_internal.h.
 */
#include <linux/capability.h>
#include <linux/compat.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define PLANT_PARAM
#include "plant.h"

#define FAITHFUL_WORDS	(BIT(FAITHFUL_STALE) | BIT(FAITHFUL_LOSTBIT) | \
			 BIT(FAITHFUL_TWOWAITERS))
#include "faithful.h"
MODULE_PARM_DESC(faithful,
		 "defect of 2002 to have back: none (default), stale, lostbit, twowaiters");

#define CREATE_TRACE_POINTS
#include "devepoll_trace.h"

#include "ep_file.h"
#include "ep_internal.h"
#include "ep_wake.h"
#include "fcblist.h"
#include "open_again.h"
#include "version.h"

static unsigned short mode = 0600;
module_param(mode, ushort, 0444);
MODULE_PARM_DESC(mode, "permissions of /dev/epoll (default 0600)");

/*
 * Asks no file.  A file may be long about its answer, and this queue is everybody's;
 * and here no instance is open that would keep the module from going.
 */
static void ep_work(struct work_struct *work)
{
	struct eventpoll *ep = container_of(work, struct eventpoll, work);

	if (ep_events_now(ep) || READ_ONCE(ep->nasks))
		ep_wake_pollers_now(ep);
	ep_put(ep);
}

/* An instance. */

static void asks_init(struct ep_asks *asks)
{
	INIT_LIST_HEAD(&asks->waiting);
	INIT_LIST_HEAD(&asks->asked);
}

static int ep_open(struct inode *inode, struct file *file)
{
	struct eventpoll *ep;

	ep = kzalloc(sizeof(*ep), GFP_KERNEL_ACCOUNT);
	if (!ep)
		return -ENOMEM;
	if (ep_hash_init(&ep->hash))
		goto no_hash;
	ep->user = ep_user_get();
	if (!ep->user)
		goto no_user;
	ep->pinned = ep_hash_bytes(&ep->hash);
	if (!ep_user_pin(ep->user, ep->pinned))
		goto no_pin;
	spin_lock_init(&ep->lock);
	ep_pages_init(&ep->pages);
	init_waitqueue_head(&ep->wq);
	init_waitqueue_head(&ep->poll_wait);
	asks_init(&ep->ask_any);
	asks_init(&ep->ask_consumer);
	mutex_init(&ep->mtx);
	mutex_init(&ep->map_mtx);
	INIT_WORK(&ep->work, ep_work);
	INIT_LIST_HEAD(&ep->children);
	INIT_LIST_HEAD(&ep->parents);
	kref_init(&ep->refs);
	file->private_data = ep;
	/* What open(2) adds, and epoll_create(2) does not show. */
	file->f_flags &= ~(O_LARGEFILE | O_CLOEXEC);
	return stream_open(inode, file);

no_pin:
	ep_user_put(ep->user);
no_user:
	ep_hash_free(&ep->hash);
no_hash:
	kfree(ep);
	return -ENOMEM;
}

/* No descriptor and no mapping is left; closers may still be in our items. */
static int ep_release(struct inode *inode, struct file *file)
{
	struct eventpoll *ep = file->private_data;

	ep_remove_all(ep);
	ep_unshare(ep);
	ep_pages_free(&ep->pages);
	ep_hash_free(&ep->hash);
	ep_user_unpin(ep->user, ep->pinned);
	ep_user_put(ep->user);
	ep_put(ep);
	return 0;
}

/* The consumer. */

/*
 * Is there a reason not to sleep?  What is being asked by others is none: they wake
 * us if something comes of it.
 */
static bool ep_pending(struct eventpoll *ep)
{
	bool pending;

	spin_lock_irq(&ep->lock);
	pending = ep_share_count(&ep->pages, ep->control) || ep->ask_any.n ||
		  ep->ask_consumer.n || !ep->pages.numpages;
	spin_unlock_irq(&ep->lock);
	return pending;
}

/* Switches if there are events.  Return: slots, 0 without events. */
static int ep_harvest(struct eventpoll *ep, unsigned long *offset)
{
	int n;

	/* A look without the lock: who adds an ask wakes us afterwards. */
	if (READ_ONCE(ep->nasks)) {
		ep_ask(ep, &ep->ask_any);
		ep_ask(ep, &ep->ask_consumer);
	}
	spin_lock_irq(&ep->lock);
	n = ep_share_switch(&ep->pages, ep->control, offset);
	if (n)
		trace_devepoll_switch(ep, n, ep->pages.filling ^ 1,
				      ep->pages.version);
	spin_unlock_irq(&ep->lock);
	return n;
}

/*
 * Sleeps until there are events.  An ask that finds nothing brings us round
 * again, so time and signals are looked at in every round, and others get the CPU.
 *
 * Return: slots, 0 at the timeout, -EINTR, -EINVAL (EP_FREE meanwhile).
 */
static int ep_wait(struct eventpoll *ep, int timeout, unsigned long *offset)
{
	ktime_t until, *expires = NULL;
	DEFINE_WAIT(wait);
	int n;

	if (timeout > 0) {
		until = ktime_add_ms(ktime_get(), timeout);
		expires = &until;
	}
	do {
		prepare_to_wait_exclusive(&ep->wq, &wait, TASK_INTERRUPTIBLE);
		if (!ep_pending(ep))
			schedule_hrtimeout_range(expires,
						 current->timer_slack_ns,
						 HRTIMER_MODE_ABS);
		finish_wait(&ep->wq, &wait);

		n = ep_harvest(ep, offset);
		if (n)
			return n;
		if (!READ_ONCE(ep->pages.numpages))
			return -EINVAL;
		if (signal_pending(current))
			return -EINTR;
		cond_resched();
	} while (!expires || ktime_before(ktime_get(), until));
	return 0;
}

/* One consumer at a time is the design: a second would get a half reused. */
static int ep_poll(struct eventpoll *ep, int timeout, unsigned long *offset)
{
	int n;

	if (!atomic_read(&ep->mapped))
		return -EINVAL;
	if (test_and_set_bit(0, &ep->consumer) &&
	    !faithful_to(FAITHFUL_TWOWAITERS))
		return -EBUSY;
	n = ep_harvest(ep, offset);
	if (!n && timeout)
		n = ep_wait(ep, timeout, offset);
	clear_bit_unlock(0, &ep->consumer);
	return n;
}

static __poll_t ep_device_poll(struct file *file, struct poll_table_struct *pt)
{
	struct eventpoll *ep = file->private_data;
	bool events;

	poll_wait(file, &ep->poll_wait, pt);
	ep_ask(ep, &ep->ask_any);

	/* What cannot be asked here may be an event: EP_POLL finds out. */
	spin_lock_irq(&ep->lock);
	events = ep_share_count(&ep->pages, ep->control) ||
		 ep->ask_consumer.n;
	spin_unlock_irq(&ep->lock);
	return events ? EPOLLIN | EPOLLRDNORM : 0;
}

/* System calls. */

/*
 * The numbers in a record are the writer's own files.  Somebody who has rights that
 * the opener has not could be made to write, to what he takes for his standard
 * output, say; so he must be one whom the opener could have been.
 */
static bool may_write(const struct file *file)
{
	const struct cred *opener = file->f_cred, *writer = current_cred();

	return (uid_eq(writer->euid, opener->euid) &&
		cap_issubset(writer->cap_permitted, opener->cap_permitted)) ||
	       file_ns_capable(file, writer->user_ns, CAP_SETUID);
}

static ssize_t ep_write(struct file *file, const char __user *buf,
			size_t size, loff_t *pos)
{
	struct eventpoll *ep = file->private_data;
	struct pollfd recs[32];
	size_t done = 0;

	if (size % sizeof(*recs))
		return -EINVAL;
	if (!may_write(file))
		return -EACCES;

	while (done < size) {
		size_t want = min(size - done, sizeof(recs));
		/* Before the mutex: it must not be held over a page fault. */
		size_t got = want - copy_from_user(recs, buf + done, want);
		size_t i, n = got / sizeof(*recs);
		int err = 0;

		if (!n)
			return done ? done : -EFAULT;
		if (mutex_lock_killable(&ep->mtx))
			return done ? done : -EINTR;
		for (i = 0; i < n && !err; i++) {
			err = ep_ctl(ep, &recs[i]);
			if (!err)
				done += sizeof(*recs);
		}
		mutex_unlock(&ep->mtx);
		if (err)
			return done ? done : err;
		if (fatal_signal_pending(current))
			return done;
		cond_resched();
	}
	return done;
}

/*
 * Three layouts of struct evpoll are about: 16 bytes in a 64-bit program, 8
 * in a 32-bit one, 12 where a C library had declared it packed.  The timeout
 * is first in all of them.
 */
#define EP_POLL_SIZE(size)	_IOC(_IOC_READ | _IOC_WRITE, 'P', 2, size)

static int put_offset(void __user *arg, unsigned int cmd, u64 offset)
{
	if (_IOC_SIZE(cmd) == 8)
		return put_user((u32)offset, (u32 __user *)(arg + 4));
	return put_user(offset, (u64 __user *)(arg + _IOC_SIZE(cmd) - 8));
}

static int get_offset(void __user *arg, unsigned int cmd, u64 *offset)
{
	u32 offset32;
	int err;

	if (_IOC_SIZE(cmd) != 8)
		return get_user(*offset, (u64 __user *)(arg + _IOC_SIZE(cmd) - 8));
	err = get_user(offset32, (u32 __user *)(arg + 4));
	*offset = offset32;
	return err;
}

static int ep_ioctl_poll(struct eventpoll *ep, unsigned int cmd,
			 void __user *arg)
{
	unsigned long offset;
	u64 before;
	int timeout, n;

	if (get_user(timeout, (int __user *)arg))
		return -EFAULT;
	/*
	 * A switch whose result cannot be told would lose its events, so it is
	 * tried out first; and a call without events must change nothing.
	 */
	if (get_offset(arg, cmd, &before) || put_offset(arg, cmd, before))
		return -EFAULT;
	n = ep_poll(ep, timeout, &offset);
	if (n > 0 && put_offset(arg, cmd, offset))
		return -EFAULT;
	return n;
}

static int ep_ioctl_free(struct eventpoll *ep)
{
	int err;

	if (mutex_lock_killable(&ep->mtx))
		return -EINTR;
	err = ep_unalloc(ep);
	if (!err)
		ep_remove_all(ep);
	mutex_unlock(&ep->mtx);
	return err;
}

static int ep_ioctl_share(struct eventpoll *ep, unsigned long arg)
{
	int err;

	if (arg)
		return -EINVAL;
	if (mutex_lock_killable(&ep->mtx))
		return -EINTR;
	err = ep_share(ep);
	mutex_unlock(&ep->mtx);
	return err;
}

static int ep_ioctl_ispolled(struct eventpoll *ep, void __user *arg)
{
	struct epitem *item;
	struct pollfd rec;
	struct file *now;

	if (copy_from_user(&rec, arg, sizeof(rec)))
		return -EFAULT;
	/*
	 * The number may name another file by now, while whoever asks the old one
	 * keeps it from its last close.  That one is not polled; write() adds it.
	 */
	now = fget(rec.fd);
	spin_lock_irq(&ep->lock);
	item = ep_find(ep, rec.fd);
	if (item && item->file && now && item->file != now &&
	    !planted(PLANT_BYNUMBER))
		item = NULL;
	if (item)
		rec = item->slot.pfd;
	spin_unlock_irq(&ep->lock);
	if (now)
		ep_file_unpin(now, ep->user);
	if (!item)
		return 0;
	return copy_to_user(arg, &rec, sizeof(rec)) ? -EFAULT : 1;
}

static long ep_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct eventpoll *ep = file->private_data;
	void __user *uarg = (void __user *)arg;

	/* As for write(2): to change a set is to write to it. */
	if ((cmd == EP_ALLOC || cmd == EP_FREE || cmd == EP_SHARE) &&
	    !(file->f_mode & FMODE_WRITE))
		return -EBADF;

	switch (cmd) {
	case EP_ALLOC:
		return ep_alloc(ep, arg);
	case EP_POLL_SIZE(8):
	case EP_POLL_SIZE(12):
	case EP_POLL_SIZE(16):
		return ep_ioctl_poll(ep, cmd, uarg);
	case EP_FREE:
		return ep_ioctl_free(ep);
	case EP_ISPOLLED:
		return ep_ioctl_ispolled(ep, uarg);
	case EP_NEW:
		return open_again(file, arg);
	case EP_SHARE:
		return ep_ioctl_share(ep, arg);
	default:
		return -ENOTTY;
	}
}

#ifdef CONFIG_COMPAT
static long ep_compat_ioctl(struct file *file, unsigned int cmd,
			    unsigned long arg)
{
	/* These take a number, the others a pointer. */
	if (cmd != EP_ALLOC && cmd != EP_NEW && cmd != EP_SHARE)
		arg = (unsigned long)compat_ptr(arg);
	return ep_ioctl(file, cmd, arg);
}
#else
#define ep_compat_ioctl NULL
#endif

static void ep_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct eventpoll *ep = file->private_data;
	u32 capacity, items, filling, events, buckets;
	bool shared;
	u64 version;

	spin_lock_irq(&ep->lock);
	events = ep_share_count(&ep->pages, ep->control);
	shared = ep->control;
	capacity = ep_pages_capacity(&ep->pages);
	items = ep->nitems;
	version = ep->pages.version;
	filling = ep->pages.filling;
	buckets = 1U << ep->hash.bits;
	spin_unlock_irq(&ep->lock);

	seq_printf(m, "capacity:\t%u\nitems:\t%u\nbuckets:\t%u\n",
		   capacity, items, buckets);
	seq_printf(m, "version:\t%llu\nfilling:\t%u\nevents:\t%u\nswitches:\t%llu\n",
		   version, filling, events, version - 1);
	seq_printf(m, "shared:\t%d\n", shared);
	seq_printf(m, "mapped:\t%d\npinned:\t%zu kB\n",
		   atomic_read(&ep->mapped),
		   DIV_ROUND_UP(READ_ONCE(ep->pinned), 1024));
	seq_printf(m, "user-watches:\t%u\nuser-pinned:\t%lu kB\n",
		   ep_user_watches(ep->user),
		   DIV_ROUND_UP(ep_user_pinned(ep->user), 1024));
}

static const struct file_operations ep_fops = {
	.owner = THIS_MODULE,
	.open = ep_open,
	.release = ep_release,
	.write = ep_write,
	.unlocked_ioctl = ep_ioctl,
	.compat_ioctl = ep_compat_ioctl,
	.mmap = ep_mmap,
	.poll = ep_device_poll,
	.llseek = noop_llseek,
	.show_fdinfo = ep_show_fdinfo,
};

static struct miscdevice ep_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "epoll",
	.fops = &ep_fops,
};

static int __init devepoll_init(void)
{
	int err;

	if (mode & ~0666) {
		pr_err("mode=0%o has bits outside 0666\n", mode);
		return -EINVAL;
	}
	err = ep_user_init(kmalloc_size_roundup(sizeof(struct epitem)) +
			   file_notify_bytes(true));
	if (err)
		return err;
	ep_nest_init(&ep_fops);
	err = ep_wake_init();
	if (err)
		goto no_wake;
	ep_device.mode = mode;
	err = misc_register(&ep_device);
	if (err)
		goto no_device;
	return 0;

no_device:
	ep_wake_exit();
no_wake:
	ep_user_exit();
	return err;
}

/*
 * No instance is open, and nobody is in item_closed(), which pins us.  A notify
 * may be on its way out on another CPU, having found its item dead:
 * file_notify_sync() waits for it.  Then nobody is left to queue work.
 */
static void __exit devepoll_exit(void)
{
	misc_deregister(&ep_device);
	file_notify_sync();
	ep_wake_exit();
	ep_user_exit();
}

module_init(devepoll_init);
module_exit(devepoll_exit);

MODULE_DESCRIPTION("/dev/epoll of 2002: events in two mmap'd halves");
MODULE_AUTHOR("The devepoll authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(DEVEPOLL_VERSION);
