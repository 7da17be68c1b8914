// SPDX-License-Identifier: GPL-2.0-only
/*
 * evq_uring.c - io_uring: multishot poll, and a completion queue in shared memory
 *
 * A poll request is submitted once for each descriptor, and stays; each time that the
 * file wakes it, it adds a completion.  The program looks at the queue of these and
 * needs no call while it finds some.  Who adds it is what the two designs differ in:
 * a task's own work on its way out of the kernel, at once ("uring"), or when the task
 * asks ("uring-defer"), where a flag in shared memory says that asking pays.
 *
 * Two messages may be two completions, even before anybody looked.  Here they are
 * joined, so that one wait tells a descriptor once, as the other designs do: each
 * descriptor knows where in the results of this round it stands.
 *
 * A completion carries the descriptor and the number of its request ("generation").
 * A request that was cancelled may still have left some: its number is not the one of
 * the descriptor any more, and they are passed over.
 *
 * A request holds its file.  So a descriptor that is closed without evq_del() keeps
 * the file open, and its peer is not told of the close until then.
 *
 * The queue of completions does not grow.  Where more come than it has places the
 * kernel keeps the last one of each request and ends it; the next wait submits it
 * again, which tells once more what is still ready.
 */
#include <errno.h>
#include <liburing.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "evq_impl.h"

/* Requests that are submitted at once. */
#define BATCH 64
/* Places for completions: the least, and what the kernel has at most. */
#define FEW 4096
#define MOST 65536

/* The generation of what has no descriptor, as a cancellation. */
#define NO_GENERATION 0xffffffffu

/**
 * enum request - the request of a descriptor
 * @NONE: it is not watched
 * @NEW: submitted a moment ago
 * @LIVE: it was taken
 * @ENDED: the kernel ended it; to be submitted again
 * @REFUSED: it was not taken, slot.error says why
 */
enum request { NONE, NEW, LIVE, ENDED, REFUSED };

/**
 * struct slot - what is known of a descriptor
 * @generation: of its request
 * @request: what became of that
 * @events: what it is watched for
 * @error: a negative errno
 * @round: the round that last told it ..
 * @at: .. and where in the results of that
 */
struct slot {
	unsigned int generation;
	enum request request;
	short events;
	int error;
	unsigned int round;
	unsigned int at;
};

/**
 * struct uring - a queue on io_uring
 * @q: the public part
 * @ring: liburing's
 * @slots: by descriptor
 * @n_slots: length of @slots
 * @watched: how many descriptors are watched
 * @round: counts what was handed out
 * @found: results of this round, not handed out yet
 * @n_found: its length
 * @told: the results of the last round, which the program reads
 * @cap: capacity of @found and @told, never less than @watched
 * @ended: the kernel ended some requests, which is rare enough to look for them
 */
struct uring {
	struct evq q;
	struct io_uring ring;
	struct slot *slots;
	size_t n_slots;
	size_t watched;
	unsigned int round;
	struct pollfd *found;
	size_t n_found;
	struct pollfd *told;
	size_t cap;
	bool ended;
};

/* ---- opening ---- */

static const unsigned int now_flags;
static const unsigned int defer_flags =
	IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG;

static void uring_close(struct evq *q)
{
	struct uring *u = (struct uring *)q;

	io_uring_queue_exit(&u->ring);
	free(u->slots);
	free(u->found);
	free(u->told);
	free(u);
}

static unsigned int places_for(int maxfds)
{
	unsigned int places = FEW;

	/* Two messages for each, and as many of the round before. */
	while (places < MOST && places / 4 < (unsigned int)maxfds)
		places *= 2;
	return places;
}

static struct evq *uring_open(const struct evq_impl *impl, int maxfds)
{
	struct io_uring_params params = {
		.flags = *(const unsigned int *)impl->own | IORING_SETUP_CQSIZE,
		.cq_entries = places_for(maxfds),
	};
	struct uring *u = calloc(1, sizeof(*u));
	int err;

	if (!u)
		return NULL;
	err = io_uring_queue_init_params(BATCH, &u->ring, &params);
	if (err) {
		free(u);
		/* No io_uring, or one that has not these flags yet. */
		errno = err == -ENOSYS || err == -EINVAL ? ENODEV : -err;
		return NULL;
	}
	u->round = 1;
	evq_results_are_pollfd(&u->q);
	return &u->q;
}

/* ---- completions ---- */

/* A program may be told of each watched descriptor once in a round. */
static int room_for(struct uring *u, size_t n)
{
	size_t cap = u->cap;
	struct pollfd *array = evq_grow(u->told, &cap, n, sizeof(*array));

	if (!array)
		return -1;
	u->told = array;
	u->q.ready = (const char *)array;
	cap = u->cap;
	array = evq_grow(u->found, &cap, n, sizeof(*array));
	if (!array)
		return -1;
	u->found = array;
	u->cap = cap;
	return 0;
}

static void add_result(struct uring *u, struct slot *s, int fd, short revents)
{
	if (s->round == u->round) {
		u->found[s->at].revents |= revents;
		return;
	}
	s->round = u->round;
	s->at = (unsigned int)u->n_found;
	u->found[u->n_found].fd = fd;
	u->found[u->n_found++].revents = revents;
}

static void drop_result(struct uring *u, struct slot *s)
{
	struct pollfd *last;

	if (s->round != u->round)
		return;
	last = &u->found[--u->n_found];
	u->found[s->at] = *last;
	u->slots[last->fd].at = s->at;
	s->round = 0;
}

static void request_is_over(struct uring *u, struct slot *s, int res)
{
	if (s->request == NEW && res < 0) {
		s->request = REFUSED;
		s->error = res;
		return;
	}
	s->request = ENDED;
	u->ended = true;
}

/* Takes what is in the ring. */
static void reap(struct uring *u)
{
	struct io_uring_cqe *cqe;
	unsigned int head, n = 0;

	io_uring_for_each_cqe(&u->ring, head, cqe) {
		int fd = (int)(cqe->user_data & 0xffffffff);
		unsigned int generation = (unsigned int)(cqe->user_data >> 32);
		struct slot *s;

		n++;
		if (generation == NO_GENERATION)
			continue;
		s = &u->slots[fd];
		if (generation != s->generation)
			continue;
		if (cqe->res > 0)
			add_result(u, s, fd, (short)cqe->res);
		if (!(cqe->flags & IORING_CQE_F_MORE))
			request_is_over(u, s, cqe->res);
	}
	io_uring_cq_advance(&u->ring, n);
}

/* ---- requests ---- */

static int submit(struct uring *u)
{
	int n;

	/* Deferred work too: what was cancelled shall let go of its file. */
	do
		n = io_uring_submit_and_get_events(&u->ring);
	while (n == -EINTR);
	reap(u);
	if (n < 0)
		errno = -n;
	return n < 0 ? -1 : 0;
}

static struct io_uring_sqe *next_request(struct uring *u)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&u->ring);

	if (!sqe && !submit(u))
		sqe = io_uring_get_sqe(&u->ring);
	return sqe;
}

static unsigned long long tag(unsigned int generation, int fd)
{
	return (unsigned long long)generation << 32 | (unsigned int)fd;
}

/* Its completions are no longer listened to. */
static void next_generation(struct slot *s)
{
	if (++s->generation == NO_GENERATION)
		s->generation = 1;
}

static int prepare_cancel(struct uring *u, struct slot *s, int fd)
{
	struct io_uring_sqe *sqe = next_request(u);

	if (!sqe)
		return -1;
	io_uring_prep_cancel64(sqe, tag(s->generation, fd), 0);
	io_uring_sqe_set_data64(sqe, tag(NO_GENERATION, fd));
	next_generation(s);
	return 0;
}

static int prepare_poll(struct uring *u, struct slot *s, int fd)
{
	struct io_uring_sqe *sqe = next_request(u);

	if (!sqe)
		return -1;
	next_generation(s);
	s->request = NEW;
	io_uring_prep_poll_multishot(sqe, fd, (unsigned short)s->events);
	io_uring_sqe_set_data64(sqe, tag(s->generation, fd));
	return 0;
}

/* No longer watched, whatever becomes of a request. */
static void forget(struct uring *u, struct slot *s)
{
	drop_result(u, s);
	next_generation(s);
	s->request = NONE;
	u->watched--;
}

/* A file without a poll of its own is always ready, and its request ends at once. */
static bool cannot_be_watched(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ||
				   S_ISBLK(st.st_mode));
}

/* What became of a request that is submitted: 0, or -1 with errno. */
static int outcome(struct slot *s, int fd)
{
	if (s->request == ENDED && cannot_be_watched(fd))
		errno = EPERM;
	else if (s->request == REFUSED)
		errno = s->error == -EINVAL ? EPERM : -s->error;
	else
		return 0;
	return -1;
}

static int uring_add(struct evq *q, int fd, short events)
{
	struct uring *u = (struct uring *)q;
	struct slot *s = evq_grow(u->slots, &u->n_slots, (size_t)fd + 1, sizeof(*s));
	bool known;

	if (!s)
		return -1;
	u->slots = s;
	s += fd;
	known = s->request != NONE;
	if (fd == u->ring.ring_fd) {
		errno = EINVAL;
		return -1;
	}
	if (!known && u->watched == MOST) {
		errno = E2BIG;
		return -1;
	}
	if (!known && room_for(u, u->watched + 1))
		return -1;
	if (known && prepare_cancel(u, s, fd))
		return -1;
	u->watched += !known;
	/* What was found for the old mask may not be asked for any more. */
	drop_result(u, s);
	s->events = events;
	if (!prepare_poll(u, s, fd) && !submit(u) && !outcome(s, fd)) {
		if (s->request == NEW)
			s->request = LIVE;
		return 0;
	}
	forget(u, s);
	return -1;
}

static int uring_del(struct evq *q, int fd)
{
	struct uring *u = (struct uring *)q;
	struct slot *s;

	if ((size_t)fd >= u->n_slots || u->slots[fd].request == NONE)
		return 0;
	s = &u->slots[fd];
	if (prepare_cancel(u, s, fd))
		return -1;
	forget(u, s);
	return submit(u);
}

/*
 * Those that the kernel ended; one that it does not take again is in error.  One that
 * ends once more has told something, so that nobody sleeps over it.
 */
static int submit_ended(struct uring *u)
{
	u->ended = false;
	for (size_t fd = 0; fd < u->n_slots; fd++) {
		if (u->slots[fd].request == ENDED &&
		    prepare_poll(u, &u->slots[fd], (int)fd)) {
			u->ended = true;
			return -1;
		}
	}
	if (submit(u))
		return -1;
	for (size_t fd = 0; fd < u->n_slots; fd++) {
		struct slot *s = &u->slots[fd];

		if (s->request == NEW)
			s->request = LIVE;
		else if (s->request == REFUSED && s->error)
			add_result(u, s, (int)fd, POLLERR);
		s->error = 0;
	}
	return 0;
}

/* ---- waiting ---- */

static bool more_if_asked(const struct uring *u)
{
	return IO_URING_READ_ONCE(*u->ring.sq.kflags) &
	       (IORING_SQ_CQ_OVERFLOW | IORING_SQ_TASKRUN);
}

/*
 * All that can be known without sleeping.  Newer kernels do 20 pieces of deferred work
 * at a time; who goes on making events does not keep us here.
 */
static int collect(struct uring *u)
{
	size_t most = u->watched / 16 + 2;

	reap(u);
	for (size_t i = 0; i < most && more_if_asked(u); i++) {
		io_uring_get_events(&u->ring);
		reap(u);
	}
	return u->ended ? submit_ended(u) : 0;
}

static int hand_out(struct uring *u)
{
	struct pollfd *told = u->told;
	int n = (int)u->n_found;

	u->told = u->found;
	u->q.ready = (const char *)u->told;
	u->found = told;
	u->n_found = 0;
	if (!++u->round)
		u->round = 1;
	return n;
}

static long long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

/* Sleeps until there is a completion; 1, 0 after the timeout, -1 with errno. */
static int sleep_until(struct uring *u, int timeout_ms, long long deadline)
{
	struct __kernel_timespec ts;
	struct io_uring_cqe *cqe;
	long long left;
	int err;

	if (timeout_ms >= 0) {
		left = deadline - now_ns();
		if (left <= 0)
			return 0;
		ts.tv_sec = left / 1000000000;
		ts.tv_nsec = left % 1000000000;
	}
	err = io_uring_wait_cqe_timeout(&u->ring, &cqe, timeout_ms < 0 ? NULL : &ts);
	if (err && err != -ETIME) {
		errno = -err;
		return -1;
	}
	return err != -ETIME;
}

static int uring_wait(struct evq *q, int timeout_ms)
{
	struct uring *u = (struct uring *)q;
	long long deadline = 0;
	int more;

	if (collect(u))
		return -1;
	if (u->n_found || !timeout_ms)
		return u->n_found ? hand_out(u) : 0;
	if (timeout_ms > 0)
		deadline = now_ns() + timeout_ms * 1000000ll;
	do {
		more = sleep_until(u, timeout_ms, deadline);
		if (more < 0 || collect(u))
			return -1;
	} while (more && !u->n_found);
	return u->n_found ? hand_out(u) : 0;
}

static int uring_fd(const struct evq *q)
{
	return ((const struct uring *)q)->ring.ring_fd;
}

#define URING_DESIGN(name_, about_, needs_, flags_)			\
{									\
	.design = {							\
		.name = name_,						\
		.about = about_,					\
		.needs = needs_,					\
		.flags = EVQ_EDGE | EVQ_INITIAL | EVQ_IMPLIED | EVQ_NESTS, \
	},								\
	.own = flags_,							\
	.open = uring_open,						\
	.add = uring_add,						\
	.mod = uring_add,						\
	.del = uring_del,						\
	.wait = uring_wait,						\
	.fd = uring_fd,							\
	.close = uring_close,						\
}

const struct evq_impl evq_impl_uring =
	URING_DESIGN("uring", "io_uring: multishot poll, a ring of completions",
		     "io_uring, of Linux 5.13", &now_flags);

const struct evq_impl evq_impl_uring_defer =
	URING_DESIGN("uring-defer", "the same, completions made when asked for",
		     "io_uring with DEFER_TASKRUN, of Linux 6.1", &defer_flags);
