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
	vm/record.c vm/record.h vm/lens/mark.h
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

HOST_TESTS += tests/bench/evbench.test tests/bench/servers.test tests/bench/lens.test
EXTRA_DIST += bench/records.py bench/text.py bench/plot.py bench/table.py bench/same.py \
	tests/bench/evbench.test tests/bench/servers.test tests/bench/lens.test

# The lens is QEMU's, and vm/lens-build builds it; its parts are tested here, and all
# of it by a stand-in for QEMU, with the interface of 7.2 and of 10.

EXTRA_DIST += bench/lens.py bench/caches.py bench/profile_table.py bench/symbols.py \
	bench/flame.py vm/lens/lens.c vm/lens/qemu_plugin.h

check_PROGRAMS += tests/bench/standin tests/bench/standin4
tests_bench_standin_SOURCES = tests/bench/standin.c vm/lens/qemu_plugin.h
tests_bench_standin_CPPFLAGS = -I$(srcdir)/vm -DSTANDIN_API=1
tests_bench_standin_LDFLAGS = -rdynamic
tests_bench_standin4_SOURCES = $(tests_bench_standin_SOURCES)
tests_bench_standin4_CPPFLAGS = -I$(srcdir)/vm -DSTANDIN_API=4
tests_bench_standin4_LDFLAGS = -rdynamic

if HAVE_CHECK
check_PROGRAMS += tests/bench/test_lens
HOST_TESTS += tests/bench/test_lens
endif

tests_bench_test_lens_SOURCES = tests/bench/test_lens.c \
	vm/lens/cache.c vm/lens/cache.h vm/lens/calls.c vm/lens/calls.h \
	vm/lens/insn.c vm/lens/insn.h vm/lens/mark.h \
	tests/host/host.c tests/host/host.h
tests_bench_test_lens_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/vm/lens -I$(srcdir)/tests/host
tests_bench_test_lens_CFLAGS = $(HOST_CFLAGS)
tests_bench_test_lens_LDFLAGS = $(HOST_SANITIZE)
tests_bench_test_lens_LDADD = $(CHECK_LIBS)
