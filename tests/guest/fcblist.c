// SPDX-License-Identifier: GPL-2.0-only
/*
 * fcblist.c - the file callback list, seen through a second module
 *
 * /dev/fcb_test registers callbacks of its own on the files that /dev/epoll
 * watches, and counts what they hear.  The list is the 2002 one: whoever wants
 * to hear of a file puts himself on it, and takes off himself and nobody else.
 */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "fcb_test.h"
#include "told.h"

/* What fcblist.h says to modules. */
enum { ION_IN = 1, ION_WAKEUP = 5, FCB_DOUBT_SHIFT = 16 };

static int second(void)
{
	int fd = open("/dev/fcb_test", O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		GUEST_SKIP("the module fcb_test is not loaded");
	ck_assert_msg(fd >= 0, "/dev/fcb_test: %s", strerror(errno));
	return fd;
}

static int call(int dev, unsigned long what, int fd, int slot, int proc)
{
	struct fcb_test_arg a = {
		.fd = fd, .slot = (unsigned int)slot, .proc = (unsigned int)proc,
	};

	return ioctl(dev, what, &a) ? -errno : 0;
}

static void add(int dev, int fd, int slot, int proc)
{
	GUEST_RETURNS(call(dev, FCB_TEST_ADD, fd, slot, proc), 0);
}

static void del(int dev, int fd, int slot, int proc)
{
	GUEST_RETURNS(call(dev, FCB_TEST_DEL, fd, slot, proc), 0);
}

static struct fcb_test_arg heard(int dev, int slot)
{
	struct fcb_test_arg a = { .slot = (unsigned int)slot };

	GUEST_RETURNS(ioctl(dev, FCB_TEST_GET, &a), 0);
	return a;
}

static void expect_events(int dev, int slot, unsigned int n)
{
	struct fcb_test_arg a = heard(dev, slot);

	ck_assert_msg(a.events == n, "registration %d: expected %u events, heard %u",
		      slot, n, a.events);
}

GUEST_TEST(fcblist, 13_both_hear, 30,
	   "a second module's callback and /dev/epoll's on one file both hear an event")
{
	struct fcb_test_arg a;
	struct evset s;
	int p[2], dev = second();

	evset_pipe(&s, p, POLLIN);
	add(dev, p[0], 0, 0);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
	a = heard(dev, 0);
	GUEST_RETURNS((int)a.events, 1);
	ck_assert_msg(a.plevt & POLLIN, "expected POLLIN, heard %#x", a.plevt);
}

GUEST_TEST(fcblist, 13_event_array, 30,
	   "an event is the array { ioevt, plevt, -1 }")
{
	struct fcb_test_arg a;
	int p[2], dev = second();

	guest_pipe(p);
	add(dev, p[0], 0, 0);
	guest_put(p[1]);
	a = heard(dev, 0);
	GUEST_RETURNS(a.ioevt, ION_WAKEUP);
	GUEST_RETURNS((int)a.plevt & 0xffff, POLLIN | POLLRDNORM);
	GUEST_RETURNS(a.end, -1);
}

GUEST_TEST(fcblist, 13_doubts, 30,
	   "a wake-up that does not say what happened is told as doubts, not as facts")
{
	struct fcb_test_arg a;
	int u[2], dev = second();

	guest_unix(u);
	add(dev, u[0], 0, 0);
	guest_put(u[1]);
	a = heard(dev, 0);
	/* The key 0xc3: POLLPRI is always in it. */
	GUEST_RETURNS((int)a.plevt & POLLPRI, 0);
	GUEST_RETURNS((int)(a.plevt >> FCB_DOUBT_SHIFT) & POLLPRI, POLLPRI);
	close(u[1]);
	a = heard(dev, 0);
	/* The key 0: it may be anything. */
	GUEST_RETURNS((int)a.plevt & POLLHUP, 0);
	GUEST_RETURNS((int)(a.plevt >> FCB_DOUBT_SHIFT) & POLLHUP, POLLHUP);
}

GUEST_TEST(fcblist, 13_local_words, 30,
	   "each callback has private words that are zero at first and are its own")
{
	struct fcb_test_arg a, b;
	int p[2], i, dev = second();

	guest_pipe(p);
	add(dev, p[0], 0, 0);
	for (i = 0; i < 3; i++)
		guest_put(p[1]);
	add(dev, p[0], 1, 0);
	add(dev, p[0], 2, 1);
	for (i = 0; i < 2; i++)
		guest_put(p[1]);
	a = heard(dev, 0);
	b = heard(dev, 1);
	ck_assert_msg(a.local0 == 0 && b.local0 == 0,
		      "words at the first event: expected 0 and 0, got %u and %u",
		      a.local0, b.local0);
	GUEST_RETURNS((int)a.local, 5);
	GUEST_RETURNS((int)b.local, 2);
	GUEST_RETURNS((int)heard(dev, 2).local, 2);
	/* Off and on again, the words begin anew. */
	del(dev, p[0], 0, 0);
	add(dev, p[0], 0, 0);
	guest_put(p[1]);
	GUEST_RETURNS((int)heard(dev, 0).local, 1);
}

GUEST_TEST(fcblist, 13_one_removal_one_registration, 30,
	   "a removal takes exactly the registration of this function and this data")
{
	int p[2], dev = second();

	guest_pipe(p);
	add(dev, p[0], 0, 0);	/* the same function, other data: */
	add(dev, p[0], 1, 0);
	add(dev, p[0], 2, 1);	/* another function */
	del(dev, p[0], 1, 0);
	guest_put(p[1]);
	expect_events(dev, 0, 1);
	expect_events(dev, 1, 0);
	expect_events(dev, 2, 1);
	del(dev, p[0], 0, 0);
	guest_put(p[1]);
	expect_events(dev, 0, 1);
	expect_events(dev, 2, 2);
	del(dev, p[0], 2, 1);
	guest_put(p[1]);
	expect_events(dev, 2, 2);
}

GUEST_TEST(fcblist, 13_removal_leaves_devepoll, 30,
	   "the second module's removal leaves /dev/epoll's registration, and the reverse")
{
	struct evset s;
	int p[2], dev = second();

	evset_open(&s, 8);
	guest_pipe(p);
	add(dev, p[0], 0, 0);
	evset_add(&s, p[0], POLLIN);
	del(dev, p[0], 0, 0);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
	add(dev, p[0], 0, 0);
	evset_del(&s, p[0]);
	guest_put(p[1]);
	expect_events(dev, 0, 1);
	evset_none(&s);
	/* The list that was empty for a moment comes back to life. */
	evset_add(&s, p[0], POLLIN);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
	expect_events(dev, 0, 2);
}

GUEST_TEST(fcblist, 13_removing_what_is_not_there, 30,
	   "removing a registration that is not there is ENOENT and takes no other")
{
	int p[2], q[2], dev = second();

	guest_pipe(p);
	guest_pipe(q);
	GUEST_RETURNS(call(dev, FCB_TEST_DEL, p[0], 0, 0), -ENOENT);
	add(dev, p[0], 0, 0);
	GUEST_RETURNS(call(dev, FCB_TEST_DEL, p[0], 1, 0), -ENOENT);
	GUEST_RETURNS(call(dev, FCB_TEST_DEL, p[0], 0, 1), -ENOENT);
	GUEST_RETURNS(call(dev, FCB_TEST_DEL, q[0], 0, 0), -ENOENT);
	guest_put(p[1]);
	expect_events(dev, 0, 1);
	del(dev, p[0], 0, 0);
	GUEST_RETURNS(call(dev, FCB_TEST_DEL, p[0], 0, 0), -ENOENT);
}

GUEST_TEST(fcblist, 13_close_tells_all, 30,
	   "the last close ends every registration of a file and tells each owner once")
{
	struct evset s;
	int p[2], again, dev = second();

	evset_open(&s, 8);
	guest_pipe(p);
	again = dup(p[0]);
	evset_add(&s, p[0], POLLIN);
	add(dev, p[0], 0, 0);
	add(dev, p[0], 1, 0);
	add(dev, p[0], 2, 1);
	close(p[0]);
	GUEST_RETURNS((int)heard(dev, 0).closed, 0);
	close(again);
	GUEST_RETURNS((int)heard(dev, 0).closed, 1);
	GUEST_RETURNS((int)heard(dev, 1).closed, 1);
	GUEST_RETURNS((int)heard(dev, 2).closed, 1);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
}

GUEST_TEST(fcblist, 13_module_sends, 30,
	   "an event that a module sends reaches /dev/epoll's callback like any other")
{
	struct fcb_test_arg a = { .ioevt = ION_IN };
	struct evset s;
	int p[2], dev = second();

	evset_pipe(&s, p, POLLIN | POLLPRI);
	add(dev, p[0], 0, 0);
	a.fd = p[0];
	a.plevt = POLLPRI | POLLOUT;
	GUEST_RETURNS(ioctl(dev, FCB_TEST_EVENT, &a), 0);
	/* Only what was asked for. */
	evset_expect(&s, p[0], POLLPRI);
	GUEST_RETURNS(heard(dev, 0).ioevt, ION_IN);
	GUEST_RETURNS((int)heard(dev, 0).plevt, POLLPRI | POLLOUT);
	/* To a file with nobody on its list: no one, no error. */
	a.fd = p[1];
	GUEST_RETURNS(ioctl(dev, FCB_TEST_EVENT, &a), 0);
	evset_none(&s);
}

GUEST_TEST(fcblist, 13_module_sends_doubts, 30,
	   "doubts that a module sends are asked for: true ones are told, others not")
{
	struct fcb_test_arg a = { .ioevt = ION_WAKEUP };
	struct evset s;
	int p[2], dev = second();

	evset_pipe(&s, p, POLL_ALL | POLLPRI);
	a.fd = p[0];
	a.plevt = (POLLIN | POLLPRI | POLLHUP) << FCB_DOUBT_SHIFT;
	GUEST_RETURNS(ioctl(dev, FCB_TEST_EVENT, &a), 0);
	evset_none(&s);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
	GUEST_RETURNS(ioctl(dev, FCB_TEST_EVENT, &a), 0);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(fcblist, 13_cannot_poll, 30,
	   "a file that cannot be polled takes no callback: EPERM")
{
	int dev = second();

	GUEST_RETURNS(call(dev, FCB_TEST_ADD, guest_null(), 0, 0), -EPERM);
	GUEST_RETURNS(call(dev, FCB_TEST_ADD, -1, 0, 0), -EBADF);
}

GUEST_TEST(fcblist, 13_owner_leaves, 30,
	   "a module's set that is closed takes its registrations off, closed files or not")
{
	struct evset s;
	int p[2], q[2], dev = second();

	evset_open(&s, 8);
	guest_pipe(p);
	guest_pipe(q);
	evset_add(&s, p[0], POLLIN);
	add(dev, p[0], 0, 0);
	add(dev, p[0], 1, 1);
	add(dev, q[0], 2, 0);
	close(q[0]);
	close(dev);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
}

struct hammer {
	int dev, fd, slot;
	bool stop;
};

static void *hammer(void *arg)
{
	struct hammer *h = arg;

	while (!__atomic_load_n(&h->stop, __ATOMIC_RELAXED)) {
		if (call(h->dev, FCB_TEST_ADD, h->fd, h->slot, h->slot & 1))
			return "add";
		if (call(h->dev, FCB_TEST_DEL, h->fd, h->slot, h->slot & 1))
			return "remove";
	}
	return NULL;
}

GUEST_TEST(fcblist, 13_list_under_change, 120,
	   "callbacks come and go on a file under events; /dev/epoll loses none of them")
{
	struct hammer h[3];
	pthread_t t[3];
	struct evset s;
	int p[2], i;

	evset_pipe(&s, p, POLLIN);
	for (i = 0; i < 3; i++) {
		h[i] = (struct hammer){ second(), p[0], i, false };
		t[i] = guest_thread(hammer, &h[i]);
	}
	for (i = 0; i < 1000; i++) {
		guest_put(p[1]);
		evset_expect(&s, p[0], POLLIN);
		guest_drain(p[0]);
	}
	for (i = 0; i < 3; i++) {
		const char *why;

		__atomic_store_n(&h[i].stop, true, __ATOMIC_RELAXED);
		why = guest_join(t[i]);
		ck_assert_msg(!why, "thread %d: %s failed", i, why);
	}
}

static void *add_late(void *arg)
{
	struct hammer *h = arg;
	int i;

	for (i = 0; i < 12; i++)
		call(h->dev, FCB_TEST_ADD, h->fd, i, i & 1);
	return NULL;
}

GUEST_TEST(fcblist, 13_add_while_closing, 120,
	   "of registrations that race with the last close each is refused or told of it")
{
	struct fcb_test_arg a;
	struct hammer h;
	pthread_t t;
	int p[2], i, j, round;

	for (round = 0; round < 100; round++) {
		h.dev = second();
		guest_pipe(p);
		h.fd = p[0];
		t = guest_thread(add_late, &h);
		close(p[0]);
		guest_join(t);
		close(p[1]);
		for (i = j = 0; i < 12; i++) {
			a = heard(h.dev, i);
			ck_assert_msg(a.closed <= 1,
				      "registration %d was told of %u closes", i,
				      a.closed);
			j += (int)a.closed;
			/* Nothing is left on a file that is gone. */
			ck_assert_msg(a.closed || !a.events,
				      "registration %d of a closed file hears", i);
		}
		close(h.dev);
	}
}
