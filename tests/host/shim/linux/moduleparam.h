/* SPDX-License-Identifier: GPL-2.0-only */
/* moduleparam.h - a parameter is something that can be set by its text */
#ifndef SHIM_LINUX_MODULEPARAM_H
#define SHIM_LINUX_MODULEPARAM_H

struct kernel_param;

struct kernel_param_ops {
	int (*set)(const char *val, const struct kernel_param *kp);
	int (*get)(char *buffer, const struct kernel_param *kp);
};

#define module_param_cb(name, ops, arg, perm)			\
__attribute__((unused))						\
static int set_param_##name(const char *val)			\
{								\
	return (ops)->set(val, NULL);				\
}								\
__attribute__((unused))						\
static int get_param_##name(char *buffer)			\
{								\
	return (ops)->get(buffer, NULL);			\
}								\
_Static_assert(!((perm) & 022), "others may write it")

#define MODULE_PARM_DESC(name, text)				\
_Static_assert(sizeof(text) > 1, "no text")

#endif /* SHIM_LINUX_MODULEPARAM_H */
