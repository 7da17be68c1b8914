// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_fuse.c - a file of FUSE whose server does not answer
 *
 * Any user who may mount can make one.  Who asks its state sleeps, and no signal ends
 * that once the server has read the question.  So only those who watch it may ask.
 */
#include <sys/wait.h>

#include "behave.h"
#include "fuse.h"

/* What anybody else does with instances and files of his own. */
static void others_go_on(void)
{
	int ep = behave_create(), outer = behave_create(), p[2], fd;

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);

	/* Those who watch an instance are woken by a worker, where need be. */
	fd = guest_eventfd();
	behave_add(outer, ep, EPOLLIN | EPOLLET);
	behave_add(ep, fd, EPOLLIN | EPOLLET);
	guest_put(fd);
	behave_expect(outer, ep, EPOLLIN);
	behave_expect(ep, fd, EPOLLIN);

	close(fd);
	close(p[0]);
	behave_until_empty(ep);
	close(ep);
	close(outer);
}

static void owner(const struct fuse *f, int told)
{
	struct epoll_event ev;
	int ep = behave_create();

	/* Who has it open keeps the connection, and would wait for itself. */
	close(f->dev);
	behave_add(ep, f->fd, EPOLLIN | EPOLLET);
	guest_put(told);
	behave_wait(ep, &ev, 1, -1);
	/* Only an end of the server ends the question. */
	_exit(ev.data.fd == f->fd && (ev.events & EPOLLERR) ? 0 : 1);
}

BEHAVE_TEST(fuse_silent, 90, BEHAVE_KERNEL | BEHAVE_OVFLIST | BEHAVE_DEVEPOLL,
	    "a FUSE server that does not answer stops who watches its file, and nobody else")
{
	int told = guest_eventfd();
	struct fuse f;
	pid_t pid;

	fuse_open(&f);
	pid = guest_fork();
	if (!pid)
		owner(&f, told);
	while (!guest_drain(told))
		sched_yield();
	fuse_silent(&f);
	fuse_wake(&f);
	fuse_until_polled(&f, 1);

	others_go_on();

	/* The close of a file that is being asked: by another who had it open. */
	close(f.fd);
	others_go_on();

	fuse_end(&f);
	guest_reap(pid);
	others_go_on();
}
