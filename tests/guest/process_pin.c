// SPDX-License-Identifier: GPL-2.0-only
/*
 * process_pin.c - suite process: how much memory a user can pin
 *
 * A user has 64 KiB (RLIMIT_MEMLOCK); a set of one page of slots pins two of these,
 * the table of their owners, and its hash: 14 KiB and a little, so he has four sets.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "modules.h"
#include "user.h"

enum { ROOM = 64 * 1024, SETS = 4 };

static void memlock(rlim_t bytes)
{
	struct rlimit r = { bytes, bytes };

	ck_assert_msg(setrlimit(RLIMIT_MEMLOCK, &r) == 0, "RLIMIT_MEMLOCK: %s",
		      strerror(errno));
}

static pid_t fork_with(uid_t uid, rlim_t bytes)
{
	pid_t pid = guest_fork();

	if (!pid) {
		memlock(bytes);
		user_become(uid);
	}
	return pid;
}

/* Opens sets of one page until one is refused; how many have their room. */
static int open_until_refused(int *fd, int most)
{
	for (int i = 0; i < most; i++) {
		fd[i] = node_open(O_RDWR);
		if (fd[i] < 0 || ioctl(fd[i], EP_ALLOC, 1)) {
			ck_assert_int_eq(errno, ENOMEM);
			if (fd[i] >= 0)
				close(fd[i]);
			return i;
		}
	}
	return most;
}

static void *map_one(int fd)
{
	void *map = mmap(NULL, EP_MAP_SIZE(1), PROT_READ, MAP_PRIVATE, fd, 0);

	ck_assert_msg(map != MAP_FAILED, "mmap: %s", strerror(errno));
	return map;
}

GUEST_TEST(process, pin_limit, 30,
	   "a user pins no more than RLIMIT_MEMLOCK over all sets: ENOMEM; what he has works on")
{
	int fd[SETS + 1], e;
	struct evset s;
	pid_t pid;

	node_make(0666);
	pid = fork_with(USER, ROOM);
	if (!pid) {
		GUEST_RETURNS(open_until_refused(fd, SETS + 1), SETS);
		s = (struct evset){ .fd = fd[0], .max = 1 };
		GUEST_FAILS(ioctl(s.fd, EP_ALLOC, 1000), ENOMEM);
		GUEST_RETURNS(evset_info(&s, "capacity"), POLLFD_X_PAGE);
		evset_map(&s);
		e = guest_eventfd();
		evset_add(&s, e, POLLIN);
		guest_put(e);
		evset_expect(&s, e, POLLIN);
		ck_assert_int_le(evset_info(&s, "user-pinned"), ROOM / 1024);
		_exit(0);
	}
	guest_reap(pid);
}

GUEST_TEST(process, pin_given_back, 30,
	   "close, EP_FREE and a refusal half way give the memory back, to the byte")
{
	int fd[SETS + 1], i, round;
	struct evset s;
	long before;
	pid_t pid;

	node_make(0666);
	pid = fork_with(USER, ROOM);
	if (!pid) {
		s.fd = node_open(O_RDWR);
		before = evset_info(&s, "user-pinned");
		for (round = 0; round < 20; round++) {
			GUEST_RETURNS(open_until_refused(fd, SETS + 1), SETS);
			for (i = 0; i < SETS; i++) {
				if (round % 2)
					GUEST_RETURNS(ioctl(fd[i], EP_FREE), 0);
				close(fd[i]);
			}
			for (i = 0; i < 5; i++)
				GUEST_FAILS(ioctl(s.fd, EP_ALLOC, 131072), ENOMEM);
			GUEST_RETURNS(evset_info(&s, "user-pinned"), before);
		}
		_exit(0);
	}
	guest_reap(pid);
}

GUEST_TEST(process, pin_over_processes, 30,
	   "all processes of the user count together, also one that has only an old mapping left")
{
	int fd[SETS + 1], c[2];
	pid_t pid, other;

	node_make(0666);
	guest_unix(c);
	pid = fork_with(USER, ROOM);
	if (!pid) {
		GUEST_RETURNS(open_until_refused(fd, 2), 2);
		map_one(fd[0]);
		close(fd[0]);
		guest_put(c[1]);
		user_hear(c[1]);
		_exit(0);
	}
	user_hear(c[0]);
	other = fork_with(USER, ROOM);
	if (!other) {
		GUEST_RETURNS(open_until_refused(fd, SETS + 1), SETS - 2);
		_exit(0);
	}
	guest_reap(other);
	/* Somebody else has his own. */
	other = fork_with(OTHER, ROOM);
	if (!other) {
		GUEST_RETURNS(open_until_refused(fd, SETS + 1), SETS);
		_exit(0);
	}
	guest_reap(other);
	guest_put(c[0]);
	guest_reap(pid);
}

GUEST_TEST(process, pin_by_mappings, 30,
	   "what is mapped counts after the close of the descriptor, until no mapping is left")
{
	void *map[SETS + 1];
	int fd, n;
	pid_t pid, child;

	node_make(0666);
	pid = fork_with(USER, ROOM);
	if (!pid) {
		for (n = 0; n <= SETS && open_until_refused(&fd, 1); n++) {
			map[n] = map_one(fd);
			close(fd);
		}
		ck_assert_int_eq(n, SETS);
		/* A child's copy of a mapping holds it, too. */
		child = guest_fork();
		if (!child) {
			GUEST_RETURNS(open_until_refused(&fd, 1), 0);
			_exit(0);
		}
		guest_reap(child);
		GUEST_RETURNS(munmap(map[0], EP_MAP_SIZE(1) / 2), 0);
		GUEST_RETURNS(open_until_refused(&fd, 1), 0);
		GUEST_RETURNS(munmap(map[0], EP_MAP_SIZE(1)), 0);
		GUEST_RETURNS(open_until_refused(&fd, 1), 1);
		_exit(0);
	}
	guest_reap(pid);
}

GUEST_TEST(process, pin_full_set, 30,
	   "a set that has its room needs no more for a thousand files")
{
	struct evset s;
	long before;
	pid_t pid;
	int e;

	guest_nofile(2000);
	node_make(0666);
	pid = fork_with(USER, ROOM);
	if (!pid) {
		node_evset(&s, 1000);
		before = evset_info(&s, "pinned");
		memlock(0);
		e = guest_eventfd();
		for (int i = 0; i < 1000; i++)
			evset_add(&s, dup(e), POLLIN);
		ck_assert_int_gt(evset_info(&s, "buckets"), 128);
		GUEST_RETURNS(evset_info(&s, "pinned"), before);
		_exit(0);
	}
	guest_reap(pid);
}

GUEST_TEST(process, pin_control_page, 30,
	   "the control page counts: EP_SHARE is ENOMEM where a page is too much, and has changed nothing")
{
	struct evset s;
	pid_t pid;

	node_make(0666);
	pid = fork_with(USER, ROOM);
	if (!pid) {
		s.fd = node_open(O_RDWR);
		GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 1), 0);
		memlock(evset_info(&s, "pinned") * 1024 + 2048);
		GUEST_FAILS(ioctl(s.fd, EP_SHARE, 0), ENOMEM);
		GUEST_RETURNS(evset_info(&s, "shared"), 0);
		GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
		GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 1), 0);
		_exit(0);
	}
	guest_reap(pid);
}

GUEST_TEST(process, pin_privileged, 30,
	   "CAP_IPC_LOCK has no limit")
{
	struct evset s;

	GUEST_CHILD {
		memlock(0);
		evset_open(&s, 131072);
		ck_assert_int_ge(evset_info(&s, "pinned"), 3 * 1024);
	}
}

/* Not each refusal has a line, if there were many just now. */
static bool refusal_is_logged(void *arg)
{
	int fd;
	pid_t pid = fork_with(USER, 4096);

	(void)arg;
	if (!pid) {
		GUEST_RETURNS(open_until_refused(&fd, 1), 0);
		_exit(0);
	}
	guest_reap(pid);
	return log_count("user 1001 has reached RLIMIT_MEMLOCK, 4 kB") > 0;
}

GUEST_TEST(process, pin_log, 30,
	   "a limit that was reached names itself and the user in the kernel log")
{
	node_make(0666);
	log_begin();
	guest_until(refusal_is_logged, NULL, "the log tells of the limit");
}
