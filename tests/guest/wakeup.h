/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wakeup.h - the kernel's list of wakeup sources, as it tells of a watched file
 *
 * A wakeup source has the name of its file, so files with names of their own are
 * watched here: fifos.
 */
#ifndef WAKEUP_H
#define WAKEUP_H

#include "guest.h"

/** WAKEUP_OF_INSTANCE - name of the source that an instance has */
#define WAKEUP_OF_INSTANCE	"eventpoll"

/** enum wakeup_state - of a wakeup source */
enum wakeup_state {
	WAKEUP_NONE,		/* there is none of that name */
	WAKEUP_ASLEEP,
	WAKEUP_AWAKE,		/* it keeps the system from suspending */
};

/** struct wakeup_fifo - @fd[0] reads, @fd[1] writes; its sources have @name */
struct wakeup_fifo {
	int fd[2];
	char name[32];
};

/** wakeup_fifo() - a new one; skips the test where the list cannot be read or the
 *  kernel cannot suspend; asserts.
 */
void wakeup_fifo(struct wakeup_fifo *f);

/** wakeup_count() - how many sources of this name there are */
int wakeup_count(const char *name);

/** wakeup_state() - of the one source of this name; asserts that it is one at most */
enum wakeup_state wakeup_state(const char *name);

/** wakeup_expect() - asserts that it is in this state */
void wakeup_expect(const char *name, enum wakeup_state state);

#ifndef GUEST_HELPERS
#define wakeup_fifo(...)	GUEST_AT((wakeup_fifo)(__VA_ARGS__))
#define wakeup_count(...)	GUEST_AT((wakeup_count)(__VA_ARGS__))
#define wakeup_state(...)	GUEST_AT((wakeup_state)(__VA_ARGS__))
#define wakeup_expect(...)	GUEST_AT((wakeup_expect)(__VA_ARGS__))
#endif

#endif /* WAKEUP_H */
