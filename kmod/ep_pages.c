// SPDX-License-Identifier: GPL-2.0-only
/*
 * ep_pages.c - the double buffer: slots, versions, the switch
 */
#include <linux/build_bug.h>
#include <linux/errno.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "ep_pages.h"

void ep_pages_init(struct ep_pages *p)
{
	BUILD_BUG_ON(sizeof(struct pollfd) != sizeof(u64));

	memset(p, 0, sizeof(*p));
	p->version = 1;
}

static void free_arrays(struct ep_pages *p)
{
	kvfree(p->half[0]);
	kvfree(p->half[1]);
	kvfree(p->owner);
}

static void free_pages_from(struct ep_pages *p, u32 first)
{
	u32 i;

	for (i = first; i < p->numpages; i++) {
		free_page((unsigned long)p->half[0][i]);
		free_page((unsigned long)p->half[1][i]);
	}
}

void ep_pages_free(struct ep_pages *p)
{
	free_pages_from(p, 0);
	free_arrays(p);
	ep_pages_init(p);
}

int ep_pages_grow_begin(const struct ep_pages *p, u32 numpages,
			struct ep_pages *bigger)
{
	u32 h, i;

	ep_pages_init(bigger);
	for (h = 0; h < 2; h++)
		bigger->half[h] = kvcalloc(numpages, sizeof(**bigger->half),
					   GFP_KERNEL_ACCOUNT);
	bigger->owner = kvcalloc((size_t)numpages * POLLFD_X_PAGE,
				 sizeof(*bigger->owner), GFP_KERNEL_ACCOUNT);
	if (!bigger->half[0] || !bigger->half[1] || !bigger->owner)
		goto nomem;

	bigger->numpages = numpages;
	for (i = p->numpages; i < numpages; i++)
		for (h = 0; h < 2; h++) {
			bigger->half[h][i] = (struct pollfd *)
				get_zeroed_page(GFP_KERNEL_ACCOUNT);
			if (!bigger->half[h][i])
				goto nomem;
		}
	for (h = 0; h < 2; h++)
		if (p->numpages)
			memcpy(bigger->half[h], p->half[h],
			       p->numpages * sizeof(**bigger->half));
	return 0;

nomem:
	free_pages_from(bigger, p->numpages);
	free_arrays(bigger);
	return -ENOMEM;
}

void ep_pages_grow_commit(struct ep_pages *p, struct ep_pages *bigger)
{
	if (p->count)
		memcpy(bigger->owner, p->owner, p->count * sizeof(*p->owner));
	swap(p->half[0], bigger->half[0]);
	swap(p->half[1], bigger->half[1]);
	swap(p->owner, bigger->owner);
	swap(p->numpages, bigger->numpages);
}

void ep_pages_grow_end(struct ep_pages *bigger)
{
	free_arrays(bigger);
}

void ep_pages_take(struct ep_pages *p, struct ep_pages *out)
{
	u64 version = p->version;

	*out = *p;
	ep_pages_init(p);
	/* Never a version that an entry may still remember. */
	p->version = version + 1;
}

bool ep_pages_next_page(struct ep_pages *p)
{
	if (p->count >= ep_pages_capacity(p))
		return false;
	p->next = p->half[p->filling][p->count / POLLFD_X_PAGE];
	return true;
}

/*
 * An event of a pending slot with the defect of 2002 (faithful.h).  The notifier
 * masked an event with the item's mask, and once more with the one in the slot,
 * which is the mask at the slot's first event.  That is read from the page: programs
 * can read it too, but not write to it.
 */
static bool merge_2002(struct ep_slot *s, int bits)
{
	bits &= s->where->events & ~s->revents;
	if (!bits)
		return false;
	s->revents |= bits;
	s->where->revents = s->revents;
	return true;
}

bool ep_pages_post_rare(struct ep_pages *p, struct ep_slot *s, int bits)
{
	if (ep_slot_taken(p, s) && !planted(PLANT_TWICE)) {
		if (faithful_to(FAITHFUL_LOSTBIT))
			return merge_2002(s, bits);
		if (!(bits & ~s->revents))
			return false;
		ep_slot_write(s, bits | s->revents);
		return true;
	}
	if (p->count % POLLFD_X_PAGE == 0 && !ep_pages_next_page(p))
		return false;
	ep_pages_append(p, s, bits);
	return true;
}

void ep_pages_drop(struct ep_pages *p, struct ep_slot *s)
{
	struct ep_slot *last;

	if (!ep_slot_taken(p, s) || planted(PLANT_STALESLOT) ||
	    planted(PLANT_TWICE))
		return;
	last = p->owner[--p->count];
	p->next = last->where;
	if (last != s) {
		last->where = s->where;
		last->index = s->index;
		p->owner[last->index] = last;
		ep_slot_write(last, last->revents);
	}
	s->version = 0;
}

void ep_pages_change(struct ep_pages *p, struct ep_slot *s, short events)
{
	s->pfd.events = events;
	if (!ep_slot_taken(p, s) || faithful_to(FAITHFUL_LOSTBIT))
		return;
	if (s->revents & events)
		ep_slot_write(s, s->revents & events);
	else
		ep_pages_drop(p, s);
}

u32 ep_pages_switch(struct ep_pages *p, unsigned long *offset)
{
	u32 n = p->count;

	*offset = (unsigned long)p->filling * p->numpages * EP_PAGE_SIZE;
	ep_pages_turn(p);
	if (planted(PLANT_HALFSHARED))
		p->filling ^= 1;
	return n;
}
