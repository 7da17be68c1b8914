// SPDX-License-Identifier: GPL-2.0-only
/*
 * lossy.c - an evq_wait() that goes wrong, linked into evbench in place of the real one
 *
 * So that it is seen whether a workload would notice.  LOSSY in the environment:
 *   drop:N    from call N on nothing is told any more
 *   wrong:N   from call N on the first result is of another descriptor
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evq.h"

int __real_evq_wait(struct evq *q, int timeout_ms);
int __wrap_evq_wait(struct evq *q, int timeout_ms);

int __wrap_evq_wait(struct evq *q, int timeout_ms)
{
	static int calls;
	const char *how = getenv("LOSSY");
	int n = 0, first = 0;
	char what[16] = "";

	if (how && sscanf(how, "%15[a-z]:%d", what, &first) != 2)
		abort();
	if (__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) < first || !how)
		return __real_evq_wait(q, timeout_ms);
	if (strcmp(what, "wrong"))
		return 0;
	n = __real_evq_wait(q, timeout_ms);
	if (n > 0)
		/* Where epoll has its results is memory of the library's own. */
		*(int *)(void *)((char *)(unsigned long)q->ready + q->fd_at) = evq_get_fd(q, 0) + 1;
	return n;
}
