// SPDX-License-Identifier: GPL-2.0-only
/*
 * stress_chaos.c - everything at random, nothing accounted for but the end
 *
 * Threads do to a few instances and a few numbers whatever comes: what is
 * proved is that the kernel survives it, that every call returns one of its
 * errors, and that nothing is left over when all is closed.  The row of random
 * numbers begins with STRESS_SEED (1).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "told.h"
#include "tokens.h"

/* Numbers that all threads play with; the instances are among them. */
enum { FIRST = 300, NUMBERS = 48, THREADS = 4 };

static bool stop;
static unsigned int first_seed = 1;

static bool go_on(void)
{
	return !__atomic_load_n(&stop, __ATOMIC_RELAXED);
}

static int number(unsigned int *seed)
{
	return FIRST + (int)(stress_random(seed) % NUMBERS);
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

	switch (stress_random(seed) % 8) {
	case 0:
	case 1:
		if (pipe2(p, O_NONBLOCK) == 0) {
			put_on(p[0], at);
			put_on(p[1], number(seed));
		}
		break;
	case 2:
	case 3:
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p) == 0) {
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
		fd = open(GUEST_DEVICE, O_RDWR);
		ioctl(fd, EP_ALLOC, 64);
		put_on(fd, at);
		break;
	default:
		put_on(epoll_create1(0), at);
	}
}

static void write_records(unsigned int *seed)
{
	struct pollfd rec[8];
	int i, n = 1 + (int)(stress_random(seed) % 8);

	for (i = 0; i < n; i++) {
		rec[i].fd = number(seed);
		rec[i].events = (short)stress_random(seed);
		if (stress_random(seed) % 4)
			rec[i].events &= ~POLLREMOVE;
	}
	if (write(number(seed), rec, (size_t)n * sizeof(rec[0])) < 0)
		return;
}

static void use_something(unsigned int *seed)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT };
	struct evpoll evp = { .ep_timeout = (int)(stress_random(seed) % 2) };
	struct pollfd rec = { .fd = number(seed), .events = -1 };
	uint64_t word = 1;

	switch (stress_random(seed) % 10) {
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
		write_records(seed);
		break;
	case 5:
		ioctl(number(seed), EP_POLL, &evp);
		break;
	case 6:
		ioctl(number(seed), EP_ISPOLLED, &rec);
		epoll_ctl(number(seed), EPOLL_CTL_ADD, number(seed), &e);
		epoll_wait(number(seed), &e, 1, 0);
		break;
	case 7:
		poll(&rec, 1, 0);
		guest_fdinfo(number(seed), "items");
		break;
	default:
		/* On whatever it is: data for one, a record for another. */
		if (write(number(seed), &word, sizeof(word)) < 0 &&
		    read(number(seed), &word, sizeof(word)) < 0)
			break;
	}
}

/* A shared mapping of whatever instance is on a number, for a moment. */
static void map_something(unsigned int *seed)
{
	int fd = number(seed);
	char *map = mmap(NULL, EP_MAP_SIZE(64), PROT_READ, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return;
	use_something(seed);
	(void)*(volatile char *)map;
	munmap(map, EP_MAP_SIZE(64));
	ioctl(fd, EP_FREE);
	ioctl(fd, EP_ALLOC, 64);
}

static void *chaos(void *arg)
{
	unsigned int seed = first_seed + (unsigned int)(long)arg;

	while (go_on()) {
		if (stress_random(&seed) % 8)
			use_something(&seed);
		else
			map_something(&seed);
	}
	return NULL;
}

static void run(void *(*fn)(void *), int threads)
{
	pthread_t t[16];
	long i;

	stop = false;
	for (i = 0; i < threads; i++)
		t[i] = guest_thread(fn, (void *)i);
	stress_pause();
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < threads; i++)
		guest_join(t[i]);
}

static bool nothing_watched(void *arg)
{
	return evset_info(arg, "user-watches") == 0;
}

GUEST_TEST(stress, chaos, 300,
	   "random calls on random numbers from four threads; nothing is left over")
{
	struct evset s;
	int i;

	if (getenv("STRESS_SEED"))
		first_seed = (unsigned int)atoi(getenv("STRESS_SEED"));
	guest_nofile(FIRST + NUMBERS + 64);
	evset_open(&s, 8);
	run(chaos, THREADS);
	for (i = 0; i < NUMBERS; i++)
		close(FIRST + i);
	/* Cycles of instances and epolls close with their last number. */
	guest_until(nothing_watched, &s, "no file of this user is watched");
}

/* One instance whose pages come and go. */
static struct evset geometry;
static int geometry_fd[16];

static void geometry_fails(const char *what, int err)
{
	if (err != EBUSY && err != EINVAL && err != E2BIG)
		ck_abort_msg("%s: expected EBUSY, EINVAL or E2BIG, got %s", what,
			     strerror(err));
}

static void *geometry_map(void *arg)
{
	unsigned int seed = 21 + (unsigned int)(long)arg;
	struct evpoll evp = { .ep_timeout = 1 };
	const struct pollfd *ev;
	char *map;
	int n, i;

	while (go_on()) {
		size_t size = EP_MAP_SIZE(stress_random(&seed) % 2 ? 512 : 1024);

		map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, geometry.fd, 0);
		if (map == MAP_FAILED) {
			geometry_fails("mmap", errno);
			continue;
		}
		n = ioctl(geometry.fd, EP_POLL, &evp);
		if (n < 0)
			geometry_fails("EP_POLL", errno);
		ev = (const struct pollfd *)(map + evp.ep_resoff);
		for (i = 0; i < n; i++)
			if (ev[i].fd < 0 || !ev[i].revents)
				ck_abort_msg("slot %d of %d: fd %d, revents %#x",
					     i, n, ev[i].fd, ev[i].revents);
		munmap(map, size);
	}
	return NULL;
}

static void *geometry_change(void *arg)
{
	unsigned int seed = 31;

	(void)arg;
	while (go_on()) {
		if (stress_random(&seed) % 2) {
			if (ioctl(geometry.fd, EP_FREE) < 0)
				geometry_fails("EP_FREE", errno);
		} else if (ioctl(geometry.fd, EP_ALLOC,
				 stress_random(&seed) % 2 ? 512 : 1024) < 0) {
			geometry_fails("EP_ALLOC", errno);
		}
	}
	return NULL;
}

static void *geometry_events(void *arg)
{
	unsigned int seed = 41;

	(void)arg;
	while (go_on()) {
		int fd = geometry_fd[stress_random(&seed) % 16], n;
		uint64_t word = 1;

		n = evset_ctl(&geometry, fd, POLLIN | POLLOUT);
		if (n < 0)
			geometry_fails("add", -n);
		if (write(fd, &word, sizeof(word)) < 0 ||
		    read(fd, &word, sizeof(word)) < 0)
			continue;
	}
	return NULL;
}

static void *geometry_all(void *arg)
{
	switch ((long)arg % 4) {
	case 0:
		return geometry_change(arg);
	case 1:
		return geometry_events(arg);
	default:
		return geometry_map(arg);
	}
}

GUEST_TEST(stress, geometry, 300,
	   "EP_ALLOC, EP_FREE, mmap, munmap and EP_POLL of one instance race with events")
{
	struct evset s;
	int i;

	geometry.fd = guest_device();
	for (i = 0; i < 16; i++)
		geometry_fd[i] = guest_eventfd();
	run(geometry_all, 4);
	ioctl(geometry.fd, EP_FREE);
	GUEST_RETURNS(evset_info(&geometry, "items"), 0);
	GUEST_RETURNS(evset_info(&geometry, "mapped"), 0);
	GUEST_RETURNS(evset_info(&geometry, "capacity"), 0);
	close(geometry.fd);
	evset_open(&s, 8);
	GUEST_RETURNS(evset_info(&s, "user-watches"), 0);
}
