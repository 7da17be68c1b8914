// SPDX-License-Identifier: GPL-2.0-only
/*
 * abi2002.c - suite abi2002: a program written for 2002, as a test of the interface
 *
 * The program is user/echo2002.c, which aborts at the first event that it should
 * not have been told, at a result that changes, and at a record that is not taken.
 * What it must be told shows at the clients (abi2002_load.h): each waits for its
 * bytes.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "abi2002_load.h"
#include "guest.h"
#include "tokens.h"

/**
 * struct server - a running echo2002
 * @pid: of it
 * @words: what it says
 * @port: where it listens
 * @set: its descriptor of /dev/epoll
 * @open: descriptors it has without connections
 */
struct server {
	pid_t pid;
	FILE *words;
	int port;
	int set;
	int open;
};

/* What it says in the end. */
struct account {
	unsigned long ended, reset, in, out;
	unsigned long reused, found, full;
	unsigned long records, writes;
	unsigned long results, slots, most, scribbled;
};

static void become_server(int words, char *const argv[])
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	dup2(words, STDOUT_FILENO);
	dup2(words, STDERR_FILENO);
	execvp(argv[0], argv);
	dprintf(STDERR_FILENO, "%s does not start: %m\n", argv[0]);
	_exit(127);
}

/* Its last words, and how it ended; whoever still runs is ended. */
__attribute__((noreturn))
static void server_failed(struct server *s, const char *what)
{
	char line[200], last[200] = "nothing\n";
	int status = 0;

	kill(s->pid, SIGTERM);
	while (fgets(line, sizeof(line), s->words))
		strcpy(last, line);
	waitpid(s->pid, &status, 0);
	last[strcspn(last, "\n")] = '\0';
	ck_abort_msg("%s; the server said: %s; it ended by %s %d", what, last,
		     WIFSIGNALED(status) ? "signal" : "exit",
		     WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	abort();
}

/* Counts its descriptors; notes which one is the set. */
static int server_fds(struct server *s)
{
	char path[300], target[32];
	struct dirent *entry;
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)s->pid);
	dir = opendir(path);
	guest_check(dir, "%s: %s", path, strerror(errno));
	while ((entry = readdir(dir))) {
		ssize_t len;

		if (entry->d_name[0] == '.')
			continue;
		n++;
		if (s->set > 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)s->pid,
			 entry->d_name);
		len = readlink(path, target, sizeof(target) - 1);
		target[len < 0 ? 0 : len] = '\0';
		if (!strcmp(target, GUEST_DEVICE))
			s->set = atoi(entry->d_name);
	}
	closedir(dir);
	return n;
}

static long server_items(const struct server *s)
{
	char path[64], line[128];
	long items = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)s->pid, s->set);
	f = fopen(path, "re");
	guest_check(f, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f))
		sscanf(line, "items: %ld", &items);
	fclose(f);
	return items;
}

static void server_start(struct server *s, char *const argv[])
{
	char line[200] = "";
	int words[2];

	*s = (struct server){ 0 };
	ck_assert(pipe(words) == 0);
	s->pid = guest_fork();
	if (!s->pid) {
		close(words[0]);
		become_server(words[1], argv);
	}
	close(words[1]);
	s->words = fdopen(words[0], "r");
	ck_assert(s->words);
	if (!fgets(line, sizeof(line), s->words) ||
	    sscanf(line, "listening on 127.0.0.1 port %d", &s->port) != 1)
		server_failed(s, line[0] ? line : "it does not start");
	s->open = server_fds(s);
	guest_check(s->set > 0, "the server has no " GUEST_DEVICE);
}

static void start_echo2002(struct server *s, unsigned long connections)
{
	char number[24];

	snprintf(number, sizeof(number), "%lu", connections);
	server_start(s, (char *[]){ "echo2002", "-s", "-p", "0", "-c", number, NULL });
}

/* All connections are gone: from its set, and from its descriptors. */
static bool server_idle(void *arg)
{
	struct server *s = arg;

	return server_items(s) == 1 && server_fds(s) == s->open;
}

static void server_load(struct server *s, struct load *l)
{
	if (!load_run(l))
		server_failed(s, l->why);
}

/* The last connection, which it ends with; then its last words. */
static void server_last(struct server *s, char *text, size_t size)
{
	int fd = load_connect(s->port), status;
	size_t len;

	guest_check(fd >= 0, "connecting: %s", strerror(errno));
	close(fd);
	len = fread(text, 1, size - 1, s->words);
	text[len] = '\0';
	fclose(s->words);
	ck_assert(waitpid(s->pid, &status, 0) == s->pid);
	ck_assert_msg(!status, "the server ended with status 0x%x: %s", status,
		      text);
}

static void server_end(struct server *s, struct account *a)
{
	char text[1000];

	server_last(s, text, sizeof(text));
	if (sscanf(text, "ended %lu reset %lu in %lu out %lu\n"
		   "numbers used again %lu, found by poll %lu, output full %lu times\n"
		   "%lu records in %lu writes\n"
		   "%lu results with %lu slots, %lu at most, %lu scribbled over",
		   &a->ended, &a->reset, &a->in, &a->out, &a->reused, &a->found,
		   &a->full, &a->records, &a->writes, &a->results, &a->slots,
		   &a->most, &a->scribbled) != 13)
		ck_abort_msg("the server's account: %s", text);
	fputs(text, stderr);
}

/* Both sides saw the same; the last connection is the server's alone. */
static void accounts_must_agree(const struct account *a, unsigned long ended,
				unsigned long reset, unsigned long bytes)
{
	ck_assert_uint_eq(a->ended, ended + 1);
	ck_assert_uint_eq(a->reset, reset);
	ck_assert_uint_eq(a->in, bytes);
	ck_assert_uint_eq(a->out, bytes);
	ck_assert_uint_eq(a->scribbled, a->slots);
	/* an addition each and the listener; two of three are removed as well */
	ck_assert_uint_eq(a->records, 1 + (5 * (ended + reset + 1) + 1) / 3);
}

/*
 * No sockets are left waiting for late packets, which memory and numbers would
 * show; and small send buffers, so that a server finds one full now and then.
 */
static void prepare_network(void)
{
	guest_file_set("/proc/sys/net/ipv4/tcp_max_tw_buckets", "0");
	guest_file_set("/proc/sys/net/ipv4/tcp_wmem", "4096 16384 16384");
}

static long open_files(void)
{
	long n = -1;
	FILE *f = fopen("/proc/sys/fs/file-nr", "re");

	ck_assert(f && fscanf(f, "%ld", &n) == 1);
	fclose(f);
	return n;
}

/* The kernel counts files per CPU and tells the sum of what is settled. */
static bool files_are_back(void *arg)
{
	return open_files() <= *(long *)arg + 256;
}

static void serve(int at_once, int total)
{
	struct account a;
	struct server s;
	struct evset other;
	struct load l = { .at_once = at_once, .total = total };
	long begun = guest_ms(), files = open_files();

	guest_nofile(at_once + 256);
	prepare_network();
	start_echo2002(&s, (unsigned long)total + 1);
	l.port = s.port;
	server_load(&s, &l);
	guest_until(server_idle, &s, "the server has closed all connections");
	server_end(&s, &a);
	fprintf(stderr, "abi2002: %lu ended, %lu reset, %lu bytes, %d at once; %ld ms\n",
		l.ended, l.reset, l.bytes, at_once, guest_ms() - begun);
	accounts_must_agree(&a, l.ended, l.reset, l.bytes);
	ck_assert_uint_ge(a.reused, (unsigned long)(total - at_once) / 2);
	ck_assert_uint_gt(a.found, 0);
	ck_assert_uint_gt(a.full, 0);
	guest_until(files_are_back, &files, "the files of all connections are gone");
	evset_open(&other, 8);
	GUEST_RETURNS(evset_info(&other, "user-watches"), 0);
	evset_close(&other);
}

/* As often as it takes, if it is said how long to go on; else once. */
static void go_on(void (*one)(int at_once, int total))
{
	long end = guest_ms() + (getenv("STRESS_SECONDS") ? stress_seconds() * 1000L : 0);

	do
		one(guest_rounds(200), guest_rounds(2000));
	while (guest_ms() < end);
}

GUEST_TEST(abi2002, hundreds, 300,
	   "a server of 2002 has 2000 connections, 200 at once: every byte comes back, no event is a stray, the counts agree")
{
	go_on(serve);
}

static void serve_by_libevq(int at_once, int total)
{
	char number[24], wanted[80], text[1000];
	struct load l = { .at_once = at_once, .total = total };
	struct server s;

	guest_nofile(at_once + 256);
	prepare_network();
	snprintf(number, sizeof(number), "%d", total + 1);
	server_start(&s, (char *[]){ "echo_server", "--design", "devepoll-2002",
				     "--port", "0", "--connections", number, NULL });
	l.port = s.port;
	server_load(&s, &l);
	guest_until(server_idle, &s, "the server has closed all connections");
	server_last(&s, text, sizeof(text));
	snprintf(wanted, sizeof(wanted), "echo_server: %d connections served\n", total + 1);
	ck_assert_str_eq(text, wanted);
}

GUEST_TEST(abi2002, on_libevq, 300,
	   "a server on libevq has as many by devepoll-2002: every byte comes back, and it hears of every end")
{
	go_on(serve_by_libevq);
}

GUEST_TEST(abi2002, ten_thousand, 300,
	   "the same with 12000 connections, 10000 of them open at once in one process")
{
	if (guest_slow())
		serve(500, 600);
	else
		serve(10000, 12000);
}

enum { RUSH = 300 };

static void stop_server(const struct server *s)
{
	int status;

	ck_assert(kill(s->pid, SIGSTOP) == 0);
	ck_assert(waitpid(s->pid, &status, WUNTRACED) == s->pid);
	ck_assert_msg(WIFSTOPPED(status), "status 0x%x", status);
}

/* Connections of which the server knows, since it has answered. */
static void rush_begin(const struct server *s, int *fd)
{
	char word[5];
	int i;

	for (i = 0; i < RUSH; i++) {
		fd[i] = load_connect(s->port);
		ck_assert_msg(fd[i] >= 0 && send(fd[i], "hello", 5, 0) == 5 &&
			      recv(fd[i], word, 5, MSG_WAITALL) == 5,
			      "connection %d: %s", i, strerror(errno));
	}
}

/*
 * All speak while the server cannot hear, so that it gets them in one result, and
 * begins with the first.  Then they close their sending sides, the last one first:
 * when the server comes there it finds the end, while the event that tells of it
 * waits in the other half.
 */
static int rush(struct server *s, char *words, size_t size)
{
	int fd[RUSH], i, status;

	start_echo2002(s, RUSH);
	rush_begin(s, fd);
	stop_server(s);
	for (i = 0; i < RUSH; i++)
		ck_assert(send(fd[i], "again", 5, MSG_NOSIGNAL) == 5);
	ck_assert(kill(s->pid, SIGCONT) == 0);
	for (i = RUSH - 1; i >= 0; i--)
		shutdown(fd[i], SHUT_WR);
	words[fread(words, 1, size - 1, s->words)] = '\0';
	ck_assert(waitpid(s->pid, &status, 0) == s->pid);
	fclose(s->words);
	for (i = 0; i < RUSH; i++)
		close(fd[i]);
	return status;
}

GUEST_TEST(abi2002, stray_aborts, 60,
	   "with the items of 2002 that outlive their files the server is told of a closed connection, and aborts")
{
	int status, tries = 0;
	char words[1000];
	struct server s;

	guest_nofile(2 * RUSH);
	prepare_network();
	guest_param_set("dev_epoll", "faithful", "stale");
	/* Not when the server is through before the first one closes. */
	do
		status = rush(&s, words, sizeof(words));
	while (!status && ++tries < 20);
	ck_assert_msg(strstr(words, "stray event"), "it said: %s", words);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
		      "it ended with status 0x%x", status);
	fprintf(stderr, "abi2002: %s", words);
}
