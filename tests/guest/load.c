// SPDX-License-Identifier: GPL-2.0-only
/*
 * load.c - loading and unloading, over and over and under fire
 *
 * Runs in a guest of its own, in which nothing is loaded: QEMU before 8.1
 * crashes when code is patched while another virtual CPU runs it, so that
 * guest has its CPUs take turns.  LOAD_CYCLES is how often the modules come
 * and go in one test (200).
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "modules.h"

static int cycles(void)
{
	const char *text = getenv("LOAD_CYCLES");
	int n = text ? atoi(text) : 200;

	return n > 0 ? n : 1;
}

static bool stop;

static bool go_on(void)
{
	return !__atomic_load_n(&stop, __ATOMIC_RELAXED);
}

/* Closes files that nobody watches, all the time. */
static void *close_unwatched(void *arg)
{
	struct timespec tick = { 0, 1 };
	unsigned long *count = arg;
	int p[2], i;

	while (go_on()) {
		/* A task that never sleeps makes Tasks RCU wait for seconds. */
		if (*count % 96 == 0)
			nanosleep(&tick, NULL);
		p[0] = eventfd(0, EFD_CLOEXEC);
		if (p[0] < 0 || close(p[0]))
			return "eventfd";
		if (pipe2(p, O_CLOEXEC) || close(p[0]) || close(p[1]))
			return "pipe";
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) || close(p[0]) ||
		    close(p[1]))
			return "socketpair";
		p[0] = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
		if (p[0] < 0 || close(p[0]))
			return "file";
		for (i = 0; i < 6; i++)
			++*count;
	}
	return NULL;
}

/* Writes into pipes all the time, whoever watches them. */
struct fire {
	int p[8][2];
	pthread_t thread;
};

static void *fire(void *arg)
{
	struct timespec tick = { 0, 1 };
	struct fire *f = arg;
	int i;

	while (go_on()) {
		for (i = 0; i < 64; i++)
			if (write(f->p[i % 8][1], "x", 1) < 0 && errno != EAGAIN)
				return "write";
		nanosleep(&tick, NULL);
	}
	return NULL;
}

static void fire_start(struct fire *f)
{
	int i;

	for (i = 0; i < 8; i++)
		guest_pipe(f->p[i]);
	f->thread = guest_thread(fire, f);
}

static void fire_stop(struct fire *f)
{
	const char *why;

	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	why = guest_join(f->thread);
	ck_assert_msg(!why, "%s failed", why);
}

GUEST_TEST(load, once, 120, "the modules load, work, unload, and the device node goes")
{
	struct stat st;

	modules_begin();
	ck_assert(stat(GUEST_DEVICE, &st) != 0);
	modules_load("");
	ck_assert(stat(GUEST_DEVICE, &st) == 0);
	GUEST_RETURNS(st.st_mode & 07777, 0600);
	modules_work();
	modules_unload();
	ck_assert(stat(GUEST_DEVICE, &st) != 0);
}

GUEST_TEST(load, order, 120,
	   "modules load in order only, each once, and fcb stays while it is used")
{
	modules_begin();
	GUEST_RETURNS(module_load("dev_epoll", ""), -ENOENT);
	GUEST_RETURNS(module_load("fcb", ""), 0);
	GUEST_RETURNS(module_load("fcb", ""), -EEXIST);
	GUEST_RETURNS(module_load("dev_epoll", ""), 0);
	GUEST_RETURNS(module_load("dev_epoll", ""), -EEXIST);
	GUEST_RETURNS(module_load("fcb_test", ""), 0);
	GUEST_RETURNS(module_unload("fcb"), -EWOULDBLOCK);
	GUEST_RETURNS(module_unload("dev_epoll"), 0);
	GUEST_RETURNS(module_unload("fcb"), -EWOULDBLOCK);
	GUEST_RETURNS(module_unload("fcb_test"), 0);
	GUEST_RETURNS(module_unload("fcb"), 0);
}

GUEST_TEST(load, refused_while_open, 120,
	   "unloading is refused while an instance is open, mapped or passed on")
{
	struct evset s;
	int p[2];

	modules_begin();
	modules_load("");
	guest_pipe(p);
	s.fd = guest_device();
	GUEST_RETURNS(module_unload("dev_epoll"), -EWOULDBLOCK);
	s.max = 8;
	ck_assert(ioctl(s.fd, EP_ALLOC, 8) == 0);
	evset_map(&s);
	evset_add(&s, p[0], POLLIN);
	GUEST_RETURNS(module_unload("dev_epoll"), -EWOULDBLOCK);
	GUEST_RETURNS(module_unload("fcb"), -EWOULDBLOCK);
	close(s.fd);
	/* Only mapped, and its file is watched. */
	guest_put(p[1]);
	GUEST_RETURNS(module_unload("dev_epoll"), -EWOULDBLOCK);
	evset_unmap(&s);
	modules_unload();
	/* The file that was watched is as good as new. */
	GUEST_RETURNS(guest_drain(p[0]), 1);
	guest_put(p[1]);
}

GUEST_TEST(load, refused_while_asleep, 120,
	   "unloading is refused while a thread sleeps in EP_POLL, and wakes nobody")
{
	struct evpoller t;
	struct evset s;
	int p[2];

	modules_begin();
	modules_load("");
	evset_pipe(&s, p, POLLIN);
	evpoller_start(&t, &s, -1);
	GUEST_RETURNS(module_unload("dev_epoll"), -EWOULDBLOCK);
	guest_in_poll(&s, t.tid);
	guest_put(p[1]);
	GUEST_RETURNS(evpoller_join(&t), 1);
	evset_close(&s);
	modules_unload();
}

GUEST_TEST(load, second_module_holds, 120,
	   "fcb stays while the second module has a registration, and goes after it")
{
	int p[2], dev;

	modules_begin();
	modules_load("");
	GUEST_RETURNS(module_load("fcb_test", ""), 0);
	guest_pipe(p);
	dev = open("/dev/fcb_test", O_RDWR | O_CLOEXEC);
	ck_assert(dev >= 0);
	GUEST_RETURNS(module_unload("fcb_test"), -EWOULDBLOCK);
	GUEST_RETURNS(module_unload("fcb"), -EWOULDBLOCK);
	close(dev);
	modules_unload();
}

GUEST_TEST(load, after_last_close, 900,
	   "unloading right after the last close, with events on their way")
{
	static struct fire f;
	struct evset s;
	int round, i;

	modules_begin();
	fire_start(&f);
	for (round = 0; round < 20; round++) {
		modules_load("");
		evset_open(&s, 64);
		for (i = 0; i < 8; i++) {
			evset_add(&s, f.p[i][0], POLL_ALL);
			guest_drain(f.p[i][0]);
		}
		ck_assert_int_gt(evset_wait(&s, GUEST_WAIT_MS, NULL), 0);
		evset_unmap(&s);
		close(s.fd);
		modules_unload();
	}
	fire_stop(&f);
}

/* Watched files that are closed by others while the modules leave. */
struct batch {
	int p[64][2];
};

static void *close_batch(void *arg)
{
	struct batch *b = arg;
	int i;

	for (i = 0; i < 64; i++)
		close(b->p[i][0]);
	return NULL;
}

GUEST_TEST(load, closers_inside, 900,
	   "unloading while other threads close files that were watched until now")
{
	static struct batch b[2];
	struct evset s;
	pthread_t t[2];
	int round, i, j;

	modules_begin();
	guest_nofile(512);
	for (round = 0; round < 20; round++) {
		modules_load("");
		evset_open(&s, 256);
		for (j = 0; j < 2; j++)
			for (i = 0; i < 64; i++) {
				guest_pipe(b[j].p[i]);
				evset_add(&s, b[j].p[i][0], POLL_ALL);
			}
		for (j = 0; j < 2; j++)
			t[j] = guest_thread(close_batch, &b[j]);
		evset_unmap(&s);
		close(s.fd);
		modules_unload();
		for (j = 0; j < 2; j++) {
			guest_join(t[j]);
			for (i = 0; i < 64; i++)
				close(b[j].p[i][1]);
		}
	}
}

/* The whole life of the modules, again and again, while files are closed. */
static void come_and_go(const char *params, int n)
{
	unsigned long closes[2] = { 0, 0 }, sum;
	pthread_t t[2];
	int i;

	modules_begin();
	for (i = 0; i < 2; i++)
		t[i] = guest_thread(close_unwatched, &closes[i]);
	for (i = 0; i < n; i++) {
		modules_load(params);
		if (i % 8 == 0)
			modules_work();
		modules_unload();
		/* On a busy host this takes minutes; silence would end the guest. */
		if (i % 20 == 19)
			fprintf(stderr, "load: %d of %d cycles\n", i + 1, n);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 2; i++) {
		const char *why = guest_join(t[i]);

		ck_assert_msg(!why, "%s: a call failed while modules came and went",
			      why);
	}
	sum = closes[0] + closes[1];
	ck_assert_msg(sum > (unsigned long)n, "only %lu closes in %d cycles", sum, n);
}

GUEST_TEST(load, cycles, 3000,
	   "the modules come and go over and over while two threads close unwatched files")
{
	come_and_go("fput_hook=auto", cycles());
}

GUEST_TEST(load, cycles_locks, 1200,
	   "the same with the call in locks_remove_file, an eighth as often")
{
	come_and_go("fput_hook=locks", cycles() / 8 + 1);
}

GUEST_TEST(load, cycles_fsnotify, 1200,
	   "the same with the close notice of fsnotify, an eighth as often, where it can be had")
{
	modules_begin();
	if (module_load("fcb", "fput_hook=fsnotify") == -EOPNOTSUPP)
		GUEST_SKIP("fsnotify is told nothing of files without a name here");
	come_and_go("fput_hook=fsnotify", cycles() / 8 + 1);
}

GUEST_TEST(load, device_mode, 120,
	   "the node's mode is a parameter; what is no permission is refused")
{
	struct stat st;

	modules_begin();
	GUEST_RETURNS(module_load("fcb", ""), 0);
	GUEST_RETURNS(module_load("dev_epoll", "mode=0666"), 0);
	ck_assert(stat(GUEST_DEVICE, &st) == 0);
	GUEST_RETURNS(st.st_mode & 07777, 0666);
	GUEST_RETURNS(module_unload("dev_epoll"), 0);
	GUEST_RETURNS(module_load("dev_epoll", "mode=07666"), -EINVAL);
	GUEST_RETURNS(module_load("dev_epoll", "mode=rw"), -EINVAL);
	modules_unload();
}

GUEST_TEST(load, limit_at_load, 120,
	   "the user's limit can be given at load, and must be a number")
{
	struct evset s;

	modules_begin();
	GUEST_RETURNS(module_load("fcb", ""), 0);
	GUEST_RETURNS(module_load("dev_epoll", "max_user_watches=many"), -EINVAL);
	GUEST_RETURNS(module_load("dev_epoll", "max_user_watches=2"), 0);
	evset_open(&s, 8);
	evset_add(&s, guest_eventfd(), POLLIN);
	evset_add(&s, guest_eventfd(), POLLIN);
	GUEST_RETURNS(evset_ctl(&s, guest_eventfd(), POLLIN), -ENOSPC);
	evset_close(&s);
	modules_unload();
}

GUEST_TEST(load, hash_bits, 120,
	   "the table's size is a parameter: the smallest works, others are refused")
{
	modules_begin();
	GUEST_RETURNS(module_load("fcb", "hash_bits=5"), -EINVAL);
	GUEST_RETURNS(module_load("fcb", "hash_bits=25"), -EINVAL);
	GUEST_RETURNS(module_load("fcb", "hash_bits=-1"), -EINVAL);
	modules_load("hash_bits=6");
	modules_work();
	modules_unload();
}
