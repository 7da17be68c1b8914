// SPDX-License-Identifier: GPL-2.0-only
/*
 * load_source.c - the sources of events at load, and when the modules go
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>

#include "fentry.h"
#include "modules.h"


/* Not guest_param_set(): the module goes, and with it the parameter. */
static void take(const char *source)
{
	int fd = open("/sys/module/fcb/parameters/source", O_WRONLY | O_CLOEXEC);

	ck_assert(fd >= 0);
	GUEST_RETURNS(write(fd, source, strlen(source)), strlen(source));
	close(fd);
}

static void works_by(const char *source)
{
	const char *now = guest_param("fcb", "source");

	ck_assert_msg(now && !strcmp(now, source), "expected the source %s, got %s",
		      source, now ? now : "none");
	modules_work();
}

GUEST_TEST(load, source_by_name, 300,
	   "each source can be asked for at load; the parameter and the log name it")
{
	static const char *const want[][2] = {
		{ "source=tap", "tap" }, { "source=socket", "socket" },
		{ "source=2002", "2002" }, { "source=auto", "socket" },
		{ "", "socket" },
	};
	size_t i;

	modules_begin();
	for (i = 0; i < sizeof(want) / sizeof(*want); i++) {
		log_begin();
		modules_load(want[i][0]);
		GUEST_RETURNS(log_count("events by the source "), 1);
		works_by(want[i][1]);
		modules_unload();
	}
}

GUEST_TEST(load, source_unknown, 120,
	   "an unknown source is EINVAL at load, and one line in the log has the legal ones")
{
	modules_begin();
	log_begin();
	GUEST_RETURNS(module_load("fcb", "source=sockets"), -EINVAL);
	GUEST_RETURNS(log_count("auto, socket, tap, 2002"), 1);
	ck_assert(!module_loaded("fcb"));
}

/* What ftrace says: is this function called into by a direct call? */
static bool hooked(const char *function)
{
	const char *at = trace_read("enabled_functions");
	size_t len = strlen(function);

	for (; *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (!strncmp(at, function, len) && at[len] == ' ')
			return true;
	return false;
}

GUEST_TEST(load, source_leaves_no_trace, 120,
	   "a source has its functions while it is had, and none before it is asked for or after unload")
{
	modules_begin();
	modules_load("source=tap");
	ck_assert(!hooked("sock_wake_async") && !hooked("kill_fasync"));
	take("socket");
	ck_assert(hooked("sock_wake_async") && hooked("sock_def_wakeup"));
	ck_assert(!hooked("kill_fasync"));
	take("2002");
	ck_assert(hooked("kill_fasync"));
	modules_unload();
	ck_assert(!hooked("sock_wake_async") && !hooked("sock_def_wakeup") &&
		  !hooked("kill_fasync"));
}

GUEST_TEST(load, source_ftrace_off, 120,
	   "with kernel.ftrace_enabled=0 a hooked source is refused by name, and auto takes tap and says so once; where it stays 1, there is no need")
{
	modules_begin();
	if (access(FTRACE_ENABLED, W_OK) != 0)
		GUEST_SKIP("no " FTRACE_ENABLED);
	if (!ftrace_off()) {
		modules_load("source=auto");
		works_by("socket");
		modules_unload();
		return;
	}
	log_begin();
	GUEST_RETURNS(module_load("fcb", "source=socket"), -EOPNOTSUPP);
	GUEST_RETURNS(log_count("source=socket is not to be had"), 1);
	GUEST_RETURNS(module_load("fcb", "source=2002"), -EOPNOTSUPP);
	ck_assert(!module_loaded("fcb"));
	log_begin();
	modules_load("source=auto");
	GUEST_RETURNS(log_count("taking tap"), 1);
	works_by("tap");
	modules_unload();
}

static void taken_by_bpf(const char *function, const char *param)
{
	int prog = fentry_load(function), link = fentry_attach(prog);

	if (link < 0)
		GUEST_SKIP("no BPF program can be put on %s: %s", function,
			   strerror(-link));
	GUEST_RETURNS(module_load("fcb", param), -EBUSY);
	modules_load("source=auto");
	close(link);
	close(prog);
}

GUEST_TEST(load, source_with_bpf, 300,
	   "where a BPF program has one of the functions its source is refused with EBUSY by name, and auto takes the next")
{
	modules_begin();
	taken_by_bpf("sock_wake_async", "source=socket");
	works_by("tap");
	/* Free again, it can be had without loading anew. */
	take("socket");
	works_by("socket");
	modules_unload();
	taken_by_bpf("kill_fasync", "source=2002");
	works_by("socket");
	modules_unload();
}

/*
 * Talks on sockets and pipes that ask for SIGIO, so that the hooks always find
 * somebody on the list.
 */
struct talk {
	int unix_pair[2], tcp[2], pipe[2];
	bool stop;
	unsigned long rounds;
};

static void ask_for_sigio(int fd)
{
	ck_assert(fcntl(fd, F_SETOWN, getpid()) == 0);
	ck_assert(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_ASYNC) == 0);
}

static void *talk(void *arg)
{
	struct timespec tick = { 0, 1 };
	struct talk *t = arg;

	while (!__atomic_load_n(&t->stop, __ATOMIC_RELAXED)) {
		guest_put(t->unix_pair[1]);
		guest_put(t->tcp[1]);
		guest_put(t->pipe[1]);
		guest_drain(t->unix_pair[0]);
		guest_drain(t->tcp[0]);
		guest_drain(t->pipe[0]);
		/* A task that never sleeps makes Tasks RCU wait for seconds. */
		if (__atomic_add_fetch(&t->rounds, 1, __ATOMIC_RELAXED) % 32 == 0)
			nanosleep(&tick, NULL);
	}
	return NULL;
}

GUEST_TEST(load, source_events_in_flight, 1200,
	   "the modules come and go, with each source, under events of sockets and pipes that they watch")
{
	static const char *const params[] = { "source=socket", "source=2002" };
	const char *text = getenv("LOAD_CYCLES");
	int i, n = (text ? atoi(text) : 200) / 10 + 2;
	struct talk t = { .stop = false };
	unsigned long last = 0;
	pthread_t thread;
	struct evset s;

	modules_begin();
	signal(SIGIO, SIG_IGN);
	guest_unix(t.unix_pair);
	guest_tcp(t.tcp);
	guest_pipe(t.pipe);
	ask_for_sigio(t.unix_pair[0]);
	ask_for_sigio(t.tcp[0]);
	ask_for_sigio(t.pipe[0]);
	thread = guest_thread(talk, &t);
	for (i = 0; i < n; i++) {
		modules_load(params[i % 2]);
		evset_open(&s, 8);
		evset_add(&s, t.unix_pair[0], POLLIN);
		evset_add(&s, t.tcp[0], POLLIN);
		evset_add(&s, t.pipe[0], POLLIN);
		ck_assert(evset_wait(&s, GUEST_WAIT_MS, NULL) > 0);
		if (i % 4 < 2)
			evset_del(&s, t.unix_pair[0]);
		evset_close(&s);
		modules_unload();
		ck_assert_msg(__atomic_load_n(&t.rounds, __ATOMIC_RELAXED) > last,
			      "nothing was said in cycle %d", i);
		last = t.rounds;
	}
	__atomic_store_n(&t.stop, true, __ATOMIC_RELAXED);
	guest_join(thread);
}
