// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_stress.c - every store under ADD, MOD, DEL, wait, close, dup and fork
 */
#define _GNU_SOURCE
#include "behave.h"
