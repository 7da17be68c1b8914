// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_source.c - what each kind of file tells: pipes, FIFOs, and the
 * descriptors that are neither file nor socket
 *
 * An event is not what happened but what is true when the wait asks the file:
 * every wait polls each file that was woken, and a level-triggered one again
 * until the answer is nothing.  Sockets are in behave_socket.c.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <mqueue.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>

#include "behave.h"
#include "ring.h"

/*
 * Pipes
 */

BEHAVE_TEST(pipe_data_until_drained, 20, BEHAVE_EPOLL,
	    "a pipe's reading end tells EPOLLIN until the last byte is read")
{
	int p[2], ep = behave_create();
	char c;

	behave_pipe(ep, p, EPOLLIN | EPOLLOUT);
	behave_none(ep);
	guest_put(p[1]);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	GUEST_RETURNS(read(p[0], &c, 1), 1);
	behave_expect(ep, p[0], EPOLLIN);
	GUEST_RETURNS(read(p[0], &c, 1), 1);
	behave_none(ep);
}

BEHAVE_TEST(pipe_each_write_is_an_edge, 20, BEHAVE_EVERY,
	    "edge-triggered: each write to a pipe is an event, unread data or not")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	for (int i = 0; i < 3; i++) {
		guest_put(p[1]);
		behave_expect(ep, p[0], EPOLLIN);
		behave_none(ep);
	}
	GUEST_RETURNS(guest_drain(p[0]), 3);
	behave_none(ep);
}

BEHAVE_TEST(pipe_two_writes_one_edge, 20, BEHAVE_EVERY,
	    "edge-triggered: what comes before the wait is one event, however often it came")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	for (int i = 0; i < 5; i++)
		guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	behave_none(ep);
}

static bool kernel_since(int major, int minor)
{
	struct utsname u;
	int x, y;

	ck_assert(uname(&u) == 0 && sscanf(u.release, "%d.%d", &x, &y) == 2);
	return x > major || (x == major && y >= minor);
}

/* Not those in which an instance that was left readable wakes who polls it again. */
BEHAVE_TEST(pipe_write_behind_unread_data, 20,
	    BEHAVE_EPOLL & ~(BEHAVE_OVFLIST_26 | BEHAVE_MULTIPASS | BEHAVE_WFCQUEUE),
	    "such a write wakes levels too until 7.2, and since 7.3 only in a pipe that somebody has watched for edges")
{
	int p[2], inner = behave_create(), outer = behave_create();
	int other = behave_create();

	behave_pipe(inner, p, EPOLLIN);
	behave_add(outer, inner, EPOLLIN | EPOLLET);
	guest_put(p[1]);
	behave_expect(outer, inner, EPOLLIN);
	guest_put(p[1]);
	if (!kernel_since(7, 3))
		behave_expect(outer, inner, EPOLLIN);
	behave_none(outer);
	/* The pipe remembers it. */
	behave_add(other, p[0], EPOLLIN | EPOLLET);
	behave_del(other, p[0]);
	guest_put(p[1]);
	behave_expect(outer, inner, EPOLLIN);
	behave_none(outer);
}

BEHAVE_TEST(pipe_drained_before_the_wait, 20, BEHAVE_EPOLL,
	    "data that was read again before the wait is no event, level or edge")
{
	int p[2], q[2], ep = behave_create();

	guest_pipe(p);
	guest_pipe(q);
	behave_add(ep, p[0], EPOLLIN);
	behave_add(ep, q[0], EPOLLIN | EPOLLET);
	guest_put(p[1]);
	guest_put(q[1]);
	guest_drain(p[0]);
	guest_drain(q[0]);
	behave_none(ep);
}

BEHAVE_TEST(pipe_room_until_full, 20, BEHAVE_EPOLL,
	    "a pipe's writing end tells EPOLLOUT unless it is full")
{
	int p[2], ep = behave_create();

	guest_pipe(p);
	behave_add(ep, p[1], EPOLLIN | EPOLLOUT);
	behave_expect(ep, p[1], EPOLLOUT);
	behave_expect(ep, p[1], EPOLLOUT);
	guest_fill(p[1]);
	behave_none(ep);
	guest_drain(p[0]);
	behave_expect(ep, p[1], EPOLLOUT);
}

BEHAVE_TEST(pipe_room_is_an_edge, 20, BEHAVE_EPOLL,
	    "edge-triggered: room in a pipe is told when it is added, and when a full one is read")
{
	int p[2], ep = behave_create();

	guest_pipe(p);
	behave_add(ep, p[1], EPOLLOUT | EPOLLET);
	behave_expect(ep, p[1], EPOLLOUT);
	behave_none(ep);
	for (int i = 0; i < 3; i++) {
		guest_fill(p[1]);
		behave_none(ep);
		guest_drain(p[0]);
		behave_expect(ep, p[1], EPOLLOUT);
		behave_none(ep);
	}
}

BEHAVE_TEST(pipe_writer_gone_is_hup, 20, BEHAVE_EPOLL,
	    "the end of a pipe's writer is EPOLLHUP, asked for or not, and for as long as it lasts")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, 0);
	behave_none(ep);
	close(p[1]);
	behave_expect(ep, p[0], EPOLLHUP);
	behave_expect(ep, p[0], EPOLLHUP);
}

BEHAVE_TEST(pipe_writer_gone_with_data, 20, BEHAVE_EPOLL,
	    "EPOLLHUP comes beside EPOLLIN while data waits, and stays alone when it is read")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLRDHUP);
	guest_put(p[1]);
	close(p[1]);
	behave_expect(ep, p[0], EPOLLIN | EPOLLHUP);
	guest_drain(p[0]);
	behave_expect(ep, p[0], EPOLLHUP);
}

BEHAVE_TEST(pipe_writer_gone_is_an_edge, 20, BEHAVE_EVERY,
	    "edge-triggered: the end of a pipe's writer is one event")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	close(p[1]);
	behave_expect(ep, p[0], EPOLLIN | EPOLLHUP);
	behave_none(ep);
}

BEHAVE_TEST(pipe_second_writer_keeps_it, 20, BEHAVE_EPOLL,
	    "a pipe hangs up when its last writer is gone, not before")
{
	int p[2], w, ep = behave_create();

	guest_pipe(p);
	w = dup(p[1]);
	behave_add(ep, p[0], EPOLLIN);
	close(p[1]);
	behave_none(ep);
	close(w);
	behave_expect(ep, p[0], EPOLLHUP);
}

BEHAVE_TEST(pipe_reader_gone_is_err, 20, BEHAVE_EPOLL,
	    "the end of a pipe's reader is EPOLLERR, asked for or not, beside the room that is left")
{
	int p[2], q[2], ep = behave_create();

	guest_pipe(p);
	behave_add(ep, p[1], 0);
	behave_none(ep);
	close(p[0]);
	behave_expect(ep, p[1], EPOLLERR);
	behave_mod(ep, p[1], EPOLLOUT);
	behave_expect(ep, p[1], EPOLLOUT | EPOLLERR);
	behave_del(ep, p[1]);

	guest_pipe(q);
	guest_fill(q[1]);
	behave_add(ep, q[1], EPOLLOUT);
	behave_none(ep);
	close(q[0]);
	behave_expect(ep, q[1], EPOLLERR);
}

BEHAVE_TEST(pipe_reader_gone_is_an_edge, 20, BEHAVE_EVERY,
	    "edge-triggered: the end of a full pipe's reader is one event for its writer")
{
	int p[2], ep = behave_create();

	guest_pipe(p);
	guest_fill(p[1]);
	behave_add(ep, p[1], EPOLLOUT | EPOLLET);
	behave_none(ep);
	close(p[0]);
	behave_expect(ep, p[1], EPOLLERR);
	behave_none(ep);
}

/* A FIFO's path; the folder is left behind, as the test may die anywhere. */
static const char *fifo_make(void)
{
	static char dir[] = "/tmp/behave-XXXXXX", path[64];

	ck_assert_msg(mkdtemp(dir), "mkdtemp: %s", strerror(errno));
	snprintf(path, sizeof(path), "%s/fifo", dir);
	ck_assert_msg(mkfifo(path, 0600) == 0, "mkfifo: %s", strerror(errno));
	return path;
}

static int fifo_open(const char *path, int how)
{
	int fd = open(path, how | O_NONBLOCK | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "open of a FIFO: %s", strerror(errno));
	return fd;
}

static void fifo_forget(const char *path)
{
	char dir[64];

	snprintf(dir, sizeof(dir), "%s", path);
	*strrchr(dir, '/') = '\0';
	unlink(path);
	rmdir(dir);
}

static int fifo_both(void)
{
	const char *path = fifo_make();
	int fd = fifo_open(path, O_RDWR);

	fifo_forget(path);
	return fd;
}

BEHAVE_TEST(fifo_read_write_level, 20, BEHAVE_EPOLL,
	    "a FIFO open for both is one item on two wait queues: it tells data and room")
{
	int fd = fifo_both(), ep = behave_create();

	behave_add(ep, fd, EPOLLIN | EPOLLOUT);
	behave_expect(ep, fd, EPOLLOUT);
	guest_put(fd);
	behave_expect(ep, fd, EPOLLIN | EPOLLOUT);
	guest_fill(fd);
	behave_expect(ep, fd, EPOLLIN);
	guest_drain(fd);
	behave_expect(ep, fd, EPOLLOUT);
}

BEHAVE_TEST(fifo_read_write_edge, 20, BEHAVE_EPOLL,
	    "edge-triggered: either wait queue of a FIFO open for both makes an event")
{
	int fd = fifo_both(), ep = behave_create();

	behave_add(ep, fd, EPOLLIN | EPOLLOUT | EPOLLET);
	behave_expect(ep, fd, EPOLLOUT);
	behave_none(ep);
	guest_put(fd);
	behave_expect(ep, fd, EPOLLIN | EPOLLOUT);
	behave_none(ep);
	guest_fill(fd);
	behave_expect(ep, fd, EPOLLIN);
	behave_none(ep);
	guest_drain(fd);
	behave_expect(ep, fd, EPOLLOUT);
	behave_none(ep);
}

BEHAVE_TEST(fifo_removed_from_both_queues, 20, BEHAVE_EPOLL,
	    "a removed item has left every wait queue it was on, and can be added again")
{
	int fd = fifo_both(), ep = behave_create();

	for (int i = 0; i < 3; i++) {
		behave_add(ep, fd, EPOLLIN | EPOLLET);
		behave_none(ep);
		behave_del(ep, fd);
		guest_put(fd);
		guest_fill(fd);
		guest_drain(fd);
		behave_none(ep);
	}
}

BEHAVE_TEST(fifo_hangs_up_after_a_writer, 20, BEHAVE_EPOLL,
	    "a FIFO that nobody wrote to yet is no hang-up; it is one from the last writer to the next")
{
	const char *path = fifo_make();
	int r = fifo_open(path, O_RDONLY), w, ep = behave_create();

	behave_add(ep, r, EPOLLIN);
	behave_none(ep);
	w = fifo_open(path, O_WRONLY);
	behave_none(ep);
	close(w);
	behave_expect(ep, r, EPOLLHUP);
	w = fifo_open(path, O_WRONLY);
	behave_none(ep);
	guest_put(w);
	behave_expect(ep, r, EPOLLIN);
	fifo_forget(path);
}

/*
 * eventfd
 */

BEHAVE_TEST(eventfd_count_until_read, 20, BEHAVE_EPOLL,
	    "an eventfd tells EPOLLIN while its count is above 0, and EPOLLOUT all the time")
{
	int fd = guest_eventfd(), ep = behave_create();

	behave_add(ep, fd, EPOLLIN | EPOLLOUT);
	behave_expect(ep, fd, EPOLLOUT);
	guest_put(fd);
	guest_put(fd);
	behave_expect(ep, fd, EPOLLIN | EPOLLOUT);
	GUEST_RETURNS(guest_drain(fd), 8);
	behave_expect(ep, fd, EPOLLOUT);
}

BEHAVE_TEST(eventfd_each_write_is_an_edge, 20, BEHAVE_EVERY,
	    "edge-triggered: each write to an eventfd is an event, read or not")
{
	int fd = guest_eventfd(), ep = behave_create();

	behave_add(ep, fd, EPOLLIN | EPOLLET);
	for (int i = 0; i < 3; i++) {
		guest_put(fd);
		behave_expect(ep, fd, EPOLLIN);
		behave_none(ep);
	}
}

BEHAVE_TEST(eventfd_read_is_an_edge_of_room, 20, BEHAVE_EPOLL,
	    "edge-triggered for EPOLLOUT alone: a read of an eventfd is an event, a write is none")
{
	int fd = guest_eventfd(), ep = behave_create();

	behave_add(ep, fd, EPOLLOUT | EPOLLET);
	behave_expect(ep, fd, EPOLLOUT);
	guest_put(fd);
	behave_none(ep);
	guest_drain(fd);
	behave_expect(ep, fd, EPOLLOUT);
	behave_none(ep);
}

BEHAVE_TEST(eventfd_semaphore, 20, BEHAVE_EPOLL,
	    "a semaphore eventfd tells EPOLLIN as often as it can be taken")
{
	int fd = eventfd(3, EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC);
	int ep = behave_create();
	uint64_t got;

	ck_assert(fd >= 0);
	behave_add(ep, fd, EPOLLIN);
	for (int i = 0; i < 3; i++) {
		behave_expect(ep, fd, EPOLLIN);
		GUEST_RETURNS(read(fd, &got, sizeof(got)), sizeof(got));
		ck_assert_uint_eq(got, 1);
	}
	behave_none(ep);
}

BEHAVE_TEST(eventfd_full_is_no_room, 20, BEHAVE_EPOLL,
	    "an eventfd that is one below its highest count has no room")
{
	int fd = guest_eventfd(), ep = behave_create();
	uint64_t most = UINT64_MAX - 1;

	behave_add(ep, fd, EPOLLIN | EPOLLOUT);
	GUEST_RETURNS(write(fd, &most, sizeof(most)), sizeof(most));
	behave_expect(ep, fd, EPOLLIN);
	guest_drain(fd);
	behave_expect(ep, fd, EPOLLOUT);
}

/* The kernel itself adds to the count, as it does when AIO completes. */
static void eventfd_signal(int fd)
{
	aio_context_t aio = 0;
	struct iocb cb = { 0 }, *cbs = &cb;
	char c;

	if (syscall(SYS_io_setup, 1, &aio) != 0)
		GUEST_SKIP("io_setup: %s", strerror(errno));
	cb.aio_lio_opcode = IOCB_CMD_PREAD;
	cb.aio_fildes = (uint32_t)memfd_create("behave", MFD_CLOEXEC);
	cb.aio_buf = (uintptr_t)&c;
	cb.aio_nbytes = 1;
	cb.aio_flags = IOCB_FLAG_RESFD;
	cb.aio_resfd = (uint32_t)fd;
	GUEST_RETURNS(syscall(SYS_io_submit, aio, 1, &cbs), 1);
}

BEHAVE_TEST(eventfd_overflow_is_err, 20, BEHAVE_EPOLL,
	    "an eventfd that the kernel drove to the highest count tells EPOLLERR until it is read")
{
	int fd = guest_eventfd(), ep = behave_create();
	uint64_t most = UINT64_MAX - 1;

	behave_add(ep, fd, EPOLLIN | EPOLLOUT);
	GUEST_RETURNS(write(fd, &most, sizeof(most)), sizeof(most));
	behave_expect(ep, fd, EPOLLIN);
	eventfd_signal(fd);
	behave_expect(ep, fd, EPOLLIN | EPOLLERR);
	guest_drain(fd);
	behave_expect(ep, fd, EPOLLOUT);
}

/*
 * timerfd
 */

BEHAVE_TEST(timerfd_expired_until_read, 20, BEHAVE_EPOLL,
	    "an expired timer tells EPOLLIN until it is read or stopped")
{
	int fd = guest_timerfd(), ep = behave_create();

	behave_add(ep, fd, EPOLLIN | EPOLLOUT);
	behave_none(ep);
	guest_timer_in(fd, 1000000);
	behave_expect(ep, fd, EPOLLIN);
	behave_expect(ep, fd, EPOLLIN);
	GUEST_RETURNS(guest_drain(fd), 8);
	behave_none(ep);
	guest_timer_in(fd, 1000000);
	behave_expect(ep, fd, EPOLLIN);
	guest_timer_in(fd, 0);
	behave_none(ep);
}

BEHAVE_TEST(timerfd_each_expiry_is_an_edge, 20, BEHAVE_EVERY,
	    "edge-triggered: each expiry, in a hard interrupt, is an event")
{
	int fd = guest_timerfd(), ep = behave_create();

	behave_add(ep, fd, EPOLLIN | EPOLLET);
	for (int i = 0; i < 5; i++) {
		guest_timer_in(fd, 1000000);
		behave_expect(ep, fd, EPOLLIN);
		behave_none(ep);
	}
}

BEHAVE_TEST(timerfd_many_at_once, 60, BEHAVE_EPOLL,
	    "timers that expire at the same time are all told, each once")
{
	enum { N = 200 };
	struct itimerspec at = { 0 };
	struct epoll_event ev[N];
	static bool told[N];
	int ep = behave_create(), fd[N], n, count = 0;

	guest_nofile(N + 64);
	clock_gettime(CLOCK_MONOTONIC, &at.it_value);
	at.it_value.tv_sec++;
	for (int i = 0; i < N; i++) {
		fd[i] = guest_timerfd();
		ck_assert(timerfd_settime(fd[i], TFD_TIMER_ABSTIME, &at, NULL) == 0);
		ev[0] = (struct epoll_event){ .events = EPOLLIN | EPOLLET,
					      .data.u32 = (uint32_t)i };
		GUEST_RETURNS(behave_ctl(ep, EPOLL_CTL_ADD, fd[i], ev), 0);
	}
	while (count < N) {
		n = behave_wait(ep, ev, N, GUEST_WAIT_MS);
		ck_assert_msg(n > 0, "%d of %d timers were told, then %d",
			      count, N, n);
		for (int i = 0; i < n; i++) {
			ck_assert_msg(!told[ev[i].data.u32], "timer %u was told twice",
				      ev[i].data.u32);
			told[ev[i].data.u32] = true;
			count++;
		}
	}
	behave_none(ep);
}

/*
 * signalfd: its wait queue is the task's that polls it, and so is its answer
 */

BEHAVE_TEST(signalfd_signal_until_read, 20, BEHAVE_EPOLL,
	    "a pending signal is EPOLLIN of the signalfd that holds it, until it is read")
{
	int fd = guest_signalfd(SIGUSR1), other = guest_signalfd(SIGUSR2);
	int ep = behave_create();

	behave_add(ep, fd, EPOLLIN | EPOLLOUT);
	behave_add(ep, other, EPOLLIN);
	ck_assert(kill(getpid(), SIGUSR1) == 0);
	behave_expect(ep, fd, EPOLLIN);
	behave_expect(ep, fd, EPOLLIN);
	guest_drain(fd);
	behave_none(ep);
}

BEHAVE_TEST(signalfd_edge, 20, BEHAVE_EVERY,
	    "edge-triggered: each queued signal is an event, unread ones or not")
{
	int fd = guest_signalfd(SIGRTMIN), ep = behave_create();

	behave_add(ep, fd, EPOLLIN | EPOLLET);
	for (int i = 0; i < 3; i++) {
		ck_assert(kill(getpid(), SIGRTMIN) == 0);
		behave_expect(ep, fd, EPOLLIN);
		behave_none(ep);
	}
}

BEHAVE_TEST(signalfd_answers_for_who_waits, 30, BEHAVE_EPOLL,
	    "a signalfd is asked about the signals of whoever waits: another task takes the event away")
{
	int fd = guest_signalfd(SIGRTMIN), ep = behave_create();

	behave_add(ep, fd, EPOLLIN);
	ck_assert(kill(getpid(), SIGRTMIN) == 0);
	GUEST_CHILD {
		/* Nothing is pending here, so the item is not ready. */
		behave_none(ep);
	}
	behave_none(ep);
	GUEST_RETURNS(guest_poll(fd, POLLIN), POLLIN);
	/* The next signal makes it ready again, and here it is asked well. */
	ck_assert(kill(getpid(), SIGRTMIN) == 0);
	behave_expect(ep, fd, EPOLLIN);
}

/* As if the child had never been: its queue is gone, the item stays. */
static void add_by_a_dead_task(int ep, int fd)
{
	GUEST_CHILD {
		behave_add(ep, fd, EPOLLIN);
	}
}

BEHAVE_TEST(signalfd_of_a_dead_task, 30, BEHAVE_EPOLL,
	    "a signalfd added by a task that is gone hears nothing more, and is no hang-up; its item can be used")
{
	int fd = guest_signalfd(SIGUSR1), ep = behave_create();

	for (int i = 0; i < 5; i++) {
		add_by_a_dead_task(ep, fd);
		behave_none(ep);
		GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, fd, EPOLLIN), EEXIST);
		ck_assert(kill(getpid(), SIGUSR1) == 0);
		behave_none(ep);
		/* A change of the mask asks the file, but puts it on no queue. */
		behave_mod(ep, fd, EPOLLIN);
		behave_expect(ep, fd, EPOLLIN);
		guest_drain(fd);
		behave_none(ep);
		ck_assert(kill(getpid(), SIGUSR1) == 0);
		behave_none(ep);
		guest_drain(fd);
		behave_del(ep, fd);
	}
	behave_add(ep, fd, EPOLLIN);
	ck_assert(kill(getpid(), SIGUSR1) == 0);
	behave_expect(ep, fd, EPOLLIN);
}

BEHAVE_TEST(signalfd_of_a_dead_task_closed, 30, BEHAVE_EPOLL,
	    "a signalfd whose queue went with its task can be closed before its instance or after it")
{
	for (int i = 0; i < 20; i++) {
		int fd = guest_signalfd(SIGUSR1), ep = behave_create();

		add_by_a_dead_task(ep, fd);
		if (i & 1) {
			close(fd);
			behave_none(ep);
		}
		close(ep);
		if (!(i & 1))
			close(fd);
	}
}

static void *add_signalfd(void *arg)
{
	int *a = arg;

	behave_add(a[0], a[1], EPOLLIN);
	return NULL;
}

BEHAVE_TEST(signalfd_of_a_dead_thread, 30, BEHAVE_EPOLL,
	    "a signalfd added by a thread that is gone goes on: the queue is the process's")
{
	int a[2] = { behave_create(), guest_signalfd(SIGUSR1) };

	guest_join(guest_thread(add_signalfd, a));
	ck_assert(kill(getpid(), SIGUSR1) == 0);
	behave_expect(a[0], a[1], EPOLLIN);
}

/*
 * inotify, pidfd, message queues
 */

BEHAVE_TEST(inotify_change_until_read, 20, BEHAVE_EPOLL,
	    "a change in a watched folder is EPOLLIN of inotify until it is read; each is an edge")
{
	char dir[] = "/tmp/behave-XXXXXX", path[64];
	int level = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	int edge = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	int a = behave_create(), b = behave_create();

	ck_assert(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x", dir);
	ck_assert(inotify_add_watch(level, dir, IN_CREATE | IN_DELETE) >= 0);
	ck_assert(inotify_add_watch(edge, dir, IN_CREATE | IN_DELETE) >= 0);
	behave_add(a, level, EPOLLIN | EPOLLOUT);
	behave_add(b, edge, EPOLLIN | EPOLLET);
	for (int i = 0; i < 4; i++) {
		/* The same change twice would be one, and wake once. */
		ck_assert((i & 1 ? rmdir(path) : mkdir(path, 0700)) == 0);
		behave_expect(a, level, EPOLLIN);
		behave_expect(a, level, EPOLLIN);
		behave_expect(b, edge, EPOLLIN);
		behave_none(b);
	}
	guest_drain(level);
	behave_none(a);
	rmdir(dir);
}

BEHAVE_TEST(pidfd_end_of_a_process, 30, BEHAVE_EPOLL,
	    "the end of a process is EPOLLIN of its pidfd, level and edge")
{
	int p[2], fd, level = behave_create(), edge = behave_create();
	siginfo_t info;
	pid_t pid;
	char c;

	ck_assert(pipe(p) == 0);
	pid = guest_fork();
	if (!pid) {
		close(p[1]);
		_exit(read(p[0], &c, 1) == 0 ? 0 : 1);
	}
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	ck_assert_msg(fd >= 0, "pidfd_open: %s", strerror(errno));
	behave_add(level, fd, EPOLLIN);
	behave_add(edge, fd, EPOLLIN | EPOLLET);
	behave_none(level);
	behave_none(edge);
	close(p[1]);
	behave_expect(level, fd, EPOLLIN);
	behave_expect(edge, fd, EPOLLIN);
	/* Not reaped yet: that would be a hang-up to newer kernels. */
	GUEST_RETURNS(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	behave_expect(level, fd, EPOLLIN);
	behave_none(edge);
	guest_reap(pid);
}

BEHAVE_TEST(mqueue_message_and_room, 20, BEHAVE_EPOLL,
	    "a message in a POSIX queue is EPOLLIN, a place in it EPOLLOUT")
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 1 };
	int ep = behave_create();
	char c = 'x', name[32];
	mqd_t q;

	snprintf(name, sizeof(name), "/behave-%d", getpid());
	q = mq_open(name, O_CREAT | O_RDWR | O_NONBLOCK | O_CLOEXEC, 0600, &attr);
	if (q < 0 && (errno == ENOSYS || errno == ENODEV))
		GUEST_SKIP("no POSIX message queues: %s", strerror(errno));
	ck_assert_msg(q >= 0, "mq_open: %s", strerror(errno));
	mq_unlink(name);
	behave_add(ep, q, EPOLLIN | EPOLLOUT);
	behave_expect(ep, q, EPOLLOUT);
	ck_assert(mq_send(q, &c, 1, 0) == 0);
	behave_expect(ep, q, EPOLLIN);
	ck_assert(mq_receive(q, &c, 1, NULL) == 1);
	behave_expect(ep, q, EPOLLOUT);
}

/*
 * Terminals
 */

static int pty_master(void)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		GUEST_SKIP("posix_openpt: %s", strerror(errno));
	GUEST_RETURNS(unlockpt(fd), 0);
	return fd;
}

/* Raw: a byte is told when it comes, not with the line. */
static int pty_slave(int master)
{
	int fd = ioctl(master, TIOCGPTPEER,
		       O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	struct termios t;

	ck_assert_msg(fd >= 0, "TIOCGPTPEER: %s", strerror(errno));
	GUEST_RETURNS(tcgetattr(fd, &t), 0);
	cfmakeraw(&t);
	GUEST_RETURNS(tcsetattr(fd, TCSANOW, &t), 0);
	return fd;
}

BEHAVE_TEST(pty_data_both_ways, 30, BEHAVE_EPOLL,
	    "what is written to either end of a terminal is EPOLLIN of the other")
{
	int master = pty_master(), slave = pty_slave(master);
	int ep = behave_create();

	behave_add(ep, master, EPOLLIN);
	behave_add(ep, slave, EPOLLIN);
	behave_none(ep);
	for (int i = 0; i < 3; i++) {
		guest_put(master);
		behave_expect(ep, slave, EPOLLIN);
		behave_expect(ep, slave, EPOLLIN);
		GUEST_RETURNS(guest_drain(slave), 1);
		behave_none(ep);
		guest_put(slave);
		behave_expect(ep, master, EPOLLIN);
		GUEST_RETURNS(guest_drain(master), 1);
		behave_none(ep);
	}
}

BEHAVE_TEST(pty_edges, 30, BEHAVE_EVERY,
	    "edge-triggered: a write to one end of a terminal is an event of the other")
{
	int master = pty_master(), slave = pty_slave(master);
	int ep = behave_create();

	behave_add(ep, slave, EPOLLIN | EPOLLET);
	for (int i = 0; i < 3; i++) {
		guest_put(master);
		behave_expect(ep, slave, EPOLLIN);
		GUEST_RETURNS(guest_drain(slave), 1);
		behave_none(ep);
	}
}

BEHAVE_TEST(pty_slave_closed_is_hup, 30, BEHAVE_EPOLL,
	    "a terminal's master tells EPOLLHUP while nobody has the slave open")
{
	int master = pty_master(), slave = pty_slave(master);
	int ep = behave_create();

	behave_add(ep, master, EPOLLIN);
	behave_none(ep);
	close(slave);
	behave_expect(ep, master, EPOLLHUP);
	behave_expect(ep, master, EPOLLHUP);
	slave = pty_slave(master);
	behave_none(ep);
	guest_put(slave);
	behave_expect(ep, master, EPOLLIN);
}

BEHAVE_TEST(pty_master_closed_is_hup, 30, BEHAVE_EPOLL,
	    "a terminal whose master is closed tells its slave EPOLLHUP and EPOLLERR, though the file was replaced")
{
	int master = pty_master(), slave = pty_slave(master);
	int ep = behave_create();

	behave_add(ep, slave, EPOLLIN);
	behave_none(ep);
	close(master);
	behave_expect(ep, slave, EPOLLIN | EPOLLERR | EPOLLHUP);
	behave_del(ep, slave);
	/* It can still be polled, so it can still be added. */
	behave_add(ep, slave, EPOLLIN);
	behave_expect(ep, slave, EPOLLIN | EPOLLERR | EPOLLHUP);
	close(slave);
	behave_none(ep);
}

BEHAVE_TEST(pty_packet_is_pri, 30, BEHAVE_EPOLL,
	    "in packet mode a flush of the slave is EPOLLPRI of the master")
{
	int master = pty_master(), slave = pty_slave(master);
	int on = 1, ep = behave_create();

	GUEST_RETURNS(ioctl(master, TIOCPKT, &on), 0);
	behave_add(ep, master, EPOLLIN | EPOLLPRI);
	behave_none(ep);
	GUEST_RETURNS(tcflush(slave, TCIFLUSH), 0);
	behave_expect(ep, master, EPOLLIN | EPOLLPRI);
	GUEST_RETURNS(guest_drain(master), 1);
	behave_none(ep);
}

/*
 * io_uring, by the system calls alone
 */

BEHAVE_TEST(io_uring_completion, 30, BEHAVE_EPOLL,
	    "a completion in an io_uring is EPOLLIN of its descriptor until it is taken")
{
	struct io_uring_sqe nop = { .opcode = IORING_OP_NOP };
	int ep = behave_create();
	struct io_uring_cqe cqe;
	struct ring r;

	ring_open(&r);
	behave_add(ep, r.fd, EPOLLIN);
	behave_none(ep);
	for (int i = 0; i < 3; i++) {
		ring_submit(&r, &nop);
		behave_expect(ep, r.fd, EPOLLIN);
		behave_expect(ep, r.fd, EPOLLIN);
		ck_assert(ring_take(&r, &cqe));
		behave_none(ep);
	}
}

BEHAVE_TEST(io_uring_polls_the_instance, 30, BEHAVE_EPOLL,
	    "an io_uring that polls an instance completes when the instance has an event")
{
	int p[2], ep = behave_create();
	struct ring r;

	ring_open(&r);
	behave_pipe(ep, p, EPOLLIN);
	ring_poll(&r, ep, 0);
	GUEST_RETURNS(guest_poll(r.fd, POLLIN), 0);
	guest_put(p[1]);
	GUEST_RETURNS(poll(&(struct pollfd){ r.fd, POLLIN, 0 }, 1, GUEST_WAIT_MS),
		      1);
	behave_expect(ep, p[0], EPOLLIN);
}

/*
 * /proc: who asks takes the answer with him
 */

BEHAVE_TEST(proc_hostname_is_told_once, 20, BEHAVE_EPOLL,
	    "a changed /proc/sys/kernel/hostname is EPOLLPRI and EPOLLERR to the first that asks, even level-triggered")
{
	int fd, ep = behave_create();

	if (unshare(CLONE_NEWUTS) != 0)
		GUEST_SKIP("unshare of the host name: %s", strerror(errno));
	fd = open("/proc/sys/kernel/hostname", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		GUEST_SKIP("/proc/sys/kernel/hostname: %s", strerror(errno));
	behave_add(ep, fd, EPOLLPRI);
	behave_none(ep);
	for (int i = 0; i < 3; i++) {
		ck_assert(sethostname("behave", 6) == 0);
		behave_expect(ep, fd, EPOLLPRI | EPOLLERR);
		behave_none(ep);
	}
	/* Not asked for, but an error all the same. */
	behave_mod(ep, fd, 0);
	ck_assert(sethostname("behave", 6) == 0);
	behave_expect(ep, fd, EPOLLERR);
}

BEHAVE_TEST(proc_mounts_is_told_once, 20, BEHAVE_EPOLL,
	    "a mount is EPOLLPRI and EPOLLERR of /proc/self/mounts, once")
{
	char dir[] = "/tmp/behave-XXXXXX";
	int fd, ep = behave_create();

	/* Seen by this test alone, and gone with it. */
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		GUEST_SKIP("a mount namespace: %s", strerror(errno));
	ck_assert(mkdtemp(dir));
	fd = open("/proc/self/mounts", O_RDONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "/proc/self/mounts: %s", strerror(errno));
	behave_add(ep, fd, EPOLLPRI);
	behave_none(ep);
	GUEST_RETURNS(mount("none", dir, "tmpfs", 0, NULL), 0);
	behave_expect(ep, fd, EPOLLPRI | EPOLLERR);
	behave_none(ep);
	GUEST_RETURNS(umount(dir), 0);
	behave_expect(ep, fd, EPOLLPRI | EPOLLERR);
	behave_none(ep);
	rmdir(dir);
}

/*
 * What cannot be watched
 */

BEHAVE_TEST(files_that_cannot_be_polled, 20, BEHAVE_EPOLL,
	    "a regular file, a folder, a memory file and /dev/null cannot be watched: EPERM, whatever is asked")
{
	static const char *const path[] = { "/proc/self/exe", "/", "/dev/null" };
	int fd, ep = behave_create();

	for (size_t i = 0; i < 4; i++) {
		fd = i < 3 ? open(path[i], O_RDONLY | O_CLOEXEC) :
			     memfd_create("behave", MFD_CLOEXEC);
		ck_assert_msg(fd >= 0, "%zu: %s", i, strerror(errno));
		GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, fd, EPOLLIN), EPERM);
		GUEST_FAILS(behave_set(ep, EPOLL_CTL_MOD, fd, EPOLLIN), EPERM);
		GUEST_FAILS(behave_set(ep, EPOLL_CTL_DEL, fd, 0), EPERM);
	}
	behave_none(ep);
}

BEHAVE_TEST(path_descriptor_is_ebadf, 20, BEHAVE_EPOLL,
	    "a descriptor that is only a path is no open file: EBADF, even of a FIFO")
{
	const char *path = fifo_make();
	int fd = fifo_open(path, O_PATH), ep = behave_create();

	GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, fd, EPOLLIN), EBADF);
	fifo_forget(path);
}

BEHAVE_TEST(pipe_opened_anew_is_another_file, 20, BEHAVE_EPOLL,
	    "a pipe opened again through /proc is another file: its close does not take the first one's item")
{
	int p[2], again, ep = behave_create();
	char path[64];

	guest_pipe(p);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
	again = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_msg(again >= 0, "%s: %s", path, strerror(errno));
	behave_add(ep, p[0], EPOLLIN);
	behave_add(ep, again, EPOLLIN);
	close(again);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	behave_expect(ep, p[0], EPOLLIN);
}
