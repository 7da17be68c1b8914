/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * plant.h - faults planted on purpose, to test the tests
 *
 * A build with PLANT=1 has a module parameter "plant" that turns one fault
 * on; "./lab check" makes sure that the suites notice.  Other builds have
 * neither parameter nor code.  Defects of 2002 that can be had in any build
 * are in faithful.h.
 */
#ifndef KMOD_PLANT_H
#define KMOD_PLANT_H

#include <linux/compiler.h>
#include <linux/delay.h>
#include <linux/types.h>

enum plant {
	PLANT_NONE,
	PLANT_DROP,		/* every 7th event is lost */
	PLANT_TWICE,		/* an item gets a second slot in one version */
	PLANT_MAPCOUNT,		/* 2002: mmap sets the counter to one */
	PLANT_ENOMEM,		/* attaching fails, and it is told */
	PLANT_IGNOREENOMEM,	/* 2002: attaching fails, and it is not told */
	PLANT_STALESLOT,	/* a removal leaves the pending slot */
	PLANT_HALFSHARED,	/* the switch hands out the half that is filled */
	PLANT_LEFTALONE,	/* what comes while a waiter is told is lost */
	PLANT_LEVELONCE,	/* level-triggered is told once, as an edge */
	PLANT_STAYSARMED,	/* one-shot is told each time, as an edge */
	PLANT_PINS,		/* a watched file is pinned: its close is no end */
	PLANT_ALLEXCLUSIVE,	/* an exclusive event wakes everybody */
	PLANT_UNFAIR,		/* what had no room comes behind what was told */
	PLANT_NONEXT,		/* what had no room wakes no other waiter */
	PLANT_MODBLIND,		/* MOD does not look at the file */
	PLANT_NOPIN,		/* a registration pins no module, nor is called */
	PLANT_LEAVEEARLY,	/* a woken waiter does not go through the lock */
	PLANT_WOKENONE,		/* a wake-up that woke nobody says that it did */
	PLANT_LAZYPUT,		/* the last reference waits for user mode */
	PLANT_SILENT,		/* a file is taken of whose close nobody tells */
	PLANT_BYNUMBER,		/* EP_ISPOLLED does not look whose number it is */
	PLANT_TWOSOURCES,	/* a tap is put where an entry is heard already */
	PLANT_LEAVESENTRY,	/* an entry stays on its socket */
	PLANT_COUNTFIRST,	/* shared: a slot is counted before it is written */
	PLANT_BAREMERGE,	/* shared: bits are added behind the word's back */
	PLANT_BAREREMOVAL,	/* shared: so is a slot taken away */
	PLANT_ASLEEP,		/* an event does not keep the system awake */
	PLANT_SLEEPLESS,	/* what was told does so for ever */
	PLANT_TAKEN,		/* what came again before it was asked does not */
	PLANT_TOUCHED,		/* a socket with other callbacks is taken as one of its kind */
	PLANT_STAYS,		/* one that gets other callbacks later has no tap */
};

#ifdef DEVEPOLL_PLANT

extern enum plant plant_now;

#define planted(which)	unlikely(plant_now == (which))

/* The same for a fault that is a race: long enough that somebody runs into it. */
static inline bool planted_race(enum plant which)
{
	if (!planted(which))
		return false;
	mdelay(1);
	return true;
}

/* Defined before the include by the one file of a module that has them all. */
#ifdef PLANT_PARAM
#include <linux/moduleparam.h>
#include <linux/string.h>

enum plant plant_now;

static int plant_set(const char *val, const struct kernel_param *kp)
{
	static const char * const names[] = {
		"none", "drop", "twice", "mapcount", "enomem",
		"ignoreenomem", "staleslot", "halfshared", "leftalone",
		"levelonce", "staysarmed", "pins", "allexclusive", "unfair",
		"nonext", "modblind", "nopin", "leaveearly", "wokenone",
		"lazyput", "silent", "bynumber", "twosources", "leavesentry",
		"countfirst", "baremerge", "bareremoval",
		"asleep", "sleepless", "taken", "touched", "stays",
	};
	int i = sysfs_match_string(names, val);

	if (i < 0)
		return i;
	plant_now = i;
	return 0;
}

static const struct kernel_param_ops plant_ops = {
	.set = plant_set,
};
module_param_cb(plant, &plant_ops, NULL, 0200);
MODULE_PARM_DESC(plant, "fault to plant (test builds)");
#endif /* PLANT_PARAM */

#else

static inline bool planted(enum plant which)
{
	return false;
}

static inline bool planted_race(enum plant which)
{
	return false;
}

#endif /* DEVEPOLL_PLANT */

#endif /* KMOD_PLANT_H */
