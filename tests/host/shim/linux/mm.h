/* SPDX-License-Identifier: GPL-2.0-only */
/* mm.h - what comes with it in the kernel: memory and swap() */
#ifndef SHIM_LINUX_MM_H
#define SHIM_LINUX_MM_H

#include "../alloc.h"

#define swap(a, b)				\
	do {					\
		__typeof__(a) swap_ = (a);	\
						\
		(a) = (b);			\
		(b) = swap_;			\
	} while (0)

#endif /* SHIM_LINUX_MM_H */
