/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * test_ep_pages.h - what the unit tests of ep_pages share
 *
 * Entry i has descriptor 1000 + i and asks for IN, OUT, ERR and HUP.  Tests
 * begin without pages or with three a half; in the end nothing may be left.
 */
#ifndef TESTS_TEST_EP_PAGES_H
#define TESTS_TEST_EP_PAGES_H

#include <check.h>
#include <poll.h>

#include "alloc.h"
#include "ep_pages.h"
#include "host.h"

#define PER_PAGE	512
#define ENTRIES		(3 * PER_PAGE + 1)
#define FD(i)		(1000 + (int)(i))
#define ASKED		(POLLIN | POLLOUT | POLLERR | POLLHUP)

extern struct ep_pages p;
extern struct ep_slot s[ENTRIES];

void pages_setup(void);
void pages_setup_three(void);
void pages_teardown(void);

/** grow_to() - to so many pages in a half. */
void grow_to(u32 numpages);

/** post_each() - an event IN for entries @from .. @to - 1, all of them new. */
void post_each(u32 from, u32 to);

/** slot_at() - slot @k of a half. */
struct pollfd *slot_at(u32 half, u32 k);

/** check_slots() - taken are just as many, with all invariants. */
void check_slots(u32 count);

/** check_slot() - slot @k of the filling half is entry @i's and says this. */
void check_slot(u32 k, u32 i, short events, short revents);

/** add_switch_tests() - test_ep_switch.c: other masks, the switch. */
void add_switch_tests(Suite *suite);

/** add_memory_tests() - test_ep_memory.c: initialisation, growth, the end. */
void add_memory_tests(Suite *suite);

#endif /* TESTS_TEST_EP_PAGES_H */
