// SPDX-License-Identifier: GPL-2.0-only
/*
 * fdinfo.c - suite fdinfo: what /proc/PID/fdinfo tells of a set
 */

#include "guest.h"

static const char *const lines[] = {
	"capacity", "items", "version", "filling", "events", "switches",
	"shared",
};

GUEST_TEST(fdinfo, lines, 10,
	   "a set shows capacity, items, version, filling, events, switches and shared, also before EP_ALLOC")
{
	int fd = guest_device();

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		ck_assert_msg(guest_fdinfo(fd, lines[i]) >= 0,
			      "no line '%s:' with a number", lines[i]);
	GUEST_RETURNS(guest_fdinfo(fd, "capacity"), 0);
	GUEST_RETURNS(guest_fdinfo(fd, "items"), 0);
	GUEST_RETURNS(guest_fdinfo(fd, "events"), 0);
	GUEST_RETURNS(guest_fdinfo(fd, "switches"), 0);
}

GUEST_TEST(fdinfo, capacity, 10, "capacity is the slots of a half")
{
	struct evset s;

	evset_open(&s, 1000);
	GUEST_RETURNS(evset_info(&s, "capacity"), 1024);
	evset_unmap(&s);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
	GUEST_RETURNS(evset_info(&s, "capacity"), 0);
}

GUEST_TEST(fdinfo, items, 10,
	   "items counts the watched files: up with an add, down with a removal and a close, not with a change")
{
	struct evset s;
	int a = guest_eventfd(), b = guest_eventfd();

	evset_open(&s, 8);
	evset_add(&s, a, POLLIN);
	evset_add(&s, b, POLLIN);
	evset_add(&s, b, POLLOUT);
	GUEST_RETURNS(evset_info(&s, "items"), 2);
	evset_del(&s, a);
	GUEST_RETURNS(evset_info(&s, "items"), 1);
	close(b);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
}

GUEST_TEST(fdinfo, events, 10,
	   "events counts the slots in the half that is being filled")
{
	struct evset s;
	int a = guest_eventfd(), b = guest_eventfd();

	evset_open(&s, 8);
	evset_add(&s, a, POLLIN);
	evset_add(&s, b, POLLIN);
	guest_put(a);
	guest_put(a);
	GUEST_RETURNS(evset_info(&s, "events"), 1);
	guest_put(b);
	GUEST_RETURNS(evset_info(&s, "events"), 2);
	evset_del(&s, a);
	GUEST_RETURNS(evset_info(&s, "events"), 1);
	evset_expect(&s, b, POLLIN);
	GUEST_RETURNS(evset_info(&s, "events"), 0);
}

GUEST_TEST(fdinfo, switches, 20,
	   "a switch adds 1 to version and to switches and changes filling; nothing else does")
{
	struct evset s;
	int fd = guest_eventfd();
	long version, filling, i;

	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN);
	version = evset_info(&s, "version");
	filling = evset_info(&s, "filling");
	for (i = 0; i < 7; i++) {
		struct evpoll evp = { .ep_timeout = 0 };

		GUEST_RETURNS(evset_info(&s, "switches"), i);
		GUEST_RETURNS(evset_info(&s, "version"), version + i);
		GUEST_RETURNS(evset_info(&s, "filling"), filling);
		evset_none(&s);
		guest_put(fd);
		GUEST_RETURNS(evset_info(&s, "switches"), i);
		GUEST_RETURNS(ioctl(s.fd, EP_POLL, &evp), 1);
		/* What was filled is what is read now. */
		ck_assert_uint_eq(evp.ep_resoff, filling * s.size / 2);
		filling = !filling;
	}
}

GUEST_TEST(fdinfo, filling_half_can_be_seen, 10,
	   "the slot of an event is in the half that fdinfo names, before any EP_POLL")
{
	const struct pollfd *slot;
	struct evset s;
	int fd = guest_eventfd();

	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN);
	guest_put(fd);
	slot = (const struct pollfd *)(s.map + evset_info(&s, "filling") *
				       s.size / 2);
	ck_assert_int_eq(slot->fd, fd);
	ck_assert_int_eq(slot->events, POLLIN);
	ck_assert_int_eq(slot->revents, POLLIN);
}

GUEST_TEST(fdinfo, pinned, 10,
	   "pinned is the memory of the set in kB, user-pinned that of all sets: slots, owners and hash")
{
	/* The control page of a shared set, which stays through EP_FREE. */
	const long control = guest_takes ? EP_CONTROL_SIZE / 1024 : 0;
	int fd = guest_device();
	long before = guest_fdinfo(fd, "user-pinned");
	struct evset s;

	GUEST_RETURNS(guest_fdinfo(fd, "pinned"), 1);
	evset_open(&s, 100);
	GUEST_RETURNS(evset_info(&s, "pinned"), 15 + control);
	GUEST_RETURNS(evset_info(&s, "user-pinned") - before, 15 + control);
	evset_unmap(&s);
	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 131072), 0);
	/* 16 bytes of slots, 8 of owner, 4 of hash for each, and the pages' addresses. */
	GUEST_RETURNS(evset_info(&s, "pinned"), 131072 * 28 / 1024 + 4 + control);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
	GUEST_RETURNS(evset_info(&s, "pinned"), 1 + control);
	close(s.fd);
	GUEST_RETURNS(guest_fdinfo(fd, "user-pinned"), before);
}

static void *read_info(void *arg)
{
	struct evset *s = arg;

	for (int i = 0; i < guest_rounds(300); i++)
		for (size_t j = 0; j < sizeof(lines) / sizeof(*lines); j++)
			evset_info(s, lines[j]);
	return NULL;
}

GUEST_TEST(fdinfo, under_fire, 90,
	   "fdinfo can be read while events come, files are added and the halves are switched")
{
	struct guest_fire f;
	struct evset s;
	pthread_t t;
	int p[2];

	evset_open(&s, 8);
	guest_pipe(p);
	guest_fire_start(&f, guest_eventfd());
	evset_add(&s, f.fd, POLLIN);
	t = guest_thread(read_info, &s);
	for (int i = 0; i < guest_rounds(2000); i++) {
		evset_wait(&s, 0, NULL);
		evset_add(&s, p[0], POLLIN);
		evset_del(&s, p[0]);
	}
	guest_join(t);
	guest_fire_stop(&f);
	GUEST_RETURNS(evset_info(&s, "items"), 1);
}
