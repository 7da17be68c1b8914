// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_transfer.c - what comes while a waiter is being told
 *
 * A wait asks a file, writes what it says to the program's memory, and decides
 * what becomes of the item.  Here the memory is a page that is not there yet, and
 * userfaultfd keeps the waiter in that write until the test has done what it
 * wanted to do meanwhile.  A kernel without it, as the laboratory's debug kernel,
 * holds the waiter by the module's parameter "stall".
 *
 * It is the moment about which the generations of epoll differ, and one of them,
 * the single pass of 2007, loses an event there.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "behave.h"

/**
 * struct held - a waiter that is kept in the middle
 * @ep: the instance
 * @max: events that it takes
 * @ms: timeout
 * @uffd: what holds it, or -1: the module's parameter
 * @ev: the page
 * @tid: its number
 * @n: outcome of the wait, when it has been let go
 */
struct held {
	int ep;
	int max;
	int ms;
	int uffd;
	struct epoll_event *ev;
	pid_t tid;
	int n;
	pthread_t thread;
};

static void *held_wait(void *arg)
{
	struct held *h = arg;

	__atomic_store_n(&h->tid, guest_gettid(), __ATOMIC_RELEASE);
	h->n = behave_wait(h->ep, h->ev, h->max, h->ms);
	if (h->n < 0)
		h->n = -errno;
	return NULL;
}

static bool held_has_tid(void *arg)
{
	struct held *h = arg;

	return __atomic_load_n(&h->tid, __ATOMIC_ACQUIRE);
}

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* Returns whether there is such a thing, and we may use it. */
static bool hold_by_fault(struct held *h)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = {
		.range = { (uintptr_t)h->ev, page_size() },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	h->uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (h->uffd < 0)
		return false;
	ck_assert(ioctl(h->uffd, UFFDIO_API, &api) == 0);
	ck_assert(ioctl(h->uffd, UFFDIO_REGISTER, &reg) == 0);
	return true;
}

static bool one_is_stalled(void *arg)
{
	const char *n = guest_param("eventpoll_port", "stalled");

	(void)arg;
	return n && atoi(n) == 1;
}

/* Starts the waiter. */
static void held_start(struct held *h, int ep, int max, int ms)
{
	*h = (struct held){ .ep = ep, .max = max, .ms = ms };
	h->ev = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert(h->ev != MAP_FAILED);
	if (!hold_by_fault(h)) {
		if (behave_design() == BEHAVE_KERNEL)
			GUEST_SKIP("userfaultfd: %s", strerror(errno));
		guest_param_set("eventpoll_port", "stall", "1");
	}
	h->thread = guest_thread(held_wait, h);
	guest_until(held_has_tid, h, "a thread starts");
}

/* Returns when it is in the middle of being told. */
static void hold(const struct held *h)
{
	struct pollfd fault = { .fd = h->uffd, .events = POLLIN };
	struct uffd_msg msg;

	if (h->uffd < 0) {
		guest_until(one_is_stalled, NULL, "a waiter is held");
		return;
	}
	GUEST_RETURNS(poll(&fault, 1, GUEST_WAIT_MS), 1);
	GUEST_RETURNS(read(h->uffd, &msg, sizeof(msg)), sizeof(msg));
	ck_assert_int_eq(msg.event, UFFD_EVENT_PAGEFAULT);
}

/* And lets it go on.  Returns how many it was told. */
static int let_go(struct held *h)
{
	struct uffdio_zeropage zero = {
		.range = { (uintptr_t)h->ev, page_size() },
	};

	if (h->uffd >= 0)
		GUEST_RETURNS(ioctl(h->uffd, UFFDIO_ZEROPAGE, &zero), 0);
	else
		guest_param_set("eventpoll_port", "stall", "0");
	guest_join(h->thread);
	return h->n;
}

BEHAVE_TEST(transfer_event_of_the_same_file, 60, BEHAVE_EPOLL,
	    "edge-triggered: what comes while its file is being told is told again")
{
	int p[2], ep = behave_create();
	struct held h;

	guest_pipe(p);
	behave_add(ep, p[0], EPOLLIN | EPOLLET);
	guest_put(p[1]);
	held_start(&h, ep, 4, 0);
	hold(&h);
	guest_put(p[1]);
	ck_assert_int_eq(let_go(&h), 1);
	ck_assert_int_eq(h.ev[0].data.fd, p[0]);
	ck_assert_msg(behave_wait(ep, h.ev, 4, 0) == 1,
		      "the event that came meanwhile is lost");
	ck_assert_int_eq(h.ev[0].data.fd, p[0]);
	behave_none(ep);
}
BEHAVE_KNOWN(transfer_event_of_the_same_file, singlepass,
	     "the single pass of May 2007 loses it, which is why it is shown");

BEHAVE_TEST(transfer_event_of_another_file, 60, BEHAVE_EPOLL,
	    "an event of another file that comes while one is being told is told next")
{
	int p[2], q[2], ep = behave_create();
	struct held h;

	guest_pipe(p);
	guest_pipe(q);
	behave_add(ep, p[0], EPOLLIN | EPOLLET);
	behave_add(ep, q[0], EPOLLIN | EPOLLET);
	guest_put(p[1]);
	held_start(&h, ep, 4, 0);
	hold(&h);
	guest_put(q[1]);
	ck_assert_int_eq(let_go(&h), 1);
	ck_assert_int_eq(h.ev[0].data.fd, p[0]);
	behave_expect(ep, q[0], EPOLLIN);
	behave_none(ep);
}

BEHAVE_TEST(transfer_event_of_what_was_told, 60, BEHAVE_EPOLL,
	    "an event of a file that was told before in the same wait is told next")
{
	int p[2], q[2], ep = behave_create();
	struct epoll_event ev;
	struct held h;

	guest_pipe(p);
	guest_pipe(q);
	behave_add(ep, p[0], EPOLLIN | EPOLLET);
	behave_add(ep, q[0], EPOLLIN | EPOLLET);
	guest_put(p[1]);
	guest_put(q[1]);
	ck_assert_int_eq(behave_wait(ep, &ev, 1, 0), 1);
	ck_assert_int_eq(ev.data.fd, p[0]);
	held_start(&h, ep, 1, 0);
	hold(&h);
	guest_put(p[1]);
	ck_assert_int_eq(let_go(&h), 1);
	ck_assert_int_eq(h.ev[0].data.fd, q[0]);
	behave_expect(ep, p[0], EPOLLIN);
	behave_none(ep);
}

BEHAVE_TEST(transfer_event_of_what_is_next, 60, BEHAVE_EPOLL,
	    "an event of a file that the same wait comes to next is told at the least once")
{
	int p[2], q[2], n, ep = behave_create();
	struct held h;

	guest_pipe(p);
	guest_pipe(q);
	behave_add(ep, p[0], EPOLLIN | EPOLLET);
	behave_add(ep, q[0], EPOLLIN | EPOLLET);
	guest_put(p[1]);
	guest_put(q[1]);
	held_start(&h, ep, 4, 0);
	hold(&h);
	guest_put(q[1]);
	ck_assert_int_eq(let_go(&h), 2);
	ck_assert_int_eq(h.ev[0].data.fd, p[0]);
	ck_assert_int_eq(h.ev[1].data.fd, q[0]);
	/* the stores that put it on a side list tell it twice */
	n = behave_wait(ep, h.ev, 4, 0);
	ck_assert(n == 0 || (n == 1 && h.ev[0].data.fd == q[0]));
	behave_none(ep);
}

BEHAVE_TEST(transfer_event_of_a_level, 60, BEHAVE_EPOLL,
	    "level-triggered: what comes while its file is being told makes one event, not two")
{
	int p[2], ep = behave_create();
	struct held h;

	guest_pipe(p);
	behave_add(ep, p[0], EPOLLIN);
	guest_put(p[1]);
	held_start(&h, ep, 4, 0);
	hold(&h);
	guest_put(p[1]);
	ck_assert_int_eq(let_go(&h), 1);
	behave_expect(ep, p[0], EPOLLIN);
	guest_drain(p[0]);
	behave_none(ep);
	/* and it is still in order */
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
}

BEHAVE_TEST(transfer_event_of_a_oneshot, 60, BEHAVE_EPOLL,
	    "one-shot: what comes while its file is being told waits until it is armed again")
{
	int p[2], ep = behave_create();
	struct held h;

	guest_pipe(p);
	behave_add(ep, p[0], EPOLLIN | EPOLLONESHOT);
	guest_put(p[1]);
	held_start(&h, ep, 4, 0);
	hold(&h);
	guest_put(p[1]);
	ck_assert_int_eq(let_go(&h), 1);
	behave_none(ep);
	behave_mod(ep, p[0], EPOLLIN | EPOLLONESHOT);
	behave_expect(ep, p[0], EPOLLIN);
	behave_none(ep);
}

BEHAVE_TEST(transfer_another_waiter, 60, BEHAVE_EPOLL,
	    "who sleeps is woken by what comes while another is being told, and gets it")
{
	struct behave_waiter w = { .ms = -1 };
	int p[2], q[2], ep = behave_create();
	struct held h;

	w.ep = ep;
	guest_pipe(p);
	guest_pipe(q);
	behave_add(ep, p[0], EPOLLIN | EPOLLET);
	behave_add(ep, q[0], EPOLLIN | EPOLLET);
	behave_waiter_start(&w);
	/* the last to fall asleep is woken first */
	held_start(&h, ep, 1, -1);
	behave_in_wait(ep, h.tid);
	guest_put(p[1]);
	hold(&h);
	guest_put(q[1]);
	ck_assert_int_eq(let_go(&h), 1);
	ck_assert_int_eq(h.ev[0].data.fd, p[0]);
	behave_waiter_got(&w, q[0], EPOLLIN);
	behave_none(ep);
}
