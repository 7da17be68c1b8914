// SPDX-License-Identifier: GPL-2.0-only
/*
 * polled.c - poll(2) on a set's descriptor; selected.c has select(2)
 *
 * The descriptor is the device's and readable while the device holds events; what
 * is on a set's ready list, and whether an event has still something to tell, the
 * kernel knows nothing of.  So the calls that can ask are taken over.  Every set is
 * looked at as a set that watches it would; when none has anything to tell the
 * thread sleeps beside their devices (wake.c), and looks again when one of them stirs.
 *
 * A call that asks no set is passed on as it is; while there are none in the process,
 * which is the rule, no pointer is looked behind.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "../preload.h"
#include "deadline.h"
#include "fork.h"
#include "numbers.h"
#include "polled.h"
#include "set.h"

static struct {
	int (*poll)(struct pollfd *fds, nfds_t n, int ms);
	int (*ppoll)(struct pollfd *fds, nfds_t n, const struct timespec *t,
		     const sigset_t *mask);
	int (*__poll_chk)(struct pollfd *fds, nfds_t n, int ms, size_t room);
	int (*__ppoll_chk)(struct pollfd *fds, nfds_t n, const struct timespec *t,
			   const sigset_t *mask, size_t room);
} next;

#define FIND(name) do {							\
	if (!next.name)							\
		next.name = (__typeof__(next.name))dlsym(RTLD_NEXT, #name); \
} while (0)

/**
 * struct asked - a set among what is polled
 * @at: where
 * @s: the set if the thread sleeps beside it, or NULL
 * @ready: it has something to tell
 */
struct asked {
	nfds_t at;
	struct set *s;
	bool ready;
};

/**
 * struct polling - a call
 * @fds: as the program gave them, @n of them
 * @sets: the sets among them, @m of them
 * @ready: one of them has something to tell
 * @all: what is polled: @fds, with a set's device in its place, and the kicks
 */
struct polling {
	struct pollfd *fds;
	nfds_t n;
	struct asked *sets;
	nfds_t m;
	bool ready;
	struct pollfd *all;
};

static bool asks_a_set(const struct pollfd *p)
{
	return p->events & (POLLIN | POLLRDNORM) && number_set(p->fd);
}

static void look(struct polling *p)
{
	int err;

	p->ready = false;
	memcpy(p->all, p->fds, p->n * sizeof(*p->all));
	for (nfds_t i = 0; i < p->m; i++) {
		struct asked *a = &p->sets[i];
		struct pollfd *device = &p->all[a->at], *kick = &p->all[p->n + i];
		struct set *s = set_lock(device->fd, &err);

		*kick = (struct pollfd){ .fd = -1 };
		a->s = NULL;
		a->ready = s && set_is_ready(s);
		if (!s)
			continue;
		if (a->ready) {
			device->fd = -1;
			p->ready = true;
		} else {
			set_beside(s, device, kick);
			a->s = s;
		}
		set_pass_on(s);
		set_unlock(s);
	}
}

static void look_away(void *arg)
{
	struct polling *p = arg;
	int err = errno;

	for (nfds_t i = 0; i < p->m; i++) {
		struct set *s = p->sets[i].s;

		if (!s || pthread_mutex_lock(&s->lock))
			continue;
		set_not_beside(s);
		set_pass_on(s);
		set_leave(s);
	}
	errno = err;
}

/* The limit on descriptors is as in wait.c. */
static int sleep_beside(struct polling *p, const struct timespec *t,
			const sigset_t *mask)
{
	static const struct timespec zero, slice = { .tv_nsec = NSEC / 100 };
	int ret;

	if (p->ready)
		t = &zero;
	ret = next.ppoll(p->all, p->n + p->m, t, mask);

	if (ret >= 0 || errno != EINVAL)
		return ret;
	if (!t || t->tv_sec || t->tv_nsec > slice.tv_nsec)
		t = &slice;
	return next.ppoll(p->all, p->n, t, mask);
}

/* One look, and a sleep if it found nothing. */
static int look_and_sleep(struct polling *p, const struct timespec *t,
			  const sigset_t *mask)
{
	int ret;

	look(p);
	pthread_cleanup_push(look_away, p);
	ret = sleep_beside(p, t, mask);
	pthread_cleanup_pop(1);
	return ret;
}

/* What the program gets to see.  Return: how many have something. */
static int tell(struct polling *p)
{
	int n = 0;

	for (nfds_t i = 0; i < p->m; i++) {
		const struct asked *a = &p->sets[i];
		struct pollfd *device = &p->all[a->at];

		/* That the device is readable is not told, but that it is bad. */
		device->revents &= (short)~(POLLIN | POLLRDNORM);
		if (a->ready)
			device->revents |= (short)(p->fds[a->at].events &
						   (POLLIN | POLLRDNORM));
	}
	for (nfds_t i = 0; i < p->n; i++) {
		p->fds[i].revents = p->all[i].revents;
		n += p->fds[i].revents != 0;
	}
	return n;
}

static int poll_until(struct polling *p, const struct deadline *d,
		      const sigset_t *mask)
{
	struct timespec left;
	int ret, n;

	for (;;) {
		bool last = !deadline_left(d, &left);

		ret = look_and_sleep(p, d->never ? NULL : &left, mask);
		if (ret < 0)
			return ret;
		n = tell(p);
		if (n || last)
			return n;
	}
}

bool poll_sets(struct pollfd *fds, nfds_t n, const struct deadline *d,
	       const sigset_t *mask, int *ret)
{
	struct polling p = { .fds = fds, .n = n };
	size_t size;
	void *mem;

	if (!fds)
		return false;
	for (nfds_t i = 0; i < n; i++)
		p.m += asks_a_set(&fds[i]);
	if (!p.m)
		return false;
	FIND(ppoll);
	size = p.m * sizeof(*p.sets) + (n + p.m) * sizeof(*p.all);
	mem = size <= ON_STACK ? alloca(size) :
	      mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		   -1, 0);
	*ret = -1;
	if (mem == MAP_FAILED)
		return true;
	p.sets = mem;
	p.all = (struct pollfd *)(p.sets + p.m);
	/* One may have ceased to name a set meanwhile. */
	p.m = 0;
	for (nfds_t i = 0; i < n; i++)
		if (asks_a_set(&fds[i]))
			p.sets[p.m++].at = i;
	*ret = poll_until(&p, d, mask);
	if (size > ON_STACK)
		munmap(mem, size);
	return true;
}

bool poll_ends(struct deadline *d, const struct timespec *t)
{
	if (t && (t->tv_sec < 0 || t->tv_nsec < 0 || t->tv_nsec >= NSEC))
		return false;
	deadline_set(d, t);
	return true;
}

PRELOAD_TAKEN int poll(struct pollfd *fds, nfds_t n, int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	struct deadline d;
	int ret;

	FIND(poll);
	if (sets && poll_ends(&d, ms < 0 ? NULL : &t) &&
	    poll_sets(fds, n, &d, NULL, &ret))
		return ret;
	return next.poll(fds, n, ms);
}

PRELOAD_TAKEN int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *t,
			const sigset_t *mask)
{
	struct deadline d;
	int ret;

	FIND(ppoll);
	if (sets && poll_ends(&d, t) && poll_sets(fds, n, &d, mask, &ret))
		return ret;
	return next.ppoll(fds, n, t, mask);
}

/* What programs call that were built with _FORTIFY_SOURCE; @room is in bytes. */
int __poll_chk(struct pollfd *fds, nfds_t n, int ms, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *t,
		const sigset_t *mask, size_t room);

PRELOAD_TAKEN int __poll_chk(struct pollfd *fds, nfds_t n, int ms, size_t room)
{
	FIND(__poll_chk);
	if (n > room / sizeof(*fds))
		return next.__poll_chk(fds, n, ms, room);
	return poll(fds, n, ms);
}

PRELOAD_TAKEN int __ppoll_chk(struct pollfd *fds, nfds_t n,
			      const struct timespec *t, const sigset_t *mask,
			      size_t room)
{
	FIND(__ppoll_chk);
	if (n > room / sizeof(*fds))
		return next.__ppoll_chk(fds, n, t, mask, room);
	return ppoll(fds, n, t, mask);
}

/* The kernel's own form: the time that is left is stored. */
bool ppoll_by_number(const long *a, int *ret)
{
	struct timespec *t = (struct timespec *)a[2];
	struct deadline d;

	if (!sets || (a[3] && a[4] != KERNEL_SIGSET_SIZE) || !poll_ends(&d, t) ||
	    !poll_sets((struct pollfd *)a[0], (unsigned int)a[1], &d,
		       (const sigset_t *)a[3], ret))
		return false;
	if (!d.never)
		deadline_left(&d, t);
	return true;
}
