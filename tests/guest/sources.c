// SPDX-License-Identifier: GPL-2.0-only
/*
 * sources.c - helpers for the guest tests: what can be watched, and what is done
 * with it
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define GUEST_HELPERS
#include "guest.h"

void guest_pipe(int p[2])
{
	guest_check(pipe2(p, O_NONBLOCK | O_CLOEXEC) == 0, "pipe2: %s",
		    strerror(errno));
}

static void pair(int sv[2], int type)
{
	type |= SOCK_NONBLOCK | SOCK_CLOEXEC;
	guest_check(socketpair(AF_UNIX, type, 0, sv) == 0, "socketpair: %s",
		    strerror(errno));
}

void guest_unix(int sv[2])
{
	pair(sv, SOCK_STREAM);
}

void guest_dgram(int sv[2])
{
	pair(sv, SOCK_DGRAM);
}

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

int guest_inet(int type)
{
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	guest_check(fd >= 0, "socket: %s", strerror(errno));
	return fd;
}

/* Binds it to a port of the kernel's choice. */
static void bind_loopback(int fd, struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);

	*addr = loopback(0);
	guest_check(bind(fd, (struct sockaddr *)addr, len) == 0,
		    "bind to 127.0.0.1: %s", strerror(errno));
	guest_check(getsockname(fd, (struct sockaddr *)addr, &len) == 0,
		    "getsockname: %s", strerror(errno));
}

int guest_listen(int *port)
{
	int fd = guest_inet(SOCK_STREAM);
	struct sockaddr_in addr;

	bind_loopback(fd, &addr);
	guest_check(listen(fd, 128) == 0, "listen: %s", strerror(errno));
	*port = ntohs(addr.sin_port);
	return fd;
}

int guest_dead_port(void)
{
	int port;

	close(guest_listen(&port));
	return port;
}

void guest_begin_connect(int fd, int port)
{
	struct sockaddr_in to = loopback(port);
	int ret = connect(fd, (struct sockaddr *)&to, sizeof(to));

	guest_check(ret == 0 || errno == EINPROGRESS || errno == ECONNREFUSED,
		    "connect: %s", strerror(errno));
}

int guest_connect(int port)
{
	int fd = guest_inet(SOCK_STREAM);

	guest_begin_connect(fd, port);
	return fd;
}

void guest_udp(int sv[2])
{
	struct sockaddr_in a[2];
	int i;

	for (i = 0; i < 2; i++) {
		sv[i] = guest_inet(SOCK_DGRAM);
		bind_loopback(sv[i], &a[i]);
	}
	for (i = 0; i < 2; i++)
		guest_check(connect(sv[i], (struct sockaddr *)&a[!i], sizeof(a[!i])) == 0,
			    "connect: %s", strerror(errno));
}

void guest_tcp(int sv[2])
{
	struct pollfd p = { .events = POLLIN };
	int port;

	p.fd = guest_listen(&port);
	sv[1] = guest_connect(port);
	guest_check(poll(&p, 1, GUEST_WAIT_MS) == 1,
		    "no connection on the listener");
	sv[0] = accept4(p.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	guest_check(sv[0] >= 0, "accept4: %s", strerror(errno));
	close(p.fd);
	p.fd = sv[1];
	p.events = POLLOUT;
	guest_check(poll(&p, 1, GUEST_WAIT_MS) == 1 && p.revents == POLLOUT,
		    "connect did not complete: revents %#x", p.revents);
}

/* One descriptor for both ends, and the lowest number that is free. */
static int fifo(void)
{
	char path[32];
	int p[2], fd;

	guest_pipe(p);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	guest_check(fd >= 0, "open of %s: %s", path, strerror(errno));
	guest_check(dup3(fd, p[0], O_CLOEXEC) == p[0], "dup3: %s", strerror(errno));
	close(p[1]);
	close(fd);
	return p[0];
}

int guest_eventfd(void)
{
	int fd;

	if (guest_pipes)
		return fifo();
	fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	guest_check(fd >= 0, "eventfd: %s", strerror(errno));
	return fd;
}

int guest_timerfd(void)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	guest_check(fd >= 0, "timerfd_create: %s", strerror(errno));
	return fd;
}

void guest_timer_in(int fd, long ns)
{
	struct itimerspec t = { .it_value.tv_nsec = ns };

	guest_check(timerfd_settime(fd, 0, &t, NULL) == 0, "timerfd_settime: %s",
		    strerror(errno));
}

int guest_signalfd(int sig)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, sig);
	guest_check(sigprocmask(SIG_BLOCK, &set, NULL) == 0, "sigprocmask: %s",
		    strerror(errno));
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	guest_check(fd >= 0, "signalfd: %s", strerror(errno));
	return fd;
}

int guest_null(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	guest_check(fd >= 0, "/dev/null: %s", strerror(errno));
	return fd;
}

void guest_put(int fd)
{
	uint64_t one = 1;
	ssize_t n = write(fd, &one, 1);

	/* An eventfd takes eight bytes or nothing. */
	if (n < 0 && errno == EINVAL)
		n = write(fd, &one, sizeof(one));
	guest_check(n > 0, "write to fd %d: %s", fd, strerror(errno));
}

long guest_drain(int fd)
{
	static __thread char buf[65536];
	long sum = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		sum += n;
	return sum;
}

long guest_fill(int fd)
{
	static char buf[4096];
	long sum = 0;
	ssize_t n;

	while ((n = write(fd, buf, sizeof(buf))) > 0)
		sum += n;
	guest_check(errno == EAGAIN, "write until full: %s", strerror(errno));
	return sum;
}

int guest_poll(int fd, int events)
{
	struct pollfd p = { .fd = fd, .events = (short)events };

	guest_check(poll(&p, 1, 0) >= 0, "poll: %s", strerror(errno));
	return p.revents;
}

bool guest_stock(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/lab/stock/%s.ko", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	guest_check(!syscall(SYS_finit_module, fd, "", 0) || errno == EEXIST,
		    "%s: %s", path, strerror(errno));
	close(fd);
	return true;
}

void guest_nofile(long n)
{
	struct rlimit r;

	guest_check(getrlimit(RLIMIT_NOFILE, &r) == 0, "getrlimit: %s",
		    strerror(errno));
	if (r.rlim_cur >= (rlim_t)n)
		return;
	r.rlim_cur = (rlim_t)n;
	if (r.rlim_max < (rlim_t)n)
		r.rlim_max = (rlim_t)n;
	if (setrlimit(RLIMIT_NOFILE, &r) != 0)
		GUEST_SKIP("RLIMIT_NOFILE cannot be raised to %ld: %s", n,
			   strerror(errno));
}
