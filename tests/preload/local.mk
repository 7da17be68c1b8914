# SPDX-License-Identifier: GPL-2.0-only
# tests/preload/local.mk - tests of the preload libraries

HOST_TESTS += tests/preload/epoll-run.test
EXTRA_DIST += tests/preload/epoll-run.test tests/preload/standin.test \
	tests/preload/with_python.py tests/preload/in_debian tests/preload/selftest \
	tests/preload/devepoll.cannot \
	tests/preload/edges.cannot
if HAVE_CHECK
HOST_TESTS += tests/preload/standin.test
endif

# The emulation on a stand-in for the device, for any machine.
check_LTLIBRARIES += tests/preload/standin.la
tests_preload_standin_la_SOURCES = $(PRELOAD_2002) tests/preload/queue_epoll.c
tests_preload_standin_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/lib/preload
tests_preload_standin_la_CFLAGS = $(lib_preload_libepollrun_la_CFLAGS)
# An -rpath, or libtool makes an archive of it; it is never installed.
tests_preload_standin_la_LDFLAGS = $(lib_preload_libepollrun_la_LDFLAGS) \
	-rpath /nonexistent

# Runs a program where a system call is missing.
check_PROGRAMS += tests/preload/sandbox
tests_preload_sandbox_SOURCES = tests/preload/sandbox.c

# Programs for epoll-run.  Never static: nothing could be preloaded.
check_PROGRAMS += tests/preload/jail tests/preload/with_uring tests/preload/cancelled
tests_preload_jail_SOURCES = tests/preload/jail.c
tests_preload_jail_LDFLAGS =
tests_preload_with_uring_SOURCES = tests/preload/with_uring.c
tests_preload_with_uring_LDFLAGS =
# With the project's library in it, and with what unwinds a thread, which the C library
# looks for when it is needed.
tests_preload_cancelled_SOURCES = tests/preload/cancelled.c
tests_preload_cancelled_CFLAGS = $(AM_CFLAGS) -pthread
tests_preload_cancelled_LDFLAGS = -static -pthread \
	-Wl,--push-state,--no-as-needed,-lgcc_s,--pop-state
tests_preload_cancelled_LDADD = lib/libevq.la

# One story with each event library.
SCENARIO = tests/preload/scenario.c tests/preload/scenario.h

if HAVE_LIBEVENT
check_PROGRAMS += tests/preload/with_libevent
endif
tests_preload_with_libevent_SOURCES = tests/preload/with_libevent.c $(SCENARIO)
tests_preload_with_libevent_CFLAGS = $(AM_CFLAGS) $(LIBEVENT_CFLAGS)
tests_preload_with_libevent_LDFLAGS =
tests_preload_with_libevent_LDADD = $(LIBEVENT_LIBS)

if HAVE_LIBEV
check_PROGRAMS += tests/preload/with_libev
endif
tests_preload_with_libev_SOURCES = tests/preload/with_libev.c $(SCENARIO)
# its header takes liberties with aliases
tests_preload_with_libev_CFLAGS = $(AM_CFLAGS) -fno-strict-aliasing -Wno-strict-aliasing
tests_preload_with_libev_LDFLAGS =
tests_preload_with_libev_LDADD = -lev

if HAVE_LIBUV
check_PROGRAMS += tests/preload/with_libuv
endif
tests_preload_with_libuv_SOURCES = tests/preload/with_libuv.c $(SCENARIO)
tests_preload_with_libuv_CFLAGS = $(AM_CFLAGS) $(LIBUV_CFLAGS)
tests_preload_with_libuv_LDFLAGS =
tests_preload_with_libuv_LDADD = $(LIBUV_LIBS)
