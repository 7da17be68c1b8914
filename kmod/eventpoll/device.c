// SPDX-License-Identifier: GPL-2.0-only
/*
 * device.c - /dev/eventpoll: what programs call
 *
 * Arguments are checked in the order in which the system calls check theirs.
 */
#include <linux/compat.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#define PLANT_PARAM
#include "plant.h"

#include "busy.h"
#include "eventpoll.h"
#include "eventpoll_port.h"
#include "fcblist.h"
#include "open_again.h"
#include "version.h"

static unsigned short mode = 0600;
module_param(mode, ushort, 0444);
MODULE_PARM_DESC(mode, "permissions of /dev/eventpoll (default 0600)");

/* The one place that knows the stores by name. */
static const struct ep_store *const stores[] = {
	[EVENTPOLL_OVFLIST] = &ep_store_ovflist,
	[EVENTPOLL_SINGLEPASS] = &ep_store_singlepass,
	[EVENTPOLL_WFCQUEUE] = &ep_store_wfcqueue,
	[EVENTPOLL_RWLOCK] = &ep_store_rwlock,
	[EVENTPOLL_OVFLIST_26] = &ep_store_ovflist26,
	[EVENTPOLL_LLIST] = &ep_store_llist,
	[EVENTPOLL_LLIST_V1] = &ep_store_llist_v1,
	[EVENTPOLL_MULTIPASS] = &ep_store_multipass,
	[EVENTPOLL_WFCQUEUE_IDLE] = &ep_store_wfcqueue_idle,
};

static int ep_choose(struct eventpoll *ep, unsigned long which)
{
	if (which >= ARRAY_SIZE(stores))
		return -EINVAL;
	return ep_set_store(ep, stores[which]);
}

/* Waiting. */

/*
 * Whoever was woken is off the queue already.  A producer that found the lock taken
 * by the one who woke us counts on our look at the store, so it must not come before
 * that one's unlock (wake.c).
 */
static void ep_sleep_end(struct eventpoll *ep, struct wait_queue_entry *wait)
{
	if (!ep->store->trylock_wake || planted(PLANT_LEAVEEARLY)) {
		finish_wait(&ep->wq, wait);
		return;
	}
	__set_current_state(TASK_RUNNING);
	spin_lock_irq(&ep->wq.lock);
	list_del_init(&wait->entry);
	spin_unlock_irq(&ep->wq.lock);
	/* With the trylock in ep_wake_waiter(), for those who saw it taken by us. */
	smp_mb();
}

/*
 * Sleeps until the store has something or @until is past.  Waiters queue up at the
 * front, as the kernel's do: the last one to sleep, whose caches are warm, is
 * woken first.
 *
 * Return: false at the timeout.
 */
static noinline bool ep_sleep(struct eventpoll *ep, ktime_t *until)
{
	DEFINE_WAIT(wait);
	bool woken = true;

	spin_lock_irq(&ep->wq.lock);
	__add_wait_queue_exclusive(&ep->wq, &wait);
	/* Whoever holds the lock next has to find us asleep, and to wake us. */
	__set_current_state(TASK_INTERRUPTIBLE);
	spin_unlock_irq(&ep->wq.lock);
	/*
	 * With wq_has_sleeper() in produce() and ep_wake_waiter(), and with the trylock
	 * there: who saw the lock taken by us has posted before we look.
	 */
	smp_mb();

	if (ep_pending(ep) == EP_NOTHING)
		woken = schedule_hrtimeout_range(until, current->timer_slack_ns,
						 HRTIMER_MODE_ABS);
	ep_sleep_end(ep, &wait);
	return woken;
}

static __always_inline int ep_wait_once(struct eventpoll *ep,
					struct epoll_event __user *events, int max)
{
	switch (ep_pending(ep)) {
	case EP_READY:
		return ep_transfer(ep, events, max);
	case EP_UNDER_WAY:
		return ep_transfer_behind(ep, events, max);
	default:
		return 0;
	}
}

/*
 * Whoever was on the queue looks at the store once more before leaving, since the
 * wake-up for an event may have gone to him alone.
 */
static noinline int ep_wait_longer(struct eventpoll *ep,
				   struct epoll_event __user *events, int max,
				   ktime_t *until)
{
	bool woken = true;
	int n;

	do {
		if (signal_pending(current))
			return -EINTR;
		if (likely(!READ_ONCE(ep->napi_id)) || !ep_busy_wait(ep))
			woken = ep_sleep(ep, until);
		n = ep_wait_once(ep, events, max);
	} while (!n && woken);
	return n;
}

static __always_inline int ep_wait(struct eventpoll *ep,
				   struct epoll_event __user *events, int max,
				   ktime_t *until, bool sleep)
{
	int n = ep_wait_once(ep, events, max);

	return n || !sleep ? n : ep_wait_longer(ep, events, max, until);
}

/* The mask of epoll_pwait(2), as the system call sets it. */
static int ep_sigmask_set(const struct eventpoll_wait *arg)
{
	sigset_t mask;

	if (!arg->sigmask)
		return 0;
	if (arg->sigsetsize != sizeof(mask))
		return -EINVAL;
	if (copy_from_user(&mask, u64_to_user_ptr(arg->sigmask), sizeof(mask)))
		return -EFAULT;
	sigdelsetmask(&mask, sigmask(SIGKILL) | sigmask(SIGSTOP));
	set_restore_sigmask();
	current->saved_sigmask = current->blocked;
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return 0;
}

/* After a signal its handler runs first, and the way back to user mode restores. */
static void ep_sigmask_restore(int err)
{
	if (err != -EINTR && test_and_clear_restore_sigmask())
		sigprocmask(SIG_SETMASK, &current->saved_sigmask, NULL);
}

/**
 * struct ep_deadline - when a wait ends
 * @at: on CLOCK_MONOTONIC
 * @until: NULL if never
 * @sleep: false if at once
 */
struct ep_deadline {
	ktime_t at;
	ktime_t *until;
	bool sleep;
};

static int ep_deadline(struct ep_deadline *d, const struct eventpoll_wait *arg)
{
	struct timespec64 t = {};
	ktime_t after;

	d->until = NULL;
	d->sleep = true;
	if (arg->timespec) {
		if (get_timespec64(&t, u64_to_user_ptr(arg->timespec)))
			return -EFAULT;
		if (!timespec64_valid(&t))
			return -EINVAL;
		after = timespec64_to_ktime(t);
	} else {
		if (arg->timeout < 0)
			return 0;
		after = ms_to_ktime(arg->timeout);
	}
	d->sleep = after > 0;
	if (d->sleep) {
		d->at = ktime_add_safe(ktime_get(), after);
		d->until = &d->at;
	}
	return 0;
}

#define EP_MAX_EVENTS	(INT_MAX / (int)sizeof(struct epoll_event))

static int ep_ioctl_wait(struct eventpoll *ep,
			 struct eventpoll_wait __user *uarg)
{
	struct epoll_event __user *events;
	struct eventpoll_wait arg;
	struct ep_deadline d;
	int n;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	n = ep_deadline(&d, &arg);
	if (n)
		return n;
	n = ep_sigmask_set(&arg);
	if (n)
		return n;
	events = u64_to_user_ptr(arg.events);
	if (arg.maxevents <= 0 || arg.maxevents > EP_MAX_EVENTS)
		n = -EINVAL;
	else if (!access_ok(events, arg.maxevents * sizeof(*events)))
		n = -EFAULT;
	else
		n = ep_wait(ep, events, arg.maxevents, d.until, d.sleep);
	ep_sigmask_restore(n);
	return n;
}

/*
 * read(2) is a wait too, for those who need neither a timeout nor a signal mask: as
 * many struct epoll_event as fit, or sleep for the first.  There is nothing of a
 * timeout to be lost, so after a signal it begins anew, as other reads do.
 */
static ssize_t ep_file_read(struct file *file, char __user *buf, size_t size,
			    loff_t *pos)
{
	struct epoll_event __user *events = (struct epoll_event __user *)buf;
	struct eventpoll *ep = ep_of_file(file);
	size_t room = size / sizeof(*events);
	int n;

	if (!room)
		return -EINVAL;
	ep_use(ep);
	n = ep_wait(ep, events, min_t(size_t, room, EP_MAX_EVENTS), NULL,
		    !(file->f_flags & O_NONBLOCK));
	if (n > 0)
		return n * sizeof(*events);
	if (n == -EINTR)
		return -ERESTARTSYS;
	return n ? n : -EAGAIN;
}

static int ep_ioctl_ctl(struct eventpoll *ep,
			struct eventpoll_ctl __user *uarg)
{
	struct epoll_event event = {};
	struct eventpoll_ctl arg;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.op != EPOLL_CTL_DEL &&
	    copy_from_user(&event, u64_to_user_ptr(arg.event), sizeof(event)))
		return -EFAULT;
	return ep_ctl(ep, arg.op, arg.fd, &event);
}

static long ep_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct eventpoll *ep = ep_of_file(file);

	switch (cmd) {
	case EVENTPOLL_WAIT:
		ep_use(ep);
		return ep_ioctl_wait(ep, (void __user *)arg);
	case EVENTPOLL_CTL:
		ep_use(ep);
		return ep_ioctl_ctl(ep, (void __user *)arg);
	case EVENTPOLL_STORE:
		return ep_choose(ep, arg);
	case EVENTPOLL_NEW:
		return open_again(file, arg);
	default:
		return ep_busy_ioctl(ep, cmd, (void __user *)arg);
	}
}

#ifdef CONFIG_COMPAT
static long ep_ioctl_compat(struct file *file, unsigned int cmd,
			    unsigned long arg)
{
	/* A number stays a number, a pointer is 32 bits wide. */
	if (cmd != EVENTPOLL_STORE && cmd != EVENTPOLL_NEW)
		arg = (unsigned long)compat_ptr(arg);
	return ep_ioctl(file, cmd, arg);
}
#endif

static __poll_t ep_file_poll(struct file *file, struct poll_table_struct *pt)
{
	struct eventpoll *ep = ep_of_file(file);

	poll_wait(file, &ep->poll_wait, pt);
	/* First on the queue, then the look; see wake.c. */
	smp_mb();
	return ep_look(ep, 0, true) ? EPOLLIN | EPOLLRDNORM : 0;
}

static int ep_file_open(struct inode *inode, struct file *file)
{
	struct eventpoll *ep = ep_alloc(stores[EVENTPOLL_OVFLIST], ep_wake_work,
					ep_end_closed_locked);

	if (!ep)
		return -ENOMEM;
	ep->file = file;
	file->private_data = ep;
	/* What open(2) adds or is asked for, and epoll_create1(2) does not show. */
	file->f_flags &= ~(O_LARGEFILE | O_CLOEXEC);
	/* ESPIPE, as the kernel's epoll says, which is no device. */
	file->f_mode &= ~(FMODE_PREAD | FMODE_PWRITE);
	return 0;
}

/* No descriptor is left; closers of files may still be on their way to us. */
static int ep_file_release(struct inode *inode, struct file *file)
{
	struct eventpoll *ep = ep_of_file(file);

	ep_remove_all(ep);
	ep_put(ep);
	return 0;
}

#ifdef CONFIG_PROC_FS
static void ep_file_show(struct seq_file *m, struct file *file)
{
	struct eventpoll *ep = ep_of_file(file);
	struct rb_node *node;

	seq_printf(m, "store:\t%s\n", ep->store->name);
	if (mutex_lock_killable(&ep->mtx))
		return;
	for (node = rb_first(&ep->tree); node; node = rb_next(node)) {
		struct epitem *item = rb_entry(node, struct epitem, node);
		struct inode *inode;

		if (!ep_item_pin_any(item))
			continue;
		inode = file_inode(item->file);
		/* As the kernel's epoll has it. */
		seq_printf(m, "tfd: %8d events: %8x data: %16llx  pos:%lli ino:%llx sdev:%x\n",
			   item->fd, (__force u32)item->events, item->data,
			   (long long)item->file->f_pos,
			   (unsigned long long)inode->i_ino,
			   inode->i_sb->s_dev);
		ep_item_unpin(item);
		if (seq_has_overflowed(m))
			break;
	}
	ep_unlock(ep);
}
#endif

static const struct file_operations ep_fops = {
	.owner = THIS_MODULE,
	.open = ep_file_open,
	.release = ep_file_release,
	.read = ep_file_read,
	.unlocked_ioctl = ep_ioctl,
#ifdef CONFIG_COMPAT
	.compat_ioctl = ep_ioctl_compat,
#endif
	.poll = ep_file_poll,
#ifdef CONFIG_PROC_FS
	.show_fdinfo = ep_file_show,
#endif
	.llseek = noop_llseek,
};

static struct miscdevice ep_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "eventpoll",
	.fops = &ep_fops,
};

static int __init eventpoll_port_init(void)
{
	int err;

	if (mode & ~0666) {
		pr_err("mode=%#o: only read and write permissions make sense\n",
		       mode);
		return -EINVAL;
	}
	err = ep_items_init(&ep_fops);
	if (err)
		return err;
	err = ep_user_init(ep_item_bytes() + file_notify_bytes(false));
	if (err)
		goto no_user;
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
no_user:
	ep_items_exit();
	return err;
}

/*
 * No instance is open, and nobody is in ep_item_closed(), which pins us.  Walks and
 * callbacks may still be in our code.
 */
static void __exit eventpoll_port_exit(void)
{
	misc_deregister(&ep_device);
	file_notify_sync();
	ep_wake_exit();
	ep_user_exit();
	rcu_barrier();
	ep_items_exit();
}

module_init(eventpoll_port_init);
module_exit(eventpoll_port_exit);

MODULE_DESCRIPTION("/dev/eventpoll: modern epoll with a choice of ready stores");
MODULE_AUTHOR("The devepoll authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(DEVEPOLL_VERSION);
