/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * close.h - descriptors that are closed or made again
 */
#ifndef PRELOAD_CLOSE_H
#define PRELOAD_CLOSE_H

/** close_start() - find the C library's calls. */
void close_start(void);

/** close_forked() - this is another process now. */
void close_forked(void);

#endif /* PRELOAD_CLOSE_H */
