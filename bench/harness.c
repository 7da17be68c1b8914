// SPDX-License-Identifier: GPL-2.0-only
/*
 * harness.c - clock, samples, results and progress of evbench
 *
 * Documented in harness.h.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

#include "harness.h"
#include "kernel_epoll.h"
#include "record.h"

/**
 * struct result - a line to be printed at the end
 * @text: the JSON object
 * @ok: whether it was right
 */
struct result {
	char *text;
	bool ok;
};

static struct result *results;
static size_t n_results;
static double clock_cost;
static const char *preset_name;
static long preset_divisor;
static int n_points;

const unsigned char lens_parts[LENS_PARTS] __attribute__((aligned(LENS_PARTS)));

static const char *accel(void)
{
	const char *a = getenv("LAB_ACCEL");

	return a && *a ? a : "native";
}

bool under_icount(void)
{
	return !strcmp(accel(), "icount");
}

static bool under_lens(void)
{
	const char *l = getenv("LAB_LENS");

	return l && *l;
}

bool emulated(void)
{
	return under_icount() || !strcmp(accel(), "tcg");
}

void harness_preset(const char *name, long divisor)
{
	preset_name = name;
	preset_divisor = divisor;
}

static const char *kernel(void)
{
	static struct utsname uts;
	const char *k = getenv("LAB_KERNEL");

	if (k && *k)
		return k;
	uname(&uts);
	return uts.release;
}

void die(const char *fmt, ...)
{
	va_list ap;

	fputs("evbench: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

void progress(const char *fmt, ...)
{
	const struct timespec settle = { .tv_nsec = 20000000 };
	va_list ap;

	fputs("evbench: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	tcdrain(STDERR_FILENO);
	nanosleep(&settle, NULL);
}

void samples_add(struct samples *s, double value)
{
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 32;
		s->v = reallocarray(s->v, s->cap, sizeof(*s->v));
		if (!s->v)
			die("out of memory");
	}
	s->v[s->n++] = value;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double *sorted(const struct samples *s)
{
	double *v = malloc((s->n ? s->n : 1) * sizeof(*v));

	if (!v)
		die("out of memory");
	if (s->n)
		memcpy(v, s->v, s->n * sizeof(*v));
	qsort(v, s->n, sizeof(*v), by_value);
	return v;
}

double samples_median(const struct samples *s)
{
	double *v = sorted(s);
	double median = 0;

	if (s->n)
		median = (v[s->n / 2] + v[(s->n - 1) / 2]) / 2;
	free(v);
	return median;
}

void samples_free(struct samples *s)
{
	free(s->v);
	memset(s, 0, sizeof(*s));
}

static FILE *result_begin(struct result *r, size_t *size,
			  const struct point *at)
{
	FILE *f = open_memstream(&r->text, size);

	if (!f)
		die("out of memory");
	fprintf(f, "{\"workload\":\"%s\"", at->workload->name);
	record_member(f, "design", at->design);
	record_member(f, "kernel", kernel());
	record_member(f, "accel", accel());
	record_member(f, "kernel_epoll", kernel_epoll());
	for (int i = 0; at->workload->params[i].name; i++) {
		const struct param *p = &at->workload->params[i];

		if (at->value[i] < 0)
			continue;
		if (p->word)
			record_member(f, p->name, p->word((size_t)at->value[i]));
		else
			fprintf(f, ",\"%s\":%ld", p->name, at->value[i]);
	}
	if (preset_name)
		record_member(f, "preset", preset_name);
	if (preset_name && preset_divisor > 1)
		fprintf(f, ",\"divisor\":%ld", preset_divisor);
	return f;
}

static void result_end(FILE *f, const struct result *r)
{
	fprintf(f, ",\"ok\":%s}", r->ok ? "true" : "false");
	if (fclose(f))
		die("out of memory");
}

static struct result *result_new(bool ok)
{
	results = reallocarray(results, n_results + 1, sizeof(*results));
	if (!results)
		die("out of memory");
	results[n_results].ok = ok;
	return &results[n_results++];
}

void result_add(const struct point *at, const char *metric, const char *per,
		const struct samples *s, const char *why)
{
	char unit[32];

	snprintf(unit, sizeof(unit), "%s/%s", under_icount() ? "insn" : "ns", per);
	result_add_in(at, metric, unit, s, why);
}

void result_add_in(const struct point *at, const char *metric, const char *unit,
		   const struct samples *s, const char *why)
{
	struct result *r = result_new(!why);
	double *v = sorted(s);
	size_t size;
	FILE *f = result_begin(r, &size, at);

	record_member(f, "metric", metric);
	record_member(f, "unit", unit);
	if (s->n)
		fprintf(f, ",\"median\":%.9g,\"min\":%.9g,\"max\":%.9g",
			samples_median(s), v[0], v[s->n - 1]);
	fprintf(f, ",\"runs\":%zu", s->n);
	if (why)
		record_member(f, "why", why);
	result_end(f, r);
	free(v);
}

void result_na(const struct point *at, const char *why)
{
	struct result *r = result_new(true);
	size_t size;
	FILE *f = result_begin(r, &size, at);

	record_member(f, "metric", "n/a");
	record_member(f, "why", why);
	result_end(f, r);
}

int lens_point(void)
{
	lens_mark(LENS_POINT);
	return n_points++;
}

void lens_add(const struct point *at, const char *metric, const char *per, long count,
	      struct lens_part of, struct lens_part less)
{
	struct result *r;
	size_t size;
	FILE *f;

	if (!under_lens())
		return;
	r = result_new(true);
	f = result_begin(r, &size, at);
	record_member(f, "metric", metric);
	record_member(f, "per", per);
	fprintf(f, ",\"lens\":{\"count\":%ld,\"of\":[%d,%u],\"less\":[%d,%u]}", count,
		of.point, of.part, less.point, less.part);
	result_end(f, r);
}

void lens_whole(const struct point *at, const char *metric, const char *per, long count,
		const char *why)
{
	const struct lens_part all = { lens_point(), 1 }, nothing = { 0, 0 };

	if (!why)
		lens_add(at, metric, per, count, all, nothing);
}

bool results_print(void)
{
	bool ok = true;

	/* bench/lens.py puts together what it and what the lens wrote */
	if (under_lens())
		printf("{\"lens\":%d}\n", n_points);
	for (size_t i = 0; i < n_results; i++) {
		puts(results[i].text);
		ok &= results[i].ok;
		free(results[i].text);
	}
	free(results);
	results = NULL;
	n_results = 0;
	return !fflush(stdout) && ok;
}

double clock_since(uint64_t start)
{
	return (double)(clock_ns() - start) - clock_cost;
}

void clock_settle(double expected)
{
	/* A tick takes some 3000 instructions, reading the clock less than 100. */
	const uint64_t gap = 1000, give_up = 12000000;
	const struct timespec housekeeping = { .tv_sec = 1, .tv_nsec = 100000000 };
	uint64_t start, last, now;

	if (!under_icount() || expected < 200000)
		return;
	nanosleep(&housekeeping, NULL);
	start = clock_ns();
	now = start;
	do {
		last = now;
		now = clock_ns();
	} while (now - last < gap && now - start < give_up);
}

void each_design(const struct options *opt, struct point at, const char *why,
		 void (*measure)(void *arg, const struct options *opt, struct point at),
		 void *arg)
{
	for (size_t d = 0; d < opt->n_designs; d++) {
		at.design = opt->designs[d];
		if (why)
			result_na(&at, why);
		else
			measure(arg, opt, at);
	}
}

long batch_for(double once, long wanted)
{
	/* Long enough for the noise to be small, short enough for poll(). */
	const double most = 2e7;
	long n = once > 0 ? (long)(most / once) : wanted;

	if (n < 4)
		n = 4;
	return n < wanted ? n : wanted;
}

int runs_or(const struct options *opt, int usual)
{
	if (opt->runs)
		return opt->runs;
	return opt->quick && usual > 3 ? 3 : usual;
}

long max_fds(void)
{
	struct rlimit lim;

	if (getrlimit(RLIMIT_NOFILE, &lim))
		return 0;
	return (long)lim.rlim_cur;
}

static void pin(void)
{
	cpu_set_t set;
	int cpu = sched_getcpu();

	CPU_ZERO(&set);
	CPU_SET(cpu < 0 ? 0 : cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

void harness_start(void)
{
	struct samples s = { 0 };
	struct rlimit lim;

	lens_mark(LENS_START);
	pin();
	/* Which reads some MiB, and not between measurements. */
	kernel_epoll();
	if (!getrlimit(RLIMIT_NOFILE, &lim)) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
	/* What the guest did at boot shall be over. */
	if (under_icount())
		sleep(1);
	for (int i = 0; i < 1001; i++) {
		uint64_t start = clock_ns();

		lens_begin(0);
		lens_end();
		samples_add(&s, clock_since(start));
	}
	clock_cost = samples_median(&s);
	samples_free(&s);
}
