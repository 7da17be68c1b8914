// SPDX-License-Identifier: GPL-2.0-only
/*
 * share_race.c - suite share: takes beside events, removals, and those who spoil the page
 *
 * STRESS_SECONDS in the environment is how long each test goes on (2).
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "guest.h"
#include "tokens.h"

static int seconds(void)
{
	return getenv("STRESS_SECONDS") ? stress_seconds() : 2;
}

static void shared(struct evset *s, int max)
{
	evset_open(s, max);
	if (!s->control)
		evset_share(s);
}

/* A thread that does something over and over. */
struct doer {
	void (*once)(struct doer *d);
	int fd[8];
	const struct evset *s;
	unsigned int seed;
	unsigned long done;
	int stop;
	pthread_t thread;
};

static void *doer(void *arg)
{
	struct doer *d = arg;

	while (!__atomic_load_n(&d->stop, __ATOMIC_ACQUIRE)) {
		d->once(d);
		d->done++;
	}
	return NULL;
}

static void doer_start(struct doer *d)
{
	d->thread = guest_thread(doer, d);
}

static void doer_stop(struct doer *d)
{
	__atomic_store_n(&d->stop, 1, __ATOMIC_RELEASE);
	guest_join(d->thread);
}

#define MOST	8

/* What was taken must not change while it is ours. */
struct held {
	const struct pollfd *ev;
	int n;
	struct pollfd copy[MOST];
	unsigned int seed;
};

static void hold(struct held *h, const struct pollfd *ev, int n)
{
	ck_assert_int_le(n, MOST);
	h->ev = ev;
	h->n = n;
	memcpy(h->copy, ev, (size_t)n * sizeof(*ev));
}

static void check_held(const struct held *h)
{
	for (int i = 0; i < h->n; i++)
		if (memcmp(&h->ev[i], &h->copy[i], sizeof(*h->ev)))
			ck_abort_msg("slot %d of %d changed in our hands: fd %d %#x, was fd %d %#x",
				     i, h->n, h->ev[i].fd, h->ev[i].revents,
				     h->copy[i].fd, h->copy[i].revents);
}

/*
 * Until something can be taken, and then for a time that is never the same: takes that
 * follow each other at once would meet every event as it comes, and not the merges and
 * removals behind it.
 */
static void keep(const struct evset *s, struct held *h)
{
	int more = rand_r(&h->seed) % 1000;
	long end = guest_ms() + 1000;

	do {
		check_held(h);
		if (__atomic_load_n(&s->control->word, __ATOMIC_RELAXED) & EP_WORD_COUNT)
			more--;
	} while (more > 0 && guest_ms() < end);
}

/*
 * Takes without a system call until there is something; 0 when @stop is set.  Until the
 * first of them what is held must not change; a take that finds nothing may have given
 * it back as well, if what it saw counted was removed meanwhile.
 */
static int spin_take(const struct evset *s, const struct pollfd **ev, const int *stop,
		     struct held *h)
{
	int n;

	if (h)
		keep(s, h);
	do {
		n = evset_take(s, ev);
		ck_assert_int_ge(n, 0);
	} while (!n && !__atomic_load_n(stop, __ATOMIC_ACQUIRE));
	return n;
}

/* IN, and OUT right behind it: the second merges, if nobody was quicker. */
static void in_and_out(struct doer *d)
{
	guest_put(d->fd[0]);
	ck_assert_int_eq(guest_drain(d->fd[0]), guest_pipes ? 1 : sizeof(uint64_t));
}

GUEST_TEST(share, merge_beside_takes, 60,
	   "while bits are added to slots, what is taken does not change, and no bit is told twice in a row by mistake")
{
	long end = guest_ms() + 1000L * seconds();
	struct doer d = { .once = in_and_out };
	const struct pollfd *ev;
	struct held h = { .n = 0 };
	struct evset s;
	int n;

	shared(&s, 8);
	d.fd[0] = guest_eventfd();
	evset_add(&s, d.fd[0], POLLIN | POLLOUT);
	doer_start(&d);
	while (guest_ms() < end) {
		n = spin_take(&s, &ev, &d.stop, &h);
		ck_assert_int_eq(n, 1);
		hold(&h, ev, n);
		ck_assert(ev->fd == d.fd[0] && ev->revents &&
			  !(ev->revents & ~(POLLIN | POLLOUT)));
	}
	doer_stop(&d);
	check_held(&h);
	ck_assert_uint_gt(d.done, 0);
}

/* Four slots are filled; the first goes and the last one moves into its place. */
static void come_and_go(struct doer *d)
{
	for (int i = 0; i < 4; i++)
		guest_put(d->fd[i]);
	evset_del(d->s, d->fd[d->done % 4]);
	evset_add(d->s, d->fd[d->done % 4], POLLIN);
}

GUEST_TEST(share, removal_beside_takes, 60,
	   "while slots are taken back, what is taken does not change and has no descriptor twice")
{
	long end = guest_ms() + 1000L * seconds();
	struct doer d = { .once = come_and_go };
	const struct pollfd *ev;
	struct held h = { .n = 0 };
	struct evset s;
	int n;

	shared(&s, 8);
	d.s = &s;
	for (int i = 0; i < 4; i++) {
		d.fd[i] = guest_eventfd();
		evset_add(&s, d.fd[i], POLLIN);
	}
	doer_start(&d);
	while (guest_ms() < end) {
		n = spin_take(&s, &ev, &d.stop, &h);
		hold(&h, ev, n);
		for (int i = 0; i < 4; i++)
			ev_find(ev, n, d.fd[i]);
	}
	doer_stop(&d);
	check_held(&h);
	ck_assert_uint_gt(d.done, 0);
}

#define RING	601

/* Events of one descriptor after the other, never so far that one would merge. */
struct row {
	int fd[RING];
	unsigned long put, got;
	int stop;
};

static void *put_in_a_row(void *arg)
{
	struct row *r = arg;

	while (!__atomic_load_n(&r->stop, __ATOMIC_ACQUIRE)) {
		if (r->put - __atomic_load_n(&r->got, __ATOMIC_ACQUIRE) >= RING / 2)
			continue;
		guest_put(r->fd[r->put % RING]);
		__atomic_store_n(&r->put, r->put + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

GUEST_TEST(share, in_their_order, 60,
	   "each event is in its slot before it is counted: takes have them all, in their order, and nothing old")
{
	long end = guest_ms() + 1000L * seconds();
	static struct row r;
	const struct pollfd *ev;
	pthread_t thread;
	struct evset s;
	int n;

	guest_nofile(RING + 100);
	shared(&s, RING);
	for (int i = 0; i < RING; i++) {
		r.fd[i] = guest_eventfd();
		evset_add(&s, r.fd[i], POLLIN);
	}
	thread = guest_thread(put_in_a_row, &r);
	do {
		n = spin_take(&s, &ev, &r.stop, NULL);
		for (int i = 0; i < n; i++, __atomic_store_n(&r.got, r.got + 1, __ATOMIC_RELEASE))
			if (ev[i].fd != r.fd[r.got % RING] || ev[i].revents != POLLIN)
				ck_abort_msg("event %lu, slot %d of %d: fd %d %#x, not fd %d",
					     r.got, i, n, ev[i].fd, ev[i].revents,
					     r.fd[r.got % RING]);
		if (guest_ms() >= end)
			__atomic_store_n(&r.stop, 1, __ATOMIC_RELEASE);
	} while (!r.stop);
	guest_join(thread);
	while ((n = evset_take(&s, &ev)) > 0)
		r.got += (unsigned long)n;
	ck_assert_uint_eq(r.got, r.put);
	ck_assert_uint_gt(r.got, 0);
}

/*
 * Those who spoil the page
 */

static void scribble(struct doer *d)
{
	struct ep_control *c = d->s->control;
	unsigned int r = (unsigned int)rand_r(&d->seed);

	switch (r % 8) {
	case 0:
		memset(c, (int)(r >> 8), EP_CONTROL_SIZE);
		break;
	case 1:
		c->word = (unsigned int)rand_r(&d->seed) << 16 ^ r;
		break;
	case 2:
		__atomic_fetch_xor(&c->word, EP_WORD_HALF, __ATOMIC_RELAXED);
		break;
	case 3:
		__atomic_fetch_xor(&c->word, EP_WORD_BUSY, __ATOMIC_RELAXED);
		break;
	case 4:
		__atomic_fetch_add(&c->word, 1, __ATOMIC_RELAXED);
		break;
	case 5:
		c->settled[r >> 8 & 1] = r;
		break;
	case 6:
		c->ask = r >> 8 & 1;
		break;
	default:
		/* A take that nobody asked for. */
		__atomic_exchange_n(&c->word, ~c->word & EP_WORD_HALF, __ATOMIC_RELAXED);
	}
}

/* All that makes the kernel look at the word. */
static void whatever(struct doer *d)
{
	struct evpoll evp = { .ep_timeout = 0 };
	unsigned int r = (unsigned int)rand_r(&d->seed);
	int fd = d->fd[r >> 8 & 7];

	switch (r % 8) {
	case 0:
		evset_del(d->s, fd);
		break;
	case 1:
		evset_add(d->s, fd, POLLIN | POLLOUT);
		break;
	case 2:
		evset_add(d->s, fd, POLLIN);
		break;
	case 3:
		ioctl(d->s->fd, EP_POLL, &evp);
		break;
	case 4:
		guest_poll(d->s->fd, POLLIN);
		break;
	default:
		guest_put(fd);
		guest_drain(fd);
	}
}

/* A set that one scribbles over while two others use it. */
struct victim {
	struct evset s;
	struct doer d[3];
};

static void victim_start(struct victim *v)
{
	shared(&v->s, 8);
	for (int i = 0; i < 8; i++) {
		v->d[0].fd[i] = guest_eventfd();
		evset_add(&v->s, v->d[0].fd[i], POLLIN | POLLOUT);
	}
	for (int i = 0; i < 3; i++) {
		v->d[i].s = &v->s;
		v->d[i].seed = (unsigned int)i + 1;
		memcpy(v->d[i].fd, v->d[0].fd, sizeof(v->d[0].fd));
		v->d[i].once = i ? whatever : scribble;
		doer_start(&v->d[i]);
	}
}

static void victim_stop(struct victim *v)
{
	for (int i = 0; i < 3; i++)
		doer_stop(&v->d[i]);
}

GUEST_TEST(share, scribbler, 90,
	   "a thread that scribbles over the page harms that set alone: another one has all its events, and this one works on")
{
	long end = guest_ms() + 1000L * seconds();
	static struct victim v;
	struct evset s;
	int fd = guest_eventfd();

	victim_start(&v);
	shared(&s, 8);
	evset_add(&s, fd, POLLIN);
	while (guest_ms() < end) {
		guest_put(fd);
		GUEST_RETURNS(evset_take(&s, NULL), 1);
		GUEST_RETURNS(evset_take(&s, NULL), 0);
	}
	victim_stop(&v);
	/* Honest again: what is pending may be anything, then all is as ever. */
	v.s.control->ask = 0;
	for (int i = 0; i < 8; i++)
		evset_del(&v.s, v.d[0].fd[i]);
	ioctl(v.s.fd, EP_POLL, &(struct evpoll){ .ep_timeout = 0 });
	evset_add(&v.s, fd, POLLIN);
	for (int i = 0; i < 10; i++) {
		guest_put(fd);
		GUEST_RETURNS(evset_take(&v.s, NULL), 1);
		GUEST_RETURNS(evset_take(&v.s, NULL), 0);
	}
}

GUEST_TEST(share, killed_scribbler, 60,
	   "a program that dies in the midst of it leaves a set that works for who has it too")
{
	struct evpoll evp = { .ep_timeout = 0 };
	int fd = guest_eventfd(), c[2], status;
	struct evset s;
	pid_t pid;

	for (int round = 0; round < 3; round++) {
		s.fd = guest_device();
		s.max = 8;
		s.control = NULL;
		GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 8), 0);
		evset_map(&s);
		GUEST_RETURNS(s.control ? 0 : ioctl(s.fd, EP_SHARE, 0), 0);
		ck_assert(pipe(c) == 0);
		pid = guest_fork();
		if (!pid) {
			static struct victim v;

			v.s = s;
			v.s.control = mmap(NULL, EP_CONTROL_SIZE, PROT_READ | PROT_WRITE,
					   MAP_SHARED, s.fd, EP_CONTROL_OFFSET);
			ck_assert(v.s.control != MAP_FAILED);
			for (int i = 0; i < 8; i++) {
				v.d[0].fd[i] = guest_eventfd();
				evset_add(&s, v.d[0].fd[i], POLLIN | POLLOUT);
			}
			for (int i = 0; i < 2; i++) {
				v.d[i].s = &v.s;
				v.d[i].seed = (unsigned int)(i + round);
				memcpy(v.d[i].fd, v.d[0].fd, sizeof(v.d[0].fd));
				v.d[i].once = i ? whatever : scribble;
				doer_start(&v.d[i]);
			}
			guest_put(c[1]);
			pause();
		}
		ck_assert(read(c[0], &(char){ 0 }, 1) == 1);
		usleep(100000);
		kill(pid, SIGKILL);
		ck_assert(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
		/* Its files went with it. */
		ioctl(s.fd, EP_POLL, &evp);
		evset_add(&s, fd, POLLIN);
		guest_put(fd);
		GUEST_RETURNS(ioctl(s.fd, EP_POLL, &evp), 1);
		ck_assert_int_eq(((struct pollfd *)(s.map + evp.ep_resoff))->fd, fd);
		GUEST_RETURNS(ioctl(s.fd, EP_POLL, &evp), 0);
		close(s.fd);
	}
}

static void take(struct doer *d)
{
	evset_take(d->s, NULL);
}

GUEST_TEST(share, two_consumers, 60,
	   "two threads that take at once may lose or double their own events, and that is all")
{
	long end = guest_ms() + 500L * seconds();
	struct doer d[2] = { { .once = take }, { .once = take } };
	struct evset s;
	int fd[8];

	shared(&s, 8);
	for (int i = 0; i < 8; i++) {
		fd[i] = guest_eventfd();
		evset_add(&s, fd[i], POLLIN | POLLOUT);
	}
	for (int i = 0; i < 2; i++) {
		d[i].s = &s;
		doer_start(&d[i]);
	}
	while (guest_ms() < end)
		for (int i = 0; i < 8; i++) {
			guest_put(fd[i]);
			guest_drain(fd[i]);
		}
	for (int i = 0; i < 2; i++)
		doer_stop(&d[i]);
	while (evset_take(&s, NULL) > 0)
		;
	for (int i = 0; i < 8; i++)
		guest_put(fd[i]);
	GUEST_RETURNS(evset_take(&s, NULL), 8);
	GUEST_RETURNS(evset_take(&s, NULL), 0);
}
