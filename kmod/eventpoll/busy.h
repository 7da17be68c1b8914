/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * busy.h - a wait that polls the network device before it sleeps
 *
 * A socket knows by which NAPI context its packets came.  The instance remembers that of
 * a socket that was asked last, and the next wait that finds nothing runs the device's
 * poll function itself for a while: busy_poll microseconds of the module, or what
 * EPIOCSPARAMS said for the instance.  What is the kernel's and cannot be had here: the
 * top of busy.c.
 */
#ifndef KMOD_EVENTPOLL_BUSY_H
#define KMOD_EVENTPOLL_BUSY_H

#include <linux/errno.h>
#include <linux/types.h>

struct epitem;
struct eventpoll;

#ifdef CONFIG_NET_RX_BUSY_POLL

/**
 * ep_busy_note() - remember the device of an item's socket, if there is one
 * @item: of an instance whose mutex is held; its file is pinned meanwhile
 */
void ep_busy_note(struct epitem *item);

/**
 * ep_busy_wait() - poll the device that ep->napi_id stands for
 * @ep: an instance with nothing to tell
 *
 * It ends with the time, when there is something in the store, or at a signal.
 *
 * Context: process, no lock held.  Return: there may be something to tell.
 */
bool ep_busy_wait(struct eventpoll *ep);

/** ep_busy_ioctl() - EPIOCSPARAMS and EPIOCGPARAMS, where the kernel has them. */
long ep_busy_ioctl(struct eventpoll *ep, unsigned int cmd, void __user *arg);

#else

static inline void ep_busy_note(struct epitem *item)
{
}

static inline bool ep_busy_wait(struct eventpoll *ep)
{
	return false;
}

static inline long ep_busy_ioctl(struct eventpoll *ep, unsigned int cmd,
				 void __user *arg)
{
	return -ENOTTY;
}

#endif /* CONFIG_NET_RX_BUSY_POLL */

#endif /* KMOD_EVENTPOLL_BUSY_H */
