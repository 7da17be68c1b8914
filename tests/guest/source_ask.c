// SPDX-License-Identifier: GPL-2.0-only
/*
 * source_ask.c - events whose wake-up did not say what they are
 *
 * A wake-up with the key 0, or one that always carries a bit, leaves the
 * module no choice but to ask the file for its state, later, in the context
 * of the program that harvests.  These tests are about that later: the answer
 * is neither lost nor told to the wrong one, and nothing is invented.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include "told.h"

GUEST_TEST(source, initial_state, 30,
	   "what is ready already when it is added is not told, whatever the kind")
{
	struct evset s;
	int p[2], q[2], u[2], t[2], fd;

	evset_open(&s, 16);
	guest_pipe(p);
	guest_pipe(q);
	guest_unix(u);
	guest_tcp(t);
	fd = guest_eventfd();
	guest_put(p[1]);
	guest_put(u[1]);
	guest_put(t[1]);
	guest_put(fd);
	close(q[1]);
	evset_add(&s, p[0], POLL_MOST);
	evset_add(&s, p[1], POLL_MOST);
	evset_add(&s, q[0], POLL_MOST);
	evset_add(&s, u[0], POLL_MOST);
	evset_add(&s, t[0], POLL_MOST);
	evset_add(&s, fd, POLL_MOST);
	told_nothing(&s);
}

GUEST_TEST(source, hangup_only_if_asked, 30,
	   "POLLHUP and POLLERR come only to who asked, from every kind of source")
{
	struct evset s;
	const struct pollfd *ev;
	int p[2], q[2], u[2], t[2], n, i;

	evset_open(&s, 16);
	guest_pipe(p);
	guest_pipe(q);
	guest_unix(u);
	guest_tcp(t);
	guest_put(u[0]);
	guest_put(t[0]);
	evset_add(&s, p[0], POLLIN);
	evset_add(&s, q[1], POLLOUT);
	evset_add(&s, u[0], POLLIN | POLLOUT);
	evset_add(&s, t[0], POLLIN | POLLOUT);
	close(p[1]);
	close(q[0]);
	close(u[1]);
	close(t[1]);
	while ((n = evset_wait(&s, 200, &ev)) > 0)
		for (i = 0; i < n; i++)
			ck_assert_msg(!(ev[i].revents & ~(POLLIN | POLLOUT)),
				      "fd %d: expected POLLIN and POLLOUT at most, got %#x",
				      ev[i].fd, ev[i].revents);
	GUEST_RETURNS(n, 0);
}

GUEST_TEST(source, hangup_wakes_sleeper, 30,
	   "a hang-up with the key 0 wakes the thread that sleeps in EP_POLL")
{
	struct evpoller p;
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_unix(sv);
	evset_add(&s, sv[0], POLLHUP);
	evpoller_start(&p, &s, -1);
	close(sv[1]);
	GUEST_RETURNS(evpoller_join(&p), 1);
	ck_assert(p.ev->fd == sv[0] && p.ev->revents == POLLHUP);
}

GUEST_TEST(source, false_alarm_sleeps_on, 30,
	   "a wake-up that turns out to be nothing does not end an EP_POLL early")
{
	struct evpoller p;
	struct evset s;
	int sv[2], i;

	evset_open(&s, 8);
	guest_unix(sv);
	evset_add(&s, sv[0], POLLPRI);
	evpoller_start(&p, &s, 500);
	for (i = 0; i < 10; i++)
		guest_put(sv[1]);
	GUEST_RETURNS(evpoller_join(&p), 0);
	ck_assert_msg(p.ms >= 500, "EP_POLL for 500 ms ended after %ld", p.ms);
}

struct flood {
	int sv[2];
	bool stop;
};

/* Data comes without end, and is read by the same thread. */
static void *flood(void *arg)
{
	struct flood *f = arg;
	char c = 'x';

	while (!__atomic_load_n(&f->stop, __ATOMIC_RELAXED))
		if (write(f->sv[1], &c, 1) != 1 || read(f->sv[0], &c, 1) != 1)
			return "the flood dried up";
	return NULL;
}

GUEST_TEST(source, false_alarm_flood, 60,
	   "a flood of wake-ups that turn out to be nothing holds up no timeout")
{
	struct flood f[2] = { 0 };
	pthread_t t[2];
	struct evset s;
	int i, n;

	evset_open(&s, 8);
	for (i = 0; i < 2; i++) {
		guest_unix(f[i].sv);
		evset_add(&s, f[i].sv[0], POLLPRI);
		t[i] = guest_thread(flood, &f[i]);
	}
	for (i = 0; i < 5; i++) {
		n = evset_wait(&s, 0, NULL);
		ck_assert_msg(n == 0, "EP_POLL for 0 ms: expected 0, got %d", n);
		n = evset_wait(&s, 100, NULL);
		ck_assert_msg(n == 0, "EP_POLL for 100 ms: expected 0, got %d", n);
	}
	for (i = 0; i < 2; i++) {
		__atomic_store_n(&f[i].stop, true, __ATOMIC_RELAXED);
		ck_assert_ptr_null(guest_join(t[i]));
	}
}

static void on_alarm(int sig)
{
	(void)sig;
}

GUEST_TEST(source, false_alarm_flood_signal, 60,
	   "a flood of wake-ups that turn out to be nothing holds up no signal")
{
	struct itimerval often = { { 0, 200000 }, { 0, 200000 } };
	struct sigaction sa = { .sa_handler = on_alarm };
	struct flood f[2] = { 0 };
	pthread_t t[2];
	struct evset s;
	int i, n;

	evset_open(&s, 8);
	ck_assert(sigaction(SIGALRM, &sa, NULL) == 0);
	for (i = 0; i < 2; i++) {
		guest_unix(f[i].sv);
		evset_add(&s, f[i].sv[0], POLLPRI);
		t[i] = guest_thread(flood, &f[i]);
	}
	/* Comes again and again, lest one falls between the two calls. */
	ck_assert(setitimer(ITIMER_REAL, &often, NULL) == 0);
	n = evset_wait(&s, -1, NULL);
	ck_assert_msg(n == -EINTR, "EP_POLL: expected EINTR, got %d", n);
	for (i = 0; i < 2; i++) {
		__atomic_store_n(&f[i].stop, true, __ATOMIC_RELAXED);
		ck_assert_ptr_null(guest_join(t[i]));
	}
}

GUEST_TEST(source, false_alarm_then_event, 30,
	   "after a wake-up that turned out to be nothing EP_POLL still gets events")
{
	struct evpoller p;
	struct evset s;
	int sv[2], q[2];

	evset_open(&s, 8);
	guest_unix(sv);
	guest_pipe(q);
	evset_add(&s, sv[0], POLLPRI);
	evset_add(&s, q[0], POLLIN);
	evpoller_start(&p, &s, -1);
	guest_put(sv[1]);
	guest_in_poll(&s, p.tid);
	guest_put(q[1]);
	GUEST_RETURNS(evpoller_join(&p), 1);
	ck_assert(p.ev->fd == q[0] && p.ev->revents == POLLIN);
}

GUEST_TEST(source, hangups_in_a_crowd, 60,
	   "a thousand hang-ups at once are each told, and each once")
{
	enum { N = 1000 };
	const struct pollfd *ev;
	struct evset s;
	static int sv[N][2];
	static bool waits[4 * N];
	int n, i, count = 0;

	guest_nofile(2 * N + 64);
	evset_open(&s, N);
	for (i = 0; i < N; i++) {
		guest_unix(sv[i]);
		ck_assert_int_lt(sv[i][0], 4 * N);
		waits[sv[i][0]] = true;
		evset_add(&s, sv[i][0], POLLHUP);
	}
	for (i = 0; i < N; i++)
		close(sv[i][1]);
	while (count < N) {
		n = evset_wait(&s, GUEST_WAIT_MS, &ev);
		ck_assert_msg(n > 0, "%d of %d hang-ups were told, then %d",
			      count, N, n);
		for (i = 0; i < n; i++) {
			GUEST_RETURNS(ev[i].revents, POLLHUP);
			ck_assert_msg(waits[ev[i].fd],
				      "fd %d does not wait, or was told twice",
				      ev[i].fd);
			waits[ev[i].fd] = false;
			count++;
		}
	}
	told_nothing(&s);
}

GUEST_TEST(source, hangup_then_remove, 30,
	   "a hang-up that is not yet asked for goes with POLLREMOVE")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_unix(sv);
	evset_add(&s, sv[0], POLL_MOST);
	close(sv[1]);
	evset_del(&s, sv[0]);
	told_nothing(&s);
}

GUEST_TEST(source, hangup_then_close, 30,
	   "a hang-up that is not yet asked for goes with the close of the file")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_unix(sv);
	evset_add(&s, sv[0], POLL_MOST);
	close(sv[1]);
	close(sv[0]);
	told_nothing(&s);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
}

GUEST_TEST(source, hangup_then_other_file, 30,
	   "a hang-up that is not yet asked for is not told of the number's next file")
{
	struct evset s;
	int sv[2], other[2], fd;

	evset_open(&s, 8);
	guest_unix(sv);
	guest_unix(other);
	fd = sv[0];
	evset_add(&s, fd, POLL_MOST);
	close(sv[1]);
	GUEST_RETURNS(dup2(other[0], fd), fd);
	evset_add(&s, fd, POLL_MOST);
	told_nothing(&s);
	close(other[1]);
	told_true(&s, fd, POLLHUP, POLLIN | POLLOUT | POLLRDHUP);
}

GUEST_TEST(source, hangup_in_poll, 30,
	   "a hang-up with the key 0 makes the instance itself readable")
{
	struct pollfd p = { .events = POLLIN };
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_unix(sv);
	evset_add(&s, sv[0], POLLHUP);
	p.fd = s.fd;
	close(sv[1]);
	GUEST_RETURNS(poll(&p, 1, GUEST_WAIT_MS), 1);
	GUEST_RETURNS(p.revents, POLLIN);
	evset_expect(&s, sv[0], POLLHUP);
}

GUEST_TEST(source, mask_change_while_asked, 30,
	   "a mask written between the wake-up and the asking is the one that counts")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_unix(sv);
	evset_add(&s, sv[0], POLL_MOST);
	close(sv[1]);
	evset_add(&s, sv[0], POLLHUP);
	told(&s, sv[0], POLLHUP, 0);
}

GUEST_TEST(source, data_and_hangup, 30,
	   "data told by its key and a hang-up that has to be asked for are both told")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_unix(sv);
	evset_add(&s, sv[0], POLL_MOST);
	guest_put(sv[1]);
	close(sv[1]);
	told_true(&s, sv[0], POLLIN | POLLHUP, POLLOUT | POLLRDHUP);
	GUEST_RETURNS(guest_drain(sv[0]), 1);
}

GUEST_TEST(source, hangup_of_two_sets, 30,
	   "a hang-up that has to be asked for is told in every set that asked")
{
	struct evset s[5];
	int sv[2], i;

	guest_unix(sv);
	for (i = 0; i < 5; i++) {
		evset_open(&s[i], 8);
		evset_add(&s[i], sv[0], POLLHUP);
	}
	close(sv[1]);
	for (i = 0; i < 5; i++)
		evset_expect(&s[i], sv[0], POLLHUP);
}

GUEST_TEST(source, own_close_is_no_event, 30,
	   "the close of a watched descriptor itself tells nothing")
{
	struct evset s;
	int p[2], u[2], t[2], fd;

	evset_open(&s, 8);
	guest_pipe(p);
	guest_unix(u);
	guest_tcp(t);
	fd = guest_eventfd();
	evset_add(&s, p[0], POLL_MOST);
	evset_add(&s, u[0], POLL_MOST);
	evset_add(&s, t[0], POLL_MOST);
	evset_add(&s, fd, POLL_MOST);
	close(p[0]);
	close(u[0]);
	close(t[0]);
	close(fd);
	told_nothing(&s);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
}
