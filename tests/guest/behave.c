// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave.c - the designs behind the tests of behave.h
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define GUEST_HELPERS
#include "behave.h"
#include "eventpoll.h"

const char *const behave_names[BEHAVE_DESIGNS] = {
#define JUDGE(id) #id,
#include "designs.def"
#define STORE(id, NUMBER, name, about) name,
#include "designs.def"
#define DEVICE(id) #id,
#include "designs.def"
	"devepoll-shared",
};

/*
 * What stands for a design: the calls that the tests make.
 */
struct calls {
	int (*create)(int flags);
	int (*ctl)(int ep, int op, int fd, struct epoll_event *ev);
	int (*pwait)(int ep, struct epoll_event *ev, int max, int ms,
		     const sigset_t *mask);
	int (*pwait2)(int ep, struct epoll_event *ev, int max,
		      const struct timespec *t, const sigset_t *mask);
	int (*raw)(int ep, void *ev, int max, const void *t, const void *mask,
		   size_t size);
};

static int port_create(int flags)
{
	return eventpoll_create(eventpoll_store_by_name(guest_design), flags);
}

/* Not glibc's: it has no epoll_pwait2() in Debian 11, and may check first. */
static int kernel_pwait2(int ep, struct epoll_event *ev, int max,
			 const struct timespec *t, const sigset_t *mask)
{
	return (int)syscall(SYS_epoll_pwait2, ep, ev, max, t, mask, 8L);
}

static int kernel_raw(int ep, void *ev, int max, const void *t,
		      const void *mask, size_t size)
{
	return (int)syscall(SYS_epoll_pwait2, ep, ev, max, t, mask, size);
}

static int port_raw(int ep, void *ev, int max, const void *t,
		    const void *mask, size_t size)
{
	struct eventpoll_wait wait = {
		.events = (uintptr_t)ev,
		.maxevents = max,
		.timeout = -1,
		.timespec = (uintptr_t)t,
		.sigmask = (uintptr_t)mask,
		.sigsetsize = size,
	};

	return ioctl(ep, EVENTPOLL_WAIT, &wait);
}

static const struct calls kernel_calls = {
	epoll_create1, epoll_ctl, epoll_pwait, kernel_pwait2, kernel_raw,
};

static const struct calls port_calls = {
	port_create, eventpoll_ctl, eventpoll_pwait, eventpoll_pwait2, port_raw,
};

/*
 * /dev/epoll knows edges, plain poll bits and descriptors, nothing else: what
 * a test asks beyond that is ENOSYS, so that it cannot pass by accident.  It
 * has one record for adding and changing, so the difference between ADD and
 * MOD is made here; and POLLERR and POLLHUP, which epoll implies, are asked
 * for, as the library of Linux 2.5.45 does.
 */
#define DEVEPOLL_ROOM	4096
#define DEVEPOLL_SETS	64

static struct evset sets[DEVEPOLL_SETS];
static int nsets;

static struct evset *set_of(int ep)
{
	for (int i = 0; i < nsets; i++)
		if (sets[i].fd == ep)
			return &sets[i];
	return NULL;
}

static int devepoll_create(int flags)
{
	struct evset *s;
	int fd;

	if (flags & ~EPOLL_CLOEXEC) {
		errno = EINVAL;
		return -1;
	}
	fd = open(GUEST_DEVICE,
		  O_RDWR | (flags & EPOLL_CLOEXEC ? O_CLOEXEC : 0));
	if (fd < 0)
		return -1;
	s = set_of(fd);		/* of an instance that was closed since */
	if (!s) {
		guest_check(nsets < DEVEPOLL_SETS, "more than %d instances",
			    DEVEPOLL_SETS);
		s = &sets[nsets++];
	}
	s->fd = fd;
	s->max = DEVEPOLL_ROOM;
	guest_check(!ioctl(fd, EP_ALLOC, s->max), "EP_ALLOC: %s",
		    strerror(errno));
	evset_map(s);
	if (behave_design() == 1u << BEHAVE_NR_TAKE && !s->control)
		evset_share(s);
	return fd;
}

static int devepoll_change(const struct evset *s, int op, int fd,
			   const struct epoll_event *ev)
{
	int there;

	if (fcntl(fd, F_GETFD) < 0)
		return -EBADF;
	there = evset_ispolled(s, fd, NULL);
	if (there < 0)
		return there;
	switch (op) {
	case EPOLL_CTL_DEL:
		return there ? evset_ctl(s, fd, POLLREMOVE) : -ENOENT;
	case EPOLL_CTL_ADD:
		if (there)
			return -EEXIST;
		break;
	case EPOLL_CTL_MOD:
		if (!there)
			return -ENOENT;
		break;
	default:
		return -EINVAL;
	}
	if (!(ev->events & EPOLLET) || ev->data.fd != fd ||
	    ev->events & ~(EPOLLET | 0xffff) || ev->events & POLLREMOVE)
		return -ENOSYS;
	return evset_ctl(s, fd, (int)(ev->events & 0xffff) | POLLERR | POLLHUP);
}

static int devepoll_ctl(int ep, int op, int fd, struct epoll_event *ev)
{
	const struct evset *s = set_of(ep);
	int ret = s ? devepoll_change(s, op, fd, ev) : -EBADF;

	errno = ret < 0 ? -ret : 0;
	return ret < 0 ? -1 : 0;
}

static int devepoll_pwait(int ep, struct epoll_event *ev, int max, int ms,
			  const sigset_t *mask)
{
	const struct evset *s = set_of(ep);
	const struct pollfd *slots;
	int n;

	if (!s || mask) {
		errno = s ? ENOSYS : EBADF;
		return -1;
	}
	n = evset_wait(s, ms, &slots);
	if (n < 0) {
		errno = -n;
		return -1;
	}
	/* EP_POLL hands out all there is; the test has to make room. */
	guest_check(n <= max, "%d events, and room for %d", n, max);
	for (int i = 0; i < n; i++)
		ev[i] = (struct epoll_event){
			.events = (uint16_t)slots[i].revents,
			.data.fd = slots[i].fd,
		};
	return n;
}

static int no_pwait2(int ep, struct epoll_event *ev, int max,
		     const struct timespec *t, const sigset_t *mask)
{
	(void)ep, (void)ev, (void)max, (void)t, (void)mask;
	errno = ENOSYS;
	return -1;
}

static int no_raw(int ep, void *ev, int max, const void *t, const void *mask,
		  size_t size)
{
	(void)ep, (void)ev, (void)max, (void)t, (void)mask, (void)size;
	errno = ENOSYS;
	return -1;
}

static const struct calls devepoll_calls = {
	devepoll_create, devepoll_ctl, devepoll_pwait, no_pwait2, no_raw,
};

unsigned int behave_design(void)
{
	for (unsigned int i = 0; i < BEHAVE_DESIGNS; i++)
		if (!strcmp(behave_names[i], guest_design))
			return 1u << i;
	guest_fail("no design '%s'", guest_design);
}

static const struct calls *calls(void)
{
	switch (behave_design()) {
	case BEHAVE_KERNEL:
		return &kernel_calls;
	case 1 << BEHAVE_NR_DEVEPOLL:
	case 1 << BEHAVE_NR_TAKE:
		return &devepoll_calls;
	default:
		return &port_calls;
	}
}

void behave_register(struct guest_test tests[BEHAVE_DESIGNS],
		     const struct guest_test *model, unsigned int designs)
{
	for (unsigned int i = 0; i < BEHAVE_DESIGNS; i++) {
		if (!(designs & 1u << i))
			continue;
		tests[i] = *model;
		tests[i].suite = behave_names[i];
		tests[i].design = behave_names[i];
		guest_register(&tests[i]);
	}
}

void behave_known(const char *name, unsigned int designs, const char *text)
{
	for (unsigned int i = 0; i < BEHAVE_DESIGNS; i++)
		if (designs & 1u << i)
			guest_known(behave_names[i], name, text);
}

int behave_try_create(int flags)
{
	return calls()->create(flags);
}

int behave_create(void)
{
	int ep = behave_try_create(EPOLL_CLOEXEC);

	guest_check(ep >= 0, "no instance of %s: %s", guest_design,
		    strerror(errno));
	return ep;
}

int behave_ctl(int ep, int op, int fd, struct epoll_event *ev)
{
	return calls()->ctl(ep, op, fd, ev);
}

int behave_wait(int ep, struct epoll_event *ev, int max, int ms)
{
	return calls()->pwait(ep, ev, max, ms, NULL);
}

int behave_pwait(int ep, struct epoll_event *ev, int max, int ms,
		 const sigset_t *mask)
{
	return calls()->pwait(ep, ev, max, ms, mask);
}

int behave_pwait2(int ep, struct epoll_event *ev, int max,
		  const struct timespec *t, const sigset_t *mask)
{
	return calls()->pwait2(ep, ev, max, t, mask);
}

int behave_raw_wait(int ep, void *ev, int max, const void *t,
		    const void *mask, size_t size)
{
	return calls()->raw(ep, ev, max, t, mask, size);
}

int behave_set(int ep, int op, int fd, uint32_t events)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	return behave_ctl(ep, op, fd, &ev);
}

void behave_add(int ep, int fd, uint32_t events)
{
	guest_check(!behave_set(ep, EPOLL_CTL_ADD, fd, events),
		    "add of %d: %s", fd, strerror(errno));
}

static bool is_empty(void *arg)
{
	return behave_items(*(int *)arg) == 0;
}

void behave_until_empty(int ep)
{
	guest_until(is_empty, &ep, "the instance watches nothing");
}

void behave_pipe(int ep, int p[2], uint32_t events)
{
	guest_pipe(p);
	behave_add(ep, p[0], events);
}

void behave_eventfds(int ep, int *fd, int n, uint32_t events, bool ready)
{
	for (int i = 0; i < n; i++) {
		fd[i] = guest_eventfd();
		behave_add(ep, fd[i], events);
	}
	for (int i = 0; ready && i < n; i++)
		guest_put(fd[i]);
}

void behave_mod(int ep, int fd, uint32_t events)
{
	guest_check(!behave_set(ep, EPOLL_CTL_MOD, fd, events),
		    "change of %d: %s", fd, strerror(errno));
}

void behave_del(int ep, int fd)
{
	guest_check(!behave_set(ep, EPOLL_CTL_DEL, fd, 0),
		    "removal of %d: %s", fd, strerror(errno));
}

void behave_expect(int ep, int fd, uint32_t events)
{
	struct epoll_event ev[4];
	int n = behave_wait(ep, ev, 4, GUEST_WAIT_MS);

	guest_check(n == 1, "expected one event, got %d%s%s", n,
		    n < 0 ? ": " : "", n < 0 ? strerror(errno) : "");
	guest_check(ev[0].data.fd == fd, "expected fd %d, got %d", fd,
		    ev[0].data.fd);
	guest_check(ev[0].events == events, "fd %d: expected %#x, got %#x", fd,
		    events, ev[0].events);
}

void behave_expect_fds(int ep, int max, const int *fds, int n)
{
	struct epoll_event ev[16];

	ck_assert_int_le(max, 16);
	GUEST_RETURNS(behave_wait(ep, ev, max, GUEST_WAIT_MS), n);
	for (int i = 0; i < n; i++)
		ck_assert_msg(ev[i].data.fd == fds[i],
			      "event %d of %d: expected fd %d, got fd %d", i, n,
			      fds[i], ev[i].data.fd);
}

void behave_none(int ep)
{
	struct epoll_event ev[4];
	int n = behave_wait(ep, ev, 4, 0);

	guest_check(n >= 0, "wait: %s", strerror(errno));
	guest_check(!n, "expected no event, got %d, fd %d with %#x", n,
		    ev[0].data.fd, ev[0].events);
}

int behave_items(int ep)
{
	char path[64], line[256];
	int n = 0;
	FILE *f;

	if (behave_design() & BEHAVE_DEVEPOLL)
		return (int)guest_fdinfo(ep, "items");
	/* One is epoll-run's own. */
	if (guest_emulated())
		return (int)guest_fdinfo(ep, "items") - 1;
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", ep);
	f = fopen(path, "re");
	guest_check(f, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f))
		n += !strncmp(line, "tfd:", 4);
	fclose(f);
	return n;
}

/*
 * The kernel's waits are several system calls and the others' an ioctl, so the
 * argument says it: no other call of these tests sleeps with an instance first.
 */
void behave_in_wait(int ep, pid_t tid)
{
	guest_in_syscall(getpid(), tid, -1, ep);
}

void *behave_before_hole(size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	guest_check(p != MAP_FAILED && !mprotect(p + page, page, PROT_NONE),
		    "mmap: %s", strerror(errno));
	return p + page - n;
}

static void *waiter(void *arg)
{
	struct behave_waiter *w = arg;

	if (w->setup)
		w->setup(w);
	__atomic_store_n(&w->tid, guest_gettid(), __ATOMIC_RELEASE);
	errno = 0;
	w->n = w->pwait2 ?
	       behave_pwait2(w->ep, w->ev, w->max, w->t, w->mask) :
	       behave_pwait(w->ep, w->ev, w->max, w->ms, w->mask);
	w->err = w->n < 0 ? errno : 0;
	return NULL;
}

static bool has_tid(void *arg)
{
	struct behave_waiter *w = arg;

	return __atomic_load_n(&w->tid, __ATOMIC_ACQUIRE) != 0;
}

void behave_waiter_start(struct behave_waiter *w)
{
	w->tid = 0;
	if (!w->max)
		w->max = BEHAVE_WAITER_EVENTS;
	w->thread = guest_thread(waiter, w);
	guest_until(has_tid, w, "a thread starts");
	behave_in_wait(w->ep, w->tid);
}

void behave_waiter_sleeps(const struct behave_waiter *w)
{
	behave_in_wait(w->ep, w->tid);
}

int behave_waiter_join(struct behave_waiter *w)
{
	guest_join(w->thread);
	return w->n < 0 ? -w->err : w->n;
}

void behave_waiter_got(struct behave_waiter *w, int fd, uint32_t events)
{
	int n = behave_waiter_join(w);

	guest_check(n == 1, "the waiter: expected one event, got %d%s%s", n,
		    n < 0 ? ": " : "", n < 0 ? strerror(-n) : "");
	guest_check(w->ev[0].data.fd == fd && w->ev[0].events == events,
		    "the waiter: expected fd %d with %#x, got fd %d with %#x",
		    fd, events, w->ev[0].data.fd, w->ev[0].events);
}
