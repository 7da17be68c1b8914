// SPDX-License-Identifier: GPL-2.0-only
/*
 * source_fd.c - what is told of descriptors that are neither socket nor pipe
 *
 * None of these existed for /dev/epoll in 2002: it heard only what raised
 * SIGIO.  A timerfd wakes in hard irq; signalfd and inotify say nothing in
 * their keys; a signalfd's wait queue can go away while its file lives.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <mqueue.h>

#include "ring.h"
#include "told.h"

/* Reads an eventfd's count. */
static int take(int fd)
{
	uint64_t count = 0;

	ck_assert(read(fd, &count, sizeof(count)) == sizeof(count));
	return (int)count;
}

GUEST_TEST(source, eventfd_write_read, 30,
	   "a write to an eventfd is POLLIN, a read from it POLLOUT, each alone")
{
	struct evset s;
	int fd, i;

	evset_open(&s, 8);
	fd = guest_eventfd();
	evset_add(&s, fd, POLLIN | POLLOUT | POLLERR);
	for (i = 0; i < 5; i++) {
		guest_put(fd);
		told(&s, fd, POLLIN, 0);
		guest_put(fd);
		told(&s, fd, POLLIN, 0);
		GUEST_RETURNS(take(fd), 2);
		told(&s, fd, POLLOUT, 0);
	}
}

GUEST_TEST(source, eventfd_masked, 30,
	   "who asked only for POLLOUT of an eventfd hears no write, and the reverse")
{
	struct evset s;
	int a, b;

	evset_open(&s, 8);
	a = guest_eventfd();
	b = guest_eventfd();
	evset_add(&s, a, POLLOUT);
	evset_add(&s, b, POLLIN);
	guest_put(a);
	told_nothing(&s);
	take(a);
	told(&s, a, POLLOUT, 0);
	guest_put(b);
	told(&s, b, POLLIN, 0);
	take(b);
	told_nothing(&s);
}

GUEST_TEST(source, timerfd_expires, 30,
	   "a timer that expires is POLLIN, from hard irq, each time, read or not")
{
	struct evset s;
	int fd, i;

	evset_open(&s, 8);
	fd = guest_timerfd();
	evset_add(&s, fd, POLL_ALL);
	for (i = 0; i < 10; i++) {
		guest_timer_in(fd, 1000000);
		told(&s, fd, POLLIN, 0);
	}
	GUEST_RETURNS(guest_drain(fd), 8);
	guest_timer_in(fd, 1000000);
	told(&s, fd, POLLIN, 0);
}

GUEST_TEST(source, timerfd_many, 60,
	   "five hundred timers that expire at about once are each told")
{
	enum { N = 500 };
	const struct pollfd *ev;
	struct evset s;
	static bool waits[2 * N];
	int fd[N], i, n, count = 0;

	guest_nofile(N + 64);
	evset_open(&s, N);
	for (i = 0; i < N; i++) {
		fd[i] = guest_timerfd();
		ck_assert_int_lt(fd[i], 2 * N);
		waits[fd[i]] = true;
		evset_add(&s, fd[i], POLLIN);
	}
	for (i = 0; i < N; i++)
		guest_timer_in(fd[i], 20000000);
	while (count < N) {
		n = evset_wait(&s, GUEST_WAIT_MS, &ev);
		ck_assert_msg(n > 0, "%d of %d timers were told, then %d",
			      count, N, n);
		for (i = 0; i < n; i++) {
			ck_assert_msg(waits[ev[i].fd],
				      "fd %d is no timer or was told twice",
				      ev[i].fd);
			waits[ev[i].fd] = false;
			count++;
		}
	}
}

GUEST_TEST(source, signalfd_signal, 30,
	   "a signal is POLLIN of a signalfd, though its key is 0")
{
	struct evset s;
	int fd, i;

	evset_open(&s, 8);
	fd = guest_signalfd(SIGUSR1);
	evset_add(&s, fd, POLL_ALL);
	for (i = 0; i < 5; i++) {
		ck_assert(kill(getpid(), SIGUSR1) == 0);
		told(&s, fd, POLLIN, 0);
		ck_assert(guest_drain(fd) == sizeof(struct signalfd_siginfo));
	}
}

GUEST_TEST(source, signalfd_other_signal, 30,
	   "a signal that the signalfd does not hold is no event, though it wakes")
{
	struct evset s;
	sigset_t set;
	int fd;

	evset_open(&s, 8);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = guest_signalfd(SIGUSR1);
	evset_add(&s, fd, POLL_ALL);
	ck_assert(kill(getpid(), SIGUSR2) == 0);
	told_nothing(&s);
}

/* Polled by a child: the wait queue is the child's, and goes with it. */
GUEST_TEST(source, signalfd_pollfree, 30,
	   "a signalfd watched by a task that exits: its queue goes, nothing breaks")
{
	struct evset s;
	int fd, i;

	evset_open(&s, 8);
	fd = guest_signalfd(SIGUSR1);
	for (i = 0; i < 20; i++) {
		GUEST_CHILD {
			evset_add(&s, fd, POLL_ALL);
		}
		GUEST_RETURNS(evset_ispolled(&s, fd, NULL), 1);
		/* The farewell of the queue is no hang-up of the file. */
		told_nothing(&s);
		evset_del(&s, fd);
	}
	/* The file itself is as good as before. */
	evset_add(&s, fd, POLL_ALL);
	ck_assert(kill(getpid(), SIGUSR1) == 0);
	told(&s, fd, POLLIN, 0);
}

GUEST_TEST(source, signalfd_pollfree_close, 30,
	   "a signalfd whose queue is gone can be closed, with its set or before it")
{
	struct evset s;
	int fd, i;

	for (i = 0; i < 20; i++) {
		evset_open(&s, 8);
		fd = guest_signalfd(SIGUSR1);
		GUEST_CHILD {
			evset_add(&s, fd, POLL_ALL);
		}
		if (i & 1) {
			close(fd);
			GUEST_RETURNS(evset_info(&s, "items"), 0);
			evset_close(&s);
		} else {
			evset_close(&s);
			close(fd);
		}
	}
}

static void *add_signalfd(void *arg)
{
	int *a = arg;
	struct evset s = { .fd = a[0] };

	evset_add(&s, a[1], POLLIN);
	return NULL;
}

GUEST_TEST(source, signalfd_thread_exits, 30,
	   "a signalfd watched by a thread that exits goes on: the queue is shared")
{
	struct evset s;
	int a[2];

	evset_open(&s, 8);
	a[0] = s.fd;
	a[1] = guest_signalfd(SIGUSR1);
	guest_join(guest_thread(add_signalfd, a));
	ck_assert(kill(getpid(), SIGUSR1) == 0);
	told(&s, a[1], POLLIN, 0);
}

/*
 * A child that has a set of its own on the signalfd, and waits for a word before
 * it goes on.
 */
struct sharer {
	pid_t pid;
	int word[2];
};

static void sharer_says(struct sharer *c)
{
	char w = 'x';

	ck_assert(write(c->word[1], &w, 1) == 1);
}

static void sharer_hears(struct sharer *c)
{
	char w;

	ck_assert(read(c->word[0], &w, 1) == 1);
}

/* In the child returns true, with a set that watches fd. */
static bool sharer_start(struct sharer *c, struct evset *s, int fd)
{
	ck_assert(socketpair(AF_UNIX, SOCK_STREAM, 0, c->word) == 0);
	c->pid = guest_fork();
	if (!c->pid) {
		c->word[1] = c->word[0];
		evset_open(s, 8);
		evset_add(s, fd, POLLIN);
		sharer_says(c);
		sharer_hears(c);
		return true;
	}
	c->word[0] = c->word[1];
	sharer_hears(c);
	return false;
}

static void hears_own_signal(const struct evset *s, int fd)
{
	ck_assert(kill(getpid(), SIGUSR1) == 0);
	told(s, fd, POLLIN, 0);
	ck_assert(guest_drain(fd) == sizeof(struct signalfd_siginfo));
}

GUEST_TEST(source, signalfd_two_processes, 30,
	   "a signalfd in the sets of two processes: each hears its own signals")
{
	struct sharer c;
	struct evset s;
	int fd = guest_signalfd(SIGUSR1);

	if (sharer_start(&c, &s, fd)) {
		hears_own_signal(&s, fd);
		sharer_says(&c);
		sharer_hears(&c);
		hears_own_signal(&s, fd);
		_exit(0);
	}
	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN);
	hears_own_signal(&s, fd);
	sharer_says(&c);
	sharer_hears(&c);
	hears_own_signal(&s, fd);
	/* Who leaves takes nobody's ears along. */
	evset_del(&s, fd);
	sharer_says(&c);
	guest_reap(c.pid);
	evset_add(&s, fd, POLLIN);
	hears_own_signal(&s, fd);
}

GUEST_TEST(source, signalfd_new_set, 30,
	   "a signalfd whose queue is gone is heard by a new set, though an old one still watches")
{
	struct evset old, s;
	int fd = guest_signalfd(SIGUSR1);

	evset_open(&old, 8);
	GUEST_CHILD {
		evset_add(&old, fd, POLLIN);
	}
	GUEST_RETURNS(evset_info(&old, "items"), 1);
	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN);
	hears_own_signal(&s, fd);
	evset_del(&old, fd);
	hears_own_signal(&s, fd);
}

GUEST_TEST(source, signalfd_own_queues_go, 60,
	   "a second process's queue of a signalfd goes before its registration or after, nothing breaks")
{
	struct evset s, other;
	struct sharer c;
	int fd, i;

	for (i = 0; i < 20; i++) {
		fd = guest_signalfd(SIGUSR1);
		evset_open(&s, 8);
		evset_add(&s, fd, POLLIN);
		evset_open(&other, 8);
		c.pid = guest_fork();
		if (!c.pid) {
			evset_add(&other, fd, POLLIN);
			_exit(0);
		}
		guest_reap(c.pid);
		if (sharer_start(&c, &other, fd)) {
			close(fd);
			_exit(0);
		}
		hears_own_signal(&s, fd);
		if (i & 1)
			evset_close(&other);
		if (i & 2)
			evset_del(&s, fd);
		close(fd);
		sharer_says(&c);
		guest_reap(c.pid);
		GUEST_RETURNS(evset_info(&s, "items"), 0);
		evset_close(&s);
		if (!(i & 1))
			evset_close(&other);
		close(c.word[1]);
	}
}

GUEST_TEST(source, inotify_event, 30,
	   "a change in a watched folder is POLLIN of inotify, though its key is 0")
{
	char dir[] = "/tmp/inotify-XXXXXX", path[64];
	struct evset s;
	int fd, i, f;

	evset_open(&s, 8);
	ck_assert(mkdtemp(dir));
	fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	ck_assert(inotify_add_watch(fd, dir, IN_CREATE) >= 0);
	evset_add(&s, fd, POLL_ALL);
	for (i = 0; i < 5; i++) {
		snprintf(path, sizeof(path), "%s/%d", dir, i);
		f = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		ck_assert(f >= 0);
		close(f);
		told(&s, fd, POLLIN, 0);
		guest_drain(fd);
		unlink(path);
	}
	rmdir(dir);
}

GUEST_TEST(source, epoll_ready, 30,
	   "an event in a nested kernel epoll is POLLIN of its descriptor")
{
	struct epoll_event e = { .events = EPOLLIN };
	struct evset s;
	int p[2], k, i;

	evset_open(&s, 8);
	guest_pipe(p);
	k = epoll_create1(EPOLL_CLOEXEC);
	ck_assert(epoll_ctl(k, EPOLL_CTL_ADD, p[0], &e) == 0);
	evset_add(&s, k, POLL_ALL);
	for (i = 0; i < 5; i++) {
		guest_put(p[1]);
		told(&s, k, POLLIN, 0);
		GUEST_RETURNS(epoll_wait(k, &e, 1, 0), 1);
		GUEST_RETURNS(guest_drain(p[0]), 1);
		GUEST_RETURNS(epoll_wait(k, &e, 1, 0), 0);
	}
	close(k);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
}

GUEST_TEST(source, pidfd_exit, 30, "the end of a process is POLLIN of its pidfd")
{
	struct evset s;
	int p[2], fd;
	pid_t pid;
	char c;

	evset_open(&s, 8);
	ck_assert(pipe(p) == 0);
	pid = guest_fork();
	if (!pid) {
		close(p[1]);
		_exit(read(p[0], &c, 1) == 0 ? 0 : 1);
	}
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		GUEST_SKIP("pidfd_open: %s", strerror(errno));
	evset_add(&s, fd, POLLIN);
	told_nothing(&s);
	close(p[1]);
	told(&s, fd, POLLIN, 0);
	guest_reap(pid);
}

GUEST_TEST(source, mqueue_message, 30,
	   "a message in a POSIX queue is POLLIN, and room in it POLLOUT")
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 1 };
	struct evset s;
	char c = 'x', name[32];
	mqd_t q;

	evset_open(&s, 8);
	snprintf(name, sizeof(name), "/guest-%d", getpid());
	q = mq_open(name, O_CREAT | O_RDWR | O_NONBLOCK | O_CLOEXEC, 0600, &attr);
	if (q < 0 && (errno == ENOSYS || errno == ENODEV))
		GUEST_SKIP("no POSIX message queues: %s", strerror(errno));
	ck_assert_msg(q >= 0, "mq_open: %s", strerror(errno));
	mq_unlink(name);
	evset_add(&s, q, POLLIN | POLLOUT);
	ck_assert(mq_send(q, &c, 1, 0) == 0);
	told(&s, q, POLLIN, 0);
	ck_assert(mq_receive(q, &c, 1, NULL) == 1);
	told(&s, q, POLLOUT, 0);
	ck_assert(mq_send(q, &c, 1, 0) == 0);
	told(&s, q, POLLIN, 0);
}

/* The file remembers that it was asked: who asks takes the answer with him. */
GUEST_TEST(source, proc_hostname, 30,
	   "a /proc file's POLLPRI and POLLERR, shown once to who asks, are told")
{
	struct evset s;
	char name[65];
	int fd;

	evset_open(&s, 8);
	fd = open("/proc/sys/kernel/hostname", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		GUEST_SKIP("/proc/sys/kernel/hostname: %s", strerror(errno));
	ck_assert(gethostname(name, sizeof(name)) == 0);
	evset_add(&s, fd, POLLPRI | POLLERR);
	told_nothing(&s);
	if (sethostname("guest-test", 10) != 0)
		GUEST_SKIP("sethostname: %s", strerror(errno));
	told(&s, fd, POLLPRI | POLLERR, 0);
	ck_assert(sethostname(name, strlen(name)) == 0);
	told(&s, fd, POLLPRI | POLLERR, 0);
}

GUEST_TEST(source, io_uring_completes, 30,
	   "a completion in an io_uring is POLLIN of the ring's descriptor")
{
	struct evset s;
	struct ring r;
	int p[2];

	evset_open(&s, 8);
	ring_open(&r);
	guest_pipe(p);
	evset_add(&s, r.fd, POLLIN);
	ring_poll(&r, p[0], 0);
	told_nothing(&s);
	guest_put(p[1]);
	/* The ring completes in task work of the submitter: in EP_POLL. */
	told(&s, r.fd, POLLIN, 0);
}

GUEST_TEST(source, io_uring_watches_set, 30,
	   "an io_uring poll of the instance's own descriptor completes at an event")
{
	struct evset s;
	struct ring r;
	int p[2];

	evset_open(&s, 8);
	ring_open(&r);
	guest_pipe(p);
	evset_add(&s, p[0], POLLIN);
	ring_poll(&r, s.fd, 0);
	GUEST_RETURNS(guest_poll(r.fd, POLLIN), 0);
	guest_put(p[1]);
	GUEST_RETURNS(poll(&(struct pollfd){ r.fd, POLLIN, 0 }, 1,
			   GUEST_WAIT_MS), 1);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(source, timer_wakes_sleeper, 30,
	   "a hard irq wakes the thread that sleeps in EP_POLL")
{
	struct evpoller p;
	struct evset s;
	int fd;

	evset_open(&s, 8);
	fd = guest_timerfd();
	evset_add(&s, fd, POLLIN);
	evpoller_start(&p, &s, -1);
	guest_timer_in(fd, 1000000);
	GUEST_RETURNS(evpoller_join(&p), 1);
	ck_assert(p.ev->fd == fd && p.ev->revents == POLLIN);
}
