// SPDX-License-Identifier: GPL-2.0-only
/*
 * mess.c - workload "mess": removed and added under fire, and every token accounted for
 *
 * After totalmess (2003).  No figure, but a test.  Writers send tokens into pipes at
 * random.  A waiter that is told of a pipe takes it out of the queue, adds it again,
 * reads what is there, and sends it on at random, until so many were sent on.  Pipes are
 * removed and added while they are written to, told and, by several waiters, removed.
 *
 * A design without initial states tells nothing of what came before an add; so that a
 * pipe is always read after it was added, and until it is empty.
 *
 * In the end every token that was written must have been read: if nothing is read for
 * long while some are on their way, an event was lost.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "queue.h"
#include "threads.h"

/* A wait; as many of them without a token read are a loss. */
#define NAP_MS 100
#define NAPS 100

enum { WAITERS, WRITERS, PIPES, TOKENS, PASSES };

static const struct workload workload;

/**
 * struct mess - pipes, and who makes a mess of them
 * @all: the pipes
 * @q: the queue, of the waiter 0
 * @joined: of each other waiter
 * @tokens: of each writer
 * @passes: how many are sent on yet; below 0 when all are
 * @writing: writers that have not ended
 * @sent: tokens written, or about to be
 * @done: tokens read, and sent on if they were to be
 * @why: what went wrong
 */
struct mess {
	struct sources all;
	struct evq *q;
	struct evq **joined;
	long tokens;
	long passes;
	long writing;
	long sent;
	long done;
	const char *why;
};

static long load(const long *at)
{
	return __atomic_load_n(at, __ATOMIC_SEQ_CST);
}

static bool failed(struct mess *m)
{
	return __atomic_load_n(&m->why, __ATOMIC_RELAXED);
}

/* To anywhere; a pipe that is full is passed by. */
static void send_one(struct mess *m, unsigned int *seed)
{
	__atomic_add_fetch(&m->sent, 1, __ATOMIC_SEQ_CST);
	while (!failed(m)) {
		long i = rand_r(seed) % m->all.n;

		if (write(m->all.s[i].feed, "t", 1) == 1)
			return;
		if (errno != EAGAIN)
			fail_with(&m->why, "a token could not be written");
		sched_yield();
	}
}

static void writer(void *arg, long i)
{
	struct mess *m = arg;
	unsigned int seed = (unsigned int)i + 1;

	for (long n = 0; n < m->tokens && !failed(m); n++)
		send_one(m, &seed);
	__atomic_sub_fetch(&m->writing, 1, __ATOMIC_SEQ_CST);
}

/* Another waiter may be at the same pipe: its removal may come between. */
static int renew(struct evq *q, int fd)
{
	int err;

	if (evq_del(q, fd))
		return -1;
	do
		err = evq_add(q, fd, POLLIN);
	while (err && errno == ENOENT);
	return err;
}

static void serve(struct mess *m, struct evq *q, int fd, unsigned int *seed)
{
	char buf[64];
	ssize_t n;

	if (renew(q, fd))
		fail_with(&m->why, strerror(errno));
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			if (__atomic_sub_fetch(&m->passes, 1, __ATOMIC_RELAXED) >= 0)
				send_one(m, seed);
		__atomic_add_fetch(&m->done, n, __ATOMIC_SEQ_CST);
	}
}

/* No writer is left, and nothing is on its way. */
static bool is_over(struct mess *m)
{
	return failed(m) || (!load(&m->writing) && load(&m->done) == load(&m->sent));
}

static void waiter(void *arg, long i)
{
	struct mess *m = arg;
	struct evq *q = i ? m->joined[i] : m->q;
	unsigned int seed = ~(unsigned int)i;
	long seen = -1, naps = 0;

	while (!is_over(m)) {
		int n = queue_wait(q, NAP_MS);

		if (n < 0)
			fail_with(&m->why, strerror(errno));
		for (int j = 0; j < n; j++)
			serve(m, q, evq_get_fd(q, j), &seed);
		naps = load(&m->done) == seen ? naps + !n : 0;
		seen = load(&m->done);
		if (naps == NAPS)
			fail_with(&m->why, "a token was not told");
	}
}

static void waiter_behind(void *arg, long i)
{
	waiter(arg, i + 1);
}

static bool loses(const char *design)
{
	static const char *const losing[] = {
#define LOSES(id, NUMBER, name)	name,
#include "designs.def"
	};

	for (size_t i = 0; i < sizeof(losing) / sizeof(losing[0]); i++)
		if (!strcmp(losing[i], design))
			return true;
	return false;
}

static const char *open_queue(struct mess *m, const char *design, long waiters)
{
	const char *why = queue_open(&m->q, design, m->all.n);

	if (!why && loses(design))
		why = "it loses an event now and then, as its original did";

	if (!why && waiters > 1 && !(evq_design(m->q)->flags & EVQ_THREADS))
		why = "one thread at a time may use it";
	for (long i = 1; i < waiters && !why; i++) {
		m->joined[i] = evq_join(m->q, (int)(m->all.n / 5 + 1));
		if (!m->joined[i])
			why = strerror(errno);
	}
	return why ? why : queue_watch(m->q, &m->all);
}

static void make_mess(struct mess *m, const struct point *at)
{
	struct threads waiters, writers;

	m->passes = at->value[PASSES];
	m->writing = at->value[WRITERS];
	m->sent = m->done = 0;
	/* Who opened a queue is one of them: some designs ask for that. */
	threads_make(&waiters, at->value[WAITERS] - 1, waiter_behind, m);
	threads_make(&writers, at->value[WRITERS], writer, m);
	threads_go(&writers);
	threads_go(&waiters);
	waiter(m, 0);
	threads_end(&writers);
	threads_end(&waiters);
	for (long i = 0; i < m->all.n && !m->why; i++) {
		char token;

		if (read(m->all.s[i].watched, &token, 1) > 0)
			m->why = "there are more tokens than were written";
	}
}

static void run_design(void *arg, const struct options *opt, struct point at)
{
	struct mess *m = arg;
	struct samples s = { 0 };
	const char *why;

	(void)opt;
	progress("mess, %ld waiters, %s", at.value[WAITERS], at.design);
	m->why = NULL;
	m->joined = calloc((size_t)at.value[WAITERS], sizeof(*m->joined));
	if (!m->joined)
		die("out of memory");
	why = open_queue(m, at.design, at.value[WAITERS]);
	if (why) {
		result_na(&at, why);
	} else {
		make_mess(m, &at);
		samples_add(&s, (double)m->done);
		result_add_in(&at, "tokens", "tokens", &s, m->why);
	}
	samples_free(&s);
	for (long i = 0; i < at.value[WAITERS]; i++)
		evq_close(m->joined[i]);
	free(m->joined);
	evq_close(m->q);
	sources_flush(&m->all);
}

static void run_point(const struct options *opt, struct point at)
{
	struct mess m = { .tokens = at.value[TOKENS] };
	const char *why = sources_open(&m.all, SOURCES_PIPE, at.value[PIPES]);

	each_design(opt, at, why, run_design, &m);
	sources_close(&m.all);
}

static int run(const struct options *opt)
{
	struct point at = { .workload = &workload };

	for_each_value(opt, &at, WAITERS)
		for_each_value(opt, &at, WRITERS)
			for_each_value(opt, &at, PIPES)
				for_each_value(opt, &at, TOKENS)
					for_each_value(opt, &at, PASSES)
						run_point(opt, at);
	return 0;
}

static const struct preset presets[] = {
	{ "totalmess-2003", "its defaults, with an end",
	  { [WAITERS] = "2", [WRITERS] = "1", [PIPES] = "100", [TOKENS] = "1",
	    [PASSES] = "1000000" },
	  .scaled = PASSES, .divisor = 1000, .needs = { 1024, 900 } },
	{ 0 }
};

static const struct workload workload = {
	.name = "mess",
	.about = "no figure: pipes are removed and added under fire, no token gets lost",
	.params = {
		[WAITERS] = { "waiters", "threads that wait, remove and add", NULL, 1, 1000,
			      .full = "1,2", .quick = "1,2" },
		[WRITERS] = { "writers", "threads that write besides", NULL, 1, 1000,
			      .full = "2", .quick = "2" },
		[PIPES] = { "pipes", "how many there are", NULL, 1, 100000,
			    .full = "20", .quick = "20" },
		[TOKENS] = { "tokens", "of each writer", NULL, 1, 1000000,
			     .full = "200", .quick = "200" },
		[PASSES] = { "passes", "how often one is sent on", NULL, 0, 1000000000,
			     .full = "2000", .quick = "2000" },
	},
	.presets = presets,
	.full = { .memory = 1024, .seconds = 300 },
	.no_figure = true,
	.run = run,
};
WORKLOAD(workload);
