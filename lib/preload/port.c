// SPDX-License-Identifier: GPL-2.0-only
/*
 * port.c - the back end on /dev/eventpoll: hand over and get out of the way
 *
 * An instance is a descriptor of the port, so whatever a program does to it with
 * close, dup, fork, exec, poll, nesting or SCM_RIGHTS is right without help, and
 * nothing is kept here: no table, no lock, no memory.  Every call is one ioctl
 * with the program's own pointers in it; the module reads and writes through them,
 * so a bad one is EFAULT as ever, and a signal handler may call what it likes.
 *
 * A descriptor need not be the port's: a program may have inherited or been sent an
 * instance of the kernel's, or be mistaken.  The module's ioctls mean nothing to
 * another file, and the errors that this can give (ENOTTY, EINVAL, EBADF) send
 * the call to the kernel's own epoll, which either serves it or has the error
 * that the program would have seen.  When such an error is the port's own, the
 * kernel is asked about an instance of the port, which is no epoll to it: it finds
 * the same mistake, or says EINVAL in the end, and both are right.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "device.h"
#include "eventpoll.h"
#include "native.h"
#include "preload.h"
#include "raw.h"
#include "stats.h"

/* Above the numbers that programs use, below the usual limit of 1024. */
#define HIDDEN	900

static int hide(int fd)
{
	long high = raw3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, HIDDEN);

	if (high < 0)
		return fd;
	raw1(SYS_close, fd);
	return (int)high;
}

const struct device backend_device = {
	"eventpoll", "eventpoll_port", EVENTPOLL_NEW, hide,
};

static int store = EVENTPOLL_OVFLIST;

/* epoll-run looked already; this is for who sets LD_PRELOAD by hand. */
__attribute__((constructor))
static void port_start(void)
{
	const char *name = getenv("EPOLL_RUN_DESIGN");

	if (!name)
		name = "ovflist";
	store = eventpoll_store_by_name(name);
	if (store < 0) {
		fprintf(stderr, "epoll-run: unknown design '%s': one of"
#define STORE(id, NUMBER, name, about) " " name
#include "designs.def"
			"\n", name);
		_exit(127);
	}
	stats_start(name);
}

static bool is_foreign(long ret)
{
	return ret == -ENOTTY || ret == -EINVAL || ret == -EBADF;
}

int backend_create(int flags)
{
	int fd = device_open(flags);
	long ret;

	if (fd < 0 || store == EVENTPOLL_OVFLIST)
		return fd;
	ret = raw3(SYS_ioctl, fd, EVENTPOLL_STORE, store);
	if (ret < 0) {
		raw1(SYS_close, fd);
		return (int)ret;
	}
	return fd;
}

int backend_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	struct eventpoll_ctl ctl = {
		.op = op, .fd = fd, .event = (uintptr_t)event,
	};
	long ret = raw3(SYS_ioctl, epfd, EVENTPOLL_CTL, &ctl);

	return is_foreign(ret) ? native_ctl(epfd, op, fd, event) : (int)ret;
}

int backend_wait(const struct wait_args *w)
{
	struct eventpoll_wait wait = {
		.events = (uintptr_t)w->events,
		.maxevents = w->max,
		.timeout = w->timed ? -1 : w->ms,
		.timespec = w->timed ? (uintptr_t)w->timespec : 0,
		.sigmask = (uintptr_t)w->mask,
		.sigsetsize = w->masksize,
	};
	int state = cancel_begin();
	long ret = raw3(SYS_ioctl, w->epfd, EVENTPOLL_WAIT, &wait);

	cancel_end(state);
	return is_foreign(ret) ? native_wait(w) : (int)ret;
}

bool backend_syscall(long nr, const long *args, long *ret)
{
	(void)nr, (void)args, (void)ret;
	return false;
}
