// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_nest.c - instances that watch instances, and polling an instance
 */
#define _GNU_SOURCE
#include "behave.h"
