// SPDX-License-Identifier: GPL-2.0-only
/*
 * init.c - process 1 of the laboratory's guest.  The verbs for modules: modules.c.
 *
 * It makes the usual file systems, does what /lab/job says, one line after the
 * other, and writes one JSON object a line to the second serial port.  The
 * kernel log is read back after every job: a report of the kernel fails the
 * job that ran.  The last line is the verdict, and the host believes nothing
 * else, so that a panic, a hang or a lost console can never look like a pass.
 *
 * /lab/job, one verb a line, "#" begins a comment:
 *   env NAME=VALUE               for all later jobs
 *   load [plant:] [NAME] [PARAM] the modules, each after those that it needs: fcb,
 *                                dev_epoll, eventpoll_port, and whoever else is
 *                                named; a PARAM=VALUE is for the module named last
 *   unload                       what is loaded, in the other order
 *   insmod [plant:]NAME [PARAM]  from /lab/modules or /lab/modules-plant
 *   rmmod NAME
 *   run SECONDS PROGRAM ARG..    exit 0 passes, 77 is a skip, all else fails
 *   fail SECONDS PROGRAM ARG..   must not exit 0: a planted fault is looked for
 *   kmemleak                     what was leaked until now?
 *   shell                        a prompt on the console
 * SECONDS are multiplied by CK_TIMEOUT_MULTIPLIER, as libcheck's are.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "init.h"
#include "kmsg.h"
#include "record.h"

/* tainted bits that tell of trouble: forced, bad page, died, warned, lockup */
#define TAINT_BAD ((1 << 1) | (1 << 3) | (1 << 5) | (1 << 7) | (1 << 9) | (1 << 14))

static int results = -1;	/* ttyS1, the host reads it */
int stopped;
static int reports_wanted;	/* a planted fault made the kernel complain */
static char failure[300];	/* the first failure, for the verdict */

double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* ---- what the host reads ---- */

static void put(int fd, const char *text, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, text, len);
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			text += n;
			len -= n;
		}
	}
}

/* One line, written at once, so that no program's output can split it. */
static void report(const char *first, const char *text, const char *more,
		   const char *last, const char *why)
{
	char *buf = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&buf, &len);

	if (!out)
		return;
	fprintf(out, "{\"%s\":", first);
	record_string(out, text);
	fputs(more, out);
	if (last)
		record_member(out, last, why);
	fputs("}\n", out);
	fclose(out);
	put(results, buf, len);
	free(buf);
}

void job_done(const char *job, int ok, int status, double begun,
	      const char *why)
{
	const char *last = !why || !*why ? NULL : ok ? "skip" : "why";
	char more[100];

	snprintf(more, sizeof(more), ",\"ok\":%s,\"exit\":%d,\"seconds\":%.1f",
		 ok ? "true" : "false", status, now() - begun);
	report("job", job, more, last, why);
	if (!ok && !*failure)
		snprintf(failure, sizeof(failure), "%.100s: %.190s", job, why);
}

static void say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
}

/* ---- the guest's world ---- */

static void set(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	put(fd, text, strlen(text));
	close(fd);
}

static void serial(int fd, int baud)
{
	struct termios t;

	if (tcgetattr(fd, &t))
		return;
	cfmakeraw(&t);
	cfsetspeed(&t, baud);
	t.c_cflag |= CLOCAL;
	tcsetattr(fd, TCSANOW, &t);
}

static void make_world(void)
{
	static const struct {
		const char *type, *where;
	} mounts[] = {
		{ "proc", "/proc" }, { "sysfs", "/sys" }, { "devtmpfs", "/dev" },
		{ "devpts", "/dev/pts" }, { "tmpfs", "/dev/shm" },
		{ "mqueue", "/dev/mqueue" }, { "tmpfs", "/tmp" }, { "tmpfs", "/run" },
		{ "debugfs", "/sys/kernel/debug" },
		{ "tracefs", "/sys/kernel/tracing" },
	};
	struct rlimit files = { 1048576, 1048576 };
	struct ifreq lo = { .ifr_name = "lo" };
	size_t i;
	int fd;

	for (i = 0; i < sizeof(mounts) / sizeof(*mounts); i++) {
		mkdir(mounts[i].where, 0755);
		/* a kernel may lack some of them; those that need one say so */
		mount(mounts[i].type, mounts[i].where, mounts[i].type, 0, NULL);
	}
	chmod("/tmp", 01777);
	chmod("/dev/shm", 01777);

	fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY);
	if (fd >= 0) {
		dup2(fd, 0);
		dup2(fd, 1);
		dup2(fd, 2);
		if (fd > 2)
			close(fd);
	}
	results = open("/dev/ttyS1", O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (results >= 0)
		serial(results, B115200);
	else
		say("init: no second serial port, nobody will see the results\n");

	set("/proc/sys/fs/nr_open", "2097152");
	set("/proc/sys/fs/file-max", "4194304");
	set("/proc/sys/fs/pipe-user-pages-soft", "0");
	set("/proc/sys/kernel/printk_devkmsg", "on");
	set("/proc/sys/net/core/somaxconn", "65535");
	set("/proc/sys/net/unix/max_dgram_qlen", "512");
	set("/proc/sys/net/ipv4/ip_local_port_range", "1024 65535");
	setrlimit(RLIMIT_NOFILE, &files);
	if (sethostname("lab", 3))
		say("init: the host's name cannot be set\n");

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0) {
		if (!ioctl(fd, SIOCGIFFLAGS, &lo)) {
			lo.ifr_flags |= IFF_UP | IFF_RUNNING;
			ioctl(fd, SIOCSIFFLAGS, &lo);
		}
		close(fd);
	}
	setenv("PATH", "/lab/bin:/bin:/sbin", 1);
	setenv("HOME", "/tmp", 1);
	setenv("TERM", "linux", 1);
	if (kmsg_open())
		say("init: the kernel log cannot be read: %s\n", strerror(errno));
}

/* ---- jobs ---- */

/* Nothing that a job left running may disturb the next one. */
static int reap_all(void)
{
	double until = now() + 20;
	pid_t pid;

	kill(-1, SIGKILL);
	for (;;) {
		pid = waitpid(-1, NULL, WNOHANG);
		if (pid < 0)
			return 1;
		if (!pid) {
			if (now() > until)
				return 0;
			usleep(20000);
			kill(-1, SIGKILL);
		}
	}
}

static int job_seconds(const char *text)
{
	const char *times = getenv("CK_TIMEOUT_MULTIPLIER");
	double factor = times ? atof(times) : 1;

	return atoi(text) * (factor > 1 ? factor : 1);
}

/* Waits for @pid; its status, or -1 when @seconds were over. */
static int wait_for(pid_t pid, int seconds)
{
	double until = now() + seconds;
	struct timespec left;
	sigset_t chld;
	int status;
	pid_t got;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	for (;;) {
		while ((got = waitpid(-1, &status, WNOHANG)) > 0)
			if (got == pid)
				return status;
		if (now() >= until)
			return -1;
		/* looks again now and then, should a signal have merged */
		left.tv_sec = 1;
		left.tv_nsec = 0;
		sigtimedwait(&chld, NULL, &left);
	}
}

static pid_t start(char **argv, int in, int out)
{
	pid_t pid = fork();
	sigset_t none;
	int fd;

	if (pid)
		return pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (in) {
		fd = open("/dev/null", O_RDONLY);
		dup2(fd, 0);
		close(fd);
	} else {
		ioctl(0, TIOCSCTTY, 1);
	}
	if (out >= 0)
		dup2(out, 1);
	execvp(argv[0], argv);
	say("init: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void do_run(const char *job, char **argv, int must_fail)
{
	double begun = now();
	char why[300] = "", line[200];
	int seconds, status, code = 0, ok;
	pid_t pid;

	if (!argv[0] || !argv[1] || (seconds = job_seconds(argv[0])) <= 0) {
		job_done(job, 0, 0, begun, "job file: wants SECONDS PROGRAM");
		return;
	}
	pid = start(argv + 1, 1, results);
	if (pid < 0) {
		job_done(job, 0, 0, begun, strerror(errno));
		return;
	}
	status = wait_for(pid, seconds);
	if (status < 0) {
		snprintf(why, sizeof(why), "no end within %d s", seconds);
		set("/proc/sysrq-trigger", "w");
		ok = 0;
		code = -1;
		/* a line that was cut must not swallow ours */
		put(results, "\n", 1);
	} else if (WIFSIGNALED(status)) {
		snprintf(why, sizeof(why), "killed by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
		ok = 0;
		code = 128 + WTERMSIG(status);
		put(results, "\n", 1);
	} else {
		code = WEXITSTATUS(status);
		ok = !code || (code == 77 && !must_fail);
		if (code)
			snprintf(why, sizeof(why), "exit status %d", code);
	}
	if (!reap_all()) {
		job_done(job, 0, code, begun, "left a process that cannot be killed");
		set("/proc/sysrq-trigger", "w");
		stopped = 1;
		return;
	}
	if (must_fail) {
		/* found by a test, by a crash, by its time limit, by the kernel */
		if (kmsg_bad(line, sizeof(line)))
			reports_wanted = ok = 1;
		else
			ok = code == 1 || code < 0 || code > 128;
		if (ok)
			why[0] = '\0';
		else if (!code)
			strcpy(why, "passed although a fault was planted");
	}
	if (!must_fail && kmsg_bad(line, sizeof(line))) {
		snprintf(why, sizeof(why), "kernel log: %s", line);
		ok = 0;
	}
	job_done(job, ok, code, begun, why);
}

/*
 * The first record that is not of the kernel's own start, before there was any process,
 * or NULL.  ACPI of 6.1 takes memory then to which kmemleak sees no way.  So the line in
 * the log that says how many there are is none of badness.def.
 */
static const char *leaked_since(const char *text)
{
	static const char record[] = "unreferenced object", start[] = "comm \"swapper/0\", pid 0,";
	const char *at, *next, *by;

	for (at = strstr(text, record); at; at = next) {
		next = strstr(at + 1, record);
		by = strstr(at, start);
		if (!by || (next && by > next))
			return at;
	}
	return NULL;
}

static void do_kmemleak(const char *job)
{
	static const char file[] = "/sys/kernel/debug/kmemleak";
	static char text[65536];
	double begun = now();
	char line[200] = "", why[300];
	const char *leaked;
	size_t size = 0;
	ssize_t n;
	int fd;

	fd = open(file, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		job_done(job, 1, 77, begun, "this kernel has no kmemleak");
		return;
	}
	/* blocks younger than five seconds are not told; twice, since a block
	 * may be seen unreferenced for a moment
	 */
	sleep(6);
	if (write(fd, "scan", 4) != 4 || write(fd, "scan", 4) != 4) {
		snprintf(why, sizeof(why), "kmemleak does not scan: %s", strerror(errno));
		job_done(job, 0, 0, begun, why);
		return;
	}
	lseek(fd, 0, SEEK_SET);
	while (size < sizeof(text) - 1 &&
	       (n = read(fd, text + size, sizeof(text) - 1 - size)) > 0)
		size += n;
	close(fd);
	text[size] = '\0';
	leaked = leaked_since(text);
	kmsg_bad(line, sizeof(line));
	if (!leaked && !*line) {
		job_done(job, 1, 0, begun, NULL);
		return;
	}
	say("%s\n", text);
	snprintf(why, sizeof(why), "leaked: %.*s",
		 leaked ? (int)strcspn(leaked, "\n") : 250, leaked ? leaked : line);
	set(file, "clear");
	job_done(job, 0, 0, begun, why);
}

static void do_shell(const char *job)
{
	static char *argv[] = { "sh", "-l", NULL };
	double begun = now();
	struct termios t;
	int status = 0;
	pid_t pid;

	if (!tcgetattr(0, &t)) {
		t.c_lflag |= ICANON | ECHO | ISIG;
		t.c_oflag |= OPOST | ONLCR;
		t.c_iflag |= ICRNL;
		tcsetattr(0, TCSANOW, &t);
	}
	pid = start(argv, 0, -1);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	reap_all();
	job_done(job, 1, 0, begun, NULL);
}

static int split(char *line, char **argv)
{
	int n = 0;
	char *p;

	for (p = strtok(line, " \t"); p && n < MAXARGS - 1; p = strtok(NULL, " \t"))
		argv[n++] = p;
	argv[n] = NULL;
	return n;
}

static void do_line(char *line)
{
	char job[1024], *argv[MAXARGS], *value;

	line[strcspn(line, "\r\n")] = '\0';
	snprintf(job, sizeof(job), "%s", line);
	if (!split(line, argv) || argv[0][0] == '#')
		return;
	if (!strcmp(argv[0], "env")) {
		value = argv[1] ? strchr(argv[1], '=') : NULL;
		if (value) {
			*value = '\0';
			setenv(argv[1], value + 1, 1);
			return;
		}
	}
	if (!strcmp(argv[0], "load")) {
		do_load(job, argv + 1);
		return;
	}
	if (!strcmp(argv[0], "unload")) {
		do_unload();
		return;
	}
	kmsg_mark(job);
	if (!strcmp(argv[0], "run"))
		do_run(job, argv + 1, 0);
	else if (!strcmp(argv[0], "fail"))
		do_run(job, argv + 1, 1);
	else if (!strcmp(argv[0], "insmod"))
		do_insmod(job, argv + 1);
	else if (!strcmp(argv[0], "rmmod"))
		do_rmmod(job, argv + 1);
	else if (!strcmp(argv[0], "kmemleak"))
		do_kmemleak(job);
	else if (!strcmp(argv[0], "shell"))
		do_shell(job);
	else
		job_done(job, 0, 0, now(), "job file: unknown verb");
}

static void verdict(void)
{
	char text[32] = "0";
	int fd = open("/proc/sys/kernel/tainted", O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (read(fd, text, sizeof(text) - 1) < 0)
			text[0] = '0';
		close(fd);
	}
	if (!*failure && !reports_wanted && (atol(text) & TAINT_BAD))
		snprintf(failure, sizeof(failure), "the kernel is tainted: %ld", atol(text));
	if (*failure)
		report("verdict", "fail", "", "why", failure);
	else
		report("verdict", "pass", "", NULL, NULL);
	tcdrain(results);
}

int main(void)
{
	char line[1024];
	sigset_t chld;
	FILE *jobs;

	if (getpid() != 1) {
		say("init: this is process 1 of the laboratory's guest\n");
		return 2;
	}
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	make_world();
	say("init: the guest is up after %.1f s\n", now());
	report("guest", "up", "", NULL, NULL);
	jobs = fopen("/lab/job", "re");
	if (!jobs)
		snprintf(failure, sizeof(failure), "/lab/job: %s", strerror(errno));
	while (jobs && !stopped && fgets(line, sizeof(line), jobs))
		do_line(line);
	verdict();
	tcdrain(2);
	/* not a power off: a kernel without ACPI tables ignores that */
	reboot(RB_AUTOBOOT);
	return 1;
}
