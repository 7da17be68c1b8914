// SPDX-License-Identifier: GPL-2.0-only
/*
 * echo2002.c - a TCP echo server as one wrote it in 2002
 *
 * It knows devepoll.h and the C library and nothing else of this tree, and keeps
 * to what users of /dev/epoll were told in those days:
 *
 *  - open, EP_ALLOC, a private mapping that may be written, and in the end
 *    munmap, EP_FREE, close;
 *  - a connection is registered once, for IN, OUT, ERR and HUP, and is used until
 *    it says EAGAIN;
 *  - additions and removals are gathered and written up to 1024 at once;
 *  - what was there before the registration makes no event: a new connection is
 *    "undetermined" until poll(2), asked without waiting for many at once, has
 *    said what it can do;
 *  - who removes or closes a descriptor hears no more of it.  An event for one
 *    that is not watched is a stray: the program aborts;
 *  - a result stays as it is until the next EP_POLL that has events.
 *
 * A connection ends in one of three ways, in turn: removed, and closed when one
 * EP_POLL has gone by; just closed; closed, and removed when the number may be
 * another connection's by then.
 *
 * With -s it scribbles over each result that it has used, and now and then over
 * the half that the kernel fills.  It is a private mapping, so a second one must
 * show the result untouched, and no event may be missing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "devepoll.h"

#define MAX_FDS 16384
#define MAX_RECORDS 1024
#define MAX_ASKED 1024
#define BUFFER_SIZE 4096
#define ALL_EVENTS (POLLIN | POLLOUT | POLLERR | POLLHUP)
#define SCRIBBLE_ALL_EVERY 64

/* How the next connection that ends is taken out of the set. */
enum way { REMOVE_THEN_CLOSE, JUST_CLOSE, CLOSE_THEN_REMOVE };
#define N_WAYS 3

/**
 * struct conn - what is known of a descriptor
 * @watched: an event may come for it
 * @told: number of the result that had it last
 * @used: some connection had the number
 * @eof: the peer sends no more
 * @buf: what was read and not yet sent back, or NULL: no connection
 * @from: start of that in @buf
 * @to: its end
 * @in: bytes read
 * @out: bytes sent back
 */
struct conn {
	bool watched;
	unsigned long told;
	bool used;
	bool eof;
	char *buf;
	size_t from;
	size_t to;
	unsigned long in;
	unsigned long out;
};

/* Descriptors that wait for something to be done with them. */
struct fds {
	int fd[MAX_FDS];
	int n;
};

/**
 * struct set - the device
 * @fd: its descriptor
 * @map: the mapping whose results are used
 * @witness: with -s a second one, read alone
 * @result: the last result, in @witness or @map
 * @n_result: its length
 * @sum: of its contents
 * @batch: records to be written
 * @n_batch: how many
 */
struct set {
	int fd;
	char *map;
	char *witness;
	const struct pollfd *result;
	int n_result;
	unsigned long sum;
	struct pollfd batch[MAX_RECORDS];
	int n_batch;
};

/* What is told in the end. */
struct counts {
	unsigned long ended;
	unsigned long reset;
	unsigned long in;
	unsigned long out;
	unsigned long reused;
	unsigned long found;
	unsigned long full;
	unsigned long records;
	unsigned long writes;
	unsigned long results;
	unsigned long slots;
	unsigned long most;
	unsigned long scribbled;
};

static struct set set;
static struct conn conns[MAX_FDS];
static struct fds undetermined;
static struct fds removed;
static struct counts counts;
static int listener;
static bool scribble;

static void fail(const char *what)
{
	fprintf(stderr, "echo2002: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- the set --------------------------------------------------------------- */

static char *map_set(int prot)
{
	char *map = mmap(NULL, EP_MAP_SIZE(MAX_FDS), prot, MAP_PRIVATE, set.fd, 0);

	if (map == MAP_FAILED)
		fail("mmap");
	return map;
}

static void unmap_set(char *map)
{
	if (munmap(map, EP_MAP_SIZE(MAX_FDS)))
		fail("munmap");
}

static void open_set(void)
{
	set.fd = open("/dev/epoll", O_RDWR);
	if (set.fd < 0)
		fail("/dev/epoll");
	if (ioctl(set.fd, EP_ALLOC, MAX_FDS))
		fail("EP_ALLOC");
	set.map = map_set(PROT_READ | PROT_WRITE);
	if (scribble)
		set.witness = map_set(PROT_READ);
}

static void close_set(void)
{
	unmap_set(set.map);
	if (set.witness)
		unmap_set(set.witness);
	if (ioctl(set.fd, EP_FREE))
		fail("EP_FREE");
	if (close(set.fd))
		fail("close of the set");
}

static void write_batch(void)
{
	ssize_t size = set.n_batch * (ssize_t)sizeof(*set.batch);
	ssize_t n;

	if (!size)
		return;
	n = write(set.fd, set.batch, size);
	if (n < 0)
		fail("writing records");
	if (n != size) {
		fprintf(stderr, "echo2002: record %zd of %d was not taken\n",
			n / (ssize_t)sizeof(*set.batch), set.n_batch);
		exit(1);
	}
	counts.records += set.n_batch;
	counts.writes++;
	set.n_batch = 0;
}

static void put_record(int fd, short events)
{
	struct pollfd *rec = &set.batch[set.n_batch++];

	rec->fd = fd;
	rec->events = events;
	rec->revents = 0;
	if (set.n_batch == MAX_RECORDS)
		write_batch();
}

static void watch(int fd)
{
	conns[fd].watched = true;
	put_record(fd, ALL_EVENTS);
}

static unsigned long sum_of_result(void)
{
	unsigned long sum = 0;
	int i;

	for (i = 0; i < set.n_result; i++)
		sum = sum * 31 + set.result[i].fd * 65536UL +
		      (unsigned short)set.result[i].revents;
	return sum;
}

static void result_must_stand(void)
{
	if (sum_of_result() == set.sum)
		return;
	fprintf(stderr, "echo2002: result %lu has changed\n", counts.results);
	abort();
}

static void mappings_must_agree(const struct pollfd *ev, int n)
{
	if (!memcmp(ev, set.result, n * sizeof(*ev)))
		return;
	fprintf(stderr, "echo2002: result %lu is another one in the witness\n",
		counts.results);
	abort();
}

static void stray(const struct pollfd *ev, const char *why)
{
	fprintf(stderr, "echo2002: stray event: result %lu has fd %d with 0x%x, %s\n",
		counts.results, ev->fd, ev->revents, why);
	abort();
}

/* All of it before any is used: a number may have another owner afterwards. */
static void look_for_strays(const struct pollfd *ev, int n)
{
	int i;

	for (i = 0; i < n; i++) {
		if (ev[i].fd < 0 || ev[i].fd >= MAX_FDS || !conns[ev[i].fd].watched)
			stray(&ev[i], "which is not watched");
		if (!ev[i].revents || ev[i].revents & ~ALL_EVENTS)
			stray(&ev[i], "which was not asked for");
		if (conns[ev[i].fd].told == counts.results)
			stray(&ev[i], "for the second time");
		conns[ev[i].fd].told = counts.results;
	}
}

static int wait_for_events(int timeout, struct pollfd **ev)
{
	struct evpoll evp = { .ep_timeout = timeout };
	int n;

	result_must_stand();
	do
		n = ioctl(set.fd, EP_POLL, &evp);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		fail("EP_POLL");
	if (!n) {
		result_must_stand();
		return 0;
	}
	*ev = (struct pollfd *)(set.map + evp.ep_resoff);
	set.result = (struct pollfd *)((set.witness ? set.witness : set.map) +
				       evp.ep_resoff);
	set.n_result = n;
	set.sum = sum_of_result();
	counts.results++;
	counts.slots += n;
	if (counts.most < (unsigned long)n)
		counts.most = n;
	mappings_must_agree(*ev, n);
	look_for_strays(*ev, n);
	return n;
}

/*
 * A store makes a copy of the page that is ours alone, and shows no events any
 * more: after that the set has to be mapped anew.
 */
static void scribble_over(struct pollfd *ev, int n)
{
	if (counts.results % SCRIBBLE_ALL_EVERY)
		memset(ev, 0x5a, n * sizeof(*ev));
	else
		memset(set.map, 0xa5, EP_MAP_SIZE(MAX_FDS));
	counts.scribbled += n;
	unmap_set(set.map);
	set.map = map_set(PROT_READ | PROT_WRITE);
}

/* ---- connections ----------------------------------------------------------- */

static void close_conn(int fd)
{
	/* Now, since accept() may give the number away at once. */
	conns[fd].watched = false;
	if (close(fd))
		fail("close of a connection");
}

static void hang_up(int fd, bool broken)
{
	struct conn *c = &conns[fd];

	switch ((enum way)((counts.ended + counts.reset) % N_WAYS)) {
	case REMOVE_THEN_CLOSE:
		c->watched = false;
		put_record(fd, POLLREMOVE);
		removed.fd[removed.n++] = fd;
		break;
	case CLOSE_THEN_REMOVE:
		close_conn(fd);
		put_record(fd, POLLREMOVE);
		break;
	case JUST_CLOSE:
		close_conn(fd);
		break;
	}
	free(c->buf);
	c->buf = NULL;
	if (broken) {
		counts.reset++;
		return;
	}
	counts.ended++;
	counts.in += c->in;
	counts.out += c->out;
}

static void close_the_removed(void)
{
	while (removed.n)
		close_conn(removed.fd[--removed.n]);
}

enum outcome { LATER, DONE, BROKEN };

static enum outcome send_back(struct conn *c, int fd)
{
	ssize_t n;

	while (c->from < c->to) {
		n = write(fd, c->buf + c->from, c->to - c->from);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			counts.full++;
		if (n < 0)
			return errno == EAGAIN ? LATER : BROKEN;
		c->from += n;
		c->out += n;
	}
	return DONE;
}

static enum outcome echo(struct conn *c, int fd)
{
	enum outcome sent;
	ssize_t n;

	for (;;) {
		sent = send_back(c, fd);
		if (sent != DONE || c->eof)
			return sent;
		n = read(fd, c->buf, BUFFER_SIZE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? LATER : BROKEN;
		c->eof = !n;
		c->from = 0;
		c->to = n;
		c->in += n;
	}
}

static void serve(int fd)
{
	enum outcome outcome = echo(&conns[fd], fd);

	if (outcome != LATER)
		hang_up(fd, outcome == BROKEN);
}

static void welcome(int fd)
{
	struct conn *c = &conns[fd];

	if (fd >= MAX_FDS || undetermined.n == MAX_FDS) {
		fprintf(stderr, "echo2002: too many connections\n");
		exit(1);
	}
	if (c->used)
		counts.reused++;
	memset(c, 0, sizeof(*c));
	c->used = true;
	c->buf = malloc(BUFFER_SIZE);
	if (!c->buf || fcntl(fd, F_SETFL, O_NONBLOCK))
		fail("a new connection");
	watch(fd);
	undetermined.fd[undetermined.n++] = fd;
}

static void accept_all(void)
{
	int fd;

	for (;;) {
		fd = accept(listener, NULL, NULL);
		if (fd >= 0)
			welcome(fd);
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR && errno != ECONNABORTED)
			fail("accept");
	}
}

/* The records first: what comes after them makes an event. */
static void ask_the_undetermined(void)
{
	struct pollfd asked[MAX_ASKED];
	int i, n;

	while (undetermined.n) {
		write_batch();
		for (n = 0; n < MAX_ASKED && undetermined.n; n++) {
			asked[n].fd = undetermined.fd[--undetermined.n];
			asked[n].events = ALL_EVENTS & ~POLLOUT;
		}
		if (poll(asked, n, 0) < 0)
			fail("poll");
		for (i = 0; i < n; i++)
			if (asked[i].revents) {
				counts.found++;
				serve(asked[i].fd);
			}
	}
}

static void use(struct pollfd *ev, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (ev[i].fd == listener)
			accept_all();
		else
			serve(ev[i].fd);
	if (scribble)
		scribble_over(ev, n);
}

static void run(unsigned long connections)
{
	struct pollfd *ev = NULL;
	int n;

	for (;;) {
		ask_the_undetermined();
		write_batch();
		if (connections && counts.ended + counts.reset >= connections)
			break;
		n = wait_for_events(removed.n ? 0 : -1, &ev);
		close_the_removed();
		if (n)
			use(ev, n);
	}
	close_the_removed();
}

/* ---- the program ----------------------------------------------------------- */

static void listen_on(unsigned short port)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	int one = 1;

	at.sin_port = htons(port);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || fcntl(listener, F_SETFL, O_NONBLOCK) ||
	    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(listener, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(listener, MAX_FDS) ||
	    getsockname(listener, (struct sockaddr *)&at, &len))
		fail("listening on 127.0.0.1");
	/* Nobody knows the port yet, so there is nothing to ask for. */
	watch(listener);
	write_batch();
	printf("listening on 127.0.0.1 port %d\n", ntohs(at.sin_port));
	fflush(stdout);
}

static void raise_limit(void)
{
	struct rlimit files = { MAX_FDS, MAX_FDS };

	if (setrlimit(RLIMIT_NOFILE, &files))
		fail("room for descriptors");
}

static void report(void)
{
	printf("ended %lu reset %lu in %lu out %lu\n"
	       "numbers used again %lu, found by poll %lu, output full %lu times\n"
	       "%lu records in %lu writes\n"
	       "%lu results with %lu slots, %lu at most, %lu scribbled over\n",
	       counts.ended, counts.reset, counts.in, counts.out,
	       counts.reused, counts.found, counts.full,
	       counts.records, counts.writes,
	       counts.results, counts.slots, counts.most, counts.scribbled);
}

static int usage(FILE *f, int status)
{
	fputs("usage: echo2002 [-s] [-p PORT] [-c CONNECTIONS]\n\n"
	      "Sends back whatever comes in on 127.0.0.1, port 7777 unless told otherwise\n"
	      "(0: any that is free). Ends after so many connections if told so.\n\n"
	      "  -s  scribble over results that were used\n", f);
	return status;
}

static unsigned long number(const char *text, unsigned long max)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*end || end == text || *text == '-' || value > max)
		exit(usage(stderr, 2));
	return value;
}

int main(int argc, char **argv)
{
	unsigned long connections = 0;
	unsigned short port = 7777;
	int c;

	while ((c = getopt(argc, argv, "sp:c:h")) != -1) {
		switch (c) {
		case 's':
			scribble = true;
			break;
		case 'p':
			port = number(optarg, 65535);
			break;
		case 'c':
			connections = number(optarg, 1000000000);
			break;
		case 'h':
			return usage(stdout, 0);
		default:
			return usage(stderr, 2);
		}
	}
	if (optind < argc)
		return usage(stderr, 2);
	signal(SIGPIPE, SIG_IGN);
	raise_limit();
	open_set();
	listen_on(port);
	run(connections);
	close(listener);
	close_set();
	report();
	return 0;
}
