/* SPDX-License-Identifier: GPL-2.0-only */
/* hash.h - a number to a bucket, as the kernel does it */
#ifndef SHIM_LINUX_HASH_H
#define SHIM_LINUX_HASH_H

#include <linux/types.h>

/* 2^32 divided by the golden ratio squared. */
#define GOLDEN_RATIO_32	0x61C88647U

static inline u32 hash_32(u32 val, unsigned int bits)
{
	return val * GOLDEN_RATIO_32 >> (32 - bits);
}

#endif /* SHIM_LINUX_HASH_H */
