// SPDX-License-Identifier: GPL-2.0-only
/*
 * queue.c - a queue on sources, and what can go wrong with one
 *
 * Documented in queue.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "queue.h"

const char *queue_open(struct evq **q, const char *design, long n)
{
	const char *needs = evq_find(design)->needs, *why;
	static char text[160];

	*q = evq_open(design, (int)n);
	if (*q)
		return NULL;
	why = strerror(errno);
	if (errno != ENODEV || !needs)
		return why;
	snprintf(text, sizeof(text), "%s: needs %s", why, needs);
	return text;
}

const char *queue_hears(const struct evq *q, const struct sources *all)
{
	struct stat st;

	if (!(evq_design(q)->flags & EVQ_SIGIO))
		return NULL;
	if (fstat(all->s[0].watched, &st))
		return strerror(errno);
	return S_ISSOCK(st.st_mode) || S_ISFIFO(st.st_mode) ? NULL :
	       "it hears of sockets and pipes alone";
}

const char *queue_watch(struct evq *q, const struct sources *all)
{
	const char *why = queue_hears(q, all);

	if (why)
		return why;
	for (long i = 0; i < all->n; i++)
		if (evq_add(q, all->s[i].watched, POLLIN))
			return strerror(errno);
	/* What adding itself told is not of interest. */
	return evq_wait(q, 0) ? "ready before any message" : NULL;
}

const char *queue_begin(struct evq **q, const char *design, const struct sources *all)
{
	const char *why = queue_open(q, design, all->n);

	return why ? why : queue_watch(*q, all);
}

int queue_wait(struct evq *q, int timeout_ms)
{
	int n;

	do
		n = evq_wait(q, timeout_ms);
	while (n < 0 && errno == EINTR);
	return n;
}

const char *queue_one(struct evq *q, int fd)
{
	int n = evq_wait(q, 0);

	if (!n)
		n = queue_wait(q, PATIENCE_MS);
	if (n == 1 && evq_get_fd(q, 0) == fd && evq_get_revents(q, 0) & POLLIN)
		return NULL;
	return n < 0 ? strerror(errno) : !n ? "an event was not told" :
	       "told of a source that had no event";
}

const char *queue_none(struct evq *q)
{
	int n = evq_wait(q, 0);

	return !n ? NULL : n < 0 ? strerror(errno) : "told of a source that was drained";
}

const char *queue_end(struct evq *q, const char *why)
{
	/* Levels look at what they told once more. */
	evq_wait(q, 0);
	return why ? why : queue_none(q);
}
