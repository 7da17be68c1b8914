// SPDX-License-Identifier: GPL-2.0-only
/*
 * callbacks.c - sockets with other callbacks than the kernel gives to their kind
 *
 * With source=socket such a socket has to go by tap: from the beginning, or from the
 * first event on that comes after the change.  Who is called for an event is asked of
 * the function tracer; what is told is what is told with source=tap.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <linux/bpf.h>
#include <linux/tls.h>

#include "modules.h"
#include "second.h"
#include "told.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP	262
#endif
#ifndef AF_SMC
#define AF_SMC		43
#endif
#ifndef SOL_TLS
#define SOL_TLS		282
#endif
#ifndef TCP_ULP
#define TCP_ULP		31
#endif

static void use(const char *source)
{
	if (!guest_param("fcb", "source"))
		GUEST_SKIP("the module fcb is not loaded");
	guest_param_set("fcb", "source", source);
}

/* So many messages, each told and read. */
static void data_is_told(const struct evset *s, int t[2], int n)
{
	int i;

	for (i = 0; i < n; i++) {
		guest_put(t[1]);
		told(s, t[0], POLLIN, 0);
		GUEST_RETURNS(guest_drain(t[0]), 1);
	}
}

/* What wakes a tap. */
#define TAP "fcb_wakeup"

/* Whether a message to the watched t[0] comes by a tap. */
static bool comes_by_tap(const struct evset *s, int t[2])
{
	bool seen;

	if (trace_set("set_ftrace_filter", TAP) || trace_set("current_tracer", "function"))
		GUEST_SKIP("no function tracer here");
	GUEST_RETURNS(trace_set("trace", "\n"), 0);
	GUEST_RETURNS(trace_set("tracing_on", "1"), 0);
	data_is_told(s, t, 1);
	seen = strstr(trace_read("trace"), TAP " ");
	trace_set("current_tracer", "nop");
	trace_set("set_ftrace_filter", "\n");
	return seen;
}

/**
 * struct change - what makes a socket another than others
 * @begin: once, before all; skips the test where it cannot be had
 * @make: two connected sockets; the first one is changed later, or is so now
 * @now: change the sockets of @make, or NULL
 */
struct change {
	void (*begin)(void);
	void (*make)(int t[2]);
	void (*now)(int t[2]);
};

/* How many events a message is, which is the kernel's affair and not the source's. */
static int events_of_a_message(const struct evset *s, int t[2])
{
	int n, dev = second_open();

	second_add(dev, 0, t[0]);
	data_is_told(s, t, 1);
	n = second_events(dev, 0);
	second_remove(dev, 0);
	close(dev);
	return n;
}

/* A set that watches t[0], which was changed before. */
static void watch_changed(struct evset *s, const struct change *c, int t[2], short events)
{
	evset_open(s, 8);
	c->make(t);
	if (c->now)
		c->now(t);
	evset_add(s, t[0], events);
}

static int events_by_tap(const struct change *c)
{
	struct evset s;
	int t[2], n;

	use("tap");
	watch_changed(&s, c, t, POLLIN);
	n = events_of_a_message(&s, t);
	evset_close(&s);
	close(t[0]);
	close(t[1]);
	return n;
}

static void changed_before(const struct change *c)
{
	struct evset s;
	int t[2], n;

	c->begin();
	n = events_by_tap(c);
	use("socket");
	watch_changed(&s, c, t, POLLIN | POLLRDHUP);
	/* The first one already. */
	ck_assert_msg(comes_by_tap(&s, t), "it does not come by a tap");
	data_is_told(&s, t, 20);
	GUEST_RETURNS(events_of_a_message(&s, t), n);
	close(t[1]);
	told(&s, t[0], POLLIN | POLLRDHUP, 0);
}

static void changes_later(const struct change *c)
{
	struct evset s;
	int t[2], n;

	c->begin();
	n = events_by_tap(c);
	use("socket");
	evset_open(&s, 8);
	c->make(t);
	evset_add(&s, t[0], POLLIN);
	data_is_told(&s, t, 5);
	ck_assert_msg(!comes_by_tap(&s, t), "it comes by a tap before it is changed");
	c->now(t);
	data_is_told(&s, t, 20);
	/* By now it is tapped, and no entry tells anything beside the tap. */
	ck_assert_msg(comes_by_tap(&s, t), "it does not come by a tap");
	GUEST_RETURNS(events_of_a_message(&s, t), n);
	evset_del(&s, t[0]);
	guest_put(t[1]);
	told_nothing(&s);
}

/* ---- BPF: a socket in a map of sockets, and a program that lets everything pass ---- */

static int map = -1;

static int bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static void sockmap_begin(void)
{
	static const struct bpf_insn insn[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = SK_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr map_attr = {
		.map_type = BPF_MAP_TYPE_SOCKMAP, .key_size = 4,
		.value_size = 4, .max_entries = 1,
	};
	union bpf_attr prog_attr = {
		.prog_type = BPF_PROG_TYPE_SK_SKB,
		.insn_cnt = 2,
		.insns = (uintptr_t)insn,
		.license = (uintptr_t)"GPL",
	};
	union bpf_attr attach = { .attach_type = BPF_SK_SKB_STREAM_VERDICT };
	int prog;

	map = bpf(BPF_MAP_CREATE, &map_attr);
	prog = bpf(BPF_PROG_LOAD, &prog_attr);
	if (map < 0 || prog < 0)
		GUEST_SKIP("no map of sockets can be had here: %s", strerror(errno));
	attach.target_fd = (uint32_t)map;
	attach.attach_bpf_fd = (uint32_t)prog;
	ck_assert_msg(bpf(BPF_PROG_ATTACH, &attach) == 0, "BPF_PROG_ATTACH: %s",
		      strerror(errno));
}

static void sockmap_put(int t[2])
{
	uint32_t key = 0, value = (uint32_t)t[0];
	union bpf_attr attr = {
		.map_fd = (uint32_t)map,
		.key = (uintptr_t)&key,
		.value = (uintptr_t)&value,
	};

	ck_assert_msg(bpf(BPF_MAP_UPDATE_ELEM, &attr) == 0,
		      "BPF_MAP_UPDATE_ELEM: %s", strerror(errno));
}

static const struct change sockmap = { sockmap_begin, guest_tcp, sockmap_put };

GUEST_TEST(callbacks, sockmap_before, 60,
	   "a socket that is in a map of sockets when it is watched goes by tap")
{
	changed_before(&sockmap);
}

GUEST_TEST(callbacks, sockmap_later, 60,
	   "a watched socket that is put into a map of sockets goes on by tap, as one that was tapped all the time")
{
	changes_later(&sockmap);
}

/* ---- TLS in the kernel, of which one end decrypts and the other encrypts ---- */

static void tls_begin(void)
{
	guest_stock("ctr");
	guest_stock("ccm");
	guest_stock("tls");
}

static void tls_of(int fd, int direction)
{
	const struct tls12_crypto_info_aes_ccm_128 keys = {
		.info = { TLS_1_2_VERSION, TLS_CIPHER_AES_CCM_128 },
		.key = "sixteen bytes!!", .salt = "sal", .iv = "ivivivi",
	};

	if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", 3) ||
	    setsockopt(fd, SOL_TLS, direction, &keys, sizeof(keys)))
		GUEST_SKIP("no TLS in this kernel: %s", strerror(errno));
}

static void tls_now(int t[2])
{
	tls_of(t[0], TLS_RX);
	tls_of(t[1], TLS_TX);
}

static const struct change tls = { tls_begin, guest_tcp, tls_now };

GUEST_TEST(callbacks, tls_before, 60, "a socket of TLS goes by tap")
{
	changed_before(&tls);
}

GUEST_TEST(callbacks, tls_later, 60,
	   "a watched socket that begins with TLS goes on by tap, as one that was tapped all the time")
{
	changes_later(&tls);
}

/* A byte as a record, encrypted; returns its length. */
static ssize_t a_record(char *record, size_t size)
{
	int t[2];

	guest_tcp(t);
	tls_of(t[1], TLS_TX);
	guest_put(t[1]);
	ck_assert(fcntl(t[0], F_SETFL, 0) == 0);
	return read(t[0], record, size);
}

static void half_a_record(const char *source, const char *record, ssize_t len)
{
	struct evset s;
	int t[2];

	use(source);
	guest_tcp(t);
	evset_open(&s, 8);
	evset_add(&s, t[0], POLLIN);
	tls_of(t[0], TLS_RX);
	GUEST_RETURNS(send(t[1], record, (size_t)len / 2, 0), len / 2);
	usleep(50000);
	told_nothing(&s);
	GUEST_RETURNS(send(t[1], record + len / 2, (size_t)(len - len / 2), 0), len - len / 2);
	told(&s, t[0], POLLIN, 0);
	GUEST_RETURNS(guest_drain(t[0]), 1);
	evset_close(&s);
	close(t[0]);
	close(t[1]);
}

GUEST_TEST(callbacks, tls_half_a_record, 60,
	   "half a record of TLS is not told, and the whole one is, by tap and by socket")
{
	char record[100];
	ssize_t len;

	tls_begin();
	use("tap");
	len = a_record(record, sizeof(record));
	ck_assert_int_gt(len, 20);
	half_a_record("tap", record, len);
	half_a_record("socket", record, len);
}

/* ---- sockets that stand on TCP ---- */

static int stream_listen(int family, int protocol, struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);
	int l = socket(family, SOCK_STREAM | SOCK_CLOEXEC, protocol);

	if (l < 0)
		GUEST_SKIP("no such sockets here: %s", strerror(errno));
	*at = (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	ck_assert(bind(l, (struct sockaddr *)at, len) == 0 && listen(l, 8) == 0);
	ck_assert(getsockname(l, (struct sockaddr *)at, &len) == 0);
	return l;
}

static int stream_accept(int l)
{
	int fd = accept4(l, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	ck_assert_msg(fd >= 0, "accept4: %s", strerror(errno));
	return fd;
}

/* t[0] was accepted, t[1] connected. */
static void stream_pair(int family, int protocol, int t[2])
{
	struct sockaddr_in at;
	int l = stream_listen(family, protocol, &at);

	t[1] = socket(family, SOCK_STREAM | SOCK_CLOEXEC, protocol);
	ck_assert(t[1] >= 0 && connect(t[1], (struct sockaddr *)&at, sizeof(at)) == 0);
	t[0] = stream_accept(l);
	close(l);
}

static void nothing_to_begin(void)
{
}

static void mptcp_make(int t[2])
{
	stream_pair(AF_INET, IPPROTO_MPTCP, t);
}

static const struct change mptcp = { nothing_to_begin, mptcp_make, NULL };

GUEST_TEST(callbacks, mptcp, 60, "a socket of MPTCP goes by tap")
{
	changed_before(&mptcp);
}

/*
 * SMC, without the hardware for it: it falls back to TCP while it connects.  From then
 * on its file is that of the TCP socket within: one that connected has callbacks of
 * SMC's, one that was accepted has those of TCP.
 */
static void smc_begin(void)
{
	guest_stock("ib_core");
	guest_stock("smc");
}

static void smc_make(int t[2])
{
	int pair[2];

	stream_pair(AF_SMC, 0, pair);
	t[0] = pair[1];
	t[1] = pair[0];
	ck_assert(fcntl(t[0], F_SETFL, O_NONBLOCK) == 0);
}

static const struct change smc = { smc_begin, smc_make, NULL };

GUEST_TEST(callbacks, smc_connected, 60, "a socket of SMC that has connected goes by tap")
{
	changed_before(&smc);
}

GUEST_TEST(callbacks, smc_accepted, 60,
	   "a socket of SMC that was accepted, and is one of TCP, is told as such by each source")
{
	static const char *const all[] = { "tap", "socket", "2002" };
	struct evset s;
	int t[2], i;

	smc_begin();
	for (i = 0; i < 3; i++) {
		use(all[i]);
		evset_open(&s, 8);
		stream_pair(AF_SMC, 0, t);
		evset_add(&s, t[0], POLLIN);
		data_is_told(&s, t, 10);
		GUEST_RETURNS(comes_by_tap(&s, t), i == 0);
		close(t[1]);
		told(&s, t[0], POLLIN, 0);
		evset_close(&s);
		close(t[0]);
	}
}

/* Watched from before it connects; t[0] is it, t[1] its peer. */
static void smc_connects(struct evset *s, int t[2], bool told_of)
{
	struct sockaddr_in at;
	int l = stream_listen(AF_SMC, 0, &at);

	t[0] = socket(AF_SMC, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert(t[0] >= 0);
	evset_open(s, 8);
	evset_add(s, t[0], POLLIN | POLLOUT);
	ck_assert_msg(!connect(t[0], (struct sockaddr *)&at, sizeof(at)) ||
		      errno == EINPROGRESS, "connect: %s", strerror(errno));
	t[1] = stream_accept(l);
	close(l);
	if (told_of)
		told(s, t[0], POLLOUT, 0);
	evset_add(s, t[0], POLLIN);
}

GUEST_TEST(callbacks, smc_later, 60,
	   "a socket of SMC that is watched before it connects is told of that, and goes by tap")
{
	struct evset s;
	int t[2];

	smc_begin();
	use("socket");
	smc_connects(&s, t, true);
	data_is_told(&s, t, 20);
	ck_assert_msg(comes_by_tap(&s, t), "it does not come by a tap");
	close(t[1]);
	told(&s, t[0], POLLIN, 0);
}

GUEST_TEST(callbacks, smc_is_deaf_by_2002, 60,
	   "a socket of SMC that is watched before it connects is taken by source=2002, and never told of; no entry is left behind")
{
	struct evset s;
	int t[2];

	smc_begin();
	use("2002");
	log_begin();
	smc_connects(&s, t, false);
	guest_put(t[1]);
	told_nothing(&s);
	close(t[0]);
	close(t[1]);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
	GUEST_RETURNS(log_count("fasync list not empty"), 0);
}
