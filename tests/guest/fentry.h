/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fentry.h - a BPF program at the entry of a kernel function
 *
 * It wants the same place as a direct call of a module does.
 */
#ifndef FENTRY_H
#define FENTRY_H

/** fentry_load() - a program that does nothing, for the entry of function
 *  @name: a descriptor; skips the test where none can be loaded.
 */
int fentry_load(const char *name);

/** fentry_attach() - put it in place: a descriptor, whose close takes it out
 *  again, or -errno.
 */
int fentry_attach(int prog);

#endif /* FENTRY_H */
