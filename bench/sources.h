/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sources.h - many descriptors of one kind that can be made ready
 */
#ifndef BENCH_SOURCES_H
#define BENCH_SOURCES_H

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

/* Bytes of a message: what an eventfd takes, so that all kinds take it. */
#define MESSAGE 8

/* How long a source may need to become readable: TCP goes through softirq. */
#define PATIENCE_MS 2000

/**
 * struct source - a descriptor and the way to make it ready
 * @watched: becomes readable ..
 * @feed: .. when a message is written here; the same one for an eventfd
 */
struct source {
	int watched;
	int feed;
};

/**
 * struct sources - all of them
 * @s: the sources
 * @n: how many
 * @by_fd: index in @s of a watched descriptor, or -1
 * @n_fd: length of @by_fd
 */
struct sources {
	struct source *s;
	long n;
	long *by_fd;
	long n_fd;
};

/* Kinds that a workload asks for itself, as sources_kind() counts them. */
enum { SOURCES_PIPE = 1, SOURCES_EVENTFD, SOURCES_TCP };

/** sources_kind() - the name of kind @i, NULL behind the last. */
const char *sources_kind(size_t i);

/**
 * sources_open() - make sources
 * @all: to be filled in, and freed by sources_close() even after a failure
 * @kind: as in sources_kind()
 * @n: how many
 *
 * Return: NULL, or what went wrong.
 */
const char *sources_open(struct sources *all, size_t kind, long n);

/** sources_close() - close all. */
void sources_close(struct sources *all);

/** source_feed() - write a message to @s; 0, or -1 if it does not go in whole.  Inline,
 *  since the write alone is to be timed.
 */
static inline int source_feed(const struct source *s)
{
	static const uint64_t message = 1;

	return write(s->feed, &message, MESSAGE) == MESSAGE ? 0 : -1;
}

/** source_drain() - read the one message of @s; 0, or -1 if it is not there. */
int source_drain(const struct source *s);

/** sources_flush() - throw away what a failed round left behind. */
void sources_flush(const struct sources *all);

#endif /* BENCH_SOURCES_H */
