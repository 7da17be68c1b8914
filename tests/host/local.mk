# SPDX-License-Identifier: GPL-2.0-only
# tests/host/local.mk - kmod/ep_hash, ep_pages and ep_share in user space; the pages
#
# The very sources of the module, with stand-ins for the kernel's headers in
# shim/, under the sanitizers.  "make check-host HOST_SANITIZE=" does without.

HOST_SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all
HOST_CPPFLAGS = -I$(srcdir)/tests/host/shim -I$(srcdir)/tests/host \
	-I$(srcdir)/kmod $(AM_CPPFLAGS)
# As the kernel is built: a slot is stored as one u64, and a function need not
# use all that it is given.
HOST_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS) $(HOST_SANITIZE) \
	-fno-strict-aliasing -fno-omit-frame-pointer -Wno-unused-parameter
# They link with HOST_SANITIZE and without AM_LDFLAGS, which may ask for static
# programs: the sanitizers have no runtime for those.

HOST_COMMON = \
	tests/host/host.c tests/host/host.h \
	tests/host/shim/alloc.c tests/host/shim/alloc.h \
	tests/host/shim/between.c tests/host/shim/between.h

EXTRA_DIST += \
	tests/host/shim/linux/atomic.h \
	tests/host/shim/linux/bits.h \
	tests/host/shim/linux/build_bug.h \
	tests/host/shim/linux/cache.h \
	tests/host/shim/linux/compiler.h \
	tests/host/shim/linux/container_of.h \
	tests/host/shim/linux/delay.h \
	tests/host/shim/linux/gfp.h \
	tests/host/shim/linux/hash.h \
	tests/host/shim/linux/list.h \
	tests/host/shim/linux/mm.h \
	tests/host/shim/linux/moduleparam.h \
	tests/host/shim/linux/slab.h \
	tests/host/shim/linux/spinlock.h \
	tests/host/shim/linux/stddef.h \
	tests/host/shim/linux/string.h \
	tests/host/shim/linux/sysfs.h \
	tests/host/shim/linux/types.h

if HAVE_CHECK
HOST_EP_TESTS = \
	tests/host/test_ep_hash \
	tests/host/test_ep_pages \
	tests/host/test_ep_plant \
	tests/host/test_ep_share
check_PROGRAMS += $(HOST_EP_TESTS)
HOST_TESTS += $(HOST_EP_TESTS)
endif

tests_host_test_ep_hash_SOURCES = \
	tests/host/test_ep_hash.c \
	tests/host/hash_model.c tests/host/hash_model.h \
	kmod/ep_hash.c kmod/ep_hash.h \
	$(HOST_COMMON)
tests_host_test_ep_hash_CPPFLAGS = $(HOST_CPPFLAGS)
tests_host_test_ep_hash_CFLAGS = $(HOST_CFLAGS)
tests_host_test_ep_hash_LDFLAGS = $(HOST_SANITIZE)
tests_host_test_ep_hash_LDADD = $(CHECK_LIBS)

tests_host_test_ep_pages_SOURCES = \
	tests/host/test_ep_pages.c \
	tests/host/test_ep_pages.h \
	tests/host/test_ep_switch.c \
	tests/host/test_ep_memory.c \
	tests/host/pages_model.c tests/host/pages_model.h \
	tests/host/pages_random.c \
	kmod/ep_pages.c kmod/ep_pages.h kmod/faithful.h kmod/plant.h \
	$(HOST_COMMON)
tests_host_test_ep_pages_CPPFLAGS = $(HOST_CPPFLAGS)
tests_host_test_ep_pages_CFLAGS = $(HOST_CFLAGS)
tests_host_test_ep_pages_LDFLAGS = $(HOST_SANITIZE)
tests_host_test_ep_pages_LDADD = $(CHECK_LIBS)

# The same with faults planted, all of which have to be found.
tests_host_test_ep_plant_SOURCES = \
	tests/host/test_ep_plant.c \
	tests/host/pages_model.c tests/host/pages_model.h \
	tests/host/pages_random.c \
	tests/host/share_world.c tests/host/share_world.h \
	kmod/ep_pages.c kmod/ep_pages.h kmod/ep_share.c kmod/ep_share.h \
	kmod/faithful.h kmod/plant.h \
	$(HOST_COMMON)
tests_host_test_ep_plant_CPPFLAGS = $(HOST_CPPFLAGS) -DDEVEPOLL_PLANT
tests_host_test_ep_plant_CFLAGS = $(HOST_CFLAGS) -pthread
tests_host_test_ep_plant_LDFLAGS = $(HOST_SANITIZE) -pthread
tests_host_test_ep_plant_LDADD = $(CHECK_LIBS)

# The switch of the program's own, with the program between any two steps and in
# threads; HOST_STEPS=100000000 is the long run of these.
tests_host_test_ep_share_SOURCES = \
	tests/host/test_ep_share.c \
	tests/host/share_world.c tests/host/share_world.h \
	kmod/ep_pages.c kmod/ep_pages.h kmod/ep_share.c kmod/ep_share.h \
	kmod/faithful.h kmod/plant.h \
	$(HOST_COMMON)
tests_host_test_ep_share_CPPFLAGS = $(HOST_CPPFLAGS)
tests_host_test_ep_share_CFLAGS = $(HOST_CFLAGS) -pthread
tests_host_test_ep_share_LDFLAGS = $(HOST_SANITIZE) -pthread
tests_host_test_ep_share_LDADD = $(CHECK_LIBS)

# What the pages say of the code and of each other.
HOST_TESTS += tests/host/docs.test
EXTRA_DIST += tests/host/docs.test

# One version, wherever it is said.
HOST_TESTS += tests/host/version.test
EXTRA_DIST += tests/host/version.test

# That floors.py sees a circle.
HOST_TESTS += tests/host/floors.test
EXTRA_DIST += tests/host/floors.py tests/host/floors.test

# Which kernels the modules are built for.
HOST_TESTS += tests/host/kbuild.test
EXTRA_DIST += tests/host/kbuild.test
