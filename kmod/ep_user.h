/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ep_user.h - what each user has: watched files, memory that stays, closes to be done
 *
 * Two limits, each over all instances that the user opened.  Watches are counted
 * against max_user_watches; all that one of them takes (the item, its registration
 * with fcblist, the file's list and entry there) is bounded by it.  Memory that is pinned
 * whether anything is watched or not is counted in bytes, against RLIMIT_MEMLOCK of
 * the task that asks for it, as perf and io_uring do.
 */
#ifndef KMOD_EP_USER_H
#define KMOD_EP_USER_H

#include <linux/types.h>

struct ep_user;
struct file;

/**
 * ep_user_init() - at load: the limit that was not given, and who does closes
 * @watch_bytes: the most that one watched file takes, all in all, as the allocator
 *	rounds it
 *
 * Return: 0 or -ENOMEM.
 */
int ep_user_init(size_t watch_bytes);

/** ep_user_exit() - at unload, when no account is left. */
void ep_user_exit(void);

/**
 * ep_user_get() - the account of the current user
 *
 * Context: process, may sleep.
 * Return: the account, to be given back with ep_user_put(), or NULL (no
 * memory).
 */
struct ep_user *ep_user_get(void);

/** ep_user_put() - give it back.  Context: process, may sleep. */
void ep_user_put(struct ep_user *user);

/**
 * ep_user_charge_many() - so many watched files more, or what takes as much
 * @user: whose
 * @n: how many
 *
 * Context: any.
 * Return: false, with a line in the log, if that would be more than
 * max_user_watches.
 */
bool ep_user_charge_many(struct ep_user *user, int n);

/** ep_user_uncharge_many() - so many less.  Context: any. */
void ep_user_uncharge_many(struct ep_user *user, int n);

/** ep_user_charge() - one more watched file.  Return: as above. */
static inline bool ep_user_charge(struct ep_user *user)
{
	return ep_user_charge_many(user, 1);
}

/** ep_user_uncharge() - one less.  Context: any. */
static inline void ep_user_uncharge(struct ep_user *user)
{
	ep_user_uncharge_many(user, 1);
}

/** ep_user_watches() - how many at this moment. */
unsigned int ep_user_watches(const struct ep_user *user);

/**
 * ep_user_pin() - so many bytes more
 * @user: whose
 * @bytes: of memory that is going to stay
 *
 * Context: process.
 * Return: false, with a line in the log, if that would be more than RLIMIT_MEMLOCK
 * of the current task, which has no CAP_IPC_LOCK.
 */
bool ep_user_pin(struct ep_user *user, unsigned long bytes);

/** ep_user_unpin() - so many less.  Context: any. */
void ep_user_unpin(struct ep_user *user, unsigned long bytes);

/** ep_user_pinned() - bytes at this moment. */
unsigned long ep_user_pinned(const struct ep_user *user);

/**
 * ep_user_close() - have a last reference given back by somebody else
 * @user: who is to wait for it
 * @file: the file
 *
 * The close is done at once, behind other closes of this user alone.  The module is
 * pinned until it has ended.
 *
 * Context: process, may sleep; locks may be held that the close takes.
 * Return: false without memory; then the reference is still the caller's.
 */
bool ep_user_close(struct ep_user *user, struct file *file);

#endif /* KMOD_EP_USER_H */
