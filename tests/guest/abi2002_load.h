/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * abi2002_load.h - clients for an echo server, thousands in one process
 *
 * Each client sends two or three messages of its own size and contents, the next
 * one when the last has come back, and compares every byte.  The first of them
 * wait for each other after one message, so that @at_once connections are open at
 * both ends.  Whoever ends makes room for the next, on the same number.  They
 * close, close their sending side with the last message, reset, or reset without
 * hearing the last message back.
 */
#ifndef ABI2002_LOAD_H
#define ABI2002_LOAD_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct load - so many clients
 * @port: of the server on 127.0.0.1
 * @at_once: open at the same time
 * @total: in all
 * @first: the number of the first client; decides on what it says
 * @ended: that ended in peace
 * @reset: that were reset
 * @bytes: sent and heard back by those that ended in peace
 * @why: what went wrong
 */
struct load {
	int port;
	int at_once;
	int total;
	int first;
	unsigned long ended;
	unsigned long reset;
	unsigned long bytes;
	char why[200];
};

/** load_run() - all of them; false, and @why, when one did not get its due. */
bool load_run(struct load *l);

/** load_connect() - a blocking connection to the port; -1 and errno. */
int load_connect(int port);

#endif /* ABI2002_LOAD_H */
