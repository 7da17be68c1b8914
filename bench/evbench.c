// SPDX-License-Identifier: GPL-2.0-only
/*
 * evbench.c - runs a workload over the designs and prints what it cost
 *
 * Results go to stdout, one JSON object a line, at the end; progress and
 * complaints to stderr.  Exit 0 if every result was checked and right.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "evq.h"
#include "harness.h"

static const struct workload *const workloads[] = {
	&workload_ready,
	&workload_close,
};

#define N_WORKLOADS (sizeof(workloads) / sizeof(workloads[0]))

static void usage(FILE *f)
{
	fputs("usage: evbench WORKLOAD [OPTION..]\n\n"
	      "  --designs A,B,..   designs to run (default: all)\n"
	      "  --m LIST           numbers of sources, e.g. 100,1000\n"
	      "  --k LIST           numbers of active sources a round\n"
	      "  --source KIND      unix (default), pipe, eventfd or tcp\n"
	      "  --runs N           measurements of each point\n"
	      "  --quick            the short sweep\n"
	      "  --list WHAT        names alone: workloads or designs\n"
	      "  --help, --version\n\nworkloads:\n", f);
	for (size_t i = 0; i < N_WORKLOADS; i++)
		fprintf(f, "  %-10s %s\n", workloads[i]->name,
			workloads[i]->about);
	fputs("\ndesigns:\n", f);
	for (unsigned int i = 0; evq_designs(i); i++)
		fprintf(f, "  %-10s %s\n", evq_designs(i)->name,
			evq_designs(i)->about);
	fputs("\nLAB_KERNEL and LAB_ACCEL in the environment name the kernel and the\n"
	      "accelerator in the results; with LAB_ACCEL=icount a nanosecond is an\n"
	      "instruction.  LAB_MODULES=none|loaded names what 'close' measured.\n",
	      f);
}

static void list(const char *what)
{
	if (!strcmp(what, "workloads"))
		for (size_t i = 0; i < N_WORKLOADS; i++)
			puts(workloads[i]->name);
	else
		for (unsigned int i = 0; evq_designs(i); i++)
			puts(evq_designs(i)->name);
}

static void bad_usage(const char *what, const char *value)
{
	fprintf(stderr, "evbench: %s '%s': see evbench --help\n", what, value);
	exit(2);
}

static size_t parse_numbers(const char *option, char *list, long *numbers)
{
	size_t n = 0;

	for (char *word = strtok(list, ","); word; word = strtok(NULL, ",")) {
		char *end;

		errno = 0;
		numbers[n] = strtol(word, &end, 10);
		if (*end || errno || numbers[n] < 1 || numbers[n] > 10000000 ||
		    n + 1 == MAX_LIST)
			bad_usage(option, word);
		n++;
	}
	if (!n)
		bad_usage(option, list);
	return n;
}

static void parse_designs(struct options *opt, char *list)
{
	opt->n_designs = 0;
	for (char *word = strtok(list, ","); word; word = strtok(NULL, ",")) {
		if (!evq_find(word))
			bad_usage("unknown design", word);
		if (opt->n_designs == MAX_LIST)
			bad_usage("too many designs at", word);
		opt->designs[opt->n_designs++] = word;
	}
	if (!opt->n_designs)
		bad_usage("--designs", list);
}

static void parse(struct options *opt, int argc, char **argv)
{
	enum { O_DESIGNS = 256, O_M, O_K, O_SOURCE, O_RUNS, O_QUICK, O_LIST,
	       O_HELP, O_VERSION };
	static const struct option longs[] = {
		{ "designs", required_argument, NULL, O_DESIGNS },
		{ "m", required_argument, NULL, O_M },
		{ "k", required_argument, NULL, O_K },
		{ "source", required_argument, NULL, O_SOURCE },
		{ "runs", required_argument, NULL, O_RUNS },
		{ "quick", no_argument, NULL, O_QUICK },
		{ "list", required_argument, NULL, O_LIST },
		{ "help", no_argument, NULL, O_HELP },
		{ "version", no_argument, NULL, O_VERSION },
		{ NULL, 0, NULL, 0 },
	};
	long runs[MAX_LIST];
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case O_DESIGNS:
			parse_designs(opt, optarg);
			break;
		case O_M:
			opt->n_m = parse_numbers("--m", optarg, opt->m);
			break;
		case O_K:
			opt->n_k = parse_numbers("--k", optarg, opt->k);
			break;
		case O_SOURCE:
			opt->source = optarg;
			break;
		case O_RUNS:
			if (parse_numbers("--runs", optarg, runs) != 1)
				bad_usage("--runs", optarg);
			opt->runs = (int)runs[0];
			break;
		case O_QUICK:
			opt->quick = true;
			break;
		case O_LIST:
			if (strcmp(optarg, "workloads") && strcmp(optarg, "designs"))
				bad_usage("--list", optarg);
			list(optarg);
			exit(0);
		case O_HELP:
			usage(stdout);
			exit(0);
		case O_VERSION:
			puts("evbench (" PACKAGE_STRING ")");
			exit(0);
		default:
			fputs("evbench: see evbench --help\n", stderr);
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	struct options opt = { 0 };
	const struct workload *w = NULL;
	int err;

	while (evq_designs((unsigned int)opt.n_designs) &&
	       opt.n_designs < MAX_LIST) {
		opt.designs[opt.n_designs] =
			evq_designs((unsigned int)opt.n_designs)->name;
		opt.n_designs++;
	}
	parse(&opt, argc, argv);
	if (optind + 1 != argc)
		bad_usage("one workload is wanted, not",
			  optind < argc ? argv[optind + 1] : "none");
	for (size_t i = 0; i < N_WORKLOADS; i++)
		if (!strcmp(workloads[i]->name, argv[optind]))
			w = workloads[i];
	if (!w)
		bad_usage("unknown workload", argv[optind]);
	harness_start();
	err = w->run(&opt);
	return results_print() && !err ? 0 : 1;
}
