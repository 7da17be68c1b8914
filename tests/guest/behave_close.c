// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_close.c - descriptors closed, duplicated and used again
 */
#define _GNU_SOURCE
#include "behave.h"
