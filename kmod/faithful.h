/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * faithful.h - defects of 2002 that can be had back, one at a time
 *
 * The module parameter "faithful" gives one documented defect of the old code
 * back to the module that it is of, so that it can be shown (./lab exhibit)
 * and so that the test of its repair can be seen to fail.  What the old code
 * did to a program it does again; what it did to memory that was not its own
 * any more it does not: doc/exhibits.md says for each what is left out.
 *
 * Not on the path of an event that takes a slot: with the parameter off, an
 * event that merges into its slot pays one test, and calls that were about to
 * fail or that end a registration pay one more.
 */
#ifndef KMOD_FAITHFUL_H
#define KMOD_FAITHFUL_H

#include <linux/bits.h>
#include <linux/compiler.h>
#include <linux/types.h>

/**
 * enum faithful - what can be had back; the numbers are those of NOTES.md
 * @FAITHFUL_NONE: nothing
 * @FAITHFUL_STALE: dev_epoll: an item outlives its file; a later record for its
 *	number only changes its mask (bugs 1 and 3)
 * @FAITHFUL_DELFUNC: fcb: a removal looks for the function alone (bug 4)
 * @FAITHFUL_LOSTBIT: dev_epoll: a pending slot keeps the mask that it began
 *	with (bug 6)
 * @FAITHFUL_TWOWAITERS: dev_epoll: any number of threads in EP_POLL (bug 7)
 */
enum faithful {
	FAITHFUL_NONE,
	FAITHFUL_STALE,
	FAITHFUL_DELFUNC,
	FAITHFUL_LOSTBIT,
	FAITHFUL_TWOWAITERS,
};

/* Each module has one of its own. */
extern enum faithful faithful_now;

#define faithful_to(which)	unlikely(READ_ONCE(faithful_now) == (which))

/*
 * Defined before the include by one file of a module: the defects that the
 * module has, BIT(FAITHFUL_..) each.
 */
#ifdef FAITHFUL_WORDS
#include <linux/errno.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/sysfs.h>

enum faithful faithful_now;

static const char * const faithful_names[] = {
	"none", "stale", "delfunc", "lostbit", "twowaiters",
};

static int faithful_set(const char *val, const struct kernel_param *kp)
{
	int i = sysfs_match_string(faithful_names, val);

	if (i < 0)
		return i;
	if (!((BIT(FAITHFUL_NONE) | (FAITHFUL_WORDS)) & BIT(i)))
		return -EINVAL;
	WRITE_ONCE(faithful_now, i);
	return 0;
}

static int faithful_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n",
			  faithful_names[READ_ONCE(faithful_now)]);
}

static const struct kernel_param_ops faithful_ops = {
	.set = faithful_set,
	.get = faithful_get,
};
module_param_cb(faithful, &faithful_ops, NULL, 0600);
#endif /* FAITHFUL_WORDS */

#endif /* KMOD_FAITHFUL_H */
