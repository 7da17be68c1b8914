// SPDX-License-Identifier: GPL-2.0-only
/*
 * exhibit_tell.c - stories as text, module parameters, the kernel, waiting
 *
 * Documented in exhibit.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "exhibit.h"

/* Columns of a line, and of what stands left of an event. */
#define WIDTH	79
#define INDENT	16

/* How long to wait for what has to come. */
#define PATIENCE_S	60

static bool telling, brief;
static int line;

void tell_begin(bool tell, bool in_brief)
{
	telling = tell;
	brief = in_brief;
	line = 0;
}

/* Prints text in lines; the first one begins at @column. */
static void wrap(const char *text, int column, int indent)
{
	size_t len;

	while (*text) {
		len = strcspn(text, " \n");
		if (column > indent && column + 1 + (int)len > WIDTH) {
			printf("\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			putchar(' ');
			column++;
		}
		printf("%.*s", (int)len, text);
		column += (int)len;
		text += len;
		if (*text)
			text++;
	}
	putchar('\n');
}

void tell_text(const char *text)
{
	printf("  ");
	wrap(text, 2, 2);
}

__attribute__((format(printf, 2, 0)))
static void tell(const char *who, const char *fmt, va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof(text), fmt, ap);
	printf("  %2d  %-9s ", line, who);
	wrap(text, INDENT, INDENT);
}

void told(const char *who, const char *fmt, ...)
{
	va_list ap;

	line++;
	if (!telling || brief)
		return;
	va_start(ap, fmt);
	tell(who, fmt, ap);
	va_end(ap);
}

void told_here(const char *who, const char *fmt, ...)
{
	va_list ap;

	line++;
	if (!telling)
		return;
	va_start(ap, fmt);
	tell(who, fmt, ap);
	va_end(ap);
}

const char *bits(int events)
{
	static const struct {
		int bit;
		const char *name;
	} names[] = {
		{ POLLIN, "IN" }, { POLLPRI, "PRI" }, { POLLOUT, "OUT" },
		{ POLLERR, "ERR" }, { POLLHUP, "HUP" },
	};
	static char buffers[4][32];
	static unsigned int next;
	char *text = buffers[next++ % 4];
	size_t i;

	text[0] = '\0';
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (events & names[i].bit) {
			if (text[0])
				strcat(text, "|");
			strcat(text, names[i].name);
		}
	return text[0] ? text : "nothing";
}

void fail(const char *fmt, ...)
{
	int err = errno;
	va_list ap;

	fflush(stdout);
	fputs("exhibit: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, ": %s\n", strerror(err));
	exit(1);
}

void must_be(bool cond, const char *file, int at, const char *fmt, ...)
{
	va_list ap;

	if (cond)
		return;
	fflush(stdout);
	fprintf(stderr, "exhibit: %s:%d: ", file, at);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* ---- module parameters ---- */

#define MAX_PARAMS 4

static struct {
	char path[96];
	char old[32];
} params[MAX_PARAMS];
static int n_params;

/* Also called from a signal handler. */
static int write_file(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = write(fd, value, strlen(value));
	close(fd);
	return n < 0 ? -1 : 0;
}

static void read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (n < 0)
		fail("%s (are the modules loaded, and is this root?)", path);
	close(fd);
	text[n] = '\0';
}

static void params_back(void)
{
	for (int i = 0; i < n_params; i++)
		if (write_file(params[i].path, params[i].old))
			perror(params[i].path);
}

static void on_signal(int sig)
{
	for (int i = 0; i < n_params; i++)
		write_file(params[i].path, params[i].old);
	_exit(128 + sig);
}

static void remember(const char *path)
{
	for (int i = 0; i < n_params; i++)
		if (!strcmp(params[i].path, path))
			return;
	must(n_params < MAX_PARAMS, "too many parameters");
	if (!n_params) {
		atexit(params_back);
		signal(SIGINT, on_signal);
		signal(SIGTERM, on_signal);
		signal(SIGHUP, on_signal);
	}
	read_file(path, params[n_params].old, sizeof(params[0].old));
	snprintf(params[n_params].path, sizeof(params[0].path), "%s", path);
	n_params++;
}

static void param_path(char path[96], const char *module, const char *name)
{
	snprintf(path, 96, "/sys/module/%s/parameters/%s", module, name);
}

void param_set(const char *module, const char *name, const char *value)
{
	char path[96];

	param_path(path, module, name);
	remember(path);
	if (write_file(path, value))
		fail("writing %s to %s", value, path);
}

long param_number(const char *module, const char *name)
{
	char path[96], text[32];

	param_path(path, module, name);
	read_file(path, text, sizeof(text));
	return strtol(text, NULL, 10);
}

/* ---- the kernel ---- */

static long version_number(const char *text)
{
	char *end;
	long major = strtol(text, &end, 10);

	must(end > text && *end == '.', "no version: '%s'", text);
	return major * 1000 + strtol(end + 1, NULL, 10);
}

bool kernel_since(const char *version)
{
	struct utsname u;

	if (uname(&u))
		fail("uname");
	return version_number(u.release) >= version_number(version);
}

/* ---- threads ---- */

void until(bool (*cond)(void *arg), void *arg, const char *what)
{
	const struct timespec tick = { 0, 200000 };
	struct timespec begun, now;

	clock_gettime(CLOCK_MONOTONIC, &begun);
	while (!cond(arg)) {
		nanosleep(&tick, NULL);
		clock_gettime(CLOCK_MONOTONIC, &now);
		must(now.tv_sec - begun.tv_sec < PATIENCE_S,
		     "waited %d s in vain until %s", PATIENCE_S, what);
	}
}

struct sleeper {
	pid_t tid;
	int fd;
};

/* "16 0x5 ..": the number of ioctl and its first argument, while it sleeps. */
static bool asleep(void *arg)
{
	const struct sleeper *s = arg;
	char path[64], text[256], *end;
	long nr;

	snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", s->tid);
	read_file(path, text, sizeof(text));
	nr = strtol(text, &end, 10);
	return end > text && nr == SYS_ioctl && strtol(end, NULL, 16) == s->fd;
}

void until_asleep(pid_t tid, int fd)
{
	struct sleeper s = { tid, fd };

	until(asleep, &s, "a thread sleeps in its wait");
}

pthread_t start_thread(void *(*fn)(void *arg), void *arg)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, fn, arg);
	if (errno)
		fail("pthread_create");
	return thread;
}

void join_thread(pthread_t thread)
{
	errno = pthread_join(thread, NULL);
	if (errno)
		fail("pthread_join");
}
