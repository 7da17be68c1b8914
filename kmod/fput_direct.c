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
#include <linux/rcupdate.h>

#include "direct_hook.h"
#include "fcb_internal.h"
#include "fput_hook.h"

__visible notrace void fput_direct_call(struct file *file)
{
	if (unlikely(fcb_maybe_watched(file)))
		file_notify_cleanup(file);
}

/* __fput() has one argument. */
asm(DIRECT_TRAMP_BEGIN(fput_direct_tramp)
	DIRECT_TRAMP_ENTER
	"pushq	%rdi\n"
	"call	fput_direct_call\n"
	"popq	%rdi\n"
	DIRECT_TRAMP_LEAVE(fput_direct_tramp));

static struct direct_hook fput_hook = {
	.symbol = "__fput",
	.tramp = fput_direct_tramp,
};

static int fput_direct_start(void)
{
	return direct_hook_start(&fput_hook);
}

static void fput_direct_stop(void)
{
	direct_hook_stop(&fput_hook);
	fcblist_drain();
	synchronize_rcu_tasks();
}

const struct fput_provider fput_direct = {
	.name = "direct",
	.start = fput_direct_start,
	.stop = fput_direct_stop,
};
