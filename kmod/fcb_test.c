// SPDX-License-Identifier: GPL-2.0-only
/*
 * fcb_test.c - a second user of the file callback list, for the tests
 *
 * Each open of /dev/fcb_test is a set of slots; a slot is one registration
 * with counts of what it heard.  The counts outlive the registration, so that
 * a test can look at them afterwards.
 *
 * set->mutex guards which file a slot is on.  It is never held by
 * test_closed(), which runs in a closer's context: the one who ends the
 * registration is the one who drops its reference on the set.
 */
#include <linux/atomic.h>
#include <linux/file.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "fcb_test.h"
#include "fcblist.h"

struct test_set;

struct test_slot {
	struct test_set *set;
	struct file *file;	/* a name, not pinned */
	fcb_event_t proc;
	atomic_t events;
	atomic_t closed;
	atomic_t plevt;
	long ioevt;
	long end;
	unsigned long local0;
	unsigned long local;
};

struct test_set {
	struct mutex mutex;	/* which file a slot is on */
	struct kref refs;
	struct rcu_head rcu;
	struct test_slot slots[FCB_TEST_MAX];
};

static void set_free(struct kref *refs)
{
	struct test_set *set = container_of(refs, struct test_set, refs);

	kfree_rcu(set, rcu);
}

static void set_put(struct test_set *set)
{
	kref_put(&set->refs, set_free);
}

static void heard(struct test_slot *slot, unsigned long *local, long *event)
{
	if (atomic_inc_return(&slot->events) == 1)
		WRITE_ONCE(slot->local0, local[0]);
	WRITE_ONCE(slot->local, ++local[0]);
	WRITE_ONCE(slot->ioevt, event[0]);
	atomic_or(event[1], &slot->plevt);
	WRITE_ONCE(slot->end, event[2]);
}

static void test_event0(struct file *file, void *data, unsigned long *local,
			long *event)
{
	heard(data, local, event);
}

/* Different code from test_event0(), or the compiler makes them one. */
static void test_event1(struct file *file, void *data, unsigned long *local,
			long *event)
{
	local[1]++;
	heard(data, local, event);
}

static void test_closed(struct file *file, void *data)
{
	struct test_slot *slot = data;

	atomic_inc(&slot->closed);
	set_put(slot->set);
}

static int test_add(struct test_set *set, struct test_slot *slot,
		    const struct fcb_test_arg *arg)
{
	struct file *file = fget(arg->fd);
	int err;

	if (!file)
		return -EBADF;
	if (slot->file) {
		err = -EBUSY;
		goto out;
	}
	slot->proc = arg->proc ? test_event1 : test_event0;
	atomic_set(&slot->events, 0);
	atomic_set(&slot->closed, 0);
	atomic_set(&slot->plevt, 0);
	kref_get(&set->refs);
	err = file_notify_addcb_close(file, slot->proc, test_closed, slot);
	if (err)
		set_put(set);
	else
		slot->file = file;
out:
	fput(file);
	return err;
}

static int test_del(struct test_set *set, struct test_slot *slot,
		    const struct fcb_test_arg *arg)
{
	struct file *file = fget(arg->fd);
	int err;

	if (!file)
		return -EBADF;
	err = file_notify_delcb(file, arg->proc ? test_event1 : test_event0,
				slot);
	if (!err) {
		if (slot->file == file)
			slot->file = NULL;
		set_put(set);
	}
	fput(file);
	return err;
}

static int test_send(const struct fcb_test_arg *arg)
{
	struct file *file = fget(arg->fd);

	if (!file)
		return -EBADF;
	file_send_notify(file, arg->ioevt, arg->plevt);
	fput(file);
	return 0;
}

static int test_get(struct test_slot *slot, struct fcb_test_arg *arg,
		    void __user *uarg)
{
	arg->events = atomic_read(&slot->events);
	arg->closed = atomic_read(&slot->closed);
	arg->plevt = atomic_read(&slot->plevt);
	arg->ioevt = READ_ONCE(slot->ioevt);
	arg->end = READ_ONCE(slot->end);
	arg->local0 = READ_ONCE(slot->local0);
	arg->local = READ_ONCE(slot->local);
	return copy_to_user(uarg, arg, sizeof(*arg)) ? -EFAULT : 0;
}

static long test_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct test_set *set = file->private_data;
	void __user *uarg = (void __user *)arg;
	struct fcb_test_arg ta;
	struct test_slot *slot;
	long err;

	if (copy_from_user(&ta, uarg, sizeof(ta)))
		return -EFAULT;
	if (ta.slot >= FCB_TEST_MAX || ta.proc > 1)
		return -EINVAL;
	slot = &set->slots[ta.slot];

	mutex_lock(&set->mutex);
	switch (cmd) {
	case FCB_TEST_ADD:
		err = test_add(set, slot, &ta);
		break;
	case FCB_TEST_DEL:
		err = test_del(set, slot, &ta);
		break;
	case FCB_TEST_GET:
		err = test_get(slot, &ta, uarg);
		break;
	case FCB_TEST_EVENT:
		err = test_send(&ta);
		break;
	default:
		err = -ENOTTY;
	}
	mutex_unlock(&set->mutex);
	return err;
}

static int test_open(struct inode *inode, struct file *file)
{
	struct test_set *set;
	int i;

	set = kzalloc(sizeof(*set), GFP_KERNEL);
	if (!set)
		return -ENOMEM;
	mutex_init(&set->mutex);
	kref_init(&set->refs);
	for (i = 0; i < FCB_TEST_MAX; i++)
		set->slots[i].set = set;
	file->private_data = set;
	return 0;
}

/* A slot whose file has closed still has its name: not found, no harm. */
static int test_release(struct inode *inode, struct file *file)
{
	struct test_set *set = file->private_data;
	int i;

	for (i = 0; i < FCB_TEST_MAX; i++) {
		struct test_slot *slot = &set->slots[i];

		if (slot->file &&
		    !file_notify_delcb(slot->file, slot->proc, slot))
			set_put(set);
	}
	set_put(set);
	return 0;
}

static const struct file_operations test_fops = {
	.owner = THIS_MODULE,
	.open = test_open,
	.release = test_release,
	.unlocked_ioctl = test_ioctl,
};

static struct miscdevice test_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "fcb_test",
	.fops = &test_fops,
	.mode = 0600,
};

static int __init fcb_test_init(void)
{
	return misc_register(&test_device);
}

static void __exit fcb_test_exit(void)
{
	misc_deregister(&test_device);
	file_notify_sync();
}

module_init(fcb_test_init);
module_exit(fcb_test_exit);

MODULE_DESCRIPTION("Second user of the file callback list, for the tests");
MODULE_AUTHOR("The devepoll authors");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1");
