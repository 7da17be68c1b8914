// SPDX-License-Identifier: GPL-2.0-only
/*
 * ep_user.c - what each user has: watched files, memory that stays, closes to be done
 *
 * The kernel's epoll counts in struct user_struct, where a module has no
 * field; so there is a list of accounts here, one for each user with an
 * instance open.  users_mutex guards the list and the references, the counts
 * are atomic.  A count goes up first and is looked at then, so that two who ask at
 * once cannot both get the last place.
 *
 * Closes.  Who asks a file may be left with its last reference (ep_file.h), and a close
 * can take as long as the file likes: FUSE may have to write back to a server that is
 * silent.  So it is neither for the asker, who may have locks, nor for a worker that
 * users share.  Each account has a work item, and all closes of one user are its.  It
 * has a reference of the account, and one of the module.
 */
#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <linux/workqueue.h>

#include "ep_user.h"

#define NOT_GIVEN	UINT_MAX

static unsigned int max_user_watches = NOT_GIVEN;
module_param(max_user_watches, uint, 0644);
MODULE_PARM_DESC(max_user_watches,
		 "most files that one user can watch, over all instances (default: what takes 4 % of memory)");

struct ep_user {
	struct list_head link;
	kuid_t uid;
	refcount_t refs;
	atomic_t watches;
	atomic_long_t pinned;
	struct llist_head closes;
	struct work_struct work;
};

/* A close to be done. */
struct ep_close {
	struct llist_node link;
	struct file *file;
};

static LIST_HEAD(users);
static DEFINE_MUTEX(users_mutex);
static struct workqueue_struct *closers;

/* As the kernel's epoll has it: what takes a 25th of memory that is not high. */
static void choose_limit(size_t watch_bytes)
{
	struct sysinfo si;
	u64 bytes;

	if (max_user_watches != NOT_GIVEN)
		return;
	si_meminfo(&si);
	bytes = (u64)(si.totalram - si.totalhigh) << PAGE_SHIFT;
	max_user_watches = min_t(u64, bytes / 25 / watch_bytes, INT_MAX);
}

int ep_user_init(size_t watch_bytes)
{
	choose_limit(watch_bytes);
	closers = alloc_workqueue(KBUILD_MODNAME "_close", WQ_UNBOUND, 0);
	return closers ? 0 : -ENOMEM;
}

void ep_user_exit(void)
{
	/* What is still on its last steps has given the module back already. */
	destroy_workqueue(closers);
}

static void close_all(struct work_struct *work)
{
	struct ep_user *user = container_of(work, struct ep_user, work);
	struct llist_node *closes = llist_del_all(&user->closes);
	struct ep_close *c, *next;

	llist_for_each_entry_safe(c, next, llist_reverse_order(closes), link) {
		__fput_sync(c->file);
		kfree(c);
		cond_resched();
	}
	ep_user_put(user);
	module_put(THIS_MODULE);
}

bool ep_user_close(struct ep_user *user, struct file *file)
{
	struct ep_close *c = kmalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return false;
	c->file = file;
	/* Whoever finds the list empty has the work done, once for each time. */
	if (!llist_add(&c->link, &user->closes))
		return true;
	refcount_inc(&user->refs);
	__module_get(THIS_MODULE);
	queue_work(closers, &user->work);
	return true;
}

struct ep_user *ep_user_get(void)
{
	kuid_t uid = current_uid();
	struct ep_user *user;

	mutex_lock(&users_mutex);
	list_for_each_entry(user, &users, link)
		if (uid_eq(user->uid, uid))
			goto found;
	user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);
	if (!user)
		goto out;
	user->uid = uid;
	refcount_set(&user->refs, 1);
	INIT_WORK(&user->work, close_all);
	list_add(&user->link, &users);
	goto out;
found:
	refcount_inc(&user->refs);
out:
	mutex_unlock(&users_mutex);
	return user;
}

void ep_user_put(struct ep_user *user)
{
	if (!refcount_dec_and_mutex_lock(&user->refs, &users_mutex))
		return;
	list_del(&user->link);
	mutex_unlock(&users_mutex);
	kfree(user);
}

/* For the administrator: whose limit, and which. */
#define say_limit(user, fmt, ...)					\
	pr_notice_ratelimited("user %u has reached " fmt "\n",		\
			      from_kuid(&init_user_ns, (user)->uid), __VA_ARGS__)

bool ep_user_charge_many(struct ep_user *user, int n)
{
	unsigned int most = READ_ONCE(max_user_watches);

	if ((unsigned int)atomic_add_return(n, &user->watches) <= most)
		return true;
	atomic_sub(n, &user->watches);
	say_limit(user, "max_user_watches, %u", most);
	return false;
}

void ep_user_uncharge_many(struct ep_user *user, int n)
{
	atomic_sub(n, &user->watches);
}

unsigned int ep_user_watches(const struct ep_user *user)
{
	return atomic_read(&user->watches);
}

bool ep_user_pin(struct ep_user *user, unsigned long bytes)
{
	unsigned long most = rlimit(RLIMIT_MEMLOCK);

	if ((unsigned long)atomic_long_add_return(bytes, &user->pinned) <= most ||
	    capable(CAP_IPC_LOCK))
		return true;
	atomic_long_sub(bytes, &user->pinned);
	say_limit(user, "RLIMIT_MEMLOCK, %lu kB", most / 1024);
	return false;
}

void ep_user_unpin(struct ep_user *user, unsigned long bytes)
{
	atomic_long_sub(bytes, &user->pinned);
}

unsigned long ep_user_pinned(const struct ep_user *user)
{
	return atomic_long_read(&user->pinned);
}
