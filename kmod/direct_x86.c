// SPDX-License-Identifier: GPL-2.0-only
/*
 * direct_x86.c - the trampolines of the direct calls, for x86-64
 *
 * The one file that is written for a machine: another one that has
 * DYNAMIC_FTRACE_WITH_DIRECT_CALLS needs such a file, and a line in Kbuild.  What a
 * trampoline promises is at the top of direct_hook.h.  Each is entered in place of the
 * first instructions of a function, calls one of ours with the same arguments, and
 * goes back.  Those of the sources have a look first at what most callers bring:
 * nobody to tell.
 *
 *	trampoline		calls			goes on with
 *	fput_direct_tramp	fput_direct_call()	the same argument
 *	fcb_state_tramp		fcb_state_call()	the same argument
 *	fcb_wake_async_tramp	fcb_wake_async_call()	what that returns; the first of the
 *							list goes along as fourth argument
 *	fcb_kill_fasync_tramp	fcb_kill_fasync_call()	what that returns
 */
#include <linux/net.h>
#include <linux/stddef.h>

#include <net/sock.h>

#include <asm/asm-offsets.h>
#include <asm/ibt.h>
#include <asm/linkage.h>
#include <asm/nospec-branch.h>

#include "fcb_fasync.h"
#include "fcb_internal.h"

/* 6.2 added call depth tracking; a patched-in call must take part in it. */
#ifndef CALL_DEPTH_ACCOUNT
#define CALL_DEPTH_ACCOUNT ""
#endif

/*
 * Aligned as functions are: newer kernels (7.3) take an odd address for a jump in the
 * place of a call.  Before ENTER it may look at its arguments and jump to the label 9, with
 * nothing done.
 */
#define BEGIN(name)						\
	".pushsection	.text, \"ax\", @progbits\n"		\
	".balign	16\n"					\
	".type		" #name ", @function\n"			\
	".globl		" #name "\n"				\
	#name ":\n"						\
	ASM_ENDBR

#define ENTER							\
	"pushq	%rbp\n"						\
	"movq	%rsp, %rbp\n"					\
	CALL_DEPTH_ACCOUNT

#define LEAVE(name)						\
	"leave\n"						\
	"9:	" ASM_RET					\
	".size		" #name ", .-" #name "\n"		\
	".popsection\n"

/* A number of C's for the text: in any function of this file. */
#define NUMBER(name, value)					\
	asm volatile(".set " #name ", %c0" : : "i" (value))

asm(BEGIN(fput_direct_tramp)
	ENTER
	"pushq	%rdi\n"
	"call	fput_direct_call\n"
	"popq	%rdi\n"
	LEAVE(fput_direct_tramp));

static void __used numbers(void)
{
	NUMBER(fcb_wq_list, offsetof(struct socket_wq, fasync_list));
	NUMBER(fcb_sk_flags, offsetof(struct sock, sk_flags) + SOCK_FASYNC / 8);
	NUMBER(fcb_sk_fasync, 1 << SOCK_FASYNC % 8);
}

asm(BEGIN(fcb_wake_async_tramp)
	"testq	%rdi, %rdi\n"
	"jz		9f\n"
	"movq	fcb_wq_list(%rdi), %rcx\n"
	"testq	%rcx, %rcx\n"
	"jz		9f\n"
	ENTER
	"pushq	%rsi\n"
	"pushq	%rdx\n"
	"call	fcb_wake_async_call\n"
	"popq	%rdx\n"
	"popq	%rsi\n"
	"movq	%rax, %rdi\n"
	LEAVE(fcb_wake_async_tramp));

asm(BEGIN(fcb_state_tramp)
	"testb	$fcb_sk_fasync, fcb_sk_flags(%rdi)\n"
	"jz		9f\n"
	ENTER
	"pushq	%rdi\n"
	"call	fcb_state_call\n"
	"popq	%rdi\n"
	LEAVE(fcb_state_tramp));

asm(BEGIN(fcb_kill_fasync_tramp)
	"cmpq	$0, (%rdi)\n"
	"je		9f\n"
	ENTER
	"pushq	%rsi\n"
	"pushq	%rdx\n"
	"call	fcb_kill_fasync_call\n"
	"popq	%rdx\n"
	"popq	%rsi\n"
	"movq	%rax, %rdi\n"
	LEAVE(fcb_kill_fasync_tramp));
