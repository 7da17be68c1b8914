// SPDX-License-Identifier: GPL-2.0-only
/*
 * demo.c - the double buffer, step by step
 *
 * Each step does one thing, says what it did and what to look at, and shows
 * both halves.  It also knows which slots must be where afterwards, and says so
 * if the kernel did something else.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "reader.h"

#define ALL (POLLIN | POLLOUT | POLLERR | POLLHUP)

/**
 * struct stage - what the story is played with
 * @r: the instance
 * @a: a pipe: [0] is watched, [1] makes it readable; so for the next two
 * @b: a second one
 * @c: a third one
 * @d: a pair of sockets: [0] is watched
 */
struct stage {
	struct reader *r;
	int a[2], b[2], c[2], d[2];
};

static void put(int fd)
{
	if (write(fd, "x", 1) != 1)
		fail("write of a byte");
}

static void take(int fd)
{
	char buf[64];

	if (read(fd, buf, sizeof(buf)) < 0)
		fail("read");
}

static void do_nothing(struct stage *s)
{
	(void)s;
}

static void do_watch(struct stage *s)
{
	struct reader *r = s->r;

	if (!reader_watch(r, s->a[0], POLLIN | POLLHUP, "A") ||
	    !reader_watch(r, s->b[0], POLLIN | POLLHUP, "B") ||
	    !reader_watch(r, s->c[0], POLLIN | POLLHUP, "C") ||
	    !reader_watch(r, s->d[0], POLLIN | POLLHUP, "D"))
		fail("write of the records");
}

static void do_put_a(struct stage *s)
{
	put(s->a[1]);
}

static void do_put_b(struct stage *s)
{
	put(s->b[1]);
}

static void do_switch(struct stage *s)
{
	if (reader_switch(s->r, 0) < 0)
		fail("EP_POLL");
}

static void do_late(struct stage *s)
{
	put(s->c[1]);
	put(s->a[1]);
}

static void do_drain_and_switch(struct stage *s)
{
	take(s->a[0]);
	take(s->b[0]);
	do_switch(s);
}

static void do_three(struct stage *s)
{
	put(s->b[1]);
	put(s->c[1]);
	put(s->d[1]);
}

static void do_forget_b(struct stage *s)
{
	reader_forget(s->r, s->b[0]);
}

static void do_close_c(struct stage *s)
{
	close(s->c[0]);
	close(s->c[1]);
}

static void do_hang_up(struct stage *s)
{
	take(s->d[0]);
	do_switch(s);
	close(s->d[1]);
	do_switch(s);
}

/**
 * struct step - a scene
 * @run: what happens
 * @done: what was done, a sentence
 * @look: what to look at, a sentence
 * @filling: whose slots are in the kernel's half afterwards, in order
 * @reading: whose slots are in ours
 * @items: descriptors watched
 */
static const struct step {
	void (*run)(struct stage *s);
	const char *done;
	const char *look;
	const char *filling;
	const char *reading;
	long items;
} steps[] = {
	{ do_nothing,
	  "/dev/epoll was opened, given room for 512 descriptors, and mapped.",
	  "Two halves of 4 KiB; the kernel has half 0 and will fill that one first.",
	  "", "", 0 },
	{ do_watch,
	  "Three pipes A, B, C and a socket D were written to it: watch for IN and HUP.",
	  "Four items, but no slot: only what happens from now on is told.",
	  "", "", 4 },
	{ do_put_a,
	  "A byte was written into A. Nobody called the kernel to ask for events.",
	  "The kernel has put a slot into its half all the same, at the moment of the event.",
	  "A", "", 4 },
	{ do_put_a,
	  "A second byte was written into A.",
	  "Still one slot: events of one descriptor merge until the halves are switched.",
	  "A", "", 4 },
	{ do_put_b,
	  "A byte was written into B.",
	  "A second descriptor, so a second slot, right behind the first.",
	  "AB", "", 4 },
	{ do_switch,
	  "EP_POLL was called. It returned 2, and the offset of half 0.",
	  "The halves changed sides: half 0 is ours to read, the kernel goes on in half 1.",
	  "", "AB", 4 },
	{ do_late,
	  "While the program reads its half, a byte arrives in C and one more in A.",
	  "They land in the other half. Ours is as it was: that is what the second half is for.",
	  "CA", "AB", 4 },
	{ do_drain_and_switch,
	  "The program emptied A and B, and called EP_POLL again. It returned 2.",
	  "The halves changed sides again; nothing was copied, two numbers were swapped.",
	  "", "CA", 4 },
	{ do_switch,
	  "EP_POLL was called with a timeout of 0 and nothing new. It returned 0.",
	  "No switch: version and halves are as before, and our slots are still readable.",
	  "", "CA", 4 },
	{ do_three,
	  "A byte was written into B, one into C, one into D.",
	  "Three slots in the order of the events.",
	  "BCD", "CA", 4 },
	{ do_forget_b,
	  "B was removed with a POLLREMOVE, while its event was pending in slot 0.",
	  "The last slot, D's, moved into the hole; no event of B can come any more.",
	  "DC", "CA", 3 },
	{ do_close_c,
	  "C was closed, just so, without a word to /dev/epoll.",
	  "Its slot and its item are gone by themselves: 2002 forgot that, and it hurt.",
	  "D", "CA", 2 },
	{ do_hang_up,
	  "The byte of D was harvested by EP_POLL; then its other end was closed, and EP_POLL called.",
	  "A hang-up wakes without saying why, so the kernel asked the socket: IN and HUP.",
	  "", "D", 2 },
};

#define N_STEPS ((int)(sizeof(steps) / sizeof(steps[0])))

/* Whether a half has the slots of these descriptors, each named by a letter. */
static bool has(const struct reader *r, long half, const char *letters)
{
	long n = half < 0 ? 0 : reader_slots(r, half);

	if (n != (long)strlen(letters))
		return false;
	for (long i = 0; i < n; i++)
		if (*reader_called(r, reader_half(r, half)[i].fd) != letters[i])
			return false;
	return true;
}

static bool as_told(const struct reader *r, const struct step *step)
{
	return r->filling != r->reading && has(r, r->filling, step->filling) &&
	       has(r, r->reading, step->reading) && r->items == step->items;
}

static void pause_between(int delay_ms, bool wait_for_key)
{
	const struct timespec ts = {
		.tv_sec = delay_ms / 1000,
		.tv_nsec = delay_ms % 1000 * 1000000L,
	};
	int c;

	if (!wait_for_key) {
		nanosleep(&ts, NULL);
		return;
	}
	fputs("  -- Enter --", stdout);
	fflush(stdout);
	while ((c = getchar()) != '\n' && c != EOF)
		;
}

static int show(struct stage *s, int i, enum style style)
{
	const struct step *step = &steps[i];
	long before = s->r->switches;

	step->run(s);
	if (style == STYLE_JSON) {
		reader_look(s->r);
		if (s->r->switches > before)
			draw_json(s->r);
		return !as_told(s->r, step);
	}
	if (style == STYLE_LIVE)
		live_home();
	printf("Step %d of %d. %s\n  Look: %s\n\n", i + 1, N_STEPS, step->done,
	       step->look);
	draw(s->r);
	if (as_told(s->r, step)) {
		putchar('\n');
		return 0;
	}
	printf("  NOT AS TOLD: slots \"%s\" in the kernel's half, \"%s\" in ours and %ld items were expected\n\n",
	       step->filling, step->reading, step->items);
	return 1;
}

int demo(struct reader *r, enum style style, int delay_ms, bool wait_for_key)
{
	struct stage s = { .r = r };
	int wrong = 0;

	if (pipe(s.a) || pipe(s.b) || pipe(s.c) ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, s.d))
		fail("making the pipes and the sockets");
	for (int i = 0; i < N_STEPS; i++) {
		if (i)
			pause_between(delay_ms, wait_for_key);
		wrong += show(&s, i, style);
	}
	if (style != STYLE_JSON)
		puts("That is all: munmap, EP_FREE, close. Try --live, or --pipes 3 --sockets 2.");
	return wrong;
}
