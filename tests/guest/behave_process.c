// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_process.c - fork, exec, threads, passing descriptors
 */
#define _GNU_SOURCE
#include "behave.h"
