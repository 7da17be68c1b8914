// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_order.c - epoll_wait: in which order, and how many at a time
 */
#define _GNU_SOURCE
#include "behave.h"

BEHAVE_TEST(order_of_arrival, 20, BEHAVE_EPOLL,
	    "events are told in the order in which they came, not in that of the registrations")
{
	int ep = behave_create(), fd[5];

	behave_eventfds(ep, fd, 5, EPOLLIN | EPOLLET, false);
	guest_put(fd[3]);
	guest_put(fd[0]);
	guest_put(fd[4]);
	guest_put(fd[1]);
	guest_put(fd[2]);
	BEHAVE_EXPECT_FDS(ep, 8, fd[3], fd[0], fd[4], fd[1], fd[2]);
}
BEHAVE_KNOWN(order_of_arrival, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(order_of_arrival, BEHAVE_MULTIPASS,
	     BEHAVE_LIFO);

BEHAVE_TEST(order_of_adding, 20, BEHAVE_EPOLL,
	    "what is ready when it is added is told in the order of adding")
{
	int ep = behave_create(), fd[4];

	for (int i = 0; i < 4; i++) {
		fd[i] = guest_eventfd();
		guest_put(fd[i]);
	}
	behave_add(ep, fd[2], EPOLLIN);
	behave_add(ep, fd[0], EPOLLIN);
	behave_add(ep, fd[3], EPOLLIN);
	behave_add(ep, fd[1], EPOLLIN);
	BEHAVE_EXPECT_FDS(ep, 8, fd[2], fd[0], fd[3], fd[1]);
}
BEHAVE_KNOWN(order_of_adding, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(order_of_adding, BEHAVE_MULTIPASS,
	     BEHAVE_LIFO);

BEHAVE_TEST(order_again, 20, BEHAVE_EPOLL,
	    "level-triggered: what is told again is told in the same order")
{
	int ep = behave_create(), fd[4];

	behave_eventfds(ep, fd, 4, EPOLLIN, true);
	for (int i = 0; i < 5; i++)
		BEHAVE_EXPECT_FDS(ep, 8, fd[0], fd[1], fd[2], fd[3]);
}
BEHAVE_KNOWN(order_again, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(order_again, BEHAVE_MULTIPASS,
	     BEHAVE_LIFO);

BEHAVE_TEST(order_of_a_second_event, 20, BEHAVE_EPOLL,
	    "a second event of what is pending does not move it to the end")
{
	int ep = behave_create(), fd[3];

	behave_eventfds(ep, fd, 3, EPOLLIN | EPOLLET, true);
	guest_put(fd[0]);
	guest_put(fd[1]);
	BEHAVE_EXPECT_FDS(ep, 8, fd[0], fd[1], fd[2]);
	behave_none(ep);
}
BEHAVE_KNOWN(order_of_a_second_event, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(order_of_a_second_event, BEHAVE_MULTIPASS,
	     BEHAVE_LIFO);

BEHAVE_TEST(order_after_mod, 20, BEHAVE_EPOLL,
	    "MOD of what is pending does not move it, MOD of what was told puts it at the end")
{
	int ep = behave_create(), fd[3];

	behave_eventfds(ep, fd, 3, EPOLLIN | EPOLLET, true);
	behave_mod(ep, fd[0], EPOLLIN | EPOLLET);
	BEHAVE_EXPECT_FDS(ep, 2, fd[0], fd[1]);
	behave_mod(ep, fd[0], EPOLLIN | EPOLLET);
	BEHAVE_EXPECT_FDS(ep, 8, fd[2], fd[0]);
}
BEHAVE_KNOWN(order_after_mod, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(order_after_mod, BEHAVE_MULTIPASS,
	     BEHAVE_LIFO);

BEHAVE_TEST(order_after_del, 20, BEHAVE_EPOLL,
	    "DEL of a pending one leaves the others in their order; added again it comes last")
{
	int ep = behave_create(), fd[4];

	behave_eventfds(ep, fd, 4, EPOLLIN | EPOLLET, true);
	behave_del(ep, fd[1]);
	behave_add(ep, fd[1], EPOLLIN | EPOLLET);
	BEHAVE_EXPECT_FDS(ep, 8, fd[0], fd[2], fd[3], fd[1]);
}
BEHAVE_KNOWN(order_after_del, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(order_after_del, BEHAVE_MULTIPASS,
	     BEHAVE_LIFO);

BEHAVE_TEST(order_edges_in_parts, 20, BEHAVE_EPOLL,
	    "edge-triggered: with room for two, five events come in three waits, each once and in order")
{
	int ep = behave_create(), fd[5];

	behave_eventfds(ep, fd, 5, EPOLLIN | EPOLLET, true);
	BEHAVE_EXPECT_FDS(ep, 2, fd[0], fd[1]);
	BEHAVE_EXPECT_FDS(ep, 2, fd[2], fd[3]);
	BEHAVE_EXPECT_FDS(ep, 2, fd[4]);
	behave_none(ep);
}
BEHAVE_KNOWN(order_edges_in_parts, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(order_edges_in_parts, BEHAVE_MULTIPASS,
	     BEHAVE_LIFO);

BEHAVE_TEST(order_after_a_part, 20, BEHAVE_EPOLL,
	    "level-triggered: those that had no room come first in the next wait, those that were told behind them")
{
	int ep = behave_create(), fd[4];

	behave_eventfds(ep, fd, 4, EPOLLIN, true);
	BEHAVE_EXPECT_FDS(ep, 1, fd[0]);
	BEHAVE_EXPECT_FDS(ep, 8, fd[1], fd[2], fd[3], fd[0]);
	BEHAVE_EXPECT_FDS(ep, 2, fd[1], fd[2]);
	BEHAVE_EXPECT_FDS(ep, 8, fd[3], fd[0], fd[1], fd[2]);
}
BEHAVE_KNOWN(order_after_a_part, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(order_after_a_part, BEHAVE_SINGLEPASS,
	     BEHAVE_HEAD);
BEHAVE_KNOWN(order_after_a_part, BEHAVE_MULTIPASS,
	     BEHAVE_LIFO);

BEHAVE_TEST(order_of_what_comes_between, 20, BEHAVE_EPOLL,
	    "what becomes ready between two waits comes behind those that had no room and those that were told")
{
	int ep = behave_create(), fd[4], late;

	behave_eventfds(ep, fd, 4, EPOLLIN, true);
	behave_eventfds(ep, &late, 1, EPOLLIN, false);
	BEHAVE_EXPECT_FDS(ep, 2, fd[0], fd[1]);
	guest_put(late);
	BEHAVE_EXPECT_FDS(ep, 8, fd[2], fd[3], fd[0], fd[1], late);
}
BEHAVE_KNOWN(order_of_what_comes_between, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(order_of_what_comes_between, BEHAVE_SINGLEPASS,
	     BEHAVE_HEAD);
BEHAVE_KNOWN(order_of_what_comes_between, BEHAVE_MULTIPASS,
	     BEHAVE_LIFO);

BEHAVE_TEST(order_after_draining, 20, BEHAVE_EPOLL,
	    "level-triggered: what was drained and found so loses its place; ready again it comes last")
{
	int ep = behave_create(), fd[3];

	behave_eventfds(ep, fd, 3, EPOLLIN, true);
	guest_drain(fd[0]);
	BEHAVE_EXPECT_FDS(ep, 8, fd[1], fd[2]);
	guest_put(fd[0]);
	BEHAVE_EXPECT_FDS(ep, 8, fd[1], fd[2], fd[0]);
}
BEHAVE_KNOWN(order_after_draining, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(order_after_draining, BEHAVE_MULTIPASS,
	     BEHAVE_LIFO);

BEHAVE_TEST(order_of_edge_and_level, 20, BEHAVE_EPOLL,
	    "an edge that comes again is told behind the level-triggered ones that wait to be told again")
{
	int ep = behave_create(), lt[2], et;

	behave_eventfds(ep, &et, 1, EPOLLIN | EPOLLET, true);
	behave_eventfds(ep, lt, 2, EPOLLIN, true);
	BEHAVE_EXPECT_FDS(ep, 8, et, lt[0], lt[1]);
	guest_put(et);
	BEHAVE_EXPECT_FDS(ep, 8, lt[0], lt[1], et);
	BEHAVE_EXPECT_FDS(ep, 8, lt[0], lt[1]);
}
BEHAVE_KNOWN(order_of_edge_and_level, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(order_of_edge_and_level, BEHAVE_MULTIPASS,
	     BEHAVE_LIFO);

BEHAVE_TEST(rotation_is_fair, 30, BEHAVE_EPOLL,
	    "level-triggered: seven that are always ready take turns through 700 waits for two, strictly")
{
	struct epoll_event ev[2];
	int ep = behave_create(), fd[7], next = 0;

	behave_eventfds(ep, fd, 7, EPOLLIN, true);
	for (int round = 0; round < 700; round++) {
		GUEST_RETURNS(behave_wait(ep, ev, 2, 0), 2);
		for (int i = 0; i < 2; i++) {
			ck_assert_int_eq(ev[i].data.fd, fd[next]);
			next = (next + 1) % 7;
		}
	}
}
BEHAVE_KNOWN(rotation_is_fair, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(rotation_is_fair, BEHAVE_SINGLEPASS,
	     BEHAVE_HEAD);
BEHAVE_KNOWN(rotation_is_fair, BEHAVE_MULTIPASS,
	     BEHAVE_LIFO);

BEHAVE_TEST(rotation_with_every_room, 30, BEHAVE_EPOLL,
	    "level-triggered: they take turns whatever the room, and even if it changes from wait to wait")
{
	struct epoll_event ev[8];
	int ep = behave_create(), fd[5], next = 0;

	behave_eventfds(ep, fd, 5, EPOLLIN, true);
	for (int round = 0; round < 200; round++) {
		int room = 1 + round * 7 % 4;

		GUEST_RETURNS(behave_wait(ep, ev, room, 0), room);
		for (int i = 0; i < room; i++) {
			ck_assert_int_eq(ev[i].data.fd, fd[next]);
			next = (next + 1) % 5;
		}
	}
}
BEHAVE_KNOWN(rotation_with_every_room, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(rotation_with_every_room, BEHAVE_SINGLEPASS,
	     BEHAVE_HEAD);
BEHAVE_KNOWN(rotation_with_every_room, BEHAVE_MULTIPASS,
	     BEHAVE_LIFO);

BEHAVE_TEST(rotation_starves_nobody, 30, BEHAVE_EPOLL,
	    "an edge beside 50 that are always ready is told in the seventh wait for eight at the latest")
{
	struct epoll_event ev[8];
	int ep = behave_create(), fd[50], et;

	behave_eventfds(ep, fd, 50, EPOLLIN, true);
	behave_eventfds(ep, &et, 1, EPOLLIN | EPOLLET, false);
	for (int round = 0; round < 20; round++) {
		bool told = false;

		guest_put(et);
		for (int i = 0; i < 7 && !told; i++) {
			GUEST_RETURNS(behave_wait(ep, ev, 8, 0), 8);
			for (int j = 0; j < 8; j++)
				told |= ev[j].data.fd == et;
		}
		ck_assert_msg(told, "round %d: not told in 7 waits", round);
	}
}
BEHAVE_KNOWN(rotation_starves_nobody, BEHAVE_SINGLEPASS,
	     BEHAVE_HEAD);

BEHAVE_TEST(drained_takes_no_room, 20, BEHAVE_EPOLL,
	    "what was drained meanwhile does not use up the room of the others")
{
	int ep = behave_create(), fd[5];

	behave_eventfds(ep, fd, 5, EPOLLIN | EPOLLET, true);
	guest_drain(fd[0]);
	guest_drain(fd[2]);
	BEHAVE_EXPECT_FDS(ep, 2, fd[1], fd[3]);
	BEHAVE_EXPECT_FDS(ep, 2, fd[4]);
	behave_none(ep);
}
BEHAVE_KNOWN(drained_takes_no_room, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(drained_takes_no_room, BEHAVE_MULTIPASS,
	     "2.6.21: as many are collected as there is room for, true or not (ep_collect_ready_items)");

BEHAVE_TEST(all_of_many_at_once, 60, BEHAVE_EPOLL,
	    "1000 that are ready are told in one wait with room for them, each once and in order")
{
	enum { N = 1000 };
	static struct epoll_event ev[N + 1];
	static int fd[N];
	int ep = behave_create();

	guest_nofile(N + 64);
	behave_eventfds(ep, fd, N, EPOLLIN | EPOLLET, true);
	GUEST_RETURNS(behave_wait(ep, ev, N + 1, 0), N);
	for (int i = 0; i < N; i++)
		ck_assert_int_eq(ev[i].data.fd, fd[i]);
	behave_none(ep);
}
BEHAVE_KNOWN(all_of_many_at_once, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(all_of_many_at_once, BEHAVE_MULTIPASS,
	     BEHAVE_LIFO);
