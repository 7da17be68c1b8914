// SPDX-License-Identifier: GPL-2.0-only
/*
 * close.c - suite close: closing a watched file, in every way there is
 *
 * The same must be true after each: the item and its slot are gone, the room
 * is given back, and the peer sees the end at once, since the set holds no
 * reference to the file.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/fanotify.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "guest.h"

struct watched {
	struct evset s;
	int fd;				/* watched: one end of a unix pair */
	int peer;
};

static void watch(struct watched *w)
{
	int sv[2];

	evset_open(&w->s, 8);
	guest_unix(sv);
	w->fd = sv[0];
	w->peer = sv[1];
	evset_add(&w->s, w->fd, POLL_ALL);
}

/* What is true as soon as the call that closed has returned. */
static void is_detached(const struct watched *w)
{
	ssize_t n;
	char c;

	ck_assert_msg(evset_info(&w->s, "items") == 0,
		      "expected no item, got %ld", evset_info(&w->s, "items"));
	ck_assert_msg(evset_ispolled(&w->s, w->fd, NULL) == 0,
		      "the closed fd is still in the set");
	/* Reset, where the closed end had unread data. */
	n = read(w->peer, &c, 1);
	ck_assert_msg(n == 0 || (n < 0 && errno == ECONNRESET),
		      "the peer does not see the end: %s",
		      n < 0 ? strerror(errno) : "data");
	evset_none(&w->s);
}

static void is_attached(const struct watched *w, int fd)
{
	GUEST_RETURNS(evset_info(&w->s, "items"), 1);
	guest_put(w->peer);
	evset_expect(&w->s, fd, POLLIN);
}

GUEST_TEST(close, last_close, 10,
	   "close of the only descriptor detaches the file before close() returns")
{
	struct watched w;

	watch(&w);
	close(w.fd);
	is_detached(&w);
}

GUEST_TEST(close, dup_keeps_it, 10,
	   "while a dup lives the file stays watched under the number that was registered; the last close detaches it")
{
	struct watched w;
	int other;

	watch(&w);
	other = dup(w.fd);
	close(w.fd);
	is_attached(&w, w.fd);
	close(other);
	is_detached(&w);
}

GUEST_TEST(close, dup2_over, 10,
	   "dup2 of another file over the only descriptor detaches the old file")
{
	struct watched w;
	int q[2];

	watch(&w);
	guest_pipe(q);
	GUEST_RETURNS(dup2(q[0], w.fd), w.fd);
	is_detached(&w);
	/* Nothing of the new file is told before it is registered. */
	guest_put(q[1]);
	evset_none(&w.s);
	evset_add(&w.s, w.fd, POLLIN);
	guest_put(q[1]);
	evset_expect(&w.s, w.fd, POLLIN);
}

GUEST_TEST(close, dup3_over, 10, "dup3 with O_CLOEXEC over it detaches it too")
{
	struct watched w;

	watch(&w);
	GUEST_RETURNS(dup3(guest_eventfd(), w.fd, O_CLOEXEC), w.fd);
	is_detached(&w);
}

GUEST_TEST(close, close_range, 10, "close_range detaches every watched file in the range")
{
	struct evset s;
	int p[20][2], i;

	evset_open(&s, 64);
	for (i = 0; i < 20; i++) {
		guest_pipe(p[i]);
		evset_add(&s, p[i][0], POLLIN);
		guest_put(p[i][1]);
	}
	if (syscall(436, p[0][0], p[19][1], 0) != 0) {
		if (errno == ENOSYS)
			GUEST_SKIP("no close_range in this kernel");
		ck_abort_msg("close_range: %s", strerror(errno));
	}
	GUEST_RETURNS(evset_info(&s, "items"), 0);
	evset_none(&s);
}

GUEST_TEST(close, exit_of_the_holder, 20,
	   "a process that ends closes: the file that only it had is detached")
{
	struct watched w;
	int go[2];
	pid_t pid;
	char c;

	watch(&w);
	ck_assert(pipe(go) == 0);
	pid = guest_fork();
	if (!pid) {
		close(go[1]);
		close(w.peer);
		_exit(read(go[0], &c, 1) == 0 ? 0 : 1);
	}
	close(w.fd);
	is_attached(&w, w.fd);
	close(go[1]);
	guest_reap(pid);
	is_detached(&w);
}

GUEST_TEST(close, killed_holder, 20,
	   "a process that is killed while it sleeps closes too")
{
	struct watched w;
	pid_t pid;
	int status;

	watch(&w);
	pid = guest_fork();
	if (!pid) {
		close(w.peer);
		for (;;)
			pause();
	}
	close(w.fd);
	is_attached(&w, w.fd);
	kill(pid, SIGKILL);
	ck_assert(waitpid(pid, &status, 0) == pid);
	is_detached(&w);
}

static bool no_items(void *arg)
{
	return evset_info(arg, "items") == 0;
}

GUEST_TEST(close, exec_with_cloexec, 30,
	   "exec closes what is close-on-exec: the file is detached while the process lives on")
{
	struct watched w;
	int hold[2], up[2];
	pid_t pid;
	char c;

	watch(&w);
	/* hold keeps the new program alive; up ends when exec has closed it. */
	ck_assert(pipe(hold) == 0);
	ck_assert(pipe2(up, O_CLOEXEC) == 0);
	pid = guest_fork();
	if (!pid) {
		close(hold[1]);
		close(up[0]);
		close(w.peer);
		ck_assert(fcntl(w.fd, F_GETFD) == FD_CLOEXEC);
		guest_exec_hold(hold[0]);
	}
	close(up[1]);
	close(w.fd);
	ck_assert(read(up[0], &c, 1) == 0);
	/* The file is detached first and torn down afterwards. */
	guest_until(no_items, &w.s, "exec has closed the file");
	ck_assert(poll(&(struct pollfd){ w.peer, POLLIN, 0 }, 1, 10000) == 1);
	is_detached(&w);
	ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
	close(hold[1]);
	guest_reap(pid);
}

GUEST_TEST(close, exec_keeps_the_rest, 30,
	   "a watched file without close-on-exec lives on in the new program and stays attached")
{
	struct watched w;
	int hold[2];
	pid_t pid;

	watch(&w);
	ck_assert(pipe(hold) == 0);
	fcntl(w.fd, F_SETFD, 0);
	pid = guest_fork();
	if (!pid) {
		close(hold[1]);
		close(w.peer);
		guest_exec_hold(hold[0]);
	}
	close(w.fd);
	is_attached(&w, w.fd);
	close(hold[1]);
	guest_reap(pid);
	is_detached(&w);
}

GUEST_TEST(close, with_a_pending_slot, 10,
	   "the pending slot of a closed file is gone; the last slot moves into its place")
{
	const struct pollfd *ev;
	struct evset s;
	int fd[5], i, n;

	evset_open(&s, 8);
	for (i = 0; i < 5; i++) {
		fd[i] = guest_eventfd();
		evset_add(&s, fd[i], POLLIN | POLLOUT);
		guest_put(fd[i]);
	}
	close(fd[1]);
	GUEST_RETURNS(evset_info(&s, "events"), 4);
	guest_drain(fd[4]);
	n = evset_wait(&s, 0, &ev);
	ck_assert_int_eq(n, 4);
	ck_assert(!ev_find(ev, n, fd[1]));
	ck_assert_int_eq(ev_find(ev, n, fd[4])->revents, POLLIN | POLLOUT);
	ck_assert_int_eq(ev_find(ev, n, fd[0])->revents, POLLIN);
}

GUEST_TEST(close, only_pending_slot, 10,
	   "with the only pending slot gone the set is not readable any more")
{
	struct evset s;
	int fd = guest_eventfd();

	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN);
	guest_put(fd);
	GUEST_RETURNS(guest_poll(s.fd, POLLIN), POLLIN);
	close(fd);
	GUEST_RETURNS(guest_poll(s.fd, POLLIN), 0);
	evset_none(&s);
}

GUEST_TEST(close, slot_that_was_returned, 10,
	   "closing a file leaves the half that the program reads as it is")
{
	const struct pollfd *ev;
	struct evset s;
	int fd = guest_eventfd();

	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN);
	guest_put(fd);
	GUEST_RETURNS(evset_wait(&s, 0, &ev), 1);
	close(fd);
	ck_assert_int_eq(ev->fd, fd);
	ck_assert_int_eq(ev->revents, POLLIN);
	evset_none(&s);
}

GUEST_TEST(close, capacity_given_back, 30,
	   "a full set has room again for each file that was closed")
{
	struct evset s;
	int fd[512], i;

	guest_nofile(1024);
	evset_open(&s, 512);
	for (i = 0; i < 512; i++) {
		fd[i] = guest_eventfd();
		evset_add(&s, fd[i], POLLIN);
	}
	GUEST_RETURNS(evset_ctl(&s, guest_eventfd(), POLLIN), -E2BIG);
	for (i = 0; i < 512; i += 5)
		close(fd[i]);
	for (i = 0; i < 512; i += 5)
		evset_add(&s, guest_eventfd(), POLLIN);
	GUEST_RETURNS(evset_ctl(&s, guest_eventfd(), POLLIN), -E2BIG);
}

GUEST_TEST(close, watched_by_many, 30,
	   "a file that 50 sets watch under two numbers each is gone from all of them when it closes")
{
	struct evset s[50];
	int p[2], two, i;

	guest_pipe(p);
	two = dup(p[0]);
	for (i = 0; i < 50; i++) {
		evset_open(&s[i], 8);
		evset_add(&s[i], p[0], POLLIN);
		evset_add(&s[i], two, POLLIN);
	}
	guest_put(p[1]);
	close(two);
	for (i = 0; i < 50; i++)
		GUEST_RETURNS(evset_info(&s[i], "items"), 2);
	close(p[0]);
	for (i = 0; i < 50; i++) {
		GUEST_RETURNS(evset_info(&s[i], "items"), 0);
		evset_none(&s[i]);
	}
}

GUEST_TEST(close, every_kind_tells_its_peer, 20,
	   "pipes, TCP, unix sockets: the other end sees the close of a watched file at once")
{
	struct evset s;
	int p[2], q[2], u[2], t[2];
	char c;

	evset_open(&s, 8);
	guest_pipe(p);
	guest_pipe(q);
	guest_unix(u);
	guest_tcp(t);
	evset_add(&s, p[0], POLL_ALL);
	evset_add(&s, q[1], POLL_ALL);
	evset_add(&s, u[0], POLL_ALL);
	evset_add(&s, t[0], POLL_ALL);
	close(p[0]);
	GUEST_FAILS(write(p[1], "x", 1), EPIPE);
	close(q[1]);
	GUEST_RETURNS(read(q[0], &c, 1), 0);
	close(u[0]);
	GUEST_RETURNS(read(u[1], &c, 1), 0);
	close(t[0]);
	ck_assert_int_eq(poll(&(struct pollfd){ t[1], POLLIN, 0 }, 1,
			      GUEST_WAIT_MS), 1);
	GUEST_RETURNS(read(t[1], &c, 1), 0);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
	evset_none(&s);
}

GUEST_TEST(close, both_ends_watched, 10,
	   "with both ends of a pipe in the set, closing one tells the other")
{
	struct evset s;
	int p[2];

	evset_pipe(&s, p, POLLIN | POLLHUP);
	evset_add(&s, p[1], POLLOUT | POLLERR);
	close(p[1]);
	evset_expect(&s, p[0], POLLHUP);
	GUEST_RETURNS(evset_info(&s, "items"), 1);
}

GUEST_TEST(close, instance_first, 10,
	   "closing the set and then the file, or the file's number twice, is nothing special")
{
	struct watched w;
	char c;

	watch(&w);
	evset_close(&w.s);
	guest_put(w.peer);
	GUEST_RETURNS(guest_drain(w.fd), 1);
	close(w.fd);
	GUEST_FAILS(close(w.fd), EBADF);
	GUEST_RETURNS(read(w.peer, &c, 1), 0);
}

/*
 * A file that fanotify opened to tell of another's open: it closes without a word.
 * It tells of regular files alone; those of /proc can be polled.
 */
static int by_fanotify(const char *path)
{
	struct fanotify_event_metadata m;
	int fan, fd;

	fan = (int)syscall(SYS_fanotify_init, FAN_CLASS_NOTIF | FAN_NONBLOCK,
			   O_RDONLY | O_NONBLOCK);
	if (fan < 0)
		GUEST_SKIP("fanotify: %s", strerror(errno));
	ck_assert(syscall(SYS_fanotify_mark, fan, FAN_MARK_ADD, FAN_OPEN,
			  AT_FDCWD, path) == 0);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	GUEST_RETURNS(read(fan, &m, sizeof(m)), sizeof(m));
	close(fd);
	close(fan);
	ck_assert_int_ge(m.fd, 0);
	return m.fd;
}

static void watched_or_refused(int fd, bool watched)
{
	struct evset s;

	evset_open(&s, 8);
	GUEST_RETURNS(evset_ctl(&s, fd, POLLIN),
		      watched ? (int)sizeof(struct pollfd) : -EPERM);
	GUEST_RETURNS(evset_info(&s, "items"), watched);
	close(fd);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
	evset_close(&s);
}

GUEST_TEST(close, silent_file, 10,
	   "a file about which fsnotify keeps still is EPERM where closes come by it, and watched elsewhere")
{
	const char *hook = guest_param("fcb", "fput_hook");

	watched_or_refused(by_fanotify("/proc/self/mounts"),
			   hook && strcmp(hook, "fsnotify"));
}
