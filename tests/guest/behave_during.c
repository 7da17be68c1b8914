// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_during.c - what happens while a consumer hands events out
 *
 * This is the moment that the ready stores differ in (kmod/eventpoll/ready.h):
 * what becomes of an item that the consumer holds right now?  To stop it there,
 * its array lies across the border to a page that userfaultfd(2) holds back.  The
 * consumer has asked the file, begins to write the event, and sleeps until the
 * test lets it go on; the kernel's own epoll as well as any other.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "behave.h"
#include "wakeup.h"

/* These find an item of the transfer still linked, and leave it alone. */
#define MERGES	(BEHAVE_SINGLEPASS | BEHAVE_WFCQUEUES)

/**
 * struct consumer - a thread in a wait that stops at one of its events
 * @ep: the instance
 * @max: room in the array
 * @stop: number of the event that it stops at, from 0
 * @ev: the array
 * @page: the page that is held back; ev[stop] begins in it
 * @size: of that page
 * @uffd: tells of the stop, and ends it
 * @thread: in the wait
 * @tid: its number
 * @n: outcome
 */
struct consumer {
	int ep;
	int max;
	int stop;
	struct epoll_event *ev;
	char *page;
	size_t size;
	int uffd;
	pthread_t thread;
	pid_t tid;
	int n;
};

static void consumer_array(struct consumer *c)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	c->size = (size_t)sysconf(_SC_PAGESIZE);
	c->page = mmap(NULL, 2 * c->size, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert(c->page != MAP_FAILED);
	c->page[0] = 0;		/* the first page is there */
	c->page += c->size;
	c->ev = (struct epoll_event *)c->page - c->stop;

	c->uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (c->uffd < 0 && (errno == ENOSYS || errno == EPERM))
		GUEST_SKIP("userfaultfd: %s", strerror(errno));
	ck_assert_msg(c->uffd >= 0, "userfaultfd: %s", strerror(errno));
	GUEST_RETURNS(ioctl(c->uffd, UFFDIO_API, &api), 0);
	reg.range.start = (uintptr_t)c->page;
	reg.range.len = c->size;
	GUEST_RETURNS(ioctl(c->uffd, UFFDIO_REGISTER, &reg), 0);
}

static void *consume(void *arg)
{
	struct consumer *c = arg;

	__atomic_store_n(&c->tid, guest_gettid(), __ATOMIC_RELEASE);
	c->n = behave_wait(c->ep, c->ev, c->max, -1);
	return NULL;
}

/* The consumer is in the transfer and has stopped. */
static void consumer_stops(struct consumer *c)
{
	struct uffd_msg msg;

	GUEST_RETURNS(read(c->uffd, &msg, sizeof(msg)), sizeof(msg));
	ck_assert_uint_eq(msg.event, UFFD_EVENT_PAGEFAULT);
}

static void consumer_start(struct consumer *c)
{
	consumer_array(c);
	c->thread = guest_thread(consume, c);
}

/* With something ready: it stops without being asked to wait. */
static void consumer_start_and_stop(struct consumer *c)
{
	consumer_start(c);
	consumer_stops(c);
}

/* It goes on and returns with @n events. */
static void consumer_goes_on(struct consumer *c, int n)
{
	struct uffdio_zeropage zero = {
		.range = { (uintptr_t)c->page, c->size },
	};

	GUEST_RETURNS(ioctl(c->uffd, UFFDIO_ZEROPAGE, &zero), 0);
	guest_join(c->thread);
	ck_assert_int_eq(c->n, n);
}

/* @n eventfds, watched for @events; the first @ready are ready, in order. */
static void watch(int ep, int *fd, int n, uint32_t events, int ready)
{
	for (int i = 0; i < n; i++) {
		fd[i] = guest_eventfd();
		behave_add(ep, fd[i], events);
	}
	for (int i = 0; i < ready; i++)
		guest_put(fd[i]);
}

static void expect_fds(int ep, const int *fds, int n)
{
	struct epoll_event ev[16];

	GUEST_RETURNS(behave_wait(ep, ev, 16, GUEST_WAIT_MS), n);
	for (int i = 0; i < n; i++)
		ck_assert_msg(ev[i].data.fd == fds[i],
			      "event %d of %d: expected fd %d, got fd %d", i, n,
			      fds[i], ev[i].data.fd);
}

#define EXPECT_FDS(ep, ...) do {					\
	const int expect_list[] = { __VA_ARGS__ };			\
									\
	GUEST_HERE;							\
	expect_fds(ep, expect_list,					\
		   (int)(sizeof(expect_list) / sizeof(int)));		\
} while (0)

/* The wait before it has ended, so whatever there is is there now. */
static void expect_now(int ep, int fd)
{
	struct epoll_event ev[2];
	int n = behave_wait(ep, ev, 2, 0);

	ck_assert_msg(n == 1 && ev[0].data.fd == fd,
		      "the event of meanwhile is lost: expected fd %d, got %d events",
		      fd, n);
}

BEHAVE_TEST(during_event_of_what_is_told, 30, BEHAVE_EPOLL,
	    "edge-triggered: an event of the very file that is being told, after it was asked, is told in the next wait")
{
	struct consumer c = { .ep = behave_create(), .max = 4 };
	int fd;

	watch(c.ep, &fd, 1, EPOLLIN | EPOLLET, 1);
	consumer_start_and_stop(&c);
	guest_put(fd);
	consumer_goes_on(&c, 1);
	expect_now(c.ep, fd);
	behave_none(c.ep);
}
BEHAVE_KNOWN(during_event_of_what_is_told, BEHAVE_SINGLEPASS,
	     "the single pass of May 2007 loses it: the exhibit");
BEHAVE_KNOWN(during_event_of_what_is_told, BEHAVE_LLIST,
	     "2025: what is told is marked off the list only when all is copied: the exhibit");
BEHAVE_KNOWN(during_event_of_what_is_told, BEHAVE_WFCQUEUE,
	     BEHAVE_STAYS);

BEHAVE_TEST(during_event_lost, 30, BEHAVE_LOSES,
	    "edge-triggered: an event of the very file that is being told is lost, in the single pass and its likes; the next one is told")
{
	struct consumer c = { .ep = behave_create(), .max = 4 };
	int fd;

	watch(c.ep, &fd, 1, EPOLLIN | EPOLLET, 1);
	consumer_start_and_stop(&c);
	guest_put(fd);
	consumer_goes_on(&c, 1);
	behave_none(c.ep);
	guest_put(fd);
	behave_expect(c.ep, fd, EPOLLIN);
}

BEHAVE_TEST(during_event_of_what_was_told, 30, BEHAVE_EPOLL,
	    "edge-triggered: an event of what was told earlier in the same wait is told in the next")
{
	struct consumer c = { .ep = behave_create(), .max = 4, .stop = 1 };
	int fd[2];

	watch(c.ep, fd, 2, EPOLLIN | EPOLLET, 2);
	consumer_start_and_stop(&c);
	guest_put(fd[0]);
	consumer_goes_on(&c, 2);
	behave_expect(c.ep, fd[0], EPOLLIN);
	behave_none(c.ep);
}
BEHAVE_KNOWN(during_event_of_what_was_told, BEHAVE_LLIST,
	     "2025: what is told is marked off the list only when all is copied: the exhibit");

BEHAVE_TEST(during_event_of_what_will_be_told, 30, BEHAVE_EPOLL & ~MERGES,
	    "edge-triggered: an event of what will be told later in the same wait is told there, and again in the next wait")
{
	struct consumer c = { .ep = behave_create(), .max = 4 };
	int fd[2];

	watch(c.ep, fd, 2, EPOLLIN | EPOLLET, 2);
	consumer_start_and_stop(&c);
	guest_put(fd[1]);
	consumer_goes_on(&c, 2);
	behave_expect(c.ep, fd[1], EPOLLIN);
	behave_none(c.ep);
}
BEHAVE_KNOWN(during_event_of_what_will_be_told, BEHAVE_LLIST,
	     "2025: what is told is marked off the list only when all is copied: the exhibit");

BEHAVE_TEST(during_event_merged, 30, MERGES,
	    "edge-triggered: an event of what will be told later in the same wait is told there, and that is all; the kernel tells it twice")
{
	struct consumer c = { .ep = behave_create(), .max = 4 };
	int fd[2];

	watch(c.ep, fd, 2, EPOLLIN | EPOLLET, 2);
	consumer_start_and_stop(&c);
	guest_put(fd[1]);
	consumer_goes_on(&c, 2);
	ck_assert_int_eq(c.ev[1].data.fd, fd[1]);
	behave_none(c.ep);
}

BEHAVE_TEST(during_event_of_another, 30, BEHAVE_EPOLL,
	    "an event of a file that was not ready before is told in the next wait, not in this one")
{
	struct consumer c = { .ep = behave_create(), .max = 4 };
	int et[2], lt[2];

	watch(c.ep, et, 2, EPOLLIN | EPOLLET, 1);
	watch(c.ep, lt, 2, EPOLLIN, 0);
	consumer_start_and_stop(&c);
	guest_put(et[1]);
	guest_put(lt[1]);
	consumer_goes_on(&c, 1);
	ck_assert_int_eq(c.ev[0].data.fd, et[0]);
	EXPECT_FDS(c.ep, et[1], lt[1]);
	behave_expect(c.ep, lt[1], EPOLLIN);
}
BEHAVE_KNOWN(during_event_of_another, BEHAVE_OVFLIST_26,
	     "2.6.37: the side list comes back newest first (ep_scan_ready_list, list_add_tail)");
BEHAVE_KNOWN(during_event_of_another, BEHAVE_LLISTS,
	     "2025: the list stays open, and what comes during a wait is told in it (ep_send_events, llist_del_first in the loop)");
BEHAVE_KNOWN(during_event_of_another, BEHAVE_MULTIPASS,
	     BEHAVE_LIFO);

BEHAVE_TEST(during_event_told_at_once, 30, BEHAVE_LLISTS,
	    "an event of a file that was not ready before is told in the same wait, and that is all; the kernel tells it in the next")
{
	struct consumer c = { .ep = behave_create(), .max = 4 };
	int et[2];

	watch(c.ep, et, 2, EPOLLIN | EPOLLET, 1);
	consumer_start_and_stop(&c);
	guest_put(et[1]);
	consumer_goes_on(&c, 2);
	ck_assert_int_eq(c.ev[0].data.fd, et[0]);
	ck_assert_int_eq(c.ev[1].data.fd, et[1]);
	behave_none(c.ep);
}

/* Of three levels that hold two are told; meanwhile edges come: 2, 0, 1.  The instance. */
static int three_come_while_two_are_told(int lt[3], int et[3])
{
	struct consumer c = { .ep = behave_create(), .max = 2, .stop = 1 };

	watch(c.ep, lt, 3, EPOLLIN, 3);
	watch(c.ep, et, 3, EPOLLIN | EPOLLET, 0);
	consumer_start_and_stop(&c);
	guest_put(et[2]);
	guest_put(et[0]);
	guest_put(et[1]);
	consumer_goes_on(&c, 2);
	return c.ep;
}

BEHAVE_TEST(during_order, 30, BEHAVE_EPOLL,
	    "what came during a wait is told, in its order, behind what had no room and before what is told again")
{
	int lt[3], et[3], ep = three_come_while_two_are_told(lt, et);

	EXPECT_FDS(ep, lt[2], et[2], et[0], et[1], lt[0], lt[1]);
	EXPECT_FDS(ep, lt[2], lt[0], lt[1]);
}
BEHAVE_KNOWN(during_order, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(during_order, BEHAVE_SINGLEPASS,
	     BEHAVE_HEAD);
BEHAVE_KNOWN(during_order, BEHAVE_MULTIPASS,
	     BEHAVE_LIFO);
BEHAVE_KNOWN(during_order, BEHAVE_WFCQUEUE,
	     "RFC v3 of 2013: what was told goes to the open queue at once (ep_send_events, wfcq_enqueue to rdlhead)");

BEHAVE_KNOWN(during_order, BEHAVE_OVFLIST_26,
	     "2.6.37 puts the side list newest first behind what is told again (ep_scan_ready_list, list_add_tail)");

BEHAVE_TEST(during_order_of_2_6, 30, BEHAVE_OVFLIST_26,
	    "what came during a wait is told, newest first, behind what had no room and what is told again")
{
	int lt[3], et[3], ep = three_come_while_two_are_told(lt, et);

	EXPECT_FDS(ep, lt[2], lt[0], lt[1], et[1], et[0], et[2]);
	EXPECT_FDS(ep, lt[2], lt[0], lt[1]);
}

BEHAVE_TEST(during_level_is_told_once, 30, BEHAVE_EPOLL,
	    "level-triggered: events of what is told, was told and will be told do not make it two in any wait")
{
	struct consumer c = { .ep = behave_create(), .max = 4, .stop = 1 };
	struct epoll_event ev[8];
	int fd[3];

	watch(c.ep, fd, 3, EPOLLIN, 3);
	consumer_start_and_stop(&c);
	for (int i = 0; i < 3; i++)
		guest_put(fd[i]);
	consumer_goes_on(&c, 3);
	GUEST_RETURNS(behave_wait(c.ep, ev, 8, 0), 3);
	ck_assert(ev[0].data.fd != ev[1].data.fd &&
		  ev[1].data.fd != ev[2].data.fd &&
		  ev[2].data.fd != ev[0].data.fd);
	GUEST_RETURNS(behave_wait(c.ep, ev, 8, 0), 3);
}

BEHAVE_TEST(during_drained_when_told, 30, BEHAVE_EPOLL,
	    "what is drained after it was asked is told all the same, and not again")
{
	struct consumer c = { .ep = behave_create(), .max = 4 };
	int fd;

	watch(c.ep, &fd, 1, EPOLLIN, 1);
	consumer_start_and_stop(&c);
	guest_drain(fd);
	consumer_goes_on(&c, 1);
	behave_none(c.ep);
}

BEHAVE_TEST(during_drained_before_its_turn, 30, BEHAVE_EPOLL,
	    "what is drained before its turn comes is not told in the same wait either")
{
	struct consumer c = { .ep = behave_create(), .max = 4 };
	int fd[3];

	watch(c.ep, fd, 3, EPOLLIN | EPOLLET, 3);
	consumer_start_and_stop(&c);
	guest_drain(fd[1]);
	consumer_goes_on(&c, 2);
	ck_assert_int_eq(c.ev[1].data.fd, fd[2]);
	behave_none(c.ep);
}
BEHAVE_KNOWN(during_drained_before_its_turn, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(during_drained_before_its_turn, BEHAVE_MULTIPASS,
	     BEHAVE_LIFO);

BEHAVE_TEST(during_drained_and_filled, 30, BEHAVE_EPOLL,
	    "edge-triggered: what is drained and filled again while it is told is told in the next wait")
{
	struct consumer c = { .ep = behave_create(), .max = 4 };
	int fd;

	watch(c.ep, &fd, 1, EPOLLIN | EPOLLET, 1);
	consumer_start_and_stop(&c);
	guest_drain(fd);
	guest_put(fd);
	consumer_goes_on(&c, 1);
	expect_now(c.ep, fd);
	behave_none(c.ep);
}
BEHAVE_KNOWN(during_drained_and_filled, BEHAVE_SINGLEPASS,
	     "the single pass of May 2007 loses it: the exhibit");
BEHAVE_KNOWN(during_drained_and_filled, BEHAVE_LLIST,
	     "2025: what is told is marked off the list only when all is copied: the exhibit");
BEHAVE_KNOWN(during_drained_and_filled, BEHAVE_WFCQUEUE,
	     BEHAVE_STAYS);

BEHAVE_TEST(during_oneshot, 30, BEHAVE_EPOLL,
	    "one-shot: an event of what is being told is not told again, and MOD tells it")
{
	struct consumer c = { .ep = behave_create(), .max = 4 };
	int fd;

	watch(c.ep, &fd, 1, EPOLLIN | EPOLLONESHOT, 1);
	consumer_start_and_stop(&c);
	guest_put(fd);
	consumer_goes_on(&c, 1);
	behave_none(c.ep);
	behave_mod(c.ep, fd, EPOLLIN | EPOLLONESHOT);
	behave_expect(c.ep, fd, EPOLLIN);
	behave_none(c.ep);
}

/* A thread that calls behave_ctl(). */
struct changer {
	int ep;
	int op;
	int fd;
	struct epoll_event ev;
	pthread_t thread;
	pid_t tid;
	int ret;
};

static void *change(void *arg)
{
	struct changer *c = arg;

	__atomic_store_n(&c->tid, guest_gettid(), __ATOMIC_RELEASE);
	c->ret = behave_ctl(c->ep, c->op, c->fd, &c->ev);
	return NULL;
}

static bool changer_runs(void *arg)
{
	struct changer *c = arg;

	return __atomic_load_n(&c->tid, __ATOMIC_ACQUIRE) != 0;
}

/* Returns when it sleeps in there, which is where the consumer keeps it. */
static void changer_start(struct changer *c)
{
	c->thread = guest_thread(change, c);
	guest_until(changer_runs, c, "a thread starts");
	behave_in_wait(c->ep, c->tid);
}

static void changer_succeeds(struct changer *c)
{
	guest_join(c->thread);
	ck_assert_int_eq(c->ret, 0);
}

BEHAVE_TEST(during_del, 30, BEHAVE_EPOLL,
	    "DEL waits until the events are handed out, and what is removed is not told again")
{
	struct consumer c = { .ep = behave_create(), .max = 4 };
	struct changer d = { .ep = c.ep, .op = EPOLL_CTL_DEL };
	int fd[2];

	watch(c.ep, fd, 2, EPOLLIN, 2);
	consumer_start_and_stop(&c);
	d.fd = fd[0];
	changer_start(&d);
	guest_put(fd[0]);
	consumer_goes_on(&c, 2);
	changer_succeeds(&d);
	behave_expect(c.ep, fd[1], EPOLLIN);
}

BEHAVE_TEST(during_mod, 30, BEHAVE_EPOLL,
	    "MOD waits until the events are handed out: they have the old data, the next ones the new")
{
	struct consumer c = { .ep = behave_create(), .max = 4 };
	struct changer d = {
		.ep = c.ep, .op = EPOLL_CTL_MOD,
		.ev = { .events = EPOLLIN | EPOLLET, .data.u64 = 1ULL << 40 },
	};
	struct epoll_event ev[4];

	watch(c.ep, &d.fd, 1, EPOLLIN | EPOLLET, 1);
	consumer_start_and_stop(&c);
	changer_start(&d);
	consumer_goes_on(&c, 1);
	ck_assert_int_eq(c.ev[0].data.fd, d.fd);
	changer_succeeds(&d);
	GUEST_RETURNS(behave_wait(c.ep, ev, 4, GUEST_WAIT_MS), 1);
	ck_assert(ev[0].data.u64 == 1ULL << 40);
	behave_none(c.ep);
}

BEHAVE_TEST(during_add, 30, BEHAVE_EPOLL,
	    "ADD of what is ready is told in the next wait")
{
	struct consumer c = { .ep = behave_create(), .max = 4 };
	struct changer d = { .ep = c.ep, .op = EPOLL_CTL_ADD };
	int fd;

	watch(c.ep, &fd, 1, EPOLLIN | EPOLLET, 1);
	consumer_start_and_stop(&c);
	d.fd = guest_eventfd();
	guest_put(d.fd);
	d.ev = (struct epoll_event){ .events = EPOLLIN, .data.fd = d.fd };
	changer_start(&d);
	consumer_goes_on(&c, 1);
	changer_succeeds(&d);
	behave_expect(c.ep, d.fd, EPOLLIN);
}

static bool consumer_runs(void *arg)
{
	struct consumer *c = arg;

	return __atomic_load_n(&c->tid, __ATOMIC_ACQUIRE) != 0;
}

BEHAVE_TEST(during_event_wakes_another, 30, BEHAVE_EPOLL & ~BEHAVE_HERDS,
	    "an event that comes while one thread hands out is for another one that sleeps")
{
	struct behave_waiter w = { .ms = -1 };
	struct consumer c = { .max = 4 };
	int fd[2];

	w.ep = behave_create();
	c.ep = w.ep;
	watch(w.ep, fd, 2, EPOLLIN | EPOLLET, 0);
	behave_waiter_start(&w);
	consumer_start(&c);	/* comes last, so it is woken first */
	guest_until(consumer_runs, &c, "a thread starts");
	behave_in_wait(c.ep, c.tid);
	guest_put(fd[0]);
	consumer_stops(&c);
	guest_put(fd[1]);
	consumer_goes_on(&c, 1);
	ck_assert_int_eq(c.ev[0].data.fd, fd[0]);
	behave_waiter_got(&w, fd[1], EPOLLIN);
	behave_none(w.ep);
}
BEHAVE_KNOWN(during_event_wakes_another, BEHAVE_LLISTS,
	     "2025: the list stays open, and what comes during a wait is told in it (ep_send_events, llist_del_first in the loop)");

BEHAVE_TEST(during_late_waiter, 30, BEHAVE_EPOLL,
	    "an event that comes while one thread hands out is for another one that came meanwhile")
{
	struct behave_waiter w = { .ms = -1 };
	struct consumer c = { .max = 4 };
	int fd[2];

	w.ep = behave_create();
	c.ep = w.ep;
	watch(w.ep, fd, 2, EPOLLIN | EPOLLET, 1);
	consumer_start_and_stop(&c);
	behave_waiter_start(&w);
	guest_put(fd[1]);
	consumer_goes_on(&c, 1);
	ck_assert_int_eq(c.ev[0].data.fd, fd[0]);
	behave_waiter_got(&w, fd[1], EPOLLIN);
	behave_none(w.ep);
}
BEHAVE_KNOWN(during_late_waiter, BEHAVE_LLISTS,
	     "2025: the list stays open, and what comes during a wait is told in it (ep_send_events, llist_del_first in the loop)");

/* The consumer loses its array: what it was writing is not lost. */
static void array_goes(struct consumer *c)
{
	GUEST_RETURNS(munmap(c->page, c->size), 0);
	GUEST_RETURNS(close(c->uffd), 0);	/* wakes it */
	guest_join(c->thread);
}

BEHAVE_TEST(during_second_consumer, 30, BEHAVE_EPOLL,
	    "level-triggered: a wait with timeout 0 while another has the only item in its hands comes after that, and is told it too")
{
	struct consumer c = { .ep = behave_create(), .max = 1 };
	struct behave_waiter w = { .ep = c.ep, .max = 1, .ms = 0 };
	int fd;

	watch(c.ep, &fd, 1, EPOLLIN, 1);
	consumer_start_and_stop(&c);
	behave_waiter_start(&w);
	consumer_goes_on(&c, 1);
	behave_waiter_got(&w, fd, EPOLLIN);
}

BEHAVE_TEST(during_array_goes, 30, BEHAVE_EPOLL,
	    "when the array is unmapped while the second event is written the first is returned, and the others come in the next wait")
{
	struct consumer c = { .ep = behave_create(), .max = 4, .stop = 1 };
	int fd[3];

	watch(c.ep, fd, 3, EPOLLIN | EPOLLET, 3);
	consumer_start_and_stop(&c);
	array_goes(&c);
	ck_assert_int_eq(c.n, 1);
	EXPECT_FDS(c.ep, fd[1], fd[2]);
	behave_none(c.ep);
}
BEHAVE_KNOWN(during_array_goes, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(during_array_goes, BEHAVE_MULTIPASS,
	     BEHAVE_EFAULTS);
BEHAVE_KNOWN(during_array_goes, BEHAVE_WFCQUEUE,
	     BEHAVE_TAIL);

BEHAVE_TEST(during_array_goes_and_event_comes, 30, BEHAVE_EPOLL,
	    "what could not be written and had another event meanwhile is told once in the next wait")
{
	struct consumer c = { .ep = behave_create(), .max = 4 };
	int fd;

	watch(c.ep, &fd, 1, EPOLLIN | EPOLLET, 1);
	consumer_start_and_stop(&c);
	guest_put(fd);
	array_goes(&c);
	ck_assert_int_eq(c.n, -1);
	behave_expect(c.ep, fd, EPOLLIN);
	behave_none(c.ep);
}

BEHAVE_TEST(during_kill, 30, BEHAVE_EPOLL,
	    "a process that is killed while it is told of an event leaves the event to the next waiter")
{
	struct consumer c = { .ep = behave_create(), .max = 4 };
	int fd, told[2], status;
	pid_t pid;
	char byte;

	GUEST_RETURNS(pipe2(told, O_CLOEXEC), 0);
	watch(c.ep, &fd, 1, EPOLLIN | EPOLLET, 1);
	pid = guest_fork();
	if (!pid) {
		consumer_start_and_stop(&c);
		guest_put(told[1]);
		guest_join(c.thread);
		_exit(1);
	}
	close(told[1]);
	/* At its end if the child could not stop there: it skips. */
	if (read(told[0], &byte, 1) != 1) {
		guest_reap(pid);
		return;
	}
	kill(pid, SIGKILL);
	ck_assert(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	behave_expect(c.ep, fd, EPOLLIN);
	behave_none(c.ep);
}
BEHAVE_KNOWN(during_kill, BEHAVE_MULTIPASS,
	     BEHAVE_EFAULTS);

/*
 * EPOLLWAKEUP: as long as something is going to be told, the system stays awake.  What
 * came meanwhile is in the store again, or lost.
 */

/* A wakeup source is active if, and only if, the next wait has an event of its file. */
static void awake_if_told(int ep, const struct wakeup_fifo *f, size_t n)
{
	enum wakeup_state state[2];
	struct epoll_event ev[2];
	bool told[2] = { false };
	int got;

	for (size_t i = 0; i < n; i++)
		state[i] = wakeup_state(f[i].name);
	got = behave_wait(ep, ev, 2, 0);
	for (int e = 0; e < got; e++)
		for (size_t i = 0; i < n; i++)
			told[i] |= ev[e].data.fd == f[i].fd[0];
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(state[i] == (told[i] ? WAKEUP_AWAKE : WAKEUP_ASLEEP),
			      "file %zu: its wakeup source was %s, and then it was %s",
			      i, state[i] == WAKEUP_AWAKE ? "awake" : "asleep",
			      told[i] ? "told" : "not told");
	behave_none(ep);
	for (size_t i = 0; i < n; i++)
		wakeup_expect(f[i].name, WAKEUP_ASLEEP);
}

BEHAVE_TEST(during_awake_told, 30, BEHAVE_EPOLL,
	    "EPOLLWAKEUP, edge-triggered: a file that has an event while it is told keeps the system awake until that is told")
{
	struct consumer c = { .ep = behave_create(), .max = 4 };
	struct wakeup_fifo f;

	wakeup_fifo(&f);
	behave_add(c.ep, f.fd[0], EPOLLIN | EPOLLET | EPOLLWAKEUP);
	guest_put(f.fd[1]);
	consumer_start_and_stop(&c);
	/* The instance's stands in. */
	wakeup_expect(f.name, WAKEUP_ASLEEP);
	wakeup_expect(WAKEUP_OF_INSTANCE, WAKEUP_AWAKE);
	guest_drain(f.fd[0]);
	guest_put(f.fd[1]);
	consumer_goes_on(&c, 1);
	wakeup_expect(WAKEUP_OF_INSTANCE, WAKEUP_ASLEEP);
	awake_if_told(c.ep, &f, 1);
}

/* Two files are told; whichever is the first, both have one more event meanwhile. */
static void two_are_told(struct consumer *c, struct wakeup_fifo f[2], uint32_t events)
{
	int i;

	for (i = 0; i < 2; i++) {
		wakeup_fifo(&f[i]);
		behave_add(c->ep, f[i].fd[0], events);
	}
	for (i = 0; i < 2; i++)
		guest_put(f[i].fd[1]);
	consumer_start_and_stop(c);
	for (i = 0; i < 2; i++) {
		guest_drain(f[i].fd[0]);
		guest_put(f[i].fd[1]);
	}
	consumer_goes_on(c, 2);
}

BEHAVE_TEST(during_awake_taken, 30, BEHAVE_EPOLL,
	    "the same of an event that comes before its file is asked, while another one is told")
{
	struct consumer c = { .ep = behave_create(), .max = 4 };
	struct wakeup_fifo f[2];

	two_are_told(&c, f, EPOLLIN | EPOLLET | EPOLLWAKEUP);
	awake_if_told(c.ep, f, 2);
}

BEHAVE_TEST(during_awake_level, 30, BEHAVE_EPOLL,
	    "the same, level-triggered: in the end a wait finds nothing, and the system may suspend")
{
	struct consumer c = { .ep = behave_create(), .max = 4 };
	struct wakeup_fifo f[2];

	two_are_told(&c, f, EPOLLIN | EPOLLWAKEUP);
	for_each_of(i, f)
		wakeup_expect(f[i].name, WAKEUP_AWAKE);
	for_each_of(i, f)
		guest_drain(f[i].fd[0]);
	behave_none(c.ep);
	for_each_of(i, f)
		wakeup_expect(f[i].name, WAKEUP_ASLEEP);
}
