/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * raw.h - system calls past every library, this one included
 *
 * The preload libraries take names over, syscall(2) among them, so what they need
 * of the kernel they must not ask for by name.  Results are the kernel's: -errno.
 */
#ifndef PRELOAD_RAW_H
#define PRELOAD_RAW_H

#include <sys/syscall.h>

#if defined(__x86_64__)
static inline long raw_syscall6(long nr, long a, long b, long c, long d, long e,
				long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}
#elif defined(__aarch64__)
static inline long raw_syscall6(long nr, long a, long b, long c, long d, long e,
				long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}
#else
#include <errno.h>

/* raw.c: the C library's syscall(2), found behind ours. */
extern long (*raw_next)(long nr, ...);
void raw_find_next(void);

static inline long raw_syscall6(long nr, long a, long b, long c, long d, long e,
				long f)
{
	int err = errno;
	long ret;

	if (!raw_next)
		raw_find_next();
	ret = raw_next(nr, a, b, c, d, e, f);
	if (ret == -1) {
		ret = -errno;
		errno = err;
	}
	return ret;
}
#define RAW_NEEDS_NEXT
#endif

#define raw6(nr, a, b, c, d, e, f)	\
	raw_syscall6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), \
		     (long)(f))
#define raw5(nr, a, b, c, d, e)	raw6(nr, a, b, c, d, e, 0)
#define raw4(nr, a, b, c, d)	raw6(nr, a, b, c, d, 0, 0)
#define raw3(nr, a, b, c)	raw6(nr, a, b, c, 0, 0, 0)
#define raw2(nr, a, b)		raw6(nr, a, b, 0, 0, 0, 0)
#define raw1(nr, a)		raw6(nr, a, 0, 0, 0, 0, 0)

#endif /* PRELOAD_RAW_H */
