// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_fuse.c - a file of FUSE whose server does not answer
 *
 * Any user who may mount can make one.  Who asks its state sleeps, and no signal ends
 * that once the server has read the question.  So only those who watch it may ask.  Who
 * does its last close sleeps likewise, while something is to be written back; and that
 * is a worker, where the close fell into an asking.
 */
#define _GNU_SOURCE
#include <sys/wait.h>

#include "behave.h"
#include "fuse.h"
#include "modules.h"
#include "stage.h"

static void until_told(int told)
{
	while (!guest_drain(told))
		sched_yield();
}

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
	close(f->second);
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
	until_told(told);
	fuse_silent(&f);
	fuse_wake(&f);
	fuse_until_asked(&f, 1);

	others_go_on();

	/* The close of a file that is being asked: by another who had it open. */
	close(f.fd);
	others_go_on();

	fuse_end(&f);
	guest_reap(pid);
	others_go_on();
}

/* Closes the file while a thread asks it, and goes on. */
static void closes_while_asked(const struct fuse *f, int told, int now)
{
	int ep = behave_create(), e = guest_eventfd();
	struct behave_waiter w = { .ep = ep, .ms = -1 };

	close(f->dev);
	close(f->second);
	behave_add(ep, e, EPOLLIN | EPOLLET);
	behave_add(ep, f->fd, EPOLLIN | EPOLLET);
	behave_waiter_start(&w);
	guest_put(told);
	until_told(now);
	close(f->fd);
	guest_put(told);
	until_told(now);
	guest_put(e);
	behave_waiter_got(&w, e, EPOLLIN);
	_exit(0);
}

/* When he is told: what takes a worker, too, since the last reference is the asker's. */
static void another_user_closes_while_asked(const struct fuse *f, int now)
{
	struct behave_waiter w = { .ms = -1 };
	struct stage st;
	int e;

	/* Each close of the file, by an exit as well, writes back what is dirty. */
	close(f->dev);
	close(f->second);
	close(f->fd);
	until_told(now);
	GUEST_RETURNS(setresuid(1001, (uid_t)-1, (uid_t)-1), 0);
	stage_open(&st);
	e = guest_eventfd();
	w.ep = behave_create();
	behave_add(w.ep, e, EPOLLIN | EPOLLET);
	behave_add(w.ep, st.fd, EPOLLIN | EPOLLET);
	behave_waiter_start(&w);
	stage_close_while_asked(&st);
	guest_put(e);
	behave_waiter_got(&w, e, EPOLLIN);
	_exit(0);
}

BEHAVE_TEST(fuse_silent_close, 90, BEHAVE_OVFLIST | BEHAVE_DEVEPOLL,
	    "a FUSE file whose close does not end, and fell to who asked it, stops neither its user's waits nor other users' closes; the module stays, and says so")
{
	const char *module = behave_design() & BEHAVE_OVFLIST ? "eventpoll_port" : "dev_epoll";
	int told = guest_eventfd(), now = guest_eventfd(), other_now = guest_eventfd();
	static const char page[4096];
	struct fuse f;
	pid_t pid, other;

	fuse_open(&f);
	other = guest_fork();
	if (!other)
		another_user_closes_while_asked(&f, other_now);
	pid = guest_fork();
	if (!pid)
		closes_while_asked(&f, told, now);
	until_told(told);
	close(f.fd);
	fuse_silent(&f);
	fuse_wake(&f);
	fuse_until_asked(&f, 1);
	guest_put(now);
	until_told(told);
	GUEST_RETURNS(write(f.second, page, sizeof(page)), sizeof(page));
	fuse_answer_poll(&f, 0);
	fuse_until_asked(&f, 2);

	others_go_on();
	guest_put(other_now);
	guest_reap(other);
	guest_put(now);
	guest_reap(pid);
	GUEST_RETURNS(module_unload(module), -EAGAIN);

	fuse_end(&f);
	others_go_on();
}
