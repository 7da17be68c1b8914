/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * share_world.h - a shared double buffer, who fills it, and who takes
 *
 * Producers do to kmod/ep_share.c what events, changed masks and removals do, under
 * a lock; the consumer is ep_take() of include/devepoll.h.  All is counted: in the
 * end nothing may be lost, told twice, or told of an entry that was removed, and
 * no slot may have changed in the consumer's hands.
 */
#ifndef TESTS_SHARE_WORLD_H
#define TESTS_SHARE_WORLD_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct share_figures - what a run was made of
 * @posts: events that were posted
 * @takes: halves that were taken with something in them
 * @busy: of these, while the word was busy
 * @switched: halves that EP_POLL would have handed out
 * @merged: bits that went into a pending slot
 * @dropped: bits that a removal or a new mask took back
 */
struct share_figures {
	unsigned long posts;
	unsigned long takes;
	unsigned long busy;
	unsigned long switched;
	unsigned long merged;
	unsigned long dropped;
};

/**
 * share_steps() - one thread: the consumer comes between any two steps
 * @seed: of the chances
 * @posts: how many events
 * @sum: figures are added to these
 *
 * Return: NULL, or what was found wrong.
 */
const char *share_steps(uint64_t seed, unsigned long posts,
			struct share_figures *sum);

/** share_threads() - the same with two producers and a consumer in threads. */
const char *share_threads(uint64_t seed, unsigned long posts,
			  struct share_figures *sum);

/**
 * share_spoilt() - a program that writes what it likes into the page
 * @seed: of the chances
 * @posts: how many events
 *
 * Return: NULL, or what was found wrong with what the kernel knows.
 */
const char *share_spoilt(uint64_t seed, unsigned long posts);

#endif /* TESTS_SHARE_WORLD_H */
