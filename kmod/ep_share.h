/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ep_share.h - the double buffer with a switch of the program's own
 *
 * EP_SHARE gives a set a control page, which the program maps and writes.  In it is
 * one word: the half that is being filled, how many slots of it are counted, and
 * whether one of these is being changed (busy).  The program takes the half by one
 * exchange that leaves { the other half, nothing, not busy }; no system call.  All
 * else that it may write there is its own misfortune.
 *
 * What the kernel believes.  The lock of the set, @filling and @count of ep_pages
 * are the truth; the word is a copy that the kernel leaves behind (left()).  Of the
 * word it asks one thing: is it still what I left?  If not, the half was taken, and
 * since a program takes nothing where nothing is counted, it can have been taken
 * once.  A word that is neither what was left nor what a take of it leaves is
 * overwritten at once.  So there is no loop here: what a program writes can cost
 * one more append under the lock, no more.
 *
 * Invariants, for a program that keeps to ep_take()
 *
 *  1. The word is what the kernel left, or that taken.
 *  2. Counted slots change only while the word is busy.
 *  3. A slot is written at or behind the count; it lies behind all that a take
 *     can have been told.  (An append that comes too late for its half has written
 *     such a slot there in vain, and is done again in the other.)
 *  4. settled[h] is cleared before h is busy, which it is only while being filled.
 *     So who took h while busy has what he reads there until he takes again.
 *  5. The word is busy only under the lock: who has had the lock after he took a
 *     busy half finds it settled.
 *
 * Order, for any machine.  The program's exchange is a full barrier, by a fence.
 *
 *  - An append stores the slot before the compare-exchange that counts it, which is
 *    a full barrier; the exchange reads it.
 *  - The program's last look at a half comes before the exchange that gives it back;
 *    a store of the kernel into it comes after it has loaded what that left
 *    (acquire).
 *  - An event that is in a pending slot already adds nothing.  But if the half was
 *    just taken, the program may have looked at the file before what this event is
 *    about.  So: a full barrier between that and the look at the word (of lock()'s,
 *    smp_mb__after_spinlock()), as there is one in the program between the exchange
 *    and its read of the file.  One of the two sees the other.
 *  - settled[h] is cleared before the word is busy (full barrier), and stored after
 *    the change (release); the program loads it with acquire.
 *
 * Locks: ep->lock around all of it, and none inside.  Nobody waits in here; the
 * program that waits for a settled count looks a hundred times and then takes the
 * lock, by EP_ISPOLLED, which can sleep where spin locks do.
 *
 * tests/model/share.pml is this in every order that there is; the host test
 * test_ep_share.c runs these very functions against ep_take() in threads.
 *
 * Where a function takes a control page, NULL is fine and means: not shared.
 */
#ifndef KMOD_EP_SHARE_H
#define KMOD_EP_SHARE_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/spinlock.h>

#include "ep_pages.h"

/** ep_share_left() - the word as the kernel left it. */
static __always_inline u32 ep_share_left(const struct ep_pages *p)
{
	return p->filling << 31 | p->count;
}

/** ep_share_leave() - whatever was in the word. */
static inline void ep_share_leave(const struct ep_pages *p,
				  struct ep_control *c)
{
	/* After the slots that it counts. */
	smp_store_release(&c->word, ep_share_left(p));
}

/** ep_share_mend() - the same for a word that was spoilt; out of the way. */
void ep_share_mend(const struct ep_pages *p, struct ep_control *c);

/**
 * ep_share_taken() - the filled half is the program's now
 * @p: the buffer
 * @c: its control page
 * @word: what was found there instead of ep_share_left()
 */
static __always_inline void ep_share_taken(struct ep_pages *p,
					   struct ep_control *c, u32 word)
{
	ep_pages_turn(p);
	if (unlikely(word != ep_share_left(p)))
		ep_share_mend(p, c);
}

/** ep_share_look() - has the program taken?  Afterwards @p knows. */
static __always_inline void ep_share_look(struct ep_pages *p,
					  struct ep_control *c)
{
	u32 word;

	/* After what the event is about: "Order", third. */
	smp_mb__after_spinlock();
	/* Before the stores into a half that was given back: "Order", second. */
	word = smp_load_acquire(&c->word);
	if (word != ep_share_left(p))
		ep_share_taken(p, c, word);
}

/** ep_share_post_rare() - what is rare in ep_share_post(), and for that alone. */
bool ep_share_post_rare(struct ep_pages *p, struct ep_control *c,
			struct ep_slot *s, int bits);

/**
 * ep_share_post() - ep_pages_post() for a shared buffer
 * @p: the buffer
 * @c: its control page, not NULL
 * @s: whose
 * @bits: which
 */
static __always_inline bool ep_share_post(struct ep_pages *p,
					  struct ep_control *c,
					  struct ep_slot *s, int bits)
{
	u32 word, left = ep_share_left(p);

	/* Barriers as in ep_share_look(). */
	smp_mb__after_spinlock();
	/* As there, but for a spoilt word. */
	word = smp_load_acquire(&c->word);
	if (word != left) {
		ep_pages_turn(p);
		left = ep_share_left(p);
		if (unlikely(word != left))
			return ep_share_post_rare(p, c, s, bits);
	}
	if (unlikely(ep_slot_taken(p, s)) || unlikely(!ep_pages_room(p)) ||
	    planted(PLANT_COUNTFIRST))
		return ep_share_post_rare(p, c, s, bits);
	ep_pages_append(p, s, bits);
	if (likely(try_cmpxchg(&c->word, &left, left + 1)))
		return true;
	/* Taken after the look, and with that the slot is none any more. */
	return ep_share_post_rare(p, c, s, bits);
}

/** ep_share_drop() - ep_pages_drop() */
void ep_share_drop(struct ep_pages *p, struct ep_control *c,
		   struct ep_slot *s);

/** ep_share_change() - ep_pages_change() */
void ep_share_change(struct ep_pages *p, struct ep_control *c,
		     struct ep_slot *s, short events);

/** ep_share_count() - the slots that nobody has taken yet. */
static inline u32 ep_share_count(struct ep_pages *p, struct ep_control *c)
{
	if (c)
		ep_share_look(p, c);
	return p->count;
}

/** ep_share_switch_word() - what is more in ep_share_switch(), and for that alone. */
u32 ep_share_switch_word(struct ep_pages *p, struct ep_control *c,
			 unsigned long *offset);

/**
 * ep_share_switch() - ep_pages_switch(), where there may be no event
 * @p: the buffer
 * @c: its control page
 * @offset: gets where the slots begin, if there are any
 *
 * Return: how many slots, or 0.
 */
static inline u32 ep_share_switch(struct ep_pages *p, struct ep_control *c,
				  unsigned long *offset)
{
	if (c)
		return ep_share_switch_word(p, c, offset);
	return p->count ? ep_pages_switch(p, offset) : 0;
}

#endif /* KMOD_EP_SHARE_H */
