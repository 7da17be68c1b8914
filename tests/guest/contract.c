// SPDX-License-Identifier: GPL-2.0-only
/*
 * contract.c - suite contract: lines 1 to 5 of the contract of 2002
 *
 * A test is named after the number of the line that it proves.  Lines 6 to 12
 * are in events.c, 14 and 15 in calls.c, 13 is the suite fcblist.
 */
#include <sys/mman.h>
#include <time.h>

#include "guest.h"

GUEST_TEST(contract, 01_alloc_rounds_up_to_pages, 10,
	   "EP_ALLOC takes the number itself and rounds it up to pages of 512 slots")
{
	int fd = guest_device();

	GUEST_RETURNS(ioctl(fd, EP_ALLOC, 1), 0);
	GUEST_RETURNS(guest_fdinfo(fd, "capacity"), 512);
	GUEST_RETURNS(ioctl(fd, EP_ALLOC, 513), 0);
	GUEST_RETURNS(guest_fdinfo(fd, "capacity"), 1024);
}

GUEST_TEST(contract, 01_above_131072_is_einval, 10,
	   "more than MAX_FDS_IN_EVENTPOLL is EINVAL")
{
	int fd = guest_device();

	GUEST_FAILS(ioctl(fd, EP_ALLOC, MAX_FDS_IN_EVENTPOLL + 1), EINVAL);
	GUEST_RETURNS(ioctl(fd, EP_ALLOC, MAX_FDS_IN_EVENTPOLL), 0);
}

GUEST_TEST(contract, 01_grows_while_not_mapped, 10,
	   "growing later is allowed while not mapped and EBUSY while mapped")
{
	struct evset s;

	evset_open(&s, 10);
	GUEST_FAILS(ioctl(s.fd, EP_ALLOC, 1000), EBUSY);
	evset_unmap(&s);
	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 1000), 0);
}

GUEST_TEST(contract, 02_mmap_of_exactly_the_map_size, 10,
	   "mmap takes exactly EP_MAP_SIZE(n) at offset 0, else EINVAL")
{
	struct evset s = { .fd = guest_device(), .max = 700 };
	size_t size = EP_MAP_SIZE(700);

	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 700), 0);
	GUEST_FAILS(mmap(NULL, size / 2, PROT_READ, MAP_PRIVATE, s.fd, 0),
		    EINVAL);
	GUEST_FAILS(mmap(NULL, size, PROT_READ, MAP_PRIVATE, s.fd, 4096),
		    EINVAL);
	evset_map(&s);
}

GUEST_TEST(contract, 02_shared_writable_is_eacces, 10,
	   "a shared writable mapping is EACCES, also by way of mprotect")
{
	struct evset s = { .fd = guest_device() };
	size_t size = EP_MAP_SIZE(8);
	char *p;

	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 8), 0);
	GUEST_FAILS(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, s.fd,
			 0), EACCES);
	p = mmap(NULL, size, PROT_READ, MAP_SHARED, s.fd, 0);
	ck_assert_msg(p != MAP_FAILED, "shared PROT_READ: %s", strerror(errno));
	GUEST_FAILS(mprotect(p, size, PROT_READ | PROT_WRITE), EACCES);
}

GUEST_TEST(contract, 02_private_writable_is_accepted, 10,
	   "a private writable mapping is accepted, as programs of 2002 asked for it and never stored")
{
	struct evset s = { .fd = guest_device(), .max = 8 };
	int p[2];

	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 8), 0);
	s.size = EP_MAP_SIZE(8);
	s.map = mmap(NULL, s.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, s.fd, 0);
	ck_assert_msg(s.map != MAP_FAILED, "mmap: %s", strerror(errno));
	guest_pipe(p);
	evset_add(&s, p[0], POLLIN);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(contract, 02_no_mapping_outlives_its_memory, 10,
	   "the pages are there as long as a mapping is: after close of the set they can be read")
{
	const struct pollfd *ev;
	struct evset s;
	int p[2];

	evset_pipe(&s, p, POLLIN);
	guest_put(p[1]);
	GUEST_RETURNS(evset_wait(&s, 0, &ev), 1);
	close(s.fd);
	ck_assert_int_eq(ev->fd, p[0]);
	GUEST_RETURNS(munmap(s.map, s.size), 0);
}

GUEST_TEST(contract, 03_unknown_fd_is_added, 10,
	   "a written record of an unknown fd adds it")
{
	struct pollfd out;
	struct evset s;
	int p[2];

	evset_open(&s, 8);
	guest_pipe(p);
	GUEST_RETURNS(evset_ctl(&s, p[0], POLLIN), 8);
	GUEST_RETURNS(evset_ispolled(&s, p[0], &out), 1);
	ck_assert_int_eq(out.events, POLLIN);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(contract, 03_known_fd_gets_the_new_mask, 10,
	   "a written record of a known fd replaces the mask, it does not OR to it")
{
	struct evset s;
	int fd = guest_eventfd();

	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN);
	evset_add(&s, fd, POLLOUT);
	GUEST_RETURNS(evset_info(&s, "items"), 1);
	guest_put(fd);
	evset_none(&s);
	guest_drain(fd);
	evset_expect(&s, fd, POLLOUT);
}

GUEST_TEST(contract, 03_pollremove_removes, 10,
	   "POLLREMOVE removes, whatever other bits are in the mask")
{
	struct evset s;
	int p[2];

	evset_pipe(&s, p, POLLIN);
	GUEST_RETURNS(evset_ctl(&s, p[0], POLLREMOVE), 8);
	GUEST_RETURNS(evset_ispolled(&s, p[0], NULL), 0);
	evset_add(&s, p[0], POLLIN);
	GUEST_RETURNS(evset_ctl(&s, p[0], POLLREMOVE | POLLIN | POLLOUT), 8);
	GUEST_RETURNS(evset_ispolled(&s, p[0], NULL), 0);
	guest_put(p[1]);
	evset_none(&s);
}

GUEST_TEST(contract, 03_fd_that_is_not_open_is_removed, 10,
	   "a record of an fd that is not open is a removal and counts 8 bytes (the rule from Provos and Lever)")
{
	struct evset s;
	int p[2], keep;

	evset_pipe(&s, p, POLLIN);
	/* The file lives on under another number. */
	keep = dup(p[0]);
	ck_assert_int_ge(keep, 0);
	close(p[0]);
	GUEST_RETURNS(evset_ctl(&s, p[0], POLLIN), 8);
	GUEST_RETURNS(evset_ispolled(&s, p[0], NULL), 0);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
	guest_put(p[1]);
	evset_none(&s);
}

GUEST_TEST(contract, 03_removing_what_is_not_there_counts, 10,
	   "removing an unknown fd counts as done, since a close may have removed it first")
{
	struct evset s;
	int p[2];

	evset_open(&s, 8);
	guest_pipe(p);
	GUEST_RETURNS(evset_ctl(&s, p[0], POLLREMOVE), 8);
	evset_add(&s, p[0], POLLIN);
	GUEST_RETURNS(evset_ctl(&s, p[0], POLLREMOVE), 8);
	GUEST_RETURNS(evset_ctl(&s, p[0], POLLREMOVE), 8);
	GUEST_RETURNS(evset_ctl(&s, 99999, POLLREMOVE), 8);
	GUEST_RETURNS(evset_ctl(&s, 99999, POLLIN), 8);
}

GUEST_TEST(contract, 03_odd_size_is_einval, 10,
	   "a size that is no multiple of 8 is EINVAL and no record takes effect")
{
	struct pollfd rec[2];
	struct evset s;
	int p[2];

	evset_open(&s, 8);
	guest_pipe(p);
	rec[0] = (struct pollfd){ .fd = p[0], .events = POLLIN };
	rec[1] = rec[0];
	GUEST_FAILS(write(s.fd, rec, 12), EINVAL);
	GUEST_RETURNS(evset_ispolled(&s, p[0], NULL), 0);
}

GUEST_TEST(contract, 03_batch, 30,
	   "one write is a batched ctl: 1000 records add, change and remove in order")
{
	static struct pollfd rec[1000];
	struct pollfd out;
	struct evset s;
	int fd[250], i;

	evset_open(&s, 512);
	for (i = 0; i < 250; i++) {
		fd[i] = guest_eventfd();
		rec[i] = (struct pollfd){ .fd = fd[i], .events = POLLOUT };
		rec[250 + i] = (struct pollfd){ .fd = fd[i], .events = POLLIN };
		rec[500 + i] = (struct pollfd){ .fd = fd[i],
						.events = POLLREMOVE };
		rec[750 + i] = (struct pollfd){ .fd = fd[i],
						.events = POLLIN | POLLERR };
	}
	GUEST_RETURNS(write(s.fd, rec, sizeof(rec)), sizeof(rec));
	GUEST_RETURNS(evset_info(&s, "items"), 250);
	for (i = 0; i < 250; i++) {
		GUEST_RETURNS(evset_ispolled(&s, fd[i], &out), 1);
		ck_assert_int_eq(out.events, POLLIN | POLLERR);
	}
}

GUEST_TEST(contract, 03_stops_at_the_first_failure, 10,
	   "a batch stops at the first record that fails and returns the bytes before it (2002 went on and hid it)")
{
	struct pollfd rec[3];
	struct evset s;
	int p[2], q[2], null = guest_null();

	evset_open(&s, 8);
	guest_pipe(p);
	guest_pipe(q);
	rec[0] = (struct pollfd){ .fd = p[0], .events = POLLIN };
	rec[1] = (struct pollfd){ .fd = null, .events = POLLIN };
	rec[2] = (struct pollfd){ .fd = q[0], .events = POLLIN };
	GUEST_RETURNS(write(s.fd, rec, sizeof(rec)), 8);
	GUEST_RETURNS(evset_ispolled(&s, p[0], NULL), 1);
	ck_assert_msg(evset_ispolled(&s, q[0], NULL) == 0,
		      "the record behind the failed one must not take effect");
}

GUEST_TEST(contract, 03_first_failure_is_the_errno, 10,
	   "when the first record fails, its errno is the result")
{
	struct pollfd rec[2];
	struct evset s;
	int p[2], null = guest_null();

	evset_open(&s, 8);
	guest_pipe(p);
	rec[0] = (struct pollfd){ .fd = null, .events = POLLIN };
	rec[1] = (struct pollfd){ .fd = p[0], .events = POLLIN };
	GUEST_FAILS(write(s.fd, rec, sizeof(rec)), EPERM);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
}

GUEST_TEST(contract, 04_sleeps_until_an_event, 20,
	   "EP_POLL with -1 sleeps until an event comes and returns it")
{
	struct evpoller w;
	struct evset s;
	int p[2];

	evset_pipe(&s, p, POLLIN);
	evpoller_start(&w, &s, -1);
	guest_put(p[1]);
	GUEST_RETURNS(evpoller_join(&w), 1);
	ck_assert_int_eq(w.ev->fd, p[0]);
	ck_assert_int_eq(w.ev->revents, POLLIN);
}

GUEST_TEST(contract, 04_add_while_another_sleeps, 20,
	   "a file that is added while EP_POLL sleeps wakes it")
{
	struct evpoller w;
	struct evset s;
	int p[2];

	evset_open(&s, 8);
	guest_pipe(p);
	evpoller_start(&w, &s, -1);
	evset_add(&s, p[0], POLLIN);
	guest_put(p[1]);
	GUEST_RETURNS(evpoller_join(&w), 1);
	ck_assert_int_eq(w.ev->fd, p[0]);
}

GUEST_TEST(contract, 04_zero_at_the_timeout, 20,
	   "at the timeout the result is 0, ep_resoff is not written and the halves are not switched")
{
	struct evpoll evp = { .ep_timeout = 20, .ep_resoff = 12345 };
	struct evset s;
	long version;

	evset_open(&s, 8);
	version = evset_info(&s, "version");
	GUEST_RETURNS(ioctl(s.fd, EP_POLL, &evp), 0);
	ck_assert_uint_eq(evp.ep_resoff, 12345);
	evp.ep_timeout = 0;
	GUEST_RETURNS(ioctl(s.fd, EP_POLL, &evp), 0);
	ck_assert_uint_eq(evp.ep_resoff, 12345);
	GUEST_RETURNS(evset_info(&s, "version"), version);
	GUEST_RETURNS(evset_info(&s, "switches"), 0);
}

GUEST_TEST(contract, 04_offset_of_a_half, 10,
	   "ep_resoff is the start of a half, and the two take turns")
{
	struct evpoll evp = { .ep_timeout = 0 };
	unsigned long last = 1;
	struct evset s;
	int p[2];

	evset_open(&s, 1000);
	guest_pipe(p);
	evset_add(&s, p[0], POLLIN);
	for (int i = 0; i < 6; i++) {
		guest_put(p[1]);
		GUEST_RETURNS(ioctl(s.fd, EP_POLL, &evp), 1);
		ck_assert_msg(evp.ep_resoff == 0 || evp.ep_resoff == s.size / 2,
			      "expected 0 or %zu, got %lu", s.size / 2,
			      evp.ep_resoff);
		ck_assert_msg(evp.ep_resoff != last,
			      "half at %lu was handed out twice in a row", last);
		last = evp.ep_resoff;
	}
}

GUEST_TEST(contract, 04_einval_if_not_mapped, 10,
	   "EP_POLL is EINVAL while the set is not mapped")
{
	struct evset s;

	evset_open(&s, 8);
	evset_unmap(&s);
	GUEST_RETURNS(evset_wait(&s, 0, NULL), -EINVAL);
}

GUEST_TEST(contract, 05_half_stays_unchanged, 20,
	   "the returned half stays as it is while events come, fds are removed and calls return 0, until events are returned again")
{
	char before[4096];
	const struct pollfd *ev, *ev2;
	struct evset s;
	int fd[20], i;

	evset_open(&s, 512);
	for (i = 0; i < 20; i++) {
		fd[i] = guest_eventfd();
		evset_add(&s, fd[i], POLLIN | POLLOUT);
		guest_put(fd[i]);
	}
	GUEST_RETURNS(evset_wait(&s, 0, &ev), 20);
	memcpy(before, ev, sizeof(before));
	for (i = 0; i < 20; i++)
		guest_drain(fd[i]);
	ck_assert_mem_eq(ev, before, sizeof(before));
	evset_del(&s, fd[3]);
	evset_add(&s, fd[4], POLLERR);
	close(fd[5]);
	ck_assert_mem_eq(ev, before, sizeof(before));
	GUEST_RETURNS(evset_wait(&s, 0, &ev2), 17);
	ck_assert_ptr_ne(ev2, ev);
	/* Ours is the kernel's now; the new one is ours, through a timeout. */
	memcpy(before, ev2, sizeof(before));
	evset_none(&s);
	guest_put(fd[7]);
	ck_assert_mem_eq(ev2, before, sizeof(before));
}

GUEST_TEST(contract, 05_nothing_lost_between_the_halves, 30,
	   "events that come while the program reads its half are in the next one")
{
	const struct pollfd *ev;
	struct evset s;
	int a = guest_eventfd(), b = guest_eventfd(), i;

	evset_open(&s, 8);
	evset_add(&s, a, POLLIN);
	evset_add(&s, b, POLLIN);
	guest_put(a);
	for (i = 0; i < 1000; i++) {
		int mine = i & 1 ? b : a, other = i & 1 ? a : b;

		GUEST_RETURNS(evset_wait(&s, 0, &ev), 1);
		guest_put(other);
		ck_assert_int_eq(ev->fd, mine);
		ck_assert_int_eq(ev->revents, POLLIN);
	}
}

/* The shortest of some EP_POLLs that return n of n watched eventfds. */
static long switch_ns(const struct evset *s, const int *fd, int n)
{
	long best = -1;

	for (int run = 0; run < 8; run++) {
		struct timespec a, b;
		long ns;
		int got;

		for (int i = 0; i < n; i++)
			guest_put(fd[i]);
		clock_gettime(CLOCK_MONOTONIC, &a);
		got = evset_wait(s, 0, NULL);
		clock_gettime(CLOCK_MONOTONIC, &b);
		ck_assert_int_eq(got, n);
		ns = (b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec;
		if (best < 0 || ns < best)
			best = ns;
	}
	return best;
}

GUEST_TEST(contract, 05_cost_does_not_depend_on_n, 120,
	   "a switch of 8000 slots takes no longer than one of a single slot, within what a busy machine adds")
{
	static int fd[8000];
	struct evset s;
	int n = guest_rounds(8000);
	long one, all;

	guest_nofile(n + 100);
	evset_open(&s, n);
	for (int i = 0; i < n; i++) {
		fd[i] = guest_eventfd();
		evset_add(&s, fd[i], POLLIN);
	}
	one = switch_ns(&s, fd, 1);
	all = switch_ns(&s, fd, n);
	/* Looking at every slot, one load each, would take 20 times as long. */
	ck_assert_msg(all < 10 * one + 50000,
		      "1 slot: %ld ns, %d slots: %ld ns", one, n, all);
}
