// SPDX-License-Identifier: GPL-2.0-only
/*
 * second.c - /dev/fcb_test, for suites that count events
 */
#include <fcntl.h>
#include <sys/ioctl.h>

#include "second.h"

int second_open(void)
{
	int fd = open("/dev/fcb_test", O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		GUEST_SKIP("the module fcb_test is not loaded");
	ck_assert_msg(fd >= 0, "/dev/fcb_test: %s", strerror(errno));
	return fd;
}

void second_add(int dev, int slot, int fd)
{
	struct fcb_test_arg a = { .fd = fd, .slot = (unsigned int)slot };

	GUEST_RETURNS(ioctl(dev, FCB_TEST_ADD, &a), 0);
}

void second_remove(int dev, int slot)
{
	struct fcb_test_arg a = { .fd = -1, .slot = (unsigned int)slot };

	GUEST_RETURNS(ioctl(dev, FCB_TEST_REMOVE, &a), 0);
}

struct fcb_test_arg second_heard(int dev, int slot)
{
	struct fcb_test_arg a = { .slot = (unsigned int)slot };

	GUEST_RETURNS(ioctl(dev, FCB_TEST_GET, &a), 0);
	return a;
}

int second_events(int dev, int slot)
{
	return (int)second_heard(dev, slot).events;
}
