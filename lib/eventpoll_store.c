// SPDX-License-Identifier: GPL-2.0-only
/*
 * eventpoll_store.c - the stores of /dev/eventpoll by their names
 *
 * Apart from the calls: epoll-run needs this and has calls of its own.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "eventpoll.h"

static const char *const stores[] = {
#define STORE(id, NUMBER, name, about) [EVENTPOLL_##NUMBER] = name,
#include "designs.def"
};

int eventpoll_store_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++)
		if (!strcmp(stores[i], name))
			return (int)i;
	errno = ENOENT;
	return -1;
}
