/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stage.h - files whose poll does what a test says (kmod/poll_test.h)
 *
 * With a poll that is held, what others do while a file is being asked happens in
 * the order in which the test does it.  A held poll is like that of a FUSE file
 * whose server is silent.
 */
#ifndef STAGE_H
#define STAGE_H

#include <stdbool.h>

/** struct stage - one stage: its descriptor, and a file of it */
struct stage {
	int ctl;
	int fd;
};

/** stage_open() - a stage with one file, which is not ready; asserts.  Loads the
 *  module when it is not there.
 */
void stage_open(struct stage *st);

/** stage_file() - one more file of the stage; asserts. */
int stage_file(const struct stage *st);

/** stage_mask() - what poll of the files answers from now on. */
void stage_mask(const struct stage *st, int mask);

/** stage_wake() - wake the queue of the files with a key; 0 says nothing. */
void stage_wake(const struct stage *st, int key);

/** stage_hold() - hold every poll from now on, or let all go. */
void stage_hold(const struct stage *st, bool hold);

/** stage_until_held() - wait until @n polls are held; asserts that it comes. */
void stage_until_held(const struct stage *st, int n);

/** stage_until_closed() - wait until no file of the stage is left; asserts. */
void stage_until_closed(const struct stage *st);

/** stage_close_while_asked() - close the file while somebody who is waiting asks it, so
 *  that his reference is the last one, and wait until it is gone; asserts.
 */
void stage_close_while_asked(const struct stage *st);

/** stage_polls() - how often poll was called. */
int stage_polls(const struct stage *st);

/** stage_until_polls() - wait until poll was called @n times; asserts. */
void stage_until_polls(const struct stage *st, int n);

#ifndef GUEST_HELPERS
#define stage_open(...)		GUEST_AT((stage_open)(__VA_ARGS__))
#define stage_file(...)		GUEST_AT((stage_file)(__VA_ARGS__))
#define stage_until_held(...)	GUEST_AT((stage_until_held)(__VA_ARGS__))
#define stage_until_closed(...)	GUEST_AT((stage_until_closed)(__VA_ARGS__))
#define stage_close_while_asked(...)	GUEST_AT((stage_close_while_asked)(__VA_ARGS__))
#define stage_until_polls(...)	GUEST_AT((stage_until_polls)(__VA_ARGS__))
#endif

#endif /* STAGE_H */
