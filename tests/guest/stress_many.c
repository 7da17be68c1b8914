// SPDX-License-Identifier: GPL-2.0-only
/*
 * stress_many.c - many files, many instances, many hang-ups, many rounds
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "told.h"
#include "tokens.h"

static bool stop;

static bool go_on(void)
{
	return !__atomic_load_n(&stop, __ATOMIC_RELAXED);
}

/* Any number of descriptors, with a byte now and then. */
struct fire {
	int fd[64];
	int n;
	pthread_t thread;
};

static void *fire(void *arg)
{
	struct fire *f = arg;
	char c = 'x';
	int i;

	while (go_on())
		for (i = 0; i < f->n; i++)
			if (write(f->fd[i], &c, 1) < 0 && errno != EAGAIN)
				return NULL;
	return NULL;
}

GUEST_TEST(stress, instances_come_and_go, 300,
	   "instances are opened, harvested and closed while their sources fire")
{
	static struct fire f;
	struct evset s;
	int p[64][2], i, n;
	long end, rounds = 0;

	for (i = 0; i < 64; i++) {
		guest_pipe(p[i]);
		f.fd[i] = p[i][1];
	}
	f.n = 64;
	f.thread = guest_thread(fire, &f);
	end = guest_ms() + 1000L * stress_seconds();
	while (guest_ms() < end) {
		evset_open(&s, 64);
		for (i = 0; i < 64; i++) {
			guest_drain(p[i][0]);
			evset_add(&s, p[i][0], POLL_ALL | POLLPRI);
		}
		n = evset_wait(&s, GUEST_WAIT_MS, NULL);
		ck_assert_msg(n > 0, "round %ld: the sources fire, EP_POLL has %d",
			      rounds, n);
		evset_close(&s);
		rounds++;
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	guest_join(f.thread);
	evset_open(&s, 8);
	GUEST_RETURNS(evset_info(&s, "user-watches"), 0);
}

GUEST_TEST(stress, many_instances_one_file, 300,
	   "each of 64 instances on one file is told of each byte, while others come and go")
{
	enum { INSTANCES = 64 };
	struct evset s[INSTANCES], guest;
	int p[2], i, round;

	guest_pipe(p);
	for (i = 0; i < INSTANCES; i++) {
		evset_open(&s[i], 8);
		evset_add(&s[i], p[0], POLLIN);
	}
	for (round = 0; round < 50; round++) {
		evset_open(&guest, 8);
		evset_add(&guest, p[0], POLLIN);
		evset_del(&s[round], p[0]);
		guest_put(p[1]);
		for (i = 0; i < INSTANCES; i++)
			if (i == round)
				evset_none(&s[i]);
			else
				evset_expect(&s[i], p[0], POLLIN);
		evset_expect(&guest, p[0], POLLIN);
		evset_close(&guest);
		evset_add(&s[round], p[0], POLLIN);
	}
	close(p[0]);
	for (i = 0; i < INSTANCES; i++)
		GUEST_RETURNS(evset_info(&s[i], "items"), 0);
}

GUEST_TEST(stress, thousands, 300,
	   "ten thousand files in one set: each event is told, half close, the rest goes on")
{
	enum { FILES = 10000 };
	static bool waits[FILES + 256];
	const struct pollfd *ev;
	struct evset s;
	static int fd[FILES];
	int i, n, left, round;

	guest_nofile(FILES + 256);
	evset_open(&s, FILES);
	for (i = 0; i < FILES; i++) {
		fd[i] = guest_eventfd();
		ck_assert_int_lt(fd[i], FILES + 256);
		evset_add(&s, fd[i], POLLIN);
	}
	for (round = 0; round < 2; round++) {
		for (left = i = 0; i < FILES; i += 1 + round) {
			guest_put(fd[i]);
			waits[fd[i]] = true;
			left++;
		}
		while (left > 0) {
			n = evset_wait(&s, GUEST_WAIT_MS, &ev);
			ck_assert_msg(n > 0, "%d files not told, then %d", left, n);
			for (i = 0; i < n; i++, left--) {
				if (!waits[ev[i].fd])
					ck_abort_msg("fd %d was told twice",
						     ev[i].fd);
				waits[ev[i].fd] = false;
			}
		}
		for (i = 1; i < FILES && !round; i += 2)
			close(fd[i]);
	}
	GUEST_RETURNS(evset_info(&s, "items"), FILES / 2);
}

/* Closes what it is handed. */
static void *closer(void *arg)
{
	int *from = arg, fd;

	while (read(*from, &fd, sizeof(fd)) == sizeof(fd))
		close(fd);
	return NULL;
}

static void hang_up_later(const struct evset *s, int to, bool tcp)
{
	int sv[2];

	if (tcp)
		guest_tcp(sv);
	else
		guest_unix(sv);
	evset_add(s, sv[0], POLLHUP | POLLRDHUP);
	if (write(to, &sv[1], sizeof(sv[1])) != sizeof(sv[1]))
		ck_abort_msg("pipe to the closer: %s", strerror(errno));
}

GUEST_TEST(stress, hangups, 300,
	   "a stream of connections that another thread closes: each hang-up is told")
{
	enum { AT_ONCE = 32 };
	const struct pollfd *ev;
	struct evset s;
	int to[2], i, n, open = 0;
	pthread_t t;
	long end;

	evset_open(&s, 64);
	ck_assert(pipe(to) == 0);
	t = guest_thread(closer, &to[0]);
	end = guest_ms() + 1000L * stress_seconds();
	while (guest_ms() < end || open) {
		for (; open < AT_ONCE && guest_ms() < end; open++)
			hang_up_later(&s, to[1], open % 4 == 0);
		n = evset_wait(&s, GUEST_WAIT_MS, &ev);
		ck_assert_msg(n > 0, "%d of the last connections have hung up, EP_POLL has %d",
			      open, n);
		for (i = 0; i < n; i++, open--)
			close(ev[i].fd);
	}
	close(to[1]);
	guest_join(t);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
}

GUEST_TEST(stress, timers, 300,
	   "timers armed again at each event, from hard irq: none is ever lost")
{
	enum { TIMERS = 32 };
	const struct pollfd *ev;
	struct itimerspec t = { .it_value.tv_nsec = 1 };
	unsigned int seed = 51;
	struct evset s;
	uint64_t count;
	long end;
	int fd[TIMERS], i, n, armed = TIMERS;

	evset_open(&s, TIMERS);
	for (i = 0; i < TIMERS; i++) {
		fd[i] = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
		evset_add(&s, fd[i], POLLIN);
	}
	for (i = 0; i < TIMERS; i++)
		ck_assert(timerfd_settime(fd[i], 0, &t, NULL) == 0);
	end = guest_ms() + 1000L * stress_seconds();
	while (armed) {
		n = evset_wait(&s, GUEST_WAIT_MS, &ev);
		ck_assert_msg(n > 0, "%d timers are armed, EP_POLL has %d", armed, n);
		for (i = 0; i < n; i++) {
			if (read(ev[i].fd, &count, sizeof(count)) != sizeof(count))
				ck_abort_msg("fd %d was told, but has not expired",
					     ev[i].fd);
			t.it_value.tv_nsec = 1 + (long)(stress_random(&seed) % 3000000);
			if (guest_ms() < end)
				timerfd_settime(ev[i].fd, 0, &t, NULL);
			else
				armed--;
		}
	}
}

GUEST_TEST(stress, nested, 300,
	   "traffic through an inner instance: the outer one is told whenever it holds events")
{
	static struct fire f;
	const struct pollfd *ev;
	struct evset in, out;
	int p[16][2], i, n;
	long end;

	evset_open(&in, 16);
	evset_open(&out, 8);
	evset_add(&out, in.fd, POLLIN);
	for (i = 0; i < 16; i++) {
		guest_pipe(p[i]);
		f.fd[i] = p[i][1];
		evset_add(&in, p[i][0], POLLIN);
	}
	f.n = 16;
	f.thread = guest_thread(fire, &f);
	end = guest_ms() + 1000L * stress_seconds();
	while (guest_ms() < end) {
		n = evset_wait(&out, GUEST_WAIT_MS, &ev);
		ck_assert_msg(n == 1 && ev->fd == in.fd,
			      "the inner sources fire, the outer EP_POLL has %d", n);
		n = evset_wait(&in, 0, &ev);
		for (i = 0; i < n; i++)
			guest_drain(ev[i].fd);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	guest_join(f.thread);
}

/* Memory that the kernel cannot get back, in kB. */
static long unreclaimable(void)
{
	static const char *const part[] = {
		"SUnreclaim:", "VmallocUsed:", "PageTables:", "Percpu:",
	};
	char line[128];
	long sum = 0;
	size_t i;
	FILE *f = fopen("/proc/meminfo", "re");

	ck_assert(f);
	while (fgets(line, sizeof(line), f))
		for (i = 0; i < sizeof(part) / sizeof(*part); i++)
			if (!strncmp(line, part[i], strlen(part[i])))
				sum += atol(line + strlen(part[i]));
	fclose(f);
	return sum;
}

/* Kernel pages belong to no line of meminfo: what is free tells. */
static long used(void)
{
	char line[128];
	long kb = 0;
	FILE *f = fopen("/proc/meminfo", "re");

	ck_assert(f);
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "MemAvailable:", 13))
			kb = atol(line + 13);
	fclose(f);
	return -kb;
}

enum { ROUND_FILES = 600 };

/* All ways an item, an instance and a mapping can end. */
static void all_endings(int round)
{
	static int fd[ROUND_FILES];
	struct evset s, outer;
	int i;

	evset_open(&s, 64 * ROUND_FILES);
	evset_open(&outer, 8);
	evset_add(&outer, s.fd, POLLIN);
	for (i = 0; i < ROUND_FILES; i += 2) {
		int p[2];

		if (i % 4)
			guest_pipe(p);
		else
			guest_unix(p);
		fd[i] = p[0];
		fd[i + 1] = p[1];
	}
	for (i = 0; i < ROUND_FILES; i++)
		evset_add(&s, fd[i], POLL_MOST);
	for (i = 0; i < ROUND_FILES; i += 2)
		guest_put(fd[i + 1]);
	ck_assert_int_gt(evset_wait(&s, GUEST_WAIT_MS, NULL), 0);
	for (i = 0; i < ROUND_FILES / 3; i++)
		evset_del(&s, fd[i]);
	for (; i < 2 * ROUND_FILES / 3; i++)
		close(fd[i]);
	if (round & 1)
		evset_close(&outer);
	evset_close(&s);
	for (i = 0; i < ROUND_FILES / 3; i++)
		close(fd[i]);
	for (i = 2 * ROUND_FILES / 3; i < ROUND_FILES; i++)
		close(fd[i]);
	if (!(round & 1))
		evset_close(&outer);
}

struct memory {
	long slab, used;
	long slab_more, used_more;
};

/* A leak of one item in ten, or of one round's pages in ten, would be more. */
static bool no_more_than(void *arg)
{
	struct memory *m = arg;

	m->slab_more = unreclaimable() - m->slab;
	m->used_more = used() - m->used;
	return m->slab_more < 1500 && m->used_more < 2500;
}

GUEST_TEST(stress, no_growth, 300,
	   "fifty rounds of all the ways to end leave no memory behind")
{
	struct memory m = { 0 };
	struct evset s;
	int i;

	if (guest_slow())
		GUEST_SKIP("KASAN keeps what was freed; kmemleak is the judge here");
	guest_nofile(ROUND_FILES + 128);
	for (i = 0; i < 10; i++)
		all_endings(i);
	m.slab = unreclaimable();
	m.used = used();
	for (i = 0; i < 50; i++)
		all_endings(i);
	/* What RCU frees comes later. */
	guest_until(no_more_than, &m, "memory to come back");
	evset_open(&s, 8);
	GUEST_RETURNS(evset_info(&s, "user-watches"), 0);
}
