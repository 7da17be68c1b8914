// SPDX-License-Identifier: GPL-2.0-only
/*
 * exhibit_2002.c - four defects of the /dev/epoll of 2002
 *
 * Each script is played twice: with the module parameter "faithful", which
 * gives the defect back (kmod/faithful.h), and without.  What a program can
 * see is taken from the calls that it makes; what the kernel does is told.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "devepoll.h"
#include "exhibit.h"

/* With the defect first, then without. */
#define TWO_WAYS(mod, defect) {						\
	{ .title = "As in 2002 (" mod " faithful=" defect ")",		\
	  .before = "", .after = " as in 2002", .hurts = true,		\
	  .module = mod, .word = defect },				\
	{ .title = "As it is now (" mod " faithful=none)",		\
	  .before = "", .after = " now", .hurts = false,		\
	  .module = mod, .word = "none" },				\
}

/* ---- stale ---- */

static bool stale_round(const struct way *way)
{
	const struct pollfd *slot;
	int p[2], q[2], fd, n, said;
	struct set s;

	set_open(&s);
	open_pipe(p);
	fd = p[0];
	must(set_write(&s, fd, POLLIN) == 8, "the pipe was not taken");
	told("program", "opens a pipe, its reading end is fd %d, and writes the record {%d, IN} to the set: watched",
	     fd, fd);
	told("program", "closes both ends of the pipe, and does not write a POLLREMOVE");
	close(p[0]);
	close(p[1]);
	n = set_items(&s);
	must(n == way->hurts, "%d items after the close", n);
	if (way->hurts)
		told("kernel", "at the last close takes the callback off the file; the set's item for fd %d stays (fdinfo says items: %d)",
		     fd, n);
	else
		told("kernel", "at the last close takes the callback off the file and tells the set, which drops its item for fd %d (fdinfo says items: %d)",
		     fd, n);

	open_pipe(q);
	must(q[0] == fd, "the new pipe is fd %d, not %d", q[0], fd);
	told("program", "opens another pipe, and gets the number %d again", fd);
	n = set_write(&s, fd, POLLIN);
	told("program", "writes the record {%d, IN} to the set: write() returns %d, success",
	     fd, n);
	must(n == 8, "write() returned %d", n);
	if (way->hurts)
		told("kernel", "finds an item for fd %d and gives it the mask IN, which it had; nothing is put on the new pipe",
		     fd);
	else
		told("kernel", "finds no item for fd %d, makes one, and puts its callback on the new pipe",
		     fd);

	put(q[1]);
	if (way->hurts)
		told("peer", "writes a byte into the pipe; nobody listens there");
	else
		told("peer", "writes a byte into the pipe; the callback puts {%d, IN} into the next slot",
		     fd);
	n = set_poll(&s, 0, &slot);
	must(n == 0 || (n == 1 && slot->fd == fd && slot->revents == POLLIN),
	     "EP_POLL returned %d", n);
	if (n)
		told("program", "calls EP_POLL: 1 slot, fd %d, %s", slot->fd,
		     bits(slot->revents));
	said = ask(fd, POLLIN);
	must(said == POLLIN && set_ispolled(&s, fd) == 1,
	     "poll(2) says %s of fd %d", bits(said), fd);
	if (!n)
		told("program", "calls EP_POLL: nothing. EP_ISPOLLED says that fd %d is watched, poll(2) says %s, and no event will ever come",
		     fd, bits(said));
	close(q[0]);
	close(q[1]);
	set_close(&s);
	return n == 0;
}

static const struct way stale_ways[] = TWO_WAYS("dev_epoll", "stale");

const struct exhibit exhibit_stale = {
	.name = "stale",
	.about = "2002: a new file on the number of a closed one is accepted, and never heard of",
	.when = "The /dev/epoll patch for 2.5.42 (October 2002), and 2.5.44 and 2.5.45 after it. Found by reading the old source today; in the mails of the time nothing was found about it.",
	.harm = "deaf",
	.moral = "A set that finds its items by number has to be told when a number ends. In 2002 the file's callbacks were dropped at the last close, but the set was not told. Left out here: the item also kept its pointer to the freed file, which a removal, or closing the set, then used.",
	.round = stale_round,
	.ways = stale_ways,
	.n_ways = COUNT(stale_ways),
};

/* ---- delete ---- */

static bool delete_round(const struct way *way)
{
	const struct pollfd *slot;
	struct set a, b;
	int p[2], fd, n;

	set_open(&a);
	set_open(&b);
	open_pipe(p);
	fd = p[0];
	must(set_write(&a, fd, POLLIN) == 8, "the pipe was not taken");
	told("set A", "watches fd %d, a pipe, for IN: its callback is on the file's list",
	     fd);
	must(set_write(&b, fd, POLLIN) == 8, "the pipe was not taken");
	told("set B", "watches it too: the list is now A's callback, then B's; both have the same function, and each its own data");
	n = set_write(&b, fd, POLLREMOVE);
	told("set B", "writes the record {%d, POLLREMOVE}: write() returns %d, success",
	     fd, n);
	must(n == 8 && set_items(&b) == 0 && set_items(&a) == 1,
	     "the removal went wrong");
	if (way->hurts)
		told("kernel", "looks for the function on the list, and takes off the first callback that has it: A's");
	else
		told("kernel", "looks for the function together with the data on the list, and takes off B's callback");

	put(p[1]);
	told("peer", "writes a byte into the pipe");
	if (way->hurts)
		told("kernel", "finds no callback of A. (In 2002 it found B's, whose item had been freed. Here what is left hears nothing.)");
	else
		told("kernel", "calls A's callback, which puts {%d, IN} into A's next slot",
		     fd);
	n = set_poll(&b, 0, &slot);
	must(n == 0, "set B was told of what it does not watch");
	n = set_poll(&a, 0, &slot);
	must(n == 0 || (n == 1 && slot->fd == fd && slot->revents == POLLIN),
	     "EP_POLL returned %d", n);
	must(ask(fd, POLLIN) == POLLIN && set_ispolled(&a, fd) == 1,
	     "A does not watch a pipe with a byte in it");
	if (n)
		told("set A", "EP_POLL: 1 slot, fd %d, %s", slot->fd,
		     bits(slot->revents));
	else
		told("set A", "EP_POLL: nothing. EP_ISPOLLED says that fd %d is watched, poll(2) says IN, and no event will ever come. Neither A nor B did anything wrong",
		     fd);
	close(p[0]);
	close(p[1]);
	set_close(&a);
	set_close(&b);
	return n == 0;
}

static const struct way delete_ways[] = TWO_WAYS("fcb", "delfunc");

const struct exhibit exhibit_delete = {
	.name = "delete",
	.about = "2002: one of two sets stops watching a file, and the other goes deaf",
	.when = "The callback list of the /dev/epoll patch for 2.5.42 (October 2002), and of 2.5.44 and 2.5.45 after it. Found by reading the old source today; in the mails of the time nothing was found about it.",
	.harm = "deaf",
	.moral = "A callback is a function and its data, and only both together name it. Left out here: the callback that was left on the list in the place of the other pointed to freed memory, and the next event wrote there.",
	.round = delete_round,
	.ways = delete_ways,
	.n_ways = COUNT(delete_ways),
};

/* ---- lostbit ---- */

static bool lostbit_round(const struct way *way)
{
	const struct pollfd *slot;
	int sv[2], fd, n, got, said;
	struct set s;

	set_open(&s);
	open_socket(sv);
	fd = sv[0];
	must(set_write(&s, fd, POLLIN) == 8, "the socket was not taken");
	told("program", "watches fd %d, a socket, for IN", fd);
	put(sv[1]);
	told("peer", "sends a byte");
	told("kernel", "puts {%d, asked for IN: IN} into the next slot", fd);
	fill(fd);
	told("program", "has much to send on fd %d meanwhile, and sends until EAGAIN: there is no more room",
	     fd);
	n = set_write(&s, fd, POLLIN | POLLOUT);
	told("program", "writes the record {%d, IN|OUT} to the set, to hear when there is room again: write() returns %d",
	     fd, n);
	must(n == 8, "write() returned %d", n);
	if (way->hurts)
		told("kernel", "gives the item the mask IN|OUT; the slot that is pending keeps IN");
	else
		told("kernel", "gives the item the mask IN|OUT, and the slot that is pending as well");
	drain(sv[1]);
	told("peer", "reads all there is");
	if (way->hurts)
		told("kernel", "has OUT to tell: the item's mask lets it pass, but before it goes into the slot it is masked with the slot's bits, IN, and nothing is left");
	else
		told("kernel", "has OUT to tell: the item's mask lets it pass, and it goes into the slot");

	n = set_poll(&s, 0, &slot);
	must(n == 1 && slot->fd == fd && slot->revents & POLLIN,
	     "EP_POLL returned %d", n);
	got = slot->revents;
	told("program", "calls EP_POLL: 1 slot, fd %d, asked for %s: %s", slot->fd,
	     bits(slot->events), bits(got));
	drain(fd);
	n = set_poll(&s, 0, &slot);
	must(n == 0, "EP_POLL returned %d", n);
	said = ask(fd, POLLIN | POLLOUT);
	must(said == POLLOUT, "poll(2) says %s of fd %d", bits(said), fd);
	if (got & POLLOUT)
		told("program", "reads the byte, and sends on");
	else
		told("program", "reads the byte, and calls EP_POLL again: nothing. poll(2) says %s, but the event is over, and the program waits for ever to go on sending",
		     bits(said));
	close(sv[0]);
	close(sv[1]);
	set_close(&s);
	return !(got & POLLOUT);
}

static const struct way lostbit_ways[] = TWO_WAYS("dev_epoll", "lostbit");

const struct exhibit exhibit_lostbit = {
	.name = "lostbit",
	.about = "2002: a bit that is asked for while an event is pending is lost",
	.when = "The /dev/epoll patch for 2.5.42 (October 2002), and 2.5.44 and 2.5.45 after it. Found by reading the old source today; in the mails of the time nothing was found about it.",
	.harm = "lost",
	.moral = "The mask was kept twice, in the item and in the slot, and a change reached only one of the two. With edges a bit that is dropped once never comes again.",
	.round = lostbit_round,
	.ways = lostbit_ways,
	.n_ways = COUNT(lostbit_ways),
};

/* ---- twowaiters ---- */

struct waiter {
	const struct set *s;
	pid_t tid;
	int n;
	const struct pollfd *slot;
	pthread_t thread;
};

static void *wait_for_events(void *arg)
{
	struct waiter *w = arg;

	__atomic_store_n(&w->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	w->n = set_poll(w->s, -1, &w->slot);
	return NULL;
}

static bool has_tid(void *arg)
{
	struct waiter *w = arg;

	return __atomic_load_n(&w->tid, __ATOMIC_ACQUIRE);
}

static void waiter_start(struct waiter *w, const struct set *s)
{
	*w = (struct waiter){ .s = s };
	w->thread = start_thread(wait_for_events, w);
	until(has_tid, w, "a thread starts");
	until_asleep(w->tid, s->fd);
}

/* What a slot says now, whatever it said before. */
static struct pollfd look(const struct pollfd *slot)
{
	const volatile struct pollfd *now = slot;
	struct pollfd copy = {
		.fd = now->fd, .events = now->events, .revents = now->revents,
	};

	return copy;
}

static bool twowaiters_round(const struct way *way)
{
	const struct pollfd *slot;
	struct waiter one, two;
	struct pollfd seen;
	int p[3][2], i, n;
	struct set s;

	set_open(&s);
	for (i = 0; i < 3; i++) {
		open_pipe(p[i]);
		must(set_write(&s, p[i][0], POLLIN) == 8, "a pipe was not taken");
	}
	told("program", "watches three pipes, fd %d, %d and %d, for IN", p[0][0],
	     p[1][0], p[2][0]);
	waiter_start(&one, &s);
	told("thread 1", "calls EP_POLL, and sleeps");
	if (way->hurts) {
		waiter_start(&two, &s);
		told("thread 2", "calls EP_POLL on the same set, and sleeps too");
	} else {
		must(set_poll(&s, -1, &slot) < 0, "EP_POLL was not refused");
		told("thread 2", "calls EP_POLL on the same set: EBUSY at once, there can be one waiter");
	}

	put(p[0][1]);
	join_thread(one.thread);
	must(one.n == 1 && one.slot->fd == p[0][0], "EP_POLL returned %d", one.n);
	told("peer", "writes a byte into fd %d's pipe", p[0][0]);
	told("thread 1", "is woken, and its EP_POLL returns half %d with 1 slot; before it reads it, something else happens",
	     half_of(&s, one.slot));
	put(p[1][1]);
	told("peer", "writes a byte into fd %d's pipe: slot 0 of half %d", p[1][0],
	     !half_of(&s, one.slot));
	if (way->hurts) {
		join_thread(two.thread);
		must(two.n == 1 && two.slot->fd == p[1][0],
		     "EP_POLL returned %d", two.n);
		told("thread 2", "is woken, and its EP_POLL returns half %d with 1 slot: fd %d, %s",
		     half_of(&s, two.slot), two.slot->fd,
		     bits(two.slot->revents));
		told("kernel", "has switched, so half %d is the one to fill again, though thread 1 has not read it",
		     half_of(&s, one.slot));
	}
	put(p[2][1]);
	if (way->hurts)
		told("peer", "writes a byte into fd %d's pipe: slot 0 of half %d",
		     p[2][0], half_of(&s, one.slot));
	else
		told("peer", "writes a byte into fd %d's pipe: slot 1 of half %d",
		     p[2][0], !half_of(&s, one.slot));

	seen = look(one.slot);
	n = set_poll(&s, 0, &slot);
	if (seen.fd != p[0][0]) {
		told("thread 1", "reads its slot: fd %d, %s. The event of fd %d, for which it was woken, was overwritten, and nobody will ever hear of it",
		     seen.fd, bits(seen.revents), p[0][0]);
		must(n == 1 && slot->fd == seen.fd, "EP_POLL returned %d", n);
		told("program", "calls EP_POLL: fd %d, %s, once more", slot->fd,
		     bits(slot->revents));
	} else {
		told("thread 1", "reads its slot: fd %d, %s, the event for which it was woken",
		     seen.fd, bits(seen.revents));
		must(n == 2 && slot[0].fd == p[1][0] && slot[1].fd == p[2][0],
		     "EP_POLL returned %d", n);
		told("thread 1", "has done with its half, and calls EP_POLL: fd %d, %s, and fd %d, %s",
		     slot[0].fd, bits(slot[0].revents), slot[1].fd,
		     bits(slot[1].revents));
	}
	for (i = 0; i < 3; i++) {
		close(p[i][0]);
		close(p[i][1]);
	}
	set_close(&s);
	return seen.fd != p[0][0];
}

static const struct way twowaiters_ways[] = TWO_WAYS("dev_epoll", "twowaiters");

const struct exhibit exhibit_twowaiters = {
	.name = "twowaiters",
	.about = "2002: two threads wait on one set, and what one reads is overwritten",
	.when = "The /dev/epoll patch for 2.5.42 (October 2002), and 2.5.44 and 2.5.45 after it. Found by reading the old source today. A witness of the time: the changelog of total-epoll, the design that came next (November 2002), names several waiting threads as a reason for copying the events to each caller.",
	.harm = "overwritten",
	.moral = "Two halves are enough for one reader and the kernel. The refusal guards the call, not the reading: threads that take turns must have done with the half before the next one calls EP_POLL.",
	.round = twowaiters_round,
	.ways = twowaiters_ways,
	.n_ways = COUNT(twowaiters_ways),
};
