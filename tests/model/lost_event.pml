/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lost_event.pml - can an edge be lost between the look at a file and the next wait?
 *
 * One item, one consumer, two events, each by a producer of its own.  A producer
 * changes the file and posts the item.  The consumer takes the item off the list,
 * asks the file, tells, and does with the item what its store does; a program that
 * was told reads all there was.  In the end nothing may be in the file that was
 * not told: the assertion below.
 *
 * The consumer's plain stores go through a buffer, as on x86 (TSO): they become
 * visible later, in their order, and before any locked instruction of its own.
 * Producers need none, for their stores are followed by a locked instruction.
 *
 *	spin -DLLIST -run tests/model/lost_event.pml
 *
 * SINGLEPASS	May 2007: looks linked until it is told
 * WFCQUEUE	RFC v3 of 2013: READY until it is told
 * IDLE_FIRST	ours: idle, a barrier, then the look
 * LLIST	6.16-rc: marked off when all is told; what had nothing is asked again
 *  .. ASK_TOLD	what was told is asked again as well: only the narrow hole is left
 *  .. BARRIER	a full barrier between the mark and the second look
 * LLIST_V1	two marks, exchanges
 * LLIST_V2	two marks, release stores
 */
#define EVENTS 2

byte happened;		/* events that came to the file */
byte told;		/* how many of them the program knows of */
bool onlist;		/* the item is on the ready list */
bool taken_for_listed;	/* what a producer looks at: it would go away */
bool ready;		/* llist-v1, v2: something came */
byte done;		/* producers that are through */

/* The consumer's store buffer: which variable, and its value is always false. */
mtype = { LISTED, READY };
chan buffer = [4] of { mtype };

inline apply(which)
{
	if
	:: which == LISTED -> taken_for_listed = false
	:: which == READY -> ready = false
	fi
}

/* Of a locked instruction, or smp_mb(). */
inline flush()
{
	atomic {
		do
		:: nempty(buffer) -> buffer?out; apply(out)
		:: empty(buffer) -> break
		od
	}
}

/* cmpxchg, and the append by the one who succeeds. */
inline add()
{
	atomic {
		if
		:: !taken_for_listed -> taken_for_listed = true; onlist = true
		:: else
		fi
	}
}

active [EVENTS] proctype producer()
{
	happened++;
#if defined(LLIST_V1) || defined(LLIST_V2)
	ready = true;
#endif
	add();
	done++
}

/* The memory, which empties the buffer whenever it likes. */
active proctype memory()
{
	mtype which;

end:	do
	:: atomic { buffer?which -> apply(which) }
	od
}

active proctype consumer()
{
	byte seen;
	bool again;
	mtype out;

	do
	:: atomic { onlist -> onlist = false };
#if defined(LLIST) || defined(LLIST_V1) || defined(LLIST_V2)
		flush();
#endif
#if defined(IDLE_FIRST)
		buffer!LISTED;
		flush();
#elif defined(LLIST_V1)
		flush();
		ready = false;
#elif defined(LLIST_V2)
		buffer!READY;
#endif
		seen = happened;
#if defined(SINGLEPASS) || defined(WFCQUEUE)
		told = seen;
		buffer!LISTED;
#elif defined(IDLE_FIRST)
		told = seen;
#elif defined(LLIST)
		again = (seen == told);
#ifdef ASK_TOLD
		again = true;
#endif
		told = seen;
		buffer!LISTED;
		if
		:: again ->
#ifdef BARRIER
			flush();
#endif
			if
			:: happened != told -> flush(); add()
			:: else
			fi
		:: else
		fi;
#elif defined(LLIST_V1)
		told = seen;
		flush();
		taken_for_listed = false;
		if
		:: ready -> add()
		:: else
		fi;
#elif defined(LLIST_V2)
		told = seen;
		buffer!LISTED;
		/* A load sees the CPU's own store first. */
		atomic {
			again = (buffer??[READY] -> false : ready)
		};
		if
		:: again -> flush(); ready = true; add()
		:: else
		fi;
#endif
	:: done == EVENTS && !onlist && empty(buffer) -> break
	od;
	assert(told == happened)
}
