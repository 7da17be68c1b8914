/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scenario.h - one small story, told with several event libraries
 *
 * A timer ticks SCENARIO_TICKS times; with each tick the program sends itself
 * SIGUSR1, writes a line into a pipe, and starts SCENARIO_CLIENTS connections to
 * its own listener, which sends back what it gets.  The end of the pipe is closed
 * with the last tick.  When everything was seen, and exactly that, the program ends.
 *
 * Each library brings its loop; the figures and the sockets are here.
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include <stdbool.h>

#define SCENARIO_TICKS		10
#define SCENARIO_TICK_MS	20
#define SCENARIO_CLIENTS	5
#define SCENARIO_BYTES		20000	/* each client sends and gets back */
#define SCENARIO_LINE		"tick\n"

/** struct scenario - what was seen until now */
struct scenario {
	int ticks;
	int signals;
	long piped;
	bool pipe_ended;
	int clients_done;
};

/** scenario_begin() - a watchdog; @library names the program. */
void scenario_begin(const char *library);

/** scenario_done() - was everything seen? */
bool scenario_done(const struct scenario *s);

/** scenario_end() - exit status: 0 if all is as it must be.
 *
 * That includes that the loop ran where epoll-run has put it: of the descriptors one
 * is of the design's device, and none that the program made is the kernel's epoll.
 */
int scenario_end(const struct scenario *s);

/** scenario_listen() - a listener on 127.0.0.1, non-blocking; @port is set. */
int scenario_listen(int *port);

/** scenario_connect() - a connection to it, begun, non-blocking. */
int scenario_connect(int port);

/** struct client - who sends and counts what comes back */
struct client {
	long sent;
	long got;
};

/** client_write() - send what can be sent; true when all is. */
bool client_write(struct client *c, int fd);

/** client_read() - take what there is; true when all came back. */
bool client_read(struct client *c, int fd);

/** echo_read() - the other side: send back what there is; true at the end. */
bool echo_read(int fd);

/** fail() - say why in one line, and exit. */
__attribute__((noreturn, format(printf, 1, 2)))
void fail(const char *fmt, ...);

#endif /* SCENARIO_H */
