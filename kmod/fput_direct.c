// SPDX-License-Identifier: GPL-2.0-only
/*
 * fput_direct.c - a call at the head of __fput(), as in 2002
 *
 * The patch of 2002 had file_notify_cleanup() as a call in __fput().  Here
 * ftrace puts it there: a direct call from the entry of the function to the
 * trampoline below, in the closer's own context, which may sleep.
 *
 * Every final close in the system passes here, so the answer for a file that
 * nobody watches, which is nearly every file, is one look at a bucket.
 *
 * Leaving.  ftrace waits for tasks inside the trampoline by Tasks RCU, which
 * takes a voluntary sleep for the end of the stay.  A handler that slept in a
 * mutex would come back to freed code.  But all sleeping is done in
 * file_notify_cleanup(), inside SRCU.  So stop() first takes the call out;
 * who is still on the way is then inside SRCU or has left.  It waits for
 * these, and for Tasks RCU once more: that covers the few instructions behind
 * SRCU, which do not sleep.
 */
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/rcupdate.h>

#include "compat.h"
#include "fcb_internal.h"
#include "fput_arch.h"
#include "fput_hook.h"

static struct ftrace_ops fput_ops;

__visible notrace void fput_direct_call(struct file *file)
{
	if (unlikely(fcb_maybe_watched(file)))
		file_notify_cleanup(file);
}

/* kprobes resolve a name, and report one that is missing or ambiguous. */
static unsigned long fput_address(void)
{
	struct kprobe kp = { .symbol_name = "__fput" };
	unsigned long addr;

	if (register_kprobe(&kp))
		return 0;
	addr = (unsigned long)kp.addr;
	unregister_kprobe(&kp);
	return addr;
}

static int fput_direct_start(void)
{
	unsigned long addr = fput_address();
	int err;

	if (!addr) {
		pr_notice("direct hook: no function __fput to be found\n");
		return -EOPNOTSUPP;
	}
	err = ftrace_set_filter_ip(&fput_ops, addr, 0, 0);
	if (!err)
		err = compat_ftrace_direct(&fput_ops,
					   (unsigned long)fput_direct_tramp);
	if (err) {
		ftrace_free_filter(&fput_ops);
		pr_notice("direct hook on __fput not to be had (%d)%s\n", err,
			  err == -EBUSY ? ": a BPF program or a livepatch has it" :
			  "");
		return err;
	}
	/* From here on kernel.ftrace_enabled cannot silently turn us off. */
	fput_ops.flags |= FTRACE_OPS_FL_PERMANENT;
	return 0;
}

static void fput_direct_stop(void)
{
	fput_ops.flags &= ~FTRACE_OPS_FL_PERMANENT;
	compat_ftrace_direct_end(&fput_ops, (unsigned long)fput_direct_tramp);
	fcblist_drain();
	synchronize_rcu_tasks();
}

const struct fput_provider fput_direct = {
	.name = "direct",
	.start = fput_direct_start,
	.stop = fput_direct_stop,
};
