/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guest.h - what a suite of the guest tests is written with
 *
 * A suite is a file that is listed in tests/local.mk and contains tests:
 *
 *	GUEST_TEST(pipe, data_comes, 20, "a byte in a pipe is one event")
 *	{
 *		struct evset s;
 *		int p[2];
 *
 *		evset_open(&s, 1);
 *		guest_pipe(p);
 *		evset_add(&s, p[0], POLLIN);
 *		guest_put(p[1]);
 *		evset_expect(&s, p[0], POLLIN);
 *	}
 *
 * Each test runs alone in its own process, so nothing needs to be closed or
 * freed, and every helper that says "asserts" ends the test when it fails.
 * ck_assert_*() may be used in threads and in children too.
 *
 * Nothing here sleeps to let something happen: wait for the thing itself with
 * guest_until() or guest_in_syscall(), or with an EP_POLL that has a timeout
 * of GUEST_WAIT_MS, which is only used up when the test fails.
 */
#ifndef GUEST_H
#define GUEST_H

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "devepoll.h"

/** GUEST_DEVICE - the device under test. */
#define GUEST_DEVICE	"/dev/epoll"

/** GUEST_WAIT_MS - how long to wait for what has to come. */
#define GUEST_WAIT_MS	guest_wait_ms

/** guest_wait_ms - 15000, but in a test that is known to wait in vain. */
extern int guest_wait_ms;

/** POLL_ALL - the mask that every example of 2002 registers. */
#define POLL_ALL	(POLLIN | POLLOUT | POLLERR | POLLHUP)

/**
 * struct guest_test - a registered test; made by GUEST_TEST()
 * @suite: name of the suite
 * @about: what the test proves, one sentence
 * @seconds: timeout, before CK_TIMEOUT_MULTIPLIER
 * @ck: name, function, file and line, as libcheck wants them
 * @next: used by main.c
 * @design: guest_design while it runs, for tests that several designs share
 * @known: why it fails, when that is known and will not be mended; or NULL
 */
struct guest_test {
	const char *suite;
	const char *about;
	int seconds;
	TTest ck;
	struct guest_test *next;
	const char *design;
	const char *known;
};

/** guest_design - of the running test (behave.h), or NULL. */
extern const char *guest_design;

void guest_register(struct guest_test *t);

/** guest_known() - a registered test fails, and this is why; it is run and
 *  reported as that, and it is a failure when it passes.
 */
void guest_known(const char *suite, const char *name, const char *why);

/**
 * GUEST_TEST() - open the body of a test
 * @suite: name of the suite, bare
 * @name: name of the test in the suite, bare; may start with a digit
 * @secs: timeout in seconds on a machine of usual speed
 * @text: what it proves, one sentence
 */
#define GUEST_TEST(suite, name, secs, text)				\
	static void guest_fn_##suite##_##name(int guest_i);		\
	static struct guest_test guest_reg_##suite##_##name = {		\
		#suite, text, secs,					\
		{ #name, guest_fn_##suite##_##name, __FILE__, __LINE__ }, \
		NULL, NULL, NULL					\
	};								\
	__attribute__((constructor))					\
	static void guest_ctor_##suite##_##name(void)			\
	{								\
		guest_register(&guest_reg_##suite##_##name);		\
	}								\
	static void guest_fn_##suite##_##name(int guest_i __attribute__((unused)))

/**
 * GUEST_SKIP() - end the test as skipped
 *
 * From the test's own process and any of its threads; a child of the test
 * that skips must be waited for by the test, which then has to return.
 */
#define GUEST_SKIP(...)	guest_skip(__VA_ARGS__)

__attribute__((noreturn, format(printf, 1, 2)))
void guest_skip(const char *fmt, ...);

/*
 * A helper that fails names the line that called it, and a test that hangs
 * the line that was reached: GUEST_HERE notes both.  guest_last is seen by
 * the harness.
 */
struct guest_where {
	const char *file;
	int line;
};

extern __thread struct guest_where guest_where;
extern struct guest_where *guest_last;

#define GUEST_HERE	\
	(guest_where = *guest_last = (struct guest_where){ __FILE__, __LINE__ })

/**
 * GUEST_RETURNS() - @call must return @value
 * @call: a call that returns -1 and errno, or a helper that returns -errno
 * @value: what to expect, at most a long
 */
#define GUEST_RETURNS(call, value) do {					\
	long guest_want = (long)(value), guest_got;			\
	GUEST_HERE;							\
	errno = 0;							\
	guest_got = (long)(call);					\
	if (guest_got != guest_want)					\
		ck_abort_msg("%s: expected %ld, got %ld%s%s", #call,	\
			     guest_want, guest_got,			\
			     guest_got < 0 ? ", " : "",			\
			     guest_got < 0 ? guest_error(guest_got) : ""); \
} while (0)

/** GUEST_FAILS() - @call must return -1 with errno @err. */
#define GUEST_FAILS(call, err) do {					\
	long guest_got;							\
	int guest_errno;						\
	GUEST_HERE;							\
	errno = 0;							\
	guest_got = (long)(call);					\
	guest_errno = errno;						\
	if (guest_got != -1 || guest_errno != (err))			\
		ck_abort_msg("%s: expected -1 with " #err ", got %ld%s%s", \
			     #call, guest_got, guest_got < 0 ? ", " : "",	\
			     guest_got < 0 ? strerror(guest_errno) : ""); \
} while (0)

/** guest_error() - in words: a result below 0, which is -1 with errno, or
 *  -errno.
 */
static inline const char *guest_error(long result)
{
	return strerror(result == -1 ? errno : (int)-result);
}

/*
 * Instances
 */

/**
 * struct evset - an open /dev/epoll
 * @fd: the descriptor
 * @max: what was asked of EP_ALLOC
 * @size: bytes mapped
 * @map: the mapping, or NULL
 * @control: the control page, or NULL; evset_wait() then takes first
 * @taker: the process that has it mapped
 */
struct evset {
	int fd;
	int max;
	size_t size;
	char *map;
	struct ep_control *control;
	pid_t taker;
};

/** guest_takes - every set is shared and every wait takes first, if it can be. */
extern bool guest_takes;

/**
 * guest_pipes - a pipe, by one descriptor for both ends, in place of each eventfd.
 *
 * It wakes with the same bits, IN at a write and OUT at a read; and source=2002, which
 * is deaf to eventfds, hears of it.
 */
extern bool guest_pipes;

/** guest_device() - open /dev/epoll, close-on-exec; asserts. */
int guest_device(void);

/** evset_open() - open, EP_ALLOC @max, map the 2002 way; asserts. */
void evset_open(struct evset *s, int max);

/** evset_map() - map an instance whose fd and max are set; asserts. */
void evset_map(struct evset *s);

/** evset_share() - EP_SHARE, and map the control page; asserts. */
void evset_share(struct evset *s);

/** evset_take() - ep_take(); as evset_wait(), or EP_TAKE_ASK. */
int evset_take(const struct evset *s, const struct pollfd **ev);

/** evset_unmap() - take the mapping away; asserts. */
void evset_unmap(struct evset *s);

/** evset_close() - unmap if mapped, and close; asserts. */
void evset_close(struct evset *s);

/**
 * evset_ctl() - write one record
 *
 * Return: what write(2) returned, or -errno.
 */
int evset_ctl(const struct evset *s, int fd, int events);

/** evset_add() - write one record that must succeed; adds or changes. */
void evset_add(const struct evset *s, int fd, int events);

/** evset_pipe() - open with room for eight, and watch the reading end of a new pipe. */
void evset_pipe(struct evset *s, int p[2], int events);

/** evset_del() - write a POLLREMOVE that must succeed. */
void evset_del(const struct evset *s, int fd);

/**
 * evset_wait() - EP_POLL
 * @s: the instance
 * @ms: timeout
 * @ev: set to the first slot when the result is above 0, else to NULL;
 *	may be NULL
 *
 * Return: the number of slots, 0, or -errno.
 */
int evset_wait(const struct evset *s, int ms, const struct pollfd **ev);

/** ev_find() - the slot of @fd among @n, or NULL; asserts that there is one
 *  at most.
 */
const struct pollfd *ev_find(const struct pollfd *ev, int n, int fd);

/** evset_expect() - the next EP_POLL has one slot: @fd with @revents. */
void evset_expect(const struct evset *s, int fd, int revents);

/**
 * evset_expect_bits() - EP_POLL until all of @bits were seen for @fd
 *
 * For sources that tell bits one after the other.  Asserts that no slot of
 * another fd comes.
 *
 * Return: all the bits that were seen.
 */
int evset_expect_bits(const struct evset *s, int fd, int bits);

/** evset_none() - EP_POLL with timeout 0 has nothing; asserts. */
void evset_none(const struct evset *s);

/** evset_ispolled() - EP_ISPOLLED: 1, 0 or -errno; @out may be NULL. */
int evset_ispolled(const struct evset *s, int fd, struct pollfd *out);

/** evset_info() - a number out of the instance's fdinfo ("items", ...); asserts
 *  that the line is there.
 */
long evset_info(const struct evset *s, const char *name);

/** guest_fdinfo() - the same for any descriptor; -1 when there is no such
 *  line.
 */
long guest_fdinfo(int fd, const char *name);

/*
 * Sources: all non-blocking and close-on-exec; all assert
 */

void guest_pipe(int p[2]);		/* p[0] reads, p[1] writes */
void guest_unix(int sv[2]);		/* stream socketpair */
void guest_dgram(int sv[2]);		/* unix datagram socketpair */
int guest_inet(int type);		/* TCP or UDP socket */
int guest_listen(int *port);		/* TCP listener on 127.0.0.1 */
int guest_dead_port(void);		/* nobody listens there: it was ours a moment ago */
void guest_begin_connect(int fd, int port);	/* connect() begun; may be refused already */
int guest_connect(int port);		/* connect() begun, not waited for */
void guest_tcp(int sv[2]);		/* connected: sv[0] accepted, sv[1] connected */
void guest_udp(int sv[2]);		/* connected to each other */
int guest_eventfd(void);		/* or what stands for one: guest_pipes */
int guest_timerfd(void);
void guest_timer_in(int fd, long ns);	/* it expires once; 0 stops it */
int guest_signalfd(int sig);		/* the signal is blocked, too */
int guest_null(void);			/* /dev/null: cannot be watched */

/** guest_put() - write one byte (eventfd: add 1); asserts. */
void guest_put(int fd);

/** guest_drain() - read until EAGAIN or end; the number of bytes. */
long guest_drain(int fd);

/** guest_fill() - write until EAGAIN; the number of bytes. */
long guest_fill(int fd);

/** guest_poll() - what poll(2) says of @fd now, asked for all bits of a mask. */
int guest_poll(int fd, int events);

/**
 * guest_stock() - load one of the kernel's own modules, of those that vm/kernel-fetch
 * brings; asserts that it could be loaded
 * @name: loads those that it needs before, by guest_stock() as well
 *
 * Returns false where the kernel has no such module: what it is for may be built in.
 */
bool guest_stock(const char *name);

/** guest_nofile() - raise RLIMIT_NOFILE to @n; skips the test if not allowed. */
void guest_nofile(long n);

/** guest_slow() - is this a kernel with checkers, many times slower? */
bool guest_slow(void);

/** guest_rounds() - @n, or a tenth of it where guest_slow(). */
int guest_rounds(int n);

/*
 * Threads, children, waiting
 */

/** guest_thread() - start a thread; asserts. */
pthread_t guest_thread(void *(*fn)(void *arg), void *arg);

/** guest_join() - wait for a thread; its result. */
void *guest_join(pthread_t t);

/** guest_fork() - fork(); asserts that it worked. */
pid_t guest_fork(void);

/** guest_reap() - wait for a child; asserts that it ended with status 0. */
void guest_reap(pid_t pid);

/** guest_child() - for GUEST_CHILD alone. */
bool guest_child(pid_t *pid);

/**
 * GUEST_CHILD - what follows, a statement or a block, runs in a child
 *
 * It has ended, with status 0, when the next line begins.  No break, no return: what
 * a child leaves unfinished is for guest_fork().
 */
#define GUEST_CHILD							\
	for (pid_t guest_pid = -1; guest_child(&guest_pid); )

/** guest_exec_hold() - become a fresh guest-tests by exec that holds what it
 *  inherits until @fd, which must not be close-on-exec, is at its end.
 */
__attribute__((noreturn))
void guest_exec_hold(int fd);

/** guest_until() - wait until @cond(@arg) is true; asserts that it comes. */
void guest_until(bool (*cond)(void *arg), void *arg, const char *what);

/** guest_in_syscall() - wait until thread @tid of process @pid sleeps in
 *  system call @nr with first argument @arg0 (-1: any, of both); asserts.
 */
void guest_in_syscall(pid_t pid, pid_t tid, long nr, long arg0);

/** guest_emulated() - did epoll-run put /dev/epoll below this program?  Then the
 *  instances are the device's to fdinfo, and a thread sleeps where the emulation
 *  likes: guest_in_syscall() of any call takes any first argument.
 */
bool guest_emulated(void);

/** guest_in_poll() - wait until thread @tid of this process sleeps in an
 *  ioctl of @s, which is EP_POLL; asserts.
 */
void guest_in_poll(const struct evset *s, pid_t tid);

/** struct guest_fire - a thread that writes to the eventfd @fd all the time,
 *  and reads it empty now and then; see guest_fire_start()
 */
struct guest_fire {
	int fd;
	int stop;
	pthread_t thread;
};

void guest_fire_start(struct guest_fire *f, int fd);
void guest_fire_stop(struct guest_fire *f);

/** struct evpoller - a thread in EP_POLL; see evpoller_start() */
struct evpoller {
	const struct evset *s;
	int timeout;
	pthread_t thread;
	pid_t tid;
	int n;
	const struct pollfd *ev;
	long ms;
};

/** evpoller_start() - a thread calls EP_POLL with @timeout; returns when it
 *  sleeps in there.
 */
void evpoller_start(struct evpoller *p, const struct evset *s, int timeout);

/** evpoller_join() - wait for it: p->n, p->ev and p->ms (duration) are the
 *  outcome; p->n is returned.
 */
int evpoller_join(struct evpoller *p);

/** guest_ms() - CLOCK_MONOTONIC in milliseconds. */
long guest_ms(void);

/** guest_gettid() - the calling thread's id. */
pid_t guest_gettid(void);

/** guest_param() - text of /sys/module/@module/parameters/@name in a static
 *  buffer, or NULL.
 */
const char *guest_param(const char *module, const char *name);

/** guest_file_set() - write @value to a file of sysfs, procfs or debugfs;
 *  asserts.  Written back as guest_param_set() does.
 */
void guest_file_set(const char *path, const char *value);

/** guest_param_set() - write a module parameter; asserts.  The harness writes
 *  the old value back when the test has ended, however it ends.
 */
void guest_param_set(const char *module, const char *name, const char *value);

/** guest_fail() - end the test as failed at the noted line. */
__attribute__((noreturn, format(printf, 1, 2)))
void guest_fail(const char *fmt, ...);

/** guest_check() - guest_fail() unless @cond; for helpers. */
#define guest_check(cond, ...) do {					\
	if (!(cond))							\
		guest_fail(__VA_ARGS__);				\
} while (0)

#ifndef GUEST_HELPERS
#define GUEST_AT(call)	(GUEST_HERE, call)
#define guest_device(...)	GUEST_AT((guest_device)(__VA_ARGS__))
#define evset_open(...)	GUEST_AT((evset_open)(__VA_ARGS__))
#define evset_map(...)	GUEST_AT((evset_map)(__VA_ARGS__))
#define evset_share(...)	GUEST_AT((evset_share)(__VA_ARGS__))
#define evset_take(...)	GUEST_AT((evset_take)(__VA_ARGS__))
#define evset_unmap(...)	GUEST_AT((evset_unmap)(__VA_ARGS__))
#define evset_close(...)	GUEST_AT((evset_close)(__VA_ARGS__))
#define evset_add(...)	GUEST_AT((evset_add)(__VA_ARGS__))
#define evset_pipe(...)	GUEST_AT((evset_pipe)(__VA_ARGS__))
#define evset_del(...)	GUEST_AT((evset_del)(__VA_ARGS__))
#define evset_wait(...)	GUEST_AT((evset_wait)(__VA_ARGS__))
#define ev_find(...)	GUEST_AT((ev_find)(__VA_ARGS__))
#define evset_expect(...)	GUEST_AT((evset_expect)(__VA_ARGS__))
#define evset_expect_bits(...)	GUEST_AT((evset_expect_bits)(__VA_ARGS__))
#define evset_none(...)	GUEST_AT((evset_none)(__VA_ARGS__))
#define evset_info(...)	GUEST_AT((evset_info)(__VA_ARGS__))
#define guest_pipe(...)	GUEST_AT((guest_pipe)(__VA_ARGS__))
#define guest_unix(...)	GUEST_AT((guest_unix)(__VA_ARGS__))
#define guest_dgram(...)	GUEST_AT((guest_dgram)(__VA_ARGS__))
#define guest_inet(...)	GUEST_AT((guest_inet)(__VA_ARGS__))
#define guest_listen(...)	GUEST_AT((guest_listen)(__VA_ARGS__))
#define guest_dead_port(...)	GUEST_AT((guest_dead_port)(__VA_ARGS__))
#define guest_begin_connect(...)	GUEST_AT((guest_begin_connect)(__VA_ARGS__))
#define guest_connect(...)	GUEST_AT((guest_connect)(__VA_ARGS__))
#define guest_tcp(...)	GUEST_AT((guest_tcp)(__VA_ARGS__))
#define guest_udp(...)	GUEST_AT((guest_udp)(__VA_ARGS__))
#define guest_timerfd(...)	GUEST_AT((guest_timerfd)(__VA_ARGS__))
#define guest_timer_in(...)	GUEST_AT((guest_timer_in)(__VA_ARGS__))
#define guest_signalfd(...)	GUEST_AT((guest_signalfd)(__VA_ARGS__))
#define guest_eventfd(...)	GUEST_AT((guest_eventfd)(__VA_ARGS__))
#define guest_null(...)	GUEST_AT((guest_null)(__VA_ARGS__))
#define guest_put(...)	GUEST_AT((guest_put)(__VA_ARGS__))
#define guest_fill(...)	GUEST_AT((guest_fill)(__VA_ARGS__))
#define guest_poll(...)	GUEST_AT((guest_poll)(__VA_ARGS__))
#define guest_thread(...)	GUEST_AT((guest_thread)(__VA_ARGS__))
#define guest_join(...)	GUEST_AT((guest_join)(__VA_ARGS__))
#define guest_fork(...)	GUEST_AT((guest_fork)(__VA_ARGS__))
#define guest_reap(...)	GUEST_AT((guest_reap)(__VA_ARGS__))
#define guest_child(...)	GUEST_AT((guest_child)(__VA_ARGS__))
#define guest_until(...)	GUEST_AT((guest_until)(__VA_ARGS__))
#define guest_in_syscall(...)	GUEST_AT((guest_in_syscall)(__VA_ARGS__))
#define guest_in_poll(...)	GUEST_AT((guest_in_poll)(__VA_ARGS__))
#define evpoller_start(...)	GUEST_AT((evpoller_start)(__VA_ARGS__))
#define guest_fire_start(...)	GUEST_AT((guest_fire_start)(__VA_ARGS__))
#define guest_fire_stop(...)	GUEST_AT((guest_fire_stop)(__VA_ARGS__))
#define evpoller_join(...)	GUEST_AT((evpoller_join)(__VA_ARGS__))
#define guest_file_set(...)	GUEST_AT((guest_file_set)(__VA_ARGS__))
#define guest_param_set(...)	GUEST_AT((guest_param_set)(__VA_ARGS__))
#endif

#endif /* GUEST_H */
