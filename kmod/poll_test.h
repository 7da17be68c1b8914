/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * poll_test.h - /dev/poll_test, files whose poll does what a test says
 *
 * Each open of the device is a stage; what is watched are files that the stage
 * makes.  The stage says what their poll answers, holds whoever is in there, and
 * wakes their queue.  It goes on when the files are closed, and counts them.
 */
#ifndef POLL_TEST_H
#define POLL_TEST_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct poll_test_count - what a stage counts
 * @held: polls that are held now
 * @files: files that are not released yet
 * @polls: calls of poll, from the beginning
 */
struct poll_test_count {
	__u32 held;
	__u32 files;
	__u32 polls;
};

/*
 * FILE: a new descriptor of a file of this stage.  MASK: the bits that poll
 * answers, 0 at first.  WAKE: wakes the queue of the files with this key.  HOLD: 1
 * holds every poll from now on, 0 lets all go; no poll is held for longer than 30
 * seconds, nor after the close of the stage.
 */
#define POLL_TEST_FILE	_IO('T', 1)
#define POLL_TEST_MASK	_IO('T', 2)
#define POLL_TEST_WAKE	_IO('T', 3)
#define POLL_TEST_HOLD	_IO('T', 4)
#define POLL_TEST_COUNT	_IOR('T', 5, struct poll_test_count)

#endif /* POLL_TEST_H */
