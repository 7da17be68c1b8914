/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rare.h - what makes a transfer leave the plain way, whatever its instance
 *
 * The module's switches that a consumer has to look at are bits of one word, so that a
 * transfer pays for one look while all of them are off.  What an instance has of
 * its own is in its member "rare", looked at beside.
 */
#ifndef KMOD_EVENTPOLL_RARE_H
#define KMOD_EVENTPOLL_RARE_H

#include <linux/bitops.h>
#include <linux/compiler.h>

/**
 * enum ep_rare_bit - bits of ep_rare
 * @EP_RARE_STALL: consumers are held (stall.h)
 * @EP_RARE_BUSY: waits of all instances poll devices before they sleep (busy.h)
 */
enum ep_rare_bit {
	EP_RARE_STALL,
	EP_RARE_BUSY,
};

extern unsigned long ep_rare;

#endif /* KMOD_EVENTPOLL_RARE_H */
