// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_busy.c - busy polling: a wait that polls the network device before it sleeps
 *
 * Whether it does is seen by the time that the thread has used: a wait that sleeps uses
 * next to none.  The packets come over a veth pair (veth.h); what has no device, such
 * as a pipe, is never polled for.
 */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "behave.h"
#include "veth.h"

/* Since 6.9, and younger than some C libraries. */
#ifndef EPIOCSPARAMS
struct epoll_params {
	uint32_t busy_poll_usecs;
	uint16_t busy_poll_budget;
	uint8_t prefer_busy_poll;
	uint8_t __pad;
};
#define EPIOCSPARAMS	_IOW(0x8A, 0x01, struct epoll_params)
#define EPIOCGPARAMS	_IOR(0x8A, 0x02, struct epoll_params)
#endif

/* Long enough to be told from a wait that sleeps, on a slow machine too. */
#define BUSY_MS		400
#define IDLE_MS		150

/* It is the core's, and takes time: one store stands for all but in one test. */
#define BUSY_DESIGNS	(BEHAVE_KERNEL | BEHAVE_OVFLIST)

static bool of_the_kernel(void)
{
	return behave_design() == BEHAVE_KERNEL;
}

#define KERNELS_BUSY_POLL "/proc/sys/net/core/busy_poll"

/* Before veth_pair(): it is seen in the first network namespace alone. */
static void needs_busy_polling(void)
{
	if (access(KERNELS_BUSY_POLL, F_OK))
		GUEST_SKIP("this kernel is built without busy polling, as 6.1 with PREEMPT_RT is");
}

/* For all instances.  Below the kernel's epoll may be a store, by epoll-run. */
static void busy_for_all(const char *usecs)
{
	needs_busy_polling();
	if (of_the_kernel())
		guest_file_set(KERNELS_BUSY_POLL, usecs);
	if (guest_param("eventpoll_port", "busy_poll"))
		guest_param_set("eventpoll_port", "busy_poll", usecs);
}

/* Does the kernel of the boot know it? */
static bool has_params(void)
{
	struct epoll_params p;
	int ep = epoll_create1(EPOLL_CLOEXEC), ret, err;

	ret = ioctl(ep, EPIOCGPARAMS, &p);
	err = errno;
	close(ep);
	ck_assert(!ret || err == ENOTTY || err == EINVAL);
	return !ret;
}

static long thread_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void send_byte(int fd)
{
	GUEST_RETURNS(send(fd, "x", 1, 0), 1);
}

/* A socket whose packets come by way of a NAPI context, one of them told already. */
static void cable(int ep, int fd[2], uint32_t events)
{
	unsigned int id = 0;
	socklen_t size = sizeof(id);

	veth_pair(fd);
	behave_add(ep, fd[0], events);
	send_byte(fd[1]);
	behave_expect(ep, fd[0], EPOLLIN);
	guest_drain(fd[0]);
	behave_none(ep);
	GUEST_RETURNS(getsockopt(fd[0], SOL_SOCKET, SO_INCOMING_NAPI_ID, &id, &size), 0);
	ck_assert_msg(id, "no NAPI context brought the packet");
}

/* A wait of @ms in vain: what it used of the CPU. */
static long wait_in_vain(int ep, int ms)
{
	long begun = thread_ms();
	struct epoll_event ev;

	GUEST_RETURNS(behave_wait(ep, &ev, 1, ms), 0);
	return thread_ms() - begun;
}

BEHAVE_TEST(busy_for_all, 60, BUSY_DESIGNS,
	    "with busy polling for all a wait that finds nothing polls the device for that time, and then sleeps; with timeout 0 not")
{
	int ep = behave_create(), fd[2];
	long ms;

	busy_for_all("400000");
	cable(ep, fd, EPOLLIN);
	ms = wait_in_vain(ep, 0);
	ck_assert_int_lt(ms, IDLE_MS);
	ms = wait_in_vain(ep, 2 * BUSY_MS);
	ck_assert_int_ge(ms, BUSY_MS - IDLE_MS);
	/* Nothing came: the next one sleeps at once, until a packet has come. */
	ms = wait_in_vain(ep, BUSY_MS);
	ck_assert_int_lt(ms, IDLE_MS);
	send_byte(fd[1]);
	behave_expect(ep, fd[0], EPOLLIN);
	guest_drain(fd[0]);
	ms = wait_in_vain(ep, 2 * BUSY_MS);
	ck_assert_int_ge(ms, BUSY_MS - IDLE_MS);
}

BEHAVE_TEST(busy_not_unasked, 60, BUSY_DESIGNS,
	    "without busy polling a wait polls no device")
{
	int ep = behave_create(), fd[2];
	long ms;

	needs_busy_polling();
	cable(ep, fd, EPOLLIN);
	ms = wait_in_vain(ep, 2 * BUSY_MS);
	ck_assert_int_lt(ms, IDLE_MS);
}

BEHAVE_TEST(busy_not_for_a_pipe, 60, BUSY_DESIGNS,
	    "for a pipe or a unix socket nothing is polled, and the wait sleeps")
{
	int ep = behave_create(), p[2], sv[2];
	long ms;

	busy_for_all("400000");
	behave_pipe(ep, p, EPOLLIN);
	guest_unix(sv);
	behave_add(ep, sv[0], EPOLLIN);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	guest_drain(p[0]);
	guest_put(sv[1]);
	behave_expect(ep, sv[0], EPOLLIN);
	guest_drain(sv[0]);
	ms = wait_in_vain(ep, BUSY_MS);
	ck_assert_int_lt(ms, IDLE_MS);
}

BEHAVE_TEST(busy_of_an_instance, 60, BUSY_DESIGNS,
	    "EPIOCSPARAMS has one instance poll, and another one not")
{
	struct epoll_params p = { .busy_poll_usecs = BUSY_MS * 1000 };
	int ep = behave_create(), other = behave_create(), fd[2];
	long ms;

	if (!has_params()) {
		GUEST_FAILS(ioctl(ep, EPIOCSPARAMS, &p), ENOTTY);
		return;
	}
	GUEST_RETURNS(ioctl(ep, EPIOCSPARAMS, &p), 0);
	cable(ep, fd, EPOLLIN);
	behave_add(other, fd[0], EPOLLIN);
	ms = wait_in_vain(other, BUSY_MS);
	ck_assert_int_lt(ms, IDLE_MS);
	ms = wait_in_vain(ep, 2 * BUSY_MS);
	ck_assert_int_ge(ms, BUSY_MS - IDLE_MS);
	/* And off again. */
	p.busy_poll_usecs = 0;
	GUEST_RETURNS(ioctl(ep, EPIOCSPARAMS, &p), 0);
	send_byte(fd[1]);
	behave_expect(ep, fd[0], EPOLLIN);
	guest_drain(fd[0]);
	ms = wait_in_vain(ep, BUSY_MS);
	ck_assert_int_lt(ms, IDLE_MS);
}

BEHAVE_TEST(busy_known_at_add, 60, BUSY_DESIGNS,
	    "a socket whose packets came before it was added is polled for in the first wait")
{
	int ep = behave_create(), other = behave_create(), fd[2];
	long ms;

	busy_for_all("400000");
	cable(other, fd, EPOLLIN);
	behave_add(ep, fd[0], EPOLLIN);
	ms = wait_in_vain(ep, 2 * BUSY_MS);
	ck_assert_int_ge(ms, BUSY_MS - IDLE_MS);
}

/* In the way of a socket: @fd sends until it is told to stop. */
struct sender {
	int fd;
	int stop;
};

static void on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		GUEST_SKIP("CPU %d: %s", cpu, strerror(errno));
}

static void *send_now_and_then(void *arg)
{
	struct sender *s = arg;

	on_cpu(1);
	while (!__atomic_load_n(&s->stop, __ATOMIC_ACQUIRE)) {
		send(s->fd, "x", 1, 0);
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	}
	return NULL;
}

BEHAVE_TEST(busy_brings_packets, 90, BEHAVE_EPOLL,
	    "a packet that comes meanwhile is brought by the wait itself, which ends with it")
{
	int ep = behave_create(), fd[2], rounds = 200;
	struct epoll_event ev;
	struct sender s = { 0 };
	long before;
	pthread_t t;

	on_cpu(1);
	on_cpu(0);
	busy_for_all("5000000");
	veth_pair(fd);
	behave_add(ep, fd[0], EPOLLIN);
	s.fd = fd[1];
	before = veth_busy_packets();
	t = guest_thread(send_now_and_then, &s);
	while (veth_busy_packets() == before) {
		ck_assert_msg(rounds--, "none of many packets came by a wait that polled");
		GUEST_RETURNS(behave_wait(ep, &ev, 1, GUEST_WAIT_MS), 1);
		guest_drain(fd[0]);
	}
	__atomic_store_n(&s.stop, 1, __ATOMIC_RELEASE);
	guest_join(t);
}

static void *put_later(void *arg)
{
	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	guest_put(*(int *)arg);
	return NULL;
}

BEHAVE_TEST(busy_ends_with_an_event, 60, BUSY_DESIGNS,
	    "an event of any other file ends the polling")
{
	int ep = behave_create(), fd[2], e = guest_eventfd();
	long begun = guest_ms();
	pthread_t t;

	busy_for_all("8000000");
	cable(ep, fd, EPOLLIN);
	behave_add(ep, e, EPOLLIN);
	t = guest_thread(put_later, &e);
	behave_expect(ep, e, EPOLLIN);
	guest_join(t);
	ck_assert_int_lt(guest_ms() - begun, 6000);
}

BEHAVE_TEST(busy_params, 20, BUSY_DESIGNS,
	    "EPIOCSPARAMS and EPIOCGPARAMS: what is set is told, what makes no sense is EINVAL and sets nothing")
{
	struct epoll_params p = { .busy_poll_usecs = INT32_MAX, .busy_poll_budget = 64,
				  .prefer_busy_poll = 1 }, q = { 0 }, bad;
	int ep = behave_create();

	if (!has_params()) {
		GUEST_FAILS(ioctl(ep, EPIOCSPARAMS, &p), ENOTTY);
		GUEST_FAILS(ioctl(ep, EPIOCGPARAMS, &q), ENOTTY);
		return;
	}
	memset(&q, 0xff, sizeof(q));
	GUEST_RETURNS(ioctl(ep, EPIOCGPARAMS, &q), 0);
	ck_assert(!memcmp(&q, &(struct epoll_params){ 0 }, sizeof(q)));
	GUEST_RETURNS(ioctl(ep, EPIOCSPARAMS, &p), 0);
	for (int i = 0; i < 3; i++) {
		bad = (struct epoll_params){ .busy_poll_usecs = 1 };
		if (i == 0)
			bad.__pad = 1;
		else if (i == 1)
			bad.prefer_busy_poll = 2;
		else
			bad.busy_poll_usecs = (uint32_t)INT32_MAX + 1;
		GUEST_FAILS(ioctl(ep, EPIOCSPARAMS, &bad), EINVAL);
		GUEST_RETURNS(ioctl(ep, EPIOCGPARAMS, &q), 0);
		ck_assert(!memcmp(&q, &p, sizeof(q)));
	}
	GUEST_FAILS(ioctl(ep, EPIOCSPARAMS, BEHAVE_KERNEL_ADDRESS), EFAULT);
	GUEST_FAILS(ioctl(ep, EPIOCGPARAMS, BEHAVE_KERNEL_ADDRESS), EFAULT);
	p.busy_poll_budget = 65;
	GUEST_RETURNS(ioctl(ep, EPIOCSPARAMS, &p), 0);
	GUEST_CHILD {
		struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
		struct __user_cap_data_struct none[2] = { { 0 } };

		GUEST_RETURNS(syscall(SYS_capset, &head, none), 0);
		GUEST_FAILS(ioctl(ep, EPIOCSPARAMS, &p), EPERM);
		p.busy_poll_budget = 64;
		GUEST_RETURNS(ioctl(ep, EPIOCSPARAMS, &p), 0);
	}
}

static void *wait_for_ever(void *arg)
{
	struct epoll_event ev;
	int n = behave_wait(*(int *)arg, &ev, 1, -1);

	return (void *)(long)(n < 0 ? -errno : n);
}

static void no_restart(int sig)
{
	(void)sig;
}

BEHAVE_TEST(busy_ends_with_a_signal, 60, BEHAVE_OVFLIST,
	    "a signal ends the polling, however long it would have gone on")
{
	struct sigaction sa = { .sa_handler = no_restart };
	int ep = behave_create(), fd[2];
	long begun;
	pthread_t t;

	GUEST_RETURNS(sigaction(SIGUSR1, &sa, NULL), 0);
	busy_for_all("2147483647");
	cable(ep, fd, EPOLLIN);
	begun = guest_ms();
	t = guest_thread(wait_for_ever, &ep);
	nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
	GUEST_RETURNS(pthread_kill(t, SIGUSR1), 0);
	GUEST_RETURNS((long)guest_join(t), -EINTR);
	ck_assert_int_lt(guest_ms() - begun, 20000);
}

BEHAVE_TEST(busy_for_all_values, 20, BEHAVE_OVFLIST,
	    "the parameter busy_poll takes microseconds from 0 to INT_MAX")
{
	static const char *const bad[] = { "-1", "2147483648", "much", "" };
	const char path[] = "/sys/module/eventpoll_port/parameters/busy_poll";

	needs_busy_polling();
	ck_assert_str_eq(guest_param("eventpoll_port", "busy_poll"), "0");
	busy_for_all("2147483647");
	for_each_of(i, bad) {
		FILE *f = fopen(path, "we");

		ck_assert_msg(f, "%s: %s", path, strerror(errno));
		fputs(bad[i], f);
		fclose(f);
		ck_assert_str_eq(guest_param("eventpoll_port", "busy_poll"),
				 "2147483647");
	}
}
