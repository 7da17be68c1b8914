/* SPDX-License-Identifier: GPL-2.0-only */
/* poll.h - what a transfer hands to the files that it asks: there are none */
#ifndef SHIM_LINUX_POLL_H
#define SHIM_LINUX_POLL_H

#include <sys/epoll.h>

#define __user

struct poll_table_struct {
	char none;
};

#endif /* SHIM_LINUX_POLL_H */
