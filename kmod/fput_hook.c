// SPDX-License-Identifier: GPL-2.0-only
/*
 * fput_hook.c - choosing the way to hear of closes, and proving that it works
 *
 * A provider can be in place and yet never be called: a direct call that is
 * registered while kernel.ftrace_enabled is 0 says nothing and does nothing.
 * So each one is tried at load with a real file: opened, watched, closed.
 */
#include <linux/anon_inodes.h>
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "fput_hook.h"

static const struct fput_provider * const providers[] = {
	&fput_direct,
	&fput_locks,
	&fput_fsnotify,
};

/*
 * The self-test.  It runs in a kernel thread, because there fput() goes
 * through the delayed list, which can be flushed: in a task the last fput()
 * would only take effect on the way back to user space.
 *
 * A closer may come when nobody waits for it any more, so it has a reference.
 */
struct selftest {
	struct work_struct work;
	struct completion closed;
	struct fcb_struct fcb;
	struct kref refs;
	struct rcu_head rcu;
	int err;
};

static void selftest_free(struct kref *refs)
{
	struct selftest *st = container_of(refs, struct selftest, refs);

	kfree_rcu(st, rcu);
}

static __poll_t selftest_poll(struct file *file, struct poll_table_struct *pt)
{
	return 0;
}

static const struct file_operations selftest_fops = {
	.owner = THIS_MODULE,
	.poll = selftest_poll,
};

static void selftest_event(struct file *file, void *data,
			   unsigned long *local, long *event)
{
}

static void selftest_closed(struct file *file, void *data)
{
	struct selftest *st = data;

	complete(&st->closed);
	kref_put(&st->refs, selftest_free);
}

static void selftest_work(struct work_struct *work)
{
	struct selftest *st = container_of(work, struct selftest, work);
	struct file *file;

	file = anon_inode_getfile("[fcb-selftest]", &selftest_fops, NULL,
				  O_RDWR);
	if (IS_ERR(file)) {
		st->err = PTR_ERR(file);
		return;
	}
	kref_get(&st->refs);
	st->err = file_notify_register(file, &st->fcb, selftest_event,
				       selftest_closed, st);
	fput(file);
	flush_delayed_fput();
	if (st->err)
		goto not_registered;
	/* Somebody else's flush may have our file in hand. */
	if (wait_for_completion_timeout(&st->closed, 5 * HZ))
		return;
	st->err = -EOPNOTSUPP;
	/*
	 * Nobody heard of the close, so the registration is still there.  The
	 * file is not touched, for it has no wait queue, and its inode is the
	 * one that all such files share.
	 */
	if (file_notify_unregister(&st->fcb))
		return;
not_registered:
	kref_put(&st->refs, selftest_free);
}

static int selftest(void)
{
	struct selftest *st;
	int err;

	st = kzalloc(sizeof(*st), GFP_KERNEL);
	if (!st)
		return -ENOMEM;
	kref_init(&st->refs);
	init_completion(&st->closed);
	INIT_WORK(&st->work, selftest_work);
	schedule_work(&st->work);
	flush_work(&st->work);
	err = st->err;
	kref_put(&st->refs, selftest_free);
	return err;
}

static int try_provider(const struct fput_provider *p)
{
	int err;

	err = p->start();
	if (err)
		return err;
	fcb_provider = p;
	err = selftest();
	if (!err)
		return 0;
	pr_notice("%s hook is in place but does not fire (%d); %s\n", p->name,
		  err, p->hint);
	/* It was the kernel that would not, not the one who loads that may not. */
	if (err == -EPERM)
		err = -EOPNOTSUPP;
	p->stop();
	fcb_provider = NULL;
	return err;
}

int fput_hook_start(const char *want)
{
	int err = -EINVAL;
	int i;

	for (i = 0; i < ARRAY_SIZE(providers); i++) {
		if (strcmp(want, "auto") && strcmp(want, providers[i]->name))
			continue;
		err = try_provider(providers[i]);
		if (!err)
			return 0;
	}
	return err;
}

void fput_hook_stop(void)
{
	fcb_provider->stop();
	fcb_provider = NULL;
}

const char *fput_hook_name(void)
{
	return fcb_provider ? fcb_provider->name : "none";
}
