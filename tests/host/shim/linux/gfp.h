/* SPDX-License-Identifier: GPL-2.0-only */
/* gfp.h - pages */
#ifndef SHIM_LINUX_GFP_H
#define SHIM_LINUX_GFP_H

#include "../alloc.h"

#endif /* SHIM_LINUX_GFP_H */
