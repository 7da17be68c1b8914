// SPDX-License-Identifier: GPL-2.0-only
/*
 * close_names.c - suite close: a watched file that outlives its names
 *
 * The close of an open file has nothing to do with how many names its inode has
 * had, or by which of them it was opened.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "eventpoll.h"
#include "guest.h"

static char dir[] = "/tmp/names-XXXXXX";

static void clean(void)
{
	if (chdir(dir) == 0) {
		unlink("a");
		unlink("b");
	}
	rmdir(dir);
}

/* In a folder of its own: the names below are the only ones. */
static int fifo(void)
{
	int fd;

	ck_assert(mkdtemp(dir) && chdir(dir) == 0);
	atexit(clean);
	ck_assert(mkfifo("a", 0600) == 0);
	fd = open("a", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Both devices watch it; then the names go, then the file. */
static void outlives_names(int fd, void (*names_go)(void))
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct evset s;
	int port = eventpoll_create(EVENTPOLL_OVFLIST, EPOLL_CLOEXEC);

	evset_open(&s, 8);
	evset_add(&s, fd, POLL_ALL);
	if (port >= 0)
		GUEST_RETURNS(eventpoll_ctl(port, EPOLL_CTL_ADD, fd, &ev), 0);
	names_go();
	guest_put(fd);
	evset_expect(&s, fd, POLLIN);
	GUEST_RETURNS(guest_drain(fd), 1);
	close(fd);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
	evset_none(&s);
	evset_close(&s);
	if (port >= 0) {
		ck_assert_msg(guest_fdinfo(port, "tfd") < 0,
			      "the port's item is still there");
		close(port);
	}
}

static void last_name_is_another(void)
{
	ck_assert(link("a", "b") == 0);
	ck_assert(unlink("a") == 0 && unlink("b") == 0);
}

static void last_name_is_its_own(void)
{
	ck_assert(link("a", "b") == 0);
	ck_assert(unlink("b") == 0 && unlink("a") == 0);
}

static void only_name(void)
{
	ck_assert(unlink("a") == 0);
}

static void renamed_over(void)
{
	ck_assert(link("a", "b") == 0 && mkfifo("c", 0600) == 0);
	ck_assert(unlink("a") == 0 && rename("c", "b") == 0);
}

GUEST_TEST(close, after_another_name, 30,
	   "a FIFO is unlinked by a name that is not its own: its close is heard")
{
	outlives_names(fifo(), last_name_is_another);
}

GUEST_TEST(close, after_own_name, 30,
	   "a FIFO is unlinked by the name that it was opened by: its close is heard")
{
	outlives_names(fifo(), last_name_is_its_own);
}

GUEST_TEST(close, after_only_name, 30,
	   "a FIFO's only name is unlinked: its close is heard")
{
	outlives_names(fifo(), only_name);
}

GUEST_TEST(close, after_rename_over, 30,
	   "another FIFO is renamed over a FIFO's last name: its close is heard")
{
	outlives_names(fifo(), renamed_over);
}

GUEST_TEST(close, of_a_second_file, 30,
	   "of two files of a FIFO without names each close is heard")
{
	struct evset s;
	int fd = fifo(), more;

	ck_assert(link("a", "b") == 0);
	more = open("b", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_ge(more, 0);
	evset_open(&s, 8);
	evset_add(&s, fd, POLL_ALL);
	evset_add(&s, more, POLL_ALL);
	ck_assert(unlink("b") == 0 && unlink("a") == 0);
	close(more);
	GUEST_RETURNS(evset_info(&s, "items"), 1);
	close(fd);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
	evset_close(&s);
}
