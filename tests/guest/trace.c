// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace.c - the tracepoints under events/devepoll/
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "modules.h"

/* The trace, from here on empty, with all of ours switched on. */
static void trace_begin(void)
{
	if (trace_set("events/devepoll/enable", "1") == -ENOENT)
		ck_abort_msg("tracefs has no events/devepoll");
	GUEST_RETURNS(trace_set("trace", "\n"), 0);
	GUEST_RETURNS(trace_set("tracing_on", "1"), 0);
}

static void trace_end(void)
{
	GUEST_RETURNS(trace_set("events/devepoll/enable", "0"), 0);
}

/*
 * The text after "@event: " in its @nth line, from 0; or NULL.
 */
static const char *line_of(const char *event, int nth)
{
	static char copy[256];
	const char *text = trace_read("trace");
	char name[64], *end;

	snprintf(name, sizeof(name), " %s: ", event);
	for (text = strstr(text, name); text && nth--; )
		text = strstr(text + 1, name);
	if (!text)
		return NULL;
	snprintf(copy, sizeof(copy), "%s", text + strlen(name));
	end = strchr(copy, '\n');
	if (end)
		*end = '\0';
	return copy;
}

static int count_of(const char *event)
{
	int n = 0;

	while (line_of(event, n))
		n++;
	return n;
}

/* The number behind "@field=" of a line. */
static long field(const char *line, const char *name)
{
	char key[32];
	const char *at;

	snprintf(key, sizeof(key), " %s=", name);
	at = strstr(line, key);
	ck_assert_msg(at, "no field '%s' in '%s'", name, line);
	return strtol(at + strlen(key), NULL, 0);
}

static void expect(const char *event, int nth, const char *name, long value)
{
	const char *line = line_of(event, nth);

	ck_assert_msg(line, "expected line %d of %s, there is none", nth, event);
	ck_assert_msg(field(line, name) == value,
		      "%s: expected %s=%ld, got '%s'", event, name, value, line);
}

GUEST_TEST(trace, items, 60,
	   "add, change, remove and the close of a watched file each make their line")
{
	struct evset s;
	int p[2], q[2];

	evset_open(&s, 8);
	guest_pipe(p);
	guest_pipe(q);
	trace_begin();
	evset_add(&s, p[0], POLLIN);
	evset_add(&s, p[0], POLLIN | POLLHUP);
	evset_add(&s, q[0], POLLIN | POLLPRI);
	evset_del(&s, p[0]);
	close(q[0]);
	trace_end();
	GUEST_RETURNS(count_of("devepoll_add"), 2);
	expect("devepoll_add", 0, "fd", p[0]);
	expect("devepoll_add", 0, "events", POLLIN);
	expect("devepoll_add", 1, "fd", q[0]);
	GUEST_RETURNS(count_of("devepoll_change"), 1);
	expect("devepoll_change", 0, "fd", p[0]);
	expect("devepoll_change", 0, "events", POLLIN | POLLHUP);
	GUEST_RETURNS(count_of("devepoll_remove"), 1);
	expect("devepoll_remove", 0, "fd", p[0]);
	GUEST_RETURNS(count_of("devepoll_closed"), 1);
	expect("devepoll_closed", 0, "fd", q[0]);
	expect("devepoll_closed", 0, "events", POLLIN | POLLPRI);
}

GUEST_TEST(trace, notify, 60,
	   "each event that reaches a slot is a line with fd, bits, slot and version")
{
	struct evset s;
	int p[2], q[2];
	long version;

	evset_open(&s, 8);
	guest_pipe(p);
	guest_pipe(q);
	evset_add(&s, p[0], POLLIN);
	evset_add(&s, q[0], POLLIN | POLLHUP);
	version = evset_info(&s, "version");
	trace_begin();
	guest_put(p[1]);
	guest_put(q[1]);
	guest_put(p[1]);	/* adds nothing, and is not told */
	GUEST_RETURNS(evset_wait(&s, GUEST_WAIT_MS, NULL), 2);
	guest_drain(q[0]);
	close(q[1]);
	evset_expect(&s, q[0], POLLHUP);
	trace_end();
	GUEST_RETURNS(count_of("devepoll_notify"), 3);
	expect("devepoll_notify", 0, "fd", p[0]);
	expect("devepoll_notify", 0, "bits", POLLIN);
	expect("devepoll_notify", 0, "slot", 0);
	expect("devepoll_notify", 0, "version", version);
	expect("devepoll_notify", 1, "fd", q[0]);
	expect("devepoll_notify", 1, "slot", 1);
	expect("devepoll_notify", 2, "fd", q[0]);
	expect("devepoll_notify", 2, "bits", POLLHUP);
	expect("devepoll_notify", 2, "slot", 0);
	expect("devepoll_notify", 2, "version", version + 1);
}

GUEST_TEST(trace, switches, 60,
	   "each switch is a line with the slots, the half handed out and the new version")
{
	struct evset s;
	int p[2], i;
	long filling, version;

	evset_pipe(&s, p, POLLIN);
	filling = evset_info(&s, "filling");
	version = evset_info(&s, "version");
	trace_begin();
	for (i = 0; i < 3; i++) {
		guest_put(p[1]);
		evset_expect(&s, p[0], POLLIN);
		evset_none(&s);
	}
	trace_end();
	GUEST_RETURNS(count_of("devepoll_switch"), 3);
	for (i = 0; i < 3; i++) {
		expect("devepoll_switch", i, "n", 1);
		expect("devepoll_switch", i, "half", (filling + i) % 2);
		expect("devepoll_switch", i, "version", version + 1 + i);
	}
}

GUEST_TEST(trace, endings, 60,
	   "EP_FREE and the end of an instance are one line for each descriptor")
{
	struct evset s;
	int i;

	evset_open(&s, 8);
	trace_begin();
	for (i = 0; i < 5; i++)
		evset_add(&s, guest_eventfd(), POLLIN);
	evset_unmap(&s);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
	GUEST_RETURNS(count_of("devepoll_remove"), 5);
	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 8), 0);
	for (i = 0; i < 3; i++)
		evset_add(&s, guest_eventfd(), POLLIN);
	close(s.fd);
	trace_end();
	GUEST_RETURNS(count_of("devepoll_remove"), 8);
	GUEST_RETURNS(count_of("devepoll_closed"), 0);
}

GUEST_TEST(trace, quiet, 60,
	   "what is refused and what changes nothing makes no line")
{
	struct evset s;
	int p[2];

	evset_open(&s, 8);
	guest_pipe(p);
	trace_begin();
	GUEST_RETURNS(evset_ctl(&s, s.fd, POLLIN), -EINVAL);
	GUEST_RETURNS(evset_ctl(&s, guest_null(), POLLIN), -EPERM);
	evset_del(&s, p[0]);
	guest_put(p[1]);
	evset_none(&s);
	close(p[0]);
	trace_end();
	GUEST_RETURNS(count_of("devepoll_add"), 0);
	GUEST_RETURNS(count_of("devepoll_remove"), 0);
	GUEST_RETURNS(count_of("devepoll_notify"), 0);
	GUEST_RETURNS(count_of("devepoll_switch"), 0);
	GUEST_RETURNS(count_of("devepoll_closed"), 0);
}

GUEST_TEST(trace, one_at_a_time, 60,
	   "each tracepoint can be switched on alone, under events")
{
	static const char *const event[] = {
		"devepoll_add", "devepoll_change", "devepoll_remove",
		"devepoll_closed", "devepoll_notify", "devepoll_switch",
	};
	struct guest_fire f;
	struct evset s;
	char file[96];
	int fd, p[2], i, j;

	evset_open(&s, 8);
	fd = guest_eventfd();
	evset_add(&s, fd, POLLIN);
	guest_fire_start(&f, fd);
	for (i = 0; i < 6; i++) {
		GUEST_RETURNS(trace_set("trace", "\n"), 0);
		snprintf(file, sizeof(file), "events/devepoll/%s/enable", event[i]);
		GUEST_RETURNS(trace_set(file, "1"), 0);
		guest_pipe(p);
		evset_add(&s, p[0], POLLIN);
		evset_add(&s, p[0], POLLIN | POLLHUP);
		evset_del(&s, p[0]);
		evset_add(&s, p[0], POLLIN);
		close(p[0]);
		close(p[1]);
		ck_assert_int_gt(evset_wait(&s, GUEST_WAIT_MS, NULL), 0);
		/* The next event begins a version of its own. */
		ck_assert_int_gt(evset_wait(&s, GUEST_WAIT_MS, NULL), 0);
		GUEST_RETURNS(trace_set(file, "0"), 0);
		for (j = 0; j < 6; j++)
			ck_assert_msg((count_of(event[j]) > 0) == (i == j),
				      "with %s on: %d lines of %s", event[i],
				      count_of(event[j]), event[j]);
	}
	guest_fire_stop(&f);
}
