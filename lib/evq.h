/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * evq.h - one interface to many ways of event delivery
 *
 * An event queue watches descriptors and tells which of them had events.  The
 * same few calls work over every design, so that a program, a test or a
 * benchmark can be run over each of them unchanged:
 *
 *	struct evq *q = evq_open("devepoll", 1000);
 *
 *	evq_add(q, sock, POLLIN | POLLOUT);
 *	for (;;) {
 *		int n = evq_wait(q, -1);
 *
 *		for (int i = 0; i < n; i++)
 *			serve(evq_get_fd(q, i), evq_get_revents(q, i));
 *	}
 *	evq_close(q);
 *
 * Events are the bits of poll(2).  Where designs differ the interface does not
 * hide it: see the EVQ_* flags of struct evq_design.  A program that works on
 * all of them uses non-blocking descriptors, tries each one right after adding
 * it, and goes on with it until EAGAIN before it waits again.
 *
 * A queue may be used by one thread at a time; threads that share one have an
 * evq_join() each.
 */
#ifndef EVQ_H
#define EVQ_H

#include <poll.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** EVQ_EDGE - tells what happens, not what is: one event, one report. */
#define EVQ_EDGE	0x01u
/** EVQ_INITIAL - what is ready already at evq_add() is reported. */
#define EVQ_INITIAL	0x02u
/** EVQ_IMPLIED - POLLERR and POLLHUP are reported without being asked for. */
#define EVQ_IMPLIED	0x04u
/** EVQ_CLOSE - a closed file is forgotten; others want evq_del() first. */
#define EVQ_CLOSE	0x08u
/** EVQ_NESTS - evq_fd() is a descriptor that can itself be watched. */
#define EVQ_NESTS	0x10u
/** EVQ_MAPPED - the kernel writes results straight into shared memory. */
#define EVQ_MAPPED	0x20u
/** EVQ_COARSE - knows only POLLIN, POLLOUT, POLLPRI; a hang-up is a POLLIN. */
#define EVQ_COARSE	0x40u
/** EVQ_THREADS - many threads may use one queue: evq_join() and evq_arm(). */
#define EVQ_THREADS	0x80u
/** EVQ_SIGIO - hears where SIGIO is raised: of sockets and pipes, in its own words. */
#define EVQ_SIGIO	0x100u

/**
 * struct evq_design - what can be said of a design without opening it
 * @name: as given to evq_open(), e.g. "epoll-lt"
 * @about: one line for people
 * @needs: what has to be there beyond any Linux, or NULL
 * @flags: EVQ_*
 */
struct evq_design {
	const char *name;
	const char *about;
	const char *needs;
	unsigned int flags;
};

struct evq_impl;

/**
 * struct evq - an event queue
 * @ready: the first result of the last evq_wait(), wherever the design has it
 * @stride: bytes from one result to the next
 * @fd_at: where in a result the descriptor is
 * @revents_at: where in a result the low 16 bits of the events are
 * @impl: what the design keeps
 *
 * Private: laid open only so that reading a result costs no call.
 */
struct evq {
	const char *ready;
	uint16_t stride;
	uint16_t fd_at;
	uint16_t revents_at;
	const struct evq_impl *impl;
};

/**
 * evq_open() - open an event queue
 * @design: name of a design, see evq_designs()
 * @maxfds: how many descriptors will be watched, at least 0; a hint, since the
 *	queue grows as needed, up to 131072 on /dev/epoll and to the limits of
 *	memory and RLIMIT_NOFILE for the others
 *
 * Return: the queue, to be closed by evq_close(), or NULL with errno:
 * ENOENT no design of that name; EINVAL @maxfds is negative or more than the
 * design can have; ENOMEM; ENODEV the kernel has not what the design needs
 * (evq_design.needs says what); or what opening it said, e.g. EACCES.
 */
struct evq *evq_open(const char *design, int maxfds);

/**
 * evq_add() - watch a descriptor
 * @q: the queue
 * @fd: the descriptor
 * @events: bits of poll(2) to be told
 *
 * A descriptor that is watched already gets @events for its new mask.
 *
 * The results of the last evq_wait() stay readable.
 *
 * Return: 0, or -1 with errno: EBADF @fd is not open; EPERM it is of a kind
 * that cannot be watched; EINVAL it is the queue itself; ENOMEM; E2BIG no room
 * for one more; ENOSPC the user's limit of watches is reached; ELOOP too many
 * queues watch each other.  /dev/epoll and, beyond 65536 descriptors, "uring" know
 * E2BIG; /dev/epoll takes a number that is not open for a removal, as in 2002.  "poll"
 * and "select" look at @fd
 * only when they wait.
 */
int evq_add(struct evq *q, int fd, short events);

/**
 * evq_mod() - change the events that a watched descriptor is watched for
 * @q: the queue
 * @fd: the descriptor
 * @events: bits of poll(2) to be told from now on
 *
 * As evq_add(), but quicker where it is known that @fd is watched already.
 * A design with EVQ_INITIAL reports at once what is ready of @events.
 *
 * Return: 0, or -1 with errno as evq_add().
 */
int evq_mod(struct evq *q, int fd, short events);

/**
 * evq_del() - watch a descriptor no longer
 * @q: the queue
 * @fd: the descriptor
 *
 * No later evq_wait() reports @fd; results that are there already stay.  To
 * remove what is not watched is no error: a close may have been quicker.
 *
 * Return: 0, or -1 with errno: ENOMEM, EFAULT.
 */
int evq_del(struct evq *q, int fd);

/**
 * evq_arm() - watch a descriptor for one report
 * @q: the queue
 * @fd: the descriptor
 * @events: bits of poll(2) to be told
 *
 * As evq_mod(), but after one report @fd is silent until it is armed again, so that of
 * the threads that share a queue one alone has it.
 *
 * Return: 0, or -1 with errno as evq_add(), or ENOTSUP if the design has not
 * EVQ_THREADS.
 */
int evq_arm(struct evq *q, int fd, short events);

/**
 * evq_join() - the same queue, for one more thread
 * @q: the queue, which must not be closed before what joined it
 * @max: how many results an evq_wait() on the new one returns at most, at least 1
 *
 * What one of them adds, changes or removes all have; an event is told to one of
 * those who wait.
 *
 * Return: to be closed by evq_close(), or NULL with errno: ENOTSUP the design has not
 * EVQ_THREADS; EINVAL @max; ENOMEM.
 */
struct evq *evq_join(const struct evq *q, int max);

/**
 * evq_wait() - wait for events
 * @q: the queue
 * @timeout_ms: milliseconds; 0 does not wait, -1 waits for ever
 *
 * Costs what the design needs to know the descriptors that are ready and
 * nothing else: one system call; for "poll" and "select" also the search
 * through all that are watched.
 *
 * The results stay readable until the next evq_wait() or evq_close().
 *
 * Return: how many results there are, 0 after the timeout, or -1 with errno:
 * EINTR a signal came, or a ring of "uring" ended that was closed before; EBADF
 * ("select" only) a watched descriptor was closed; EBUSY (/dev/epoll only) another
 * thread or process is waiting on this queue.
 */
int evq_wait(struct evq *q, int timeout_ms);

/**
 * evq_get_fd() - the descriptor of a result
 * @q: the queue
 * @i: from 0 to one less than evq_wait() returned
 *
 * Return: the descriptor.
 */
static inline int evq_get_fd(const struct evq *q, int i)
{
	const char *at = q->ready + (unsigned long)i * q->stride;

	return *(const int *)(const void *)(at + q->fd_at);
}

/**
 * evq_get_revents() - the events of a result
 * @q: the queue
 * @i: from 0 to one less than evq_wait() returned
 *
 * "poll" tells POLLNVAL here for a descriptor that was closed.
 *
 * Return: bits of poll(2).
 */
static inline short evq_get_revents(const struct evq *q, int i)
{
	const char *at = q->ready + (unsigned long)i * q->stride;

	return *(const short *)(const void *)(at + q->revents_at);
}

/**
 * evq_fd() - the descriptor behind a queue
 * @q: the queue
 *
 * Return: the descriptor, readable while there is something to report if the
 * design has EVQ_NESTS; -1 if the design has none.
 */
int evq_fd(const struct evq *q);

/**
 * evq_close() - close a queue
 * @q: the queue, or NULL
 *
 * The watched descriptors stay open.
 */
void evq_close(struct evq *q);

/**
 * evq_designs() - all designs that this library has
 * @i: 0, 1, 2, ..
 *
 * Return: the design, or NULL when @i is beyond the last one.
 */
const struct evq_design *evq_designs(unsigned int i);

/**
 * evq_find() - a design by its name
 * @name: e.g. "poll"
 *
 * Return: the design, or NULL with errno ENOENT.
 */
const struct evq_design *evq_find(const char *name);

/**
 * evq_design() - the design of a queue
 * @q: the queue
 *
 * Return: the design.
 */
const struct evq_design *evq_design(const struct evq *q);

#ifdef __cplusplus
}
#endif

#endif /* EVQ_H */
