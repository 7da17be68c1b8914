/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * set.h - epoll made out of /dev/epoll, in user space
 *
 * The device of 2002 tells edges of descriptors and nothing else.  A set is an
 * instance of it and what epoll has besides: the data words, the masks, and a list of
 * items that may have something to tell.
 *
 *	device --collect--> ready list --ask with poll(2)--> the program's array
 *	epoll_ctl --ask---->      ^------ level-triggered: again ---'
 *
 * The rules, in the order in which they matter:
 *  - Nothing is lost: an item leaves the list only when poll(2) said, after it was
 *    taken from the list, that nothing holds; an edge that comes later has a slot of
 *    its own in the device.
 *  - Nothing is invented: whatever is told was asked for with poll(2) in the same
 *    wait.  (Two exceptions: an orphan cannot be asked, and with --edges an edge
 *    is not.)
 *  - One consumer: 2002 allows one thread in EP_POLL.  While the lock is held that
 *    is who holds it.  A thread that sleeps is the leader, and sleeps in EP_POLL
 *    only as long as nobody else has to know what the device holds (wait.c): the
 *    half that EP_POLL gave him stays as it is until he has the lock and has copied
 *    it to the list.  Who has to know it nevertheless asks every level-triggered
 *    item himself, and calls the leader out of EP_POLL for good (collect.c).
 *  - Others who wait are followers, rung by a futex; or, where a signal mask has to
 *    be in force meanwhile, they sleep beside the device as poll(2) of the program
 *    does: on the descriptor and on the kick.
 *  - Somebody is always at the device while anybody waits: whoever leaves passes
 *    the lead on, and rings somebody when the list is not empty.
 *  - No descriptor is made but with the instance, or in its place when a child takes
 *    it over: a program may have used up its numbers, or have lowered the limit to
 *    none, by the time that one is needed.
 *
 * Lifetimes.  A set lives while a number (a descriptor) names it or a call is inside
 * it.  Its memory is never given back, only used again, so that a number may be
 * looked up without a lock: take set->lock, look whether the number still means this
 * set.  An item belongs to its set and is guarded by its lock.  An orphan is an item
 * whose number was closed: while a dup keeps its file open, epoll goes on telling of it,
 * and so does the device; but poll(2) cannot ask it any more.
 *
 * Locks, outer first: sets_mtx, set->lock of a watching set, set->lock of a
 * set that it watches, the lock in ask.c.  The device forbids cycles, so this ends.
 * Nobody sleeps with a lock held but for the growth of a set (ctl.c).  set->lock
 * tells its owner when he comes again: a signal handler that interrupted a call on
 * the same set gets EDEADLK, as does one that would have to wait for its own thread.
 */
#ifndef PRELOAD_SET_H
#define PRELOAD_SET_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/queue.h>

#include "queue.h"

/*
 * The bits of a mask that are told; the others are flags, or mean something else to
 * the device (0x1000, POLLREMOVE) or to poll(2) (POLLNVAL).
 */
#define TOLD_BITS	(0xffffU & ~0x1000U & ~(uint32_t)POLLNVAL)

/**
 * struct item - a descriptor in a set
 * @link: on the set's ready list if @listed
 * @fd: the number it was added by
 * @closings: number_closings(@fd) at that time; another value now means that the
 *	number was closed since
 * @events: as the program gave them
 * @mask: what the device was asked for
 * @bits: what the device told since the item was last handed out
 * @listed: may have something to tell
 * @spent: one-shot, and told
 * @child: the set that @fd named at that time, or NULL
 * @life: of @child, which is another set with another value
 * @asked: @child's arrivals when it was asked
 * @told: the same when it was told; 0 is never
 * @told_in: the wait that handed it out last (set->waits)
 * @data: the program's word
 */
struct item {
	TAILQ_ENTRY(item) link;
	int fd;
	uint32_t closings;
	uint32_t events;
	uint16_t mask;
	uint16_t bits;
	bool listed;
	bool spent;
	struct set *child;
	unsigned int life;
	unsigned int told_in;
	uint64_t asked;
	uint64_t told;
	uint64_t data;
};

TAILQ_HEAD(item_list, item);

/**
 * struct follower - a waiting thread that is not at the device
 * @next: who came before
 * @rung: a futex: not 0 once it was rung, and the follower is off the set's list
 */
struct follower {
	struct follower *next;
	uint32_t rung;
};

/**
 * struct set - an emulated instance
 * @next: of all the sets there ever were
 * @lock: guards all but @next
 * @used: it is an instance
 * @q: the device; @q.fd is a number of ours, whatever the program closes
 * @life: counts the instances that it was
 * @numbers: descriptors of the program that name it
 * @inside: calls that sleep without the lock
 * @inherited: came by fork and was not used yet (fork.c)
 * @not_adopted: why it could not be used then, -errno
 * @watched: another set watches it: @kick has to show what epoll_ctl(2) lists, and
 *	what a leader has taken out of the device before the other set could look
 * @shared: somebody had to know what the device holds while a leader slept in it
 * @waits: counts the harvests
 * @arrivals: counts what came to the list, from 1; kicks are none
 * @fresh: the list has edge-triggered items that no event brought: look at the
 *	device first, lest the same edge is told twice
 * @lead: a thread is at the device
 * @in_device: it sleeps in EP_POLL, or has not brought yet what that gave it
 * @leader: which one, as &this_thread
 * @growing: threads that wait for @in_device to end
 * @device_left: signalled then
 * @followers: newest first
 * @rung: followers that were rung and have not come yet
 * @beside: threads that sleep on the descriptor and on @kick
 * @kick: an eventfd in the set.  To write to it wakes the leader, and the sets that
 *	watch; that it is readable wakes those @beside
 * @kicked: its slot is in the device
 * @shown: it is readable
 * @items: by number, @room of them
 * @nitems: how many there are
 * @ready: the list
 * @nready: its length
 */
struct set {
	struct set *next;
	pthread_mutex_t lock;
	bool used;
	struct queue q;
	unsigned int life;
	int numbers;
	int inside;
	bool inherited;
	int not_adopted;
	bool watched;
	bool shared;
	unsigned int waits;
	uint64_t arrivals;
	bool fresh;
	bool lead;
	bool in_device;
	const char *leader;
	int growing;
	pthread_cond_t device_left;
	struct follower *followers;
	int rung;
	int beside;
	int kick;
	bool kicked;
	bool shown;
	struct item **items;
	int room;
	int nitems;
	struct item_list ready;
	int nready;
};

/* --edges: do not ask after an edge (ctl.c sets it at the start). */
extern bool trust_edges;

/* Its address tells one thread from another. */
extern __thread char this_thread;

/* How many are asked and handed out at once. */
#define BATCH	256

/* set.c; results are -errno where nothing else is said. */

/** sets - all that there ever were, newest first; sets_mtx guards the list. */
extern struct set *sets;
extern pthread_mutex_t sets_mtx;

/**
 * set_new() - a set, and a descriptor that names it
 * @flags: as epoll_create1(2)'s
 *
 * Return: the descriptor, or -errno.
 */
int set_new(int flags);

/**
 * set_own_numbers() - our own number of the device, and the kick
 * @s: the set; @s->q.fd is the program's number, and ours afterwards, or -1
 */
int set_own_numbers(struct set *s);

/** set_close_device() - end the device, but for the program's numbers. */
void set_close_device(struct set *s);

/**
 * set_lock_as_is() - the set that a number names, locked, though it came by fork
 * @number: the program's
 * @err: 0 or -EDEADLK
 *
 * Who is going to use it calls set_lock() instead (fork.h).
 *
 * Return: the set, or NULL; with 0 in *@err there is none by that number.
 */
struct set *set_lock_as_is(int number, int *err);

/** set_unlock() - where it cannot have become useless meanwhile. */
void set_unlock(struct set *s);

/** set_leave() - unlock, and end the set if no number names it and nobody is inside. */
void set_leave(struct set *s);

/**
 * set_foreign() - what the program is told of a number that names no set
 * @number: the program's
 * @ret: what the kernel's epoll said of it
 *
 * Return: @ret, or -EBADF for a device that is being closed.
 */
int set_foreign(int number, int ret);

/**
 * set_drop_number() - a number ceases to name the set
 * @s: the set, locked before and after
 * @number: is about to be closed
 * @heir: the set that it names from now on, and that counts it already, or NULL
 *
 * Return: true if the set goes on, or can be left; false if it ended here.
 */
bool set_drop_number(struct set *s, int number, struct set *heir);

/** set_renew_locks() - as good as new; in a child, whatever the parent held. */
void set_renew_locks(struct set *s);

/** set_item() - the item of a number, or NULL; it may be an orphan. */
struct item *set_item(const struct set *s, int fd);

/** set_insert() - an item by its number, which has none.  Return: 0 or -ENOMEM. */
int set_insert(struct set *s, struct item *item);

/** set_remove() - off the list and freed; the device is told by the caller. */
void set_remove(struct set *s, struct item *item);

/** set_list() - it may have something to tell; at the end, unless it is listed. */
void set_list(struct set *s, struct item *item);

/** set_list_levels() - the same for all of which a level may hold. */
void set_list_levels(struct set *s);

/** set_unlist() - nothing to tell. */
void set_unlist(struct set *s, struct item *item);

/* ask.c; the set is locked. */

/** ask_start() - make what is asked beyond the limit on descriptors.
 *
 * Return: 0 when this process has it, or -errno: no number is left for it.
 */
int ask_start(void);

/** ask_forked() - it is the parent's from now on. */
void ask_forked(void);

/** item_bits() - what the program is told of. */
uint32_t item_bits(const struct item *item);

/** item_is_orphan() - its number was closed since; its file may be open by another. */
bool item_is_orphan(const struct item *item);

/** item_is_gone() - an orphan, and the device has forgotten it: so was its file. */
bool item_is_gone(struct set *s, const struct item *item);

/** item_holds() - does anything hold for it now? */
bool item_holds(struct set *s, struct item *item);

/**
 * ask_items() - what holds for some items now?
 * @s: the set
 * @items: its items
 * @n: how many, up to BATCH
 * @holds: an answer for each; 0 is nothing, POLLNVAL that the item has to go
 */
void ask_items(struct set *s, struct item **items, int n, short *holds);

/** set_is_ready() - for who watches this set, or polls it: does anything hold? */
bool set_is_ready(struct set *s);

/* collect.c; the set is locked. */

/** set_absorb() - take @n slots that the device told to the list. */
void set_absorb(struct set *s, const struct pollfd *slots, int n);

/** set_collect() - the same for what the device has now, unless a leader is in it. */
void set_collect(struct set *s);

/**
 * set_look_beside() - what may hold, though the device cannot be looked at
 * @s: the set; nothing is on the list, and a leader is in EP_POLL
 *
 * A level may hold that is in the device or in his hands: all of them are put on the
 * list, to be asked.  It is not often so, since the leader leaves.
 */
void set_look_beside(struct set *s);

/* harvest.c; the set is locked. */

/**
 * set_harvest() - tell the program what there is
 * @s: the set
 * @events: the program's array
 * @max: its room
 * @looked: the device was looked at just now, and need not be again
 * @sleepy: with nothing to tell, or nothing but what was told before, a sleep at the
 *	device follows, which brings what is new
 *
 * Return: events stored, 0, or -EFAULT.
 */
int set_harvest(struct set *s, struct epoll_event *events, int max, bool looked,
		bool sleepy);

/* wake.c; the set is locked. */

/** set_kick() - an edge of the set that no file made: wakes the leader, and those sets
 *  that watch.
 */
void set_kick(struct set *s);

/** set_call_out() - the leader is to leave EP_POLL and sleep beside it from now on. */
void set_call_out(struct set *s);

/** set_pass_on() - before the lock is given back: wake one who has something to do. */
void set_pass_on(struct set *s);

/** set_device_left() - the leader has brought what EP_POLL gave him. */
void set_device_left(struct set *s);

/**
 * set_beside() - a thread that found nothing is going to sleep beside the device
 * @s: the set
 * @device: is filled in: the descriptor to poll(2), or -1 while a leader is in EP_POLL
 * @kick: is filled in: the kick
 */
void set_beside(struct set *s, struct pollfd *device, struct pollfd *kick);

/** set_not_beside() - it is awake. */
void set_not_beside(struct set *s);

#endif /* PRELOAD_SET_H */
