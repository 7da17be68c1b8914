// SPDX-License-Identifier: GPL-2.0-only
/*
 * source_pipe.c - what is told of pipes, FIFOs and pseudo terminals
 *
 * The 2002 hook kept one struct file for each end of a pipe: named FIFOs and
 * ends opened again through /proc were deaf, and the port to 2.5.42 told of
 * hang-ups only.  A FIFO that is open both ways and a terminal have two wait
 * queues.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

#include "told.h"

static char fifo_path[64];

static void fifo_unlink(void)
{
	unlink(fifo_path);
}

static void fifo_make(void)
{
	snprintf(fifo_path, sizeof(fifo_path), "/tmp/fifo-%d", getpid());
	ck_assert_msg(mkfifo(fifo_path, 0600) == 0, "mkfifo %s: %s", fifo_path,
		      strerror(errno));
	atexit(fifo_unlink);
}

static int fifo_open(int mode)
{
	int fd = open(fifo_path, mode | O_NONBLOCK | O_CLOEXEC);

	ck_assert_msg(fd >= 0, "%s: %s", fifo_path, strerror(errno));
	return fd;
}

/* Both ends of a raw terminal: pt[0] is the master, pt[1] the slave. */
static void pty(int pt[2])
{
	struct termios t;
	char name[64];

	pt[0] = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (pt[0] < 0)
		GUEST_SKIP("no pseudo terminals here: %s", strerror(errno));
	ck_assert(grantpt(pt[0]) == 0 && unlockpt(pt[0]) == 0);
	ck_assert(ptsname_r(pt[0], name, sizeof(name)) == 0);
	pt[1] = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (pt[1] < 0)
		GUEST_SKIP("%s: %s", name, strerror(errno));
	ck_assert(tcgetattr(pt[1], &t) == 0);
	cfmakeraw(&t);
	ck_assert(tcsetattr(pt[1], TCSANOW, &t) == 0);
}

/*
 * Where closes are heard by fsnotify a master may be refused: most kernels keep
 * fsnotify away from it.
 */
static void add_master(const struct evset *s, int fd, int events)
{
	const char *hook = guest_param("fcb", "fput_hook");

	if (hook && !strcmp(hook, "fsnotify") &&
	    evset_ctl(s, fd, events) == -EPERM) {
		GUEST_RETURNS(evset_info(s, "items"), 0);
		GUEST_SKIP("masters of terminals are refused with fsnotify here");
	}
	evset_add(s, fd, events);
}

GUEST_TEST(source, pipe_data, 30,
	   "each write into a pipe is POLLIN, also while unread data waits")
{
	struct evset s;
	int p[2], i;

	evset_pipe(&s, p, POLL_ALL);
	for (i = 0; i < 20; i++) {
		guest_put(p[1]);
		told(&s, p[0], POLLIN, 0);
	}
	GUEST_RETURNS(guest_drain(p[0]), 20);
}

GUEST_TEST(source, pipe_room, 30, "a read from a full pipe is POLLOUT for the writer")
{
	struct evset s;
	int p[2];

	evset_open(&s, 8);
	guest_pipe(p);
	guest_fill(p[1]);
	evset_add(&s, p[1], POLL_ALL);
	guest_drain(p[0]);
	told(&s, p[1], POLLOUT, 0);
}

GUEST_TEST(source, pipe_ends_apart, 30,
	   "both ends of a pipe in one set: each hears its own bits only")
{
	struct evset s;
	int p[2];

	evset_pipe(&s, p, POLLIN);
	evset_add(&s, p[1], POLLOUT);
	guest_put(p[1]);
	told(&s, p[0], POLLIN, 0);
	guest_fill(p[1]);
	told(&s, p[0], POLLIN, 0);
	guest_drain(p[0]);
	told(&s, p[1], POLLOUT, 0);
}

GUEST_TEST(source, pipe_writer_closes, 30,
	   "the last writer's close is POLLHUP for the reader, though its key is 0")
{
	struct evset s;
	int p[2];

	evset_pipe(&s, p, POLL_ALL);
	close(p[1]);
	told_true(&s, p[0], POLLHUP, 0);
}

GUEST_TEST(source, pipe_writer_closes_unread, 30,
	   "POLLHUP comes while data is still unread, and the data can be read")
{
	struct evset s;
	int p[2];

	evset_pipe(&s, p, POLL_ALL);
	guest_put(p[1]);
	told(&s, p[0], POLLIN, 0);
	close(p[1]);
	told_true(&s, p[0], POLLHUP, POLLIN);
	GUEST_RETURNS(guest_drain(p[0]), 1);
}

GUEST_TEST(source, pipe_reader_closes, 30,
	   "the last reader's close is POLLERR for the writer")
{
	struct evset s;
	int p[2];

	evset_open(&s, 8);
	guest_pipe(p);
	evset_add(&s, p[1], POLL_ALL);
	close(p[0]);
	told_true(&s, p[1], POLLERR, POLLOUT);
}

GUEST_TEST(source, pipe_hangup_masked, 30,
	   "who asked only for POLLIN hears nothing when an empty pipe hangs up")
{
	struct evset s;
	int p[2];

	evset_pipe(&s, p, POLLIN);
	close(p[1]);
	GUEST_RETURNS(evset_wait(&s, 200, NULL), 0);
	told_nothing(&s);
}

GUEST_TEST(source, pipe_dup_writer, 30,
	   "a dup'd writer's close is no hang-up while another is open")
{
	struct evset s;
	int p[2], w;

	evset_open(&s, 8);
	guest_pipe(p);
	w = dup(p[1]);
	evset_add(&s, p[0], POLL_ALL);
	close(p[1]);
	told_nothing(&s);
	close(w);
	told_true(&s, p[0], POLLHUP, 0);
}

GUEST_TEST(source, pipe_reopened, 30,
	   "a second struct file of a pipe's end, opened through /proc, is not deaf")
{
	struct evset s;
	char path[64];
	int p[2], again;

	evset_open(&s, 8);
	guest_pipe(p);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
	again = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_msg(again >= 0, "%s: %s", path, strerror(errno));
	evset_add(&s, again, POLLIN);
	guest_put(p[1]);
	told(&s, again, POLLIN, 0);
	close(p[0]);
	guest_put(p[1]);
	told(&s, again, POLLIN, 0);
}

GUEST_TEST(source, fifo_data, 30, "data in a named FIFO is POLLIN, room POLLOUT")
{
	struct evset s;
	int r, w;

	evset_open(&s, 8);
	fifo_make();
	r = fifo_open(O_RDONLY);
	w = fifo_open(O_WRONLY);
	evset_add(&s, r, POLLIN);
	evset_add(&s, w, POLLOUT);
	guest_put(w);
	told(&s, r, POLLIN, 0);
	guest_fill(w);
	told(&s, r, POLLIN, 0);
	guest_drain(r);
	told(&s, w, POLLOUT, 0);
}

GUEST_TEST(source, fifo_both_ways, 30,
	   "a FIFO opened O_RDWR has two wait queues, and both are listened to")
{
	struct evset s;
	int rw;

	evset_open(&s, 8);
	fifo_make();
	rw = fifo_open(O_RDWR);
	evset_add(&s, rw, POLLIN | POLLOUT);
	guest_put(rw);
	told(&s, rw, POLLIN, 0);
	guest_fill(rw);
	told(&s, rw, POLLIN, 0);
	guest_drain(rw);
	told(&s, rw, POLLOUT, 0);
	evset_del(&s, rw);
	guest_put(rw);
	told_nothing(&s);
}

GUEST_TEST(source, fifo_writer_comes_back, 30,
	   "a FIFO's reader hears each hang-up, and the data of each later writer")
{
	struct evset s;
	int r, w, i;

	evset_open(&s, 8);
	fifo_make();
	r = fifo_open(O_RDONLY);
	evset_add(&s, r, POLLIN | POLLHUP);
	for (i = 0; i < 3; i++) {
		w = fifo_open(O_WRONLY);
		guest_put(w);
		/* While the old hang-up is told, a new writer may be there. */
		told(&s, r, POLLIN, POLLHUP);
		GUEST_RETURNS(guest_drain(r), 1);
		close(w);
		told_true(&s, r, POLLHUP, POLLIN);
	}
}

GUEST_TEST(source, pty_slave_writes, 30,
	   "what the slave of a pseudo terminal writes is POLLIN for the master")
{
	struct evset s;
	int pt[2], i;

	evset_open(&s, 8);
	pty(pt);
	add_master(&s, pt[0], POLLIN | POLLHUP | POLLERR);
	for (i = 0; i < 5; i++) {
		guest_put(pt[1]);
		told(&s, pt[0], POLLIN, 0);
		guest_drain(pt[0]);
	}
}

GUEST_TEST(source, pty_master_writes, 30,
	   "what the master of a pseudo terminal writes is POLLIN for the slave")
{
	struct evset s;
	int pt[2], i;

	evset_open(&s, 8);
	pty(pt);
	evset_add(&s, pt[1], POLLIN | POLLHUP | POLLERR);
	for (i = 0; i < 5; i++) {
		guest_put(pt[0]);
		told(&s, pt[1], POLLIN, 0);
		guest_drain(pt[1]);
	}
}

GUEST_TEST(source, pty_slave_closes, 30,
	   "the slave's close is POLLHUP for the master")
{
	struct evset s;
	int pt[2];

	evset_open(&s, 8);
	pty(pt);
	add_master(&s, pt[0], POLLIN | POLLHUP);
	close(pt[1]);
	told_true(&s, pt[0], POLLHUP, POLLIN);
}

GUEST_TEST(source, pty_master_closes, 30,
	   "the master's close is POLLHUP for the slave, and both queues are left")
{
	struct evset s;
	int pt[2];

	evset_open(&s, 8);
	pty(pt);
	evset_add(&s, pt[1], POLLIN | POLLHUP);
	close(pt[0]);
	told_true(&s, pt[1], POLLHUP, POLLIN);
	close(pt[1]);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
}

GUEST_TEST(source, pty_master_itself_closes, 30,
	   "the close of a master that could be added is heard")
{
	struct evset s;
	int pt[2];

	evset_open(&s, 8);
	pty(pt);
	add_master(&s, pt[0], POLLIN | POLLHUP);
	close(pt[0]);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
	told_nothing(&s);
}

/* A terminal that is hung up wakes with IN and OUT, and with nothing else. */
GUEST_TEST(source, tty_hangup, 30,
	   "a terminal that is hung up while its master stays is POLLHUP")
{
	struct evset s;
	int pt[2];
	pid_t pid;

	evset_open(&s, 8);
	pty(pt);
	evset_add(&s, pt[1], POLLHUP);
	pid = guest_fork();
	if (!pid) {
		signal(SIGHUP, SIG_IGN);
		_exit(setsid() < 0 || ioctl(pt[1], TIOCSCTTY, 0) != 0 ||
		      vhangup() != 0);
	}
	guest_reap(pid);
	told_true(&s, pt[1], POLLHUP, 0);
}

GUEST_TEST(source, pty_packet_stop, 30,
	   "in packet mode a slave that is stopped or started is POLLPRI for the master")
{
	struct evset s;
	int pt[2], on = 1, i;
	char c[2];

	evset_open(&s, 8);
	pty(pt);
	ck_assert(ioctl(pt[0], TIOCPKT, &on) == 0);
	add_master(&s, pt[0], POLLPRI);
	for (i = 0; i < 4; i++) {
		ck_assert(tcflow(pt[1], i & 1 ? TCOON : TCOOFF) == 0);
		told_true(&s, pt[0], POLLPRI, 0);
		ck_assert(read(pt[0], c, 2) == 1);
	}
}
