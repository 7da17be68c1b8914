// SPDX-License-Identifier: GPL-2.0-only
/*
 * native.c - the kernel's own epoll, and waits that can be cancelled
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/single_threaded.h>

#include "native.h"
#include "raw.h"

int cancel_begin(void)
{
	int state = PTHREAD_CANCEL_DEFERRED;

	if (!__libc_single_threaded)
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &state);
	return state;
}

void cancel_end(int state)
{
	if (!__libc_single_threaded)
		pthread_setcanceltype(state, NULL);
}

int native_ctl(int epfd, int op, int fd, struct epoll_event *event)
{
	return (int)raw4(SYS_epoll_ctl, epfd, op, fd, event);
}

int native_wait(const struct wait_args *w)
{
	int state = cancel_begin();
	long ret;

	if (w->timed)
		ret = raw6(SYS_epoll_pwait2, w->epfd, w->events, w->max,
			   w->timespec, w->mask, w->masksize);
	else
		ret = raw6(SYS_epoll_pwait, w->epfd, w->events, w->max, w->ms,
			   w->mask, w->masksize);
	cancel_end(state);
	return (int)ret;
}
