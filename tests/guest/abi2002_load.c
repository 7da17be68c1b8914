// SPDX-License-Identifier: GPL-2.0-only
/*
 * abi2002_load.c - clients for an echo server, thousands in one process
 *
 * Documented in abi2002_load.h.  On the kernel's epoll, so that the device under
 * test is at one end only.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "abi2002_load.h"
#include "guest.h"

/* What all say is cut out of this; twice as long, so that no cut wraps. */
#define PATTERN_SIZE 65536
#define BIG_MESSAGE 200000
#define MAX_EVENTS 512

enum ending { CLOSES, HALF_CLOSES, RESETS, RESETS_UNHEARD };

/**
 * struct client - one connection
 * @fd: its descriptor
 * @id: its number, of all that ever were
 * @messages: still to be begun
 * @ending: how it ends
 * @asked: bytes of all messages begun
 * @sent: of those sent
 * @back: of those heard back
 * @hushed: its sending side is closed
 */
struct client {
	int fd;
	int id;
	int messages;
	enum ending ending;
	size_t asked;
	size_t sent;
	size_t back;
	bool hushed;
};

/* What a run has besides what the caller knows. */
struct crowd {
	struct load *l;
	int ep;
	int started;
	int finished;
	int holding;
	bool released;
	struct client *client;
	char pattern[2 * PATTERN_SIZE];
};

__attribute__((format(printf, 3, 4)))
static bool wrong(struct crowd *w, const struct client *c, const char *fmt, ...)
{
	int len = snprintf(w->l->why, sizeof(w->l->why),
			   "client %d, %zu bytes sent and %zu back: ", c->id,
			   c->sent, c->back);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(w->l->why + len, sizeof(w->l->why) - len, fmt, ap);
	va_end(ap);
	return false;
}

static uint32_t mix(uint32_t x)
{
	x = (x ^ x >> 16) * 0x45d9f3bU;
	x = (x ^ x >> 16) * 0x45d9f3bU;
	return x ^ x >> 16;
}

static void fill_pattern(struct crowd *w)
{
	uint32_t i;

	for (i = 0; i < PATTERN_SIZE; i++)
		w->pattern[i] = (char)mix(i + 1);
	memcpy(w->pattern + PATTERN_SIZE, w->pattern, PATTERN_SIZE);
}

/* What the client says from byte @at on. */
static const char *speech(struct crowd *w, const struct client *c, size_t at)
{
	return w->pattern + (mix((uint32_t)c->id) + at) % PATTERN_SIZE;
}

static enum ending ending_of(int id)
{
	switch (mix((uint32_t)id ^ 0xe0d) % 10) {
	case 0: case 1: case 2: case 3:
		return CLOSES;
	case 4: case 5: case 6: case 7:
		return HALF_CLOSES;
	case 8:
		return RESETS;
	default:
		return RESETS_UNHEARD;
	}
}

/* Most are small; one in sixteen takes several reads, few fill all buffers. */
static size_t message_size(const struct client *c)
{
	uint32_t r = mix((uint32_t)c->id * 8 + (uint32_t)c->messages);

	if (c->id % 100 == 5 && c->messages == 1)
		return BIG_MESSAGE;
	return 1 + (r >> 4) % (r % 16 ? 1000 : 20000);
}

int load_connect(int port)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to))) {
		int err = errno;

		close(fd);
		errno = err;
		fd = -1;
	}
	return fd;
}

static bool end_sending(struct crowd *w, struct client *c)
{
	if (c->hushed || c->messages || c->ending != HALF_CLOSES)
		return true;
	c->hushed = true;
	return !shutdown(c->fd, SHUT_WR) || wrong(w, c, "shutdown: %m");
}

static bool send_more(struct crowd *w, struct client *c)
{
	while (c->sent < c->asked) {
		size_t len = c->asked - c->sent;
		ssize_t n;

		if (len > PATTERN_SIZE)
			len = PATTERN_SIZE;
		n = send(c->fd, speech(w, c, c->sent), len, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0)
			return wrong(w, c, "send: %m");
		c->sent += (size_t)n;
	}
	return end_sending(w, c);
}

static bool start(struct crowd *w, struct client *c)
{
	struct epoll_event ev = {
		.events = EPOLLIN | EPOLLOUT | EPOLLET,
		.data.ptr = c,
	};

	*c = (struct client){ .id = w->l->first + w->started++ };
	c->ending = ending_of(c->id);
	c->fd = load_connect(w->l->port);
	if (c->fd < 0 || fcntl(c->fd, F_SETFL, O_NONBLOCK) ||
	    epoll_ctl(w->ep, EPOLL_CTL_ADD, c->fd, &ev))
		return wrong(w, c, "connecting: %m");
	c->messages = 1 + (int)(mix((uint32_t)c->id + 77) % 2);
	c->asked = 1 + mix((uint32_t)c->id + 99) % 1000;
	return send_more(w, c);
}

/* The place of one that is through goes to the next. */
static bool finish(struct crowd *w, struct client *c, bool reset)
{
	struct linger at_once = { .l_onoff = 1 };

	if (reset)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once,
			   sizeof(at_once));
	if (close(c->fd))
		return wrong(w, c, "close: %m");
	c->fd = -1;
	w->finished++;
	if (reset) {
		w->l->reset++;
	} else {
		w->l->ended++;
		w->l->bytes += c->back;
	}
	return w->started == w->l->total || start(w, c);
}

/* All that was asked for has come back. */
static bool go_on(struct crowd *w, struct client *c)
{
	if (c->messages) {
		c->asked += message_size(c);
		c->messages--;
		if (!send_more(w, c))
			return false;
		return c->messages || c->ending != RESETS_UNHEARD ||
		       finish(w, c, true);
	}
	switch (c->ending) {
	case CLOSES:
		return finish(w, c, false);
	case RESETS:
		return finish(w, c, true);
	default:
		return true;
	}
}

/* The first message is back: wait for the others, if they are not here yet. */
static bool go_on_together(struct crowd *w, struct client *c)
{
	int i;

	if (w->released)
		return go_on(w, c);
	w->holding++;
	if (w->holding < w->l->at_once)
		return true;
	w->released = true;
	for (i = 0; i < w->l->at_once; i++)
		if (!go_on(w, &w->client[i]))
			return false;
	return true;
}

static bool at_end(struct crowd *w, struct client *c)
{
	if (!c->hushed || c->back < c->asked)
		return wrong(w, c, "the server ended it");
	return finish(w, c, false);
}

static bool receive(struct crowd *w, struct client *c)
{
	static char buf[16384];
	ssize_t n;

	for (;;) {
		n = recv(c->fd, buf, sizeof(buf), 0);
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0)
			return wrong(w, c, "recv: %m");
		if (!n)
			return at_end(w, c);
		if (c->back + (size_t)n > c->sent ||
		    memcmp(buf, speech(w, c, c->back), (size_t)n))
			return wrong(w, c, "other bytes came back");
		c->back += (size_t)n;
		if (c->back < c->asked)
			continue;
		if (!go_on_together(w, c))
			return false;
		if (c->fd < 0)
			return true;
	}
}

static bool serve_clients(struct crowd *w)
{
	struct epoll_event ev[MAX_EVENTS];
	int i, n;

	while (w->finished < w->l->total) {
		n = epoll_wait(w->ep, ev, MAX_EVENTS, GUEST_WAIT_MS);
		if (n <= 0) {
			snprintf(w->l->why, sizeof(w->l->why),
				 "%d of %d clients wait in vain for their bytes",
				 w->started - w->finished, w->l->total);
			return false;
		}
		for (i = 0; i < n; i++) {
			struct client *c = ev[i].data.ptr;

			if (c->fd >= 0 && (!send_more(w, c) || !receive(w, c)))
				return false;
		}
	}
	return true;
}

bool load_run(struct load *l)
{
	struct crowd *w = calloc(1, sizeof(*w));
	bool ok = true;
	int i;

	guest_check(w, "no memory");
	w->l = l;
	w->client = calloc((size_t)l->at_once, sizeof(*w->client));
	w->ep = epoll_create1(EPOLL_CLOEXEC);
	guest_check(w->client && w->ep >= 0, "no memory");
	fill_pattern(w);
	for (i = 0; ok && i < l->at_once; i++)
		ok = start(w, &w->client[i]);
	ok = ok && serve_clients(w);
	close(w->ep);
	free(w->client);
	free(w);
	return ok;
}
