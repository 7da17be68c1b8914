/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tokens.h - traffic in which every byte is accounted for
 *
 * A lane is a source with a writer and a reader.  Writers number their bytes,
 * and write into a lane only when it has been read empty: so the last event
 * of each burst is the only one that can bring the reader back, and a single
 * event that is lost leaves its lane stuck for ever.  One consumer waits in
 * EP_POLL, reads until EAGAIN, and checks the numbers.
 */
#ifndef TOKENS_H
#define TOKENS_H

#include "guest.h"

enum lane_kind { LANE_PIPE, LANE_UNIX, LANE_TCP, LANE_EVENTFD, LANE_KINDS };

/**
 * struct lane - a source
 * @rfd: watched, read by the consumer
 * @wfd: written by one writer
 * @counts: an eventfd: a number instead of bytes
 * @recheck: its registration is new, so the consumer has to look by itself
 * @sent: tokens that the writer gave or is about to give
 * @got: tokens that the consumer took
 */
struct lane {
	int rfd, wfd;
	bool counts;
	bool recheck;
	unsigned long sent;
	unsigned long got;
};

/**
 * struct tokens - the traffic of one instance
 * @s: the instance
 * @lane: all lanes, in memory that children share
 * @lanes: how many
 * @control: an eventfd in the set: look at @recheck and @stop
 * @stop: writers and churners have to end
 * @last: no more tokens are sent
 * @harvests: EP_POLLs that brought something
 */
struct tokens {
	struct evset s;
	struct lane *lane;
	int lanes;
	int control;
	bool stop;
	bool last;
	unsigned long harvests;
};

/** TOKEN_FDS - descriptors below this number may be lanes. */
#define TOKEN_FDS	4096

/** stress_seconds() - how long to go on: STRESS_SECONDS, or 5. */
int stress_seconds(void);

/** stress_random() - the next of a row that begins with *@seed. */
unsigned int stress_random(unsigned int *seed);

/** stress_pause() - sleep for all of stress_seconds(). */
void stress_pause(void);

/** tokens_open() - an instance with @n lanes of a kind, or of all kinds in
 *  turn (LANE_KINDS); asserts.
 */
struct tokens *tokens_open(enum lane_kind kind, int n);

/** tokens_also() - descriptor @fd stands for lane @i too. */
void tokens_also(int fd, int i);

/** tokens_recheck() - lane @i was added anew: the consumer must look. */
void tokens_recheck(struct tokens *t, int i);

/** tokens_go_on() - true until the writers and churners have to end. */
bool tokens_go_on(const struct tokens *t);

/** typedef churn - a thread that disturbs; its argument is a struct tokens.
 *  Returns NULL, or what went wrong.
 */
typedef void *churn(void *arg);

/**
 * tokens_run() - run the traffic for stress_seconds() and account for it
 * @t: from tokens_open()
 * @writers: threads that write
 * @child: write in child processes instead
 * @fn: churners, NULL at the end; or NULL
 */
void tokens_run(struct tokens *t, int writers, bool child, churn *const *fn);

#endif /* TOKENS_H */
