// SPDX-License-Identifier: GPL-2.0-only
/*
 * device.c - opening a device of ours in whatever state the program is
 *
 * The system calls that make an instance need no file system and no permission; a
 * device does.  Servers change their root directory and their user before they make
 * one.
 *
 * For the first, chroot(2) is taken over: before the root changes, an instance is
 * made and kept, and where there is no /dev later it gives others (EP_NEW,
 * EVENTPOLL_NEW).  It must be nothing else: a folder, or a path to one, leads out of
 * the jail by "..", and an instance leads nowhere.  The kept one is close-on-exec and
 * out of the way.  It is looked at before it is used, since a program may have closed
 * its number, and the child of a vfork(2) changes our memory but not our
 * descriptors.
 *
 * For the second nothing is done, nor by the module: who may not open the device
 * any more has no new instance of it.  Load the module with mode=0666.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "preload.h"
#include "raw.h"

static struct {
	int fd;
	dev_t dev;
	ino_t ino;
} kept = { .fd = -1 };

static bool is_kept(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_dev == kept.dev &&
	       st->st_ino == kept.ino;
}

static int kept_fd(void)
{
	struct stat st;

	return kept.fd >= 0 && !fstat(kept.fd, &st) && is_kept(&st) ? kept.fd : -1;
}

/* The root is about to change. */
static void keep(void)
{
	int err = errno, fd;
	char path[32];
	struct stat st;

	if (kept_fd() >= 0)
		return;
	snprintf(path, sizeof(path), "/dev/%s", backend_device.name);
	fd = (int)raw4(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
	/* Not one: it is not there, or may not be opened, and so it is later. */
	if (fd >= 0 && (fstat(fd, &st) || !S_ISCHR(st.st_mode))) {
		raw1(SYS_close, fd);
		fd = -1;
	}
	kept.fd = fd < 0 ? -1 : backend_device.hide(fd);
	if (kept.fd >= 0) {
		kept.dev = st.st_dev;
		kept.ino = st.st_ino;
	}
	errno = err;
}

long device_chroot(const char *path)
{
	keep();
	return raw1(SYS_chroot, path);
}

PRELOAD_TAKEN int chroot(const char *path)
{
	long ret = device_chroot(path);

	if (ret < 0) {
		errno = (int)-ret;
		return -1;
	}
	return 0;
}

static void complain(int err)
{
	static int done;
	char line[300];
	int n;

	if (__atomic_exchange_n(&done, 1, __ATOMIC_RELAXED))
		return;
	n = snprintf(line, sizeof(line), "epoll-run: %s: /dev/%s: %s: %s%s\n",
		     program_invocation_short_name, backend_device.name,
		     strerror(err),
		     err == EACCES || err == EPERM ?
		     "load the module with mode=0666" : "modprobe ",
		     err == EACCES || err == EPERM ? "" : backend_device.module);
	if (n > 0 && n < (int)sizeof(line))
		raw3(SYS_write, STDERR_FILENO, line, n);
}

int device_open(int flags)
{
	int cloexec = flags & EPOLL_CLOEXEC ? O_CLOEXEC : 0, old;
	char path[32];
	long fd;

	snprintf(path, sizeof(path), "/dev/%s", backend_device.name);
	fd = raw4(SYS_openat, AT_FDCWD, path, O_RDWR | cloexec, 0);
	if (fd == -ENOENT) {
		old = kept_fd();
		if (old >= 0)
			fd = raw3(SYS_ioctl, old, backend_device.again, cloexec);
		/* A module that does not know the call. */
		if (fd == -ENOTTY)
			fd = -ENOENT;
	}
	switch (fd) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
	case -EACCES:
	case -EPERM:
		complain((int)-fd);
	}
	return (int)fd;
}
