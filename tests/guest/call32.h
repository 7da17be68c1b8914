/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * call32.h - system calls as a 32-bit program makes them
 *
 * They are made with int $0x80, which takes the kernel's ia32 entry in a 64-bit
 * program too; all they point to has to lie below 4 GiB.
 */
#ifndef CALL32_H
#define CALL32_H

#ifdef __x86_64__

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "guest.h"

#define NR32_read	3
#define NR32_write	4
#define NR32_getpid	20
#define NR32_ioctl	54
#define NR32_mmap	90
#define NR32_munmap	91

/** call32() - call @nr; what the kernel returns, -errno and all. */
static inline long call32(long nr, long a, long b, long c)
{
	long ret;

	asm volatile("int $0x80"
		     : "=a"(ret)
		     : "a"(nr), "b"(a), "c"(b), "d"(c)
		     : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

static inline void call32_no_entry(int sig)
{
	(void)sig;
	_exit(1);
}

/**
 * need_call32() - skip the test where the kernel has no such entry
 *
 * It faults there: find out in a child, which catches the signal, as the kernel
 * tells its log of one that nobody catches.
 */
static inline void need_call32(void)
{
	pid_t pid = guest_fork();
	int status;

	if (!pid) {
		signal(SIGSEGV, call32_no_entry);
		_exit(call32(NR32_getpid, 0, 0, 0) == getpid() ? 0 : 1);
	}
	ck_assert(waitpid(pid, &status, 0) == pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		GUEST_SKIP("this kernel has no IA32 emulation");
}

/** low_page() - a page below 4 GiB. */
static inline char *low_page(void)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	ck_assert(p != MAP_FAILED);
	return p;
}

/** CALL32() - the call must return @value. */
#define CALL32(nr, a, b, c, value) do {					\
	long got32 = call32(nr, (long)(a), (long)(b), (long)(c));	\
	long want32 = (value);						\
	ck_assert_msg(got32 == want32,					\
		      "32-bit " #nr " " #b ": expected %ld, got %ld (%s)", \
		      want32, got32, got32 < 0 ? strerror((int)-got32) : ""); \
} while (0)

#endif /* __x86_64__ */

#endif /* CALL32_H */
