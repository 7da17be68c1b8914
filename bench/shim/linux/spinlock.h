/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * spinlock.h - spin locks and rwlocks of Concurrency Kit
 *
 * The kernel's spin lock is a word with a queue of waiters behind it, and so is an MCS
 * lock; one of a thread's is held at a time here, so that its node can be the thread's.
 * ThreadSanitizer does not see into Concurrency Kit, and has the C library's locks.
 */
#ifndef SHIM_LINUX_SPINLOCK_H
#define SHIM_LINUX_SPINLOCK_H

#ifdef __SANITIZE_THREAD__

#include <pthread.h>

typedef pthread_mutex_t spinlock_t;
typedef pthread_rwlock_t rwlock_t;

#define spin_lock_init(lock)	pthread_mutex_init(lock, NULL)
#define spin_lock_irq(lock)	pthread_mutex_lock(lock)
#define spin_unlock_irq(lock)	pthread_mutex_unlock(lock)

#define rwlock_init(lock)	pthread_rwlock_init(lock, NULL)
#define read_lock(lock)		pthread_rwlock_rdlock(lock)
#define read_unlock(lock)	pthread_rwlock_unlock(lock)
#define write_lock_irq(lock)	pthread_rwlock_wrlock(lock)
#define write_unlock_irq(lock)	pthread_rwlock_unlock(lock)

#else

#include <ck_rwlock.h>
#include <ck_spinlock.h>

typedef struct {
	struct ck_spinlock_mcs *queue;
} spinlock_t;

typedef ck_rwlock_t rwlock_t;

extern __thread struct ck_spinlock_mcs shim_spin_node;

#define spin_lock_init(lock)	((void)((lock)->queue = NULL))
#define spin_lock_irq(lock)	ck_spinlock_mcs_lock(&(lock)->queue, &shim_spin_node)
#define spin_unlock_irq(lock)	ck_spinlock_mcs_unlock(&(lock)->queue, &shim_spin_node)

#define rwlock_init(lock)	ck_rwlock_init(lock)
#define read_lock(lock)		ck_rwlock_read_lock(lock)
#define read_unlock(lock)	ck_rwlock_read_unlock(lock)
#define write_lock_irq(lock)	ck_rwlock_write_lock(lock)
#define write_unlock_irq(lock)	ck_rwlock_write_unlock(lock)

#endif /* __SANITIZE_THREAD__ */

#define spin_lock_irqsave(lock, flags)		\
	do { (void)((flags) = 0); spin_lock_irq(lock); } while (0)
#define spin_unlock_irqrestore(lock, flags)	\
	do { (void)(flags); spin_unlock_irq(lock); } while (0)
#define read_lock_irqsave(lock, flags)		\
	do { (void)((flags) = 0); read_lock(lock); } while (0)
#define read_unlock_irqrestore(lock, flags)	\
	do { (void)(flags); read_unlock(lock); } while (0)

#endif /* SHIM_LINUX_SPINLOCK_H */
