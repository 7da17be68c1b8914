// SPDX-License-Identifier: GPL-2.0-only
/*
 * load_hook.c - how fcb.ko hears of closes, and who else wants that place
 *
 * The first choice is a direct call at the head of __fput(), which ftrace
 * gives to one user only and, when kernel.ftrace_enabled is 0, to nobody.
 * The second is such a call at locks_remove_file(), the third the close notice of
 * fsnotify, which newer kernels keep from files without a name.  What a kernel
 * lets one have is asked of it here, by other means than the module's.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "fentry.h"
#include "modules.h"

/* Skips where there is no direct call to be had. */
static void need_direct(void)
{
	modules_begin();
	if (access(FTRACE_ENABLED, W_OK) != 0)
		GUEST_SKIP("no " FTRACE_ENABLED);
	log_begin();
	if (module_load("fcb", "fput_hook=direct") != 0)
		ck_abort_msg("fput_hook=direct is refused on this kernel");
	modules_unload();
}

/* Does this kernel tell fsnotify of the close of a file without a name? */
static bool fsnotify_tells(void)
{
	int fd = guest_eventfd(), in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct inotify_event ev;
	char path[32];
	bool told;

	ck_assert(in >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	told = inotify_add_watch(in, path, IN_CLOSE) >= 0;
	close(fd);
	told = told && read(in, &ev, sizeof(ev)) == sizeof(ev);
	close(in);
	return told;
}

static void works_by(const char *hook)
{
	const char *now = guest_param("fcb", "fput_hook");

	ck_assert_msg(now && !strcmp(now, hook), "expected the hook %s, got %s",
		      hook, now ? now : "none");
	modules_work();
}

GUEST_TEST(load, hook_direct, 120,
	   "with fput_hook=direct a close is heard; the parameter and the log name the hook")
{
	modules_begin();
	log_begin();
	modules_load("fput_hook=direct");
	GUEST_RETURNS(log_count("direct hook"), 1);
	works_by("direct");
	modules_unload();
}

GUEST_TEST(load, hook_locks, 120,
	   "with fput_hook=locks a close is heard; the parameter and the log name the hook")
{
	need_direct();
	log_begin();
	modules_load("fput_hook=locks");
	GUEST_RETURNS(log_count("locks hook"), 1);
	works_by("locks");
	modules_unload();
}

GUEST_TEST(load, hook_fsnotify, 120,
	   "with fput_hook=fsnotify a close is heard, and parameter and log name the hook; it refuses where the kernel tells fsnotify nothing")
{
	modules_begin();
	log_begin();
	if (!fsnotify_tells()) {
		GUEST_RETURNS(module_load("fcb", "fput_hook=fsnotify"), -EOPNOTSUPP);
		GUEST_RETURNS(log_count("not loading"), 1);
		ck_assert(!module_loaded("fcb"));
		return;
	}
	modules_load("fput_hook=fsnotify");
	GUEST_RETURNS(log_count("fsnotify hook"), 1);
	works_by("fsnotify");
	modules_unload();
}

GUEST_TEST(load, hook_auto, 120, "fput_hook=auto takes the direct call")
{
	need_direct();
	modules_load("fput_hook=auto");
	works_by("direct");
	modules_unload();
	modules_load("");
	works_by("direct");
	modules_unload();
}

GUEST_TEST(load, hook_unknown, 120,
	   "an unknown fput_hook is EINVAL, and one line in the log says so")
{
	modules_begin();
	log_begin();
	GUEST_RETURNS(module_load("fcb", "fput_hook=kprobe"), -EINVAL);
	GUEST_RETURNS(log_count("fcb: "), 1);
	GUEST_RETURNS(module_load("fcb", "fput_hook="), -EINVAL);
	GUEST_RETURNS(module_load("fcb", "fput_hook=directdirectdirectdirect"), -EINVAL);
	ck_assert(!module_loaded("fcb"));
}

GUEST_TEST(load, ftrace_off_direct, 120,
	   "with kernel.ftrace_enabled=0 fput_hook=direct refuses to load and says why; where it stays 1, it loads")
{
	need_direct();
	if (!ftrace_off()) {
		modules_load("fput_hook=direct");
		works_by("direct");
		modules_unload();
		return;
	}
	log_begin();
	GUEST_RETURNS(module_load("fcb", "fput_hook=direct"), -EOPNOTSUPP);
	GUEST_RETURNS(log_count("not loading"), 1);
	ck_assert(!module_loaded("fcb"));
}

GUEST_TEST(load, ftrace_off_auto, 120,
	   "with kernel.ftrace_enabled=0 fput_hook=auto falls back to fsnotify and works; where it stays 1, there is no need")
{
	const char *hook;

	need_direct();
	hook = ftrace_off() ? "fsnotify" : "direct";
	modules_load("fput_hook=auto");
	works_by(hook);
	/* With fsnotify it can be switched as one likes; to 1 always. */
	guest_file_set(FTRACE_ENABLED, "1");
	works_by(hook);
	modules_unload();
}

GUEST_TEST(load, ftrace_off_while_loaded, 120,
	   "kernel.ftrace_enabled=0 is refused while the direct call is in place: with EBUSY, or as it is always")
{
	bool can;
	int fd;

	need_direct();
	can = ftrace_off();
	guest_file_set(FTRACE_ENABLED, "1");
	modules_load("fput_hook=direct");
	fd = open(FTRACE_ENABLED, O_WRONLY | O_CLOEXEC);
	ck_assert(fd >= 0);
	GUEST_FAILS(write(fd, "0", 1), can ? EBUSY : EOPNOTSUPP);
	works_by("direct");
	modules_unload();
	/* And is no longer refused for our sake when it has gone. */
	close(fd);
	ck_assert(ftrace_off() == can);
}

/* What ftrace says of __fput: one line, or "" when it is not patched. */
static const char *fput_line(void)
{
	static char line[256];
	const char *text = trace_read("enabled_functions"), *at = text;

	do {
		at = strstr(at, "__fput ");
	} while (at && at != text && at[-1] != '\n' && at++);
	snprintf(line, sizeof(line), "%.*s", at ? (int)strcspn(at, "\n") : 0,
		 at ? at : "");
	return line;
}

GUEST_TEST(load, hook_leaves_no_trace, 120,
	   "ftrace lists __fput with a direct call while loaded, and not after")
{
	need_direct();
	ck_assert_str_eq(fput_line(), "");
	modules_load("fput_hook=direct");
	ck_assert_msg(strstr(fput_line(), " D"), "expected a direct call, got '%s'",
		      fput_line());
	modules_unload();
	ck_assert_str_eq(fput_line(), "");
}

static void tracer_on(void)
{
	if (trace_set("set_ftrace_filter", "__fput") != 0 ||
	    trace_set("current_tracer", "function") != 0)
		GUEST_SKIP("no function tracer here");
	GUEST_RETURNS(trace_set("tracing_on", "1"), 0);
}

static void tracer_off(void)
{
	trace_set("current_tracer", "nop");
	trace_set("set_ftrace_filter", "\n");
	trace_set("trace", "\n");
}

GUEST_TEST(load, with_function_tracer, 120,
	   "the function tracer on __fput and the direct call live together, in any order")
{
	need_direct();
	modules_load("fput_hook=direct");
	tracer_on();
	works_by("direct");
	ck_assert_msg(strstr(trace_read("trace"), "__fput"), "the tracer saw no close");
	tracer_off();
	works_by("direct");
	tracer_on();
	modules_unload();
	modules_load("fput_hook=direct");
	works_by("direct");
	modules_unload();
	tracer_off();
}

GUEST_TEST(load, with_kprobe, 120,
	   "a kprobe on __fput and the direct call live together, in any order")
{
	static const char on[] = "events/kprobes/guest_fput/enable";

	need_direct();
	modules_load("fput_hook=direct");
	if (trace_set("kprobe_events", "p:guest_fput __fput") != 0)
		GUEST_SKIP("no kprobe events here");
	GUEST_RETURNS(trace_set("trace", "\n"), 0);
	GUEST_RETURNS(trace_set(on, "1"), 0);
	works_by("direct");
	ck_assert_msg(strstr(trace_read("trace"), "guest_fput"), "the kprobe saw no close");
	modules_unload();
	modules_load("fput_hook=direct");
	works_by("direct");
	GUEST_RETURNS(trace_set(on, "0"), 0);
	works_by("direct");
	modules_unload();
	GUEST_RETURNS(trace_set("kprobe_events", "\n"), 0);
}

/* A BPF program in place at a function, or no test. */
static int bpf_at(const char *function, int *prog)
{
	int link;

	*prog = fentry_load(function);
	link = fentry_attach(*prog);
	if (link < 0)
		GUEST_SKIP("no BPF program can be put on %s: %s", function,
			   strerror(-link));
	return link;
}

GUEST_TEST(load, with_bpf, 300,
	   "where a BPF program has __fput, direct refuses with EBUSY and auto takes locks_remove_file")
{
	int prog, link;

	need_direct();
	link = bpf_at("__fput", &prog);
	log_begin();
	GUEST_RETURNS(module_load("fcb", "fput_hook=direct"), -EBUSY);
	GUEST_RETURNS(log_count("not loading"), 1);
	modules_load("fput_hook=auto");
	works_by("locks");
	modules_unload();
	close(link);
	modules_load("fput_hook=direct");
	/* Now the place is ours; 7.3 has another word for it. */
	link = fentry_attach(prog);
	ck_assert_msg(link == -EBUSY || link == -EINVAL,
		      "expected a refusal, got %s", link < 0 ? strerror(-link) : "none");
	works_by("direct");
	modules_unload();
	link = fentry_attach(prog);
	ck_assert_int_ge(link, 0);
}

GUEST_TEST(load, with_bpf_on_both, 300,
	   "where BPF has locks_remove_file too, auto falls back to fsnotify, or refuses where the kernel tells that nothing")
{
	int prog, link[2];

	need_direct();
	link[0] = bpf_at("__fput", &prog);
	link[1] = bpf_at("locks_remove_file", &prog);
	GUEST_RETURNS(module_load("fcb", "fput_hook=locks"), -EBUSY);
	if (fsnotify_tells()) {
		modules_load("fput_hook=auto");
		works_by("fsnotify");
		modules_unload();
	} else {
		log_begin();
		GUEST_RETURNS(module_load("fcb", "fput_hook=auto"), -EOPNOTSUPP);
		GUEST_RETURNS(log_count("not loading"), 1);
	}
	close(link[0]);
	close(link[1]);
}
