// SPDX-License-Identifier: GPL-2.0-only
/*
 * poll_test.c - files whose poll does what a test says
 *
 * A poll that is held sleeps as one of a FUSE file does whose server is silent:
 * no signal ends it.  A stage has one reference for its descriptor and one for each
 * of its files.
 */
#include <linux/anon_inodes.h>
#include <linux/atomic.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include "poll_test.h"
#include "version.h"

struct stage {
	struct kref refs;
	struct wait_queue_head wq;
	struct wait_queue_head held_wq;
	u32 mask;
	bool hold;
	atomic_t held;
	atomic_t files;
	atomic_t polls;
	struct rcu_head rcu;
};

static void stage_free(struct kref *refs)
{
	kfree_rcu(container_of(refs, struct stage, refs), rcu);
}

static __poll_t played_poll(struct file *file, struct poll_table_struct *pt)
{
	struct stage *stage = file->private_data;

	poll_wait(file, &stage->wq, pt);
	atomic_inc(&stage->polls);
	if (READ_ONCE(stage->hold)) {
		atomic_inc(&stage->held);
		wait_event_timeout(stage->held_wq, !READ_ONCE(stage->hold),
				   30 * HZ);
		atomic_dec(&stage->held);
	}
	return (__force __poll_t)READ_ONCE(stage->mask);
}

static int played_release(struct inode *inode, struct file *file)
{
	struct stage *stage = file->private_data;

	atomic_dec(&stage->files);
	kref_put(&stage->refs, stage_free);
	return 0;
}

static const struct file_operations played_fops = {
	.owner = THIS_MODULE,
	.poll = played_poll,
	.release = played_release,
	.llseek = noop_llseek,
};

static int stage_file(struct stage *stage)
{
	int fd;

	kref_get(&stage->refs);
	atomic_inc(&stage->files);
	fd = anon_inode_getfd("[poll_test]", &played_fops, stage,
			      O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		atomic_dec(&stage->files);
		kref_put(&stage->refs, stage_free);
	}
	return fd;
}

static void stage_hold(struct stage *stage, bool hold)
{
	WRITE_ONCE(stage->hold, hold);
	wake_up_all(&stage->held_wq);
}

static int stage_count(struct stage *stage, void __user *uarg)
{
	struct poll_test_count count = {
		.held = atomic_read(&stage->held),
		.files = atomic_read(&stage->files),
		.polls = atomic_read(&stage->polls),
	};

	return copy_to_user(uarg, &count, sizeof(count)) ? -EFAULT : 0;
}

static long stage_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct stage *stage = file->private_data;

	switch (cmd) {
	case POLL_TEST_FILE:
		return stage_file(stage);
	case POLL_TEST_MASK:
		WRITE_ONCE(stage->mask, arg);
		return 0;
	case POLL_TEST_WAKE:
		wake_up_poll(&stage->wq, (__force __poll_t)(u32)arg);
		return 0;
	case POLL_TEST_HOLD:
		stage_hold(stage, arg);
		return 0;
	case POLL_TEST_COUNT:
		return stage_count(stage, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static int stage_open(struct inode *inode, struct file *file)
{
	struct stage *stage = kzalloc(sizeof(*stage), GFP_KERNEL);

	if (!stage)
		return -ENOMEM;
	kref_init(&stage->refs);
	init_waitqueue_head(&stage->wq);
	init_waitqueue_head(&stage->held_wq);
	file->private_data = stage;
	return 0;
}

static int stage_release(struct inode *inode, struct file *file)
{
	struct stage *stage = file->private_data;

	stage_hold(stage, false);
	kref_put(&stage->refs, stage_free);
	return 0;
}

static const struct file_operations stage_fops = {
	.owner = THIS_MODULE,
	.open = stage_open,
	.release = stage_release,
	.unlocked_ioctl = stage_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice stage_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "poll_test",
	.fops = &stage_fops,
	.mode = 0600,
};
module_misc_device(stage_device);

MODULE_DESCRIPTION("Files whose poll does what a test says");
MODULE_AUTHOR("The devepoll authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(DEVEPOLL_VERSION);
