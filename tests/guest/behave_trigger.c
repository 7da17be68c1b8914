// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_trigger.c - level, edge, one-shot and exclusive
 */
#define _GNU_SOURCE
#include "behave.h"

BEHAVE_TEST(level_again, 20, BEHAVE_EPOLL,
	    "level-triggered: what is not drained is told again")
{
	int p[2], ep = behave_create();

	guest_pipe(p);
	behave_add(ep, p[0], EPOLLIN);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	behave_expect(ep, p[0], EPOLLIN);
	guest_drain(p[0]);
	behave_none(ep);
}

BEHAVE_TEST(edge_again_while_ready, 20, BEHAVE_EVERY,
	    "edge-triggered: new data is a new event, although the old was not read")
{
	int p[2], ep = behave_create();

	guest_pipe(p);
	behave_add(ep, p[0], EPOLLIN | EPOLLET);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	behave_none(ep);
}
