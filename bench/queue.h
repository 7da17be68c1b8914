/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * queue.h - a queue on sources, and what can go wrong with one
 *
 * Each returns NULL, or what is wrong, for people: it stays valid until the next
 * call of the same function.
 */
#ifndef BENCH_QUEUE_H
#define BENCH_QUEUE_H

#include "evq.h"
#include "sources.h"

/**
 * queue_open() - open a queue
 * @q: becomes the queue, or NULL
 * @design: of that name
 * @n: how many descriptors it will watch
 */
const char *queue_open(struct evq **q, const char *design, long n);

/**
 * queue_hears() - whether a queue can be told of such sources
 * @q: the queue
 * @all: of one kind
 *
 * queue_watch() looks, too.
 */
const char *queue_hears(const struct evq *q, const struct sources *all);

/**
 * queue_watch() - have a queue watch all sources for POLLIN
 * @q: the queue
 * @all: none of them has a message
 */
const char *queue_watch(struct evq *q, const struct sources *all);

/**
 * queue_begin() - queue_open() for all sources, and queue_watch()
 * @q: becomes the queue, or NULL
 * @design: of that name
 * @all: none of them has a message
 */
const char *queue_begin(struct evq **q, const char *design, const struct sources *all);

/**
 * queue_wait() - wait, and go on when the wait is interrupted
 * @q: the queue
 * @timeout_ms: as in evq_wait(), from anew each time
 *
 * io_uring interrupts its task to do work, and once more some time after a ring was
 * closed, when another design is waited on already.
 *
 * Return: as evq_wait().
 */
int queue_wait(struct evq *q, int timeout_ms);

/**
 * queue_one() - wait until one source is told, and nothing else
 * @q: the queue
 * @fd: its watched descriptor
 *
 * Asks without waiting first, as a server does that has much to do.
 */
const char *queue_one(struct evq *q, int fd);

/** queue_none() - see that there is nothing to be told. */
const char *queue_none(struct evq *q);

/**
 * queue_end() - see that a round left nothing to be told
 * @q: the queue
 * @why: NULL, or what is wrong already
 *
 * Return: @why, or as queue_none().
 */
const char *queue_end(struct evq *q, const char *why);

#endif /* BENCH_QUEUE_H */
