/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * user.h - being another user than root, with a device that lets one in
 */
#ifndef USER_H
#define USER_H

#include <sys/types.h>

#include "guest.h"

enum { USER = 1001, OTHER = 1002 };

/** user_become() - be @uid from here on, for good; asserts. */
void user_become(uid_t uid);

/** fork_as() - a child that is another user from here on. */
pid_t fork_as(uid_t uid);

/** node_make() - a device node of our own, whose mode can be changed without a way
 *  back; goes with the test.
 */
void node_make(mode_t mode);

/** node_chmod() - its mode. */
void node_chmod(mode_t mode);

/** node_open() - open it with @flags: a descriptor, or -1 with errno. */
int node_open(int flags);

/** node_evset() - an instance of whoever calls; asserts. */
void node_evset(struct evset *s, int max);

/** user_send_fd() - send a descriptor over a unix socket; asserts. */
void user_send_fd(int sock, int fd);

/** user_recv_fd() - wait for one and take it; asserts. */
int user_recv_fd(int sock);

/** user_hear() - wait for a byte over a unix socket, which guest_put() sends;
 *  asserts.
 */
void user_hear(int sock);

#endif /* USER_H */
