/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * share.pml - the switch of the program's own (kmod/ep_share.h)
 *
 * Two producers post bits of two items under the lock, a remover takes one item out,
 * a consumer takes halves by the word alone.  Each store that the other side can see
 * is a step.  Checked:
 *
 *	lost	what happened last was told after it happened
 *	twice	each bit that went into a slot was told once
 *	changed	slots stay as they are from one take to the next
 *	removed	no take that begins after a removal returned shows the item
 *
 * and, on the way, that a count fails at most once (ep_share_again() does not loop),
 * and that nobody waits for ever for a settled count.
 *
 * Each of these makes one of them fail:
 *
 *	-DMERGE_NOT_BUSY	bits are added without marking the word
 *	-DDROP_NOT_BUSY		a slot is taken away without marking it
 *	-DCOUNT_FIRST		a slot is counted before it is written
 *	-DOLD_BITS		a new slot begins with the bits of the one before
 *	-DSTALE_SLOT		a removal leaves the pending slot
 *	-DNO_SETTLE		who takes a busy half believes its count
 *	-DLATE_STORE		no barrier: the file changes after the look at the word
 *
 * Memory is sequential but for that one.  -DREMOVER: with the remover, and fewer
 * events.
 */
#define HALF	128
#define BUSY	64
#define COUNT	63
#define SETTLED	128

#define ITEMS	2
#define AT(h, k)	((h) * ITEMS + (k))
#define IB(i, b)	((i) * 2 + (b) - 1)	/* bits are 1 and 2 */

/* What both sides see. */
byte word, settled[2];
byte item[4], bits[4];			/* slots; item 0: never written, else i + 1 */
byte happened[4];			/* the files */

/* The kernel's, under the lock. */
bool lock;
byte filling, count, version = 1;
byte ver[ITEMS], idx[ITEMS], rev[ITEMS], owner[ITEMS];
bool dead[ITEMS];

/* The bookkeeping of the proof. */
byte owed[4], got[4], seen[4];
bool gone;				/* the removal of item 0 returned */
byte done;				/* processes that are through */
#ifdef REMOVER
#define WORKERS	3
#else
#define WORKERS	2
#endif

/* -DJUST=n: this property alone, so that it is the one that fails */
#define LOST	1
#define TWICE	2
#define CHANGED	3
#define REMOVED	4
#ifdef JUST
#define PROVE(what, truth)	assert(JUST != what || (truth))
#else
#define PROVE(what, truth)	assert(truth)
#endif

#define LEFT	((filling * HALF) | count)

inline turn()
{
	filling = 1 - filling;
	count = 0;
	version++
}

inline look()
{
	atomic {
		if
		:: word != LEFT -> turn(); assert(word == LEFT)
		:: else
		fi
	}
}

inline owe(i, b)
{
	if
	:: b & 1 -> owed[IB(i, 1)]++
	:: else
	fi;
	if
	:: b & 2 -> owed[IB(i, 2)]++
	:: else
	fi
}

inline write(i, b)
{
	d_step { item[AT(filling, idx[i])] = i + 1; bits[AT(filling, idx[i])] = b }
}

inline place(i, b)
{
	d_step {
		idx[i] = count; ver[i] = version; owner[count] = i;
#ifdef OLD_BITS
		rev[i] = rev[i] | b
#else
		rev[i] = b
#endif
	}
}

inline append(i, b)
{
	place(i, b);
#ifndef COUNT_FIRST
	write(i, rev[i]);
#endif
	atomic {
		if
		:: word == LEFT -> word++; count++; again = false
		:: else -> turn(); assert(word == LEFT); again = true
		fi
	};
	if
	:: again ->
		place(i, b);
		write(i, rev[i]);
		atomic { assert(word == LEFT); word++; count++ }
	:: else
	fi;
#ifdef COUNT_FIRST
	write(i, rev[i]);
#endif
	owe(i, b)
}

/* ok: the slot of the item is the kernel's, and stays so; was: the word meanwhile */
inline busy_begin(i)
{
	settled[filling] = 0;
	atomic {
		if
		:: word == LEFT -> word = word | BUSY; was = word; ok = true
		:: else -> turn(); assert(word == LEFT); ok = false
		fi
	}
}

inline not_busy()
{
	was = LEFT;
	ok = true
}

inline busy_end()
{
	atomic {
		if
		:: word == was -> word = LEFT; again = false
		:: else -> again = true
		fi
	};
	if
	:: again ->
		settled[filling] = count | SETTLED;
		d_step { turn(); assert(word == LEFT) }
	:: else
	fi;
	was = 0
}

inline acquire()
{
	atomic { !lock -> lock = true }
}

inline release()
{
	atomic { lock = false; ok = false; again = false }
}

inline post(i, b)
{
#ifndef LATE_STORE
	happened[IB(i, b)]++;
#endif
	acquire();
	if
	:: dead[i]
	:: else ->
		look();
		if
		:: ver[i] == version && (rev[i] & b)
		:: ver[i] == version && !(rev[i] & b) ->
#ifdef MERGE_NOT_BUSY
			not_busy();
#else
			busy_begin(i);
#endif
			if
			:: ok ->
				d_step { rev[i] = rev[i] | b; bits[AT(filling, idx[i])] = rev[i] };
				owe(i, b);
				busy_end()
			:: else -> append(i, b)
			fi
		:: ver[i] != version -> append(i, b)
		fi
	fi;
#ifdef LATE_STORE
	happened[IB(i, b)]++;
#endif
	release()
}

/* The last slot moves into the hole. */
inline drop(i)
{
	look();
	if
	:: ver[i] == version ->
#ifdef DROP_NOT_BUSY
		not_busy();
#else
		busy_begin(i);
#endif
		if
		:: ok ->
			d_step {
				count--;
				if
				:: rev[i] & 1 -> owed[IB(i, 1)]--
				:: else
				fi;
				if
				:: rev[i] & 2 -> owed[IB(i, 2)]--
				:: else
				fi
			};
			if
			:: owner[count] != i ->
				d_step {
					idx[owner[count]] = idx[i];
					owner[idx[i]] = owner[count]
				};
				write(owner[idx[i]], rev[owner[idx[i]]])
			:: else
			fi;
			ver[i] = 0;
			busy_end()
		:: else
		fi
	:: else
	fi
}

active proctype first()
{
	bool ok, again;
	byte was;

	post(0, 1);
	post(0, 2);
#ifndef REMOVER
	post(1, 1);
#endif
	done++
}

active proctype second()
{
	bool ok, again;
	byte was;

	post(1, 1);
	post(0, 1);
#ifndef REMOVER
	post(1, 2);
#endif
	done++
}

#ifdef REMOVER
active proctype remover()
{
	bool ok, again;
	byte was;

	acquire();
#ifndef STALE_SLOT
	drop(0);
#endif
	dead[0] = true;
	release();
	gone = true;
	done++
}
#endif

/* in what the consumer has */
inline unchanged()
{
	d_step {
		k = 0;
		do
		:: k < n ->
			PROVE(CHANGED, item[AT(half, k)] == saw_item[k] &&
				       bits[AT(half, k)] == saw_bits[k]);
			k++
		:: else -> break
		od
	}
}

active proctype consumer()
{
	byte w, half, n, k, saw_item[ITEMS], saw_bits[ITEMS];
	bool was_gone, last;

	do
	:: true ->
		/* ep_take_once(): a look, and the exchange */
		atomic {
			last = (done == WORKERS);
			was_gone = gone;
			w = word
		};
		if
		:: !(w & COUNT) && last -> break
		:: !(w & COUNT) && !last -> goto next
		:: else
		fi;
		unchanged();
		atomic { w = word; word = HALF - (word & HALF) };
		half = w / HALF;
		n = w & COUNT;
#ifndef NO_SETTLE
		if
		:: w & BUSY -> atomic { settled[half] & SETTLED -> n = settled[half] & COUNT }
		:: else
		fi;
#endif
		k = 0;
		do
		:: k < n ->
			/* the slot, and then the file */
			d_step { saw_item[k] = item[AT(half, k)]; saw_bits[k] = bits[AT(half, k)] };
			assert(saw_item[k] && saw_bits[k]);
			PROVE(REMOVED, !(was_gone && saw_item[k] == 1));
			d_step {
				if
				:: saw_bits[k] & 1 ->
					got[IB(saw_item[k] - 1, 1)]++;
					seen[IB(saw_item[k] - 1, 1)] = happened[IB(saw_item[k] - 1, 1)]
				:: else
				fi;
				if
				:: saw_bits[k] & 2 ->
					got[IB(saw_item[k] - 1, 2)]++;
					seen[IB(saw_item[k] - 1, 2)] = happened[IB(saw_item[k] - 1, 2)]
				:: else
				fi;
				k++
			}
		:: else -> break
		od;
next:		skip
	od;
	unchanged();
	k = 0;
	do
	:: k < 4 ->
		PROVE(TWICE, got[k] == owed[k]);
		PROVE(LOST, seen[k] == happened[k] || dead[k / 2]);
		k++
	:: else -> break
	od
}
