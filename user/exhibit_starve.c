// SPDX-License-Identifier: GPL-2.0-only
/*
 * exhibit_starve.c - level-triggered files that are never told
 *
 * Eight files are always ready, and the program has room for three events in a
 * wait.  Which of the files does it hear of?
 */
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "eventpoll.h"
#include "exhibit.h"

enum { FILES = 8, ROOM = 3, WAITS = 100 };

/**
 * struct design - what differs between the designs
 * @store: of the port
 * @back: where what was told goes
 */
struct design {
	int store;
	const char *back;
};

static const struct design singlepass = {
	.store = EVENTPOLL_SINGLEPASS,
	.back = "puts what was told back at the head of the list, before what had no room",
}, llist = {
	.store = EVENTPOLL_LLIST,
	.back = "adds what was told to the list again, which is a stack: on top of what had no room",
}, ovflist26 = {
	.store = EVENTPOLL_OVFLIST_26,
	.back = "puts what was told back at the tail, and what had no room at the head",
}, ovflist = {
	.store = EVENTPOLL_OVFLIST,
	.back = "puts what was told back at the tail, and what had no room at the head",
};

static bool starve_round(const struct way *way)
{
	int queue, fd[FILES], times[FILES] = { 0 }, never = 0;
	struct epoll_event ev[ROOM];

	queue = port_open(way->design->store);
	for (int i = 0; i < FILES; i++) {
		fd[i] = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
		if (fd[i] < 0)
			fail("eventfd");
		port_watch(queue, fd[i], EPOLLIN, (unsigned int)i);
	}
	told("program", "watches %d files for IN, level-triggered, all of them ready, and reads none",
	     FILES);
	for (int i = 0; i < WAITS; i++) {
		must(eventpoll_wait(queue, ev, ROOM, 0) == ROOM,
		     "a wait did not return %d events", ROOM);
		for (int j = 0; j < ROOM; j++)
			times[ev[j].data.u32]++;
		if (!i)
			told("program", "waits with room for %d: files %u, %u, %u",
			     ROOM, ev[0].data.u32, ev[1].data.u32, ev[2].data.u32);
	}
	told_here("kernel", "%s", way->design->back);
	for (int i = 0; i < FILES; i++) {
		never += !times[i];
		close(fd[i]);
	}
	close(queue);
	told_here("program", "after %d waits %d of the files were never told; the first %d times, the last %d times",
		  WAITS, never, times[0], times[FILES - 1]);
	return never;
}

static const struct way starve_ways[] = {
	{ .title = "singlepass (May 2007): back at the head",
	  .before = "", .after = "", .hurts = true, .design = &singlepass },
	{ .title = "llist (2025, reverted): back on top",
	  .before = "llist ", .after = "", .hurts = true, .brief = true,
	  .design = &llist },
	{ .title = "ovflist-2.6 (2.6.37): back at the tail",
	  .before = "ovflist-2.6 ", .after = "", .brief = true,
	  .design = &ovflist26 },
	{ .title = "ovflist (since 6.18): back at the tail",
	  .before = "ovflist ", .after = "", .brief = true,
	  .design = &ovflist },
};

const struct exhibit exhibit_starve = {
	.name = "starve",
	.about = "May 2007, and 2025: more level-triggered files than room, and the rest is never told",
	.when = "May 2007, commit 6192bd536f. A level-triggered file that was told has to be asked again in the next wait, so its item goes back to the ready list. The single pass put such items at its head. As long as they are ready and the program has less room than there are files, the others wait for ever. The list of 6.16-rc did the same, since it is a stack.",
	.harm = "starved",
	.moral = "Since 2007 what was told goes to the tail, so that all take turns: it is what a program relies on when it asks for a few events at a time.",
	.round = starve_round,
	.ways = starve_ways,
	.n_ways = COUNT(starve_ways),
};
