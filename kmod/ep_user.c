// SPDX-License-Identifier: GPL-2.0-only
/*
 * ep_user.c - how many files each user watches
 *
 * The kernel's epoll counts in struct user_struct, where a module has no
 * field; so there is a list of accounts here, one for each user with an
 * instance open.  users_mutex guards the list and the references, the counts
 * are atomic.
 */
#include <linux/atomic.h>
#include <linux/cred.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uidgid.h>

#include "ep_user.h"

static unsigned int max_user_watches = 1024 * 1024;
module_param(max_user_watches, uint, 0644);
MODULE_PARM_DESC(max_user_watches,
		 "most files that one user can watch, over all instances (default 1048576)");

struct ep_user {
	struct list_head link;
	kuid_t uid;
	unsigned int refs;
	atomic_t watches;
};

static LIST_HEAD(users);
static DEFINE_MUTEX(users_mutex);

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
	list_add(&user->link, &users);
found:
	user->refs++;
out:
	mutex_unlock(&users_mutex);
	return user;
}

void ep_user_put(struct ep_user *user)
{
	mutex_lock(&users_mutex);
	if (!--user->refs) {
		list_del(&user->link);
		kfree(user);
	}
	mutex_unlock(&users_mutex);
}

bool ep_user_charge(struct ep_user *user)
{
	if ((unsigned int)atomic_inc_return(&user->watches) <=
	    READ_ONCE(max_user_watches))
		return true;
	atomic_dec(&user->watches);
	return false;
}

void ep_user_uncharge(struct ep_user *user)
{
	atomic_dec(&user->watches);
}

unsigned int ep_user_watches(const struct ep_user *user)
{
	return atomic_read(&user->watches);
}
