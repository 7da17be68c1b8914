/* SPDX-License-Identifier: GPL-2.0-only */
/* sysfs.h - what a parameter's file would show */
#ifndef SHIM_LINUX_SYSFS_H
#define SHIM_LINUX_SYSFS_H

#include <stdio.h>

#define sysfs_emit(buffer, ...)	sprintf(buffer, __VA_ARGS__)

#endif /* SHIM_LINUX_SYSFS_H */
