/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ep_pages.h - the double buffer: slots, versions, the switch
 *
 * Two halves of equal size, each a row of pages full of struct pollfd.  One
 * half is filled with the events that come, the other has been handed out to
 * be read; the switch swaps them.  An entry keeps the index of its slot
 * together with the version in which it got it: versions count the switches,
 * so one increment makes every index stale at once, and a switch costs the
 * same for one event as for a hundred thousand.
 *
 * Programs see the pages.  So nothing is ever read back from them: each entry
 * keeps the contents of its slot, and a table of our own tells whose slot is
 * whose.
 *
 * Invariants
 *
 *  - slots 0 .. count-1 of the filling half are taken, each by the entry
 *    owner[i], and owner[i]->index == i, owner[i]->version == version;
 *  - a taken slot holds what its entry holds, and its revents are not 0;
 *  - an entry whose version is not the current one has no slot;
 *  - the half that was handed out is not written to.
 *
 * No locks inside, and no services but memory: the caller guards a buffer
 * with one lock of his own, except where a function says otherwise.
 */
#ifndef KMOD_EP_PAGES_H
#define KMOD_EP_PAGES_H

#include <linux/compiler.h>
#include <linux/stddef.h>
#include <linux/types.h>

#include "devepoll.h"
#include "faithful.h"
#include "plant.h"

/* Where revents is in the eight bytes of a slot (x86 is little-endian). */
#define EP_REVENTS_SHIFT	(8 * offsetof(struct pollfd, revents))

/**
 * struct ep_slot - what an entry embeds
 * @pfd: descriptor and bits asked for, as in a slot; revents stays 0
 * @word: the same eight bytes
 * @where: the slot
 * @index: its number
 * @revents: what it holds
 * @version: in which version; any other than the current one means no slot
 */
struct ep_slot {
	union {
		struct pollfd pfd;
		u64 word;
	};
	struct pollfd *where;
	u32 index;
	short revents;
	u64 version;
};

/**
 * struct ep_pages - a double buffer
 * @next: where the next slot is, unless a page begins there
 * @owner: for each taken slot of the filling half, whose it is
 * @version: counts the switches, from 1
 * @count: taken slots in the filling half
 * @numpages: pages in one half
 * @filling: which half is filled, 0 or 1
 * @half: for each half, the addresses of its pages
 */
struct ep_pages {
	struct pollfd *next;
	struct ep_slot **owner;
	u64 version;
	u32 count;
	u32 numpages;
	u32 filling;
	struct pollfd **half[2];
};

/** ep_pages_init() - an empty buffer without pages. */
void ep_pages_init(struct ep_pages *p);

/** ep_pages_free() - give all memory back; not zero pages is fine.  Sleeps. */
void ep_pages_free(struct ep_pages *p);

/** ep_pages_capacity() - slots in one half. */
static inline u32 ep_pages_capacity(const struct ep_pages *p)
{
	return p->numpages * POLLFD_X_PAGE;
}

/** ep_pages_bytes() - what a buffer takes that has so many pages a half. */
static inline size_t ep_pages_bytes(u32 numpages)
{
	const struct ep_pages *p;

	return numpages * (2 * (EP_PAGE_SIZE + sizeof(*p->half[0])) +
			   POLLFD_X_PAGE * sizeof(*p->owner));
}

/**
 * ep_pages_grow_begin() - get the memory for more pages
 * @p: the buffer; its geometry must not change meanwhile
 * @numpages: pages a half, more than now
 * @bigger: gets the pages of @p and new, zeroed ones behind them
 *
 * Return: 0 or -ENOMEM.  May sleep; needs no lock.
 */
int ep_pages_grow_begin(const struct ep_pages *p, u32 numpages,
			struct ep_pages *bigger);

/**
 * ep_pages_grow_commit() - use it, under the caller's lock
 * @p: the buffer; keeps its events
 * @bigger: from ep_pages_grow_begin(); to be given to ep_pages_grow_end()
 * when the lock is released
 */
void ep_pages_grow_commit(struct ep_pages *p, struct ep_pages *bigger);

/** ep_pages_grow_end() - free what the growth has left over.  May sleep. */
void ep_pages_grow_end(struct ep_pages *bigger);

/**
 * ep_pages_take() - take all pages away, under the caller's lock
 * @p: the buffer; is left without pages and without events
 * @out: gets the memory, for ep_pages_free() when the lock is released
 */
void ep_pages_take(struct ep_pages *p, struct ep_pages *out);

/** ep_slot_init() - an entry without a slot. */
static inline void ep_slot_init(struct ep_slot *s, int fd, short events)
{
	s->pfd.fd = fd;
	s->pfd.events = events;
	s->pfd.revents = 0;
	s->where = NULL;
	s->index = 0;
	s->revents = 0;
	s->version = 0;
}

/** ep_slot_taken() - has it a slot in the current version? */
static inline bool ep_slot_taken(const struct ep_pages *p,
				 const struct ep_slot *s)
{
	return s->version == p->version;
}

/**
 * ep_slot_write() - store an entry's slot with other revents
 *
 * For ep_pages alone.  In one store, so that a program that peeks at the
 * filling half sees no half event.
 */
static __always_inline void ep_slot_write(struct ep_slot *s, short revents)
{
	s->revents = revents;
	*(u64 *)s->where = s->word | (u64)(u16)revents << EP_REVENTS_SHIFT;
}

/**
 * ep_pages_merge_2002() - an event of a pending slot with the defect of 2002
 *
 * For ep_pages alone (faithful.h).  The notifier masked an event with the
 * item's mask, and once more with the one in the slot, which is the mask at the
 * slot's first event.  That is read from the page: programs can read it too,
 * but not write to it.  Inline, since a call would cost a register on the path
 * of every event.
 */
static __always_inline bool ep_pages_merge_2002(struct ep_slot *s, short bits)
{
	bits &= s->where->events & ~s->revents;
	if (!bits)
		return false;
	s->revents |= bits;
	s->where->revents = s->revents;
	return true;
}

/** ep_pages_next_page() - find the page of slot @count, for ep_pages alone. */
bool ep_pages_next_page(struct ep_pages *p);

/**
 * ep_pages_append() - give an entry that has none the next slot
 *
 * For ep_pages and ep_share alone; what goes into it is still to be written.
 *
 * Return: false if there is no room.
 */
static __always_inline bool ep_pages_append(struct ep_pages *p,
					    struct ep_slot *s)
{
	if (unlikely(p->count % POLLFD_X_PAGE == 0) && !ep_pages_next_page(p))
		return false;
	s->where = p->next++;
	s->index = p->count++;
	s->version = p->version;
	p->owner[s->index] = s;
	return true;
}

/**
 * ep_pages_post() - an event
 * @p: the buffer
 * @s: whose
 * @bits: which; not 0, and only bits that @s asked for
 *
 * The first event of a version takes a slot, those after it add their bits.
 * Inline because every event passes here.
 *
 * Return: true if a slot or a bit is new, false if all was there before (or
 * there is no room, which a caller with no more entries than slots never
 * sees).
 */
static __always_inline bool ep_pages_post(struct ep_pages *p,
					  struct ep_slot *s, short bits)
{
	if (!ep_slot_taken(p, s) || planted(PLANT_TWICE)) {
		if (!ep_pages_append(p, s))
			return false;
	} else {
		if (faithful_to(FAITHFUL_LOSTBIT))
			return ep_pages_merge_2002(s, bits);
		if (!(bits & ~s->revents))
			return false;
		bits |= s->revents;
	}
	ep_slot_write(s, bits);
	return true;
}

/**
 * ep_pages_drop() - take back the slot of an entry, if it has one
 * @p: the buffer
 * @s: the entry; the last slot moves into its place
 */
void ep_pages_drop(struct ep_pages *p, struct ep_slot *s);

/**
 * ep_pages_change() - ask for other bits
 * @p: the buffer
 * @s: the entry; pending bits that are no longer asked for go, and with the
 * last one the slot
 * @events: the bits asked for from now on
 */
void ep_pages_change(struct ep_pages *p, struct ep_slot *s, short events);

/** ep_pages_turn() - fill the other half; every entry is without a slot. */
static __always_inline void ep_pages_turn(struct ep_pages *p)
{
	p->filling ^= 1;
	p->count = 0;
	p->version++;
}

/**
 * ep_pages_switch() - hand out the filled half and fill the other
 * @p: the buffer, with at least one event
 * @offset: gets where in the mapping the slots begin, in bytes
 *
 * Return: how many slots.
 */
u32 ep_pages_switch(struct ep_pages *p, unsigned long *offset);

#endif /* KMOD_EP_PAGES_H */
