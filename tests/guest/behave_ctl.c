// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_ctl.c - epoll_ctl: arguments, errors and their order, masks, data
 */
#define _GNU_SOURCE
#include "behave.h"
