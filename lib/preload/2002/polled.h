/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * polled.h - what poll(2) and select(2) on a set's descriptor have in common
 */
#ifndef PRELOAD_POLLED_H
#define PRELOAD_POLLED_H

#include <poll.h>
#include <signal.h>
#include <stdbool.h>

#include "deadline.h"

/** ON_STACK - the most that such a call takes from the stack. */
#define ON_STACK	4096

/**
 * poll_sets() - poll(2) that asks sets
 *
 * Return: false if none of @fds is one; else *@ret is the result.
 */
bool poll_sets(struct pollfd *fds, nfds_t n, const struct deadline *d,
	       const sigset_t *mask, int *ret);

/** poll_ends() - false if the time @t is a bad one, which the kernel is to say. */
bool poll_ends(struct deadline *d, const struct timespec *t);

/** ppoll_by_number() - the same as poll_sets() for a system call's arguments. */
bool ppoll_by_number(const long *args, int *ret);

/**
 * polled_syscall() - poll(2) and select(2) by number (selected.c)
 *
 * Return: true if an instance was asked; then *@ret is the result, or -errno.
 */
bool polled_syscall(long nr, const long *args, long *ret);

#endif /* PRELOAD_POLLED_H */
