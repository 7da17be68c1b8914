# SPDX-License-Identifier: GPL-2.0-only
# lib/preload/local.mk - epoll-run, and the libraries that it preloads

bin_PROGRAMS += lib/preload/epoll-run
lib_preload_epoll_run_SOURCES = \
	lib/preload/epoll_run.c \
	lib/preload/program.c lib/preload/program.h
lib_preload_epoll_run_CPPFLAGS = $(AM_CPPFLAGS) -DPKGLIBDIR='"$(pkglibdir)"'

pkglib_LTLIBRARIES += lib/preload/libepollrun.la
lib_preload_libepollrun_la_SOURCES = \
	lib/preload/preload.h \
	lib/preload/raw.c lib/preload/raw.h \
	lib/preload/native.c lib/preload/native.h \
	lib/preload/calls.c \
	lib/preload/device.c lib/preload/device.h \
	lib/preload/stats.c lib/preload/stats.h \
	lib/preload/port.c \
	lib/eventpoll_store.c lib/eventpoll.h
lib_preload_libepollrun_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden -pthread
# Preloaded, never linked with: one file without a version.  -shared: there is no
# use for a static one.
lib_preload_libepollrun_la_LDFLAGS = -module -avoid-version -shared -no-undefined \
	-pthread

# The emulation on /dev/epoll; all but the device itself is used by a test too.
PRELOAD_2002 = \
	lib/preload/preload.h \
	lib/preload/raw.c lib/preload/raw.h \
	lib/preload/native.c lib/preload/native.h \
	lib/preload/calls.c \
	lib/preload/device.c lib/preload/device.h \
	lib/preload/stats.c lib/preload/stats.h \
	lib/preload/2002/set.c lib/preload/2002/set.h \
	lib/preload/2002/numbers.c lib/preload/2002/numbers.h \
	lib/preload/2002/ctl.c \
	lib/preload/2002/deadline.h \
	lib/preload/2002/ask.c \
	lib/preload/2002/collect.c \
	lib/preload/2002/harvest.c \
	lib/preload/2002/wait.c \
	lib/preload/2002/wake.c \
	lib/preload/2002/descriptors.c lib/preload/2002/descriptors.h \
	lib/preload/2002/stream.c \
	lib/preload/2002/polled.c lib/preload/2002/polled.h \
	lib/preload/2002/selected.c \
	lib/preload/2002/fork.c lib/preload/2002/fork.h \
	lib/preload/2002/queue.h

pkglib_LTLIBRARIES += lib/preload/libepollrun-2002.la
lib_preload_libepollrun_2002_la_SOURCES = $(PRELOAD_2002) lib/preload/2002/queue.c
lib_preload_libepollrun_2002_la_CFLAGS = $(lib_preload_libepollrun_la_CFLAGS)
lib_preload_libepollrun_2002_la_LDFLAGS = $(lib_preload_libepollrun_la_LDFLAGS)
