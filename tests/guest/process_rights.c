// SPDX-License-Identifier: GPL-2.0-only
/*
 * process_rights.c - suite process: who may change a set
 *
 * A record names the writer's own files, so a writer with more rights than the
 * opener could be made to add what the opener must not hear of: a program that
 * writes to its standard output what the opener told it to.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "user.h"

static int write_one(int set, int fd)
{
	struct pollfd rec = { .fd = fd, .events = POLLIN };

	return write(set, &rec, sizeof(rec));
}

/* A set of USER, over a unix socket; its child waits for a byte. */
static pid_t set_of_user(int c[2], int *set)
{
	struct evset s;
	pid_t pid;

	node_make(0666);
	guest_unix(c);
	pid = fork_as(USER);
	if (!pid) {
		node_evset(&s, 8);
		user_send_fd(c[1], s.fd);
		user_hear(c[1]);
		GUEST_RETURNS(evset_info(&s, "items"), 0);
		_exit(0);
	}
	*set = user_recv_fd(c[0]);
	return pid;
}

GUEST_TEST(process, rights_more_than_the_opener, 30,
	   "a writer with more rights than the opener is EACCES, and a removal too")
{
	struct pollfd rec = { .events = POLLREMOVE };
	int c[2], set;
	pid_t pid = set_of_user(c, &set);

	GUEST_FAILS(write_one(set, guest_eventfd()), EACCES);
	GUEST_FAILS(write(set, &rec, sizeof(rec)), EACCES);
	guest_put(c[0]);
	guest_reap(pid);
}

GUEST_TEST(process, rights_of_a_setuid_program, 30,
	   "a program that put its rights aside may write to what it opened then, and not with them")
{
	struct evset s;
	int e;

	node_make(0666);
	GUEST_CHILD {
		e = guest_eventfd();
		GUEST_RETURNS(setresuid(USER, USER, 0), 0);
		node_evset(&s, 8);
		GUEST_RETURNS(setresuid(-1, 0, -1), 0);
		GUEST_RETURNS(evset_ctl(&s, e, POLLIN), -EACCES);
		GUEST_RETURNS(evset_info(&s, "items"), 0);
		GUEST_RETURNS(setresuid(-1, USER, -1), 0);
		evset_add(&s, e, POLLIN);
		guest_put(e);
		evset_expect(&s, e, POLLIN);
	}
}

GUEST_TEST(process, rights_of_a_capability, 30,
	   "the same user with a capability that the opener has not is EACCES")
{
	int c[2], set;
	pid_t pid = set_of_user(c, &set), other;

	other = guest_fork();
	if (!other) {
		GUEST_RETURNS(prctl(PR_SET_KEEPCAPS, 1), 0);
		user_become(USER);
		GUEST_FAILS(write_one(set, guest_eventfd()), EACCES);
		_exit(0);
	}
	guest_reap(other);
	guest_put(c[0]);
	guest_reap(pid);
}

GUEST_TEST(process, rights_of_others, 30,
	   "another user is EACCES, the same one in another process may write")
{
	int c[2], set, e;
	pid_t pid = set_of_user(c, &set), other;

	other = fork_as(OTHER);
	if (!other) {
		GUEST_FAILS(write_one(set, guest_eventfd()), EACCES);
		_exit(0);
	}
	guest_reap(other);
	other = fork_as(USER);
	if (!other) {
		e = guest_eventfd();
		GUEST_RETURNS(write_one(set, e), 8);
		_exit(0);
	}
	guest_reap(other);
	guest_put(c[0]);
	guest_reap(pid);
}

GUEST_TEST(process, rights_dropped, 30,
	   "whoever opened as root and is a user since then, may write")
{
	struct evset s;
	pid_t pid;
	int e;

	evset_open(&s, 8);
	pid = fork_as(USER);
	if (!pid) {
		e = guest_eventfd();
		evset_add(&s, e, POLLIN);
		guest_put(e);
		evset_expect(&s, e, POLLIN);
		_exit(0);
	}
	guest_reap(pid);
}

GUEST_TEST(process, rights_read_only, 30,
	   "with a descriptor open for reading a set can be read and not changed: EBADF")
{
	struct pollfd rec = { .fd = 0 };
	struct evset s;
	int ro;

	node_make(0666);
	ro = node_open(O_RDONLY);
	ck_assert_int_ge(ro, 0);
	GUEST_FAILS(ioctl(ro, EP_ALLOC, 8), EBADF);
	GUEST_FAILS(ioctl(ro, EP_FREE), EBADF);
	GUEST_FAILS(write_one(ro, guest_eventfd()), EBADF);
	GUEST_RETURNS(ioctl(ro, EP_ISPOLLED, &rec), 0);
	/* For writing alone is enough to make a set, but not to map it. */
	s = (struct evset){ .fd = node_open(O_WRONLY), .max = 8 };
	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 8), 0);
	ck_assert(mmap(NULL, EP_MAP_SIZE(8), PROT_READ, MAP_PRIVATE, s.fd, 0) ==
		  MAP_FAILED);
	GUEST_RETURNS(write_one(s.fd, guest_eventfd()), 8);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
}
