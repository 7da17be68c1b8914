// SPDX-License-Identifier: GPL-2.0-only
/*
 * calls.c - who called whom, and what was counted there
 *
 * Documented in calls.h.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"

#define FIRST_BITS 12

/**
 * struct calls_node - a function, as called from one place
 * @entry: where it begins
 * @site: the instruction that called it
 * @parent: who called
 * @child: the latest called from here, or 0, which as a root is nobody's child
 * @sibling: the next of the same caller, or 0
 */
struct calls_node {
	uint64_t entry;
	uint64_t site;
	uint32_t parent;
	uint32_t child;
	uint32_t sibling;
};

/**
 * struct calls_cell - what was counted of one instruction of a node
 * @pc: the instruction; 0 where the cell is free
 * @node: the node
 * @count: what was counted
 */
struct calls_cell {
	uint64_t pc;
	uint32_t node;
	struct count count;
};

/* What cannot be counted anywhere. */
static struct count nowhere;

bool calls_open(struct calls *c, uint32_t roots)
{
	memset(c, 0, sizeof(*c));
	c->cells_bits = FIRST_BITS;
	c->room = 1024;
	c->cells = calloc(1UL << c->cells_bits, sizeof(*c->cells));
	c->nodes = calloc(c->room, sizeof(*c->nodes));
	if (!c->cells || !c->nodes || roots > c->room) {
		calls_close(c);
		return false;
	}
	calls_clear(c, roots);
	return true;
}

void calls_close(struct calls *c)
{
	free(c->cells);
	free(c->nodes);
	c->cells = NULL;
	c->nodes = NULL;
}

void calls_clear(struct calls *c, uint32_t roots)
{
	memset(c->cells, 0, sizeof(*c->cells) << c->cells_bits);
	memset(c->nodes, 0, roots * sizeof(*c->nodes));
	c->n_cells = 0;
	c->n_nodes = roots;
	c->lost = 0;
	c->last = NULL;
	calls_begin(c, 0);
}

void calls_begin(struct calls *c, uint32_t root)
{
	c->at = root;
	c->depth = 0;
	c->calling = false;
}

void calls_call(struct calls *c, uint64_t place, uint64_t site)
{
	if (c->depth == CALLS_MAX_DEPTH) {
		c->lost++;
		return;
	}
	c->stack[c->depth].place = place;
	c->stack[c->depth++].node = c->at;
	c->calling = true;
	c->site = site;
}

static uint32_t new_node(struct calls *c)
{
	if (c->n_nodes == c->room) {
		struct calls_node *more = reallocarray(c->nodes, 2UL * c->room, sizeof(*more));

		if (!more)
			return 0;
		c->nodes = more;
		c->room *= 2;
	}
	return c->n_nodes++;
}

void calls_enter(struct calls *c, uint64_t entry)
{
	struct calls_node *caller = &c->nodes[c->at], *n;
	uint32_t at, before = 0;

	c->calling = false;
	for (at = caller->child; at; before = at, at = n->sibling) {
		n = &c->nodes[at];
		if (n->entry != entry || n->site != c->site)
			continue;
		/* to the front: what is called often is found soon */
		if (before) {
			c->nodes[before].sibling = n->sibling;
			n->sibling = caller->child;
			caller->child = at;
		}
		c->at = at;
		return;
	}
	at = new_node(c);
	if (!at) {
		c->lost++;
		return;
	}
	caller = &c->nodes[c->at];
	c->nodes[at] = (struct calls_node){
		.entry = entry, .site = c->site, .parent = c->at, .sibling = caller->child,
	};
	caller->child = at;
	c->at = at;
}

void calls_return(struct calls *c, uint64_t place)
{
	for (unsigned int i = c->depth; i--;) {
		if (c->stack[i].place != place)
			continue;
		c->at = c->stack[i].node;
		c->depth = i;
		c->calling = false;
		return;
	}
}

static struct calls_cell *find_cell(struct calls_cell *cells, unsigned int bits,
				    uint32_t node, uint64_t pc)
{
	uint64_t mask = (1UL << bits) - 1;
	uint64_t i = ((pc ^ (uint64_t)node << 40) * 0x9e3779b97f4a7c15u) >> (64 - bits);

	while (cells[i].pc && (cells[i].pc != pc || cells[i].node != node))
		i = (i + 1) & mask;
	return &cells[i];
}

static bool grow(struct calls *c)
{
	struct calls_cell *more = calloc(2UL << c->cells_bits, sizeof(*more));

	if (!more)
		return false;
	for (uint64_t i = 0; i < 1UL << c->cells_bits; i++)
		if (c->cells[i].pc)
			*find_cell(more, c->cells_bits + 1, c->cells[i].node, c->cells[i].pc) =
				c->cells[i];
	free(c->cells);
	c->cells = more;
	c->cells_bits++;
	return true;
}

struct count *calls_here(struct calls *c, uint64_t pc)
{
	struct calls_cell *cell = c->last;

	if (cell && cell->pc == pc && cell->node == c->at)
		return &cell->count;
	cell = find_cell(c->cells, c->cells_bits, c->at, pc);
	if (!cell->pc) {
		/* half full at most */
		if (c->n_cells >= 1UL << (c->cells_bits - 1)) {
			if (!grow(c)) {
				c->lost++;
				return &nowhere;
			}
			cell = find_cell(c->cells, c->cells_bits, c->at, pc);
		}
		cell->pc = pc;
		cell->node = c->at;
		c->n_cells++;
	}
	c->last = cell;
	return &cell->count;
}

void calls_print(const struct calls *c, uint32_t roots, FILE *out)
{
	for (uint32_t i = roots; i < c->n_nodes; i++)
		fprintf(out, "node %" PRIu32 " %" PRIu32 " %" PRIx64 " %" PRIx64 "\n", i,
			c->nodes[i].parent, c->nodes[i].site, c->nodes[i].entry);
	for (uint64_t i = 0; i < 1UL << c->cells_bits; i++) {
		const struct calls_cell *cell = &c->cells[i];
		const struct count *n = &cell->count;

		if (cell->pc)
			fprintf(out, "at %" PRIu32 " %" PRIx64 " %" PRIu64 " %" PRIu64 " %" PRIu64
				" %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", cell->node, cell->pc,
				n->insns, n->accesses, n->l1d, n->l1i, n->l2, n->l3);
	}
	if (c->lost)
		fprintf(out, "lost %" PRIu64 "\n", c->lost);
}
