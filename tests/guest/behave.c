// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave.c - the designs behind the tests of behave.h
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/ioctl.h>

#define GUEST_HELPERS
#include "behave.h"
#include "eventpoll.h"

const char *const behave_names[BEHAVE_DESIGNS] = {
	"epoll", "ovflist", "singlepass", "wfcqueue", "rwlock", "devepoll",
};

/*
 * What stands for a design: the calls that the tests make.
 */
struct calls {
	int (*create)(int flags);
	int (*ctl)(int ep, int op, int fd, struct epoll_event *ev);
	int (*pwait)(int ep, struct epoll_event *ev, int max, int ms,
		     const sigset_t *mask);
	int (*pwait2)(int ep, struct epoll_event *ev, int max,
		      const struct timespec *t, const sigset_t *mask);
	long sleeps_in;		/* the system call of a wait */
};

static int port_create(int flags)
{
	return eventpoll_create(eventpoll_store_by_name(guest_design), flags);
}

/* Not glibc's: it has no epoll_pwait2() in Debian 11, and may check first. */
static int kernel_pwait2(int ep, struct epoll_event *ev, int max,
			 const struct timespec *t, const sigset_t *mask)
{
	return (int)syscall(SYS_epoll_pwait2, ep, ev, max, t, mask, 8L);
}

static const struct calls kernel_calls = {
	epoll_create1, epoll_ctl, epoll_pwait, kernel_pwait2, SYS_epoll_pwait,
};

static const struct calls port_calls = {
	port_create, eventpoll_ctl, eventpoll_pwait, eventpoll_pwait2,
	SYS_ioctl,
};

unsigned int behave_design(void)
{
	for (unsigned int i = 0; i < BEHAVE_DESIGNS; i++)
		if (!strcmp(behave_names[i], guest_design))
			return 1u << i;
	guest_fail("no design '%s'", guest_design);
}

static const struct calls *calls(void)
{
	switch (behave_design()) {
	case BEHAVE_KERNEL:
		return &kernel_calls;
	default:
		return &port_calls;
	}
}

void behave_register(struct guest_test tests[BEHAVE_DESIGNS],
		     const struct guest_test *model, unsigned int designs)
{
	for (unsigned int i = 0; i < BEHAVE_DESIGNS; i++) {
		if (!(designs & 1u << i))
			continue;
		tests[i] = *model;
		tests[i].suite = behave_names[i];
		tests[i].design = behave_names[i];
		guest_register(&tests[i]);
	}
}

int behave_try_create(int flags)
{
	return calls()->create(flags);
}

int behave_create(void)
{
	int ep = behave_try_create(EPOLL_CLOEXEC);

	guest_check(ep >= 0, "no instance of %s: %s", guest_design,
		    strerror(errno));
	return ep;
}

int behave_ctl(int ep, int op, int fd, struct epoll_event *ev)
{
	return calls()->ctl(ep, op, fd, ev);
}

int behave_wait(int ep, struct epoll_event *ev, int max, int ms)
{
	return calls()->pwait(ep, ev, max, ms, NULL);
}

int behave_pwait(int ep, struct epoll_event *ev, int max, int ms,
		 const sigset_t *mask)
{
	return calls()->pwait(ep, ev, max, ms, mask);
}

int behave_pwait2(int ep, struct epoll_event *ev, int max,
		  const struct timespec *t, const sigset_t *mask)
{
	return calls()->pwait2(ep, ev, max, t, mask);
}

int behave_set(int ep, int op, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	return behave_ctl(ep, op, fd, &ev);
}

void behave_add(int ep, int fd, uint32_t events)
{
	guest_check(!behave_set(ep, EPOLL_CTL_ADD, fd, events),
		    "add of %d: %s", fd, strerror(errno));
}

void behave_mod(int ep, int fd, uint32_t events)
{
	guest_check(!behave_set(ep, EPOLL_CTL_MOD, fd, events),
		    "change of %d: %s", fd, strerror(errno));
}

void behave_del(int ep, int fd)
{
	guest_check(!behave_set(ep, EPOLL_CTL_DEL, fd, 0),
		    "removal of %d: %s", fd, strerror(errno));
}

void behave_expect(int ep, int fd, uint32_t events)
{
	struct epoll_event ev[4];
	int n = behave_wait(ep, ev, 4, GUEST_WAIT_MS);

	guest_check(n == 1, "expected one event, got %d%s%s", n,
		    n < 0 ? ": " : "", n < 0 ? strerror(errno) : "");
	guest_check(ev[0].data.fd == fd, "expected fd %d, got %d", fd,
		    ev[0].data.fd);
	guest_check(ev[0].events == events, "fd %d: expected %#x, got %#x", fd,
		    events, ev[0].events);
}

void behave_none(int ep)
{
	struct epoll_event ev[4];
	int n = behave_wait(ep, ev, 4, 0);

	guest_check(n >= 0, "wait: %s", strerror(errno));
	guest_check(!n, "expected no event, got %d, fd %d with %#x", n,
		    ev[0].data.fd, ev[0].events);
}

void behave_in_wait(int ep, pid_t tid)
{
	guest_in_syscall(getpid(), tid, calls()->sleeps_in, ep);
}
