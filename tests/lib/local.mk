# SPDX-License-Identifier: GPL-2.0-only
# tests/lib/local.mk - tests of the library, on the host and in a guest

LIB_TESTS = tests/lib/evq-test tests/lib/epoll2002-test tests/lib/eventpoll-test

if HAVE_CHECK
check_PROGRAMS += $(LIB_TESTS)
HOST_TESTS += $(LIB_TESTS)
endif

tests_lib_evq_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_lib_evq_test_LDADD = lib/libevq.la $(CHECK_LIBS)

tests_lib_epoll2002_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_lib_epoll2002_test_LDADD = lib/libevq.la $(CHECK_LIBS)

tests_lib_eventpoll_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_lib_eventpoll_test_LDADD = lib/libevq.la $(CHECK_LIBS)
