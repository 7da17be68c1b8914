// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_signal.c - epoll_wait: signals, and the mask of epoll_pwait
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "behave.h"

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

static sigset_t only(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	if (sig)
		sigaddset(&set, sig);
	return set;
}

/* This thread blocks just @sig, or nothing. */
static void block(int sig)
{
	sigset_t set = only(sig);

	GUEST_RETURNS(pthread_sigmask(SIG_SETMASK, &set, NULL), 0);
}

static bool blocked(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	pthread_sigmask(SIG_BLOCK, NULL, &set);
	return sigismember(&set, sig);
}

static bool pending(int sig)
{
	sigset_t set;

	sigemptyset(&set);
	sigpending(&set);
	return sigismember(&set, sig);
}

/* A signal to a thread asleep in the wait; an event then is not lost. */
static void interrupted(int flags, struct behave_waiter w)
{
	int p[2];

	caught = 0;
	guest_pipe(p);
	w.ep = behave_create();
	behave_add(w.ep, p[0], EPOLLIN | EPOLLET);
	on_signal(SIGUSR1, flags);
	behave_waiter_start(&w);
	pthread_kill(w.thread, SIGUSR1);
	ck_assert_int_eq(behave_waiter_join(&w), -EINTR);
	ck_assert_int_eq(caught, 1);
	behave_none(w.ep);
	guest_put(p[1]);
	behave_expect(w.ep, p[0], EPOLLIN);
}

BEHAVE_TEST(signal_eintr, 20, BEHAVE_EVERY,
	    "a signal with a handler ends the wait with EINTR; what comes after is told in the next")
{
	interrupted(0, (struct behave_waiter){ .ms = -1 });
	interrupted(0, (struct behave_waiter){ .ms = 1000000 });
}

BEHAVE_TEST(signal_eintr_with_sa_restart, 20, BEHAVE_EVERY,
	    "SA_RESTART does not restart the wait: EINTR, with a timeout or for ever")
{
	interrupted(SA_RESTART, (struct behave_waiter){ .ms = -1 });
	interrupted(SA_RESTART, (struct behave_waiter){ .ms = 1000000 });
}

BEHAVE_TEST(signal_eintr_pwait2, 20, BEHAVE_EPOLL,
	    "a signal ends the wait with ns with EINTR, with SA_RESTART and without")
{
	static const struct timespec t = { 1000, 0 };

	interrupted(0, (struct behave_waiter){ .pwait2 = true });
	interrupted(SA_RESTART, (struct behave_waiter){ .pwait2 = true });
	interrupted(0, (struct behave_waiter){ .pwait2 = true, .t = &t });
	interrupted(SA_RESTART, (struct behave_waiter){ .pwait2 = true,
							.t = &t });
}

BEHAVE_TEST(signal_ignored, 20, BEHAVE_EVERY,
	    "a signal that is ignored or blocked leaves the waiter asleep")
{
	struct behave_waiter w = { .ms = -1 };
	int p[2];

	guest_pipe(p);
	w.ep = behave_create();
	behave_add(w.ep, p[0], EPOLLIN | EPOLLET);
	signal(SIGUSR1, SIG_IGN);
	on_signal(SIGUSR2, 0);
	block(SIGUSR2);		/* inherited by the thread */
	behave_waiter_start(&w);
	pthread_kill(w.thread, SIGUSR1);
	pthread_kill(w.thread, SIGUSR2);
	behave_waiter_sleeps(&w);
	guest_put(p[1]);
	behave_waiter_got(&w, p[0], EPOLLIN);
	ck_assert_int_eq(caught, 0);
}

BEHAVE_TEST(signal_and_other_waiters, 30, BEHAVE_EPOLL & ~BEHAVE_HERDS,
	    "a signal to one of three waiters leaves the others asleep, and the next event wakes one of them")
{
	struct behave_waiter w[3];
	int ep = behave_create(), fd;

	behave_eventfds(ep, &fd, 1, EPOLLIN | EPOLLET, false);
	on_signal(SIGUSR1, 0);
	for (int i = 0; i < 3; i++) {
		w[i] = (struct behave_waiter){ .ep = ep, .ms = -1 };
		behave_waiter_start(&w[i]);
	}
	pthread_kill(w[2].thread, SIGUSR1);
	ck_assert_int_eq(behave_waiter_join(&w[2]), -EINTR);
	behave_waiter_sleeps(&w[0]);
	behave_waiter_sleeps(&w[1]);
	guest_put(fd);
	behave_waiter_got(&w[1], fd, EPOLLIN);
	behave_waiter_sleeps(&w[0]);
}

BEHAVE_TEST(pwait_mask_blocks, 20, BEHAVE_EPOLL,
	    "a signal in the mask of the wait does not end it, and is delivered when the wait is over")
{
	sigset_t mask = only(SIGUSR1);
	struct behave_waiter w = { .ms = -1, .mask = &mask };
	int fd;

	w.ep = behave_create();
	behave_eventfds(w.ep, &fd, 1, EPOLLIN, false);
	on_signal(SIGUSR1, 0);
	behave_waiter_start(&w);
	pthread_kill(w.thread, SIGUSR1);
	behave_waiter_sleeps(&w);
	ck_assert_int_eq(caught, 0);
	guest_put(fd);
	behave_waiter_got(&w, fd, EPOLLIN);
	ck_assert_int_eq(caught, 1);
}

BEHAVE_TEST(pwait2_mask_blocks, 20, BEHAVE_EPOLL,
	    "the wait with ns blocks the signals of its mask as well")
{
	sigset_t mask = only(SIGUSR1);
	struct behave_waiter w = { .pwait2 = true, .mask = &mask };
	int fd;

	w.ep = behave_create();
	behave_eventfds(w.ep, &fd, 1, EPOLLIN, false);
	on_signal(SIGUSR1, 0);
	on_signal(SIGUSR2, 0);
	behave_waiter_start(&w);
	pthread_kill(w.thread, SIGUSR1);
	behave_waiter_sleeps(&w);
	ck_assert_int_eq(caught, 0);
	/* One that is not in the mask ends it, and both are delivered. */
	pthread_kill(w.thread, SIGUSR2);
	ck_assert_int_eq(behave_waiter_join(&w), -EINTR);
	ck_assert_int_eq(caught, 2);
}

static void block_usr1(struct behave_waiter *w)
{
	(void)w;
	block(SIGUSR1);
}

BEHAVE_TEST(pwait_mask_unblocks, 20, BEHAVE_EPOLL,
	    "a signal that the thread blocks and the mask of the wait does not ends the wait")
{
	sigset_t mask = only(0);
	struct behave_waiter w = {
		.ms = -1, .mask = &mask, .setup = block_usr1,
	};
	int fd;

	w.ep = behave_create();
	behave_eventfds(w.ep, &fd, 1, EPOLLIN, false);
	on_signal(SIGUSR1, 0);
	behave_waiter_start(&w);
	pthread_kill(w.thread, SIGUSR1);
	ck_assert_int_eq(behave_waiter_join(&w), -EINTR);
	ck_assert_int_eq(caught, 1);
}

BEHAVE_TEST(pwait_pending_signal, 20, BEHAVE_EPOLL,
	    "a signal that was pending before the call ends a wait whose mask lets it through, at once; its handler has run")
{
	sigset_t mask = only(0);
	struct epoll_event ev[4];
	int ep = behave_create(), fd;

	behave_eventfds(ep, &fd, 1, EPOLLIN, false);
	on_signal(SIGUSR1, 0);
	block(SIGUSR1);
	for (int i = 1; i <= 3; i++) {
		raise(SIGUSR1);
		GUEST_FAILS(behave_pwait(ep, ev, 4, i == 1 ? -1 : 100000, &mask),
			    EINTR);
		ck_assert_int_eq(caught, i);
		ck_assert(blocked(SIGUSR1) && !pending(SIGUSR1));
	}
	raise(SIGUSR1);
	GUEST_FAILS(behave_pwait2(ep, ev, 4, NULL, &mask), EINTR);
	ck_assert_int_eq(caught, 4);
}

BEHAVE_TEST(pwait_no_mask, 20, BEHAVE_EPOLL,
	    "without a mask a pending signal that the thread blocks stays where it is")
{
	struct epoll_event ev[4];
	int ep = behave_create();

	on_signal(SIGUSR1, 0);
	block(SIGUSR1);
	raise(SIGUSR1);
	GUEST_RETURNS(behave_pwait(ep, ev, 4, 10, NULL), 0);
	ck_assert(caught == 0 && pending(SIGUSR1));
}

BEHAVE_TEST(pwait_events_before_signal, 20, BEHAVE_EPOLL,
	    "a wait that finds events tells them although a signal is pending that its mask lets through; the signal stays pending")
{
	sigset_t mask = only(0);
	struct epoll_event ev[4];
	int ep = behave_create(), fd;

	behave_eventfds(ep, &fd, 1, EPOLLIN | EPOLLET, true);
	on_signal(SIGUSR1, 0);
	block(SIGUSR1);
	raise(SIGUSR1);
	GUEST_RETURNS(behave_pwait(ep, ev, 4, -1, &mask), 1);
	ck_assert(caught == 0 && pending(SIGUSR1) && blocked(SIGUSR1));
	GUEST_FAILS(behave_pwait(ep, ev, 4, -1, &mask), EINTR);
	ck_assert_int_eq(caught, 1);
}

BEHAVE_TEST(pwait_zero_and_signal, 20, BEHAVE_EPOLL,
	    "a wait with timeout 0 is 0, not EINTR, although a signal is pending that its mask lets through; the signal stays pending")
{
	const struct timespec zero = { 0, 0 };
	sigset_t mask = only(0);
	struct epoll_event ev[4];
	int ep = behave_create();

	on_signal(SIGUSR1, 0);
	block(SIGUSR1);
	raise(SIGUSR1);
	GUEST_RETURNS(behave_pwait(ep, ev, 4, 0, &mask), 0);
	GUEST_RETURNS(behave_pwait2(ep, ev, 4, &zero, &mask), 0);
	ck_assert(caught == 0 && pending(SIGUSR1) && blocked(SIGUSR1));
}

BEHAVE_TEST(pwait_mask_is_put_back, 20, BEHAVE_EPOLL,
	    "after the wait the thread blocks what it did before, whether it had an event, timed out, was interrupted or failed")
{
	sigset_t mask = only(SIGUSR1);
	struct epoll_event ev[4];
	int ep = behave_create(), fd;

	behave_eventfds(ep, &fd, 1, EPOLLIN | EPOLLET, true);
	on_signal(SIGUSR2, 0);
	block(SIGUSR2);
	for (int i = 0; i < 7; i++) {
		switch (i) {
		case 0:
			GUEST_RETURNS(behave_pwait(ep, ev, 4, -1, &mask), 1);
			break;
		case 1:
			GUEST_RETURNS(behave_pwait(ep, ev, 4, 0, &mask), 0);
			break;
		case 2:
			GUEST_RETURNS(behave_pwait(ep, ev, 4, 5, &mask), 0);
			break;
		case 3:
			raise(SIGUSR2);
			GUEST_FAILS(behave_pwait(ep, ev, 4, -1, &mask), EINTR);
			break;
		case 4:
			GUEST_FAILS(behave_pwait(ep, ev, 0, -1, &mask), EINVAL);
			break;
		case 5:
			GUEST_FAILS(behave_pwait(ep, BEHAVE_KERNEL_ADDRESS, 1, -1,
						 &mask), EFAULT);
			break;
		case 6:
			guest_put(fd);
			GUEST_FAILS(behave_pwait(ep, behave_before_hole(0), 1,
						 -1, &mask), EFAULT);
			break;
		}
		ck_assert_msg(blocked(SIGUSR2) && !blocked(SIGUSR1),
			      "case %d: USR1 %d, USR2 %d", i, blocked(SIGUSR1),
			      blocked(SIGUSR2));
	}
}

BEHAVE_TEST(pwait_cannot_block_kill, 20, BEHAVE_EPOLL,
	    "SIGKILL ends a process in a wait whose mask has every signal")
{
	struct epoll_event ev[4];
	int ep = behave_create(), status;
	sigset_t all;
	pid_t pid;

	sigfillset(&all);
	pid = guest_fork();
	if (!pid)
		_exit(behave_pwait(ep, ev, 4, -1, &all));
	guest_in_syscall(pid, pid, -1, ep);
	kill(pid, SIGKILL);
	ck_assert(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
}

BEHAVE_TEST(signal_stop_and_continue, 30, BEHAVE_EVERY,
	    "a process that is stopped and continued in the wait gets EINTR, and the event of meanwhile in the next wait")
{
	int p[2], ep = behave_create(), status;
	struct epoll_event ev[4];
	pid_t pid;

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	pid = guest_fork();
	if (!pid) {
		if (behave_wait(ep, ev, 4, -1) != -1 || errno != EINTR)
			_exit(1);
		_exit(behave_wait(ep, ev, 4, GUEST_WAIT_MS) == 1 ? 0 : 2);
	}
	guest_in_syscall(pid, pid, -1, ep);
	kill(pid, SIGSTOP);
	ck_assert(waitpid(pid, &status, WUNTRACED) == pid &&
		  WIFSTOPPED(status));
	guest_put(p[1]);
	kill(pid, SIGCONT);
	guest_reap(pid);
}

BEHAVE_TEST(signal_under_fire, 120, BEHAVE_EVERY,
	    "with a signal every millisecond 1000 edges are told, each once: EINTR loses none and repeats none")
{
	struct itimerval it = { { 0, 1000 }, { 0, 1000 } };
	struct epoll_event ev[4];
	int p[2], ep = behave_create(), n;
	long eintr = 0;

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	on_signal(SIGALRM, SA_RESTART);
	GUEST_RETURNS(setitimer(ITIMER_REAL, &it, NULL), 0);
	for (int got = 0; got < 1000; got++) {
		guest_put(p[1]);
		while ((n = behave_wait(ep, ev, 4, 1000)) < 0 && errno == EINTR)
			eintr++;
		ck_assert_msg(n == 1, "event %d: got %d", got, n);
		GUEST_RETURNS(guest_drain(p[0]), 1);
		if (got % 20)
			continue;
		/* There is nothing else to come. */
		GUEST_FAILS(behave_wait(ep, ev, 4, -1), EINTR);
		eintr++;
	}
	ck_assert_int_ge(eintr, 50);
}
