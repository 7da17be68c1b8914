// SPDX-License-Identifier: GPL-2.0-only
/*
 * closer.pml - closers that do not wait for a mutex (kmod/eventpoll/removal.c)
 *
 * A closer puts its item on a list, and ends what is there if it gets the mutex of the
 * instance at once.  Whoever has the mutex looks at the list when he has let go of it.
 * Is an item ever left there, with nobody to come?
 *
 * The machine is that of wfcqueue_wake.pml: a store goes into a buffer of its CPU, and to
 * memory some time later; what is atomic, and a full barrier, waits until the buffer is
 * empty.  An unlock is a plain store here, which is less than x86 does.
 *
 *	-DNO_BARRIER	none between the unlock and the look
 *	-DLOOKS_FIRST	the look comes before the unlock
 *	-DONCE		whoever ended what was there does not look again
 *
 * Each of these leaves an item.
 */
#define CLOSERS		2
#define CALLS		2
#define CPUS		(CLOSERS + CALLS)

/* The mutex: in memory, and as an unlock that has not come there yet. */
bit locked;
bit unlocking[CPUS];

/* Items on ep->closed; changed by atomic instructions only. */
byte closed;

#define BARRIER(cpu)	!unlocking[cpu]

active proctype bus()
{
	byte cpu;

end:	do
	:: atomic {
		if
		:: unlocking[0] -> cpu = 0
		:: unlocking[1] -> cpu = 1
		:: unlocking[2] -> cpu = 2
		:: unlocking[3] -> cpu = 3
		fi;
		locked = 0;
		unlocking[cpu] = 0;
		cpu = 0
	}
	od
}

inline UNLOCK(cpu)
{
	unlocking[cpu] = 1;
#ifndef NO_BARRIER
	BARRIER(cpu)
#endif
}

/* ep_end_closed(): a load of the mutex, and an atomic instruction if that looks good */
inline end_closed(cpu)
{
	do
	:: closed ->
		if
		/* Its own unlock a CPU sees at once. */
		:: locked && !unlocking[cpu] -> break
		:: atomic { !locked && BARRIER(cpu) -> locked = 1 }
			closed = 0;
			UNLOCK(cpu);
#ifdef ONCE
			break
#endif
		fi
	:: !closed -> break
	od
}

/* ep_item_closed() */
proctype closer(byte cpu)
{
	closed++;
	end_closed(cpu)
}

/* Any call that takes the mutex, and ends with ep_unlock(). */
proctype call(byte cpu)
{
#ifdef LOOKS_FIRST
	bit some;
#endif

	atomic { !locked -> locked = 1 }
#ifdef LOOKS_FIRST
	some = (closed > 0);
	UNLOCK(cpu);
	if
	:: some -> end_closed(cpu)
	:: else
	fi
#else
	UNLOCK(cpu);
	end_closed(cpu)
#endif
}

init
{
	atomic {
		run closer(0);
		run closer(1);
		run call(2);
		run call(3)
	}
	/* When nothing can go on any more. */
	timeout -> assert(!closed)
}
