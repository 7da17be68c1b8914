/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fuse.h - a file whose poll is answered by a program, or is not
 *
 * A mount of FUSE with one file and the smallest server that it takes.  Unlike a
 * stage (stage.h) it needs nothing of ours in the kernel: it is what any user who
 * may mount can do to those who watch his files.
 */
#ifndef FUSE_H
#define FUSE_H

#include <stdbool.h>
#include <sys/types.h>

/**
 * struct fuse - a mount, its server, and the file in it, which is open twice
 *
 * What is written by one descriptor the kernel writes back when the other is closed.
 */
struct fuse {
	int fd;
	int second;
	int dev;
	pid_t server;
	struct fuse_stand *stand;
};

/** fuse_open() - mount, serve, open the file; asserts.  Skips the test where the
 *  kernel has no FUSE.
 */
void fuse_open(struct fuse *f);

/** fuse_silent() - the server reads from now on polls and what is written back, and
 *  answers none.
 */
void fuse_silent(struct fuse *f);

/** fuse_wake() - the server tells the kernel that the file's state may have changed;
 *  asserts.  The file has to be polled before.
 */
void fuse_wake(struct fuse *f);

/** fuse_until_asked() - wait until @n questions have come that were not answered. */
void fuse_until_asked(struct fuse *f, int n);

/** fuse_answer_poll() - answer the last poll that was not, with @mask; asserts. */
void fuse_answer_poll(struct fuse *f, unsigned int mask);

/** fuse_end() - the server dies, and its connection with it: whoever waits for an
 *  answer has an error instead.
 */
void fuse_end(struct fuse *f);

#ifndef GUEST_HELPERS
#define fuse_open(...)		GUEST_AT((fuse_open)(__VA_ARGS__))
#define fuse_wake(...)		GUEST_AT((fuse_wake)(__VA_ARGS__))
#define fuse_until_asked(...)	GUEST_AT((fuse_until_asked)(__VA_ARGS__))
#define fuse_answer_poll(...)	GUEST_AT((fuse_answer_poll)(__VA_ARGS__))
#endif

#endif /* FUSE_H */
