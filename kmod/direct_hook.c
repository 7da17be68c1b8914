// SPDX-License-Identifier: GPL-2.0-only
/*
 * direct_hook.c - a call of our own at the head of a function of the kernel
 */
#include <linux/kprobes.h>
#include <linux/string.h>

#include "direct_hook.h"

/* kprobes resolve a name, and report one that is missing or ambiguous. */
static unsigned long address_of(const char *symbol)
{
	struct kprobe kp = { .symbol_name = symbol };
	unsigned long addr;

	if (register_kprobe(&kp))
		return 0;
	addr = (unsigned long)kp.addr;
	unregister_kprobe(&kp);
	return addr;
}

/* What ftrace has freed it leaves pointers to; a hook can be put in again. */
static void ops_forget(struct ftrace_ops *ops)
{
	memset(ops, 0, sizeof(*ops));
}

int direct_hook_start(struct direct_hook *hook)
{
	unsigned long addr = address_of(hook->symbol);
	int err;

	if (!addr) {
		pr_notice("direct hook: no function %s to be found\n",
			  hook->symbol);
		return -EOPNOTSUPP;
	}
	err = ftrace_set_filter_ip(&hook->ops, addr, 0, 0);
	if (!err)
		err = compat_ftrace_direct(&hook->ops,
					   (unsigned long)hook->tramp);
	if (err) {
		ftrace_free_filter(&hook->ops);
		ops_forget(&hook->ops);
		pr_notice("direct hook on %s not to be had (%d)%s\n",
			  hook->symbol, err, err == -EBUSY ?
			  ": a BPF program or a livepatch has it" : "");
		return err;
	}
	/* From here on kernel.ftrace_enabled cannot silently turn us off. */
	hook->ops.flags |= FTRACE_OPS_FL_PERMANENT;
	return 0;
}

void direct_hook_stop(struct direct_hook *hook)
{
	hook->ops.flags &= ~FTRACE_OPS_FL_PERMANENT;
	compat_ftrace_direct_end(&hook->ops, (unsigned long)hook->tramp);
	ops_forget(&hook->ops);
}
