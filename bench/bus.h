/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bus.h - a D-Bus broker, started and talked to
 *
 * The daemon is Debian's dbus-broker, unmodified; what is here is as much of the
 * D-Bus specification as a client needs that logs in and calls the bus itself.
 */
#ifndef BENCH_BUS_H
#define BENCH_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* bus_daemon.c */

/**
 * struct bus_daemon - the broker and what started it
 * @launcher: dbus-broker-launch, which reads the configuration
 * @broker: its child, which has the connections
 * @address: where clients connect
 */
struct bus_daemon {
	pid_t launcher;
	pid_t broker;
	const char *address;
};

/** bus_start() - start it by epoll-run on @design; ends the program if it does not come. */
void bus_start(struct bus_daemon *d, const char *design);

/** bus_stop() - ask it to end. Return: did it, with exit status 0? */
bool bus_stop(struct bus_daemon *d);

/**
 * bus_sleeps() - does the broker sleep, and for how long?
 * @d: the daemon
 * @slept: how often it went to sleep until now
 *
 * Return: true if it sleeps. It slept all the time between two calls that return
 * true with the same @slept.
 */
bool bus_sleeps(const struct bus_daemon *d, unsigned long *slept);

/* bus_wire.c */

#define BUS_LOGIN	"AUTH EXTERNAL 30\r\n"	/* after a zero byte; 30: uid 0 */
#define BUS_BEGIN	"BEGIN\r\n"

/** bus_call() - a call of the bus's own @member into @out. Return: its bytes. */
size_t bus_call(char *out, const char *member, uint32_t serial);

#define BUS_CALL_MAX	256

/* Types of messages. */
enum { BUS_ANSWER = 2, BUS_ERROR = 3, BUS_SIGNAL = 4 };

/** bus_message() - the bytes of the first message in @in; 0: not all @n are there yet. */
size_t bus_message(const char *in, size_t n);

/** bus_type() - the type of a message. */
int bus_type(const char *in);

#endif /* BENCH_BUS_H */
