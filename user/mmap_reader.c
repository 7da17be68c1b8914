// SPDX-License-Identifier: GPL-2.0-only
/*
 * mmap_reader.c - shows the double buffer of /dev/epoll at work
 *
 * Without arguments it tells a story in steps.  With descriptors to watch it
 * shows, switch by switch, both halves of the mapping: the one that the program
 * was given, and the one that the kernel has filled meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "devepoll.h"
#include "reader.h"

#define MAX_SOURCES MAX_NAMED
#define WANTED (POLLIN | POLLERR | POLLHUP)

/**
 * struct options - what the user asked for
 * @style: how to show it
 * @pipes: pipes to make and feed
 * @sockets: pairs of sockets to make and feed
 * @use_stdin: watch standard input
 * @files: FIFOs or devices to watch
 * @n_files: how many
 * @delay_ms: time that the program takes over its half; -1: a good choice
 * @rate_ms: mean time between the events of pipes and sockets
 * @switches: end after so many, 0: go on
 * @share: switch by takes
 * @by_key: steps of the demo go on with Enter
 */
struct options {
	enum style style;
	long pipes;
	long sockets;
	bool use_stdin;
	char **files;
	int n_files;
	int delay_ms;
	int rate_ms;
	long switches;
	bool share;
	bool by_key;
};

/* A descriptor that is watched, and where its events come from, if from us. */
struct source {
	int fd;
	int feed;
	char name[8];
};

static volatile sig_atomic_t stop;

static void usage(FILE *f)
{
	fputs("usage: mmap_reader [OPTION..] [FILE..]\n\n"
	      "Shows the two halves of /dev/epoll's mapping. Without anything to watch\n"
	      "it tells a story, step by step; else it shows every switch of the halves.\n\n"
	      "what to watch:\n"
	      "  --pipes N      make N pipes and write into them at random\n"
	      "  --sockets N    make N pairs of sockets and write into them at random\n"
	      "  --stdin        watch standard input\n"
	      "  FILE           watch a FIFO or a device\n\n"
	      "how to switch:\n"
	      "  --share        take the half by the control page, without a system call,\n"
	      "                 where there is something in it\n\n"
	      "how to show it:\n"
	      "  --live         draw over the last picture\n"
	      "  --json         one JSON object a switch\n\n"
	      "pace:\n"
	      "  --delay MS     time that the program takes over its half, or between\n"
	      "                 the steps of the story\n"
	      "  --rate MS      mean time between two random writes (150)\n"
	      "  --switches N   end after N switches\n"
	      "  --step         the story goes on with Enter\n"
	      "  --help, --version\n", f);
}

static void on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

static void leave(int sig)
{
	live_end();
	_exit(128 + sig);
}

static void catch_signals(bool story)
{
	struct sigaction sa = { .sa_handler = story ? leave : on_signal };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void nap(long ms)
{
	const struct timespec ts = {
		.tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000L,
	};

	nanosleep(&ts, NULL);
}

static int make_sources(const struct options *opt, struct source *src)
{
	int n = 0, ends[2];

	for (long i = 0; i < opt->pipes + opt->sockets; i++) {
		bool is_pipe = i < opt->pipes;

		if (is_pipe ? pipe(ends) :
			      socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
			fail(is_pipe ? "pipe" : "socketpair");
		src[n].fd = ends[0];
		src[n].feed = ends[1];
		snprintf(src[n].name, sizeof(src[n].name), "%s%d",
			 is_pipe ? "pipe" : "sock",
			 (int)(is_pipe ? i : i - opt->pipes) % 100);
		n++;
	}
	return n;
}

/* In a process of its own: writes at random until it has no reader left. */
static void feed(const struct source *src, int n, int rate_ms)
{
	int alive = n;

	for (int i = 0; i < n; i++)
		close(src[i].fd);
	srandom((unsigned int)getpid());
	while (alive) {
		int i = (int)(random() % n);

		nap(random() % (2L * rate_ms + 1));
		if (write(src[i].feed, "x", 1) < 0 && errno == EPIPE)
			alive--;
	}
	_exit(0);
}

static void start_feeding(const struct options *opt, struct source *src, int n)
{
	pid_t parent = getpid(), child;

	if (!n)
		return;
	child = fork();
	if (child < 0)
		fail("fork");
	if (!child) {
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() == parent)
			feed(src, n, opt->rate_ms);
		_exit(0);
	}
	for (int i = 0; i < n; i++)
		close(src[i].feed);
}

static int open_files(const struct options *opt, struct source *src, int n)
{
	if (opt->use_stdin) {
		src[n].fd = STDIN_FILENO;
		snprintf(src[n].name, sizeof(src[n].name), "stdin");
		n++;
	}
	for (int i = 0; i < opt->n_files; i++, n++) {
		const char *base = strrchr(opt->files[i], '/');

		/* A FIFO opened for both never tells that its writers left. */
		src[n].fd = open(opt->files[i], O_RDWR | O_NONBLOCK);
		if (src[n].fd < 0)
			fail(opt->files[i]);
		snprintf(src[n].name, sizeof(src[n].name), "%.5s",
			 base ? base + 1 : opt->files[i]);
	}
	return n;
}

/* Reads all there is; false when the other side has gone. */
static bool drain(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char buf[4096];

	/* Standard input may be shared: not made non-blocking, but asked. */
	while (poll(&pfd, 1, 0) == 1 && pfd.revents) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return true;
		if (n <= 0)
			return false;
	}
	return true;
}

/* Serves what the half tells; returns how many descriptors were closed. */
static int serve(struct reader *r)
{
	const struct pollfd *slot = reader_half(r, r->reading);
	int closed = 0;

	for (int i = 0; i < r->n_reading; i++)
		if (!drain(slot[i].fd)) {
			close(slot[i].fd);
			closed++;
		}
	return closed;
}

static void show_word(struct ep_control *c)
{
	unsigned int word = __atomic_load_n(&c->word, __ATOMIC_RELAXED);

	printf("  the control page: half %u is filled, %u counted%s%s\n", word >> 31,
	       word & EP_WORD_COUNT, word & EP_WORD_BUSY ? ", busy" : "",
	       c->ask ? ", something is to be asked" : "");
}

static void show(struct reader *r, const struct options *opt)
{
	if (opt->style == STYLE_JSON) {
		draw_json(r);
		return;
	}
	if (opt->style == STYLE_LIVE)
		live_home();
	reader_look(r);
	printf("%s %d slot%s in half %d; since then the kernel put %ld into half %ld:\n",
	       r->took ? "A take had" : "EP_POLL gave",
	       r->n_reading, r->n_reading == 1 ? "" : "s", r->reading,
	       r->n_filling, r->filling);
	if (r->control)
		show_word(r->control);
	draw(r);
	putchar('\n');
	fflush(stdout);
}

/* The program is busy with its half; the kernel goes on with the other. */
static void think(struct reader *r, const struct options *opt)
{
	long left = opt->delay_ms;

	for (; left > 0 && !stop; left -= 100) {
		if (opt->style == STYLE_LIVE)
			show(r, opt);
		nap(left < 100 ? left : 100);
	}
}

static void watch(const struct options *opt)
{
	struct source src[MAX_SOURCES] = { 0 };
	struct reader r;
	int n = make_sources(opt, src);
	int open_ones;

	start_feeding(opt, src, n);
	n = open_files(opt, src, n);
	reader_open(&r, n);
	if (opt->share)
		reader_share(&r);
	for (int i = 0; i < n; i++)
		if (!reader_watch(&r, src[i].fd, WANTED, src[i].name))
			fail(src[i].name);
	open_ones = n;
	if (opt->style == STYLE_LIVE)
		live_begin();
	if (opt->style != STYLE_JSON) {
		draw(&r);
		putchar('\n');
	}
	/* What is there already makes no event. */
	for (int i = 0; i < n; i++)
		if (!drain(src[i].fd)) {
			close(src[i].fd);
			open_ones--;
		}
	for (long done = 0; open_ones && !stop; done++) {
		if (opt->switches && done == opt->switches)
			break;
		if (reader_switch(&r, -1) < 0) {
			if (errno != EINTR)
				fail("EP_POLL");
			break;
		}
		open_ones -= serve(&r);
		think(&r, opt);
		show(&r, opt);
	}
	reader_close(&r);
}

static long number(const char *option, const char *text, long min, long max)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*end || end == text || value < min || value > max) {
		fprintf(stderr, "mmap_reader: %s wants a number from %ld to %ld, not '%s'\n",
			option, min, max, text);
		exit(2);
	}
	return value;
}

static void parse(struct options *opt, int argc, char **argv)
{
	enum { PIPES = 256, SOCKETS, STDIN, SHARE, LIVE, JSON, DELAY, RATE, SWITCHES,
	       STEP, HELP, VERSION_ };
	static const struct option longs[] = {
		{ "pipes", required_argument, NULL, PIPES },
		{ "sockets", required_argument, NULL, SOCKETS },
		{ "stdin", no_argument, NULL, STDIN },
		{ "share", no_argument, NULL, SHARE },
		{ "live", no_argument, NULL, LIVE },
		{ "json", no_argument, NULL, JSON },
		{ "delay", required_argument, NULL, DELAY },
		{ "rate", required_argument, NULL, RATE },
		{ "switches", required_argument, NULL, SWITCHES },
		{ "step", no_argument, NULL, STEP },
		{ "help", no_argument, NULL, HELP },
		{ "version", no_argument, NULL, VERSION_ },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case PIPES:
			opt->pipes = number("--pipes", optarg, 1, MAX_SOURCES);
			break;
		case SOCKETS:
			opt->sockets = number("--sockets", optarg, 1,
					      MAX_SOURCES);
			break;
		case STDIN:
			opt->use_stdin = true;
			break;
		case SHARE:
			opt->share = true;
			break;
		case LIVE:
			opt->style = STYLE_LIVE;
			break;
		case JSON:
			opt->style = STYLE_JSON;
			break;
		case DELAY:
			opt->delay_ms = (int)number("--delay", optarg, 0,
						    3600000);
			break;
		case RATE:
			opt->rate_ms = (int)number("--rate", optarg, 0, 3600000);
			break;
		case SWITCHES:
			opt->switches = number("--switches", optarg, 1,
					       1000000000);
			break;
		case STEP:
			opt->by_key = true;
			break;
		case HELP:
			usage(stdout);
			exit(0);
		case VERSION_:
			puts("mmap_reader (" PACKAGE_STRING ")");
			exit(0);
		default:
			fputs("mmap_reader: see mmap_reader --help\n", stderr);
			exit(2);
		}
	}
	opt->files = argv + optind;
	opt->n_files = argc - optind;
	if (opt->pipes + opt->sockets + opt->use_stdin + opt->n_files >
	    MAX_SOURCES) {
		fprintf(stderr, "mmap_reader: at most %d descriptors can be shown\n",
			MAX_SOURCES);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct options opt = { .delay_ms = -1, .rate_ms = 150 };
	bool fed, story;
	struct reader r;
	int wrong = 0;

	parse(&opt, argc, argv);
	fed = opt.pipes || opt.sockets;
	story = !fed && !opt.use_stdin && !opt.n_files;
	if (story && opt.share) {
		fputs("mmap_reader: --share shows takes of what is watched: give --pipes, --sockets, --stdin or a file\n",
		      stderr);
		return 2;
	}
	if (opt.delay_ms < 0)
		opt.delay_ms = story ? (opt.style == STYLE_LIVE ? 4000 : 0) :
			       fed ? 1000 : 0;
	catch_signals(story);
	if (story) {
		reader_open(&r, 512);
		if (opt.style == STYLE_LIVE)
			live_begin();
		wrong = demo(&r, opt.style, opt.delay_ms, opt.by_key);
		reader_close(&r);
	} else {
		watch(&opt);
	}
	live_end();
	return wrong ? 1 : 0;
}
