/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * program.h - can a library be preloaded into this program?
 */
#ifndef PRELOAD_PROGRAM_H
#define PRELOAD_PROGRAM_H

#include <stddef.h>

/**
 * program_check() - find a program as execvp(3) would, and look at it
 * @name: the program
 * @why: filled with the reason when it cannot be preloaded into
 * @size: bytes at @why
 *
 * Follows "#!" to the interpreter.  Looks at what the kernel and the dynamic
 * linker look at: a program without an interpreter in its ELF headers (linked
 * statically) has no dynamic linker, one with other rights than its caller's
 * ignores LD_PRELOAD, and one of another machine cannot load this library.
 *
 * Return: 0, or -1.
 */
int program_check(const char *name, char *why, size_t size);

#endif /* PRELOAD_PROGRAM_H */
