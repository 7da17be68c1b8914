/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cache.h - a cache of lines, the least recently used of a set goes first
 *
 * A line is a number: an address divided by the size of a line.  Knows no levels,
 * no writing back and no fetching ahead; the lens puts several together.
 */
#ifndef LENS_CACHE_H
#define LENS_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#define CACHE_LINE_BITS	6
#define CACHE_LINE	(1UL << CACHE_LINE_BITS)
#define CACHE_MAX_SIZE	(1UL << 30)
#define CACHE_MAX_WAYS	64

/**
 * struct cache - one cache
 * @lines: for each set its lines, the latest used first; 0 is none, since a line
 *	is kept as its number plus one
 * @sets: how many sets, a power of two
 * @ways: lines of a set
 */
struct cache {
	uint64_t *lines;
	uint64_t sets;
	unsigned int ways;
};

/**
 * cache_parse() - read what a cache is to be
 * @c: filled in, but for its lines
 * @text: SIZE/WAYS, a size in bytes or with K or M, e.g. "32K/8"
 *
 * Return: NULL, or what is wrong with it, for people
 */
const char *cache_parse(struct cache *c, const char *text);

/** cache_open() - an empty cache, as parsed.  Return: false if there is no memory. */
bool cache_open(struct cache *c);

/** cache_close() - give its memory back. */
void cache_close(struct cache *c);

/**
 * cache_use() - a line is used
 * @c: the cache
 * @line: which one
 *
 * Return: true if it was there; else it is now.
 */
static inline bool cache_use(struct cache *c, uint64_t line)
{
	uint64_t *set = c->lines + (line & (c->sets - 1)) * c->ways;
	uint64_t moved = set[0], next;

	line++;
	if (moved == line)
		return true;
	set[0] = line;
	for (unsigned int i = 1; i < c->ways; i++) {
		next = set[i];
		set[i] = moved;
		if (next == line)
			return true;
		moved = next;
	}
	return false;
}

#endif /* LENS_CACHE_H */
