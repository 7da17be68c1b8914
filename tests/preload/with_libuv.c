// SPDX-License-Identifier: GPL-2.0-only
/*
 * with_libuv.c - the story of scenario.h, told with libuv
 *
 * libuv's own streams, not its poll handles: they read and write until there is no
 * more, remove and add descriptors between two waits, and close by themselves.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "scenario.h"

static struct scenario seen;
static struct sockaddr_in address;
static int pipes[2];

static void check(int err, const char *what)
{
	if (err < 0)
		fail("%s: %s", what, uv_strerror(err));
}

static void look(uv_loop_t *loop)
{
	if (scenario_done(&seen))
		uv_stop(loop);
}

static void on_alloc(uv_handle_t *h, size_t size, uv_buf_t *buf)
{
	(void)h;
	*buf = uv_buf_init(malloc(size), (unsigned int)size);
}

static void on_closed(uv_handle_t *h)
{
	free(h);
}

static void on_written(uv_write_t *w, int status)
{
	check(status, "write");
	free(w->data);
	free(w);
}

/* @data is freed when it is written. */
static void send_data(uv_stream_t *s, char *data, size_t len)
{
	uv_write_t *w = calloc(1, sizeof(*w));
	uv_buf_t buf = uv_buf_init(data, (unsigned int)len);

	w->data = data;
	check(uv_write(w, s, &buf, 1, on_written), "write");
}

static void on_client(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct client *c = s->data;

	free(buf->base);
	check((int)n, "client");
	c->got += n;
	if (c->got < SCENARIO_BYTES)
		return;
	if (c->got > SCENARIO_BYTES)
		fail("client got %ld bytes", c->got);
	free(c);
	uv_close((uv_handle_t *)s, on_closed);
	seen.clients_done++;
	look(s->loop);
}

static void on_connected(uv_connect_t *r, int status)
{
	uv_stream_t *s = r->handle;

	check(status, "connect");
	free(r);
	check(uv_read_start(s, on_alloc, on_client), "read");
	send_data(s, calloc(1, SCENARIO_BYTES), SCENARIO_BYTES);
}

static void on_echo(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	if (n > 0) {
		send_data(s, buf->base, (size_t)n);
		return;
	}
	free(buf->base);
	if (n == UV_EOF)
		uv_close((uv_handle_t *)s, on_closed);
	else
		check((int)n, "echo");
}

static void on_connection(uv_stream_t *s, int status)
{
	uv_tcp_t *c = calloc(1, sizeof(*c));

	check(status, "listen");
	check(uv_tcp_init(s->loop, c), "tcp");
	check(uv_accept(s, (uv_stream_t *)c), "accept");
	check(uv_read_start((uv_stream_t *)c, on_alloc, on_echo), "read");
}

static void on_pipe(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	free(buf->base);
	if (n > 0)
		seen.piped += n;
	if (n >= 0)
		return;
	if (n != UV_EOF)
		check((int)n, "pipe");
	seen.pipe_ended = true;
	uv_read_stop(s);
	look(s->loop);
}

static void on_signal(uv_signal_t *h, int sig)
{
	(void)sig;
	seen.signals++;
	look(h->loop);
}

static void on_tick(uv_timer_t *t)
{
	seen.ticks++;
	kill(getpid(), SIGUSR1);
	if (write(pipes[1], SCENARIO_LINE, strlen(SCENARIO_LINE)) < 0)
		fail("the pipe is full");
	for (int i = 0; i < SCENARIO_CLIENTS; i++) {
		uv_tcp_t *c = calloc(1, sizeof(*c));
		uv_connect_t *r = calloc(1, sizeof(*r));

		check(uv_tcp_init(t->loop, c), "tcp");
		c->data = calloc(1, sizeof(struct client));
		check(uv_tcp_connect(r, c, (struct sockaddr *)&address,
				     on_connected), "connect");
	}
	if (seen.ticks == SCENARIO_TICKS) {
		uv_timer_stop(t);
		close(pipes[1]);
	}
}

/*
 * with_libuv [VERSION]: VERSION is the least that is wanted.  1.45 is the first that
 * knows io_uring.
 */
static void check_version(const char *wanted)
{
	unsigned int major, minor;

	if (sscanf(wanted, "%u.%u", &major, &minor) != 2 ||
	    uv_version() < (major << 16 | minor << 8))
		fail("this is libuv %s", uv_version_string());
}

int main(int argc, char **argv)
{
	uv_loop_t *loop = uv_default_loop();
	uv_signal_t sig;
	uv_timer_t timer;
	uv_pipe_t in;
	uv_tcp_t tcp;
	int len = sizeof(address);

	scenario_begin("libuv");
	if (argc > 1)
		check_version(argv[1]);
	if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK))
		fail("no pipe");
	check(uv_ip4_addr("127.0.0.1", 0, &address), "address");
	check(uv_tcp_init(loop, &tcp), "tcp");
	check(uv_tcp_bind(&tcp, (struct sockaddr *)&address, 0), "bind");
	check(uv_listen((uv_stream_t *)&tcp, 128, on_connection), "listen");
	check(uv_tcp_getsockname(&tcp, (struct sockaddr *)&address, &len), "name");
	check(uv_pipe_init(loop, &in, 0), "pipe");
	check(uv_pipe_open(&in, pipes[0]), "pipe");
	check(uv_read_start((uv_stream_t *)&in, on_alloc, on_pipe), "pipe");
	check(uv_signal_init(loop, &sig), "signal");
	check(uv_signal_start(&sig, on_signal, SIGUSR1), "signal");
	check(uv_timer_init(loop, &timer), "timer");
	check(uv_timer_start(&timer, on_tick, SCENARIO_TICK_MS, SCENARIO_TICK_MS),
	      "timer");
	uv_run(loop, UV_RUN_DEFAULT);
	return scenario_end(&seen);
}
