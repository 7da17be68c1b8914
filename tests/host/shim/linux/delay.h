/* SPDX-License-Identifier: GPL-2.0-only */
/* delay.h - time that passes: others do something */
#ifndef SHIM_LINUX_DELAY_H
#define SHIM_LINUX_DELAY_H

#include "../between.h"

#define mdelay(ms)	((void)(ms), shim_step())

#endif /* SHIM_LINUX_DELAY_H */
