// SPDX-License-Identifier: GPL-2.0-only
/*
 * threads.c - threads of a workload, which begin at once
 *
 * Documented in threads.h.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "threads.h"

/**
 * struct start - what a thread is told
 * @t: its team
 * @i: its number
 */
struct start {
	struct threads *t;
	long i;
};

static void bind_to(long i)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)(i % (cpus < 1 ? 1 : cpus)), &set);
	/* Where that CPU is not ours the thread stays where the program is. */
	sched_setaffinity(0, sizeof(set), &set);
}

static void *begin(void *arg)
{
	struct start start = *(struct start *)arg;

	free(arg);
	bind_to(start.i);
	pthread_barrier_wait(&start.t->begin);
	start.t->work(start.t->arg, start.i);
	return NULL;
}

void threads_make(struct threads *t, long n, void (*work)(void *arg, long i), void *arg)
{
	t->work = work;
	t->arg = arg;
	t->n = n;
	t->id = calloc((size_t)n + 1, sizeof(*t->id));
	if (!t->id || pthread_barrier_init(&t->begin, NULL, (unsigned int)n + 1))
		die("out of memory");
	for (long i = 0; i < n; i++) {
		struct start *start = malloc(sizeof(*start));
		int err;

		if (!start)
			die("out of memory");
		*start = (struct start){ t, i };
		err = pthread_create(&t->id[i], NULL, begin, start);
		if (err)
			die("thread %ld of %ld: %s", i + 1, n, strerror(err));
	}
}

void threads_go(struct threads *t)
{
	pthread_barrier_wait(&t->begin);
}

void threads_end(struct threads *t)
{
	for (long i = 0; i < t->n; i++)
		pthread_join(t->id[i], NULL);
	pthread_barrier_destroy(&t->begin);
	free(t->id);
}
