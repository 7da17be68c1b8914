/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * modules.h - loading and unloading the modules, for the suite that does
 */
#ifndef MODULES_H
#define MODULES_H

#include "guest.h"

/** module_load() - load /lab/modules/@name.ko with @params; 0 or -errno. */
int module_load(const char *name, const char *params);

/** module_unload() - unload without waiting; 0 or -errno. */
int module_unload(const char *name);

/** module_loaded() - is it there? */
bool module_loaded(const char *name);

/** modules_begin() - begin with none of ours loaded; skips the test where
 *  modules cannot be loaded; asserts.
 */
void modules_begin(void);

/** modules_load() - load fcb with @params and dev_epoll; asserts. */
void modules_load(const char *params);

/** modules_unload() - unload all of ours; tries again for a while, since the
 *  last reference may go a moment after the last close; asserts.
 */
void modules_unload(void);

/** modules_work() - watch files, hear an event, hear a close; asserts. */
void modules_work(void);

/** log_begin() - from here on log_count() looks. */
void log_begin(void);

/** log_count() - lines of the kernel log since log_begin(), or since the last
 *  call, that have @text.
 */
int log_count(const char *text);

#define FTRACE_ENABLED	"/proc/sys/kernel/ftrace_enabled"

/** ftrace_off() - switch ftrace off until the test ends; false where the kernel does not
 *  let that be, as newer ones do not.
 */
bool ftrace_off(void);

/** tracefs() - where tracefs is mounted; skips the test if it is not. */
const char *tracefs(void);

/** trace_set() - write @value to @file of tracefs; 0 or -errno. */
int trace_set(const char *file, const char *value);

/** trace_read() - read all of @file of tracefs into a static buffer. */
const char *trace_read(const char *file);

#endif /* MODULES_H */
