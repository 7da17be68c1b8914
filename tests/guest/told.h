/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * told.h - what an instance tells of a descriptor, for the suites that try
 * one kind of source after the other
 */
#ifndef TOLD_H
#define TOLD_H

#include "guest.h"

/** POLL_MOST - every bit that tests of hang-ups and shutdowns ask for. */
#define POLL_MOST	(POLL_ALL | POLLPRI | POLLRDHUP)

/**
 * told() - EP_POLL until all of some bits were told; asserts
 * @s: the instance; no other fd of it may have events
 * @fd: the descriptor
 * @must: bits that have to come, in one event or in several
 * @may: bits that may come along: a wake-up that does not say what happened
 *	(key 0) makes the module ask for the state, which shows old bits too
 *
 * Return: all bits that came.
 */
int told(const struct evset *s, int fd, int must, int may);

/** told_true() - told(), and PRI, HUP and ERR are what poll(2) says too. */
int told_true(const struct evset *s, int fd, int must, int may);

/**
 * told_nothing() - nothing is pending, shown by an event that comes last
 * @s: the instance, with room for one descriptor more
 *
 * Makes an event of its own and asserts that it is the only one.
 */
void told_nothing(const struct evset *s);

#endif /* TOLD_H */
