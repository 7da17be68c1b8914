// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuse_server.c - what of FUSE's protocol a file needs that can be opened and polled
 */
#define _GNU_SOURCE
#define GUEST_HELPERS
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "fuse.h"
#include "guest.h"

#define FILE_NODE	2

/* What the test and the server both see. */
struct fuse_stand {
	int silent;
	int unanswered;
	uint64_t poll_handle;
	uint64_t poll_unique;
};

static bool sent(int dev, uint64_t unique, int error, const void *body, size_t len)
{
	struct fuse_out_header head = {
		.len = sizeof(head) + len, .error = error, .unique = unique,
	};
	struct iovec io[] = {
		{ &head, sizeof(head) }, { (void *)body, len },
	};

	/* ENOENT: whoever asked was interrupted, and does not wait any more. */
	return writev(dev, io, 2) >= 0 || errno == ENOENT;
}

static void send_back(int dev, uint64_t unique, int error, const void *body, size_t len)
{
	if (!sent(dev, unique, error, body, len))
		_exit(1);
}

/* Or keeps still.  Return: it may be answered. */
static bool answers(struct fuse_stand *stand)
{
	if (!__atomic_load_n(&stand->silent, __ATOMIC_ACQUIRE))
		return true;
	__atomic_add_fetch(&stand->unanswered, 1, __ATOMIC_RELEASE);
	return false;
}

static struct fuse_attr attr_of(uint64_t node)
{
	return (struct fuse_attr){
		.ino = node, .nlink = 1, .blksize = 4096,
		.mode = node == FILE_NODE ? S_IFREG | 0666 : S_IFDIR | 0755,
	};
}

static void answer(struct fuse *f, const struct fuse_in_header *in)
{
	const void *args = in + 1;

	switch (in->opcode) {
	case FUSE_INIT: {
		struct fuse_init_out out = {
			.major = FUSE_KERNEL_VERSION, .minor = 31, .max_write = 4096,
			.flags = FUSE_WRITEBACK_CACHE,
		};

		send_back(f->dev, in->unique, 0, &out, sizeof(out));
		break;
	}
	case FUSE_LOOKUP: {
		struct fuse_entry_out out = {
			.nodeid = FILE_NODE, .attr = attr_of(FILE_NODE),
		};

		send_back(f->dev, in->unique, 0, &out, sizeof(out));
		break;
	}
	case FUSE_GETATTR: {
		struct fuse_attr_out out = { .attr = attr_of(in->nodeid) };

		send_back(f->dev, in->unique, 0, &out, sizeof(out));
		break;
	}
	case FUSE_OPEN: {
		struct fuse_open_out out = { .fh = 1 };

		send_back(f->dev, in->unique, 0, &out, sizeof(out));
		break;
	}
	case FUSE_POLL: {
		const struct fuse_poll_in *poll = args;
		struct fuse_poll_out out = { .revents = 0 };

		__atomic_store_n(&f->stand->poll_handle, poll->kh, __ATOMIC_RELAXED);
		__atomic_store_n(&f->stand->poll_unique, in->unique, __ATOMIC_RELAXED);
		if (answers(f->stand))
			send_back(f->dev, in->unique, 0, &out, sizeof(out));
		break;
	}
	case FUSE_WRITE: {
		const struct fuse_write_in *written = args;
		struct fuse_write_out out = { .size = written->size };

		send_back(f->dev, in->unique, 0, &out, sizeof(out));
		break;
	}
	case FUSE_SETATTR: {
		struct fuse_attr_out out = { .attr = attr_of(in->nodeid) };

		/* The times of what was written. */
		if (answers(f->stand))
			send_back(f->dev, in->unique, 0, &out, sizeof(out));
		break;
	}
	case FUSE_RELEASE:
		send_back(f->dev, in->unique, 0, NULL, 0);
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		send_back(f->dev, in->unique, -ENOSYS, NULL, 0);
	}
}

static void serve(struct fuse *f)
{
	static char buf[2 * FUSE_MIN_READ_BUFFER] __attribute__((aligned(8)));

	for (;;) {
		ssize_t n = read(f->dev, buf, sizeof(buf));

		if (n >= (ssize_t)sizeof(struct fuse_in_header))
			answer(f, (struct fuse_in_header *)buf);
		else if (errno == ENODEV)
			_exit(0);	/* unmounted */
	}
}

void fuse_open(struct fuse *f)
{
	char dir[] = "/tmp/fuse-XXXXXX", what[100], path[sizeof(dir) + 8];

	guest_stock("fuse");
	f->dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (f->dev < 0)
		GUEST_SKIP("/dev/fuse: %s: this kernel has no FUSE", strerror(errno));
	f->stand = mmap(NULL, sizeof(*f->stand), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	guest_check(f->stand != MAP_FAILED, "mmap: %s", strerror(errno));
	guest_check(mkdtemp(dir), "%s: %s", dir, strerror(errno));
	snprintf(what, sizeof(what), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other",
		 f->dev);
	guest_check(mount("silent", dir, "fuse", MS_NOSUID | MS_NODEV, what) == 0,
		    "mount: %s", strerror(errno));
	f->server = guest_fork();
	if (!f->server) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* A test that failed may wait for us, and not die before. */
		alarm(4 * GUEST_WAIT_MS / 1000);
		serve(f);
	}
	snprintf(path, sizeof(path), "%s/file", dir);
	f->fd = open(path, O_RDWR | O_CLOEXEC);
	guest_check(f->fd >= 0, "%s: %s", path, strerror(errno));
	f->second = open(path, O_RDWR | O_CLOEXEC);
	guest_check(f->second >= 0, "%s: %s", path, strerror(errno));
	/* Nothing of it stays when the last who has it open is gone. */
	guest_check(umount2(dir, MNT_DETACH) == 0, "umount: %s", strerror(errno));
	rmdir(dir);
}

void fuse_silent(struct fuse *f)
{
	__atomic_store_n(&f->stand->silent, 1, __ATOMIC_RELEASE);
}

void fuse_wake(struct fuse *f)
{
	struct fuse_notify_poll_wakeup_out out = {
		.kh = __atomic_load_n(&f->stand->poll_handle, __ATOMIC_RELAXED),
	};
	struct fuse_out_header head = {
		.len = sizeof(head) + sizeof(out), .error = FUSE_NOTIFY_POLL,
	};
	struct iovec io[] = {
		{ &head, sizeof(head) }, { &out, sizeof(out) },
	};

	guest_check(writev(f->dev, io, 2) == (ssize_t)head.len,
		    "notification: %s", strerror(errno));
}

struct asked {
	struct fuse_stand *stand;
	int n;
};

static bool asked(void *arg)
{
	const struct asked *p = arg;

	return __atomic_load_n(&p->stand->unanswered, __ATOMIC_ACQUIRE) >= p->n;
}

void fuse_until_asked(struct fuse *f, int n)
{
	guest_until(asked, &(struct asked){ f->stand, n }, "questions without an answer");
}

void fuse_answer_poll(struct fuse *f, unsigned int mask)
{
	struct fuse_poll_out out = { .revents = mask };

	guest_check(sent(f->dev, __atomic_load_n(&f->stand->poll_unique, __ATOMIC_RELAXED),
			 0, &out, sizeof(out)), "answer: %s", strerror(errno));
}

void fuse_end(struct fuse *f)
{
	/* The last descriptor of the connection aborts it. */
	close(f->dev);
	kill(f->server, SIGKILL);
	waitpid(f->server, NULL, 0);
}
