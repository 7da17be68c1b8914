# SPDX-License-Identifier: GPL-2.0-only
# tests/vm/local.mk - tests of the laboratory itself, which boot nothing

HOST_TESTS += tests/vm/lib.test tests/vm/fetch.test tests/vm/plan.test tests/vm/initramfs.test
EXTRA_DIST += tests/vm/lib.test tests/vm/fetch.test tests/vm/plan.test tests/vm/initramfs.test
