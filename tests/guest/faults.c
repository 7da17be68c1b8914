// SPDX-License-Identifier: GPL-2.0-only
/*
 * faults.c - suite faults: what happens when memory runs out in the middle
 *
 * Needs a kernel with fault injection, as the debug kernel is: /proc/self/
 * fail-nth makes the n-th allocation or user copy of this task fail.  Each
 * call is made again and again with a later one failing, until none was left
 * to fail; every time it must either work or say so, and leave nothing.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "guest.h"

#define DEBUGFS	"/sys/kernel/debug/"

static int fail_nth_fd;

static void set_if_there(const char *path, const char *value)
{
	if (!access(path, W_OK))
		guest_file_set(path, value);
}

static void need_fault_injection(void)
{
	fail_nth_fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	if (fail_nth_fd < 0)
		GUEST_SKIP("this kernel cannot inject faults");
	set_if_there(DEBUGFS "failslab/ignore-gfp-wait", "N");
	set_if_there(DEBUGFS "failslab/verbose", "0");
	set_if_there(DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N");
	set_if_there(DEBUGFS "fail_page_alloc/ignore-gfp-highmem", "N");
	set_if_there(DEBUGFS "fail_page_alloc/min-order", "0");
	set_if_there(DEBUGFS "fail_page_alloc/verbose", "0");
	set_if_there(DEBUGFS "fail_usercopy/verbose", "0");
}

static void fail_nth(int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", n);

	ssize_t ret;

	/* Setting it copies from user memory, and may be what fails. */
	do {
		ret = pwrite(fail_nth_fd, text, len, 0);
	} while (ret < 0 && errno == EFAULT);
	ck_assert_msg(ret == len, "fail-nth: %s", strerror(errno));
}

/* Was there an n-th thing to fail?  Switches the failing off, too. */
static bool has_failed(void)
{
	char text[16] = "";
	ssize_t n = pread(fail_nth_fd, text, sizeof(text) - 1, 0);

	fail_nth(0);
	/* Else it is the reading that failed, and nothing before it. */
	return n > 0 && atoi(text) == 0;
}

/* An error that a failed allocation or user copy may end in. */
static bool honest(int err)
{
	return err == ENOMEM || err == EFAULT || err == ENFILE ||
	       err == EAGAIN || err == ENOBUFS;
}

GUEST_TEST(faults, open, 120, "open: with any one allocation failing it works or says ENOMEM")
{
	int n, fd, err, failed;

	need_fault_injection();
	for (n = 1; n < 1000; n++) {
		fail_nth(n);
		fd = open(GUEST_DEVICE, O_RDWR | O_CLOEXEC);
		err = errno;
		failed = has_failed();
		if (fd >= 0)
			close(fd);
		else
			ck_assert_msg(honest(err), "fault %d: %s", n,
				      strerror(err));
		if (!failed)
			break;
	}
	ck_assert_msg(n > 1 && n < 1000, "%d faults", n - 1);
}

GUEST_TEST(faults, alloc, 240,
	   "EP_ALLOC: with any one page failing the set has the old room or the new, and can be tried again")
{
	struct evset s;
	int n, ret, err, failed, p[2];

	need_fault_injection();
	evset_open(&s, 512);
	guest_pipe(p);
	evset_add(&s, p[0], POLLIN);
	evset_unmap(&s);
	for (n = 1; n < 1000; n++) {
		fail_nth(n);
		ret = ioctl(s.fd, EP_ALLOC, 512 * 40);
		err = errno;
		failed = has_failed();
		if (ret < 0) {
			ck_assert_msg(err == ENOMEM, "fault %d: %s", n,
				      strerror(err));
			GUEST_RETURNS(evset_info(&s, "capacity"), 512);
		}
		if (!failed)
			break;
		if (ret == 0) {			/* a fault that it could mend */
			evset_close(&s);
			evset_open(&s, 512);
			evset_add(&s, p[0], POLLIN);
			evset_unmap(&s);
		}
	}
	ck_assert_msg(n > 1 && n < 1000, "%d faults", n - 1);
	GUEST_RETURNS(evset_info(&s, "capacity"), 512 * 40);
	s.max = 512 * 40;
	evset_map(&s);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(faults, mmap, 240,
	   "mmap: with any one allocation failing the set is mapped or not, and the counter knows")
{
	struct evset s = { .fd = guest_device(), .max = 2048 };
	int n, err, failed;

	need_fault_injection();
	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, s.max), 0);
	s.size = EP_MAP_SIZE(s.max);
	for (n = 1; n < 1000; n++) {
		fail_nth(n);
		s.map = mmap(NULL, s.size, PROT_READ, MAP_PRIVATE, s.fd, 0);
		err = errno;
		failed = has_failed();
		if (s.map != MAP_FAILED) {
			evset_unmap(&s);
		} else {
			ck_assert_msg(honest(err), "fault %d: %s", n,
				      strerror(err));
			GUEST_RETURNS(evset_wait(&s, 0, NULL), -EINVAL);
		}
		if (!failed)
			break;
	}
	ck_assert_msg(n > 1 && n < 1000, "%d faults", n - 1);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
}

GUEST_TEST(faults, write, 240,
	   "write: with any one allocation or copy failing the bytes returned are the records that took effect (2002 ignored ENOMEM)")
{
	struct pollfd rec[4];
	struct evset s;
	int n, i, err, failed, p[4][2];
	ssize_t ret;

	need_fault_injection();
	evset_open(&s, 8);
	for (i = 0; i < 4; i++) {
		guest_pipe(p[i]);
		rec[i] = (struct pollfd){ .fd = p[i][0], .events = POLLIN };
	}
	for (n = 1; n < 1000; n++) {
		int done;

		fail_nth(n);
		ret = write(s.fd, rec, sizeof(rec));
		err = errno;
		failed = has_failed();
		if (ret < 0)
			ck_assert_msg(honest(err), "fault %d: %s", n,
				      strerror(err));
		done = ret < 0 ? 0 : (int)(ret / 8);
		GUEST_RETURNS(evset_info(&s, "items"), done);
		for (i = 0; i < 4; i++) {
			ck_assert_msg(evset_ispolled(&s, p[i][0], NULL) ==
				      (i < done), "fault %d: record %d", n, i);
			guest_put(p[i][1]);
		}
		GUEST_RETURNS(evset_wait(&s, 0, NULL), done);
		for (i = 0; i < 4; i++) {
			evset_del(&s, p[i][0]);
			guest_drain(p[i][0]);
		}
		GUEST_RETURNS(evset_info(&s, "items"), 0);
		if (!failed)
			break;
	}
	ck_assert_msg(n > 1 && n < 1000, "%d faults", n - 1);
}

GUEST_TEST(faults, hash_growth, 240,
	   "an add that cannot grow the hash still adds, or says ENOMEM; every item stays findable")
{
	struct evset s;
	int fd[300], n, i, tries;

	need_fault_injection();
	evset_open(&s, 512);
	for (i = 0; i < 300; i++) {
		fd[i] = guest_eventfd();
		for (tries = 1; tries < 100; tries++) {
			fail_nth(tries);
			n = evset_ctl(&s, fd[i], POLLIN);
			has_failed();
			if (n == 8)
				break;
			ck_assert_msg(n == -ENOMEM || n == -EFAULT,
				      "add %d, fault %d: %s", i, tries,
				      strerror(-n));
			GUEST_RETURNS(evset_info(&s, "items"), i);
		}
		ck_assert_int_eq(n, 8);
	}
	for (i = 0; i < 300; i++)
		guest_put(fd[i]);
	GUEST_RETURNS(evset_wait(&s, 0, NULL), 300);
}

GUEST_TEST(faults, poll, 120,
	   "EP_POLL: with any one copy failing it is EFAULT and the event is still there, or it works")
{
	struct evset s;
	int n, ret, failed, fd = guest_eventfd();

	need_fault_injection();
	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN);
	for (n = 1; n < 100; n++) {
		guest_put(fd);
		fail_nth(n);
		ret = evset_wait(&s, 0, NULL);
		failed = has_failed();
		if (ret == -EFAULT)
			ret = evset_wait(&s, 0, NULL);
		ck_assert_msg(ret == 1, "fault %d: expected 1, got %d", n, ret);
		if (!failed)
			break;
	}
	ck_assert_msg(n < 100, "%d faults", n - 1);
}
