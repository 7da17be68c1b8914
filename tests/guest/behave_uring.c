// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_uring.c - a ring of io_uring that watches who watches it
 *
 * A multishot poll completes at every wake-up.  When the instance that it polls
 * watches the ring, or an eventfd that the ring rings, each completion is an event
 * that makes the next one.  io_uring ends that: its wake-ups have a mark, and a poll
 * that is woken by a mark is over.  It has to come back through the instance.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/syscall.h>

#include "behave.h"
#include "ring.h"

/* Lets the ring do what it has to do for this thread. */
static void ring_work(struct ring *r)
{
	GUEST_RETURNS(syscall(__NR_io_uring_enter, r->fd, 0, 0,
			      IORING_ENTER_GETEVENTS, NULL, 0), 0);
}

/* How many completions one event makes; *over: the poll has ended. */
static int ring_completes(struct ring *r, bool *over)
{
	struct io_uring_cqe cqe;
	int n = 0;

	*over = false;
	for (int quiet = 0; quiet < 4 && n < RING_ENTRIES; quiet++) {
		ring_work(r);
		while (ring_take(r, &cqe)) {
			*over = !(cqe.flags & IORING_CQE_F_MORE);
			quiet = 0;
			n++;
		}
	}
	return n;
}

/*
 * Does the kernel's own epoll end it?  Linux 6.1 passes the mark on, but its poll
 * looks at a mark only while it is not busy completing, which is when one comes.
 */
static void kernel_ends(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int p[2], ep = epoll_create1(EPOLL_CLOEXEC);
	struct ring r;
	bool over;

	ring_open(&r);
	guest_pipe(p);
	ck_assert(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev) == 0);
	ck_assert(epoll_ctl(ep, EPOLL_CTL_ADD, r.fd, &ev) == 0);
	ring_poll(&r, ep, IORING_POLL_ADD_MULTI);
	guest_put(p[1]);
	ring_completes(&r, &over);
	if (!over)
		GUEST_SKIP("io_uring of this kernel goes on with the kernel's epoll, too");
	close(ep);
	close(r.fd);
}

/* @ep watches a pipe, and @heard, by which it hears of the ring's completions. */
static void ring_ends(struct ring *r, int ep, int heard, uint32_t events)
{
	bool over;
	int p[2], n;

	kernel_ends();
	behave_pipe(ep, p, events);
	behave_add(ep, heard, events);
	ring_poll(r, ep, IORING_POLL_ADD_MULTI);
	guest_put(p[1]);
	n = ring_completes(r, &over);
	ck_assert_msg(over && n <= 2, "%d completions, and the poll %s", n,
		      over ? "is over" : "goes on");
}

static void direct(uint32_t events)
{
	struct ring r;

	ring_open(&r);
	ring_ends(&r, behave_create(), r.fd, events);
}

static void by_eventfd(uint32_t events)
{
	int fd = guest_eventfd();
	struct ring r;

	ring_open(&r);
	GUEST_RETURNS(syscall(__NR_io_uring_register, r.fd,
			      IORING_REGISTER_EVENTFD, &fd, 1), 0);
	ring_ends(&r, behave_create(), fd, events);
}

BEHAVE_TEST(uring_ring_level, 30, BEHAVE_EPOLL,
	    "a ring polls an instance that watches the ring: one event makes two completions, and the poll ends")
{
	direct(EPOLLIN);
}

BEHAVE_TEST(uring_ring_edge, 30, BEHAVE_EPOLL, "edge-triggered, too")
{
	direct(EPOLLIN | EPOLLET);
}

BEHAVE_TEST(uring_eventfd_level, 30, BEHAVE_EPOLL,
	    "a ring polls an instance that watches the eventfd of the ring: two completions, and the poll ends")
{
	by_eventfd(EPOLLIN);
}

BEHAVE_TEST(uring_eventfd_edge, 30, BEHAVE_EPOLL, "edge-triggered, too")
{
	by_eventfd(EPOLLIN | EPOLLET);
}

BEHAVE_TEST(uring_nested, 30, BEHAVE_EPOLL,
	    "and when the instance that watches the ring is watched by the one that is polled")
{
	int inner = behave_create(), outer = behave_create();
	struct ring r;

	ring_open(&r);
	behave_add(inner, r.fd, EPOLLIN);
	ring_ends(&r, outer, inner, EPOLLIN);
}

GUEST_TEST(share, uring_tells_the_truth, 30,
	   "a ring's poll of a shared set completes by an event, and not by what was taken")
{
	struct evset s;
	struct ring r;
	bool over;
	int p[2];

	ring_open(&r);
	evset_open(&s, 8);
	if (!s.control)
		evset_share(&s);
	guest_pipe(p);
	evset_add(&s, p[0], POLLIN);
	guest_put(p[1]);
	GUEST_RETURNS(evset_take(&s, NULL), 1);
	ring_poll(&r, s.fd, IORING_POLL_ADD_MULTI);
	GUEST_RETURNS(ring_completes(&r, &over), 0);
	guest_put(p[1]);
	ck_assert_int_ge(ring_completes(&r, &over), 1);
	GUEST_RETURNS(evset_take(&s, NULL), 1);
	GUEST_RETURNS(ring_completes(&r, &over), 0);
}
