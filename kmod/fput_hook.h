/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fput_hook.h - hearing of the last close of every watched file
 */
#ifndef KMOD_FPUT_HOOK_H
#define KMOD_FPUT_HOOK_H

#include "fcb_internal.h"

extern const struct fput_provider fput_direct;
extern const struct fput_provider fput_locks;
extern const struct fput_provider fput_fsnotify;

/**
 * fput_hook_start() - take the first provider that proves to work
 * @want: "auto", or the name of one
 *
 * Return: 0, -EINVAL for another word, or the error of the last provider
 * tried.
 */
int fput_hook_start(const char *want);

/** fput_hook_stop() - undo fput_hook_start(); nobody is inside afterwards. */
void fput_hook_stop(void);

/** fput_hook_name() - which provider is in use. */
const char *fput_hook_name(void);

#endif /* KMOD_FPUT_HOOK_H */
