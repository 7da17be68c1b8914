// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_close_race.c - closing while other threads do something with the same
 *
 * The removal of an item has three doors: epoll_ctl(), the last close of the
 * watched file, and the last close of the instance.  Any two may be passed at
 * the same moment, and an instance may be the watched file, too.  The kernel
 * got this wrong several times: a poll of a file whose last reference was gone
 * (CVE-2024-38580), an instance freed under its own mutex (CVE-2025-38349), a
 * watched instance freed while its watcher was closed (CVE-2026-46242).
 *
 * Each test here makes the same few objects many times, and lets threads pull
 * at them at the same moment.  What it can see is that nothing is left behind
 * or taken too much; that no memory was touched after its end is for the
 * kernel's own checkers, whose reports fail a test.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>

#include "behave.h"

#define CREW	3

/*
 * A crew: one thread for each action, the test's own for the first, and all of
 * them begin each round at the same moment, as far as two processors can.
 */
struct crew {
	void (*act[CREW])(void *arg);
	void *arg;
	int n;
	int round;		/* the threads begin when it grows */
	int busy;		/* threads that are not done with it */
	bool end;
};

struct sailor {
	struct crew *crew;
	int nr;
};

/*
 * Another thread does its part in microseconds, or, where the machine has fewer
 * processors than the guest believes, when this one sleeps.
 */
static void wait_a_little(int *spins)
{
	struct timespec t = { 0, 20000 };

	if (++*spins < 200)
		sched_yield();
	else
		nanosleep(&t, NULL);
}

/* A little later in each round, each action at its own pace. */
static void act(struct crew *c, int nr, int round)
{
	static const int pace[CREW] = { 7, 11, 13 };

	for (volatile int i = round * pace[nr] % 97; i > 0; i--)
		;
	c->act[nr](c->arg);
}

static void *sail(void *arg)
{
	struct sailor *s = arg;
	struct crew *c = s->crew;

	for (int round = 1;; round++) {
		int spins = 0;

		while (__atomic_load_n(&c->round, __ATOMIC_ACQUIRE) < round)
			wait_a_little(&spins);
		if (c->end)
			return NULL;
		act(c, s->nr, round);
		__atomic_fetch_sub(&c->busy, 1, __ATOMIC_ACQ_REL);
	}
}

/* A busy machine makes fewer rounds, but some; so does a second run, by epoll-run. */
#define ROUNDS		1000
#define FEW_ROUNDS	50
#define LONG_MS		(getenv("EPOLL_RUN_DESIGN") ? 1000 : 3000)

/* @before and @after are called between the rounds; either may be NULL. */
static void crew_sail(struct crew *c, void (*before)(void *),
		      void (*after)(void *))
{
	long end = guest_ms() + LONG_MS;
	struct sailor s[CREW];
	pthread_t thread[CREW];

	while (c->n < CREW && c->act[c->n])
		c->n++;
	for (int i = 1; i < c->n; i++) {
		s[i] = (struct sailor){ c, i };
		thread[i] = guest_thread(sail, &s[i]);
	}
	for (int round = 1; round <= ROUNDS; round++) {
		int spins = 0;

		if (round > FEW_ROUNDS && guest_ms() > end)
			break;
		if (before)
			before(c->arg);
		c->busy = c->n - 1;
		__atomic_store_n(&c->round, round, __ATOMIC_RELEASE);
		act(c, 0, round);
		while (__atomic_load_n(&c->busy, __ATOMIC_ACQUIRE))
			wait_a_little(&spins);
		if (after)
			after(c->arg);
	}
	c->end = true;
	__atomic_fetch_add(&c->round, 1, __ATOMIC_ACQ_REL);
	for (int i = 1; i < c->n; i++)
		guest_join(thread[i]);
}

/* The things that are pulled at; each test uses some. */
struct things {
	int p[2];		/* a pipe, p[0] is watched */
	int a, b, c;		/* instances */
	int ctl;		/* what a call said: 0 or -errno */
};

static void close_file(void *arg)
{
	close(((struct things *)arg)->p[0]);
}

static void close_writer(void *arg)
{
	close(((struct things *)arg)->p[1]);
}

static void close_a(void *arg)
{
	close(((struct things *)arg)->a);
}

static void close_b(void *arg)
{
	close(((struct things *)arg)->b);
}

static void close_c(void *arg)
{
	close(((struct things *)arg)->c);
}

static void wait_a(void *arg)
{
	struct epoll_event ev[4];

	behave_wait(((struct things *)arg)->a, ev, 4, 0);
}

static void write_byte(void *arg)
{
	/* The reading end may be gone. */
	(void)!write(((struct things *)arg)->p[1], "x", 1);
}

static void del_file(void *arg)
{
	struct things *t = arg;

	t->ctl = behave_set(t->a, EPOLL_CTL_DEL, t->p[0], 0) ? -errno : 0;
}

static void add_file(void *arg)
{
	struct things *t = arg;

	t->ctl = behave_set(t->a, EPOLL_CTL_ADD, t->p[0], EPOLLIN) ? -errno : 0;
}

static void mod_file(void *arg)
{
	struct things *t = arg;

	t->ctl = behave_set(t->a, EPOLL_CTL_MOD, t->p[0], EPOLLIN | EPOLLET) ?
		 -errno : 0;
}

static void add_b_to_a(void *arg)
{
	struct things *t = arg;

	t->ctl = behave_set(t->a, EPOLL_CTL_ADD, t->b, EPOLLIN) ? -errno : 0;
}

static void poll_a(void *arg)
{
	struct pollfd p = { .fd = ((struct things *)arg)->a, .events = POLLIN };

	poll(&p, 1, 0);
}

/* Done, or too late: nothing else may come of a race with a close. */
static void late_or_done(int ctl)
{
	ck_assert_msg(ctl == 0 || ctl == -EBADF || ctl == -ENOENT,
		      "a call that raced with a close: %s", strerror(-ctl));
}

/* b watches the pipe, a watches b. */
static void make_nest(void *arg)
{
	struct things *t = arg;

	guest_pipe(t->p);
	t->a = behave_create();
	t->b = behave_create();
	behave_add(t->b, t->p[0], EPOLLIN);
	behave_add(t->a, t->b, EPOLLIN);
	guest_put(t->p[1]);
}

static void lose_pipe(void *arg)
{
	struct things *t = arg;

	close(t->p[0]);
	close(t->p[1]);
}

BEHAVE_TEST(race_close_watcher_and_watched, 120, BEHAVE_EPOLL,
	    "an instance and the one that watches it are closed at the same moment (CVE-2026-46242)")
{
	struct things t;
	struct crew c = { .act = { close_a, close_b }, .arg = &t };

	crew_sail(&c, make_nest, lose_pipe);
}

static void make_empty_nest(void *arg)
{
	struct things *t = arg;

	t->a = behave_create();
	t->b = behave_create();
	behave_add(t->a, t->b, EPOLLIN);
}

BEHAVE_TEST(race_close_watcher_and_empty, 120, BEHAVE_EPOLL,
	    "the same with nothing in the watched instance, so that both are freed at once")
{
	struct things t;
	struct crew c = { .act = { close_a, close_b }, .arg = &t };

	crew_sail(&c, make_empty_nest, NULL);
}

/* Many watchers, which are closed by one thread while the other closes b. */
#define WATCHERS 8

struct crowd {
	struct things t;
	int ep[WATCHERS];
};

static void make_crowd(void *arg)
{
	struct crowd *c = arg;

	c->t.b = behave_create();
	for (int i = 0; i < WATCHERS; i++) {
		c->ep[i] = behave_create();
		behave_add(c->ep[i], c->t.b, EPOLLIN);
	}
}

static void close_crowd(void *arg)
{
	struct crowd *c = arg;

	for (int i = 0; i < WATCHERS; i++)
		close(c->ep[i]);
}

BEHAVE_TEST(race_close_watchers_and_watched, 120, BEHAVE_EPOLL,
	    "eight watchers of one instance are closed while it is closed itself")
{
	struct crowd d;
	struct crew c = { .act = { close_crowd, close_b }, .arg = &d };

	/* close_b() takes the first member. */
	ck_assert(offsetof(struct crowd, t) == 0);
	crew_sail(&c, make_crowd, NULL);
}

static void make_tower(void *arg)
{
	struct things *t = arg;

	t->a = behave_create();
	t->b = behave_create();
	t->c = behave_create();
	behave_add(t->b, t->c, EPOLLIN);
	behave_add(t->a, t->b, EPOLLIN);
}

BEHAVE_TEST(race_close_tower, 120, BEHAVE_EPOLL,
	    "three instances, one in the other, are closed by three threads at the same moment")
{
	struct things t;
	struct crew c = { .act = { close_a, close_b, close_c }, .arg = &t };

	crew_sail(&c, make_tower, NULL);
}

static void make_watch(void *arg)
{
	struct things *t = arg;

	guest_pipe(t->p);
	t->a = behave_create();
	behave_add(t->a, t->p[0], EPOLLIN);
	guest_put(t->p[1]);
}

static void check_del(void *arg)
{
	struct things *t = arg;

	late_or_done(t->ctl);
	close(t->p[1]);
}

BEHAVE_TEST(race_close_file_instance_del, 120, BEHAVE_EPOLL,
	    "the three doors at once: the file is closed, the instance is closed, the item is removed")
{
	struct things t;
	struct crew c = { .act = { close_file, close_a, del_file }, .arg = &t };

	crew_sail(&c, make_watch, check_del);
}

/* a and b watch the same pipe. */
static void make_two(void *arg)
{
	struct things *t = arg;

	make_watch(arg);
	t->b = behave_create();
	behave_add(t->b, t->p[0], EPOLLIN | EPOLLET);
}

static void lose_writer(void *arg)
{
	close(((struct things *)arg)->p[1]);
}

BEHAVE_TEST(race_close_file_two_instances, 120, BEHAVE_EPOLL,
	    "a file and both instances that watch it are closed at the same moment")
{
	struct things t;
	struct crew c = { .act = { close_file, close_a, close_b }, .arg = &t };

	crew_sail(&c, make_two, lose_writer);
}

static void file_left_nothing(void *arg)
{
	struct things *t = arg;

	late_or_done(t->ctl);
	behave_until_empty(t->a);
	behave_none(t->a);
	close(t->a);
	close(t->p[1]);
}

BEHAVE_TEST(race_close_file_and_del, 120, BEHAVE_EPOLL,
	    "a file is closed while its item is removed and its event taken: nothing is left")
{
	struct things t;
	struct crew c = { .act = { close_file, del_file, wait_a }, .arg = &t };

	crew_sail(&c, make_watch, file_left_nothing);
}

BEHAVE_TEST(race_close_file_and_mod, 120, BEHAVE_EPOLL,
	    "a file is closed while its mask is changed and its peer writes: nothing is left")
{
	struct things t;
	struct crew c = { .act = { close_file, mod_file, write_byte }, .arg = &t };

	crew_sail(&c, make_watch, file_left_nothing);
}

static void make_unwatched(void *arg)
{
	struct things *t = arg;

	guest_pipe(t->p);
	t->a = behave_create();
	guest_put(t->p[1]);
}

BEHAVE_TEST(race_close_file_and_add, 120, BEHAVE_EPOLL,
	    "a file is closed while it is added: either there was no file, or the item went with it")
{
	struct things t;
	struct crew c = { .act = { close_file, add_file }, .arg = &t };

	crew_sail(&c, make_unwatched, file_left_nothing);
}

static void check_add(void *arg)
{
	struct things *t = arg;

	late_or_done(t->ctl);
	lose_pipe(arg);
}

BEHAVE_TEST(race_close_instance_and_add, 120, BEHAVE_EPOLL,
	    "an instance is closed while a file is added to it and is written to")
{
	struct things t;
	struct crew c = { .act = { close_a, add_file, write_byte }, .arg = &t };

	crew_sail(&c, make_unwatched, check_add);
}

static void make_apart(void *arg)
{
	struct things *t = arg;

	t->a = behave_create();
	t->b = behave_create();
}

static void close_both(void *arg)
{
	struct things *t = arg;

	late_or_done(t->ctl);
	close(t->a);
}

BEHAVE_TEST(race_close_instance_being_added, 120, BEHAVE_EPOLL,
	    "an instance is closed while it is added to another one")
{
	struct things t;
	struct crew c = { .act = { close_b, add_b_to_a }, .arg = &t };

	crew_sail(&c, make_apart, close_both);
}

/* The harvest looks at a file that is on its way out (CVE-2024-38580). */
BEHAVE_TEST(race_harvest_a_dying_file, 120, BEHAVE_EPOLL,
	    "a ready file is closed while it is being asked: its event is told or not, and nothing is left")
{
	struct things t;
	struct crew c = { .act = { close_file, wait_a, poll_a }, .arg = &t };

	t.ctl = 0;
	crew_sail(&c, make_watch, file_left_nothing);
}

static void nest_left_nothing(void *arg)
{
	struct things *t = arg;

	behave_until_empty(t->a);
	behave_none(t->a);
	close(t->a);
	lose_pipe(arg);
}

BEHAVE_TEST(race_harvest_a_dying_instance, 120, BEHAVE_EPOLL,
	    "a ready instance is closed while the one that watches it asks it")
{
	struct things t;
	struct crew c = { .act = { close_b, wait_a, poll_a }, .arg = &t };

	crew_sail(&c, make_nest, nest_left_nothing);
}

static void inner_is_empty(void *arg)
{
	struct things *t = arg;

	ck_assert_int_eq(behave_items(t->a), 1);
	behave_until_empty(t->b);
	behave_none(t->a);
	close(t->a);
	close(t->b);
	close(t->p[1]);
}

BEHAVE_TEST(race_harvest_above_a_dying_file, 120, BEHAVE_EPOLL,
	    "a file in an instance in an instance is closed while the outer one is asked")
{
	struct things t;
	struct crew c = { .act = { close_file, wait_a, poll_a }, .arg = &t };

	crew_sail(&c, make_nest, inner_is_empty);
}

BEHAVE_TEST(race_close_both_ends_and_instance, 120, BEHAVE_EPOLL,
	    "the last event of a file, its own close and its instance's come at the same moment")
{
	struct things t;
	struct crew c = {
		.act = { close_file, close_writer, close_a }, .arg = &t,
	};

	crew_sail(&c, make_watch, NULL);
}

/* All watch the pipe, which is ready; b and c take the number of a in turn. */
static void make_heirs(void *arg)
{
	struct things *t = arg;

	make_watch(arg);
	t->b = behave_create();
	t->c = behave_create();
	behave_add(t->b, t->p[0], EPOLLIN);
	behave_add(t->c, t->p[0], EPOLLIN);
}

enum { HEIRS = 8 };

static void replace_a(void *arg)
{
	struct things *t = arg;

	for (int i = 0; i < HEIRS; i++)
		dup3(i & 1 ? t->b : t->c, t->a, O_CLOEXEC);
}

static void mod_a(void *arg)
{
	struct things *t = arg;

	for (int i = 0; i < HEIRS; i++)
		behave_mod(t->a, t->p[0], EPOLLIN);
}

static void expect_of_a(void *arg)
{
	struct things *t = arg;

	for (int i = 0; i < HEIRS; i++)
		behave_expect(t->a, t->p[0], EPOLLIN);
}

static void heirs_are_there(void *arg)
{
	struct things *t = arg;

	behave_del(t->b, t->p[0]);
	behave_none(t->a);
	behave_expect(t->c, t->p[0], EPOLLIN);
	close_a(arg);
	close_b(arg);
	close_c(arg);
	lose_pipe(arg);
}

BEHAVE_TEST(race_replace_instance, 120, BEHAVE_EPOLL,
	    "an instance takes the number of another while that is used: each call finds one or the other")
{
	struct things t;
	struct crew c = {
		.act = { replace_a, expect_of_a, mod_a }, .arg = &t,
	};

	crew_sail(&c, make_heirs, heirs_are_there);
}

/*
 * Each instance gets a second number while the first one is closed: a new one, or
 * that of another instance.
 */
struct doubles {
	struct things t;
	int ep[WATCHERS], other[WATCHERS], second[WATCHERS];
};

static void make_doubles(void *arg)
{
	struct doubles *d = arg;

	guest_pipe(d->t.p);
	guest_put(d->t.p[1]);
	for (int i = 0; i < WATCHERS; i++) {
		d->ep[i] = behave_create();
		d->other[i] = behave_create();
		behave_add(d->ep[i], d->t.p[0], EPOLLIN);
	}
}

static void close_firsts(void *arg)
{
	struct doubles *d = arg;

	for (int i = 0; i < WATCHERS; i++)
		close(d->ep[i]);
}

static void dup_all(void *arg)
{
	struct doubles *d = arg;

	for (int i = 0; i < WATCHERS; i++)
		d->second[i] = dup(d->ep[i]);
}

static void dup_all_over(void *arg)
{
	struct doubles *d = arg;

	for (int i = 0; i < WATCHERS; i++)
		d->second[i] = dup3(d->ep[i], d->other[i], O_CLOEXEC);
}

static void seconds_go_on(void *arg)
{
	struct doubles *d = arg;

	for (int i = 0; i < WATCHERS; i++) {
		if (d->second[i] >= 0)
			behave_expect(d->second[i], d->t.p[0], EPOLLIN);
		if (d->second[i] >= 0 && d->second[i] != d->other[i])
			close(d->second[i]);
		close(d->other[i]);
	}
	lose_pipe(arg);
}

BEHAVE_TEST(race_dup_and_close, 120, BEHAVE_EPOLL,
	    "an instance is closed while a dup of it is made: there is none, or it is the instance")
{
	struct doubles d;
	struct crew c = { .act = { dup_all, close_firsts }, .arg = &d };

	crew_sail(&c, make_doubles, seconds_go_on);
}

BEHAVE_TEST(race_dup_over_and_close, 120, BEHAVE_EPOLL,
	    "the same on the number of another instance")
{
	struct doubles d;
	struct crew c = { .act = { dup_all_over, close_firsts }, .arg = &d };

	crew_sail(&c, make_doubles, seconds_go_on);
}

/* One number, opened, watched and closed again and again under a harvester. */
struct flicker {
	int ep, stop;
};

static void *flicker(void *arg)
{
	struct flicker *f = arg;
	struct epoll_event ev[8];

	while (!__atomic_load_n(&f->stop, __ATOMIC_ACQUIRE))
		ck_assert_int_ge(behave_wait(f->ep, ev, 8, 1), 0);
	return NULL;
}

BEHAVE_TEST(race_reuse_under_a_harvest, 120, BEHAVE_EVERY,
	    "numbers are closed and used again while another thread harvests: each file's event comes, then its end")
{
	struct flicker f = { .ep = behave_create() };
	pthread_t t = guest_thread(flicker, &f);
	int p[2];

	for (int i = 0; i < guest_rounds(3000); i++) {
		guest_pipe(p);
		behave_add(f.ep, p[0], EPOLLIN | EPOLLET);
		guest_put(p[1]);
		close(p[i & 1]);
		close(p[!(i & 1)]);
	}
	__atomic_store_n(&f.stop, 1, __ATOMIC_RELEASE);
	guest_join(t);
	behave_until_empty(f.ep);
	behave_none(f.ep);
}
