/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * native.h - the kernel's own epoll, and waits that can be cancelled
 *
 * What back ends need of the calls that calls.c takes over.
 */
#ifndef PRELOAD_NATIVE_H
#define PRELOAD_NATIVE_H

#include "preload.h"

/* For descriptors that are the kernel's own instances.  Return: or -errno. */
int native_ctl(int epfd, int op, int fd, struct epoll_event *event);
int native_wait(const struct wait_args *w);

/**
 * cancel_begin(), cancel_end() - the calls that they enclose are a cancellation
 * point
 *
 * The C library's waits are one, its ioctl() is not.  Nothing may be held.
 */
int cancel_begin(void);
void cancel_end(int state);

#endif /* PRELOAD_NATIVE_H */
