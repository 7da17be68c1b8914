// SPDX-License-Identifier: GPL-2.0-only
/*
 * rare.c - the word that rare.h is about: below those who set its bits and who look
 */
#include <linux/cache.h>

#include "rare.h"

unsigned long ep_rare __read_mostly;
