// SPDX-License-Identifier: GPL-2.0-only
/*
 * close_race.c - suite close: closing while other threads write, wait and fire
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>

#include "guest.h"

GUEST_TEST(close, during_poll, 20,
	   "closing a watched file does not wake a thread in EP_POLL; an event of another file does")
{
	struct evpoller w;
	struct evset s;
	int p[2], q[2];

	evset_open(&s, 8);
	guest_pipe(p);
	guest_pipe(q);
	evset_add(&s, p[0], POLL_ALL);
	evset_add(&s, q[0], POLL_ALL);
	evpoller_start(&w, &s, -1);
	close(p[0]);
	GUEST_RETURNS(evset_info(&s, "items"), 1);
	guest_in_poll(&s, w.tid);
	guest_put(q[1]);
	GUEST_RETURNS(evpoller_join(&w), 1);
	ck_assert_int_eq(w.ev->fd, q[0]);
	ck_assert_int_eq(w.ev->revents, POLLIN);
}

GUEST_TEST(close, last_file_during_poll, 20,
	   "a thread in EP_POLL sleeps on when the only file closes, and hears of one that is added later")
{
	struct evpoller w;
	struct evset s;
	int p[2], q[2];

	evset_open(&s, 8);
	guest_pipe(p);
	guest_pipe(q);
	evset_add(&s, p[0], POLL_ALL);
	evpoller_start(&w, &s, -1);
	close(p[0]);
	evset_add(&s, q[0], POLLIN);
	guest_put(q[1]);
	GUEST_RETURNS(evpoller_join(&w), 1);
	ck_assert_int_eq(w.ev->fd, q[0]);
}

GUEST_TEST(close, instance_during_poll, 20,
	   "closing the set's descriptor under a thread in EP_POLL lets it finish: the set lives until it is out")
{
	struct evpoller w;
	struct evset s;
	int p[2];

	evset_pipe(&s, p, POLLIN);
	evpoller_start(&w, &s, -1);
	GUEST_RETURNS(close(s.fd), 0);
	guest_put(p[1]);
	GUEST_RETURNS(evpoller_join(&w), 1);
	ck_assert_int_eq(w.ev->fd, p[0]);
}

/* Opens and closes a pipe at one number, over and over. */
struct flicker {
	int fd;
	int stop;
};

static void *flicker(void *arg)
{
	struct flicker *f = arg;

	while (!__atomic_load_n(&f->stop, __ATOMIC_ACQUIRE)) {
		int p[2];

		guest_pipe(p);
		ck_assert(dup3(p[0], f->fd, O_CLOEXEC) == f->fd);
		close(p[0]);
		/* Another of us may have closed the reading end already. */
		(void)!write(p[1], "x", 1);
		close(p[1]);
		close(f->fd);
	}
	return NULL;
}

GUEST_TEST(close, during_write, 90,
	   "a number that opens and closes in one thread while another registers it: each record counts, nothing is left")
{
	struct flicker f = { .fd = 500 };
	struct evset s;
	pthread_t t;

	evset_open(&s, 8);
	t = guest_thread(flicker, &f);
	for (int i = 0; i < guest_rounds(5000); i++) {
		int n = evset_ctl(&s, f.fd, POLL_ALL);

		ck_assert_msg(n == 8, "round %d: expected 8, got %d (%s)", i, n,
			      n < 0 ? strerror(-n) : "bytes");
		if (i % 7 == 0)
			evset_wait(&s, 0, NULL);
	}
	__atomic_store_n(&f.stop, 1, __ATOMIC_RELEASE);
	guest_join(t);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
	evset_none(&s);
}

GUEST_TEST(close, during_batches, 90,
	   "the same with two writers and batches of 64 records of one number")
{
	struct flicker f = { .fd = 500 };
	struct pollfd rec[64];
	struct evset s;
	pthread_t t, t2;

	evset_open(&s, 8);
	for (int i = 0; i < 64; i++)
		rec[i] = (struct pollfd){ .fd = f.fd, .events = POLLIN };
	t = guest_thread(flicker, &f);
	t2 = guest_thread(flicker, &f);
	for (int i = 0; i < 300; i++)
		GUEST_RETURNS(write(s.fd, rec, sizeof(rec)), sizeof(rec));
	__atomic_store_n(&f.stop, 1, __ATOMIC_RELEASE);
	guest_join(t);
	guest_join(t2);
	close(f.fd);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
}

/* A consumer for a set: every slot must be of a plausible fd. */
struct consumer {
	const struct evset *s;
	int stop;			/* write to this eventfd to end it */
	long slots;
};

static void *consume(void *arg)
{
	struct consumer *c = arg;
	const struct pollfd *ev;
	int i, n;

	for (;;) {
		n = evset_wait(c->s, -1, &ev);
		ck_assert_msg(n > 0, "EP_POLL: expected events, got %d (%s)", n,
			      n < 0 ? strerror(-n) : "a timeout");
		for (i = 0; i < n; i++) {
			ck_assert_msg(ev[i].revents, "slot %d of %d: no bit", i,
				      n);
			if (ev[i].fd == c->stop)
				return NULL;
		}
		c->slots += n;
	}
}

struct churner {
	const struct evset *s;
	int rounds;
};

static void *churn(void *arg)
{
	struct churner *c = arg;

	for (int i = 0; i < c->rounds; i++) {
		int sv[2];

		guest_unix(sv);
		evset_add(c->s, sv[0], POLL_ALL);
		guest_put(sv[1]);
		if (i & 1)
			close(sv[1]);
		if (i & 2)
			evset_add(c->s, sv[0], POLLIN);
		close(sv[0]);
		if (!(i & 1))
			close(sv[1]);
	}
	return NULL;
}

GUEST_TEST(close, thousands_under_events, 180,
	   "three threads add and close thousands of sockets under events while a fourth waits: in the end exactly the quiet file is left")
{
	struct consumer c;
	struct churner w;
	struct evset s;
	pthread_t t[3], tc;
	int quiet[2];

	evset_open(&s, 512);
	guest_pipe(quiet);
	evset_add(&s, quiet[0], POLLIN);
	c = (struct consumer){ .s = &s, .stop = guest_eventfd() };
	evset_add(&s, c.stop, POLLIN);
	w = (struct churner){ .s = &s, .rounds = guest_rounds(2000) };
	tc = guest_thread(consume, &c);
	for (int i = 0; i < 3; i++)
		t[i] = guest_thread(churn, &w);
	for (int i = 0; i < 3; i++)
		guest_join(t[i]);
	guest_put(c.stop);
	guest_join(tc);
	close(c.stop);
	GUEST_RETURNS(evset_info(&s, "items"), 1);
	evset_wait(&s, 0, NULL);
	guest_put(quiet[1]);
	evset_expect(&s, quiet[0], POLLIN);
}

struct closer {
	int from, to;
};

static void *close_all(void *arg)
{
	struct closer *c = arg;

	for (int fd = c->from; fd < c->to; fd++)
		close(fd);
	return NULL;
}

GUEST_TEST(close, set_and_files_at_once, 120,
	   "a set and the files that it watches are closed by two threads at the same time")
{
	for (int round = 0; round < guest_rounds(40); round++) {
		struct closer c = { .from = 700, .to = 800 };
		struct evset s;
		pthread_t t;
		int fd;

		evset_open(&s, 512);
		for (fd = c.from; fd < c.to; fd++) {
			int e = guest_eventfd();

			ck_assert(dup3(e, fd, O_CLOEXEC) == fd);
			close(e);
			evset_add(&s, fd, POLLIN);
			guest_put(fd);
		}
		t = guest_thread(close_all, &c);
		if (round & 1)
			evset_unmap(&s);
		evset_close(&s);
		guest_join(t);
	}
}

GUEST_TEST(close, remove_and_close_at_once, 120,
	   "POLLREMOVE in one thread and close in another, of the same files: nothing is left, nothing is done twice")
{
	struct evset s;

	evset_open(&s, 512);
	for (int round = 0; round < guest_rounds(40); round++) {
		struct closer c = { .from = 700, .to = 800 };
		pthread_t t;
		int fd;

		for (fd = c.from; fd < c.to; fd++) {
			int e = guest_eventfd();

			ck_assert(dup3(e, fd, O_CLOEXEC) == fd);
			close(e);
			evset_add(&s, fd, POLLIN);
			guest_put(fd);
		}
		t = guest_thread(close_all, &c);
		for (fd = c.to - 1; fd >= c.from; fd--)
			evset_del(&s, fd);
		guest_join(t);
		GUEST_RETURNS(evset_info(&s, "items"), 0);
		evset_none(&s);
	}
}
