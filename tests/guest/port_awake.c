// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_awake.c - suite port: wakeup sources that the kernel's epoll does not bound
 *
 * What they do is in behave_awake.c; here is what they cost, and what becomes of them
 * when the module goes.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "behave.h"
#include "eventpoll.h"
#include "modules.h"
#include "wakeup.h"

#define MODULE	"eventpoll_port"

BEHAVE_TEST(awake_counts, 30, BEHAVE_PORT,
	    "a wakeup source counts against its user as eight watches, and gives them back")
{
	int ep = behave_create(), e = guest_eventfd();
	struct wakeup_fifo f;

	wakeup_fifo(&f);
	guest_param_set(MODULE, "max_user_watches", "9");
	for (int round = 0; round < 3; round++) {
		behave_add(ep, f.fd[0], EPOLLIN | EPOLLWAKEUP);
		GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, e, EPOLLIN), ENOSPC);
		behave_mod(ep, f.fd[0], EPOLLIN);
		behave_add(ep, e, EPOLLIN);
		/* As the kernel's: a change that cannot have one goes without. */
		behave_mod(ep, f.fd[0], EPOLLIN | EPOLLWAKEUP);
		wakeup_expect(f.name, WAKEUP_NONE);
		behave_del(ep, f.fd[0]);
		GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, f.fd[0], EPOLLIN | EPOLLWAKEUP),
			    ENOSPC);
		behave_del(ep, e);
	}
	ck_assert_int_eq(behave_items(ep), 0);
	wakeup_expect(f.name, WAKEUP_NONE);
}

static int save(const char *count)
{
	int fd = open("/sys/power/wakeup_count", O_WRONLY | O_CLOEXEC), n, err;

	ck_assert_int_ge(fd, 0);
	n = (int)write(fd, count, strlen(count));
	err = errno;
	close(fd);
	return n < 0 ? -err : n;
}

BEHAVE_TEST(awake_no_suspend, 30, BEHAVE_PORT,
	    "who asks the kernel for a moment without wakeup events gets none while an event is unread")
{
	int ep = behave_create(), fd;
	struct wakeup_fifo f;
	char count[32];
	ssize_t n;

	wakeup_fifo(&f);
	behave_add(ep, f.fd[0], EPOLLIN | EPOLLWAKEUP);
	fd = open("/sys/power/wakeup_count", O_RDONLY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	n = read(fd, count, sizeof(count) - 1);
	ck_assert_int_gt(n, 0);
	count[n] = '\0';
	GUEST_RETURNS(save(count), n);
	guest_put(f.fd[1]);
	GUEST_RETURNS(save(count), -EINVAL);
	behave_expect(ep, f.fd[0], EPOLLIN);
	GUEST_RETURNS(save(count), -EINVAL);
	guest_drain(f.fd[0]);
	behave_none(ep);
	/* It sleeps until no event is under way. */
	n = pread(fd, count, sizeof(count) - 1, 0);
	ck_assert_int_gt(n, 0);
	count[n] = '\0';
	GUEST_RETURNS(save(count), n);
	/* And off again. */
	GUEST_RETURNS(save("0"), -EINVAL);
}

static void load_again(void)
{
	if (!module_loaded(MODULE))
		module_load(MODULE, "");
}

static bool unloaded(void *arg)
{
	(void)arg;
	return module_unload(MODULE) != -EAGAIN;
}

GUEST_TEST(port, awake_unload, 60,
	   "the module unloads right after the close of instances with events unread, and leaves no wakeup source")
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLWAKEUP };
	struct wakeup_fifo f;

	wakeup_fifo(&f);
	if (access("/lab/modules/" MODULE ".ko", R_OK))
		GUEST_SKIP("no modules in /lab/modules");
	atexit(load_again);
	guest_put(f.fd[1]);
	for (int store = EVENTPOLL_OVFLIST; store <= EVENTPOLL_WFCQUEUE_IDLE; store++) {
		int a = eventpoll_create(store, EPOLL_CLOEXEC);
		int b = eventpoll_create(store, EPOLL_CLOEXEC);

		GUEST_RETURNS(eventpoll_ctl(a, EPOLL_CTL_ADD, f.fd[0], &ev), 0);
		GUEST_RETURNS(eventpoll_ctl(b, EPOLL_CTL_ADD, a, &ev), 0);
		wakeup_expect(f.name, WAKEUP_AWAKE);
		close(a);
		close(b);
		guest_until(unloaded, NULL, "the module lets itself unload");
		wakeup_expect(f.name, WAKEUP_NONE);
		ck_assert_int_eq(wakeup_count(WAKEUP_OF_INSTANCE), 0);
		guest_drain(f.fd[0]);
		guest_put(f.fd[1]);
		GUEST_RETURNS(module_load(MODULE, ""), 0);
	}
}
