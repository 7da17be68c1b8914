// SPDX-License-Identifier: GPL-2.0-only
/*
 * ep_share.c - the double buffer with a switch of the program's own
 *
 * What is not on the path of every event.  The protocol: ep_share.h.
 */
#include "ep_share.h"

void ep_share_mend(const struct ep_pages *p, struct ep_control *c)
{
	ep_share_leave(p, c);
}

/*
 * The next slot.  If the half is taken between a look and the count, once more in the
 * other.  An honest program does not touch what it has left before something is
 * counted, so a second failure is none of a take's.
 */
static bool append(struct ep_pages *p, struct ep_control *c, struct ep_slot *s,
		   int bits)
{
	u32 word;

	if (!ep_pages_room(p) && !ep_pages_next_page(p))
		return false;
	word = ep_share_left(p);
	if (planted(PLANT_COUNTFIRST)) {
		c->word = word + 1;
		planted_race(PLANT_COUNTFIRST);
		ep_pages_append(p, s, bits);
		return true;
	}
	ep_pages_append(p, s, bits);
	if (try_cmpxchg(&c->word, &word, word + 1))
		return true;
	ep_share_taken(p, c, word);
	if (!ep_pages_room(p))
		return false;
	word = ep_share_left(p);
	ep_pages_append(p, s, bits);
	if (!try_cmpxchg(&c->word, &word, word + 1))
		ep_share_leave(p, c);
	return true;
}

/*
 * An entry's slot is about to change.  Return: the word while that is so, or 0: it
 * has none that is the kernel's still.
 */
static u32 busy_begin(struct ep_pages *p, struct ep_control *c,
		      struct ep_slot *s)
{
	u32 word;

	if (!c)
		return 0;
	ep_share_look(p, c);
	if (!ep_slot_taken(p, s))
		return 0;
	word = ep_share_left(p);
	WRITE_ONCE(c->settled[p->filling], 0);
	if (try_cmpxchg(&c->word, &word, word | EP_WORD_BUSY))
		return word | EP_WORD_BUSY;
	ep_share_taken(p, c, word);
	return 0;
}

/* The fault that is planted in place of it: nobody who takes now is told to wait. */
static u32 unguarded(struct ep_pages *p, struct ep_control *c, enum plant which)
{
	if (!c)
		return 0;
	ep_share_look(p, c);
	return planted_race(which) ? ep_share_left(p) : 0;
}

/* It has changed, and with it perhaps the count. */
static void busy_end(struct ep_pages *p, struct ep_control *c, u32 busy)
{
	u32 word = busy;

	if (!busy || try_cmpxchg(&c->word, &word, ep_share_left(p)))
		return;
	/* After the change; ep_settled() has the acquire. */
	smp_store_release(&c->settled[p->filling], p->count | EP_SETTLED);
	ep_share_taken(p, c, word);
}

static bool merge(struct ep_pages *p, struct ep_control *c, struct ep_slot *s,
		  int bits)
{
	u32 busy;
	bool news;

	if (!(bits & ~s->revents))
		return false;
	busy = planted(PLANT_BAREMERGE) ?
	       unguarded(p, c, PLANT_BAREMERGE) : busy_begin(p, c, s);
	if (!busy)
		return append(p, c, s, bits);
	news = ep_pages_post(p, s, bits);
	busy_end(p, c, busy);
	return news;
}

bool ep_share_post_rare(struct ep_pages *p, struct ep_control *c,
			struct ep_slot *s, int bits)
{
	ep_share_look(p, c);
	return ep_slot_taken(p, s) ? merge(p, c, s, bits) : append(p, c, s, bits);
}

void ep_share_drop(struct ep_pages *p, struct ep_control *c,
		   struct ep_slot *s)
{
	u32 busy = planted(PLANT_BAREREMOVAL) ?
		   unguarded(p, c, PLANT_BAREREMOVAL) : busy_begin(p, c, s);

	ep_pages_drop(p, s);
	busy_end(p, c, busy);
}

void ep_share_change(struct ep_pages *p, struct ep_control *c,
		     struct ep_slot *s, short events)
{
	u32 busy = busy_begin(p, c, s);

	ep_pages_change(p, s, events);
	busy_end(p, c, busy);
}

u32 ep_share_switch_word(struct ep_pages *p, struct ep_control *c,
			 unsigned long *offset)
{
	u32 word;

	if (!ep_share_count(p, c))
		return 0;
	word = ep_share_left(p);
	if (!try_cmpxchg(&c->word, &word, ~word & EP_WORD_HALF)) {
		ep_share_taken(p, c, word);
		return 0;
	}
	return ep_pages_switch(p, offset);
}
