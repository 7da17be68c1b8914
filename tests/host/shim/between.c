// SPDX-License-Identifier: GPL-2.0-only
/*
 * between.c - what happens between two steps that others can see
 */
#include <stddef.h>

#include "between.h"

__thread void (*shim_between)(void);
