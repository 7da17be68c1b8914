// SPDX-License-Identifier: GPL-2.0-only
/*
 * collect.c - from the device to the ready list
 *
 * All with the set's lock held; nothing here sleeps.
 */
#define _GNU_SOURCE
#include "set.h"

void set_absorb(struct set *s, const struct pollfd *slots, int n)
{
	for (int i = 0; i < n; i++) {
		struct item *item = set_item(s, slots[i].fd);

		if (slots[i].fd == s->kick) {
			s->kicked = false;
		} else if (item && !item->spent) {
			item->bits |= (uint16_t)slots[i].revents;
			/* For a child, ask.c finds out. */
			s->arrivals += !item->child;
			set_list(s, item);
		}
	}
}

void set_collect(struct set *s)
{
	const struct pollfd *slots;

	/* What comes while somebody sleeps there wakes him, and he brings it. */
	if (s->in_device)
		return;
	s->fresh = false;
	set_absorb(s, slots, queue_poll(&s->q, 0, &slots));
}

/* An edge is the leader's to bring. */
void set_look_beside(struct set *s)
{
	set_call_out(s);
	set_list_levels(s);
}
