// SPDX-License-Identifier: GPL-2.0-only
/*
 * native.c - the ready stores on this machine's real CPUs
 *
 * An emulated CPU cannot show two CPUs at one lock; here threads of a program post to
 * the module's very stores (native_core.h).  What it is not: there is no scheduler, no
 * wait queue, no file, and another lock than the kernel's.  So only ratios of one run
 * mean something, and only of what the stores themselves do.
 *
 *	producers  T writers, a counter each; one consumer, level-triggered: stress-epoll,
 *		   2018.  Figure: writes that were delivered.
 *	oneshot	   T waiters that take one event and arm it again, T writers that go round
 *		   ten counters: eponeshotmt, 2013.  Figure: waits.
 *
 * Every run is checked: what was written is read, or its event was lost.  With --check
 * the writers of "producers" stop now and then until all is read, so that an event has
 * none behind it that would make up for it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/compiler.h>
#include <linux/processor.h>

#include "native_core.h"

#define MOST_THREADS	256
#define MOST_POINTS	16
#define MOST_RUNS	101
#define AT_ONCE		64
#define ONESHOT_ITEMS	10
#define LOST_MS		5000

static const struct ep_store *const stores[] = {
#define STORE(id, NUMBER, name, about)	&ep_store_##id,
#define JUDGE(id)
#define DEVICE(id)
#define OTHER(id)
#include "designs.def"
};

#define N_STORES	((int)(sizeof(stores) / sizeof(stores[0])))

/*
 * Those whose originals lose an event; their heads say how.  A level-triggered item is
 * looked at once more after it was told, and what comes at the end of that look is lost
 * by the first two; by the third for want of a barrier, where no look has one by itself.
 */
static const char *const losing[] = { "singlepass", "wfcqueue", "llist" };

struct round {
	struct native ep;
	int threads;
	int stop;	/* for those who write, and those who wait one by one */
	int quiet;	/* nobody writes any more */
	pthread_barrier_t start;
};

struct worker {
	pthread_t thread;
	struct round *round;
	int number;
	unsigned long done;
	unsigned long lost;
};

/**
 * struct contest - one of the two
 * @name: for --workloads
 * @about: the line above its table
 * @kind: of its items
 * @n_items: how many with so many threads
 * @with: threads in all with so many
 * @run: one round of @ms; returns the figure, events; what was lost to *@lost
 * @published: what the literature says, for the table's foot
 */
struct contest {
	const char *name;
	const char *about;
	enum native_kind kind;
	int (*n_items)(int threads);
	int (*with)(int threads);
	unsigned long (*run)(struct round *r, int ms, unsigned long *lost);
	const char *published;
};

static struct {
	int ms, runs, edge;
	int points[MOST_POINTS], n_points;
	bool wanted[N_STORES];
	bool check, drop;
	FILE *json;
} opt = { .ms = 200, .runs = 7 };

__attribute__((noreturn, format(printf, 1, 2)))
static void die(const char *fmt, ...)
{
	va_list ap;

	fputs("native: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

/* ---- threads ---- */

static cpu_set_t cpus;

static int n_cpus(void)
{
	return CPU_COUNT(&cpus);
}

/* The thread with this number gets a CPU of its own, while there are any. */
static void pin(int number)
{
	int cpu, left = number % n_cpus();
	cpu_set_t one;

	for (cpu = 0; !CPU_ISSET(cpu, &cpus) || left--; cpu++)
		;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
}

static bool running(struct round *r)
{
	return !READ_ONCE(r->stop);
}

static void start(struct worker *w, struct round *r, int number, void *(*fn)(void *))
{
	int err;

	*w = (struct worker){ .round = r, .number = number };
	err = pthread_create(&w->thread, NULL, fn, w);
	if (err)
		die("thread %d: %s", number, strerror(err));
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void sleep_ms(int ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL);
}

/* What is left when all is quiet was written, and nobody was told. */
static unsigned long lost_of(struct native *ep)
{
	unsigned long lost = 0;
	int i;

	for (i = 0; i < ep->n_items; i++)
		lost += native_read(&ep->items[i]);
	return lost;
}

/* ---- producers ---- */

static int one_each(int threads)
{
	return threads;
}

static int and_a_consumer(int threads)
{
	return threads + 1;
}

/* Return: false if nobody came to read it, for far longer than a transfer takes. */
static bool is_read(const struct epitem *item)
{
	double begun = now_ms();

	while (READ_ONCE(item->count)) {
		if (now_ms() - begun > LOST_MS)
			return false;
		sched_yield();
	}
	return true;
}

/* After one, two and three more. */
static bool pause_after(unsigned long n)
{
	return n % 6 == 0 || n % 6 == 1 || n % 6 == 3;
}

static void *produce(void *arg)
{
	struct worker *w = arg;
	struct round *r = w->round;
	struct epitem *item = &r->ep.items[w->number];

	pin(1 + w->number);
	pthread_barrier_wait(&r->start);
	while (running(r)) {
		native_write(&r->ep, item);
		w->done++;
		if (opt.check && pause_after(w->done) && !is_read(item))
			w->lost++;
	}
	return NULL;
}

static unsigned long consume(struct native *ep)
{
	struct epoll_event out[AT_ONCE];
	unsigned long sum = 0;
	int i, n = native_wait(ep, out, AT_ONCE);

	for (i = 0; i < n; i++)
		sum += native_read(out[i].data.ptr);
	if (!n)
		cpu_relax();
	return sum;
}

static void *consume_all(void *arg)
{
	struct worker *w = arg;

	pin(0);
	pthread_barrier_wait(&w->round->start);
	while (!READ_ONCE(w->round->quiet))
		w->done += consume(&w->round->ep);
	return NULL;
}

static unsigned long run_producers(struct round *r, int ms, unsigned long *lost)
{
	struct worker consumer, w[MOST_THREADS];
	unsigned long written = 0, in_time, more, stuck = 0;
	int i;

	start(&consumer, r, 0, consume_all);
	for (i = 0; i < r->threads; i++)
		start(&w[i], r, i, produce);
	pthread_barrier_wait(&r->start);
	sleep_ms(ms);
	WRITE_ONCE(r->stop, true);
	for (i = 0; i < r->threads; i++) {
		pthread_join(w[i].thread, NULL);
		written += w[i].done;
		stuck += w[i].lost;
	}
	WRITE_ONCE(r->quiet, true);
	pthread_join(consumer.thread, NULL);
	in_time = consumer.done;
	/* The second look at a level-triggered item finds nothing. */
	while ((more = consume(&r->ep)) || r->ep.store->pending(&r->ep.ready))
		consumer.done += more;
	*lost = lost_of(&r->ep);
	if (consumer.done + *lost != written)
		die("%s: %lu written, but %lu read and %lu lost: this is a fault of native",
		    r->ep.store->name, written, consumer.done, *lost);
	*lost += stuck;
	return in_time;
}

/* ---- oneshot ---- */

static int ten(int threads)
{
	(void)threads;
	return ONESHOT_ITEMS;
}

static int twice(int threads)
{
	return 2 * threads;
}

static void *go_round(void *arg)
{
	struct worker *w = arg;
	struct round *r = w->round;
	int i = w->number;

	pin(r->threads + w->number);
	pthread_barrier_wait(&r->start);
	for (; running(r); i++) {
		native_write(&r->ep, &r->ep.items[i % r->ep.n_items]);
		w->done++;
	}
	return NULL;
}

/* One wait.  Return: what was read. */
static unsigned long take_one(struct native *ep, unsigned long *waits)
{
	struct epoll_event ev;
	unsigned long sum;

	if (!native_wait(ep, &ev, 1)) {
		cpu_relax();
		return 0;
	}
	sum = native_read(ev.data.ptr);
	native_rearm(ep, ev.data.ptr);
	++*waits;
	return sum;
}

struct waiter {
	struct worker worker;
	unsigned long waits;
};

static void *wait_one(void *arg)
{
	struct waiter *w = arg;

	pin(w->worker.number);
	pthread_barrier_wait(&w->worker.round->start);
	while (running(w->worker.round))
		w->worker.done += take_one(&w->worker.round->ep, &w->waits);
	return NULL;
}

static unsigned long run_oneshot(struct round *r, int ms, unsigned long *lost)
{
	unsigned long written = 0, got = 0, waits = 0, late = 0, more;
	struct waiter waiter[MOST_THREADS];
	struct worker w[MOST_THREADS];
	int i;

	for (i = 0; i < r->threads; i++) {
		waiter[i].waits = 0;
		start(&waiter[i].worker, r, i, wait_one);
		start(&w[i], r, i, go_round);
	}
	pthread_barrier_wait(&r->start);
	sleep_ms(ms);
	WRITE_ONCE(r->stop, true);
	for (i = 0; i < r->threads; i++) {
		pthread_join(w[i].thread, NULL);
		pthread_join(waiter[i].worker.thread, NULL);
		written += w[i].done;
		got += waiter[i].worker.done;
		waits += waiter[i].waits;
	}
	while ((more = take_one(&r->ep, &late)) || r->ep.store->pending(&r->ep.ready))
		got += more;
	*lost = lost_of(&r->ep);
	if (got + *lost != written)
		die("%s: %lu written, but %lu read and %lu lost: this is a fault of native",
		    r->ep.store->name, written, got, *lost);
	return waits;
}

static const struct contest contests[] = {
	{
		.name = "producers",
		.about = "T writers, one consumer, level-triggered: writes delivered a ms",
		.kind = NATIVE_LEVEL,
		.n_items = one_each, .with = and_a_consumer, .run = run_producers,
		.published =
		"published, of the kernel on other machines, T = 8, 16, 32 (64, 128):\n"
		"  rwlock to ovflist   1.57 1.73 1.79 (2018); 1.45 1.62 1.43 1.86 1.96 (2025)\n"
		"  llist to rwlock     2.85 3.57 4.60 3.90 3.42 (2025)\n",
	}, {
		.name = "oneshot",
		.about = "T waiters for one event each, armed again, and T writers: waits a ms",
		.kind = NATIVE_ONESHOT,
		.n_items = ten, .with = twice, .run = run_oneshot,
		.published =
		"published, of the kernel on another machine, T = 4:\n"
		"  wfcqueue to ovflist 1.92 (2013)\n",
	},
};

#define N_CONTESTS	((int)(sizeof(contests) / sizeof(contests[0])))

/* ---- runs and tables ---- */

static bool may_lose(const struct ep_store *store)
{
	size_t i;

	for (i = 0; i < sizeof(losing) / sizeof(losing[0]); i++)
		if (!strcmp(losing[i], store->name))
			return true;
	return false;
}

static double one_run(const struct contest *c, const struct ep_store *store, int threads,
		      unsigned long *lost)
{
	struct round r = { .threads = threads };
	unsigned long n;
	double begun;

	native_open(&r.ep, store, c->n_items(threads),
		    opt.edge && c->kind == NATIVE_LEVEL ? NATIVE_EDGE : c->kind);
	r.ep.drop = opt.drop;
	pthread_barrier_init(&r.start, NULL, c->with(threads) + 1);
	begun = now_ms();
	n = c->run(&r, opt.ms, lost);
	begun = now_ms() - begun;
	pthread_barrier_destroy(&r.start);
	native_close(&r.ep);
	if (!n && !opt.check)
		die("%s, %s, %d threads: nothing was told in %d ms",
		    c->name, store->name, threads, opt.ms);
	return n / begun;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

struct cell {
	double run[MOST_RUNS];
	unsigned long lost;
};

static struct cell cells[MOST_POINTS][N_STORES];

/* Of each run the quotient by what ovflist had in the same one, and the median of these. */
static double ratio_of(int p, int s)
{
	double q[MOST_RUNS];
	int i;

	for (i = 0; i < opt.runs; i++)
		q[i] = cells[p][s].run[i] / cells[p][0].run[i];
	qsort(q, opt.runs, sizeof(*q), by_size);
	return q[opt.runs / 2];
}

static void tell(const struct contest *c, int p, int s)
{
	struct cell *cell = &cells[p][s];
	double *sorted, ratio = ratio_of(p, s);
	double copy[MOST_RUNS];

	sorted = memcpy(copy, cell->run, sizeof(copy));
	qsort(sorted, opt.runs, sizeof(*sorted), by_size);
	printf("%3d%c  %-14s %9.0f  %9.0f .. %-9.0f %5.2f", opt.points[p],
	       c->with(opt.points[p]) > n_cpus() ? '*' : ' ', stores[s]->name,
	       sorted[opt.runs / 2], sorted[0], sorted[opt.runs - 1], ratio);
	if (cell->lost)
		printf("  %lu lost", cell->lost);
	putchar('\n');
	if (opt.json)
		fprintf(opt.json,
			"{\"workload\":\"native-%s\",\"design\":\"%s\",\"threads\":%d,\"cpus\":%d,"
			"\"runs\":%d,\"per_ms\":%.1f,\"least\":%.1f,\"most\":%.1f,\"ratio\":%.3f,"
			"\"lost\":%lu}\n",
			c->name, stores[s]->name, opt.points[p], n_cpus(), opt.runs,
			sorted[opt.runs / 2], sorted[0], sorted[opt.runs - 1], ratio, cell->lost);
}

/* Return: no store lost what it should not. */
static bool hold(const struct contest *c)
{
	int p, s, i;
	bool ok = true;

	memset(cells, 0, sizeof(cells));
	/* One after the other in each run, so that a disturbance hits all alike. */
	for (i = 0; i < opt.runs; i++)
		for (p = 0; p < opt.n_points; p++)
			for (s = 0; s < N_STORES; s++) {
				struct cell *cell = &cells[p][s];
				unsigned long lost;

				if (!opt.wanted[s])
					continue;
				cell->run[i] = one_run(c, stores[s], opt.points[p], &lost);
				cell->lost += lost;
				if (lost && !may_lose(stores[s])) {
					fprintf(stderr, "native: %s, %s, %d threads: %lu lost\n",
						c->name, stores[s]->name, opt.points[p], lost);
					ok = false;
				} else if (lost && opt.check) {
					printf("%s, %s: %lu lost, as its original does\n",
					       c->name, stores[s]->name, lost);
				}
			}
	if (opt.check)
		return ok;
	printf("%s: %s\n", c->name, c->about);
	printf("  T  store             median      least .. most     ratio to ovflist\n");
	for (p = 0; p < opt.n_points; p++)
		for (s = 0; s < N_STORES; s++)
			if (opt.wanted[s])
				tell(c, p, s);
	printf("%s\n", c->published);
	return ok;
}

/* ---- options ---- */

static void usage_of_names(const char *what, const char *got)
{
	int i;

	fprintf(stderr, "native: no %s '%s': one of", what, got);
	if (!strcmp(what, "workload"))
		for (i = 0; i < N_CONTESTS; i++)
			fprintf(stderr, " %s", contests[i].name);
	else
		for (i = 0; i < N_STORES; i++)
			fprintf(stderr, " %s", stores[i]->name);
	fputc('\n', stderr);
	exit(2);
}

static int number(const char *option, const char *word, int least, int most)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(word, &end, 10);
	if (errno || end == word || *end || n < least || n > most)
		die("%s wants a number from %d to %d, not '%s'", option, least, most, word);
	return n;
}

/* ovflist is what all are compared with. */
static void want_stores(char *list)
{
	char *word;
	int s;

	memset(opt.wanted, 0, sizeof(opt.wanted));
	opt.wanted[0] = true;
	while ((word = strsep(&list, ","))) {
		for (s = 0; s < N_STORES && strcmp(stores[s]->name, word); s++)
			;
		if (s == N_STORES)
			usage_of_names("store", word);
		opt.wanted[s] = true;
	}
}

static void want_points(char *list)
{
	char *word;

	for (opt.n_points = 0; (word = strsep(&list, ",")); ) {
		if (opt.n_points == MOST_POINTS)
			die("--threads takes %d numbers at most", MOST_POINTS);
		opt.points[opt.n_points++] = number("--threads", word, 1, MOST_THREADS);
	}
}

/* 1, 2, 4 and so on, and as many as have a CPU each. */
static void usual_points(const struct contest *c)
{
	int t, most = 1;

	while (c->with(most + 1) <= n_cpus() && most < MOST_THREADS)
		most++;
	opt.n_points = 0;
	for (t = 1; t < most; t *= 2)
		opt.points[opt.n_points++] = t;
	opt.points[opt.n_points++] = most;
}

static bool named(const char *list, const char *name)
{
	size_t n = strlen(name);
	const char *at;

	for (at = list; (at = strstr(at, name)); at += n)
		if ((at == list || at[-1] == ',') && (!at[n] || at[n] == ','))
			return true;
	return false;
}

static void known_workloads(const char *list)
{
	char *copy = strdup(list), *rest = copy, *word;
	int i;

	while ((word = strsep(&rest, ","))) {
		for (i = 0; i < N_CONTESTS && strcmp(contests[i].name, word); i++)
			;
		if (i == N_CONTESTS)
			usage_of_names("workload", word);
	}
	free(copy);
}

static const char usage[] =
"usage: native [--workloads producers,oneshot] [--designs a,b,..] [--threads 1,2,..]\n"
"              [--runs N] [--ms N] [--edge] [--check] [--json FILE]\n"
"              [--plant-drop]\n";

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "workloads", required_argument, NULL, 'w' },
		{ "designs", required_argument, NULL, 'd' },
		{ "threads", required_argument, NULL, 't' },
		{ "runs", required_argument, NULL, 'r' },
		{ "ms", required_argument, NULL, 'm' },
		{ "edge", no_argument, NULL, 'e' },
		{ "check", no_argument, NULL, 'c' },
		{ "plant-drop", no_argument, NULL, 'p' },
		{ "json", required_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char *workloads = NULL;
	bool points = false, ok = true;
	int o, i;

	for (i = 0; i < N_STORES; i++)
		opt.wanted[i] = true;
	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'w':
			workloads = optarg;
			known_workloads(workloads);
			break;
		case 'd':
			want_stores(optarg);
			break;
		case 't':
			want_points(optarg);
			points = true;
			break;
		case 'r':
			opt.runs = number("--runs", optarg, 1, MOST_RUNS);
			break;
		case 'm':
			opt.ms = number("--ms", optarg, 1, 60000);
			break;
		case 'e':
			opt.edge = true;
			break;
		case 'c':
			opt.check = true;
			break;
		case 'p':
			opt.drop = true;
			break;
		case 'j':
			opt.json = fopen(optarg, "a");
			if (!opt.json)
				die("%s: %s", optarg, strerror(errno));
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind < argc)
		die("what is '%s'? native --help lists the options", argv[optind]);
	sched_getaffinity(0, sizeof(cpus), &cpus);
	if (!opt.check)
		printf("%d CPUs; %d runs of %d ms, one store after the other in each\n\n",
		       n_cpus(), opt.runs, opt.ms);
	for (i = 0; i < N_CONTESTS; i++) {
		const struct contest *c = &contests[i];

		if (workloads && !named(workloads, c->name))
			continue;
		if (!points)
			usual_points(c);
		ok &= hold(c);
	}
	if (!opt.check) {
		puts("(* more threads than CPUs: a lock's holder can be preempted, as it cannot in the kernel)");
		puts("Not seen here: the scheduler, wait queues, files, the kernel's own lock.");
	}
	return ok ? 0 : 1;
}
