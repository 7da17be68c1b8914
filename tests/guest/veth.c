// SPDX-License-Identifier: GPL-2.0-only
/*
 * veth.c - two network devices that are one cable
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define GUEST_HELPERS
#include "guest.h"
#include "veth.h"

#define PORT	2002

static const char *const end_name[] = { "end0", "end1" };
static const char *const end_address[] = { "192.0.2.1", "192.0.2.2" };

/* A request of rtnetlink. */
struct request {
	struct nlmsghdr head;
	char body[512];
};

static void *room(struct request *r, size_t size)
{
	void *at = (char *)&r->head + NLMSG_ALIGN(r->head.nlmsg_len);

	guest_check(r->head.nlmsg_len + NLMSG_ALIGN(size) <= sizeof(*r),
		    "a request that is too long");
	r->head.nlmsg_len = NLMSG_ALIGN(r->head.nlmsg_len) + (uint32_t)size;
	return at;
}

static void begin(struct request *r, int type, int flags)
{
	memset(r, 0, sizeof(*r));
	r->head.nlmsg_len = NLMSG_HDRLEN;
	r->head.nlmsg_type = (uint16_t)type;
	r->head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
}

static struct rtattr *attribute(struct request *r, int type, const void *data,
				size_t size)
{
	struct rtattr *a = room(r, RTA_LENGTH(size));

	a->rta_type = (unsigned short)type;
	a->rta_len = (unsigned short)RTA_LENGTH(size);
	if (size)
		memcpy(RTA_DATA(a), data, size);
	return a;
}

/* What was put in since belongs to it. */
static void close_attribute(struct request *r, struct rtattr *a)
{
	a->rta_len = (unsigned short)((char *)&r->head +
				      NLMSG_ALIGN(r->head.nlmsg_len) - (char *)a);
}

/* Return: what the kernel answers, 0 or -errno. */
static int ask_kernel(const struct request *r, const char *what)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	struct {
		struct nlmsghdr head;
		struct nlmsgerr err;
		char more[1024];
	} answer;

	guest_check(fd >= 0 && send(fd, r, r->head.nlmsg_len, 0) ==
		    (ssize_t)r->head.nlmsg_len, "%s: %s", what, strerror(errno));
	guest_check(recv(fd, &answer, sizeof(answer), 0) > 0, "%s: %s", what,
		    strerror(errno));
	close(fd);
	return answer.err.error;
}

static void tell_kernel(const struct request *r, const char *what)
{
	int err = ask_kernel(r, what);

	guest_check(!err, "%s: %s", what, strerror(-err));
}

static void add_pair(int peer_namespace)
{
	bool module = guest_stock("veth");
	struct rtattr *info, *data, *peer;
	struct request r;
	int err;

	begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	room(&r, sizeof(struct ifinfomsg));
	attribute(&r, IFLA_IFNAME, end_name[0], strlen(end_name[0]) + 1);
	info = attribute(&r, IFLA_LINKINFO, NULL, 0);
	attribute(&r, IFLA_INFO_KIND, "veth", strlen("veth"));
	data = attribute(&r, IFLA_INFO_DATA, NULL, 0);
	peer = attribute(&r, VETH_INFO_PEER, NULL, 0);
	room(&r, sizeof(struct ifinfomsg));
	attribute(&r, IFLA_IFNAME, end_name[1], strlen(end_name[1]) + 1);
	attribute(&r, IFLA_NET_NS_FD, &peer_namespace, sizeof(peer_namespace));
	close_attribute(&r, peer);
	close_attribute(&r, data);
	close_attribute(&r, info);
	err = ask_kernel(&r, "a pair of veth");
	if (err == -EOPNOTSUPP && !module)
		guest_skip("this kernel has no veth");
	guest_check(!err, "a pair of veth: %s", strerror(-err));
}

static void set_offload(const char *name, uint32_t cmd, uint32_t on)
{
	struct ethtool_value value = { .cmd = cmd, .data = on };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = { .ifr_data = (char *)&value };

	strcpy(ifr.ifr_name, name);
	guest_check(ioctl(fd, SIOCETHTOOL, &ifr) == 0, "%s: ethtool %#x: %s",
		    name, cmd, strerror(errno));
	close(fd);
}

/* An end gets its address and goes up, in the namespace that this thread is in. */
static void bring_up(int end)
{
	unsigned int index = if_nametoindex(end_name[end]);
	struct in_addr address;
	struct ifaddrmsg *ifa;
	struct ifinfomsg *ifi;
	struct request r;

	guest_check(index, "%s: %s", end_name[end], strerror(errno));
	set_offload(end_name[end], ETHTOOL_SGRO, 1);
	set_offload(end_name[end], ETHTOOL_STSO, 0);

	begin(&r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL);
	ifa = room(&r, sizeof(*ifa));
	ifa->ifa_family = AF_INET;
	ifa->ifa_prefixlen = 24;
	ifa->ifa_index = index;
	inet_pton(AF_INET, end_address[end], &address);
	attribute(&r, IFA_LOCAL, &address, sizeof(address));
	tell_kernel(&r, "an address");

	begin(&r, RTM_NEWLINK, 0);
	ifi = room(&r, sizeof(*ifi));
	ifi->ifi_index = (int)index;
	ifi->ifi_flags = IFF_UP;
	ifi->ifi_change = IFF_UP;
	tell_kernel(&r, "up");
}

static int socket_of(int end)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, end_address[end], &a.sin_addr);
	guest_check(fd >= 0 && bind(fd, (void *)&a, sizeof(a)) == 0,
		    "the socket of %s: %s", end_name[end], strerror(errno));
	inet_pton(AF_INET, end_address[!end], &a.sin_addr);
	guest_check(connect(fd, (void *)&a, sizeof(a)) == 0, "connect: %s",
		    strerror(errno));
	return fd;
}

static int new_namespace(void)
{
	int fd;

	if (unshare(CLONE_NEWNET))
		guest_skip("a network namespace: %s", strerror(errno));
	fd = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	guest_check(fd >= 0, "/proc/thread-self/ns/net: %s", strerror(errno));
	return fd;
}

/* The ends hear of each other a moment after both are up; until then packets are lost. */
static bool carries(void *arg)
{
	int *fd = arg;

	send(fd[1], "?", 1, 0);
	return poll(&(struct pollfd){ fd[0], POLLIN, 0 }, 1, 50) == 1;
}

void veth_pair(int fd[2])
{
	int far, near;

	far = new_namespace();
	near = new_namespace();

	add_pair(far);
	bring_up(0);
	guest_check(setns(far, CLONE_NEWNET) == 0, "setns: %s", strerror(errno));
	bring_up(1);
	fd[1] = socket_of(1);
	guest_check(setns(near, CLONE_NEWNET) == 0, "setns: %s", strerror(errno));
	fd[0] = socket_of(0);
	close(near);
	close(far);
	guest_until(carries, fd, "a packet goes through the cable");
	guest_drain(fd[0]);
}

/* The file has lines in pairs: names, and then their numbers. */
long veth_busy_packets(void)
{
	static const char name[] = "BusyPollRxPackets";
	char names[8192], numbers[8192], *n, *v, *save_n, *save_v;
	long packets = -1;
	FILE *f = fopen("/proc/thread-self/net/netstat", "re");

	guest_check(f, "/proc/thread-self/net/netstat: %s", strerror(errno));
	while (fgets(names, sizeof(names), f) && fgets(numbers, sizeof(numbers), f)) {
		n = strtok_r(names, " \n", &save_n);
		v = strtok_r(numbers, " \n", &save_v);
		for (; n && v; n = strtok_r(NULL, " \n", &save_n),
			       v = strtok_r(NULL, " \n", &save_v))
			if (!strcmp(n, name))
				packets = atol(v);
	}
	fclose(f);
	guest_check(packets >= 0, "netstat tells no %s", name);
	return packets;
}
