// SPDX-License-Identifier: GPL-2.0-only
/*
 * tokens.c - traffic in which every byte is accounted for
 *
 * libcheck notes every assertion that it passes, which costs a system call,
 * so the loops here compare for themselves and call in only when it is bad.
 */
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

#include "tokens.h"

static int lane_of[TOKEN_FDS];

int stress_seconds(void)
{
	const char *text = getenv("STRESS_SECONDS");
	int n = text ? atoi(text) : 5;

	return n > 0 ? n : 1;
}

unsigned int stress_random(unsigned int *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 10;
}

void stress_pause(void)
{
	struct timespec ts = { .tv_sec = stress_seconds() };

	nanosleep(&ts, NULL);
}

static void lane_open(struct lane *l, enum lane_kind kind)
{
	int fd[2], on = 1;

	switch (kind) {
	case LANE_PIPE:
		guest_pipe(fd);
		break;
	case LANE_UNIX:
		guest_unix(fd);
		break;
	case LANE_TCP:
		guest_tcp(fd);
		/* Each byte goes out at once. */
		setsockopt(fd[1], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		break;
	default:
		fd[0] = guest_eventfd();
		fd[1] = fd[0];
		l->counts = true;
	}
	l->rfd = fd[0];
	l->wfd = fd[1];
}

void tokens_also(int fd, int i)
{
	ck_assert_msg(fd >= 0 && fd < TOKEN_FDS, "fd %d does not fit the table", fd);
	__atomic_store_n(&lane_of[fd], i + 1, __ATOMIC_RELEASE);
}

struct tokens *tokens_open(enum lane_kind kind, int n)
{
	size_t size = sizeof(struct tokens) + (size_t)n * sizeof(struct lane);
	struct tokens *t;
	int i;

	t = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		 -1, 0);
	ck_assert(t != MAP_FAILED);
	t->lane = (struct lane *)(t + 1);
	t->lanes = n;
	guest_nofile(4 * n + 256);
	evset_open(&t->s, 4 * n + 256);
	t->control = guest_eventfd();
	evset_add(&t->s, t->control, POLLIN);
	for (i = 0; i < n; i++) {
		lane_open(&t->lane[i], kind == LANE_KINDS ?
			  (enum lane_kind)(i % LANE_KINDS) : kind);
		tokens_also(t->lane[i].rfd, i);
		evset_add(&t->s, t->lane[i].rfd, POLLIN);
	}
	return t;
}

bool tokens_go_on(const struct tokens *t)
{
	return !__atomic_load_n(&t->stop, __ATOMIC_RELAXED);
}

static void call(struct tokens *t)
{
	uint64_t one = 1;

	/* A pipe that has no room holds many that are not read yet. */
	if (write(t->control, &one, sizeof(one)) != sizeof(one) &&
	    !(guest_pipes && errno == EAGAIN))
		ck_abort_msg("control: %s", strerror(errno));
}

void tokens_recheck(struct tokens *t, int i)
{
	__atomic_store_n(&t->lane[i].recheck, true, __ATOMIC_RELEASE);
	call(t);
}

/* One burst of a few writes, if the reader has taken all before. */
static bool send_burst(struct lane *l, int n)
{
	unsigned long sent = l->sent;
	uint64_t one = 1;
	int i;

	if (__atomic_load_n(&l->got, __ATOMIC_ACQUIRE) != sent)
		return false;
	__atomic_store_n(&l->sent, sent + (unsigned long)n, __ATOMIC_RELEASE);
	for (i = 0; i < n; i++) {
		unsigned char byte = (unsigned char)(sent + (unsigned long)i);
		ssize_t ret = l->counts ? write(l->wfd, &one, sizeof(one)) :
			      write(l->wfd, &byte, 1);

		if (ret <= 0)
			ck_abort_msg("write to fd %d: %s", l->wfd,
				     strerror(errno));
	}
	return true;
}

struct writer {
	struct tokens *t;
	int which, of;
};

static void *writer(void *arg)
{
	struct writer *w = arg;
	struct tokens *t = w->t;
	unsigned int seed = (unsigned int)w->which + 1;
	int i, share = (t->lanes - w->which + w->of - 1) / w->of, busy = 0;

	while (tokens_go_on(t)) {
		i = w->which + (int)(stress_random(&seed) % (unsigned int)share) * w->of;
		if (send_burst(&t->lane[i], 1 + (int)(stress_random(&seed) % 3)))
			busy = 0;
		else if (++busy > 16)
			sched_yield();
	}
	return NULL;
}

static void take(struct lane *l)
{
	unsigned long got = l->got;
	unsigned char buf[64];
	uint64_t count;
	ssize_t n, i;

	for (;;) {
		n = l->counts ? read(l->rfd, &count, sizeof(count)) :
		    read(l->rfd, buf, sizeof(buf));
		if (n <= 0)
			break;
		if (l->counts) {
			got += count;
			continue;
		}
		for (i = 0; i < n; i++, got++)
			if (buf[i] != (unsigned char)got)
				ck_abort_msg("fd %d: expected byte %#x, got %#x",
					     l->rfd, (unsigned char)got, buf[i]);
	}
	if (n == 0 || errno != EAGAIN)
		ck_abort_msg("fd %d: read: %s", l->rfd,
			     n ? strerror(errno) : "end of file");
	__atomic_store_n(&l->got, got, __ATOMIC_RELEASE);
}

static void recheck(struct tokens *t)
{
	int i;

	guest_drain(t->control);
	if (errno != EAGAIN)
		ck_abort_msg("control: %s", strerror(errno));
	for (i = 0; i < t->lanes; i++)
		if (__atomic_exchange_n(&t->lane[i].recheck, false, __ATOMIC_ACQ_REL))
			take(&t->lane[i]);
}

static bool all_taken(const struct tokens *t)
{
	int i;

	for (i = 0; i < t->lanes; i++)
		if (__atomic_load_n(&t->lane[i].sent, __ATOMIC_ACQUIRE) !=
		    t->lane[i].got)
			return false;
	return true;
}

/* EP_POLL found nothing for a long time: is anything there? */
static void nobody_waits(const struct tokens *t)
{
	int i;

	for (i = 0; i < t->lanes; i++) {
		const struct lane *l = &t->lane[i];

		if (guest_poll(l->rfd, POLLIN))
			ck_abort_msg("EP_POLL sleeps, but fd %d is readable: %lu of %lu tokens taken, EP_ISPOLLED says %d",
				     l->rfd, l->got, l->sent,
				     evset_ispolled(&t->s, l->rfd, NULL));
	}
}

static void harvest(struct tokens *t, const struct pollfd *ev, int n)
{
	static unsigned long seen[TOKEN_FDS];
	int i, lane;

	t->harvests++;
	for (i = 0; i < n; i++) {
		if (ev[i].fd < 0 || ev[i].fd >= TOKEN_FDS || !ev[i].revents)
			ck_abort_msg("slot %d of %d: fd %d, revents %#x", i, n,
				     ev[i].fd, ev[i].revents);
		if (seen[ev[i].fd] == t->harvests)
			ck_abort_msg("fd %d has two of %d slots", ev[i].fd, n);
		seen[ev[i].fd] = t->harvests;
		if (ev[i].fd == t->control) {
			recheck(t);
			continue;
		}
		lane = __atomic_load_n(&lane_of[ev[i].fd], __ATOMIC_ACQUIRE);
		if (lane)
			take(&t->lane[lane - 1]);
	}
}

static void *consumer(void *arg)
{
	const struct pollfd *ev;
	struct evpoll evp;
	struct tokens *t = arg;
	int n;

	for (;;) {
		evp.ep_timeout = GUEST_WAIT_MS;
		n = ioctl(t->s.fd, EP_POLL, &evp);
		if (n < 0)
			ck_abort_msg("EP_POLL: %s", strerror(errno));
		ev = (const struct pollfd *)(t->s.map + evp.ep_resoff);
		harvest(t, ev, n);
		if (__atomic_load_n(&t->last, __ATOMIC_ACQUIRE) && all_taken(t))
			return NULL;
		if (n == 0)
			nobody_waits(t);
	}
}

enum { MOST_THREADS = 16 };

void tokens_run(struct tokens *t, int writers, bool child, churn *const *fn)
{
	pthread_t wt[MOST_THREADS], ct[MOST_THREADS], eater;
	struct writer w[MOST_THREADS];
	unsigned long sum = 0;
	pid_t pid[MOST_THREADS];
	int i, churners = 0;
	const char *why;

	for (i = 0; i < writers; i++)
		w[i] = (struct writer){ t, i, writers };
	/* Before there are threads, which a child would not have. */
	for (i = 0; child && i < writers; i++) {
		pid[i] = guest_fork();
		if (!pid[i]) {
			writer(&w[i]);
			_exit(0);
		}
	}
	eater = guest_thread(consumer, t);
	for (i = 0; !child && i < writers; i++)
		wt[i] = guest_thread(writer, &w[i]);
	for (; fn && fn[churners]; churners++)
		ct[churners] = guest_thread(fn[churners], t);

	stress_pause();
	__atomic_store_n(&t->stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < writers; i++) {
		if (child)
			guest_reap(pid[i]);
		else
			guest_join(wt[i]);
	}
	for (i = 0; i < churners; i++) {
		why = guest_join(ct[i]);
		ck_assert_msg(!why, "churner %d: %s failed", i, why);
	}
	__atomic_store_n(&t->last, true, __ATOMIC_RELEASE);
	call(t);
	guest_join(eater);

	for (i = 0; i < t->lanes; i++)
		sum += t->lane[i].got;
	ck_assert_msg(sum > (unsigned long)t->lanes,
		      "only %lu tokens in %d s are no stress", sum,
		      stress_seconds());
}
