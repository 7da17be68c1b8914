// SPDX-License-Identifier: GPL-2.0-only
/*
 * fput_direct.c - a call at the head of __fput(), as in 2002, or just behind it
 *
 * The patch of 2002 had file_notify_cleanup() as a call in __fput().  Here
 * ftrace puts it there: a direct call from the entry of the function to the
 * trampoline of direct_x86.c, in the closer's own context, which may sleep.
 *
 * A function's entry takes one direct call, and BPF may have that of __fput().
 * The next place is locks_remove_file(): __fput() calls it, and nobody else does,
 * with the file, for each file that was open, before anything of it is torn down.
 * fsnotify and the kernel's epoll hear of the close before that.
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
#include <linux/rcupdate.h>

#include "direct_hook.h"
#include "fcb_internal.h"
#include "fput_hook.h"

__visible notrace void fput_direct_call(struct file *file)
{
	if (unlikely(fcb_maybe_watched(file)))
		file_notify_cleanup(file);
}

/* The two places. */
static struct direct_hook at_fput = {
	.symbol = "__fput",
	.tramp = fput_direct_tramp,
}, at_locks = {
	.symbol = "locks_remove_file",
	.tramp = fput_direct_tramp,
};

static void direct_stop(struct direct_hook *hook)
{
	direct_hook_stop(hook);
	fcblist_drain();
	synchronize_rcu_tasks();
}

static int fput_direct_start(void)
{
	return direct_hook_start(&at_fput);
}

static void fput_direct_stop(void)
{
	direct_stop(&at_fput);
}

static int fput_locks_start(void)
{
	return direct_hook_start(&at_locks);
}

static void fput_locks_stop(void)
{
	direct_stop(&at_locks);
}

const struct fput_provider fput_direct = {
	.name = "direct",
	.hint = "is kernel.ftrace_enabled 0?",
	.start = fput_direct_start,
	.stop = fput_direct_stop,
};

const struct fput_provider fput_locks = {
	.name = "locks",
	.hint = "is kernel.ftrace_enabled 0?",
	.start = fput_locks_start,
	.stop = fput_locks_stop,
};
