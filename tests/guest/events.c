// SPDX-License-Identifier: GPL-2.0-only
/*
 * events.c - suite contract: lines 6 to 12, slots, edges, removal, readiness
 *
 * Most tests use an eventfd: its wake-ups name one bit each, POLLIN at a write
 * and POLLOUT at a read, so what a slot must hold is known to the bit.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>

#include "guest.h"
#include "stage.h"

GUEST_TEST(contract, 06_merge_into_one_slot, 10,
	   "several events before a switch merge by OR into one slot")
{
	struct evset s;
	int fd = guest_eventfd();

	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN | POLLOUT);
	guest_put(fd);
	guest_put(fd);
	guest_put(fd);
	GUEST_RETURNS(evset_info(&s, "events"), 1);
	guest_drain(fd);
	evset_expect(&s, fd, POLLIN | POLLOUT);
	evset_none(&s);
}

GUEST_TEST(contract, 06_one_slot_an_item, 30,
	   "each of 100 items has one slot in a version, however often and in whatever order it fires")
{
	const struct pollfd *ev;
	struct evset s;
	int fd[100], i, n;

	evset_open(&s, 512);
	for (i = 0; i < 100; i++) {
		fd[i] = guest_eventfd();
		evset_add(&s, fd[i], POLLIN);
	}
	for (i = 0; i < 1000; i++)
		guest_put(fd[i * 37 % 100]);
	n = evset_wait(&s, 0, &ev);
	ck_assert_int_eq(n, 100);
	for (i = 0; i < 100; i++) {
		const struct pollfd *slot = ev_find(ev, n, fd[i]);

		ck_assert_msg(slot, "fd %d has no slot", fd[i]);
		ck_assert_int_eq(slot->revents, POLLIN);
		ck_assert_int_eq(slot->events, POLLIN);
	}
}

GUEST_TEST(contract, 06_version_starts_from_zero, 10,
	   "the first event of a version starts from revents 0: bits of an earlier version do not come back")
{
	struct evset s;
	int fd = guest_eventfd(), i;

	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN | POLLOUT);
	for (i = 0; i < 5; i++) {
		guest_put(fd);
		evset_expect(&s, fd, POLLIN);
		guest_drain(fd);
		evset_expect(&s, fd, POLLOUT);
	}
}

GUEST_TEST(contract, 06_merge_from_a_socket, 10,
	   "data that comes in and a peer that reads merge into POLLIN|POLLOUT of one slot")
{
	struct evset s;
	int sv[2];

	evset_open(&s, 8);
	guest_unix(sv);
	evset_add(&s, sv[0], POLLIN | POLLOUT);
	guest_put(sv[1]);
	guest_put(sv[0]);
	guest_drain(sv[1]);
	evset_expect(&s, sv[0], POLLIN | POLLOUT);
}

GUEST_TEST(contract, 07_initial_state_is_not_reported, 10,
	   "edge-triggered: a file that is ready when it is registered is not an event")
{
	struct evset s;
	int p[2], q[2], e = guest_eventfd();

	evset_open(&s, 8);
	guest_pipe(p);
	guest_put(p[1]);
	evset_add(&s, p[0], POLLIN);
	evset_add(&s, p[1], POLLOUT);
	evset_add(&s, e, POLLOUT);
	guest_pipe(q);
	close(q[1]);
	evset_add(&s, q[0], POLLIN | POLLHUP);
	evset_none(&s);
	/* Nor when the mask is changed. */
	evset_add(&s, p[0], POLLIN | POLLERR);
	evset_none(&s);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(contract, 07_told_once, 10,
	   "an event is told once, although the data is still there; the next byte is a new event")
{
	struct evset s;
	int p[2];

	evset_pipe(&s, p, POLLIN);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
	evset_none(&s);
	evset_none(&s);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(contract, 07_only_registered_bits, 10,
	   "only registered bits are reported")
{
	struct evset s;
	int fd = guest_eventfd(), sv[2];

	evset_open(&s, 8);
	evset_add(&s, fd, POLLOUT);
	guest_put(fd);
	evset_none(&s);
	guest_drain(fd);
	evset_expect(&s, fd, POLLOUT);

	guest_unix(sv);
	evset_add(&s, sv[0], POLLERR);
	guest_put(sv[1]);
	evset_none(&s);
}

GUEST_TEST(contract, 07_mask_zero_tells_nothing, 10,
	   "an item with mask 0 is in the set and tells nothing, not even a hang-up")
{
	struct evset s;
	int p[2];

	evset_pipe(&s, p, 0);
	GUEST_RETURNS(evset_ispolled(&s, p[0], NULL), 1);
	guest_put(p[1]);
	close(p[1]);
	evset_none(&s);
	GUEST_RETURNS(evset_wait(&s, 50, NULL), 0);
}

GUEST_TEST(contract, 07_hup_must_be_asked_for, 10,
	   "POLLHUP is not implied: it comes to who registered it and to nobody else")
{
	struct evset s;
	int p[2], q[2];

	evset_open(&s, 8);
	guest_pipe(p);
	guest_pipe(q);
	evset_add(&s, p[0], POLLIN);
	evset_add(&s, q[0], POLLHUP);
	close(p[1]);
	GUEST_RETURNS(guest_poll(p[0], POLLIN), POLLHUP);
	GUEST_RETURNS(evset_wait(&s, 50, NULL), 0);
	close(q[1]);
	evset_expect(&s, q[0], POLLHUP);
	evset_none(&s);
}

GUEST_TEST(contract, 07_err_must_be_asked_for, 10,
	   "POLLERR is not implied: it comes to who registered it and to nobody else")
{
	struct evset s;
	int p[2], q[2];

	evset_open(&s, 8);
	guest_pipe(p);
	guest_pipe(q);
	evset_add(&s, p[1], POLLHUP);
	evset_add(&s, q[1], POLLERR);
	close(p[0]);
	GUEST_RETURNS(guest_poll(p[1], POLLHUP), POLLERR);
	GUEST_RETURNS(evset_wait(&s, 50, NULL), 0);
	close(q[0]);
	evset_expect(&s, q[1], POLLERR);
	evset_none(&s);
}

/* The next EP_POLL has a slot for each of @fd, which are in rising order. */
static void expect_exactly(const struct evset *s, const int *fd, int n)
{
	char *seen = calloc(1, (size_t)fd[n - 1] + 1);
	const struct pollfd *ev;
	int i, got = evset_wait(s, 0, &ev);

	ck_assert_msg(got == n, "expected %d slots, got %d", n, got);
	for (i = 0; i < n; i++) {
		if (ev[i].fd < 0 || ev[i].fd > fd[n - 1])
			ck_abort_msg("slot %d is of fd %d", i, ev[i].fd);
		seen[ev[i].fd]++;
	}
	for (i = 0; i < n; i++)
		if (seen[fd[i]] != 1)
			ck_abort_msg("fd %d: expected 1 slot, got %d", fd[i],
				     seen[fd[i]]);
	free(seen);
}

GUEST_TEST(contract, 08_pollremove_takes_the_pending_slot, 10,
	   "POLLREMOVE also removes a pending slot")
{
	struct evset s;
	int fd = guest_eventfd();

	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN);
	guest_put(fd);
	GUEST_RETURNS(evset_info(&s, "events"), 1);
	evset_del(&s, fd);
	GUEST_RETURNS(evset_info(&s, "events"), 0);
	evset_none(&s);
	/* Added anew it starts anew. */
	evset_add(&s, fd, POLLIN);
	evset_none(&s);
	guest_put(fd);
	evset_expect(&s, fd, POLLIN);
}

GUEST_TEST(contract, 08_last_slot_moves_into_the_hole, 20,
	   "removing the first, a middle or the last of ten pending slots leaves the other nine, each once")
{
	for (int victim = 0; victim < 10; victim++) {
		const struct pollfd *ev;
		struct evset s;
		int fd[10], i, n;

		evset_open(&s, 512);
		for (i = 0; i < 10; i++) {
			fd[i] = guest_eventfd();
			evset_add(&s, fd[i], POLLIN | POLLOUT);
			guest_put(fd[i]);
		}
		evset_del(&s, fd[victim]);
		/* The one that moved must still be found by its item. */
		guest_drain(fd[9]);
		guest_drain(fd[victim]);
		n = evset_wait(&s, 0, &ev);
		ck_assert_int_eq(n, 9);
		for (i = 0; i < 10; i++) {
			const struct pollfd *slot = ev_find(ev, n, fd[i]);
			int bits = i == 9 ? POLLIN | POLLOUT : POLLIN;

			if (i == victim) {
				ck_assert_msg(!slot, "removed fd has a slot");
				continue;
			}
			ck_assert_msg(slot, "fd number %d of 10 is missing", i);
			ck_assert_int_eq(slot->revents, bits);
		}
		evset_close(&s);
	}
}

GUEST_TEST(contract, 08_across_a_page, 60,
	   "removal among 1500 pending slots moves slots across pages of the half")
{
	enum { N = 1500 };
	static int fd[N], left[N];
	struct evset s;
	int i, n = 0;

	guest_nofile(N + 100);
	evset_open(&s, N);
	for (i = 0; i < N; i++) {
		fd[i] = guest_eventfd();
		evset_add(&s, fd[i], POLLIN);
		guest_put(fd[i]);
	}
	for (i = 0; i < N; i++) {
		if (i % 3 == 0 || (i > 400 && i < 600))
			evset_del(&s, fd[i]);
		else
			left[n++] = fd[i];
	}
	GUEST_RETURNS(evset_info(&s, "events"), n);
	expect_exactly(&s, left, n);
}

GUEST_TEST(contract, 08_remove_keeps_what_was_returned, 10,
	   "removal after a switch does not touch the returned half")
{
	const struct pollfd *ev;
	struct evset s;
	int a = guest_eventfd(), b = guest_eventfd();

	evset_open(&s, 8);
	evset_add(&s, a, POLLIN);
	evset_add(&s, b, POLLIN);
	guest_put(a);
	guest_put(b);
	GUEST_RETURNS(evset_wait(&s, 0, &ev), 2);
	evset_del(&s, a);
	evset_del(&s, b);
	ck_assert(ev_find(ev, 2, a) && ev_find(ev, 2, b));
	evset_none(&s);
}

GUEST_TEST(contract, 08_no_event_after_removal, 60,
	   "once POLLREMOVE has returned no EP_POLL shows the fd, although it is fired at all the time (clients of the time abort)")
{
	const struct pollfd *ev;
	struct guest_fire f;
	struct evset s;
	int other = guest_eventfd(), n, i;

	evset_open(&s, 8);
	evset_add(&s, other, POLLIN);
	guest_fire_start(&f, guest_eventfd());
	for (i = 0; i < guest_rounds(2000); i++) {
		evset_add(&s, f.fd, POLLIN | POLLOUT);
		if (i % 3 == 0)
			evset_wait(&s, 0, NULL);
		evset_del(&s, f.fd);
		guest_put(other);
		n = evset_wait(&s, 0, &ev);
		ck_assert_msg(n == 1 && ev->fd == other,
			      "round %d: expected only fd %d, got %d slots, the first for fd %d",
			      i, other, n, n > 0 ? ev->fd : -1);
	}
	guest_fire_stop(&f);
}

GUEST_TEST(contract, 09_ispolled, 10,
	   "EP_ISPOLLED is 1 with the stored record, or 0")
{
	struct pollfd out;
	struct evset s;
	int p[2];

	evset_open(&s, 8);
	guest_pipe(p);
	GUEST_RETURNS(evset_ispolled(&s, p[0], NULL), 0);
	GUEST_RETURNS(evset_ispolled(&s, -1, NULL), 0);
	GUEST_RETURNS(evset_ispolled(&s, 1 << 30, NULL), 0);
	evset_add(&s, p[0], POLLIN | POLLHUP);
	GUEST_RETURNS(evset_ispolled(&s, p[0], &out), 1);
	ck_assert_int_eq(out.fd, p[0]);
	ck_assert_int_eq(out.events, POLLIN | POLLHUP);
	ck_assert_int_eq(out.revents, 0);
	GUEST_RETURNS(evset_ispolled(&s, p[1], NULL), 0);
	evset_del(&s, p[0]);
	GUEST_RETURNS(evset_ispolled(&s, p[0], NULL), 0);
}

GUEST_TEST(contract, 09_ispolled_bad_pointer, 10,
	   "EP_ISPOLLED with a bad pointer is EFAULT")
{
	struct evset s;

	evset_open(&s, 8);
	GUEST_FAILS(ioctl(s.fd, EP_ISPOLLED, NULL), EFAULT);
}

GUEST_TEST(contract, 10_free, 10,
	   "EP_FREE is EBUSY while mapped and EINVAL when nothing was allocated")
{
	struct evset s;

	evset_open(&s, 8);
	GUEST_FAILS(ioctl(s.fd, EP_FREE), EBUSY);
	evset_unmap(&s);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
	GUEST_FAILS(ioctl(s.fd, EP_FREE), EINVAL);
	GUEST_RETURNS(evset_info(&s, "capacity"), 0);
}

GUEST_TEST(contract, 10_free_forgets, 10,
	   "EP_FREE forgets every registration and event; the set can be used again from the start")
{
	struct evset s;
	int p[2];

	evset_pipe(&s, p, POLLIN);
	guest_put(p[1]);
	evset_unmap(&s);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
	GUEST_RETURNS(evset_ispolled(&s, p[0], NULL), 0);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
	guest_put(p[1]);
	s.max = 600;
	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, s.max), 0);
	evset_map(&s);
	evset_none(&s);
	evset_add(&s, p[0], POLLIN);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(contract, 10_close_frees_everything, 20,
	   "close of the set lets go of every watched file; they go on working")
{
	enum { N = 500 };
	int p[N][2], i;
	struct evset s;

	guest_nofile(2 * N + 100);
	evset_open(&s, N);
	for (i = 0; i < N; i++) {
		guest_pipe(p[i]);
		evset_add(&s, p[i][0], POLLIN);
		if (i & 1)
			guest_put(p[i][1]);
	}
	evset_close(&s);
	for (i = 0; i < N; i++) {
		guest_put(p[i][1]);
		GUEST_RETURNS(guest_drain(p[i][0]), 1 + (i & 1));
		close(p[i][1]);
		GUEST_RETURNS(guest_poll(p[i][0], POLLIN), POLLHUP);
	}
}

#define READABLE	(POLLIN | POLLRDNORM)

GUEST_TEST(contract, 11_poll_on_the_set, 20,
	   "poll(2) on the set is POLLIN|POLLRDNORM exactly while the filling half holds events")
{
	struct evset s;
	int fd = guest_eventfd();

	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN);
	GUEST_RETURNS(guest_poll(s.fd, READABLE | POLLOUT), 0);
	guest_put(fd);
	GUEST_RETURNS(guest_poll(s.fd, READABLE | POLLOUT), READABLE);
	GUEST_RETURNS(guest_poll(s.fd, READABLE | POLLOUT), READABLE);
	evset_expect(&s, fd, POLLIN);
	GUEST_RETURNS(guest_poll(s.fd, READABLE), 0);
	guest_put(fd);
	GUEST_RETURNS(guest_poll(s.fd, READABLE), READABLE);
	evset_del(&s, fd);
	GUEST_RETURNS(guest_poll(s.fd, READABLE), 0);
}

GUEST_TEST(contract, 11_select_on_the_set, 20,
	   "select(2) on the set: readable while the filling half holds events, never writable")
{
	struct timeval zero = { 0, 0 };
	struct evset s;
	int fd = guest_eventfd();
	fd_set in, out;

	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN);
	for (int i = 0; i < 2; i++) {
		FD_ZERO(&in);
		FD_ZERO(&out);
		FD_SET(s.fd, &in);
		FD_SET(s.fd, &out);
		GUEST_RETURNS(select(s.fd + 1, &in, &out, NULL, &zero), i);
		ck_assert_int_eq(!!FD_ISSET(s.fd, &in), i);
		guest_put(fd);
	}
}

GUEST_TEST(contract, 11_epoll_on_the_set, 20,
	   "the kernel's epoll can watch the set")
{
	struct epoll_event want = { .events = EPOLLIN }, got;
	int fd = guest_eventfd(), ep = epoll_create1(EPOLL_CLOEXEC);
	struct evset s;

	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN);
	GUEST_RETURNS(epoll_ctl(ep, EPOLL_CTL_ADD, s.fd, &want), 0);
	GUEST_RETURNS(epoll_wait(ep, &got, 1, 0), 0);
	guest_put(fd);
	GUEST_RETURNS(epoll_wait(ep, &got, 1, GUEST_WAIT_MS), 1);
	ck_assert_uint_eq(got.events, EPOLLIN);
	evset_expect(&s, fd, POLLIN);
	GUEST_RETURNS(epoll_wait(ep, &got, 1, 0), 0);
}

static void *sleep_in_poll(void *arg)
{
	struct evpoller *w = arg;
	struct pollfd p = { .fd = w->s->fd, .events = POLLIN };

	__atomic_store_n(&w->tid, guest_gettid(), __ATOMIC_RELEASE);
	w->n = poll(&p, 1, 4 * GUEST_WAIT_MS);
	return NULL;
}

static bool has_tid(void *arg)
{
	return __atomic_load_n((pid_t *)arg, __ATOMIC_ACQUIRE) != 0;
}

GUEST_TEST(contract, 11_sleeper_in_poll_is_woken, 20,
	   "a thread that sleeps in poll(2) on the set is woken by an event")
{
	struct evpoller w = { 0 };
	struct evset s;
	int p[2];

	evset_pipe(&s, p, POLLIN);
	w.s = &s;
	w.thread = guest_thread(sleep_in_poll, &w);
	guest_until(has_tid, &w.tid, "a thread starts");
	guest_in_syscall(getpid(), w.tid, SYS_poll, -1);
	guest_put(p[1]);
	guest_join(w.thread);
	ck_assert_msg(w.n == 1, "poll on the set: expected 1, got %d", w.n);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(contract, 12_hash_doubles, 30,
	   "the hash has 2^7 buckets at first and doubles while there are more than 2 items a bucket")
{
	static const int items[] = { 200, 400, 1000, 2000, 4000 };
	static const int buckets[] = { 128, 256, 512, 1024, 2048 };
	struct evset s;
	size_t steps = guest_slow() ? 3 : 5;
	int n = 0;

	guest_nofile(4100);
	evset_open(&s, 4000);
	if (guest_fdinfo(s.fd, "buckets") < 0)
		GUEST_SKIP("fdinfo does not show the buckets");
	GUEST_RETURNS(evset_info(&s, "buckets"), 128);
	for (size_t i = 0; i < steps; i++) {
		for (; n < items[i]; n++)
			evset_add(&s, guest_eventfd(), POLLIN);
		ck_assert_msg(evset_info(&s, "buckets") == buckets[i],
			      "%d items: expected %d buckets, got %ld",
			      items[i], buckets[i], evset_info(&s, "buckets"));
	}
}

GUEST_TEST(contract, 12_all_are_found, 120,
	   "of 6000 items every one is found, changed, removed and fires, in a hash that grew meanwhile")
{
	static struct pollfd rec[6000];
	static int left[6000];
	struct pollfd out;
	struct evset s;
	int i, all = guest_rounds(6000), n = 0;
	ssize_t bytes = all * sizeof(*rec);

	guest_nofile(all + 100);
	evset_open(&s, all);
	for (i = 0; i < all; i++)
		rec[i] = (struct pollfd){ .fd = guest_eventfd(),
					  .events = POLLOUT };
	GUEST_RETURNS(write(s.fd, rec, bytes), bytes);
	GUEST_RETURNS(evset_info(&s, "items"), all);
	for (i = 0; i < all; i++)
		rec[i].events = i % 2 ? POLLIN : POLLREMOVE;
	GUEST_RETURNS(write(s.fd, rec, bytes), bytes);
	for (i = 0; i < all; i++) {
		if (evset_ispolled(&s, rec[i].fd, &out) != i % 2)
			ck_abort_msg("fd %d: expected EP_ISPOLLED %d",
				     rec[i].fd, i % 2);
		if (i % 2) {
			if (out.events != POLLIN)
				ck_abort_msg("fd %d: events %#x", rec[i].fd,
					     out.events);
			left[n++] = rec[i].fd;
		}
		guest_put(rec[i].fd);
	}
	GUEST_RETURNS(evset_info(&s, "items"), n);
	expect_exactly(&s, left, n);
}

static void *poll_set(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg, .events = POLLIN };

	return (void *)(long)poll(&p, 1, -1);
}

GUEST_TEST(contract, 04_told_while_another_asks, 60,
	   "EP_POLL(0) tells what is to be asked while another thread is long about asking")
{
	struct stage slow, quick;
	struct evset s;
	pthread_t t;

	evset_open(&s, 8);
	stage_open(&slow);
	stage_open(&quick);
	evset_add(&s, slow.fd, POLLIN);
	evset_add(&s, quick.fd, POLLIN);
	stage_hold(&slow, true);
	stage_mask(&quick, POLLIN);
	stage_wake(&slow, 0);
	stage_wake(&quick, 0);
	t = guest_thread(poll_set, &s.fd);
	stage_until_held(&slow, 1);
	evset_expect(&s, quick.fd, POLLIN);
	stage_mask(&slow, POLLIN);
	stage_hold(&slow, false);
	GUEST_RETURNS((long)guest_join(t), 1);
	evset_expect(&s, slow.fd, POLLIN);
}

static void *wait_0(void *arg)
{
	return (void *)(long)evset_wait(arg, 0, NULL);
}

GUEST_TEST(contract, 04_told_what_another_asks, 60,
	   "EP_POLL(0) does not say that there is nothing while another thread is asking: it asks, too")
{
	pthread_t poller, consumer;
	struct stage st;
	struct evset s;

	evset_open(&s, 8);
	stage_open(&st);
	evset_add(&s, st.fd, POLLIN);
	stage_hold(&st, true);
	stage_mask(&st, POLLIN);
	stage_wake(&st, 0);
	poller = guest_thread(poll_set, &s.fd);
	stage_until_held(&st, 1);
	consumer = guest_thread(wait_0, &s);
	stage_until_held(&st, 2);
	stage_hold(&st, false);
	GUEST_RETURNS((long)guest_join(consumer), 1);
	/* Told once: the other one's answer is no event any more. */
	evset_none(&s);
	stage_wake(&st, POLLIN);
	guest_join(poller);
}

GUEST_TEST(contract, 04_doubt_while_asked, 60,
	   "what happens while a file is asked is asked again")
{
	struct evpoller p;
	struct stage st;
	struct evset s;

	evset_open(&s, 8);
	stage_open(&st);
	evset_add(&s, st.fd, POLLIN);
	evpoller_start(&p, &s, -1);
	stage_hold(&st, true);
	stage_wake(&st, 0);
	stage_until_held(&st, 1);
	stage_wake(&st, 0);
	stage_hold(&st, false);
	stage_until_polls(&st, 3);
	stage_mask(&st, POLLIN);
	stage_wake(&st, 0);
	GUEST_RETURNS(evpoller_join(&p), 1);
}

GUEST_TEST(contract, 04_silent_files_of_others, 120,
	   "300 sets with a file that does not answer keep nobody who polls another set from hearing")
{
	struct epoll_event ev = { .events = EPOLLIN };
	int k = epoll_create1(EPOLL_CLOEXEC), e = guest_eventfd();
	struct evset other[300], s;
	struct stage st;
	pthread_t t;

	stage_open(&st);
	for (int i = 0; i < 300; i++) {
		evset_open(&other[i], 1);
		evset_add(&other[i], st.fd, POLLIN);
		GUEST_RETURNS(epoll_ctl(k, EPOLL_CTL_ADD, other[i].fd, &ev), 0);
	}
	evset_open(&s, 8);
	evset_add(&s, e, POLLIN);
	t = guest_thread(poll_set, &s.fd);
	stage_hold(&st, true);
	stage_wake(&st, 0);
	guest_put(e);
	GUEST_RETURNS((long)guest_join(t), 1);
	stage_hold(&st, false);
}
