# SPDX-License-Identifier: GPL-2.0-only
# bench/local.mk - the workloads and the harness that times them
#
# A workload is a file here, and runs in this order.

bin_PROGRAMS += bench/evbench

bench_evbench_SOURCES = \
	bench/evbench.c \
	bench/harness.c bench/harness.h \
	bench/sources.c bench/sources.h \
	bench/ready.c \
	bench/close.c \
	vm/record.c vm/record.h
bench_evbench_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/vm
bench_evbench_LDADD = lib/libevq.la

HOST_TESTS += tests/bench/evbench.test tests/bench/servers.test
EXTRA_DIST += bench/records.py bench/text.py bench/plot.py bench/table.py bench/same.py \
	tests/bench/evbench.test tests/bench/servers.test
