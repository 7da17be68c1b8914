// SPDX-License-Identifier: GPL-2.0-only
/*
 * costs.c - suite costs: loops of /dev/epoll whose length a program chooses
 *
 * Each line of "Costs" in NOTES.md is a row here, and a test that eight times the
 * size costs no more than ten times as much (growth.h).  Where a loop can be ended
 * by SIGKILL, a test counts the steps that it still takes.
 *
 * With COSTS_FIGURES in its environment the test "figures" measures each row at
 * 1000 and at its largest size, and prints a table.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "growth.h"
#include "guest.h"
#include "stage.h"

enum { LARGEST = MAX_FDS_IN_EVENTPOLL, CHUNK = 4096 };

/* Numbers of one file, so that what is measured is not the cache of files. */
struct numbers {
	int *fd;
	struct pollfd *rec;
	long n;
};

static struct numbers numbers_of(int fd, long n)
{
	struct numbers m = { malloc(n * sizeof(int)), calloc(n, sizeof(*m.rec)), n };

	ck_assert(m.fd && m.rec);
	for (long i = 0; i < n; i++) {
		m.fd[i] = dup(fd);
		ck_assert_msg(m.fd[i] >= 0, "dup: %s", strerror(errno));
		m.rec[i] = (struct pollfd){ .fd = m.fd[i], .events = POLLIN };
	}
	return m;
}

static void numbers_close(struct numbers *m)
{
	for (long i = 0; i < m->n; i++)
		close(m->fd[i]);
	free(m->fd);
	free(m->rec);
}

static void write_all(const struct evset *s, struct numbers *m, int events)
{
	for (long i = 0; i < m->n; i++)
		m->rec[i].events = events;
	for (long i = 0; i < m->n; i += CHUNK) {
		size_t size = 8 * (m->n - i < CHUNK ? m->n - i : CHUNK);

		GUEST_RETURNS(write(s->fd, m->rec + i, size), size);
	}
}

/* A set that watches n numbers of a file. */
static struct numbers set_of(struct evset *s, int fd, long n)
{
	struct numbers m = numbers_of(fd, n);

	evset_open(s, n);
	write_all(s, &m, POLLIN);
	return m;
}

static void cost_add(long n)
{
	int e = guest_eventfd();
	struct numbers m = numbers_of(e, n);
	struct evset s;

	evset_open(&s, n);
	growth_begin();
	write_all(&s, &m, POLLIN);
	growth_end();
	evset_close(&s);
	numbers_close(&m);
	close(e);
}

static void cost_change(long n)
{
	int e = guest_eventfd();
	struct evset s;
	struct numbers m = set_of(&s, e, n);

	growth_begin();
	write_all(&s, &m, POLLOUT);
	growth_end();
	evset_close(&s);
	numbers_close(&m);
	close(e);
}

static void cost_remove(long n)
{
	int e = guest_eventfd();
	struct evset s;
	struct numbers m = set_of(&s, e, n);

	growth_begin();
	write_all(&s, &m, POLLREMOVE);
	growth_end();
	evset_close(&s);
	numbers_close(&m);
	close(e);
}

static void cost_free(long n)
{
	int e = guest_eventfd();
	struct evset s;
	struct numbers m = set_of(&s, e, n);

	evset_unmap(&s);
	growth_begin();
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
	growth_end();
	close(s.fd);
	numbers_close(&m);
	close(e);
}

static void cost_close_set(long n)
{
	int e = guest_eventfd();
	struct evset s;
	struct numbers m = set_of(&s, e, n);

	evset_unmap(&s);
	growth_begin();
	close(s.fd);
	growth_end();
	numbers_close(&m);
	close(e);
}

/* The last close of one file, which each number watches. */
static void cost_close_file(long n)
{
	int e = guest_eventfd();
	struct evset s;
	struct numbers m = set_of(&s, e, n);

	close(e);
	for (long i = 1; i < n; i++)
		close(m.fd[i]);
	growth_begin();
	close(m.fd[0]);
	growth_end();
	GUEST_RETURNS(evset_info(&s, "items"), 0);
	evset_close(&s);
	free(m.fd);
	free(m.rec);
}

static void cost_event(long n)
{
	int e = guest_eventfd();
	struct evset s;
	struct numbers m = set_of(&s, e, n);

	growth_begin();
	guest_put(e);
	growth_end();
	GUEST_RETURNS(evset_wait(&s, 0, NULL), n);
	evset_close(&s);
	numbers_close(&m);
	close(e);
}

static void cost_ask(long n)
{
	struct stage st;
	struct numbers m;
	struct evset s;

	stage_open(&st);
	m = set_of(&s, st.fd, n);
	stage_wake(&st, 0);
	growth_begin();
	GUEST_RETURNS(evset_wait(&s, 0, NULL), 0);
	growth_end();
	evset_close(&s);
	numbers_close(&m);
	close(st.fd);
	close(st.ctl);
}

/* One more link of a set that n numbers of another set watch. */
static void cost_nest(long n)
{
	struct evset s, inner, outer;
	struct numbers m;

	evset_open(&s, 8);
	evset_open(&inner, 8);
	m = set_of(&outer, s.fd, n);
	growth_begin();
	evset_add(&s, inner.fd, POLLIN);
	growth_end();
	evset_close(&outer);
	numbers_close(&m);
	evset_close(&s);
	evset_close(&inner);
}

static void cost_alloc(long n)
{
	struct evset s = { .fd = guest_device(), .max = n };

	growth_begin();
	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, n), 0);
	evset_map(&s);
	evset_unmap(&s);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
	growth_end();
	close(s.fd);
}

static const struct row {
	const char *name;
	growth_cost_t cost;
	long n;
	long largest;
} rows[] = {
	{ "add", cost_add, 1000, LARGEST },
	{ "change", cost_change, 1000, LARGEST },
	{ "remove", cost_remove, 1000, LARGEST },
	{ "free", cost_free, 1000, LARGEST },
	{ "close_set", cost_close_set, 1000, LARGEST },
	{ "close_file", cost_close_file, 1000, LARGEST },
	{ "event", cost_event, 4000, LARGEST },
	{ "ask", cost_ask, 1000, LARGEST },
	{ "nest", cost_nest, 1000, LARGEST },
	{ "alloc", cost_alloc, LARGEST / 8, LARGEST },
};

static const struct row *row_of(const char *name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	ck_abort_msg("no row '%s'", name);
}

static void no_limits(void)
{
	guest_nofile(LARGEST + 1000);
	guest_param_set("dev_epoll", "max_user_watches", "1048576");
}

static void linear(const char *name)
{
	const struct row *r = row_of(name);

	no_limits();
	growth_linear(r->n, r->cost);
}

#define LINEAR(name, text)						\
	GUEST_TEST(costs, name, 120, text ": 8 times the size, 10 times the cost at most") \
	{								\
		linear(#name);						\
	}								\
	struct guest_test

/* What the tests below would say of a loop in a loop. */
static void loop_in_a_loop(long n)
{
	growth_begin();
	for (volatile long i = 0; i < n; i++)
		for (volatile long j = 0; j < n; j++)
			;
	growth_end();
}

GUEST_TEST(costs, loop_in_a_loop, 60,
	   "a loop in a loop is told from a loop")
{
	ck_assert_int_gt(growth_tenths(300, loop_in_a_loop), 2 * GROWTH_MOST);
}

LINEAR(add, "write() that adds, with the growth of the hash");
LINEAR(change, "write() that changes masks");
LINEAR(remove, "write() that removes, all of them numbers of one file");
LINEAR(free, "EP_FREE of a set");
LINEAR(close_set, "the close of a set");
LINEAR(close_file, "the last close of a file, by the numbers that watch it");
LINEAR(event, "one event, by the numbers that watch its file");
LINEAR(ask, "EP_POLL, by the files that it has to ask");
LINEAR(nest, "a record that links two sets, by the links above");
LINEAR(alloc, "EP_ALLOC, mmap, munmap and EP_FREE");

GUEST_TEST(costs, figures, 3000, "prints what each row costs, where COSTS_FIGURES asks for it")
{
	if (!getenv("COSTS_FIGURES"))
		GUEST_SKIP("COSTS_FIGURES is not set");
	no_limits();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		long long small = growth_least(1000, rows[i].cost, 3);
		long long large = growth_least(rows[i].largest, rows[i].cost, 2);

		fprintf(stderr, "costs: %-16s 1000: %8lld us   %ld: %8lld us\n",
			rows[i].name, small / 1000, rows[i].largest, large / 1000);
	}
}

static void killed(pid_t pid)
{
	int status;

	ck_assert(waitpid(pid, &status, 0) == pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

GUEST_TEST(costs, write_killed, 90,
	   "after SIGKILL write() carries out 32 records at most, of however many there are")
{
	enum { N = 4000 };
	struct numbers m;
	struct evset s;
	struct stage st;
	pid_t pid;

	guest_nofile(N + 100);
	evset_open(&s, N);
	stage_open(&st);
	m = numbers_of(guest_eventfd(), N);
	/* Where the writer is when it is killed. */
	m.rec[0].fd = st.fd;
	stage_hold(&st, true);
	pid = guest_fork();
	if (!pid) {
		write(s.fd, m.rec, N * sizeof(*m.rec));
		_exit(1);
	}
	stage_until_held(&st, 1);
	ck_assert(kill(pid, SIGKILL) == 0);
	stage_hold(&st, false);
	killed(pid);
	ck_assert_int_ge(evset_info(&s, "items"), 1);
	ck_assert_int_le(evset_info(&s, "items"), 32);
}

GUEST_TEST(costs, asks_killed, 90,
	   "after SIGKILL EP_POLL asks no further file")
{
	enum { N = 1000 };
	struct stage st;
	struct evset s;
	int polls;
	pid_t pid;

	guest_nofile(N + 100);
	stage_open(&st);
	set_of(&s, st.fd, N);
	stage_hold(&st, true);
	stage_wake(&st, 0);
	pid = guest_fork();
	if (!pid) {
		evset_wait(&s, -1, NULL);
		_exit(1);
	}
	stage_until_held(&st, 1);
	polls = stage_polls(&st);
	ck_assert(kill(pid, SIGKILL) == 0);
	stage_hold(&st, false);
	killed(pid);
	ck_assert_int_le(stage_polls(&st), polls + 1);
}
