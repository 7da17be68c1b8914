/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fcb_fasync.h - entries on the lists for SIGIO, and the hooks that find them
 *
 * For the sources that hear where SIGIO is raised; fcb_source.h tells how.
 */
#ifndef KMOD_FCB_FASYNC_H
#define KMOD_FCB_FASYNC_H

#include <linux/cache.h>
#include <linux/fs.h>
#include <linux/net.h>
#include <linux/pipe_fs_i.h>
#include <net/sock.h>

#include <asm/ibt.h>

#include "fcb_internal.h"

/*
 * What each band tells: a row of a table is an event, filled up to a power of
 * two.  Row 0 is for a change of state, 7 for nothing.
 */
#define FCB_BANDS	8
#define FCB_BAND_WORDS	4

/** struct fcb_words - an event for each band */
struct fcb_words {
	long band[FCB_BANDS][FCB_BAND_WORDS];
};

/**
 * struct fcb_entry - what stands on the list of a socket or pipe
 * @as_file: what fa_file points to, first, so that one look tells whether it is
 *	there; its address is all that matters
 * @chan: who hears; from here on what an event looks at, in one cache line
 * @words: what a band tells them
 * @ready: where the socket's sk_data_ready is; or fcb_ready_default, which
 *	never changes
 * @list: of @chan
 * @changed: called when @ready is not what it should be; any context
 * @states: a change of state is told, too
 * @sock: on whose list it is, or NULL
 * @pipe: likewise
 * @head: the wait queue that it stands for, or NULL
 * @rcu: hooks may be looking
 */
struct fcb_entry {
	struct file as_file;
	struct fcb_chan *chan ____cacheline_aligned;
	struct fcb_words *words;
	void **ready;
	struct fcblist *list;
	void (*changed)(struct fcblist *list);
	bool states;
	struct socket *sock;
	struct pipe_inode_info *pipe;
	struct wait_queue_head *head;
	struct rcu_head rcu;
};

/* What sk_data_ready is where nobody has replaced it. */
extern void *fcb_ready_default;

/* The hooks, a bit each. */
#define FCB_HOOK_WAKE	BIT(0)	/* sock_wake_async() */
#define FCB_HOOK_STATE	BIT(1)	/* sock_def_wakeup() */
#define FCB_HOOK_KILL	BIT(2)	/* kill_fasync() */

/**
 * fcb_hooks_start() - put hooks in place, and prove that they work
 * @which: FCB_HOOK_ bits; each may be had by several
 *
 * Context: process, may sleep; one at a time.
 * Return: 0, or -errno with a line in the log and none of them in place.
 */
int fcb_hooks_start(unsigned int which);

/** fcb_hooks_stop() - give them back; on return nobody is inside. */
void fcb_hooks_stop(unsigned int which);

/* What the trampolines call, which is no target of a jump; and they themselves. */
__noendbr struct socket_wq *
fcb_wake_async_call(struct socket_wq *wq, int how, int band,
		    struct fasync_struct *fa);
__noendbr void fcb_state_call(struct sock *sk);
__noendbr struct fasync_struct **
fcb_kill_fasync_call(struct fasync_struct **list, int sig, int band);
void fcb_wake_async_tramp(void);
void fcb_state_tramp(void);
void fcb_kill_fasync_tramp(void);

/** fcb_entry_new() - an entry for a channel, on no list yet; or NULL. */
struct fcb_entry *fcb_entry_new(struct fcblist *list, struct fcb_chan *chan);

/**
 * fcb_entry_on_pipe() - put it on the lists of a pipe
 * @e: with @pipe set
 * @mode: of the file: for which ends
 *
 * Also if it is there already.  May sleep.
 * Return: 0 or -ENOMEM.
 */
int fcb_entry_on_pipe(struct fcb_entry *e, fmode_t mode);

/**
 * fcb_entry_on_socket() - put it on the list of a socket
 * @e: with @sock set
 *
 * Also if it is there already.  May sleep; does not touch SOCK_FASYNC.
 * Return: 0 or -ENOMEM.
 */
int fcb_entry_on_socket(struct fcb_entry *e);

/** fcb_sock_flag() - have the socket look at its list; false: in use now. */
bool fcb_sock_flag(struct sock *sk);

/**
 * fcb_entry_remove() - take the entry of a channel off and forget it
 * @chan: under list->mutex, its file is whole
 */
void fcb_entry_remove(struct fcb_chan *chan);

#endif /* KMOD_FCB_FASYNC_H */
