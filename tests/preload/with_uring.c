// SPDX-License-Identifier: GPL-2.0-only
/*
 * with_uring.c - epoll_ctl(2) by io_uring, as libuv does it from 1.45 on
 *
 * Where io_uring_setup(2) says ENOSYS, epoll_ctl(2) is called; else descriptors are
 * added by IORING_OP_EPOLL_CTL, and an error of that is the end of the program.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/io_uring.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct ring {
	int fd;
	char *map;
	struct io_uring_sqe *sqe;
	struct io_uring_params p;
};

__attribute__((noreturn))
static void fail(const char *what, int err)
{
	fprintf(stderr, "with_uring: %s: %s\n", what, strerror(err));
	exit(1);
}

static uint32_t *word(const struct ring *r, uint32_t offset)
{
	return (uint32_t *)(void *)(r->map + offset);
}

static bool ring_open(struct ring *r)
{
	size_t size;

	memset(r, 0, sizeof(*r));
	r->fd = (int)syscall(SYS_io_uring_setup, 8L, &r->p);
	if (r->fd < 0) {
		if (errno != ENOSYS && errno != EPERM)
			fail("io_uring_setup", errno);
		return false;
	}
	if (!(r->p.features & IORING_FEAT_SINGLE_MMAP))
		fail("one mapping", ENOTSUP);
	size = r->p.cq_off.cqes + r->p.cq_entries * sizeof(struct io_uring_cqe);
	r->map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		      r->fd, IORING_OFF_SQ_RING);
	r->sqe = mmap(NULL, r->p.sq_entries * sizeof(*r->sqe),
		      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd,
		      IORING_OFF_SQES);
	if (r->map == MAP_FAILED || r->sqe == MAP_FAILED)
		fail("mmap", errno);
	return true;
}

/* One operation, carried out before this returns: 0 or -errno. */
static int ring_ctl(struct ring *r, int ep, int op, int fd, struct epoll_event *ev)
{
	uint32_t tail = *word(r, r->p.sq_off.tail);
	uint32_t slot = tail & *word(r, r->p.sq_off.ring_mask);
	const struct io_uring_cqe *cqe;
	uint32_t head;

	r->sqe[slot] = (struct io_uring_sqe){
		.opcode = IORING_OP_EPOLL_CTL, .fd = ep, .addr = (uintptr_t)ev,
		.len = (uint32_t)op, .off = (uint32_t)fd,
	};
	word(r, r->p.sq_off.array)[slot] = slot;
	__atomic_store_n(word(r, r->p.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, (long)r->fd, 1L, 1L,
		    (long)IORING_ENTER_GETEVENTS, NULL, 0L) != 1)
		fail("io_uring_enter", errno);
	head = *word(r, r->p.cq_off.head);
	if (__atomic_load_n(word(r, r->p.cq_off.tail), __ATOMIC_ACQUIRE) == head)
		fail("no completion", EIO);
	cqe = (const struct io_uring_cqe *)(void *)(r->map + r->p.cq_off.cqes) +
	      (head & *word(r, r->p.cq_off.ring_mask));
	__atomic_store_n(word(r, r->p.cq_off.head), head + 1, __ATOMIC_RELEASE);
	return cqe->res;
}

/* "refused": the ring is there, and the kernel says that our instance is no epoll. */
int main(int argc, char **argv)
{
	bool refused = argc > 1 && !strcmp(argv[1], "refused");
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 42 }, out = { 0 };
	int ep = epoll_create1(EPOLL_CLOEXEC), p[2], err;
	struct ring ring;
	bool by_ring;

	if (ep < 0 || pipe(p))
		fail("no instance", errno);
	by_ring = ring_open(&ring);
	if (refused && !by_ring) {
		fputs("with_uring: no io_uring here\n", stderr);
		return 77;
	}
	if (by_ring)
		err = -ring_ctl(&ring, ep, EPOLL_CTL_ADD, p[0], &ev);
	else
		err = epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev) ? errno : 0;
	if (refused && err == EINVAL)
		return 0;
	if (err)
		fail(by_ring ? "IORING_OP_EPOLL_CTL" : "epoll_ctl", err);
	if (write(p[1], "x", 1) != 1 || epoll_wait(ep, &out, 1, 5000) != 1 ||
	    out.data.u64 != 42)
		fail("the event", errno);
	fprintf(stderr, "with_uring: added by %s\n", by_ring ? "io_uring" : "epoll_ctl");
	return 0;
}
