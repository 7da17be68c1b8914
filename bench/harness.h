/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * harness.h - what every workload of evbench needs
 *
 * A workload measures, checks what it measured, and hands in figures with
 * result_add().  They are kept until the end: printing between measurements
 * disturbs the next ones (a guest under icount jumps by whole timer ticks).
 */
#ifndef BENCH_HARNESS_H
#define BENCH_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#define MAX_LIST 64

/**
 * struct options - what the user asked for
 * @designs: names of designs, checked to exist
 * @n_designs: how many
 * @m: numbers of sources to sweep; empty: the workload's own choice
 * @n_m: how many
 * @k: numbers of active sources to sweep; empty: the workload's own choice
 * @n_k: how many
 * @source: kind of source, or NULL
 * @runs: measurements of each point; 0: the workload's own choice
 * @quick: the short sweep
 */
struct options {
	const char *designs[MAX_LIST];
	size_t n_designs;
	long m[MAX_LIST];
	size_t n_m;
	long k[MAX_LIST];
	size_t n_k;
	const char *source;
	int runs;
	bool quick;
};

/**
 * struct workload - one file of bench/
 * @name: as on the command line
 * @about: one line for people
 * @run: measures and hands in results; 0, or -1 after complaining
 */
struct workload {
	const char *name;
	const char *about;
	int (*run)(const struct options *opt);
};

extern const struct workload workload_ready;
extern const struct workload workload_close;

/**
 * struct samples - the measurements of one figure
 * @v: the values
 * @n: how many there are
 * @cap: room in @v
 */
struct samples {
	double *v;
	size_t n;
	size_t cap;
};

/** samples_add() - append @value to @s. */
void samples_add(struct samples *s, double value);
/** samples_median() - the median of @s; 0 if there are none. */
double samples_median(const struct samples *s);
/** samples_free() - forget the values of @s, which can be used again. */
void samples_free(struct samples *s);

/**
 * struct point - where a figure belongs; parameters below 0 are left out
 * @workload: name
 * @design: name
 * @source: kind of source, or NULL
 * @m: sources watched
 * @k: sources active
 */
struct point {
	const char *workload;
	const char *design;
	const char *source;
	long m;
	long k;
};

/**
 * result_add() - hand in a figure
 * @at: where it belongs
 * @metric: e.g. "harvest"
 * @per: what it is per, e.g. "event": the unit becomes "insn/event" under
 *	icount and "ns/event" else
 * @s: the measurements
 * @why: NULL if all that was measured was also checked and right, else what
 *	was wrong
 */
void result_add(const struct point *at, const char *metric, const char *per,
		const struct samples *s, const char *why);

/**
 * result_na() - say that a design cannot run here
 * @at: where the figures would belong
 * @why: the reason, e.g. "No such device"
 */
void result_na(const struct point *at, const char *why);

/**
 * results_print() - print all that was handed in, one JSON object a line
 *
 * Return: true if every result was right.
 */
bool results_print(void);

/** progress() - tell on stderr what comes next, and let the console settle. */
void progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** die() - complain on stderr and exit 1. */
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

/** harness_start() - pin to a CPU, raise limits, calibrate the clock. */
void harness_start(void);

/** clock_ns() - the time in nanoseconds, which are instructions under icount. */
static inline uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/**
 * clock_settle() - prepare for timing something that takes about @expected ns
 *
 * Under icount noise has two sources, both of which something that takes long
 * sees or does not see by chance.  A timer tick is a fixed number of instructions
 * each 4 ms: it is started right after one.  And once a second the kernel gives
 * pages back that were freed: it sleeps until that is done, which costs no time
 * where nothing is to be executed.
 */
void clock_settle(double expected);

/** clock_since() - nanoseconds since @start, less the cost of asking. */
double clock_since(uint64_t start);

/** max_fds() - how many descriptors this process may have. */
long max_fds(void);

#endif /* BENCH_HARNESS_H */
