// SPDX-License-Identifier: GPL-2.0-only
/*
 * eventpoll-test.c - lib/eventpoll.h: the calls of epoll over /dev/eventpoll
 *
 * What the module does is tested in a guest, by tests/guest.  Here is what the
 * functions make of their arguments: part of it on any machine, part of it only
 * where the module is loaded; what is left out is named on stderr.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "eventpoll.h"

static const struct {
	int number;
	const char *name;
} stores[] = {
	{ EVENTPOLL_OVFLIST, "ovflist" },
	{ EVENTPOLL_SINGLEPASS, "singlepass" },
	{ EVENTPOLL_WFCQUEUE, "wfcqueue" },
	{ EVENTPOLL_RWLOCK, "rwlock" },
	{ EVENTPOLL_OVFLIST_26, "ovflist-2.6" },
	{ EVENTPOLL_LLIST, "llist" },
	{ EVENTPOLL_LLIST_V1, "llist-v1" },
	{ EVENTPOLL_MULTIPASS, "multipass" },
	{ EVENTPOLL_WFCQUEUE_IDLE, "wfcqueue-idle" },
};

#define N_STORES ((int)(sizeof(stores) / sizeof(stores[0])))

static void expect_error(int result, int err)
{
	ck_assert_int_eq(result, -1);
	ck_assert_msg(errno == err, "expected %s, got %s", strerror(err),
		      strerror(errno));
}

START_TEST(stores_by_name)
{
	for (int i = 0; i < N_STORES; i++)
		ck_assert_int_eq(eventpoll_store_by_name(stores[i].name),
				 stores[i].number);
	errno = 0;
	expect_error(eventpoll_store_by_name("epoll"), ENOENT);
	expect_error(eventpoll_store_by_name(""), ENOENT);
}
END_TEST

START_TEST(unknown_flags)
{
	errno = 0;
	expect_error(eventpoll_create(EVENTPOLL_OVFLIST, ~EPOLL_CLOEXEC),
		     EINVAL);
	expect_error(eventpoll_create(EVENTPOLL_OVFLIST, O_NONBLOCK), EINVAL);
}
END_TEST

START_TEST(foreign_file)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int p[2];

	ck_assert_int_eq(pipe(p), 0);
	expect_error(eventpoll_ctl(p[0], EPOLL_CTL_ADD, p[1], &ev), EINVAL);
	expect_error(eventpoll_wait(p[0], &ev, 1, 0), EINVAL);
	expect_error(eventpoll_ctl(-1, EPOLL_CTL_ADD, p[1], &ev), EBADF);
	close(p[0]);
	close(p[1]);
}
END_TEST

/* From here on the module is needed. */

static int ep;
static int p[2];

static void start(void)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 0x1234567890 };

	ep = eventpoll_create(EVENTPOLL_OVFLIST, EPOLL_CLOEXEC);
	ck_assert_msg(ep >= 0, "%s: %s", EVENTPOLL_DEVICE, strerror(errno));
	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(eventpoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev), 0);
}

static void end(void)
{
	close(ep);
	close(p[0]);
	close(p[1]);
}

static void put(void)
{
	ck_assert_int_eq(write(p[1], "x", 1), 1);
}

START_TEST(flags_of_create)
{
	int open_on_exec = eventpoll_create(EVENTPOLL_RWLOCK, 0);

	start();
	ck_assert_int_ge(open_on_exec, 0);
	ck_assert_int_eq(fcntl(open_on_exec, F_GETFD), 0);
	ck_assert_int_eq(fcntl(ep, F_GETFD), FD_CLOEXEC);
	close(open_on_exec);
	end();
}
END_TEST

START_TEST(unknown_store)
{
	int before = dup(0), after;

	close(before);
	expect_error(eventpoll_create(N_STORES, 0), EINVAL);
	expect_error(eventpoll_create(-1, 0), EINVAL);
	/* What was opened to ask is closed again. */
	after = dup(0);
	ck_assert_int_eq(after, before);
	close(after);
}
END_TEST

START_TEST(wait_tells_the_event)
{
	struct epoll_event out[2] = { { 0 } };

	start();
	ck_assert_int_eq(eventpoll_wait(ep, out, 2, 0), 0);
	put();
	ck_assert_int_eq(eventpoll_wait(ep, out, 2, -1), 1);
	ck_assert_uint_eq(out[0].events, EPOLLIN);
	ck_assert(out[0].data.u64 == 0x1234567890);
	expect_error(eventpoll_wait(ep, out, 0, 0), EINVAL);
	end();
}
END_TEST

static double passed(const struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - since->tv_sec) +
	       (double)(now.tv_nsec - since->tv_nsec) / 1e9;
}

START_TEST(timespec_of_pwait2)
{
	const struct timespec ms30 = { .tv_nsec = 30000000 };
	const struct timespec wrong = { .tv_nsec = 1000000000 };
	const struct timespec now = { 0 };
	struct timespec begun;
	struct epoll_event out;

	start();
	clock_gettime(CLOCK_MONOTONIC, &begun);
	ck_assert_int_eq(eventpoll_pwait2(ep, &out, 1, &ms30, NULL), 0);
	ck_assert_double_ge(passed(&begun), 0.029);
	expect_error(eventpoll_pwait2(ep, &out, 1, &wrong, NULL), EINVAL);
	ck_assert_int_eq(eventpoll_pwait2(ep, &out, 1, &now, NULL), 0);
	put();
	/* No time at all is for ever. */
	ck_assert_int_eq(eventpoll_pwait2(ep, &out, 1, NULL, NULL), 1);
	end();
}
END_TEST

static volatile sig_atomic_t signals;

static void on_signal(int sig)
{
	(void)sig;
	signals++;
}

/* A pending signal that the mask lets through ends the wait at once. */
START_TEST(mask_of_pwait)
{
	struct sigaction sa = { .sa_handler = on_signal };
	const struct timespec forever = { .tv_sec = 1000 };
	sigset_t usr1, none;
	struct epoll_event out;

	start();
	sigemptyset(&none);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigaction(SIGUSR1, &sa, NULL);
	sigprocmask(SIG_BLOCK, &usr1, NULL);

	raise(SIGUSR1);
	ck_assert_int_eq(eventpoll_pwait(ep, &out, 1, 1, NULL), 0);
	ck_assert_int_eq(eventpoll_pwait(ep, &out, 1, 1, &usr1), 0);
	ck_assert_int_eq(signals, 0);
	expect_error(eventpoll_pwait(ep, &out, 1, -1, &none), EINTR);
	ck_assert_int_eq(signals, 1);

	raise(SIGUSR1);
	expect_error(eventpoll_pwait2(ep, &out, 1, &forever, &none), EINTR);
	ck_assert_int_eq(signals, 2);
	sigprocmask(SIG_UNBLOCK, &usr1, NULL);
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("eventpoll");
	TCase *anywhere = tcase_create("anywhere");
	TCase *device = tcase_create("device");
	int fd = eventpoll_create(EVENTPOLL_OVFLIST, 0), failed;
	SRunner *runner;

	tcase_add_test(anywhere, stores_by_name);
	tcase_add_test(anywhere, unknown_flags);
	tcase_add_test(anywhere, foreign_file);
	suite_add_tcase(suite, anywhere);
	tcase_set_timeout(device, 20);
	tcase_add_test(device, flags_of_create);
	tcase_add_test(device, unknown_store);
	tcase_add_test(device, wait_tells_the_event);
	tcase_add_test(device, timespec_of_pwait2);
	tcase_add_test(device, mask_of_pwait);
	if (fd < 0) {
		fprintf(stderr, "# the device is left out: %s: %s\n",
			EVENTPOLL_DEVICE, strerror(errno));
	} else {
		suite_add_tcase(suite, device);
		close(fd);
	}

	runner = srunner_create(suite);
	if (!getenv("CK_TAP_LOG_FILE_NAME"))
		srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
