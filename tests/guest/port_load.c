// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_load.c - suite port: loading and unloading eventpoll_port
 *
 * fcb and dev_epoll stay: no code of the kernel is patched here, so this may run
 * beside anything.  Each test leaves the module loaded as it was.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "behave.h"
#include "eventpoll.h"
#include "modules.h"

#define MODULE	"eventpoll_port"

static void load_again(void)
{
	if (!module_loaded(MODULE))
		module_load(MODULE, "");
}

static void begin(void)
{
	if (access("/lab/modules/" MODULE ".ko", R_OK) != 0)
		GUEST_SKIP("no modules in /lab/modules");
	atexit(load_again);
}

static bool unloaded(void *arg)
{
	(void)arg;
	return module_unload(MODULE) != -EAGAIN;
}

/* The last reference may go a moment after the last close. */
static void unload(void)
{
	guest_until(unloaded, NULL, "the module lets itself unload");
	ck_assert(!module_loaded(MODULE));
}

static void *harvest(void *arg)
{
	struct epoll_event ev;

	return (void *)(long)eventpoll_wait(*(int *)arg, &ev, 1, 2 * GUEST_WAIT_MS);
}

/* Uses each store, nested, and leaves events pending when it closes. */
static void work(void)
{
	for (int store = EVENTPOLL_OVFLIST; store <= EVENTPOLL_RWLOCK; store++) {
		struct epoll_event ev = { .events = EPOLLIN };
		int a = eventpoll_create(store, EPOLL_CLOEXEC);
		int b = eventpoll_create(store, EPOLL_CLOEXEC), p[2];
		int k = epoll_create1(EPOLL_CLOEXEC);

		guest_pipe(p);
		GUEST_RETURNS(eventpoll_ctl(a, EPOLL_CTL_ADD, p[0], &ev), 0);
		GUEST_RETURNS(eventpoll_ctl(b, EPOLL_CTL_ADD, a, &ev), 0);
		GUEST_RETURNS(epoll_ctl(k, EPOLL_CTL_ADD, p[0], &ev), 0);
		GUEST_RETURNS(eventpoll_ctl(b, EPOLL_CTL_ADD, k, &ev), 0);
		guest_put(p[1]);
		GUEST_RETURNS(eventpoll_wait(b, &ev, 1, GUEST_WAIT_MS), 1);
		GUEST_RETURNS(eventpoll_ctl(a, EPOLL_CTL_DEL, p[0], NULL), 0);
		close(store & 1 ? a : p[0]);
		close(store & 1 ? p[0] : a);
		close(b);
		close(k);
		close(p[1]);
	}
}

GUEST_TEST(port, unload_and_load, 60,
	   "the module unloads right after its last instance is closed, and works when it is back, ten times")
{
	begin();
	for (int i = 0; i < 10; i++) {
		work();
		unload();
		GUEST_FAILS(open(EVENTPOLL_DEVICE, O_RDWR), ENOENT);
		GUEST_RETURNS(module_load(MODULE, ""), 0);
	}
	work();
}

GUEST_TEST(port, unload_refused, 60,
	   "the module cannot be unloaded while an instance is open, slept on, or in a message only")
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep, p[2];
	pthread_t t;

	begin();
	guest_pipe(p);
	ep = eventpoll_create(EVENTPOLL_OVFLIST, EPOLL_CLOEXEC);
	ck_assert_int_ge(ep, 0);
	GUEST_RETURNS(module_unload(MODULE), -EAGAIN);
	GUEST_RETURNS(eventpoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev), 0);
	t = guest_thread(harvest, &ep);
	GUEST_RETURNS(module_unload(MODULE), -EAGAIN);
	guest_put(p[1]);
	GUEST_RETURNS((long)guest_join(t), 1);
	GUEST_RETURNS(module_unload(MODULE), -EAGAIN);
	/* What it stands on cannot go either. */
	GUEST_RETURNS(module_unload("fcb"), -EAGAIN);
	close(ep);
	unload();
	GUEST_RETURNS(module_load(MODULE, ""), 0);
}

GUEST_TEST(port, unload_with_files_open, 60,
	   "files that were watched stay open over an unload, and know nothing of it")
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep, sv[2], p[2];

	begin();
	guest_unix(sv);
	guest_pipe(p);
	for (int i = 0; i < 5; i++) {
		ep = eventpoll_create(EVENTPOLL_WFCQUEUE, EPOLL_CLOEXEC);
		GUEST_RETURNS(eventpoll_ctl(ep, EPOLL_CTL_ADD, sv[0], &ev), 0);
		GUEST_RETURNS(eventpoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev), 0);
		guest_put(sv[1]);
		guest_put(p[1]);
		close(ep);
		unload();
		guest_put(sv[1]);
		GUEST_RETURNS(guest_drain(sv[0]), 2);
		guest_put(p[1]);
		GUEST_RETURNS(guest_drain(p[0]), 2);
		GUEST_RETURNS(module_load(MODULE, ""), 0);
	}
}

GUEST_TEST(port, mode_parameter, 60,
	   "mode= is the mode of the node; what is more than read and write is refused")
{
	struct stat st;

	begin();
	unload();
	GUEST_RETURNS(module_load(MODULE, "mode=0777"), -EINVAL);
	GUEST_RETURNS(module_load(MODULE, "mode=04600"), -EINVAL);
	GUEST_RETURNS(module_load(MODULE, "mode=abc"), -EINVAL);
	GUEST_RETURNS(module_load(MODULE, "mode=0666"), 0);
	GUEST_RETURNS(stat(EVENTPOLL_DEVICE, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0666);
	GUEST_CHILD {
		GUEST_RETURNS(setresuid(1001, 1001, 1001), 0);
		work();
	}
	unload();
	GUEST_RETURNS(module_load(MODULE, ""), 0);
	GUEST_RETURNS(stat(EVENTPOLL_DEVICE, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
}

/* Not guest_param_set(), which would undo it in the module that comes next. */
static void param_write(const char *name, const char *value)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "/sys/module/" MODULE "/parameters/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	GUEST_RETURNS(write(fd, value, strlen(value)), strlen(value));
	close(fd);
}

GUEST_TEST(port, limit_parameter, 60,
	   "max_user_watches= is taken at load, and can be written later")
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep, p[2];

	begin();
	unload();
	GUEST_RETURNS(module_load(MODULE, "max_user_watches=1"), 0);
	guest_pipe(p);
	ep = eventpoll_create(EVENTPOLL_OVFLIST, EPOLL_CLOEXEC);
	GUEST_RETURNS(eventpoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev), 0);
	GUEST_FAILS(eventpoll_ctl(ep, EPOLL_CTL_ADD, p[1], &ev), ENOSPC);
	param_write("max_user_watches", "2");
	GUEST_RETURNS(eventpoll_ctl(ep, EPOLL_CTL_ADD, p[1], &ev), 0);
	close(ep);
	unload();
	GUEST_RETURNS(module_load(MODULE, ""), 0);
}
