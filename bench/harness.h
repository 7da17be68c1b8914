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

#include "lens/mark.h"

#define MAX_LIST 64
#define MAX_PARAMS 8

/**
 * struct param - a parameter of a workload: --NAME LIST, and a member of its results
 * @name: in small letters; no other option, and nothing that is measured, has it
 * @about: one line for people
 * @word: NULL if it is a number; else the word of value @i, NULL behind the last
 * @min: the least value
 * @max: the largest; both are of no meaning for words
 * @full: what is tried when nothing else is asked for, as on the command line
 * @quick: the same for --quick
 */
struct param {
	const char *name;
	const char *about;
	const char *(*word)(size_t i);
	long min;
	long max;
	const char *full;
	const char *quick;
};

/**
 * struct list - the values of a parameter that are to be tried
 * @v: the values
 * @n: how many
 * @given: asked for on the command line
 */
struct list {
	long v[MAX_LIST];
	size_t n;
	bool given;
};

/**
 * struct needs - the guest of a workload
 * @memory: MiB
 * @seconds: it takes no longer, by KVM; 0: it is no part of that sweep, and runs
 *	if it is named
 */
struct needs {
	int memory;
	int seconds;
};

/**
 * struct preset - the parameters that the program had which a workload is after
 * @name: of that program and its year
 * @about: one line for people
 * @values: for each parameter, as on the command line; NULL: as without a preset
 * @scaled: the parameter that says how much is done ..
 * @divisor: .. and by what its values are divided where a machine is emulated; at
 *	least 1
 * @needs: the guest
 */
struct preset {
	const char *name;
	const char *about;
	const char *values[MAX_PARAMS];
	int scaled;
	long divisor;
	struct needs needs;
};

/**
 * struct options - what the user asked for
 * @designs: names of designs, checked to exist
 * @n_designs: how many
 * @params: for each parameter of the workload, in the order of its table
 * @preset: whose parameters they are, or NULL
 * @divisor: by what it was divided, or 0
 * @runs: measurements of each point; 0: the workload's own choice
 * @quick: the short sweep
 */
struct options {
	const char *designs[MAX_LIST];
	size_t n_designs;
	struct list params[MAX_PARAMS];
	const struct preset *preset;
	long divisor;
	int runs;
	bool quick;
};

/**
 * struct workload - one file of bench/
 * @name: as on the command line
 * @about: one line for people
 * @params: its parameters, up to one without a name; in this order in the results
 * @presets: up to one without a name, or NULL
 * @full: the guest for the whole sweep
 * @quick: the guest for the short one
 * @sysctls: NAME=VALUE, set before the modules are loaded; up to a NULL
 * @no_figure: it is a test, and part of no sweep
 * @unloaded: it also runs before the modules are loaded
 * @afresh: a parameter of fcb, with which the modules are loaded anew for it, after all
 *	others; or NULL
 * @run: measures and hands in results; 0, or -1 after complaining that what is
 *	asked for cannot be measured
 */
struct workload {
	const char *name;
	const char *about;
	struct param params[MAX_PARAMS + 1];
	const struct preset *presets;
	struct needs full;
	struct needs quick;
	const char *const *sysctls;
	bool no_figure;
	bool unloaded;
	const char *afresh;
	int (*run)(const struct options *opt);
};

/* Makes a workload known; they are run in the order in which they are linked. */
#define WORKLOAD(w) \
	static const struct workload *const w##_known \
	__attribute__((used, section("workloads"))) = &(w)

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
 * struct point - where a figure belongs
 * @workload: whose parameters they are
 * @design: name
 * @value: of each parameter; what is below 0 is left out
 */
struct point {
	const struct workload *workload;
	const char *design;
	long value[MAX_PARAMS];
};

/* Runs what follows for each value that a parameter is to have at a point. */
#define for_each_value(opt, at, param) \
	for (size_t param##_i = 0; param##_i < (opt)->params[param].n && \
	     ((at)->value[param] = (opt)->params[param].v[param##_i], true); param##_i++)

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
 * result_add_in() - the same for what is no time
 * @at: where it belongs
 * @metric: e.g. "memory"
 * @unit: e.g. "bytes/watch"
 * @s: the measurements
 * @why: NULL, or what was wrong
 */
void result_add_in(const struct point *at, const char *metric, const char *unit,
		   const struct samples *s, const char *why);

/**
 * result_na() - say that a design cannot run here
 * @at: where the figures would belong
 * @why: the reason, e.g. "No such device"
 */
void result_na(const struct point *at, const char *why);

/**
 * each_design() - measure a point for each design that was asked for
 * @opt: has the designs
 * @at: the point but for the design
 * @why: NULL, or why there is nothing to measure with: each is n/a then
 * @measure: measures one
 * @arg: for @measure
 */
void each_design(const struct options *opt, struct point at, const char *why,
		 void (*measure)(void *arg, const struct options *opt, struct point at),
		 void *arg);

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

/** under_icount() - whether a nanosecond is an instruction. */
bool under_icount(void);

/** emulated() - whether the machine is, so that less is done. */
bool emulated(void);

/** harness_preset() - say in all results whose parameters they have, and the divisor. */
void harness_preset(const char *name, long divisor);

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

/**
 * clock_since() - nanoseconds since @start, less the cost of asking
 *
 * And less that of one lens_begin() and lens_end(), which belong between.
 */
double clock_since(uint64_t start);

/*
 * The lens (vm/lens/, "lab compare --caches" and "lab profile") counts what lies
 * between these two as a part of what is measured, a number of the workload's own
 * from 1 to LENS_PARTS - 1.  Part 0 is not counted: rounds that only warm up.
 * Without the lens they are three instructions.
 */
extern const unsigned char lens_parts[LENS_PARTS];

static inline void lens_begin(unsigned int part)
{
	lens_mark_begin(lens_parts, part);
}

static inline void lens_end(void)
{
	lens_mark(LENS_END);
}

/** lens_round() - what the parts took since the last one is a measurement. */
static inline void lens_round(void)
{
	lens_mark(LENS_ROUND);
}

/** lens_point() - the rounds since the last one were a point.  Return: its number. */
int lens_point(void);

/**
 * struct lens_part - what the lens counted
 * @point: as lens_point() returned it
 * @part: as lens_begin() was told; 0 for nothing at all
 */
struct lens_part {
	int point;
	unsigned int part;
};

/**
 * lens_add() - hand in where a figure of the lens is to be found
 * @at: where it belongs
 * @metric: as for result_add(); what was counted is appended to it, "harvest-l1d"
 * @per: what it is per, as for result_add()
 * @count: how many of these there are in a round
 * @of: the part
 * @less: a part that is taken off, such as the same writes while nobody watches
 */
void lens_add(const struct point *at, const char *metric, const char *per, long count,
	      struct lens_part of, struct lens_part less);

/**
 * lens_whole() - the rounds so far were a point of one part, number 1
 * @at: where it belongs
 * @metric: as for result_add()
 * @per: what it is per
 * @count: how many of these there are in a round
 * @why: as for result_add(); then nothing is handed in
 */
void lens_whole(const struct point *at, const char *metric, const char *per, long count,
		const char *why);

/**
 * batch_for() - how many of something to time at once
 * @once: what one takes, in ns
 * @wanted: as many, if they do not take too long
 *
 * Return: @wanted, or fewer, but at least 4 (or @wanted, if that is less).
 */
long batch_for(double once, long wanted);

/** runs_or() - what the user asked for, else @usual, or 3 in the short sweep. */
int runs_or(const struct options *opt, int usual);

/** max_fds() - how many descriptors this process may have. */
long max_fds(void);

#endif /* BENCH_HARNESS_H */
