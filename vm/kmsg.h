/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kmsg.h - reading the kernel's log back, so that a warning is a failure.
 */
#ifndef VM_KMSG_H
#define VM_KMSG_H

#include <stddef.h>

/**
 * kmsg_open() - Open the kernel log for kmsg_mark() and kmsg_bad().
 *
 * Starts behind the last line.  A process that calls it again starts anew;
 * a forked child shares its parent's place in the log.
 *
 * Return: 0, or a negative errno.
 */
int kmsg_open(void);

/**
 * kmsg_mark() - Write a marker line to the kernel log.
 * @text: what follows, for the reader of the console
 */
void kmsg_mark(const char *text);

/**
 * kmsg_bad() - Look for a report of the kernel since the last call.
 * @line: the first bad line is copied here
 * @size: bytes at @line
 *
 * Lines that programs wrote to the log are not looked at.  Lines lost because
 * the log ran over count as bad: nobody knows what they said.
 *
 * Return: 1 if there was a bad line, else 0.
 */
int kmsg_bad(char *line, size_t size);

#endif /* VM_KMSG_H */
