// SPDX-License-Identifier: GPL-2.0-only
/*
 * bus_daemon.c - starts Debian's dbus-broker and stops it
 *
 * As systemd does: the launcher gets a socket that listens, as descriptor 3, reads
 * the configuration and starts the broker, which takes the connections.  It wants
 * something where the journal listens, and a machine-id.
 */
#define _GNU_SOURCE
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus.h"

#define ADDRESS	"/tmp/bus"
#define CONFIG	"/tmp/bus.conf"
#define JOURNAL	"/run/systemd/journal/socket"
#define LISTENS	3

static const char config[] =
	"<busconfig><policy context=\"default\">"
	"<allow user=\"*\"/><allow send_destination=\"*\"/>"
	"</policy></busconfig>\n";

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		err(1, "cannot write %s", path);
}

static int socket_at(const char *path, int type)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type, 0);

	unlink(path);
	strcpy(a.sun_path, path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)))
		err(1, "a socket at %s", path);
	return fd;
}

static void become_launcher(const char *design, int listening)
{
	char pid[16];

	if (dup2(listening, LISTENS) < 0)
		err(1, "dup2");
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=" ADDRESS, 1);
	execl("/lab/bin/epoll-run", "epoll-run", "--design", design, "dbus-broker-launch",
	      "--scope", "user", "--config-file", CONFIG, NULL);
	err(1, "epoll-run");
}

/* The launcher's child, 0 until it has one that has become the broker. */
static pid_t broker_of(pid_t launcher)
{
	char path[64], name[32] = "";
	pid_t child = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", launcher, launcher);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%d", &child) != 1)
		child = 0;
	if (f)
		fclose(f);
	if (!child)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/comm", child);
	f = fopen(path, "r");
	if (!f || fscanf(f, "%31s", name) != 1 || strcmp(name, "dbus-broker") != 0)
		child = 0;
	if (f)
		fclose(f);
	return child;
}

void bus_start(struct bus_daemon *d, const char *design)
{
	int listening, journal;

	mkdir("/run/systemd", 0755);
	mkdir("/run/systemd/journal", 0755);
	write_file("/etc/machine-id", "00000000000000000000000000000001\n");
	write_file(CONFIG, config);
	journal = socket_at(JOURNAL, SOCK_DGRAM);
	listening = socket_at(ADDRESS, SOCK_STREAM);
	if (listen(listening, 1000))
		err(1, "listen");
	d->address = ADDRESS;
	d->launcher = fork();
	if (d->launcher < 0)
		err(1, "fork");
	if (!d->launcher)
		become_launcher(design, listening);
	close(listening);
	/* The journal: never read, and the launcher does not wait for it. */
	(void)journal;
	for (int i = 0; !(d->broker = broker_of(d->launcher)); i++) {
		if (i > 600 || waitpid(d->launcher, NULL, WNOHANG))
			errx(1, "dbus-broker does not start on %s", design);
		usleep(100000);
	}
}

bool bus_stop(struct bus_daemon *d)
{
	int status;

	kill(d->launcher, SIGTERM);
	for (int i = 0; i < 300; i++) {
		if (waitpid(d->launcher, &status, WNOHANG) == d->launcher)
			return status == 0;
		usleep(100000);
	}
	kill(d->launcher, SIGKILL);
	kill(d->broker, SIGKILL);
	waitpid(d->launcher, &status, 0);
	return false;
}

bool bus_sleeps(const struct bus_daemon *d, unsigned long *slept)
{
	char path[64], line[128], state = 0;
	bool counted = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", d->broker);
	f = fopen(path, "r");
	if (!f)
		err(1, "%s", path);
	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "State: %c", &state);
		counted |= sscanf(line, "voluntary_ctxt_switches: %lu", slept) == 1;
	}
	fclose(f);
	return counted && state == 'S';
}
