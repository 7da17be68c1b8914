/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * device.h - opening a device of ours in whatever state the program is
 */
#ifndef PRELOAD_DEVICE_H
#define PRELOAD_DEVICE_H

/**
 * device_open() - open /dev/@name for reading and writing
 * @name: "eventpoll" or "epoll"
 * @flags: EPOLL_CLOEXEC or 0
 *
 * Says once, in one line, what to do when there is no such device.
 *
 * Return: the descriptor, or -errno.
 */
int device_open(const char *name, int flags);

#endif /* PRELOAD_DEVICE_H */
