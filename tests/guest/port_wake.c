// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_wake.c - wake-ups that do not wait for a lock
 *
 * The producers of the wait-free queues go away when the lock of the queue of waiters
 * is taken.  Here one of them is held with that lock in its hands, by the module
 * parameter stall_wake, and a second one comes.
 *
 * It spins on one CPU, with interrupts off, in a process of its own, since nobody who
 * shares its memory can unmap any meanwhile; everybody else is on another.  A waiter
 * that has to wait for the lock spins there, so that this program may go on only when
 * the second is over for which a producer can be held.  Each test is right in both
 * cases.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>

#include "behave.h"

#define EDGE	(EPOLLIN | EPOLLET)

/* A waiter that has to be woken, and is not, is back after this, and looks again. */
#define VAIN_MS	8000

/* This thread, and those that it starts. */
static void on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		GUEST_SKIP("CPU %d: %s", cpu, strerror(errno));
}

static bool held_or_over(void *arg)
{
	return strcmp(guest_param("eventpoll_port", "stall_wake"), arg) != 0;
}

/* A child makes an event of @fd and is held at @where. */
static pid_t put_and_hold(int fd, char *where)
{
	pid_t pid;

	guest_param_set("eventpoll_port", "stall_wake", where);
	pid = guest_fork();
	if (!pid) {
		on_cpu(0);
		guest_put(fd);
		_exit(0);
	}
	guest_until(held_or_over, where, "a producer holds the lock");
	return pid;
}

static void let_go(pid_t pid)
{
	guest_param_set("eventpoll_port", "stall_wake", "0");
	guest_reap(pid);
}

BEHAVE_TEST(wake_beside_a_waker, 60, BEHAVE_WFCQUEUES,
	    "an event that comes while another one's producer holds the lock of the waiters, and has woken one who is back already, wakes the next")
{
	int ep = behave_create(), fd[2];
	struct behave_waiter first = { .ep = ep, .ms = VAIN_MS },
			     last = { .ep = ep, .ms = VAIN_MS };
	long begun = guest_ms();
	pid_t pid;

	on_cpu(1);
	behave_eventfds(ep, fd, 2, EDGE, false);
	behave_waiter_start(&first);
	behave_waiter_start(&last);
	pid = put_and_hold(fd[0], "2");
	behave_waiter_got(&last, fd[0], EPOLLIN);
	guest_put(fd[1]);
	let_go(pid);
	behave_waiter_got(&first, fd[1], EPOLLIN);
	ck_assert_msg(guest_ms() - begun < VAIN_MS, "nobody woke it");
}

BEHAVE_TEST(wake_exclusive_beside_a_waker, 60, BEHAVE_WFCQUEUES,
	    "an exclusive event that cannot wake anybody in the first instance, whose lock is taken, wakes somebody in the next")
{
	int a = behave_create(), b = behave_create(), busy, fd;
	struct behave_waiter in_a = { .ep = a, .ms = VAIN_MS },
			     in_b = { .ep = b, .ms = VAIN_MS };
	pid_t pid;

	on_cpu(1);
	behave_eventfds(a, &busy, 1, EDGE, false);
	fd = guest_eventfd();
	behave_add(a, fd, EDGE | EPOLLEXCLUSIVE);
	behave_add(b, fd, EDGE | EPOLLEXCLUSIVE);
	behave_waiter_start(&in_a);
	behave_waiter_start(&in_b);
	pid = put_and_hold(busy, "1");
	guest_put(fd);
	behave_waiter_got(&in_b, fd, EPOLLIN);
	let_go(pid);
	ck_assert_int_ge(behave_waiter_join(&in_a), 1);
}
