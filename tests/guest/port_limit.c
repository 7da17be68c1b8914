// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_limit.c - suite port: how many files a user can watch
 *
 * A place is taken by ADD and given back by whatever removes the item.  The
 * wait-free queue cannot remove what is in its middle, so there an item that is
 * removed while it is ready keeps its place until the next wait comes by.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "behave.h"
#include "eventpoll.h"

#define LIMIT	10

static void limit(const char *n)
{
	guest_param_set("eventpoll_port", "max_user_watches", n);
}

/* Adds eventfds until one is refused or @most are in; @fd may be NULL. */
static int add_all(int ep, int *fd, int most)
{
	for (int i = 0; i < most; i++) {
		int e = guest_eventfd();

		if (behave_set(ep, EPOLL_CTL_ADD, e, EPOLLIN)) {
			ck_assert_int_eq(errno, ENOSPC);
			close(e);
			return i;
		}
		if (fd)
			fd[i] = e;
	}
	return most;
}

/* A child that is another user to the module, but may open all that root may. */
static pid_t fork_as(uid_t uid)
{
	pid_t pid = guest_fork();

	if (!pid)
		GUEST_RETURNS(setresuid(uid, (uid_t)-1, (uid_t)-1), 0);
	return pid;
}

BEHAVE_TEST(limit_of_a_user, 30, BEHAVE_PORT,
	    "a user at max_user_watches gets ENOSPC in all his instances, and what he has works on")
{
	int a, b, fd[LIMIT], p[2];
	pid_t pid;

	limit("10");
	pid = fork_as(1001);
	if (!pid) {
		a = behave_create();
		b = behave_create();
		ck_assert_int_eq(add_all(a, fd, 6), 6);
		ck_assert_int_eq(add_all(b, fd + 6, LIMIT), 4);
		ck_assert_int_eq(add_all(a, NULL, 1), 0);
		guest_put(fd[0]);
		behave_expect(a, fd[0], EPOLLIN);
		/* A change takes no place; a refusal of another kind comes first. */
		behave_mod(a, fd[0], EPOLLOUT);
		GUEST_FAILS(behave_set(a, EPOLL_CTL_ADD, fd[0], EPOLLIN), EEXIST);
		guest_pipe(p);
		GUEST_FAILS(behave_set(a, EPOLL_CTL_MOD, p[0], EPOLLIN), ENOENT);
		GUEST_FAILS(behave_set(a, EPOLL_CTL_ADD, guest_null(), EPOLLIN), EPERM);
		GUEST_FAILS(behave_set(a, EPOLL_CTL_ADD, p[0], EPOLLIN), ENOSPC);
		_exit(0);
	}
	guest_reap(pid);
}

BEHAVE_TEST(limit_of_each_user, 30, BEHAVE_PORT,
	    "one user at his limit takes nothing from another")
{
	int c[2];
	char byte;
	pid_t pid, other;

	limit("10");
	guest_unix(c);
	pid = fork_as(1001);
	if (!pid) {
		ck_assert_int_eq(add_all(behave_create(), NULL, LIMIT + 1), LIMIT);
		guest_put(c[1]);
		/* Holds them until the test has seen enough. */
		poll(&(struct pollfd){ c[1], POLLIN, 0 }, 1, 4 * GUEST_WAIT_MS);
		_exit(0);
	}
	GUEST_RETURNS(poll(&(struct pollfd){ c[0], POLLIN, 0 }, 1,
			   2 * GUEST_WAIT_MS), 1);
	ck_assert_msg(read(c[0], &byte, 1) == 1, "the child failed");
	other = fork_as(1002);
	if (!other) {
		ck_assert_int_eq(add_all(behave_create(), NULL, LIMIT + 1), LIMIT);
		_exit(0);
	}
	guest_reap(other);
	ck_assert_int_eq(add_all(behave_create(), NULL, LIMIT + 1), LIMIT);
	guest_put(c[0]);
	guest_reap(pid);
}

BEHAVE_TEST(limit_of_who_opened, 30, BEHAVE_PORT,
	    "an item counts for the user who opened the instance, whoever adds it")
{
	int ep, mine;
	pid_t pid;

	limit("10");
	ep = behave_create();
	pid = fork_as(1001);
	if (!pid) {
		ck_assert_int_eq(add_all(ep, NULL, LIMIT), LIMIT);
		ck_assert_int_eq(add_all(ep, NULL, 1), 0);
		mine = behave_create();
		ck_assert_int_eq(add_all(mine, NULL, LIMIT), LIMIT);
		_exit(0);
	}
	guest_reap(pid);
}

BEHAVE_TEST(limit_given_back, 30, BEHAVE_PORT,
	    "DEL, a close of the file and a close of the instance give the places back")
{
	int ep, fd[LIMIT];

	limit("10");
	ep = behave_create();
	for (int round = 0; round < 3; round++) {
		ck_assert_int_eq(add_all(ep, fd, LIMIT + 1), LIMIT);
		for (int i = 0; i < LIMIT; i++)
			behave_del(ep, fd[i]);
		ck_assert_int_eq(add_all(ep, fd, LIMIT + 1), LIMIT);
		for (int i = 0; i < LIMIT; i++)
			close(fd[i]);
		ck_assert_int_eq(add_all(ep, fd, LIMIT + 1), LIMIT);
		close(ep);
		ep = behave_create();
	}
}

BEHAVE_TEST(limit_given_back_while_ready, 30, BEHAVE_PORT,
	    "the same with events pending: at once, but for the wait-free queues, which have them until the next wait")
{
	bool late = behave_design() & BEHAVE_WFCQUEUES;
	int ep, fd[LIMIT];

	limit("10");
	ep = behave_create();
	for (int round = 0; round < 4; round++) {
		ck_assert_int_eq(add_all(ep, fd, LIMIT + 1), LIMIT);
		for (int i = 0; i < LIMIT; i++)
			guest_put(fd[i]);
		for (int i = 0; i < LIMIT; i++) {
			if (round & 1)
				behave_del(ep, fd[i]);
			close(fd[i]);
		}
		ck_assert_int_eq(behave_items(ep), 0);
		if (late)
			ck_assert_int_eq(add_all(ep, NULL, 1), 0);
		if (late || round & 2)
			behave_none(ep);
	}
	/* What is closed with it pending goes, too. */
	ck_assert_int_eq(add_all(ep, fd, LIMIT + 1), LIMIT);
	for (int i = 0; i < LIMIT; i++) {
		guest_put(fd[i]);
		behave_del(ep, fd[i]);
	}
	close(ep);
	ck_assert_int_eq(add_all(behave_create(), NULL, LIMIT + 1), LIMIT);
}

BEHAVE_TEST(limit_not_taken_by_a_refusal, 30, BEHAVE_PORT,
	    "an ADD that is refused takes no place")
{
	int ep, fd[LIMIT], bad = guest_null();

	limit("10");
	ep = behave_create();
	ck_assert_int_eq(add_all(ep, fd, LIMIT - 1), LIMIT - 1);
	for (int i = 0; i < 5; i++) {
		GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, bad, EPOLLIN), EPERM);
		GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, fd[0], EPOLLIN), EEXIST);
		GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, ep, EPOLLIN), EINVAL);
		GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, -1, EPOLLIN), EBADF);
		GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, bad + 0,
				       EPOLLIN | EPOLLEXCLUSIVE), EPERM);
	}
	ck_assert_int_eq(add_all(ep, NULL, 2), 1);
}

BEHAVE_TEST(limit_not_taken_by_too_many_paths, 60, BEHAVE_PORT,
	    "an ADD that was refused half way, because of too many paths, has given its place back")
{
	/* 10 paths of five links are the smallest limit that there is. */
	int ep[4], p[2], top;

	limit("14");
	for (int i = 0; i < 4; i++) {
		ep[i] = behave_create();
		if (i)
			behave_add(ep[i - 1], ep[i], EPOLLIN);
	}
	guest_pipe(p);
	behave_add(ep[3], p[0], EPOLLIN);
	for (int i = 0; i < 10; i++)
		behave_add(behave_create(), ep[0], EPOLLIN);
	/* 14 of 14: the limit is met before the paths are counted. */
	top = behave_create();
	GUEST_FAILS(behave_set(top, EPOLL_CTL_ADD, ep[0], EPOLLIN), ENOSPC);
	limit("15");
	for (int i = 0; i < 5; i++)
		GUEST_FAILS(behave_set(top, EPOLL_CTL_ADD, ep[0], EPOLLIN), EINVAL);
	behave_add(top, p[1], EPOLLET);
}

BEHAVE_TEST(limit_lowered, 30, BEHAVE_PORT,
	    "a limit lowered below what a user has refuses new places and takes none away")
{
	int ep = behave_create(), fd[LIMIT];

	ck_assert_int_eq(add_all(ep, fd, LIMIT), LIMIT);
	limit("0");
	ck_assert_int_eq(add_all(ep, NULL, 1), 0);
	guest_put(fd[3]);
	behave_expect(ep, fd[3], EPOLLIN);
	ck_assert_int_eq(behave_items(ep), LIMIT);
	behave_del(ep, fd[3]);
	behave_none(ep);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, fd[3], EPOLLIN), ENOSPC);
}

static bool as_many_items(void *arg)
{
	return atoi(guest_param("eventpoll_port", "items")) == *(int *)arg;
}

BEHAVE_TEST(limit_of_a_dead_process, 30, BEHAVE_PORT,
	    "a process that dies with its instances gives all places back, and no item is left")
{
	int before = atoi(guest_param("eventpoll_port", "items"));
	pid_t pid;

	limit("100");
	for (int i = 0; i < 3; i++) {
		pid = fork_as(1001);
		if (!pid) {
			int a = behave_create(), b = behave_create(), fd[50];

			ck_assert_int_eq(add_all(a, fd, 50), 50);
			ck_assert_int_eq(add_all(b, NULL, 51), 50);
			for (int j = 0; j < 50; j += 2)
				guest_put(fd[j]);
			_exit(0);
		}
		guest_reap(pid);
		guest_until(as_many_items, &before, "the dead process's items are gone");
	}
}
