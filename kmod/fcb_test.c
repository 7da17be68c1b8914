// SPDX-License-Identifier: GPL-2.0-only
/*
 * fcb_test.c - a second user of the file callback list, for the tests
 *
 * Each open of /dev/fcb_test is a set of slots; a slot counts what its
 * registration hears.  The counts outlive the registration, so that a test can
 * look at them afterwards.
 *
 * set->mutex guards which registration a slot has.  It is never held by
 * test_closed(), which runs in a closer's context: the one who ends the
 * registration is the one who drops its references, on the set and on the
 * struct test_reg.  The slot has another one on that, as its handle.
 *
 * A test can make things slow: see HOLD and STAY in fcb_test.h.
 */
#include <linux/atomic.h>
#include <linux/file.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "fcb_test.h"
#include "fcblist.h"
#include "version.h"

struct test_set;
struct test_slot;

/* A registration; a new one each time, since it must outlive a grace period. */
struct test_reg {
	struct fcb_struct fcb;
	struct test_slot *slot;
	struct file *file;	/* a name, not pinned */
	fcb_event_t proc;
	u32 flags;
	struct kref refs;
	struct rcu_head rcu;
};

struct test_slot {
	struct test_set *set;
	struct test_reg *reg;
	atomic_t events;
	atomic_t closed;
	atomic_t plevt;
	long ioevt;
	long end;
	unsigned long local0;
	unsigned long local;
};

struct test_set {
	struct mutex mutex;	/* which registration a slot has */
	unsigned long hold;
	struct kref refs;
	struct rcu_head rcu;
	struct test_slot slots[FCB_TEST_MAX];
};

/* Where tests keep tasks waiting. */
static DECLARE_WAIT_QUEUE_HEAD(gate);
static atomic_t gate_opened;
static atomic_t gate_waiting;

static void gate_wait(void)
{
	int opened = atomic_read(&gate_opened);

	atomic_inc(&gate_waiting);
	wait_event_timeout(gate, atomic_read(&gate_opened) != opened, 60 * HZ);
	atomic_dec(&gate_waiting);
}

static void gate_go(void)
{
	atomic_inc(&gate_opened);
	wake_up_all(&gate);
}

static void set_free(struct kref *refs)
{
	struct test_set *set = container_of(refs, struct test_set, refs);

	kfree_rcu(set, rcu);
}

static void set_put(struct test_set *set)
{
	kref_put(&set->refs, set_free);
}

static void reg_free(struct kref *refs)
{
	struct test_reg *reg = container_of(refs, struct test_reg, refs);

	kfree_rcu(reg, rcu);
}

/* The end of a registration: what it held of the set and of itself. */
static void reg_ended(struct test_reg *reg)
{
	if (reg->flags & FCB_TEST_2002)
		return;
	set_put(reg->slot->set);
	kref_put(&reg->refs, reg_free);
}

/* The slot has no use for it any more. */
static void slot_forget(struct test_slot *slot)
{
	if (slot->reg)
		kref_put(&slot->reg->refs, reg_free);
	slot->reg = NULL;
}

static void heard(struct test_reg *reg, unsigned long *local, long *event)
{
	struct test_slot *slot = reg->slot;

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

static fcb_event_t event_proc(u32 proc)
{
	return proc ? test_event1 : test_event0;
}

static void test_closed(struct file *file, void *data)
{
	struct test_reg *reg = data;

	atomic_inc(&reg->slot->closed);
	if (reg->flags & FCB_TEST_STAY)
		gate_wait();
	reg_ended(reg);
}

static int reg_register(struct test_reg *reg, struct file *file)
{
	fcb_event_t proc = reg->proc;
	int err;

	if (reg->flags & FCB_TEST_2002)
		return file_notify_addcb(file, proc, reg);
	if (reg->flags & FCB_TEST_CLOSER)
		proc = NULL;
	kref_get(&reg->refs);
	kref_get(&reg->slot->set->refs);
	err = file_notify_register(file, &reg->fcb, proc, test_closed, reg);
	if (err)
		reg_ended(reg);
	return err;
}

/* By the handle where there is one. */
static int reg_remove(struct test_reg *reg)
{
	int err;

	if (reg->flags & FCB_TEST_2002)
		err = file_notify_delcb(reg->file, reg->proc, reg);
	else
		err = file_notify_unregister(&reg->fcb);
	if (!err)
		reg_ended(reg);
	return err;
}

static int test_add(struct test_slot *slot, const struct fcb_test_arg *arg,
		    struct file *file)
{
	struct test_reg *reg;
	int err;

	if (slot->reg)
		return -EBUSY;
	reg = kzalloc(sizeof(*reg), GFP_KERNEL);
	if (!reg)
		return -ENOMEM;
	kref_init(&reg->refs);
	reg->slot = slot;
	reg->file = file;
	reg->proc = event_proc(arg->proc);
	reg->flags = arg->flags;
	atomic_set(&slot->events, 0);
	atomic_set(&slot->closed, 0);
	atomic_set(&slot->plevt, 0);
	slot->reg = reg;
	err = reg_register(reg, file);
	if (err)
		slot_forget(slot);
	return err;
}

static int test_del(struct test_slot *slot, const struct fcb_test_arg *arg,
		    struct file *file)
{
	/* What is on no list can be asked for, too. */
	void *data = slot->reg ?: (void *)slot;
	int err = file_notify_delcb(file, event_proc(arg->proc), data);

	if (!err) {
		reg_ended(slot->reg);
		slot_forget(slot);
	}
	return err;
}

static int test_remove(struct test_slot *slot)
{
	int err = slot->reg ? reg_remove(slot->reg) : -ENOENT;

	if (!err)
		slot_forget(slot);
	return err;
}

/* The calls that name a file. */
static int test_of_file(struct test_slot *slot, unsigned int cmd,
			const struct fcb_test_arg *arg)
{
	struct file *file = fget(arg->fd);
	int err = 0;

	if (!file)
		return -EBADF;
	if (cmd == FCB_TEST_ADD)
		err = test_add(slot, arg, file);
	else if (cmd == FCB_TEST_DEL)
		err = test_del(slot, arg, file);
	else
		file_send_notify(file, arg->ioevt, arg->plevt);
	fput(file);
	return err;
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
	arg->waiting = atomic_read(&gate_waiting);
	return copy_to_user(uarg, arg, sizeof(*arg)) ? -EFAULT : 0;
}

static long test_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct test_set *set = file->private_data;
	void __user *uarg = (void __user *)arg;
	struct fcb_test_arg ta;
	struct test_slot *slot;
	long err;

	if (cmd == FCB_TEST_GO) {
		gate_go();
		return 0;
	}
	if (cmd == FCB_TEST_HOLD) {
		WRITE_ONCE(set->hold, arg);
		return 0;
	}
	if (copy_from_user(&ta, uarg, sizeof(ta)))
		return -EFAULT;
	if (ta.slot >= FCB_TEST_MAX || ta.proc > 1)
		return -EINVAL;
	slot = &set->slots[ta.slot];

	mutex_lock(&set->mutex);
	switch (cmd) {
	case FCB_TEST_ADD:
	case FCB_TEST_DEL:
	case FCB_TEST_EVENT:
		err = test_of_file(slot, cmd, &ta);
		break;
	case FCB_TEST_REMOVE:
		err = test_remove(slot);
		break;
	case FCB_TEST_GET:
		err = test_get(slot, &ta, uarg);
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

/* A descriptor of the set is closed. */
static int test_flush(struct file *file, fl_owner_t id)
{
	struct test_set *set = file->private_data;

	if (READ_ONCE(set->hold) == FCB_TEST_IN_CLOSE)
		gate_wait();
	return 0;
}

/* Never ready, and perhaps slow to say so. */
static __poll_t test_poll(struct file *file, struct poll_table_struct *pt)
{
	struct test_set *set = file->private_data;

	if (READ_ONCE(set->hold) == FCB_TEST_IN_POLL)
		gate_wait();
	return 0;
}

/* A slot whose file has closed still has its handle: not found, no harm. */
static void slot_end(struct test_slot *slot)
{
	if (slot->reg && !(slot->reg->flags & FCB_TEST_LEAVE))
		reg_remove(slot->reg);
	slot_forget(slot);
}

static int test_release(struct inode *inode, struct file *file)
{
	struct test_set *set = file->private_data;
	int i;

	for (i = 0; i < FCB_TEST_MAX; i++)
		slot_end(&set->slots[i]);
	set_put(set);
	return 0;
}

static const struct file_operations test_fops = {
	.owner = THIS_MODULE,
	.open = test_open,
	.flush = test_flush,
	.poll = test_poll,
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
MODULE_VERSION(DEVEPOLL_VERSION);
