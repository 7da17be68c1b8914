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
 * ep_slot_store() - an entry with these revents, to where a slot is
 *
 * For ep_pages and ep_share alone.  In one store, so that a program that peeks at
 * the filling half sees no half event.
 */
static __always_inline void ep_slot_store(struct pollfd *where,
					  const struct ep_slot *s, short revents)
{
	*(u64 *)where = s->word | (u64)(u16)revents << EP_REVENTS_SHIFT;
}

/** ep_slot_write() - the slot of an entry gets other revents; for ep_pages alone. */
static __always_inline void ep_slot_write(struct ep_slot *s, short revents)
{
	s->revents = revents;
	ep_slot_store(s->where, s, revents);
}

/** ep_pages_next_page() - find the page of slot @count, for ep_pages alone. */
bool ep_pages_next_page(struct ep_pages *p);

/**
 * ep_pages_room() - does @next tell where the next slot is?
 *
 * For ep_pages and ep_share alone.  A half begins here, for where one event comes at
 * a time each is the first; another page is found by ep_pages_next_page().  @filling is
 * masked for kernels that check each index (UBSAN_BOUNDS): who calls a report has to
 * keep registers for it, in every event.
 */
static __always_inline bool ep_pages_room(struct ep_pages *p)
{
	if (likely(p->count % POLLFD_X_PAGE))
		return true;
	if (p->count || !p->numpages)
		return false;
	p->next = p->half[p->filling & 1][0];
	return true;
}

/**
 * ep_pages_append() - the slot at @next is this entry's now, and says this
 *
 * For ep_pages and ep_share alone.  All is loaded before anything is stored, for the
 * compiler must take each store for one to what it would load next.
 */
static __always_inline void ep_pages_append(struct ep_pages *p,
					    struct ep_slot *s, short revents)
{
	struct pollfd *where = p->next;
	struct ep_slot **owner = p->owner;
	u64 version = p->version;
	u32 index = p->count;

	s->where = where;
	s->index = index;
	s->version = version;
	s->revents = revents;
	owner[index] = s;
	ep_slot_store(where, s, revents);
	p->next = where + 1;
	p->count = index + 1;
}

/** ep_pages_post_rare() - what is rare in ep_pages_post(), and for that alone. */
bool ep_pages_post_rare(struct ep_pages *p, struct ep_slot *s, int bits);

/**
 * ep_pages_post() - an event
 * @p: the buffer
 * @s: whose
 * @bits: which; not 0, and only bits that @s asked for
 *
 * The first event of a version takes a slot, those after it add their bits.
 * Inline because every event passes here; what is rare is not, for it would cost
 * registers.
 *
 * Return: true if a slot or a bit is new, false if all was there before (or
 * there is no room, which a caller with no more entries than slots never
 * sees).
 */
static __always_inline bool ep_pages_post(struct ep_pages *p,
					  struct ep_slot *s, int bits)
{
	if (unlikely(ep_slot_taken(p, s)) || unlikely(!ep_pages_room(p)))
		return ep_pages_post_rare(p, s, bits);
	ep_pages_append(p, s, bits);
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
