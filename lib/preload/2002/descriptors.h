/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * descriptors.h - descriptors that are closed or made again
 */
#ifndef PRELOAD_DESCRIPTORS_H
#define PRELOAD_DESCRIPTORS_H

#include <stdbool.h>

/** descriptors_start() - find the C library's calls. */
void descriptors_start(void);

struct set;

/**
 * number_ending() - @fd is about to be closed
 * @heir: a set that counts @fd already, to be named by it if it did name one; NULL is
 *	left there then.  May be NULL.
 *
 * Return: false if it is not the program's to close.
 */
bool number_ending(int fd, struct set **heir);

/** number_ended() - it is. */
void number_ended(int fd);

#endif /* PRELOAD_DESCRIPTORS_H */
