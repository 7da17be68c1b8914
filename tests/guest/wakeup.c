// SPDX-License-Identifier: GPL-2.0-only
/*
 * wakeup.c - the kernel's list of wakeup sources
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#define GUEST_HELPERS
#include "wakeup.h"

#define LIST	"/sys/kernel/debug/wakeup_sources"

/*
 * A line of the list has the name, padded, four counts, and for how many milliseconds the
 * source has been active.
 *
 * Return: how many are called @name; @ms is of the last one.
 */
static int look(const char *name, long long *ms)
{
	size_t len = strlen(name);
	char line[512];
	int n = 0;
	FILE *f;

	*ms = 0;
	f = fopen(LIST, "re");
	guest_check(f, LIST ": %s", strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, len) || !strchr(" \t", line[len]))
			continue;
		guest_check(sscanf(line + len, "%*u %*u %*u %*u %lld", ms) == 1,
			    "a line that is none: %s", line);
		n++;
	}
	fclose(f);
	return n;
}

void wakeup_fifo(struct wakeup_fifo *f)
{
	static int n;
	char path[64];

	if (access(LIST, R_OK))
		GUEST_SKIP(LIST ": %s", strerror(errno));
	if (access("/sys/power/wakeup_count", F_OK))
		GUEST_SKIP("a kernel that cannot suspend");
	snprintf(f->name, sizeof(f->name), "awake-%d-%d", (int)getpid(), n++);
	snprintf(path, sizeof(path), "/tmp/%s", f->name);
	guest_check(mkfifo(path, 0600) == 0, "%s: %s", path, strerror(errno));
	f->fd[0] = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	f->fd[1] = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	guest_check(f->fd[0] >= 0 && f->fd[1] >= 0, "%s: %s", path, strerror(errno));
	/* The file keeps its name. */
	unlink(path);
}

int wakeup_count(const char *name)
{
	long long ms;

	return look(name, &ms);
}

enum wakeup_state wakeup_state(const char *name)
{
	long long ms;
	int n = look(name, &ms);

	/* Active for less than one, perhaps. */
	if (n == 1 && !ms) {
		nanosleep(&(struct timespec){ .tv_nsec = 2500000 }, NULL);
		n = look(name, &ms);
	}
	guest_check(n <= 1, "%d wakeup sources are called %s", n, name);
	if (!n)
		return WAKEUP_NONE;
	return ms ? WAKEUP_AWAKE : WAKEUP_ASLEEP;
}

void wakeup_expect(const char *name, enum wakeup_state state)
{
	static const char *const words[] = { "not there", "asleep", "awake" };
	enum wakeup_state is = wakeup_state(name);

	guest_check(is == state, "wakeup source %s: expected %s, got %s", name,
		    words[state], words[is]);
}
