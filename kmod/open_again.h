/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * open_again.h - a device opened by who has it open and cannot walk to it any more
 */
#ifndef OPEN_AGAIN_H
#define OPEN_AGAIN_H

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>

/**
 * open_again() - what open(2) of the node behind a file would give now
 * @file: an instance, open for reading and writing
 * @flags: O_CLOEXEC or 0
 *
 * An instance of epoll needs no path, so a program may make one after chroot(2).
 * This is the same for an instance of a device: the path is not walked again, all
 * else is as in open(2).  The mode of the node is looked at with the rights that the
 * caller has now, security modules are asked, and the instance counts against the
 * caller.
 *
 * Return: the descriptor, or -EINVAL (@flags), -EBADF (not open for both), -EACCES
 * and what else open(2) says.
 */
static inline long open_again(struct file *file, unsigned long flags)
{
	const fmode_t both = FMODE_READ | FMODE_WRITE;
	struct file *fresh;
	int fd, err;

	if (flags & ~(unsigned long)O_CLOEXEC)
		return -EINVAL;
	if ((file->f_mode & both) != both)
		return -EBADF;
	err = file_permission(file, MAY_READ | MAY_WRITE);
	if (err)
		return err;
	fd = get_unused_fd_flags(flags);
	if (fd < 0)
		return fd;
	fresh = dentry_open(&file->f_path, O_RDWR, current_cred());
	if (IS_ERR(fresh)) {
		put_unused_fd(fd);
		return PTR_ERR(fresh);
	}
	fd_install(fd, fresh);
	return fd;
}

#endif /* OPEN_AGAIN_H */
