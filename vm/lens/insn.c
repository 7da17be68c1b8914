// SPDX-License-Identifier: GPL-2.0-only
/*
 * insn.c - the instructions that matter to the lens: marks, calls, returns
 *
 * Documented in insn.h.
 */
#include <stdbool.h>
#include <string.h>

#include "insn.h"

/* 66 f2 f3 2e 3e 64 65 (notrack and bnd among them), and REX, which comes last. */
static bool is_prefix(uint8_t byte)
{
	return byte == 0x66 || byte == 0xf2 || byte == 0xf3 || byte == 0x2e ||
	       byte == 0x3e || byte == 0x64 || byte == 0x65 || (byte & 0xf0) == 0x40;
}

static enum lens_mark mark_of(const uint8_t *bytes, size_t size)
{
	static const uint8_t nop[4] = { 0x0f, 0x1f, 0x84, 0x00 };
	uint32_t number;

	if (size != sizeof(nop) + sizeof(number) || memcmp(bytes, nop, sizeof(nop)))
		return LENS_NO_MARK;
	memcpy(&number, bytes + sizeof(nop), sizeof(number));
	if (number <= LENS_MAGIC || number >= LENS_MAGIC + LENS_MARKS)
		return LENS_NO_MARK;
	return (enum lens_mark)(number - LENS_MAGIC);
}

struct insn_meaning insn_read(const uint8_t *bytes, size_t size, uint64_t at)
{
	struct insn_meaning m = { .mark = mark_of(bytes, size) };
	size_t i = 0;
	int32_t distance;

	while (i < size && is_prefix(bytes[i]))
		i++;
	if (i == size)
		return m;
	switch (bytes[i]) {
	case 0xe8: /* call, so far from its end */
		m.kind = INSN_CALL;
		if (i + 1 + sizeof(distance) <= size) {
			memcpy(&distance, bytes + i + 1, sizeof(distance));
			m.target = at + size + (uint64_t)(int64_t)distance;
		}
		break;
	case 0xff: /* /2 is a call by register or memory */
		if (i + 1 < size && (bytes[i + 1] >> 3 & 7) == 2)
			m.kind = INSN_CALL;
		break;
	case 0xc2:
	case 0xc3:
		m.kind = INSN_RETURN;
		break;
	}
	return m;
}
