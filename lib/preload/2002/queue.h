/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * queue.h - the device of 2002 as the emulation needs it
 *
 * queue.c is the real one.  tests/preload has another that makes edges out of the
 * kernel's epoll, so that all else can be tested on a machine without the module.
 *
 * Results are -errno.
 */
#ifndef PRELOAD_QUEUE_H
#define PRELOAD_QUEUE_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "../preload.h"

/**
 * struct queue - an open device
 * @fd: a number of it
 * @room: descriptors that fit
 * @map: the two halves
 */
struct queue {
	int fd;
	int room;
	char *map;
};

/** queue_open() - open, with little room; @flags as epoll_create1(2)'s. */
int queue_open(struct queue *q, int flags);

/** queue_close() - unmap; the descriptor is the caller's to close. */
void queue_close(struct queue *q);

/** queue_grow() - twice the room; nobody may be in queue_poll().  ENOSPC at the end. */
int queue_grow(struct queue *q);

/** queue_put() - add @fd or change its mask. */
int queue_put(struct queue *q, int fd, uint16_t mask);

/** queue_remove() - forget @fd and its event. */
void queue_remove(struct queue *q, int fd);

/** queue_has() - is there a file by the number @fd? */
bool queue_has(struct queue *q, int fd);

/**
 * queue_poll() - wait for edges
 * @ms: timeout, below 0 for ever
 * @slots: what came, to be read before the next call
 *
 * Return: how many, 0, or -errno: EINTR.
 */
int queue_poll(struct queue *q, int ms, const struct pollfd **slots);

/**
 * queue_check_ctl(), queue_check_wait() - what the kernel has against a call
 *
 * Its epoll is called with the program's arguments and our descriptor, which is no
 * epoll: that comes last of all it checks, after the pointers, the descriptor and
 * whether its file can be polled, in its own order.
 *
 * Return: 0, or -errno.  An argument that is EINVAL before the end cannot be told
 * from that end and counts as 0.
 */
int queue_check_ctl(struct queue *q, int op, int fd, struct epoll_event *event);
int queue_check_wait(struct queue *q, const struct wait_args *w);

/** queue_is() - is @fd a device of this kind? */
bool queue_is(int fd);

#endif /* PRELOAD_QUEUE_H */
