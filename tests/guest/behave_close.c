// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_close.c - descriptors closed, duplicated and used again
 *
 * An item is known by a file and a number, and lives as long as the file: a
 * close of the number alone changes nothing.  This is what surprises everybody
 * who duplicates descriptors, so each case is spelled out here.  Closing that
 * races with other calls is in behave_close_race.c.
 */
#define _GNU_SOURCE
#include <sys/resource.h>
#include <sys/syscall.h>

#include "behave.h"

/* An item whose event says @data instead of the number. */
static void add_as(int ep, int fd, uint32_t events, int data)
{
	struct epoll_event ev = { .events = events, .data.fd = data };

	GUEST_RETURNS(behave_ctl(ep, EPOLL_CTL_ADD, fd, &ev), 0);
}

BEHAVE_TEST(close_last_removes, 20, BEHAVE_EPOLL,
	    "the last close of a watched file takes its item out, event and all")
{
	int p[2], fd, ep = behave_create();

	guest_pipe(p);
	fd = p[0];
	behave_add(ep, fd, EPOLLIN);
	guest_put(p[1]);
	ck_assert_int_eq(behave_items(ep), 1);
	close(fd);
	ck_assert_int_eq(behave_items(ep), 0);
	behave_none(ep);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_DEL, fd, 0), EBADF);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_MOD, fd, EPOLLIN), EBADF);
}

BEHAVE_TEST(close_frees_the_number, 20, BEHAVE_EPOLL,
	    "a number that was closed and is another file now has no item: it can be added")
{
	int p[2], q[2], ep = behave_create();

	guest_pipe(p);
	guest_pipe(q);
	behave_add(ep, p[0], EPOLLIN);
	close(p[0]);
	GUEST_RETURNS(dup2(q[0], p[0]), p[0]);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_MOD, p[0], EPOLLIN), ENOENT);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_DEL, p[0], 0), ENOENT);
	behave_add(ep, p[0], EPOLLIN);
	guest_put(q[1]);
	behave_expect(ep, p[0], EPOLLIN);
}

BEHAVE_TEST(close_peer_sees_it_at_once, 20, BEHAVE_EPOLL,
	    "an item holds no reference on its file: the peer sees the close at once")
{
	int p[2], u[2], ep = behave_create();

	guest_pipe(p);
	guest_unix(u);
	behave_add(ep, p[0], EPOLLIN);
	behave_add(ep, u[0], EPOLLIN | EPOLLET);
	guest_put(u[1]);
	close(p[0]);
	close(u[0]);
	GUEST_RETURNS(guest_poll(p[1], POLLOUT), POLLOUT | POLLERR);
	GUEST_FAILS(write(p[1], "x", 1), EPIPE);
	GUEST_FAILS(write(u[1], "x", 1), EPIPE);
}

BEHAVE_TEST(close_of_one_dup_does_not, 20, BEHAVE_EPOLL,
	    "a watched number that is closed goes on telling events while a dup keeps the file open")
{
	int p[2], d, ep = behave_create();

	guest_pipe(p);
	d = dup(p[0]);
	behave_add(ep, p[0], EPOLLIN);
	close(p[0]);
	ck_assert_int_eq(behave_items(ep), 1);
	guest_put(p[1]);
	/* Of a number that is no descriptor any more. */
	behave_expect(ep, p[0], EPOLLIN);
	behave_expect(ep, p[0], EPOLLIN);
	guest_drain(d);
	behave_none(ep);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	close(d);
	behave_none(ep);
	ck_assert_int_eq(behave_items(ep), 0);
}

BEHAVE_TEST(close_of_the_other_dup_does_not, 20, BEHAVE_EVERY,
	    "the close of a dup that was never added changes nothing")
{
	int p[2], d, ep = behave_create();

	guest_pipe(p);
	d = dup(p[0]);
	behave_add(ep, p[0], EPOLLIN | EPOLLET);
	close(d);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	ck_assert_int_eq(behave_items(ep), 1);
}

BEHAVE_TEST(close_then_del_is_ebadf, 20, BEHAVE_EPOLL,
	    "an item whose number was closed is out of reach: EBADF by it, ENOENT by the dup")
{
	int p[2], d, ep = behave_create();

	guest_pipe(p);
	d = dup(p[0]);
	behave_add(ep, p[0], EPOLLIN);
	close(p[0]);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_DEL, p[0], 0), EBADF);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_MOD, p[0], EPOLLIN), EBADF);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_DEL, d, 0), ENOENT);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_MOD, d, EPOLLIN), ENOENT);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
}

BEHAVE_TEST(close_then_dup_back_and_del, 20, BEHAVE_EPOLL,
	    "such an item can be removed once its file has its number back")
{
	int p[2], d, ep = behave_create();

	guest_pipe(p);
	d = dup(p[0]);
	behave_add(ep, p[0], EPOLLIN);
	guest_put(p[1]);
	close(p[0]);
	GUEST_RETURNS(dup2(d, p[0]), p[0]);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, p[0], EPOLLIN), EEXIST);
	behave_del(ep, p[0]);
	behave_none(ep);
	ck_assert_int_eq(behave_items(ep), 0);
}

BEHAVE_TEST(close_and_reuse_makes_two_items, 20, BEHAVE_EPOLL,
	    "a number that is another file now is a new item beside the old one, which its dup keeps")
{
	struct epoll_event ev[4];
	int p[2], q[2], d, ep = behave_create();

	guest_pipe(p);
	guest_pipe(q);
	d = dup(p[0]);
	add_as(ep, p[0], EPOLLIN, 1);
	GUEST_RETURNS(dup2(q[0], p[0]), p[0]);
	add_as(ep, p[0], EPOLLIN, 2);
	ck_assert_int_eq(behave_items(ep), 2);
	guest_put(p[1]);
	behave_expect(ep, 1, EPOLLIN);
	guest_put(q[1]);
	GUEST_RETURNS(behave_wait(ep, ev, 4, 0), 2);
	/* The number is the new file's alone. */
	behave_del(ep, p[0]);
	behave_expect(ep, 1, EPOLLIN);
	close(d);
	behave_none(ep);
	ck_assert_int_eq(behave_items(ep), 0);
}

BEHAVE_TEST(close_two_numbers_are_two_items, 20, BEHAVE_EPOLL,
	    "one file under two numbers is two items, each with its mask and data")
{
	struct epoll_event ev[4];
	int sv[2], d, n, ep = behave_create();

	guest_unix(sv);
	d = dup(sv[0]);
	add_as(ep, sv[0], EPOLLIN, 1);
	add_as(ep, d, EPOLLOUT | EPOLLET, 2);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, d, EPOLLIN), EEXIST);
	behave_expect(ep, 2, EPOLLOUT);
	guest_put(sv[1]);
	/* The edge wakes for data too, and tells the room that is there. */
	n = behave_wait(ep, ev, 4, GUEST_WAIT_MS);
	ck_assert_int_ge(n, 1);
	for (int i = 0; i < n; i++)
		ck_assert_uint_eq(ev[i].events,
				  ev[i].data.fd == 1 ? EPOLLIN : EPOLLOUT);
	behave_del(ep, d);
	behave_expect(ep, 1, EPOLLIN);
	behave_del(ep, sv[0]);
	behave_none(ep);
}

BEHAVE_TEST(close_one_of_two_items, 20, BEHAVE_EPOLL,
	    "of one file's two items both stay when one of the numbers is closed, and both go with the last")
{
	struct epoll_event ev[4];
	int p[2], d, ep = behave_create();

	guest_pipe(p);
	d = dup(p[0]);
	behave_add(ep, p[0], EPOLLIN);
	behave_add(ep, d, EPOLLIN);
	close(p[0]);
	guest_put(p[1]);
	GUEST_RETURNS(behave_wait(ep, ev, 4, 0), 2);
	behave_del(ep, d);
	behave_expect(ep, p[0], EPOLLIN);
	close(d);
	behave_none(ep);
	ck_assert_int_eq(behave_items(ep), 0);
}

BEHAVE_TEST(close_by_dup2, 20, BEHAVE_EPOLL,
	    "a file that is put out of its number by dup2 is closed like any other")
{
	int p[2], q[2], ep = behave_create();

	guest_pipe(p);
	guest_pipe(q);
	behave_add(ep, p[0], EPOLLIN);
	guest_put(p[1]);
	GUEST_RETURNS(dup2(q[0], p[0]), p[0]);
	behave_none(ep);
	ck_assert_int_eq(behave_items(ep), 0);
	GUEST_RETURNS(guest_poll(p[1], 0), POLLERR);
}

BEHAVE_TEST(close_by_close_range, 20, BEHAVE_EPOLL,
	    "close_range takes out all the items of the files in it")
{
	enum { N = 50 };
	int fd[N], first, ep;

	ep = behave_create();
	for (int i = 0; i < N; i++) {
		fd[i] = guest_eventfd();
		guest_put(fd[i]);
		behave_add(ep, fd[i], EPOLLIN);
	}
	first = fd[N / 2];
	if (syscall(SYS_close_range, first, fd[N - 1], 0) != 0)
		GUEST_SKIP("close_range: %s", strerror(errno));
	ck_assert_int_eq(behave_items(ep), N / 2);
	for (int i = 0; i < N / 2; i++)
		behave_del(ep, fd[i]);
	behave_none(ep);
}

BEHAVE_TEST(close_with_oneshot_spent, 20, BEHAVE_EPOLL,
	    "a one-shot item that has told its event is an item still, and goes with its file")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLONESHOT);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	behave_none(ep);
	ck_assert_int_eq(behave_items(ep), 1);
	close(p[0]);
	ck_assert_int_eq(behave_items(ep), 0);
}

BEHAVE_TEST(close_both_ends_watched, 20, BEHAVE_EPOLL,
	    "with both ends of a pipe in one instance the close of one is an event of the other")
{
	int p[2], q[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN);
	behave_add(ep, p[1], EPOLLET);
	close(p[1]);
	behave_expect(ep, p[0], EPOLLHUP);
	close(p[0]);
	behave_none(ep);
	behave_pipe(ep, q, EPOLLIN);
	behave_add(ep, q[1], EPOLLET);
	close(q[0]);
	behave_expect(ep, q[1], EPOLLERR);
	ck_assert_int_eq(behave_items(ep), 1);
}

BEHAVE_TEST(close_under_a_waiter, 30, BEHAVE_EPOLL,
	    "the close of a watched file does not wake a waiter; it sleeps on for what is left and what is new")
{
	struct behave_waiter w = { .ms = -1 };
	int p[2], q[2], r[2];

	w.ep = behave_create();
	guest_pipe(p);
	guest_pipe(q);
	guest_pipe(r);
	behave_add(w.ep, p[0], EPOLLIN);
	behave_add(w.ep, q[0], EPOLLIN);
	behave_waiter_start(&w);
	close(p[0]);
	behave_waiter_sleeps(&w);
	close(q[0]);
	behave_add(w.ep, r[0], EPOLLIN);
	behave_waiter_sleeps(&w);
	guest_put(r[1]);
	behave_waiter_got(&w, r[0], EPOLLIN);
}

BEHAVE_TEST(close_of_the_instance, 20, BEHAVE_EPOLL,
	    "an instance that is closed with events ready lets its files go: they can be watched elsewhere")
{
	int p[2], sv[2], a, b = behave_create();

	guest_pipe(p);
	guest_unix(sv);
	for (int i = 0; i < 10; i++) {
		a = behave_create();
		behave_add(a, p[0], EPOLLIN);
		behave_add(a, p[1], EPOLLOUT | EPOLLET);
		behave_add(a, sv[0], EPOLLIN | EPOLLONESHOT);
		guest_put(p[1]);
		guest_put(sv[1]);
		if (i & 1)
			behave_wait(a, (struct epoll_event[4]){ 0 }, 4, 0);
		close(a);
		guest_drain(p[0]);
		guest_drain(sv[0]);
	}
	behave_add(b, p[0], EPOLLIN);
	guest_put(p[1]);
	behave_expect(b, p[0], EPOLLIN);
}

BEHAVE_TEST(close_of_a_dup_of_the_instance, 20, BEHAVE_EPOLL,
	    "an instance under two numbers is one instance, until both are closed")
{
	int p[2], d, ep = behave_create();

	guest_pipe(p);
	d = dup(ep);
	behave_add(d, p[0], EPOLLIN);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, p[0], EPOLLIN), EEXIST);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	close(ep);
	behave_expect(d, p[0], EPOLLIN);
	ck_assert_int_eq(behave_items(d), 1);
	close(d);
}

BEHAVE_TEST(close_of_the_instance_under_a_waiter, 30, BEHAVE_EPOLL,
	    "an instance that is closed under a waiter lives until the wait is over, and wakes it as ever")
{
	struct behave_waiter w = { .ms = -1 };
	int p[2];

	w.ep = behave_create();
	guest_pipe(p);
	behave_add(w.ep, p[0], EPOLLIN);
	behave_waiter_start(&w);
	close(w.ep);
	guest_put(p[1]);
	behave_waiter_got(&w, p[0], EPOLLIN);
	GUEST_FAILS(behave_wait(w.ep, w.ev, 1, 0), EBADF);
}

BEHAVE_TEST(close_under_a_waiter_and_no_number_left, 30, BEHAVE_EPOLL,
	    "the same in a program that has no number left for another file")
{
	struct behave_waiter w = { .ms = -1 };
	struct rlimit limit, none = { 0 };
	int p[2], q[2];

	w.ep = behave_create();
	guest_pipe(p);
	behave_add(w.ep, p[0], EPOLLIN);
	behave_waiter_start(&w);
	GUEST_RETURNS(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none.rlim_max = limit.rlim_max;
	GUEST_RETURNS(setrlimit(RLIMIT_NOFILE, &none), 0);
	close(w.ep);
	guest_put(p[1]);
	behave_waiter_got(&w, p[0], EPOLLIN);
	GUEST_RETURNS(setrlimit(RLIMIT_NOFILE, &limit), 0);
	/* The number is free for anything, and what is there is left alone. */
	guest_pipe(q);
	GUEST_RETURNS(guest_poll(q[0], POLLIN), 0);
	close(behave_create());
}

BEHAVE_TEST(close_one_file_many_instances, 60, BEHAVE_EPOLL,
	    "a file that two hundred instances watch tells all of them, and its close leaves all of them")
{
	enum { N = 200 };
	int ep[N], p[2];

	guest_nofile(N + 64);
	guest_pipe(p);
	for (int i = 0; i < N; i++) {
		ep[i] = behave_create();
		behave_add(ep[i], p[0], EPOLLIN | (i & 1 ? EPOLLET : 0));
	}
	guest_put(p[1]);
	/* Some go before the file, from the middle outwards. */
	for (int i = 0; i < N / 4; i++) {
		close(ep[N / 2 + i]);
		close(ep[N / 2 - 1 - i]);
	}
	for (int i = 0; i < N / 4; i++) {
		behave_expect(ep[i], p[0], EPOLLIN);
		behave_expect(ep[N - 1 - i], p[0], EPOLLIN);
	}
	close(p[0]);
	for (int i = 0; i < N / 4; i++) {
		behave_none(ep[i]);
		ck_assert_int_eq(behave_items(ep[N - 1 - i]), 0);
	}
}

/* A random order of the numbers below @n, the same one each time. */
static void shuffle(int *order, int n)
{
	unsigned int seed = 1;

	for (int i = 0; i < n; i++)
		order[i] = i;
	for (int i = n - 1; i > 0; i--) {
		int j, t = order[i];

		seed = seed * 1103515245 + 12345;
		j = (int)((seed >> 16) % (unsigned int)(i + 1));
		order[i] = order[j];
		order[j] = t;
	}
}

BEHAVE_TEST(close_thousands_in_any_order, 120, BEHAVE_EPOLL,
	    "of three thousand ready files closed in random order exactly the open ones are told")
{
	enum { N = 3000, STEPS = 6 };
	static struct epoll_event ev[N];
	static int fd[N], order[N];
	static bool open_now[N];
	int n, ep = behave_create();

	guest_nofile(N + 64);
	for (int i = 0; i < N; i++) {
		fd[i] = guest_eventfd();
		add_as(ep, fd[i], EPOLLIN, i);
		guest_put(fd[i]);
		open_now[i] = true;
	}
	shuffle(order, N);
	for (int step = 1; step <= STEPS; step++) {
		for (int i = (step - 1) * N / STEPS; i < step * N / STEPS; i++) {
			close(fd[order[i]]);
			open_now[order[i]] = false;
		}
		n = behave_wait(ep, ev, N, 0);
		ck_assert_int_eq(n, N - step * N / STEPS);
		for (int i = 0; i < n; i++)
			ck_assert_msg(open_now[ev[i].data.fd],
				      "file %d is closed and was told", ev[i].data.fd);
		ck_assert_int_eq(behave_items(ep), n);
	}
}

BEHAVE_TEST(close_while_others_are_ready, 60, BEHAVE_EPOLL,
	    "closing files out of the middle of what is ready loses none of the others' events")
{
	enum { N = 64 };
	struct epoll_event ev[N];
	static bool told[N];
	int fd[N], n, got = 0, ep = behave_create();

	for (int i = 0; i < N; i++) {
		fd[i] = guest_eventfd();
		add_as(ep, fd[i], EPOLLIN | EPOLLET, i);
	}
	for (int i = 0; i < N; i++)
		guest_put(fd[i]);
	for (int i = 0; i < N; i += 2)
		close(fd[i]);
	while ((n = behave_wait(ep, ev, 5, 0)) > 0)
		for (int i = 0; i < n; i++, got++) {
			ck_assert(ev[i].data.fd % 2 == 1 && !told[ev[i].data.fd]);
			told[ev[i].data.fd] = true;
		}
	ck_assert_int_eq(n, 0);
	ck_assert_int_eq(got, N / 2);
}

BEHAVE_TEST(close_and_open_again_many_times, 60, BEHAVE_EPOLL,
	    "files that are added, made ready and closed without a wait leave nothing behind")
{
	int p[2], ep = behave_create();

	for (int i = 0; i < guest_rounds(5000); i++) {
		behave_pipe(ep, p, i & 1 ? EPOLLIN : EPOLLIN | EPOLLET);
		guest_put(p[1]);
		close(p[i & 2 ? 0 : 1]);
		close(p[i & 2 ? 1 : 0]);
	}
	ck_assert_int_eq(behave_items(ep), 0);
	behave_none(ep);
}

BEHAVE_TEST(close_del_while_queued_many_times, 60, BEHAVE_EPOLL,
	    "an item that is removed while it is ready and added again is told once, each time")
{
	int p[2], ep = behave_create();

	guest_pipe(p);
	for (int i = 0; i < guest_rounds(2000); i++) {
		behave_add(ep, p[0], EPOLLIN | EPOLLET);
		guest_put(p[1]);
		behave_del(ep, p[0]);
		behave_add(ep, p[0], EPOLLIN | EPOLLET);
		behave_expect(ep, p[0], EPOLLIN);
		behave_none(ep);
		guest_drain(p[0]);
		behave_del(ep, p[0]);
	}
}
