// SPDX-License-Identifier: GPL-2.0-only
/*
 * with_libevent.c - the story of scenario.h, told with libevent
 */
#define _GNU_SOURCE
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scenario.h"

static struct event_base *base;
static struct event *timer;
static struct scenario seen;
static int port, pipes[2];

struct connection {
	struct client c;
	struct event *in;
	struct event *out;
};

static void look(void)
{
	if (scenario_done(&seen))
		event_base_loopbreak(base);
}

static void connection_end(struct connection *c, int fd)
{
	event_free(c->in);
	if (c->out)
		event_free(c->out);
	close(fd);
	free(c);
}

static void on_client_out(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;

	(void)what;
	if (client_write(&c->c, fd))
		event_del(c->out);
}

static void on_client_in(evutil_socket_t fd, short what, void *arg)
{
	struct connection *c = arg;

	(void)what;
	if (!client_read(&c->c, fd))
		return;
	connection_end(c, fd);
	seen.clients_done++;
	look();
}

static void client(void)
{
	struct connection *c = calloc(1, sizeof(*c));
	int fd = scenario_connect(port);

	c->in = event_new(base, fd, EV_READ | EV_PERSIST, on_client_in, c);
	c->out = event_new(base, fd, EV_WRITE | EV_PERSIST, on_client_out, c);
	event_add(c->in, NULL);
	event_add(c->out, NULL);
}

static void on_echo(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	if (echo_read(fd))
		connection_end(arg, fd);
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
	int got;

	(void)what, (void)arg;
	while ((got = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct connection *c = calloc(1, sizeof(*c));

		/* Edge-triggered on this side. */
		c->in = event_new(base, got, EV_READ | EV_PERSIST | EV_ET,
				  on_echo, c);
		event_add(c->in, NULL);
	}
}

static void on_pipe(evutil_socket_t fd, short what, void *arg)
{
	char data[64];
	ssize_t n = read(fd, data, sizeof(data));

	(void)what;
	if (n > 0) {
		seen.piped += n;
		return;
	}
	seen.pipe_ended = true;
	event_del(*(struct event **)arg);
	look();
}

static void on_signal(evutil_socket_t sig, short what, void *arg)
{
	(void)sig, (void)what, (void)arg;
	seen.signals++;
	look();
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	seen.ticks++;
	kill(getpid(), SIGUSR1);
	if (write(pipes[1], SCENARIO_LINE, strlen(SCENARIO_LINE)) < 0)
		fail("the pipe is full");
	for (int i = 0; i < SCENARIO_CLIENTS; i++)
		client();
	if (seen.ticks == SCENARIO_TICKS) {
		event_del(timer);
		close(pipes[1]);
	}
}

int main(void)
{
	struct timeval tick = { 0, SCENARIO_TICK_MS * 1000 };
	struct event *in, *sig, *pipe_in;

	scenario_begin("libevent");
	base = event_base_new();
	if (!base || strcmp(event_base_get_method(base), "epoll"))
		fail("not on epoll");
	in = event_new(base, scenario_listen(&port), EV_READ | EV_PERSIST,
		       on_accept, NULL);
	sig = evsignal_new(base, SIGUSR1, on_signal, NULL);
	timer = event_new(base, -1, EV_PERSIST, on_tick, NULL);
	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK))
		fail("no pipe");
	pipe_in = event_new(base, pipes[0], EV_READ | EV_PERSIST, on_pipe,
			    &pipe_in);
	event_add(in, NULL);
	event_add(sig, NULL);
	event_add(pipe_in, NULL);
	event_add(timer, &tick);
	event_base_dispatch(base);
	return scenario_end(&seen);
}
