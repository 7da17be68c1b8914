// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_read.c - suite port: read(2) of an instance, a second way to wait
 *
 * The kernel's epoll has no read, so there is no judge; but what is told, in which
 * order, and what stays is the same as by EVENTPOLL_WAIT, since both are one wait.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/uio.h>

#include "behave.h"
#include "call32.h"
#include "eventpoll.h"

#define ONE	((ssize_t)sizeof(struct epoll_event))

static const char *const store_name[] = {
#define STORE(id, NUMBER, name, about) [EVENTPOLL_##NUMBER] = name,
#include "designs.def"
};

#define STORES	((int)(sizeof(store_name) / sizeof(store_name[0])))

static int instance(int store, int flags)
{
	int fd = open(EVENTPOLL_DEVICE, O_RDWR | O_CLOEXEC | flags);

	ck_assert_msg(fd >= 0, EVENTPOLL_DEVICE ": %s", strerror(errno));
	GUEST_RETURNS(ioctl(fd, EVENTPOLL_STORE, store), 0);
	return fd;
}

static void watch(int ep, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	GUEST_RETURNS(eventpoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), 0);
}

static void is(const struct epoll_event *ev, int fd, uint32_t events)
{
	ck_assert_int_eq(ev->data.fd, fd);
	ck_assert_uint_eq(ev->events, events);
}

GUEST_TEST(port, read_takes_what_fits, 10,
	   "read tells as many events as fit, in the order of a wait, and leaves the others; what is over in the buffer is not touched")
{
	int ep = instance(EVENTPOLL_OVFLIST, O_NONBLOCK), fd[3];
	struct epoll_event ev[4];
	char *over = (char *)&ev[2];

	for (int i = 0; i < 3; i++) {
		fd[i] = guest_eventfd();
		watch(ep, fd[i], EPOLLIN | EPOLLET);
		guest_put(fd[i]);
	}
	memset(ev, 0x5a, sizeof(ev));
	GUEST_RETURNS(read(ep, ev, 2 * ONE + 11), 2 * ONE);
	is(&ev[0], fd[0], EPOLLIN);
	is(&ev[1], fd[1], EPOLLIN);
	for (int i = 0; i < 11; i++)
		ck_assert_int_eq(over[i], 0x5a);
	GUEST_RETURNS(read(ep, ev, sizeof(ev)), ONE);
	is(&ev[0], fd[2], EPOLLIN);
	GUEST_FAILS(read(ep, ev, sizeof(ev)), EAGAIN);
}

GUEST_TEST(port, read_of_every_store, 30,
	   "with every store an edge is read once, a level again and again, one shot until it is armed")
{
	for (int store = 0; store < STORES; store++) {
		int ep = instance(store, O_NONBLOCK), edge, level, shot, seen = 0;
		struct epoll_event ev[4];

		edge = guest_eventfd();
		level = guest_eventfd();
		shot = guest_eventfd();
		watch(ep, edge, EPOLLIN | EPOLLET);
		watch(ep, level, EPOLLIN);
		watch(ep, shot, EPOLLIN | EPOLLONESHOT);
		GUEST_FAILS(read(ep, ev, sizeof(ev)), EAGAIN);
		guest_put(edge);
		guest_put(level);
		guest_put(shot);
		ck_assert_msg(read(ep, ev, sizeof(ev)) == 3 * ONE,
			      "%s: expected 3 events", store_name[store]);
		for (int i = 0; i < 3; i++)
			seen |= (ev[i].data.fd == edge) | (ev[i].data.fd == level) << 1 |
				(ev[i].data.fd == shot) << 2;
		ck_assert_int_eq(seen, 7);
		for (int i = 0; i < 2; i++) {
			GUEST_RETURNS(read(ep, ev, sizeof(ev)), ONE);
			is(ev, level, EPOLLIN);
		}
		guest_drain(level);
		guest_put(shot);
		GUEST_FAILS(read(ep, ev, sizeof(ev)), EAGAIN);
		close(ep);
	}
}

GUEST_TEST(port, read_errors, 10,
	   "read is EINVAL without room for one event, EFAULT for a bad address, and no event is lost by either")
{
	int ep = instance(EVENTPOLL_OVFLIST, O_NONBLOCK), fd = guest_eventfd();
	void *volatile bad = NULL;	/* the compiler need not know */
	struct epoll_event ev[2];

	watch(ep, fd, EPOLLIN | EPOLLET);
	guest_put(fd);
	GUEST_FAILS(read(ep, ev, 0), EINVAL);
	GUEST_FAILS(read(ep, ev, (size_t)ONE - 1), EINVAL);
	GUEST_FAILS(read(ep, bad, sizeof(ev)), EFAULT);
	GUEST_FAILS(read(ep, (void *)-4096L, sizeof(ev)), EFAULT);
	GUEST_FAILS(pread(ep, ev, sizeof(ev), 0), ESPIPE);
	GUEST_RETURNS(read(ep, ev, sizeof(ev)), ONE);
	is(ev, fd, EPOLLIN);
}

GUEST_TEST(port, read_half_of_it, 10,
	   "where the memory ends read tells what it could, and the rest comes next")
{
	int ep = instance(EVENTPOLL_OVFLIST, O_NONBLOCK), fd[2];
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct epoll_event ev;

	ck_assert(page != MAP_FAILED && !munmap(page + 4096, 4096));
	for (int i = 0; i < 2; i++) {
		fd[i] = guest_eventfd();
		watch(ep, fd[i], EPOLLIN | EPOLLET);
		guest_put(fd[i]);
	}
	GUEST_RETURNS(read(ep, page + 4096 - ONE, 2 * (size_t)ONE), ONE);
	GUEST_RETURNS(read(ep, &ev, sizeof(ev)), ONE);
	is(&ev, fd[1], EPOLLIN);
}

GUEST_TEST(port, read_is_a_use, 10, "a read ends the choice of a store; one of no room does not")
{
	int ep = instance(EVENTPOLL_OVFLIST, O_NONBLOCK);
	struct epoll_event ev;

	GUEST_FAILS(read(ep, &ev, 1), EINVAL);
	GUEST_RETURNS(ioctl(ep, EVENTPOLL_STORE, EVENTPOLL_RWLOCK), 0);
	GUEST_FAILS(read(ep, &ev, sizeof(ev)), EAGAIN);
	GUEST_FAILS(ioctl(ep, EVENTPOLL_STORE, EVENTPOLL_OVFLIST), EBUSY);
}

GUEST_TEST(port, read_only_and_write_only, 10,
	   "an instance that is open for reading alone can be read, one for writing alone is EBADF")
{
	int ro = open(EVENTPOLL_DEVICE, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	int wo = open(EVENTPOLL_DEVICE, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	struct epoll_event ev;

	ck_assert(ro >= 0 && wo >= 0);
	GUEST_FAILS(read(ro, &ev, sizeof(ev)), EAGAIN);
	GUEST_FAILS(read(wo, &ev, sizeof(ev)), EBADF);
}

/* A thread in read(2), or in EVENTPOLL_WAIT. */
struct reader {
	int ep;
	bool waits;
	pid_t tid;
	pthread_t thread;
	ssize_t got;
	int err;
	struct epoll_event ev;
};

static void *read_one(void *arg)
{
	struct reader *r = arg;

	__atomic_store_n(&r->tid, gettid(), __ATOMIC_RELEASE);
	if (r->waits)
		r->got = eventpoll_wait(r->ep, &r->ev, 1, -1) * ONE;
	else
		r->got = read(r->ep, &r->ev, sizeof(r->ev));
	r->err = errno;
	return NULL;
}

static bool has_tid(void *arg)
{
	return __atomic_load_n(&((struct reader *)arg)->tid, __ATOMIC_ACQUIRE);
}

static void reader_sleeps(const struct reader *r)
{
	guest_in_syscall(getpid(), r->tid, r->waits ? SYS_ioctl : SYS_read, r->ep);
}

static void reader_start(struct reader *r)
{
	r->thread = guest_thread(read_one, r);
	guest_until(has_tid, r, "a thread runs");
	reader_sleeps(r);
}

static void reader_got(struct reader *r, int fd)
{
	guest_join(r->thread);
	GUEST_RETURNS(r->got, ONE);
	is(&r->ev, fd, EPOLLIN);
}

GUEST_TEST(port, read_sleeps, 30, "without O_NONBLOCK read sleeps until there is an event")
{
	struct reader r = { .ep = instance(EVENTPOLL_OVFLIST, 0) };
	int fd = guest_eventfd();

	watch(r.ep, fd, EPOLLIN);
	reader_start(&r);
	guest_put(fd);
	reader_got(&r, fd);
}

GUEST_TEST(port, read_beside_a_wait, 30,
	   "of a thread that reads and one that waits an event wakes one, and the next one the other")
{
	int ep = instance(EVENTPOLL_OVFLIST, 0), fd = guest_eventfd();
	struct reader w = { .ep = ep, .waits = true }, r = { .ep = ep };

	watch(ep, fd, EPOLLIN | EPOLLET);
	reader_start(&w);
	/* The last to sleep is the first to be woken. */
	reader_start(&r);
	guest_put(fd);
	reader_got(&r, fd);
	reader_sleeps(&w);
	guest_put(fd);
	reader_got(&w, fd);
}

static void on_signal(int sig)
{
	(void)sig;
}

static void read_and_signal(int flags)
{
	struct sigaction act = { .sa_handler = on_signal, .sa_flags = flags };
	struct reader r = { .ep = instance(EVENTPOLL_OVFLIST, 0) };
	int fd = guest_eventfd();

	ck_assert(sigaction(SIGUSR1, &act, NULL) == 0);
	watch(r.ep, fd, EPOLLIN);
	reader_start(&r);
	ck_assert(pthread_kill(r.thread, SIGUSR1) == 0);
	if (flags & SA_RESTART) {
		/* Whenever the signal comes, the read is there for the event. */
		guest_put(fd);
		reader_got(&r, fd);
		return;
	}
	guest_join(r.thread);
	GUEST_RETURNS(r.got, -1);
	ck_assert_int_eq(r.err, EINTR);
}

GUEST_TEST(port, read_and_a_signal, 30, "a signal ends a read that sleeps with EINTR")
{
	read_and_signal(0);
}

GUEST_TEST(port, read_begins_anew, 30, "and with SA_RESTART it begins anew")
{
	read_and_signal(SA_RESTART);
}

GUEST_TEST(port, read_many_arrays, 10,
	   "readv fills one array after the other")
{
	int ep = instance(EVENTPOLL_OVFLIST, O_NONBLOCK), fd[2];
	struct epoll_event a, b;
	struct iovec iov[2] = { { &a, sizeof(a) }, { &b, sizeof(b) } };

	for (int i = 0; i < 2; i++) {
		fd[i] = guest_eventfd();
		watch(ep, fd[i], EPOLLIN | EPOLLET);
		guest_put(fd[i]);
	}
	GUEST_RETURNS(readv(ep, iov, 2), 2 * ONE);
	is(&a, fd[0], EPOLLIN);
	is(&b, fd[1], EPOLLIN);
	guest_put(fd[1]);
	GUEST_RETURNS(readv(ep, iov, 2), ONE);
	is(&a, fd[1], EPOLLIN);
}

#ifdef __x86_64__
GUEST_TEST(port, ia32_read, 20, "a 32-bit program reads the same records")
{
	int ep = instance(EVENTPOLL_OVFLIST, O_NONBLOCK), fd = guest_eventfd();
	struct epoll_event *ev;

	need_call32();
	ev = (struct epoll_event *)low_page();
	watch(ep, fd, EPOLLIN | EPOLLET);
	guest_put(fd);
	CALL32(NR32_read, ep, ev, ONE - 1, -EINVAL);
	CALL32(NR32_read, ep, ev, 4 * ONE, ONE);
	is(ev, fd, EPOLLIN);
	CALL32(NR32_read, ep, ev, 4 * ONE, -EAGAIN);
}
#endif
