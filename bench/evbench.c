// SPDX-License-Identifier: GPL-2.0-only
/*
 * evbench.c - runs a workload over the designs and prints what it cost
 *
 * Results go to stdout, one JSON object a line, at the end; progress and
 * complaints to stderr.  Exit 0 if every result was checked and right, 2 after
 * one line about what was asked for.
 *
 * What a workload is, which parameters it has and what its guest needs is in its
 * own file (struct workload).  Nothing here knows one by name.
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "evq.h"
#include "harness.h"
#include "kernel_epoll.h"

/* The linker puts these around the section that WORKLOAD() fills. */
extern const struct workload *const __start_workloads[];
extern const struct workload *const __stop_workloads[];

#define N_WORKLOADS ((size_t)(__stop_workloads - __start_workloads))

static const char *workload_name(size_t i)
{
	return i < N_WORKLOADS ? __start_workloads[i]->name : NULL;
}

static const char *design_name(size_t i)
{
	const struct evq_design *d = evq_designs((unsigned int)i);

	return d ? d->name : NULL;
}

/* ---- options: those of every workload, then the workload's own ---- */

enum { O_DESIGNS, O_RUNS, O_QUICK, O_PRESET, O_PLAN, O_DRY_RUN, O_LIST, O_WHICH_EPOLL,
       O_HELP, O_VERSION, O_COUNT };

static const struct {
	const char *name;
	const char *value;
	const char *about;
} common[O_COUNT] = {
	[O_DESIGNS] = { "designs", "A,B,..", "designs to run (default: all)" },
	[O_RUNS] = { "runs", "N", "measurements of each point" },
	[O_QUICK] = { "quick", NULL, "the short sweep" },
	[O_PRESET] = { "preset", "NAME", "the parameters of the program that it is after" },
	[O_PLAN] = { "plan", "A,B,..", "print a guest's job for these instead: WORKLOAD or WORKLOAD:PRESET" },
	[O_DRY_RUN] = { "dry-run", NULL, "print what would be tried, and try nothing" },
	[O_LIST] = { "list", "WHAT", "names alone: workloads, sweep, presets, designs or parameters" },
	[O_WHICH_EPOLL] = { "which-epoll", NULL, "what the kernel's own keeps ready events in" },
	[O_HELP] = { "help", NULL, "this" },
	[O_VERSION] = { "version", NULL, "which one this is" },
};

static const struct param runs_param = { "runs", "", NULL, 1, 1000000, NULL, NULL };

static void print_param(const struct param *p)
{
	printf("    --%-8s LIST     %s, ", p->name, p->about);
	if (p->word)
		for (size_t i = 0; p->word(i); i++)
			printf("%s%s", i ? "|" : "", p->word(i));
	else
		printf("%ld to %ld", p->min, p->max);
	printf("\n%24s(default %s; quick %s)\n", "", p->full, p->quick);
}

static void print_preset(const struct workload *w, const struct preset *p)
{
	printf("    --preset %s: %s\n%24s(", p->name, p->about, "");
	for (size_t i = 0, n = 0; w->params[i].name; i++)
		if (p->values[i])
			printf("%s%s %s", n++ ? "; " : "", w->params[i].name, p->values[i]);
	if (p->divisor > 1)
		printf("; emulated: %s by %ld", w->params[p->scaled].name, p->divisor);
	puts(")");
}

static void help(void)
{
	puts("usage: evbench WORKLOAD [OPTION..]\n");
	for (size_t i = 0; i < O_COUNT; i++)
		printf("  --%-12s %-8s %s\n", common[i].name,
		       common[i].value ? common[i].value : "", common[i].about);
	puts("\nworkloads, each with its parameters:");
	for (size_t i = 0; i < N_WORKLOADS; i++) {
		const struct workload *w = __start_workloads[i];

		printf("  %-10s %s\n", w->name, w->about);
		for (const struct param *p = w->params; p->name; p++)
			print_param(p);
		for (const struct preset *p = w->presets; p && p->name; p++)
			print_preset(w, p);
	}
	puts("\ndesigns:");
	for (unsigned int i = 0; evq_designs(i); i++)
		printf("  %-10s %s\n", evq_designs(i)->name, evq_designs(i)->about);
	puts("\nLAB_KERNEL and LAB_ACCEL in the environment name the kernel and the\n"
	     "accelerator in the results; with LAB_ACCEL=icount a nanosecond is an\n"
	     "instruction.  LAB_MODULES=none|loaded says what 'close' and 'unwatched' measure.");
}

/* One line, and exit 2.  @names: what would have been right, or NULL. */
static void __attribute__((format(printf, 2, 3), noreturn))
refuse(const char *(*names)(size_t i), const char *fmt, ...)
{
	va_list ap;

	fputs("evbench: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	for (size_t i = 0; names && names(i); i++)
		fprintf(stderr, " %s", names(i));
	fputc('\n', stderr);
	exit(2);
}

/* Where a name is among others, or how many these are. */
static size_t index_of(const char *(*names)(size_t i), const char *name)
{
	size_t i = 0;

	while (names(i) && strcmp(names(i), name))
		i++;
	return i;
}

static size_t find(const char *(*names)(size_t i), const char *what, const char *name)
{
	size_t i = index_of(names, name);

	if (!names(i))
		refuse(names, "unknown %s '%s': %s", what, name,
		       names(0) ? "one of" : "there is none");
	return i;
}

static long parse_number(const struct param *p, const char *word)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(word, &end, 10);
	if (end == word || *end || errno || v < p->min || v > p->max)
		refuse(NULL, "--%s '%s': a number from %ld to %ld", p->name, word,
		       p->min, p->max);
	return v;
}

/* A copy to take apart, whose words stay valid. */
static char *copy(const char *option, const char *list)
{
	char *text = strdup(list);

	if (!text)
		die("out of memory");
	if (!text[strspn(text, ",")])
		refuse(NULL, "--%s '%s': a list is wanted", option, list);
	return text;
}

static struct list parse_list(const struct param *p, const char *text)
{
	struct list list = { 0 };

	for (char *word = strtok(copy(p->name, text), ","); word;
	     word = strtok(NULL, ",")) {
		if (list.n == MAX_LIST)
			refuse(NULL, "--%s has room for %d values", p->name, MAX_LIST);
		list.v[list.n++] = p->word ? (long)find(p->word, p->name, word) :
					     parse_number(p, word);
	}
	return list;
}

static void parse_designs(struct options *opt, const char *text)
{
	for (char *word = strtok(copy("designs", text), ","); word;
	     word = strtok(NULL, ",")) {
		size_t i = find(design_name, "design", word);

		if (opt->n_designs == MAX_LIST)
			refuse(NULL, "--designs has room for %d names", MAX_LIST);
		opt->designs[opt->n_designs++] = design_name(i);
	}
}

/**
 * struct request - the command line, as it is
 * @workload: the one that is named, or NULL
 * @common: for each option of all workloads: its value, "" if it takes none, or NULL
 * @own: for each parameter of the workload: its value, or NULL
 */
struct request {
	const struct workload *workload;
	const char *common[O_COUNT];
	const char *own[MAX_PARAMS];
};

static const struct workload *asked_of;

static const char *param_name(size_t i)
{
	return asked_of ? asked_of->params[i].name : NULL;
}

/* The options that there are; to getopt each is its place here and 1, as 0 is unknown. */
static void fill_table(struct option *table)
{
	for (size_t i = 0; i < O_COUNT; i++)
		table[i] = (struct option){ common[i].name, common[i].value != NULL, NULL, (int)i + 1 };
	for (size_t i = 0; param_name(i); i++)
		table[O_COUNT + i] = (struct option){ param_name(i), 1, NULL, (int)(O_COUNT + i + 1) };
}

static struct request read_request(int argc, char **argv)
{
	struct option table[O_COUNT + MAX_PARAMS + 1] = { 0 };
	struct request req = { 0 };
	int got;

	if (argc > 1 && *argv[1] != '-')
		asked_of = __start_workloads[find(workload_name, "workload", *++argv)];
	argc -= asked_of != NULL;
	req.workload = asked_of;
	fill_table(table);
	opterr = 0;
	while ((got = getopt_long(argc, argv, "+:", table, NULL)) > 0) {
		const char *word = argv[optind - 1];

		if (got == ':')
			refuse(NULL, "%s wants a value", word);
		if (got == '?' && optopt > O_COUNT + MAX_PARAMS)
			refuse(NULL, "unknown option '-%c'", optopt);
		if (got == '?' && optopt)
			refuse(NULL, "--%s takes no value", table[optopt - 1].name);
		if (got == '?')
			refuse(param_name, "unknown parameter '%s': %s", word + 2,
			       param_name(0) ? "one of" : "there is none");
		if (got <= O_COUNT)
			req.common[got - 1] = optarg ? optarg : "";
		else
			req.own[got - O_COUNT - 1] = optarg;
	}
	if (optind < argc)
		refuse(NULL, "one workload, and first: not '%s' too", argv[optind]);
	return req;
}

/* What was asked of all workloads, or of none. */
static struct options parse_common(const struct request *req)
{
	struct options opt = { .quick = req->common[O_QUICK] };

	if (req->common[O_DESIGNS])
		parse_designs(&opt, req->common[O_DESIGNS]);
	else
		while (opt.n_designs < MAX_LIST && design_name(opt.n_designs)) {
			opt.designs[opt.n_designs] = design_name(opt.n_designs);
			opt.n_designs++;
		}
	if (req->common[O_RUNS])
		opt.runs = (int)parse_number(&runs_param, req->common[O_RUNS]);
	return opt;
}

static const char *preset_name(size_t i)
{
	return asked_of->presets ? asked_of->presets[i].name : NULL;
}

static const struct preset *find_preset(const struct workload *w, const char *name)
{
	asked_of = w;
	return name ? &w->presets[find(preset_name, "preset", name)] : NULL;
}

/* Less of it where the machine is emulated, and no less than can be asked for. */
static struct list scaled(const struct param *p, struct list list, long divisor)
{
	for (size_t i = 0; i < list.n; i++)
		list.v[i] = list.v[i] / divisor > p->min ? list.v[i] / divisor : p->min;
	return list;
}

/* What a parameter is where nothing was asked of it. */
static struct list otherwise(struct options *opt, size_t i)
{
	const struct param *p = &asked_of->params[i];
	const struct preset *preset = opt->preset;
	struct list list;

	if (!preset || !preset->values[i])
		return parse_list(p, opt->quick ? p->quick : p->full);
	list = parse_list(p, preset->values[i]);
	if (emulated() && preset->divisor > 1 && (size_t)preset->scaled == i) {
		opt->divisor = preset->divisor;
		list = scaled(p, list, opt->divisor);
	}
	/* It is as if it were asked for: nothing more is tried. */
	list.given = true;
	return list;
}

/* What was asked of the workload; else what its preset or its table says. */
static void parse_own(struct options *opt, const struct request *req)
{
	const struct param *p = req->workload->params;

	opt->preset = find_preset(req->workload, req->common[O_PRESET]);
	for (size_t i = 0; p[i].name; i++) {
		opt->params[i] = req->own[i] ? parse_list(&p[i], req->own[i]) : otherwise(opt, i);
		opt->params[i].given |= req->own[i] != NULL;
	}
}

/* ---- what else can be asked for ---- */

/* Each parameter and its values, a line each, as options take them. */
static void dry_run(const struct workload *w, const struct options *opt)
{
	for (size_t i = 0; w->params[i].name; i++) {
		const struct param *p = &w->params[i];
		const struct list *values = &opt->params[i];

		printf("%s ", p->name);
		for (size_t j = 0; j < values->n; j++)
			if (p->word)
				printf("%s%s", j ? "," : "", p->word((size_t)values->v[j]));
			else
				printf("%s%ld", j ? "," : "", values->v[j]);
		putchar('\n');
	}
}

static const struct needs *sweep_of(const struct workload *w, const struct request *req)
{
	return req->common[O_QUICK] ? &w->quick : &w->full;
}

static const char *list_name(size_t i)
{
	static const char *const lists[] = {
		"workloads", "sweep", "presets", "designs", "parameters", NULL
	};

	return lists[i];
}

static void list(const struct request *req)
{
	size_t what = find(list_name, "list", req->common[O_LIST]);

	for (size_t i = 0; what == 3 && design_name(i); i++)
		puts(design_name(i));
	for (size_t i = 0; i < N_WORKLOADS; i++) {
		const struct workload *w = __start_workloads[i];

		if (what == 0 || (what == 1 && !w->no_figure && sweep_of(w, req)->seconds))
			puts(w->name);
		for (const struct preset *p = w->presets; what == 2 && p && p->name; p++)
			printf("%s %s\n", w->name, p->name);
		for (const struct param *p = w->params; what == 4 && p->name; p++)
			printf("%s %s\n", w->name, p->name);
	}
}

/**
 * struct item - a part of a plan
 * @w: the workload
 * @preset: whose parameters it has, or NULL
 */
struct item {
	const struct workload *w;
	const struct preset *preset;
};

static struct needs needs_of(const struct item *item, const struct request *req)
{
	struct needs needs = item->preset ? item->preset->needs : *sweep_of(item->w, req);

	/* Named, though it is no part of that sweep. */
	return needs.seconds ? needs : item->w->full;
}

static void print_run(const struct item *item, const struct request *req)
{
	/* A guest's own seconds are made of instructions and of sleep, which takes none. */
	printf("run %d evbench %s", needs_of(item, req).seconds * (under_icount() ? 10 : 1),
	       item->w->name);
	if (item->preset)
		printf(" --preset %s", item->preset->name);
	for (size_t i = O_DESIGNS; i <= O_QUICK; i++)
		if (req->common[i])
			printf(" --%s%s%s", common[i].name, *req->common[i] ? " " : "",
			       req->common[i]);
	putchar('\n');
}

/* WORKLOAD, or WORKLOAD:PRESET. */
static struct item find_item(char *word)
{
	char *colon = strchr(word, ':');
	struct item item;

	if (colon)
		*colon = '\0';
	item.w = __start_workloads[find(workload_name, "workload", word)];
	item.preset = find_preset(item.w, colon ? colon + 1 : NULL);
	return item;
}

/* The job of a guest (vm/init.c), behind a line on what the guest must be. */
static void plan(const struct request *req)
{
	struct item chosen[MAX_LIST];
	size_t n = 0;
	int memory = 0, seconds = 300; /* to boot */

	parse_common(req);
	if (req->workload || req->common[O_PRESET])
		refuse(NULL, "--plan goes with --designs, --runs and --quick alone");
	for (char *word = strtok(copy("plan", req->common[O_PLAN]), ",");
	     word && n < MAX_LIST; word = strtok(NULL, ","))
		chosen[n++] = find_item(word);
	for (size_t i = 0; i < n; i++) {
		struct needs needs = needs_of(&chosen[i], req);

		memory = needs.memory > memory ? needs.memory : memory;
		seconds += needs.seconds * (1 + chosen[i].w->unloaded);
	}
	printf("# memory %d seconds %d\n", memory, seconds);
	for (size_t i = 0; i < n; i++)
		for (const char *const *s = chosen[i].w->sysctls; s && *s; s++)
			printf("run 10 sysctl -w %s\n", *s);
	puts("env LAB_MODULES=none");
	for (size_t i = 0; i < n; i++)
		if (chosen[i].w->unloaded)
			print_run(&chosen[i], req);
	/* What one user may watch is not what is measured. */
	puts("env LAB_MODULES=loaded\n"
	     "load dev_epoll max_user_watches=10000000 eventpoll_port max_user_watches=10000000");
	for (size_t i = 0; i < n; i++)
		if (!chosen[i].w->afresh)
			print_run(&chosen[i], req);
	for (size_t i = 0; i < n; i++)
		if (chosen[i].w->afresh) {
			printf("unload\nload fcb %s\n", chosen[i].w->afresh);
			print_run(&chosen[i], req);
		}
}

static void tell_preset(const struct options *opt)
{
	const struct preset *p = opt->preset;

	if (!p)
		return;
	harness_preset(p->name, opt->divisor);
	if (opt->divisor > 1)
		progress("preset %s: %s divided by %ld, since the machine is emulated",
			 p->name, asked_of->params[p->scaled].name, opt->divisor);
	else
		progress("preset %s", p->name);
}

int main(int argc, char **argv)
{
	struct request req = read_request(argc, argv);
	struct options opt;
	int err;

	if (req.common[O_HELP])
		help();
	else if (req.common[O_VERSION])
		puts("evbench (" PACKAGE_STRING ")");
	else if (req.common[O_WHICH_EPOLL])
		printf("kernel epoll: %s\n", kernel_epoll());
	else if (req.common[O_LIST])
		list(&req);
	else if (req.common[O_PLAN])
		plan(&req);
	else if (!req.workload)
		refuse(workload_name, "no workload is named: one of");
	else {
		opt = parse_common(&req);
		parse_own(&opt, &req);
		if (req.common[O_DRY_RUN]) {
			dry_run(req.workload, &opt);
			return 0;
		}
		harness_start();
		tell_preset(&opt);
		err = req.workload->run(&opt);
		return results_print() ? err ? 2 : 0 : 1;
	}
	return 0;
}
