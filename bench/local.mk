# SPDX-License-Identifier: GPL-2.0-only
# bench/local.mk - the workloads and the harness that times them
#
# A workload is a file here, and runs in this order.

bin_PROGRAMS += bench/evbench

bench_evbench_SOURCES = \
	bench/evbench.c \
	bench/harness.c bench/harness.h bench/laps.h \
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
	bench/unwatched.c \
	vm/record.c vm/record.h vm/lens/mark.h
bench_evbench_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/vm
bench_evbench_LDADD = lib/libevq.la -lpthread

# A D-Bus broker and its clients: "lab stall".
noinst_PROGRAMS += bench/bus
bench_bus_SOURCES = bench/bus.c bench/bus.h bench/bus_daemon.c bench/bus_wire.c

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
# kernel's headers (bench/shim, and tests/host/shim for the rest) and Concurrency Kit's locks.
NATIVE_SOURCES = \
	bench/native.c \
	bench/native_core.c bench/native_core.h \
	bench/native_rounds.c bench/native_rounds.h \
	kmod/eventpoll/ready_llist.c \
	kmod/eventpoll/ready_multipass.c \
	kmod/eventpoll/ready_ovflist.c \
	kmod/eventpoll/ready_ovflist26.c \
	kmod/eventpoll/ready_rwlock.c \
	kmod/eventpoll/ready_singlepass.c \
	kmod/eventpoll/ready_wfcqueue.c \
	kmod/eventpoll/ready_wfcqueue_idle.c
NATIVE_CPPFLAGS = -I$(srcdir)/bench/shim -I$(srcdir)/tests/host/shim -I$(srcdir)/kmod/eventpoll -I$(srcdir)/kmod $(AM_CPPFLAGS) \
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
	bench/shim/asm/barrier.h bench/shim/linux/atomic.h bench/shim/linux/llist.h \
	bench/shim/linux/poll.h bench/shim/linux/preempt.h bench/shim/linux/processor.h \
	bench/shim/linux/sched.h bench/shim/linux/spinlock.h \
	kmod/eventpoll/ready.h kmod/eventpoll/ready_lists.h kmod/eventpoll/ready_wfcq.h \
	kmod/eventpoll/wfcq.h

HOST_TESTS += tests/bench/evbench.test tests/bench/servers.test tests/bench/stall.test \
	tests/bench/lens.test tests/bench/report.test
EXTRA_DIST += bench/records.py bench/text.py bench/plot.py bench/table.py bench/same.py \
	tests/bench/evbench.test tests/bench/servers.test tests/bench/stall.test \
	tests/bench/lens.test tests/bench/report.test

# "lab report": its jobs and its page; GNU parallel runs the jobs.
EXTRA_DIST += bench/report_jobs.py bench/report_page.py bench/report_plots.py bench/report_style.py \
	bench/questions.py bench/schema.py bench/svg.py

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
