// SPDX-License-Identifier: GPL-2.0-only
/*
 * limits.c - suite limits: full sets, the limit of the user, files that cannot
 * be watched
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "modules.h"

/* The limit of the user.  Nobody else has a set while a test runs. */
static void user_limit(long n)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", n);
	guest_param_set("dev_epoll", "max_user_watches", text);
}

GUEST_TEST(limits, full, 30,
	   "a full set refuses another file with E2BIG, takes mask changes, and has room again after a removal")
{
	struct evset s;
	int fd[512], one, i;

	guest_nofile(1024);
	evset_open(&s, 1);
	for (i = 0; i < 512; i++) {
		fd[i] = guest_eventfd();
		evset_add(&s, fd[i], POLLIN);
	}
	one = guest_eventfd();
	GUEST_RETURNS(evset_ctl(&s, one, POLLIN), -E2BIG);
	GUEST_RETURNS(evset_info(&s, "items"), 512);
	evset_add(&s, fd[100], POLLIN | POLLOUT);
	GUEST_RETURNS(evset_ctl(&s, one, POLLREMOVE), 8);
	evset_del(&s, fd[100]);
	evset_add(&s, one, POLLIN);
	GUEST_RETURNS(evset_ctl(&s, fd[100], POLLIN), -E2BIG);
	guest_put(one);
	evset_expect(&s, one, POLLIN);
}

GUEST_TEST(limits, full_in_a_batch, 30,
	   "a batch that fills the set returns the bytes of the records that found room")
{
	struct pollfd rec[520];
	struct evset s;

	guest_nofile(1024);
	evset_open(&s, 1);
	for (int i = 0; i < 520; i++)
		rec[i] = (struct pollfd){ .fd = guest_eventfd(),
					  .events = POLLIN };
	GUEST_RETURNS(write(s.fd, rec, sizeof(rec)), 512 * 8);
	GUEST_FAILS(write(s.fd, rec + 512, 8 * 8), E2BIG);
	/* A batch that makes its own room works. */
	rec[0].events = POLLREMOVE;
	rec[1] = rec[519];
	GUEST_RETURNS(write(s.fd, rec, 16), 16);
	GUEST_RETURNS(evset_ispolled(&s, rec[519].fd, NULL), 1);
}

GUEST_TEST(limits, full_and_number_of_another_file, 30,
	   "in a full set a number can still be moved to another file: it gives its place to itself")
{
	struct evset s;
	int fd[512], p[2], old;

	guest_nofile(1024);
	evset_open(&s, 1);
	for (int i = 0; i < 512; i++) {
		fd[i] = guest_eventfd();
		evset_add(&s, fd[i], POLLIN);
	}
	guest_pipe(p);
	old = dup(fd[7]);
	GUEST_RETURNS(dup2(p[0], fd[7]), fd[7]);
	evset_add(&s, fd[7], POLLIN);
	guest_put(old);
	evset_none(&s);
	guest_put(p[1]);
	evset_expect(&s, fd[7], POLLIN);
}

GUEST_TEST(limits, largest_set, 300,
	   "131072 files are watched by one set and fire: one EP_POLL returns 131072 slots, each file once")
{
	enum { N = MAX_FDS_IN_EVENTPOLL, CHUNK = 4096 };
	const struct pollfd *ev;
	struct pollfd *rec;
	struct evset s;
	char *seen;
	int *fd, i, n, extra;

	if (guest_slow())
		GUEST_SKIP("131072 files take too long on this kernel");
	if (guest_pipes)
		GUEST_SKIP("131072 pipes are more than this guest's memory");
	guest_nofile(N + 1000);
	/* The default is for the guest's memory, and less. */
	user_limit(N + 1);
	rec = calloc(N, sizeof(*rec));
	fd = calloc(N, sizeof(*fd));
	seen = calloc(N + 1000, 1);
	evset_open(&s, N);
	extra = guest_eventfd();
	for (i = 0; i < N; i++) {
		fd[i] = guest_eventfd();
		rec[i] = (struct pollfd){ .fd = fd[i], .events = POLLIN };
	}
	for (i = 0; i < N; i += CHUNK)
		GUEST_RETURNS(write(s.fd, rec + i, CHUNK * sizeof(*rec)),
			      CHUNK * sizeof(*rec));
	GUEST_RETURNS(evset_info(&s, "items"), N);
	GUEST_RETURNS(evset_ctl(&s, extra, POLLIN), -E2BIG);
	for (i = 0; i < N; i++)
		guest_put(fd[i]);
	n = evset_wait(&s, 0, &ev);
	ck_assert_msg(n == N, "EP_POLL: expected %d, got %d", N, n);
	for (i = 0; i < n; i++) {
		if (ev[i].fd < 0 || ev[i].fd >= N + 1000 ||
		    seen[ev[i].fd]++ || ev[i].revents != POLLIN)
			ck_abort_msg("slot %d: fd %d, revents %#x, not the first",
				     i, ev[i].fd, ev[i].revents);
	}
	for (i = 0; i < N; i++)
		close(fd[i]);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
	evset_add(&s, extra, POLLIN);
}

GUEST_TEST(limits, many_numbers_of_one_file, 300,
	   "20000 numbers of one file: one event is 20000 slots, and removal, close and the end of the set stay quick")
{
	const int n = guest_rounds(20000);
	struct pollfd *rec = calloc(n, sizeof(*rec));
	struct evset s;
	int e = guest_eventfd(), i;

	guest_nofile(n + 100);
	evset_open(&s, n);
	for (i = 0; i < n; i++) {
		rec[i] = (struct pollfd){ .fd = dup(e), .events = POLLIN };
		if (rec[i].fd < 0)
			ck_abort_msg("dup: %s", strerror(errno));
	}
	GUEST_RETURNS(write(s.fd, rec, n * sizeof(*rec)), n * sizeof(*rec));
	guest_put(e);
	GUEST_RETURNS(evset_wait(&s, GUEST_WAIT_MS, NULL), n);
	for (i = 0; i < n / 2; i++)
		rec[i].events = POLLREMOVE;
	GUEST_RETURNS(write(s.fd, rec, n / 2 * sizeof(*rec)),
		      n / 2 * sizeof(*rec));
	GUEST_RETURNS(evset_info(&s, "items"), n - n / 2);
	guest_put(e);
	GUEST_RETURNS(evset_wait(&s, GUEST_WAIT_MS, NULL), n - n / 2);
	close(e);
	for (i = 0; i < n; i++)
		close(rec[i].fd);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
}

GUEST_TEST(limits, number_that_cannot_be, 10,
	   "numbers beyond any table are not open: removal, 8 bytes")
{
	static const int far[] = { 65536, 1048576, INT_MAX - 1, INT_MAX };
	struct evset s;

	evset_open(&s, 8);
	for (size_t i = 0; i < sizeof(far) / sizeof(*far); i++) {
		GUEST_RETURNS(evset_ctl(&s, far[i], POLLIN), 8);
		GUEST_RETURNS(evset_ispolled(&s, far[i], NULL), 0);
	}
	GUEST_RETURNS(evset_info(&s, "items"), 0);
}

GUEST_TEST(limits, rlimit_nofile, 20,
	   "a descriptor above a lowered RLIMIT_NOFILE is open all the same and can be watched; the set needs none of its own")
{
	struct rlimit r;
	struct evset s;
	int p[2], high;

	guest_nofile(1000);
	guest_pipe(p);
	high = fcntl(p[0], F_DUPFD_CLOEXEC, 900);
	ck_assert_int_eq(high, 900);
	evset_open(&s, 8);
	ck_assert(getrlimit(RLIMIT_NOFILE, &r) == 0);
	r.rlim_cur = 3;
	ck_assert(setrlimit(RLIMIT_NOFILE, &r) == 0);
	evset_add(&s, high, POLLIN);
	guest_put(p[1]);
	evset_expect(&s, high, POLLIN);
	evset_unmap(&s);
	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 5000), 0);
	GUEST_FAILS(open(GUEST_DEVICE, O_RDWR), EMFILE);
}

GUEST_TEST(limits, cannot_be_polled, 10,
	   "regular files, directories and /dev/null, which have no poll, are EPERM")
{
	char name[] = "/tmp/guest-XXXXXX";
	struct evset s;
	int fd[4];

	fd[0] = mkstemp(name);
	ck_assert_msg(fd[0] >= 0, "%s: %s", name, strerror(errno));
	unlink(name);
	fd[1] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd[2] = guest_null();
	fd[3] = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	evset_open(&s, 8);
	for (int i = 0; i < 4; i++) {
		ck_assert_int_ge(fd[i], 0);
		ck_assert_msg(evset_ctl(&s, fd[i], POLLIN) == -EPERM,
			      "file %d of 4: expected EPERM, got %d", i,
			      evset_ctl(&s, fd[i], POLLIN));
		GUEST_RETURNS(evset_ctl(&s, fd[i], POLLREMOVE), 8);
	}
	GUEST_RETURNS(evset_info(&s, "items"), 0);
}

GUEST_TEST(limits, path_only_descriptor, 10,
	   "an O_PATH descriptor is not open for use: its record is a removal, nothing is watched")
{
	struct evset s;
	int fd = open("/", O_PATH | O_CLOEXEC);

	evset_open(&s, 8);
	GUEST_RETURNS(evset_ctl(&s, fd, POLLIN), 8);
	GUEST_RETURNS(evset_ispolled(&s, fd, NULL), 0);
}

GUEST_TEST(limits, failure_changes_nothing, 10,
	   "a record for a watched number that names an unpollable file now is EPERM and leaves the old registration")
{
	struct evset s;
	int p[2];

	evset_pipe(&s, p, POLLIN);
	ck_assert_int_ge(dup(p[0]), 0);
	GUEST_RETURNS(dup2(guest_null(), p[0]), p[0]);
	GUEST_RETURNS(evset_ctl(&s, p[0], POLLIN), -EPERM);
	/* The number names another file by now. */
	GUEST_RETURNS(evset_ispolled(&s, p[0], NULL), 0);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(limits, user_watches, 20,
	   "beyond max_user_watches a file is ENOSPC; changes and removals go on working")
{
	struct evset s;
	int fd[11], i;

	user_limit(10);
	evset_open(&s, 512);
	for (i = 0; i < 11; i++)
		fd[i] = guest_eventfd();
	for (i = 0; i < 10; i++)
		evset_add(&s, fd[i], POLLIN);
	GUEST_RETURNS(evset_ctl(&s, fd[10], POLLIN), -ENOSPC);
	GUEST_RETURNS(evset_ispolled(&s, fd[10], NULL), 0);
	GUEST_RETURNS(evset_info(&s, "items"), 10);
	evset_add(&s, fd[3], POLLOUT);
	evset_del(&s, fd[3]);
	evset_add(&s, fd[10], POLLIN);
	guest_put(fd[10]);
	evset_expect(&s, fd[10], POLLIN);
}

GUEST_TEST(limits, user_watches_over_sets, 20,
	   "the limit counts all sets of the user together")
{
	struct evset s[3];
	int i;

	user_limit(6);
	for (i = 0; i < 3; i++) {
		evset_open(&s[i], 8);
		evset_add(&s[i], guest_eventfd(), POLLIN);
		evset_add(&s[i], guest_eventfd(), POLLIN);
	}
	for (i = 0; i < 3; i++)
		GUEST_RETURNS(evset_ctl(&s[i], guest_eventfd(), POLLIN),
			      -ENOSPC);
}

GUEST_TEST(limits, user_watches_given_back, 20,
	   "removal, close of the file, EP_FREE and close of the set each give the watches back")
{
	struct evset s;
	int fd, i;

	user_limit(4);
	for (int way = 0; way < 5; way++) {
		evset_open(&s, 8);
		for (i = 0; i < 4; i++) {
			fd = guest_eventfd();
			ck_assert_msg(evset_ctl(&s, fd, POLLIN) == 8,
				      "after way %d: watch %d was not given back",
				      way - 1, i);
		}
		GUEST_RETURNS(evset_ctl(&s, guest_eventfd(), POLLIN), -ENOSPC);
		switch (way) {
		case 0:
			evset_del(&s, fd);
			evset_add(&s, guest_eventfd(), POLLIN);
			break;
		case 1:
			close(fd);
			evset_add(&s, guest_eventfd(), POLLIN);
			break;
		case 2:
			evset_unmap(&s);
			GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
			GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 8), 0);
			for (i = 0; i < 4; i++)
				evset_add(&s, guest_eventfd(), POLLIN);
			break;
		}
		evset_close(&s);
	}
}

GUEST_TEST(limits, user_watches_in_a_batch, 20,
	   "ENOSPC in the middle of a batch: the bytes before are returned; a failed add gives back what it took")
{
	struct pollfd rec[8];
	struct evset s;

	user_limit(5);
	evset_open(&s, 8);
	for (int i = 0; i < 8; i++)
		rec[i] = (struct pollfd){ .fd = guest_eventfd(),
					  .events = POLLIN };
	GUEST_RETURNS(write(s.fd, rec, sizeof(rec)), 5 * 8);
	GUEST_FAILS(write(s.fd, rec + 5, 8), ENOSPC);
	for (int i = 0; i < 20; i++)
		GUEST_FAILS(write(s.fd, rec + 5, 8), ENOSPC);
	user_limit(6);
	GUEST_RETURNS(write(s.fd, rec + 5, 16), 8);
}

GUEST_TEST(limits, refused_adds_cost_nothing, 20,
	   "adds that fail for another reason (E2BIG, EPERM, EINVAL) do not use up the user's watches")
{
	struct evset s = { .fd = guest_device() };
	int null = guest_null(), fd = guest_eventfd(), i;

	user_limit(4);
	for (i = 0; i < 10; i++)
		GUEST_RETURNS(evset_ctl(&s, fd, POLLIN), -E2BIG);
	s.max = 8;
	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 8), 0);
	for (i = 0; i < 10; i++) {
		GUEST_RETURNS(evset_ctl(&s, null, POLLIN), -EPERM);
		GUEST_RETURNS(evset_ctl(&s, s.fd, POLLIN), -EINVAL);
	}
	for (i = 0; i < 4; i++)
		evset_add(&s, guest_eventfd(), POLLIN);
}

GUEST_TEST(limits, user_watches_lowered, 10,
	   "lowering the limit takes nothing away that is watched")
{
	struct evset s;
	int fd = guest_eventfd();

	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN);
	user_limit(0);
	GUEST_RETURNS(evset_ctl(&s, guest_eventfd(), POLLIN), -ENOSPC);
	guest_put(fd);
	evset_expect(&s, fd, POLLIN);
}

/* Not each refusal has a line, if there were many just now. */
static bool refusal_is_logged(void *arg)
{
	GUEST_RETURNS(evset_ctl(arg, 0, POLLIN), -ENOSPC);
	return log_count("user 0 has reached max_user_watches, 0") > 0;
}

GUEST_TEST(limits, user_watches_log, 30,
	   "a limit that was reached names itself and the user in the kernel log")
{
	struct evset s;
	int p[2];

	log_begin();
	user_limit(0);
	evset_open(&s, 8);
	guest_pipe(p);
	GUEST_RETURNS(dup2(p[0], 0), 0);
	guest_until(refusal_is_logged, &s, "the log tells of the limit");
}
