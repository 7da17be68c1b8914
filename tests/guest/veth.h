/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * veth.h - a cable: two network devices, each with a NAPI context
 *
 * One end is in a network namespace of this process, the other in one more, so that
 * packets between them take the way through the devices.  The end of the process has GRO
 * switched on, which gives a veth its NAPI context, and the other sends no segments
 * for the device to cut, which would go past it.
 */
#ifndef VETH_H
#define VETH_H

/**
 * veth_pair() - lay the cable, and a UDP socket at each end, connected to each other
 * @fd: fd[0] is of this process's namespace; non-blocking
 *
 * The process is in another network namespace from here on.  Loads the module veth if
 * it is not there; skips the test where the kernel has no namespaces, or
 * no veth; asserts.
 */
void veth_pair(int fd[2]);

/** veth_busy_packets() - packets that came to sockets of this process's namespace
 *  because somebody polled the device for them; asserts.
 */
long veth_busy_packets(void);

#endif /* VETH_H */
