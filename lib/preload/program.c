// SPDX-License-Identifier: GPL-2.0-only
/*
 * program.c - can a library be preloaded into this program?
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "program.h"

/* Of "#!" in "#!", as the kernel has it. */
#define MAX_SCRIPTS	5

/* As execvp(3) searches. */
static int find(const char *name, char *path, size_t size)
{
	const char *dirs = getenv("PATH"), *end;
	int err = ENOENT;
	struct stat st;

	if (strchr(name, '/')) {
		snprintf(path, size, "%s", name);
		return access(path, X_OK) ? errno : 0;
	}
	for (dirs = dirs ? dirs : "/bin:/usr/bin"; ; dirs = end + 1) {
		end = strchrnul(dirs, ':');
		snprintf(path, size, "%.*s%s%s", (int)(end - dirs), dirs,
			 end > dirs ? "/" : "", name);
		if (!access(path, X_OK) && !stat(path, &st) &&
		    S_ISREG(st.st_mode))
			return 0;
		if (errno == EACCES)
			err = EACCES;
		if (!*end)
			return err;
	}
}

/* Will the kernel set AT_SECURE?  Then the dynamic linker trusts no variable. */
static bool gains_rights(int fd)
{
	struct stat st;
	char caps[1];

	if (fstat(fd, &st))
		return false;
	if (st.st_mode & S_ISUID && st.st_uid != getuid())
		return true;
	if ((st.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
	    st.st_gid != getgid())
		return true;
	return getuid() && (fgetxattr(fd, "security.capability", caps, 0) > 0);
}

static bool has_interpreter(int fd, const ElfW(Ehdr) *e)
{
	ElfW(Phdr) p;

	for (int i = 0; i < e->e_phnum; i++) {
		off_t at = (off_t)(e->e_phoff + (size_t)i * e->e_phentsize);

		if (pread(fd, &p, sizeof(p), at) != sizeof(p))
			return false;
		if (p.p_type == PT_INTERP)
			return true;
	}
	return false;
}

/* The machine of this program, which is that of the library. */
static bool same_machine(const ElfW(Ehdr) *e)
{
	ElfW(Ehdr) me;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, &me, sizeof(me));

	if (fd >= 0)
		close(fd);
	/* Without /proc nothing is known, and the dynamic linker will say it. */
	return n != sizeof(me) ||
	       (e->e_ident[EI_CLASS] == me.e_ident[EI_CLASS] &&
		e->e_machine == me.e_machine);
}

/* The interpreter of a script: the first word behind "#!". */
static bool script(char *head, char *interpreter, size_t size)
{
	char *p = head + 2;

	if (strncmp(head, "#!", 2))
		return false;
	p += strspn(p, " \t");
	p[strcspn(p, " \t\n")] = '\0';
	snprintf(interpreter, size, "%s", p);
	return true;
}

/*
 * Return: 0 fine, 1 look at @path instead, which was changed, -1 not possible.
 */
static int look(char *path, size_t pathsize, char *why, size_t size)
{
	union {
		ElfW(Ehdr) elf;
		char text[256];
	} head = { .text = "" };
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret = -1;

	/* May be run but not read: the dynamic linker does not take that ill. */
	if (fd < 0)
		return 0;
	if (read(fd, head.text, sizeof(head) - 1) < 0)
		snprintf(why, size, "%s: %s", path, strerror(errno));
	else if (script(head.text, path, pathsize))
		ret = 1;
	else if (memcmp(head.text, ELFMAG, SELFMAG))
		ret = 0;	/* for the kernel to refuse, or a shell to read */
	else if (gains_rights(fd))
		snprintf(why, size, "%s is setuid, setgid or has capabilities: nothing can be preloaded into it; run it as its owner",
			 path);
	else if (!same_machine(&head.elf))
		snprintf(why, size, "%s is a program for another machine than this library (32-bit?)",
			 path);
	else if (!has_interpreter(fd, &head.elf))
		snprintf(why, size, "%s is linked statically: nothing can be preloaded into it",
			 path);
	else
		ret = 0;
	close(fd);
	return ret;
}

int program_check(const char *name, char *why, size_t size)
{
	char path[PATH_MAX];
	int err = find(name, path, sizeof(path)), more = 1;

	if (err) {
		snprintf(why, size, "%s: %s", name, strerror(err));
		return -1;
	}
	for (int i = 0; more > 0 && i < MAX_SCRIPTS; i++)
		more = look(path, sizeof(path), why, size);
	return more < 0 ? -1 : 0;
}
