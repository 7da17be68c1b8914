// SPDX-License-Identifier: GPL-2.0-only
/*
 * modules.c - the jobs that load modules and unload them
 *
 * A module that cannot be loaded, or does not go, ends the guest: what comes after
 * would tell of something else.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "init.h"
#include "kmsg.h"

void do_insmod(const char *job, char **argv)
{
	double begun = now();
	char path[200], params[400] = "", line[200], why[300] = "";
	const char *dir = "/lab/modules", *name = argv[0];
	int fd, i, ok = 0;

	if (name && !strncmp(name, "plant:", 6)) {
		dir = "/lab/modules-plant";
		name += 6;
	}
	snprintf(path, sizeof(path), "%s/%s.ko", dir, name ? name : "?");
	for (i = 1; name && argv[i]; i++) {
		strncat(params, argv[i], sizeof(params) - strlen(params) - 2);
		strcat(params, " ");
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		snprintf(why, sizeof(why), "%s: %s", path, strerror(errno));
	else if (syscall(SYS_finit_module, fd, params, 0))
		snprintf(why, sizeof(why), "the kernel refused it: %s", strerror(errno));
	else
		ok = 1;
	if (fd >= 0)
		close(fd);
	if (ok && kmsg_bad(line, sizeof(line))) {
		snprintf(why, sizeof(why), "kernel log: %s", line);
		ok = 0;
	}
	if (!ok)
		stopped = 1;
	job_done(job, ok, 0, begun, why);
}

void do_rmmod(const char *job, char **argv)
{
	double begun = now();
	char line[200], why[300] = "";
	int ok;

	do {
		ok = argv[0] && !syscall(SYS_delete_module, argv[0], O_NONBLOCK);
		/* the last reference may go a moment after the last close */
	} while (!ok && errno == EAGAIN && now() < begun + 10 && !usleep(50000));
	if (!ok) {
		snprintf(why, sizeof(why), "the kernel refused it: %s", strerror(errno));
		stopped = 1;
	} else if (kmsg_bad(line, sizeof(line))) {
		snprintf(why, sizeof(why), "kernel log: %s", line);
		ok = 0;
	}
	job_done(job, ok, 0, begun, why);
}

/* The modules that "load" brings in, each after those that it needs. */
static const char *const modules[] = {
	"fcb", "dev_epoll", "eventpoll_port", "fcb_test",
};

#define MODULES ((int)(sizeof(modules) / sizeof(*modules)))
#define ALWAYS 3	/* the first ones, asked for or not */

static int loaded[MODULES];

static int module_by_name(const char *name)
{
	for (int i = 0; i < MODULES; i++)
		if (!strcmp(modules[i], name))
			return i;
	return -1;
}

/* One job for the whole world to see: a module with its parameters. */
static void load_one(int i, const char *from, char **params, int n)
{
	char name[64], job[512], *argv[MAXARGS] = { name };

	snprintf(name, sizeof(name), "%s%s", from, modules[i]);
	snprintf(job, sizeof(job), "insmod %s", name);
	for (int k = 0; k < n; k++) {
		argv[k + 1] = params[k];
		strncat(job, " ", sizeof(job) - strlen(job) - 1);
		strncat(job, params[k], sizeof(job) - strlen(job) - 1);
	}
	kmsg_mark(job);
	do_insmod(job, argv);
	loaded[i] = !stopped;
}

void do_load(const char *job, char **argv)
{
	char **params[MODULES] = { NULL };
	int n[MODULES] = { 0 }, wanted[MODULES] = { 0 }, last = -1;
	const char *from = "";

	if (*argv && !strcmp(*argv, "plant:")) {
		from = *argv;
		argv++;
	}
	for (; *argv; argv++) {
		if (strchr(*argv, '=') && last >= 0) {
			params[last] = n[last] ? params[last] : argv;
			n[last]++;
			continue;
		}
		last = module_by_name(*argv);
		if (last < 0 || wanted[last]++) {
			job_done(job, 0, 0, now(), "job file: wants [plant:] [NAME [PARAM=VALUE]..]..");
			stopped = 1;
			return;
		}
	}
	for (int i = 0; i < MODULES && !stopped; i++)
		if (i < ALWAYS || wanted[i])
			load_one(i, from, params[i], n[i]);
}

void do_unload(void)
{
	char name[64], job[80], *argv[] = { name, NULL };

	for (int i = MODULES; i-- && !stopped; ) {
		if (!loaded[i])
			continue;
		snprintf(name, sizeof(name), "%s", modules[i]);
		snprintf(job, sizeof(job), "rmmod %s", name);
		kmsg_mark(job);
		do_rmmod(job, argv);
		loaded[i] = 0;
	}
}
