# SPDX-License-Identifier: GPL-2.0-only
# guest-tests: the suites that run in the guest.  Included by Makefile.am.

if HAVE_CHECK
check_PROGRAMS += tests/guest-tests tests/guest-tests-dynamic
endif

tests_guest_tests_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/kmod -I$(srcdir)/vm \
	-I$(srcdir)/tests/guest
tests_guest_tests_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) -pthread
tests_guest_tests_LDFLAGS = $(AM_LDFLAGS) -pthread
tests_guest_tests_LDADD = lib/libevq.la $(CHECK_LIBS)
# Suites run in this order.
tests_guest_tests_SOURCES = \
	tests/guest/main.c \
	tests/guest/guest.c \
	tests/guest/guest.h \
	tests/guest/growth.c \
	tests/guest/growth.h \
	tests/guest/sources.c \
	tests/guest/ring.c \
	tests/guest/ring.h \
	tests/guest/stage.c \
	tests/guest/stage.h \
	tests/guest/fuse_server.c \
	tests/guest/fuse.h \
	tests/guest/user.c \
	tests/guest/user.h \
	tests/guest/wakeup.c \
	tests/guest/wakeup.h \
	tests/guest/veth.c \
	tests/guest/veth.h \
	tests/guest/abi.c \
	tests/guest/mmap.c \
	tests/guest/compat.c \
	tests/guest/call32.h \
	tests/guest/contract.c \
	tests/guest/events.c \
	tests/guest/share.c \
	tests/guest/share_race.c \
	tests/guest/calls.c \
	tests/guest/repaired.c \
	tests/guest/faithful.c \
	tests/guest/close.c \
	tests/guest/close_names.c \
	tests/guest/close_race.c \
	tests/guest/signals.c \
	tests/guest/limits.c \
	tests/guest/limits_memory.c \
	tests/guest/fdinfo.c \
	tests/guest/faults.c \
	tests/guest/told.c \
	tests/guest/told.h \
	tests/guest/source_tcp.c \
	tests/guest/source_unix.c \
	tests/guest/source_pipe.c \
	tests/guest/source_fd.c \
	tests/guest/source_ask.c \
	tests/guest/second.c \
	tests/guest/second.h \
	tests/guest/callbacks.c \
	tests/guest/origin.c \
	tests/guest/origin2002.c \
	tests/guest/nest.c \
	tests/guest/nest_cycle.c \
	tests/guest/process.c \
	tests/guest/process_user.c \
	tests/guest/again.c \
	tests/guest/process_pin.c \
	tests/guest/process_rights.c \
	tests/guest/costs.c \
	tests/guest/costs_close.c \
	tests/guest/stress.c \
	tests/guest/stress_chaos.c \
	tests/guest/stress_many.c \
	tests/guest/abi2002.c \
	tests/guest/abi2002_load.c \
	tests/guest/abi2002_load.h \
	tests/guest/tokens.c \
	tests/guest/tokens.h \
	tests/guest/fcblist.c \
	tests/guest/fcblist_end.c \
	tests/guest/trace.c \
	tests/guest/load.c \
	tests/guest/load_hook.c \
	tests/guest/load_source.c \
	tests/guest/fentry.c \
	tests/guest/fentry.h \
	tests/guest/modules.c \
	tests/guest/modules.h \
	tests/guest/behave.c \
	tests/guest/behave.h \
	tests/guest/behave_ctl.c \
	tests/guest/behave_trigger.c \
	tests/guest/behave_wait.c \
	tests/guest/behave_order.c \
	tests/guest/behave_timeout.c \
	tests/guest/behave_signal.c \
	tests/guest/behave_waiters.c \
	tests/guest/behave_during.c \
	tests/guest/behave_source.c \
	tests/guest/behave_socket.c \
	tests/guest/behave_close.c \
	tests/guest/behave_close_race.c \
	tests/guest/behave_nest.c \
	tests/guest/behave_uring.c \
	tests/guest/behave_names.c \
	tests/guest/behave_numbers.c \
	tests/guest/behave_process.c \
	tests/guest/behave_fdinfo.c \
	tests/guest/behave_fuse.c \
	tests/guest/behave_awake.c \
	tests/guest/behave_busy.c \
	tests/guest/port.c \
	tests/guest/port_limit.c \
	tests/guest/port_costs.c \
	tests/guest/port_wake.c \
	tests/guest/port_asked.c \
	tests/guest/port_read.c \
	tests/guest/port_awake.c \
	tests/guest/port_cycle.c \
	tests/guest/port_compat.c \
	tests/guest/port_load.c \
	tests/guest/port_tokens.c \
	tests/guest/port_tokens.h \
	tests/guest/port_stress.c \
	tests/guest/port_storm.c \
	vm/kmsg.c \
	vm/kmsg.h \
	vm/record.c \
	vm/record.h

# The same with a dynamic linker, for the tests that run through a preload: -static is
# libtool's here, and says that there is no libevq.so in the guest.
tests_guest_tests_dynamic_SOURCES =
tests_guest_tests_dynamic_LDFLAGS = -static -pthread
tests_guest_tests_dynamic_LDADD = $(tests_guest_tests_OBJECTS) lib/libevq.la \
	$(CHECK_LIBS)
