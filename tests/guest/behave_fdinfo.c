// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_fdinfo.c - the "tfd:" lines of an instance's fdinfo
 *
 * They are how one sees what an instance watches, and what is the same for
 * people is the same here: each test gives the design and an instance of the
 * kernel's epoll the same items, and wants the same lines.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "behave.h"

#define TEXT	65536

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/*
 * The "tfd:" lines, sorted: their order is that of addresses in the kernel.
 */
static void tfd_lines(int ep, char *text)
{
	static char file[TEXT];
	char path[64], *line[1024], *save;
	size_t len, n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", ep);
	f = fopen(path, "re");
	ck_assert_msg(f, "%s: %s", path, strerror(errno));
	len = fread(file, 1, sizeof(file) - 1, f);
	fclose(f);
	file[len] = '\0';
	for (char *l = strtok_r(file, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (!strncmp(l, "tfd:", 4) && n < 1024)
			line[n++] = l;
	qsort(line, n, sizeof(line[0]), by_text);
	for (size_t i = 0; i < n; i++)
		text += sprintf(text, "%s\n", line[i]);
	*text = '\0';
}

/* Both instances have the same @n lines. */
static void same(int ep, int k, int n)
{
	static char a[TEXT], b[TEXT];

	tfd_lines(ep, a);
	tfd_lines(k, b);
	ck_assert_msg(!strcmp(a, b), "expected\n%sgot\n%s", b, a);
	ck_assert_int_eq(behave_items(ep), n);
}

/* One call to both; the same outcome. */
static int both(int ep, int k, int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = { .events = events, .data.u64 = data };
	int a = behave_ctl(ep, op, fd, &ev), b;

	ev = (struct epoll_event){ .events = events, .data.u64 = data };
	b = epoll_ctl(k, op, fd, &ev);
	ck_assert_int_eq(a, b);
	return a;
}

static int kernel_create(void)
{
	int k = epoll_create1(EPOLL_CLOEXEC);

	ck_assert_msg(k >= 0, "epoll_create1: %s", strerror(errno));
	return k;
}

BEHAVE_TEST(fdinfo_of_all_kinds, 30, BEHAVE_EPOLL,
	    "fdinfo shows number, mask, data, position, inode and device of each item as the kernel's does")
{
	int p[2], sv[2], t[2], ep = behave_create(), k = kernel_create();
	int fd[8], n = 0;

	same(ep, k, 0);
	guest_pipe(p);
	guest_unix(sv);
	guest_tcp(t);
	fd[n++] = p[0];
	fd[n++] = p[1];
	fd[n++] = sv[0];
	fd[n++] = t[1];
	fd[n++] = guest_eventfd();
	fd[n++] = kernel_create();
	fd[n++] = dup(p[0]);
	for (int i = 0; i < n; i++)
		both(ep, k, EPOLL_CTL_ADD, fd[i], EPOLLIN, (uint64_t)i);
	same(ep, k, n);
}

BEHAVE_TEST(fdinfo_of_masks, 30, BEHAVE_EPOLL,
	    "fdinfo shows every bit that was asked for, and EPOLLERR and EPOLLHUP, which were not")
{
	static const uint32_t mask[] = {
		0, EPOLLIN, EPOLLOUT | EPOLLET, EPOLLIN | EPOLLONESHOT,
		EPOLLPRI | EPOLLRDHUP | EPOLLET | EPOLLONESHOT, EPOLLIN | EPOLLEXCLUSIVE,
		EPOLLRDNORM | EPOLLRDBAND | EPOLLWRNORM | EPOLLWRBAND | EPOLLMSG,
		0x00ff0000, 0x0fffffff,
	};
	static const uint64_t data[] = { 0, 1, UINT32_MAX, INT64_MAX, UINT64_MAX };
	int ep = behave_create(), k = kernel_create();
	int n = sizeof(mask) / sizeof(mask[0]);

	for (int i = 0; i < n; i++)
		both(ep, k, EPOLL_CTL_ADD, guest_eventfd(), mask[i], data[i % 5]);
	same(ep, k, n);
}

BEHAVE_TEST(fdinfo_after_changes, 30, BEHAVE_EPOLL,
	    "fdinfo follows MOD, DEL, a spent one-shot and a close")
{
	struct epoll_event ev[4];
	int p[2], q[2], ep = behave_create(), k = kernel_create();

	guest_pipe(p);
	guest_pipe(q);
	both(ep, k, EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLONESHOT | EPOLLET, 1);
	both(ep, k, EPOLL_CTL_ADD, q[0], EPOLLIN, 2);
	guest_put(p[1]);
	GUEST_RETURNS(behave_wait(ep, ev, 4, 0), 1);
	GUEST_RETURNS(epoll_wait(k, ev, 4, 0), 1);
	same(ep, k, 2);
	both(ep, k, EPOLL_CTL_MOD, p[0], EPOLLOUT, 3);
	same(ep, k, 2);
	both(ep, k, EPOLL_CTL_DEL, q[0], 0, 0);
	same(ep, k, 1);
	both(ep, k, EPOLL_CTL_ADD, q[0], EPOLLPRI, 4);
	close(p[0]);
	same(ep, k, 1);
}

BEHAVE_TEST(fdinfo_of_a_closed_number, 30, BEHAVE_EPOLL,
	    "fdinfo shows items whose numbers were closed, and two files under one number")
{
	int p[2], q[2], ep = behave_create(), k = kernel_create();

	guest_pipe(p);
	guest_pipe(q);
	both(ep, k, EPOLL_CTL_ADD, p[0], EPOLLIN, 1);
	dup(p[0]);
	close(p[0]);
	same(ep, k, 1);
	GUEST_RETURNS(dup2(q[0], p[0]), p[0]);
	both(ep, k, EPOLL_CTL_ADD, p[0], EPOLLIN, 2);
	same(ep, k, 2);
}

BEHAVE_TEST(fdinfo_of_a_position, 30, BEHAVE_EPOLL,
	    "fdinfo shows the place in a file that has one")
{
	int fd = open("/proc/sys/kernel/hostname", O_RDONLY | O_CLOEXEC);
	int ep = behave_create(), k = kernel_create();
	char c;

	ck_assert_msg(fd >= 0, "/proc/sys/kernel/hostname: %s", strerror(errno));
	both(ep, k, EPOLL_CTL_ADD, fd, EPOLLPRI, 1);
	same(ep, k, 1);
	GUEST_RETURNS(read(fd, &c, 1), 1);
	same(ep, k, 1);
}

BEHAVE_TEST(fdinfo_of_many, 60, BEHAVE_EPOLL,
	    "fdinfo shows all of five hundred items")
{
	enum { N = 500 };
	int ep = behave_create(), k = kernel_create();

	guest_nofile(N + 64);
	for (int i = 0; i < N; i++)
		both(ep, k, EPOLL_CTL_ADD, guest_eventfd(), EPOLLIN, (uint64_t)i);
	same(ep, k, N);
}

BEHAVE_TEST(fdinfo_of_a_refused_item, 30, BEHAVE_EPOLL,
	    "what was refused has no line")
{
	int p[2], ep = behave_create(), k = kernel_create();

	guest_pipe(p);
	GUEST_RETURNS(both(ep, k, EPOLL_CTL_ADD, guest_null(), EPOLLIN, 1), -1);
	GUEST_RETURNS(both(ep, k, EPOLL_CTL_ADD, p[0], EPOLLEXCLUSIVE | EPOLLONESHOT,
			   2), -1);
	both(ep, k, EPOLL_CTL_ADD, p[0], EPOLLIN, 3);
	GUEST_RETURNS(both(ep, k, EPOLL_CTL_ADD, p[0], EPOLLOUT, 4), -1);
	GUEST_RETURNS(both(ep, k, EPOLL_CTL_MOD, p[0], EPOLLEXCLUSIVE, 5), -1);
	same(ep, k, 1);
}

BEHAVE_TEST(fdinfo_during_changes, 60, BEHAVE_EPOLL,
	    "fdinfo can be read while items come and go: each line it has is whole")
{
	int fd[32], ep = behave_create();
	pid_t pid;

	for (int i = 0; i < 32; i++)
		fd[i] = guest_eventfd();
	pid = guest_fork();
	if (!pid) {
		for (int round = 0; round < 100; round++) {
			for (int i = 0; i < 32; i++)
				behave_add(ep, fd[i], EPOLLIN);
			for (int i = 0; i < 32; i++)
				behave_del(ep, fd[i]);
		}
		_exit(0);
	}
	for (int round = 0; round < 100; round++) {
		static char text[TEXT];

		tfd_lines(ep, text);
		for (char *l = text; *l; l = strchr(l, '\n') + 1) {
			int number, bytes = 0;

			ck_assert_msg(sscanf(l, "tfd: %d events: %*x data: %*x pos:%*d ino:%*x sdev:%*x%n",
					     &number, &bytes) == 1 && l[bytes] == '\n',
				      "not a line of fdinfo: %s", l);
		}
	}
	guest_reap(pid);
	ck_assert_int_eq(behave_items(ep), 0);
}
