// SPDX-License-Identifier: GPL-2.0-only
/*
 * jail.c - a program that changes its root and its user, by epoll-run
 *
 * What it had before it still has, instances can be made in the jail, and nothing that
 * was kept for that leads out or gives rights back.  Wants to be root.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST	4096
#define NOBODY	65534

static bool open_before[MOST];

__attribute__((noreturn, format(printf, 1, 2)))
static void fail(const char *fmt, ...)
{
	va_list ap;

	fputs("jail: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static int flags_of(int fd)
{
	return fcntl(fd, F_GETFD);
}

/* Each descriptor that was not there before: it leads nowhere, exec ends it. */
static void look_at_descriptors(void)
{
	static const char *const ways[] = { "..", "../etc", "", "." };
	struct stat st;

	for (int fd = 0; fd < MOST; fd++) {
		int flags = flags_of(fd), root;

		if (open_before[fd] || flags < 0)
			continue;
		if (!(flags & FD_CLOEXEC))
			fail("descriptor %d is kept over exec", fd);
		if (fstat(fd, &st) || S_ISDIR(st.st_mode))
			fail("descriptor %d is a folder", fd);
		if (!fchdir(fd))
			fail("descriptor %d can be changed to", fd);
		for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
			root = openat(fd, ways[i], O_PATH);
			if (root >= 0)
				fail("descriptor %d: \"%s\" can be opened", fd,
				     ways[i]);
		}
	}
}

static void use(int ep)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u64 = 42 }, out;
	int p[2];

	if (pipe2(p, O_CLOEXEC) || epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &ev) ||
	    write(p[1], "x", 1) != 1)
		fail("an instance cannot be used: %s", strerror(errno));
	if (epoll_wait(ep, &out, 1, 0) != 1 || out.data.u64 != 42)
		fail("an instance does not tell its event");
	close(p[0]);
	close(p[1]);
}

/* A child of the jail that is nobody: what open(2) would say of the device. */
static void as_nobody(bool allowed)
{
	pid_t pid = fork();
	int ep, status;

	if (!pid) {
		if (setgroups(0, NULL) || setgid(NOBODY) || setuid(NOBODY))
			fail("setuid: %s", strerror(errno));
		ep = epoll_create1(EPOLL_CLOEXEC);
		if (allowed && ep < 0)
			fail("nobody cannot make one: %s", strerror(errno));
		if (!allowed && (ep >= 0 || errno != EACCES))
			fail("nobody may not open the device: expected EACCES, got %s",
			     ep < 0 ? strerror(errno) : "an instance");
		look_at_descriptors();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		fail("the child that is nobody");
}

static const char *device(void)
{
	const char *design = getenv("EPOLL_RUN_DESIGN");

	if (!design)
		return NULL;
	return strcmp(design, "devepoll") ? "/dev/eventpoll" : "/dev/epoll";
}

int main(int argc, char **argv)
{
	char path[] = "/tmp/jail-XXXXXX";
	bool number = argc > 1 && !strcmp(argv[1], "number");
	int before, ep;
	bool allowed;
	struct stat st;

	if (geteuid()) {
		fputs("jail: not root\n", stderr);
		return 77;
	}
	allowed = !device() || stat(device(), &st) || st.st_mode & 0006;
	before = epoll_create1(EPOLL_CLOEXEC);
	if (before < 0 && device())
		fail("%s: %s", device(), strerror(errno));
	for (int fd = 0; fd < MOST; fd++)
		open_before[fd] = flags_of(fd) >= 0;
	if (!mkdtemp(path))
		fail("%s: %s", path, strerror(errno));
	if (number ? syscall(SYS_chroot, path) : chroot(path)) {
		fprintf(stderr, "jail: chroot: %s\n", strerror(errno));
		return 77;
	}
	if (chdir("/"))
		fail("chdir: %s", strerror(errno));
	look_at_descriptors();
	if (before >= 0) {
		use(before);
		ep = epoll_create1(EPOLL_CLOEXEC);
		if (ep < 0 || flags_of(ep) != FD_CLOEXEC)
			fail("no instance in the jail: %s", strerror(errno));
		use(ep);
		close(ep);
		ep = epoll_create1(0);
		if (ep < 0 || flags_of(ep))
			fail("no instance that exec keeps: %s", strerror(errno));
		use(ep);
		close(ep);
		as_nobody(allowed);
	}
	/* Once more from inside: nothing is lost by it. */
	if (chroot("/"))
		fail("chroot: %s", strerror(errno));
	look_at_descriptors();
	if (before >= 0) {
		ep = epoll_create1(EPOLL_CLOEXEC);
		if (ep < 0)
			fail("after a second chroot: %s", strerror(errno));
		use(ep);
	}
	return 0;
}
