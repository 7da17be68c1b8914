// SPDX-License-Identifier: GPL-2.0-only
/*
 * stall.c - points where somebody can be held, to make a race happen
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/sysfs.h>
#include <linux/wait.h>

#include "stall.h"

static DECLARE_WAIT_QUEUE_HEAD(stall_wait);
static atomic_t stalled;

static int stall_set(const char *val, const struct kernel_param *kp)
{
	bool open;
	int err = kstrtobool(val, &open);

	if (err)
		return err;
	assign_bit(EP_RARE_STALL, &ep_rare, open);
	wake_up_all(&stall_wait);
	return 0;
}

static int stall_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%c\n", ep_stalls() ? 'Y' : 'N');
}

static const struct kernel_param_ops stall_ops = {
	.set = stall_set,
	.get = stall_get,
};
module_param_cb(stall, &stall_ops, NULL, 0600);
MODULE_PARM_DESC(stall, "park a consumer between its look at a file and what follows, for exhibits (default N)");

static int stalled_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&stalled));
}

static const struct kernel_param_ops stalled_ops = {
	.get = stalled_get,
};
module_param_cb(stalled, &stalled_ops, NULL, 0444);
MODULE_PARM_DESC(stalled, "consumers that are parked now (read only)");

unsigned int ep_stall_waker __read_mostly;
module_param_named(stall_wake, ep_stall_waker, uint, 0600);
MODULE_PARM_DESC(stall_wake, "park one producer of wfcqueue with the lock of the waiters' queue held: 1 before it wakes somebody, 2 after; 3: it is parked; for tests (default 0)");

void ep_stall(void)
{
	atomic_inc(&stalled);
	wait_event_killable_timeout(stall_wait, !ep_stalls(),
				    10 * HZ);
	atomic_dec(&stalled);
}

void __ep_stall_wake(enum ep_stall_where here)
{
	int ms = 1000;

	if (cmpxchg(&ep_stall_waker, here, EP_STALL_HELD) != here)
		return;
	while (READ_ONCE(ep_stall_waker) == EP_STALL_HELD && ms--)
		mdelay(1);
	cmpxchg(&ep_stall_waker, EP_STALL_HELD, EP_STALL_NOWHERE);
}
