// SPDX-License-Identifier: GPL-2.0-only
/*
 * evq-test.c - one list of behaviours, run over every design of libevq
 *
 * A design that cannot be had here (no module on this machine) is named on
 * stderr with the reason and left out; in a guest with the modules it takes part.  Where designs
 * differ on purpose, the EVQ_* flags of a design say what is right for it.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "devepoll.h"
#include "eventpoll.h"
#include "evq.h"

#define MANY 700

static const char *const stores[] = {
#define STORE(id, NUMBER, name, about) name,
#include "designs.def"
};

#define N_STORES (sizeof(stores) / sizeof(stores[0]))

/* What every test starts with; a fixture, since each test has its own process. */
static struct evq *q;
static unsigned int flags;
static int sv[2];

static void start(int design)
{
	const struct evq_design *d = evq_designs((unsigned int)design);

	q = evq_open(d->name, 4);
	ck_assert_msg(q, "%s: %s", d->name, strerror(errno));
	flags = d->flags;
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
				    sv), 0);
}

/* Nothing is left behind: valgrind runs all in one process (CK_FORK=no). */
static int opened[2 * MANY + 16];
static int n_opened;

static void open_pipe(int p[2])
{
	ck_assert_msg(!pipe(p), "pipe: %s", strerror(errno));
	opened[n_opened++] = p[0];
	opened[n_opened++] = p[1];
}

static void end(void)
{
	evq_close(q);
	close(sv[0]);
	close(sv[1]);
	while (n_opened)
		close(opened[--n_opened]);
}

static void put(int fd)
{
	ck_assert_int_eq(write(fd, "x", 1), 1);
}

static void take(int fd)
{
	char c[16];

	ck_assert_int_gt(read(fd, c, sizeof(c)), 0);
}

static void expect_none(void)
{
	ck_assert_int_eq(evq_wait(q, 0), 0);
}

/* Exactly one result: this descriptor, with at least these events. */
static void expect_one(int fd, short events)
{
	ck_assert_int_eq(evq_wait(q, 2000), 1);
	ck_assert_int_eq(evq_get_fd(q, 0), fd);
	ck_assert_msg((evq_get_revents(q, 0) & events) == events,
		      "revents %#x, expected at least %#x",
		      (unsigned int)evq_get_revents(q, 0),
		      (unsigned int)events);
}

START_TEST(waits_for_the_timeout)
{
	struct timespec before, after;
	long ms;

	start(_i);
	ck_assert_int_eq(evq_add(q, sv[0], POLLIN), 0);
	expect_none();
	clock_gettime(CLOCK_MONOTONIC, &before);
	ck_assert_int_eq(evq_wait(q, 30), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	ms = (after.tv_sec - before.tv_sec) * 1000 +
	     (after.tv_nsec - before.tv_nsec) / 1000000;
	ck_assert_int_ge(ms, 29);
	end();
}
END_TEST

START_TEST(tells_what_happens)
{
	start(_i);
	ck_assert_int_eq(evq_add(q, sv[0], POLLIN), 0);
	put(sv[1]);
	expect_one(sv[0], POLLIN);
	take(sv[0]);
	expect_none();
	put(sv[1]);
	put(sv[1]);
	expect_one(sv[0], POLLIN);
	end();
}
END_TEST

START_TEST(edge_once_level_again)
{
	start(_i);
	ck_assert_int_eq(evq_add(q, sv[0], POLLIN), 0);
	put(sv[1]);
	expect_one(sv[0], POLLIN);
	if (flags & EVQ_EDGE)
		expect_none();
	else
		expect_one(sv[0], POLLIN);
	end();
}
END_TEST

START_TEST(initial_state)
{
	start(_i);
	put(sv[1]);
	ck_assert_int_eq(evq_add(q, sv[0], POLLIN), 0);
	if (flags & EVQ_INITIAL)
		expect_one(sv[0], POLLIN);
	else
		expect_none();
	end();
}
END_TEST

START_TEST(only_what_is_asked_for)
{
	int p[2];

	start(_i);
	open_pipe(p);
	ck_assert_int_eq(evq_add(q, p[0], POLLPRI), 0);
	put(p[1]);
	expect_none();
	end();
}
END_TEST

START_TEST(mod_changes_the_mask)
{
	int p[2];

	start(_i);
	open_pipe(p);
	ck_assert_int_eq(evq_add(q, p[0], POLLPRI), 0);
	put(p[1]);
	expect_none();
	ck_assert_int_eq(evq_mod(q, p[0], POLLIN), 0);
	if (!(flags & EVQ_INITIAL)) {
		expect_none();
		put(p[1]);
	}
	expect_one(p[0], POLLIN);
	ck_assert_int_eq(evq_mod(q, p[0], POLLPRI), 0);
	put(p[1]);
	expect_none();
	end();
}
END_TEST

START_TEST(mod_of_unknown_adds)
{
	start(_i);
	ck_assert_int_eq(evq_mod(q, sv[0], POLLIN), 0);
	put(sv[1]);
	expect_one(sv[0], POLLIN);
	end();
}
END_TEST

START_TEST(add_of_known_replaces)
{
	int p[2];

	start(_i);
	open_pipe(p);
	ck_assert_int_eq(evq_add(q, p[0], POLLIN), 0);
	ck_assert_int_eq(evq_add(q, p[0], POLLPRI), 0);
	put(p[1]);
	expect_none();
	end();
}
END_TEST

START_TEST(del_takes_the_pending_event_too)
{
	start(_i);
	ck_assert_int_eq(evq_add(q, sv[0], POLLIN), 0);
	put(sv[1]);
	ck_assert_int_eq(evq_del(q, sv[0]), 0);
	expect_none();
	put(sv[1]);
	expect_none();
	end();
}
END_TEST

START_TEST(del_of_unknown_is_done)
{
	start(_i);
	ck_assert_int_eq(evq_del(q, sv[0]), 0);
	ck_assert_int_eq(evq_del(q, 9999), 0);
	ck_assert_int_eq(evq_del(q, -1), 0);
	ck_assert_int_eq(evq_add(q, sv[0], POLLIN), 0);
	ck_assert_int_eq(evq_del(q, sv[0]), 0);
	ck_assert_int_eq(evq_del(q, sv[0]), 0);
	end();
}
END_TEST

START_TEST(hang_up_asked_for)
{
	start(_i);
	ck_assert_int_eq(evq_add(q, sv[0], POLLIN | POLLHUP), 0);
	close(sv[1]);
	expect_one(sv[0], flags & EVQ_COARSE ? POLLIN : POLLHUP);
	end();
}
END_TEST

START_TEST(hang_up_not_asked_for)
{
	int p[2];

	start(_i);
	open_pipe(p);
	ck_assert_int_eq(evq_add(q, p[0], POLLPRI), 0);
	close(p[1]);
	if (flags & EVQ_IMPLIED)
		expect_one(p[0], POLLHUP);
	else
		expect_none();
	end();
}
END_TEST

START_TEST(room_to_write)
{
	char block[4096] = "";

	start(_i);
	while (write(sv[0], block, sizeof(block)) > 0)
		;
	ck_assert_int_eq(evq_add(q, sv[0], POLLOUT), 0);
	expect_none();
	while (read(sv[1], block, sizeof(block)) > 0)
		;
	expect_one(sv[0], POLLOUT);
	end();
}
END_TEST

static int pipes[MANY][2];

static void open_pipes(void)
{
	struct rlimit lim;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &lim), 0);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
	for (int i = 0; i < MANY; i++)
		open_pipe(pipes[i]);
}

static int pipe_of(int fd)
{
	for (int i = 0; i < MANY; i++)
		if (pipes[i][0] == fd)
			return i;
	return -1;
}

/* Each of the last n results is another pipe that @ready says is ready. */
static int count_told(int n, bool *told)
{
	int fresh = 0;

	for (int i = 0; i < n; i++) {
		int p = pipe_of(evq_get_fd(q, i));

		ck_assert_int_ge(p, 0);
		ck_assert_int_eq(evq_get_revents(q, i), POLLIN);
		fresh += !told[p];
		told[p] = true;
	}
	return fresh;
}

START_TEST(grows_and_loses_nothing)
{
	bool told[MANY] = { false };
	int n;

	start(_i);
	open_pipes();
	/* The first one is pending all the while that the queue grows. */
	for (int i = 0; i < MANY; i++) {
		ck_assert_msg(!evq_add(q, pipes[i][0], POLLIN),
			      "add %d: %s", i, strerror(errno));
		if (!(i % 7))
			put(pipes[i][1]);
	}
	n = evq_wait(q, 2000);
	ck_assert_int_eq(n, (MANY + 6) / 7);
	ck_assert_int_eq(count_told(n, told), n);
	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq(told[i], !(i % 7));
	end();
}
END_TEST

/* More than a ring of completions has places for, and nobody looks. */
START_TEST(many_messages_before_a_wait)
{
	bool told[MANY] = { false };
	int n;

	start(_i);
	open_pipes();
	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq(evq_add(q, pipes[i][0], POLLIN), 0);
	for (int round = 0; round < 8; round++)
		for (int i = 0; i < MANY; i++)
			put(pipes[i][1]);
	n = evq_wait(q, 2000);
	ck_assert_int_eq(n, MANY);
	ck_assert_int_eq(count_told(n, told), MANY);
	for (int i = 0; i < MANY; i++)
		take(pipes[i][0]);
	expect_none();
	put(pipes[5][1]);
	expect_one(pipes[5][0], POLLIN);
	end();
}
END_TEST

START_TEST(results_stay_while_it_grows)
{
	start(_i);
	open_pipes();
	ck_assert_int_eq(evq_add(q, pipes[0][0], POLLIN), 0);
	ck_assert_int_eq(evq_add(q, pipes[1][0], POLLIN), 0);
	put(pipes[1][1]);
	expect_one(pipes[1][0], POLLIN);
	for (int i = 2; i < MANY; i++)
		ck_assert_int_eq(evq_add(q, pipes[i][0], POLLIN), 0);
	ck_assert_int_eq(evq_get_fd(q, 0), pipes[1][0]);
	ck_assert_int_eq(evq_get_revents(q, 0), POLLIN);
	take(pipes[1][0]);
	put(pipes[MANY - 1][1]);
	expect_one(pipes[MANY - 1][0], POLLIN);
	end();
}
END_TEST

START_TEST(add_and_del_at_random)
{
	bool watched[MANY] = { false };

	start(_i);
	open_pipes();
	srandom(1);
	for (int step = 0; step < 4000; step++) {
		int p = (int)(random() % 100);

		if (watched[p])
			ck_assert_int_eq(evq_del(q, pipes[p][0]), 0);
		else
			ck_assert_int_eq(evq_add(q, pipes[p][0], POLLIN), 0);
		watched[p] = !watched[p];
		if (!(step % 13)) {
			p = (int)(random() % 100);
			put(pipes[p][1]);
			if (watched[p])
				expect_one(pipes[p][0], POLLIN);
			else
				expect_none();
			take(pipes[p][0]);
		}
	}
	end();
}
END_TEST

START_TEST(descriptors_beyond_fd_setsize)
{
	int high = 5000;

	start(_i);
	open_pipes();
	ck_assert_int_eq(dup2(sv[0], high), high);
	opened[n_opened++] = high;
	ck_assert_int_eq(evq_add(q, high, POLLIN), 0);
	put(sv[1]);
	expect_one(high, POLLIN);
	ck_assert_int_eq(evq_del(q, high), 0);
	expect_none();
	ck_assert_int_eq(evq_add(q, pipes[0][0], POLLIN), 0);
	put(pipes[0][1]);
	expect_one(pipes[0][0], POLLIN);
	end();
}
END_TEST

START_TEST(closed_file_is_forgotten)
{
	int p[2], again[2];

	start(_i);
	open_pipe(p);
	ck_assert_int_eq(evq_add(q, p[0], POLLIN | POLLHUP), 0);
	put(p[1]);
	close(p[0]);
	close(p[1]);
	if (flags & EVQ_CLOSE) {
		expect_none();
	} else {
		/* poll says POLLNVAL, select EBADF: removing ends that. */
		ck_assert_int_ne(evq_wait(q, 0), 0);
		ck_assert_int_eq(evq_del(q, p[0]), 0);
		expect_none();
	}
	/* The number means another file now, and can be watched as one. */
	open_pipe(again);
	ck_assert_int_eq(again[0], p[0]);
	ck_assert_int_eq(evq_add(q, again[0], POLLIN), 0);
	put(again[1]);
	expect_one(again[0], POLLIN);
	end();
}
END_TEST

START_TEST(queue_can_be_watched)
{
	struct pollfd pfd;

	start(_i);
	pfd.fd = evq_fd(q);
	pfd.events = POLLIN;
	if (!(flags & EVQ_NESTS)) {
		ck_assert_int_eq(pfd.fd, -1);
		end();
		return;
	}
	ck_assert_int_eq(evq_add(q, sv[0], POLLIN), 0);
	ck_assert_int_eq(poll(&pfd, 1, 0), 0);
	put(sv[1]);
	ck_assert_int_eq(poll(&pfd, 1, 2000), 1);
	expect_one(sv[0], POLLIN);
	take(sv[0]);
	expect_none();
	ck_assert_int_eq(poll(&pfd, 1, 0), 0);
	/* Watching itself is refused, whatever way it would end. */
	errno = 0;
	ck_assert_int_eq(evq_add(q, pfd.fd, POLLIN), -1);
	ck_assert_int_eq(errno, EINVAL);
	end();
}
END_TEST

START_TEST(armed_is_told_once)
{
	start(_i);
	if (!(flags & EVQ_THREADS)) {
		errno = 0;
		ck_assert_int_eq(evq_arm(q, sv[0], POLLIN), -1);
		ck_assert_int_eq(errno, ENOTSUP);
		end();
		return;
	}
	ck_assert_int_eq(evq_arm(q, sv[0], POLLIN), 0);
	put(sv[1]);
	expect_one(sv[0], POLLIN);
	put(sv[1]);
	expect_none();
	/* What came meanwhile is told when it is armed again. */
	ck_assert_int_eq(evq_arm(q, sv[0], POLLIN), 0);
	expect_one(sv[0], POLLIN);
	expect_none();
	ck_assert_int_eq(evq_mod(q, sv[0], POLLIN), 0);
	expect_one(sv[0], POLLIN);
	put(sv[1]);
	expect_one(sv[0], POLLIN);
	end();
}
END_TEST

START_TEST(joined_is_the_same_queue)
{
	struct evq *joined;
	int first;

	start(_i);
	errno = 0;
	joined = evq_join(q, 1);
	if (!(flags & EVQ_THREADS)) {
		ck_assert_ptr_null(joined);
		ck_assert_int_eq(errno, ENOTSUP);
		end();
		return;
	}
	ck_assert_ptr_nonnull(joined);
	ck_assert_ptr_null(evq_join(q, 0));
	ck_assert_int_eq(errno, EINVAL);
	ck_assert_int_eq(evq_fd(joined), evq_fd(q));
	/* Added by one, told to the other, and no more than it wants. */
	ck_assert_int_eq(evq_add(q, sv[0], POLLIN), 0);
	ck_assert_int_eq(evq_add(joined, sv[1], POLLIN), 0);
	put(sv[0]);
	put(sv[1]);
	ck_assert_int_eq(evq_wait(joined, 2000), 1);
	first = evq_get_fd(joined, 0);
	ck_assert(first == sv[0] || first == sv[1]);
	evq_close(joined);
	/* With levels the first one is still there. */
	if (flags & EVQ_EDGE)
		expect_one(first == sv[0] ? sv[1] : sv[0], POLLIN);
	else
		ck_assert_int_eq(evq_wait(q, 2000), 2);
	end();
}
END_TEST

static void on_alarm(int sig)
{
	(void)sig;
}

START_TEST(signal_ends_the_wait)
{
	/* It comes again: the first one may come before the wait. */
	const struct itimerval soon = {
		.it_value.tv_usec = 20000, .it_interval.tv_usec = 20000,
	};
	const struct itimerval never = { 0 };
	struct sigaction sa = { .sa_handler = on_alarm };

	start(_i);
	ck_assert_int_eq(evq_add(q, sv[0], POLLIN), 0);
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	ck_assert_int_eq(evq_wait(q, -1), -1);
	ck_assert_int_eq(errno, EINTR);
	setitimer(ITIMER_REAL, &never, NULL);
	end();
}
END_TEST

START_TEST(errors_of_add)
{
	int file;

	start(_i);
	errno = 0;
	ck_assert_int_eq(evq_add(q, -1, POLLIN), -1);
	ck_assert_int_eq(errno, EBADF);
	ck_assert_int_eq(evq_mod(q, -5, POLLIN), -1);
	ck_assert_int_eq(errno, EBADF);
	if (flags & EVQ_NESTS) {
		file = open("/proc/self/exe", O_RDONLY);
		ck_assert_int_ge(file, 0);
		ck_assert_int_eq(evq_add(q, file, POLLIN), -1);
		ck_assert_int_eq(errno, EPERM);
		ck_assert_int_eq(evq_del(q, file), 0);
		close(file);
	}
	end();
}
END_TEST

START_TEST(design_of_a_queue)
{
	start(_i);
	ck_assert_ptr_eq(evq_design(q), evq_designs((unsigned int)_i));
	ck_assert_ptr_eq(evq_find(evq_design(q)->name), evq_design(q));
	end();
}
END_TEST

/* The instance says itself what it keeps its events in. */
START_TEST(store_is_the_one_named)
{
	char path[64], line[128], want[64];
	bool told = false;
	FILE *f;

	start(_i);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", evq_fd(q));
	snprintf(want, sizeof(want), "store:\t%s\n", evq_design(q)->name);
	f = fopen(path, "r");
	ck_assert_msg(f, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "store:", 6))
			continue;
		ck_assert_str_eq(line, want);
		told = true;
	}
	fclose(f);
	ck_assert_msg(told, "%s has no store", path);
	end();
}
END_TEST

START_TEST(stores_are_as_epoll)
{
	const struct evq_design *epoll = evq_find("epoll"), *d;

	for (int i = 0; evq_designs((unsigned int)i); i++) {
		d = evq_designs((unsigned int)i);
		if (eventpoll_store_by_name(d->name) < 0)
			continue;
		ck_assert_uint_eq(d->flags, epoll->flags);
		ck_assert_ptr_nonnull(strstr(d->needs, EVENTPOLL_DEVICE));
	}
	for (size_t i = 0; i < N_STORES; i++)
		ck_assert_ptr_nonnull(evq_find(stores[i]));
}
END_TEST

START_TEST(errors_of_open)
{
	const char *name;

	ck_assert_ptr_null(evq_open("kqueue", 1));
	ck_assert_int_eq(errno, ENOENT);
	for (unsigned int i = 0; evq_designs(i); i++) {
		name = evq_designs(i)->name;
		errno = 0;
		ck_assert_ptr_null(evq_open(name, -1));
		ck_assert_int_eq(errno, EINVAL);
		for (unsigned int j = 0; j < i; j++)
			ck_assert_str_ne(name, evq_designs(j)->name);
	}
	errno = 0;
	ck_assert_ptr_null(evq_open("devepoll", MAX_FDS_IN_EVENTPOLL + 1));
	ck_assert_int_eq(errno, EINVAL);
	evq_close(NULL);
}
END_TEST

static void expect_enodev(const char *device, const char *design)
{
	if (!access(device, F_OK))
		return;
	errno = 0;
	ck_assert_ptr_null(evq_open(design, 1));
	ck_assert_int_eq(errno, ENODEV);
}

START_TEST(no_device_is_enodev)
{
	expect_enodev("/dev/epoll", "devepoll");
	for (size_t i = 0; i < N_STORES; i++)
		expect_enodev(EVENTPOLL_DEVICE, stores[i]);
}
END_TEST

/*
 * A ring is ended after its close, by work that its task is interrupted for: a wait of
 * that moment says EINTR.  Not in a test, where all run in one process.
 */
static void let_rings_end(void)
{
	const struct timespec while_they_do = { .tv_nsec = 100000000 };

	nanosleep(&while_they_do, NULL);
}

static Suite *behaviours(void)
{
	const TTest *const tests[] = {
		waits_for_the_timeout, tells_what_happens,
		edge_once_level_again, initial_state, only_what_is_asked_for,
		mod_changes_the_mask, mod_of_unknown_adds,
		add_of_known_replaces, del_takes_the_pending_event_too,
		del_of_unknown_is_done, hang_up_asked_for,
		hang_up_not_asked_for, room_to_write, grows_and_loses_nothing,
		many_messages_before_a_wait,
		results_stay_while_it_grows, add_and_del_at_random,
		descriptors_beyond_fd_setsize, closed_file_is_forgotten,
		queue_can_be_watched, armed_is_told_once,
		joined_is_the_same_queue, signal_ends_the_wait, errors_of_add,
		design_of_a_queue,
	};
	Suite *suite = suite_create("evq");

	for (int d = 0; evq_designs((unsigned int)d); d++) {
		const struct evq_design *design = evq_designs((unsigned int)d);
		struct evq *probe = evq_open(design->name, 1);
		TCase *tcase;

		if (!probe) {
			fprintf(stderr, "# %s is left out: %s%s%s\n",
				design->name, strerror(errno),
				design->needs ? ": needs " : "",
				design->needs ? design->needs : "");
			continue;
		}
		evq_close(probe);
		tcase = tcase_create(design->name);
		tcase_set_timeout(tcase, 20);
		for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
			tcase_add_loop_test(tcase, tests[i], d, d + 1);
		if (eventpoll_store_by_name(design->name) >= 0)
			tcase_add_loop_test(tcase, store_is_the_one_named, d,
					    d + 1);
		suite_add_tcase(suite, tcase);
	}
	let_rings_end();
	return suite;
}

static Suite *others(void)
{
	Suite *suite = suite_create("other");
	TCase *tcase = tcase_create("errors");

	tcase_add_test(tcase, errors_of_open);
	tcase_add_test(tcase, no_device_is_enodev);
	tcase_add_test(tcase, stores_are_as_epoll);
	suite_add_tcase(suite, tcase);
	return suite;
}

int main(void)
{
	SRunner *runner = srunner_create(behaviours());
	int failed;

	srunner_add_suite(runner, others());
	/* What to say where, unless the environment asks for something else. */
	if (!getenv("CK_TAP_LOG_FILE_NAME"))
		srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
