// SPDX-License-Identifier: GPL-2.0-only
/*
 * epoll2002-test.c - the calls of 2.5.45
 *
 * Most of it needs /dev/epoll and is left out, said on stderr, where there is
 * none; contract line 14 in the guest covers it there.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "devepoll.h"
#include "epoll2002.h"

static void put(int fd)
{
	ck_assert_int_eq(write(fd, "x", 1), 1);
}

static void take(int fd)
{
	char c[16];

	ck_assert_int_gt(read(fd, c, sizeof(c)), 0);
}

START_TEST(no_device_is_enodev)
{
	ck_assert_int_eq(epoll2002_create(1), -1);
	ck_assert_int_eq(errno, ENODEV);
}
END_TEST

START_TEST(refuses_foreign_numbers)
{
	const struct pollfd *ev = NULL;
	int p[2];

	ck_assert_int_eq(epoll2002_create(-1), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(epoll2002_create(MAX_FDS_IN_EVENTPOLL + 1), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(epoll2002_ctl(p[0], EP_CTL_ADD, p[1], POLLIN), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(epoll2002_wait(p[0], &ev, 0), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(epoll2002_close(p[0]), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(epoll2002_wait(9999, &ev, 0), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(epoll2002_close(-1), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_ptr_null(ev);
}
END_TEST

START_TEST(as_in_2_5_45)
{
	const struct pollfd *ev = NULL;
	int epfd = epoll2002_create(10);
	int p[2];

	ck_assert_int_ge(epfd, 0);
	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(epoll2002_ctl(epfd, EP_CTL_MOD, p[0], POLLIN), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(epoll2002_ctl(epfd, EP_CTL_DEL, p[0], 0), -1);
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(epoll2002_ctl(epfd, 4, p[0], POLLIN), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(epoll2002_ctl(epfd, EP_CTL_ADD, 9999, POLLIN), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(epoll2002_ctl(epfd, EP_CTL_ADD, epfd, POLLIN), -1);
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(epoll2002_ctl(epfd, EP_CTL_ADD, p[0], POLLIN), 0);
	ck_assert_int_eq(epoll2002_ctl(epfd, EP_CTL_ADD, p[0], POLLIN), -1);
	ck_assert_int_eq(errno, EEXIST);

	ck_assert_int_eq(epoll2002_wait(epfd, &ev, 0), 0);
	ck_assert_ptr_null(ev);
	put(p[1]);
	ck_assert_int_eq(epoll2002_wait(epfd, &ev, 2000), 1);
	ck_assert_int_eq(ev[0].fd, p[0]);
	ck_assert_int_eq(ev[0].revents, POLLIN);
	take(p[0]);

	/* 2.5.45 forgot ERR and HUP at MOD. */
	ck_assert_int_eq(epoll2002_ctl(epfd, EP_CTL_MOD, p[0], POLLIN), 0);
	close(p[1]);
	ck_assert_int_eq(epoll2002_wait(epfd, &ev, 2000), 1);
	ck_assert_int_eq(ev[0].revents & POLLHUP, POLLHUP);
	ck_assert_int_eq(epoll2002_ctl(epfd, EP_CTL_DEL, p[0], 0), 0);
	ck_assert_int_eq(epoll2002_wait(epfd, &ev, 0), 0);
	ck_assert_int_eq(epoll2002_close(epfd), 0);
	ck_assert_int_eq(epoll2002_wait(epfd, &ev, 0), -1);
	ck_assert_int_eq(errno, EBADF);
}
END_TEST

START_TEST(number_used_again)
{
	const struct pollfd *ev;
	int first = epoll2002_create(10), second, p[2];

	ck_assert_int_ge(first, 0);
	close(first);
	ck_assert_int_eq(epoll2002_wait(first, &ev, 0), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(open("/dev/null", O_RDONLY), first);
	ck_assert_int_eq(epoll2002_wait(first, &ev, 0), -1);
	ck_assert_int_eq(errno, EINVAL);
	close(first);
	second = epoll2002_create(1000);
	ck_assert_int_eq(second, first);
	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(epoll2002_ctl(second, EP_CTL_ADD, p[0], POLLIN), 0);
	put(p[1]);
	ck_assert_int_eq(epoll2002_wait(second, &ev, 2000), 1);
	ck_assert_int_eq(ev->fd, p[0]);
	ck_assert_int_eq(epoll2002_close(second), 0);
}
END_TEST

START_TEST(after_fork)
{
	const struct pollfd *ev = NULL;
	int epfd = epoll2002_create(10), p[2], status;
	pid_t child;

	ck_assert_int_ge(epfd, 0);
	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(epoll2002_ctl(epfd, EP_CTL_ADD, p[0], POLLIN), 0);
	put(p[1]);
	child = fork();
	if (!child)
		_exit(epoll2002_wait(epfd, &ev, 2000) != 1 ||
		      ev->fd != p[0] || epoll2002_close(epfd));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	/* The child took the event; its close was its own. */
	ck_assert_int_eq(epoll2002_wait(epfd, &ev, 0), 0);
	ck_assert_int_eq(epoll2002_close(epfd), 0);
}
END_TEST

static Suite *calls(void)
{
	Suite *suite = suite_create("epoll2002");
	TCase *tcase = tcase_create("calls");

	tcase_add_test(tcase, refuses_foreign_numbers);
	if (access("/dev/epoll", R_OK | W_OK)) {
		fputs("# no /dev/epoll: only its absence is tested\n", stderr);
		tcase_add_test(tcase, no_device_is_enodev);
	} else {
		tcase_set_timeout(tcase, 20);
		tcase_add_test(tcase, as_in_2_5_45);
		tcase_add_test(tcase, number_used_again);
		tcase_add_test(tcase, after_fork);
	}
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(calls());
	int failed;

	if (!getenv("CK_TAP_LOG_FILE_NAME"))
		srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
