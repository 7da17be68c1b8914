// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_asked.c - suite port: a file that is closed while a wait asks it, or another one
 *
 * The wait has the last reference then.  The kernel's own epoll keeps it until the
 * task returns to user mode, so its peer hears of the close when some other event
 * ends the wait; ours gives it back.  While a file does not answer the kernel's keeps
 * the closers of all its other files waiting; ours keeps nobody.
 */
#include <sys/inotify.h>

#include "behave.h"
#include "stage.h"

static void closed_while_asked(uint32_t how)
{
	int ep = behave_create(), e = guest_eventfd();
	struct behave_waiter w = { .ep = ep, .ms = -1 };
	struct stage st;

	stage_open(&st);
	behave_add(ep, e, EPOLLIN);
	behave_add(ep, st.fd, EPOLLIN | how);
	behave_waiter_start(&w);
	stage_close_while_asked(&st);
	ck_assert_int_eq(behave_items(ep), 1);
	behave_waiter_sleeps(&w);
	guest_put(e);
	behave_waiter_got(&w, e, EPOLLIN);
}

BEHAVE_TEST(close_while_asked, 90, BEHAVE_PORT,
	    "a file that is closed while a wait asks it is closed, though the wait sleeps on")
{
	closed_while_asked(0);
}

BEHAVE_TEST(close_while_asked_edge, 90, BEHAVE_PORT,
	    "the same, edge-triggered")
{
	closed_while_asked(EPOLLET);
}

BEHAVE_TEST(close_while_asked_nested, 90, BEHAVE_PORT,
	    "the same in an instance that the one with the waiter watches")
{
	int outer = behave_create(), ep = behave_create(), e = guest_eventfd();
	struct behave_waiter w = { .ep = outer, .ms = -1 };
	struct stage st;

	stage_open(&st);
	behave_add(outer, ep, EPOLLIN);
	behave_add(outer, e, EPOLLIN);
	behave_add(ep, st.fd, EPOLLIN);
	behave_waiter_start(&w);
	stage_close_while_asked(&st);
	ck_assert_int_eq(behave_items(ep), 0);
	guest_put(e);
	behave_waiter_got(&w, e, EPOLLIN);
}

/* Both need fsnotify's SRCU to come to rest, as every mark that is taken away does. */
static void inotify_goes_on(void)
{
	int in = inotify_init1(IN_CLOEXEC);
	int wd = inotify_add_watch(in, "/tmp", IN_CLOSE);

	ck_assert_int_ge(wd, 0);
	GUEST_RETURNS(inotify_rm_watch(in, wd), 0);
	GUEST_RETURNS(close(in), 0);
}

BEHAVE_TEST(close_beside_a_silent_file, 60, BEHAVE_PORT,
	    "while an instance waits for a file that does not answer, the last closes of its other files wait for nothing, and these are out of it")
{
	int outer = behave_create(), ep = behave_create();
	int inner = behave_create(), u[2], p[2], again;
	struct behave_waiter w = { .ep = ep, .ms = -1 };
	struct stage st;

	stage_open(&st);
	guest_unix(u);
	behave_add(ep, u[0], EPOLLIN);
	behave_add(ep, inner, EPOLLIN);
	behave_add(outer, ep, EPOLLIN);
	behave_pipe(ep, p, EPOLLIN);
	behave_add(ep, st.fd, EPOLLIN);
	behave_waiter_start(&w);
	stage_hold(&st, true);
	stage_wake(&st, 0);
	stage_until_held(&st, 1);

	guest_put(p[1]);
	close(p[0]);
	GUEST_FAILS(write(p[1], "x", 1), EPIPE);
	close(u[0]);
	GUEST_RETURNS(guest_poll(u[1], POLLHUP), POLLHUP);
	close(inner);
	inotify_goes_on();

	stage_hold(&st, false);
	/* By whom the instance is let go is his who has it, who sleeps now. */
	behave_waiter_sleeps(&w);
	ck_assert_int_eq(behave_items(ep), 1);
	behave_none(outer);
	/* An address and a number that were used before. */
	again = guest_eventfd();
	behave_add(ep, again, EPOLLIN);
	guest_put(again);
	behave_waiter_got(&w, again, EPOLLIN);
	ck_assert_int_eq(behave_items(ep), 2);
}

BEHAVE_TEST(close_of_all_beside_a_silent_file, 60, BEHAVE_PORT,
	    "the same for a thousand files, whose places at the user's limit are had again when it has answered")
{
	enum { FILES = 1000 };
	int ep = behave_create(), fd[FILES];
	struct behave_waiter w = { .ep = ep, .ms = -1 };
	struct stage st;

	guest_nofile(FILES + 100);
	stage_open(&st);
	guest_param_set("eventpoll_port", "max_user_watches", "1001");
	behave_add(ep, st.fd, EPOLLIN | EPOLLET);
	behave_eventfds(ep, fd, FILES, EPOLLIN, false);
	behave_waiter_start(&w);
	stage_hold(&st, true);
	stage_wake(&st, 0);
	stage_until_held(&st, 1);
	for (int i = 0; i < FILES; i++) {
		guest_put(fd[i]);
		close(fd[i]);
	}
	stage_hold(&st, false);
	behave_waiter_sleeps(&w);
	ck_assert_int_eq(behave_items(ep), 1);
	behave_eventfds(ep, fd, FILES, EPOLLIN, false);
	guest_put(fd[FILES - 1]);
	behave_waiter_got(&w, fd[FILES - 1], EPOLLIN);
}
