// SPDX-License-Identifier: GPL-2.0-only
/*
 * harvest.c - from the ready list to the program
 *
 * All with the set's lock held; nothing here sleeps.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "../raw.h"
#include "set.h"

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
	bool orphan = item_is_orphan(item);

	item->bits = 0;
	item->told = item->asked;
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
	int m = 0, fit, stored, all = n;
	short holds[BATCH];

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
	ask_items(h->s, items, n, holds);
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
	fit = m < h->max - h->n ? m : h->max - h->n;
	stored = store(h->events + h->n, out, fit);
	for (int i = 0; i < stored; i++)
		item_told(h, told[i]);
	for (int i = m; i-- > stored; )
		TAILQ_INSERT_HEAD(&h->s->ready, told[i], link);
	h->n += stored;
	h->fault = stored < fit;
}

/*
 * No more are asked at once than there is room for, lest a wait for one event asks
 * all; but while none of them has anything to tell, twice as many each time.
 */
static void hand_out_all(struct harvest *h)
{
	int left = h->s->nready, some = h->max - h->n;
	const struct item *item;

	/* Not those that this wait told already. */
	TAILQ_FOREACH(item, &h->again, link)
		left--;
	while (left && h->n < h->max && !h->fault) {
		int before = h->n;

		if (some > left)
			some = left;
		if (some > BATCH)
			some = BATCH;
		hand_out(h, some);
		left -= some;
		some = h->n == before ? 2 * some : h->max - h->n;
	}
}

/*
 * One look at the device is enough.  With an empty list, or one that has only items
 * to be told again, it can be left to the sleep that follows: it brings the same.
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
	if (!h.n && !h.fault && !sleepy && s->in_device) {
		set_look_beside(s);
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
