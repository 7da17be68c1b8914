/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * threads.h - threads of a workload, which begin at once
 */
#ifndef BENCH_THREADS_H
#define BENCH_THREADS_H

#include <pthread.h>
#include <stdbool.h>

/**
 * struct threads - some that do the same
 * @work: what each does; @i counts them from 0
 * @arg: for @work
 * @n: how many
 * @id: of each
 * @begin: where all wait for threads_go()
 */
struct threads {
	void (*work)(void *arg, long i);
	void *arg;
	long n;
	pthread_t *id;
	pthread_barrier_t begin;
};

/**
 * threads_make() - make threads that wait to begin
 * @t: to be filled in
 * @n: how many; 0 is none
 * @work: what each is to do
 * @arg: for @work
 *
 * Each is bound to a CPU, in turn; the caller stays where it is.
 */
void threads_make(struct threads *t, long n, void (*work)(void *arg, long i), void *arg);

/** threads_go() - let them begin. */
void threads_go(struct threads *t);

/** threads_end() - wait until all have returned. */
void threads_end(struct threads *t);

/** fail_with() - keep in @first what went wrong first, from any thread. */
static inline void fail_with(const char **first, const char *why)
{
	const char *none = NULL;

	if (why)
		__atomic_compare_exchange_n(first, &none, why, false, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED);
}

#endif /* BENCH_THREADS_H */
