// SPDX-License-Identifier: GPL-2.0-only
/*
 * epoll_run.c - epoll-run: run a program on another design of epoll
 *
 * Sets LD_PRELOAD and becomes the program.  All that can be known to go wrong is
 * found out before: the design, the device, the library, whether the program can be
 * preloaded into at all.  A program that would run on the kernel's epoll in
 * silence is not started.
 *
 * "epoll" means native: whatever an outer epoll-run has set is taken out, and
 * nothing is added.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "program.h"

#define NOT_STARTED	127

/**
 * struct design - what can follow --design
 * @name: as in all of the project
 * @device: must be there, or NULL
 * @module: brings the device
 * @library: to preload, or NULL
 * @about: for --help
 */
struct design {
	const char *name;
	const char *device;
	const char *module;
	const char *library;
	const char *about;
};

#define PORT "/dev/eventpoll", "eventpoll_port", "libepollrun.so"

static const struct design designs[] = {
	{ "epoll", NULL, NULL, NULL, "the kernel's own, untouched" },
#define STORE(id, NUMBER, name, about) { name, PORT, about },
#include "designs.def"
	{ "devepoll", "/dev/epoll", "dev_epoll", "libepollrun-2002.so",
	  "the double buffer of 2002, made to look like epoll" },
};

static const char store_names[] = ""
#define STORE(id, NUMBER, name, about) " " name
#include "designs.def"
;

__attribute__((noreturn, format(printf, 1, 2)))
static void die(const char *fmt, ...)
{
	va_list ap;

	fputs("epoll-run: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(NOT_STARTED);
}

static void help(void)
{
	puts("usage: epoll-run [option..] PROGRAM [ARG..]\n"
	     "\n"
	     "  --design D   run PROGRAM's epoll on design D (default ovflist):");
	for (size_t i = 0; i < sizeof(designs) / sizeof(*designs); i++)
		printf("                 %-13s %s\n", designs[i].name,
		       designs[i].about);
	puts("  --store S    the same for the stores of the port\n"
	     "  --stats      print what was called when the program ends\n"
	     "  --edges      devepoll: tell edge-triggered events on the device's word\n"
	     "  --uring      leave io_uring_setup(2) alone, which is ENOSYS otherwise\n"
	     "  --help, --version");
}

static const struct design *design_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(designs) / sizeof(*designs); i++)
		if (!strcmp(designs[i].name, name))
			return &designs[i];
	return NULL;
}

/* --design port --store S, --store S and --design S are one thing. */
static const struct design *choose(const char *design, const char *store)
{
	const struct design *d, *s;

	if (!store)
		store = "ovflist";
	else if (!design)
		design = "port";
	s = design_by_name(store);
	if (!s || !s->library || strcmp(s->module, "eventpoll_port"))
		die("unknown store '%s': one of%s", store, store_names);
	if (!design || !strcmp(design, "port"))
		return s;
	d = design_by_name(design);
	if (!d)
		die("unknown design '%s': one of epoll%s devepoll", design,
		    store_names);
	return d;
}

static void check_store(const struct design *d, const char *design,
			const char *store)
{
	if (store && design && strcmp(design, "port") && strcmp(d->name, store))
		die("--design %s has no store '%s': name one of them", design,
		    store);
}

static void check_device(const struct design *d)
{
	int fd = open(d->device, O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return;
	}
	if (errno == EACCES || errno == EPERM)
		die("%s: %s: be root, or load the module with mode=0666 (modprobe %s mode=0666)",
		    d->device, strerror(errno), d->module);
	if (errno == ENOENT || errno == ENXIO || errno == ENODEV)
		die("%s: %s: load its module (modprobe %s)", d->device,
		    strerror(errno), d->module);
	die("%s: %s", d->device, strerror(errno));
}

/* Beside this program, where a build has it, or where it was installed. */
static void find_library(const char *name, char *path, size_t size)
{
	const char *dir = getenv("EPOLL_RUN_LIBDIR");
	char self[PATH_MAX] = "";
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *tries[] = { dir, self, self, PKGLIBDIR };
	const char *below[] = { "", "", ".libs/", "" };

	self[n > 0 ? n : 0] = '\0';
	if (strrchr(self, '/'))
		*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++) {
		if (!tries[i] || !*tries[i])
			continue;
		snprintf(path, size, "%s/%s%s", tries[i], below[i], name);
		if (!access(path, R_OK))
			return;
		if (i == 0)
			break;
	}
	die("%s is not there: make install puts it into %s, EPOLL_RUN_LIBDIR names another place",
	    name, PKGLIBDIR);
}

/* LD_PRELOAD without what an outer epoll-run has put there. */
static char *others_preload(void)
{
	const char *old = getenv("LD_PRELOAD");
	char *rest = strdup(old ? old : ""), *p, *save, *out;

	out = calloc(1, strlen(rest) + 1);
	if (!rest || !out)
		die("no memory");
	for (p = strtok_r(rest, ": ", &save); p; p = strtok_r(NULL, ": ", &save)) {
		const char *base = strrchr(p, '/') ? strrchr(p, '/') + 1 : p;

		if (!strncmp(base, "libepollrun", strlen("libepollrun")))
			continue;
		if (*out)
			strcat(out, ":");
		strcat(out, p);
	}
	free(rest);
	return out;
}

static void set(const char *name, const char *value)
{
	if (value ? setenv(name, value, 1) : unsetenv(name))
		die("cannot set %s: %s", name, strerror(errno));
}

static void set_preload(const struct design *d)
{
	char library[PATH_MAX + 64], *others = others_preload(), *all = others;

	if (d->library) {
		find_library(d->library, library, sizeof(library));
		if (strpbrk(library, ": "))
			die("%s: LD_PRELOAD takes no path with a space or a colon",
			    library);
		if (asprintf(&all, "%s%s%s", library, *others ? ":" : "",
			     others) < 0)
			die("no memory");
	}
	if (*all || getenv("LD_PRELOAD"))
		set("LD_PRELOAD", *all ? all : NULL);
	set("EPOLL_RUN_DESIGN", d->library ? d->name : NULL);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "design", required_argument, NULL, 'd' },
		{ "store", required_argument, NULL, 's' },
		{ "stats", no_argument, NULL, 'S' },
		{ "edges", no_argument, NULL, 'e' },
		{ "uring", no_argument, NULL, 'u' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	const char *design = NULL, *store = NULL;
	bool stats = false, edges = false, uring = false;
	const struct design *d;
	char why[PATH_MAX + 200];
	int opt;

	while ((opt = getopt_long(argc, argv, "+d:s:h", options, NULL)) != -1) {
		switch (opt) {
		case 'd':
			design = optarg;
			break;
		case 's':
			store = optarg;
			break;
		case 'S':
			stats = true;
			break;
		case 'e':
			edges = true;
			break;
		case 'u':
			uring = true;
			break;
		case 'h':
			help();
			return 0;
		case 'V':
			puts("epoll-run " PACKAGE_VERSION);
			return 0;
		default:
			return NOT_STARTED;
		}
	}
	d = choose(design, store);
	check_store(d, design, store);
	if (optind == argc)
		die("which program? epoll-run --help tells how");
	if (d->library) {
		if (program_check(argv[optind], why, sizeof(why)))
			die("%s", why);
		check_device(d);
	}
	set_preload(d);
	if (d->library && stats)
		set("EPOLL_RUN_STATS", "1");
	if (d->library && edges)
		set("EPOLL_RUN_EDGES", "1");
	if (d->library && uring)
		set("EPOLL_RUN_URING", "1");
	execvp(argv[optind], argv + optind);
	die("%s: %s", argv[optind], strerror(errno));
}
