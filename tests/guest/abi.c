// SPDX-License-Identifier: GPL-2.0-only
/*
 * abi.c - suite abi: numbers, sizes, EP_ALLOC, sizes of a write, bad pointers
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

#include "guest.h"

GUEST_TEST(abi, ioctl_numbers, 10,
	   "the four ioctl numbers are those that programs of 2002 were compiled with")
{
	ck_assert_uint_eq(EP_ALLOC, 0x80045001);
	ck_assert_uint_eq(EP_POLL, 0xc0105002);
	ck_assert_uint_eq(EP_FREE, 0x00005003);
	ck_assert_uint_eq(EP_ISPOLLED, 0xc0085004);
	ck_assert_int_eq(POLLREMOVE, 0x1000);
}

GUEST_TEST(abi, sizes, 10,
	   "struct pollfd has 8 bytes, struct evpoll 16, its offset is at byte 8")
{
	ck_assert_uint_eq(sizeof(struct pollfd), 8);
	ck_assert_uint_eq(sizeof(struct evpoll), 16);
	ck_assert_uint_eq(offsetof(struct evpoll, ep_timeout), 0);
	ck_assert_uint_eq(offsetof(struct evpoll, ep_resoff), 8);
}

GUEST_TEST(abi, map_size, 10,
	   "EP_MAP_SIZE is twice the whole pages of 512 slots; the largest set maps 2 MiB")
{
	ck_assert_uint_eq(EP_MAP_SIZE(1), 2 * 4096);
	ck_assert_uint_eq(EP_MAP_SIZE(512), 2 * 4096);
	ck_assert_uint_eq(EP_MAP_SIZE(513), 4 * 4096);
	ck_assert_uint_eq(EP_MAP_SIZE(MAX_FDS_IN_EVENTPOLL), 2 << 20);
}

GUEST_TEST(abi, device_node, 10,
	   "/dev/epoll is a misc character device, by default for root alone (0600)")
{
	const char *mode = guest_param("dev_epoll", "mode");
	struct stat st;

	GUEST_RETURNS(stat(GUEST_DEVICE, &st), 0);
	ck_assert_msg(S_ISCHR(st.st_mode), "expected a character device, mode is %o",
		      st.st_mode);
	ck_assert_int_eq((int)major(st.st_rdev), 10);
	ck_assert_int_eq((int)st.st_uid, 0);
	ck_assert_msg((st.st_mode & 07777) == 0600,
		      "expected mode 0600, got %o (parameter: %s)",
		      st.st_mode & 07777, mode ? mode : "cannot be read");
}

GUEST_TEST(abi, instances_are_apart, 10,
	   "two opens are two instances: what one watches the other does not know")
{
	struct evset a, b;
	int p[2];

	evset_open(&a, 1);
	evset_open(&b, 600);
	guest_pipe(p);
	evset_add(&a, p[0], POLLIN);
	GUEST_RETURNS(evset_ispolled(&b, p[0], NULL), 0);
	GUEST_RETURNS(evset_info(&a, "capacity"), 512);
	GUEST_RETURNS(evset_info(&b, "capacity"), 1024);
	guest_put(p[1]);
	evset_none(&b);
	evset_expect(&a, p[0], POLLIN);
}

/*
 * EP_ALLOC
 */

static long capacity_of(int fd)
{
	return guest_fdinfo(fd, "capacity");
}

GUEST_TEST(abi, alloc_zero, 10,
	   "EP_ALLOC 0 asks for no more than there is: success and no room")
{
	struct evset s = { .fd = guest_device() };
	int p[2];

	guest_pipe(p);
	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 0), 0);
	ck_assert_int_eq(capacity_of(s.fd), 0);
	GUEST_RETURNS(evset_ctl(&s, p[0], POLLIN), -E2BIG);
	GUEST_FAILS(ioctl(s.fd, EP_FREE), EINVAL);
}

GUEST_TEST(abi, alloc_rounds_up, 10,
	   "1 and 512 give 512 slots a half, 513 gives 1024")
{
	static const int ask[] = { 1, 2, 511, 512, 513, 1024, 1025 };
	static const long get[] = { 512, 512, 512, 512, 1024, 1024, 1536 };
	size_t i;

	for (i = 0; i < sizeof(ask) / sizeof(*ask); i++) {
		int fd = guest_device();

		GUEST_RETURNS(ioctl(fd, EP_ALLOC, ask[i]), 0);
		ck_assert_msg(capacity_of(fd) == get[i],
			      "EP_ALLOC %d: expected capacity %ld, got %ld",
			      ask[i], get[i], capacity_of(fd));
		close(fd);
	}
}

GUEST_TEST(abi, alloc_largest, 10,
	   "131072 is the most, 131073 is EINVAL and leaves nothing behind")
{
	int fd = guest_device();

	GUEST_FAILS(ioctl(fd, EP_ALLOC, 131073), EINVAL);
	ck_assert_int_eq(capacity_of(fd), 0);
	GUEST_RETURNS(ioctl(fd, EP_ALLOC, 131072), 0);
	ck_assert_int_eq(capacity_of(fd), 131072);
	GUEST_FAILS(ioctl(fd, EP_ALLOC, 131073), EINVAL);
	ck_assert_int_eq(capacity_of(fd), 131072);
}

GUEST_TEST(abi, alloc_negative, 10,
	   "negative numbers are EINVAL, as is what an unsigned compare would let by")
{
	static const int bad[] = { -1, -2, -512, -131072, INT_MIN, INT_MIN + 1,
				   INT_MAX, INT_MAX - 511 };
	int fd = guest_device();
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		errno = 0;
		ck_assert_msg(ioctl(fd, EP_ALLOC, bad[i]) == -1 &&
			      errno == EINVAL, "EP_ALLOC %d: expected EINVAL, got %s",
			      bad[i], errno ? strerror(errno) : "success");
	}
	ck_assert_int_eq(capacity_of(fd), 0);
}

GUEST_TEST(abi, alloc_grows, 10,
	   "a later EP_ALLOC grows the set (Kegel's EP_REALLOC): registrations and pending events stay")
{
	struct evset s;
	int p[2], q[2];

	evset_open(&s, 1);
	guest_pipe(p);
	guest_pipe(q);
	evset_add(&s, p[0], POLLIN);
	evset_add(&s, q[0], POLLIN);
	guest_put(p[1]);
	evset_unmap(&s);
	s.max = 5000;
	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, s.max), 0);
	GUEST_RETURNS(evset_info(&s, "capacity"), 5120);
	GUEST_RETURNS(evset_info(&s, "items"), 2);
	evset_map(&s);
	evset_expect(&s, p[0], POLLIN);
	guest_put(q[1]);
	evset_expect(&s, q[0], POLLIN);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(abi, alloc_smaller_is_noop, 10,
	   "a smaller or equal EP_ALLOC changes nothing (2.5.44 gave ENOMEM by accident)")
{
	struct evset s;

	evset_open(&s, 2000);
	evset_unmap(&s);
	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 1), 0);
	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 0), 0);
	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 2048), 0);
	GUEST_RETURNS(evset_info(&s, "capacity"), 2048);
	evset_map(&s);
}

GUEST_TEST(abi, alloc_busy_while_mapped, 10,
	   "EP_ALLOC is EBUSY while the set is mapped, whatever is asked for; after munmap it can grow")
{
	struct evset s;

	evset_open(&s, 512);
	GUEST_FAILS(ioctl(s.fd, EP_ALLOC, 513), EBUSY);
	GUEST_RETURNS(evset_info(&s, "capacity"), 512);
	GUEST_FAILS(ioctl(s.fd, EP_ALLOC, 512), EBUSY);
	GUEST_FAILS(ioctl(s.fd, EP_ALLOC, 131073), EINVAL);
	evset_unmap(&s);
	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 513), 0);
	GUEST_RETURNS(evset_info(&s, "capacity"), 1024);
}

GUEST_TEST(abi, alloc_again_and_again, 60,
	   "growing page by page to the largest set keeps every registration")
{
	struct evset s;
	int p[2], n;

	evset_open(&s, 1);
	guest_pipe(p);
	evset_add(&s, p[0], POLLIN);
	for (n = 1; n <= 131072; n += 512 * 16) {
		if (s.map)
			evset_unmap(&s);
		s.max = n;
		GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, n), 0);
		evset_map(&s);
		guest_put(p[1]);
		evset_expect(&s, p[0], POLLIN);
	}
}

/*
 * Calls that do not fit
 */

GUEST_TEST(abi, write_sizes, 10,
	   "a write is whole records: 0 bytes are nothing, 1, 7, 9 and 12 are EINVAL")
{
	static const size_t odd[] = { 1, 2, 4, 7, 9, 12, 15, 17, 4095 };
	struct pollfd rec[512] = { 0 };
	struct evset s;
	int p[2];
	size_t i;

	evset_open(&s, 8);
	guest_pipe(p);
	rec[0].fd = rec[1].fd = p[0];
	rec[0].events = rec[1].events = POLLIN;
	GUEST_RETURNS(write(s.fd, rec, 0), 0);
	for (i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		errno = 0;
		ck_assert_msg(write(s.fd, rec, odd[i]) == -1 && errno == EINVAL,
			      "write of %zu bytes: expected EINVAL, got %s",
			      odd[i], errno ? strerror(errno) : "success");
	}
	ck_assert_msg(evset_info(&s, "items") == 0,
		      "an odd write must not take its first record");
	GUEST_RETURNS(write(s.fd, rec, 8), 8);
	GUEST_RETURNS(write(s.fd, rec, 16), 16);
}

GUEST_TEST(abi, write_vector, 10,
	   "writev of whole records works like write")
{
	struct pollfd a, b;
	struct iovec iov[2] = { { &a, sizeof(a) }, { &b, sizeof(b) } };
	struct evset s;
	int p[2], q[2];

	evset_open(&s, 8);
	guest_pipe(p);
	guest_pipe(q);
	a = (struct pollfd){ .fd = p[0], .events = POLLIN };
	b = (struct pollfd){ .fd = q[0], .events = POLLIN };
	GUEST_RETURNS(writev(s.fd, iov, 2), 16);
	GUEST_RETURNS(evset_info(&s, "items"), 2);
}

GUEST_TEST(abi, write_before_alloc, 10,
	   "a set without room is full: E2BIG; removing there still counts as done")
{
	struct evset s = { .fd = guest_device() };
	int p[2];

	guest_pipe(p);
	GUEST_RETURNS(evset_ctl(&s, p[0], POLLIN), -E2BIG);
	GUEST_RETURNS(evset_ctl(&s, p[0], POLLREMOVE), 8);
	GUEST_RETURNS(evset_ispolled(&s, p[0], NULL), 0);
}

GUEST_TEST(abi, poll_before_mmap, 10,
	   "EP_POLL is EINVAL before EP_ALLOC, before mmap and after munmap")
{
	struct evset s = { .fd = guest_device(), .max = 4 };

	GUEST_RETURNS(evset_wait(&s, 0, NULL), -EINVAL);
	GUEST_RETURNS(ioctl(s.fd, EP_ALLOC, 4), 0);
	GUEST_RETURNS(evset_wait(&s, 0, NULL), -EINVAL);
	GUEST_RETURNS(evset_wait(&s, -1, NULL), -EINVAL);
	evset_map(&s);
	GUEST_RETURNS(evset_wait(&s, 0, NULL), 0);
	evset_unmap(&s);
	GUEST_RETURNS(evset_wait(&s, 0, NULL), -EINVAL);
}

GUEST_TEST(abi, read_einval, 10, "the device has no read(2): EINVAL")
{
	struct evset s;
	char buf[64];

	evset_open(&s, 4);
	GUEST_FAILS(read(s.fd, buf, sizeof(buf)), EINVAL);
	GUEST_FAILS(read(s.fd, buf, 8), EINVAL);
}

GUEST_TEST(abi, unknown_ioctl, 10,
	   "a number that is not one of ours, or one of ours with another size, is ENOTTY")
{
	static const unsigned long numbers[] = {
		0, _IO('P', 0), _IO('P', 7), _IOR('P', 1, char[8]),
		_IOWR('P', 2, char[20]), _IOWR('P', 2, char[4]),
		_IOW('P', 2, char[16]), _IOWR('P', 4, char[16]),
		_IO('P', 255), _IOWR('Q', 2, char[16]), 0x5401 /* TCGETS */,
		0xffffffff,
	};
	struct evset s;
	char arg[64] = { 0 };
	size_t i;

	evset_open(&s, 4);
	for (i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		errno = 0;
		ck_assert_msg(ioctl(s.fd, numbers[i], arg) == -1 &&
			      errno == ENOTTY,
			      "ioctl %#lx: expected ENOTTY, got %s", numbers[i],
			      errno ? strerror(errno) : "success");
	}
}

/*
 * Bad pointers
 */

/* One page that can be used and one behind it that cannot. */
static char *cliff(int prot)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert(p != MAP_FAILED);
	GUEST_RETURNS(mprotect(p + 4096, 4096, prot), 0);
	return p + 4096;
}

GUEST_TEST(abi, bad_pointer_write, 10,
	   "records that cannot be read are EFAULT and change nothing")
{
	static void *volatile const bad[] = {
		NULL, (void *)8, (void *)-8L, (void *)(1UL << 63),
	};
	char *edge = cliff(PROT_NONE);
	struct evset s;

	evset_open(&s, 4);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		GUEST_FAILS(write(s.fd, bad[i], 8), EFAULT);
	GUEST_FAILS(write(s.fd, edge, 16), EFAULT);
	GUEST_FAILS(write(s.fd, edge - 4, 8), EFAULT);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
}

GUEST_TEST(abi, bad_pointer_in_the_middle, 30,
	   "of records that run into a bad page, those before it take effect and are counted")
{
	char *edge = cliff(PROT_NONE);
	struct pollfd *rec;
	struct evset s;
	int p[2], i;

	evset_open(&s, 1024);
	guest_pipe(p);
	for (i = 1; i <= 300; i += 13) {
		rec = (struct pollfd *)edge - i;
		for (int j = 0; j < i; j++)
			rec[j] = (struct pollfd){ .fd = p[0], .events = POLLIN };
		GUEST_RETURNS(write(s.fd, rec, (i + 9) * 8), i * 8);
	}
	GUEST_RETURNS(evset_info(&s, "items"), 1);
}

GUEST_TEST(abi, half_a_record_in_a_bad_page, 10,
	   "a record that lies half in a bad page does not count; the bytes before it are returned")
{
	char *edge = cliff(PROT_NONE);
	struct pollfd rec[2];
	struct evset s;
	int p[2], q[2];

	evset_open(&s, 4);
	guest_pipe(p);
	guest_pipe(q);
	rec[0] = (struct pollfd){ .fd = p[0], .events = POLLIN };
	rec[1] = (struct pollfd){ .fd = q[0], .events = POLLIN };
	memcpy(edge - 12, rec, 12);
	GUEST_RETURNS(write(s.fd, edge - 12, 16), 8);
	GUEST_RETURNS(evset_ispolled(&s, p[0], NULL), 1);
	GUEST_RETURNS(evset_ispolled(&s, q[0], NULL), 0);
}

GUEST_TEST(abi, bad_pointer_poll, 10,
	   "EP_POLL with a struct that cannot be read is EFAULT, with and without events")
{
	char *edge = cliff(PROT_NONE);
	struct evset s;
	int p[2], i;

	evset_open(&s, 4);
	guest_pipe(p);
	evset_add(&s, p[0], POLLIN);
	for (i = 0; i < 2; i++) {
		GUEST_FAILS(ioctl(s.fd, EP_POLL, NULL), EFAULT);
		GUEST_FAILS(ioctl(s.fd, EP_POLL, edge), EFAULT);
		GUEST_FAILS(ioctl(s.fd, EP_POLL, (void *)-16L), EFAULT);
		guest_put(p[1]);
	}
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(abi, poll_result_cannot_be_stored, 10,
	   "an EP_POLL that fails with EFAULT has not switched: the events are still there")
{
	char *edge = cliff(PROT_READ | PROT_WRITE);
	struct evpoll *evp = (struct evpoll *)edge;
	struct evset s;
	long version;
	int p[2];

	evset_open(&s, 4);
	guest_pipe(p);
	evset_add(&s, p[0], POLLIN);
	evp->ep_timeout = 0;
	GUEST_RETURNS(mprotect(edge, 4096, PROT_READ), 0);
	guest_put(p[1]);
	version = evset_info(&s, "version");
	GUEST_FAILS(ioctl(s.fd, EP_POLL, evp), EFAULT);
	GUEST_RETURNS(evset_info(&s, "version"), version);
	evset_expect(&s, p[0], POLLIN);
	evset_none(&s);
}

GUEST_TEST(abi, poll_struct_at_the_edge, 10,
	   "EP_POLL touches its 16 bytes and no more: the struct may end where memory ends")
{
	struct evpoll *evp = (struct evpoll *)cliff(PROT_NONE) - 1;
	struct evset s;
	int p[2];

	evset_open(&s, 4);
	guest_pipe(p);
	evset_add(&s, p[0], POLLIN);
	guest_put(p[1]);
	evp->ep_timeout = 0;
	GUEST_RETURNS(ioctl(s.fd, EP_POLL, evp), 1);
	ck_assert_uint_lt(evp->ep_resoff, s.size);
}

GUEST_TEST(abi, bad_pointer_ispolled, 10,
	   "EP_ISPOLLED with a bad pointer is EFAULT (2002 said 0)")
{
	char *edge = cliff(PROT_NONE);
	struct pollfd *rec = (struct pollfd *)cliff(PROT_READ | PROT_WRITE);
	struct evset s;
	int p[2];

	evset_open(&s, 4);
	guest_pipe(p);
	evset_add(&s, p[0], POLLIN);
	GUEST_FAILS(ioctl(s.fd, EP_ISPOLLED, NULL), EFAULT);
	GUEST_FAILS(ioctl(s.fd, EP_ISPOLLED, edge), EFAULT);
	memcpy(edge - 4, &p[0], 4);
	GUEST_FAILS(ioctl(s.fd, EP_ISPOLLED, edge - 4), EFAULT);
	rec->fd = p[0];
	GUEST_RETURNS(mprotect(rec, 4096, PROT_READ), 0);
	GUEST_FAILS(ioctl(s.fd, EP_ISPOLLED, rec), EFAULT);
}

GUEST_TEST(abi, written_revents_are_ignored, 10,
	   "revents of a written record count for nothing: the slot starts from 0")
{
	struct pollfd rec = { .revents = 0x7fff }, out;
	struct evset s;
	int fd = guest_eventfd();

	evset_open(&s, 4);
	rec.fd = fd;
	rec.events = POLLIN | POLLOUT;
	GUEST_RETURNS(write(s.fd, &rec, sizeof(rec)), 8);
	GUEST_RETURNS(evset_ispolled(&s, fd, &out), 1);
	ck_assert_int_eq(out.events, POLLIN | POLLOUT);
	ck_assert_msg(out.revents == 0, "expected a stored record with revents 0, got %#x",
		      out.revents);
	guest_put(fd);
	evset_expect(&s, fd, POLLIN);
}

GUEST_TEST(abi, all_bits_are_kept, 10,
	   "all 16 bits of events but POLLREMOVE are stored and given back as written")
{
	static const unsigned short masks[] = {
		0, 1, POLLIN | POLLPRI, 0x00ff, 0x6fff, 0x8000, 0xefff,
	};
	struct pollfd out;
	struct evset s;
	int p[2];
	size_t i;

	evset_open(&s, 4);
	guest_pipe(p);
	for (i = 0; i < sizeof(masks) / sizeof(*masks); i++) {
		evset_add(&s, p[0], masks[i]);
		GUEST_RETURNS(evset_ispolled(&s, p[0], &out), 1);
		ck_assert_msg((unsigned short)out.events == masks[i],
			      "expected events %#x, got %#x", masks[i],
			      (unsigned short)out.events);
	}
	GUEST_RETURNS(evset_ctl(&s, p[0], 0xffff), 8);
	ck_assert_msg(evset_ispolled(&s, p[0], NULL) == 0,
		      "0xffff has POLLREMOVE in it and removes");
}
