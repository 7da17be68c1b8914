// SPDX-License-Identifier: GPL-2.0-only
/*
 * busy.c - a wait that polls the network device before it sleeps
 *
 * Members of struct eventpoll that begin with busy_, and napi_id, are written without a
 * lock: whoever reads them takes what there is, and an id that is no device's any
 * more is looked up in vain.
 *
 * Where this is not the kernel's epoll:
 *
 *  - The time for all instances is the module's parameter busy_poll.  The variable behind
 *    net.core.busy_poll is not exported to modules.
 *  - The socket is looked at by the consumer, when the item is asked, and not by each
 *    wake-up: whatever leaves the store comes by there before a wait can find nothing,
 *    and a wake-up costs nothing.  A wake-up that the mask keeps from the store is
 *    not seen.
 *  - A signal ends the loop.  The kernel's goes on until the time is over, which may
 *    be half an hour.
 *  - The interrupts of the device are not held off meanwhile, as since 6.13 for those that
 *    prefer it: napi_suspend_irqs() is not exported.
 */
#include <linux/capability.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/net.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <net/busy_poll.h>
#include <net/sock.h>

#include "busy.h"
#include "compat.h"
#include "eventpoll.h"
#include "rare.h"

static unsigned int busy_poll;

static int busy_poll_set(const char *val, const struct kernel_param *kp)
{
	int err = param_set_uint_minmax(val, kp, 0, INT_MAX);

	if (!err)
		assign_bit(EP_RARE_BUSY, &ep_rare, busy_poll);
	return err;
}

static const struct kernel_param_ops busy_poll_ops = {
	.set = busy_poll_set,
	.get = param_get_uint,
};
module_param_cb(busy_poll, &busy_poll_ops, &busy_poll, 0644);
MODULE_PARM_DESC(busy_poll, "microseconds for which a wait polls the network device before it sleeps (default 0: not at all)");

/* In units of busy_loop_current_time(), which are a little longer than a microsecond. */
static unsigned long busy_time(const struct eventpoll *ep)
{
	return READ_ONCE(ep->busy_usecs) ?: READ_ONCE(busy_poll);
}

void ep_busy_note(struct epitem *item)
{
	struct eventpoll *ep = item->ep;
	struct socket *sock;
	unsigned int id;

	if (!busy_time(ep) || !ep_item_pin_any(item))
		return;
	sock = sock_from_file(item->file);
	if (sock && sock->sk) {
		id = READ_ONCE(sock->sk->sk_napi_id);
		/* Below that it is no device's. */
		if (id >= MIN_NAPI_ID && id != READ_ONCE(ep->napi_id))
			WRITE_ONCE(ep->napi_id, id);
	}
	ep_item_unpin(item);
}

/* Asked after each round, with preemption disabled. */
static bool busy_end(void *arg, unsigned long begun)
{
	const struct eventpoll *ep = arg;

	return ep_pending(arg) || signal_pending(current) ||
	       time_after(busy_loop_current_time(), begun + busy_time(ep));
}

bool ep_busy_wait(struct eventpoll *ep)
{
	unsigned int id = READ_ONCE(ep->napi_id);

	if (!busy_time(ep))
		return false;
	napi_busy_loop(id, busy_end, ep, READ_ONCE(ep->busy_prefer),
		       READ_ONCE(ep->busy_budget) ?: BUSY_POLL_BUDGET);
	if (ep_pending(ep))
		return true;
	/* Nothing comes this way now; the next socket that is asked brings it back. */
	WRITE_ONCE(ep->napi_id, 0);
	return false;
}

static long set_params(struct eventpoll *ep, const void __user *arg)
{
	struct epoll_params params;

	if (copy_from_user(&params, arg, sizeof(params)))
		return -EFAULT;
	if (params.__pad || params.busy_poll_usecs > S32_MAX ||
	    params.prefer_busy_poll > 1)
		return -EINVAL;
	/* More packets at once than a device's share keep others waiting. */
	if (params.busy_poll_budget > NAPI_POLL_WEIGHT &&
	    !capable(CAP_NET_ADMIN))
		return -EPERM;
	WRITE_ONCE(ep->busy_usecs, params.busy_poll_usecs);
	WRITE_ONCE(ep->busy_budget, params.busy_poll_budget);
	WRITE_ONCE(ep->busy_prefer, params.prefer_busy_poll);
	if (params.busy_poll_usecs)
		WRITE_ONCE(ep->rare, true);
	return 0;
}

static long get_params(struct eventpoll *ep, void __user *arg)
{
	struct epoll_params params = {
		.busy_poll_usecs = READ_ONCE(ep->busy_usecs),
		.busy_poll_budget = READ_ONCE(ep->busy_budget),
		.prefer_busy_poll = READ_ONCE(ep->busy_prefer),
	};

	return copy_to_user(arg, &params, sizeof(params)) ? -EFAULT : 0;
}

long ep_busy_ioctl(struct eventpoll *ep, unsigned int cmd, void __user *arg)
{
	if (!compat_epoll_params())
		return -ENOTTY;
	switch (cmd) {
	case EPIOCSPARAMS:
		return set_params(ep, arg);
	case EPIOCGPARAMS:
		return get_params(ep, arg);
	default:
		return -ENOTTY;
	}
}
