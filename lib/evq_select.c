// SPDX-License-Identifier: GPL-2.0-only
/*
 * evq_select.c - select(2)
 *
 * Three bitmaps in, three bitmaps out, and the search through them.  The bitmaps
 * are as large as the largest descriptor asks for, not fd_set: the system call
 * takes any size, FD_SETSIZE is a limit of the C library's type only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>

#include "evq_impl.h"

#define WORD_BITS (8 * sizeof(unsigned long))

enum { RD, WR, EX, N_MAPS };

/* What a bit in each map means, as select(2) tells it in the words of poll. */
static const short asks[N_MAPS] = {
	POLLIN | POLLRDNORM | POLLRDBAND, POLLOUT | POLLWRNORM | POLLWRBAND,
	POLLPRI
};
static const short tells[N_MAPS] = { POLLIN, POLLOUT, POLLPRI };

/**
 * struct selectq - a queue on select()
 * @q: the public part
 * @in: what is watched
 * @out: a copy of @in that select() writes to
 * @words: length of each of the maps
 * @nfds: one more than the largest descriptor that is watched
 * @found: the results of the last wait
 * @found_cap: its capacity, never less than @nfds
 */
struct selectq {
	struct evq q;
	unsigned long *in[N_MAPS];
	unsigned long *out[N_MAPS];
	size_t words;
	size_t nfds;
	struct pollfd *found;
	size_t found_cap;
};

static void select_close(struct evq *q)
{
	struct selectq *s = (struct selectq *)q;

	for (int m = 0; m < N_MAPS; m++) {
		free(s->in[m]);
		free(s->out[m]);
	}
	free(s->found);
	free(s);
}

static int grow_map(unsigned long **map, size_t words, size_t want)
{
	unsigned long *grown = evq_grow(*map, &words, want, sizeof(*grown));

	if (!grown)
		return -1;
	*map = grown;
	return 0;
}

static int room_for(struct selectq *s, size_t nfds)
{
	size_t want = (nfds + WORD_BITS - 1) / WORD_BITS;
	struct pollfd *found = evq_grow(s->found, &s->found_cap, nfds,
					sizeof(*found));
	size_t words = s->words ? s->words : 16;

	if (!found)
		return -1;
	s->found = found;
	s->q.ready = (const char *)found;
	if (want <= s->words)
		return 0;
	while (words < want)
		words *= 2;
	for (int m = 0; m < N_MAPS; m++)
		if (grow_map(&s->in[m], s->words, words) ||
		    grow_map(&s->out[m], s->words, words))
			return -1;
	s->words = words;
	return 0;
}

static struct evq *select_open(const struct evq_impl *impl, int maxfds)
{
	struct selectq *s = calloc(1, sizeof(*s));

	(void)impl;
	if (!s)
		return NULL;
	evq_results_are_pollfd(&s->q);
	if (room_for(s, maxfds ? (size_t)maxfds : 1)) {
		select_close(&s->q);
		return NULL;
	}
	return &s->q;
}

static int select_add(struct evq *q, int fd, short events)
{
	struct selectq *s = (struct selectq *)q;
	size_t word = (size_t)fd / WORD_BITS;
	unsigned long bit = 1UL << (fd % WORD_BITS);

	if (room_for(s, (size_t)fd + 1))
		return -1;
	for (int m = 0; m < N_MAPS; m++) {
		if (events & asks[m])
			s->in[m][word] |= bit;
		else
			s->in[m][word] &= ~bit;
	}
	if (s->nfds < (size_t)fd + 1)
		s->nfds = (size_t)fd + 1;
	return 0;
}

static int select_del(struct evq *q, int fd)
{
	struct selectq *s = (struct selectq *)q;
	size_t word = (size_t)fd / WORD_BITS;
	unsigned long bit = 1UL << (fd % WORD_BITS);

	if ((size_t)fd >= s->nfds)
		return 0;
	for (int m = 0; m < N_MAPS; m++)
		s->in[m][word] &= ~bit;
	if ((size_t)fd + 1 < s->nfds)
		return 0;
	while (s->nfds) {
		word = (s->nfds - 1) / WORD_BITS;
		bit = 1UL << ((s->nfds - 1) % WORD_BITS);
		if ((s->in[RD][word] | s->in[WR][word] | s->in[EX][word]) & bit)
			break;
		s->nfds--;
	}
	return 0;
}

/* The descriptors of one word that has bits set in any map. */
static int found_in_word(struct selectq *s, size_t word, int n)
{
	unsigned long bits = s->out[RD][word] | s->out[WR][word] |
			     s->out[EX][word];

	for (; bits; bits &= bits - 1) {
		int b = __builtin_ctzl(bits);
		struct pollfd *found = &s->found[n++];

		found->fd = (int)(word * WORD_BITS) + b;
		found->revents = 0;
		for (int m = 0; m < N_MAPS; m++)
			if (s->out[m][word] >> b & 1)
				found->revents |= tells[m];
	}
	return n;
}

static int select_wait(struct evq *q, int timeout_ms)
{
	struct selectq *s = (struct selectq *)q;
	struct timeval tv = {
		.tv_sec = timeout_ms / 1000,
		.tv_usec = timeout_ms % 1000 * 1000,
	};
	size_t words = (s->nfds + WORD_BITS - 1) / WORD_BITS;
	int bits, n = 0;

	for (int m = 0; m < N_MAPS; m++)
		memcpy(s->out[m], s->in[m], words * sizeof(unsigned long));
	bits = select((int)s->nfds, (fd_set *)s->out[RD], (fd_set *)s->out[WR],
		      (fd_set *)s->out[EX], timeout_ms < 0 ? NULL : &tv);
	if (bits <= 0)
		return bits;
	for (size_t word = 0; word < words; word++)
		if (s->out[RD][word] | s->out[WR][word] | s->out[EX][word])
			n = found_in_word(s, word, n);
	return n;
}

const struct evq_impl evq_impl_select = {
	.design = {
		.name = "select",
		.about = "select(2) with bitmaps as large as needed",
		.flags = EVQ_INITIAL | EVQ_COARSE,
	},
	.open = select_open,
	.add = select_add,
	.mod = select_add,
	.del = select_del,
	.wait = select_wait,
	.close = select_close,
};
