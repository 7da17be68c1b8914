// SPDX-License-Identifier: GPL-2.0-only
/*
 * stream.c - descriptors that the C library closes by itself: fclose(3) and kin
 *
 * It does not call close(2) by its name, so these are taken over too.  A close that
 * is not seen is not lost on the device; but an item that is on the ready list is
 * asked by its number, and the next file of that number would answer for it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <mqueue.h>
#include <stdio.h>

#include "../preload.h"
#include "descriptors.h"

/* -1 if there is none: a stream in memory. */
static int number_of(FILE *f)
{
	int err = errno, fd = fileno(f);

	errno = err;
	return fd;
}

#define CLOSES(fd, call) ({						\
	int closes_fd = (fd);						\
	__typeof__(call) closes_ret;					\
									\
	descriptors_start();							\
	number_ending(closes_fd, NULL);				\
	closes_ret = (call);						\
	number_ended(closes_fd);					\
	closes_ret;							\
})

#define NEXT(name) do {							\
	if (!next)							\
		next = (__typeof__(next))dlsym(RTLD_NEXT, #name);	\
} while (0)

PRELOAD_TAKEN int fclose(FILE *f)
{
	static int (*next)(FILE *f);

	NEXT(fclose);
	return CLOSES(number_of(f), next(f));
}

PRELOAD_TAKEN int pclose(FILE *f)
{
	static int (*next)(FILE *f);

	NEXT(pclose);
	return CLOSES(number_of(f), next(f));
}

/* The number goes on as another file, or is closed if that fails. */
PRELOAD_TAKEN FILE *freopen(const char *path, const char *mode, FILE *f)
{
	static FILE *(*next)(const char *path, const char *mode, FILE *f);

	NEXT(freopen);
	return CLOSES(number_of(f), next(path, mode, f));
}

PRELOAD_TAKEN FILE *freopen64(const char *path, const char *mode, FILE *f)
{
	static FILE *(*next)(const char *path, const char *mode, FILE *f);

	NEXT(freopen64);
	return CLOSES(number_of(f), next(path, mode, f));
}

PRELOAD_TAKEN int mq_close(mqd_t mq)
{
	static int (*next)(mqd_t mq);

	NEXT(mq_close);
	return CLOSES((int)mq, next(mq));
}
