// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_asked.c - suite port: a file that is closed while a wait asks it
 *
 * The wait has the last reference then.  The kernel's own epoll keeps it until the
 * task returns to user mode, so its peer hears of the close when some other event
 * ends the wait; ours gives it back.
 */
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
	stage_hold(&st, true);
	stage_wake(&st, 0);
	stage_until_held(&st, 1);
	close(st.fd);
	stage_hold(&st, false);
	stage_until_closed(&st);
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
	stage_hold(&st, true);
	stage_wake(&st, 0);
	stage_until_held(&st, 1);
	close(st.fd);
	stage_hold(&st, false);
	stage_until_closed(&st);
	ck_assert_int_eq(behave_items(ep), 0);
	guest_put(e);
	behave_waiter_got(&w, e, EPOLLIN);
}
