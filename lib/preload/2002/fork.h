/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fork.h - the door to sets: what came by fork is taken over when it is first entered
 */
#ifndef PRELOAD_FORK_H
#define PRELOAD_FORK_H

struct set;

/** fork_start() - at the start of the program. */
void fork_start(void);

/**
 * set_lock() - the set that a number names, locked
 * @number: the program's
 * @err: 0, or -errno: EDEADLK; or why it could not be taken over
 *
 * Return: the set, or NULL; with 0 in *@err there is none by that number.
 */
struct set *set_lock(int number, int *err);

#endif /* PRELOAD_FORK_H */
