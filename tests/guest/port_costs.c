// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_costs.c - what an EPOLL_CTL_ADD among instances may cost
 *
 * A file can be added under as many numbers as there are, which need not stay
 * open, so a program chooses how many items a file has.  How many of them an ADD
 * has to look at must not be left to it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "eventpoll.h"
#include "growth.h"
#include "guest.h"

/* Numbers that nothing else has. */
#define BASE		1000

/* What two links may make of one file: nest.c, and the kernel. */
#define PATHS_OF_TWO	500

static int instance(void)
{
	int ep = eventpoll_create(EVENTPOLL_OVFLIST, EPOLL_CLOEXEC);

	ck_assert_msg(ep >= 0, "eventpoll_create: %s", strerror(errno));
	return ep;
}

static void ctl(int ep, int op, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN };

	GUEST_RETURNS(eventpoll_ctl(ep, op, fd, &ev), 0);
}

/* @n items of one file in @ep: each number is used once and closed. */
static void add_often(int ep, int fd, long n)
{
	guest_nofile(BASE + n);
	for (int i = 0; i < n; i++) {
		ck_assert(dup3(fd, BASE + i, O_CLOEXEC) == BASE + i);
		ctl(ep, EPOLL_CTL_ADD, BASE + i);
		close(BASE + i);
	}
}

static void cost_of_nesting(long n)
{
	int aside = instance(), inner = instance(), outer = instance();
	int fd = guest_eventfd();

	add_often(aside, fd, n);
	add_often(inner, fd, n / 8);
	growth_begin();
	ctl(outer, EPOLL_CTL_ADD, inner);
	growth_end();
	close(fd);
	close(outer);
	close(inner);
	close(aside);
}

GUEST_TEST(portcosts, nesting_looks_at_a_file_once, 120,
	   "nesting an instance costs as much as it has items, however many the files have elsewhere")
{
	growth_linear(PATHS_OF_TWO, cost_of_nesting);
}

static void cost_of_leaves(long n)
{
	int aside = instance(), inner = instance(), outer = instance();
	int fd = guest_eventfd();

	add_often(aside, fd, n);
	ctl(outer, EPOLL_CTL_ADD, inner);
	for (int i = 0; i < n; i++) {
		growth_begin();
		ctl(inner, EPOLL_CTL_ADD, fd);
		growth_end();
		ctl(inner, EPOLL_CTL_DEL, fd);
	}
	close(fd);
	close(outer);
	close(inner);
	close(aside);
}

GUEST_TEST(portcosts, unwatched_items_cost_an_add_nothing, 120,
	   "a file added to a nested instance: its items in instances that nobody watches are not looked at")
{
	growth_linear(PATHS_OF_TWO, cost_of_leaves);
}

static void cost_of_watchers(long n)
{
	int outer = instance(), middle = instance(), inner = instance();

	add_often(outer, middle, n);
	for (int i = 0; i < n; i++) {
		growth_begin();
		ctl(middle, EPOLL_CTL_ADD, inner);
		growth_end();
		ctl(middle, EPOLL_CTL_DEL, inner);
	}
	close(inner);
	close(outer);
	close(middle);
}

GUEST_TEST(portcosts, a_watcher_counts_once, 120,
	   "the depth above an instance: one that watches it under many numbers is looked at once")
{
	growth_linear(PATHS_OF_TWO, cost_of_watchers);
}

/* What a process has used so far; 0 when it is gone. */
static double cpu_of(pid_t pid)
{
	struct timespec t = { .tv_sec = 0 };
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &t))
		return 0;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A child that nests @inner.  Return: the CPU time that it took in all. */
static double nest_in_child(int inner, double kill_at)
{
	struct rusage ru;
	pid_t pid;
	int status;

	pid = guest_fork();
	if (!pid) {
		ctl(instance(), EPOLL_CTL_ADD, inner);
		_exit(0);
	}
	if (kill_at > 0) {
		siginfo_t info = { .si_pid = 0 };

		while (cpu_of(pid) < kill_at && !info.si_pid)
			waitid(P_PID, (id_t)pid, &info,
			       WEXITED | WNOHANG | WNOWAIT);
		kill(pid, SIGKILL);
	}
	ck_assert(wait4(pid, &status, 0, &ru) == pid);
	return (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) +
	       (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6;
}

GUEST_TEST(portcosts, nesting_can_be_killed, 120,
	   "a SIGKILL in the middle of an ADD that has much to look at ends it there")
{
	int inner = instance(), files = guest_rounds(60);
	double all, killed;
	int tries = 5;

	for (int i = 0; i < files; i++)
		add_often(inner, guest_eventfd(), PATHS_OF_TWO);
	all = nest_in_child(inner, 0);
	/* It is in the ADD by then, and the kill comes before the middle. */
	do {
		killed = nest_in_child(inner, all / 4);
	} while (killed > 0.75 * all && --tries);
	ck_assert_msg(killed <= 0.75 * all, "killed after %.3f of %.3f s",
		      killed, all);
}
