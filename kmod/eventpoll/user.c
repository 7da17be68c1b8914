// SPDX-License-Identifier: GPL-2.0-only
/*
 * user.c - how many files each user watches, counted for this module
 *
 * Each module has a limit and accounts of its own, and kbuild wants an object
 * to belong to one module.
 */
#include "../ep_user.c"
