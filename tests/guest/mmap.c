// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap.c - suite mmap: what may be mapped, who sees what, and until when
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/uio.h>

#include "guest.h"

/* An instance with room for @max, not yet mapped. */
static struct evset room(int max)
{
	struct evset s = { .fd = guest_device(), .max = max };

	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, max), 0);
	s.size = EP_MAP_SIZE(max);
	return s;
}

static void *map(const struct evset *s, int prot, int flags)
{
	return mmap(NULL, s->size, prot, flags, s->fd, 0);
}

GUEST_TEST(mmap, exact_size, 10,
	   "only the whole double buffer can be mapped, one page more or less is EINVAL")
{
	struct evset s = room(1000);
	static const long off[] = { -16384 + 4096, -8192, -4096, 4096, 16384,
				    1 << 20 };
	size_t i;

	for (i = 0; i < sizeof(off) / sizeof(*off); i++) {
		void *p = mmap(NULL, s.size + off[i], PROT_READ, MAP_PRIVATE,
			       s.fd, 0);

		ck_assert_msg(p == MAP_FAILED && errno == EINVAL,
			      "mmap of %zu%+ld bytes: expected EINVAL", s.size,
			      off[i]);
	}
	evset_map(&s);
	ck_assert_uint_eq(s.size, 16384);
}

GUEST_TEST(mmap, size_follows_growth, 10,
	   "after growing only the new size can be mapped")
{
	struct evset s = room(512);

	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 513), 0);
	GUEST_FAILS(map(&s, PROT_READ, MAP_PRIVATE), EINVAL);
	s.max = 513;
	evset_map(&s);
}

GUEST_TEST(mmap, offset_must_be_zero, 10,
	   "a mapping starts at offset 0, or is EINVAL, also where the length is right")
{
	struct evset s = room(512);

	GUEST_FAILS(mmap(NULL, s.size, PROT_READ, MAP_PRIVATE, s.fd, 4096),
		    EINVAL);
	GUEST_FAILS(mmap(NULL, s.size, PROT_READ, MAP_PRIVATE, s.fd, 8192),
		    EINVAL);
	GUEST_FAILS(mmap(NULL, s.size, PROT_READ, MAP_PRIVATE, s.fd,
			 0x7ffffffff000), EINVAL);
	evset_map(&s);
}

GUEST_TEST(mmap, before_alloc, 10, "there is nothing to map before EP_ALLOC: EINVAL")
{
	int fd = guest_device();

	GUEST_FAILS(mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 0), EINVAL);
	GUEST_RETURNS(ioctl(fd, EP_ALLOC, 0), 0);
	GUEST_FAILS(mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 0), EINVAL);
}

GUEST_TEST(mmap, shared_read_only, 10,
	   "a shared read-only mapping works like the private one of the manual")
{
	struct evset s = room(8);
	int p[2];

	s.map = map(&s, PROT_READ, MAP_SHARED);
	ck_assert_msg(s.map != MAP_FAILED, "mmap: %s", strerror(errno));
	guest_pipe(p);
	evset_add(&s, p[0], POLLIN);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(mmap, shared_writable_refused, 10,
	   "a shared writable mapping is EACCES (the check of the 2.5.44 patch)")
{
	struct evset s = room(8);

	GUEST_FAILS(map(&s, PROT_READ | PROT_WRITE, MAP_SHARED), EACCES);
	GUEST_FAILS(map(&s, PROT_WRITE, MAP_SHARED), EACCES);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
}

GUEST_TEST(mmap, mprotect_shared_refused, 10,
	   "a shared mapping cannot be made writable later: mprotect is EACCES")
{
	struct evset s = room(8);

	s.map = map(&s, PROT_READ, MAP_SHARED);
	ck_assert(s.map != MAP_FAILED);
	GUEST_FAILS(mprotect(s.map, s.size, PROT_READ | PROT_WRITE), EACCES);
	GUEST_FAILS(mprotect(s.map, 4096, PROT_WRITE), EACCES);
	GUEST_FAILS(mprotect(s.map + 4096, 4096, PROT_READ | PROT_WRITE),
		    EACCES);
}

/* Both halves, a private writable mapping beside a shared one. */
struct two_views {
	struct evset s;			/* reads through the private mapping */
	char *shared;
};

static void two_views(struct two_views *v, int prot)
{
	v->s = room(8);
	v->s.map = map(&v->s, prot, MAP_PRIVATE);
	ck_assert_msg(v->s.map != MAP_FAILED, "private mapping: %s",
		      strerror(errno));
	v->shared = map(&v->s, PROT_READ, MAP_SHARED);
	ck_assert_msg(v->shared != MAP_FAILED, "shared mapping: %s",
		      strerror(errno));
}

GUEST_TEST(mmap, exec_refused, 10,
	   "no mapping can be run: PROT_EXEC is EPERM, mprotect to it EACCES")
{
	static const int how[] = { MAP_PRIVATE, MAP_SHARED };
	struct evset s;
	void *map;

	evset_open(&s, 8);
	for (int i = 0; i < 2; i++) {
		ck_assert(mmap(NULL, s.size, PROT_READ | PROT_EXEC, how[i], s.fd,
			       0) == MAP_FAILED);
		ck_assert_int_eq(errno, EPERM);
		map = mmap(NULL, s.size, PROT_READ, how[i], s.fd, 0);
		ck_assert(map != MAP_FAILED);
		GUEST_FAILS(mprotect(map, s.size, PROT_READ | PROT_EXEC), EACCES);
	}
}

GUEST_TEST(mmap, exec_not_meant, 10,
	   "where a program's personality adds PROT_EXEC to what is read, the mapping is had without it")
{
	struct evset s = { .fd = guest_device(), .max = 8 };
	int e = guest_eventfd();

	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 8), 0);
	ck_assert(personality(READ_IMPLIES_EXEC) >= 0);
	evset_map(&s);
	ck_assert(personality(0) >= 0);
	GUEST_FAILS(mprotect(s.map, s.size, PROT_READ | PROT_EXEC), EACCES);
	evset_add(&s, e, POLLIN);
	guest_put(e);
	evset_expect(&s, e, POLLIN);
}

GUEST_TEST(mmap, private_writable_accepted, 10,
	   "a private writable mapping is accepted, as ivykis 0.8 asks for it, and shows the events")
{
	struct two_views v;
	int p[2], i;

	two_views(&v, PROT_READ | PROT_WRITE);
	guest_pipe(p);
	evset_add(&v.s, p[0], POLLIN);
	for (i = 0; i < 4; i++) {
		guest_put(p[1]);
		evset_expect(&v.s, p[0], POLLIN);
	}
}

GUEST_TEST(mmap, private_store_stays_private, 10,
	   "a store to a private mapping changes that program's copy of the page and nothing else")
{
	struct two_views v;
	int p[2];

	two_views(&v, PROT_READ | PROT_WRITE);
	guest_pipe(p);
	evset_add(&v.s, p[0], POLLIN);
	memset(v.s.map, 0xa5, v.s.size);
	for (size_t i = 0; i < v.s.size; i++)
		if (v.shared[i])
			ck_abort_msg("byte %zu of the shared mapping shows the store",
				     i);
	guest_put(p[1]);
	v.s.map = v.shared;
	evset_expect(&v.s, p[0], POLLIN);
}

GUEST_TEST(mmap, private_store_cannot_mislead_the_kernel, 10,
	   "slots overwritten by the program with other fds do not matter: the kernel reads none back")
{
	struct two_views v;
	struct pollfd *lie;
	int a, b;

	two_views(&v, PROT_READ | PROT_WRITE);
	a = guest_eventfd();
	b = guest_eventfd();
	evset_add(&v.s, a, POLLIN);
	evset_add(&v.s, b, POLLIN);
	guest_put(a);
	guest_put(b);
	/* Both slots of both halves now claim to be b, in our copy. */
	for (int half = 0; half < 2; half++) {
		lie = (struct pollfd *)(v.s.map + half * v.s.size / 2);
		lie[0] = lie[1] = (struct pollfd){ .fd = b, .events = -1,
						   .revents = -1 };
	}
	evset_del(&v.s, a);
	v.s.map = v.shared;
	evset_expect(&v.s, b, POLLIN);
}

GUEST_TEST(mmap, mprotect_private_accepted, 10,
	   "a private mapping may be made writable later; a store is still the program's own")
{
	struct two_views v;

	two_views(&v, PROT_READ);
	GUEST_RETURNS(mprotect(v.s.map, v.s.size, PROT_READ | PROT_WRITE), 0);
	v.s.map[5] = 0x5a;
	ck_assert_int_ne(v.shared[5], 0x5a);
}

GUEST_TEST(mmap, no_back_door_by_proc_mem, 10,
	   "/proc/self/mem and process_vm_writev do not write to the pages that the kernel uses")
{
	char junk[64], before[64];
	struct two_views v;
	struct iovec from = { junk, sizeof(junk) }, to;
	int fd;

	two_views(&v, PROT_READ);
	memset(junk, 0x77, sizeof(junk));
	memcpy(before, v.shared, sizeof(before));
	fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "/proc/self/mem: %s", strerror(errno));
	ck_assert_msg(pwrite(fd, junk, sizeof(junk), (off_t)v.shared) < 0,
		      "a write to the shared mapping must fail");
	to = (struct iovec){ v.shared, sizeof(junk) };
	ck_assert_msg(process_vm_writev(getpid(), &from, 1, &to, 1, 0) < 0,
		      "process_vm_writev to the shared mapping must fail");
	/* Ptrace may break copy-on-write, which is a private copy again. */
	(void)!pwrite(fd, junk, sizeof(junk), (off_t)v.s.map);
	ck_assert_mem_eq(v.shared, before, sizeof(before));
}

GUEST_TEST(mmap, readable_by_system_calls, 10,
	   "the mapping is ordinary memory to other system calls: write(2) can send the slots")
{
	struct pollfd got;
	struct evset s;
	int p[2], q[2];

	evset_open(&s, 8);
	guest_pipe(p);
	guest_pipe(q);
	evset_add(&s, p[0], POLLIN);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
	for (int half = 0; half < 2; half++) {
		char *at = s.map + half * s.size / 2;

		GUEST_RETURNS(write(q[1], at, sizeof(got)), sizeof(got));
		GUEST_RETURNS(read(q[0], &got, sizeof(got)), sizeof(got));
		ck_assert_mem_eq(&got, at, sizeof(got));
	}
}

GUEST_TEST(mmap, starts_zeroed, 10,
	   "a fresh mapping holds zeros, nothing that the kernel had in these pages before")
{
	struct evset s;

	evset_open(&s, 20000);
	for (size_t i = 0; i < s.size; i++)
		if (s.map[i])
			ck_abort_msg("byte %zu is %#x", i, s.map[i]);
}

/*
 * Counting the mappings
 */

GUEST_TEST(mmap, two_maps_one_unmap, 10,
	   "two mmaps and one munmap leave a mapping (2002 set its counter to 1 and freed the pages)")
{
	struct evset s;
	char *other;
	int p[2];

	evset_pipe(&s, p, POLLIN);
	other = map(&s, PROT_READ, MAP_SHARED);
	ck_assert(other != MAP_FAILED);
	GUEST_RETURNS(munmap(other, s.size), 0);
	GUEST_FAILS(ioctl(s.fd, EP_FREE), EBUSY);
	GUEST_FAILS(ioctl(s.fd, EP_ALLOC, 5000), EBUSY);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
	evset_unmap(&s);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
}

GUEST_TEST(mmap, part_unmapped, 10,
	   "munmap of one page leaves the set mapped; only the last part gone frees it")
{
	struct evset s;
	int p[2];

	evset_open(&s, 2048);			/* four pages a half */
	guest_pipe(p);
	evset_add(&s, p[0], POLLIN);
	GUEST_RETURNS(munmap(s.map + 4096, 4096), 0);
	GUEST_FAILS(ioctl(s.fd, EP_FREE), EBUSY);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
	GUEST_RETURNS(munmap(s.map + 3 * 4096, 5 * 4096), 0);
	GUEST_FAILS(ioctl(s.fd, EP_FREE), EBUSY);
	GUEST_RETURNS(munmap(s.map, 4096), 0);
	GUEST_FAILS(ioctl(s.fd, EP_FREE), EBUSY);
	GUEST_RETURNS(munmap(s.map, s.size), 0);
	GUEST_RETURNS(evset_wait(&s, 0, NULL), -EINVAL);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
}

GUEST_TEST(mmap, mapped_over, 10,
	   "a mapping that another one was put over is gone")
{
	struct evset s;

	evset_open(&s, 8);
	ck_assert(mmap(s.map, s.size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS |
		       MAP_FIXED, -1, 0) == s.map);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
}

GUEST_TEST(mmap, mremap_moves, 10,
	   "mremap to another address moves the mapping: it shows the events there and counts once")
{
	struct evset s;
	char *to, *moved;
	int p[2];

	evset_pipe(&s, p, POLLIN);
	to = mmap(NULL, s.size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert(to != MAP_FAILED);
	moved = mremap(s.map, s.size, s.size, MREMAP_MAYMOVE | MREMAP_FIXED,
		       to);
	ck_assert_msg(moved == to, "mremap: %s", strerror(errno));
	s.map = moved;
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
	GUEST_FAILS(ioctl(s.fd, EP_FREE), EBUSY);
	evset_unmap(&s);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
}

GUEST_TEST(mmap, mremap_cannot_grow, 10,
	   "mremap cannot make the mapping larger, and nothing beyond the set can be read")
{
	struct evset s;
	char *p;

	evset_open(&s, 8);
	p = mremap(s.map, s.size, 2 * s.size, MREMAP_MAYMOVE);
	ck_assert_msg(p == MAP_FAILED && errno == EFAULT,
		      "expected EFAULT (VM_DONTEXPAND), got %s",
		      p == MAP_FAILED ? strerror(errno) : "a mapping");
	evset_none(&s);
}

GUEST_TEST(mmap, mremap_shrinks, 10,
	   "mremap to less is munmap of the rest: still mapped, EP_FREE is EBUSY until all is gone")
{
	struct evset s;

	evset_open(&s, 8);
	ck_assert(mremap(s.map, s.size, 4096, 0) == s.map);
	GUEST_FAILS(ioctl(s.fd, EP_FREE), EBUSY);
	evset_none(&s);
	GUEST_RETURNS(munmap(s.map, 4096), 0);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
}

GUEST_TEST(mmap, outlives_close, 10,
	   "a mapping outlives close of the descriptor and shows what it showed: no memory is freed under it")
{
	const struct pollfd *ev;
	struct evset s;
	int p[2], n;

	evset_pipe(&s, p, POLLIN);
	guest_put(p[1]);
	n = evset_wait(&s, 0, &ev);
	ck_assert_int_eq(n, 1);
	GUEST_RETURNS(close(s.fd), 0);
	ck_assert_int_eq(ev->fd, p[0]);
	ck_assert_int_eq(ev->revents, POLLIN);
	/* Events may go on falling into the other half. */
	for (int i = 0; i < 100; i++) {
		guest_put(p[1]);
		guest_drain(p[0]);
	}
	ck_assert_int_eq(ev->fd, p[0]);
	GUEST_RETURNS(munmap(s.map, s.size), 0);
	guest_put(p[1]);
}

/*
 * fork
 */

GUEST_TEST(mmap, fork_counts, 20,
	   "a forked child's mapping counts: EP_FREE is EBUSY until the child has ended")
{
	struct evset s;
	int go[2];
	pid_t pid;

	evset_open(&s, 8);
	ck_assert(pipe(go) == 0);
	pid = guest_fork();
	if (!pid) {
		char c;

		close(go[1]);
		_exit(read(go[0], &c, 1) == 0 ? 0 : 1);
	}
	evset_unmap(&s);
	GUEST_FAILS(ioctl(s.fd, EP_FREE), EBUSY);
	close(go[1]);
	guest_reap(pid);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
}

GUEST_TEST(mmap, fork_child_unmaps, 20,
	   "a child that unmaps leaves the parent's mapping as it was")
{
	struct evset s;
	int p[2];
	pid_t pid;

	evset_pipe(&s, p, POLLIN);
	pid = guest_fork();
	if (!pid)
		_exit(munmap(s.map, s.size) == 0 ? 0 : 1);
	guest_reap(pid);
	GUEST_FAILS(ioctl(s.fd, EP_FREE), EBUSY);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(mmap, map_after_fork, 20,
	   "a child that maps by itself after fork sees the events; its exit takes its mapping along")
{
	struct evset s = room(8);
	int p[2];

	guest_pipe(p);
	GUEST_CHILD {
		evset_map(&s);
		evset_add(&s, p[0], POLLIN);
		guest_put(p[1]);
		evset_expect(&s, p[0], POLLIN);
	}
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
}

GUEST_TEST(mmap, fork_shares_the_pages, 20,
	   "what the kernel stores after fork is seen in parent and child: the pages are shared, not copied")
{
	const struct pollfd *ev;
	struct evset s;
	int p[2], go[2], n;
	pid_t pid;
	long off;

	evset_pipe(&s, p, POLLIN);
	ck_assert(pipe(go) == 0);
	pid = guest_fork();
	if (!pid) {
		ck_assert(read(go[0], &off, sizeof(off)) == sizeof(off));
		ev = (const struct pollfd *)(s.map + off);
		ck_assert_int_eq(ev->fd, p[0]);
		ck_assert_int_eq(ev->revents, POLLIN);
		_exit(0);
	}
	guest_put(p[1]);
	n = evset_wait(&s, 0, &ev);
	ck_assert_int_eq(n, 1);
	off = (const char *)ev - s.map;
	ck_assert(write(go[1], &off, sizeof(off)) == sizeof(off));
	guest_reap(pid);
}

GUEST_TEST(mmap, churn, 60,
	   "mapping, growing, freeing 300 times leaves nothing mapped and nothing registered")
{
	struct evset s = { .fd = guest_device() };
	int p[2];

	guest_pipe(p);
	for (int i = 0; i < guest_rounds(300); i++) {
		s.max = 1 + i * 37;
		GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, s.max), 0);
		evset_map(&s);
		evset_add(&s, p[0], POLLIN);
		guest_put(p[1]);
		evset_expect(&s, p[0], POLLIN);
		guest_drain(p[0]);
		evset_unmap(&s);
		GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
		GUEST_RETURNS(evset_info(&s, "items"), 0);
		GUEST_RETURNS(evset_info(&s, "capacity"), 0);
	}
}
