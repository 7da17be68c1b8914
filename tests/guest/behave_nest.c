// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_nest.c - instances that watch instances, and polling an instance
 *
 * An instance is a file that is readable while one of its items has something
 * to tell, so an instance can watch it.  What an instance must never do is
 * watch itself, through however many others; and how long such chains are and
 * how many of them lead to one file is limited, because each wake-up runs
 * through all of them.  Chains that mix a design with the kernel's own epoll
 * are at the end.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <sys/select.h>

#include "behave.h"

/*
 * Readiness of the inner instance
 */

/* An inner instance that watches p[0], for one that will watch it. */
static int inner_of_pipe(int p[2], uint32_t events)
{
	int ep = behave_create();

	behave_pipe(ep, p, events);
	return ep;
}

/* The same of a socket, of which each byte that comes is an event. */
static int inner_of_socket(int sv[2], uint32_t events)
{
	int ep = behave_create();

	guest_unix(sv);
	behave_add(ep, sv[0], events);
	return ep;
}

BEHAVE_TEST(nest_level, 20, BEHAVE_EPOLL,
	    "an instance that has something to tell is EPOLLIN until it has nothing more")
{
	int p[2], inner = inner_of_pipe(p, EPOLLIN), outer = behave_create();

	behave_add(outer, inner, EPOLLIN | EPOLLOUT | EPOLLPRI);
	behave_none(outer);
	guest_put(p[1]);
	behave_expect(outer, inner, EPOLLIN);
	behave_expect(outer, inner, EPOLLIN);
	behave_expect(inner, p[0], EPOLLIN);
	behave_expect(outer, inner, EPOLLIN);
	guest_drain(p[0]);
	behave_none(outer);
	behave_none(inner);
}

BEHAVE_TEST(nest_level_over_edge, 20, BEHAVE_EPOLL,
	    "an inner item that is edge-triggered is told above until it was taken, and no longer")
{
	int p[2], inner = inner_of_pipe(p, EPOLLIN | EPOLLET);
	int outer = behave_create();

	behave_add(outer, inner, EPOLLIN);
	guest_put(p[1]);
	behave_expect(outer, inner, EPOLLIN);
	behave_expect(outer, inner, EPOLLIN);
	behave_expect(inner, p[0], EPOLLIN);
	/* The byte is still there; the event is not. */
	behave_none(outer);
	guest_put(p[1]);
	behave_expect(outer, inner, EPOLLIN);
}

BEHAVE_TEST(nest_level_over_oneshot, 20, BEHAVE_EPOLL,
	    "an inner one-shot item that is spent is told above no more, until it is armed again")
{
	int p[2], inner = inner_of_pipe(p, EPOLLIN | EPOLLONESHOT);
	int outer = behave_create();

	behave_add(outer, inner, EPOLLIN);
	guest_put(p[1]);
	behave_expect(outer, inner, EPOLLIN);
	behave_expect(inner, p[0], EPOLLIN);
	behave_none(outer);
	guest_put(p[1]);
	behave_none(outer);
	behave_mod(inner, p[0], EPOLLIN | EPOLLONESHOT);
	behave_expect(outer, inner, EPOLLIN);
}

BEHAVE_TEST(nest_edge, 20, BEHAVE_EPOLL,
	    "edge-triggered: each event inside is an event outside, taken inside or not")
{
	int sv[2], inner = inner_of_socket(sv, EPOLLIN), outer = behave_create();

	behave_add(outer, inner, EPOLLIN | EPOLLET);
	for (int i = 0; i < 3; i++) {
		guest_put(sv[1]);
		behave_expect(outer, inner, EPOLLIN);
		behave_none(outer);
	}
	behave_expect(inner, sv[0], EPOLLIN);
	behave_none(outer);
}
BEHAVE_KNOWN(nest_edge, BEHAVE_OVFLIST_26,
	     "2.6.37: a wait that leaves something wakes who polls the instance (ep_scan_ready_list, pwake)");
BEHAVE_KNOWN(nest_edge, BEHAVE_MULTIPASS,
	     "2.6.21: putting back wakes who polls the instance (ep_reinject_items, pwake)");
BEHAVE_KNOWN(nest_edge, BEHAVE_WFCQUEUE,
	     BEHAVE_SILENT);

BEHAVE_TEST(nest_edge_of_two_sources, 20, BEHAVE_EPOLL,
	    "edge-triggered: a second source's event is told though the first one's was not taken")
{
	int p[2], q[2], inner = inner_of_pipe(p, EPOLLIN | EPOLLET);
	int outer = behave_create();

	behave_pipe(inner, q, EPOLLIN);
	behave_add(outer, inner, EPOLLIN | EPOLLET);
	guest_put(p[1]);
	behave_expect(outer, inner, EPOLLIN);
	guest_put(q[1]);
	behave_expect(outer, inner, EPOLLIN);
	behave_none(outer);
}

BEHAVE_TEST(nest_oneshot, 20, BEHAVE_EPOLL,
	    "an instance watched one-shot is told once, and again when it is armed while ready")
{
	int p[2], inner = inner_of_pipe(p, EPOLLIN), outer = behave_create();

	behave_add(outer, inner, EPOLLIN | EPOLLONESHOT);
	guest_put(p[1]);
	behave_expect(outer, inner, EPOLLIN);
	guest_put(p[1]);
	behave_none(outer);
	behave_mod(outer, inner, EPOLLIN | EPOLLONESHOT);
	behave_expect(outer, inner, EPOLLIN);
}

BEHAVE_TEST(nest_ready_when_added, 20, BEHAVE_EPOLL,
	    "an instance that is ready when it is added is told at once, level and edge")
{
	int p[2], inner = inner_of_pipe(p, EPOLLIN);
	int level = behave_create(), edge = behave_create();

	guest_put(p[1]);
	behave_add(level, inner, EPOLLIN);
	behave_add(edge, inner, EPOLLIN | EPOLLET);
	behave_expect(level, inner, EPOLLIN);
	behave_expect(edge, inner, EPOLLIN);
	behave_none(edge);
}

BEHAVE_TEST(nest_source_added_ready, 20, BEHAVE_EPOLL,
	    "a file that is ready when it is added inside is told outside")
{
	int p[2], inner = behave_create(), outer = behave_create();

	guest_pipe(p);
	guest_put(p[1]);
	behave_add(outer, inner, EPOLLIN | EPOLLET);
	behave_none(outer);
	behave_add(inner, p[0], EPOLLIN);
	behave_expect(outer, inner, EPOLLIN);
}

BEHAVE_TEST(nest_source_changed_ready, 20, BEHAVE_EPOLL,
	    "a mask that is changed to what is true already is told outside")
{
	int sv[2], inner = behave_create(), outer = behave_create();

	guest_unix(sv);
	behave_add(inner, sv[0], EPOLLIN);
	behave_add(outer, inner, EPOLLIN | EPOLLET);
	behave_none(outer);
	behave_mod(inner, sv[0], EPOLLOUT);
	behave_expect(outer, inner, EPOLLIN);
	behave_expect(inner, sv[0], EPOLLOUT);
}

BEHAVE_TEST(nest_drained_before_it_was_asked, 20, BEHAVE_EPOLL,
	    "what is gone inside before the outer instance is asked is no event outside")
{
	int p[2], inner = inner_of_pipe(p, EPOLLIN);
	int level = behave_create(), edge = behave_create();

	behave_add(level, inner, EPOLLIN);
	behave_add(edge, inner, EPOLLIN | EPOLLET);
	guest_put(p[1]);
	guest_drain(p[0]);
	behave_none(level);
	behave_none(edge);
}

BEHAVE_TEST(nest_removed_source_is_gone, 20, BEHAVE_EPOLL,
	    "an inner item that is removed or closed while ready takes the outer event with it")
{
	int p[2], q[2], inner = inner_of_pipe(p, EPOLLIN);
	int outer = behave_create();

	behave_pipe(inner, q, EPOLLIN);
	behave_add(outer, inner, EPOLLIN);
	guest_put(p[1]);
	guest_put(q[1]);
	behave_expect(outer, inner, EPOLLIN);
	behave_del(inner, p[0]);
	behave_expect(outer, inner, EPOLLIN);
	close(q[0]);
	behave_none(outer);
}

BEHAVE_TEST(nest_removed_inner_is_silent, 20, BEHAVE_EPOLL,
	    "after the inner instance is removed from the outer one its events are its own")
{
	int p[2], inner = inner_of_pipe(p, EPOLLIN), outer = behave_create();

	behave_add(outer, inner, EPOLLIN);
	guest_put(p[1]);
	behave_del(outer, inner);
	behave_none(outer);
	guest_put(p[1]);
	behave_none(outer);
	behave_expect(inner, p[0], EPOLLIN);
}

BEHAVE_TEST(nest_two_watchers, 20, BEHAVE_EPOLL,
	    "two instances that watch a third are both told, and both hear when it has nothing more")
{
	int p[2], inner = inner_of_pipe(p, EPOLLIN | EPOLLET);
	int a = behave_create(), b = behave_create();

	behave_add(a, inner, EPOLLIN);
	behave_add(b, inner, EPOLLIN);
	guest_put(p[1]);
	behave_expect(a, inner, EPOLLIN);
	behave_expect(b, inner, EPOLLIN);
	behave_expect(inner, p[0], EPOLLIN);
	behave_none(a);
	behave_none(b);
}

BEHAVE_TEST(nest_many_inside, 60, BEHAVE_EPOLL,
	    "a hundred instances in one: exactly those that have something to tell are told")
{
	enum { N = 100 };
	struct epoll_event ev[N];
	int inner[N], p[N][2], n, outer = behave_create();

	for (int i = 0; i < N; i++) {
		inner[i] = inner_of_pipe(p[i], EPOLLIN);
		behave_add(outer, inner[i], EPOLLIN);
	}
	for (int i = 0; i < N; i += 3)
		guest_put(p[i][1]);
	n = behave_wait(outer, ev, N, 0);
	ck_assert_int_eq(n, (N + 2) / 3);
	for (int i = 0; i < N; i += 3)
		guest_drain(p[i][0]);
	behave_none(outer);
}

BEHAVE_TEST(nest_diamond, 20, BEHAVE_EPOLL,
	    "one pipe in two instances in one: the event comes by both ways")
{
	struct epoll_event ev[4];
	int p[2], a = inner_of_pipe(p, EPOLLIN), b = behave_create();
	int top = behave_create();

	behave_add(b, p[0], EPOLLIN);
	behave_add(top, a, EPOLLIN);
	behave_add(top, b, EPOLLIN);
	guest_put(p[1]);
	GUEST_RETURNS(behave_wait(top, ev, 4, 0), 2);
	guest_drain(p[0]);
	behave_none(top);
}

BEHAVE_TEST(nest_source_and_its_instance, 20, BEHAVE_EPOLL,
	    "an instance may watch a pipe and another instance that watches the same pipe")
{
	struct epoll_event ev[4];
	int p[2], inner = inner_of_pipe(p, EPOLLIN), outer = behave_create();

	behave_add(outer, inner, EPOLLIN);
	behave_add(outer, p[0], EPOLLIN);
	guest_put(p[1]);
	GUEST_RETURNS(behave_wait(outer, ev, 4, 0), 2);
	guest_drain(p[0]);
	behave_none(outer);
}

BEHAVE_TEST(nest_wakes_the_outer_waiter, 30, BEHAVE_EPOLL,
	    "an event three instances down wakes the thread that waits on top")
{
	struct behave_waiter w = { .ms = -1 };
	int p[2], low = inner_of_pipe(p, EPOLLIN), mid = behave_create();

	w.ep = behave_create();
	behave_add(mid, low, EPOLLIN);
	behave_add(w.ep, mid, EPOLLIN);
	behave_waiter_start(&w);
	guest_put(p[1]);
	behave_waiter_got(&w, mid, EPOLLIN);
	behave_expect(mid, low, EPOLLIN);
	behave_expect(low, p[0], EPOLLIN);
}

BEHAVE_TEST(nest_wakes_both_waiters, 30, BEHAVE_EPOLL,
	    "one event wakes a thread that waits inside and one that waits outside")
{
	struct behave_waiter in = { .ms = -1 }, out = { .ms = -1 };
	int p[2];

	in.ep = inner_of_pipe(p, EPOLLIN);
	out.ep = behave_create();
	behave_add(out.ep, in.ep, EPOLLIN);
	behave_waiter_start(&in);
	behave_waiter_start(&out);
	/* Level-triggered and never read: nobody takes it from the other. */
	guest_put(p[1]);
	behave_waiter_got(&in, p[0], EPOLLIN);
	behave_waiter_got(&out, in.ep, EPOLLIN);
}

BEHAVE_TEST(nest_waiter_sees_a_source_added, 30, BEHAVE_EPOLL,
	    "a waiter outside is woken by a file that is added inside, ready, while it sleeps")
{
	struct behave_waiter w = { .ms = -1 };
	int p[2], inner = behave_create();

	w.ep = behave_create();
	behave_add(w.ep, inner, EPOLLIN);
	guest_pipe(p);
	guest_put(p[1]);
	behave_waiter_start(&w);
	behave_add(inner, p[0], EPOLLIN);
	behave_waiter_got(&w, inner, EPOLLIN);
}

/*
 * What is refused
 */

BEHAVE_TEST(nest_itself, 20, BEHAVE_EPOLL,
	    "an instance cannot watch itself, by no number: EINVAL for every operation")
{
	int ep = behave_create(), d = dup(ep);

	GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, ep, EPOLLIN), EINVAL);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, d, EPOLLIN), EINVAL);
	GUEST_FAILS(behave_set(d, EPOLL_CTL_ADD, ep, EPOLLIN), EINVAL);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_MOD, ep, EPOLLIN), EINVAL);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_DEL, ep, 0), EINVAL);
}

#define LINKS	4		/* the most that a chain may have */

/* @n instances, each watching the next. */
static void chain(int *ep, int n)
{
	for (int i = 0; i < n; i++) {
		ep[i] = behave_create();
		if (i)
			behave_add(ep[i - 1], ep[i], EPOLLIN);
	}
}

BEHAVE_TEST(nest_loops, 30, BEHAVE_EPOLL,
	    "a loop of two to five instances is refused with ELOOP, and none is left half made")
{
	int ep[LINKS + 1];

	for (int n = 2; n <= LINKS + 1; n++) {
		chain(ep, n);
		for (int i = 1; i < n; i++)
			GUEST_FAILS(behave_set(ep[i], EPOLL_CTL_ADD, ep[0], EPOLLIN),
				    ELOOP);
		ck_assert_int_eq(behave_items(ep[n - 1]), 0);
		for (int i = 0; i < n; i++)
			close(ep[i]);
	}
}

BEHAVE_TEST(nest_loop_after_removal, 20, BEHAVE_EPOLL,
	    "what was refused as a loop is allowed when the link that closed it is gone")
{
	int a = behave_create(), b = behave_create();

	behave_add(a, b, EPOLLIN);
	GUEST_FAILS(behave_set(b, EPOLL_CTL_ADD, a, EPOLLIN), ELOOP);
	behave_del(a, b);
	behave_add(b, a, EPOLLIN);
	GUEST_FAILS(behave_set(a, EPOLL_CTL_ADD, b, EPOLLIN), ELOOP);
}

BEHAVE_TEST(nest_link_is_an_item, 20, BEHAVE_EPOLL,
	    "a link that is there already is EEXIST; MOD and DEL of one that would be a loop are ENOENT")
{
	int a = behave_create(), b = behave_create();

	behave_add(a, b, EPOLLIN);
	GUEST_FAILS(behave_set(a, EPOLL_CTL_ADD, b, EPOLLIN), EEXIST);
	GUEST_FAILS(behave_set(b, EPOLL_CTL_MOD, a, EPOLLIN), ENOENT);
	GUEST_FAILS(behave_set(b, EPOLL_CTL_DEL, a, 0), ENOENT);
}

BEHAVE_TEST(nest_depth_told, 30, BEHAVE_EPOLL,
	    "a chain of four links works: an event at the bottom is told at every level")
{
	int ep[LINKS + 1], p[2];

	chain(ep, LINKS + 1);
	guest_pipe(p);
	behave_add(ep[LINKS], p[0], EPOLLIN);
	guest_put(p[1]);
	for (int i = 0; i < LINKS; i++)
		behave_expect(ep[i], ep[i + 1], EPOLLIN);
	behave_expect(ep[LINKS], p[0], EPOLLIN);
	guest_drain(p[0]);
	for (int i = 0; i <= LINKS; i++)
		behave_none(ep[i]);
}

BEHAVE_TEST(nest_depth_edges, 30, BEHAVE_EPOLL,
	    "edge-triggered at every level of four: each byte at the bottom is an event on top")
{
	int ep[LINKS + 1], p[2];

	for (int i = 0; i <= LINKS; i++) {
		ep[i] = behave_create();
		if (i)
			behave_add(ep[i - 1], ep[i], EPOLLIN | EPOLLET);
	}
	guest_pipe(p);
	behave_add(ep[LINKS], p[0], EPOLLIN | EPOLLET);
	for (int i = 0; i < 3; i++) {
		guest_put(p[1]);
		behave_expect(ep[0], ep[1], EPOLLIN);
		behave_none(ep[0]);
	}
}
BEHAVE_KNOWN(nest_depth_edges, BEHAVE_WFCQUEUE,
	     BEHAVE_SILENT);

BEHAVE_TEST(nest_too_deep_at_the_top, 30, BEHAVE_EPOLL,
	    "a chain that is four links long cannot grow at the top: ELOOP")
{
	int ep[LINKS + 1], top = behave_create();

	chain(ep, LINKS + 1);
	GUEST_FAILS(behave_set(top, EPOLL_CTL_ADD, ep[0], EPOLLIN), ELOOP);
	behave_add(top, ep[1], EPOLLIN);
}

BEHAVE_TEST(nest_too_deep_at_the_bottom, 30, BEHAVE_EPOLL,
	    "nor at the bottom, though the instance that would be added is empty")
{
	int ep[LINKS + 1], bottom = behave_create();

	chain(ep, LINKS + 1);
	GUEST_FAILS(behave_set(ep[LINKS], EPOLL_CTL_ADD, bottom, EPOLLIN), ELOOP);
	behave_add(ep[LINKS - 1], bottom, EPOLLIN);
}

BEHAVE_TEST(nest_too_deep_in_the_middle, 30, BEHAVE_EPOLL,
	    "two chains are joined only if both and the new link are four links together")
{
	for (int above = 0; above <= LINKS; above++) {
		for (int below = 0; below <= LINKS; below++) {
			int a[LINKS + 1], b[LINKS + 1];

			chain(a, above + 1);
			chain(b, below + 1);
			if (above + 1 + below <= LINKS)
				behave_add(a[above], b[0], EPOLLIN);
			else
				GUEST_FAILS(behave_set(a[above], EPOLL_CTL_ADD, b[0],
						       EPOLLIN), ELOOP);
			for (int i = 0; i <= above; i++)
				close(a[i]);
			for (int i = 0; i <= below; i++)
				close(b[i]);
		}
	}
}

BEHAVE_TEST(nest_depth_is_given_back, 30, BEHAVE_EPOLL,
	    "a chain can grow again at one end when the other end was closed or removed")
{
	int ep[LINKS + 1], more = behave_create();

	chain(ep, LINKS + 1);
	GUEST_FAILS(behave_set(more, EPOLL_CTL_ADD, ep[0], EPOLLIN), ELOOP);
	close(ep[LINKS]);
	behave_add(more, ep[0], EPOLLIN);
	GUEST_FAILS(behave_set(ep[LINKS - 1], EPOLL_CTL_ADD, behave_create(),
			       EPOLLIN), ELOOP);
	behave_del(more, ep[0]);
	behave_add(ep[LINKS - 1], behave_create(), EPOLLIN);
}

/* @n instances that watch @fd. */
static void crowd(int fd, int *ep, int n)
{
	for (int i = 0; i < n; i++) {
		ep[i] = behave_create();
		behave_add(ep[i], fd, EPOLLIN);
	}
}

BEHAVE_TEST(nest_paths_of_one_link, 60, BEHAVE_EPOLL,
	    "as many instances as one likes may watch a file directly")
{
	enum { N = 1200 };
	static int ep[N];
	int p[2];

	guest_nofile(N + 64);
	guest_pipe(p);
	crowd(p[0], ep, N);
	guest_put(p[1]);
	behave_expect(ep[0], p[0], EPOLLIN);
	behave_expect(ep[N - 1], p[0], EPOLLIN);
}

/*
 * A file in the last of @depth instances, each in the one before it: how many
 * others may watch the first one?
 */
static void paths(int depth, int limit)
{
	int ep[LINKS + 1], *above, p[2], one_more = behave_create();

	guest_nofile(limit + 64);
	above = calloc((size_t)limit, sizeof(*above));
	ck_assert_ptr_nonnull(above);
	chain(ep, depth);
	guest_pipe(p);
	behave_add(ep[depth - 1], p[0], EPOLLIN);
	crowd(ep[0], above, limit);
	GUEST_FAILS(behave_set(one_more, EPOLL_CTL_ADD, ep[0], EPOLLIN), EINVAL);
	ck_assert_int_eq(behave_items(one_more), 0);
	/* One goes, another one comes. */
	close(above[limit / 2]);
	behave_add(one_more, ep[0], EPOLLIN);
	guest_put(p[1]);
	behave_expect(one_more, ep[0], EPOLLIN);
	behave_expect(above[0], ep[0], EPOLLIN);
	/* Without the file there is nothing that the paths lead to. */
	behave_del(ep[depth - 1], p[0]);
	behave_add(behave_create(), ep[0], EPOLLIN);
	/* And that one path too many now keeps the file out. */
	GUEST_FAILS(behave_set(ep[depth - 1], EPOLL_CTL_ADD, p[0], EPOLLIN), EINVAL);
}

BEHAVE_TEST(nest_paths_of_two_links, 120, BEHAVE_EPOLL,
	    "500 paths of two links may lead to one file, and no more: EINVAL")
{
	paths(1, 500);
}

BEHAVE_TEST(nest_paths_of_three_links, 60, BEHAVE_EPOLL,
	    "of three links 100")
{
	paths(2, 100);
}

BEHAVE_TEST(nest_paths_of_four_links, 60, BEHAVE_EPOLL, "of four links 50")
{
	paths(3, 50);
}

BEHAVE_TEST(nest_paths_of_five_links, 60, BEHAVE_EPOLL, "of five links 10")
{
	paths(4, 10);
}

BEHAVE_TEST(nest_paths_are_given_back, 60, BEHAVE_EPOLL,
	    "an instance that is not nested any more has no paths: others may have them all")
{
	enum { LIMIT = 500, BASE = 1000 };
	int p[2], outer = behave_create(), inner[3];

	guest_nofile(BASE + LIMIT + 64);
	guest_pipe(p);
	for (int i = 0; i < 3; i++) {
		inner[i] = behave_create();
		for (int n = BASE; n < BASE + LIMIT; n++) {
			ck_assert(dup2(p[0], n) == n);
			behave_add(inner[i], n, EPOLLIN);
		}
	}
	behave_add(outer, inner[0], EPOLLIN);
	GUEST_FAILS(behave_set(outer, EPOLL_CTL_ADD, inner[1], EPOLLIN), EINVAL);
	behave_del(outer, inner[0]);
	behave_add(outer, inner[1], EPOLLIN);
	GUEST_FAILS(behave_set(outer, EPOLL_CTL_ADD, inner[0], EPOLLIN), EINVAL);
	close(inner[1]);
	behave_add(outer, inner[2], EPOLLIN);
	/* Nested again, and full: not one more number. */
	GUEST_FAILS(behave_set(inner[2], EPOLL_CTL_ADD, p[0], EPOLLIN), EINVAL);
	behave_del(inner[2], BASE);
	behave_add(inner[2], p[0], EPOLLIN);
	/* What nobody watches may have it as often as it likes. */
	behave_add(inner[0], p[0], EPOLLIN);
}

BEHAVE_TEST(nest_paths_by_two_ways, 60, BEHAVE_EPOLL,
	    "paths by different inner instances count together: they lead to one file")
{
	enum { LIMIT = 500, HALF = LIMIT / 2 };
	int p[2], a = inner_of_pipe(p, EPOLLIN), b = behave_create();
	int one_more = behave_create();
	static int ep[LIMIT];

	guest_nofile(LIMIT + 64);
	behave_add(b, p[0], EPOLLIN);
	crowd(a, ep, HALF);
	crowd(b, ep + HALF, HALF);
	GUEST_FAILS(behave_set(one_more, EPOLL_CTL_ADD, a, EPOLLIN), EINVAL);
	GUEST_FAILS(behave_set(one_more, EPOLL_CTL_ADD, b, EPOLLIN), EINVAL);
	behave_add(one_more, p[0], EPOLLIN);
}

BEHAVE_TEST(nest_exclusive_instance, 20, BEHAVE_EPOLL,
	    "an instance cannot be watched with EPOLLEXCLUSIVE: EINVAL")
{
	int inner = behave_create(), outer = behave_create();

	GUEST_FAILS(behave_set(outer, EPOLL_CTL_ADD, inner,
			       EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
	ck_assert_int_eq(behave_items(outer), 0);
	behave_add(outer, inner, EPOLLIN);
}

BEHAVE_TEST(nest_over_exclusive, 20, BEHAVE_EPOLL,
	    "an instance whose own items are exclusive is watched like any other")
{
	int p[2], inner = inner_of_pipe(p, EPOLLIN | EPOLLEXCLUSIVE);
	int outer = behave_create();

	behave_add(outer, inner, EPOLLIN);
	guest_put(p[1]);
	behave_expect(outer, inner, EPOLLIN);
	behave_expect(inner, p[0], EPOLLIN);
}

struct dare {
	int from, to, result;
	pthread_barrier_t *barrier;
};

static void *dare(void *arg)
{
	struct dare *d = arg;

	pthread_barrier_wait(d->barrier);
	d->result = behave_set(d->from, EPOLL_CTL_ADD, d->to, EPOLLIN) ? -errno : 0;
	return NULL;
}

BEHAVE_TEST(nest_loop_race, 120, BEHAVE_EPOLL,
	    "of two links that would close a loop at the same moment one is refused")
{
	int a = behave_create(), b = behave_create();
	pthread_barrier_t barrier;
	pthread_t t;

	pthread_barrier_init(&barrier, NULL, 2);
	for (int i = 0; i < guest_rounds(300); i++) {
		struct dare x = { a, b, 0, &barrier }, y = { b, a, 0, &barrier };

		t = guest_thread(dare, &x);
		dare(&y);
		guest_join(t);
		ck_assert_msg((x.result == 0 && y.result == -ELOOP) ||
			      (y.result == 0 && x.result == -ELOOP),
			      "round %d: expected one 0 and one ELOOP, got %d and %d",
			      i, x.result, y.result);
		if (x.result)
			behave_del(b, a);
		else
			behave_del(a, b);
	}
}

/*
 * Closing
 */

BEHAVE_TEST(nest_inner_closed, 20, BEHAVE_EPOLL,
	    "the close of a watched instance takes it out of the outer one, ready or not")
{
	int p[2], inner = inner_of_pipe(p, EPOLLIN), outer = behave_create();

	behave_add(outer, inner, EPOLLIN);
	guest_put(p[1]);
	close(inner);
	behave_none(outer);
	ck_assert_int_eq(behave_items(outer), 0);
	guest_put(p[1]);
	behave_none(outer);
}

BEHAVE_TEST(nest_outer_closed, 20, BEHAVE_EPOLL,
	    "the close of the outer instance leaves the inner one as it was")
{
	int p[2], inner = inner_of_pipe(p, EPOLLIN), outer = behave_create();

	behave_add(outer, inner, EPOLLIN);
	guest_put(p[1]);
	close(outer);
	behave_expect(inner, p[0], EPOLLIN);
	guest_drain(p[0]);
	guest_put(p[1]);
	behave_expect(inner, p[0], EPOLLIN);
}

BEHAVE_TEST(nest_closed_in_any_order, 30, BEHAVE_EPOLL,
	    "three instances in each other and their pipe are closed in each of 24 orders")
{
	for (int order = 0; order < 24; order++) {
		int ep[3], p[2], fd[4], left = 4, code = order;

		chain(ep, 3);
		guest_pipe(p);
		behave_add(ep[2], p[0], EPOLLIN);
		guest_put(p[1]);
		behave_expect(ep[0], ep[1], EPOLLIN);
		memcpy(fd, ep, sizeof(ep));
		fd[3] = p[0];
		while (left) {
			int i = code % left;

			code /= left;
			GUEST_RETURNS(close(fd[i]), 0);
			fd[i] = fd[--left];
			/* An event, unless its reader is gone already. */
			(void)!write(p[1], "x", 1);
		}
		close(p[1]);
	}
}

BEHAVE_TEST(nest_inner_dup_keeps_it, 20, BEHAVE_EPOLL,
	    "a watched instance that is closed by one of two numbers is told by its old one")
{
	int p[2], inner = inner_of_pipe(p, EPOLLIN), outer = behave_create();
	int d = dup(inner);

	behave_add(outer, inner, EPOLLIN);
	close(inner);
	guest_put(p[1]);
	behave_expect(outer, inner, EPOLLIN);
	behave_expect(d, p[0], EPOLLIN);
	guest_drain(p[0]);
	behave_none(outer);
	close(d);
	ck_assert_int_eq(behave_items(outer), 0);
}

/*
 * poll(2), select(2) and the rest on an instance
 */

BEHAVE_TEST(poll_on_the_instance, 20, BEHAVE_EPOLL,
	    "poll(2) says POLLIN and POLLRDNORM of an instance while it has something to tell, and no other bit ever")
{
	int p[2], ep = inner_of_pipe(p, EPOLLIN);
	int all = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM | POLLPRI | POLLRDHUP;

	GUEST_RETURNS(guest_poll(ep, all), 0);
	guest_put(p[1]);
	GUEST_RETURNS(guest_poll(ep, all), POLLIN | POLLRDNORM);
	GUEST_RETURNS(guest_poll(ep, POLLOUT), 0);
	GUEST_RETURNS(guest_poll(ep, all), POLLIN | POLLRDNORM);
	guest_drain(p[0]);
	GUEST_RETURNS(guest_poll(ep, all), 0);
}

BEHAVE_TEST(poll_takes_nothing, 20, BEHAVE_EPOLL,
	    "poll(2) on an instance takes no event, not even an edge")
{
	int p[2], ep = inner_of_pipe(p, EPOLLIN | EPOLLET);

	guest_put(p[1]);
	for (int i = 0; i < 3; i++)
		GUEST_RETURNS(guest_poll(ep, POLLIN), POLLIN);
	behave_expect(ep, p[0], EPOLLIN);
	GUEST_RETURNS(guest_poll(ep, POLLIN), 0);
}

BEHAVE_TEST(select_on_the_instance, 20, BEHAVE_EPOLL,
	    "select(2) has an instance among the readable while it has something to tell")
{
	struct timeval none = { 0, 0 };
	int p[2], ep = inner_of_pipe(p, EPOLLIN);
	fd_set r, w, x;

	for (int i = 0; i < 2; i++) {
		FD_ZERO(&r);
		FD_SET(ep, &r);
		w = x = r;
		GUEST_RETURNS(select(ep + 1, &r, &w, &x, &none), i);
		ck_assert(FD_ISSET(ep, &r) == i);
		guest_put(p[1]);
	}
}

struct poller {
	int fd;
	pid_t tid;
	int revents;
};

static void *poller(void *arg)
{
	struct poller *p = arg;
	struct pollfd fd = { .fd = p->fd, .events = POLLIN };
	struct timespec long_time = { GUEST_WAIT_MS / 1000, 0 };

	__atomic_store_n(&p->tid, guest_gettid(), __ATOMIC_RELEASE);
	p->revents = ppoll(&fd, 1, &long_time, NULL) == 1 ? fd.revents : -1;
	return NULL;
}

static bool poller_has_tid(void *arg)
{
	return __atomic_load_n(&((struct poller *)arg)->tid, __ATOMIC_ACQUIRE);
}

static void start_poller(struct poller *s, pthread_t *t, int ep)
{
	*s = (struct poller){ .fd = ep };
	*t = guest_thread(poller, s);
	guest_until(poller_has_tid, s, "a thread starts");
	guest_in_syscall(getpid(), s->tid, SYS_ppoll, -1);
}

BEHAVE_TEST(poll_sleeps_on_the_instance, 30, BEHAVE_EPOLL,
	    "a thread that sleeps in ppoll(2) on an instance is woken by its event, and by one two instances down")
{
	for (int depth = 0; depth < 3; depth++) {
		int ep[3], p[2];
		struct poller s;
		pthread_t t;

		chain(ep, depth + 1);
		guest_pipe(p);
		behave_add(ep[depth], p[0], EPOLLIN);
		start_poller(&s, &t, ep[0]);
		guest_put(p[1]);
		guest_join(t);
		ck_assert_int_eq(s.revents, POLLIN);
	}
}

BEHAVE_TEST(poll_and_wait_at_once, 30, BEHAVE_EPOLL,
	    "one event wakes both a thread in ppoll(2) and one in a wait on the same instance")
{
	struct behave_waiter w = { .ms = -1 };
	struct poller s;
	pthread_t t;
	int p[2];

	w.ep = inner_of_pipe(p, EPOLLIN);
	start_poller(&s, &t, w.ep);
	behave_waiter_start(&w);
	guest_put(p[1]);
	behave_waiter_got(&w, p[0], EPOLLIN);
	guest_join(t);
	ck_assert_int_eq(s.revents, POLLIN);
}

static int select_now(int fd)
{
	struct timeval none = { 0 };
	fd_set r;

	FD_ZERO(&r);
	FD_SET(fd, &r);
	return select(fd + 1, &r, NULL, NULL, &none);
}

BEHAVE_TEST(poll_beside_a_sleeper, 60, BEHAVE_EPOLL,
	    "what wakes a waiter, and is not read, is seen by each poll(2) and select(2) of another thread, early or late")
{
	for (int i = 0; i < 60; i++) {
		struct behave_waiter w = { .ms = -1 };
		int p[2];

		w.ep = inner_of_pipe(p, EPOLLIN);
		behave_waiter_start(&w);
		guest_put(p[1]);
		for (int j = i; j--; )
			sched_yield();
		for (int j = 0; j < 5; j++) {
			ck_assert_int_eq(guest_poll(w.ep, POLLIN), POLLIN);
			GUEST_RETURNS(select_now(w.ep), 1);
		}
		behave_waiter_got(&w, p[0], EPOLLIN);
	}
}

/* The RFC of 2013 claims nothing here: BEHAVE_SILENT, and the waiter sleeps for ever. */
BEHAVE_TEST(poll_inside_and_wait_outside, 60, BEHAVE_EPOLL & ~BEHAVE_WFCQUEUE,
	    "one event wakes a thread in ppoll(2) on an instance, and one that waits for the instance around it, whoever looks first")
{
	int p[2], inner = inner_of_pipe(p, EPOLLIN), outer = behave_create();

	behave_add(outer, inner, EPOLLIN);
	for (int i = 0; i < 40; i++) {
		struct behave_waiter w = { .ep = outer, .ms = -1 };
		struct poller s;
		pthread_t t;

		if (i & 1)
			start_poller(&s, &t, inner);
		behave_waiter_start(&w);
		if (!(i & 1))
			start_poller(&s, &t, inner);
		guest_put(p[1]);
		behave_waiter_got(&w, inner, EPOLLIN);
		guest_join(t);
		ck_assert_int_eq(s.revents, POLLIN);
		guest_drain(p[0]);
	}
}

BEHAVE_TEST(poll_inside_makes_no_edge_outside, 60, BEHAVE_EPOLL,
	    "edge-triggered: an instance around one that others poll and wait for tells each event once, and so does one around two")
{
	int p[2], inner = inner_of_pipe(p, EPOLLIN), outer[2], between;

	for (int i = 0; i < 2; i++)
		outer[i] = behave_create();
	between = behave_create();
	behave_add(between, inner, EPOLLIN);
	behave_add(outer[0], inner, EPOLLIN | EPOLLET);
	behave_add(outer[1], between, EPOLLIN | EPOLLET);
	for (int i = 0; i < 10; i++) {
		struct behave_waiter w = { .ep = inner, .ms = -1 };
		struct poller s;
		pthread_t t;

		start_poller(&s, &t, inner);
		behave_waiter_start(&w);
		guest_put(p[1]);
		behave_waiter_got(&w, p[0], EPOLLIN);
		guest_join(t);
		ck_assert_int_eq(s.revents, POLLIN);
		behave_expect(outer[0], inner, EPOLLIN);
		behave_expect(outer[1], between, EPOLLIN);
		behave_none(outer[0]);
		behave_none(outer[1]);
		behave_expect(inner, p[0], EPOLLIN);
		behave_none(outer[0]);
		behave_none(outer[1]);
		guest_drain(p[0]);
	}
}
BEHAVE_KNOWN(poll_inside_makes_no_edge_outside, BEHAVE_WFCQUEUE,
	     "RFC v3 of 2013: a wait that leaves something wakes who polls the instance (ep_poll, ep_notify_waiters)");
BEHAVE_KNOWN(poll_inside_makes_no_edge_outside, BEHAVE_MULTIPASS,
	     "2.6.21: putting back wakes who polls the instance (ep_reinject_items, pwake)");
BEHAVE_KNOWN(poll_inside_makes_no_edge_outside, BEHAVE_OVFLIST_26,
	     "2.6.37: a wait that leaves something wakes who polls the instance (ep_scan_ready_list, pwake)");

/*
 * With the kernel's own epoll inside and outside.  For the kernel these tests
 * are the ones from above once more; for a design they are about two kinds of
 * instances that cannot see into each other.  Where one hears of the other
 * from a work queue, the event is waited for.
 */

static int kernel_create(void)
{
	int k = epoll_create1(EPOLL_CLOEXEC);

	ck_assert_msg(k >= 0, "epoll_create1: %s", strerror(errno));
	return k;
}

static void kernel_add(int k, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	GUEST_RETURNS(epoll_ctl(k, EPOLL_CTL_ADD, fd, &ev), 0);
}

static void kernel_expect(int k, int fd)
{
	struct epoll_event ev[4];

	GUEST_RETURNS(epoll_wait(k, ev, 4, GUEST_WAIT_MS), 1);
	ck_assert_int_eq(ev[0].data.fd, fd);
	ck_assert_uint_eq(ev[0].events, EPOLLIN);
}

static void kernel_none(int k)
{
	struct epoll_event ev[4];

	GUEST_RETURNS(epoll_wait(k, ev, 4, 0), 0);
}

BEHAVE_TEST(mixed_kernel_inside, 30, BEHAVE_EPOLL,
	    "an instance of the kernel's epoll inside is EPOLLIN until it has nothing more")
{
	int p[2], k = kernel_create(), ep = behave_create();

	guest_pipe(p);
	kernel_add(k, p[0], EPOLLIN);
	behave_add(ep, k, EPOLLIN | EPOLLOUT);
	behave_none(ep);
	for (int i = 0; i < 3; i++) {
		guest_put(p[1]);
		behave_expect(ep, k, EPOLLIN);
		kernel_expect(k, p[0]);
		behave_expect(ep, k, EPOLLIN);
		guest_drain(p[0]);
		behave_none(ep);
	}
}

BEHAVE_TEST(mixed_kernel_inside_edge, 30, BEHAVE_EPOLL,
	    "edge-triggered: each event in a kernel's instance inside is an event")
{
	int sv[2], k = kernel_create(), ep = behave_create();

	guest_unix(sv);
	kernel_add(k, sv[0], EPOLLIN);
	behave_add(ep, k, EPOLLIN | EPOLLET);
	for (int i = 0; i < 3; i++) {
		guest_put(sv[1]);
		behave_expect(ep, k, EPOLLIN);
		behave_none(ep);
	}
}

BEHAVE_TEST(mixed_kernel_inside_ready, 30, BEHAVE_EPOLL,
	    "a kernel's instance that is ready when it is added is told, and one that was drained is not")
{
	int p[2], k = kernel_create(), ep = behave_create();

	guest_pipe(p);
	guest_put(p[1]);
	kernel_add(k, p[0], EPOLLIN);
	behave_add(ep, k, EPOLLIN | EPOLLET);
	behave_expect(ep, k, EPOLLIN);
	behave_none(ep);
	guest_put(p[1]);
	guest_drain(p[0]);
	behave_none(ep);
}

BEHAVE_TEST(mixed_kernel_inside_waiter, 30, BEHAVE_EPOLL,
	    "a thread that waits is woken by an event in a kernel's instance inside")
{
	struct behave_waiter w = { .ms = -1 };
	int p[2], k = kernel_create();

	w.ep = behave_create();
	guest_pipe(p);
	kernel_add(k, p[0], EPOLLIN);
	behave_add(w.ep, k, EPOLLIN);
	behave_waiter_start(&w);
	guest_put(p[1]);
	behave_waiter_got(&w, k, EPOLLIN);
}

BEHAVE_TEST(mixed_kernel_outside, 30, BEHAVE_EPOLL,
	    "an instance in the kernel's epoll is EPOLLIN until it has nothing more")
{
	int p[2], ep = inner_of_pipe(p, EPOLLIN), k = kernel_create();

	kernel_add(k, ep, EPOLLIN | EPOLLOUT);
	kernel_none(k);
	for (int i = 0; i < 3; i++) {
		guest_put(p[1]);
		kernel_expect(k, ep);
		behave_expect(ep, p[0], EPOLLIN);
		kernel_expect(k, ep);
		guest_drain(p[0]);
		kernel_none(k);
	}
}
BEHAVE_KNOWN(mixed_kernel_outside, BEHAVE_WFCQUEUE,
	     BEHAVE_SILENT);

BEHAVE_TEST(mixed_kernel_outside_edge, 30, BEHAVE_EPOLL,
	    "edge-triggered in the kernel's epoll: each event inside is an event")
{
	int sv[2], ep = inner_of_socket(sv, EPOLLIN), k = kernel_create();

	kernel_add(k, ep, EPOLLIN | EPOLLET);
	for (int i = 0; i < 3; i++) {
		guest_put(sv[1]);
		kernel_expect(k, ep);
		kernel_none(k);
	}
}
BEHAVE_KNOWN(mixed_kernel_outside_edge, BEHAVE_WFCQUEUE,
	     BEHAVE_SILENT);

BEHAVE_TEST(mixed_kernel_outside_of_two, 30, BEHAVE_EPOLL,
	    "an instance in an instance in the kernel's epoll: ready and drained is seen on top")
{
	int p[2], inner = inner_of_pipe(p, EPOLLIN), outer = behave_create();
	int k = kernel_create();

	behave_add(outer, inner, EPOLLIN);
	kernel_add(k, outer, EPOLLIN);
	kernel_none(k);
	guest_put(p[1]);
	kernel_expect(k, outer);
	guest_drain(p[0]);
	kernel_none(k);
}

BEHAVE_TEST(mixed_sandwich, 30, BEHAVE_EPOLL,
	    "an instance between two of the kernel's passes on what is ready, and tells it itself")
{
	int p[2], low = kernel_create(), ep = behave_create();
	int top = kernel_create();

	guest_pipe(p);
	kernel_add(low, p[0], EPOLLIN);
	behave_add(ep, low, EPOLLIN);
	kernel_add(top, ep, EPOLLIN);
	kernel_none(top);
	for (int i = 0; i < 3; i++) {
		guest_put(p[1]);
		kernel_expect(top, ep);
		behave_expect(ep, low, EPOLLIN);
		kernel_expect(low, p[0]);
		guest_drain(p[0]);
		/* Whoever is in between is asked first: he knows the truth. */
		behave_none(ep);
		kernel_none(top);
	}
}

BEHAVE_TEST(mixed_closed_in_any_order, 30, BEHAVE_EPOLL,
	    "a kernel's instance in an instance in a kernel's, and their pipe, are closed in each of 24 orders")
{
	for (int order = 0; order < 24; order++) {
		int fd[4], p[2], left = 4, code = order;

		fd[0] = kernel_create();
		fd[1] = behave_create();
		fd[2] = kernel_create();
		guest_pipe(p);
		fd[3] = p[0];
		kernel_add(fd[0], fd[1], EPOLLIN);
		behave_add(fd[1], fd[2], EPOLLIN);
		kernel_add(fd[2], fd[3], EPOLLIN);
		guest_put(p[1]);
		behave_expect(fd[1], fd[2], EPOLLIN);
		while (left) {
			int i = code % left;

			code /= left;
			GUEST_RETURNS(close(fd[i]), 0);
			fd[i] = fd[--left];
		}
		close(p[1]);
	}
}
