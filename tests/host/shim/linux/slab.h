/* SPDX-License-Identifier: GPL-2.0-only */
/* slab.h - memory */
#ifndef SHIM_LINUX_SLAB_H
#define SHIM_LINUX_SLAB_H

#include "../alloc.h"

#endif /* SHIM_LINUX_SLAB_H */
