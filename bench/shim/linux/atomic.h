/* SPDX-License-Identifier: GPL-2.0-only */
/* atomic.h - atomic operations, ordered as the kernel's are where they return a value */
#ifndef SHIM_LINUX_ATOMIC_H
#define SHIM_LINUX_ATOMIC_H

#include <linux/compiler.h>

#include <asm/barrier.h>

typedef struct {
	int counter;
} atomic_t;

#define xchg(ptr, val)	__atomic_exchange_n(ptr, val, __ATOMIC_SEQ_CST)

/* Return: what was there, which is @old when it was changed. */
#define cmpxchg(ptr, old, new) ({						\
	__typeof__(*(ptr)) old_ = (old);					\
										\
	__atomic_compare_exchange_n(ptr, &old_, new, false,			\
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);	\
	old_;									\
})

#define atomic_set(v, i)		WRITE_ONCE((v)->counter, i)
#define atomic_set_release(v, i)	smp_store_release(&(v)->counter, i)
#define atomic_read(v)			READ_ONCE((v)->counter)
#define atomic_xchg(v, i)		xchg(&(v)->counter, i)
#define atomic_cmpxchg(v, old, new)	cmpxchg(&(v)->counter, old, new)

#endif /* SHIM_LINUX_ATOMIC_H */
