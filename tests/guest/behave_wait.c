// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_wait.c - epoll_wait: order, limits, timeouts, signals, several waiters
 */
#define _GNU_SOURCE
#include "behave.h"
