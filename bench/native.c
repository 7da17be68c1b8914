// SPDX-License-Identifier: GPL-2.0-only
/*
 * native.c - the ready stores on this machine's real CPUs
 *
 * An emulated CPU cannot show two CPUs at one lock; here threads of a program post to
 * the module's very stores (native_core.h).  What it is not: there is no scheduler, no
 * wait queue, no file, and another lock than the kernel's.  So only ratios of one run
 * mean something, and only of what the stores themselves do.
 *
 * What is run is in native_rounds.c.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native_rounds.h"

#define MOST_POINTS	16
#define MOST_RUNS	101
#define MOST_CONTESTS	8

static const struct ep_store *const stores[] = {
#define STORE(id, NUMBER, name, about)	&ep_store_##id,
#include "designs.def"
};

#define N_STORES	((int)(sizeof(stores) / sizeof(stores[0])))

/*
 * A level-triggered item is looked at once more after it was told.  What comes at the end
 * of that look is lost by the single pass and the queue of 2013; by the list of 2025 for
 * want of a barrier, where no look has one by itself.
 */
static const struct ep_store *const losing[] = {
#define LOSES(id, NUMBER, name)		&ep_store_##id,
#include "designs.def"
};

static struct {
	struct native_how how;
	int runs;
	int points[MOST_POINTS], n_points;
	bool wanted[N_STORES], contests[MOST_CONTESTS];
	FILE *json;
} opt = { .how.ms = 200, .runs = 7 };

/* ---- runs and tables ---- */

static bool may_lose(const struct ep_store *store)
{
	size_t i;

	for (i = 0; i < sizeof(losing) / sizeof(losing[0]); i++)
		if (losing[i] == store)
			return true;
	return false;
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
	       c->with(opt.points[p]) > native_cpus() ? '*' : ' ', stores[s]->name,
	       sorted[opt.runs / 2], sorted[0], sorted[opt.runs - 1], ratio);
	if (cell->lost)
		printf("  %lu lost", cell->lost);
	putchar('\n');
	if (opt.json)
		fprintf(opt.json,
			"{\"workload\":\"native-%s\",\"design\":\"%s\",\"threads\":%d,\"cpus\":%d,"
			"\"runs\":%d,\"per_ms\":%.1f,\"least\":%.1f,\"most\":%.1f,\"ratio\":%.3f,"
			"\"lost\":%lu}\n",
			c->name, stores[s]->name, opt.points[p], native_cpus(), opt.runs,
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
				cell->run[i] = native_round(c, stores[s], opt.points[p], &opt.how,
							    &lost);
				cell->lost += lost;
				if (lost && !may_lose(stores[s])) {
					fprintf(stderr, "native: %s, %s, %d threads: %lu lost\n",
						c->name, stores[s]->name, opt.points[p], lost);
					ok = false;
				} else if (lost && opt.how.pauses) {
					printf("%s, %s: %lu lost, as its original does\n",
					       c->name, stores[s]->name, lost);
				}
			}
	if (opt.how.pauses)
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

static const char *store_name(int i)
{
	return i < N_STORES ? stores[i]->name : NULL;
}

static const char *contest_name(int i)
{
	return native_contests[i].name;
}

__attribute__((noreturn))
static void unknown(const char *what, const char *(*name)(int i), const char *got)
{
	int i;

	fprintf(stderr, "native: no %s '%s': one of", what, got);
	for (i = 0; name(i); i++)
		fprintf(stderr, " %s", name(i));
	fputc('\n', stderr);
	exit(2);
}

/* Those of a list, and no other. */
static void want(const char *what, const char *(*name)(int i), char *list, bool *wanted)
{
	char *word;
	int i;

	for (i = 0; name(i); i++)
		wanted[i] = false;
	while ((word = strsep(&list, ","))) {
		for (i = 0; name(i) && strcmp(name(i), word); i++)
			;
		if (!name(i))
			unknown(what, name, word);
		wanted[i] = true;
	}
}

static int number(const char *option, const char *word, int least, int most)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(word, &end, 10);
	if (errno || end == word || *end || n < least || n > most)
		native_die("%s wants a number from %d to %d, not '%s'", option, least, most, word);
	return n;
}

static void want_points(char *list)
{
	char *word;

	for (opt.n_points = 0; (word = strsep(&list, ",")); ) {
		if (opt.n_points == MOST_POINTS)
			native_die("--threads takes %d numbers at most", MOST_POINTS);
		opt.points[opt.n_points++] = number("--threads", word, 1, NATIVE_THREADS);
	}
}

/* 1, 2, 4 and so on, and as many as have a CPU each. */
static void usual_points(const struct contest *c)
{
	int t, most = 1;

	while (c->with(most + 1) <= native_cpus() && most < NATIVE_THREADS)
		most++;
	opt.n_points = 0;
	for (t = 1; t < most; t *= 2)
		opt.points[opt.n_points++] = t;
	opt.points[opt.n_points++] = most;
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
	bool points = false, ok = true;
	int o, i;

	memset(opt.wanted, true, sizeof(opt.wanted));
	memset(opt.contests, true, sizeof(opt.contests));
	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (o) {
		case 'w':
			want("workload", contest_name, optarg, opt.contests);
			break;
		case 'd':
			want("store", store_name, optarg, opt.wanted);
			/* what all are compared with */
			opt.wanted[0] = true;
			break;
		case 't':
			want_points(optarg);
			points = true;
			break;
		case 'r':
			opt.runs = number("--runs", optarg, 1, MOST_RUNS);
			break;
		case 'm':
			opt.how.ms = number("--ms", optarg, 1, 60000);
			break;
		case 'e':
			opt.how.edge = true;
			break;
		case 'c':
			opt.how.pauses = true;
			break;
		case 'p':
			opt.how.drop = true;
			break;
		case 'j':
			opt.json = fopen(optarg, "a");
			if (!opt.json)
				native_die("%s: %s", optarg, strerror(errno));
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
		native_die("what is '%s'? native --help lists the options", argv[optind]);
	if (!opt.how.pauses)
		printf("%d CPUs; %d runs of %d ms, one store after the other in each\n\n",
		       native_cpus(), opt.runs, opt.how.ms);
	for (i = 0; contest_name(i); i++) {
		const struct contest *c = &native_contests[i];

		if (!opt.contests[i])
			continue;
		if (!points)
			usual_points(c);
		ok &= hold(c);
	}
	if (!opt.how.pauses) {
		puts("(* more threads than CPUs: a lock's holder can be preempted, as it cannot in the kernel)");
		puts("Not seen here: the scheduler, wait queues, files, the kernel's own lock.");
	}
	return ok ? 0 : 1;
}
