/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ring.h - an io_uring by the system calls alone, for the tests that poll with one
 */
#ifndef RING_H
#define RING_H

#include <linux/io_uring.h>
#include <stdbool.h>

/**
 * struct ring - one of RING_ENTRIES
 * @fd: its descriptor
 * @sq_tail, @sq_mask, @sq_array: where requests are put
 * @cq_head, @cq_tail, @cq_mask: where completions are taken
 * @sqes: the requests
 * @cqes: the completions
 */
struct ring {
	int fd;
	unsigned int *sq_tail, *sq_mask, *sq_array;
	unsigned int *cq_head, *cq_tail, *cq_mask;
	struct io_uring_sqe *sqes;
	struct io_uring_cqe *cqes;
};

#define RING_ENTRIES	128

/** ring_open() - a new one; the test is skipped where there is none. */
void ring_open(struct ring *r);

/** ring_submit() - one request; asserts. */
void ring_submit(struct ring *r, const struct io_uring_sqe *sqe);

/** ring_poll() - poll @fd for IN, with @flags as IORING_POLL_ADD_MULTI; asserts. */
void ring_poll(struct ring *r, int fd, unsigned int flags);

/** ring_take() - the next completion into @cqe. Return: was there one? */
bool ring_take(struct ring *r, struct io_uring_cqe *cqe);

#endif /* RING_H */
