/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * alloc.h - the kernel's allocators as the tests see them
 *
 * Everything that the code under test asks for is counted, and any one of its
 * requests can be made to fail.
 */
#ifndef SHIM_ALLOC_H
#define SHIM_ALLOC_H

#include <stddef.h>

typedef unsigned int gfp_t;

#define GFP_KERNEL_ACCOUNT	1U

/**
 * struct shim_alloc - what has been asked for
 * @arrays: from kvcalloc() and not given back
 * @pages: from get_zeroed_page() and not given back
 * @calls: requests of both kinds since shim_fail_at()
 * @fail_at: this one of them fails, 0 for none
 * @bytes: size of the last array asked for
 */
struct shim_alloc {
	long arrays;
	long pages;
	unsigned long calls;
	unsigned long fail_at;
	size_t bytes;
};

extern struct shim_alloc shim_alloc;

/** shim_reset() - begin to count anew; what is out is forgotten. */
void shim_reset(void);

/** shim_fail_at() - let the @n-th request from now fail, 0 for none. */
void shim_fail_at(unsigned long n);

void *kvcalloc(size_t n, size_t size, gfp_t flags);
void kvfree(const void *mem);
unsigned long get_zeroed_page(gfp_t flags);
void free_page(unsigned long page);

#endif /* SHIM_ALLOC_H */
