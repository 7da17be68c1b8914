/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * second.h - /dev/fcb_test, for suites that count events
 */
#ifndef SECOND_H
#define SECOND_H

#include "fcb_test.h"
#include "guest.h"

/** second_open() - the device; skips the test if its module is not loaded. */
int second_open(void);

/** second_add() - register the callback of @slot on @fd; asserts. */
void second_add(int dev, int slot, int fd);

/** second_remove() - and end that; asserts. */
void second_remove(int dev, int slot);

/** second_heard() - what it heard since it was registered; asserts. */
struct fcb_test_arg second_heard(int dev, int slot);

/** second_events() - how many events that is. */
int second_events(int dev, int slot);

#endif /* SECOND_H */
