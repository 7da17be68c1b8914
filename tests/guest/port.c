// SPDX-License-Identifier: GPL-2.0-only
/*
 * port.c - suite port: /dev/eventpoll as a device, its ioctls, its stores
 *
 * What it does as an epoll is in the tests of behave.h; here is what only the
 * module has: a node, three ioctls, a choice.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "behave.h"
#include "eventpoll.h"

static const char *const store_name[] = {
#define STORE(id, NUMBER, name, about) [EVENTPOLL_##NUMBER] = name,
#include "designs.def"
};

#define STORES	((int)(sizeof(store_name) / sizeof(store_name[0])))

static int port_open(void)
{
	int fd = open(EVENTPOLL_DEVICE, O_RDWR | O_CLOEXEC);

	ck_assert_msg(fd >= 0, EVENTPOLL_DEVICE ": %s", strerror(errno));
	return fd;
}

static int port_add(int ep, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	return eventpoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
}

/* The store by the instance's fdinfo; a line of it that is no item. */
static const char *store_of(int ep)
{
	static char name[64];
	char path[64], line[256];
	int found = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", ep);
	f = fopen(path, "re");
	ck_assert_msg(f, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		ck_assert_msg(found || strncmp(line, "tfd:", 4),
			      "an item comes before the store");
		if (sscanf(line, "store:\t%63s\n", name) == 1)
			found++;
	}
	fclose(f);
	ck_assert_msg(found == 1, "%d lines say which store it is", found);
	return name;
}

static void store_is(int ep, const char *name)
{
	const char *is = store_of(ep);

	ck_assert_msg(!strcmp(is, name), "expected the store %s, got %s", name, is);
}

/*
 * The device
 */

GUEST_TEST(port, header_numbers, 10,
	   "the ioctls have the numbers and the structures the sizes that programs were built with")
{
	ck_assert_uint_eq(EVENTPOLL_STORE, 0x5010);
	ck_assert_uint_eq(EVENTPOLL_CTL, 0x40105011);
	ck_assert_uint_eq(EVENTPOLL_WAIT, 0x40285012);
	ck_assert_uint_eq(sizeof(struct eventpoll_ctl), 16);
	ck_assert_uint_eq(sizeof(struct eventpoll_wait), 40);
	ck_assert_uint_eq(offsetof(struct eventpoll_ctl, event), 8);
	ck_assert_uint_eq(offsetof(struct eventpoll_wait, timespec), 16);
}

GUEST_TEST(port, node_is_private, 10,
	   "/dev/eventpoll is a character device with the mode of the module's parameter, 0600 unless told")
{
	struct stat st;

	GUEST_RETURNS(stat(EVENTPOLL_DEVICE, &st), 0);
	ck_assert(S_ISCHR(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(atoi(guest_param("eventpoll_port", "mode")), 0600);
}

GUEST_TEST(port, node_refuses_others, 10,
	   "a user who is not root cannot open it: EACCES")
{
	GUEST_CHILD {
		GUEST_RETURNS(setresuid(1001, 1001, 1001), 0);
		GUEST_FAILS(open(EVENTPOLL_DEVICE, O_RDWR), EACCES);
		GUEST_FAILS(eventpoll_create(EVENTPOLL_OVFLIST, 0), EACCES);
	}
}

GUEST_TEST(port, open_makes_an_instance, 10,
	   "each open is an instance of its own, even one by way of another's number")
{
	int a = port_open(), b = port_open(), again, p[2];
	struct epoll_event ev;
	char path[64];

	guest_pipe(p);
	guest_put(p[1]);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", a);
	again = open(path, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(again, 0);
	GUEST_RETURNS(port_add(a, p[0]), 0);
	GUEST_RETURNS(port_add(b, p[0]), 0);
	GUEST_RETURNS(eventpoll_wait(again, &ev, 1, 0), 0);
	GUEST_RETURNS(port_add(again, p[0]), 0);
}

GUEST_TEST(port, open_flags, 10,
	   "O_CLOEXEC is as asked; O_NONBLOCK and the way it was opened mean nothing to a wait")
{
	static const int how[] = { O_RDONLY, O_WRONLY, O_RDWR };
	struct epoll_event ev;
	int ep, p[2];

	guest_pipe(p);
	for (size_t i = 0; i < 3; i++) {
		ep = open(EVENTPOLL_DEVICE, how[i] | O_NONBLOCK);
		ck_assert_int_ge(ep, 0);
		GUEST_RETURNS(fcntl(ep, F_GETFD), 0);
		GUEST_RETURNS(port_add(ep, p[0]), 0);
		GUEST_RETURNS(eventpoll_wait(ep, &ev, 1, 20), 0);
		close(ep);
	}
	GUEST_RETURNS(fcntl(port_open(), F_GETFD), FD_CLOEXEC);
}

GUEST_TEST(port, create_by_library, 10,
	   "eventpoll_create takes a store and EPOLL_CLOEXEC, and refuses all else with EINVAL")
{
	GUEST_FAILS(eventpoll_create(STORES, 0), EINVAL);
	GUEST_FAILS(eventpoll_create(-1, 0), EINVAL);
	GUEST_FAILS(eventpoll_create(EVENTPOLL_OVFLIST, EPOLL_CLOEXEC | 1), EINVAL);
	GUEST_FAILS(eventpoll_store_by_name("epoll"), ENOENT);
	for (int i = 0; i < STORES; i++) {
		GUEST_RETURNS(eventpoll_store_by_name(store_name[i]), i);
		store_is(eventpoll_create(i, 0), store_name[i]);
	}
}

/*
 * The ioctls on what they are not for
 */

GUEST_TEST(port, foreign_file_is_enotty, 10,
	   "the ioctls on a file that is no instance are ENOTTY")
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct eventpoll_ctl ctl = {
		.op = EPOLL_CTL_ADD, .event = (uintptr_t)&ev,
	};
	struct eventpoll_wait wait = {
		.events = (uintptr_t)&ev, .maxevents = 1, .timeout = 0,
	};
	int p[2], u[2], t[2], fd[10], n = 0;

	guest_pipe(p);
	guest_unix(u);
	guest_tcp(t);
	fd[n++] = p[0];
	fd[n++] = u[0];
	fd[n++] = t[0];
	fd[n++] = guest_eventfd();
	fd[n++] = guest_null();
	fd[n++] = guest_device();
	fd[n++] = open("/", O_RDONLY | O_CLOEXEC);
	fd[n++] = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ctl.fd = p[0];
	for (int i = 0; i < n; i++) {
		GUEST_FAILS(ioctl(fd[i], EVENTPOLL_STORE, EVENTPOLL_OVFLIST), ENOTTY);
		GUEST_FAILS(ioctl(fd[i], EVENTPOLL_CTL, &ctl), ENOTTY);
		GUEST_FAILS(ioctl(fd[i], EVENTPOLL_WAIT, &wait), ENOTTY);
	}
	GUEST_FAILS(ioctl(-1, EVENTPOLL_WAIT, &wait), EBADF);
}

GUEST_TEST(port, kernel_epoll_is_foreign, 10,
	   "an instance of the kernel's epoll refuses the ioctls, and ours is none to epoll_ctl: EINVAL")
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct eventpoll_wait wait = {
		.events = (uintptr_t)&ev, .maxevents = 1, .timeout = 0,
	};
	int k = epoll_create1(EPOLL_CLOEXEC), ep = port_open(), p[2];

	guest_pipe(p);
	/* ENOTTY or, since it has ioctls of its own (6.9), EINVAL. */
	GUEST_RETURNS(ioctl(k, EVENTPOLL_STORE, EVENTPOLL_OVFLIST), -1);
	GUEST_RETURNS(ioctl(k, EVENTPOLL_WAIT, &wait), -1);
	GUEST_FAILS(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev), EINVAL);
	GUEST_FAILS(epoll_wait(ep, &ev, 1, 0), EINVAL);
}

GUEST_TEST(port, unknown_ioctl_is_enotty, 10,
	   "an unknown ioctl on an instance is ENOTTY, one of ours with another size too, and is no first use")
{
	static const unsigned long unknown[] = {
		0, _IO('P', 0), _IO('P', 15), _IO('P', 17), _IO('P', 18),
		_IO('P', 20), _IOR('P', 17, struct eventpoll_ctl),
		_IOWR('P', 17, struct eventpoll_ctl), _IOW('P', 17, char[12]),
		_IOW('P', 18, char[36]), _IOW('P', 18, char[48]),
		_IOW('P', 16, int), _IOW('p', 17, struct eventpoll_ctl),
		EP_ALLOC, EP_POLL, EP_FREE, EP_ISPOLLED, 0xffffffff,
	};
	char page[64] = { 0 };
	int ep = port_open();

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		GUEST_FAILS(ioctl(ep, unknown[i], page), ENOTTY);
	GUEST_RETURNS(ioctl(ep, EVENTPOLL_STORE, EVENTPOLL_RWLOCK), 0);
}

/*
 * The choice of a store
 */

GUEST_TEST(port, store_default, 10,
	   "an instance that was not told otherwise has the store ovflist")
{
	struct epoll_event ev;
	int ep = port_open();

	store_is(ep, "ovflist");
	GUEST_RETURNS(eventpoll_wait(ep, &ev, 1, 0), 0);
	store_is(ep, "ovflist");
}

GUEST_TEST(port, store_chosen, 10,
	   "a fresh instance takes any store, and another one as long as it is not used")
{
	struct epoll_event ev;
	int ep = port_open(), p[2];

	guest_pipe(p);
	guest_put(p[1]);
	for (int i = 3 * STORES - 1; i >= 0; i--) {
		GUEST_RETURNS(ioctl(ep, EVENTPOLL_STORE, i % STORES), 0);
		store_is(ep, store_name[i % STORES]);
		/* Twice the same is fine. */
		GUEST_RETURNS(ioctl(ep, EVENTPOLL_STORE, i % STORES), 0);
	}
	GUEST_RETURNS(ioctl(ep, EVENTPOLL_STORE, EVENTPOLL_WFCQUEUE), 0);
	GUEST_RETURNS(port_add(ep, p[0]), 0);
	GUEST_RETURNS(eventpoll_wait(ep, &ev, 1, 0), 1);
	store_is(ep, "wfcqueue");
}

GUEST_TEST(port, store_unknown_is_einval, 10,
	   "an unknown store is EINVAL, before the first use and after")
{
	static const long unknown[] = {
		STORES, STORES + 1, 255, -1, INT32_MAX, INT32_MIN, 1L << 32,
		(1L << 32) | EVENTPOLL_RWLOCK, INT64_MIN,
	};
	struct epoll_event ev;
	int ep = port_open();

	for (int used = 0; used < 2; used++) {
		for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
			GUEST_FAILS(ioctl(ep, EVENTPOLL_STORE, unknown[i]), EINVAL);
		GUEST_RETURNS(eventpoll_wait(ep, &ev, 1, 0), 0);
	}
	store_is(ep, "ovflist");
}

static void used_now(int ep)
{
	store_is(ep, "singlepass");
	for (int i = 0; i < STORES; i++)
		GUEST_FAILS(ioctl(ep, EVENTPOLL_STORE, i), EBUSY);
	store_is(ep, "singlepass");
	close(ep);
}

static int unused(void)
{
	int ep = port_open();

	GUEST_RETURNS(ioctl(ep, EVENTPOLL_STORE, EVENTPOLL_SINGLEPASS), 0);
	return ep;
}

GUEST_TEST(port, store_busy_after_ctl, 10,
	   "a ctl is the first use, done or refused: no store can be chosen after it")
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep, p[2];

	guest_pipe(p);
	ep = unused();
	GUEST_RETURNS(port_add(ep, p[0]), 0);
	used_now(ep);
	ep = unused();
	GUEST_FAILS(eventpoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL), ENOENT);
	used_now(ep);
	ep = unused();
	GUEST_FAILS(eventpoll_ctl(ep, EPOLL_CTL_ADD, -1, &ev), EBADF);
	used_now(ep);
	ep = unused();
	GUEST_FAILS(eventpoll_ctl(ep, EPOLL_CTL_ADD, p[0], NULL), EFAULT);
	used_now(ep);
	ep = unused();
	GUEST_FAILS(eventpoll_ctl(ep, 77, p[0], &ev), EINVAL);
	used_now(ep);
	ep = unused();
	GUEST_FAILS(eventpoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev), EINVAL);
	used_now(ep);
	ep = unused();
	GUEST_FAILS(eventpoll_ctl(ep, EPOLL_CTL_ADD, guest_null(), &ev), EPERM);
	used_now(ep);
	ep = unused();
	GUEST_FAILS(ioctl(ep, EVENTPOLL_CTL, NULL), EFAULT);
	used_now(ep);
}

GUEST_TEST(port, store_busy_after_wait, 10,
	   "so is a wait, done or refused")
{
	struct epoll_event ev;
	int ep;

	ep = unused();
	GUEST_RETURNS(eventpoll_wait(ep, &ev, 1, 0), 0);
	used_now(ep);
	ep = unused();
	GUEST_FAILS(eventpoll_wait(ep, &ev, 0, 0), EINVAL);
	used_now(ep);
	ep = unused();
	GUEST_FAILS(ioctl(ep, EVENTPOLL_WAIT, NULL), EFAULT);
	used_now(ep);
}

GUEST_TEST(port, store_busy_after_poll, 10,
	   "so is a look at the instance's readiness, by poll, select or an epoll of the kernel's")
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct timeval now = { 0, 0 };
	fd_set set;
	int ep;

	ep = unused();
	GUEST_RETURNS(guest_poll(ep, POLLIN), 0);
	used_now(ep);
	ep = unused();
	FD_ZERO(&set);
	FD_SET(ep, &set);
	GUEST_RETURNS(select(ep + 1, &set, NULL, NULL, &now), 0);
	used_now(ep);
	ep = unused();
	GUEST_RETURNS(epoll_ctl(epoll_create1(EPOLL_CLOEXEC), EPOLL_CTL_ADD, ep, &ev),
		      0);
	used_now(ep);
}

GUEST_TEST(port, store_busy_when_watched, 10,
	   "so is being added to another instance, which looks at it")
{
	int ep = unused(), other = port_open();

	GUEST_RETURNS(port_add(other, ep), 0);
	used_now(ep);
}

GUEST_TEST(port, store_free_after_a_look_at_fdinfo, 10,
	   "reading fdinfo, a dup and a change of flags are no use")
{
	int ep = port_open();

	store_is(ep, "ovflist");
	close(dup(ep));
	GUEST_RETURNS(fcntl(ep, F_SETFL, O_NONBLOCK), 0);
	GUEST_RETURNS(ioctl(ep, EVENTPOLL_STORE, EVENTPOLL_WFCQUEUE), 0);
	store_is(ep, "wfcqueue");
}

struct chooser {
	int ep, go, result;
};

static void *choose(void *arg)
{
	struct chooser *c = arg;

	while (!__atomic_load_n(&c->go, __ATOMIC_ACQUIRE))
		;
	c->result = ioctl(c->ep, EVENTPOLL_STORE, EVENTPOLL_WFCQUEUE) ? -errno : 0;
	return NULL;
}

GUEST_TEST(port, store_race, 60,
	   "a choice that races with the first use comes before it or is EBUSY; the store works either way")
{
	struct epoll_event ev;
	int p[2];

	guest_pipe(p);
	guest_put(p[1]);
	for (int i = 0; i < guest_rounds(300); i++) {
		struct chooser c = { .ep = port_open() };
		pthread_t t = guest_thread(choose, &c);

		__atomic_store_n(&c.go, 1, __ATOMIC_RELEASE);
		GUEST_RETURNS(port_add(c.ep, p[0]), 0);
		guest_join(t);
		ck_assert(c.result == 0 || c.result == -EBUSY);
		store_is(c.ep, c.result ? "ovflist" : "wfcqueue");
		GUEST_RETURNS(eventpoll_wait(c.ep, &ev, 1, 0), 1);
		close(c.ep);
	}
}

/*
 * Bad addresses.  Those that the system calls have are in behave_wait.c and
 * behave_ctl.c; here are those of the two structures.
 */

/* The last @size bytes of a page, nothing behind them. */
static void *edge(size_t size)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert(page != MAP_FAILED);
	GUEST_RETURNS(mprotect(page + 4096, 4096, PROT_NONE), 0);
	return page + 4096 - size;
}

GUEST_TEST(port, bad_arguments, 10,
	   "an argument that cannot be read, or only half, is EFAULT; what is behind it is not touched")
{
	static const uintptr_t bad[] = {
		0, 1, 0x1000, UINTPTR_MAX, UINTPTR_MAX - 16, 1UL << 63,
	};
	struct epoll_event ev = { .events = EPOLLIN };
	struct eventpoll_ctl *ctl = edge(sizeof(*ctl));
	struct eventpoll_wait *wait = edge(sizeof(*wait));
	int ep = port_open(), p[2];

	guest_pipe(p);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		GUEST_FAILS(ioctl(ep, EVENTPOLL_CTL, bad[i]), EFAULT);
		GUEST_FAILS(ioctl(ep, EVENTPOLL_WAIT, bad[i]), EFAULT);
	}
	*ctl = (struct eventpoll_ctl){ EPOLL_CTL_ADD, p[0], (uintptr_t)&ev };
	GUEST_FAILS(ioctl(ep, EVENTPOLL_CTL, (char *)ctl + 4), EFAULT);
	GUEST_FAILS(ioctl(ep, EVENTPOLL_CTL, ctl + 1), EFAULT);
	GUEST_RETURNS(ioctl(ep, EVENTPOLL_CTL, ctl), 0);
	*wait = (struct eventpoll_wait){
		.events = (uintptr_t)&ev, .maxevents = 1, .timeout = 0,
	};
	GUEST_FAILS(ioctl(ep, EVENTPOLL_WAIT, (char *)wait + 8), EFAULT);
	GUEST_RETURNS(ioctl(ep, EVENTPOLL_WAIT, wait), 0);
	guest_put(p[1]);
	GUEST_RETURNS(ioctl(ep, EVENTPOLL_WAIT, wait), 1);
}

GUEST_TEST(port, bad_addresses_in_arguments, 10,
	   "addresses of 64 bits in the structures are looked at in full: EFAULT, and nothing is done")
{
	static const uint64_t bad[] = {
		0, 1, 0xffff888000000000, UINT64_MAX, 1ULL << 63, 0x1000,
	};
	struct epoll_event ev = { .events = EPOLLIN };
	struct eventpoll_ctl ctl = { .op = EPOLL_CTL_ADD };
	int ep = port_open(), p[2];

	guest_pipe(p);
	guest_put(p[1]);
	ctl.fd = p[0];
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ctl.event = bad[i];
		ctl.op = EPOLL_CTL_ADD;
		GUEST_FAILS(ioctl(ep, EVENTPOLL_CTL, &ctl), EFAULT);
		ctl.op = EPOLL_CTL_DEL;
		GUEST_FAILS(ioctl(ep, EVENTPOLL_CTL, &ctl), ENOENT);
	}
	GUEST_RETURNS(port_add(ep, p[0]), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct eventpoll_wait wait = {
			.events = bad[i], .maxevents = 1, .timeout = 0,
		};

		GUEST_FAILS(ioctl(ep, EVENTPOLL_WAIT, &wait), EFAULT);
		wait.events = (uintptr_t)&ev;
		if (!bad[i])
			continue;	/* 0 is no address there, but none at all */
		wait.timespec = bad[i];
		GUEST_FAILS(ioctl(ep, EVENTPOLL_WAIT, &wait), EFAULT);
		wait.timespec = 0;
		wait.sigmask = bad[i];
		wait.sigsetsize = 8;
		GUEST_FAILS(ioctl(ep, EVENTPOLL_WAIT, &wait), EFAULT);
	}
	GUEST_RETURNS(eventpoll_wait(ep, &ev, 1, 0), 1);
}

GUEST_TEST(port, timespec_over_timeout, 10,
	   "a timespec is what counts beside a timeout, and a mask's size only with a mask")
{
	struct epoll_event ev;
	struct { int64_t sec, nsec; } t = { 0, 1000000 };
	struct eventpoll_wait wait = {
		.events = (uintptr_t)&ev, .maxevents = 1, .timeout = -1,
		.timespec = (uintptr_t)&t, .sigsetsize = 77,
	};
	int ep = port_open();
	uint64_t mask = 0;

	GUEST_RETURNS(ioctl(ep, EVENTPOLL_WAIT, &wait), 0);
	wait.sigmask = (uintptr_t)&mask;
	GUEST_FAILS(ioctl(ep, EVENTPOLL_WAIT, &wait), EINVAL);
	wait.sigsetsize = 8;
	GUEST_RETURNS(ioctl(ep, EVENTPOLL_WAIT, &wait), 0);
	t.nsec = 1000000000;
	GUEST_FAILS(ioctl(ep, EVENTPOLL_WAIT, &wait), EINVAL);
	t.nsec = 0;
	t.sec = -1;
	GUEST_FAILS(ioctl(ep, EVENTPOLL_WAIT, &wait), EINVAL);
	wait.timespec = 0;
	wait.timeout = 1;
	GUEST_RETURNS(ioctl(ep, EVENTPOLL_WAIT, &wait), 0);
}

/*
 * The instance as a file: whatever else one tries with it ends as it does with
 * the descriptor of the kernel's epoll.
 */

static long try_file_call(int what, int fd)
{
	struct iovec iov;
	char c = 0;
	void *map;
	long ret;

	iov.iov_base = &c;
	iov.iov_len = 1;
	errno = 0;
	switch (what) {
	case 0: ret = read(fd, &c, 1); break;
	case 1: ret = write(fd, &c, 1); break;
	case 2: ret = pread(fd, &c, 1, 0); break;
	case 3: ret = pwrite(fd, &c, 1, 0); break;
	case 4: ret = readv(fd, &iov, 1); break;
	case 5: ret = writev(fd, &iov, 1); break;
	case 6: ret = lseek(fd, 0, SEEK_CUR); break;
	case 7: ret = lseek(fd, 5, SEEK_SET); break;
	case 8: ret = lseek(fd, 0, SEEK_END); break;
	case 9: ret = lseek(fd, -1, SEEK_SET); break;
	case 10: ret = ftruncate(fd, 0); break;
	case 11: ret = fsync(fd); break;
	case 12: ret = fallocate(fd, 0, 0, 1); break;
	case 13: ret = sendfile(fd, fd, NULL, 1); break;
	case 14: ret = fcntl(fd, F_GETFL); break;
	case 15: ret = fcntl(fd, F_SETFL, O_NONBLOCK); break;
	case 16: ret = fcntl(fd, F_SETFL, O_ASYNC); break;
	case 17: ret = ioctl(fd, FIONBIO, &(int){ 0 }); break;
	case 18: ret = listen(fd, 1); break;
	case 19: ret = isatty(fd); break;
	case 20: ret = splice(fd, NULL, fd, NULL, 1, 0); break;
	default:
		map = mmap(NULL, 4096, PROT_READ, what == 21 ? MAP_PRIVATE : MAP_SHARED,
			   fd, 0);
		ret = map == MAP_FAILED ? -1 : 0;
	}
	return ret < 0 ? -errno : ret;
}

GUEST_TEST(port, other_calls_as_on_epoll, 10,
	   "read, write, lseek, mmap and the like end on an instance as on the kernel's epoll")
{
	int k = epoll_create1(EPOLL_CLOEXEC), ep = port_open(), p[2];
	struct epoll_event ev = { .events = EPOLLIN };

	guest_pipe(p);
	guest_put(p[1]);
	GUEST_RETURNS(epoll_ctl(k, EPOLL_CTL_ADD, p[0], &ev), 0);
	GUEST_RETURNS(port_add(ep, p[0]), 0);
	for (int i = 0; i <= 22; i++) {
		long want = try_file_call(i, k), got = try_file_call(i, ep);

		ck_assert_msg(want == got,
			      "call %d: the kernel's epoll said %ld (%s), this one %ld (%s)",
			      i, want, strerror((int)-want), got, strerror((int)-got));
	}
	GUEST_RETURNS(eventpoll_wait(ep, &ev, 1, 0), 1);
}

/*
 * With the consumer parked in the middle of its work (module parameter stall)
 */

static bool one_stalled(void *arg)
{
	(void)arg;
	return !strcmp(guest_param("eventpoll_port", "stalled"), "1");
}

static void *harvest(void *arg)
{
	struct epoll_event ev;

	return (void *)(long)eventpoll_wait(*(int *)arg, &ev, 1, -1);
}

GUEST_TEST(port, poll_does_not_wait_for_a_harvest, 60,
	   "poll(2) and the kernel's epoll see an instance as ready while a harvest is at work on it, and do not wait for it")
{
	for (int store = 0; store < STORES; store++) {
		struct epoll_event ev = { .events = EPOLLIN };
		int k = epoll_create1(EPOLL_CLOEXEC), ep, p[2];
		pthread_t t;

		ep = eventpoll_create(store, EPOLL_CLOEXEC);
		ck_assert_int_ge(ep, 0);
		guest_pipe(p);
		GUEST_RETURNS(port_add(ep, p[0]), 0);
		GUEST_RETURNS(epoll_ctl(k, EPOLL_CTL_ADD, ep, &ev), 0);
		guest_param_set("eventpoll_port", "stall", "1");
		guest_put(p[1]);
		t = guest_thread(harvest, &ep);
		guest_until(one_stalled, NULL, "the harvest is stalled");
		GUEST_RETURNS(guest_poll(ep, POLLIN), POLLIN);
		GUEST_RETURNS(epoll_wait(k, &ev, 1, 0), 1);
		/* Nothing of this has moved it. */
		ck_assert(one_stalled(NULL));
		guest_param_set("eventpoll_port", "stall", "0");
		GUEST_RETURNS((long)guest_join(t), 1);
		close(k);
		close(ep);
	}
}
