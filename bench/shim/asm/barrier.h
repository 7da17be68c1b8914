/* SPDX-License-Identifier: GPL-2.0-only */
/* barrier.h - what orders memory between CPUs */
#ifndef SHIM_ASM_BARRIER_H
#define SHIM_ASM_BARRIER_H

#include <linux/compiler.h>
#include <linux/processor.h>

/* ThreadSanitizer knows no fences; an exchange of one's own is one on x86. */
#ifdef __SANITIZE_THREAD__
#define smp_mb()			\
	do { int own_; __atomic_exchange_n(&own_, 0, __ATOMIC_SEQ_CST); } while (0)
#else
#define smp_mb()			__atomic_thread_fence(__ATOMIC_SEQ_CST)
#endif
#define smp_load_acquire(ptr)		__atomic_load_n(ptr, __ATOMIC_ACQUIRE)
#define smp_store_release(ptr, val)	__atomic_store_n(ptr, val, __ATOMIC_RELEASE)

/* Reads *@ptr, as VAL, until @cond holds. */
#define smp_cond_load_acquire(ptr, cond) ({					\
	__typeof__(*(ptr)) VAL;							\
										\
	while (VAL = smp_load_acquire(ptr), !(cond))				\
		cpu_relax();							\
	VAL;									\
})

#endif /* SHIM_ASM_BARRIER_H */
