// SPDX-License-Identifier: GPL-2.0-only
/*
 * port.c - what is of the port alone: its ioctls, its stores, its limits
 */
#define _GNU_SOURCE
#include "behave.h"
