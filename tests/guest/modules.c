// SPDX-License-Identifier: GPL-2.0-only
/*
 * modules.c - modules, the kernel log and tracefs, for the suites that load
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "modules.h"

/* In the order in which they can be unloaded. */
static const char *const ours[] = {
	"eventpoll_port", "fcb_test", "dev_epoll", "fcb",
};

int module_load(const char *name, const char *params)
{
	char path[128];
	int fd, ret;

	snprintf(path, sizeof(path), "/lab/modules/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, params, 0) ? -errno : 0;
	close(fd);
	return ret;
}

int module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

bool module_loaded(const char *name)
{
	char path[128];

	/* A module that is built in would have no such file. */
	snprintf(path, sizeof(path), "/sys/module/%s/initstate", name);
	return access(path, F_OK) == 0;
}

static bool unloaded(void *arg)
{
	return module_unload(arg) != -EAGAIN;
}

void modules_unload(void)
{
	size_t i;

	for (i = 0; i < sizeof(ours) / sizeof(*ours); i++) {
		if (!module_loaded(ours[i]))
			continue;
		guest_until(unloaded, (void *)ours[i], "a module lets itself unload");
		ck_assert_msg(!module_loaded(ours[i]), "%s is still loaded",
			      ours[i]);
	}
}

void modules_begin(void)
{
	if (access("/lab/modules/fcb.ko", R_OK) != 0)
		GUEST_SKIP("no modules in /lab/modules");
	modules_unload();
}

void modules_load(const char *params)
{
	GUEST_RETURNS(module_load("fcb", params), 0);
	GUEST_RETURNS(module_load("dev_epoll", ""), 0);
}

void modules_work(void)
{
	struct evset s;
	int p[2], u[2], i;

	evset_open(&s, 8);
	for (i = 0; i < 3; i++) {
		guest_pipe(p);
		guest_unix(u);
		evset_add(&s, p[0], POLLIN);
		evset_add(&s, u[0], POLLHUP);
		guest_put(p[1]);
		evset_expect(&s, p[0], POLLIN);
		close(u[1]);
		evset_expect(&s, u[0], POLLHUP);
		close(p[0]);
		ck_assert_msg(guest_poll(p[1], POLLERR) == POLLERR,
			      "the reader's close is not seen by the writer");
		ck_assert_msg(evset_info(&s, "items") == 1,
			      "the close of a watched pipe was not heard");
		close(u[0]);
		ck_assert_msg(evset_info(&s, "items") == 0,
			      "the close of a watched socket was not heard");
		close(p[1]);
	}
	evset_close(&s);
}

static int log_fd = -1;

void log_begin(void)
{
	if (log_fd >= 0)
		close(log_fd);
	log_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log_fd < 0)
		GUEST_SKIP("/dev/kmsg: %s", strerror(errno));
	ck_assert(lseek(log_fd, 0, SEEK_END) >= 0);
}

int log_count(const char *text)
{
	char line[8192];
	int count = 0;
	ssize_t n;

	for (;;) {
		n = read(log_fd, line, sizeof(line) - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			return count;
		line[n] = '\0';
		/* Programs' lines have a facility above 0. */
		if (strtoul(line, NULL, 10) >> 3 == 0 && strstr(line, text))
			count++;
	}
}

bool ftrace_off(void)
{
	ssize_t n;
	int fd, err;

	/* It is 1 already; so that it is afterwards. */
	guest_file_set(FTRACE_ENABLED, "1");
	fd = open(FTRACE_ENABLED, O_WRONLY | O_CLOEXEC);
	ck_assert(fd >= 0);
	n = write(fd, "0", 1);
	err = errno;
	close(fd);
	ck_assert_msg(n == 1 || err == EOPNOTSUPP, "expected EOPNOTSUPP, got %s",
		      strerror(err));
	return n == 1;
}

const char *tracefs(void)
{
	static const char *const at[] = {
		"/sys/kernel/tracing", "/sys/kernel/debug/tracing",
	};
	char path[128];
	size_t i;

	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/tracing_on", at[i]);
		if (access(path, W_OK) == 0)
			return at[i];
	}
	GUEST_SKIP("no tracefs here");
}

int trace_set(const char *file, const char *value)
{
	char path[256];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/%s", tracefs(), file);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, value, strlen(value)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

const char *trace_read(const char *file)
{
	static char text[1 << 20];
	char path[256];
	size_t len = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", tracefs(), file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	while (len < sizeof(text) - 1 &&
	       (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	text[len] = '\0';
	return text;
}
