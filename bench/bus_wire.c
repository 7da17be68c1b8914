// SPDX-License-Identifier: GPL-2.0-only
/*
 * bus_wire.c - messages of D-Bus, as bytes
 *
 * A header of 16 bytes, an array of fields, each aligned to 8, padding to 8, and the
 * body.  All is little-endian, as this machine and the broker's answers are.
 */
#include <string.h>

#include "bus.h"

#define HEADER	16
#define PATH	1
#define FACE	2
#define MEMBER	3
#define TARGET	6

static size_t aligned(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static void put_u32(char *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static uint32_t get_u32(const char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/* A field is a byte, and a variant: here "o" or "s". */
static size_t put_field(char *out, size_t n, char field, char type, const char *text)
{
	n = aligned(n);
	out[n++] = field;
	out[n++] = 1;
	out[n++] = type;
	out[n++] = 0;
	put_u32(out + n, (uint32_t)strlen(text));
	strcpy(out + n + 4, text);
	return n + 4 + strlen(text) + 1;
}

size_t bus_call(char *out, const char *member, uint32_t serial)
{
	size_t n = HEADER;

	memset(out, 0, BUS_CALL_MAX);
	memcpy(out, "l\1\0\1", 4);
	put_u32(out + 8, serial);
	n = put_field(out, n, PATH, 'o', "/org/freedesktop/DBus");
	n = put_field(out, n, FACE, 's', "org.freedesktop.DBus");
	n = put_field(out, n, MEMBER, 's', member);
	n = put_field(out, n, TARGET, 's', "org.freedesktop.DBus");
	put_u32(out + 12, (uint32_t)(n - HEADER));
	return aligned(n);
}

size_t bus_message(const char *in, size_t n)
{
	size_t size;

	if (n < HEADER)
		return 0;
	size = aligned(HEADER + get_u32(in + 12)) + get_u32(in + 4);
	return n < size ? 0 : size;
}

int bus_type(const char *in)
{
	return in[1];
}
