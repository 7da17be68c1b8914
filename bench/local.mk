# SPDX-License-Identifier: GPL-2.0-only
# bench/local.mk - the workloads and the harness that times them

noinst_PROGRAMS += bench/evbench

bench_evbench_SOURCES = \
	bench/evbench.c \
	bench/harness.c bench/harness.h \
	bench/ready.c \
	bench/sources.c bench/sources.h \
	bench/close.c \
	vm/record.c vm/record.h
bench_evbench_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/vm
bench_evbench_LDADD = lib/libevq.la

HOST_TESTS += tests/bench/servers.test
EXTRA_DIST += bench/records.py bench/same.py bench/table.py tests/bench/servers.test
