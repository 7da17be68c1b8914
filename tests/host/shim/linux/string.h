/* SPDX-License-Identifier: GPL-2.0-only */
/* string.h - finding a word in a table */
#ifndef SHIM_LINUX_STRING_H
#define SHIM_LINUX_STRING_H

#include <errno.h>
#include <stddef.h>
#include <string.h>

static inline int shim_match(const char * const *words, size_t n,
			     const char *word)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(words[i], word))
			return i;
	return -EINVAL;
}

#define sysfs_match_string(words, word)				\
	shim_match(words, sizeof(words) / sizeof((words)[0]), word)

#endif /* SHIM_LINUX_STRING_H */
