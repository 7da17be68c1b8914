/* SPDX-License-Identifier: GPL-2.0-only */
/* atomic.h - what is done in one step, and in which order */
#ifndef SHIM_LINUX_ATOMIC_H
#define SHIM_LINUX_ATOMIC_H

#include <linux/compiler.h>

#include "../between.h"

#define smp_load_acquire(ptr)						\
({									\
	shim_step();							\
	__atomic_load_n(ptr, __ATOMIC_ACQUIRE);				\
})

#define smp_store_release(ptr, val)					\
do {									\
	shim_step();							\
	__atomic_store_n(ptr, val, __ATOMIC_RELEASE);			\
} while (0)

/* In the kernel a full barrier when it succeeds. */
#define try_cmpxchg(ptr, old, new)					\
({									\
	_Bool shim_done;						\
									\
	shim_step();							\
	shim_done = __atomic_compare_exchange_n(ptr, old, new, 0,	\
						__ATOMIC_SEQ_CST,	\
						__ATOMIC_RELAXED);	\
	if (shim_done)							\
		__atomic_thread_fence(__ATOMIC_SEQ_CST);		\
	shim_step();							\
	shim_done;							\
})

#endif /* SHIM_LINUX_ATOMIC_H */
