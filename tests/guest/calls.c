// SPDX-License-Identifier: GPL-2.0-only
/*
 * calls.c - suite contract: lines 14 and 15, the calls of 2.5.45 and closing
 */

#include "epoll2002.h"
#include "guest.h"
#include "stage.h"

#define BOTH	(POLLERR | POLLHUP)	/* what EP_CTL_ADD implies */

GUEST_TEST(contract, 14_create_maps, 10,
	   "epoll_create(maxfds) of 2.5.45 opens, allocates and maps; wait returns a pointer to the slots")
{
	const struct pollfd *ev = NULL;
	int epfd = epoll2002_create(1000), p[2];

	ck_assert_msg(epfd >= 0, "create: %s", strerror(errno));
	GUEST_RETURNS(guest_fdinfo(epfd, "capacity"), 1024);
	guest_pipe(p);
	GUEST_RETURNS(epoll2002_ctl(epfd, EP_CTL_ADD, p[0], POLLIN), 0);
	GUEST_RETURNS(epoll2002_wait(epfd, &ev, 0), 0);
	ck_assert_ptr_null(ev);
	guest_put(p[1]);
	GUEST_RETURNS(epoll2002_wait(epfd, &ev, GUEST_WAIT_MS), 1);
	ck_assert_int_eq(ev->fd, p[0]);
	ck_assert_int_eq(ev->revents, POLLIN);
	GUEST_RETURNS(epoll2002_close(epfd), 0);
	GUEST_FAILS(epoll2002_wait(epfd, &ev, 0), EBADF);
}

GUEST_TEST(contract, 14_pointer_into_the_mapping, 10,
	   "the pointers of two waits are the two halves, and the first stays as it is until the second returns")
{
	const struct pollfd *a, *b, *c;
	int epfd = epoll2002_create(10), fd = guest_eventfd();

	GUEST_RETURNS(epoll2002_ctl(epfd, EP_CTL_ADD, fd, POLLIN | POLLOUT), 0);
	guest_put(fd);
	GUEST_RETURNS(epoll2002_wait(epfd, &a, 0), 1);
	guest_drain(fd);
	ck_assert_int_eq(a->revents, POLLIN);
	GUEST_RETURNS(epoll2002_wait(epfd, &b, 0), 1);
	ck_assert_int_eq(b->revents, POLLOUT);
	guest_put(fd);
	GUEST_RETURNS(epoll2002_wait(epfd, &c, 0), 1);
	ck_assert_ptr_eq(a, c);
	ck_assert_int_eq((int)((const char *)b > (const char *)a ?
			 (const char *)b - (const char *)a :
			 (const char *)a - (const char *)b),
			 (int)(EP_MAP_SIZE(10) / 2));
}

GUEST_TEST(contract, 14_ctl_errors, 10,
	   "ctl has the errors of 2.5.45: EEXIST, ENOENT, EBADF, EINVAL")
{
	int epfd = epoll2002_create(10), p[2];

	guest_pipe(p);
	GUEST_FAILS(epoll2002_ctl(epfd, EP_CTL_MOD, p[0], POLLIN), ENOENT);
	GUEST_FAILS(epoll2002_ctl(epfd, EP_CTL_DEL, p[0], 0), ENOENT);
	GUEST_RETURNS(epoll2002_ctl(epfd, EP_CTL_ADD, p[0], POLLIN), 0);
	GUEST_FAILS(epoll2002_ctl(epfd, EP_CTL_ADD, p[0], POLLIN), EEXIST);
	GUEST_RETURNS(epoll2002_ctl(epfd, EP_CTL_MOD, p[0], POLLOUT), 0);
	GUEST_RETURNS(epoll2002_ctl(epfd, EP_CTL_DEL, p[0], 0), 0);
	GUEST_FAILS(epoll2002_ctl(epfd, EP_CTL_DEL, p[0], 0), ENOENT);
	GUEST_FAILS(epoll2002_ctl(epfd, EP_CTL_ADD, 999, POLLIN), EBADF);
	GUEST_FAILS(epoll2002_ctl(epfd, 4, p[0], POLLIN), EINVAL);
	GUEST_FAILS(epoll2002_ctl(p[0], EP_CTL_ADD, p[1], POLLIN), EINVAL);
	GUEST_FAILS(epoll2002_ctl(epfd, EP_CTL_ADD, guest_null(), POLLIN),
		    EPERM);
	GUEST_FAILS(epoll2002_create(-1), EINVAL);
	GUEST_FAILS(epoll2002_create(131073), EINVAL);
}

GUEST_TEST(contract, 14_err_and_hup_are_implied, 10,
	   "ADD implies POLLERR and POLLHUP as in 2.5.45, and MOD does not forget them")
{
	const struct pollfd *ev;
	struct evset s;
	struct pollfd out;
	int p[2], q[2];

	s.fd = epoll2002_create(10);
	guest_pipe(p);
	guest_pipe(q);
	GUEST_RETURNS(epoll2002_ctl(s.fd, EP_CTL_ADD, p[0], POLLIN), 0);
	GUEST_RETURNS(epoll2002_ctl(s.fd, EP_CTL_ADD, q[0], POLLIN), 0);
	GUEST_RETURNS(epoll2002_ctl(s.fd, EP_CTL_MOD, q[0], 0), 0);
	GUEST_RETURNS(evset_ispolled(&s, p[0], &out), 1);
	ck_assert_int_eq(out.events, POLLIN | BOTH);
	GUEST_RETURNS(evset_ispolled(&s, q[0], &out), 1);
	ck_assert_int_eq(out.events, BOTH);
	close(p[1]);
	GUEST_RETURNS(epoll2002_wait(s.fd, &ev, GUEST_WAIT_MS), 1);
	ck_assert_int_eq(ev->fd, p[0]);
	ck_assert_int_eq(ev->revents, POLLHUP);
	close(q[1]);
	GUEST_RETURNS(epoll2002_wait(s.fd, &ev, GUEST_WAIT_MS), 1);
	ck_assert_int_eq(ev->fd, q[0]);
	ck_assert_int_eq(ev->revents, POLLHUP);
}

GUEST_TEST(contract, 14_after_fork, 20,
	   "a forked child uses the set and the mapping that it inherits, at the same address")
{
	int epfd = epoll2002_create(10), p[2];

	guest_pipe(p);
	GUEST_CHILD {
		const struct pollfd *ev;

		GUEST_RETURNS(epoll2002_ctl(epfd, EP_CTL_ADD, p[0], POLLIN), 0);
		guest_put(p[1]);
		GUEST_RETURNS(epoll2002_wait(epfd, &ev, GUEST_WAIT_MS), 1);
		ck_assert_int_eq(ev->fd, p[0]);
	}
}

GUEST_TEST(contract, 15_close_detaches, 10,
	   "closing the last descriptor of a watched file takes the item out of the hash and its slot out of the half")
{
	struct evset s;
	int a = guest_eventfd(), b = guest_eventfd();

	evset_open(&s, 8);
	evset_add(&s, a, POLLIN);
	evset_add(&s, b, POLLIN);
	guest_put(a);
	guest_put(b);
	close(a);
	GUEST_RETURNS(evset_info(&s, "items"), 1);
	GUEST_RETURNS(evset_info(&s, "events"), 1);
	GUEST_RETURNS(evset_ispolled(&s, a, NULL), 0);
	evset_expect(&s, b, POLLIN);
}

GUEST_TEST(contract, 15_capacity_is_given_back, 20,
	   "each closed file gives its place in a full set back")
{
	struct evset s;
	int fd = -1;

	guest_nofile(1024);
	evset_open(&s, 512);
	for (int i = 0; i < 512; i++) {
		fd = guest_eventfd();
		evset_add(&s, fd, POLLIN);
	}
	GUEST_RETURNS(evset_ctl(&s, guest_eventfd(), POLLIN), -E2BIG);
	close(fd);
	evset_add(&s, guest_eventfd(), POLLIN);
}

GUEST_TEST(contract, 15_peer_sees_it_at_once, 10,
	   "no reference is held on a watched file: its peer sees the close at once")
{
	struct evset s;
	int sv[2];
	char c;

	evset_open(&s, 8);
	guest_unix(sv);
	evset_add(&s, sv[0], POLL_ALL);
	close(sv[0]);
	GUEST_RETURNS(read(sv[1], &c, 1), 0);
}

GUEST_TEST(contract, 15_closed_while_asked, 90,
	   "a file that is closed while EP_POLL asks it is closed, though EP_POLL sleeps on")
{
	struct evpoller p;
	struct evset s;
	struct stage st;
	int e = guest_eventfd();

	evset_open(&s, 8);
	stage_open(&st);
	evset_add(&s, st.fd, POLLIN);
	evset_add(&s, e, POLLIN);
	evpoller_start(&p, &s, -1);
	stage_close_while_asked(&st);
	GUEST_RETURNS(evset_info(&s, "items"), 1);
	guest_in_poll(&s, p.tid);
	guest_put(e);
	GUEST_RETURNS(evpoller_join(&p), 1);
}

/* A number of which another file has taken hold while a thread asks the old one. */
struct taken_over {
	struct stage st;
	struct evpoller p;
};

static void take_over(struct taken_over *t, const struct evset *s)
{
	stage_open(&t->st);
	evset_add(s, t->st.fd, POLLIN);
	evpoller_start(&t->p, s, -1);
	stage_hold(&t->st, true);
	stage_wake(&t->st, 0);
	stage_until_held(&t->st, 1);
	/* Not the last reference: that is the asker's. */
	close(t->st.fd);
	GUEST_RETURNS(guest_eventfd(), t->st.fd);
}

static void let_go(struct taken_over *t, const struct evset *s)
{
	stage_hold(&t->st, false);
	stage_until_closed(&t->st);
	GUEST_RETURNS(evset_info(s, "items"), 1);
	GUEST_RETURNS(evset_ispolled(s, t->st.fd, NULL), 1);
	guest_put(t->st.fd);
	GUEST_RETURNS(evpoller_join(&t->p), 1);
}

GUEST_TEST(contract, 09_number_of_another_file, 90,
	   "a number that was closed while EP_POLL asks its file, and used again, is not polled until a record adds it")
{
	struct taken_over t;
	struct evset s;

	evset_open(&s, 8);
	take_over(&t, &s);
	GUEST_RETURNS(evset_ispolled(&s, t.st.fd, NULL), 0);
	evset_add(&s, t.st.fd, POLLIN);
	GUEST_RETURNS(evset_ispolled(&s, t.st.fd, NULL), 1);
	let_go(&t, &s);
}

GUEST_TEST(contract, 09_number_of_a_dup, 10,
	   "the same where a dup keeps the old file: its number names another one now")
{
	struct evset s;
	int a, b, kept;

	evset_open(&s, 8);
	a = guest_eventfd();
	evset_add(&s, a, POLLIN);
	kept = dup(a);
	close(a);
	GUEST_RETURNS(evset_ispolled(&s, a, NULL), 1);
	b = guest_eventfd();
	ck_assert_int_eq(b, a);
	GUEST_RETURNS(evset_ispolled(&s, b, NULL), 0);
	evset_add(&s, b, POLLIN);
	GUEST_RETURNS(evset_ispolled(&s, b, NULL), 1);
	guest_put(kept);
	evset_none(&s);
}

GUEST_TEST(contract, 14_number_of_another_file, 90,
	   "epoll2002_ctl() adds such a number, and has nothing to change or remove before")
{
	struct evset s = { .max = 8 };
	struct taken_over t;

	s.fd = epoll2002_create(s.max);
	evset_map(&s);
	take_over(&t, &s);
	GUEST_FAILS(epoll2002_ctl(s.fd, EP_CTL_MOD, t.st.fd, POLLIN), ENOENT);
	GUEST_FAILS(epoll2002_ctl(s.fd, EP_CTL_DEL, t.st.fd, 0), ENOENT);
	GUEST_RETURNS(epoll2002_ctl(s.fd, EP_CTL_ADD, t.st.fd, POLLIN), 0);
	GUEST_FAILS(epoll2002_ctl(s.fd, EP_CTL_ADD, t.st.fd, POLLIN), EEXIST);
	let_go(&t, &s);
}

static void *poll_set(void *arg)
{
	struct pollfd p = { .fd = *(int *)arg, .events = POLLIN };

	return (void *)(long)poll(&p, 1, -1);
}

GUEST_TEST(contract, 15_closed_while_polled, 90,
	   "the same while poll(2) of the set asks it")
{
	struct evset s;
	struct stage st;
	pthread_t t;
	int e = guest_eventfd();

	evset_open(&s, 8);
	stage_open(&st);
	evset_add(&s, st.fd, POLLIN);
	evset_add(&s, e, POLLIN);
	stage_hold(&st, true);
	stage_wake(&st, 0);
	t = guest_thread(poll_set, &s.fd);
	stage_until_held(&st, 1);
	close(st.fd);
	stage_hold(&st, false);
	stage_until_closed(&st);
	GUEST_RETURNS(evset_info(&s, "items"), 1);
	guest_put(e);
	GUEST_RETURNS((long)guest_join(t), 1);
}

GUEST_TEST(contract, 15_no_event_after_close, 30,
	   "what happens to the object after the close is no event, also when another descriptor of the object lives")
{
	struct evset s;
	int sv[2], p[2];

	evset_pipe(&s, p, POLLIN);
	close(p[0]);
	GUEST_FAILS(write(p[1], "x", 1), EPIPE);
	guest_unix(sv);
	evset_add(&s, sv[0], POLL_ALL);
	evset_add(&s, sv[1], POLL_ALL);
	close(sv[0]);
	/* sv[1] is told of its peer; sv[0] of nothing. */
	evset_expect_bits(&s, sv[1], POLLHUP);
	GUEST_RETURNS(evset_wait(&s, 20, NULL), 0);
}
