// SPDX-License-Identifier: GPL-2.0-only
/*
 * exhibit.c - known races and defects, made to happen, told step by step
 *
 * Each exhibit plays one script in several ways: as the old code would do it,
 * and as it is done now.  The first round of a way is told; then the rounds
 * are counted.  Exit 0 only if every count is the documented one.
 *
 * Needs root and the modules: "./lab exhibit NAME" sees to both.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config.h"
#include "exhibit.h"

static const struct exhibit *const exhibits[] = {
	&exhibit_singlepass, &exhibit_wfcqueue, &exhibit_llist, &exhibit_starve, &exhibit_stale,
	&exhibit_delete, &exhibit_lostbit, &exhibit_twowaiters, &exhibit_pipe,
};

#define N_EXHIBITS	((int)(sizeof(exhibits) / sizeof(exhibits[0])))
#define MAX_WAYS	8

static void usage(FILE *f)
{
	fputs("usage: exhibit [--rounds N] [--check] NAME.. | all\n\n"
	      "Makes a known race or defect of event delivery happen, and tells it step by\n"
	      "step.  Without a name it lists what there is.\n\n"
	      "  --rounds N  play each way N times (20); the first time is told\n"
	      "  --check     no stories: one JSON object for each exhibit, as tests have\n"
	      "  --help, --version\n", f);
}

static void list(void)
{
	for (int i = 0; i < N_EXHIBITS; i++)
		printf("%-11s %s\n", exhibits[i]->name, exhibits[i]->about);
}

static const struct exhibit *find(const char *name)
{
	for (int i = 0; i < N_EXHIBITS; i++)
		if (!strcmp(exhibits[i]->name, name))
			return exhibits[i];
	fprintf(stderr, "exhibit: no exhibit '%s'; these are there:\n", name);
	for (int i = 0; i < N_EXHIBITS; i++)
		fprintf(stderr, "  %s\n", exhibits[i]->name);
	exit(2);
}

/* Plays a way; how many rounds did harm. */
static int play(const struct exhibit *e, const struct way *way, int rounds,
		bool telling)
{
	int harmed = 0;

	if (telling)
		printf("\n%s\n", way->title);
	if (way->module)
		param_set(way->module, "faithful", way->word);
	for (int i = 0; i < rounds; i++) {
		tell_begin(telling && !i, way->brief);
		harmed += e->round(way);
		fflush(stdout);
	}
	if (way->module)
		param_set(way->module, "faithful", "none");
	return harmed;
}

static void verdict(const struct exhibit *e, const int *harmed, int rounds)
{
	printf("%s: %s", e->name, e->harm);
	for (int i = 0; i < e->n_ways; i++)
		printf("%s%s%d of %d%s", i ? "; " : " ", e->ways[i].before,
		       harmed[i], rounds, e->ways[i].after);
}

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What is documented of a way, on this kernel. */
static bool hurts(const struct way *way)
{
	return way->hurts && !(way->until && kernel_since(way->until));
}

/* Plays an exhibit; true if all is as documented. */
static bool show(const struct exhibit *e, int rounds, bool check)
{
	double begun = seconds_now();
	int harmed[MAX_WAYS] = { 0 };
	bool ok = true;

	must(e->n_ways <= MAX_WAYS, "too many ways");
	if (!check) {
		printf("%s - %s\n\n", e->name, e->about);
		tell_text(e->when);
	}
	for (int i = 0; i < e->n_ways; i++) {
		harmed[i] = play(e, &e->ways[i], rounds, !check);
		ok &= harmed[i] == (hurts(&e->ways[i]) ? rounds : 0);
	}
	if (check) {
		printf("{\"test\":\"exhibit.%s\",\"ok\":%s,\"seconds\":%.2f,\"%s\":\"",
		       e->name, ok ? "true" : "false", seconds_now() - begun,
		       ok ? "about" : "why");
		verdict(e, harmed, rounds);
		puts("\"}");
	} else {
		putchar('\n');
		tell_text(e->moral);
		putchar('\n');
		verdict(e, harmed, rounds);
		putchar('\n');
		if (!ok)
			puts("NOT AS DOCUMENTED: a way does harm every time, or never.");
	}
	fflush(stdout);
	return ok;
}

static int number(const char *text)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*end || end == text || value < 1 || value > 100000) {
		fprintf(stderr, "exhibit: --rounds wants a number from 1 to 100000, not '%s'\n",
			text);
		exit(2);
	}
	return (int)value;
}

int main(int argc, char **argv)
{
	enum { ROUNDS = 256, CHECK, HELP, VERSION_ };
	static const struct option longs[] = {
		{ "rounds", required_argument, NULL, ROUNDS },
		{ "check", no_argument, NULL, CHECK },
		{ "help", no_argument, NULL, HELP },
		{ "version", no_argument, NULL, VERSION_ },
		{ NULL, 0, NULL, 0 },
	};
	bool check = false, ok = true;
	int rounds = 20, c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case ROUNDS:
			rounds = number(optarg);
			break;
		case CHECK:
			check = true;
			break;
		case HELP:
			usage(stdout);
			return 0;
		case VERSION_:
			puts("exhibit (" PACKAGE_STRING ")");
			return 0;
		default:
			fputs("exhibit: see exhibit --help\n", stderr);
			return 2;
		}
	}
	argv += optind;
	if (!*argv) {
		list();
		return 0;
	}
	if (!strcmp(*argv, "all") && !argv[1]) {
		for (int i = 0; i < N_EXHIBITS; i++) {
			if (i && !check)
				puts("\n");
			ok &= show(exhibits[i], rounds, check);
		}
		return !ok;
	}
	for (int i = 0; argv[i]; i++)
		find(argv[i]);
	for (int i = 0; argv[i]; i++) {
		if (i && !check)
			puts("\n");
		ok &= show(find(argv[i]), rounds, check);
	}
	return !ok;
}
