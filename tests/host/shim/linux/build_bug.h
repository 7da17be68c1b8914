/* SPDX-License-Identifier: GPL-2.0-only */
/* build_bug.h - checks at compile time */
#ifndef SHIM_LINUX_BUILD_BUG_H
#define SHIM_LINUX_BUILD_BUG_H

#ifndef static_assert
#define static_assert(ok)	_Static_assert(ok, #ok)
#endif

#define BUILD_BUG_ON(bad)	_Static_assert(!(bad), #bad)

#endif /* SHIM_LINUX_BUILD_BUG_H */
