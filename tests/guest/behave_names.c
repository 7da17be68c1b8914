// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_names.c - the same calls by other names
 *
 * A preload sees a call by its name alone.  Programs have several for one thing: the
 * checked ones that _FORTIFY_SOURCE calls, the number in syscall(2), and the streams of
 * the C library, which close what they have open.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <sys/select.h>

#include "behave.h"

/*
 * Polling an instance
 */

int __poll_chk(struct pollfd *fds, nfds_t n, int ms, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *t,
		const sigset_t *mask, size_t room);

static const struct timespec at_once;

static int by_poll(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0);
}

static int by_ppoll(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return ppoll(&p, 1, &at_once, NULL);
}

static int by_poll_chk(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return __poll_chk(&p, 1, 0, sizeof(p));
}

static int by_ppoll_chk(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return __ppoll_chk(&p, 1, &at_once, NULL, sizeof(p));
}

static int by_poll_number(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return (int)syscall(SYS_poll, &p, 1L, 0L);
}

static int by_ppoll_number(int fd)
{
	struct timespec t = at_once;
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return (int)syscall(SYS_ppoll, &p, 1L, &t, NULL, 0L);
}

static int by_select_number(int fd)
{
	struct timeval t = { 0 };
	fd_set in;

	FD_ZERO(&in);
	FD_SET(fd, &in);
	return (int)syscall(SYS_select, (long)fd + 1, &in, NULL, NULL, &t);
}

static int by_pselect_number(int fd)
{
	struct timespec t = at_once;
	fd_set in;

	FD_ZERO(&in);
	FD_SET(fd, &in);
	return (int)syscall(SYS_pselect6, (long)fd + 1, &in, NULL, NULL, &t, NULL);
}

static int by_pselect(int fd)
{
	fd_set in;

	FD_ZERO(&in);
	FD_SET(fd, &in);
	return pselect(fd + 1, &in, NULL, NULL, &at_once, NULL);
}

static const struct {
	const char *name;
	int (*poll)(int fd);
} polls[] = {
	{ "poll", by_poll },
	{ "ppoll", by_ppoll },
	{ "pselect", by_pselect },
	{ "__poll_chk", by_poll_chk },
	{ "__ppoll_chk", by_ppoll_chk },
	{ "SYS_poll", by_poll_number },
	{ "SYS_ppoll", by_ppoll_number },
	{ "SYS_select", by_select_number },
	{ "SYS_pselect6", by_pselect_number },
};

BEHAVE_TEST(name_of_poll, 20, BEHAVE_EPOLL,
	    "a level that was told once is seen by poll and select of the instance, by whichever name they are called")
{
	for_each_of(i, polls) {
		int p[2], ep = behave_create();

		behave_pipe(ep, p, EPOLLIN);
		guest_put(p[1]);
		behave_expect(ep, p[0], EPOLLIN);
		ck_assert_msg(polls[i].poll(ep) == 1, "%s: nothing, but a byte is in the pipe",
			      polls[i].name);
		behave_expect(ep, p[0], EPOLLIN);
		guest_drain(p[0]);
		ck_assert_msg(polls[i].poll(ep) == 0, "%s: something, but the pipe is empty",
			      polls[i].name);
		close(ep);
	}
}

/*
 * Closing what is watched
 */

struct closer {
	const char *name;
	/* Opens something to read, with something to read: the number. */
	int (*open)(void);
	/* Ends it; the number is free, or another file that is ready has it. */
	void (*close)(void);
};

static FILE *stream;
static mqd_t queue;

static int open_stream(void)
{
	int p[2];

	guest_pipe(p);
	guest_put(p[1]);
	stream = fdopen(p[0], "r");
	ck_assert(stream);
	return p[0];
}

static void close_stream(void)
{
	GUEST_RETURNS(fclose(stream), 0);
}

static void reopen_stream(void)
{
	stream = freopen("/dev/zero", "r", stream);
	ck_assert_msg(stream, "freopen: %s", strerror(errno));
}

static void reopen_stream64(void)
{
	stream = freopen64("/dev/zero", "r", stream);
	ck_assert_msg(stream, "freopen64: %s", strerror(errno));
}

static void reopen_nothing(void)
{
	ck_assert(!freopen("/nowhere/at/all", "r", stream));
}

/* Ready when the shell, which is not there in a guest's jail, has ended. */
static int open_command(void)
{
	stream = popen(":", "r");
	ck_assert(stream);
	return fileno(stream);
}

static void close_command(void)
{
	pclose(stream);
}

static int open_queue(void)
{
	struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 1 };
	char name[32];

	snprintf(name, sizeof(name), "/names-%d", getpid());
	queue = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attr);
	if (queue < 0)
		return -1;
	mq_unlink(name);
	GUEST_RETURNS(mq_send(queue, "x", 1, 0), 0);
	return (int)queue;
}

static void close_queue(void)
{
	GUEST_RETURNS(mq_close(queue), 0);
}

static const struct closer closers[] = {
	{ "fclose", open_stream, close_stream },
	{ "freopen", open_stream, reopen_stream },
	{ "freopen64", open_stream, reopen_stream64 },
	{ "a freopen that fails", open_stream, reopen_nothing },
	{ "pclose", open_command, close_command },
	{ "mq_close", open_queue, close_queue },
};

static bool is_readable(void *arg)
{
	return guest_poll(*(int *)arg, POLLIN | POLLHUP);
}

BEHAVE_TEST(name_of_close, 30, BEHAVE_EPOLL,
	    "a watched file that the C library closes is told no more, whatever has its number then")
{
	struct epoll_event ev;

	for_each_of(i, closers) {
		int ep = behave_create(), fd = closers[i].open(), p[2];

		/* Without message queues there is nothing to be closed. */
		if (fd < 0)
			continue;
		behave_add(ep, fd, EPOLLIN);
		guest_until(is_readable, &fd, closers[i].name);
		/* poll(2) may see it before the writer has woken anybody. */
		GUEST_RETURNS(behave_wait(ep, &ev, 1, 5000), 1);
		closers[i].close();
		guest_pipe(p);
		guest_put(p[1]);
		ck_assert_msg(is_readable(&fd), "%s: the number is not used again",
			      closers[i].name);
		ck_assert_msg(!behave_wait(ep, &ev, 1, 0),
			      "%s: an event, but nobody added the file that has the number now",
			      closers[i].name);
		close(fd);
		close(ep);
	}
}
