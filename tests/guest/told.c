// SPDX-License-Identifier: GPL-2.0-only
/*
 * told.c - what an instance tells of a descriptor
 */
#define _GNU_SOURCE
#include "told.h"

int told(const struct evset *s, int fd, int must, int may)
{
	int bits = evset_expect_bits(s, fd, must);

	ck_assert_msg((bits & ~(must | may)) == 0,
		      "fd %d: expected bits %#x, perhaps %#x, got %#x", fd,
		      must, may, bits);
	return bits;
}

int told_true(const struct evset *s, int fd, int must, int may)
{
	int bits = told(s, fd, must, may);
	int hard = bits & (POLLPRI | POLLHUP | POLLERR | POLLRDHUP);
	int state = guest_poll(fd, POLL_MOST);

	ck_assert_msg((hard & ~state) == 0,
		      "fd %d: told %#x, but poll(2) says %#x", fd, bits, state);
	return bits;
}

void told_nothing(const struct evset *s)
{
	const struct pollfd *ev;
	int p[2], n;

	guest_pipe(p);
	evset_add(s, p[0], POLLIN);
	guest_put(p[1]);
	n = evset_wait(s, GUEST_WAIT_MS, &ev);
	ck_assert_msg(n > 0, "the last event of all did not come: %d", n);
	if (ev->fd == p[0] && n > 1)
		ev++;
	ck_assert_msg(ev->fd == p[0],
		      "expected no event, got fd %d with revents %#x", ev->fd,
		      ev->revents);
	evset_del(s, p[0]);
	close(p[0]);
	close(p[1]);
}
