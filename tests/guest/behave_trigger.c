// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_trigger.c - level, edge, one-shot and exclusive
 *
 * Level-triggered: told in every wait for as long as it holds.  Edge-triggered:
 * told once for each thing that happens, with what holds when it is told.
 * One-shot: told once, then silent until EPOLL_CTL_MOD.  Exclusive: of several
 * instances with sleepers on one file, one is woken.
 */
#define _GNU_SOURCE
#include <sys/socket.h>

#include "behave.h"

/*
 * Level
 */

BEHAVE_TEST(level_again, 20, BEHAVE_EPOLL,
	    "level-triggered: what is not drained is told again")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	behave_expect(ep, p[0], EPOLLIN);
	guest_drain(p[0]);
	behave_none(ep);
}

BEHAVE_TEST(level_many_times, 20, BEHAVE_EPOLL,
	    "level-triggered: one byte is told a thousand times, until it is read")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN);
	guest_put(p[1]);
	for (int i = 0; i < 1000; i++)
		behave_expect(ep, p[0], EPOLLIN);
	guest_drain(p[0]);
	behave_none(ep);
	behave_none(ep);
}

BEHAVE_TEST(level_drained_before_the_wait, 20, BEHAVE_EPOLL,
	    "level-triggered: what was drained before anybody asked is not told")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN);
	guest_put(p[1]);
	guest_drain(p[0]);
	behave_none(ep);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
}

BEHAVE_TEST(level_partly_read, 20, BEHAVE_EPOLL,
	    "level-triggered: what is read in part is told again")
{
	int p[2], ep = behave_create();
	char c;

	behave_pipe(ep, p, EPOLLIN);
	guest_put(p[1]);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	GUEST_RETURNS(read(p[0], &c, 1), 1);
	behave_expect(ep, p[0], EPOLLIN);
	GUEST_RETURNS(read(p[0], &c, 1), 1);
	behave_none(ep);
}

BEHAVE_TEST(level_several_events_are_one, 20, BEHAVE_EPOLL,
	    "level-triggered: many writes are one event of one descriptor")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN);
	for (int i = 0; i < 10; i++)
		guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
}

BEHAVE_TEST(level_ready_before_add, 20, BEHAVE_EPOLL,
	    "level-triggered: ADD of what is ready already tells it")
{
	int p[2], ep = behave_create();

	guest_pipe(p);
	guest_put(p[1]);
	behave_add(ep, p[0], EPOLLIN);
	behave_expect(ep, p[0], EPOLLIN);
	behave_expect(ep, p[0], EPOLLIN);
}

BEHAVE_TEST(level_out_until_full, 20, BEHAVE_EPOLL,
	    "level-triggered: EPOLLOUT is told while there is room, not when full, and again when drained")
{
	int p[2], ep = behave_create();

	guest_pipe(p);
	behave_add(ep, p[1], EPOLLOUT);
	behave_expect(ep, p[1], EPOLLOUT);
	behave_expect(ep, p[1], EPOLLOUT);
	guest_fill(p[1]);
	behave_none(ep);
	guest_drain(p[0]);
	behave_expect(ep, p[1], EPOLLOUT);
	behave_expect(ep, p[1], EPOLLOUT);
}

BEHAVE_TEST(level_hup_for_ever, 20, BEHAVE_EPOLL,
	    "level-triggered: a hang-up is told in every wait, since nothing ends it")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN);
	guest_put(p[1]);
	close(p[1]);
	behave_expect(ep, p[0], EPOLLIN | EPOLLHUP);
	guest_drain(p[0]);
	for (int i = 0; i < 10; i++)
		behave_expect(ep, p[0], EPOLLHUP);
}

BEHAVE_TEST(level_bits_follow_the_state, 20, BEHAVE_EPOLL,
	    "level-triggered: each wait tells the bits that hold then, one by one as they come and go")
{
	int sv[2], ep = behave_create();

	guest_unix(sv);
	behave_add(ep, sv[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP);
	behave_expect(ep, sv[0], EPOLLOUT);
	guest_put(sv[1]);
	behave_expect(ep, sv[0], EPOLLIN | EPOLLOUT);
	guest_fill(sv[0]);
	behave_expect(ep, sv[0], EPOLLIN);
	guest_drain(sv[0]);
	behave_none(ep);
	guest_drain(sv[1]);
	behave_expect(ep, sv[0], EPOLLOUT);
	shutdown(sv[1], SHUT_WR);
	behave_expect(ep, sv[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP);
}

BEHAVE_TEST(level_all_of_several, 20, BEHAVE_EPOLL,
	    "level-triggered: of three descriptors those are told that are ready, in each wait anew")
{
	struct epoll_event ev[4];
	int fd[3], ep = behave_create();

	for (int i = 0; i < 3; i++) {
		fd[i] = guest_eventfd();
		behave_add(ep, fd[i], EPOLLIN);
		guest_put(fd[i]);
	}
	GUEST_RETURNS(behave_wait(ep, ev, 4, 0), 3);
	GUEST_RETURNS(behave_wait(ep, ev, 4, 0), 3);
	guest_drain(fd[0]);
	GUEST_RETURNS(behave_wait(ep, ev, 4, 0), 2);
	guest_drain(fd[2]);
	behave_expect(ep, fd[1], EPOLLIN);
	guest_put(fd[0]);
	GUEST_RETURNS(behave_wait(ep, ev, 4, 0), 2);
}

/*
 * Edge
 */

BEHAVE_TEST(edge_once, 20, BEHAVE_EVERY,
	    "edge-triggered: what is not drained is told once")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	behave_none(ep);
	behave_none(ep);
}

BEHAVE_TEST(edge_again_while_ready, 20, BEHAVE_EVERY,
	    "edge-triggered: new data is a new event, although the old was not read")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	behave_none(ep);
}

BEHAVE_TEST(edge_again_after_draining, 20, BEHAVE_EVERY,
	    "edge-triggered: data, read, data, read: each time one event")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	for (int i = 0; i < 100; i++) {
		guest_put(p[1]);
		behave_expect(ep, p[0], EPOLLIN);
		GUEST_RETURNS(guest_drain(p[0]), 1);
		behave_none(ep);
	}
}

BEHAVE_TEST(edge_several_are_one, 20, BEHAVE_EVERY,
	    "edge-triggered: what happens several times before the wait is one event")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	for (int i = 0; i < 10; i++)
		guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	behave_none(ep);
}

BEHAVE_TEST(edge_reading_is_no_event, 20, BEHAVE_EVERY,
	    "edge-triggered: reading a part of the data is no new event")
{
	int p[2], ep = behave_create();
	char c;

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	guest_put(p[1]);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	GUEST_RETURNS(read(p[0], &c, 1), 1);
	behave_none(ep);
}

BEHAVE_TEST(edge_drained_before_the_wait, 20, BEHAVE_EPOLL,
	    "edge-triggered: an event whose data is gone when it would be told is not told")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	guest_put(p[1]);
	guest_drain(p[0]);
	behave_none(ep);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
}

BEHAVE_TEST(edge_ready_before_add, 20, BEHAVE_EPOLL,
	    "edge-triggered: ADD of what is ready already is an event")
{
	int p[2], ep = behave_create();

	guest_pipe(p);
	guest_put(p[1]);
	behave_add(ep, p[0], EPOLLIN | EPOLLET);
	behave_expect(ep, p[0], EPOLLIN);
	behave_none(ep);
}

BEHAVE_TEST(edge_added_again, 20, BEHAVE_EPOLL,
	    "edge-triggered: DEL and ADD tell what still holds once more")
{
	int ep = behave_create(), fd = guest_eventfd();

	guest_put(fd);
	for (int i = 0; i < 10; i++) {
		behave_add(ep, fd, EPOLLIN | EPOLLET);
		behave_expect(ep, fd, EPOLLIN);
		behave_none(ep);
		behave_del(ep, fd);
	}
}

BEHAVE_TEST(edge_mod_tells_what_holds, 20, BEHAVE_EPOLL,
	    "edge-triggered: MOD, even to the same mask, is an event when the file is ready")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	for (int i = 0; i < 10; i++) {
		behave_mod(ep, p[0], EPOLLIN | EPOLLET);
		behave_expect(ep, p[0], EPOLLIN);
		behave_none(ep);
	}
}

BEHAVE_TEST(edge_mod_of_what_is_not_ready, 20, BEHAVE_EVERY,
	    "edge-triggered: MOD is no event when the file is not ready")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	guest_drain(p[0]);
	behave_mod(ep, p[0], EPOLLIN | EPOLLET);
	behave_none(ep);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
}

BEHAVE_TEST(edge_mod_while_pending, 20, BEHAVE_EPOLL,
	    "edge-triggered: MOD of what is pending does not make it two events")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	guest_put(p[1]);
	behave_mod(ep, p[0], EPOLLIN | EPOLLET);
	behave_mod(ep, p[0], EPOLLIN | EPOLLET);
	behave_expect(ep, p[0], EPOLLIN);
	behave_none(ep);
}

BEHAVE_TEST(edge_tells_the_state, 20, BEHAVE_EPOLL,
	    "edge-triggered: an event tells all bits that hold then, those too that held before")
{
	int sv[2], ep = behave_create();

	guest_unix(sv);
	behave_add(ep, sv[0], EPOLLIN | EPOLLOUT | EPOLLET);
	behave_expect(ep, sv[0], EPOLLOUT);
	behave_none(ep);
	guest_put(sv[1]);
	behave_expect(ep, sv[0], EPOLLIN | EPOLLOUT);
	behave_none(ep);
}

BEHAVE_TEST(edge_out, 20, BEHAVE_EVERY,
	    "edge-triggered: EPOLLOUT comes when a full pipe is drained, once")
{
	int p[2], ep = behave_create();

	guest_pipe(p);
	guest_fill(p[1]);
	behave_add(ep, p[1], EPOLLOUT | EPOLLET);
	behave_none(ep);
	guest_drain(p[0]);
	behave_expect(ep, p[1], EPOLLOUT);
	behave_none(ep);
}

BEHAVE_TEST(edge_hup, 20, BEHAVE_EVERY,
	    "edge-triggered: a hang-up is one event")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	guest_drain(p[0]);
	close(p[1]);
	behave_expect(ep, p[0], EPOLLHUP);
	behave_none(ep);
}

BEHAVE_TEST(edge_of_each_of_several, 20, BEHAVE_EVERY,
	    "edge-triggered: each of 20 descriptors is told once, whatever the others do")
{
	enum { N = 20 };
	struct epoll_event ev[N];
	int fd[N], ep = behave_create();

	for (int i = 0; i < N; i++) {
		fd[i] = guest_eventfd();
		behave_add(ep, fd[i], EPOLLIN | EPOLLET);
	}
	for (int round = 0; round < 5; round++) {
		bool seen[N] = { false };

		for (int i = round; i < N; i++)
			guest_put(fd[i]);
		GUEST_RETURNS(behave_wait(ep, ev, N, GUEST_WAIT_MS), N - round);
		for (int j = 0; j < N - round; j++)
			for (int i = 0; i < N; i++)
				if (ev[j].data.fd == fd[i]) {
					ck_assert(i >= round && !seen[i]);
					seen[i] = true;
				}
		for (int i = round; i < N; i++)
			ck_assert(seen[i]);
		behave_none(ep);
	}
}

BEHAVE_TEST(edge_and_level_of_one_file, 20, BEHAVE_EPOLL,
	    "of two instances on one file the edge-triggered one is told once, the level-triggered one again and again")
{
	int edge = behave_create(), level = behave_create();
	int fd = guest_eventfd();

	behave_add(edge, fd, EPOLLIN | EPOLLET);
	behave_add(level, fd, EPOLLIN);
	guest_put(fd);
	for (int i = 0; i < 3; i++)
		behave_expect(level, fd, EPOLLIN);
	behave_expect(edge, fd, EPOLLIN);
	behave_none(edge);
	behave_expect(level, fd, EPOLLIN);
}

BEHAVE_TEST(edge_and_level_in_one_instance, 20, BEHAVE_EPOLL,
	    "of two files in one instance the edge-triggered one is told once, the level-triggered one again and again")
{
	struct epoll_event ev[4];
	int ep = behave_create(), edge = guest_eventfd();
	int level = guest_eventfd();

	behave_add(ep, edge, EPOLLIN | EPOLLET);
	behave_add(ep, level, EPOLLIN);
	guest_put(edge);
	guest_put(level);
	GUEST_RETURNS(behave_wait(ep, ev, 4, 0), 2);
	behave_expect(ep, level, EPOLLIN);
	behave_expect(ep, level, EPOLLIN);
}

BEHAVE_TEST(edge_becomes_level, 20, BEHAVE_EPOLL,
	    "MOD without EPOLLET makes it level-triggered: what was told once is told again")
{
	int ep = behave_create(), fd = guest_eventfd();

	behave_add(ep, fd, EPOLLIN | EPOLLET);
	guest_put(fd);
	behave_expect(ep, fd, EPOLLIN);
	behave_none(ep);
	behave_mod(ep, fd, EPOLLIN);
	behave_expect(ep, fd, EPOLLIN);
	behave_expect(ep, fd, EPOLLIN);
}

BEHAVE_TEST(level_becomes_edge, 20, BEHAVE_EPOLL,
	    "MOD with EPOLLET makes it edge-triggered: told once more, then not")
{
	int ep = behave_create(), fd = guest_eventfd();

	behave_add(ep, fd, EPOLLIN);
	guest_put(fd);
	behave_expect(ep, fd, EPOLLIN);
	behave_expect(ep, fd, EPOLLIN);
	behave_mod(ep, fd, EPOLLIN | EPOLLET);
	behave_expect(ep, fd, EPOLLIN);
	behave_none(ep);
}

/*
 * One-shot
 */

BEHAVE_TEST(oneshot_once, 20, BEHAVE_EPOLL,
	    "one-shot: told once, and new data is not told either")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLONESHOT);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	behave_none(ep);
	guest_put(p[1]);
	behave_none(ep);
	guest_drain(p[0]);
	guest_put(p[1]);
	behave_none(ep);
}

BEHAVE_TEST(oneshot_silences_hup, 20, BEHAVE_EPOLL,
	    "one-shot: after an event EPOLLHUP and EPOLLERR are silent too")
{
	int p[2], q[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLONESHOT);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	close(p[1]);
	behave_none(ep);

	guest_pipe(q);
	behave_add(ep, q[1], EPOLLOUT | EPOLLONESHOT);
	behave_expect(ep, q[1], EPOLLOUT);
	close(q[0]);
	behave_none(ep);
	behave_mod(ep, q[1], EPOLLONESHOT);
	behave_expect(ep, q[1], EPOLLERR);
}

BEHAVE_TEST(oneshot_hup_is_an_event, 20, BEHAVE_EPOLL,
	    "one-shot: a hang-up that nobody asked for is told and uses up the shot")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLONESHOT);
	guest_put(p[1]);
	behave_none(ep);
	close(p[1]);
	behave_expect(ep, p[0], EPOLLHUP);
	behave_none(ep);
}

BEHAVE_TEST(oneshot_rearmed_while_ready, 20, BEHAVE_EPOLL,
	    "one-shot: MOD tells what holds still, once for each MOD")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLONESHOT);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	for (int i = 0; i < 10; i++) {
		behave_mod(ep, p[0], EPOLLIN | EPOLLONESHOT);
		behave_expect(ep, p[0], EPOLLIN);
		behave_none(ep);
	}
}

BEHAVE_TEST(oneshot_rearmed_after_draining, 20, BEHAVE_EPOLL,
	    "one-shot: MOD of what was drained tells nothing, and new data after it does")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLONESHOT);
	for (int i = 0; i < 10; i++) {
		guest_put(p[1]);
		behave_expect(ep, p[0], EPOLLIN);
		guest_drain(p[0]);
		behave_mod(ep, p[0], EPOLLIN | EPOLLONESHOT);
		behave_none(ep);
	}
}

BEHAVE_TEST(oneshot_event_while_disarmed, 20, BEHAVE_EPOLL,
	    "one-shot: data that came while it was silent is told by MOD")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLONESHOT);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	guest_drain(p[0]);
	guest_put(p[1]);
	behave_none(ep);
	behave_mod(ep, p[0], EPOLLIN | EPOLLONESHOT);
	behave_expect(ep, p[0], EPOLLIN);
	behave_none(ep);
}

BEHAVE_TEST(oneshot_rearmed_with_another_mask, 20, BEHAVE_EPOLL,
	    "one-shot: in then out, by a MOD with another mask each time, as a server does")
{
	int sv[2], ep = behave_create();

	guest_unix(sv);
	behave_add(ep, sv[0], EPOLLIN | EPOLLONESHOT);
	for (int i = 0; i < 5; i++) {
		guest_put(sv[1]);
		behave_expect(ep, sv[0], EPOLLIN);
		behave_none(ep);
		behave_mod(ep, sv[0], EPOLLOUT | EPOLLONESHOT);
		behave_expect(ep, sv[0], EPOLLOUT);
		behave_none(ep);
		guest_drain(sv[0]);
		behave_mod(ep, sv[0], EPOLLIN | EPOLLONESHOT);
		behave_none(ep);
	}
}

BEHAVE_TEST(oneshot_all_bits_at_once, 20, BEHAVE_EPOLL,
	    "one-shot: all bits that hold are in the one event")
{
	int sv[2], ep = behave_create();

	guest_unix(sv);
	guest_put(sv[1]);
	shutdown(sv[1], SHUT_WR);
	behave_add(ep, sv[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLONESHOT);
	behave_expect(ep, sv[0], EPOLLIN | EPOLLOUT | EPOLLRDHUP);
	behave_none(ep);
}

BEHAVE_TEST(oneshot_edge, 20, BEHAVE_EPOLL,
	    "one-shot and edge-triggered: told once, silent for new data, told by MOD when ready")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLET | EPOLLONESHOT);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	behave_none(ep);
	guest_put(p[1]);
	behave_none(ep);
	behave_mod(ep, p[0], EPOLLIN | EPOLLET | EPOLLONESHOT);
	behave_expect(ep, p[0], EPOLLIN);
	behave_none(ep);
	guest_drain(p[0]);
	behave_mod(ep, p[0], EPOLLIN | EPOLLET | EPOLLONESHOT);
	behave_none(ep);
}

BEHAVE_TEST(oneshot_not_used_up_by_nothing, 20, BEHAVE_EPOLL,
	    "one-shot: an event whose data was gone before the wait does not use up the shot")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLONESHOT);
	guest_put(p[1]);
	guest_drain(p[0]);
	behave_none(ep);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	behave_none(ep);
}

BEHAVE_TEST(oneshot_not_used_up_by_no_room, 20, BEHAVE_EPOLL,
	    "one-shot: what had no room in the array keeps its shot")
{
	struct epoll_event ev[1];
	int fd[3], ep = behave_create();

	for (int i = 0; i < 3; i++) {
		fd[i] = guest_eventfd();
		guest_put(fd[i]);
		behave_add(ep, fd[i], EPOLLIN | EPOLLONESHOT);
	}
	for (int i = 0; i < 3; i++) {
		GUEST_RETURNS(behave_wait(ep, ev, 1, 0), 1);
		ck_assert_int_eq(ev[0].data.fd, fd[i]);
	}
	behave_none(ep);
}
BEHAVE_KNOWN(oneshot_not_used_up_by_no_room, BEHAVE_LLISTS,
	     BEHAVE_STACK);

BEHAVE_TEST(oneshot_not_used_up_by_efault, 20, BEHAVE_EPOLL,
	    "one-shot: what could not be written to the program keeps its shot")
{
	int ep = behave_create(), fd = guest_eventfd();

	guest_put(fd);
	behave_add(ep, fd, EPOLLIN | EPOLLONESHOT);
	GUEST_FAILS(behave_wait(ep, behave_before_hole(0), 4, 0), EFAULT);
	behave_expect(ep, fd, EPOLLIN);
	behave_none(ep);
}

BEHAVE_TEST(oneshot_is_still_watched, 20, BEHAVE_EPOLL,
	    "one-shot: after its event it is watched still: ADD is EEXIST, DEL works")
{
	int ep = behave_create(), fd = guest_eventfd();

	guest_put(fd);
	behave_add(ep, fd, EPOLLIN | EPOLLONESHOT);
	behave_expect(ep, fd, EPOLLIN);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, fd, EPOLLIN), EEXIST);
	behave_none(ep);
	behave_del(ep, fd);
	behave_add(ep, fd, EPOLLIN | EPOLLONESHOT);
	behave_expect(ep, fd, EPOLLIN);
}

BEHAVE_TEST(oneshot_becomes_level, 20, BEHAVE_EPOLL,
	    "MOD without EPOLLONESHOT tells again and again")
{
	int ep = behave_create(), fd = guest_eventfd();

	guest_put(fd);
	behave_add(ep, fd, EPOLLIN | EPOLLONESHOT);
	behave_expect(ep, fd, EPOLLIN);
	behave_mod(ep, fd, EPOLLIN);
	behave_expect(ep, fd, EPOLLIN);
	behave_expect(ep, fd, EPOLLIN);
	behave_mod(ep, fd, EPOLLIN | EPOLLONESHOT);
	behave_expect(ep, fd, EPOLLIN);
	behave_none(ep);
}

BEHAVE_TEST(oneshot_beside_level, 20, BEHAVE_EPOLL,
	    "one-shot: the silence of one descriptor is not that of its neighbours")
{
	struct epoll_event ev[4];
	int ep = behave_create(), shot = guest_eventfd();
	int level = guest_eventfd();

	behave_add(ep, shot, EPOLLIN | EPOLLONESHOT);
	behave_add(ep, level, EPOLLIN);
	guest_put(shot);
	guest_put(level);
	GUEST_RETURNS(behave_wait(ep, ev, 4, 0), 2);
	guest_put(shot);
	behave_expect(ep, level, EPOLLIN);
	guest_drain(level);
	behave_none(ep);
}

BEHAVE_TEST(oneshot_rearm_wakes_a_sleeper, 20, BEHAVE_EPOLL,
	    "one-shot: a MOD that arms what is ready wakes a thread in the wait; data alone did not")
{
	struct behave_waiter w = { .ms = -1 };
	int fd = guest_eventfd();

	w.ep = behave_create();
	guest_put(fd);
	behave_add(w.ep, fd, EPOLLIN | EPOLLONESHOT);
	behave_expect(w.ep, fd, EPOLLIN);
	behave_waiter_start(&w);
	guest_put(fd);
	behave_waiter_sleeps(&w);
	behave_mod(w.ep, fd, EPOLLIN | EPOLLONESHOT);
	behave_waiter_got(&w, fd, EPOLLIN);
	behave_none(w.ep);
}

/*
 * Exclusive: several instances on one file, a thread asleep in each
 */

BEHAVE_TEST(exclusive_alone, 20, BEHAVE_EPOLL,
	    "exclusive: who is alone on the file is told as ever, level- or edge-triggered")
{
	int level = behave_create(), edge = behave_create();
	int a = guest_eventfd(), b = guest_eventfd();

	behave_add(level, a, EPOLLIN | EPOLLEXCLUSIVE);
	guest_put(a);
	behave_expect(level, a, EPOLLIN);
	behave_expect(level, a, EPOLLIN);
	guest_drain(a);
	behave_none(level);

	behave_add(edge, b, EPOLLIN | EPOLLET | EPOLLEXCLUSIVE);
	for (int i = 0; i < 3; i++) {
		guest_put(b);
		behave_expect(edge, b, EPOLLIN);
		behave_none(edge);
	}
}

BEHAVE_TEST(exclusive_wakes_one, 30, BEHAVE_EPOLL,
	    "exclusive: of two instances with a sleeper each, one event wakes the one that came first, and the other has nothing to tell")
{
	struct behave_waiter a = { .ms = -1 }, b = { .ms = -1 };
	int fd = guest_eventfd();

	a.ep = behave_create();
	b.ep = behave_create();
	behave_add(a.ep, fd, EPOLLIN | EPOLLEXCLUSIVE);
	behave_add(b.ep, fd, EPOLLIN | EPOLLEXCLUSIVE);
	behave_waiter_start(&a);
	behave_waiter_start(&b);
	guest_put(fd);
	behave_waiter_got(&a, fd, EPOLLIN);
	behave_waiter_sleeps(&b);
	behave_none(b.ep);
}

BEHAVE_TEST(exclusive_is_what_wakes_one, 30, BEHAVE_EPOLL,
	    "without EPOLLEXCLUSIVE one event wakes the sleepers of both instances")
{
	struct behave_waiter a = { .ms = -1 }, b = { .ms = -1 };
	int fd = guest_eventfd();

	a.ep = behave_create();
	b.ep = behave_create();
	behave_add(a.ep, fd, EPOLLIN);
	behave_add(b.ep, fd, EPOLLIN);
	behave_waiter_start(&a);
	behave_waiter_start(&b);
	guest_put(fd);
	behave_waiter_got(&a, fd, EPOLLIN);
	behave_waiter_got(&b, fd, EPOLLIN);
}

BEHAVE_TEST(exclusive_beside_plain, 30, BEHAVE_EPOLL,
	    "who did not ask for EPOLLEXCLUSIVE is woken by every event, beside one of those who did")
{
	struct behave_waiter x = { .ms = -1 }, y = { .ms = -1 };
	struct behave_waiter plain = { .ms = -1 };
	int fd = guest_eventfd();

	x.ep = behave_create();
	y.ep = behave_create();
	plain.ep = behave_create();
	behave_add(x.ep, fd, EPOLLIN | EPOLLEXCLUSIVE);
	behave_add(y.ep, fd, EPOLLIN | EPOLLEXCLUSIVE);
	behave_add(plain.ep, fd, EPOLLIN);
	behave_waiter_start(&x);
	behave_waiter_start(&y);
	behave_waiter_start(&plain);
	guest_put(fd);
	behave_waiter_got(&plain, fd, EPOLLIN);
	behave_waiter_got(&x, fd, EPOLLIN);
	behave_waiter_sleeps(&y);
}

BEHAVE_TEST(exclusive_next_event_next_sleeper, 30, BEHAVE_EPOLL,
	    "exclusive: while nobody sleeps in the first instance the next event wakes the second")
{
	struct behave_waiter w[3];
	int fd = guest_eventfd();

	for (int i = 0; i < 3; i++) {
		w[i] = (struct behave_waiter){ .ms = -1 };
		w[i].ep = behave_create();
		behave_add(w[i].ep, fd, EPOLLIN | EPOLLET | EPOLLEXCLUSIVE);
		behave_waiter_start(&w[i]);
	}
	for (int i = 0; i < 3; i++) {
		guest_put(fd);
		behave_waiter_got(&w[i], fd, EPOLLIN);
		for (int j = i + 1; j < 3; j++)
			behave_waiter_sleeps(&w[j]);
	}
}

BEHAVE_TEST(exclusive_nobody_asleep, 20, BEHAVE_EPOLL,
	    "exclusive: an event that comes while nobody sleeps is told in every instance")
{
	int a = behave_create(), b = behave_create(), fd = guest_eventfd();

	behave_add(a, fd, EPOLLIN | EPOLLET | EPOLLEXCLUSIVE);
	behave_add(b, fd, EPOLLIN | EPOLLET | EPOLLEXCLUSIVE);
	guest_put(fd);
	behave_expect(a, fd, EPOLLIN);
	behave_expect(b, fd, EPOLLIN);
	behave_none(a);
	behave_none(b);
}

BEHAVE_TEST(exclusive_wrong_bits_pass_on, 30, BEHAVE_EPOLL,
	    "exclusive: an event that the first instance did not ask for goes on to the one that did")
{
	struct behave_waiter out = { .ms = -1 }, in = { .ms = -1 };
	int sv[2];

	guest_unix(sv);
	guest_fill(sv[0]);
	out.ep = behave_create();
	in.ep = behave_create();
	behave_add(out.ep, sv[0], EPOLLOUT | EPOLLEXCLUSIVE);
	behave_add(in.ep, sv[0], EPOLLIN | EPOLLEXCLUSIVE);
	behave_waiter_start(&out);
	behave_waiter_start(&in);
	guest_put(sv[1]);
	behave_waiter_got(&in, sv[0], EPOLLIN);
	behave_waiter_sleeps(&out);
}

BEHAVE_TEST(exclusive_hup_wakes_all, 30, BEHAVE_EPOLL,
	    "exclusive: a hang-up of a pipe wakes the sleepers of all instances")
{
	struct behave_waiter a = { .ms = -1 }, b = { .ms = -1 };
	int p[2];

	guest_pipe(p);
	a.ep = behave_create();
	b.ep = behave_create();
	behave_add(a.ep, p[0], EPOLLIN | EPOLLEXCLUSIVE);
	behave_add(b.ep, p[0], EPOLLIN | EPOLLEXCLUSIVE);
	behave_waiter_start(&a);
	behave_waiter_start(&b);
	close(p[1]);
	behave_waiter_got(&a, p[0], EPOLLHUP);
	behave_waiter_got(&b, p[0], EPOLLHUP);
}

BEHAVE_TEST(exclusive_first_removed, 30, BEHAVE_EPOLL,
	    "exclusive: when the first instance removed the file, the second is woken")
{
	struct behave_waiter a = { .ms = -1 }, b = { .ms = -1 };
	int fd = guest_eventfd();

	a.ep = behave_create();
	b.ep = behave_create();
	behave_add(a.ep, fd, EPOLLIN | EPOLLEXCLUSIVE);
	behave_add(b.ep, fd, EPOLLIN | EPOLLEXCLUSIVE);
	behave_waiter_start(&a);
	behave_waiter_start(&b);
	behave_del(a.ep, fd);
	guest_put(fd);
	behave_waiter_got(&b, fd, EPOLLIN);
	behave_waiter_sleeps(&a);
}

BEHAVE_TEST(exclusive_first_closed, 30, BEHAVE_EPOLL,
	    "exclusive: an instance that was closed does not swallow the event of the next")
{
	struct behave_waiter w = { .ms = -1 };
	int a = behave_create(), fd = guest_eventfd();

	w.ep = behave_create();
	behave_add(a, fd, EPOLLIN | EPOLLET | EPOLLEXCLUSIVE);
	behave_add(w.ep, fd, EPOLLIN | EPOLLET | EPOLLEXCLUSIVE);
	behave_waiter_start(&w);
	close(a);
	guest_put(fd);
	behave_waiter_got(&w, fd, EPOLLIN);
}
