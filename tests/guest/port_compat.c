// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_compat.c - suite port: /dev/eventpoll from a 32-bit program
 *
 * The structures have one layout for both, so all there is to convert is the
 * argument itself: a pointer of 32 bits, or the number of a store.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>

#include "behave.h"
#include "call32.h"
#include "eventpoll.h"

#ifdef __x86_64__

/* What the calls point to, all of it below 4 GiB. */
struct low {
	struct epoll_event ev[4];
	struct eventpoll_ctl ctl;
	struct eventpoll_wait wait;
	int64_t time[2];
	uint64_t mask;
};

static struct low *low(void)
{
	need_call32();
	return (struct low *)low_page();
}

static int port_open(void)
{
	int fd = open(EVENTPOLL_DEVICE, O_RDWR | O_CLOEXEC);

	ck_assert_msg(fd >= 0, EVENTPOLL_DEVICE ": %s", strerror(errno));
	return fd;
}

static void add32(struct low *l, int ep, int fd, uint32_t events, uint64_t data)
{
	l->ev[0] = (struct epoll_event){ .events = events, .data.u64 = data };
	l->ctl = (struct eventpoll_ctl){
		.op = EPOLL_CTL_ADD, .fd = fd, .event = (uintptr_t)&l->ev[0],
	};
	CALL32(NR32_ioctl, ep, EVENTPOLL_CTL, &l->ctl, 0);
}

GUEST_TEST(port, ia32_life_cycle, 20,
	   "a 32-bit program chooses, adds, waits, changes and removes like any other")
{
	static const char *const fresh = "rwlock";
	struct low *l = low();
	int ep = port_open(), p[2];

	CALL32(NR32_ioctl, ep, EVENTPOLL_STORE, EVENTPOLL_RWLOCK, 0);
	CALL32(NR32_ioctl, ep, EVENTPOLL_STORE, eventpoll_store_by_name(fresh), 0);
	guest_pipe(p);
	/* The data word has 64 bits there too. */
	add32(l, ep, p[0], EPOLLIN, 0x123456789abcdef0);
	CALL32(NR32_ioctl, ep, EVENTPOLL_STORE, EVENTPOLL_OVFLIST, -EBUSY);
	memset(l->ev, 0x5a, sizeof(l->ev));
	l->wait = (struct eventpoll_wait){
		.events = (uintptr_t)l->ev, .maxevents = 4, .timeout = 0,
	};
	CALL32(NR32_ioctl, ep, EVENTPOLL_WAIT, &l->wait, 0);
	guest_put(p[1]);
	l->wait.timeout = -1;
	CALL32(NR32_ioctl, ep, EVENTPOLL_WAIT, &l->wait, 1);
	ck_assert_uint_eq(l->ev[0].events, EPOLLIN);
	ck_assert_uint_eq(l->ev[0].data.u64, 0x123456789abcdef0);
	ck_assert_uint_eq(l->ev[1].events, 0x5a5a5a5a);

	l->ctl.op = EPOLL_CTL_MOD;
	l->ev[0].events = EPOLLPRI;
	CALL32(NR32_ioctl, ep, EVENTPOLL_CTL, &l->ctl, 0);
	l->wait.timeout = 0;
	CALL32(NR32_ioctl, ep, EVENTPOLL_WAIT, &l->wait, 0);
	l->ctl.op = EPOLL_CTL_DEL;
	l->ctl.event = 0;
	CALL32(NR32_ioctl, ep, EVENTPOLL_CTL, &l->ctl, 0);
	CALL32(NR32_ioctl, ep, EVENTPOLL_CTL, &l->ctl, -ENOENT);
}

GUEST_TEST(port, ia32_time_and_mask, 20,
	   "a 32-bit program's timespec has 64-bit members, its mask 8 bytes")
{
	struct low *l = low();
	int ep = port_open();
	long start = guest_ms();

	l->wait = (struct eventpoll_wait){
		.events = (uintptr_t)l->ev, .maxevents = 1, .timeout = -1,
		.timespec = (uintptr_t)l->time, .sigmask = (uintptr_t)&l->mask,
		.sigsetsize = 8,
	};
	l->time[1] = 30000000;
	CALL32(NR32_ioctl, ep, EVENTPOLL_WAIT, &l->wait, 0);
	ck_assert_int_ge(guest_ms() - start, 30);
	l->time[1] = 1000000000;
	CALL32(NR32_ioctl, ep, EVENTPOLL_WAIT, &l->wait, -EINVAL);
	l->time[1] = 0;
	l->wait.sigsetsize = 4;
	CALL32(NR32_ioctl, ep, EVENTPOLL_WAIT, &l->wait, -EINVAL);
}

GUEST_TEST(port, ia32_errors, 20,
	   "32-bit callers get the same errors")
{
	struct low *l = low();
	int ep = port_open(), p[2];

	guest_pipe(p);
	CALL32(NR32_ioctl, ep, EVENTPOLL_STORE, 1000, -EINVAL);
	CALL32(NR32_ioctl, ep, EVENTPOLL_STORE, -1, -EINVAL);
	CALL32(NR32_ioctl, ep, EVENTPOLL_STORE, 0xffffffffL, -EINVAL);
	CALL32(NR32_ioctl, ep, EVENTPOLL_CTL, 0, -EFAULT);
	CALL32(NR32_ioctl, ep, EVENTPOLL_WAIT, 0, -EFAULT);
	CALL32(NR32_ioctl, ep, EVENTPOLL_WAIT, 0xfffffff0L, -EFAULT);
	CALL32(NR32_ioctl, ep, _IO('P', 20), 0, -ENOTTY);
	CALL32(NR32_ioctl, ep, EP_ALLOC, 1, -ENOTTY);
	CALL32(NR32_ioctl, p[0], EVENTPOLL_WAIT, &l->wait, -ENOTTY);
	CALL32(NR32_ioctl, guest_device(), EVENTPOLL_STORE, 0, -ENOTTY);
	l->ctl = (struct eventpoll_ctl){ .op = EPOLL_CTL_ADD, .fd = p[0] };
	CALL32(NR32_ioctl, ep, EVENTPOLL_CTL, &l->ctl, -EFAULT);
	l->ctl.event = (uintptr_t)l->ev;
	l->ctl.fd = -1;
	CALL32(NR32_ioctl, ep, EVENTPOLL_CTL, &l->ctl, -EBADF);
	/* Addresses in the structures are of 64 bits, and so are mistakes. */
	l->ctl.fd = p[0];
	l->ctl.event = (1ULL << 32) | (uintptr_t)l->ev;
	CALL32(NR32_ioctl, ep, EVENTPOLL_CTL, &l->ctl, -EFAULT);
	l->wait = (struct eventpoll_wait){ .events = (uintptr_t)l->ev };
	CALL32(NR32_ioctl, ep, EVENTPOLL_WAIT, &l->wait, -EINVAL);
}

GUEST_TEST(port, ia32_sleeps, 20,
	   "a 32-bit wait without end sleeps until the event comes")
{
	struct low *l = low();
	int ep = port_open(), p[2];
	pid_t pid;

	guest_pipe(p);
	add32(l, ep, p[0], EPOLLIN, 5);
	pid = guest_fork();
	if (!pid) {
		l->wait = (struct eventpoll_wait){
			.events = (uintptr_t)l->ev, .maxevents = 1, .timeout = -1,
		};
		CALL32(NR32_ioctl, ep, EVENTPOLL_WAIT, &l->wait, 1);
		ck_assert_uint_eq(l->ev[0].data.u64, 5);
		_exit(0);
	}
	guest_in_syscall(pid, pid, NR32_ioctl, ep);
	guest_put(p[1]);
	guest_reap(pid);
}

#endif /* __x86_64__ */
