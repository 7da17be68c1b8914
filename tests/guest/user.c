// SPDX-License-Identifier: GPL-2.0-only
/*
 * user.c - see user.h
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "user.h"

void user_become(uid_t uid)
{
	ck_assert_msg(setgroups(0, NULL) == 0 && setresgid(uid, uid, uid) == 0 &&
		      setresuid(uid, uid, uid) == 0,
		      "becoming user %d: %s", (int)uid, strerror(errno));
}

pid_t fork_as(uid_t uid)
{
	pid_t pid = guest_fork();

	if (!pid)
		user_become(uid);
	return pid;
}

static char node[64];

static void node_unlink(void)
{
	unlink(node);
}

void node_make(mode_t mode)
{
	struct stat st;

	ck_assert_msg(stat(GUEST_DEVICE, &st) == 0, GUEST_DEVICE ": %s",
		      strerror(errno));
	snprintf(node, sizeof(node), "/tmp/epoll-%d", getpid());
	if (mknod(node, S_IFCHR | mode, st.st_rdev) != 0)
		GUEST_SKIP("mknod: %s", strerror(errno));
	node_chmod(mode);
	atexit(node_unlink);
}

void node_chmod(mode_t mode)
{
	ck_assert_msg(chmod(node, mode) == 0, "chmod %s: %s", node,
		      strerror(errno));
}

int node_open(int flags)
{
	return open(node, flags | O_CLOEXEC);
}

void node_evset(struct evset *s, int max)
{
	s->fd = node_open(O_RDWR);
	ck_assert_msg(s->fd >= 0, "open as user %d: %s", (int)getuid(),
		      strerror(errno));
	s->max = max;
	ck_assert(ioctl(s->fd, EP_ALLOC, max) == 0);
	evset_map(s);
}

void user_send_fd(int sock, int fd)
{
	char space[CMSG_SPACE(sizeof(int))] = { 0 }, byte = 'f';
	struct iovec io = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = {
		.msg_iov = &io, .msg_iovlen = 1,
		.msg_control = space, .msg_controllen = sizeof(space),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	ck_assert_msg(sendmsg(sock, &m, 0) == 1, "sendmsg: %s", strerror(errno));
}

int user_recv_fd(int sock)
{
	char space[CMSG_SPACE(sizeof(int))], byte;
	struct iovec io = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr m = {
		.msg_iov = &io, .msg_iovlen = 1,
		.msg_control = space, .msg_controllen = sizeof(space),
	};
	struct pollfd p = { .fd = sock, .events = POLLIN };
	int fd;

	GUEST_RETURNS(poll(&p, 1, GUEST_WAIT_MS), 1);
	ck_assert_msg(recvmsg(sock, &m, MSG_CMSG_CLOEXEC) == 1, "recvmsg: %s",
		      strerror(errno));
	ck_assert_msg(CMSG_FIRSTHDR(&m), "no descriptor came");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	return fd;
}

void user_hear(int sock)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	char c;

	GUEST_RETURNS(poll(&p, 1, 2 * GUEST_WAIT_MS), 1);
	ck_assert_msg(read(sock, &c, 1) == 1, "the other process is gone");
}
