// SPDX-License-Identifier: GPL-2.0-only
/*
 * draw.c - the two halves of the mapping, side by side
 *
 * Documented in reader.h.  What is drawn is what is in the mapping: the slots
 * are read there and nowhere else.  Which half is whose, and how many slots of
 * the kernel's half count, is what the kernel tells in fdinfo.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "reader.h"

#define CELL 36

static const struct {
	short bit;
	const char *name;
} bits[] = {
	{ POLLIN, "IN" }, { POLLPRI, "PRI" }, { POLLOUT, "OUT" },
	{ POLLERR, "ERR" }, { POLLHUP, "HUP" }, { POLLNVAL, "NVAL" },
	{ POLLRDNORM, "RDNORM" }, { POLLRDBAND, "RDBAND" },
	{ POLLWRNORM, "WRNORM" }, { POLLWRBAND, "WRBAND" },
};

#define N_BITS (sizeof(bits) / sizeof(bits[0]))

static const char *names_of(short events, char *text, size_t size)
{
	size_t len = 0;

	text[0] = 0;
	for (size_t i = 0; i < N_BITS && len < size; i++)
		if (events & bits[i].bit)
			len += (size_t)snprintf(text + len, size - len, "%s%s",
						len ? "|" : "", bits[i].name);
	return text;
}

static void slot_text(const struct reader *r, long half, long slot, char *text,
		      size_t size)
{
	struct pollfd at = reader_half(r, half)[slot];
	char wanted[80], got[80];

	snprintf(text, size, "%4ld %4d %-5s %-10s %s", slot, at.fd,
		 reader_called(r, at.fd),
		 names_of(at.events, wanted, sizeof(wanted)),
		 names_of(at.revents, got, sizeof(got)));
}

static void row(const char *left, const char *right)
{
	printf("  %-*.*s | %.*s\n", CELL, CELL, left, CELL, right);
}

static long rows_that_fit(void)
{
	struct winsize ws;

	if (isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) &&
	    ws.ws_row > 16)
		return ws.ws_row - 12;
	return 12;
}

static const char *owner(const struct reader *r, long half)
{
	if (half == r->filling)
		return "THE KERNEL FILLS IT";
	return half == r->reading ? "the program reads it" : "not used yet";
}

void draw(struct reader *r)
{
	const char *heading = "slot   fd name  events     revents";
	char title[2][64], cell[2][128];
	long used[2], rows, fit = rows_that_fit();

	reader_look(r);
	for (int half = 0; half < 2; half++) {
		used[half] = reader_slots(r, half);
		snprintf(title[half], sizeof(title[half]), "half %d: %s", half,
			 owner(r, half));
	}
	printf("  items %ld of %ld, version %ld, switches %ld, slots in the kernel's half %ld\n\n",
	       r->items, r->capacity, r->version, r->switches, r->n_filling);
	row(title[0], title[1]);
	row(heading, heading);
	row("------------------------------------",
	    "------------------------------------");
	rows = used[0] > used[1] ? used[0] : used[1];
	for (long slot = 0; slot < rows && slot < fit; slot++) {
		for (int half = 0; half < 2; half++) {
			cell[half][0] = 0;
			if (slot < used[half])
				slot_text(r, half, slot, cell[half],
					  sizeof(cell[half]));
		}
		row(cell[0], cell[1]);
	}
	if (!rows)
		row("   (no slots)", "   (no slots)");
	else if (rows > fit)
		printf("  .. and more: %ld slots in half 0, %ld in half 1\n",
		       used[0], used[1]);
	fflush(stdout);
}

static void json_bits(const char *key, short events)
{
	const char *comma = "";

	printf(",\"%s\":[", key);
	for (size_t i = 0; i < N_BITS; i++) {
		if (!(events & bits[i].bit))
			continue;
		printf("%s\"%s\"", comma, bits[i].name);
		comma = ",";
	}
	putchar(']');
}

static void json_half(const struct reader *r, const char *key, long half)
{
	long used = half < 0 ? 0 : reader_slots(r, half);

	printf(",\"%s\":{\"half\":%ld,\"slots\":[", key, half);
	for (long slot = 0; slot < used; slot++) {
		struct pollfd at = reader_half(r, half)[slot];

		printf("%s{\"slot\":%ld,\"fd\":%d,\"name\":\"%s\"",
		       slot ? "," : "", slot, at.fd, reader_called(r, at.fd));
		json_bits("events", at.events);
		json_bits("revents", at.revents);
		putchar('}');
	}
	fputs("]}", stdout);
}

void draw_json(struct reader *r)
{
	reader_look(r);
	printf("{\"switch\":%ld,\"version\":%ld,\"items\":%ld,\"capacity\":%ld",
	       r->switches, r->version, r->items, r->capacity);
	if (r->control)
		printf(",\"by\":\"%s\"", r->took ? "take" : "EP_POLL");
	json_half(r, "reading", r->reading);
	json_half(r, "filling", r->filling);
	puts("}");
	fflush(stdout);
}

static volatile bool live;

void live_begin(void)
{
	live = true;
	fputs("\033[?25l", stdout);
	live_home();
	fflush(stdout);
}

void live_home(void)
{
	fputs("\033[H\033[J", stdout);
}

void live_end(void)
{
	static const char show_cursor[] = "\033[?25h";

	if (!live)
		return;
	live = false;
	if (write(STDOUT_FILENO, show_cursor, sizeof(show_cursor) - 1) < 0)
		return;
}
