// SPDX-License-Identifier: GPL-2.0-only
/*
 * fcb_2002.c - the source "2002": the places, bands and gaps of the patch
 *
 * The patch of 2002 told an event where sk_wake_async() was called, for every
 * socket, with the bits of the band; and where the pipe code raised SIGIO.
 * So here: direct calls at sock_wake_async() and at kill_fasync().  What those
 * places do not say is not told, and no doubt is added:
 *
 *  - a pipe whose other end goes says IN to the reader, OUT to the writer;
 *  - the end of a connection is IN, never RDHUP, HUP only when both directions
 *    are down, and then with ERR;
 *  - one's own shutdown, and a peer's shutdown for reading, are nothing;
 *  - what is neither socket nor pipe is taken, and never heard of.
 *
 * doc/hooks.md lists them with what the manual of 2002 said, and the suite
 * source2002 has a test for each.
 *
 * A socket of SMC is taken like an eventfd, since it moves the list from one
 * socket to another and leaves ours behind.
 */
#include <linux/in.h>
#include <linux/poll.h>
#include <linux/stat.h>

#include "compat.h"
#include "fcb_fasync.h"
#include "fcb_source.h"

static struct fcb_words words_2002;

static void words_init(void)
{
	int i;

	for (i = 0; i < FCB_NBANDS; i++) {
		words_2002.band[i + POLL_IN][0] = ion_band_table[i];
		words_2002.band[i + POLL_IN][1] = poll_band_table[i];
	}
	for (i = 0; i < FCB_BANDS; i++)
		words_2002.band[i][2] = -1;
}

static bool of_smc(const struct sock *sk)
{
	return sk->sk_family == AF_SMC || sk->sk_protocol == IPPROTO_SMC;
}

static struct socket *socket_of(struct file *file)
{
	struct socket *sock = sock_from_file(file);

	return sock && sock->sk && !of_smc(sock->sk) ? sock : NULL;
}

static struct pipe_inode_info *pipe_of(struct file *file)
{
	struct inode *inode = file_inode(file);

	if (!S_ISFIFO(inode->i_mode) || file->private_data != inode->i_pipe)
		return NULL;
	return inode->i_pipe;
}

static void prepare_2002(struct fcblist *list)
{
	struct socket *sock = socket_of(list->file);
	struct pipe_inode_info *pipe = sock ? NULL : pipe_of(list->file);
	struct fcb_entry *e;

	if (!sock && !pipe)
		return;
	e = fcb_entry_new(list, &list->of_2002);
	if (!e)
		return;
	e->sock = sock;
	e->pipe = pipe;
	e->words = &words_2002;
	list->of_2002.entry = e;
}

static int listen_socket(struct fcb_entry *e)
{
	struct sock *sk = e->sock->sk;
	int err;

	lock_sock(sk);
	err = fcb_entry_on_socket(e);
	if (!err)
		sock_set_flag(sk, SOCK_FASYNC);
	release_sock(sk);
	return err;
}

static int listen_2002(struct fcb_struct *fcb, bool first)
{
	struct fcblist *list = fcb->list;
	/* Stays while somebody is on the channel, and fcb is. */
	struct fcb_entry *e = list->of_2002.entry;

	if (!e)
		return socket_of(list->file) || pipe_of(list->file) ? -ENOMEM : 0;
	return e->sock ? listen_socket(e) :
			 fcb_entry_on_pipe(e, list->file->f_mode);
}

static int start_2002(void)
{
	words_init();
	return fcb_hooks_start(FCB_HOOK_WAKE | FCB_HOOK_KILL);
}

static void stop_2002(void)
{
	fcb_hooks_stop(FCB_HOOK_WAKE | FCB_HOOK_KILL);
}

const struct fcb_source fcb_source_2002 = {
	.name = "2002",
	.of_2002 = true,
	.start = start_2002,
	.stop = stop_2002,
	.prepare = prepare_2002,
	.listen = listen_2002,
};
