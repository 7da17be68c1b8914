// SPDX-License-Identifier: GPL-2.0-only
/*
 * stage.c - see stage.h
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/ioctl.h>

#define GUEST_HELPERS
#include "guest.h"
#include "modules.h"
#include "poll_test.h"
#include "stage.h"

static void call(const struct stage *st, unsigned long cmd, unsigned long arg)
{
	guest_check(ioctl(st->ctl, cmd, arg) == 0, "/dev/poll_test: %s",
		    strerror(errno));
}

static struct poll_test_count count(const struct stage *st)
{
	struct poll_test_count c;

	call(st, POLL_TEST_COUNT, (unsigned long)&c);
	return c;
}

static bool opened(void *arg)
{
	struct stage *st = arg;

	st->ctl = open("/dev/poll_test", O_RDWR | O_CLOEXEC);
	return st->ctl >= 0;
}

void stage_open(struct stage *st)
{
	if (!opened(st)) {
		int err = module_load("poll_test", "");

		guest_check(!err || err == -EEXIST, "poll_test: %s",
			    strerror(-err));
		guest_until(opened, st, "/dev/poll_test is there");
	}
	st->fd = stage_file(st);
}

int stage_file(const struct stage *st)
{
	int fd = ioctl(st->ctl, POLL_TEST_FILE);

	guest_check(fd >= 0, "a file of /dev/poll_test: %s", strerror(errno));
	return fd;
}

void stage_mask(const struct stage *st, int mask)
{
	call(st, POLL_TEST_MASK, mask);
}

void stage_wake(const struct stage *st, int key)
{
	call(st, POLL_TEST_WAKE, key);
}

void stage_hold(const struct stage *st, bool hold)
{
	call(st, POLL_TEST_HOLD, hold);
}

struct number {
	const struct stage *st;
	unsigned int n;
};

static bool held(void *arg)
{
	const struct number *a = arg;

	return count(a->st).held == a->n;
}

void stage_until_held(const struct stage *st, int n)
{
	struct number a = { st, n };

	guest_until(held, &a, "the poll of the file is held");
}

static bool polled(void *arg)
{
	const struct number *a = arg;

	return count(a->st).polls >= a->n;
}

void stage_until_polls(const struct stage *st, int n)
{
	struct number a = { st, n };

	guest_until(polled, &a, "the file is polled");
}

static bool closed(void *arg)
{
	return !count(arg).files;
}

void stage_until_closed(const struct stage *st)
{
	guest_until(closed, (void *)st, "the file is released");
}

void stage_close_while_asked(const struct stage *st)
{
	stage_hold(st, true);
	stage_wake(st, 0);
	stage_until_held(st, 1);
	close(st->fd);
	stage_hold(st, false);
	stage_until_closed(st);
}

int stage_polls(const struct stage *st)
{
	return count(st).polls;
}
