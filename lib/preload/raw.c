// SPDX-License-Identifier: GPL-2.0-only
/*
 * raw.c - the next syscall(2), for machines that raw.h has no instruction for
 */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "raw.h"

#ifdef RAW_NEEDS_NEXT
long (*raw_next)(long nr, ...);

void raw_find_next(void)
{
	raw_next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
}
#endif
