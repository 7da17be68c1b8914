# SPDX-License-Identifier: GPL-2.0-only
# lib/preload/local.mk - epoll-run, and the libraries that it preloads

bin_PROGRAMS += lib/preload/epoll-run
lib_preload_epoll_run_SOURCES = \
	lib/preload/epoll_run.c \
	lib/preload/program.c lib/preload/program.h
lib_preload_epoll_run_CPPFLAGS = $(AM_CPPFLAGS) -DPKGLIBDIR='"$(pkglibdir)"'

pkglib_LTLIBRARIES += lib/preload/libepollrun.la
lib_preload_libepollrun_la_SOURCES = \
	lib/preload/preload.h lib/preload/raw.h \
	lib/preload/calls.c \
	lib/preload/device.c lib/preload/device.h \
	lib/preload/stats.c lib/preload/stats.h \
	lib/preload/port.c \
	lib/eventpoll.c lib/eventpoll.h
lib_preload_libepollrun_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden -pthread
# Preloaded, never linked with: one file without a version.  -shared: there is no
# use for a static one.
lib_preload_libepollrun_la_LDFLAGS = -module -avoid-version -shared -no-undefined \
	-pthread
