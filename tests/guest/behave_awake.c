// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_awake.c - EPOLLWAKEUP: an event that nobody took keeps the system awake
 *
 * Seen in the kernel's list of wakeup sources: one of the watched file is active from
 * the event until the wait after the one that told it, or, where it is told once, until
 * it was told.  One more is for the instance; it is active only within a wait.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>

#include "behave.h"
#include "wakeup.h"

/* A fifo that is watched. */
static void watch(int ep, struct wakeup_fifo *f, uint32_t events)
{
	wakeup_fifo(f);
	behave_add(ep, f->fd[0], events);
}

/* What the mask in the instance's fdinfo has of @events, in its one line. */
static uint32_t kept(int ep, uint32_t events)
{
	char path[64], line[256];
	uint32_t mask = 0;
	int n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", ep);
	f = fopen(path, "re");
	ck_assert_msg(f, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f))
		n += sscanf(line, "tfd: %*d events: %x", &mask) == 1;
	fclose(f);
	ck_assert_int_eq(n, 1);
	return mask & events;
}

static void drop_block_suspend(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	GUEST_RETURNS(syscall(SYS_capget, &head, data), 0);
	data[CAP_TO_INDEX(CAP_BLOCK_SUSPEND)].effective &= ~CAP_TO_MASK(CAP_BLOCK_SUSPEND);
	GUEST_RETURNS(syscall(SYS_capset, &head, data), 0);
}

BEHAVE_TEST(awake_level, 20, BEHAVE_EPOLL,
	    "EPOLLWAKEUP: the file's wakeup source is active from the event to the wait that finds nothing")
{
	int ep = behave_create();
	struct wakeup_fifo f;

	watch(ep, &f, EPOLLIN | EPOLLWAKEUP);
	wakeup_expect(f.name, WAKEUP_ASLEEP);
	guest_put(f.fd[1]);
	wakeup_expect(f.name, WAKEUP_AWAKE);
	behave_expect(ep, f.fd[0], EPOLLIN);
	wakeup_expect(f.name, WAKEUP_AWAKE);
	guest_drain(f.fd[0]);
	wakeup_expect(f.name, WAKEUP_AWAKE);
	behave_none(ep);
	wakeup_expect(f.name, WAKEUP_ASLEEP);
	guest_put(f.fd[1]);
	wakeup_expect(f.name, WAKEUP_AWAKE);
}

BEHAVE_TEST(awake_edge, 20, BEHAVE_EPOLL,
	    "EPOLLWAKEUP, edge-triggered or one-shot: the wakeup source is active until the event was told")
{
	static const uint32_t how[] = { EPOLLET, EPOLLONESHOT, EPOLLET | EPOLLONESHOT };
	int ep = behave_create();
	struct wakeup_fifo f;

	for_each_of(i, how) {
		watch(ep, &f, EPOLLIN | EPOLLWAKEUP | how[i]);
		for (int round = 0; round < 2; round++) {
			guest_put(f.fd[1]);
			wakeup_expect(f.name, WAKEUP_AWAKE);
			behave_expect(ep, f.fd[0], EPOLLIN);
			wakeup_expect(f.name, WAKEUP_ASLEEP);
			guest_drain(f.fd[0]);
			if (how[i] & EPOLLONESHOT)
				behave_mod(ep, f.fd[0], EPOLLIN | EPOLLWAKEUP | how[i]);
		}
	}
}

BEHAVE_TEST(awake_ready_at_add, 20, BEHAVE_EPOLL,
	    "EPOLLWAKEUP: what is ready when it is added is an event too")
{
	int ep = behave_create();
	struct wakeup_fifo f;

	wakeup_fifo(&f);
	guest_put(f.fd[1]);
	wakeup_expect(f.name, WAKEUP_NONE);
	behave_add(ep, f.fd[0], EPOLLIN | EPOLLET | EPOLLWAKEUP);
	wakeup_expect(f.name, WAKEUP_AWAKE);
	behave_expect(ep, f.fd[0], EPOLLIN);
	wakeup_expect(f.name, WAKEUP_ASLEEP);
}

BEHAVE_TEST(awake_other_bits, 20, BEHAVE_EPOLL,
	    "EPOLLWAKEUP: an event that was not asked for keeps nobody awake, nor one of an item without the flag")
{
	int ep = behave_create();
	struct wakeup_fifo f, plain;

	watch(ep, &f, EPOLLPRI | EPOLLWAKEUP);
	watch(ep, &plain, EPOLLIN);
	guest_put(f.fd[1]);
	wakeup_expect(f.name, WAKEUP_ASLEEP);
	guest_put(plain.fd[1]);
	wakeup_expect(plain.name, WAKEUP_NONE);
	behave_expect(ep, plain.fd[0], EPOLLIN);
}

BEHAVE_TEST(awake_modified, 20, BEHAVE_EPOLL,
	    "MOD gives EPOLLWAKEUP and takes it away, the wakeup source with it")
{
	int ep = behave_create();
	struct wakeup_fifo f;

	watch(ep, &f, EPOLLIN);
	wakeup_expect(f.name, WAKEUP_NONE);
	for (int round = 0; round < 3; round++) {
		behave_mod(ep, f.fd[0], EPOLLIN | EPOLLWAKEUP);
		wakeup_expect(f.name, WAKEUP_ASLEEP);
		behave_mod(ep, f.fd[0], EPOLLIN | EPOLLET | EPOLLWAKEUP);
		guest_put(f.fd[1]);
		wakeup_expect(f.name, WAKEUP_AWAKE);
		/* With the event unread. */
		behave_mod(ep, f.fd[0], EPOLLIN);
		wakeup_expect(f.name, WAKEUP_NONE);
		behave_expect(ep, f.fd[0], EPOLLIN);
		guest_drain(f.fd[0]);
		behave_none(ep);
	}
}

BEHAVE_TEST(awake_given_to_unread, 20, BEHAVE_EPOLL,
	    "MOD to EPOLLWAKEUP while an event is unread: the wakeup source is active when that was told and holds")
{
	int ep = behave_create();
	struct wakeup_fifo f;

	watch(ep, &f, EPOLLIN);
	guest_put(f.fd[1]);
	behave_mod(ep, f.fd[0], EPOLLIN | EPOLLWAKEUP);
	wakeup_expect(f.name, WAKEUP_ASLEEP);
	behave_expect(ep, f.fd[0], EPOLLIN);
	wakeup_expect(f.name, WAKEUP_AWAKE);
}

BEHAVE_TEST(awake_removed, 20, BEHAVE_EPOLL,
	    "a removal, the close of the file and that of the instance end the wakeup sources, with the event unread")
{
	int n = 0;

	for (int how = 0; how < 3; how++) {
		int ep = behave_create();
		struct wakeup_fifo f;

		wakeup_fifo(&f);
		n = wakeup_count(WAKEUP_OF_INSTANCE);
		behave_add(ep, f.fd[0], EPOLLIN | EPOLLWAKEUP);
		guest_put(f.fd[1]);
		wakeup_expect(f.name, WAKEUP_AWAKE);
		ck_assert_int_eq(wakeup_count(WAKEUP_OF_INSTANCE), n + 1);
		if (how == 0) {
			behave_del(ep, f.fd[0]);
			wakeup_expect(f.name, WAKEUP_NONE);
			behave_add(ep, f.fd[0], EPOLLIN | EPOLLWAKEUP);
			wakeup_expect(f.name, WAKEUP_AWAKE);
			behave_del(ep, f.fd[0]);
		} else if (how == 1) {
			close(f.fd[0]);
		}
		if (how < 2) {
			wakeup_expect(f.name, WAKEUP_NONE);
			behave_none(ep);
			/* It stays until the instance goes. */
			ck_assert_int_eq(wakeup_count(WAKEUP_OF_INSTANCE), n + 1);
		}
		close(ep);
		wakeup_expect(f.name, WAKEUP_NONE);
		ck_assert_int_eq(wakeup_count(WAKEUP_OF_INSTANCE), n);
	}
}

BEHAVE_TEST(awake_two_numbers, 20, BEHAVE_EPOLL,
	    "each item has a wakeup source: two numbers of one file have two, and one goes alone")
{
	int ep = behave_create(), two;
	struct wakeup_fifo f;

	watch(ep, &f, EPOLLIN | EPOLLET | EPOLLWAKEUP);
	two = dup(f.fd[0]);
	behave_add(ep, two, EPOLLIN | EPOLLET | EPOLLWAKEUP);
	ck_assert_int_eq(wakeup_count(f.name), 2);
	behave_del(ep, f.fd[0]);
	guest_put(f.fd[1]);
	wakeup_expect(f.name, WAKEUP_AWAKE);
	behave_expect(ep, two, EPOLLIN);
	wakeup_expect(f.name, WAKEUP_ASLEEP);
}

BEHAVE_TEST(awake_no_room, 20, BEHAVE_EPOLL,
	    "EPOLLWAKEUP: what had no room in a wait keeps the system awake until it is told")
{
	int ep = behave_create();
	struct epoll_event ev;
	struct wakeup_fifo f[2];

	for_each_of(i, f)
		watch(ep, &f[i], EPOLLIN | EPOLLET | EPOLLWAKEUP);
	for_each_of(i, f)
		guest_put(f[i].fd[1]);
	for (int told = 0; told < 2; told++) {
		GUEST_RETURNS(behave_wait(ep, &ev, 1, 0), 1);
		for_each_of(i, f)
			if (ev.data.fd == f[i].fd[0])
				wakeup_expect(f[i].name, WAKEUP_ASLEEP);
			else if (!told)
				wakeup_expect(f[i].name, WAKEUP_AWAKE);
	}
	behave_none(ep);
	for_each_of(i, f)
		wakeup_expect(f[i].name, WAKEUP_ASLEEP);
	wakeup_expect(WAKEUP_OF_INSTANCE, WAKEUP_ASLEEP);
}

BEHAVE_TEST(awake_efault, 20, BEHAVE_EPOLL,
	    "EPOLLWAKEUP: what could not be written keeps the system awake until it is told")
{
	int ep = behave_create();
	struct wakeup_fifo f;

	watch(ep, &f, EPOLLIN | EPOLLET | EPOLLWAKEUP);
	guest_put(f.fd[1]);
	GUEST_FAILS(behave_wait(ep, behave_before_hole(0), 1, 0), EFAULT);
	wakeup_expect(f.name, WAKEUP_AWAKE);
	behave_expect(ep, f.fd[0], EPOLLIN);
	wakeup_expect(f.name, WAKEUP_ASLEEP);
}
BEHAVE_KNOWN(awake_efault, BEHAVE_MULTIPASS, BEHAVE_EFAULTS);

BEHAVE_TEST(awake_efault_level, 20, BEHAVE_EPOLL,
	    "the same, level-triggered: until a wait finds nothing")
{
	int ep = behave_create();
	struct wakeup_fifo f;

	watch(ep, &f, EPOLLIN | EPOLLWAKEUP);
	guest_put(f.fd[1]);
	GUEST_FAILS(behave_wait(ep, behave_before_hole(0), 1, 0), EFAULT);
	wakeup_expect(f.name, WAKEUP_AWAKE);
	guest_drain(f.fd[0]);
	behave_none(ep);
	wakeup_expect(f.name, WAKEUP_ASLEEP);
}

BEHAVE_TEST(awake_polled, 20, BEHAVE_EPOLL,
	    "a poll of the instance takes no event, and the file's wakeup source stays active")
{
	int ep = behave_create();
	struct wakeup_fifo f;

	watch(ep, &f, EPOLLIN | EPOLLET | EPOLLWAKEUP);
	guest_put(f.fd[1]);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(guest_poll(ep, POLLIN), POLLIN);
		wakeup_expect(f.name, WAKEUP_AWAKE);
		wakeup_expect(WAKEUP_OF_INSTANCE, WAKEUP_ASLEEP);
	}
	behave_expect(ep, f.fd[0], EPOLLIN);
	wakeup_expect(f.name, WAKEUP_ASLEEP);
}

BEHAVE_TEST(awake_polled_in_vain, 20, BEHAVE_EPOLL,
	    "a poll that finds that nothing is left of an event ends the file's wakeup source")
{
	int ep = behave_create();
	struct wakeup_fifo f;

	watch(ep, &f, EPOLLIN | EPOLLWAKEUP);
	guest_put(f.fd[1]);
	guest_drain(f.fd[0]);
	wakeup_expect(f.name, WAKEUP_AWAKE);
	ck_assert_int_eq(guest_poll(ep, POLLIN), 0);
	wakeup_expect(f.name, WAKEUP_ASLEEP);
}
BEHAVE_KNOWN(awake_polled_in_vain, BEHAVE_WFCQUEUE, BEHAVE_SILENT);

BEHAVE_TEST(awake_nested, 30, BEHAVE_EPOLL,
	    "an instance that is watched with EPOLLWAKEUP keeps the system awake until its watcher has told it")
{
	int inner = behave_create(), outer = behave_create(), n;
	struct wakeup_fifo f;

	watch(inner, &f, EPOLLIN | EPOLLET);
	/* Of the item, which has the file's name, and of the watching instance. */
	behave_add(outer, inner, EPOLLIN | EPOLLET | EPOLLWAKEUP);
	n = wakeup_count(WAKEUP_OF_INSTANCE) + wakeup_count("[eventpoll]");
	ck_assert_int_eq(n, 2);
	behave_mod(inner, f.fd[0], EPOLLIN | EPOLLET | EPOLLWAKEUP);
	guest_put(f.fd[1]);
	wakeup_expect(f.name, WAKEUP_AWAKE);
	behave_expect(outer, inner, EPOLLIN);
	wakeup_expect(f.name, WAKEUP_AWAKE);
	behave_expect(inner, f.fd[0], EPOLLIN);
	wakeup_expect(f.name, WAKEUP_ASLEEP);
	close(inner);
	close(outer);
	ck_assert_int_eq(wakeup_count(WAKEUP_OF_INSTANCE) +
			 wakeup_count("[eventpoll]"), 0);
}

BEHAVE_TEST(awake_exclusive, 20, BEHAVE_EPOLL,
	    "EPOLLWAKEUP goes with EPOLLEXCLUSIVE, and one of two instances is woken and kept awake for")
{
	int a = behave_create(), b = behave_create();
	struct behave_waiter w = { .ep = a, .ms = -1 }, v = { .ep = b, .ms = -1 };
	struct wakeup_fifo f;

	watch(a, &f, EPOLLIN | EPOLLET | EPOLLEXCLUSIVE | EPOLLWAKEUP);
	behave_add(b, f.fd[0], EPOLLIN | EPOLLET | EPOLLEXCLUSIVE | EPOLLWAKEUP);
	ck_assert_int_eq(wakeup_count(f.name), 2);
	behave_waiter_start(&w);
	behave_waiter_start(&v);
	guest_put(f.fd[1]);
	behave_waiter_got(&w, f.fd[0], EPOLLIN);
	behave_waiter_sleeps(&v);
	GUEST_FAILS(behave_set(a, EPOLL_CTL_MOD, f.fd[0], EPOLLIN | EPOLLWAKEUP), EINVAL);
	close(f.fd[0]);
	wakeup_expect(f.name, WAKEUP_NONE);
}

BEHAVE_TEST(awake_without_capability, 20, BEHAVE_EPOLL,
	    "without CAP_BLOCK_SUSPEND EPOLLWAKEUP is taken off the mask, in ADD and MOD, and nobody is told")
{
	int ep = behave_create();
	struct wakeup_fifo f;

	watch(ep, &f, EPOLLIN | EPOLLWAKEUP);
	ck_assert_uint_eq(kept(ep, EPOLLWAKEUP), EPOLLWAKEUP);
	guest_put(f.fd[1]);
	drop_block_suspend();
	wakeup_expect(f.name, WAKEUP_AWAKE);
	/* Whoever may not give it takes it away. */
	behave_mod(ep, f.fd[0], EPOLLIN | EPOLLWAKEUP);
	ck_assert_uint_eq(kept(ep, EPOLLWAKEUP), 0);
	wakeup_expect(f.name, WAKEUP_NONE);
	behave_expect(ep, f.fd[0], EPOLLIN);
	behave_del(ep, f.fd[0]);
	behave_add(ep, f.fd[0], EPOLLIN | EPOLLWAKEUP);
	ck_assert_uint_eq(kept(ep, EPOLLWAKEUP), 0);
	wakeup_expect(f.name, WAKEUP_NONE);
	behave_expect(ep, f.fd[0], EPOLLIN);
}
