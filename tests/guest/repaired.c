// SPDX-License-Identifier: GPL-2.0-only
/*
 * repaired.c - suite repaired: the bugs of 2002 that were repaired on purpose
 *
 * A test is named after the number of the bug in the list of NOTES.md and
 * fails on the old behaviour.  Where the module can have that back (faithful=)
 * or a test build can, "./lab check" proves it; tests/plants.txt says which.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mman.h>

#include "guest.h"

/* A pipe whose reading end has the number @fd. */
static int pipe_at(int fd)
{
	int p[2];

	guest_pipe(p);
	if (p[0] != fd) {
		GUEST_RETURNS(dup2(p[0], fd), fd);
		close(p[0]);
	}
	return p[1];
}

GUEST_TEST(repaired, 01_number_used_again, 20,
	   "a new file on the number of a closed one is a new registration and fires (2002 only changed the mask of the dead one)")
{
	struct evset s;
	int p[2], i, w;

	evset_pipe(&s, p, POLLIN);
	close(p[0]);
	close(p[1]);
	for (i = 0; i < 5; i++) {
		w = pipe_at(p[0]);
		evset_add(&s, p[0], POLLIN);
		guest_put(w);
		evset_expect(&s, p[0], POLLIN);
		close(p[0]);
		close(w);
	}
}

GUEST_TEST(repaired, 01_number_of_another_file, 20,
	   "a record for a number that now names another file moves the registration to that file, the old one is let go")
{
	struct evset s;
	int p[2], q[2], old;

	evset_open(&s, 8);
	guest_pipe(p);
	guest_pipe(q);
	evset_add(&s, p[0], POLLIN);
	old = dup(p[0]);			/* the old file stays alive */
	GUEST_RETURNS(dup2(q[0], p[0]), p[0]);
	evset_add(&s, p[0], POLLIN);
	GUEST_RETURNS(evset_info(&s, "items"), 1);
	guest_put(p[1]);
	evset_none(&s);
	guest_put(q[1]);
	evset_expect(&s, p[0], POLLIN);
	/* The old file's end is none of our business any more. */
	close(old);
	GUEST_RETURNS(evset_ispolled(&s, p[0], NULL), 1);
	guest_put(q[1]);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(repaired, 01_moved_with_a_pending_slot, 20,
	   "an event of the old file does not survive the move of its number to another file")
{
	struct evset s;
	int p[2], q[2];

	evset_open(&s, 8);
	guest_pipe(p);
	guest_pipe(q);
	evset_add(&s, p[0], POLLIN);
	guest_put(p[1]);
	ck_assert_int_ge(dup(p[0]), 0);
	GUEST_RETURNS(dup2(q[0], p[0]), p[0]);
	evset_add(&s, p[0], POLLIN);
	evset_none(&s);
	guest_put(q[1]);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(repaired, 02_remove_after_close, 20,
	   "POLLREMOVE of a closed fd, or closing the set with one in it, touches no freed file")
{
	struct evset s;
	int p[2];

	for (int i = 0; i < guest_rounds(200); i++) {
		evset_pipe(&s, p, POLLIN);
		evset_add(&s, p[1], POLLOUT);
		close(p[0]);
		close(p[1]);
		evset_del(&s, p[0]);
		GUEST_RETURNS(evset_info(&s, "items"), 0);
		evset_close(&s);
	}
}

GUEST_TEST(repaired, 02_number_of_an_unrelated_file, 20,
	   "POLLREMOVE of a number that names an unrelated file now leaves that file's other watcher alone")
{
	struct evset s, other;
	int p[2], w;

	evset_open(&s, 8);
	evset_open(&other, 8);
	guest_pipe(p);
	evset_add(&s, p[0], POLLIN);
	close(p[0]);
	close(p[1]);
	w = pipe_at(p[0]);
	evset_add(&other, p[0], POLLIN);
	evset_del(&s, p[0]);
	guest_put(w);
	evset_expect(&other, p[0], POLLIN);
	evset_none(&s);
}

GUEST_TEST(repaired, 03_capacity_is_given_back, 60,
	   "closed files do not use up the set: thousands pass through one with room for 512")
{
	struct evset s;
	int p[2];

	evset_open(&s, 512);
	for (int i = 0; i < (guest_slow() ? 600 : 5000); i++) {
		guest_pipe(p);
		evset_add(&s, p[0], POLLIN);
		close(p[0]);
		close(p[1]);
	}
	GUEST_RETURNS(evset_info(&s, "items"), 0);
}

/* Both sets watch the file; the one that goes must not take the other along. */
static void two_sets(bool first_goes)
{
	struct evset s[2];
	int p[2], gone = !first_goes, stays = first_goes;

	evset_open(&s[0], 8);
	evset_open(&s[1], 8);
	guest_pipe(p);
	evset_add(&s[0], p[0], POLLIN);
	evset_add(&s[1], p[0], POLLIN);
	evset_del(&s[gone], p[0]);
	guest_put(p[1]);
	evset_expect(&s[stays], p[0], POLLIN);
	evset_none(&s[gone]);
	evset_close(&s[gone]);
	guest_put(p[1]);
	evset_expect(&s[stays], p[0], POLLIN);
}

GUEST_TEST(repaired, 04_two_sets_one_file, 20,
	   "of two sets on one file each removes its own callback (2002 matched the function only)")
{
	two_sets(true);
	two_sets(false);
}

GUEST_TEST(repaired, 04_two_numbers_one_file, 20,
	   "of two dup'd numbers in one set each removes its own callback")
{
	for (int gone = 0; gone < 2; gone++) {
		struct evset s;
		int p[2], fd[2];

		evset_open(&s, 8);
		guest_pipe(p);
		fd[0] = p[0];
		fd[1] = dup(p[0]);
		evset_add(&s, fd[0], POLLIN);
		evset_add(&s, fd[1], POLLIN);
		guest_put(p[1]);
		GUEST_RETURNS(evset_wait(&s, GUEST_WAIT_MS, NULL), 2);
		evset_del(&s, fd[gone]);
		guest_put(p[1]);
		evset_expect(&s, fd[!gone], POLLIN);
	}
}

GUEST_TEST(repaired, 04_closing_one_of_two_sets, 20,
	   "closing one of two sets on a file leaves the other's callback")
{
	for (int gone = 0; gone < 2; gone++) {
		struct evset s[2];
		int p[2];

		evset_open(&s[0], 8);
		evset_open(&s[1], 8);
		guest_pipe(p);
		evset_add(&s[0], p[0], POLLIN);
		evset_add(&s[1], p[0], POLLIN);
		evset_close(&s[gone]);
		guest_put(p[1]);
		evset_expect(&s[!gone], p[0], POLLIN);
	}
}

GUEST_TEST(repaired, 05_accepted_means_attached, 60,
	   "a record that write() counted is attached and fires; one that could not be attached is ENOMEM and leaves nothing")
{
	int fd[200], i, n, ok = 0;
	const struct pollfd *ev;
	struct evset s;

	evset_open(&s, 512);
	for (i = 0; i < 200; i++) {
		fd[i] = guest_eventfd();
		n = evset_ctl(&s, fd[i], POLLIN);
		if (n == 8) {
			ok++;
		} else {
			ck_assert_int_eq(n, -ENOMEM);
			GUEST_RETURNS(evset_ispolled(&s, fd[i], NULL), 0);
			close(fd[i]);
			fd[i] = -1;
		}
	}
	GUEST_RETURNS(evset_info(&s, "items"), ok);
	for (i = 0; i < 200; i++)
		if (fd[i] >= 0)
			guest_put(fd[i]);
	n = evset_wait(&s, 0, &ev);
	ck_assert_msg(n == ok, "%d of 200 were accepted, %d fired", ok, n);
}

GUEST_TEST(repaired, 06_bit_after_a_mask_change, 20,
	   "a bit that is asked for while a slot is pending is not lost (2002 masked it with the slot's old events)")
{
	const struct pollfd *ev;
	struct evset s;
	int fd = guest_eventfd();

	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN);
	guest_put(fd);
	evset_add(&s, fd, POLLIN | POLLOUT);
	guest_drain(fd);
	GUEST_RETURNS(evset_wait(&s, 0, &ev), 1);
	ck_assert_int_eq(ev->fd, fd);
	ck_assert_int_eq(ev->revents, POLLIN | POLLOUT);
	ck_assert_int_eq(ev->events, POLLIN | POLLOUT);
}

GUEST_TEST(repaired, 06_bit_no_longer_asked_for, 20,
	   "a bit that is no longer asked for leaves the pending slot, the others stay")
{
	const struct pollfd *ev;
	struct evset s;
	int fd = guest_eventfd();

	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN | POLLOUT);
	guest_put(fd);
	guest_drain(fd);
	evset_add(&s, fd, POLLOUT);
	GUEST_RETURNS(evset_wait(&s, 0, &ev), 1);
	ck_assert_int_eq(ev->revents, POLLOUT);
	ck_assert_int_eq(ev->events, POLLOUT);
}

GUEST_TEST(repaired, 06_slot_emptied_by_a_mask_change, 20,
	   "a pending slot that a mask change leaves without a bit is removed; others keep theirs")
{
	struct evset s;
	int a = guest_eventfd(), b = guest_eventfd(), c = guest_eventfd();

	evset_open(&s, 8);
	evset_add(&s, a, POLLIN | POLLOUT);
	evset_add(&s, b, POLLIN);
	evset_add(&s, c, POLLIN);
	guest_put(a);
	guest_put(b);
	evset_add(&s, a, POLLOUT);
	GUEST_RETURNS(evset_info(&s, "events"), 1);
	evset_expect(&s, b, POLLIN);
	guest_drain(a);
	evset_expect(&s, a, POLLOUT);
	/* The last slot emptied: nobody may be told that there is something. */
	guest_put(c);
	evset_add(&s, c, POLLOUT);
	GUEST_RETURNS(guest_poll(s.fd, POLLIN), 0);
	evset_none(&s);
}

GUEST_TEST(repaired, 07_second_waiter, 20,
	   "a second thread in EP_POLL gets EBUSY at once and does not take the half that the first one reads")
{
	struct evpoller w;
	struct evset s;
	int p[2], i;

	evset_pipe(&s, p, POLLIN);
	evpoller_start(&w, &s, -1);
	for (i = 0; i < 3; i++) {
		GUEST_RETURNS(evset_wait(&s, 0, NULL), -EBUSY);
		GUEST_RETURNS(evset_wait(&s, -1, NULL), -EBUSY);
		GUEST_RETURNS(evset_wait(&s, 60000, NULL), -EBUSY);
	}
	guest_put(p[1]);
	GUEST_RETURNS(evpoller_join(&w), 1);
	ck_assert_int_eq(w.ev->fd, p[0]);
	/* Once it is out the next one may go in. */
	evset_none(&s);
}

GUEST_TEST(repaired, 07_second_process, 20,
	   "the second waiter may be another process with the same set: EBUSY too")
{
	struct evpoller w;
	struct evset s;
	int p[2];
	pid_t pid;

	evset_pipe(&s, p, POLLIN);
	evpoller_start(&w, &s, -1);
	pid = guest_fork();
	if (!pid)
		_exit(evset_wait(&s, -1, NULL) == -EBUSY ? 0 : 1);
	guest_reap(pid);
	guest_put(p[1]);
	GUEST_RETURNS(evpoller_join(&w), 1);
}

GUEST_TEST(repaired, 10_negative_fd, 20,
	   "a negative fd in a record is a removal of what is not there; nothing below the table is read")
{
	static const int bad[] = { -1, -2, -100, -4096, INT_MIN, INT_MIN + 1 };
	struct evset s;
	size_t i;

	evset_open(&s, 8);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		GUEST_RETURNS(evset_ctl(&s, bad[i], POLLIN), 8);
		GUEST_RETURNS(evset_ctl(&s, bad[i], POLLREMOVE), 8);
		GUEST_RETURNS(evset_ispolled(&s, bad[i], NULL), 0);
	}
	GUEST_RETURNS(evset_info(&s, "items"), 0);
}

GUEST_TEST(repaired, 11_end_opened_again, 20,
	   "an end of a pipe opened again through /proc is a file of its own: each fires, and closing one leaves the other")
{
	struct evset s;
	char path[64];
	int p[2], again;

	evset_open(&s, 8);
	guest_pipe(p);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
	again = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_msg(again >= 0, "%s: %s", path, strerror(errno));
	evset_add(&s, p[0], POLLIN);
	evset_add(&s, again, POLLIN);
	guest_put(p[1]);
	GUEST_RETURNS(evset_wait(&s, GUEST_WAIT_MS, NULL), 2);
	close(p[0]);
	GUEST_RETURNS(evset_info(&s, "items"), 1);
	guest_put(p[1]);
	evset_expect(&s, again, POLLIN);
}

GUEST_TEST(repaired, 14_mapping_counter, 20,
	   "two mappings and one munmap: still mapped, EP_FREE is EBUSY, the rest is readable (2002 freed the pages)")
{
	struct evset s;
	char *other;

	evset_open(&s, 8);
	other = mmap(NULL, s.size, PROT_READ, MAP_PRIVATE, s.fd, 0);
	ck_assert(other != MAP_FAILED);
	evset_unmap(&s);
	GUEST_FAILS(ioctl(s.fd, EP_FREE), EBUSY);
	for (size_t i = 0; i < s.size; i += 512)
		ck_assert_int_eq(other[i], 0);
	s.map = other;
	evset_none(&s);
	GUEST_RETURNS(munmap(other, s.size), 0);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
}

GUEST_TEST(repaired, 15_mask_changes_under_events, 60,
	   "a mask changes under the lock of the notifier: once write() has returned no slot shows a bit that the mask lacks")
{
	const struct pollfd *ev;
	struct guest_fire f;
	struct evset s;
	int fd = guest_eventfd(), i, n;

	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN);
	guest_fire_start(&f, fd);
	for (i = 0; i < guest_rounds(3000); i++) {
		int mask = i & 1 ? POLLIN : POLLOUT;

		evset_add(&s, fd, mask);
		n = evset_wait(&s, 0, &ev);
		if (n > 0)
			ck_assert_msg(!(ev->revents & ~mask),
				      "mask %#x, but revents %#x", mask,
				      ev->revents);
	}
	guest_fire_stop(&f);
}
