// SPDX-License-Identifier: GPL-2.0-only
/*
 * nest.c - the instance's own descriptor in poll, select, epoll and other
 * instances
 *
 * Since February 2002 the descriptor of an instance can be polled.  So it can
 * also be watched by another instance, and links can make chains and loops.
 */
#include <sys/epoll.h>
#include <sys/select.h>

#include "told.h"

/* The instance becomes readable, perhaps a moment later. */
static void readable(const struct evset *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };

	ck_assert_msg(poll(&p, 1, GUEST_WAIT_MS) == 1,
		      "the instance did not become readable");
}

/* Instances in a row: each watches the next; the last watches p[0]. */
static void chain_open(struct evset *s, int n, int p[2])
{
	int i;

	for (i = 0; i < n; i++)
		evset_open(&s[i], 8);
	for (i = 0; i < n - 1; i++)
		evset_add(&s[i], s[i + 1].fd, POLLIN);
	guest_pipe(p);
	evset_add(&s[n - 1], p[0], POLLIN);
}

/* Harvests a chain from its top down to the pipe. */
static void chain_expect(struct evset *s, int n, int p[2])
{
	int i;

	for (i = 0; i < n - 1; i++)
		evset_expect(&s[i], s[i + 1].fd, POLLIN);
	evset_expect(&s[n - 1], p[0], POLLIN);
	GUEST_RETURNS(guest_drain(p[0]), 1);
}

GUEST_TEST(nest, in_poll, 30,
	   "poll(2) says POLLIN and POLLRDNORM exactly while an event is pending")
{
	struct evset s;
	int p[2];

	evset_pipe(&s, p, POLLIN);
	GUEST_RETURNS(guest_poll(s.fd, 0x7ff), 0);
	guest_put(p[1]);
	GUEST_RETURNS(guest_poll(s.fd, 0x7ff), POLLIN | POLLRDNORM);
	evset_expect(&s, p[0], POLLIN);
	GUEST_RETURNS(guest_poll(s.fd, 0x7ff), 0);
	guest_put(p[1]);
	GUEST_RETURNS(guest_poll(s.fd, 0x7ff), POLLIN | POLLRDNORM);
}

GUEST_TEST(nest, poll_half_read, 30,
	   "the half that was handed out does not make the instance readable")
{
	const struct pollfd *ev;
	struct evset s;
	int p[2], q[2];

	evset_open(&s, 8);
	guest_pipe(p);
	guest_pipe(q);
	evset_add(&s, p[0], POLLIN);
	evset_add(&s, q[0], POLLIN);
	guest_put(p[1]);
	GUEST_RETURNS(evset_wait(&s, GUEST_WAIT_MS, &ev), 1);
	GUEST_RETURNS(guest_poll(s.fd, POLLIN), 0);
	guest_put(q[1]);
	GUEST_RETURNS(guest_poll(s.fd, POLLIN), POLLIN);
	ck_assert_msg(ev->fd == p[0] && ev->revents == POLLIN,
		      "the slot that is being read changed");
}

GUEST_TEST(nest, poll_after_remove, 30,
	   "an instance whose only pending event is removed is not readable")
{
	struct evset s;
	int p[2], q[2];

	evset_open(&s, 8);
	guest_pipe(p);
	guest_pipe(q);
	evset_add(&s, p[0], POLLIN);
	evset_add(&s, q[0], POLLIN);
	guest_put(p[1]);
	guest_put(q[1]);
	evset_del(&s, p[0]);
	GUEST_RETURNS(guest_poll(s.fd, POLLIN), POLLIN);
	close(q[0]);
	GUEST_RETURNS(guest_poll(s.fd, POLLIN), 0);
}

static void *in_poll(void *arg)
{
	struct pollfd *p = arg;

	return (void *)(long)poll(p, 1, -1);
}

static void *in_select(void *arg)
{
	struct pollfd *p = arg;
	fd_set in;

	FD_ZERO(&in);
	FD_SET(p->fd, &in);
	return (void *)(long)select(p->fd + 1, &in, NULL, NULL, NULL);
}

GUEST_TEST(nest, sleepers_in_poll_and_select, 30,
	   "threads that sleep in poll and select on the instance wake at an event")
{
	struct pollfd pfd = { .events = POLLIN };
	pthread_t t[4];
	struct evset s;
	int p[2], i;

	evset_pipe(&s, p, POLLIN);
	pfd.fd = s.fd;
	for (i = 0; i < 4; i++)
		t[i] = guest_thread(i & 1 ? in_select : in_poll, &pfd);
	guest_put(p[1]);
	for (i = 0; i < 4; i++)
		GUEST_RETURNS((long)guest_join(t[i]), 1);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(nest, in_epoll_level, 30,
	   "a level-triggered kernel epoll tells of the instance until it is harvested")
{
	struct epoll_event e = { .events = EPOLLIN, .data.u32 = 7 };
	struct evset s;
	int p[2], k, i;

	evset_pipe(&s, p, POLLIN);
	k = epoll_create1(EPOLL_CLOEXEC);
	ck_assert(epoll_ctl(k, EPOLL_CTL_ADD, s.fd, &e) == 0);
	GUEST_RETURNS(epoll_wait(k, &e, 1, 0), 0);
	guest_put(p[1]);
	for (i = 0; i < 3; i++) {
		GUEST_RETURNS(epoll_wait(k, &e, 1, GUEST_WAIT_MS), 1);
		ck_assert(e.events == EPOLLIN && e.data.u32 == 7);
	}
	evset_expect(&s, p[0], POLLIN);
	GUEST_RETURNS(epoll_wait(k, &e, 1, 0), 0);
}

GUEST_TEST(nest, in_epoll_edge, 30,
	   "an edge-triggered kernel epoll tells of each new event of the instance")
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	struct evset s;
	int p[2], q[2], k;

	evset_open(&s, 8);
	guest_pipe(p);
	guest_pipe(q);
	evset_add(&s, p[0], POLLIN);
	evset_add(&s, q[0], POLLIN);
	k = epoll_create1(EPOLL_CLOEXEC);
	ck_assert(epoll_ctl(k, EPOLL_CTL_ADD, s.fd, &e) == 0);
	guest_put(p[1]);
	GUEST_RETURNS(epoll_wait(k, &e, 1, GUEST_WAIT_MS), 1);
	GUEST_RETURNS(epoll_wait(k, &e, 1, 0), 0);
	/* Not harvested, but a slot is new. */
	guest_put(q[1]);
	GUEST_RETURNS(epoll_wait(k, &e, 1, GUEST_WAIT_MS), 1);
	GUEST_RETURNS(evset_wait(&s, 0, NULL), 2);
	guest_put(p[1]);
	GUEST_RETURNS(epoll_wait(k, &e, 1, GUEST_WAIT_MS), 1);
}

GUEST_TEST(nest, in_epoll_hangup, 30,
	   "a kernel epoll hears of an instance whose event has to be asked for")
{
	struct epoll_event e = { .events = EPOLLIN };
	struct evset s;
	int u[2], k;

	evset_open(&s, 8);
	guest_unix(u);
	evset_add(&s, u[0], POLLHUP);
	k = epoll_create1(EPOLL_CLOEXEC);
	ck_assert(epoll_ctl(k, EPOLL_CTL_ADD, s.fd, &e) == 0);
	close(u[1]);
	GUEST_RETURNS(epoll_wait(k, &e, 1, GUEST_WAIT_MS), 1);
	evset_expect(&s, u[0], POLLHUP);
}

GUEST_TEST(nest, in_instance, 30,
	   "an instance watches another one: POLLIN when that one holds events")
{
	struct evset a, b;
	int p[2], i;

	evset_open(&a, 8);
	evset_open(&b, 8);
	guest_pipe(p);
	evset_add(&a, b.fd, POLL_ALL);
	evset_add(&b, p[0], POLLIN);
	for (i = 0; i < 10; i++) {
		guest_put(p[1]);
		evset_expect(&a, b.fd, POLLIN);
		evset_expect(&b, p[0], POLLIN);
		GUEST_RETURNS(guest_drain(p[0]), 1);
		evset_none(&a);
	}
}

GUEST_TEST(nest, in_instance_sleeper, 30,
	   "an event two instances below wakes the thread that sleeps in EP_POLL above")
{
	struct evpoller t;
	struct evset s[3];
	int p[2];

	chain_open(s, 3, p);
	evpoller_start(&t, &s[0], -1);
	guest_put(p[1]);
	GUEST_RETURNS(evpoller_join(&t), 1);
	ck_assert(t.ev->fd == s[1].fd && t.ev->revents == POLLIN);
}

GUEST_TEST(nest, itself, 30, "an instance that is to watch itself is EINVAL, by any number")
{
	struct evset s;
	int again;

	evset_open(&s, 8);
	again = dup(s.fd);
	GUEST_RETURNS(evset_ctl(&s, s.fd, POLLIN), -EINVAL);
	GUEST_RETURNS(evset_ctl(&s, again, POLLIN), -EINVAL);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
}

GUEST_TEST(nest, loop_of_two, 30,
	   "the link that closes a loop of two is ELOOP, and removal of the other mends it")
{
	struct evset a, b;

	evset_open(&a, 8);
	evset_open(&b, 8);
	evset_add(&a, b.fd, POLLIN);
	GUEST_RETURNS(evset_ctl(&b, a.fd, POLLIN), -ELOOP);
	GUEST_RETURNS(evset_info(&b, "items"), 0);
	evset_del(&a, b.fd);
	evset_add(&b, a.fd, POLLIN);
	GUEST_RETURNS(evset_ctl(&a, b.fd, POLLIN), -ELOOP);
}

GUEST_TEST(nest, loop_of_three, 30, "the link that closes a loop of three is ELOOP")
{
	struct evset s[3];
	int p[2];

	chain_open(s, 3, p);
	GUEST_RETURNS(evset_ctl(&s[2], s[0].fd, POLLIN), -ELOOP);
	guest_put(p[1]);
	chain_expect(s, 3, p);
}

GUEST_TEST(nest, chain_of_four, 30,
	   "a chain of four links carries an event from its end to its top")
{
	struct evset s[5];
	int p[2], i;

	chain_open(s, 5, p);
	for (i = 0; i < 5; i++) {
		guest_put(p[1]);
		chain_expect(s, 5, p);
	}
}

GUEST_TEST(nest, chain_of_five, 30,
	   "a fifth link is ELOOP, whether at the top, at the end or in the middle")
{
	struct evset s[5], t[3], u[3];
	struct evset other;
	int p[2], q[2], r[2];

	chain_open(s, 5, p);
	evset_open(&other, 8);
	GUEST_RETURNS(evset_ctl(&other, s[0].fd, POLLIN), -ELOOP);
	GUEST_RETURNS(evset_ctl(&s[4], other.fd, POLLIN), -ELOOP);
	/* Two links above, two below: one more between them makes five. */
	chain_open(t, 3, q);
	chain_open(u, 3, r);
	GUEST_RETURNS(evset_ctl(&t[2], u[0].fd, POLLIN), -ELOOP);
	/* One link lower down it is a chain of four. */
	evset_add(&t[1], u[0].fd, POLLIN);
	/* What was refused left nothing behind. */
	evset_del(&s[0], s[1].fd);
	evset_add(&other, s[1].fd, POLLIN);
	guest_put(p[1]);
	evset_expect(&other, s[1].fd, POLLIN);
}

GUEST_TEST(nest, eloop_in_batch, 30,
	   "a link that is refused ends a batch: the records before it count")
{
	struct pollfd rec[3];
	struct evset a, b;
	int p[2];

	evset_open(&a, 8);
	evset_open(&b, 8);
	guest_pipe(p);
	evset_add(&a, b.fd, POLLIN);
	rec[0] = (struct pollfd){ .fd = p[0], .events = POLLIN };
	rec[1] = (struct pollfd){ .fd = a.fd, .events = POLLIN };
	rec[2] = (struct pollfd){ .fd = p[1], .events = POLLOUT };
	GUEST_RETURNS(write(b.fd, rec, sizeof(rec)), sizeof(rec[0]));
	GUEST_RETURNS(evset_info(&b, "items"), 1);
}

static bool two_events(void *arg)
{
	return evset_info(arg, "events") == 2;
}

GUEST_TEST(nest, diamond, 30,
	   "an event below a diamond of instances reaches its top by both sides")
{
	struct evset a, b, c, d;
	const struct pollfd *ev;
	int p[2], n;

	evset_open(&a, 8);
	evset_open(&b, 8);
	evset_open(&c, 8);
	evset_open(&d, 8);
	guest_pipe(p);
	evset_add(&a, b.fd, POLLIN);
	evset_add(&a, c.fd, POLLIN);
	evset_add(&b, d.fd, POLLIN);
	evset_add(&c, d.fd, POLLIN);
	evset_add(&d, p[0], POLLIN);
	GUEST_RETURNS(evset_ctl(&d, a.fd, POLLIN), -ELOOP);
	guest_put(p[1]);
	/* From the top: who harvests below first takes the news away. */
	guest_until(two_events, &a, "both sides of the diamond are told at its top");
	n = evset_wait(&a, GUEST_WAIT_MS, &ev);
	GUEST_RETURNS(n, 2);
	ck_assert(ev_find(ev, n, b.fd) && ev_find(ev, n, c.fd));
	evset_expect(&b, d.fd, POLLIN);
	evset_expect(&c, d.fd, POLLIN);
	evset_expect(&d, p[0], POLLIN);
}

GUEST_TEST(nest, many_paths, 60,
	   "a lattice of instances with thousands of paths is checked in no time")
{
	enum { WIDTH = 12, ROWS = 5 };
	static struct evset s[ROWS][WIDTH];
	struct evset other;
	int r, i, j;

	for (r = 0; r < ROWS; r++)
		for (i = 0; i < WIDTH; i++)
			evset_open(&s[r][i], 2 * WIDTH);
	for (r = 0; r < ROWS - 1; r++)
		for (i = 0; i < WIDTH; i++)
			for (j = 0; j < WIDTH; j++)
				evset_add(&s[r][i], s[r + 1][j].fd, POLLIN);
	GUEST_RETURNS(evset_ctl(&s[ROWS - 1][0], s[0][WIDTH - 1].fd, POLLIN),
		      -ELOOP);
	evset_open(&other, 8);
	GUEST_RETURNS(evset_ctl(&other, s[0][0].fd, POLLIN), -ELOOP);
	evset_add(&other, s[1][0].fd, POLLIN);
}

GUEST_TEST(nest, close_inner, 30,
	   "closing a watched instance takes it out, with its pending slot")
{
	struct evset a, b;
	int p[2];

	evset_open(&a, 8);
	evset_open(&b, 8);
	guest_pipe(p);
	evset_add(&a, b.fd, POLLIN);
	evset_add(&b, p[0], POLLIN);
	guest_put(p[1]);
	readable(&a);
	evset_close(&b);
	evset_none(&a);
	GUEST_RETURNS(evset_info(&a, "items"), 0);
	GUEST_RETURNS(evset_info(&a, "events"), 0);
	/* The loop that was forbidden is none any more. */
	evset_open(&b, 8);
	evset_add(&b, a.fd, POLLIN);
}

GUEST_TEST(nest, close_inner_mapped, 30,
	   "a watched instance that is closed but still mapped is still watched")
{
	struct evset a, b;
	int p[2];

	evset_open(&a, 8);
	evset_open(&b, 8);
	guest_pipe(p);
	evset_add(&a, b.fd, POLLIN);
	evset_add(&b, p[0], POLLIN);
	close(b.fd);
	guest_put(p[1]);
	evset_expect(&a, b.fd, POLLIN);
	GUEST_RETURNS(evset_info(&a, "items"), 1);
	evset_unmap(&b);
	GUEST_RETURNS(evset_info(&a, "items"), 0);
}

GUEST_TEST(nest, close_outer, 30,
	   "closing the watching instance leaves the watched one as it was")
{
	struct evset a, b;
	int p[2];

	evset_open(&a, 8);
	evset_open(&b, 8);
	guest_pipe(p);
	evset_add(&a, b.fd, POLLIN);
	evset_add(&b, p[0], POLLIN);
	guest_put(p[1]);
	evset_close(&a);
	evset_expect(&b, p[0], POLLIN);
	guest_put(p[1]);
	evset_expect(&b, p[0], POLLIN);
}

GUEST_TEST(nest, link_removed, 30,
	   "a link that is taken out of a chain carries nothing any more")
{
	struct evset s[4];
	int p[2];

	chain_open(s, 4, p);
	evset_del(&s[1], s[2].fd);
	guest_put(p[1]);
	evset_expect(&s[2], s[3].fd, POLLIN);
	evset_expect(&s[3], p[0], POLLIN);
	GUEST_RETURNS(evset_wait(&s[0], 200, NULL), 0);
}

GUEST_TEST(nest, two_instances_one_file, 30,
	   "two instances on one file both hear it; leaving one leaves the other")
{
	struct evset a, b;
	int p[2];

	evset_open(&a, 8);
	evset_open(&b, 8);
	guest_pipe(p);
	evset_add(&a, p[0], POLLIN);
	evset_add(&b, p[0], POLLIN);
	guest_put(p[1]);
	evset_expect(&a, p[0], POLLIN);
	evset_expect(&b, p[0], POLLIN);
	/* Whoever leaves, in either order: 2002 took the first on the list. */
	evset_del(&b, p[0]);
	guest_put(p[1]);
	evset_expect(&a, p[0], POLLIN);
	evset_none(&b);
	evset_add(&b, p[0], POLLIN);
	evset_del(&a, p[0]);
	guest_put(p[1]);
	evset_expect(&b, p[0], POLLIN);
	evset_none(&a);
	evset_add(&a, p[0], POLLIN);
	evset_close(&b);
	guest_put(p[1]);
	evset_expect(&a, p[0], POLLIN);
}

GUEST_TEST(nest, two_numbers_one_file, 30,
	   "two dup'd descriptors in one set both hear; removing one leaves the other")
{
	const struct pollfd *ev;
	struct evset s;
	int p[2], d, n;

	evset_open(&s, 8);
	guest_pipe(p);
	d = dup(p[0]);
	evset_add(&s, p[0], POLLIN);
	evset_add(&s, d, POLLIN | POLLHUP);
	GUEST_RETURNS(evset_info(&s, "items"), 2);
	guest_put(p[1]);
	n = evset_wait(&s, GUEST_WAIT_MS, &ev);
	GUEST_RETURNS(n, 2);
	ck_assert(ev_find(ev, n, p[0]) && ev_find(ev, n, d));
	evset_del(&s, d);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
	evset_add(&s, d, POLLIN | POLLHUP);
	evset_del(&s, p[0]);
	guest_put(p[1]);
	evset_expect(&s, d, POLLIN);
	close(p[0]);
	GUEST_RETURNS(evset_info(&s, "items"), 1);
	close(d);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
}
