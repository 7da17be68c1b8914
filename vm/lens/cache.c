// SPDX-License-Identifier: GPL-2.0-only
/*
 * cache.c - a cache of lines: what it is to be, and its memory
 *
 * Documented in cache.h.
 */
#include <ctype.h>
#include <stdlib.h>

#include "cache.h"

static const char *const form = "is SIZE/WAYS, e.g. 32K/8";

const char *cache_parse(struct cache *c, const char *text)
{
	unsigned long size, ways;
	char *end;

	if (!isdigit((unsigned char)*text))
		return form;
	size = strtoul(text, &end, 10);
	if (size > CACHE_MAX_SIZE)
		return "is at most 1024M";
	if (*end == 'K' || *end == 'M')
		size <<= *end++ == 'K' ? 10 : 20;
	if (*end++ != '/' || !isdigit((unsigned char)*end))
		return form;
	ways = strtoul(end, &end, 10);
	if (*end)
		return form;
	if (size > CACHE_MAX_SIZE)
		return "is at most 1024M";
	if (ways < 1 || ways > CACHE_MAX_WAYS)
		return "has 1 to 64 ways";
	if (!size || size % (ways * CACHE_LINE))
		return "is no whole number of sets: a size is a multiple of ways times 64 bytes";
	c->ways = (unsigned int)ways;
	c->sets = size / (ways * CACHE_LINE);
	if (c->sets & (c->sets - 1))
		return "has no power of two of sets: they are the size by ways times 64 bytes";
	return NULL;
}

bool cache_open(struct cache *c)
{
	c->lines = calloc(c->sets * c->ways, sizeof(*c->lines));
	return c->lines;
}

void cache_close(struct cache *c)
{
	free(c->lines);
	c->lines = NULL;
}
