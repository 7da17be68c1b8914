/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ep_user.h - how many files each user watches
 */
#ifndef KMOD_EP_USER_H
#define KMOD_EP_USER_H

#include <linux/types.h>

struct ep_user;

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
 * ep_user_charge() - one more watched file
 * @user: whose
 *
 * Context: any.
 * Return: false if that would be more than max_user_watches.
 */
bool ep_user_charge(struct ep_user *user);

/** ep_user_uncharge() - one less.  Context: any. */
void ep_user_uncharge(struct ep_user *user);

/** ep_user_watches() - how many at this moment. */
unsigned int ep_user_watches(const struct ep_user *user);

#endif /* KMOD_EP_USER_H */
