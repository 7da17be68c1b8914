/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mark.h - what a measured program says to the lens
 *
 * A mark is an instruction that does nothing, a NOP of eight bytes whose unused
 * displacement is a number that no compiler makes up.  Who looks at instructions
 * sees it; everywhere else it costs one.
 *
 *	START ( BEGIN part .. END  ROUND  POINT )*
 *
 * START: caches are modelled from here on, so that what follows warms them up.
 * BEGIN, END: what lies between belongs to a part of what is measured; parts do
 * not nest.  Part 0 is modelled and not counted.  ROUND: the parts since the last
 * one are a measurement.  POINT: so are the rounds.
 *
 * BEGIN is followed by a load from lens_parts[part], by whose address the lens
 * knows the part: a plugin sees no registers.
 */
#ifndef LENS_MARK_H
#define LENS_MARK_H

#define LENS_MAGIC	0x6c656e00
#define LENS_PARTS	16	/* at most, with part 0; lens_parts[] is aligned to it */

enum lens_mark {
	LENS_NO_MARK,
	LENS_START,
	LENS_BEGIN,
	LENS_END,
	LENS_ROUND,
	LENS_POINT,
	LENS_MARKS
};

/* An enumerator, or a number, as it is: the assembler is told it. */
#define lens_mark(mark)							\
	asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00\n\t.long %c0"	\
		     : : "i"(LENS_MAGIC | (mark)) : "memory")

/* One block, so that nothing gets between the mark and its load. */
#define lens_mark_begin(parts, part)					\
	do {								\
		unsigned int part_;					\
									\
		asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00\n\t"		\
			     ".long %c2\n\tmovzbl %1, %0"		\
			     : "=r"(part_)				\
			     : "m"((parts)[part]),			\
			       "i"(LENS_MAGIC | LENS_BEGIN)		\
			     : "memory");				\
		(void)part_;						\
	} while (0)

#endif /* LENS_MARK_H */
