// SPDX-License-Identifier: GPL-2.0-only
/*
 * with_libev.c - the story of scenario.h, told with libev
 */
#define _GNU_SOURCE
#include <ev.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scenario.h"

static struct scenario seen;
static int port, pipes[2];

struct connection {
	ev_io io;
	struct client c;
};

static void look(struct ev_loop *loop)
{
	if (scenario_done(&seen))
		ev_break(loop, EVBREAK_ALL);
}

static void connection_end(struct ev_loop *loop, struct connection *c)
{
	ev_io_stop(loop, &c->io);
	close(c->io.fd);
	free(c);
}

static void on_client(struct ev_loop *loop, ev_io *io, int what)
{
	struct connection *c = (struct connection *)io;

	if (what & EV_WRITE && client_write(&c->c, io->fd)) {
		/* From now on it only reads. */
		ev_io_stop(loop, io);
		ev_io_set(io, io->fd, EV_READ);
		ev_io_start(loop, io);
	}
	if (what & EV_READ && client_read(&c->c, io->fd)) {
		connection_end(loop, c);
		seen.clients_done++;
		look(loop);
	}
}

static void on_echo(struct ev_loop *loop, ev_io *io, int what)
{
	(void)what;
	if (echo_read(io->fd))
		connection_end(loop, (struct connection *)io);
}

static void connection(struct ev_loop *loop, int fd, int what,
		       void (*fn)(struct ev_loop *loop, ev_io *io, int what))
{
	struct connection *c = calloc(1, sizeof(*c));

	ev_io_init(&c->io, fn, fd, what);
	ev_io_start(loop, &c->io);
}

static void on_accept(struct ev_loop *loop, ev_io *io, int what)
{
	int fd;

	(void)what;
	while ((fd = accept4(io->fd, NULL, NULL,
			     SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		connection(loop, fd, EV_READ, on_echo);
}

static void on_pipe(struct ev_loop *loop, ev_io *io, int what)
{
	char data[64];
	ssize_t n = read(io->fd, data, sizeof(data));

	(void)what;
	if (n > 0) {
		seen.piped += n;
		return;
	}
	seen.pipe_ended = true;
	ev_io_stop(loop, io);
	look(loop);
}

static void on_signal(struct ev_loop *loop, ev_signal *w, int what)
{
	(void)w, (void)what;
	seen.signals++;
	look(loop);
}

static void on_tick(struct ev_loop *loop, ev_timer *w, int what)
{
	(void)what;
	seen.ticks++;
	kill(getpid(), SIGUSR1);
	if (write(pipes[1], SCENARIO_LINE, strlen(SCENARIO_LINE)) < 0)
		fail("the pipe is full");
	for (int i = 0; i < SCENARIO_CLIENTS; i++)
		connection(loop, scenario_connect(port), EV_READ | EV_WRITE,
			   on_client);
	if (seen.ticks == SCENARIO_TICKS) {
		ev_timer_stop(loop, w);
		close(pipes[1]);
	}
}

int main(void)
{
	const double tick = SCENARIO_TICK_MS / 1000.0;
	struct ev_loop *loop = ev_default_loop(EVBACKEND_EPOLL);
	ev_io in, pipe_in;
	ev_signal sig;
	ev_timer timer;

	scenario_begin("libev");
	if (!loop || ev_backend(loop) != EVBACKEND_EPOLL)
		fail("not on epoll");
	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK))
		fail("no pipe");
	ev_io_init(&in, on_accept, scenario_listen(&port), EV_READ);
	ev_io_init(&pipe_in, on_pipe, pipes[0], EV_READ);
	ev_signal_init(&sig, on_signal, SIGUSR1);
	ev_timer_init(&timer, on_tick, tick, tick);
	ev_io_start(loop, &in);
	ev_io_start(loop, &pipe_in);
	ev_signal_start(loop, &sig);
	ev_timer_start(loop, &timer);
	ev_run(loop, 0);
	return scenario_end(&seen);
}
