// SPDX-License-Identifier: GPL-2.0-only
/*
 * device.c - opening a device of ours in whatever state the program is
 *
 * The system calls that make an instance need no file system and no permission; a
 * device does.  Servers change their root directory and their user before they make
 * one.  For the first, chroot(2) is taken over: before the root changes, a
 * descriptor of /dev is kept (O_PATH, close-on-exec, out of the way).  For the
 * second nothing can be done here but to say it: load the module with mode=0666.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "preload.h"
#include "raw.h"

/* Above the numbers that programs use, below the usual limit of 1024. */
#define DEV_NUMBER	900

static int dev = AT_FDCWD;

PRELOAD_TAKEN int chroot(const char *path)
{
	long fd, ret;

	if (dev == AT_FDCWD) {
		fd = raw4(SYS_openat, AT_FDCWD, "/dev",
			  O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
		if (fd >= 0) {
			ret = raw3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, DEV_NUMBER);
			if (ret >= 0) {
				dev = (int)ret;
				raw1(SYS_close, fd);
			} else {
				dev = (int)fd;
			}
		}
	}
	ret = raw1(SYS_chroot, path);
	if (ret < 0) {
		errno = (int)-ret;
		return -1;
	}
	return 0;
}

static void complain(const char *name, int err)
{
	static int done;
	char line[300];
	int n;

	if (__atomic_exchange_n(&done, 1, __ATOMIC_RELAXED))
		return;
	n = snprintf(line, sizeof(line), "epoll-run: %s: /dev/%s: %s: %s\n",
		     program_invocation_short_name, name, strerror(err),
		     err == EACCES || err == EPERM ?
		     "load the module with mode=0666" :
		     !strcmp(name, "epoll") ? "modprobe dev_epoll" :
		     "modprobe eventpoll_port");
	if (n > 0 && n < (int)sizeof(line))
		raw3(SYS_write, STDERR_FILENO, line, n);
}

int device_open(const char *name, int flags)
{
	int how = O_RDWR | (flags & EPOLL_CLOEXEC ? O_CLOEXEC : 0);
	char path[32];
	long fd;

	snprintf(path, sizeof(path), "/dev/%s", name);
	fd = raw4(SYS_openat, AT_FDCWD, path, how, 0);
	if (fd == -ENOENT && dev != AT_FDCWD)
		fd = raw4(SYS_openat, dev, name, how, 0);
	switch (fd) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
	case -EACCES:
	case -EPERM:
		complain(name, (int)-fd);
	}
	return (int)fd;
}
