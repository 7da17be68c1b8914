// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_source.c - what each kind of file tells
 */
#define _GNU_SOURCE
#include "behave.h"
