/* SPDX-License-Identifier: GPL-2.0-only */
/* spinlock.h - what a lock's barrier is when it is to be a full one */
#ifndef SHIM_LINUX_SPINLOCK_H
#define SHIM_LINUX_SPINLOCK_H

#define smp_mb__after_spinlock()	__atomic_thread_fence(__ATOMIC_SEQ_CST)

#endif /* SHIM_LINUX_SPINLOCK_H */
