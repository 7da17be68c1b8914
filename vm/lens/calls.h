/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * calls.h - who called whom, and what was counted there
 *
 * A tree of calls for each part of a measurement.  A node is a function as it was
 * called from one place of its caller; what is counted in it is kept by address.
 * The lens knows no symbols: names, jumps from one function into another, and
 * interrupts, which nobody calls, are found out afterwards by the addresses.
 *
 * Calls and returns are matched by where the return address lies, so that what
 * returns elsewhere (another task's stack, code that drops a frame) confuses
 * nothing: a return whose place no call wrote to is of no call here, and one that
 * lies deeper ends all calls above it.
 */
#ifndef LENS_CALLS_H
#define LENS_CALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define CALLS_MAX_DEPTH	256

/** struct count - what is counted, anywhere */
struct count {
	uint64_t insns, accesses, l1d, l1i, l2, l3;
};

struct calls_node;
struct calls_cell;

/**
 * struct calls - a tree and where the program is in it
 * @nodes: all of them, a root for each part first
 * @n_nodes: how many
 * @cells: hash of counts by node and address
 * @n_cells: used
 * @cells_bits: log2 of its size
 * @last: the cell that was used last
 * @stack: the calls that have not returned
 * @depth: how many
 * @lost: calls that were too deep, or for which there was no memory
 * @at: the node that is executed
 * @calling: a call was made, and what it calls not yet begun
 * @site: by which instruction
 */
struct calls {
	struct calls_node *nodes;
	uint32_t n_nodes, room;
	struct calls_cell *cells;
	uint64_t n_cells;
	unsigned int cells_bits;
	struct calls_cell *last;
	struct {
		uint64_t place;
		uint32_t node;
	} stack[CALLS_MAX_DEPTH];
	unsigned int depth;
	uint64_t lost;
	uint32_t at;
	bool calling;
	uint64_t site;
};

/** calls_open() - an empty tree with @roots roots.  Return: false without memory. */
bool calls_open(struct calls *c, uint32_t roots);
/** calls_close() - give its memory back. */
void calls_close(struct calls *c);
/** calls_clear() - forget what was counted, and all nodes but @roots roots. */
void calls_clear(struct calls *c, uint32_t roots);
/** calls_begin() - nothing is called yet, and we are at a root. */
void calls_begin(struct calls *c, uint32_t root);

/**
 * calls_call() - a call has put its return address on the stack
 * @c: the tree
 * @place: where the address lies
 * @site: the instruction that called
 */
void calls_call(struct calls *c, uint64_t place, uint64_t site);

/** calls_enter() - the call goes to @entry. */
void calls_enter(struct calls *c, uint64_t entry);

/** calls_return() - a return address was taken from @place. */
void calls_return(struct calls *c, uint64_t place);

/** calls_here() - the counts of the instruction @pc, called as it now is; never NULL. */
struct count *calls_here(struct calls *c, uint64_t pc);

/**
 * calls_print() - all of it
 *
 * Lines "node ID PARENT SITE ENTRY", parents first, and "at NODE PC INSNS ACCESSES
 * L1D L1I L2 L3"; "lost N" if calls were lost.
 */
void calls_print(const struct calls *c, uint32_t roots, FILE *out);

#endif /* LENS_CALLS_H */
