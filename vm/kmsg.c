// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmsg.c - reading the kernel's log back, so that a warning is a failure.
 *
 * /dev/kmsg gives one record a read: "prio,seq,usec,flags;text\n" and then
 * lines of properties that begin with a space.  Every reader has its own place.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kmsg.h"

static int reader = -1;
static int writer = -1;

static const char *const bad[] = {
#define BAD(text) text,
#define NOISE(text)
#include "badness.def"
#undef BAD
#undef NOISE
	NULL
};

static const char *const noise[] = {
#define BAD(text)
#define NOISE(text) text,
#include "badness.def"
#undef BAD
#undef NOISE
	NULL
};

static int contains(const char *text, const char *const *list)
{
	for (; *list; list++)
		if (strstr(text, *list))
			return 1;
	return 0;
}

int kmsg_open(void)
{
	int err;

	if (reader >= 0)
		close(reader);
	if (writer >= 0)
		close(writer);
	writer = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	reader = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (writer < 0 || reader < 0 || lseek(reader, 0, SEEK_END) < 0) {
		err = -errno;
		close(reader);
		close(writer);
		reader = -1;
		writer = -1;
		return err;
	}
	return 0;
}

void kmsg_mark(const char *text)
{
	char buf[256];
	int n;

	if (writer < 0)
		return;
	/* level 5: on the console of a guest, and not a warning */
	n = snprintf(buf, sizeof(buf), "<5>lab: %.200s\n", text);
	if (write(writer, buf, n) < 0)
		return;
}

int kmsg_bad(char *line, size_t size)
{
	char record[8192];
	char *text, *end;
	int found = 0;
	ssize_t n;

	if (reader < 0)
		return 0;
	for (;;) {
		n = read(reader, record, sizeof(record) - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EPIPE) {
			if (!found)
				snprintf(line, size, "the kernel log ran over, lines were lost");
			found = 1;
			continue;
		}
		if (n <= 0)
			return found;
		record[n] = '\0';
		/* facility above 0: a program's line, not the kernel's */
		if (strtoul(record, NULL, 10) >> 3)
			continue;
		text = strchr(record, ';');
		if (!text || found)
			continue;
		text++;
		end = strchr(text, '\n');
		if (end)
			*end = '\0';
		if (contains(text, bad) && !contains(text, noise)) {
			snprintf(line, size, "%s", text);
			found = 1;
		}
	}
}
