// SPDX-License-Identifier: GPL-2.0-only
/*
 * direct_hook.c - a call of our own at the head of a function of the kernel
 */
#include <linux/kprobes.h>
#include <linux/mutex.h>
#include <linux/string.h>

#include "direct_hook.h"

/*
 * kprobes resolve a name, and report one that is missing or ambiguous.  Disabled,
 * since one that is armed sits on ftrace itself.
 */
static unsigned long address_of(const char *symbol)
{
	struct kprobe kp = {
		.symbol_name = symbol, .flags = KPROBE_FLAG_DISABLED,
	};
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

/*
 * With kernel.ftrace_enabled at 0 a direct call can be registered and is never
 * made; and to unregister it then leaves a mark on the function over which
 * ftrace stumbles much later.  So nothing is touched in that state.  There is no
 * way to ask, but what is permanent is refused then, and while it is there the
 * state cannot change.  A direct call can be made permanent only afterwards; so
 * something else is, for that moment, or another hook of ours that is in place.
 */
static DEFINE_MUTEX(mutex);	/* what is below */
static unsigned int in_place;
static struct ftrace_ops keep_on;

static void nothing(unsigned long ip, unsigned long parent,
		    struct ftrace_ops *ops, struct ftrace_regs *regs)
{
}

static void keep_on_end(void)
{
	if (in_place)
		return;
	unregister_ftrace_function(&keep_on);
	ftrace_free_filter(&keep_on);
	ops_forget(&keep_on);
}

static int keep_on_begin(unsigned long addr)
{
	int err;

	if (in_place)
		return 0;
	keep_on.func = nothing;
	keep_on.flags = FTRACE_OPS_FL_PERMANENT;
	err = ftrace_set_filter_ip(&keep_on, addr, 0, 0);
	if (!err)
		err = register_ftrace_function(&keep_on);
	if (err) {
		ftrace_free_filter(&keep_on);
		ops_forget(&keep_on);
	}
	return err;
}

static int place(struct direct_hook *hook, unsigned long addr)
{
	int err;

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

static int start_locked(struct direct_hook *hook)
{
	unsigned long addr = address_of(hook->symbol);
	int err;

	if (!addr) {
		pr_notice("direct hook: no function %s to be found\n",
			  hook->symbol);
		return -EOPNOTSUPP;
	}
	err = keep_on_begin(addr);
	if (err) {
		pr_notice("direct hook on %s not to be had (%d); is kernel.ftrace_enabled 0?\n",
			  hook->symbol, err);
		return -EOPNOTSUPP;
	}
	err = place(hook, addr);
	keep_on_end();
	if (!err)
		in_place++;
	return err;
}

int direct_hook_start(struct direct_hook *hook)
{
	int err;

	mutex_lock(&mutex);
	err = start_locked(hook);
	mutex_unlock(&mutex);
	return err;
}

void direct_hook_stop(struct direct_hook *hook)
{
	mutex_lock(&mutex);
	in_place--;
	hook->ops.flags &= ~FTRACE_OPS_FL_PERMANENT;
	compat_ftrace_direct_end(&hook->ops, (unsigned long)hook->tramp);
	ops_forget(&hook->ops);
	mutex_unlock(&mutex);
}
