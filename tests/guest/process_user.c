// SPDX-License-Identifier: GPL-2.0-only
/*
 * process_user.c - users other than root: who may open, and how much each has
 */
#define _GNU_SOURCE
#include <fcntl.h>

#include "told.h"
#include "user.h"

/* Adds eventfds until one is refused: how many went in, and why it ended. */
static int add_until_refused(const struct evset *s, int most, int *why)
{
	int i, n = 8;

	for (i = 0; i < most && n == 8; i++)
		n = evset_ctl(s, guest_eventfd(), POLLIN);
	*why = n == 8 ? 0 : -n;
	return n == 8 ? i : i - 1;
}

static bool nobody_watches(void *arg)
{
	return evset_info(arg, "user-watches") == 0;
}

GUEST_TEST(process, user_refused, 30,
	   "a user who is not root cannot open /dev/epoll: EACCES")
{
	pid_t pid = fork_as(USER);

	if (!pid) {
		GUEST_FAILS(open(GUEST_DEVICE, O_RDWR), EACCES);
		GUEST_FAILS(open(GUEST_DEVICE, O_RDONLY), EACCES);
		_exit(0);
	}
	guest_reap(pid);
}

GUEST_TEST(process, user_allowed, 30,
	   "once the node's mode allows it, a user can do all that root can")
{
	struct evset s;
	int p[2];
	pid_t pid;

	node_make(0600);
	pid = fork_as(USER);
	if (!pid) {
		GUEST_FAILS(node_open(O_RDWR), EACCES);
		_exit(0);
	}
	guest_reap(pid);
	node_chmod(0666);
	pid = fork_as(USER);
	if (!pid) {
		node_evset(&s, 8);
		guest_pipe(p);
		evset_add(&s, p[0], POLLIN);
		guest_put(p[1]);
		evset_expect(&s, p[0], POLLIN);
		evset_close(&s);
		_exit(0);
	}
	guest_reap(pid);
}

GUEST_TEST(process, user_inherits, 30,
	   "an instance that root opened works on in a child that is another user")
{
	struct evset s;
	int p[2];
	pid_t pid;

	evset_open(&s, 8);
	guest_pipe(p);
	pid = fork_as(USER);
	if (!pid) {
		evset_add(&s, p[0], POLLIN);
		guest_put(p[1]);
		evset_expect(&s, p[0], POLLIN);
		_exit(0);
	}
	guest_reap(pid);
}

GUEST_TEST(process, user_limit, 30,
	   "a user's limit ends his adding with ENOSPC, over all his instances")
{
	struct evset a, b;
	int why;
	pid_t pid;

	node_make(0666);
	guest_param_set("dev_epoll", "max_user_watches", "10");
	pid = fork_as(USER);
	if (!pid) {
		node_evset(&a, 64);
		node_evset(&b, 64);
		GUEST_RETURNS(add_until_refused(&a, 6, &why), 6);
		GUEST_RETURNS(why, 0);
		GUEST_RETURNS(add_until_refused(&b, 64, &why), 4);
		GUEST_RETURNS(why, ENOSPC);
		GUEST_RETURNS(add_until_refused(&a, 64, &why), 0);
		GUEST_RETURNS(why, ENOSPC);
		_exit(0);
	}
	guest_reap(pid);
}

GUEST_TEST(process, user_limit_apart, 30,
	   "one user at his limit takes nothing from another, nor from root")
{
	struct evset s;
	int why, c[2];
	char byte;
	pid_t pid, other;

	node_make(0666);
	guest_param_set("dev_epoll", "max_user_watches", "10");
	guest_unix(c);
	pid = fork_as(USER);
	if (!pid) {
		node_evset(&s, 64);
		GUEST_RETURNS(add_until_refused(&s, 64, &why), 10);
		guest_put(c[1]);
		/* Holds them until the test has seen enough. */
		poll(&(struct pollfd){ c[1], POLLIN, 0 }, 1, 4 * GUEST_WAIT_MS);
		_exit(0);
	}
	GUEST_RETURNS(poll(&(struct pollfd){ c[0], POLLIN, 0 }, 1,
			   2 * GUEST_WAIT_MS), 1);
	ck_assert_msg(read(c[0], &byte, 1) == 1, "the child failed");
	other = fork_as(OTHER);
	if (!other) {
		node_evset(&s, 64);
		GUEST_RETURNS(add_until_refused(&s, 64, &why), 10);
		GUEST_RETURNS(why, ENOSPC);
		_exit(0);
	}
	guest_reap(other);
	evset_open(&s, 64);
	GUEST_RETURNS(add_until_refused(&s, 64, &why), 10);
	GUEST_RETURNS(why, ENOSPC);
	guest_put(c[0]);
	guest_reap(pid);
}

GUEST_TEST(process, user_limit_given_back, 30,
	   "remove, close, EP_FREE and the end of a process give the places back")
{
	struct evset s;
	int fd[10], i, why, round;
	pid_t pid;

	node_make(0666);
	guest_param_set("dev_epoll", "max_user_watches", "10");
	pid = fork_as(USER);
	if (!pid) {
		node_evset(&s, 64);
		for (round = 0; round < 4; round++) {
			for (i = 0; i < 10; i++) {
				fd[i] = guest_eventfd();
				evset_add(&s, fd[i], POLLIN);
			}
			GUEST_RETURNS(add_until_refused(&s, 1, &why), 0);
			for (i = 0; i < 10 && round < 2; i++) {
				if (round == 0)
					evset_del(&s, fd[i]);
				close(fd[i]);
			}
			if (round == 2) {
				evset_unmap(&s);
				GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
				ck_assert(ioctl(s.fd, EP_ALLOC, 64) == 0);
				evset_map(&s);
			}
		}
		_exit(0);
	}
	guest_reap(pid);
	pid = fork_as(USER);
	if (!pid) {
		node_evset(&s, 64);
		guest_until(nobody_watches, &s, "the dead process's places are free");
		GUEST_RETURNS(add_until_refused(&s, 64, &why), 10);
		_exit(0);
	}
	guest_reap(pid);
}

GUEST_TEST(process, user_limit_in_batch, 30,
	   "a batch that meets the limit returns the bytes before it")
{
	struct pollfd rec[16];
	struct evset s;
	pid_t pid;
	int i;

	node_make(0666);
	guest_param_set("dev_epoll", "max_user_watches", "10");
	pid = fork_as(USER);
	if (!pid) {
		node_evset(&s, 64);
		for (i = 0; i < 16; i++)
			rec[i] = (struct pollfd){ guest_eventfd(), POLLIN, 0 };
		GUEST_RETURNS(write(s.fd, rec, sizeof(rec)), 10 * sizeof(rec[0]));
		GUEST_FAILS(write(s.fd, &rec[10], sizeof(rec[0])), ENOSPC);
		/* A change of mask takes no place. */
		rec[3].events = POLLOUT;
		GUEST_RETURNS(write(s.fd, &rec[3], sizeof(rec[0])), sizeof(rec[0]));
		_exit(0);
	}
	guest_reap(pid);
}

GUEST_TEST(process, user_limit_lowered, 30,
	   "a limit lowered below what a user has refuses new places and takes none away")
{
	struct evset s;
	int p[2], i, why;

	evset_open(&s, 64);
	guest_pipe(p);
	evset_add(&s, p[0], POLLIN);
	for (i = 0; i < 9; i++)
		evset_add(&s, guest_eventfd(), POLLIN);
	guest_param_set("dev_epoll", "max_user_watches", "0");
	GUEST_RETURNS(add_until_refused(&s, 1, &why), 0);
	GUEST_RETURNS(why, ENOSPC);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
	GUEST_RETURNS(evset_info(&s, "items"), 10);
}
