// SPDX-License-Identifier: GPL-2.0-only
/*
 * wfcqueue_wake.pml - wake-ups that do not wait for a lock (kmod/eventpoll/wake.c)
 *
 * Producers post an event and wake a waiter, if they get the lock of the queue of
 * waiters at once.  Waiters look at the store, sleep, and take one event each.  Does
 * anybody ever sleep on while there is an event in the store?
 *
 * The machine is an x86: a store goes into a buffer of its CPU, and to memory some
 * time later, in order; a load sees the own buffer first; what has a LOCK prefix, and
 * a full barrier, waits until the buffer is empty.  Each process has its own CPU.
 *
 *	-DOLD_SLEEP	a waiter's barrier is before the unlock, not after it
 *	-DSTATE_AFTER	it says that it is asleep after the unlock: a producer that
 *			holds the lock meanwhile finds it awake, and nobody else
 *	-DOLD_LEAVE	a waiter that was taken off the queue by who woke it does not
 *			go through the lock
 *	-DNO_BARRIER	it does, but no barrier follows
 *
 * Each of these loses a wake-up.  A waiter may time out: it looks once more and goes
 * away, which is what makes the last one a loss.
 */
#define PRODUCERS	2
#define WAITERS		2
#define CPUS		(PRODUCERS + WAITERS)

/* What is in memory: the lock, who is on the queue, who is asleep. */
#define LOCK		0
#define QUEUED(w)	(1 + (w))
#define ASLEEP(w)	(1 + WAITERS + (w))
#define WORDS		(1 + 2 * WAITERS)

byte memory[WORDS];
chan buffer[CPUS] = [4] of { byte, byte };
/* The same from the side of its CPU: how often a word is in there, and its last value. */
byte buffered[CPUS * WORDS], newest[CPUS * WORDS];

/* Events in the ready store; changed by atomic instructions only. */
byte store;

#define LOAD(cpu, a)	(buffered[(cpu) * WORDS + (a)] -> \
			 newest[(cpu) * WORDS + (a)] : memory[a])

inline STORE(cpu, a, v)
{
	d_step {
		buffer[cpu]!a, v;
		buffered[(cpu) * WORDS + a]++;
		newest[(cpu) * WORDS + a] = v
	}
}

#define DRAINED(cpu)	empty(buffer[cpu])

inline BARRIER(cpu)
{
	DRAINED(cpu)
}

inline SPIN_LOCK(cpu)
{
	atomic { DRAINED(cpu) && !memory[LOCK] -> memory[LOCK] = 1 }
}

inline SPIN_UNLOCK(cpu)
{
	STORE(cpu, LOCK, 0)
}

/* A load, and an atomic instruction only if that looks good. */
inline TRYLOCK(cpu, got)
{
	if
	:: LOAD(cpu, LOCK) -> got = 0
	:: else ->
		atomic {
			DRAINED(cpu);
			got = !memory[LOCK];
			memory[LOCK] = 1
		}
	fi
}

active proctype bus()
{
	byte a, v, cpu;

end:	do
	:: atomic {
		if
		:: buffer[0]?a, v -> cpu = 0
		:: buffer[1]?a, v -> cpu = 1
		:: buffer[2]?a, v -> cpu = 2
		:: buffer[3]?a, v -> cpu = 3
		fi;
		memory[a] = v;
		buffered[cpu * WORDS + a]--;
		a = 0; v = 0; cpu = 0
	}
	od
}

/* try_to_wake_up(), by the holder of the lock; whoever sleeps leaves the queue. */
inline wake_one(cpu)
{
	w = 0;
	do
	:: w == WAITERS -> break
	:: w < WAITERS && !LOAD(cpu, QUEUED(w)) -> w++
	:: w < WAITERS && LOAD(cpu, QUEUED(w)) ->
		atomic {
			DRAINED(cpu);
			got = memory[ASLEEP(w)];
			memory[ASLEEP(w)] = 0
		}
		if
		:: got -> STORE(cpu, QUEUED(w), 0); break
		:: else -> w++
		fi
	od;
	w = 0
}

/* ep_wake_waiter() */
inline wake_waiter(cpu)
{
	BARRIER(cpu);
	if
	:: LOAD(cpu, QUEUED(0)) || LOAD(cpu, QUEUED(1)) ->
		TRYLOCK(cpu, got);
		if
		:: got -> wake_one(cpu); SPIN_UNLOCK(cpu)
		:: else
		fi
	:: else
	fi;
	got = 0
}

proctype producer(byte cpu)
{
	byte w;
	bit got;

	atomic { DRAINED(cpu) -> store++ }
	wake_waiter(cpu)
}

/* ep_wait(), for one event */
proctype waiter(byte me; byte cpu)
{
	byte w;
	bit got, over;

	do
	:: store ->
		/* ep_transfer(): the mutex, and what is left is for the next. */
		atomic { DRAINED(cpu) -> got = (store > 0); store = store - got }
		if
		:: got ->
			got = 0;
			if
			:: store -> wake_waiter(cpu)
			:: else
			fi;
			break
		:: else -> skip
		fi
	:: !store ->
		if
		:: over -> break
		:: else
		fi;

		/* ep_sleep() */
		SPIN_LOCK(cpu);
		STORE(cpu, QUEUED(me), 1);
#ifdef STATE_AFTER
		SPIN_UNLOCK(cpu);
		STORE(cpu, ASLEEP(me), 1);
		BARRIER(cpu);
#else
		STORE(cpu, ASLEEP(me), 1);
#ifdef OLD_SLEEP
		BARRIER(cpu);
		SPIN_UNLOCK(cpu);
#else
		SPIN_UNLOCK(cpu);
		BARRIER(cpu);
#endif
#endif
		if
		:: store
		:: !store ->
			if
			:: over = 1		/* a timeout, or a signal */
			:: true ->
end_asleep:			!LOAD(cpu, ASLEEP(me))
			fi
		fi;

		/* ep_sleep_end() */
		STORE(cpu, ASLEEP(me), 0);
#ifdef OLD_LEAVE
		if
		:: LOAD(cpu, QUEUED(me)) ->
			SPIN_LOCK(cpu);
			STORE(cpu, QUEUED(me), 0);
			SPIN_UNLOCK(cpu)
		:: else
		fi
#else
		SPIN_LOCK(cpu);
		STORE(cpu, QUEUED(me), 0);
		SPIN_UNLOCK(cpu);
#ifndef NO_BARRIER
		BARRIER(cpu)
#endif
#endif
	od
}

init
{
	atomic {
		run producer(0);
		run producer(1);
		run waiter(0, 2);
		run waiter(1, 3)
	}
	/* When nothing can go on any more. */
	timeout -> assert(!store || (!memory[ASLEEP(0)] && !memory[ASLEEP(1)]))
}
