/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * device.h - opening a device of ours in whatever state the program is
 */
#ifndef PRELOAD_DEVICE_H
#define PRELOAD_DEVICE_H

/**
 * struct device - what the back end's instances are
 * @name: below /dev
 * @module: brings it
 * @again: the ioctl that makes an instance out of another
 * @hide: moves a descriptor of ours out of the program's way: the new number, or
 *	-errno with the old one closed
 */
struct device {
	const char *name;
	const char *module;
	unsigned long again;
	int (*hide)(int fd);
};

extern const struct device backend_device;

/**
 * device_open() - open the back end's device for reading and writing
 * @flags: EPOLL_CLOEXEC or 0
 *
 * Says once, in one line, what to do when there is no such device.
 *
 * Return: the descriptor, or -errno.
 */
int device_open(int flags);

/** device_chroot() - chroot(2), after which device_open() works still. */
long device_chroot(const char *path);

#endif /* PRELOAD_DEVICE_H */
