// SPDX-License-Identifier: GPL-2.0-only
/*
 * alloc.c - the kernel's allocators as the tests see them
 */
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

#define SHIM_PAGE_SIZE	4096

struct shim_alloc shim_alloc;

void shim_reset(void)
{
	memset(&shim_alloc, 0, sizeof(shim_alloc));
}

void shim_fail_at(unsigned long n)
{
	shim_alloc.calls = 0;
	shim_alloc.fail_at = n;
}

/* All of it is charged to who asks for it: other flags are a mistake. */
static int fails(gfp_t flags)
{
	if (flags != GFP_KERNEL_ACCOUNT)
		abort();
	return ++shim_alloc.calls == shim_alloc.fail_at;
}

void *kvcalloc(size_t n, size_t size, gfp_t flags)
{
	void *mem;

	if (fails(flags))
		return NULL;
	mem = calloc(n, size);
	if (!mem)
		abort();
	shim_alloc.arrays++;
	shim_alloc.bytes = n * size;
	return mem;
}

void kvfree(const void *mem)
{
	if (mem)
		shim_alloc.arrays--;
	free((void *)mem);
}

unsigned long get_zeroed_page(gfp_t flags)
{
	void *page;

	if (fails(flags))
		return 0;
	page = aligned_alloc(SHIM_PAGE_SIZE, SHIM_PAGE_SIZE);
	if (!page)
		abort();
	memset(page, 0, SHIM_PAGE_SIZE);
	shim_alloc.pages++;
	return (unsigned long)page;
}

void free_page(unsigned long page)
{
	if (page)
		shim_alloc.pages--;
	free((void *)page);
}
