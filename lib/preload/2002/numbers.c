// SPDX-License-Identifier: GPL-2.0-only
/*
 * numbers.c - what is known of each descriptor number
 *
 * Two levels: a block of 256 numbers is made when the first of them is noted.  A
 * block, once there, stays; two threads that make the same one agree by
 * compare-and-exchange.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../raw.h"
#include "numbers.h"

#define BLOCK	256
#define BLOCKS	65536	/* 16 million descriptors: more than fs.nr_open allows */

/* Above the numbers that programs use, below the usual limit of 1024. */
#define HIDDEN	900

static struct number *blocks[BLOCKS];

struct number *number_find(int fd)
{
	struct number *block;

	if (fd < 0 || fd >= BLOCK * BLOCKS)
		return NULL;
	block = __atomic_load_n(&blocks[fd / BLOCK], __ATOMIC_ACQUIRE);
	return block ? &block[fd % BLOCK] : NULL;
}

struct number *number_get(int fd)
{
	struct number *block, *none = NULL;

	if (fd < 0 || fd >= BLOCK * BLOCKS)
		return NULL;
	if (!blocks[fd / BLOCK]) {
		block = mmap(NULL, BLOCK * sizeof(*block), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (block == MAP_FAILED)
			return NULL;
		if (!__atomic_compare_exchange_n(&blocks[fd / BLOCK], &none, block,
						 false, __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE))
			munmap(block, BLOCK * sizeof(*block));
	}
	return number_find(fd);
}

static long next(long fd, long last, bool (*wanted)(const struct number *n))
{
	for (; fd <= last && fd < (long)BLOCK * BLOCKS; fd++) {
		struct number *n = number_find((int)fd);

		if (!n)
			fd |= BLOCK - 1;		/* none of this block */
		else if (wanted(n))
			return fd;
	}
	return -1;
}

static bool names_or_ours(const struct number *n)
{
	return n->set || n->internal;
}

static bool is_watched(const struct number *n)
{
	return n->watched;
}

long number_next(long fd, long last)
{
	return next(fd, last, names_or_ours);
}

long number_next_watched(long fd, long last)
{
	return next(fd, last, is_watched);
}

int number_hide(int fd)
{
	long high = raw3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, HIDDEN);
	struct number *n;

	if (high >= 0) {
		raw1(SYS_close, fd);
		fd = (int)high;
	}
	n = number_get(fd);
	if (!n) {
		raw1(SYS_close, fd);
		return -ENOMEM;
	}
	n->internal = true;
	return fd;
}

void number_unhide(int fd)
{
	struct number *n = number_find(fd);

	if (n)
		n->internal = false;
	raw1(SYS_close, fd);
}

static long my_pid;

void numbers_renew(void)
{
	my_pid = raw1(SYS_getpid, 0);
}

bool numbers_are_ours(void)
{
	return raw1(SYS_getpid, 0) == my_pid;
}
