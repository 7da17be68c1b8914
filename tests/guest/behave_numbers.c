// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_numbers.c - no descriptor number is left
 *
 * What an instance can do must not depend on whether the process may open one more
 * file: a wait needs no number, nor does a change of the interest set, nor what
 * wakes somebody.  Each test makes what it needs, then uses up all numbers, or
 * lowers RLIMIT_NOFILE below those that are open.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "behave.h"

static void allow(rlim_t n)
{
	struct rlimit r;

	GUEST_RETURNS(getrlimit(RLIMIT_NOFILE, &r), 0);
	r.rlim_cur = n;
	GUEST_RETURNS(setrlimit(RLIMIT_NOFILE, &r), 0);
}

/* The lowest that is free is taken, and is the highest that is allowed. */
static void use_up_numbers(void)
{
	int fd = dup(0);

	ck_assert_msg(fd >= 0, "dup: %s", strerror(errno));
	allow((rlim_t)fd + 1);
	GUEST_FAILS(dup(0), EMFILE);
}

/**
 * struct sleeper - a thread that waits, or polls the instance
 * @w: the call and its outcome
 * @polls: it polls
 * @state: its file in /proc, open from the start
 * @ready: it is there
 * @go: it may begin
 */
struct sleeper {
	struct behave_waiter w;
	bool polls;
	int state;
	bool ready;
	bool go;
};

static void *sleeper(void *arg)
{
	struct sleeper *s = arg;
	struct pollfd fd = { .fd = s->w.ep, .events = POLLIN };

	s->state = open("/proc/thread-self/syscall", O_RDONLY | O_CLOEXEC);
	__atomic_store_n(&s->ready, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&s->go, __ATOMIC_ACQUIRE))
		sched_yield();
	errno = 0;
	if (s->polls)
		s->w.n = poll(&fd, 1, GUEST_WAIT_MS);
	else
		s->w.n = behave_pwait(s->w.ep, s->w.ev, BEHAVE_WAITER_EVENTS, -1,
				      s->w.mask);
	s->w.err = errno;
	return NULL;
}

static bool is_ready(void *arg)
{
	return __atomic_load_n(&((struct sleeper *)arg)->ready, __ATOMIC_ACQUIRE);
}

/* "running", or the number of the call that it sleeps in. */
static bool is_asleep(void *arg)
{
	char c = 0;

	return pread(((struct sleeper *)arg)->state, &c, 1, 0) == 1 &&
	       c >= '0' && c <= '9';
}

static void start(struct sleeper *s, int ep)
{
	s->w.ep = ep;
	s->w.thread = guest_thread(sleeper, s);
	guest_until(is_ready, s, "a thread starts");
	ck_assert_int_ge(s->state, 0);
}

static void go(struct sleeper *s)
{
	__atomic_store_n(&s->go, true, __ATOMIC_RELEASE);
	guest_until(is_asleep, s, "a thread sleeps");
}

BEHAVE_TEST(numbers_used_up_followers, 30, BEHAVE_EPOLL & ~BEHAVE_HERDS,
	    "no number left: three threads wait for one instance, and each event wakes the one that came last")
{
	struct sleeper s[3] = { 0 };
	int ep = behave_create(), fd[3];

	behave_eventfds(ep, fd, 3, EPOLLIN | EPOLLET, false);
	for (int i = 0; i < 3; i++)
		start(&s[i], ep);
	use_up_numbers();
	for (int i = 0; i < 3; i++)
		go(&s[i]);
	for (int i = 3; i-- > 0; ) {
		guest_put(fd[i]);
		behave_waiter_got(&s[i].w, fd[i], EPOLLIN);
	}
}

BEHAVE_TEST(numbers_used_up_masked, 30, BEHAVE_EPOLL,
	    "no number left: of three threads that wait with a signal mask each gets what nobody reads")
{
	struct sleeper s[3] = { 0 };
	int ep = behave_create(), fd;
	sigset_t mask;

	sigemptyset(&mask);
	behave_eventfds(ep, &fd, 1, EPOLLIN, false);
	for (int i = 0; i < 3; i++) {
		s[i].w.mask = &mask;
		start(&s[i], ep);
	}
	use_up_numbers();
	for (int i = 0; i < 3; i++)
		go(&s[i]);
	guest_put(fd);
	for (int i = 0; i < 3; i++)
		behave_waiter_got(&s[i].w, fd, EPOLLIN);
}

BEHAVE_TEST(numbers_used_up_add, 30, BEHAVE_EPOLL,
	    "no number left: ADD of what is ready wakes a thread that waits")
{
	struct sleeper s = { 0 };
	int ep = behave_create(), fd = guest_eventfd();

	guest_put(fd);
	start(&s, ep);
	use_up_numbers();
	go(&s);
	behave_add(ep, fd, EPOLLIN);
	behave_waiter_got(&s.w, fd, EPOLLIN);
}

BEHAVE_TEST(numbers_used_up_growth, 60, BEHAVE_EPOLL,
	    "no number left: many descriptors are added while a thread waits, and the last of them wakes it")
{
	enum { MANY = 700 };
	struct sleeper s = { 0 };
	int ep = behave_create(), fd[MANY];

	guest_nofile(MANY + 50);
	for (int i = 0; i < MANY; i++)
		fd[i] = guest_eventfd();
	start(&s, ep);
	use_up_numbers();
	go(&s);
	for (int i = 0; i < MANY; i++)
		behave_add(ep, fd[i], EPOLLIN);
	guest_put(fd[MANY - 1]);
	behave_waiter_got(&s.w, fd[MANY - 1], EPOLLIN);
}

BEHAVE_TEST(numbers_used_up_close, 30, BEHAVE_EPOLL & ~BEHAVE_HERDS,
	    "no number left: two threads that wait are served when the instance is closed below them")
{
	struct sleeper s[2] = { 0 };
	int ep = behave_create(), fd[2];

	behave_eventfds(ep, fd, 2, EPOLLIN | EPOLLET, false);
	for (int i = 0; i < 2; i++)
		start(&s[i], ep);
	use_up_numbers();
	for (int i = 0; i < 2; i++)
		go(&s[i]);
	close(ep);
	for (int i = 2; i-- > 0; ) {
		guest_put(fd[i]);
		behave_waiter_got(&s[i].w, fd[i], EPOLLIN);
	}
}

BEHAVE_TEST(numbers_used_up_poll, 30, BEHAVE_EPOLL,
	    "no number left: a level wakes a thread that polls the instance and one that waits, and a third call sees it too")
{
	struct sleeper s[2] = { { .polls = true } };
	int ep = behave_create(), fd;

	behave_eventfds(ep, &fd, 1, EPOLLIN, false);
	for (int i = 0; i < 2; i++)
		start(&s[i], ep);
	use_up_numbers();
	for (int i = 0; i < 2; i++)
		go(&s[i]);
	guest_put(fd);
	behave_expect(ep, fd, EPOLLIN);
	ck_assert_int_eq(behave_waiter_join(&s[0].w), 1);
	behave_waiter_got(&s[1].w, fd, EPOLLIN);
}

BEHAVE_TEST(numbers_used_up_child, 30, BEHAVE_EPOLL,
	    "no number left: a child waits on the instance that it inherited")
{
	int ep = behave_create(), fd;

	behave_eventfds(ep, &fd, 1, EPOLLIN, true);
	allow(1024);
	while (dup(0) >= 0)
		;
	GUEST_CHILD {
		GUEST_FAILS(dup(0), EMFILE);
		behave_expect(ep, fd, EPOLLIN);
		behave_expect(ep, fd, EPOLLIN);
	}
	behave_expect(ep, fd, EPOLLIN);
}

BEHAVE_TEST(numbers_none_allowed_level, 20, BEHAVE_EPOLL,
	    "RLIMIT_NOFILE 0: a level is told again and again, and with the bits that hold")
{
	int ep = behave_create(), fd, p[2], sv[2];

	behave_eventfds(ep, &fd, 1, EPOLLIN, false);
	guest_pipe(p);
	guest_unix(sv);
	allow(0);
	behave_none(ep);
	guest_put(fd);
	for (int i = 0; i < 3; i++)
		behave_expect(ep, fd, EPOLLIN);
	guest_drain(fd);
	behave_none(ep);
	behave_add(ep, p[0], EPOLLIN);
	close(p[1]);
	for (int i = 0; i < 3; i++)
		behave_expect(ep, p[0], EPOLLHUP);
	behave_del(ep, p[0]);
	behave_add(ep, sv[0], EPOLLIN | EPOLLRDHUP);
	GUEST_RETURNS(shutdown(sv[1], SHUT_WR), 0);
	for (int i = 0; i < 3; i++)
		behave_expect(ep, sv[0], EPOLLIN | EPOLLRDHUP);
}

BEHAVE_TEST(numbers_none_allowed_waits, 30, BEHAVE_EPOLL,
	    "RLIMIT_NOFILE 0: waits with a signal mask and with nanoseconds sleep, end in time, and are woken")
{
	const struct timespec t = { .tv_nsec = 20 * 1000000 };
	struct sleeper s[2] = { 0 };
	struct epoll_event ev[4];
	int ep = behave_create(), fd;
	sigset_t mask;
	long begun;

	sigemptyset(&mask);
	behave_eventfds(ep, &fd, 1, EPOLLIN, false);
	for (int i = 0; i < 2; i++) {
		s[i].w.mask = &mask;
		start(&s[i], ep);
	}
	allow(0);
	begun = guest_ms();
	GUEST_RETURNS(behave_pwait2(ep, ev, 4, &t, NULL), 0);
	GUEST_RETURNS(behave_pwait(ep, ev, 4, 20, &mask), 0);
	ck_assert_int_ge(guest_ms() - begun, 39);
	for (int i = 0; i < 2; i++)
		go(&s[i]);
	guest_put(fd);
	for (int i = 0; i < 2; i++)
		behave_waiter_got(&s[i].w, fd, EPOLLIN);
}

BEHAVE_TEST(numbers_one_allowed_poll, 30, BEHAVE_EPOLL,
	    "RLIMIT_NOFILE 1: poll(2) of an instance sleeps and is woken")
{
	struct sleeper s = { .polls = true };
	int ep = behave_create(), fd;

	behave_eventfds(ep, &fd, 1, EPOLLIN, false);
	start(&s, ep);
	allow(1);
	go(&s);
	guest_put(fd);
	ck_assert_int_eq(behave_waiter_join(&s.w), 1);
}

BEHAVE_TEST(numbers_closed_take_no_room, 60, BEHAVE_EPOLL,
	    "descriptors that were closed take no room: of 5000 numbers, one after the other, each can be added")
{
	enum { FIRST = 2000, MANY = 5000 };
	int ep = behave_create(), fd;

	guest_nofile(FIRST + MANY);
	for (int i = 0; i < MANY; i++) {
		fd = guest_eventfd();
		GUEST_RETURNS(dup3(fd, FIRST + i, O_CLOEXEC), FIRST + i);
		close(fd);
		behave_add(ep, FIRST + i, EPOLLIN);
		guest_put(FIRST + i);
		if (i % 100 == 0)
			behave_expect(ep, FIRST + i, EPOLLIN);
		close(FIRST + i);
	}
	behave_none(ep);
}
