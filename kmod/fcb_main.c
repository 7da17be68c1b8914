// SPDX-License-Identifier: GPL-2.0-only
/*
 * fcb_main.c - fcb.ko: parameters, load and unload
 */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "fcb_internal.h"
#include "fcb_source.h"
#include "fput_hook.h"
#define FAITHFUL_WORDS	BIT(FAITHFUL_DELFUNC)
#include "faithful.h"
#define PLANT_PARAM
#include "plant.h"
#include "version.h"

/* Set: the wish, at load only.  Read: what came of it. */
static char wish[16] = "auto";

static int fput_hook_set(const char *val, const struct kernel_param *kp)
{
	ssize_t n = strscpy(wish, val, sizeof(wish));

	return n < 0 ? -EINVAL : 0;
}

static int fput_hook_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", fput_hook_name());
}

static const struct kernel_param_ops fput_hook_ops = {
	.set = fput_hook_set,
	.get = fput_hook_get,
};
module_param_cb(fput_hook, &fput_hook_ops, NULL, 0444);
MODULE_PARM_DESC(fput_hook,
		 "how to hear of closes: auto (default), direct, locks, fsnotify");

static int source_set(const char *val, const struct kernel_param *kp)
{
	return fcb_source_set(val);
}

static int source_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", fcb_source_name());
}

static const struct kernel_param_ops source_ops = {
	.set = source_set,
	.get = source_get,
};
module_param_cb(source, &source_ops, NULL, 0644);
MODULE_PARM_DESC(source,
		 "where events come from, for registrations from now on: auto (default), socket, tap, 2002");

static unsigned int hash_bits = 14;
module_param(hash_bits, uint, 0444);
MODULE_PARM_DESC(hash_bits,
		 "log2 of the buckets of the table of watched files, 6..24 (default 14)");

MODULE_PARM_DESC(faithful,
		 "defect of 2002 to have back: none (default), delfunc");

static int __init fcb_init(void)
{
	int err;

	if (hash_bits < 6 || hash_bits > 24) {
		pr_err("hash_bits=%u is not in 6..24\n", hash_bits);
		return -EINVAL;
	}
	err = fcblist_init(hash_bits);
	if (err)
		return err;
	err = fcb_source_begin();
	if (err)
		goto no_source;
	err = fput_hook_start(wish);
	if (err) {
		pr_err("cannot hear of closes with fput_hook=%s (%d), not loading\n",
		       wish, err);
		goto no_hook;
	}
	pr_info("file callback list ready, closes by the %s hook, events by the source %s\n",
		fput_hook_name(), fcb_source_name());
	return 0;

no_hook:
	fcb_source_end();
no_source:
	fcblist_exit();
	return err;
}

static void __exit fcb_exit(void)
{
	fput_hook_stop();
	fcb_source_end();
	fcblist_exit();
}

module_init(fcb_init);
module_exit(fcb_exit);

MODULE_DESCRIPTION("File callback list of the 2002 /dev/epoll patch");
MODULE_AUTHOR("The devepoll authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(DEVEPOLL_VERSION);
