// SPDX-License-Identifier: GPL-2.0-only
/*
 * ready.c - workload "ready": what it costs to be told of an event
 *
 * After epwbench and libevent's bench.  M sources are watched; in each round K
 * of them, evenly spread, get a message, the queue is asked until all K were
 * told, and they are drained.  Figures, per event:
 *
 *   notify	the write, less the same write to a source that nobody watches
 *		(this one is the metric "write" of a design "none")
 *   harvest	asking the queue (harvest-call: the same for the whole round)
 *   recheck	level-triggered epoll: what the drained sources cost at the next
 *		asking, beyond a call with nothing to do
 *   tax	the sum: what the design takes to deliver an event
 *
 * A level-triggered epoll keeps what it told in its ready list and polls it
 * again at the next call; a server pays that with every round.
 *
 * The bare writes go to sources of their own, so that they can be measured while the
 * others are watched.  For a write allocates, and what that costs depends on how the
 * free memory lies: from round to round the same, until something else takes from the
 * same slabs, as the items of a set do.  Bare writes from before the set was made told
 * of a notice up to 28 instructions too much or too little.
 *
 * Each round is checked: the K descriptors with POLLIN and no others, none
 * twice, and nothing left after they were drained.  A round with two messages
 * for each comes first, to see that a source with two events is told once.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "queue.h"

#define RUNS 15
#define WARM_UP 3
/* After a pause TCP acknowledges sixteen messages at once, and then with the next one. */
#define WARM_UP_TCP 20
#define MOST_BY_ITSELF 10000
#define M_BESIDE 1000

/* The parameters, in the order of the table at the end. */
enum { SOURCE, M, K };

/* What the lens sees apart.  TOUCH: the program looks at what it was told. */
enum { NOT_COUNTED, BARE, NOTIFY, HARVEST, TOUCH, RECHECK, EMPTY };

static const struct workload workload;

/**
 * struct bench - a round
 * @all: the M sources that are watched, and behind them those that are not
 * @tcp: whether they are connections
 * @m: how many are watched
 * @q: the queue
 * @edge: whether @q tells an event only once
 * @ready_list: whether the kernel keeps what it told, to ask it again
 * @active: the K sources that get a message
 * @others: K that nobody watches, spread in the same way
 * @k: how many
 * @told: by index in @all: the number of the wait that last told it
 * @waits: counts the waits
 * @usual: what the last harvest took
 * @counted: whether this round is more than a warm-up
 * @why: what went wrong, or NULL
 */
struct bench {
	struct sources all;
	bool tcp;
	long m;
	struct evq *q;
	bool edge;
	bool ready_list;
	struct source **active;
	struct source **others;
	long k;
	unsigned long *told;
	unsigned long waits;
	double usual;
	bool counted;
	const char *why;
};

/* The figures of a point. */
struct figures {
	struct samples notify, harvest, recheck, tax, call, empty;
};

static void choose_active(struct bench *b, long k)
{
	const long beside = b->all.n - b->m;

	b->k = k;
	for (long i = 0; i < k; i++) {
		b->active[i] = &b->all.s[i * b->m / k];
		b->others[i] = &b->all.s[b->m + i * beside / k];
	}
}

static unsigned int part(const struct bench *b, unsigned int which)
{
	return b->counted ? which : NOT_COUNTED;
}

static double feed(struct bench *b, struct source **to, unsigned int which)
{
	/* The value 1 for an eventfd, any bytes for the others. */
	static const uint64_t message = 1;
	unsigned int p = part(b, which);
	long done = 0;
	uint64_t start;
	double cost;

	/* A write is two to three thousand instructions. */
	clock_settle(2500.0 * (double)b->k);
	start = clock_ns();
	lens_begin(p);
	for (long i = 0; i < b->k; i++)
		done += write(to[i]->feed, &message, MESSAGE);
	lens_end();
	cost = clock_since(start);
	if (done != b->k * MESSAGE)
		b->why = "a message could not be written";
	return cost;
}

static void drain(struct bench *b, struct source **from)
{
	for (long i = 0; i < b->k; i++)
		if (source_drain(from[i]))
			b->why = "a message could not be read back";
}

/* What a program does first with what it was told; worth counting in lines alone. */
static void touch(struct bench *b, int n)
{
	int sum = 0;

	lens_begin(part(b, TOUCH));
	for (int i = 0; i < n; i++)
		sum += evq_get_fd(b->q, i) + evq_get_revents(b->q, i);
	/* the compiler believes that it matters */
	asm volatile("" : : "r"(sum));
	lens_end();
}

/* Looks at what one wait told; returns how many were not told before. */
static long check(struct bench *b, int n, unsigned long first_wait)
{
	long fresh = 0;

	for (int i = 0; i < n; i++) {
		int fd = evq_get_fd(b->q, i);
		long at = fd >= 0 && fd < b->all.n_fd ? b->all.by_fd[fd] : -1;
		/* Evenly spread: there is one active source for each slice. */
		long slice = at < 0 ? 0 : (at * b->k + b->m - 1) / b->m;

		if (at < 0 || slice >= b->k ||
		    b->active[slice] != &b->all.s[at]) {
			b->why = "told of a source that had no event";
			return fresh;
		}
		if (!(evq_get_revents(b->q, i) & POLLIN))
			b->why = "told of a source without POLLIN";
		if (b->told[at] >= (b->edge ? first_wait : b->waits))
			b->why = "told of an event twice";
		if (b->told[at] < first_wait)
			fresh++;
		b->told[at] = b->waits;
	}
	return fresh;
}

static double harvest(struct bench *b)
{
	unsigned long first_wait = b->waits + 1;
	unsigned int p = part(b, HARVEST);
	double cost = 0;
	int timeout = 0;

	clock_settle(b->usual);
	for (long left = b->k; left && !b->why;) {
		uint64_t start = clock_ns();
		int n;

		lens_begin(p);
		n = evq_wait(b->q, timeout);
		lens_end();
		cost += clock_since(start);
		b->waits++;
		touch(b, n);
		/* Interrupted: see queue_wait(), which is not called where time is taken. */
		if (n < 0 && errno != EINTR)
			b->why = strerror(errno);
		else if (!n && timeout)
			b->why = "an event was not told";
		else if (n > 0)
			left -= check(b, n, first_wait);
		timeout = PATIENCE_MS;
	}
	b->usual = cost;
	return cost;
}

/* Nothing must be left; returns what the question cost. */
static double ask_drained(struct bench *b, unsigned int which)
{
	unsigned int p = part(b, which);
	uint64_t start;
	double cost;
	int n;

	clock_settle(b->usual);
	start = clock_ns();
	lens_begin(p);
	n = evq_wait(b->q, 0);
	lens_end();
	cost = clock_since(start);
	if (n && !b->why)
		b->why = n < 0 ? strerror(errno) :
				 "told of a source that was drained";
	return cost;
}

static void round_watched(struct bench *b, double bare, struct figures *f)
{
	double notify, wait, recheck = 0, empty = 0;

	b->counted = f;
	notify = feed(b, b->active, NOTIFY) - bare;
	wait = harvest(b);
	drain(b, b->active);
	if (!b->why && b->ready_list)
		recheck = ask_drained(b, RECHECK);
	if (!b->why)
		empty = ask_drained(b, EMPTY);
	lens_round();
	if (b->ready_list)
		recheck -= empty;
	if (b->why || !f)
		return;
	samples_add(&f->notify, notify / (double)b->k);
	samples_add(&f->harvest, wait / (double)b->k);
	samples_add(&f->recheck, recheck / (double)b->k);
	samples_add(&f->tax, (notify + wait + recheck) / (double)b->k);
	samples_add(&f->call, wait);
	samples_add(&f->empty, empty);
}

/* Two messages each, and still each source is told once. */
static void check_merging(struct bench *b)
{
	b->counted = false;
	feed(b, b->active, NOTIFY);
	feed(b, b->active, NOTIFY);
	harvest(b);
	sources_flush(&b->all);
	if (!b->why)
		ask_drained(b, EMPTY);
}

/* Large rounds are long enough to be their own average. */
static int runs_for(const struct options *opt, long k)
{
	if (opt->runs)
		return opt->runs;
	return k < 10000 ? RUNS : k < 100000 ? 7 : 3;
}

/* With more than a few there is a pause before each round (clock_settle()). */
static int warm_up_for(const struct bench *b)
{
	if (b->tcp && b->k < 100)
		return WARM_UP_TCP;
	return b->k < 10000 ? WARM_UP : 1;
}

/**
 * struct bare - the same writes to those that nobody watches
 * @cost: the median of a whole round
 * @seen: where the lens has it
 */
struct bare {
	double cost;
	struct lens_part seen;
};

static struct bare measure_bare(struct bench *b, const struct options *opt,
				struct samples *per_event)
{
	struct samples s = { 0 };
	struct bare bare;

	for (int i = -warm_up_for(b); i < runs_for(opt, b->k); i++) {
		double cost;

		b->counted = i >= 0;
		cost = feed(b, b->others, BARE);
		drain(b, b->others);
		lens_round();
		if (i < 0)
			continue;
		samples_add(&s, cost);
		samples_add(per_event, cost / (double)b->k);
	}
	bare.cost = samples_median(&s);
	bare.seen = (struct lens_part){ lens_point(), BARE };
	samples_free(&s);
	return bare;
}

/* The parts of a point, as they are for the clock. */
static void add_seen(const struct bench *b, const struct point *at, struct lens_part bare)
{
	const struct lens_part nothing = { 0, NOT_COUNTED };
	const int point = lens_point();

	if (b->why)
		return;
	lens_add(at, "notify", "event", b->k, (struct lens_part){ point, NOTIFY }, bare);
	lens_add(at, "harvest", "event", b->k, (struct lens_part){ point, HARVEST }, nothing);
	lens_add(at, "touch", "event", b->k, (struct lens_part){ point, TOUCH }, nothing);
	if (b->ready_list)
		lens_add(at, "recheck", "event", b->k, (struct lens_part){ point, RECHECK },
			 (struct lens_part){ point, EMPTY });
}

static void measure_watched(struct bench *b, const struct options *opt,
			    const struct point *at, struct samples *write_cost)
{
	struct figures f = { 0 };
	struct bare bare;

	b->why = NULL;
	/* TCP may deliver the second one while the first is asked for. */
	if (!b->tcp)
		check_merging(b);
	bare = measure_bare(b, opt, write_cost);
	for (int i = -warm_up_for(b); i < runs_for(opt, b->k) && !b->why;
	     i++)
		round_watched(b, bare.cost, i < 0 ? NULL : &f);
	add_seen(b, at, bare.seen);
	result_add(at, "notify", "event", &f.notify, b->why);
	result_add(at, "harvest", "event", &f.harvest, b->why);
	if (b->ready_list)
		result_add(at, "recheck", "event", &f.recheck, b->why);
	result_add(at, "tax", "event", &f.tax, b->why);
	result_add(at, "harvest-call", "call", &f.call, b->why);
	result_add(at, "empty", "call", &f.empty, b->why);
	samples_free(&f.notify);
	samples_free(&f.harvest);
	samples_free(&f.recheck);
	samples_free(&f.tax);
	samples_free(&f.call);
	samples_free(&f.empty);
}

static const char *watch_all(struct bench *b, const char *design)
{
	const char *why = queue_open(&b->q, design, b->m);
	struct sources watched = b->all;
	unsigned int flags;

	if (why)
		return why;
	flags = evq_design(b->q)->flags;
	b->edge = flags & EVQ_EDGE;
	/* What has no descriptor keeps nothing in the kernel between calls. */
	b->ready_list = !b->edge && flags & EVQ_NESTS;
	watched.n = b->m;
	return queue_watch(b->q, &watched);
}

static void measure_design(struct bench *b, const struct options *opt,
			   struct point at, const struct list *k,
			   struct samples *write_cost)
{
	const char *why;

	progress("ready, %s, m=%ld, %s", sources_kind((size_t)at.value[SOURCE]),
		 at.value[M], at.design);
	why = watch_all(b, at.design);
	for (size_t i = 0; i < k->n; i++) {
		at.value[K] = k->v[i];
		if (why) {
			result_na(&at, why);
			continue;
		}
		choose_active(b, k->v[i]);
		measure_watched(b, opt, &at, &write_cost[i]);
		if (b->why)
			sources_flush(&b->all);
	}
	evq_close(b->q);
	b->q = NULL;
}

/* Designs at one M: the sources are made once. */
static void measure_m(const struct options *opt, long source, long m,
		      const struct list *k, const char *const *designs,
		      size_t n_designs)
{
	struct point at = { .workload = &workload,
			    .value = { [SOURCE] = source, [M] = m } };
	struct samples write_cost[MAX_LIST] = { 0 };
	struct bench b = { .tcp = source == SOURCES_TCP, .m = m };
	const char *why;
	long most = 0;

	progress("ready, %s, m=%ld", sources_kind((size_t)source), m);
	for (size_t i = 0; i < k->n; i++)
		most = k->v[i] > most ? k->v[i] : most;
	why = sources_open(&b.all, (size_t)source, m + most);
	b.active = calloc((size_t)most, sizeof(struct source *));
	b.others = calloc((size_t)most, sizeof(struct source *));
	b.told = calloc((size_t)m, sizeof(unsigned long));
	if (!b.active || !b.others || !b.told)
		die("out of memory");
	for (size_t d = 0; d < n_designs; d++) {
		at.design = designs[d];
		if (!why)
			measure_design(&b, opt, at, k, write_cost);
		for (size_t i = 0; i < k->n && why; i++) {
			at.value[K] = k->v[i];
			result_na(&at, why);
		}
	}
	at.design = "none";
	for (size_t i = 0; i < k->n && !why; i++) {
		at.value[K] = k->v[i];
		if (write_cost[i].n)
			result_add(&at, "write", "event", &write_cost[i], NULL);
		samples_free(&write_cost[i]);
	}
	free(b.active);
	free(b.others);
	free(b.told);
	sources_close(&b.all);
}

/*
 * The Ks for an M: those that it has room for; M itself, if none was asked for, and if
 * that does not take longer than all the others.
 */
static struct list choose_k(const struct list *wanted, long m)
{
	struct list k = { 0 };

	for (size_t i = 0; i < wanted->n; i++)
		if (wanted->v[i] <= m)
			k.v[k.n++] = wanted->v[i];
	if (!wanted->given && m <= MOST_BY_ITSELF && (!k.n || k.v[k.n - 1] < m))
		k.v[k.n++] = m;
	return k;
}

/* Of the first kind of file every M is tried, of the others one. */
static bool is_tried(const struct options *opt, size_t source, long m)
{
	return !source || opt->params[SOURCE].given || opt->params[M].given || m == M_BESIDE;
}

/* Two more Ms, to show what an idle item costs. */
static void idle_sweep(const struct options *opt, long source)
{
	static const char *const kinds[] = { "devepoll", "epoll", "ovflist" };
	static const size_t n_kinds = sizeof(kinds) / sizeof(kinds[0]);
	static const long idle_m[] = { 100, 10000 };
	static const struct list idle_k = { .v = { 10 }, .n = 1 };
	const char *chosen[3];
	size_t n = 0;

	for (size_t i = 0; i < opt->n_designs; i++)
		for (size_t j = 0; j < n_kinds; j++)
			if (!strcmp(opt->designs[i], kinds[j]) && n < n_kinds)
				chosen[n++] = kinds[j];
	for (size_t i = 0; i < 2 && n; i++)
		measure_m(opt, source, idle_m[i], &idle_k, chosen, n);
}

static int run(const struct options *opt)
{
	const struct list *source = &opt->params[SOURCE], *m = &opt->params[M];
	const struct list *k = &opt->params[K];
	size_t points = 0;

	for (size_t s = 0; s < source->n; s++) {
		for (size_t i = 0; i < m->n; i++) {
			struct list fit = choose_k(k, m->v[i]);

			points += fit.n;
			if (fit.n && is_tried(opt, s, m->v[i]))
				measure_m(opt, source->v[s], m->v[i], &fit,
					  opt->designs, opt->n_designs);
		}
		if (opt->quick && !m->given && !k->given)
			idle_sweep(opt, source->v[s]);
	}
	if (!points) {
		fputs("evbench: every --k is larger than every --m\n", stderr);
		return -1;
	}
	return 0;
}

static const struct workload workload = {
	.name = "ready",
	.about = "K of M sources become ready: the delivery tax per event",
	.params = {
		[SOURCE] = { "source", "kinds of files", .word = sources_kind,
			     .full = "unix,tcp,pipe", .quick = "unix" },
		[M] = { "m", "sources that are watched", NULL, 1, 10000000,
			.full = "100,1000,10000,100000", .quick = "1000" },
		[K] = { "k", "sources that become ready in a round, of those",
			NULL, 1, 10000000,
			.full = "1,10,100,1000,10000",
			.quick = "1,10,100,1000" },
	},
	.full = { .memory = 3072, .seconds = 7200 },
	.quick = { .memory = 1024, .seconds = 900 },
	.run = run,
};
WORKLOAD(workload);
