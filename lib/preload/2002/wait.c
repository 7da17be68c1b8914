// SPDX-License-Identifier: GPL-2.0-only
/*
 * wait.c - the waits: one thread sleeps in the device, the others beside it
 *
 * Where a thread sleeps:
 *  - the leader in EP_POLL, for whole milliseconds; or, since EP_POLL knows neither
 *    nanoseconds nor a signal mask, in ppoll(2) on the device;
 *  - a follower in ppoll(2) on its eventfd, which like the real wait is never
 *    restarted after a signal.
 * The leader is who came first.  He brings events for those who came after him, the
 * last one first, and takes some himself when nobody else waits.
 * All of this is done without the set's lock; what has to be put right afterwards is
 * put right by a cleanup handler too when the thread is cancelled.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <time.h>

#include "../preload.h"
#include "../raw.h"
#include "set.h"

#define NSEC	1000000000L

/**
 * struct deadline - when a wait ends
 * @now: at once
 * @never: not by time
 * @exact: in nanoseconds
 * @at: else, on CLOCK_MONOTONIC
 */
struct deadline {
	bool now;
	bool never;
	bool exact;
	struct timespec at;
};

/* The kernel has read the time, if there is one. */
static int deadline_set(struct deadline *d, const struct wait_args *w)
{
	struct timespec t;

	*d = (struct deadline){ .exact = w->timed };
	if (w->timed ? !w->timespec : w->ms < 0) {
		d->never = true;
		return 0;
	}
	if (w->timed) {
		t = *(const struct timespec *)w->timespec;
		if (t.tv_sec < 0 || t.tv_nsec < 0 || t.tv_nsec >= NSEC)
			return -EINVAL;
	} else {
		t.tv_sec = w->ms / 1000;
		t.tv_nsec = w->ms % 1000 * 1000000L;
	}
	d->now = !t.tv_sec && !t.tv_nsec;
	if (d->now)
		return 0;
	/* Longer than the kernel's clock goes is for ever. */
	if (t.tv_sec > INT32_MAX) {
		d->never = true;
		return 0;
	}
	clock_gettime(CLOCK_MONOTONIC, &d->at);
	d->at.tv_sec += t.tv_sec;
	d->at.tv_nsec += t.tv_nsec;
	if (d->at.tv_nsec >= NSEC) {
		d->at.tv_nsec -= NSEC;
		d->at.tv_sec++;
	}
	return 0;
}

/* What is left; false if nothing is.  Not for one that is never. */
static bool deadline_left(const struct deadline *d, struct timespec *left)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	left->tv_sec = d->at.tv_sec - now.tv_sec;
	left->tv_nsec = d->at.tv_nsec - now.tv_nsec;
	if (left->tv_nsec < 0) {
		left->tv_nsec += NSEC;
		left->tv_sec--;
	}
	return left->tv_sec >= 0 && (left->tv_sec || left->tv_nsec);
}

/* In milliseconds, rounded up: no wait ends early. */
static int left_ms(const struct timespec *left)
{
	int64_t ms = (int64_t)left->tv_sec * 1000 + (left->tv_nsec + 999999) / 1000000;

	return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

/**
 * struct sleep - a thread that is about to sleep
 * @s: the set; locked before and after, not meanwhile
 * @w: the call
 * @left: how long, or NULL
 * @self: what a follower is rung by
 * @leads: it is the leader
 */
struct sleep {
	struct set *s;
	const struct wait_args *w;
	struct timespec *left;
	struct follower self;
	bool leads;
};

static void put_right(struct sleep *p)
{
	struct set *s = p->s;
	struct follower **f;

	s->inside--;
	if (p->leads) {
		s->lead = false;
		if (s->growing)
			pthread_cond_broadcast(&s->lead_ended);
		return;
	}
	if (p->self.rung) {
		s->rung--;
	} else {
		for (f = &s->followers; *f && *f != &p->self; f = &(*f)->next)
			;
		if (*f)
			*f = p->self.next;
	}
	raw1(SYS_close, p->self.bell);
}

static void cancelled(void *arg)
{
	struct sleep *p = arg;
	struct set *s = p->s;

	pthread_mutex_lock(&s->lock);
	put_right(p);
	set_pass_on(s);
	set_leave(s);
}

static long sleep_in_ppoll(struct sleep *p, int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return raw5(SYS_ppoll, &pfd, 1, p->left, p->w->mask, p->w->masksize);
}

/* Return: what the system call did; the lock is taken again. */
static long sleep_now(struct sleep *p, bool in_device, int fd, int ms,
		      const struct pollfd **slots)
{
	struct queue q = p->s->q;
	long ret;
	int state;

	p->s->inside++;
	set_unlock(p->s);
	pthread_cleanup_push(cancelled, p);
	state = cancel_begin();
	ret = in_device ? queue_poll(&q, ms, slots) : sleep_in_ppoll(p, fd);
	cancel_end(state);
	pthread_cleanup_pop(0);
	pthread_mutex_lock(&p->s->lock);
	return ret;
}

static long lead(struct sleep *p, bool exact)
{
	bool in_device = !p->w->mask && (!exact || !p->left);
	int ms = p->left ? left_ms(p->left) : -1;
	const struct pollfd *slots;
	long ret;

	p->leads = true;
	p->s->lead = true;
	ret = sleep_now(p, in_device, p->s->q.fd, ms, &slots);
	/* Before anybody else may be there: the slots are good until then. */
	if (in_device && ret > 0) {
		p->s->fresh = false;
		set_absorb(p->s, slots, (int)ret);
	}
	put_right(p);
	if (!in_device && ret > 0)
		set_collect(p->s);
	if (p->s->watched && p->s->nready)
		set_kick(p->s);
	return ret;
}

static long follow(struct sleep *p)
{
	struct set *s = p->s;
	long fd = raw2(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK), ret;

	if (fd < 0)
		return fd;
	p->self.bell = (int)fd;
	p->self.next = s->followers;
	s->followers = &p->self;
	ret = sleep_now(p, false, p->self.bell, 0, NULL);
	put_right(p);
	return ret;
}

static int wait_on(struct set *s, const struct wait_args *w,
		   const struct deadline *d)
{
	struct timespec left;
	bool leave_it = false, looked = false;
	long ret = 1;
	int n;

	for (;;) {
		struct sleep p = {
			.s = s, .w = w, .left = d->never ? NULL : &left,
		};
		/* After a signal or the time, a last look at what is there. */
		bool last = ret < 0 || d->now ||
			    (!d->never && !deadline_left(d, &left));

		n = (leave_it && !last) || (ret == -EINTR && !s->nready) ? 0 :
		    set_harvest(s, w->events, w->max, looked, !last);
		if (n)
			return n;
		if (ret < 0)
			return (int)ret;
		if (last)
			return 0;
		ret = s->lead || s->growing ? follow(&p) : lead(&p, d->exact);
		/* The time is looked at above. */
		if (ret > 0)
			ret = 0;
		looked = p.leads && !ret;
		/* As in the kernel: who came last, and is warm, is served first. */
		leave_it = p.leads && s->nready && (s->followers || s->rung);
		if (leave_it)
			set_pass_on(s);
	}
}

static int check(struct set *s, const struct wait_args *w, struct deadline *d)
{
	bool pointers = w->mask || (w->timed && w->timespec) ||
			(intptr_t)w->events < 0 ||
			(intptr_t)(w->events + (w->max > 0 ? w->max : 0)) < 0;
	int err = 0;

	/* Whether they are good only the kernel can say. */
	if (pointers)
		err = queue_check_wait(&s->q, w);
	if (!err)
		err = deadline_set(d, w);
	if (!err && w->mask && w->masksize != KERNEL_SIGSET_SIZE)
		err = -EINVAL;
	if (!err && (w->max <= 0 || w->max > MAX_EVENTS))
		err = -EINVAL;
	return err;
}

int backend_wait(const struct wait_args *w)
{
	struct deadline d;
	struct set *s;
	int ret;

	s = set_lock(w->epfd, &ret);
	if (!s && !ret)
		ret = set_foreign(w->epfd, native_wait(w));
	if (!s)
		return ret;
	ret = check(s, w, &d);
	if (!ret) {
		ret = wait_on(s, w, &d);
		set_pass_on(s);
	}
	set_leave(s);
	return ret;
}
