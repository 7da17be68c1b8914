// SPDX-License-Identifier: GPL-2.0-only
/*
 * wake.c - waking those who wait on a set, or poll its descriptor
 *
 * A follower has an eventfd of its own.  The leader sleeps in the device and is
 * woken through it: an eventfd in the set, the kick, is written to, which makes an
 * edge like any other.  It is made when it is first needed: a program with one
 * thread never has it.
 */
#define _GNU_SOURCE
#include <sys/eventfd.h>

#include "../raw.h"
#include "numbers.h"
#include "set.h"

static void add_one(int fd)
{
	const uint64_t one = 1;

	raw3(SYS_write, fd, &one, sizeof(one));
}

void set_kick(struct set *s)
{
	long fd;

	if (s->kicked)
		return;
	if (s->kick < 0) {
		fd = raw2(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (fd >= 0)
			fd = number_hide((int)fd);
		if (fd < 0)
			return;
		/* There is room: ctl.c keeps a place free for it. */
		if (queue_put(&s->q, (int)fd, POLLIN)) {
			number_unhide((int)fd);
			return;
		}
		s->kick = (int)fd;
	}
	s->kicked = true;
	add_one(s->kick);
}

/* Take it back: nothing is on the list after all. */
void set_unkick(struct set *s)
{
	if (!s->kicked)
		return;
	queue_remove(&s->q, s->kick);
	queue_put(&s->q, s->kick, POLLIN);
	s->kicked = false;
}

/* What those who poll the descriptor are to see. */
void set_show(struct set *s)
{
	if (!s->polled)
		return;
	if (s->nready)
		set_kick(s);
	else if (!s->lead)
		set_unkick(s);
}

/*
 * Before the lock is given back: is there something for others to do?  One at a
 * time: who was rung passes on.
 */
void set_pass_on(struct set *s)
{
	struct follower *f = s->followers;

	if (f && !s->rung && !s->growing && (s->nready || !s->lead)) {
		s->followers = f->next;
		f->rung = true;
		s->rung++;
		add_one(f->bell);
	} else if (s->nready && s->lead && !s->rung) {
		set_kick(s);
	}
	set_show(s);
}
