# SPDX-License-Identifier: GPL-2.0-only
# tests/model/local.mk - protocols, checked in every order that there is

HOST_TESTS += tests/model/wfcqueue_wake.test tests/model/lost_event.test \
	tests/model/share.test tests/model/closer.test
EXTRA_DIST += tests/model/wfcqueue_wake.test tests/model/wfcqueue_wake.pml \
	tests/model/lost_event.test tests/model/lost_event.pml \
	tests/model/share.test tests/model/share.pml \
	tests/model/closer.test tests/model/closer.pml
