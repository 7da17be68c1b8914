/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ep_file.h - watched files: giving them back, telling them apart
 */
#ifndef KMOD_EP_FILE_H
#define KMOD_EP_FILE_H

#include <linux/bottom_half.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/string.h>

#include "compat.h"
#include "ep_user.h"
#include "plant.h"

/* The last reference: see ep_file_unpin(). */
static noinline void __maybe_unused ep_file_unpin_last(struct file *file,
						       struct ep_user *user)
{
	if (planted(PLANT_LAZYPUT)) {
		fput(file);
		return;
	}
	if (ep_user_close(user, file))
		return;
	/* What fput() takes for an interrupt leaves the rest to a worker of all. */
	local_bh_disable();
	fput(file);
	local_bh_enable();
}

/**
 * ep_file_unpin() - give back what compat_file_pin() took
 * @file: the file
 * @user: whose instance asks
 *
 * A close(2) while a file is being asked leaves the last reference to the one who
 * asks.  There fput() would put the rest of the close off to the task's way back to
 * user mode, and a task that goes on sleeping in the kernel would keep the peer
 * from hearing of it.  So a worker does it, at once; and one of this user's, since
 * a close may be long.
 *
 * Context: process, may sleep.
 */
static __always_inline void ep_file_unpin(struct file *file, struct ep_user *user)
{
	if (unlikely(!compat_file_unpin(file)))
		ep_file_unpin_last(file, user);
}

static inline bool ep_file_is_anon(const struct file *file)
{
	return file_inode(file)->i_sb->s_magic == ANON_INODE_FS_MAGIC;
}

/**
 * ep_file_is_epoll() - is this an instance of the kernel's epoll?
 * @file: any file
 *
 * It has no mark of its own that a module could see.
 */
static inline bool ep_file_is_epoll(const struct file *file)
{
	return ep_file_is_anon(file) &&
	       !strcmp(file->f_path.dentry->d_name.name, "[eventpoll]");
}

#endif /* KMOD_EP_FILE_H */
