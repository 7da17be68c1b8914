// SPDX-License-Identifier: GPL-2.0-only
/*
 * evq_source.c - have one registration made by another source of events
 *
 * Documented in evq_source.h.  The lock is that of the opened file: it is gone with
 * the process, and two queues of one process exclude each other, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "evq_source.h"

#define PARAM "/sys/module/fcb/parameters/source"

static int set(int param, const char *source)
{
	ssize_t len = (ssize_t)strlen(source);

	return pwrite(param, source, (size_t)len, 0) == len ? 0 : -1;
}

static int lock(int param)
{
	int err;

	do
		err = flock(param, LOCK_EX);
	while (err && errno == EINTR);
	return err;
}

int evq_source_begin(int param, const char *source, char was[EVQ_SOURCE_NAME])
{
	ssize_t len;

	if (lock(param))
		return -1;
	len = pread(param, was, EVQ_SOURCE_NAME - 1, 0);
	if (len >= 0) {
		was[len] = '\0';
		if (!set(param, source))
			return 0;
	}
	flock(param, LOCK_UN);
	return -1;
}

void evq_source_end(int param, const char *was)
{
	int err = errno;

	/* It was in use, so it can be had. */
	set(param, was);
	flock(param, LOCK_UN);
	errno = err;
}

int evq_source_open(const char *source)
{
	int param = open(PARAM, O_RDWR | O_CLOEXEC), err;
	char was[EVQ_SOURCE_NAME];

	if (param < 0) {
		if (errno == ENOENT)
			errno = ENODEV;
		return -1;
	}
	if (!evq_source_begin(param, source, was)) {
		evq_source_end(param, was);
		return param;
	}
	/* What it hooks is taken, or the kernel hooks nothing; or there is no such word. */
	err = errno == EBUSY || errno == EOPNOTSUPP || errno == EINVAL ? ENODEV : errno;
	close(param);
	errno = err;
	return -1;
}
