// SPDX-License-Identifier: GPL-2.0-only
/*
 * signals.c - suite signals: signals that interrupt EP_POLL, and its timeouts
 */
#define _GNU_SOURCE
#include <limits.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "guest.h"

static volatile sig_atomic_t caught;

static void count(int sig)
{
	(void)sig;
	caught++;
}

static void on_signal(int sig, int flags)
{
	struct sigaction sa = { .sa_handler = count, .sa_flags = flags };

	GUEST_RETURNS(sigaction(sig, &sa, NULL), 0);
}

/* A signal to a thread that sleeps in EP_POLL: what becomes of the call. */
static void interrupted(int flags, int timeout)
{
	struct evpoller w;
	struct evset s;
	long version;
	int p[2];

	evset_pipe(&s, p, POLLIN);
	on_signal(SIGUSR1, flags);
	version = evset_info(&s, "version");
	evpoller_start(&w, &s, timeout);
	pthread_kill(w.thread, SIGUSR1);
	ck_assert_msg(evpoller_join(&w) == -EINTR, "expected EINTR, got %d",
		      w.n);
	ck_assert_int_eq(caught, 1);
	GUEST_RETURNS(evset_info(&s, "version"), version);
	/* The call can be made again and has lost nothing. */
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(signals, eintr, 20,
	   "a signal ends EP_POLL with EINTR and without a switch")
{
	interrupted(0, -1);
}

GUEST_TEST(signals, eintr_with_sa_restart, 20,
	   "SA_RESTART does not restart EP_POLL, as with poll(2)")
{
	interrupted(SA_RESTART, -1);
}

GUEST_TEST(signals, eintr_before_a_timeout, 20,
	   "a signal ends an EP_POLL with a timeout too, and one with SA_RESTART does not start the time anew")
{
	interrupted(0, 600000);
	caught = 0;
	interrupted(SA_RESTART, 600000);
}

GUEST_TEST(signals, ignored_signal, 20,
	   "a signal that is ignored or blocked leaves EP_POLL asleep")
{
	struct evpoller w;
	struct evset s;
	sigset_t set;
	int p[2];

	evset_pipe(&s, p, POLLIN);
	signal(SIGUSR1, SIG_IGN);
	on_signal(SIGUSR2, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);	/* inherited by the thread */
	evpoller_start(&w, &s, -1);
	pthread_kill(w.thread, SIGUSR1);
	pthread_kill(w.thread, SIGUSR2);
	guest_in_poll(&s, w.tid);
	guest_put(p[1]);
	ck_assert_msg(evpoller_join(&w) == 1, "expected the event, got %d", w.n);
	ck_assert_int_eq(caught, 0);
}

GUEST_TEST(signals, events_before_signal, 20,
	   "an EP_POLL that finds events returns them although a signal is pending")
{
	struct evset s;
	sigset_t set;
	int fd = guest_eventfd();

	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN);
	on_signal(SIGUSR1, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	raise(SIGUSR1);
	guest_put(fd);
	evset_expect(&s, fd, POLLIN);
	GUEST_RETURNS(evset_wait(&s, 10, NULL), 0);
}

GUEST_TEST(signals, under_fire, 120,
	   "with a signal every millisecond 3000 events arrive, each once: EINTR loses none and repeats none")
{
	struct itimerval it = { { 0, 1000 }, { 0, 1000 } };
	struct evset s;
	int fd = guest_eventfd();
	long n, got = 0, eintr = 0;

	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN);
	on_signal(SIGALRM, SA_RESTART);
	GUEST_RETURNS(setitimer(ITIMER_REAL, &it, NULL), 0);
	while (got < 3000) {
		long end = guest_ms() + GUEST_WAIT_MS;

		guest_put(fd);
		/* A wait that is interrupted all the time never times out. */
		do {
			n = evset_wait(&s, 1000, NULL);
			eintr += n == -EINTR;
		} while (n == -EINTR && guest_ms() < end);
		ck_assert_msg(n == 1, "event %ld: expected 1 slot, got %ld",
			      got, n);
		got++;
		if (got % 100)
			continue;
		/* Until one comes: there is nothing else to come. */
		do {
			n = evset_wait(&s, -1, NULL);
			eintr += n == -EINTR;
		} while (n != -EINTR);
	}
	ck_assert_int_ge(eintr, 30);
}

GUEST_TEST(signals, killed_in_poll, 20,
	   "a process that is killed in EP_POLL ends, and another one may wait on the set then")
{
	struct evset s;
	int p[2], status;
	pid_t pid;

	evset_pipe(&s, p, POLLIN);
	pid = guest_fork();
	if (!pid)
		_exit(evset_wait(&s, -1, NULL));
	guest_in_syscall(pid, pid, SYS_ioctl, s.fd);
	GUEST_RETURNS(evset_wait(&s, 0, NULL), -EBUSY);
	kill(pid, SIGKILL);
	ck_assert(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(signals, stopped_in_poll, 30,
	   "a process stopped and continued in EP_POLL hears of an event that came meanwhile, at the latest in its next call")
{
	struct evset s;
	int p[2], status;
	pid_t pid;

	evset_pipe(&s, p, POLLIN);
	pid = guest_fork();
	if (!pid) {
		int n = evset_wait(&s, -1, NULL);

		if (n == -EINTR)
			n = evset_wait(&s, GUEST_WAIT_MS, NULL);
		_exit(n == 1 ? 0 : 1);
	}
	guest_in_syscall(pid, pid, SYS_ioctl, s.fd);
	kill(pid, SIGSTOP);
	ck_assert(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
	guest_put(p[1]);
	kill(pid, SIGCONT);
	guest_reap(pid);
}

/*
 * Timeouts.  A lower bound is exact; an upper one allows for a slow machine.
 */

static long timed_wait_us(const struct evset *s, int ms)
{
	struct timespec a, b;
	int n;

	clock_gettime(CLOCK_MONOTONIC, &a);
	n = evset_wait(s, ms, NULL);
	clock_gettime(CLOCK_MONOTONIC, &b);
	ck_assert_msg(n == 0, "EP_POLL of %d ms: expected 0, got %d", ms, n);
	return (b.tv_sec - a.tv_sec) * 1000000 + (b.tv_nsec - a.tv_nsec) / 1000;
}

GUEST_TEST(signals, timeout_is_kept, 60,
	   "timeouts of 1, 10, 50 and 300 ms are never shorter than asked for and end within seconds")
{
	static const int ms[] = { 1, 10, 50, 300 };
	struct evset s;

	evset_open(&s, 8);
	for (size_t i = 0; i < sizeof(ms) / sizeof(*ms); i++) {
		for (int round = 0; round < 5; round++) {
			long us = timed_wait_us(&s, ms[i]);

			ck_assert_msg(us >= ms[i] * 1000L,
				      "%d ms took only %ld us", ms[i], us);
			ck_assert_msg(us < ms[i] * 1000L + 10000000,
				      "%d ms took %ld us", ms[i], us);
		}
	}
}

GUEST_TEST(signals, timeout_zero, 20,
	   "timeout 0 does not sleep: 200 calls end within seconds")
{
	struct evset s;
	long start = guest_ms();

	evset_open(&s, 8);
	for (int i = 0; i < 200; i++)
		GUEST_RETURNS(evset_wait(&s, 0, NULL), 0);
	ck_assert_int_lt(guest_ms() - start, 10000);
}

GUEST_TEST(signals, timeout_keeps_quiet_sources_out, 30,
	   "events that nobody asked for do not end the wait before its time")
{
	struct guest_fire f;
	struct evset s;
	int fd = guest_eventfd();
	long us;

	evset_open(&s, 8);
	evset_add(&s, fd, POLLERR);
	guest_fire_start(&f, fd);
	us = timed_wait_us(&s, 200);
	guest_fire_stop(&f);
	ck_assert_msg(us >= 200000, "200 ms took only %ld us", us);
}

/* Sleeps, is still asleep a little later, and is woken by an event. */
static void sleeps_on(int timeout)
{
	struct timespec pause = { 0, 150000000 };
	struct evpoller w;
	struct evset s;
	int p[2];

	evset_pipe(&s, p, POLLIN);
	evpoller_start(&w, &s, timeout);
	nanosleep(&pause, NULL);
	guest_in_poll(&s, w.tid);
	guest_put(p[1]);
	ck_assert_msg(evpoller_join(&w) == 1,
		      "timeout %d: expected the event, got %d", timeout, w.n);
	evset_close(&s);
}

GUEST_TEST(signals, timeout_huge, 30,
	   "huge timeouts do not overflow into short ones")
{
	sleeps_on(100000000);
	sleeps_on(INT_MAX / 1000 + 1);
	sleeps_on(INT_MAX - 1);
	sleeps_on(INT_MAX);
}

GUEST_TEST(signals, timeout_negative, 30,
	   "every negative timeout means for ever")
{
	sleeps_on(-1);
	sleeps_on(-2);
	sleeps_on(-1000);
	sleeps_on(INT_MIN + 1);
	sleeps_on(INT_MIN);
}
