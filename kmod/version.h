/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * version.h - the release that the modules are of, for modinfo
 *
 * configure.ac says it; a module is built without it, by DKMS for one.
 * tests/host/version.test holds them together.
 */
#ifndef KMOD_VERSION_H
#define KMOD_VERSION_H

#define DEVEPOLL_VERSION "0.2.0"

#endif /* KMOD_VERSION_H */
