// SPDX-License-Identifier: GPL-2.0-only
/*
 * share.c - suite share: EP_SHARE, the switch of the program's own
 *
 * What a take has, what it leaves, and who sees it.  Threads against each other are in
 * share_race.c; by "guest-tests -t" other suites take first, too.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "guest.h"

/* A shared set with room for @max. */
static void shared(struct evset *s, int max)
{
	evset_open(s, max);
	if (!s->control)
		evset_share(s);
}

/* The same, with the reading end of a pipe in it. */
static void shared_pipe(struct evset *s, int p[2], int events)
{
	shared(s, 8);
	guest_pipe(p);
	evset_add(s, p[0], events);
}

/* The next take has one slot, and it says this. */
static const struct pollfd *take_one(const struct evset *s, int fd, int revents)
{
	const struct pollfd *ev;

	GUEST_RETURNS(evset_take(s, &ev), 1);
	ck_assert_int_eq(ev->fd, fd);
	ck_assert_int_eq(ev->revents, revents);
	return ev;
}

static void take_none(const struct evset *s)
{
	GUEST_RETURNS(evset_take(s, NULL), 0);
}

static void *map_control(int fd, size_t size, int prot, int flags, off_t offset)
{
	return mmap(NULL, size, prot, flags, fd, offset);
}

/*
 * What is refused
 */

GUEST_TEST(share, numbers, 10,
	   "number, offset and page are what programs were compiled with")
{
	ck_assert_uint_eq(EP_SHARE, 0x5006);
	ck_assert_int_eq(EP_CONTROL_OFFSET, 0x10000000);
	ck_assert_int_gt(EP_CONTROL_OFFSET, EP_MAP_SIZE(MAX_FDS_IN_EVENTPOLL));
	ck_assert_uint_eq(offsetof(struct ep_control, word), 0);
	ck_assert_uint_eq(offsetof(struct ep_control, ask), 4);
	ck_assert_uint_eq(offsetof(struct ep_control, settled), 8);
	ck_assert_uint_eq(sizeof(struct ep_control), 16);
	ck_assert_uint_ge(EP_WORD_COUNT, MAX_FDS_IN_EVENTPOLL);
	ck_assert_uint_eq(EP_WORD_COUNT & (EP_WORD_HALF | EP_WORD_BUSY | EP_SETTLED), 0);
}

GUEST_TEST(share, errors, 10,
	   "EP_SHARE: EINVAL with an argument or before EP_ALLOC, EBUSY with a descriptor in the set, EEXIST the second time")
{
	struct evset s = { .fd = guest_device(), .max = 8 };
	int p[2];

	GUEST_FAILS(ioctl(s.fd, EP_SHARE, 0), EINVAL);
	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 8), 0);
	GUEST_FAILS(ioctl(s.fd, EP_SHARE, 1), EINVAL);
	guest_pipe(p);
	evset_add(&s, p[0], POLLIN);
	GUEST_FAILS(ioctl(s.fd, EP_SHARE, 0), EBUSY);
	evset_del(&s, p[0]);
	GUEST_RETURNS(evset_info(&s, "shared"), 0);
	GUEST_RETURNS(ioctl(s.fd, EP_SHARE, 0), 0);
	GUEST_RETURNS(evset_info(&s, "shared"), 1);
	GUEST_FAILS(ioctl(s.fd, EP_SHARE, 0), EEXIST);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
	GUEST_FAILS(ioctl(s.fd, EP_SHARE, 0), EEXIST);
}

GUEST_TEST(share, only_for_writers, 10,
	   "a descriptor that is not open for writing may not share (EBADF) nor map the page (EACCES)")
{
	int fd = open(GUEST_DEVICE, O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	GUEST_FAILS(ioctl(fd, EP_SHARE, 0), EBADF);
	GUEST_FAILS(map_control(fd, EP_CONTROL_SIZE, PROT_READ | PROT_WRITE,
				MAP_SHARED, EP_CONTROL_OFFSET), EACCES);
}

GUEST_TEST(share, map_errors, 10,
	   "the page is one page, shared, readable and writable, at its offset: else EINVAL, EACCES or, to be run, EPERM")
{
	static const struct {
		size_t size;
		int prot, flags;
		off_t offset;
		int err;
	} bad[] = {
		{ 8192, PROT_READ | PROT_WRITE, MAP_SHARED, EP_CONTROL_OFFSET, EINVAL },
		{ 0, PROT_READ | PROT_WRITE, MAP_SHARED, EP_CONTROL_OFFSET, EINVAL },
		{ 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, EP_CONTROL_OFFSET, EINVAL },
		{ 4096, PROT_READ, MAP_PRIVATE, EP_CONTROL_OFFSET, EINVAL },
		{ 4096, PROT_READ, MAP_SHARED, EP_CONTROL_OFFSET, EACCES },
		{ 4096, PROT_WRITE, MAP_SHARED, EP_CONTROL_OFFSET, EACCES },
		{ 4096, PROT_NONE, MAP_SHARED, EP_CONTROL_OFFSET, EACCES },
		{ 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, EP_CONTROL_OFFSET,
		  EPERM },
		{ 4096, PROT_READ | PROT_WRITE, MAP_SHARED, EP_CONTROL_OFFSET + 8, EINVAL },
		{ 4096, PROT_READ, MAP_SHARED, EP_CONTROL_OFFSET + 4096, EINVAL },
		{ 4096, PROT_READ, MAP_SHARED, EP_CONTROL_OFFSET - 4096, EINVAL },
	};
	struct evset s = { .fd = guest_device() };

	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 8), 0);
	GUEST_FAILS(map_control(s.fd, EP_CONTROL_SIZE, PROT_READ | PROT_WRITE,
				MAP_SHARED, EP_CONTROL_OFFSET), EINVAL);
	GUEST_RETURNS(ioctl(s.fd, EP_SHARE, 0), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		void *map = map_control(s.fd, bad[i].size, bad[i].prot,
					bad[i].flags, bad[i].offset);

		ck_assert_msg(map == MAP_FAILED && errno == bad[i].err,
			      "mapping %zu: %s", i,
			      map == MAP_FAILED ? strerror(errno) : "accepted");
	}
}

GUEST_TEST(share, map_stays_as_it_is, 10,
	   "the mapping cannot grow nor be made executable, and is no mapping of the halves")
{
	struct evset s;
	void *map;

	shared(&s, 8);
	GUEST_FAILS(mprotect(s.control, EP_CONTROL_SIZE, PROT_READ | PROT_EXEC),
		    EACCES);
	map = mremap(s.control, EP_CONTROL_SIZE, 2 * EP_CONTROL_SIZE, MREMAP_MAYMOVE);
	ck_assert(map == MAP_FAILED && errno == EFAULT);
	GUEST_RETURNS(evset_info(&s, "mapped"), 1);
	GUEST_RETURNS(munmap(s.map, s.size), 0);
	GUEST_RETURNS(ioctl(s.fd, EP_POLL, &(struct evpoll){ .ep_timeout = 0 }) < 0, 1);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
}

/*
 * What a take has
 */

GUEST_TEST(share, take, 10, "a take has what came since the last one, once, in alternate halves")
{
	const struct pollfd *ev, *last = NULL;
	struct evset s;
	int p[2];

	shared_pipe(&s, p, POLLIN);
	take_none(&s);
	for (int i = 0; i < 6; i++) {
		guest_put(p[1]);
		ev = take_one(&s, p[0], POLLIN);
		ck_assert_ptr_ne(ev, last);
		last = ev;
		take_none(&s);
	}
	GUEST_RETURNS(evset_info(&s, "switches"), 6);
}

GUEST_TEST(share, beside_poll, 10,
	   "takes and EP_POLL hand out the same halves in turn; what one had the other has not")
{
	const struct pollfd *ev, *last = NULL;
	struct evset s;
	int p[2];

	shared_pipe(&s, p, POLLIN);
	for (int i = 0; i < 20; i++) {
		struct evpoll evp = { .ep_timeout = 0 };

		guest_put(p[1]);
		if (i % 3) {
			ev = take_one(&s, p[0], POLLIN);
		} else {
			GUEST_RETURNS(ioctl(s.fd, EP_POLL, &evp), 1);
			ev = (const struct pollfd *)(s.map + evp.ep_resoff);
			ck_assert_int_eq(ev->fd, p[0]);
		}
		ck_assert_ptr_ne(ev, last);
		last = ev;
		take_none(&s);
		GUEST_RETURNS(ioctl(s.fd, EP_POLL, &evp), 0);
	}
}

GUEST_TEST(share, sleeps, 20,
	   "EP_POLL sleeps where a take has nothing, and is woken by an event")
{
	struct evpoller w;
	struct evset s;
	int p[2];

	shared_pipe(&s, p, POLLIN);
	guest_put(p[1]);
	take_one(&s, p[0], POLLIN);
	evpoller_start(&w, &s, -1);
	guest_put(p[1]);
	GUEST_RETURNS(evpoller_join(&w), 1);
	ck_assert_int_eq(w.ev->fd, p[0]);
	take_none(&s);
}

GUEST_TEST(share, half_stays, 10,
	   "what was taken stays as it is while events come, masks change, descriptors go and close, until the next take with slots")
{
	char before[4096];
	const struct pollfd *ev;
	struct evset s;
	int fd[20];

	shared(&s, 512);
	for (int i = 0; i < 20; i++) {
		fd[i] = guest_eventfd();
		evset_add(&s, fd[i], POLLIN | POLLOUT);
		guest_put(fd[i]);
	}
	GUEST_RETURNS(evset_take(&s, &ev), 20);
	memcpy(before, ev, sizeof(before));
	for (int i = 0; i < 20; i++)
		guest_drain(fd[i]);
	evset_del(&s, fd[3]);
	evset_add(&s, fd[4], POLLERR);
	close(fd[5]);
	ck_assert_mem_eq(ev, before, sizeof(before));
	GUEST_RETURNS(evset_take(&s, NULL), 17);
	take_none(&s);
}

GUEST_TEST(share, merge, 10,
	   "events merge into a slot that nobody has taken, and are news again after a take")
{
	struct evset s;
	int fd = guest_eventfd();

	shared(&s, 8);
	evset_add(&s, fd, POLLIN | POLLOUT);
	guest_put(fd);
	guest_put(fd);
	guest_drain(fd);
	take_one(&s, fd, POLLIN | POLLOUT);
	guest_put(fd);
	take_one(&s, fd, POLLIN);
}

GUEST_TEST(share, removal, 10,
	   "after a removal, a close or a mask without its bits returned, no take has the event")
{
	int fd[4];
	struct evset s;

	shared(&s, 8);
	for (int i = 0; i < 4; i++) {
		fd[i] = guest_eventfd();
		evset_add(&s, fd[i], POLLIN);
		guest_put(fd[i]);
	}
	evset_del(&s, fd[0]);
	close(fd[1]);
	evset_add(&s, fd[2], POLLERR);
	take_one(&s, fd[3], POLLIN);
	guest_put(fd[3]);
	evset_del(&s, fd[3]);
	take_none(&s);
}

GUEST_TEST(share, two_pages, 30,
	   "more events than a page has slots, and as many again in the other half")
{
	static int fd[1200];
	const struct pollfd *ev;
	struct evset s;

	guest_nofile(1300);
	shared(&s, 1200);
	for (int i = 0; i < 1200; i++) {
		fd[i] = guest_eventfd();
		evset_add(&s, fd[i], POLLIN);
	}
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 1200; i++)
			guest_put(fd[i]);
		GUEST_RETURNS(evset_take(&s, &ev), 1200);
		for (int i = 0; i < 1200; i++)
			if (ev[i].fd != fd[i] || ev[i].revents != POLLIN)
				ck_abort_msg("slot %d: fd %d", i, ev[i].fd);
	}
}

GUEST_TEST(share, ask, 20,
	   "what a wake-up did not tell is asked by EP_POLL, and the page says so: a take leaves it to it")
{
	struct evset s;
	int sv[2];

	shared(&s, 8);
	guest_unix(sv);
	evset_add(&s, sv[0], POLLIN | POLLHUP);
	ck_assert_uint_eq(s.control->ask, 0);
	close(sv[1]);
	ck_assert_uint_eq(s.control->ask, 1);
	GUEST_RETURNS(evset_take(&s, NULL), EP_TAKE_ASK);
	evset_expect(&s, sv[0], POLLIN | POLLHUP);
	ck_assert_uint_eq(s.control->ask, 0);
	take_none(&s);
	/* What goes before it was asked is asked no more. */
	guest_unix(sv);
	evset_add(&s, sv[0], POLLIN | POLLHUP);
	close(sv[1]);
	close(sv[0]);
	ck_assert_uint_eq(s.control->ask, 0);
}

/*
 * Who else sees it
 */

GUEST_TEST(share, poll_tells_the_truth, 20,
	   "poll and epoll on the set: ready by an event, not ready by a take; so says fdinfo")
{
	struct epoll_event ev = { .events = EPOLLIN };
	int p[2], ep = epoll_create1(EPOLL_CLOEXEC);
	struct evset s;

	shared_pipe(&s, p, POLLIN);
	ck_assert(epoll_ctl(ep, EPOLL_CTL_ADD, s.fd, &ev) == 0);
	for (int i = 0; i < 4; i++) {
		GUEST_RETURNS(guest_poll(s.fd, POLLIN), 0);
		GUEST_RETURNS(epoll_wait(ep, &ev, 1, 0), 0);
		GUEST_RETURNS(evset_info(&s, "events"), 0);
		guest_put(p[1]);
		GUEST_RETURNS(guest_poll(s.fd, POLLIN), POLLIN);
		GUEST_RETURNS(epoll_wait(ep, &ev, 1, 0), 1);
		GUEST_RETURNS(evset_info(&s, "events"), 1);
		take_one(&s, p[0], POLLIN);
	}
}

GUEST_TEST(share, poller_is_woken, 20, "one who sleeps in poll(2) on the set is woken by an event")
{
	struct evset s;
	int p[2];

	shared_pipe(&s, p, POLLIN);
	guest_put(p[1]);
	take_one(&s, p[0], POLLIN);
	GUEST_CHILD {
		usleep(20000);
		guest_put(p[1]);
	}
	ck_assert_int_eq(poll(&(struct pollfd){ .fd = s.fd, .events = POLLIN }, 1,
			      GUEST_WAIT_MS), 1);
	take_one(&s, p[0], POLLIN);
}

GUEST_TEST(share, nested, 20, "a shared set in a shared set: each take is of its own")
{
	struct evset in, out;
	int p[2];

	shared_pipe(&in, p, POLLIN);
	shared(&out, 8);
	evset_add(&out, in.fd, POLLIN);
	for (int i = 0; i < 3; i++) {
		guest_put(p[1]);
		take_one(&out, in.fd, POLLIN);
		take_one(&in, p[0], POLLIN);
		take_none(&out);
	}
}

GUEST_TEST(share, fork, 20,
	   "a child does not inherit the page; it may map it, and then what one takes the other has not")
{
	struct evset s;
	int p[2];

	shared_pipe(&s, p, POLLIN);
	guest_put(p[1]);
	GUEST_CHILD {
		GUEST_FAILS(msync(s.control, EP_CONTROL_SIZE, MS_ASYNC), ENOMEM);
		s.control = map_control(s.fd, EP_CONTROL_SIZE, PROT_READ | PROT_WRITE,
					MAP_SHARED, EP_CONTROL_OFFSET);
		ck_assert(s.control != MAP_FAILED);
		take_one(&s, p[0], POLLIN);
	}
	take_none(&s);
	guest_put(p[1]);
	take_one(&s, p[0], POLLIN);
}

GUEST_TEST(share, second_mapping, 10, "a second mapping is of the same page, and can go again")
{
	struct evset s, other;
	int p[2];

	shared_pipe(&s, p, POLLIN);
	other = s;
	other.control = map_control(s.fd, EP_CONTROL_SIZE, PROT_READ | PROT_WRITE,
				    MAP_SHARED, EP_CONTROL_OFFSET);
	ck_assert(other.control != MAP_FAILED && other.control != s.control);
	guest_put(p[1]);
	take_one(&other, p[0], POLLIN);
	take_none(&s);
	GUEST_RETURNS(munmap(other.control, EP_CONTROL_SIZE), 0);
	guest_put(p[1]);
	take_one(&s, p[0], POLLIN);
}

/*
 * The rest of a set's life, with the page mapped
 */

GUEST_TEST(share, grows, 20,
	   "EP_ALLOC for more with the page mapped: what is pending is there, and a take finds the larger halves")
{
	static int fd[700];
	const struct pollfd *ev;
	struct evset s;

	guest_nofile(800);
	shared(&s, 512);
	for (int i = 0; i < 512; i++) {
		fd[i] = guest_eventfd();
		evset_add(&s, fd[i], POLLIN);
		guest_put(fd[i]);
	}
	GUEST_RETURNS(evset_take(&s, &ev), 512);
	guest_put(fd[0]);
	GUEST_RETURNS(munmap(s.map, s.size), 0);
	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 1024), 0);
	s.max = 1024;
	s.size = EP_MAP_SIZE(1024);
	s.map = mmap(NULL, s.size, PROT_READ, MAP_PRIVATE, s.fd, 0);
	ck_assert(s.map != MAP_FAILED);
	take_one(&s, fd[0], POLLIN);
	for (int i = 512; i < 700; i++) {
		fd[i] = guest_eventfd();
		evset_add(&s, fd[i], POLLIN);
	}
	for (int i = 0; i < 700; i++)
		guest_put(fd[i]);
	GUEST_RETURNS(evset_take(&s, &ev), 700);
	ck_assert_int_eq(ev[699].fd, fd[699]);
}

GUEST_TEST(share, free, 10,
	   "EP_FREE with the page mapped: nothing is in it; with room again it goes on")
{
	struct evset s;
	int p[2];

	shared_pipe(&s, p, POLLIN);
	guest_put(p[1]);
	take_one(&s, p[0], POLLIN);
	guest_put(p[1]);
	GUEST_RETURNS(munmap(s.map, s.size), 0);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
	ck_assert_uint_eq(s.control->word, 0);
	guest_put(p[1]);
	take_none(&s);
	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 8), 0);
	s.map = mmap(NULL, s.size, PROT_READ, MAP_PRIVATE, s.fd, 0);
	ck_assert(s.map != MAP_FAILED);
	evset_add(&s, p[0], POLLIN);
	guest_put(p[1]);
	take_one(&s, p[0], POLLIN);
}

GUEST_TEST(share, outlives_close, 20,
	   "the page holds the set after the close of the descriptor: events come and are taken, until it is unmapped")
{
	int probe = guest_device(), p[2];
	long watches = guest_fdinfo(probe, "user-watches");
	struct evset s;

	shared_pipe(&s, p, POLLIN);
	close(s.fd);
	s.fd = -1;
	GUEST_RETURNS(munmap(s.map + 4096, s.size - 4096), 0);
	guest_put(p[1]);
	take_one(&s, p[0], POLLIN);
	GUEST_RETURNS(munmap(s.map, 4096), 0);
	GUEST_RETURNS(guest_fdinfo(probe, "user-watches"), watches + 1);
	guest_put(p[1]);
	GUEST_RETURNS(s.control->word & EP_WORD_COUNT, 1);
	GUEST_RETURNS(munmap(s.control, EP_CONTROL_SIZE), 0);
	GUEST_RETURNS(guest_fdinfo(probe, "user-watches"), watches);
	guest_put(p[1]);
}

GUEST_TEST(share, page_counts, 10,
	   "the page counts with what the set has pinned, until the set goes")
{
	struct evset s;
	long before;

	evset_open(&s, 8);
	if (s.control)
		GUEST_SKIP("it is shared already");
	before = evset_info(&s, "pinned");
	evset_share(&s);
	GUEST_RETURNS(evset_info(&s, "pinned"), before + 4);
	GUEST_RETURNS(munmap(s.map, s.size), 0);
	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 513), 0);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
	GUEST_RETURNS(evset_info(&s, "pinned"), 1 + 4);
}

/*
 * A page that was spoilt, in quiet; share_race.c does it with threads
 */

GUEST_TEST(share, spoilt_word, 20,
	   "whatever stands in the word, the next event puts it right, and from then on nothing is amiss")
{
	static const unsigned int words[] = {
		0xffffffff, 0x80000000, 0x40000000, 0xc0000000, 0x7fffffff, 1, 2, 511,
		512, 513, 0x80000001, 0x800fffff, 0x00100000, 0,
	};
	struct evset s;
	int a = guest_eventfd(), b = guest_eventfd();

	shared(&s, 8);
	evset_add(&s, a, POLLIN);
	evset_add(&s, b, POLLIN | POLLOUT);
	for (size_t i = 0; i < 2 * sizeof(words) / sizeof(words[0]); i++) {
		if (i & 1)
			guest_put(b);
		s.control->word = words[i / 2];
		s.control->settled[0] = s.control->settled[1] = ~words[i / 2];
		guest_put(a);
		guest_drain(b);
		/* What was there when it was spoilt is lost, or comes; then all is as ever. */
		while (evset_take(&s, NULL) > 0)
			;
		guest_put(a);
		take_one(&s, a, POLLIN);
		guest_drain(a);
		guest_put(b);
		guest_drain(b);
		take_one(&s, b, POLLIN | POLLOUT);
		GUEST_RETURNS(evset_info(&s, "events"), 0);
	}
}
