/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * record.h - strings of the lines of results: one JSON object each
 *
 * vm/results.py reads them.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdio.h>

/** record_string() - @text as JSON has it, with the quotes. */
void record_string(FILE *out, const char *text);

/** record_member() - a comma, "@key" and @text. */
void record_member(FILE *out, const char *key, const char *text);

#endif /* RECORD_H */
