// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_process.c - fork, exec, threads, signals, passing descriptors
 *
 * An instance belongs to nobody: it is shared by all who hold its file.  A
 * number is looked up once, in the table of whoever adds it, and from then on
 * it is a name for the file that was found, whoever holds that.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "behave.h"

/* Tells the other process, and waits for it: one byte over a unix socket. */
static void say(int sock)
{
	guest_put(sock);
}

static void hear(int sock)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	char c;

	GUEST_RETURNS(poll(&p, 1, 2 * GUEST_WAIT_MS), 1);
	ck_assert_msg(read(sock, &c, 1) == 1, "the other process is gone");
}

/* A child that is in a wait on @ep, and ends with 0 if it got one event. */
static pid_t fork_waiter(int ep)
{
	struct epoll_event ev;
	pid_t pid = guest_fork();

	if (!pid)
		_exit(behave_wait(ep, &ev, 1, 2 * GUEST_WAIT_MS) == 1 ? 0 : 1);
	guest_in_syscall(pid, pid, -1, ep);
	return pid;
}

static void kill_waiter(pid_t pid)
{
	int status;

	GUEST_RETURNS(kill(pid, SIGKILL), 0);
	GUEST_RETURNS(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
}

/*
 * fork
 */

BEHAVE_TEST(fork_child_adds, 30, BEHAVE_EPOLL,
	    "what a child adds to an inherited instance its parent is told of")
{
	int p[2], ep = behave_create();

	guest_pipe(p);
	GUEST_CHILD {
		behave_add(ep, p[0], EPOLLIN);
		guest_put(p[1]);
	}
	behave_expect(ep, p[0], EPOLLIN);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, p[0], EPOLLIN), EEXIST);
	behave_mod(ep, p[0], EPOLLIN | EPOLLONESHOT);
	behave_expect(ep, p[0], EPOLLIN);
	behave_none(ep);
}

BEHAVE_TEST(fork_child_removes, 30, BEHAVE_EPOLL,
	    "what a child removes from an inherited instance is gone for its parent")
{
	int p[2], q[2], ep = behave_create();

	guest_pipe(p);
	guest_pipe(q);
	behave_add(ep, p[0], EPOLLIN);
	behave_add(ep, q[0], EPOLLIN);
	guest_put(p[1]);
	guest_put(q[1]);
	GUEST_CHILD {
		behave_del(ep, p[0]);
		behave_mod(ep, q[0], 0);
	}
	behave_none(ep);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_DEL, p[0], 0), ENOENT);
}

BEHAVE_TEST(fork_child_takes_the_edge, 30, BEHAVE_EPOLL,
	    "an edge is told once, to whichever process asks first; what is level to both")
{
	int p[2], q[2], ep = behave_create();

	guest_pipe(p);
	guest_pipe(q);
	behave_add(ep, p[0], EPOLLIN | EPOLLET);
	guest_put(p[1]);
	GUEST_CHILD {
		behave_expect(ep, p[0], EPOLLIN);
	}
	behave_none(ep);
	behave_add(ep, q[0], EPOLLIN);
	guest_put(q[1]);
	GUEST_CHILD {
		behave_expect(ep, q[0], EPOLLIN);
	}
	behave_expect(ep, q[0], EPOLLIN);
}

BEHAVE_TEST(fork_waiter_in_the_child, 30, BEHAVE_EPOLL,
	    "a child's wait is ended by what its parent adds and writes")
{
	int p[2], ep = behave_create();
	pid_t pid = fork_waiter(ep);

	behave_pipe(ep, p, EPOLLIN);
	guest_in_syscall(pid, pid, -1, ep);
	guest_put(p[1]);
	guest_reap(pid);
}

BEHAVE_TEST(fork_holds_the_file, 30, BEHAVE_EPOLL,
	    "a watched file that the parent closes is told as long as a child has it open")
{
	int p[2], c[2], ep = behave_create();
	pid_t pid;

	guest_pipe(p);
	guest_unix(c);
	behave_add(ep, p[0], EPOLLIN);
	pid = guest_fork();
	if (!pid) {
		hear(c[1]);
		_exit(0);
	}
	close(p[0]);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_DEL, p[0], 0), EBADF);
	say(c[0]);
	guest_reap(pid);
	behave_none(ep);
	ck_assert_int_eq(behave_items(ep), 0);
}

BEHAVE_TEST(fork_item_of_a_dead_process, 30, BEHAVE_EPOLL,
	    "an item whose file only its process had goes with the process, ready or not")
{
	int ep = behave_create();
	pid_t pid;

	for (int i = 0; i < 4; i++) {
		pid = guest_fork();
		if (!pid) {
			int p[2];

			behave_pipe(ep, p, EPOLLIN);
			behave_add(ep, p[1], EPOLLOUT);
			if (i & 1)
				guest_put(p[1]);
			if (i & 2)
				kill(getpid(), SIGKILL);
			_exit(0);
		}
		ck_assert(waitpid(pid, NULL, 0) == pid);
		behave_none(ep);
		ck_assert_int_eq(behave_items(ep), 0);
	}
}

BEHAVE_TEST(fork_numbers_are_the_adders, 30, BEHAVE_EPOLL,
	    "a number means what it means to the process that calls: two processes can add two files under one")
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 2 };
	int c[2], p[2], q[2], ep = behave_create();
	pid_t pid;

	guest_unix(c);
	guest_pipe(p);
	guest_pipe(q);
	behave_add(ep, p[0], EPOLLIN);
	pid = guest_fork();
	if (!pid) {
		GUEST_RETURNS(dup2(q[0], p[0]), p[0]);
		GUEST_FAILS(behave_set(ep, EPOLL_CTL_MOD, p[0], EPOLLIN), ENOENT);
		GUEST_RETURNS(behave_ctl(ep, EPOLL_CTL_ADD, p[0], &ev), 0);
		say(c[1]);
		hear(c[1]);
		behave_del(ep, p[0]);
		_exit(0);
	}
	hear(c[0]);
	ck_assert_int_eq(behave_items(ep), 2);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	guest_drain(p[0]);
	guest_put(q[1]);
	behave_expect(ep, 2, EPOLLIN);
	say(c[0]);
	guest_reap(pid);
	behave_none(ep);
	ck_assert_int_eq(behave_items(ep), 1);
}

BEHAVE_TEST(fork_parent_leaves, 30, BEHAVE_EPOLL,
	    "an instance lives on in the child when its parent has closed it")
{
	int p[2], c[2], ep = behave_create();
	pid_t pid;

	guest_pipe(p);
	guest_unix(c);
	behave_add(ep, p[0], EPOLLIN);
	pid = guest_fork();
	if (!pid) {
		hear(c[1]);
		guest_put(p[1]);
		behave_expect(ep, p[0], EPOLLIN);
		_exit(0);
	}
	close(ep);
	say(c[0]);
	guest_reap(pid);
}

BEHAVE_TEST(fork_many_children, 60, BEHAVE_EPOLL,
	    "fifty children come, look and go: the instance and its items stay")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN);
	guest_put(p[1]);
	for (int i = 0; i < 50; i++) {
		GUEST_CHILD {
			behave_expect(ep, p[0], EPOLLIN);
		}
	}
	behave_expect(ep, p[0], EPOLLIN);
}

BEHAVE_TEST(exit_with_everything_open, 30, BEHAVE_EPOLL,
	    "a process that exits with instances, nested ones and ready files open leaves its peers a hang-up, and nothing else")
{
	for (int i = 0; i < 10; i++) {
		struct epoll_event ev[8];
		int sv[4][2], ep[3];
		pid_t pid;

		for (int j = 0; j < 4; j++)
			guest_unix(sv[j]);
		pid = guest_fork();
		if (!pid) {
			for (int j = 0; j < 3; j++) {
				ep[j] = behave_create();
				if (j)
					behave_add(ep[j - 1], ep[j], EPOLLIN);
			}
			for (int j = 0; j < 4; j++) {
				close(sv[j][0]);
				behave_add(ep[j % 3], sv[j][1], EPOLLIN);
				behave_add(ep[2], dup(sv[j][1]), EPOLLIN | EPOLLET);
			}
			say(sv[0][1]);
			if (i & 1)
				behave_wait(ep[0], ev, 8, 0);
			raise(SIGKILL);
		}
		for (int j = 0; j < 4; j++)
			close(sv[j][1]);
		hear(sv[0][0]);
		/* Events come while it dies, if it still lives. */
		for (int j = 0; j < 4; j++)
			(void)!write(sv[j][0], "x", 1);
		ck_assert(waitpid(pid, NULL, 0) == pid);
		for (int j = 0; j < 4; j++)
			GUEST_RETURNS(guest_poll(sv[j][0], POLLIN) & POLLHUP, POLLHUP);
		for (int j = 0; j < 4; j++)
			close(sv[j][0]);
	}
}

enum { ADDED = 200 };

BEHAVE_TEST(fork_two_writers, 120, BEHAVE_EPOLL,
	    "two processes add and remove in one instance at once: the end is the sum of both")
{
	static struct epoll_event ev[2 * ADDED];
	int fd[2 * ADDED], ep = behave_create();
	pid_t pid[2];

	guest_nofile(2 * ADDED + 64);
	for (int i = 0; i < 2 * ADDED; i++)
		fd[i] = guest_eventfd();
	for (int half = 0; half < 2; half++) {
		pid[half] = guest_fork();
		if (pid[half])
			continue;
		for (int round = 0; round < 5; round++) {
			for (int i = half; i < 2 * ADDED; i += 2)
				behave_add(ep, fd[i], EPOLLIN);
			for (int i = half; i < 2 * ADDED; i += 2)
				if (round < 4)
					behave_del(ep, fd[i]);
		}
		_exit(0);
	}
	guest_reap(pid[0]);
	guest_reap(pid[1]);
	ck_assert_int_eq(behave_items(ep), 2 * ADDED);
	for (int i = 0; i < 2 * ADDED; i++)
		guest_put(fd[i]);
	GUEST_RETURNS(behave_wait(ep, ev, 2 * ADDED, 0), 2 * ADDED);
}

/* The event that ends the two waiters below; the others are numbered. */
#define END	1000000u

/* Counts the numbered events in @told; was END among them? */
static bool count(const struct epoll_event *ev, int n, int *told)
{
	bool end = false;

	for (int i = 0; i < n; i++) {
		if (ev[i].data.u32 == END)
			end = true;
		else
			__atomic_fetch_add(&told[ev[i].data.u32], 1, __ATOMIC_RELAXED);
	}
	return end;
}

/* Few at a time, so that both get some, until there is nothing but END. */
static void count_all(int ep, int *told)
{
	struct epoll_event ev[3];
	bool end;
	int n;

	do {
		n = behave_wait(ep, ev, 3, 2 * GUEST_WAIT_MS);
		ck_assert_int_gt(n, 0);
		end = count(ev, n, told);
	} while (!end || n > 1);
}

static void add_as(int ep, int fd, uint32_t events, uint32_t data)
{
	struct epoll_event ev = { .events = events, .data.u32 = data };

	GUEST_RETURNS(behave_ctl(ep, EPOLL_CTL_ADD, fd, &ev), 0);
}

BEHAVE_TEST(fork_two_waiters_share, 60, BEHAVE_EPOLL,
	    "edges that two processes wait for at once are told to one of them each, and none is lost")
{
	enum { N = 200 };
	int fd[N], end = guest_eventfd(), ep = behave_create();
	int *told = mmap(NULL, N * sizeof(int), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid[2];

	ck_assert(told != MAP_FAILED);
	guest_nofile(N + 64);
	add_as(ep, end, EPOLLIN, END);
	for (int i = 0; i < N; i++) {
		fd[i] = guest_eventfd();
		add_as(ep, fd[i], EPOLLIN | EPOLLET, (uint32_t)i);
	}
	for (int i = 0; i < 2; i++) {
		pid[i] = guest_fork();
		if (!pid[i]) {
			count_all(ep, told);
			_exit(0);
		}
	}
	for (int i = 0; i < N; i++)
		guest_put(fd[i]);
	guest_put(end);
	guest_reap(pid[0]);
	guest_reap(pid[1]);
	for (int i = 0; i < N; i++)
		ck_assert_msg(told[i] == 1, "event %d was told %d times", i, told[i]);
}

/*
 * exec
 */

/* Runs a program that holds what it inherits until hold[1] is closed. */
static pid_t exec_hold(const int hold[2], int keep)
{
	pid_t pid = guest_fork();

	if (!pid) {
		if (keep >= 0)
			ck_assert(fcntl(keep, F_SETFD, 0) == 0);
		ck_assert(fcntl(hold[0], F_SETFD, 0) == 0);
		close(hold[1]);
		guest_exec_hold(hold[0]);
	}
	return pid;
}

BEHAVE_TEST(exec_keeps_the_instance, 30, BEHAVE_EPOLL,
	    "an instance without FD_CLOEXEC lives on in a program that knows nothing of it")
{
	int p[2], hold[2], ep = behave_create(), other = behave_create();
	pid_t pid;

	guest_pipe(p);
	ck_assert(pipe2(hold, O_CLOEXEC) == 0);
	behave_add(ep, p[0], EPOLLIN);
	behave_add(other, ep, EPOLLIN);
	pid = exec_hold(hold, ep);
	close(ep);
	/* Nobody can ask it, but it is there, and hears. */
	guest_put(p[1]);
	behave_expect(other, ep, EPOLLIN);
	close(hold[1]);
	guest_reap(pid);
	behave_none(other);
	ck_assert_int_eq(behave_items(other), 0);
}

BEHAVE_TEST(exec_closes_the_instance, 30, BEHAVE_EPOLL,
	    "an instance with FD_CLOEXEC ends with the exec of its last holder")
{
	int hold[2], ep, other = behave_create();
	pid_t pid;

	ck_assert(pipe2(hold, O_CLOEXEC) == 0);
	ep = behave_create();
	behave_add(other, ep, EPOLLIN);
	ck_assert_int_eq(behave_items(other), 1);
	pid = exec_hold(hold, -1);
	close(ep);
	behave_until_empty(other);
	/* The program runs on. */
	GUEST_RETURNS(waitpid(pid, NULL, WNOHANG), 0);
	close(hold[1]);
	guest_reap(pid);
}

BEHAVE_TEST(exec_closes_the_watched, 30, BEHAVE_EPOLL,
	    "a watched file with FD_CLOEXEC is watched until the exec of its last holder")
{
	int p[2], go[2], hold[2], ep = behave_create();
	pid_t pid;

	guest_pipe(p);
	guest_unix(go);
	ck_assert(pipe2(hold, O_CLOEXEC) == 0);
	behave_add(ep, p[0], EPOLLIN);
	pid = guest_fork();
	if (!pid) {
		hear(go[1]);
		ck_assert(fcntl(hold[0], F_SETFD, 0) == 0);
		close(hold[1]);
		guest_exec_hold(hold[0]);
	}
	close(p[0]);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	say(go[0]);
	behave_until_empty(ep);
	behave_none(ep);
	close(hold[1]);
	guest_reap(pid);
}

BEHAVE_TEST(exec_flag_of_create, 20, BEHAVE_EPOLL,
	    "EPOLL_CLOEXEC sets FD_CLOEXEC, and only then")
{
	GUEST_RETURNS(fcntl(behave_try_create(EPOLL_CLOEXEC), F_GETFD), FD_CLOEXEC);
	GUEST_RETURNS(fcntl(behave_try_create(0), F_GETFD), 0);
}

/*
 * Descriptors in flight
 */

static void send_fd(int sock, int fd)
{
	char space[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 'f';
	struct iovec io = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = {
		.msg_iov = &io, .msg_iovlen = 1,
		.msg_control = space, .msg_controllen = sizeof(space),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	GUEST_RETURNS(sendmsg(sock, &m, 0), 1);
}

static int recv_fd(int sock)
{
	char space[CMSG_SPACE(sizeof(int))], byte;
	struct iovec io = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = {
		.msg_iov = &io, .msg_iovlen = 1,
		.msg_control = space, .msg_controllen = sizeof(space),
	};
	struct pollfd p = { .fd = sock, .events = POLLIN };
	int fd;

	GUEST_RETURNS(poll(&p, 1, GUEST_WAIT_MS), 1);
	GUEST_RETURNS(recvmsg(sock, &m, MSG_CMSG_CLOEXEC), 1);
	ck_assert_msg(CMSG_FIRSTHDR(&m), "no descriptor came");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	return fd;
}

BEHAVE_TEST(scm_instance, 30, BEHAVE_EPOLL,
	    "a process that is sent an instance can add to it and wait on it")
{
	int c[2], p[2], q[2], ep;
	pid_t pid;

	guest_unix(c);
	guest_pipe(p);
	guest_pipe(q);
	pid = guest_fork();
	if (!pid) {
		ep = recv_fd(c[1]);
		behave_expect(ep, p[0], EPOLLIN);
		behave_del(ep, p[0]);
		behave_add(ep, q[0], EPOLLIN);
		_exit(0);
	}
	ep = behave_create();
	behave_add(ep, p[0], EPOLLIN);
	guest_put(p[1]);
	send_fd(c[0], ep);
	guest_reap(pid);
	behave_none(ep);
	guest_put(q[1]);
	behave_expect(ep, q[0], EPOLLIN);
}

BEHAVE_TEST(scm_instance_in_flight, 30, BEHAVE_EPOLL,
	    "an instance that is nowhere but in a message gathers events for whoever takes it")
{
	int c[2], p[2], ep = behave_create();

	guest_unix(c);
	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	send_fd(c[0], ep);
	close(ep);
	guest_put(p[1]);
	ep = recv_fd(c[1]);
	behave_expect(ep, p[0], EPOLLIN);
	behave_none(ep);
}

BEHAVE_TEST(scm_watched_in_flight, 30, BEHAVE_EPOLL,
	    "a watched file that is nowhere but in a message is told; it goes when the message does")
{
	int c[2], p[2], ep = behave_create();

	guest_unix(c);
	behave_pipe(ep, p, EPOLLIN);
	send_fd(c[0], p[0]);
	close(p[0]);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	ck_assert_int_eq(behave_items(ep), 1);
	close(c[0]);
	close(c[1]);
	behave_until_empty(ep);
	behave_none(ep);
}

BEHAVE_TEST(scm_watched_received, 30, BEHAVE_EPOLL,
	    "a watched file that was sent and closed here is told by its old number until its receiver closes it")
{
	int c[2], p[2], fd, ep = behave_create();

	guest_unix(c);
	behave_pipe(ep, p, EPOLLIN);
	send_fd(c[0], p[0]);
	close(p[0]);
	/* The number is free: something else takes it first. */
	GUEST_RETURNS(dup2(c[0], p[0]), p[0]);
	fd = recv_fd(c[1]);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_DEL, fd, 0), ENOENT);
	close(fd);
	behave_none(ep);
	ck_assert_int_eq(behave_items(ep), 0);
}

BEHAVE_TEST(scm_garbage, 60, BEHAVE_EPOLL,
	    "watched sockets that only hold each other in flight go with the kernel's collector")
{
	int a[2], b[2], ep = behave_create();

	guest_unix(a);
	behave_add(ep, a[0], EPOLLET);
	behave_add(ep, a[1], EPOLLET);
	send_fd(a[0], a[0]);
	send_fd(a[1], a[1]);
	close(a[0]);
	close(a[1]);
	/* Closing any unix socket starts the collector. */
	guest_unix(b);
	close(b[0]);
	close(b[1]);
	behave_until_empty(ep);
}

/*
 * Waiters that end otherwise
 */

BEHAVE_TEST(killed_waiter, 30, BEHAVE_EVERY,
	    "a waiter that is killed takes no event with it")
{
	int p[2], ep = behave_create();
	pid_t pid;

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	pid = fork_waiter(ep);
	kill_waiter(pid);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
}

/*
 * The kernel does not pass on the wake-up of a waiter that was woken and killed:
 * another one may sleep on although something is ready, until the next event.
 */
BEHAVE_TEST(killed_waiter_of_two, 60, BEHAVE_EPOLL,
	    "a waiter that is killed at the moment of an event may take the wake-up with it, but not the event")
{
	int p[2], q[2], ep = behave_create();

	guest_pipe(p);
	guest_pipe(q);
	behave_add(ep, p[0], EPOLLIN);
	behave_add(ep, q[0], EPOLLIN);
	for (int i = 0; i < 20; i++) {
		pid_t other = fork_waiter(ep), victim = fork_waiter(ep);

		/* The last one to sleep is the first to be woken. */
		guest_put(p[1]);
		kill(victim, SIGKILL);
		GUEST_RETURNS(waitpid(victim, NULL, 0), victim);
		behave_expect(ep, p[0], EPOLLIN);
		guest_put(q[1]);
		guest_reap(other);
		guest_drain(p[0]);
		guest_drain(q[0]);
		behave_none(ep);
	}
}

static void on_signal(int sig)
{
	(void)sig;
}

BEHAVE_TEST(signal_ends_one_thread, 30, BEHAVE_EPOLL,
	    "a signal to one thread ends its wait with EINTR and leaves the other thread's alone")
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct behave_waiter a = { .ms = -1 }, b = { .ms = -1 };
	int p[2];

	GUEST_RETURNS(sigaction(SIGUSR1, &sa, NULL), 0);
	a.ep = b.ep = behave_create();
	guest_pipe(p);
	behave_add(a.ep, p[0], EPOLLIN);
	behave_waiter_start(&a);
	behave_waiter_start(&b);
	GUEST_RETURNS(pthread_kill(b.thread, SIGUSR1), 0);
	GUEST_RETURNS(behave_waiter_join(&b), -EINTR);
	behave_waiter_sleeps(&a);
	guest_put(p[1]);
	behave_waiter_got(&a, p[0], EPOLLIN);
}

static bool stopped(void *arg)
{
	int status;
	pid_t pid = *(pid_t *)arg;

	return waitpid(pid, &status, WNOHANG | WUNTRACED) == pid &&
	       WIFSTOPPED(status);
}

BEHAVE_TEST(stopped_waiter, 30, BEHAVE_EPOLL,
	    "a waiter that was stopped and continued ends with EINTR, without any handler, and takes no event")
{
	struct epoll_event ev;
	int p[2], ep = behave_create();
	pid_t pid;

	behave_pipe(ep, p, EPOLLIN);
	pid = guest_fork();
	if (!pid) {
		GUEST_FAILS(behave_wait(ep, &ev, 1, -1), EINTR);
		_exit(0);
	}
	guest_in_syscall(pid, pid, -1, ep);
	kill(pid, SIGSTOP);
	guest_until(stopped, &pid, "the child stops");
	kill(pid, SIGCONT);
	guest_reap(pid);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
}

static void *close_apart(void *arg)
{
	if (unshare(CLONE_FILES) != 0)
		return "unshare";
	close(*(int *)arg);
	return NULL;
}

BEHAVE_TEST(close_in_a_table_of_its_own, 30, BEHAVE_EPOLL,
	    "a close in a thread with its own descriptor table is not the last one")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN);
	ck_assert_ptr_null(guest_join(guest_thread(close_apart, &p[0])));
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	ck_assert_ptr_null(guest_join(guest_thread(close_apart, &ep)));
	behave_expect(ep, p[0], EPOLLIN);
}

static void *add_and_die(void *arg)
{
	int *a = arg;

	behave_add(a[0], a[1], EPOLLIN);
	return NULL;
}

BEHAVE_TEST(thread_that_added_is_gone, 30, BEHAVE_EPOLL,
	    "an item stays when the thread that added it is gone")
{
	int p[2], a[2] = { behave_create(), 0 };

	guest_pipe(p);
	a[1] = p[0];
	guest_join(guest_thread(add_and_die, a));
	guest_put(p[1]);
	behave_expect(a[0], p[0], EPOLLIN);
}
