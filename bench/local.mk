# SPDX-License-Identifier: GPL-2.0-only
# bench/local.mk - the workloads and the harness that times them
#
# A workload is a file here, and runs in this order.

noinst_PROGRAMS += bench/evbench

bench_evbench_SOURCES = \
	bench/evbench.c \
	bench/harness.c bench/harness.h \
	bench/kernel_epoll.c bench/kernel_epoll.h \
	bench/queue.c bench/queue.h \
	bench/sources.c bench/sources.h \
	bench/threads.c bench/threads.h \
	bench/ready.c \
	bench/token.c \
	bench/transfer.c \
	bench/churn.c \
	bench/idle.c \
	bench/producers.c \
	bench/oneshot.c \
	bench/mess.c \
	bench/close.c \
	vm/record.c vm/record.h
bench_evbench_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/vm
bench_evbench_LDADD = lib/libevq.la -lpthread

# The same on an evq_wait() that goes wrong: do its workloads notice?
check_PROGRAMS += tests/bench/evbench-lossy
tests_bench_evbench_lossy_SOURCES = $(bench_evbench_SOURCES) tests/bench/lossy.c
tests_bench_evbench_lossy_CPPFLAGS = $(bench_evbench_CPPFLAGS)
tests_bench_evbench_lossy_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=evq_wait
tests_bench_evbench_lossy_LDADD = $(bench_evbench_LDADD)

if HAVE_CHECK
check_PROGRAMS += tests/bench/kernel_epoll-test
HOST_TESTS += tests/bench/kernel_epoll-test
endif
tests_bench_kernel_epoll_test_SOURCES = tests/bench/kernel_epoll-test.c bench/kernel_epoll.c
tests_bench_kernel_epoll_test_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/bench
tests_bench_kernel_epoll_test_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_bench_kernel_epoll_test_LDADD = $(CHECK_LIBS)

HOST_TESTS += tests/bench/evbench.test tests/bench/servers.test
EXTRA_DIST += bench/records.py bench/text.py bench/plot.py bench/table.py bench/same.py \
	tests/bench/evbench.test tests/bench/servers.test
