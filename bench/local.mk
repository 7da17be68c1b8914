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
	bench/wait.c \
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

# The module's ready stores in a program: the very sources, with stand-ins for the
# kernel's headers (tests/host/shim) and Concurrency Kit's locks.
NATIVE_SOURCES = \
	bench/native.c \
	bench/native_core.c bench/native_core.h \
	kmod/eventpoll/ready_llist.c \
	kmod/eventpoll/ready_multipass.c \
	kmod/eventpoll/ready_ovflist.c \
	kmod/eventpoll/ready_ovflist26.c \
	kmod/eventpoll/ready_rwlock.c \
	kmod/eventpoll/ready_singlepass.c \
	kmod/eventpoll/ready_wfcqueue.c \
	kmod/eventpoll/ready_wfcqueue_idle.c
NATIVE_CPPFLAGS = -I$(srcdir)/tests/host/shim -I$(srcdir)/kmod/eventpoll -I$(srcdir)/kmod $(AM_CPPFLAGS) \
	-I$(srcdir)/bench
NATIVE_CFLAGS = $(AM_CFLAGS) -Wno-unused-parameter -fno-strict-aliasing -pthread

if HAVE_CK
noinst_PROGRAMS += bench/native
check_PROGRAMS += bench/native-tsan
HOST_TESTS += tests/bench/native.test
endif
bench_native_SOURCES = $(NATIVE_SOURCES)
bench_native_CPPFLAGS = $(NATIVE_CPPFLAGS)
bench_native_CFLAGS = $(NATIVE_CFLAGS)
bench_native_LDFLAGS = -pthread
bench_native_tsan_SOURCES = $(NATIVE_SOURCES)
bench_native_tsan_CPPFLAGS = $(NATIVE_CPPFLAGS)
bench_native_tsan_CFLAGS = $(NATIVE_CFLAGS) -fsanitize=thread
bench_native_tsan_LDFLAGS = -fsanitize=thread -pthread

EXTRA_DIST += tests/bench/native.test tests/bench/native.supp \
	kmod/eventpoll/ready.h kmod/eventpoll/ready_lists.h kmod/eventpoll/ready_wfcq.h \
	kmod/eventpoll/wfcq.h

HOST_TESTS += tests/bench/evbench.test tests/bench/servers.test
EXTRA_DIST += bench/records.py bench/text.py bench/plot.py bench/table.py bench/same.py \
	tests/bench/evbench.test tests/bench/servers.test
