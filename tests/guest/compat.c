// SPDX-License-Identifier: GPL-2.0-only
/*
 * compat.c - suite compat: the packed struct evpoll and 32-bit callers
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/mman.h>

#include "call32.h"
#include "guest.h"

/* What a libc header of 2002 declared: no padding on 64 bits either. */
struct evpoll_packed {
	int ep_timeout;
	unsigned long ep_resoff;
} __attribute__((packed));

#define EP_POLL_PACKED	_IOWR('P', 2, struct evpoll_packed)

struct evpoll32 {
	int32_t ep_timeout;
	uint32_t ep_resoff;
};

#define EP_POLL32	_IOWR('P', 2, struct evpoll32)

GUEST_TEST(compat, packed_number, 10,
	   "the packed struct of an old libc header has 12 bytes, so its own number, and is served")
{
	struct evpoll_packed evp[2];
	struct evset s;
	const struct pollfd *ev;
	int p[2];

	ck_assert_uint_eq(sizeof(struct evpoll_packed), 12);
	ck_assert_uint_eq(EP_POLL_PACKED, 0xc00c5002);
	memset(evp, 0x5a, sizeof(evp));
	evset_pipe(&s, p, POLLIN);
	guest_put(p[1]);
	evp[0].ep_timeout = -1;
	GUEST_RETURNS(ioctl(s.fd, EP_POLL_PACKED, evp), 1);
	ck_assert_msg(evp[0].ep_resoff == 0 || evp[0].ep_resoff == s.size / 2,
		      "expected the offset of a half, got %#lx",
		      evp[0].ep_resoff);
	ev = (const struct pollfd *)(s.map + evp[0].ep_resoff);
	ck_assert_int_eq(ev->fd, p[0]);
	ck_assert_int_eq(ev->revents, POLLIN);
	for (size_t i = 0; i < sizeof(evp[1]); i++)
		ck_assert_msg(((char *)&evp[1])[i] == 0x5a,
			      "byte %zu behind the struct was changed", i);
}

GUEST_TEST(compat, packed_timeout_and_errors, 10,
	   "the packed struct has the same results: 0 at the timeout, EINVAL, EFAULT")
{
	struct evpoll_packed evp = { .ep_timeout = 1, .ep_resoff = 77 };
	struct evset s;

	evset_open(&s, 8);
	GUEST_RETURNS(ioctl(s.fd, EP_POLL_PACKED, &evp), 0);
	ck_assert_msg(evp.ep_resoff == 77, "ep_resoff is written only with events, got %#lx",
		      evp.ep_resoff);
	GUEST_FAILS(ioctl(s.fd, EP_POLL_PACKED, NULL), EFAULT);
	evset_unmap(&s);
	GUEST_FAILS(ioctl(s.fd, EP_POLL_PACKED, &evp), EINVAL);
}

GUEST_TEST(compat, packed_at_the_edge, 10,
	   "the packed call touches its 12 bytes and no more")
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct evpoll_packed *evp;
	struct evset s;
	int p[2];

	ck_assert(page != MAP_FAILED);
	GUEST_RETURNS(mprotect(page + 4096, 4096, PROT_NONE), 0);
	evp = (struct evpoll_packed *)(page + 4096) - 1;
	evset_pipe(&s, p, POLLIN);
	guest_put(p[1]);
	evp->ep_timeout = 0;
	GUEST_RETURNS(ioctl(s.fd, EP_POLL_PACKED, evp), 1);
}

#ifdef __x86_64__

/* As evset_open(), all by 32-bit calls; the mapping is below 4 GiB too. */
static void open32(struct evset *s, int max)
{
	uint32_t *args = (uint32_t *)low_page();
	long map;

	s->fd = guest_device();
	s->max = max;
	s->size = EP_MAP_SIZE(max);
	CALL32(NR32_ioctl, s->fd, EP_ALLOC, max, 0);
	args[0] = 0;
	args[1] = (uint32_t)s->size;
	args[2] = PROT_READ;
	args[3] = MAP_PRIVATE | MAP_32BIT;
	args[4] = (uint32_t)s->fd;
	args[5] = 0;
	map = call32(NR32_mmap, (long)args, 0, 0);
	ck_assert_msg(map > 0 || map < -4095, "32-bit mmap: %s",
		      strerror((int)-map));
	s->map = (char *)(uintptr_t)(uint32_t)map;
}

GUEST_TEST(compat, ia32_life_cycle, 20,
	   "a 32-bit program can open, alloc, map, write, wait, ask, unmap and free")
{
	char *low;
	struct pollfd *rec;
	struct evpoll32 *evp;
	const struct pollfd *ev;
	struct evset s;
	int p[2];

	need_call32();
	low = low_page();
	rec = (struct pollfd *)low;
	evp = (struct evpoll32 *)(low + 64);
	ck_assert_uint_eq(EP_POLL32, 0xc0085002);
	open32(&s, 600);
	guest_pipe(p);
	*rec = (struct pollfd){ .fd = p[0], .events = POLLIN | POLLERR };
	CALL32(NR32_write, s.fd, rec, 8, 8);
	*rec = (struct pollfd){ .fd = p[0] };
	CALL32(NR32_ioctl, s.fd, EP_ISPOLLED, rec, 1);
	ck_assert_int_eq(rec->events, POLLIN | POLLERR);

	memset(low + 64, 0x5a, 64);
	evp->ep_timeout = 0;
	CALL32(NR32_ioctl, s.fd, EP_POLL32, evp, 0);
	ck_assert_uint_eq(evp->ep_resoff, 0x5a5a5a5a);
	guest_put(p[1]);
	evp->ep_timeout = -1;
	CALL32(NR32_ioctl, s.fd, EP_POLL32, evp, 1);
	ck_assert_uint_eq(evp[1].ep_timeout, 0x5a5a5a5a);
	ck_assert_uint_lt(evp->ep_resoff, s.size);
	ev = (const struct pollfd *)(s.map + evp->ep_resoff);
	ck_assert_int_eq(ev->fd, p[0]);
	ck_assert_int_eq(ev->revents, POLLIN);

	*rec = (struct pollfd){ .fd = p[0], .events = POLLREMOVE };
	CALL32(NR32_write, s.fd, rec, 8, 8);
	CALL32(NR32_ioctl, s.fd, EP_ISPOLLED, rec, 0);
	CALL32(NR32_ioctl, s.fd, EP_FREE, 0, -EBUSY);
	CALL32(NR32_munmap, (uintptr_t)s.map, s.size, 0, 0);
	CALL32(NR32_ioctl, s.fd, EP_FREE, 0, 0);
	CALL32(NR32_ioctl, s.fd, EP_FREE, 0, -EINVAL);
}

GUEST_TEST(compat, ia32_errors, 20,
	   "32-bit callers get the same errors: EINVAL, EBUSY, EFAULT, ENOTTY")
{
	struct evpoll32 *evp;
	struct evset s;
	int fd;

	need_call32();
	evp = (struct evpoll32 *)low_page();
	fd = guest_device();
	CALL32(NR32_ioctl, fd, EP_ALLOC, -1, -EINVAL);
	CALL32(NR32_ioctl, fd, EP_ALLOC, 131073, -EINVAL);
	CALL32(NR32_ioctl, fd, EP_ALLOC, INT32_MIN, -EINVAL);
	CALL32(NR32_ioctl, fd, EP_POLL32, evp, -EINVAL);
	open32(&s, 1);
	CALL32(NR32_ioctl, s.fd, EP_ALLOC, 600, -EBUSY);
	CALL32(NR32_ioctl, s.fd, EP_POLL32, 0, -EFAULT);
	CALL32(NR32_ioctl, s.fd, EP_ISPOLLED, 0, -EFAULT);
	CALL32(NR32_ioctl, s.fd, _IOWR('P', 2, char[20]), evp, -ENOTTY);
	CALL32(NR32_ioctl, s.fd, _IO('P', 7), 0, -ENOTTY);
	CALL32(NR32_ioctl, s.fd, EP_SHARE, 1, -EINVAL);
	CALL32(NR32_ioctl, s.fd, EP_SHARE, 0, 0);
	CALL32(NR32_ioctl, s.fd, EP_SHARE, 0, -EEXIST);
	CALL32(NR32_write, s.fd, 0, 8, -EFAULT);
	CALL32(NR32_write, s.fd, evp, 12, -EINVAL);
}

GUEST_TEST(compat, ia32_negative_timeout, 20,
	   "a 32-bit -1 is for ever too: the call sleeps until the event comes")
{
	struct evpoll32 *evp;
	struct evset s;
	int p[2];
	pid_t pid;

	need_call32();
	evp = (struct evpoll32 *)low_page();
	open32(&s, 1);
	guest_pipe(p);
	evset_add(&s, p[0], POLLIN);
	pid = guest_fork();
	if (!pid) {
		evp->ep_timeout = -1;
		CALL32(NR32_ioctl, s.fd, EP_POLL32, evp, 1);
		ck_assert_uint_lt(evp->ep_resoff, s.size);
		ck_assert_int_eq(*(int *)(s.map + evp->ep_resoff), p[0]);
		_exit(0);
	}
	guest_in_syscall(pid, pid, NR32_ioctl, s.fd);
	guest_put(p[1]);
	guest_reap(pid);
}

GUEST_TEST(compat, alloc_ignores_the_upper_half, 10,
	   "EP_ALLOC takes an int: what lies above it in the register does not matter")
{
	int fd = guest_device();

	GUEST_RETURNS(syscall(SYS_ioctl, fd, EP_ALLOC, 0xdead000000000001UL), 0);
	GUEST_RETURNS(guest_fdinfo(fd, "capacity"), 512);
}

#endif /* __x86_64__ */
