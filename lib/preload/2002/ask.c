// SPDX-License-Identifier: GPL-2.0-only
/*
 * ask.c - what holds for an item now, and for a set?
 *
 * Files are asked with poll(2), sets that are watched by a look at their list, and
 * of a file whose number was closed the device is asked.
 *
 * poll(2) refuses more descriptors than RLIMIT_NOFILE allows to be made, and a
 * program may have lowered that to 0.  Then an instance of the kernel's epoll is
 * asked, which knows no such limit.  It watches nothing else, and the process has
 * one: made with the first set, since later there may be no number for it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <time.h>

#include "../native.h"
#include "../raw.h"
#include "../stats.h"
#include "numbers.h"
#include "set.h"

bool trust_edges;

static struct {
	pthread_mutex_t lock;
	int fd;			/* of the kernel's epoll, or -1 */
	bool inherited;		/* the parent's */
	uint32_t round;
} asker = { .lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1 };

int ask_start(void)
{
	long fd;

	pthread_mutex_lock(&asker.lock);
	if (asker.inherited)
		number_unhide(asker.fd);
	if (asker.inherited || asker.fd < 0) {
		fd = raw1(SYS_epoll_create1, EPOLL_CLOEXEC);
		asker.fd = fd < 0 ? (int)fd : number_hide((int)fd);
		asker.inherited = false;
	}
	fd = asker.fd;
	pthread_mutex_unlock(&asker.lock);
	return fd < 0 ? (int)fd : 0;
}

/* Parent and child must not ask the same one. */
void ask_forked(void)
{
	pthread_mutex_init(&asker.lock, NULL);
	asker.inherited = asker.fd >= 0;
}

uint32_t item_bits(const struct item *item)
{
	return (item->events | EPOLLERR | EPOLLHUP) & TOLD_BITS;
}

bool item_is_orphan(const struct item *item)
{
	return item->closings != number_closings(item->fd);
}

bool item_is_gone(struct set *s, const struct item *item)
{
	return item_is_orphan(item) && !queue_has(&s->q, item->fd);
}

/*
 * The number was closed, but the file may be open by another: the device knows.
 * It cannot be asked, so the device's word is taken.
 */
static short orphan_holds(struct set *s, const struct item *item)
{
	if (!queue_has(&s->q, item->fd))
		return POLLNVAL;
	return (short)(item->bits & item_bits(item));
}

/*
 * An edge of the child's device may be its kick, which is no event: that is something
 * that has come to the child's list since.  It is one for this set too then; and it
 * is told once if the item is edge-triggered.
 */
static short child_holds(struct set *s, struct set *child, struct item *item)
{
	bool ready = set_is_ready(child);

	/* What was in its device is on its list now: others are to know. */
	set_pass_on(child);
	if (item->asked != child->arrivals)
		s->arrivals++;
	item->asked = child->arrivals;
	if (item->events & EPOLLET && item->asked == item->told)
		ready = false;
	return ready ? EPOLLIN | EPOLLRDNORM : 0;
}

/*
 * One number of an instance was closed, and there is another: it can be asked.  What
 * was the child may be another set by now, which no order of locks holds for; so
 * nobody waits for it.
 */
static bool orphan_child_holds(struct set *s, struct item *item, short *holds)
{
	struct set *child = item->child;
	int tries = 100;
	bool lives;

	if (!child)
		return false;
	while (pthread_mutex_trylock(&child->lock)) {
		if (!--tries)
			return false;
		sched_yield();
	}
	lives = child->life == item->life && child->numbers;
	if (lives)
		*holds = child_holds(s, child, item);
	pthread_mutex_unlock(&child->lock);
	return lives;
}

/* What poll(2) would say, without its limit.  Return: false if nobody can be asked. */
static bool ask_kernels_epoll(struct pollfd *p, int n)
{
	struct epoll_event ev, out[BATCH];
	uint64_t round;
	int got;

	if (asker.fd < 0)
		return false;
	pthread_mutex_lock(&asker.lock);
	asker.round++;
	round = (uint64_t)asker.round << 32;
	for (int i = 0; i < n; i++) {
		int err;

		if (p[i].fd < 0)
			continue;
		ev.events = (uint16_t)p[i].events;
		ev.data.u64 = round | (uint32_t)i;
		err = native_ctl(asker.fd, EPOLL_CTL_ADD, p[i].fd, &ev);
		/* It was closed while it was asked, and is open by another. */
		if (err == -EEXIST)
			native_ctl(asker.fd, EPOLL_CTL_MOD, p[i].fd, &ev);
		else if (err == -EBADF)
			p[i].revents = POLLNVAL;
	}
	got = (int)raw6(SYS_epoll_pwait, asker.fd, out, BATCH, 0, NULL, 0);
	for (int i = 0; i < got; i++)
		if ((out[i].data.u64 ^ round) < (uint64_t)n)
			p[(uint32_t)out[i].data.u64].revents = (short)out[i].events;
	for (int i = 0; i < n; i++)
		if (p[i].fd >= 0)
			native_ctl(asker.fd, EPOLL_CTL_DEL, p[i].fd, NULL);
	pthread_mutex_unlock(&asker.lock);
	return true;
}

/*
 * By kind:
 *
 *	item			who is asked			POLLNVAL means
 *	orphan, was a set	that set, if it lives on; it	-
 *				has another number then
 *	orphan			nobody; the device's word, as	the device has forgotten
 *				long as it knows the item	it: its file is closed
 *	a set			that set			-
 *	edge, with --edges	nobody; the device's word	-
 *	any other		poll(2)				closed behind our back: it
 *								is an orphan after all
 *
 * The device's word is what it told since the item was handed out last.  When poll(2)
 * was interrupted, nothing holds in this round.  When it refuses so many, the kernel's
 * epoll is asked; and without one the device's word is taken for all.
 */
void ask_items(struct set *s, struct item **items, int n, short *holds)
{
	static const struct timespec zero;
	struct pollfd p[BATCH];
	int asked = 0;

	for (int i = 0; i < n; i++) {
		struct item *item = items[i];
		struct set *child = number_set(item->fd);

		p[i] = (struct pollfd){ .fd = -1 };
		holds[i] = 0;
		if (item_is_orphan(item)) {
			if (!orphan_child_holds(s, item, &holds[i]))
				holds[i] = orphan_holds(s, item);
		} else if (child) {
			if (!pthread_mutex_lock(&child->lock)) {
				holds[i] = child_holds(s, child, item);
				pthread_mutex_unlock(&child->lock);
			}
		} else if (trust_edges && item->events & EPOLLET && item->bits) {
			holds[i] = (short)item->bits;
		} else {
			p[i].fd = item->fd;
			p[i].events = (short)item_bits(item);
			asked++;
		}
	}
	if (asked) {
		long err = raw5(SYS_ppoll, p, n, &zero, NULL, KERNEL_SIGSET_SIZE);

		stats_count(STATS_REPOLL, (uint64_t)asked);
		/* After a signal nothing holds.  Else the device's word is the last. */
		if (err < 0 && err != -EINTR && !ask_kernels_epoll(p, n))
			for (int i = 0; i < n; i++)
				p[i].revents = (short)items[i]->bits;
	}
	for (int i = 0; i < n; i++) {
		if (p[i].fd >= 0)
			holds[i] = p[i].revents;
		/* Closed behind our back. */
		if (p[i].fd >= 0 && p[i].revents & POLLNVAL)
			holds[i] = orphan_holds(s, items[i]);
		else if (!(holds[i] & POLLNVAL))
			holds[i] &= (short)item_bits(items[i]);
	}
}

bool item_holds(struct set *s, struct item *item)
{
	short holds;

	ask_items(s, &item, 1, &holds);
	return holds && !(holds & POLLNVAL);
}

/* Does anything hold that is on the list?  The list is put right by it. */
static bool list_holds(struct set *s)
{
	struct item *items[BATCH], *item;
	short holds[BATCH];
	bool ready = false;
	int n;

	while (!ready && s->nready) {
		n = 0;
		TAILQ_FOREACH(item, &s->ready, link) {
			items[n++] = item;
			if (n == BATCH)
				break;
		}
		ask_items(s, items, n, holds);
		for (int i = 0; i < n; i++) {
			if (holds[i] && !(holds[i] & POLLNVAL)) {
				ready = true;
				continue;
			}
			set_unlist(s, items[i]);
			items[i]->bits = 0;
			if (holds[i])
				set_remove(s, items[i]);
		}
	}
	return ready;
}

bool set_is_ready(struct set *s)
{
	if (!s->used || s->inherited)
		return false;
	set_collect(s);
	if (list_holds(s))
		return true;
	if (!s->in_device)
		return false;
	set_look_beside(s);
	return list_holds(s);
}
