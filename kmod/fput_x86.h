/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fput_x86.h - the trampoline of fput_direct.c for x86-64 (fput_arch.h)
 */
#ifndef KMOD_FPUT_X86_H
#define KMOD_FPUT_X86_H

#include <asm/asm-offsets.h>
#include <asm/ibt.h>
#include <asm/linkage.h>
#include <asm/nospec-branch.h>

/* 6.2 added call depth tracking; a patched-in call must take part in it. */
#ifndef CALL_DEPTH_ACCOUNT
#define CALL_DEPTH_ACCOUNT ""
#endif

/* Saves the one argument register in use: the functions have no other argument. */
asm("	.pushsection	.text, \"ax\", @progbits\n"
"	.type		fput_direct_tramp, @function\n"
"	.globl		fput_direct_tramp\n"
"fput_direct_tramp:\n"
	ASM_ENDBR
"	pushq	%rbp\n"
"	movq	%rsp, %rbp\n"
	CALL_DEPTH_ACCOUNT
"	pushq	%rdi\n"
"	call	fput_direct_call\n"
"	popq	%rdi\n"
"	leave\n"
	ASM_RET
"	.size		fput_direct_tramp, .-fput_direct_tramp\n"
"	.popsection\n"
);

#endif /* KMOD_FPUT_X86_H */
