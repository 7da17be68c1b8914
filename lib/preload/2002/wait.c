// SPDX-License-Identifier: GPL-2.0-only
/*
 * wait.c - the waits: one thread sleeps in the device, the others beside it
 *
 * Where a thread sleeps:
 *  - the leader in EP_POLL, for whole milliseconds.  Or in ppoll(2) on the device,
 *    and then calls EP_POLL with the lock held: since EP_POLL knows neither
 *    nanoseconds nor a signal mask; and where another thread cares for what is in
 *    the device, who can so look for himself while the leader sleeps;
 *  - a follower on a futex, with a time in any case, since like the real wait it is
 *    never restarted after a signal; with a signal mask beside the device (wake.c).
 * The leader is who came first.  He brings events for those who came after him, the
 * last one first, and takes some himself when nobody else waits.
 * All of this is done without the set's lock; what has to be put right afterwards is
 * put right by a cleanup handler too when the thread is cancelled.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/single_threaded.h>

#include "../native.h"
#include "../preload.h"
#include "../raw.h"
#include "deadline.h"
#include "fork.h"
#include "set.h"

__thread char this_thread;

/* The kernel has read the time, if there is one. */
static int wait_ends(struct deadline *d, const struct wait_args *w)
{
	struct timespec t;

	if (w->timed ? !w->timespec : w->ms < 0) {
		deadline_set(d, NULL);
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
	deadline_set(d, &t);
	return 0;
}

/* In milliseconds, rounded up: no wait ends early. */
static int left_ms(const struct timespec *left)
{
	int64_t ms = (int64_t)left->tv_sec * 1000 + (left->tv_nsec + 999999) / 1000000;

	return ms > INT32_MAX ? INT32_MAX : (int)ms;
}

/**
 * enum place - where a thread sleeps
 * @IN_DEVICE: leads, in EP_POLL
 * @AT_DEVICE: leads, in ppoll(2) on the descriptor
 * @ON_BELL: follows, on its futex
 * @BESIDE: follows, in ppoll(2) on the descriptor and the kick
 */
enum place { IN_DEVICE, AT_DEVICE, ON_BELL, BESIDE };

/**
 * struct sleep - a thread that is about to sleep
 * @s: the set; locked before and after, not meanwhile
 * @w: the call
 * @d: its end
 * @left: how long, or NULL
 * @self: what a follower is rung by
 * @place: where
 * @look: it knows afterwards that it has to look at the device
 */
struct sleep {
	struct set *s;
	const struct wait_args *w;
	const struct deadline *d;
	struct timespec *left;
	struct follower self;
	enum place place;
	bool look;
};

static bool leads(const struct sleep *p)
{
	return p->place == IN_DEVICE || p->place == AT_DEVICE;
}

/*
 * EP_POLL takes what it tells out of sight until the leader has the lock.  So nobody
 * else may care; and it knows neither nanoseconds nor a signal mask.
 */
static enum place place_to_lead(const struct sleep *p)
{
	const struct set *s = p->s;

	if (p->w->mask || (p->w->timed && p->left))
		return AT_DEVICE;
	if (__libc_single_threaded)
		return IN_DEVICE;
	return s->shared || s->watched || s->beside ? AT_DEVICE : IN_DEVICE;
}

static void put_right(struct sleep *p)
{
	struct set *s = p->s;
	struct follower **f;

	switch (p->place) {
	case BESIDE:
		set_not_beside(s);
		return;
	case ON_BELL:
		if (p->self.rung) {
			s->rung--;
			break;
		}
		for (f = &s->followers; *f && *f != &p->self; f = &(*f)->next)
			;
		if (*f)
			*f = p->self.next;
		break;
	default:
		s->lead = false;
		if (s->in_device)
			set_device_left(s);
	}
	s->inside--;
}

static void cancelled(void *arg)
{
	struct sleep *p = arg;
	struct set *s = p->s;

	pthread_mutex_lock(&s->lock);
	/* What EP_POLL told is lost with the thread. */
	if (p->place == IN_DEVICE)
		set_list_levels(s);
	put_right(p);
	set_pass_on(s);
	set_leave(s);
}

/* The limit on descriptors is the program's, and may be 0. */
static long sleep_in_ppoll(struct sleep *p, struct pollfd *fds, int n)
{
	static const struct timespec slice = { .tv_nsec = NSEC / 100 };
	const struct timespec *t = p->left;
	long ret = raw5(SYS_ppoll, fds, n, t, p->w->mask, p->w->masksize);

	if (ret != -EINVAL)
		return ret;
	if (!t || t->tv_sec || t->tv_nsec > slice.tv_nsec)
		t = &slice;
	p->look = true;
	return raw5(SYS_ppoll, NULL, 0, t, p->w->mask, p->w->masksize);
}

/*
 * Without a time the kernel would go on after a signal handler that was installed
 * with SA_RESTART.
 */
static long sleep_on_bell(struct sleep *p)
{
	struct timespec at = { .tv_sec = INT32_MAX };
	long ret;

	if (!p->d->never)
		at = p->d->at;
	ret = raw6(SYS_futex, &p->self.rung,
		   FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, 0, &at, NULL,
		   FUTEX_BITSET_MATCH_ANY);
	return ret == -EAGAIN || ret == -ETIMEDOUT ? 0 : ret;
}

/* Return: what the system call did; the lock is taken again. */
static long sleep_now(struct sleep *p, struct pollfd *fds, int n,
		      const struct pollfd **slots)
{
	struct queue q = p->s->q;
	long ret;
	int state;

	set_unlock(p->s);
	pthread_cleanup_push(cancelled, p);
	state = cancel_begin();
	if (p->place == IN_DEVICE)
		ret = queue_poll(&q, p->left ? left_ms(p->left) : -1, slots);
	else if (p->place == ON_BELL)
		ret = sleep_on_bell(p);
	else
		ret = sleep_in_ppoll(p, fds, n);
	cancel_end(state);
	pthread_cleanup_pop(0);
	pthread_mutex_lock(&p->s->lock);
	return ret;
}

static long lead(struct sleep *p)
{
	struct set *s = p->s;
	struct pollfd device = { .fd = s->q.fd, .events = POLLIN };
	const struct pollfd *slots;
	long ret;

	p->place = place_to_lead(p);
	s->lead = true;
	s->in_device = p->place == IN_DEVICE;
	s->leader = &this_thread;
	s->inside++;
	ret = sleep_now(p, &device, 1, &slots);
	/* Before anybody else may be there: the slots are good until then. */
	if (p->place == IN_DEVICE && ret > 0) {
		s->fresh = false;
		set_absorb(s, slots, (int)ret);
		if (s->watched && s->nready)
			set_kick(s);
	}
	put_right(p);
	if (p->place == AT_DEVICE && ret > 0)
		set_collect(s);
	return ret;
}

static long follow(struct sleep *p)
{
	struct set *s = p->s;
	struct pollfd fds[2];
	long ret;

	if (p->w->mask) {
		p->place = BESIDE;
		set_beside(s, &fds[0], &fds[1]);
	} else {
		p->place = ON_BELL;
		p->self.next = s->followers;
		s->followers = &p->self;
		s->inside++;
	}
	ret = sleep_now(p, fds, 2, NULL);
	if (p->place == BESIDE && ret > 0)
		p->look = true;
	put_right(p);
	return ret;
}

/*
 * Round after round, until there is something to return.  The first begins at the line.
 *
 *	a leader's sleep is over		a follower's is
 *	   |					   |
 *	looked: what the device had is on	look: it was beside the device and
 *	the list (not if poll(2) was out	something stirred there; a sleep would
 *	of reach: then look)			not bring it
 *	   |					   |
 *	leave_it: others wait, and one of	   |
 *	them was rung for it			   |
 *	   +---------------------------------------+
 *	---|-----------------------------------------------------------------------
 *	last: time or a signal ended it; no sleep comes after this
 *	   |
 *	set_harvest()  ---- some ----> events
 *	   |	(not with leave_it, but for a last time)
 *	last?  -------- yes ---------> 0, -EINTR
 *	   |
 *	somebody leads, or the set grows?
 *	   | no					   | yes
 *	lead()					follow()
 */
static int wait_on(struct set *s, const struct wait_args *w,
		   const struct deadline *d)
{
	bool leave_it = false, looked = false, look = false;
	struct timespec left;
	long ret = 1;
	int n;

	for (;;) {
		struct sleep p = {
			.s = s, .w = w, .d = d, .left = d->never ? NULL : &left,
		};
		/* After a signal or the time, a last look at what is there. */
		bool last = ret < 0 || !deadline_left(d, &left);

		n = (leave_it && !last) || (ret == -EINTR && !s->nready) ? 0 :
		    set_harvest(s, w->events, w->max, looked, !last && !look);
		if (n)
			return n;
		if (ret < 0)
			return (int)ret;
		if (last)
			return 0;
		/* A signal handler of who leads: nobody could bring anything. */
		if (s->lead && s->leader == &this_thread)
			return -EDEADLK;
		/* It could not be mapped again when it grew. */
		if (!s->q.map)
			return -ENOMEM;
		ret = s->lead || s->growing ? follow(&p) : lead(&p);
		/* The time is looked at above. */
		if (ret > 0)
			ret = 0;
		look = p.look;
		looked = leads(&p) && !ret && !look;
		/* As in the kernel: who came last, and is warm, is served first. */
		leave_it = leads(&p) && s->nready && (s->followers || s->rung);
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
		err = wait_ends(d, w);
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

	/* One that finds events does not come to the sleep. */
	pthread_testcancel();
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
