// SPDX-License-Identifier: GPL-2.0-only
/*
 * fcb_fasync.c - entries on the lists for SIGIO, and the hooks that find them
 *
 * fcb_source.h has the rules.  What is hooked, and what it pays when nobody
 * watches:
 *
 *	sock_wake_async(wq, how, band)	is called for sockets with SOCK_FASYNC
 *					alone: nothing.  Accepted from a watched
 *					listener: the way to an empty list
 *	sock_def_wakeup(sk)		the trampoline: call, endbr, test, jump, return
 *	kill_fasync(list, sig, band)	the same
 *
 * Before the body of sock_wake_async(), and so before it looks whether a reader
 * or a writer waits: a process that sleeps in recv() keeps SIGIO back, but not
 * an event, as in 2002.
 */
#include <linux/build_bug.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "direct_hook.h"
#include "fcb_fasync.h"
#include "plant.h"

/* In fa_fd, where others have a descriptor. */
#define ON_SOCKET	(-0x2002)
#define ON_PIPE		(-0x2003)

void *fcb_ready_default __read_mostly;

/* What a pipe is shown when it has entries of ours alone. */
static struct fasync_struct *nobody;

static __always_inline struct fcb_entry *entry_of(struct fasync_struct *fa,
						  int where)
{
	struct file *file;

	BUILD_BUG_ON(offsetof(struct fcb_entry, as_file));
	if (fa->fa_fd != where)
		return NULL;
	/* NULL while it is being removed. */
	file = READ_ONCE(fa->fa_file);
	return container_of(file, struct fcb_entry, as_file);
}

static __always_inline long *band_words(struct fcb_entry *e, unsigned int band)
{
	return e->words->band[band % FCB_BANDS];
}

static void entry_tell(struct fcb_entry *e, int band)
{
	unsigned long flags = fcb_irq_save();

	fcb_deliver(e->chan, band_words(e, band));
	fcb_irq_restore(flags);
}

static void entry_check(struct fcb_entry *e)
{
	if (unlikely(READ_ONCE(*e->ready) != fcb_ready_default))
		e->changed(e->list);
}

/* All of a list, under RCU.  True if others are on it. */
static noinline bool tell_all(struct fasync_struct *fa, int where, int band)
{
	bool others = false;
	struct fcb_entry *e;

	for (; fa; fa = READ_ONCE(fa->fa_next)) {
		if (fa->fa_fd != where)
			others = true;
		e = entry_of(fa, where);
		if (!e)
			continue;
		entry_check(e);
		entry_tell(e, band);
	}
	return others;
}

static noinline struct socket_wq *wake_rare(struct socket_wq *wq, int band)
{
	return tell_all(READ_ONCE(wq->fasync_list), ON_SOCKET, band) ? wq : NULL;
}

/*
 * The caller is in RCU; fa is the first of the list, from the trampoline.
 * Returns what sock_wake_async() goes on with.  Written for one entry with one
 * hearer; everything else is wake_rare()'s.
 */
__visible notrace __noendbr struct socket_wq *
fcb_wake_async_call(struct socket_wq *wq, int how, int band,
		    struct fasync_struct *fa)
{
	struct fcb_chan *chan;
	struct fcb_struct *fcb;
	struct fcb_entry *e;
	unsigned long flags;

	if (unlikely(READ_ONCE(fa->fa_next)))
		return wake_rare(wq, band);
	e = entry_of(fa, ON_SOCKET);
	if (unlikely(!e))
		return wake_rare(wq, band);
	chan = e->chan;
	fcb = READ_ONCE(chan->only);
	if (unlikely(!fcb || READ_ONCE(*e->ready) != fcb_ready_default))
		return wake_rare(wq, band);
	flags = fcb_irq_save();
	fcb_call(fcb, chan->file, band_words(e, band));
	fcb_irq_restore(flags);
	return NULL;
}

__visible notrace __noendbr void fcb_state_call(struct sock *sk)
{
	struct fasync_struct *fa;
	struct socket_wq *wq;
	struct fcb_entry *e;

	rcu_read_lock();
	wq = rcu_dereference(sk->sk_wq);
	fa = wq ? READ_ONCE(wq->fasync_list) : NULL;
	for (; fa; fa = READ_ONCE(fa->fa_next)) {
		e = entry_of(fa, ON_SOCKET);
		if (!e || !e->states)
			continue;
		entry_check(e);
		entry_tell(e, 0);
	}
	rcu_read_unlock();
}

__visible notrace __noendbr struct fasync_struct **
fcb_kill_fasync_call(struct fasync_struct **list, int sig, int band)
{
	bool others;

	rcu_read_lock();
	others = tell_all(READ_ONCE(*list), ON_PIPE, band);
	rcu_read_unlock();
	return others ? list : &nobody;
}

/* ---- the entry ---- */

static void entry_init(struct fcb_entry *e, struct fcblist *list,
		       struct fcb_chan *chan)
{
	e->list = list;
	e->chan = chan;
	e->ready = &fcb_ready_default;
	spin_lock_init(&e->as_file.f_lock);
	compat_file_owner_init(&e->as_file);
}

struct fcb_entry *fcb_entry_new(struct fcblist *list, struct fcb_chan *chan)
{
	struct fcb_entry *e = kzalloc(sizeof(*e), GFP_KERNEL_ACCOUNT);

	if (e)
		entry_init(e, list, chan);
	return e;
}

static int entry_on(struct fcb_entry *e, int where, struct fasync_struct **list)
{
	int ret = fasync_helper(where, &e->as_file, 1, list);

	return ret < 0 ? ret : 0;
}

static void entry_off(struct fcb_entry *e, struct fasync_struct **list)
{
	fasync_helper(-1, &e->as_file, 0, list);
}

int fcb_entry_on_pipe(struct fcb_entry *e, fmode_t mode)
{
	int err = 0;

	if (mode & FMODE_READ)
		err = entry_on(e, ON_PIPE, &e->pipe->fasync_readers);
	if (!err && mode & FMODE_WRITE)
		err = entry_on(e, ON_PIPE, &e->pipe->fasync_writers);
	return err;
}

int fcb_entry_on_socket(struct fcb_entry *e)
{
	return entry_on(e, ON_SOCKET, &e->sock->wq.fasync_list);
}

/*
 * SOCK_FASYNC says that the list is not empty.  Others change it with the
 * socket in their hands; the spin lock of one that nobody has is as good.
 */
bool fcb_sock_flag(struct sock *sk)
{
	bool alone;

	spin_lock_bh(&sk->sk_lock.slock);
	alone = !sock_owned_by_user_nocheck(sk);
	if (alone)
		sock_set_flag(sk, SOCK_FASYNC);
	spin_unlock_bh(&sk->sk_lock.slock);
	return alone;
}

static void sock_unflag(struct socket *sock)
{
	struct sock *sk = sock->sk;

	if (!sk)
		return;
	spin_lock_bh(&sk->sk_lock.slock);
	if (!sock_owned_by_user_nocheck(sk) && !sock->wq.fasync_list)
		sock_reset_flag(sk, SOCK_FASYNC);
	spin_unlock_bh(&sk->sk_lock.slock);
}

void fcb_entry_remove(struct fcb_chan *chan)
{
	struct fcb_entry *e = chan->entry;

	if (!e)
		return;
	chan->entry = NULL;
	if (planted(PLANT_LEAVESENTRY)) {
		/* And its memory, or the kernel would fall over it. */
		refcount_inc(&e->list->refs);
		return;
	}
	if (e->sock) {
		entry_off(e, &e->sock->wq.fasync_list);
		sock_unflag(e->sock);
	}
	if (e->pipe) {
		entry_off(e, &e->pipe->fasync_readers);
		entry_off(e, &e->pipe->fasync_writers);
	}
	kfree_rcu(e, rcu);
}

/* ---- the hooks ---- */

static struct {
	struct direct_hook hook;
	unsigned int users;
} hooks[] = {
	{ .hook = { "sock_wake_async", fcb_wake_async_tramp } },
	{ .hook = { "sock_def_wakeup", fcb_state_tramp } },
	{ .hook = { "kill_fasync", fcb_kill_fasync_tramp } },
};

/*
 * The self-test: a channel with one hearer, an entry on the list of a socket of
 * our own, and the kernel's own calls.
 */
static struct {
	struct fcb_chan chan;
	struct fcb_struct fcb;
	struct fcb_entry entry;
	unsigned int heard;
} test;

static struct fcb_words test_words = { .band = {
	[0] = { 0, FCB_HOOK_STATE, -1 },
	[POLL_IN] = { 0, FCB_HOOK_WAKE, -1 },
	[POLL_OUT] = { 0, FCB_HOOK_KILL, -1 },
} };

static void test_heard(struct file *file, void *data, unsigned long *local,
		       long *event)
{
	test.heard |= event[1];
}

static int test_hooks(struct socket *sock)
{
	struct fasync_struct *pipe_list = NULL;
	struct fcb_entry *e = &test.entry;
	int err;

	e->sock = sock;
	err = fcb_entry_on_socket(e);
	if (!err)
		err = entry_on(e, ON_PIPE, &pipe_list);
	if (!err) {
		fcb_sock_flag(sock->sk);
		rcu_read_lock();
		sock_wake_async(&sock->wq, SOCK_WAKE_IO, POLL_IN);
		rcu_read_unlock();
		sock->sk->sk_state_change(sock->sk);
		kill_fasync(&pipe_list, SIGIO, POLL_OUT);
	}
	entry_off(e, &pipe_list);
	entry_off(e, &sock->wq.fasync_list);
	synchronize_rcu();
	return err;
}

static int hooks_fire(unsigned int which)
{
	struct socket *sock;
	int err;

	memset(&test, 0, sizeof(test));
	fcb_chan_init(&test.chan, NULL);
	test.fcb.cbproc = test_heard;
	test.chan.only = &test.fcb;
	entry_init(&test.entry, NULL, &test.chan);
	test.entry.words = &test_words;
	test.entry.states = true;

	err = sock_create_kern(&init_net, AF_UNIX, SOCK_STREAM, 0, &sock);
	if (!err) {
		err = test_hooks(sock);
		sock_release(sock);
	}
	if (!err && which & ~test.heard) {
		pr_notice("a hook is in place but does not fire (%#x of %#x); is kernel.ftrace_enabled 0?\n",
			  test.heard & which, which);
		err = -EOPNOTSUPP;
	}
	return err;
}

static int hook_get(int i)
{
	int err = 0;

	if (!hooks[i].users)
		err = direct_hook_start(&hooks[i].hook);
	if (!err)
		hooks[i].users++;
	return err;
}

int fcb_hooks_start(unsigned int which)
{
	unsigned int got = 0;
	int err = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(hooks) && !err; i++) {
		if (!(which & BIT(i)))
			continue;
		err = hook_get(i);
		if (!err)
			got |= BIT(i);
	}
	if (!err)
		err = hooks_fire(which);
	if (err)
		fcb_hooks_stop(got);
	return err;
}

void fcb_hooks_stop(unsigned int which)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		if (which & BIT(i) && !--hooks[i].users)
			direct_hook_stop(&hooks[i].hook);
}
