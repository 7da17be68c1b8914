// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - guest-tests: runs the tests and prints one JSON object for each
 *
 * Each test is a libcheck run of its own: forked, with its own timeout, the
 * kernel log marked before it and read after it.  The results go to what was
 * standard output at the start; a test that prints, prints to standard error.
 *
 * Where epoll-run puts something else below the tests of the kernel's epoll, -n NAME
 * tells the results apart, and -k FILE lists what is known to fail there; what a
 * store of the port is known for, or does its own way, its own suite says.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define GUEST_HELPERS
#include "guest.h"
#include "kmsg.h"
#include "record.h"

static struct guest_test *tests, **tests_end = &tests;
const char *guest_design;
int guest_wait_ms;
static const char *suite_name;	/* -n: what the results call the suites */

/* What the running test, which is another process, tells the harness. */
#define MAX_PARAMS	16
static struct {
	char skip[512];			/* why it skips itself */
	struct guest_where last;	/* how far it came */
	int params;			/* files to write back when it ends */
	struct {
		char path[128];
		char old[128];
	} param[MAX_PARAMS];
} *shared;

void guest_register(struct guest_test *t)
{
	*tests_end = t;
	tests_end = &t->next;
}

static struct guest_test *find(const char *suite, const char *name)
{
	struct guest_test *t;

	for (t = tests; t; t = t->next)
		if (!strcmp(t->suite, suite) && !strcmp(t->ck.name, name))
			break;
	return t;
}

void guest_known(const char *suite, const char *name, const char *why)
{
	struct guest_test *t = find(suite, name);

	if (!t) {
		fprintf(stderr, "guest-tests: no test '%s.%s' to be known\n",
			suite, name);
		abort();
	}
	t->known = why;
}

void guest_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(shared->skip, sizeof(shared->skip), fmt, ap);
	va_end(ap);
	_exit(0);
}

__thread struct guest_where guest_where;
struct guest_where *guest_last;

void guest_fail(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	_ck_assert_failed(guest_where.file ? guest_where.file : __FILE__,
			  guest_where.line, "failed", "%s", text);
	abort();
}

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	close(fd);
	return n == (ssize_t)strlen(text) ? 0 : -1;
}

/* What it was before the test, once. */
static void remember(const char *path)
{
	int i, fd;
	ssize_t n;

	for (i = 0; i < shared->params; i++)
		if (!strcmp(shared->param[i].path, path))
			return;
	guest_check(i < MAX_PARAMS, "more than %d parameters changed", i);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	guest_check(fd >= 0, "%s: %s", path, strerror(errno));
	n = read(fd, shared->param[i].old, sizeof(shared->param[i].old) - 1);
	guest_check(n >= 0, "%s: %s", path, strerror(errno));
	close(fd);
	shared->param[i].old[n] = '\0';
	snprintf(shared->param[i].path, sizeof(shared->param[i].path), "%s",
		 path);
	shared->params = i + 1;
}

void guest_file_set(const char *path, const char *value)
{
	remember(path);
	guest_check(write_file(path, value) == 0, "write of '%s' to %s: %s",
		    value, path, strerror(errno));
}

static void files_back(void)
{
	while (shared->params > 0) {
		int i = --shared->params;

		if (write_file(shared->param[i].path, shared->param[i].old))
			fprintf(stderr, "guest-tests: %s: not written back: %s\n",
				shared->param[i].path, strerror(errno));
	}
}

void guest_exec_hold(int fd)
{
	char arg[16];

	snprintf(arg, sizeof(arg), "%d", fd);
	execl("/proc/self/exe", "guest-tests", "-x", arg, NULL);
	_exit(126);
}

/* The other side of guest_exec_hold(). */
static int hold(int fd)
{
	char c;

	while (read(fd, &c, 1) > 0)
		;
	return 0;
}

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The outcome in words: "" when it passed. */
static void run_forked(const struct guest_test *t, char *why, size_t size)
{
	TCase *tc = tcase_create(t->ck.name);
	Suite *suite = suite_create(t->suite);
	TestResult **results;
	SRunner *runner;

	guest_design = t->design;
	guest_wait_ms = t->known ? 2000 : 15000;
	tcase_set_timeout(tc, t->seconds);
	tcase_add_test(tc, &t->ck);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_FORK);
	srunner_run_all(runner, CK_SILENT);
	results = srunner_results(runner);
	why[0] = '\0';
	if (srunner_ntests_run(runner) != 1)
		snprintf(why, size, "libcheck ran %d tests, expected 1",
			 srunner_ntests_run(runner));
	else if (tr_rtype(results[0]) != CK_PASS)
		snprintf(why, size, "%s:%d: %s", basename(tr_lfile(results[0])),
			 tr_lno(results[0]), tr_msg(results[0]));
	/* It hung or crashed: libcheck knows no line, but we may. */
	if (tr_rtype(results[0]) == CK_ERROR && shared->last.file) {
		size_t len = strlen(why);

		snprintf(why + len, size - len, " (came to %s:%d)",
			 basename(shared->last.file), shared->last.line);
	}
	free(results);
	srunner_free(runner);
}

/* What is known to fail has to; how it did is told. */
static void judge_known(const struct guest_test *t, char *why, size_t size,
			char *how, size_t how_size)
{
	if (why[0]) {
		snprintf(how, how_size, "%s", why);
		why[0] = '\0';
	} else if (!shared->skip[0]) {
		snprintf(why, size, "it passed, but is known to fail: %s",
			 t->known);
	}
}

static bool run(struct guest_test *t, FILE *out, bool log)
{
	char name[256], why[1024], bad[512], how[1024] = "";
	double start, took;

	snprintf(name, sizeof(name), "%s.%s", suite_name ? suite_name : t->suite,
		 t->ck.name);
	shared->skip[0] = '\0';
	shared->params = 0;
	shared->last.file = NULL;
	if (log)
		kmsg_mark(name);
	start = seconds_now();
	run_forked(t, why, sizeof(why));
	took = seconds_now() - start;
	files_back();
	if (t->known)
		judge_known(t, why, sizeof(why), how, sizeof(how));
	if (log && kmsg_bad(bad, sizeof(bad))) {
		size_t len = strlen(why);

		snprintf(why + len, sizeof(why) - len, "%skernel log: %s",
			 len ? "; " : "", bad);
	}

	fputs("{\"test\":", out);
	record_string(out, name);
	fprintf(out, ",\"ok\":%s,\"seconds\":%.2f", why[0] ? "false" : "true",
		took);
	if (why[0]) {
		record_member(out, "why", why);
	} else if (how[0]) {
		record_member(out, "known", t->known);
		record_member(out, "why", how);
	} else if (shared->skip[0]) {
		record_member(out, "skip", shared->skip);
	}
	record_member(out, "about", t->about);
	fputs("}\n", out);
	fflush(out);
	return !why[0];
}

/* SUITE, SUITE.NAME or a shell pattern over SUITE.NAME. */
static bool wanted(const struct guest_test *t, char **patterns)
{
	char name[256];

	if (!*patterns)
		return true;
	snprintf(name, sizeof(name), "%s.%s", t->suite, t->ck.name);
	for (; *patterns; patterns++)
		if (!strcmp(*patterns, t->suite) ||
		    !fnmatch(*patterns, name, 0))
			return true;
	return false;
}

/* A pattern that fits nothing is a mistake in the caller, never a pass. */
static bool patterns_fit(char **patterns)
{
	for (; *patterns; patterns++) {
		char *one[] = { *patterns, NULL };
		struct guest_test *t;

		for (t = tests; t && !wanted(t, one); t = t->next)
			;
		if (!t) {
			fprintf(stderr, "guest-tests: no test fits '%s'; -l lists them\n",
				*patterns);
			return false;
		}
	}
	return true;
}

/* As patterns fit; but NAME alone is one of the kernel's epoll.  Return: how many. */
static int know(const char *pattern, const char *why)
{
	char of_epoll[256], *one[] = { (char *)pattern, NULL };
	struct guest_test *t;
	int n = 0;

	if (!strchr(pattern, '.')) {
		snprintf(of_epoll, sizeof(of_epoll), "epoll.%s", pattern);
		one[0] = of_epoll;
	}
	for (t = tests; t; t = t->next)
		if (wanted(t, one)) {
			t->known = why;
			n++;
		}
	return n;
}

/*
 * Lines of a pattern and a REASON, "#" begins a comment: these tests are known to
 * fail where this program runs.  False, and a word why, if the list is not as
 * it has to be.
 */
static bool read_known(const char *path)
{
	char line[512], *name, *reason;
	FILE *f = fopen(path, "re");

	if (!f) {
		fprintf(stderr, "guest-tests: %s: %s\n", path, strerror(errno));
		return false;
	}
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "#\n")] = '\0';
		name = strtok(line, " \t");
		reason = strtok(NULL, "");
		if (!name)
			continue;
		if (!reason || !know(name, strdup(reason + strspn(reason, " \t")))) {
			fprintf(stderr, "guest-tests: %s: %s: %s\n", path, name,
				reason ? "there is no such test" : "no reason is told");
			fclose(f);
			return false;
		}
	}
	fclose(f);
	return true;
}

/* By epoll-run the suite "epoll" is that of a store: the same tests, known alike. */
static void become(const char *store)
{
	struct guest_test **p = &tests, *t, *twin;

	while ((t = *p)) {
		twin = strcmp(t->suite, "epoll") ? t : find(store, t->ck.name);
		if (twin) {
			t->known = twin->known;
			p = &t->next;
		} else {
			*p = t->next;
		}
	}
}

static void list(char **patterns)
{
	struct guest_test *t;

	for (t = tests; t; t = t->next)
		if (wanted(t, patterns))
			printf("%s.%s\t%s\n", t->suite, t->ck.name, t->about);
}

static FILE *results_stream(void)
{
	int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
	FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

	if (out && dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return NULL;
	return out;
}

int main(int argc, char **argv)
{
	const char *design = getenv("EPOLL_RUN_DESIGN");
	struct guest_test *t;
	bool only_list = false;
	int failed = 0, count = 0;
	FILE *out;
	bool log;
	int opt;

	while ((opt = getopt(argc, argv, "k:ln:ptx:")) != -1) {
		switch (opt) {
		case 'k':
			if (!read_known(optarg))
				return 2;
			break;
		case 'l':
			only_list = true;
			break;
		case 'n':
			suite_name = optarg;
			break;
		case 'p':
			guest_pipes = true;
			break;
		case 't':
			guest_takes = true;
			break;
		case 'x':
			return hold(atoi(optarg));
		default:
			fprintf(stderr, "usage: guest-tests [-l] [-p] [-t] [-n NAME] [-k FILE] [SUITE | SUITE.NAME | PATTERN]...\n");
			return 2;
		}
	}
	argv += optind;
	if (design && !guest_emulated())
		become(design);
	if (!patterns_fit(argv))
		return 2;
	if (only_list) {
		list(argv);
		return 0;
	}

	/* What a test writes to a peer that is gone is no reason to die. */
	signal(SIGPIPE, SIG_IGN);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	out = results_stream();
	if (shared == MAP_FAILED || !out) {
		perror("guest-tests");
		return 2;
	}
	guest_last = &shared->last;
	log = kmsg_open() >= 0;
	if (!log)
		fprintf(stderr, "guest-tests: the kernel log cannot be read and is not checked\n");
	for (t = tests; t; t = t->next) {
		if (!wanted(t, argv))
			continue;
		count++;
		if (!run(t, out, log))
			failed++;
	}
	fprintf(stderr, "guest-tests: %d of %d failed\n", failed, count);
	return failed ? 1 : 0;
}
