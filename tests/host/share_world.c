// SPDX-License-Identifier: GPL-2.0-only
/*
 * share_world.c - a shared double buffer, who fills it, and who takes
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "between.h"
#include "ep_share.h"
#include "host.h"
#include "share_world.h"

/* A little more than a page of slots; a few of the entries come and go. */
#define ENTRIES		520
#define LEAVERS		8
#define FD(i)		(1000 + (int)(i))

/* Each producer has two bits of its own. */
#define PRODUCERS	2
#define BITS		4
static const short bit[BITS] = { POLLIN, POLLOUT, POLLPRI, POLLHUP };
#define ALL		(POLLIN | POLLOUT | POLLPRI | POLLHUP)

/**
 * struct entry - one watched file
 * @slot: as in an item
 * @happened: events of each bit, counted by who makes them, before they are posted
 * @excused: up to here they need not be told: not asked for, or taken back
 * @owed: bits that went into a slot, less those that were taken back from it
 * @gone: odd while it is removed
 * @seen: @happened when it was told last
 * @got: bits that were told
 * @told_in: the take in which it was told last
 */
struct entry {
	struct ep_slot slot;
	unsigned long happened[BITS];
	unsigned long excused[BITS];
	unsigned long owed[BITS];
	unsigned long gone;
	unsigned long seen[BITS];
	unsigned long got[BITS];
	unsigned long told_in;
};

/**
 * struct world - all of it
 * @lock: the set's
 * @control: the control page
 * @half: what the consumer has, @n slots
 * @copy: the same as it was when it was taken
 * @awaited: the half was taken busy, and its count is not settled yet
 * @done: producers that are through
 */
static struct world {
	pthread_spinlock_t lock;
	struct ep_pages p;
	struct ep_control control;
	struct entry entry[ENTRIES];
	struct share_figures sum;
	unsigned int half;
	int n;
	struct pollfd copy[ENTRIES];
	unsigned long gone[LEAVERS];
	bool awaited;
	int done;
	char report[200];
	struct rnd by_the_way;
} w;

#define complain(...) do {						\
	if (!w.report[0])						\
		snprintf(w.report, sizeof(w.report), __VA_ARGS__);	\
} while (0)

static void begin(uint64_t seed)
{
	struct ep_pages bigger;
	u32 i;

	shim_reset();
	memset(&w, 0, sizeof(w));
	w.half = 2;
	rnd_init(&w.by_the_way, seed + 77);
	pthread_spin_init(&w.lock, PTHREAD_PROCESS_PRIVATE);
	ep_pages_init(&w.p);
	if (ep_pages_grow_begin(&w.p, 2, &bigger))
		complain("no memory");
	ep_pages_grow_commit(&w.p, &bigger);
	ep_pages_grow_end(&bigger);
	for (i = 0; i < ENTRIES; i++)
		ep_slot_init(&w.entry[i].slot, FD(i), ALL);
	ep_share_leave(&w.p, &w.control);
}

static const struct pollfd *slot_at(unsigned int half, int k)
{
	return &w.p.half[half][k / POLLFD_X_PAGE][k % POLLFD_X_PAGE];
}

/*
 * Producers.  Under the lock but for the first line of post().
 */

static void excuse(struct entry *e, short bits)
{
	int b;

	for (b = 0; b < BITS; b++)
		if (bits & bit[b])
			e->excused[b] = __atomic_load_n(&e->happened[b],
							__ATOMIC_RELAXED);
}

static void post(struct entry *e, int b)
{
	unsigned long version;
	short before;

	__atomic_store_n(&e->happened[b], e->happened[b] + 1, __ATOMIC_RELAXED);
	pthread_spin_lock(&w.lock);
	w.sum.posts++;
	version = e->slot.version;
	before = e->slot.revents;
	if (!(e->slot.pfd.events & bit[b])) {
		excuse(e, bit[b]);
	} else if (ep_share_post(&w.p, &w.control, &e->slot, bit[b])) {
		/* The same slot: it has had the others before. */
		if (e->slot.version == version && before & bit[b])
			complain("news that is none");
		w.sum.merged += e->slot.version == version;
		e->owed[b]++;
	}
	pthread_spin_unlock(&w.lock);
}

/*
 * What an entry had in the kernel's half, and has no longer: that need not be told.
 * A slot that was taken already has neither its version nor its bits changed.
 */
static void taken_back(struct entry *e, u64 version, short before)
{
	short bits = version && !e->slot.version ? before :
		     (short)(before & ~e->slot.revents);
	int b;

	excuse(e, bits);
	for (b = 0; b < BITS; b++)
		if (bits & bit[b]) {
			e->owed[b]--;
			w.sum.dropped++;
		}
}

static void change(struct entry *e, short events)
{
	u64 version;
	short before;

	pthread_spin_lock(&w.lock);
	version = e->slot.version;
	before = e->slot.revents;
	ep_share_change(&w.p, &w.control, &e->slot, events);
	taken_back(e, version, before);
	pthread_spin_unlock(&w.lock);
}

static void leave(struct entry *e)
{
	u64 version;

	pthread_spin_lock(&w.lock);
	if (!(e->gone & 1)) {
		version = e->slot.version;
		ep_share_drop(&w.p, &w.control, &e->slot);
		e->slot.pfd.events = 0;
		taken_back(e, version, e->slot.revents);
		__atomic_store_n(&e->gone, e->gone + 1, __ATOMIC_RELEASE);
	}
	pthread_spin_unlock(&w.lock);
}

static void come_back(struct entry *e)
{
	pthread_spin_lock(&w.lock);
	if (e->gone & 1) {
		__atomic_store_n(&e->gone, e->gone + 1, __ATOMIC_RELEASE);
		e->slot.pfd.events = ALL;
	}
	pthread_spin_unlock(&w.lock);
}

/* One thing that a producer does.  Few entries, so that events meet; now and then
 * all of them.
 */
static void produce(struct rnd *r, int me)
{
	u32 among = rnd_chance(r, 1, 8) ? ENTRIES : 24;
	struct entry *e = &w.entry[rnd_below(r, among)];
	u32 what = rnd_below(r, 64);

	if (what == 0)
		leave(&w.entry[rnd_below(r, LEAVERS)]);
	else if (what < 3)
		come_back(&w.entry[rnd_below(r, LEAVERS)]);
	else if (what < 5 && e >= w.entry + LEAVERS)
		change(e, rnd_chance(r, 1, 2) ? ALL : (short)(ALL & rnd(r)));
	else
		post(e, 2 * me + (int)rnd_below(r, 2));
}

/*
 * The consumer.
 */

static bool unchanged(void)
{
	int k;

	for (k = 0; k < w.n; k++)
		if (memcmp(slot_at(w.half, k), &w.copy[k], sizeof(*w.copy)))
			return false;
	return true;
}

static void told(int k, const struct pollfd *ev)
{
	struct entry *e;
	int b;

	if (ev->fd < FD(0) || ev->fd >= FD(ENTRIES) || !ev->revents ||
	    ev->revents & ~ALL) {
		complain("slot %d of %d: fd %d, revents %#x", k, w.n, ev->fd,
			 (unsigned int)(unsigned short)ev->revents);
		return;
	}
	e = &w.entry[ev->fd - FD(0)];
	if (e->told_in == w.sum.takes)
		complain("fd %d has two slots of %d", ev->fd, w.n);
	e->told_in = w.sum.takes;
	if (e < w.entry + LEAVERS && w.gone[e - w.entry] & 1 &&
	    __atomic_load_n(&e->gone, __ATOMIC_ACQUIRE) == w.gone[e - w.entry])
		complain("fd %d was removed, and is told after that", ev->fd);
	for (b = 0; b < BITS; b++) {
		if (!(ev->revents & bit[b]))
			continue;
		e->got[b]++;
		e->seen[b] = __atomic_load_n(&e->happened[b], __ATOMIC_RELAXED);
	}
}

static void taken(int n)
{
	int k;

	w.n = n;
	if (!n)
		return;
	w.sum.takes++;
	for (k = 0; k < n; k++) {
		w.copy[k] = *slot_at(w.half, k);
		told(k, &w.copy[k]);
	}
}

/* One take; true if there was something.  Before it the half must be as it was. */
static bool take(bool wait)
{
	unsigned int half = 2;
	int i, n;

	if (w.awaited) {
		n = ep_settled(&w.control, w.half);
	} else {
		for (i = 0; i < LEAVERS; i++)
			w.gone[i] = __atomic_load_n(&w.entry[i].gone,
						    __ATOMIC_ACQUIRE);
		if (!unchanged())
			complain("a slot changed in the reader's hands");
		n = ep_take_once(&w.control, &half);
		/* With nothing in it nothing was taken back, but the last count was. */
		if (half == 2)
			return false;
		w.half = half;
		w.n = 0;
		w.sum.busy += n == EP_TAKE_BUSY;
	}
	while (wait && n == EP_TAKE_BUSY)
		n = ep_settled(&w.control, w.half);
	w.awaited = n == EP_TAKE_BUSY;
	if (!w.awaited)
		taken(n);
	return !w.awaited && n;
}

/* EP_POLL, in its part under the lock. */
static void switch_halves(void)
{
	unsigned long offset;
	u32 n;

	if (w.awaited)
		return;
	pthread_spin_lock(&w.lock);
	n = ep_share_switch(&w.p, &w.control, &offset);
	pthread_spin_unlock(&w.lock);
	if (!n)
		return;
	w.half = offset != 0;
	w.sum.switched++;
	/* Removals between its unlock and here are none of its business. */
	memset(w.gone, 0, sizeof(w.gone));
	taken((int)n);
}

static const char *end(struct share_figures *sum)
{
	u32 i;
	int b;

	if (w.awaited)
		take(true);
	while (take(true))
		;
	for (i = 0; i < ENTRIES; i++)
		for (b = 0; b < BITS; b++) {
			struct entry *e = &w.entry[i];

			if (e->got[b] != e->owed[b])
				complain("fd %d, bit %#x: %lu slots had it, told %lu times",
					 FD(i), (unsigned int)bit[b],
					 e->owed[b], e->got[b]);
			if (e->seen[b] < e->happened[b] &&
			    e->excused[b] < e->happened[b])
				complain("fd %d, bit %#x: lost: event %lu, told %lu",
					 FD(i), (unsigned int)bit[b],
					 e->happened[b], e->seen[b]);
		}
	ep_pages_free(&w.p);
	if (shim_alloc.pages || shim_alloc.arrays)
		complain("memory is left");
	sum->posts += w.sum.posts;
	sum->takes += w.sum.takes;
	sum->busy += w.sum.busy;
	sum->switched += w.sum.switched;
	sum->merged += w.sum.merged;
	sum->dropped += w.sum.dropped;
	return w.report[0] ? w.report : NULL;
}

static void take_now_and_then(void)
{
	/* Half of the time seldom, so that events have something to merge with. */
	if (rnd_chance(&w.by_the_way, 1, w.sum.posts & 4096 ? 6 : 100))
		take(false);
}

const char *share_steps(uint64_t seed, unsigned long posts,
			struct share_figures *sum)
{
	struct rnd r;

	begin(seed);
	rnd_init(&r, seed);
	shim_between = take_now_and_then;
	while (w.sum.posts < posts && !w.report[0]) {
		produce(&r, (int)rnd_below(&r, PRODUCERS));
		if (rnd_chance(&r, 1, 40)) {
			shim_between = NULL;
			take(false);
			if (rnd_chance(&r, 1, 4))
				switch_halves();
			shim_between = take_now_and_then;
		}
	}
	shim_between = NULL;
	return end(sum);
}

/* In threads: time passes, so that they meet. */
static __thread struct rnd dawdle;

static void pass_time(void)
{
	volatile u32 n;

	if (!rnd_chance(&dawdle, 1, 256))
		return;
	if (rnd_chance(&dawdle, 1, 64))
		sched_yield();
	for (n = rnd_below(&dawdle, 400); n; n--)
		;
}

struct producer {
	pthread_t thread;
	uint64_t seed;
	unsigned long posts;
	int me;
};

static void *producer(void *arg)
{
	struct producer *me = arg;
	struct rnd r;

	rnd_init(&r, me->seed);
	rnd_init(&dawdle, me->seed + 1000);
	shim_between = pass_time;
	for (unsigned long n = 0; n < me->posts; n++) {
		produce(&r, me->me);
		/* Where there are fewer CPUs than threads. */
		if (n % 512 == 0)
			sched_yield();
	}
	__atomic_fetch_add(&w.done, 1, __ATOMIC_RELEASE);
	return NULL;
}

const char *share_threads(uint64_t seed, unsigned long posts,
			  struct share_figures *sum)
{
	struct producer p[PRODUCERS];
	struct rnd r;
	int i;

	begin(seed);
	rnd_init(&r, seed);
	for (i = 0; i < PRODUCERS; i++) {
		p[i] = (struct producer){
			.seed = seed + 100 + (uint64_t)i,
			/* Five of 64 times it does something else. */
			.posts = (posts + posts / 11) / PRODUCERS + 1,
			.me = i,
		};
		if (pthread_create(&p[i].thread, NULL, producer, &p[i]))
			complain("no thread");
	}
	while (__atomic_load_n(&w.done, __ATOMIC_ACQUIRE) < PRODUCERS) {
		if (!take(true) && rnd_chance(&r, 1, 16))
			sched_yield();
		if (rnd_chance(&r, 1, 256))
			switch_halves();
	}
	for (i = 0; i < PRODUCERS; i++)
		pthread_join(p[i].thread, NULL);
	return end(sum);
}

/*
 * A hostile program.  Nothing is asked of what it gets; what the kernel knows must
 * hold, and an honest take must work again afterwards.
 */
static void scribble(void)
{
	struct rnd *r = &w.by_the_way;

	switch (rnd_below(r, 6)) {
	case 0:
		w.control.word = rnd(r);
		break;
	case 1:
		w.control.word ^= 1U << rnd_below(r, 32);
		break;
	case 2:
		w.control.word = ~w.control.word & EP_WORD_HALF;
		break;
	case 3:
		w.control.settled[rnd_below(r, 2)] = rnd(r);
		break;
	default:
		break;
	}
}

static void check_kernel(void)
{
	u32 k;

	if (w.p.count > ENTRIES || w.p.filling > 1)
		complain("count %u, half %u", w.p.count, w.p.filling);
	for (k = 0; k < w.p.count; k++) {
		struct ep_slot *s = w.p.owner[k];
		const struct pollfd *at = slot_at(w.p.filling, (int)k);

		if (s->index != k || s->version != w.p.version ||
		    s->where != at || at->fd != s->pfd.fd ||
		    at->revents != s->revents || !s->revents)
			complain("slot %u of %u is not its owner's", k, w.p.count);
	}
}

const char *share_spoilt(uint64_t seed, unsigned long posts)
{
	struct share_figures none = { 0 };
	struct rnd r;
	u32 i;

	begin(seed);
	rnd_init(&r, seed);
	shim_between = scribble;
	while (w.sum.posts < posts && !w.report[0]) {
		produce(&r, (int)rnd_below(&r, PRODUCERS));
		if (rnd_chance(&r, 1, 40))
			ep_share_switch(&w.p, &w.control, &(unsigned long){ 0 });
		check_kernel();
	}
	shim_between = NULL;
	/* From here on it is honest; what is pending is not of interest. */
	ep_share_count(&w.p, &w.control);
	ep_share_switch(&w.p, &w.control, &(unsigned long){ 0 });
	for (i = 0; i < ENTRIES; i++) {
		struct entry *e = &w.entry[i];

		ep_slot_init(&e->slot, FD(i), ALL);
		memset(e->happened, 0, sizeof(e->happened));
		memset(e->owed, 0, sizeof(e->owed));
		memset(e->excused, 0, sizeof(e->excused));
		e->gone = 0;
	}
	for (i = 0; i < 1000 && !w.report[0]; i++) {
		produce(&r, 0);
		take(false);
	}
	return end(&none);
}
