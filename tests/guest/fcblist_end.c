// SPDX-License-Identifier: GPL-2.0-only
/*
 * fcblist_end.c - suite fcblist: how registrations end, and what they hold
 *
 * A registration whose owner wants to hear of the close holds the owner's module
 * until that is over.  Removing one takes no search and waits for nobody's poll.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "eventpoll.h"
#include "fcb_test.h"
#include "modules.h"

static int second(void)
{
	int fd = open("/dev/fcb_test", O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		GUEST_SKIP("the module fcb_test is not loaded");
	ck_assert_msg(fd >= 0, "/dev/fcb_test: %s", strerror(errno));
	return fd;
}

static int call(int dev, unsigned long what, int fd, unsigned int flags)
{
	struct fcb_test_arg a = { .fd = fd, .flags = flags };

	return ioctl(dev, what, &a) ? -errno : 0;
}

static void add(int dev, int fd, unsigned int flags)
{
	GUEST_RETURNS(call(dev, FCB_TEST_ADD, fd, flags), 0);
}

static struct fcb_test_arg heard(int dev)
{
	struct fcb_test_arg a = { .slot = 0 };

	GUEST_RETURNS(ioctl(dev, FCB_TEST_GET, &a), 0);
	return a;
}

/* Opened for each question, since an open set holds the module too. */
static bool waits(void *arg)
{
	int dev = second(), n = (int)heard(dev).waiting;

	(void)arg;
	close(dev);
	return n == 1;
}

static void until_waiting(void)
{
	guest_until(waits, NULL, "a task waits in fcb_test");
}

static void go(void)
{
	int dev = second();

	GUEST_RETURNS(ioctl(dev, FCB_TEST_GO), 0);
	close(dev);
}

/* Modules that a test takes away are back when it has ended. */
static const char *const taken[] = { "fcb_test", "eventpoll_port" };

static void load_again(void)
{
	for (int i = 0; i < 2; i++)
		if (!module_loaded(taken[i]))
			module_load(taken[i], "");
}

static void may_unload(void)
{
	if (access("/lab/modules/fcb_test.ko", R_OK) != 0)
		GUEST_SKIP("no modules in /lab/modules");
	atexit(load_again);
}

static bool unloaded(void *arg)
{
	return module_unload(arg) != -EAGAIN;
}

static void unloads(const char *name)
{
	guest_until(unloaded, (void *)name, "the module lets itself unload");
	ck_assert_msg(!module_loaded(name), "%s is still loaded", name);
}

GUEST_TEST(fcblist, handle_removes, 30,
	   "a registration is removed by its handle once, and not after the close")
{
	int p[2], dev = second();

	guest_pipe(p);
	GUEST_RETURNS(call(dev, FCB_TEST_REMOVE, 0, 0), -ENOENT);
	add(dev, p[0], 0);
	guest_put(p[1]);
	GUEST_RETURNS(call(dev, FCB_TEST_REMOVE, 0, 0), 0);
	GUEST_RETURNS(call(dev, FCB_TEST_REMOVE, 0, 0), -ENOENT);
	guest_put(p[1]);
	GUEST_RETURNS((int)heard(dev).events, 1);
	add(dev, p[0], 0);
	close(p[0]);
	GUEST_RETURNS((int)heard(dev).closed, 1);
	GUEST_RETURNS(call(dev, FCB_TEST_REMOVE, 0, 0), -ENOENT);
}

GUEST_TEST(fcblist, calls_of_2002, 30,
	   "by the calls of 2002 events are heard and the close is not; both end it")
{
	int p[2], dev = second();

	guest_pipe(p);
	add(dev, p[0], FCB_TEST_2002);
	guest_put(p[1]);
	GUEST_RETURNS((int)heard(dev).events, 1);
	GUEST_RETURNS(call(dev, FCB_TEST_DEL, p[0], 0), 0);
	GUEST_RETURNS(call(dev, FCB_TEST_DEL, p[0], 0), -ENOENT);
	guest_put(p[1]);
	GUEST_RETURNS((int)heard(dev).events, 1);
	add(dev, p[0], FCB_TEST_2002);
	close(p[0]);
	GUEST_RETURNS((int)heard(dev).closed, 0);
	GUEST_RETURNS(call(dev, FCB_TEST_REMOVE, 0, 0), -ENOENT);
}

GUEST_TEST(fcblist, left_holds_module, 60,
	   "a registration that only the close will end holds its module until then")
{
	int p[2], dev, err;

	may_unload();
	dev = second();
	guest_pipe(p);
	add(dev, p[0], FCB_TEST_CLOSER | FCB_TEST_LEAVE);
	close(dev);
	err = module_unload("fcb_test");
	/* Others want it, whatever came of this. */
	if (!err)
		module_load("fcb_test", "");
	ck_assert_int_eq(err, -EAGAIN);
	close(p[0]);
	unloads("fcb_test");
	GUEST_RETURNS(module_load("fcb_test", ""), 0);
}

GUEST_TEST(fcblist, removed_holds_nothing, 60,
	   "a registration that has been removed holds no module")
{
	int p[2], dev;

	may_unload();
	guest_pipe(p);
	for (int i = 0; i < 3; i++) {
		dev = second();
		add(dev, p[0], i == 2 ? FCB_TEST_2002 : FCB_TEST_LEAVE);
		GUEST_RETURNS(call(dev, i == 1 ? FCB_TEST_REMOVE : FCB_TEST_DEL,
				   p[0], 0), 0);
		close(dev);
		unloads("fcb_test");
		guest_put(p[1]);
		GUEST_RETURNS(module_load("fcb_test", ""), 0);
	}
}

static void *close_it(void *arg)
{
	close(*(int *)arg);
	return NULL;
}

GUEST_TEST(fcblist, closer_holds_module, 60,
	   "a close that is being told holds the module of the one who hears it")
{
	pthread_t t;
	int p[2], dev;

	may_unload();
	dev = second();
	guest_pipe(p);
	add(dev, p[0], FCB_TEST_LEAVE | FCB_TEST_STAY);
	close(dev);
	t = guest_thread(close_it, &p[0]);
	until_waiting();
	GUEST_RETURNS(module_unload("fcb_test"), -EAGAIN);
	/* The file is not yet gone either. */
	GUEST_RETURNS(guest_poll(p[1], POLLERR), 0);
	go();
	guest_join(t);
	GUEST_RETURNS(guest_poll(p[1], POLLERR), POLLERR);
	unloads("fcb_test");
	GUEST_RETURNS(module_load("fcb_test", ""), 0);
}

/*
 * A child that is the last to have the file exits, and does not come to its end:
 * the file's count is 0, but its close is still to be told.
 */
static pid_t exit_slowly(int fd)
{
	int dev = second(), p[2];
	pid_t pid;
	char c;

	ck_assert(pipe(p) == 0);
	pid = guest_fork();
	if (!pid) {
		/* An exit closes in the order of the numbers. */
		dup2(fd, 800);
		dup2(dev, 801);
		dup2(p[0], 802);
		close_range(3, 799, 0);
		if (read(802, &c, 1) != 0)
			_exit(1);
		_exit(ioctl(801, FCB_TEST_HOLD, FCB_TEST_IN_CLOSE));
	}
	close(fd);
	close(p[0]);
	close(p[1]);
	until_waiting();
	GUEST_RETURNS(ioctl(dev, FCB_TEST_HOLD, 0), 0);
	close(dev);
	return pid;
}

GUEST_TEST(fcblist, port_unloads_past_a_close, 60,
	   "eventpoll_port can be unloaded while a watched file's last close is on its way")
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep, sv[2];
	pid_t pid;

	may_unload();
	ep = eventpoll_create(EVENTPOLL_OVFLIST, EPOLL_CLOEXEC);
	if (ep < 0)
		GUEST_SKIP("no /dev/eventpoll: %s", strerror(errno));
	guest_unix(sv);
	GUEST_RETURNS(eventpoll_ctl(ep, EPOLL_CTL_ADD, sv[0], &ev), 0);
	pid = exit_slowly(sv[0]);
	GUEST_RETURNS(guest_poll(sv[1], POLLHUP), 0);
	close(ep);
	unloads("eventpoll_port");
	go();
	guest_reap(pid);
	GUEST_RETURNS(guest_poll(sv[1], POLLHUP), POLLHUP);
	GUEST_RETURNS(module_load("eventpoll_port", ""), 0);
}

GUEST_TEST(fcblist, set_closes_past_a_close, 60,
	   "a set is closed while a watched file's last close is on its way")
{
	struct evset s;
	int sv[2];
	pid_t pid;

	guest_unix(sv);
	evset_open(&s, 8);
	evset_add(&s, sv[0], POLL_ALL);
	pid = exit_slowly(sv[0]);
	GUEST_RETURNS(evset_info(&s, "items"), 1);
	evset_close(&s);
	GUEST_RETURNS(guest_poll(sv[1], POLLHUP), 0);
	go();
	guest_reap(pid);
	GUEST_RETURNS(guest_poll(sv[1], POLLHUP), POLLHUP);
}

static void *add_it(void *arg)
{
	int *a = arg;

	return (void *)(long)call(a[0], FCB_TEST_ADD, a[1], 0);
}

GUEST_TEST(fcblist, slow_poll_holds_nobody, 30,
	   "while a file takes its time to be polled, others remove and register")
{
	int slow = second(), mine = second(), third = second();
	int a[2] = { second(), slow };
	pthread_t t;

	add(mine, slow, 0);
	GUEST_RETURNS(ioctl(slow, FCB_TEST_HOLD, FCB_TEST_IN_POLL), 0);
	t = guest_thread(add_it, a);
	until_waiting();
	GUEST_RETURNS(call(mine, FCB_TEST_REMOVE, 0, 0), 0);
	add(third, slow, FCB_TEST_CLOSER);
	GUEST_RETURNS((int)heard(mine).waiting, 1);
	go();
	GUEST_RETURNS((long)guest_join(t), 0);
	GUEST_RETURNS(call(a[0], FCB_TEST_REMOVE, 0, 0), 0);
}
