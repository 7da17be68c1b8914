/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * direct_hook.h - a call of our own at the head of a function of the kernel
 *
 * ftrace puts it there: the entry of the function calls a trampoline, which
 * calls a function of ours and goes back.  One user a function: who has it
 * already (a BPF program, a livepatch) keeps it.
 *
 * What a trampoline promises.  It keeps the registers in which the arguments
 * are, but for %rdi where it says that the function goes on with another first
 * argument; everything else that a call may spoil it may spoil, since nothing
 * else is live at a function's entry.  It keeps the stack and the flags that a
 * call keeps, and turns neither interrupts nor preemption on or off.
 *
 * Leaving.  direct_hook_stop() returns when nobody can be in the trampoline or
 * in what it calls, if that does not sleep: ftrace waits by Tasks RCU, and, for
 * interrupts of idle CPUs, by its rude form.  A sleeping spin lock of PREEMPT_RT
 * does not count as sleep there.  Who calls something that sleeps has to wait
 * for it in addition (fput_direct.c).
 */
#ifndef KMOD_DIRECT_HOOK_H
#define KMOD_DIRECT_HOOK_H

#include <linux/ftrace.h>

#include "compat.h"

/**
 * struct direct_hook - a call at the head of a function
 * @symbol: the function; may be static, must be the only one of its name
 * @tramp: where its entry calls to
 * @ops: ftrace's
 */
struct direct_hook {
	const char *symbol;
	void (*tramp)(void);
	struct ftrace_ops ops;
};

/**
 * direct_hook_start() - put the call in place
 * @hook: with @symbol and @tramp set
 *
 * Not yet proof that it is called: try it.
 *
 * Context: process, may sleep.
 * Return: 0; -EOPNOTSUPP (no such function, or ftrace is switched off), -EBUSY
 * (somebody has it) or what ftrace says, with a line in the log.
 */
int direct_hook_start(struct direct_hook *hook);

/** direct_hook_stop() - take it out; see above.  May sleep, for long. */
void direct_hook_stop(struct direct_hook *hook);

/*
 * The parts of a trampoline, as text for a top-level asm().  Between ENTER and
 * LEAVE: save, call, restore.  Before ENTER it may look at its arguments and
 * jump to the label 9 with nothing done.
 */
#define DIRECT_TRAMP_BEGIN(name)				\
	".pushsection	.text, \"ax\", @progbits\n"		\
	".type		" #name ", @function\n"			\
	".globl		" #name "\n"				\
	#name ":\n"						\
	ASM_ENDBR

#define DIRECT_TRAMP_ENTER					\
	"pushq	%rbp\n"						\
	"movq	%rsp, %rbp\n"					\
	CALL_DEPTH_ACCOUNT

#define DIRECT_TRAMP_LEAVE(name)				\
	"leave\n"						\
	"9:	" ASM_RET					\
	".size		" #name ", .-" #name "\n"		\
	".popsection\n"

/* Names a number of C's for the text: asm volatile() with the number as "i". */
#define DIRECT_TRAMP_CONST(name)	".set " #name ", %c0"

#endif /* KMOD_DIRECT_HOOK_H */
