// SPDX-License-Identifier: GPL-2.0-only
/*
 * harvest.c - from the device to the ready list, and from there to the program
 *
 * All with the set's lock held; nothing here sleeps.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "../raw.h"
#include "../stats.h"
#include "numbers.h"
#include "set.h"

bool trust_edges;

/* How many are asked and handed out at once. */
#define BATCH	256

static uint32_t told_bits(const struct item *item)
{
	return (item->events | EPOLLERR | EPOLLHUP) & TOLD_BITS;
}

void set_absorb(struct set *s, const struct pollfd *slots, int n)
{
	for (int i = 0; i < n; i++) {
		struct item *item = set_item(s, slots[i].fd);

		if (slots[i].fd == s->kick) {
			s->kicked = false;
		} else if (item && !item->spent) {
			item->bits |= (uint16_t)slots[i].revents;
			set_list(s, item);
		}
	}
}

void set_collect(struct set *s)
{
	const struct pollfd *slots;

	s->fresh = false;
	/* What comes while somebody sleeps there wakes him, and he brings it. */
	if (!s->lead)
		set_absorb(s, slots, queue_poll(&s->q, 0, &slots));
}

/*
 * The number was closed, but the file may be open by another: the device knows.
 * It cannot be asked, so the device's word is taken.
 */
static short orphan_holds(struct set *s, const struct item *item)
{
	if (!queue_has(&s->q, item->fd))
		return POLLNVAL;
	return (short)(item->bits & told_bits(item));
}

static bool is_orphan(const struct item *item)
{
	return item->closings != number_closings(item->fd);
}

/*
 * One number of an instance was closed, and there is another: it can be asked.  What
 * was the child may be another set by now, which no order of locks holds for; so
 * nobody waits for it.
 */
static bool orphan_child_holds(const struct item *item, short *holds)
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
		*holds = set_is_ready(child) ? EPOLLIN | EPOLLRDNORM : 0;
	pthread_mutex_unlock(&child->lock);
	return lives;
}

/*
 * Asks @n items what holds for them now.  POLLNVAL means that the item is to go.
 */
static void ask(struct set *s, struct item **items, int n, short *holds)
{
	static const struct timespec zero;
	struct pollfd p[BATCH];
	int asked = 0;
	long err = 0;

	for (int i = 0; i < n; i++) {
		const struct item *item = items[i];
		struct set *child = number_set(item->fd);

		p[i] = (struct pollfd){ .fd = -1 };
		holds[i] = 0;
		if (is_orphan(item)) {
			if (!orphan_child_holds(item, &holds[i]))
				holds[i] = orphan_holds(s, item);
		} else if (child) {
			if (!pthread_mutex_lock(&child->lock)) {
				if (set_is_ready(child))
					holds[i] = EPOLLIN | EPOLLRDNORM;
				pthread_mutex_unlock(&child->lock);
			}
		} else if (trust_edges && item->events & EPOLLET && item->bits) {
			holds[i] = (short)item->bits;
		} else {
			p[i].fd = item->fd;
			p[i].events = (short)told_bits(item);
			asked++;
		}
	}
	if (asked) {
		stats_count(STATS_REPOLL, (uint64_t)asked);
		err = raw5(SYS_ppoll, p, n, &zero, NULL, KERNEL_SIGSET_SIZE);
	}
	/* More than the limit on numbers has become: the device's word is taken. */
	for (int i = 0; i < n && err < 0 && err != -EINTR; i++)
		if (p[i].fd >= 0 &&
		    raw5(SYS_ppoll, &p[i], 1, &zero, NULL, KERNEL_SIGSET_SIZE) < 0)
			p[i].revents = (short)items[i]->bits;
	for (int i = 0; i < n; i++) {
		if (p[i].fd >= 0)
			holds[i] = p[i].revents;
		/* Closed behind our back. */
		if (p[i].fd >= 0 && p[i].revents & POLLNVAL)
			holds[i] = orphan_holds(s, items[i]);
		else if (!(holds[i] & POLLNVAL))
			holds[i] &= (short)told_bits(items[i]);
	}
}

bool item_holds(struct set *s, struct item *item)
{
	short holds;

	ask(s, &item, 1, &holds);
	return holds && !(holds & POLLNVAL);
}

/*
 * Stores into the program's array, which may not be there.  The kernel is asked to
 * do it unless it has stored to the same place before: a program's array is nearly
 * always the one of last time.
 *
 * Return: how many are stored whole.
 */
static int store(struct epoll_event *to, const struct epoll_event *from, int n)
{
	static __thread const char *good, *good_end;
	struct iovec local = { (void *)from, (size_t)n * sizeof(*from) };
	struct iovec remote = { to, local.iov_len };
	const char *begin = (const char *)to, *end = begin + local.iov_len;
	long done;

	if (!n)
		return 0;
	if (begin >= good && end <= good_end) {
		memcpy(to, from, local.iov_len);
		return n;
	}
	done = raw6(SYS_process_vm_writev, getpid(), &local, 1, &remote, 1, 0);
	/* Sandboxes forbid it, and some kernels lack it: another call that stores. */
	if (done == -EPERM || done == -ENOSYS) {
		done = raw3(SYS_getrandom, to, local.iov_len, GRND_INSECURE);
		if (done > 0)
			memcpy(to, from, (size_t)done);
	}
	if (done == (long)local.iov_len) {
		good = begin;
		good_end = end;
	}
	return done < 0 ? 0 : (int)((size_t)done / sizeof(*to));
}

/**
 * struct harvest - a wait on its way
 * @s: the set
 * @events: the program's array
 * @max: its room
 * @n: stored so far
 * @again: level-triggered items that were told and go to the end of the list
 * @fault: the array ended early
 */
struct harvest {
	struct set *s;
	struct epoll_event *events;
	int max;
	int n;
	struct item_list again;
	bool fault;
};

static void item_told(struct harvest *h, struct item *item)
{
	bool orphan = is_orphan(item);

	item->bits = 0;
	item->told_in = h->s->waits;
	if (item->events & EPOLLONESHOT)
		item->spent = true;
	if (item->spent || item->events & EPOLLET || orphan) {
		item->listed = false;
		h->s->nready--;
	} else {
		TAILQ_INSERT_TAIL(&h->again, item, link);
	}
}

/* The first @n of the list: told if something holds, dropped if nothing does. */
static void hand_out(struct harvest *h, int n)
{
	struct epoll_event out[BATCH];
	struct item *items[BATCH], *told[BATCH];
	short holds[BATCH];
	int m = 0, stored, all = n;

	n = 0;
	for (int i = 0; i < all; i++) {
		struct item *item = TAILQ_FIRST(&h->s->ready);

		TAILQ_REMOVE(&h->s->ready, item, link);
		/* An edge came after it was told: for the next wait. */
		if (item->told_in == h->s->waits)
			TAILQ_INSERT_TAIL(&h->again, item, link);
		else
			items[n++] = item;
	}
	ask(h->s, items, n, holds);
	for (int i = 0; i < n; i++) {
		if (holds[i] && !(holds[i] & POLLNVAL)) {
			out[m].events = (uint16_t)holds[i];
			out[m].data.u64 = items[i]->data;
			told[m++] = items[i];
			continue;
		}
		items[i]->listed = false;
		items[i]->bits = 0;
		h->s->nready--;
		if (holds[i])
			set_remove(h->s, items[i]);
	}
	stored = store(h->events + h->n, out, m);
	for (int i = 0; i < stored; i++)
		item_told(h, told[i]);
	for (int i = m; i-- > stored; )
		TAILQ_INSERT_HEAD(&h->s->ready, told[i], link);
	h->n += stored;
	h->fault = stored < m;
}

static void hand_out_all(struct harvest *h)
{
	int left = h->s->nready;
	const struct item *item;

	/* Not those that this wait told already. */
	TAILQ_FOREACH(item, &h->again, link)
		left--;
	while (left && h->n < h->max && !h->fault) {
		int n = left < BATCH ? left : BATCH;

		if (n > h->max - h->n)
			n = h->max - h->n;
		hand_out(h, n);
		left -= n;
	}
}

/*
 * What there is, up to @max.  One look at the device is enough: @looked says that
 * there was one just now.  With an empty list, or one that has only items to be told
 * again, it can be left to the sleep that follows (@sleepy): it brings the same.
 *
 * Return: events stored, or -EFAULT.
 */
int set_harvest(struct set *s, struct epoll_event *events, int max, bool looked,
		bool sleepy)
{
	struct harvest h = { .s = s, .events = events, .max = max };

	/* 0 is the wait of items that were never told. */
	s->waits += s->waits == UINT32_MAX ? 2 : 1;
	TAILQ_INIT(&h.again);
	if (!s->nready && sleepy)
		return 0;
	if (!looked && (s->fresh || !s->nready)) {
		set_collect(s);
		looked = true;
	}
	hand_out_all(&h);
	if (!looked && !h.fault && h.n < max && (h.n || !sleepy)) {
		set_collect(s);
		hand_out_all(&h);
	}
	/*
	 * The next wait looks first: new ones are seen although the old ones go on,
	 * and what stayed behind is not told twice for an edge of meanwhile.
	 */
	if (h.n == max || h.fault)
		s->fresh = true;
	TAILQ_CONCAT(&s->ready, &h.again, link);
	return h.n ? h.n : h.fault ? -EFAULT : 0;
}

/* For who watches this set: does anything hold?  The list is put right by it. */
bool set_is_ready(struct set *s)
{
	struct item *items[BATCH], *item;
	short holds[BATCH];
	bool ready = false;
	int n = 0;

	if (s->q.fd < 0 || s->inherited)
		return false;
	set_collect(s);
	while (!ready && s->nready) {
		n = 0;
		TAILQ_FOREACH(item, &s->ready, link) {
			items[n++] = item;
			if (n == BATCH)
				break;
		}
		ask(s, items, n, holds);
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
