// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_ctl.c - epoll_ctl: arguments, errors and their order, masks, data
 *
 * A call can be wrong in several ways at once, and then the order of the checks
 * is seen from outside.  For epoll_ctl(2) it is:
 *
 *	EFAULT	the event cannot be read (not looked at by DEL)
 *	EBADF	the instance, then the descriptor, is not open
 *	EPERM	the file cannot be polled
 *	EINVAL	the file is the instance itself
 *	EINVAL	EPOLLEXCLUSIVE in a MOD, or in an ADD with what it excludes
 *	ELOOP	(behave_nest.c)
 *	EEXIST, ENOENT, or EINVAL for an operation that there is not
 *	EINVAL	MOD of what was added with EPOLLEXCLUSIVE
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "behave.h"

/* No operations: beside those that there are, and far from them. */
static const int unknown_ops[] = { 0, 4, -1, INT_MAX, INT_MIN };

static int closed_number(void)
{
	int fd = guest_eventfd();

	close(fd);
	return fd;
}

/* An eventfd that has something to read. */
static int ready_eventfd(void)
{
	int fd = guest_eventfd();

	guest_put(fd);
	return fd;
}

static int ctl_data(int ep, int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = { .events = events, .data.u64 = data };

	return behave_ctl(ep, op, fd, &ev);
}

/* The next wait has one event, with @data. */
static void expect_data(int ep, uint32_t events, uint64_t data)
{
	struct epoll_event ev[4];

	GUEST_RETURNS(behave_wait(ep, ev, 4, GUEST_WAIT_MS), 1);
	ck_assert_msg(ev[0].events == events && ev[0].data.u64 == data,
		      "expected %#x with %#llx, got %#x with %#llx", events,
		      (unsigned long long)data, ev[0].events,
		      (unsigned long long)ev[0].data.u64);
}

static void not_watched(int ep, int fd)
{
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_DEL, fd, 0), ENOENT);
}

/*
 * Errors, in the order in which they are found
 */

BEHAVE_TEST(ctl_add_bad_event_efault, 20, BEHAVE_EPOLL,
	    "ADD with an event that cannot be read is EFAULT and adds nothing")
{
	int ep = behave_create(), fd = ready_eventfd();

	GUEST_FAILS(behave_ctl(ep, EPOLL_CTL_ADD, fd, NULL), EFAULT);
	GUEST_FAILS(behave_ctl(ep, EPOLL_CTL_ADD, fd, behave_before_hole(0)), EFAULT);
	behave_none(ep);
	not_watched(ep, fd);
}

BEHAVE_TEST(ctl_mod_bad_event_efault, 20, BEHAVE_EPOLL,
	    "MOD with an event that cannot be read is EFAULT and changes nothing")
{
	int ep = behave_create(), fd = ready_eventfd();

	behave_add(ep, fd, EPOLLIN);
	GUEST_FAILS(behave_ctl(ep, EPOLL_CTL_MOD, fd, NULL), EFAULT);
	GUEST_FAILS(behave_ctl(ep, EPOLL_CTL_MOD, fd, behave_before_hole(0)), EFAULT);
	behave_expect(ep, fd, EPOLLIN);
}

BEHAVE_TEST(ctl_half_an_event_efault, 20, BEHAVE_EPOLL,
	    "an event whose last byte cannot be read is EFAULT; one that ends at a hole is read")
{
	int ep = behave_create(), fd = ready_eventfd();
	struct epoll_event *ev = behave_before_hole(sizeof(*ev));

	GUEST_FAILS(behave_ctl(ep, EPOLL_CTL_ADD, fd,
			       behave_before_hole(sizeof(*ev) - 1)), EFAULT);
	not_watched(ep, fd);
	*ev = (struct epoll_event){ .events = EPOLLIN, .data.fd = fd };
	GUEST_RETURNS(behave_ctl(ep, EPOLL_CTL_ADD, fd, ev), 0);
	behave_expect(ep, fd, EPOLLIN);
}

BEHAVE_TEST(ctl_event_is_only_read, 20, BEHAVE_EPOLL,
	    "the event may lie in memory that cannot be written")
{
	int ep = behave_create(), fd = ready_eventfd();
	struct epoll_event *ev = mmap(NULL, sizeof(*ev), PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert(ev != MAP_FAILED);
	*ev = (struct epoll_event){ .events = EPOLLIN, .data.fd = fd };
	GUEST_RETURNS(mprotect(ev, sizeof(*ev), PROT_READ), 0);
	GUEST_RETURNS(behave_ctl(ep, EPOLL_CTL_ADD, fd, ev), 0);
	GUEST_RETURNS(behave_ctl(ep, EPOLL_CTL_MOD, fd, ev), 0);
	behave_expect(ep, fd, EPOLLIN);
}

BEHAVE_TEST(ctl_del_looks_at_no_event, 20, BEHAVE_EPOLL,
	    "DEL takes a null pointer and a bad address for the event")
{
	int ep = behave_create(), fd = ready_eventfd();

	behave_add(ep, fd, EPOLLIN);
	GUEST_RETURNS(behave_ctl(ep, EPOLL_CTL_DEL, fd, NULL), 0);
	behave_add(ep, fd, EPOLLIN);
	GUEST_RETURNS(behave_ctl(ep, EPOLL_CTL_DEL, fd, behave_before_hole(0)), 0);
	behave_none(ep);
	not_watched(ep, fd);
}

BEHAVE_TEST(ctl_efault_before_ebadf, 20, BEHAVE_EPOLL,
	    "a bad event of a descriptor that is not open is EFAULT, but for DEL, which is EBADF")
{
	int ep = behave_create();

	GUEST_FAILS(behave_ctl(ep, EPOLL_CTL_ADD, -1, NULL), EFAULT);
	GUEST_FAILS(behave_ctl(ep, EPOLL_CTL_MOD, -1, NULL), EFAULT);
	GUEST_FAILS(behave_ctl(ep, EPOLL_CTL_DEL, -1, NULL), EBADF);
}

BEHAVE_TEST(ctl_efault_before_eperm, 20, BEHAVE_EPOLL,
	    "a bad event of a file that cannot be polled is EFAULT, but for DEL, which is EPERM")
{
	int ep = behave_create(), null = guest_null();

	GUEST_FAILS(behave_ctl(ep, EPOLL_CTL_ADD, null, NULL), EFAULT);
	GUEST_FAILS(behave_ctl(ep, EPOLL_CTL_MOD, null, NULL), EFAULT);
	GUEST_FAILS(behave_ctl(ep, EPOLL_CTL_DEL, null, NULL), EPERM);
}

BEHAVE_TEST(ctl_efault_before_itself, 20, BEHAVE_EPOLL,
	    "a bad event of the instance itself is EFAULT, but for DEL, which is EINVAL")
{
	int ep = behave_create();

	GUEST_FAILS(behave_ctl(ep, EPOLL_CTL_ADD, ep, NULL), EFAULT);
	GUEST_FAILS(behave_ctl(ep, EPOLL_CTL_MOD, ep, NULL), EFAULT);
	GUEST_FAILS(behave_ctl(ep, EPOLL_CTL_DEL, ep, NULL), EINVAL);
}

BEHAVE_TEST(ctl_efault_before_eexist, 20, BEHAVE_EPOLL,
	    "a bad event is EFAULT before what is watched is asked")
{
	int ep = behave_create(), fd = ready_eventfd();

	GUEST_FAILS(behave_ctl(ep, EPOLL_CTL_MOD, fd, NULL), EFAULT);
	behave_add(ep, fd, EPOLLIN);
	GUEST_FAILS(behave_ctl(ep, EPOLL_CTL_ADD, fd, NULL), EFAULT);
	behave_expect(ep, fd, EPOLLIN);
}

BEHAVE_TEST(ctl_unknown_op_reads_the_event, 20, BEHAVE_EPOLL,
	    "an operation that there is not reads the event before it is refused")
{
	int ep = behave_create(), fd = guest_eventfd();

	for_each_of(i, unknown_ops)
		GUEST_FAILS(behave_ctl(ep, unknown_ops[i], fd, NULL), EFAULT);
}

BEHAVE_TEST(ctl_instance_not_open_ebadf, 20, BEHAVE_EPOLL,
	    "an instance that is not open is EBADF, whatever the descriptor is")
{
	int ep = behave_create(), fd = guest_eventfd(), null = guest_null();

	GUEST_RETURNS(close(ep), 0);
	GUEST_FAILS(behave_set(-1, EPOLL_CTL_ADD, fd, EPOLLIN), EBADF);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, fd, EPOLLIN), EBADF);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_MOD, null, EPOLLIN), EBADF);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_DEL, ep, 0), EBADF);
	GUEST_FAILS(behave_set(ep, 99, fd, EPOLLIN), EBADF);
}

BEHAVE_TEST(ctl_not_open_ebadf, 20, BEHAVE_EPOLL,
	    "a descriptor that is not open is EBADF in every operation")
{
	int ep = behave_create();
	int fds[] = { -1, closed_number(), INT_MAX, INT_MIN };

	for_each_of(i, fds) {
		GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, fds[i], EPOLLIN),
			    EBADF);
		GUEST_FAILS(behave_set(ep, EPOLL_CTL_MOD, fds[i], EPOLLIN),
			    EBADF);
		GUEST_FAILS(behave_set(ep, EPOLL_CTL_DEL, fds[i], 0), EBADF);
	}
}

BEHAVE_TEST(ctl_ebadf_before_einval, 20, BEHAVE_EPOLL,
	    "a descriptor that is not open is EBADF before the operation and EPOLLEXCLUSIVE are looked at")
{
	int ep = behave_create(), fd = closed_number();

	for_each_of(i, unknown_ops)
		GUEST_FAILS(behave_set(ep, unknown_ops[i], fd, EPOLLIN), EBADF);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_MOD, fd,
			       EPOLLIN | EPOLLEXCLUSIVE), EBADF);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, fd,
			       EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT), EBADF);
}

BEHAVE_TEST(ctl_path_only_ebadf, 20, BEHAVE_EPOLL,
	    "a descriptor opened with O_PATH counts as not open")
{
	int ep = behave_create();
	int fd = open("/dev/null", O_PATH | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, fd, EPOLLIN), EBADF);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_DEL, fd, 0), EBADF);
}

BEHAVE_TEST(ctl_cannot_be_polled_eperm, 20, BEHAVE_EPOLL,
	    "a file, a directory and /dev/null cannot be polled: EPERM in every operation")
{
	int fds[] = {
		memfd_create("file", MFD_CLOEXEC),
		open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		guest_null(),
	};
	int ep = behave_create();

	for_each_of(i, fds) {
		ck_assert_int_ge(fds[i], 0);
		GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, fds[i], EPOLLIN),
			    EPERM);
		GUEST_FAILS(behave_set(ep, EPOLL_CTL_MOD, fds[i], EPOLLIN),
			    EPERM);
		GUEST_FAILS(behave_set(ep, EPOLL_CTL_DEL, fds[i], 0), EPERM);
	}
}

BEHAVE_TEST(ctl_eperm_before_einval, 20, BEHAVE_EPOLL,
	    "a file that cannot be polled is EPERM before the operation and EPOLLEXCLUSIVE are looked at")
{
	int ep = behave_create(), null = guest_null();

	for_each_of(i, unknown_ops)
		GUEST_FAILS(behave_set(ep, unknown_ops[i], null, EPOLLIN),
			    EPERM);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_MOD, null,
			       EPOLLIN | EPOLLEXCLUSIVE), EPERM);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, null,
			       EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT), EPERM);
}

BEHAVE_TEST(ctl_itself_einval, 20, BEHAVE_EPOLL,
	    "an instance cannot watch itself, by whatever number: EINVAL, not ENOENT, in every operation")
{
	int ep = behave_create(), other = dup(ep);

	for (int op = EPOLL_CTL_ADD; op <= EPOLL_CTL_MOD; op++) {
		GUEST_FAILS(behave_set(ep, op, ep, EPOLLIN), EINVAL);
		GUEST_FAILS(behave_set(ep, op, other, EPOLLIN), EINVAL);
		GUEST_FAILS(behave_set(other, op, ep, EPOLLIN), EINVAL);
	}
	behave_none(ep);
}

BEHAVE_TEST(ctl_unknown_op_einval, 20, BEHAVE_EPOLL,
	    "an operation that there is not is EINVAL, whether the file is watched or not, and leaves all as it was")
{
	int ep = behave_create(), fd = ready_eventfd();

	for_each_of(i, unknown_ops)
		GUEST_FAILS(ctl_data(ep, unknown_ops[i], fd, EPOLLOUT, 7),
			    EINVAL);
	not_watched(ep, fd);
	behave_add(ep, fd, EPOLLIN);
	for_each_of(i, unknown_ops)
		GUEST_FAILS(ctl_data(ep, unknown_ops[i], fd, EPOLLOUT, 7),
			    EINVAL);
	behave_expect(ep, fd, EPOLLIN);
}

BEHAVE_TEST(ctl_add_twice_eexist, 20, BEHAVE_EPOLL,
	    "ADD of what is watched is EEXIST; mask and data stay those of the first")
{
	int ep = behave_create(), fd = ready_eventfd();

	GUEST_RETURNS(ctl_data(ep, EPOLL_CTL_ADD, fd, EPOLLIN, 1), 0);
	GUEST_FAILS(ctl_data(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT, 2),
		    EEXIST);
	GUEST_FAILS(ctl_data(ep, EPOLL_CTL_ADD, fd, EPOLLIN, 1), EEXIST);
	expect_data(ep, EPOLLIN, 1);
}

BEHAVE_TEST(ctl_add_twice_eexist_edge, 20, BEHAVE_EVERY,
	    "ADD of what is watched is EEXIST, and it is watched as before")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, p[0], EPOLLET), EEXIST);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
}

BEHAVE_TEST(ctl_mod_unknown_enoent, 20, BEHAVE_EVERY,
	    "MOD of what is not watched is ENOENT and does not add it")
{
	int p[2], ep = behave_create();

	guest_pipe(p);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET),
		    ENOENT);
	guest_put(p[1]);
	behave_none(ep);
	not_watched(ep, p[0]);
}

BEHAVE_TEST(ctl_del_unknown_enoent, 20, BEHAVE_EVERY,
	    "DEL of what is not watched is ENOENT, and so is the second DEL and a MOD after it")
{
	int p[2], ep = behave_create();

	guest_pipe(p);
	not_watched(ep, p[0]);
	behave_add(ep, p[0], EPOLLIN | EPOLLET);
	behave_del(ep, p[0]);
	not_watched(ep, p[0]);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET),
		    ENOENT);
}

BEHAVE_TEST(ctl_add_fd_not_open_adds_nothing, 20, BEHAVE_EVERY,
	    "what failed with EBADF is not watched when the number names a file later")
{
	int ep = behave_create(), fd = closed_number(), again;

	GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET),
		    EBADF);
	again = guest_eventfd();
	ck_assert_int_eq(again, fd);
	guest_put(again);
	behave_none(ep);
	not_watched(ep, again);
}

/*
 * EPOLLEXCLUSIVE
 */

#define EXCLUSIVE_WITH	(EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | \
			 EPOLLWAKEUP | EPOLLET)

BEHAVE_TEST(exclusive_with_other_bits_einval, 20, BEHAVE_EPOLL,
	    "EPOLLEXCLUSIVE with any bit outside IN, OUT, ERR, HUP, WAKEUP, ET is EINVAL and adds nothing")
{
	int ep = behave_create(), fd = ready_eventfd();

	for (int bit = 0; bit < 32; bit++) {
		uint32_t one = 1u << bit;

		if (one & (EXCLUSIVE_WITH | EPOLLEXCLUSIVE))
			continue;
		GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, fd,
				       EPOLLIN | EPOLLEXCLUSIVE | one), EINVAL);
		not_watched(ep, fd);
	}
	behave_none(ep);
}

BEHAVE_TEST(exclusive_with_allowed_bits, 20, BEHAVE_EPOLL,
	    "EPOLLEXCLUSIVE goes with every choice of IN, OUT, ERR, HUP, WAKEUP and ET, and the event is told as without it")
{
	static const uint32_t bits[] = {
		EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLWAKEUP, EPOLLET,
	};
	int ep = behave_create(), fd = ready_eventfd();

	for (unsigned int choice = 0; choice < 1u << 6; choice++) {
		uint32_t events = 0, told;

		for_each_of(i, bits)
			if (choice & 1u << i)
				events |= bits[i];
		told = events & (EPOLLIN | EPOLLOUT);
		behave_add(ep, fd, EPOLLEXCLUSIVE | events);
		if (told)
			behave_expect(ep, fd, told);
		else
			behave_none(ep);
		behave_del(ep, fd);
	}
}

BEHAVE_TEST(exclusive_cannot_be_changed, 20, BEHAVE_EPOLL,
	    "MOD of what was added with EPOLLEXCLUSIVE is EINVAL, with the bit and without, and changes nothing")
{
	int ep = behave_create(), fd = ready_eventfd();

	GUEST_RETURNS(ctl_data(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLEXCLUSIVE,
			       1), 0);
	GUEST_FAILS(ctl_data(ep, EPOLL_CTL_MOD, fd, EPOLLOUT, 2), EINVAL);
	GUEST_FAILS(ctl_data(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLEXCLUSIVE,
			     2), EINVAL);
	expect_data(ep, EPOLLIN, 1);
}

BEHAVE_TEST(exclusive_cannot_come_later, 20, BEHAVE_EPOLL,
	    "MOD cannot make a registration exclusive: EINVAL, and it stays as it was")
{
	int ep = behave_create(), fd = ready_eventfd();

	GUEST_RETURNS(ctl_data(ep, EPOLL_CTL_ADD, fd, EPOLLIN, 1), 0);
	GUEST_FAILS(ctl_data(ep, EPOLL_CTL_MOD, fd, EPOLLOUT | EPOLLEXCLUSIVE,
			     2), EINVAL);
	expect_data(ep, EPOLLIN, 1);
	/* And a MOD that is none of its business still works. */
	GUEST_RETURNS(ctl_data(ep, EPOLL_CTL_MOD, fd, EPOLLOUT, 3), 0);
	expect_data(ep, EPOLLOUT, 3);
}

BEHAVE_TEST(exclusive_einval_before_eexist, 20, BEHAVE_EPOLL,
	    "a misuse of EPOLLEXCLUSIVE is EINVAL before EEXIST; a proper use of what is watched is EEXIST")
{
	int ep = behave_create(), fd = guest_eventfd();

	behave_add(ep, fd, EPOLLIN);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, fd,
			       EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT),
		    EINVAL);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, fd,
			       EPOLLIN | EPOLLEXCLUSIVE), EEXIST);
}

BEHAVE_TEST(exclusive_einval_before_enoent, 20, BEHAVE_EPOLL,
	    "MOD with EPOLLEXCLUSIVE of what is not watched is EINVAL, not ENOENT")
{
	int ep = behave_create(), fd = guest_eventfd();

	GUEST_FAILS(behave_set(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLEXCLUSIVE),
		    EINVAL);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_MOD, fd, EPOLLIN), ENOENT);
}

BEHAVE_TEST(exclusive_instance_einval, 20, BEHAVE_EPOLL,
	    "an instance is not watched exclusively: EINVAL, and without EPOLLEXCLUSIVE it can be")
{
	int ep = behave_create(), inner = behave_create();

	GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, inner,
			       EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
	behave_add(ep, inner, EPOLLIN);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, inner,
			       EPOLLIN | EPOLLEXCLUSIVE), EINVAL);
	GUEST_FAILS(behave_set(ep, EPOLL_CTL_ADD, inner, EPOLLIN), EEXIST);
}

BEHAVE_TEST(exclusive_ends_with_del, 20, BEHAVE_EPOLL,
	    "DEL ignores EPOLLEXCLUSIVE in its event; what is added again without it can be changed")
{
	int ep = behave_create(), fd = ready_eventfd();

	behave_add(ep, fd, EPOLLIN | EPOLLEXCLUSIVE);
	GUEST_RETURNS(behave_set(ep, EPOLL_CTL_DEL, fd,
				 EPOLLEXCLUSIVE | EPOLLONESHOT), 0);
	behave_add(ep, fd, EPOLLIN);
	behave_mod(ep, fd, EPOLLOUT);
	behave_expect(ep, fd, EPOLLOUT);
}

/*
 * The data word
 */

BEHAVE_TEST(data_64_bits, 20, BEHAVE_EPOLL,
	    "the data word comes back with all its 64 bits")
{
	static const uint64_t data[] = {
		0, 1, UINT64_MAX, 0x0123456789abcdefULL, 0xfedcba9876543210ULL,
		1ULL << 63, 0xffffffff00000000ULL, 0x00000000ffffffffULL,
	};
	int ep = behave_create(), fd = ready_eventfd();

	for_each_of(i, data) {
		GUEST_RETURNS(ctl_data(ep, EPOLL_CTL_ADD, fd, EPOLLIN,
				       data[i]), 0);
		expect_data(ep, EPOLLIN, data[i]);
		behave_del(ep, fd);
	}
}

BEHAVE_TEST(data_changed_by_mod, 20, BEHAVE_EPOLL,
	    "MOD changes the data word, also of an event that is pending")
{
	int ep = behave_create(), fd = guest_eventfd();

	GUEST_RETURNS(ctl_data(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET, 1), 0);
	guest_put(fd);
	GUEST_RETURNS(ctl_data(ep, EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLET,
			       UINT64_MAX - 1), 0);
	expect_data(ep, EPOLLIN, UINT64_MAX - 1);
	behave_none(ep);
}

BEHAVE_TEST(data_says_nothing_to_the_kernel, 20, BEHAVE_EPOLL,
	    "several registrations may have one data word, and it need not be a descriptor")
{
	struct epoll_event ev[8];
	int ep = behave_create(), n;

	for (int i = 0; i < 5; i++)
		GUEST_RETURNS(ctl_data(ep, EPOLL_CTL_ADD, ready_eventfd(),
				       EPOLLIN, 0xdeadbeef00000001ULL), 0);
	n = behave_wait(ep, ev, 8, 0);
	ck_assert_int_eq(n, 5);
	while (n--)
		ck_assert(ev[n].data.u64 == 0xdeadbeef00000001ULL);
}

BEHAVE_TEST(data_of_a_new_registration, 20, BEHAVE_EPOLL,
	    "ADD after DEL has the new data and mask, nothing of the old")
{
	int ep = behave_create(), fd = ready_eventfd();

	GUEST_RETURNS(ctl_data(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLONESHOT,
			       1), 0);
	expect_data(ep, EPOLLIN, 1);
	behave_del(ep, fd);
	GUEST_RETURNS(ctl_data(ep, EPOLL_CTL_ADD, fd, EPOLLOUT, 2), 0);
	expect_data(ep, EPOLLOUT, 2);
	expect_data(ep, EPOLLOUT, 2);
}

BEHAVE_TEST(data_of_each_instance, 20, BEHAVE_EPOLL,
	    "two instances that watch one file have masks and data of their own, and a DEL in one leaves the other")
{
	int a = behave_create(), b = behave_create(), fd = ready_eventfd();

	GUEST_RETURNS(ctl_data(a, EPOLL_CTL_ADD, fd, EPOLLIN, 1), 0);
	GUEST_RETURNS(ctl_data(b, EPOLL_CTL_ADD, fd, EPOLLOUT, 2), 0);
	expect_data(a, EPOLLIN, 1);
	expect_data(b, EPOLLOUT, 2);
	behave_del(a, fd);
	behave_none(a);
	expect_data(b, EPOLLOUT, 2);
}

BEHAVE_TEST(data_of_many, 60, BEHAVE_EPOLL,
	    "500 descriptors: each tells its own data, also after every other one was removed and changed")
{
	enum { N = 500 };
	struct epoll_event ev[N];
	int ep = behave_create(), fd[N], seen[N] = { 0 }, n;

	guest_nofile(N + 64);
	for (int i = 0; i < N; i++) {
		fd[i] = ready_eventfd();
		GUEST_RETURNS(ctl_data(ep, EPOLL_CTL_ADD, fd[i], EPOLLIN,
				       (uint64_t)i << 33), 0);
	}
	/* Of four, one is removed, one changed, one removed and put back. */
	for (int i = 0; i < N; i += 4) {
		behave_del(ep, fd[i]);
		GUEST_RETURNS(ctl_data(ep, EPOLL_CTL_MOD, fd[i + 1], EPOLLOUT,
				       (uint64_t)(i + 1) << 33 | 1), 0);
		behave_del(ep, fd[i + 2]);
		GUEST_RETURNS(ctl_data(ep, EPOLL_CTL_ADD, fd[i + 2], EPOLLIN,
				       (uint64_t)(i + 2) << 33), 0);
	}
	n = behave_wait(ep, ev, N, 0);
	ck_assert_int_eq(n, N - N / 4);
	while (n--) {
		uint64_t i = ev[n].data.u64 >> 33;

		ck_assert(i < N && i % 4 && !seen[i]++);
		ck_assert_uint_eq(ev[n].data.u64 & 1, i % 4 == 1);
		ck_assert_uint_eq(ev[n].events,
				  i % 4 == 1 ? EPOLLOUT : EPOLLIN);
	}
}

/*
 * Masks
 */

BEHAVE_TEST(mask_bit_added, 20, BEHAVE_EPOLL,
	    "a bit that MOD adds is told at once when it holds")
{
	int sv[2], ep = behave_create();

	guest_unix(sv);
	behave_add(ep, sv[0], EPOLLIN);
	behave_none(ep);
	behave_mod(ep, sv[0], EPOLLIN | EPOLLOUT);
	behave_expect(ep, sv[0], EPOLLOUT);
	guest_put(sv[1]);
	behave_expect(ep, sv[0], EPOLLIN | EPOLLOUT);
}

BEHAVE_TEST(mask_bit_removed, 20, BEHAVE_EPOLL,
	    "a bit that MOD takes away is not told, although it was pending; asked for again it is")
{
	int ep = behave_create(), fd = ready_eventfd();

	behave_add(ep, fd, EPOLLIN | EPOLLOUT);
	behave_mod(ep, fd, EPOLLIN);
	behave_expect(ep, fd, EPOLLIN);
	behave_mod(ep, fd, 0);
	behave_none(ep);
	behave_mod(ep, fd, EPOLLOUT);
	behave_expect(ep, fd, EPOLLOUT);
}

BEHAVE_TEST(mask_changed_before_the_event, 20, BEHAVE_EVERY,
	    "the bits of the last mask are told, not those of an earlier one")
{
	int sv[2], ep = behave_create();

	guest_unix(sv);
	behave_add(ep, sv[0], EPOLLRDHUP | EPOLLET);
	guest_put(sv[1]);
	behave_none(ep);
	behave_mod(ep, sv[0], EPOLLPRI | EPOLLET);
	guest_put(sv[1]);
	behave_none(ep);
	guest_drain(sv[0]);
	behave_mod(ep, sv[0], EPOLLIN | EPOLLET);
	guest_put(sv[1]);
	behave_expect(ep, sv[0], EPOLLIN);
}

BEHAVE_TEST(mask_removed_while_pending, 20, BEHAVE_EVERY,
	    "edge-triggered: an event that is pending when its bit goes is not told")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLET);
	guest_put(p[1]);
	behave_mod(ep, p[0], EPOLLPRI | EPOLLET);
	behave_none(ep);
}

BEHAVE_TEST(mask_zero_tells_hup, 20, BEHAVE_EPOLL,
	    "with mask 0 data is not told, but EPOLLHUP is: nobody has to ask for it")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, 0);
	guest_put(p[1]);
	behave_none(ep);
	close(p[1]);
	behave_expect(ep, p[0], EPOLLHUP);
	behave_expect(ep, p[0], EPOLLHUP);
}

BEHAVE_TEST(mask_zero_tells_err, 20, BEHAVE_EPOLL,
	    "with mask 0 EPOLLERR is told")
{
	int p[2], ep = behave_create();

	guest_pipe(p);
	behave_add(ep, p[1], 0);
	behave_none(ep);
	close(p[0]);
	behave_expect(ep, p[1], EPOLLERR);
}

BEHAVE_TEST(mask_changed_to_zero_tells_hup, 20, BEHAVE_EPOLL,
	    "MOD to mask 0 silences data, not EPOLLHUP")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN);
	guest_put(p[1]);
	behave_mod(ep, p[0], 0);
	behave_none(ep);
	close(p[1]);
	behave_expect(ep, p[0], EPOLLHUP);
}

BEHAVE_TEST(mask_changed_to_zero_tells_err, 20, BEHAVE_EPOLL,
	    "MOD to mask 0 silences EPOLLOUT, not EPOLLERR, also when the error was there before")
{
	int p[2], ep = behave_create();

	guest_pipe(p);
	behave_add(ep, p[1], EPOLLOUT);
	behave_expect(ep, p[1], EPOLLOUT);
	close(p[0]);
	behave_mod(ep, p[1], 0);
	behave_expect(ep, p[1], EPOLLERR);
}

BEHAVE_TEST(mask_hup_implied_edge, 20, BEHAVE_EVERY,
	    "edge-triggered: EPOLLHUP is told without being asked for, after MOD too")
{
	int p[2], q[2], ep = behave_create();

	guest_pipe(p);
	guest_pipe(q);
	behave_add(ep, p[0], EPOLLET);
	behave_add(ep, q[0], EPOLLIN | EPOLLET);
	behave_mod(ep, q[0], EPOLLET);
	close(p[1]);
	behave_expect(ep, p[0], EPOLLHUP);
	close(q[1]);
	behave_expect(ep, q[0], EPOLLHUP);
	behave_none(ep);
}

BEHAVE_TEST(mask_err_implied_edge, 20, BEHAVE_EVERY,
	    "edge-triggered: EPOLLERR is told without being asked for")
{
	int p[2], ep = behave_create();

	guest_pipe(p);
	guest_fill(p[1]);
	behave_add(ep, p[1], EPOLLET);
	close(p[0]);
	behave_expect(ep, p[1], EPOLLERR);
	behave_none(ep);
}

BEHAVE_TEST(mask_other_bits_not_told, 20, BEHAVE_EPOLL,
	    "what holds but was not asked for is never told")
{
	int sv[2], ep = behave_create();

	guest_unix(sv);
	guest_put(sv[1]);
	behave_add(ep, sv[0], EPOLLOUT);
	behave_expect(ep, sv[0], EPOLLOUT);
	guest_fill(sv[0]);
	behave_none(ep);
	guest_put(sv[1]);
	behave_none(ep);
}

BEHAVE_TEST(mask_other_bits_wake_nobody, 20, BEHAVE_EPOLL,
	    "a waiter sleeps through what was not asked for")
{
	struct behave_waiter w = { .ms = -1 };
	int sv[2];

	guest_unix(sv);
	guest_fill(sv[0]);
	w.ep = behave_create();
	behave_add(w.ep, sv[0], EPOLLOUT);
	behave_waiter_start(&w);
	guest_put(sv[1]);
	behave_waiter_sleeps(&w);
	guest_drain(sv[1]);
	behave_waiter_got(&w, sv[0], EPOLLOUT);
}

BEHAVE_TEST(mask_rdnorm, 20, BEHAVE_EPOLL,
	    "EPOLLRDNORM and EPOLLIN are two names of one thing, each told only to who asked by it")
{
	int p[2], ep = behave_create();

	guest_pipe(p);
	guest_put(p[1]);
	behave_add(ep, p[0], EPOLLRDNORM);
	behave_expect(ep, p[0], EPOLLRDNORM);
	behave_mod(ep, p[0], EPOLLIN);
	behave_expect(ep, p[0], EPOLLIN);
	behave_mod(ep, p[0], EPOLLIN | EPOLLRDNORM);
	behave_expect(ep, p[0], EPOLLIN | EPOLLRDNORM);
}

BEHAVE_TEST(mask_rdnorm_edge, 20, BEHAVE_EVERY,
	    "edge-triggered: EPOLLRDNORM alone is told alone")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLRDNORM | EPOLLET);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLRDNORM);
}

BEHAVE_TEST(mask_wrnorm_and_wrband, 20, BEHAVE_EPOLL,
	    "EPOLLWRNORM and EPOLLWRBAND of a socket are told to who asked for them")
{
	int sv[2], ep = behave_create();

	guest_unix(sv);
	behave_add(ep, sv[0], EPOLLWRNORM);
	behave_expect(ep, sv[0], EPOLLWRNORM);
	behave_mod(ep, sv[0], EPOLLWRBAND);
	behave_expect(ep, sv[0], EPOLLWRBAND);
	behave_mod(ep, sv[0], EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
	behave_expect(ep, sv[0], EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND);
}

BEHAVE_TEST(mask_rdhup, 20, BEHAVE_EPOLL,
	    "EPOLLRDHUP is told when the peer will send no more, and only to who asked for it")
{
	int sv[2], ep = behave_create();

	guest_unix(sv);
	behave_add(ep, sv[0], EPOLLRDHUP);
	guest_put(sv[1]);
	behave_none(ep);
	shutdown(sv[1], SHUT_WR);
	behave_expect(ep, sv[0], EPOLLRDHUP);
	behave_mod(ep, sv[0], EPOLLIN);
	behave_expect(ep, sv[0], EPOLLIN);
	behave_mod(ep, sv[0], EPOLLIN | EPOLLRDHUP);
	behave_expect(ep, sv[0], EPOLLIN | EPOLLRDHUP);
}

BEHAVE_TEST(mask_rdhup_edge, 20, BEHAVE_EVERY,
	    "edge-triggered: EPOLLRDHUP comes with the shutdown of the peer, not with its data")
{
	int sv[2], ep = behave_create();

	guest_tcp(sv);
	behave_add(ep, sv[0], EPOLLRDHUP | EPOLLET);
	guest_put(sv[1]);
	behave_none(ep);
	shutdown(sv[1], SHUT_WR);
	behave_expect(ep, sv[0], EPOLLRDHUP);
}

BEHAVE_TEST(mask_pri, 20, BEHAVE_EPOLL,
	    "EPOLLPRI is told of urgent data, not of plain data, and goes when it is read")
{
	int sv[2], ep = behave_create();
	char c;

	guest_tcp(sv);
	behave_add(ep, sv[0], EPOLLPRI);
	guest_put(sv[1]);
	behave_none(ep);
	guest_drain(sv[0]);
	GUEST_RETURNS(send(sv[1], "!", 1, MSG_OOB), 1);
	behave_expect(ep, sv[0], EPOLLPRI);
	GUEST_RETURNS(recv(sv[0], &c, 1, MSG_OOB), 1);
	behave_none(ep);
}

BEHAVE_TEST(mask_pri_edge, 20, BEHAVE_EVERY,
	    "edge-triggered: EPOLLPRI comes with urgent data, not with plain data")
{
	int sv[2], ep = behave_create();

	guest_tcp(sv);
	behave_add(ep, sv[0], EPOLLPRI | EPOLLET);
	guest_put(sv[1]);
	behave_none(ep);
	GUEST_RETURNS(send(sv[1], "!", 1, MSG_OOB), 1);
	behave_expect(ep, sv[0], EPOLLPRI);
}

BEHAVE_TEST(mask_all_poll_bits, 20, BEHAVE_EPOLL,
	    "who asks for all poll bits is told what poll(2) tells")
{
	int sv[2], p[2], ep = behave_create();

	guest_unix(sv);
	behave_add(ep, sv[0], 0xffff);
	behave_expect(ep, sv[0], (uint32_t)guest_poll(sv[0], 0x7fff));
	guest_put(sv[1]);
	behave_expect(ep, sv[0], (uint32_t)guest_poll(sv[0], 0x7fff));
	close(sv[1]);
	behave_expect(ep, sv[0], (uint32_t)guest_poll(sv[0], 0x7fff));
	behave_del(ep, sv[0]);

	guest_pipe(p);
	guest_put(p[1]);
	close(p[1]);
	behave_add(ep, p[0], 0xffff);
	behave_expect(ep, p[0], EPOLLIN | EPOLLRDNORM | EPOLLHUP);
}

BEHAVE_TEST(mask_unknown_bits, 20, BEHAVE_EPOLL,
	    "bits that mean nothing are accepted, by ADD and MOD, and never told")
{
	int ep = behave_create(), fd = ready_eventfd();

	for (int bit = 11; bit < 28; bit++) {
		if (1u << bit == EPOLLRDHUP)
			continue;
		behave_add(ep, fd, EPOLLIN | 1u << bit);
		behave_expect(ep, fd, EPOLLIN);
		behave_mod(ep, fd, 1u << bit);
		behave_none(ep);
		behave_mod(ep, fd, EPOLLOUT | 1u << bit);
		behave_expect(ep, fd, EPOLLOUT);
		behave_del(ep, fd);
	}
}

BEHAVE_TEST(mask_flags_not_told, 20, BEHAVE_EPOLL,
	    "EPOLLET, EPOLLONESHOT, EPOLLWAKEUP and EPOLLEXCLUSIVE are no part of an event")
{
	int ep = behave_create(), fd = ready_eventfd();

	behave_add(ep, fd, EPOLLIN | EPOLLET | EPOLLONESHOT | EPOLLWAKEUP);
	behave_expect(ep, fd, EPOLLIN);
	behave_del(ep, fd);
	behave_add(ep, fd, EPOLLIN | EPOLLET | EPOLLEXCLUSIVE);
	behave_expect(ep, fd, EPOLLIN);
}

BEHAVE_TEST(wakeup_accepted, 20, BEHAVE_EPOLL,
	    "EPOLLWAKEUP is accepted in ADD and MOD and changes nothing of what is told")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLIN | EPOLLWAKEUP);
	behave_none(ep);
	guest_put(p[1]);
	behave_expect(ep, p[0], EPOLLIN);
	behave_expect(ep, p[0], EPOLLIN);
	behave_mod(ep, p[0], EPOLLIN);
	behave_expect(ep, p[0], EPOLLIN);
	behave_mod(ep, p[0], EPOLLIN | EPOLLET | EPOLLWAKEUP);
	behave_expect(ep, p[0], EPOLLIN);
	behave_none(ep);
	guest_drain(p[0]);
	behave_mod(ep, p[0], EPOLLIN | EPOLLWAKEUP);
	behave_none(ep);
}

BEHAVE_TEST(wakeup_alone_tells_hup, 20, BEHAVE_EPOLL,
	    "with EPOLLWAKEUP and nothing else EPOLLHUP is told, as with mask 0")
{
	int p[2], ep = behave_create();

	behave_pipe(ep, p, EPOLLWAKEUP);
	guest_put(p[1]);
	behave_none(ep);
	close(p[1]);
	behave_expect(ep, p[0], EPOLLHUP);
}

/*
 * Removal
 */

BEHAVE_TEST(del_takes_what_is_pending, 20, BEHAVE_EPOLL,
	    "after DEL an event that was pending is not told, level- or edge-triggered")
{
	int ep = behave_create(), lt = ready_eventfd(), et = ready_eventfd();

	behave_add(ep, lt, EPOLLIN);
	behave_add(ep, et, EPOLLIN | EPOLLET);
	behave_del(ep, lt);
	behave_del(ep, et);
	behave_none(ep);
}

BEHAVE_TEST(del_takes_one_of_several, 20, BEHAVE_EVERY,
	    "after DEL of one of three with an event the other two are told")
{
	struct epoll_event ev[4];
	int fd[3], ep = behave_create();

	for (int i = 0; i < 3; i++) {
		fd[i] = guest_eventfd();
		behave_add(ep, fd[i], EPOLLIN | EPOLLET);
		guest_put(fd[i]);
	}
	behave_del(ep, fd[1]);
	GUEST_RETURNS(behave_wait(ep, ev, 4, GUEST_WAIT_MS), 2);
	ck_assert(ev[0].data.fd != ev[1].data.fd);
	for (int i = 0; i < 2; i++)
		ck_assert(ev[i].data.fd == fd[0] || ev[i].data.fd == fd[2]);
}

BEHAVE_TEST(del_ends_what_comes_later, 20, BEHAVE_EVERY,
	    "after DEL nothing is told, and after ADD again it is")
{
	int p[2], ep = behave_create();

	guest_pipe(p);
	for (int i = 0; i < 50; i++) {
		behave_add(ep, p[0], EPOLLIN | EPOLLET);
		guest_put(p[1]);
		behave_expect(ep, p[0], EPOLLIN);
		behave_del(ep, p[0]);
		guest_put(p[1]);
		behave_none(ep);
		guest_drain(p[0]);
	}
}

BEHAVE_TEST(del_of_what_was_told, 20, BEHAVE_EPOLL,
	    "DEL of what was told level-triggered ends the telling")
{
	int ep = behave_create(), fd = ready_eventfd(), other = ready_eventfd();

	behave_add(ep, fd, EPOLLIN);
	behave_expect(ep, fd, EPOLLIN);
	behave_add(ep, other, EPOLLIN);
	behave_del(ep, fd);
	behave_expect(ep, other, EPOLLIN);
	behave_expect(ep, other, EPOLLIN);
}
