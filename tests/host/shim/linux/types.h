/* SPDX-License-Identifier: GPL-2.0-only */
/* types.h - the short names of integers */
#ifndef SHIM_LINUX_TYPES_H
#define SHIM_LINUX_TYPES_H

#include_next <linux/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

#endif /* SHIM_LINUX_TYPES_H */
