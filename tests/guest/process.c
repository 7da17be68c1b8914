// SPDX-License-Identifier: GPL-2.0-only
/*
 * process.c - an instance and its files in more than one process
 *
 * A record names a file by a number of the process that writes it; from then
 * on it is the file that is watched, whoever holds it.  The instance belongs
 * to whoever has it open or mapped.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "told.h"
#include "user.h"

static bool no_items(void *arg)
{
	return evset_info(arg, "items") == 0;
}

GUEST_TEST(process, fork_adds, 30,
	   "what a child adds to an inherited instance its parent harvests")
{
	struct evset s;
	int p[2];

	evset_open(&s, 8);
	guest_pipe(p);
	GUEST_CHILD {
		evset_add(&s, p[0], POLLIN);
		guest_put(p[1]);
	}
	evset_expect(&s, p[0], POLLIN);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
	GUEST_RETURNS(evset_info(&s, "items"), 1);
}

GUEST_TEST(process, fork_harvests, 30,
	   "a child harvests into the mapping it inherited; its parent sees the slots")
{
	struct evset s;
	struct pollfd *slot;
	int p[2], half;

	evset_pipe(&s, p, POLLIN);
	half = (int)evset_info(&s, "filling");
	GUEST_CHILD {
		guest_put(p[1]);
		evset_expect(&s, p[0], POLLIN);
	}
	evset_none(&s);
	slot = (struct pollfd *)(s.map + half * (s.size / 2));
	ck_assert_msg(slot->fd == p[0] && slot->revents == POLLIN,
		      "the parent's mapping: expected fd %d, revents 0x1, got fd %d, %#x",
		      p[0], slot->fd, slot->revents);
}

GUEST_TEST(process, fork_parent_leaves, 30,
	   "an instance lives on in the child when its parent closes and unmaps it")
{
	struct evset s;
	int p[2], c[2];
	pid_t pid;

	evset_open(&s, 8);
	guest_pipe(p);
	guest_unix(c);
	evset_add(&s, p[0], POLLIN);
	pid = guest_fork();
	if (!pid) {
		user_hear(c[1]);
		guest_put(p[1]);
		evset_expect(&s, p[0], POLLIN);
		_exit(0);
	}
	evset_close(&s);
	guest_put(c[0]);
	guest_reap(pid);
}

GUEST_TEST(process, child_exits, 30,
	   "a hundred children come and go; the instance and its mapping stay")
{
	struct evset s;
	int p[2], i;
	pid_t pid;

	evset_pipe(&s, p, POLLIN);
	for (i = 0; i < 100; i++) {
		pid = guest_fork();
		if (!pid)
			_exit(evset_wait(&s, 0, NULL) == 0 ? 0 : 1);
		guest_reap(pid);
	}
	GUEST_RETURNS(evset_info(&s, "mapped"), 1);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(process, vfork_exec, 30,
	   "vfork and exec leave the parent's instance, mapping and events alone")
{
	struct evset s;
	int p[2], hold[2], status;
	pid_t pid;

	evset_open(&s, 8);
	guest_pipe(p);
	ck_assert(pipe(hold) == 0);
	evset_add(&s, p[0], POLLIN);
	pid = vfork();
	if (!pid) {
		close(hold[1]);
		guest_exec_hold(hold[0]);
	}
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
	GUEST_RETURNS(evset_info(&s, "mapped"), 1);
	close(hold[1]);
	ck_assert(waitpid(pid, &status, 0) == pid);
	GUEST_RETURNS(status, 0);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(process, exec_drops_mapping, 30,
	   "exec drops the child's mapping, so that the parent can EP_FREE")
{
	int hold[2], go[2];
	struct evset s;
	pid_t pid;
	char c;

	s.fd = guest_device();
	s.max = 8;
	ck_assert(ioctl(s.fd, EP_ALLOC, 8) == 0);
	ck_assert(pipe(hold) == 0);
	ck_assert(pipe2(go, O_CLOEXEC) == 0);
	pid = guest_fork();
	if (!pid) {
		close(hold[1]);
		close(go[0]);
		evset_map(&s);
		ck_assert(write(go[1], "m", 1) == 1);
		guest_exec_hold(hold[0]);
	}
	close(go[1]);
	ck_assert(read(go[0], &c, 1) == 1);
	/* Mapped there, until the exec has closed go[1]. */
	GUEST_RETURNS(read(go[0], &c, 1), 0);
	GUEST_RETURNS(evset_info(&s, "mapped"), 0);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
	close(hold[1]);
	guest_reap(pid);
}

GUEST_TEST(process, exec_keeps_instance, 30,
	   "an instance without FD_CLOEXEC lives on in a program that knows nothing of it")
{
	struct evset s, other;
	int hold[2], p[2], fd;
	pid_t pid;

	evset_open(&s, 8);
	evset_open(&other, 8);
	fd = s.fd;
	guest_pipe(p);
	evset_add(&s, p[0], POLLIN);
	evset_add(&other, s.fd, POLLIN);
	ck_assert(pipe(hold) == 0);
	pid = guest_fork();
	if (!pid) {
		ck_assert(fcntl(s.fd, F_SETFD, 0) == 0);
		close(hold[1]);
		guest_exec_hold(hold[0]);
	}
	evset_close(&s);
	/* Nobody can harvest it, but it is there, and hears. */
	GUEST_RETURNS(evset_info(&other, "items"), 1);
	guest_put(p[1]);
	evset_expect_bits(&other, fd, POLLIN);
	close(hold[1]);
	guest_reap(pid);
	GUEST_RETURNS(evset_info(&other, "items"), 0);
}

GUEST_TEST(process, scm_instance, 30,
	   "another process gets the instance by SCM_RIGHTS, maps it itself, harvests it")
{
	struct evset s;
	int c[2], p[2];
	pid_t pid;

	guest_unix(c);
	guest_pipe(p);
	pid = guest_fork();
	if (!pid) {
		s.fd = user_recv_fd(c[1]);
		s.max = 8;
		evset_map(&s);
		evset_expect(&s, p[0], POLLIN);
		guest_put(c[1]);
		_exit(0);
	}
	evset_open(&s, 8);
	evset_add(&s, p[0], POLLIN);
	user_send_fd(c[0], s.fd);
	guest_put(p[1]);
	user_hear(c[0]);
	guest_reap(pid);
	evset_none(&s);
}

GUEST_TEST(process, scm_numbers, 30,
	   "a record's number is looked up in the process that writes it, and told as written")
{
	struct evset s;
	int c[2], p[2], q[2];
	pid_t pid;

	evset_open(&s, 8);
	guest_unix(c);
	guest_pipe(p);
	guest_pipe(q);
	pid = guest_fork();
	if (!pid) {
		/* Number p[0] means the other pipe from here on. */
		GUEST_RETURNS(dup2(q[0], p[0]), p[0]);
		evset_add(&s, p[0], POLLIN);
		guest_put(c[1]);
		user_hear(c[1]);
		_exit(0);
	}
	user_hear(c[0]);
	guest_put(p[1]);
	evset_none(&s);
	guest_put(q[1]);
	evset_expect(&s, p[0], POLLIN);
	/* Written here it means this process's file, and replaces the other. */
	evset_add(&s, p[0], POLLIN);
	guest_put(q[1]);
	evset_none(&s);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
	GUEST_RETURNS(evset_info(&s, "items"), 1);
	guest_put(c[0]);
	guest_reap(pid);
}

GUEST_TEST(process, scm_watched_in_flight, 30,
	   "a watched file that is only in flight lives and is told; lost, it is taken out")
{
	struct evset s;
	int c[2], p[2];

	evset_open(&s, 8);
	guest_unix(c);
	guest_pipe(p);
	evset_add(&s, p[0], POLLIN);
	user_send_fd(c[0], p[0]);
	close(p[0]);
	GUEST_RETURNS(evset_info(&s, "items"), 1);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
	/* The message goes with its socket, and the file with the message. */
	close(c[0]);
	close(c[1]);
	guest_until(no_items, &s, "the file in flight is closed");
	GUEST_RETURNS(guest_poll(p[1], POLLERR), POLLERR);
}

GUEST_TEST(process, scm_watched_received, 30,
	   "a watched file that was passed on is told until its receiver closes it")
{
	struct evset s;
	int c[2], p[2], fd;

	evset_open(&s, 8);
	guest_unix(c);
	guest_pipe(p);
	evset_add(&s, p[0], POLLIN);
	user_send_fd(c[0], p[0]);
	close(p[0]);
	fd = user_recv_fd(c[1]);
	guest_put(p[1]);
	/* It is the same file, told by the number it was added with. */
	evset_expect(&s, p[0], POLLIN);
	close(fd);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
}

GUEST_TEST(process, scm_garbage, 60,
	   "watched sockets that hold each other in flight go with the kernel's collector")
{
	struct evset s;
	int a[2], b[2];

	evset_open(&s, 8);
	guest_unix(a);
	evset_add(&s, a[0], POLL_ALL);
	evset_add(&s, a[1], POLL_ALL);
	/* Each waits in the other's queue; then nobody holds either. */
	user_send_fd(a[0], a[0]);
	user_send_fd(a[1], a[1]);
	close(a[0]);
	close(a[1]);
	/* Closing any unix socket starts the collector. */
	guest_unix(b);
	close(b[0]);
	close(b[1]);
	guest_until(no_items, &s, "the collector has closed the sockets");
	ck_assert(evset_wait(&s, 0, NULL) == 0);
}

GUEST_TEST(process, scm_instance_in_flight, 30,
	   "an instance that is only in flight gathers events, and whoever gets it reads them")
{
	struct evset s;
	int c[2], p[2];

	evset_open(&s, 8);
	guest_unix(c);
	guest_pipe(p);
	evset_add(&s, p[0], POLLIN);
	user_send_fd(c[0], s.fd);
	evset_close(&s);
	guest_put(p[1]);
	s.fd = user_recv_fd(c[1]);
	evset_map(&s);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(process, two_holders, 30,
	   "a file held by two processes is watched until both have exited")
{
	struct evset s;
	int c[2][2], p[2], i;
	pid_t pid[2];

	evset_pipe(&s, p, POLLIN | POLLHUP);
	for (i = 0; i < 2; i++) {
		guest_unix(c[i]);
		pid[i] = guest_fork();
		if (!pid[i]) {
			user_hear(c[i][1]);
			_exit(0);
		}
	}
	close(p[0]);
	guest_put(c[0][0]);
	guest_reap(pid[0]);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
	guest_put(c[1][0]);
	guest_reap(pid[1]);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
	GUEST_RETURNS(guest_poll(p[1], POLLERR), POLLERR);
}

GUEST_TEST(process, killed_consumer, 30,
	   "a process killed in EP_POLL leaves the instance free for the next consumer")
{
	struct evset s;
	int p[2], status;
	pid_t pid;

	evset_pipe(&s, p, POLLIN);
	pid = guest_fork();
	if (!pid) {
		evset_wait(&s, -1, NULL);
		_exit(1);
	}
	guest_in_syscall(pid, pid, SYS_ioctl, s.fd);
	GUEST_RETURNS(evset_wait(&s, 0, NULL), -EBUSY);
	kill(pid, SIGKILL);
	ck_assert(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
	GUEST_RETURNS(evset_info(&s, "mapped"), 1);
}

GUEST_TEST(process, dup_of_instance, 30,
	   "a dup of the instance's descriptor is the same instance; each may be closed first")
{
	struct evset s, d;
	int p[2];

	evset_open(&s, 8);
	guest_pipe(p);
	d = s;
	d.fd = dup(s.fd);
	evset_add(&d, p[0], POLLIN);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
	guest_put(p[1]);
	evset_expect(&d, p[0], POLLIN);
	close(s.fd);
	guest_put(p[1]);
	evset_expect(&d, p[0], POLLIN);
	close(d.fd);
	/* The mapping holds it, and the watched file knows no difference. */
	guest_put(p[1]);
	GUEST_RETURNS(munmap(d.map, d.size), 0);
}

static void *close_apart(void *arg)
{
	if (unshare(CLONE_FILES) != 0)
		return "unshare";
	close(*(int *)arg);
	return NULL;
}

GUEST_TEST(process, table_of_its_own, 30,
	   "a close in a thread with its own descriptor table is not the last one")
{
	struct evset s;
	int p[2];

	evset_pipe(&s, p, POLLIN);
	ck_assert_ptr_null(guest_join(guest_thread(close_apart, &p[0])));
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
	GUEST_RETURNS(evset_info(&s, "items"), 1);
}

GUEST_TEST(process, nofile_limit, 30,
	   "RLIMIT_NOFILE ends opens with EMFILE and changes nothing for what is open")
{
	struct rlimit r;
	struct evset s;
	int p[2];

	evset_open(&s, 8);
	guest_pipe(p);
	ck_assert(getrlimit(RLIMIT_NOFILE, &r) == 0);
	r.rlim_cur = 3;
	ck_assert(setrlimit(RLIMIT_NOFILE, &r) == 0);
	GUEST_FAILS(open(GUEST_DEVICE, O_RDWR), EMFILE);
	/* Numbers above the limit are open all the same. */
	evset_add(&s, p[0], POLLIN);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(process, high_number, 30,
	   "a descriptor with a number far above the capacity is watched like any other")
{
	struct evset s;
	int p[2], fd;

	guest_nofile(300000);
	evset_open(&s, 8);
	guest_pipe(p);
	fd = fcntl(p[0], F_DUPFD_CLOEXEC, 262144);
	GUEST_RETURNS(fd, 262144);
	evset_add(&s, fd, POLLIN);
	guest_put(p[1]);
	evset_expect(&s, fd, POLLIN);
	evset_del(&s, fd);
}

GUEST_TEST(process, map_in_child_outlives_close, 30,
	   "a mapping in one process stays readable and is filled after all have closed")
{
	struct evset s;
	struct pollfd *slot;
	int p[2], c[2], half;
	pid_t pid;

	evset_open(&s, 8);
	guest_pipe(p);
	guest_unix(c);
	evset_add(&s, p[0], POLLIN);
	half = (int)evset_info(&s, "filling");
	pid = guest_fork();
	if (!pid) {
		close(s.fd);
		user_hear(c[1]);
		/* Only this mapping is left, and the kernel still fills it. */
		slot = (struct pollfd *)(s.map + half * (s.size / 2));
		ck_assert(slot->fd == p[0] && slot->revents == POLLIN);
		_exit(0);
	}
	evset_close(&s);
	guest_put(p[1]);
	guest_put(c[0]);
	guest_reap(pid);
}

enum { ADDED = 400 };

GUEST_TEST(process, two_writers, 120,
	   "two processes add and remove in one instance at once: nothing is lost")
{
	struct evset s;
	int fd[2 * ADDED], i, half, round;
	pid_t pid[2];

	guest_nofile(2 * ADDED + 64);
	evset_open(&s, 2 * ADDED);
	for (i = 0; i < 2 * ADDED; i++)
		fd[i] = guest_eventfd();
	for (half = 0; half < 2; half++) {
		pid[half] = guest_fork();
		if (pid[half])
			continue;
		for (round = 0; round < 5; round++) {
			for (i = half; i < 2 * ADDED; i += 2)
				evset_add(&s, fd[i], POLLIN);
			for (i = half; i < 2 * ADDED; i += 2)
				if (round < 4)
					evset_del(&s, fd[i]);
		}
		_exit(0);
	}
	guest_reap(pid[0]);
	guest_reap(pid[1]);
	GUEST_RETURNS(evset_info(&s, "items"), 2 * ADDED);
	for (i = 0; i < 2 * ADDED; i++)
		guest_put(fd[i]);
	GUEST_RETURNS(evset_wait(&s, GUEST_WAIT_MS, NULL), 2 * ADDED);
}
