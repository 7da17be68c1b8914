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
 *    wait.  (Two exceptions: an item whose number was closed while a dup keeps its
 *    file open cannot be asked, and with --edges an edge is not.)
 *  - One consumer: 2002 allows one thread in EP_POLL.  That is the leader; the
 *    half that EP_POLL gave stays as it is until the leader has the lock and has
 *    copied it to the list.  Others who wait are followers, each with an eventfd
 *    to be rung by.
 *  - Somebody is always at the device while anybody waits: whoever leaves passes
 *    the lead on, and rings somebody when the list is not empty.
 *
 * Lifetimes.  A set lives while a number (a descriptor) names it or a call is inside
 * it.  Its memory is never given back, only used again, so that a number may be
 * looked up without a lock: take set->lock, look whether the number still means this
 * set.  An item belongs to its set and is guarded by its lock.
 *
 * Locks, outer first: sets_mtx, set->lock of a watching set, set->lock of a
 * set that it watches.  The device forbids cycles, so this ends.  Nobody sleeps
 * with a lock held but for the growth of a set (wait.c).  set->lock tells its owner
 * when he comes again: a signal handler that interrupted a call on the same
 * set gets EDEADLK.
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
	uint64_t data;
};

TAILQ_HEAD(item_list, item);

/**
 * struct follower - a waiting thread that is not at the device
 * @next: who came before
 * @bell: its eventfd
 * @rung: it was written to, and the follower is off the set's list
 */
struct follower {
	struct follower *next;
	int bell;
	bool rung;
};

/**
 * struct set - an emulated instance
 * @next: of all the sets there ever were
 * @lock: guards all but @next
 * @q: the device; @q.fd is below 0 while the set is unused
 * @life: counts the instances that it was
 * @numbers: descriptors that name it
 * @inside: calls that sleep without the lock
 * @inherited: came by fork and was not used yet (fork.c)
 * @polled: somebody polls its descriptor: @kick has to show what is on the list
 * @watched: another set watches it: @kick has to show what epoll_ctl(2) lists, and
 *	what a leader has taken out of the device before the other set could look
 * @waits: counts the harvests
 * @fresh: the list has edge-triggered items that no event brought: look at the
 *	device first, lest the same edge is told twice
 * @lead: a thread is at the device
 * @growing: threads that wait for @lead to end
 * @lead_ended: signalled then
 * @followers: newest first
 * @rung: followers that were rung and have not come yet
 * @kick: an eventfd in the set, to wake the leader or those who poll; or -1
 * @kicked: its slot is in the device
 * @items: by number, @room of them
 * @nitems: how many there are
 * @ready: the list
 * @nready: its length
 */
struct set {
	struct set *next;
	pthread_mutex_t lock;
	struct queue q;
	unsigned int life;
	int numbers;
	int inside;
	bool inherited;
	bool polled;
	bool watched;
	unsigned int waits;
	bool fresh;
	bool lead;
	int growing;
	pthread_cond_t lead_ended;
	struct follower *followers;
	int rung;
	int kick;
	bool kicked;
	struct item **items;
	int room;
	int nitems;
	struct item_list ready;
	int nready;
};

/* --edges: do not ask after an edge (ctl.c sets it at the start). */
extern bool trust_edges;

/* set.c */
int set_new(int flags);
struct set *set_lock(int number, int *err);
void set_unlock(struct set *s);
void set_leave(struct set *s);
int set_foreign(int number, int ret);
bool set_drop_number(struct set *s, int number, struct set *heir);
void set_renew_locks(struct set *s);
struct item *set_item(const struct set *s, int fd);
int set_insert(struct set *s, struct item *item);
void set_remove(struct set *s, struct item *item);
void set_list(struct set *s, struct item *item);
void set_unlist(struct set *s, struct item *item);
extern struct set *sets;
extern pthread_mutex_t sets_mtx;

/* harvest.c */
void set_absorb(struct set *s, const struct pollfd *slots, int n);
void set_collect(struct set *s);
int set_harvest(struct set *s, struct epoll_event *events, int max, bool looked,
		bool sleepy);
bool set_is_ready(struct set *s);
bool item_holds(struct set *s, struct item *item);

/* wake.c */
void set_kick(struct set *s);
void set_unkick(struct set *s);
void set_pass_on(struct set *s);
void set_show(struct set *s);

/* fork.c */
void fork_start(void);
void fork_adopt(void);

#endif /* PRELOAD_SET_H */
