// SPDX-License-Identifier: GPL-2.0-only
/*
 * ring.c - an io_uring by the system calls alone
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "guest.h"
#include "ring.h"

static void *ring_map(int fd, size_t size, off_t what)
{
	void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			 what);

	ck_assert(map != MAP_FAILED);
	return map;
}

void ring_open(struct ring *r)
{
	struct io_uring_params p = { .flags = 0 };
	char *sq, *cq;

	r->fd = (int)syscall(__NR_io_uring_setup, RING_ENTRIES, &p);
	if (r->fd < 0)
		GUEST_SKIP("io_uring_setup: %s", strerror(errno));
	sq = ring_map(r->fd, p.sq_off.array + p.sq_entries * sizeof(unsigned int),
		      IORING_OFF_SQ_RING);
	cq = ring_map(r->fd, p.cq_off.cqes + p.cq_entries * sizeof(*r->cqes),
		      IORING_OFF_CQ_RING);
	r->sqes = ring_map(r->fd, p.sq_entries * sizeof(*r->sqes),
			   IORING_OFF_SQES);
	r->sq_tail = (unsigned int *)(sq + p.sq_off.tail);
	r->sq_mask = (unsigned int *)(sq + p.sq_off.ring_mask);
	r->sq_array = (unsigned int *)(sq + p.sq_off.array);
	r->cq_head = (unsigned int *)(cq + p.cq_off.head);
	r->cq_tail = (unsigned int *)(cq + p.cq_off.tail);
	r->cq_mask = (unsigned int *)(cq + p.cq_off.ring_mask);
	r->cqes = (struct io_uring_cqe *)(cq + p.cq_off.cqes);
}

void ring_submit(struct ring *r, const struct io_uring_sqe *sqe)
{
	unsigned int tail = *r->sq_tail, i = tail & *r->sq_mask;

	r->sqes[i] = *sqe;
	r->sq_array[i] = i;
	__atomic_store_n(r->sq_tail, tail + 1, __ATOMIC_RELEASE);
	GUEST_RETURNS(syscall(__NR_io_uring_enter, r->fd, 1, 0, 0, NULL, 0), 1);
}

void ring_poll(struct ring *r, int fd, unsigned int flags)
{
	ring_submit(r, &(struct io_uring_sqe){
		.opcode = IORING_OP_POLL_ADD, .len = flags, .fd = fd,
		.poll32_events = POLLIN,
	});
}

bool ring_take(struct ring *r, struct io_uring_cqe *cqe)
{
	unsigned int head = *r->cq_head;

	if (head == __atomic_load_n(r->cq_tail, __ATOMIC_ACQUIRE))
		return false;
	*cqe = r->cqes[head & *r->cq_mask];
	__atomic_store_n(r->cq_head, head + 1, __ATOMIC_RELEASE);
	return true;
}
