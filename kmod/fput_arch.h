/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fput_arch.h - the one thing in the modules that is written for a machine
 *
 * ftrace's direct call leads to fput_direct_tramp(), which is entered in place of
 * the first instructions of a function, before that has set up anything.  It has to
 * call fput_direct_call() with the function's first argument, and to go back with
 * every register as it found it that a function's arguments come in.
 *
 * A machine that has DYNAMIC_FTRACE_WITH_DIRECT_CALLS needs a header like fput_x86.h
 * and a line below.  Included by fput_direct.c alone, since there is code in it.
 */
#ifndef KMOD_FPUT_ARCH_H
#define KMOD_FPUT_ARCH_H

#if defined(CONFIG_X86_64)
#include "fput_x86.h"
#else
#error "fput_arch.h has no trampoline for this machine"
#endif

#endif /* KMOD_FPUT_ARCH_H */
