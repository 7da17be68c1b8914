/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kernel_epoll.h - which epoll is measured
 *
 * The rows "epoll" and "epoll-lt" are the running kernel's own.  What it keeps
 * ready events in is not told by its version alone: stable kernels took the spin
 * lock of 6.18.
 */
#ifndef BENCH_KERNEL_EPOLL_H
#define BENCH_KERNEL_EPOLL_H

#include <stddef.h>

/**
 * kernel_epoll() - the ready store of the running kernel's epoll
 *
 * Return: for people, e.g. "ovflist, spin lock (by BTF)".
 */
const char *kernel_epoll(void);

/**
 * kernel_epoll_by_btf() - the same, from a kernel's type information
 * @btf: what /sys/kernel/btf/vmlinux has; checked, it may be anything
 * @size: bytes
 *
 * Return: NULL if struct eventpoll is not in it, or is none that is known.
 */
const char *kernel_epoll_by_btf(const void *btf, size_t size);

/**
 * kernel_epoll_by_version() - the same, from what a kernel calls itself
 * @release: as uname -r
 * @version: as uname -v, where Debian names the upstream version
 *
 * Return: NULL if there is no version in it.
 */
const char *kernel_epoll_by_version(const char *release, const char *version);

#endif /* BENCH_KERNEL_EPOLL_H */
