// SPDX-License-Identifier: GPL-2.0-only
/*
 * fcb_socket.c - the source "socket": where SIGIO is raised, and the gaps filled
 *
 * A socket that wakes its sleepers calls sk_wake_async() right after, with a
 * band.  Who listens there saves the walk along the wait queue.  What the band
 * tells is told in the words of a tap (fcb_wakeup.c), test by test the same:
 *
 *	band	a tap's key	facts			doubts
 *	IN	0xc3		IN RDNORM		PRI RDBAND
 *	OUT	0x304		OUT WRNORM WRBAND
 *	ERR	0x8		ERR			all others
 *	PRI			-			PRI RDBAND
 *	HUP	0		-			all
 *	(none)	0		-			all: a change of state, by
 *						the hook on sock_def_wakeup()
 *
 * HUP is the kernel's word for "both directions are down" and comes beside a
 * change of state.
 *
 * Which sockets.  Those where every wake-up of the wait queue has such a call
 * beside it: streams of the unix family, TCP, UDP, if all four callbacks are
 * those of a socket that nobody has touched; such sockets are made at load to
 * look.  Not here, and so by tap: datagrams of the unix family (a sender whose
 * peer was full is woken by the queue alone), MPTCP, SMC (moves its list from
 * socket to socket), all other families, and all that is no socket.
 *
 * One thing is not as with a tap: room in a TCP socket is not told once its
 * program has shut it down for writing.  poll() says OUT from then on, and the
 * shutdown itself was told.
 */
#include <linux/in.h>
#include <linux/llist.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>

#include "fcb_fasync.h"
#include "fcb_source.h"
#include "plant.h"

#define DOUBT(bits)	((long)(bits) << FCB_DOUBT_SHIFT)
#define URGENT		(POLLPRI | POLLRDBAND)
#define FCB_ALL		DOUBT(FCB_POLL_BITS)

static struct fcb_words socket_words = { .band = {
	[0] = { ION_WAKEUP, FCB_ALL, -1 },
	[POLL_IN] = { ION_WAKEUP, POLLIN | POLLRDNORM | DOUBT(URGENT), -1 },
	[POLL_OUT] = { ION_WAKEUP, POLLOUT | POLLWRNORM | POLLWRBAND, -1 },
	[POLL_MSG] = { ION_WAKEUP, FCB_ALL, -1 },
	[POLL_ERR] = {
		ION_WAKEUP, POLLERR | DOUBT(FCB_POLL_BITS & ~POLLERR), -1
	},
	[POLL_PRI] = { ION_WAKEUP, DOUBT(URGENT), -1 },
	[POLL_HUP] = { ION_WAKEUP, FCB_ALL, -1 },
	[7] = { ION_WAKEUP, FCB_ALL, -1 },
} };

struct callbacks {
	void (*state_change)(struct sock *sk);
	void (*data_ready)(struct sock *sk);
	void (*write_space)(struct sock *sk);
	void (*error_report)(struct sock *sk);
};

static struct kind {
	int family;
	int type;
	int protocol;
	struct callbacks untouched;
} kinds[] = {
	{ AF_UNIX, SOCK_STREAM, 0 },
	{ AF_INET, SOCK_STREAM, IPPROTO_TCP },
	{ AF_INET, SOCK_DGRAM, IPPROTO_UDP },
};

static struct callbacks callbacks_of(struct sock *sk)
{
	return (struct callbacks){
		READ_ONCE(sk->sk_state_change), READ_ONCE(sk->sk_data_ready),
		READ_ONCE(sk->sk_write_space), READ_ONCE(sk->sk_error_report),
	};
}

static const struct kind *kind_of(struct socket *sock)
{
	int family = sock->sk->sk_family;
	int i;

	if (family == AF_INET6)
		family = AF_INET;
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (family == kinds[i].family && sock->type == kinds[i].type &&
		    (family == AF_UNIX ||
		     sock->sk->sk_protocol == kinds[i].protocol))
			return &kinds[i];
	return NULL;
}

static bool untouched(struct socket *sock)
{
	const struct kind *kind = sock->sk ? kind_of(sock) : NULL;
	struct callbacks now;

	if (!kind || (void *)kind->untouched.data_ready != fcb_ready_default)
		return false;
	now = callbacks_of(sock->sk);
	return planted(PLANT_TOUCHED) || !memcmp(&now, &kind->untouched, sizeof(now));
}

/* A kind that cannot be made, or is not like the others, goes by tap. */
static void learn(struct kind *kind)
{
	struct socket *sock;

	if (sock_create_kern(&init_net, kind->family, kind->type,
			     kind->protocol, &sock))
		return;
	kind->untouched = callbacks_of(sock->sk);
	sock_release(sock);
	if (kind->untouched.state_change != kinds[0].untouched.state_change)
		kind->untouched = (struct callbacks){};
}

/* ---- a socket whose callbacks were replaced moves to a tap ---- */

static LLIST_HEAD(changed);

static void move_to_tap(struct fcblist *list)
{
	struct fcb_entry *e;
	struct wait_queue_head *head;

	mutex_lock(&list->mutex);
	e = list->dead ? NULL : list->now.entry;
	head = e ? e->head : NULL;
	/* In this order: see fcb_source.h. */
	if (head && !list->taps) {
		fcb_entry_remove(&list->now);
		fcb_tap_queue(list, head);
		fcb_tell(&list->now, socket_words.band[0]);
	}
	mutex_unlock(&list->mutex);
}

static void move_work(struct work_struct *work)
{
	struct llist_node *first = llist_del_all(&changed);
	struct fcblist *list, *next;

	llist_for_each_entry_safe(list, next, first, move) {
		/* From here on it can be put there again. */
		smp_store_release(&list->moving, 0);
		move_to_tap(list);
		fcblist_put(list);
		cond_resched();
	}
}

static DECLARE_WORK(mover, move_work);

/* Any context, under RCU. */
static void socket_changed(struct fcblist *list)
{
	if (planted(PLANT_STAYS) || READ_ONCE(list->moving) || cmpxchg(&list->moving, 0, 1))
		return;
	if (!refcount_inc_not_zero(&list->refs))
		return;
	if (llist_add(&list->move, &changed))
		schedule_work(&mover);
}

/* ---- the source ---- */

static void socket_prepare(struct fcblist *list)
{
	struct socket *sock = sock_from_file(list->file);
	struct fcb_entry *e;

	if (!sock || !untouched(sock))
		return;
	e = fcb_entry_new(list, &list->now);
	if (!e)
		return;
	e->sock = sock;
	e->words = &socket_words;
	e->ready = (void **)&sock->sk->sk_data_ready;
	e->changed = socket_changed;
	e->states = true;
	e->head = &sock->wq.wait;
	list->now.entry = e;
	/* Again, since from here on it would be noticed. */
	if (fcb_entry_on_socket(e) || !fcb_sock_flag(sock->sk) ||
	    sock_from_file(list->file) != sock || !untouched(sock))
		fcb_entry_remove(&list->now);
}

static int socket_start(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		learn(&kinds[i]);
	fcb_ready_default = kinds[0].untouched.data_ready;
	if (!fcb_ready_default) {
		pr_notice("no socket to learn from\n");
		return -EOPNOTSUPP;
	}
	return fcb_hooks_start(FCB_HOOK_WAKE | FCB_HOOK_STATE);
}

static void socket_stop(void)
{
	fcb_hooks_stop(FCB_HOOK_WAKE | FCB_HOOK_STATE);
	flush_work(&mover);
}

const struct fcb_source fcb_source_socket = {
	.name = "socket",
	.start = socket_start,
	.stop = socket_stop,
	.prepare = socket_prepare,
	.listen = fcb_taps_install,
};
