/* SPDX-License-Identifier: GPL-2.0-only */
/* processor.h - a turn of a loop that waits for another CPU */
#ifndef SHIM_LINUX_PROCESSOR_H
#define SHIM_LINUX_PROCESSOR_H

#include <ck_pr.h>

#define cpu_relax()	ck_pr_stall()

#endif /* SHIM_LINUX_PROCESSOR_H */
