/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * fcb_test.h - /dev/fcb_test, a second user of the file callback list
 *
 * For the tests: registers callbacks of its own on any file and counts what
 * they hear.
 */
#ifndef FCB_TEST_H
#define FCB_TEST_H

#include <linux/ioctl.h>
#include <linux/types.h>

/** FCB_TEST_MAX - registrations of one open device. */
#define FCB_TEST_MAX	16

/* How to register (ADD). */
#define FCB_TEST_CLOSER	1	/* hear of the close alone */
#define FCB_TEST_LEAVE	2	/* the set's end leaves it to the file's close */
#define FCB_TEST_STAY	4	/* its close waits for GO */
#define FCB_TEST_2002	8	/* by the calls of 2002, without a closeproc */

/**
 * struct fcb_test_arg - argument of every call
 * @fd: the file (ADD, DEL, REMOVE, EVENT)
 * @slot: which registration, 0 .. FCB_TEST_MAX - 1
 * @proc: which of two callback functions to register, 0 or 1 (ADD, DEL)
 * @flags: how (ADD)
 * @ioevt: the word to send (EVENT); the word last heard (GET)
 * @plevt: the bits to send (EVENT); all bits heard, ORed, doubts included (GET)
 * @events: how many were heard (GET)
 * @closed: how often the close was heard (GET)
 * @local0: first private word at the first event, must be 0 (GET)
 * @local: private word, counted up by the callback (GET)
 * @end: the word after plevt in the last event, must be -1 (GET)
 * @waiting: tasks that wait for GO, in all sets (GET)
 */
struct fcb_test_arg {
	__s32 fd;
	__u32 slot;
	__u32 proc;
	__u32 flags;
	__s32 ioevt;
	__u32 plevt;
	__u32 events;
	__u32 closed;
	__u32 local0;
	__u32 local;
	__s32 end;
	__u32 waiting;
};

/*
 * ADD: EBADF, EBUSY (slot in use), and what file_notify_addcb() says.
 * DEL: takes the registration (proc, slot) off the file that fd names now, so
 * that one can ask for what is not there: ENOENT.
 * REMOVE: the same by its handle: fd and proc are not looked at.
 * HOLD: from now on a call on this set waits for GO: the argument is one of
 * FCB_TEST_IN_CLOSE, so that a task which exits stays in the middle of it, and
 * FCB_TEST_IN_POLL, or 0.
 * GO: who waits goes on, in all sets.  Nobody waits for more than a minute.
 */
#define FCB_TEST_ADD	_IOW('F', 1, struct fcb_test_arg)
#define FCB_TEST_DEL	_IOW('F', 2, struct fcb_test_arg)
#define FCB_TEST_GET	_IOWR('F', 3, struct fcb_test_arg)
#define FCB_TEST_EVENT	_IOW('F', 4, struct fcb_test_arg)
#define FCB_TEST_REMOVE	_IOW('F', 5, struct fcb_test_arg)
#define FCB_TEST_HOLD	_IO('F', 6)
#define FCB_TEST_GO	_IO('F', 7)

#define FCB_TEST_IN_CLOSE	1
#define FCB_TEST_IN_POLL	2

#endif /* FCB_TEST_H */
