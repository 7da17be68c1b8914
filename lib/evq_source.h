/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * evq_source.h - have one registration made by another source of events
 *
 * Where /dev/epoll hears of a file is decided when the file is registered, by the
 * parameter "source" of fcb, which the whole machine shares.  So it is set for as
 * long as one registration takes, and put back.  Queues that do so, in whatever
 * process, exclude each other; who registers in another way meanwhile gets the same
 * source, and if the process is killed in between it stays set.
 */
#ifndef EVQ_SOURCE_H
#define EVQ_SOURCE_H

#include "evq_impl.h"

/* The longest name of a source, with what ends it. */
#define EVQ_SOURCE_NAME 16

/**
 * evq_source_open() - look whether a source can be had
 * @source: its name
 *
 * Return: a descriptor of the parameter, to be closed, or -1 with errno: ENODEV
 * fcb is not loaded, or cannot have @source on this kernel; EACCES.
 */
EVQ_HIDDEN int evq_source_open(const char *source);

/**
 * evq_source_begin() - registrations from now on are of this source
 * @param: of evq_source_open()
 * @source: its name
 * @was: which one it was
 *
 * Return: 0, to be followed by evq_source_end(), or -1 with errno.
 */
EVQ_HIDDEN int evq_source_begin(int param, const char *source, char was[EVQ_SOURCE_NAME]);

/** evq_source_end() - put @was back; errno stays. */
EVQ_HIDDEN void evq_source_end(int param, const char *was);

#endif /* EVQ_SOURCE_H */
