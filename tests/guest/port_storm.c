// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_storm.c - every store where instances, files and items come and go at
 * the same moment, at random
 *
 * Part of suite portstress; see port_stress.c.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>

#include "eventpoll.h"
#include "port_tokens.h"

enum { THREADS = 4 };

static bool stop;

static bool go_on(void)
{
	return !__atomic_load_n(&stop, __ATOMIC_RELAXED);
}

static unsigned int pick(unsigned int *seed, unsigned int n)
{
	return stress_random(seed) % n;
}

/* Some instances are the kernel's. */
static int any_create(bool kernel)
{
	int ep = kernel ? epoll_create1(EPOLL_CLOEXEC) : behave_create();

	if (ep < 0)
		ck_abort_msg("epoll_create1: %s", strerror(errno));
	return ep;
}

static int any_ctl(bool kernel, int ep, int op, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	return kernel ? epoll_ctl(ep, op, fd, &ev) : behave_ctl(ep, op, fd, &ev);
}

static int any_wait(bool kernel, int ep, struct epoll_event *ev, int max)
{
	return kernel ? epoll_wait(ep, ev, max, 0) : behave_wait(ep, ev, max, 0);
}

/* How often the threads have done all they do; those that count it. */
static long rounds;

/* For as long as a stress test takes, and longer if @fewest rounds need it. */
static void run_rounds(void *(*fn)(void *), int threads, long fewest)
{
	pthread_t t[16];
	long i;

	for (i = 0; i < threads; i++)
		t[i] = guest_thread(fn, (void *)i);
	port_pause();
	while (__atomic_load_n(&rounds, __ATOMIC_RELAXED) < fewest)
		usleep(10000);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < threads; i++)
		guest_join(t[i]);
}

static void run_for_a_while(void *(*fn)(void *), int threads)
{
	run_rounds(fn, threads, 0);
}

/*
 * Some bytes go round through many pipes.  Whoever is told of a pipe removes it
 * from the instance and adds it, in another mode each time, and passes one of
 * its bytes on.  What an ADD finds it tells: so there is always something to be
 * told as long as there is a byte, and nobody sleeps for ever.
 */
enum { PIPES = 24, BYTES = 8 };

static struct mess {
	int ep;
	int p[PIPES][2];
	unsigned long passed[THREADS];
} mess;

static void mess_again(int fd, uint32_t events)
{
	if (behave_set(mess.ep, EPOLL_CTL_DEL, fd, 0) && errno != ENOENT)
		ck_abort_msg("DEL: %s", strerror(errno));
	if (behave_set(mess.ep, EPOLL_CTL_ADD, fd, events) && errno != EEXIST)
		ck_abort_msg("ADD: %s", strerror(errno));
}

static void *mess_thread(void *arg)
{
	static const uint32_t modes[] = {
		0, EPOLLET, EPOLLONESHOT, EPOLLET | EPOLLONESHOT,
	};
	long which = (long)arg;
	unsigned int seed = 21 + (unsigned int)which;
	struct epoll_event ev[4];
	int i, n;
	char c;

	while (go_on()) {
		n = behave_wait(mess.ep, ev, 1 + (int)pick(&seed, 4), -1);
		if (n <= 0)
			ck_abort_msg("wait: %d: %s", n, strerror(errno));
		for (i = 0; i < n; i++) {
			mess_again(ev[i].data.fd,
				   EPOLLIN | modes[pick(&seed, 4)]);
			if (read(ev[i].data.fd, &c, 1) != 1)
				continue;
			if (write(mess.p[pick(&seed, PIPES)][1], &c, 1) != 1)
				ck_abort_msg("write: %s", strerror(errno));
			__atomic_add_fetch(&mess.passed[which], 1,
					   __ATOMIC_RELAXED);
		}
	}
	return NULL;
}

static int mess_readable(void)
{
	int i, n = 0;

	for (i = 0; i < PIPES; i++)
		n += guest_poll(mess.p[i][0], POLLIN) != 0;
	return n;
}

/* For the store that loses: a MOD of all that can be read. */
static void mess_mend(void)
{
	for (int i = 0; i < PIPES; i++)
		if (guest_poll(mess.p[i][0], POLLIN))
			behave_set(mess.ep, EPOLL_CTL_MOD, mess.p[i][0],
				   EPOLLIN);
}

/* Waits for the end of the threads, who must not sleep beside a byte. */
static void mess_end(pthread_t *t)
{
	long end = guest_ms() + 2 * GUEST_WAIT_MS;
	struct timespec pause = { 0, 20000000 };
	int i, done = 0;

	while (done < THREADS) {
		if (port_loses())
			mess_mend();
		if (guest_ms() > end)
			ck_abort_msg("%d of %d threads sleep, but %d pipes are readable",
				     THREADS - done, THREADS, mess_readable());
		for (i = done = 0; i < THREADS; i++) {
			if (t[i] && !pthread_tryjoin_np(t[i], NULL))
				t[i] = 0;
			done += !t[i];
		}
		nanosleep(&pause, NULL);
	}
}

/* Each pipe that can be read must be told now; nobody else is there. */
static void mess_all_told(void)
{
	struct epoll_event ev[PIPES];
	bool told[PIPES] = { false };
	int i, j, n;

	if (port_loses())
		mess_mend();
	n = behave_wait(mess.ep, ev, PIPES, 0);
	for (i = 0; i < PIPES; i++) {
		for (j = 0; j < n; j++)
			told[i] |= ev[j].data.fd == mess.p[i][0];
		ck_assert_msg(told[i] || !guest_poll(mess.p[i][0], POLLIN),
			      "pipe %d has a byte, but is not among the %d that are told",
			      i, n);
	}
}

PORT_STRESS(mess, "four threads DEL and ADD what they are told of and pass bytes on: none is lost")
{
	bool seen[BYTES] = { false };
	unsigned long sum = 0;
	pthread_t t[THREADS];
	long i, end;
	char c;

	mess.ep = behave_create();
	for (i = 0; i < PIPES; i++) {
		guest_pipe(mess.p[i]);
		behave_add(mess.ep, mess.p[i][0], EPOLLIN);
	}
	for (i = 0; i < BYTES; i++) {
		c = (char)i;
		ck_assert(write(mess.p[i % PIPES][1], &c, 1) == 1);
	}
	for (i = 0; i < THREADS; i++)
		t[i] = guest_thread(mess_thread, (void *)i);
	end = guest_ms() + 1000L * port_seconds();
	while (port_loses() && guest_ms() < end) {
		struct timespec pause = { 0, 50000000 };

		nanosleep(&pause, NULL);
		mess_mend();
	}
	if (!port_loses())
		port_pause();
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	mess_end(t);
	mess_all_told();
	for (i = 0; i < PIPES; i++) {
		while (read(mess.p[i][0], &c, 1) == 1) {
			ck_assert_msg(c >= 0 && c < BYTES && !seen[(int)c],
				      "byte %d is there twice", c);
			seen[(int)c] = true;
		}
	}
	for (i = 0; i < BYTES; i++)
		ck_assert_msg(seen[i], "byte %ld is lost", i);
	for (i = 0; i < THREADS; i++)
		sum += mess.passed[i];
	ck_assert_uint_ge(sum, (unsigned int)guest_rounds(BYTES));
}

/*
 * Pipes in several instances, of which each event is to wake one or more, but
 * one at the least.
 */
enum { SHARED = 6, SHARERS = 3 };

static struct shared {
	int ep[SHARERS];
	int p[SHARED][2];
	int control;
	pthread_mutex_t read;
	unsigned long sent[SHARED], got[SHARED];
} shared;

static void *share_waiter(void *arg)
{
	int ep = shared.ep[(long)arg], i, n;
	struct epoll_event ev[SHARED + 1];
	unsigned int seed = 31 + (unsigned int)(long)arg;
	char c;

	for (;;) {
		n = behave_wait(ep, ev, 1 + (int)pick(&seed, SHARED + 1), -1);
		if (n <= 0)
			ck_abort_msg("wait: %d: %s", n, strerror(errno));
		for (i = 0; i < n; i++) {
			int k = ev[i].data.fd;

			if (k == SHARED)
				return NULL;
			pthread_mutex_lock(&shared.read);
			while (read(shared.p[k][0], &c, 1) == 1)
				__atomic_add_fetch(&shared.got[k], 1,
						   __ATOMIC_RELEASE);
			pthread_mutex_unlock(&shared.read);
		}
	}
}

static void *share_writer(void *arg)
{
	unsigned int seed = 41;

	while (go_on()) {
		unsigned int k = pick(&seed, SHARED);

		if (__atomic_load_n(&shared.got[k], __ATOMIC_ACQUIRE) !=
		    shared.sent[k]) {
			sched_yield();
			continue;
		}
		__atomic_add_fetch(&shared.sent[k], 1, __ATOMIC_RELEASE);
		if (write(shared.p[k][1], "x", 1) != 1)
			ck_abort_msg("write: %s", strerror(errno));
	}
	return arg;
}

static void share_add(int i, int k)
{
	struct epoll_event ev = {
		.events = EPOLLIN | EPOLLEXCLUSIVE | (k & 1 ? EPOLLET : 0),
		.data.fd = k,
	};

	ck_assert_msg(!behave_ctl(shared.ep[i], EPOLL_CTL_ADD, shared.p[k][0],
				  &ev), "ADD: %s", strerror(errno));
}

/* A MOD of what is exclusive is not allowed. */
static void share_mend(int k)
{
	for (int i = 0; i < SHARERS; i++) {
		behave_set(shared.ep[i], EPOLL_CTL_DEL, shared.p[k][0], 0);
		share_add(i, k);
	}
}

static int share_stuck(void)
{
	for (int k = 0; k < SHARED; k++)
		if (__atomic_load_n(&shared.sent[k], __ATOMIC_ACQUIRE) !=
		    __atomic_load_n(&shared.got[k], __ATOMIC_ACQUIRE))
			return k;
	return -1;
}

/* Lets it go on until @end, or until there is nothing left to be read. */
static void share_watch(long end, bool till_empty)
{
	struct timespec pause = { 0, 50000000 };
	int k;

	while (guest_ms() < end) {
		k = share_stuck();
		if (k < 0 && till_empty)
			return;
		if (k >= 0 && port_loses())
			share_mend(k);
		nanosleep(&pause, NULL);
	}
	if (till_empty)
		ck_abort_msg("pipe %d: %lu bytes sent, %lu read, and nobody is told",
			     share_stuck(), shared.sent[share_stuck()],
			     shared.got[share_stuck()]);
}

PORT_STRESS(exclusive, "exclusive watches of three instances: for each byte one of them wakes")
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = SHARED };
	pthread_t t[SHARERS], w;
	unsigned long sum = 0;
	long i, k;

	pthread_mutex_init(&shared.read, NULL);
	shared.control = guest_eventfd();
	for (k = 0; k < SHARED; k++)
		guest_pipe(shared.p[k]);
	for (i = 0; i < SHARERS; i++) {
		shared.ep[i] = behave_create();
		for (k = 0; k < SHARED; k++)
			share_add((int)i, (int)k);
		t[i] = guest_thread(share_waiter, (void *)i);
	}
	w = guest_thread(share_writer, NULL);
	share_watch(guest_ms() + 1000L * port_seconds(), false);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	guest_join(w);
	share_watch(guest_ms() + 2 * GUEST_WAIT_MS, true);
	guest_put(shared.control);
	for (i = 0; i < SHARERS; i++) {
		ck_assert(!behave_ctl(shared.ep[i], EPOLL_CTL_ADD,
				      shared.control, &ev));
		guest_join(t[i]);
	}
	for (k = 0; k < SHARED; k++)
		sum += shared.got[k];
	ck_assert_uint_ge(sum, (unsigned int)guest_rounds(SHARED));
}

/*
 * Instances that are made, filled, waited on and closed while their files have
 * events: with items that are ready, while another thread waits, or by the end
 * of another process.
 */
enum { FIRES = 16 };

static int fires[FIRES][2];

static void *fire_thread(void *arg)
{
	unsigned int seed = 51 + (unsigned int)(long)arg;

	while (go_on()) {
		unsigned int i = pick(&seed, FIRES);
		char c[8];

		if (write(fires[i][1], "x", 1) < 0 && errno != EAGAIN)
			ck_abort_msg("write: %s", strerror(errno));
		if (!pick(&seed, 8) && read(fires[i][0], c, sizeof(c)) < 0 &&
		    errno != EAGAIN)
			ck_abort_msg("read: %s", strerror(errno));
	}
	return NULL;
}

static void *fire_wait(void *arg)
{
	struct epoll_event ev[4];
	int ep = *(int *)arg, n, left = 3;

	do
		n = behave_wait(ep, ev, 4, -1);
	while (n > 0 && --left);
	/* the number may be closed when the next wait begins, or another's */
	if (n < 0 && errno != EBADF && errno != EINVAL && errno != ENOTTY)
		ck_abort_msg("wait while the instance is closed: %s",
			     strerror(errno));
	return NULL;
}

static int fire_instance(unsigned int *seed)
{
	static const uint32_t modes[] = {
		0, EPOLLET, EPOLLONESHOT, EPOLLEXCLUSIVE,
	};
	const unsigned int n = guest_emulated() ? 3 : 4;
	int ep = behave_create(), i;

	for (i = 0; i < FIRES; i++)
		behave_add(ep, fires[i][0], EPOLLIN | modes[pick(seed, n)]);
	return ep;
}

static void fire_round(unsigned int *seed, long round)
{
	struct epoll_event ev[FIRES];
	int ep = fire_instance(seed), outer = -1, n, status;
	pthread_t t;
	pid_t pid;

	if (round & 1) {
		bool kernel = pick(seed, 2);

		outer = any_create(kernel);
		if (any_ctl(kernel, outer, EPOLL_CTL_ADD, ep, EPOLLIN))
			ck_abort_msg("ADD of an instance: %s", strerror(errno));
	}
	n = behave_wait(ep, ev, FIRES, GUEST_WAIT_MS);
	ck_assert_msg(n > 0, "its files have events, a wait has %d", n);
	switch (round % 4) {
	case 0:
		close(ep);
		break;
	case 1:
		/* closed while the first wait, or the next ones, go on */
		t = guest_thread(fire_wait, &ep);
		close(outer);
		close(ep);
		guest_join(t);
		return;
	case 2:
		pid = guest_fork();
		if (!pid)
			_exit(behave_wait(ep, ev, 1 + (int)pick(seed, FIRES), 0) < 0);
		close(ep);
		if (waitpid(pid, &status, 0) != pid || status)
			ck_abort_msg("child: %#x", status);
		break;
	default:
		close(ep);
		close(outer);
	}
}

static void *fire_rounds(void *arg)
{
	unsigned int seed = 61;

	while (go_on()) {
		fire_round(&seed, rounds);
		__atomic_fetch_add(&rounds, 1, __ATOMIC_RELAXED);
	}
	return arg;
}

static void *fire_any(void *arg)
{
	return arg ? fire_thread(arg) : fire_rounds(arg);
}

PORT_STRESS(instances, "instances are made, nested and closed, waited on or not, while their files fire")
{
	for (int i = 0; i < FIRES; i++) {
		if (i & 1)
			guest_unix(fires[i]);
		else
			guest_pipe(fires[i]);
		guest_put(fires[i][1]);
	}
	run_rounds(fire_any, 3, guest_rounds(10));
}

/*
 * All ends of an item at the same moment: the file's, the instance's, its own by
 * DEL, with a MOD, an event and a wait beside; and with a file that is itself an
 * instance.  The threads meet before each round.
 */
static struct ends {
	pthread_barrier_t meet;
	bool kernel[2];
	int ep[2];
	int file, event;
	bool go;
} ends;

static void ends_begin(unsigned int *seed)
{
	int p[2], i;

	ends.go = go_on();
	if (!ends.go)
		return;
	for (i = 0; i < 2; i++) {
		ends.kernel[i] = !pick(seed, 8);
		ends.ep[i] = any_create(ends.kernel[i]);
	}
	if (pick(seed, 4)) {
		guest_pipe(p);
		ends.file = p[0];
		ends.event = p[1];
	} else {
		ends.file = behave_create();
		ends.event = guest_eventfd();
		behave_add(ends.file, ends.event, EPOLLIN);
	}
	for (i = 0; i < 2; i++)
		if (any_ctl(ends.kernel[i], ends.ep[i], EPOLL_CTL_ADD, ends.file,
			    EPOLLIN | (pick(seed, 2) ? EPOLLET : 0)))
			ck_abort_msg("ADD: %s", strerror(errno));
	if (pick(seed, 2) &&
	    write(ends.event, "\1\0\0\0\0\0\0", 8) != 8)
		ck_abort_msg("write: %s", strerror(errno));
}

static void ends_ctl(int i, int op)
{
	if (any_ctl(ends.kernel[i], ends.ep[i], op, ends.file,
		    EPOLLIN | EPOLLRDHUP) && errno != EBADF && errno != ENOENT)
		ck_abort_msg("ctl %d: %s", op, strerror(errno));
}

static void *ends_thread(void *arg)
{
	long which = (long)arg;
	unsigned int seed = 71 + (unsigned int)which;
	struct epoll_event ev[2];

	for (;;) {
		if (!which)
			ends_begin(&seed);
		pthread_barrier_wait(&ends.meet);
		if (!ends.go)
			return NULL;
		for (unsigned int n = pick(&seed, 200); n--;)
			(void)go_on();
		switch (which) {
		case 0:
			close(ends.file);
			break;
		case 1:
			ends_ctl(1, EPOLL_CTL_MOD);
			ends_ctl(0, EPOLL_CTL_DEL);
			break;
		case 2:
			close(ends.ep[pick(&seed, 2)]);
			break;
		default:
			if (write(ends.event, "\1\0\0\0\0\0\0", 8) < 0 &&
			    errno != EPIPE)
				ck_abort_msg("write: %s", strerror(errno));
			if (any_wait(ends.kernel[1], ends.ep[1], ev, 2) < 0 &&
			    errno != EBADF)
				ck_abort_msg("wait: %s", strerror(errno));
		}
		pthread_barrier_wait(&ends.meet);
		if (which)
			continue;
		/* one of them is closed already, and so is the file */
		close(ends.ep[0]);
		close(ends.ep[1]);
		close(ends.event);
		__atomic_fetch_add(&rounds, 1, __ATOMIC_RELAXED);
	}
}

PORT_STRESS(ends, "a file, its item and its instances end at the same moment, round after round")
{
	pthread_barrier_init(&ends.meet, NULL, THREADS);
	run_rounds(ends_thread, THREADS, guest_rounds(10));
}

/*
 * Random calls on a few numbers; nothing is accounted for but the end.  The row
 * of random numbers begins with STRESS_SEED (1).
 */
enum { FIRST = 300, NUMBERS = 48 };

static unsigned int first_seed = 1;

static int number(unsigned int *seed)
{
	return FIRST + (int)pick(seed, NUMBERS);
}

/* Puts a descriptor on a number, over whatever is there. */
static void put_on(int fd, int at)
{
	if (fd < 0)
		return;
	dup3(fd, at, O_CLOEXEC);
	close(fd);
}

static void open_something(unsigned int *seed)
{
	struct itimerspec t = { { 0, 1000000 }, { 0, 1000000 } };
	int at = number(seed), p[2], fd;

	switch (pick(seed, 8)) {
	case 0:
	case 1:
		if (pipe2(p, O_NONBLOCK) == 0) {
			put_on(p[0], at);
			put_on(p[1], number(seed));
		}
		break;
	case 2:
	case 3:
		if (!socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p)) {
			put_on(p[0], at);
			put_on(p[1], number(seed));
		}
		break;
	case 4:
		put_on(eventfd(0, EFD_NONBLOCK), at);
		break;
	case 5:
		fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
		timerfd_settime(fd, 0, &t, NULL);
		put_on(fd, at);
		break;
	case 6:
		put_on(epoll_create1(0), at);
		break;
	default:
		put_on(behave_try_create(0), at);
	}
}

static void ctl_something(unsigned int *seed)
{
	static const uint32_t extra[] = {
		0, EPOLLET, EPOLLONESHOT, EPOLLEXCLUSIVE, EPOLLWAKEUP,
		EPOLLET | EPOLLONESHOT, EPOLLRDHUP | EPOLLPRI, ~0u,
	};
	static const int ops[] = {
		EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL,
	};
	struct epoll_event ev = {
		.events = pick(seed, 8) * EPOLLIN | extra[pick(seed, 8)],
	};
	int ep = number(seed), fd = number(seed), op = ops[pick(seed, 4)];

	if (behave_ctl(ep, op, fd, &ev))
		epoll_ctl(ep, op, fd, &ev);
}

static void wait_for_something(unsigned int *seed)
{
	struct epoll_event ev[64];
	int ep = number(seed), max = 1 + (int)pick(seed, 64);
	int ms = (int)pick(seed, 2), n;

	n = behave_wait(ep, ev, max, ms);
	if (n < 0)
		n = epoll_wait(ep, ev, max, ms);
	if (n > max)
		ck_abort_msg("%d of %d events", n, max);
}

static void use_something(unsigned int *seed)
{
	struct pollfd rec = { .fd = number(seed), .events = -1 };
	uint64_t word = 1;

	switch (pick(seed, 12)) {
	case 0:
		open_something(seed);
		break;
	case 1:
		close(number(seed));
		break;
	case 2:
		dup3(number(seed), number(seed), O_CLOEXEC);
		break;
	case 3:
	case 4:
	case 5:
		ctl_something(seed);
		break;
	case 6:
	case 7:
		wait_for_something(seed);
		break;
	case 8:
		poll(&rec, 1, 0);
		guest_fdinfo(number(seed), "tfd");
		if (behave_design() != BEHAVE_KERNEL)
			ioctl(number(seed), EVENTPOLL_STORE, pick(seed, 5));
		break;
	default:
		if (write(number(seed), &word, sizeof(word)) < 0 &&
		    read(number(seed), &word, sizeof(word)) < 0)
			break;
	}
}

/* A child shares all that is there, for a moment or until it is killed. */
static void chaos_fork(unsigned int *seed)
{
	unsigned int s = stress_random(seed);
	pid_t pid = guest_fork();
	int i, status;

	if (!pid) {
		for (i = 0; i < 50; i++)
			use_something(&s);
		while (s & 1)
			use_something(&s);
		_exit(0);
	}
	if (pick(seed, 2))
		use_something(seed);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
}

static void *chaos(void *arg)
{
	unsigned int seed = first_seed + (unsigned int)(long)arg;

	while (go_on()) {
		if (pick(&seed, 300))
			use_something(&seed);
		else
			chaos_fork(&seed);
	}
	return NULL;
}

PORT_STRESS(chaos, "random calls on random numbers from four threads and their children")
{
	if (getenv("STRESS_SEED"))
		first_seed = (unsigned int)atoi(getenv("STRESS_SEED"));
	guest_nofile(FIRST + NUMBERS + 64);
	run_for_a_while(chaos, THREADS);
}
