/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * insn.h - the instructions that matter to the lens: marks, calls, returns
 */
#ifndef LENS_INSN_H
#define LENS_INSN_H

#include <stddef.h>
#include <stdint.h>

#include "mark.h"

enum insn_kind { INSN_OTHER, INSN_CALL, INSN_RETURN };

/**
 * struct insn_meaning - what an instruction is
 * @mark: LENS_NO_MARK if it is none
 * @kind: whether it calls or returns
 * @target: what a direct call calls, else 0
 */
struct insn_meaning {
	enum lens_mark mark;
	enum insn_kind kind;
	uint64_t target;
};

/**
 * insn_read() - of x86-64, in 64-bit mode
 * @bytes: the instruction
 * @size: its length
 * @at: where it lies, for a call's target
 */
struct insn_meaning insn_read(const uint8_t *bytes, size_t size, uint64_t at);

#endif /* LENS_INSN_H */
