/* SPDX-License-Identifier: GPL-2.0-only */
/* cache.h - what does not share a line with its neighbours */
#ifndef SHIM_LINUX_CACHE_H
#define SHIM_LINUX_CACHE_H

#include <linux/compiler.h>

#define ____cacheline_aligned_in_smp	__attribute__((__aligned__(64)))

#endif /* SHIM_LINUX_CACHE_H */
