// SPDX-License-Identifier: GPL-2.0-only
/*
 * again.c - suite again: EP_NEW and EVENTPOLL_NEW, an instance out of an instance
 *
 * As open(2) of the node, for who cannot walk to it any more; and no more than that.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "eventpoll.h"
#include "guest.h"

static const struct device {
	const char *node;
	unsigned long again;
} devices[] = {
	{ "/dev/epoll", EP_NEW },
	{ EVENTPOLL_DEVICE, EVENTPOLL_NEW },
};

/* One loop over both, each instance opened with @flags. */
#define FOR_EACH_DEVICE(d, fd, flags)					\
	for (const struct device *d = devices; d < devices + 2; d++)	\
		for (int fd = device_fd(d, flags); fd >= 0; close(fd), fd = -1)

static int device_fd(const struct device *d, int flags)
{
	int fd = open(d->node, flags);

	ck_assert_msg(fd >= 0, "%s: %s", d->node, strerror(errno));
	return fd;
}

static int again(const struct device *d, int fd, unsigned long flags)
{
	return ioctl(fd, d->again, flags);
}

static int watch(const struct device *d, int fd, int watched)
{
	struct pollfd rec = { .fd = watched, .events = POLLIN };
	struct epoll_event ev = { .events = EPOLLIN };

	if (d->again == EVENTPOLL_NEW)
		return eventpoll_ctl(fd, EPOLL_CTL_ADD, watched, &ev);
	if (ioctl(fd, EP_ALLOC, 8))
		return -1;
	return write(fd, &rec, sizeof(rec)) == sizeof(rec) ? 0 : -1;
}

GUEST_TEST(again, numbers, 10, "the two ioctls have the numbers that the headers say")
{
	ck_assert_uint_eq(EP_NEW, 0x5005);
	ck_assert_uint_eq(EVENTPOLL_NEW, 0x5013);
}

GUEST_TEST(again, is_one_of_its_own, 20,
	   "an instance made of another watches by itself and outlives it, and has the flags of open")
{
	FOR_EACH_DEVICE(d, fd, O_RDWR) {
		int p[2], fresh = again(d, fd, O_CLOEXEC), left;

		ck_assert_msg(fresh >= 0, "%s: %s", d->node, strerror(errno));
		GUEST_RETURNS(fcntl(fresh, F_GETFD), FD_CLOEXEC);
		left = again(d, fresh, 0);
		ck_assert_msg(left >= 0, "%s: %s", d->node, strerror(errno));
		GUEST_RETURNS(fcntl(left, F_GETFD), 0);
		GUEST_RETURNS(fcntl(left, F_GETFL) & O_ACCMODE, O_RDWR);
		guest_pipe(p);
		GUEST_RETURNS(watch(d, fresh, p[0]), 0);
		GUEST_RETURNS(watch(d, left, p[0]), 0);
		close(fresh);
		guest_put(p[1]);
		GUEST_RETURNS(guest_poll(left, POLLIN), POLLIN);
		GUEST_RETURNS(guest_poll(fd, POLLIN), 0);
	}
}

GUEST_TEST(again, is_no_use, 10,
	   "a store can still be chosen after EVENTPOLL_NEW, in the old instance and in the new one")
{
	const struct device *d = &devices[1];
	int fd = device_fd(d, O_RDWR), fresh = again(d, fd, 0);

	GUEST_RETURNS(ioctl(fd, EVENTPOLL_STORE, (long)EVENTPOLL_WFCQUEUE), 0);
	GUEST_RETURNS(ioctl(fresh, EVENTPOLL_STORE, (long)EVENTPOLL_RWLOCK), 0);
}

GUEST_TEST(again, bad_flags, 10, "a flag other than O_CLOEXEC is EINVAL, and no number is used up")
{
	static const unsigned long bad[] = {
		1, O_NONBLOCK, O_CLOEXEC | O_APPEND, 1UL << 32 | O_CLOEXEC, ~0UL,
	};

	FOR_EACH_DEVICE(d, fd, O_RDWR) {
		int next = dup(fd);

		close(next);
		for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
			GUEST_FAILS(again(d, fd, bad[i]), EINVAL);
		GUEST_RETURNS(dup(fd), next);
		close(next);
	}
}

GUEST_TEST(again, open_for_both, 10,
	   "an instance that is open for reading or for writing alone gives none that is open for both: EBADF")
{
	FOR_EACH_DEVICE(d, fd, O_RDONLY)
		GUEST_FAILS(again(d, fd, 0), EBADF);
	FOR_EACH_DEVICE(d, fd, O_WRONLY)
		GUEST_FAILS(again(d, fd, 0), EBADF);
}

GUEST_TEST(again, no_number_left, 10, "EMFILE when there is no number, and nothing is kept")
{
	FOR_EACH_DEVICE(d, fd, O_RDWR) {
		struct rlimit old, none = { 0 };

		GUEST_RETURNS(getrlimit(RLIMIT_NOFILE, &old), 0);
		none.rlim_max = old.rlim_max;
		GUEST_RETURNS(setrlimit(RLIMIT_NOFILE, &none), 0);
		GUEST_FAILS(again(d, fd, 0), EMFILE);
		GUEST_RETURNS(setrlimit(RLIMIT_NOFILE, &old), 0);
	}
}

/* A folder with nothing in it. */
static void jail(void)
{
	char path[] = "/tmp/again-XXXXXX";

	ck_assert_msg(mkdtemp(path), "%s: %s", path, strerror(errno));
	if (chroot(path))
		GUEST_SKIP("chroot: %s", strerror(errno));
	ck_assert(chdir("/") == 0);
}

GUEST_TEST(again, in_a_jail, 20, "an instance gives another in a root that has no /dev")
{
	int fd[2], p[2];

	for (int i = 0; i < 2; i++)
		fd[i] = device_fd(&devices[i], O_RDWR);
	guest_pipe(p);
	jail();
	for (int i = 0; i < 2; i++) {
		int fresh;

		GUEST_FAILS(open(devices[i].node, O_RDWR), ENOENT);
		fresh = again(&devices[i], fd[i], O_CLOEXEC);
		ck_assert_msg(fresh >= 0, "%s: %s", devices[i].node, strerror(errno));
		GUEST_RETURNS(watch(&devices[i], fresh, p[0]), 0);
	}
}

static void become_nobody(void)
{
	ck_assert(setgroups(0, NULL) == 0 && setresgid(65534, 65534, 65534) == 0 &&
		  setresuid(65534, 65534, 65534) == 0);
}

GUEST_TEST(again, rights_of_now, 20,
	   "who may not open the node any more gets no new instance out of an old one: EACCES")
{
	FOR_EACH_DEVICE(d, fd, O_RDWR) {
		struct stat st;

		GUEST_RETURNS(fstat(fd, &st), 0);
		GUEST_CHILD {
			become_nobody();
			if (st.st_mode & 0006)
				ck_assert(again(d, fd, 0) >= 0);
			else
				GUEST_FAILS(again(d, fd, 0), EACCES);
		}
	}
}
