// SPDX-License-Identifier: GPL-2.0-only
/*
 * behave_wait.c - epoll_wait: its arguments, and what it finds wrong with them
 *
 * The order in which a wait finds its arguments wrong: the time (EFAULT, then
 * EINVAL), the signal mask (EINVAL for its size, then EFAULT), EINVAL for
 * maxevents, EFAULT for an array outside of the program's half of the address
 * space.  Whether the array can be written is found out when there is something
 * to write.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/mman.h>

#include "behave.h"

#define MASK_SIZE	8		/* of the kernel's sigset_t */

/* The most that epoll_wait(2) takes: an array of INT_MAX bytes. */
#define MOST_EVENTS	(INT_MAX / (int)sizeof(struct epoll_event))

BEHAVE_TEST(wait_maxevents_einval, 20, BEHAVE_EPOLL,
	    "a wait for no events, a negative number or more than fit in INT_MAX bytes is EINVAL, and what is ready stays")
{
	static const int bad[] = {
		0, -1, INT_MIN, MOST_EVENTS + 1, INT_MAX,
	};
	static struct epoll_event ev[4];
	int ep = behave_create(), fd;

	behave_eventfds(ep, &fd, 1, EPOLLIN | EPOLLET, true);
	for_each_of(i, bad)
		GUEST_FAILS(behave_wait(ep, ev, bad[i], 0), EINVAL);
	behave_expect(ep, fd, EPOLLIN);
}

BEHAVE_TEST(wait_maxevents_most, 20, BEHAVE_EPOLL,
	    "a wait for as many events as fit in INT_MAX bytes is served, and writes as many as there are")
{
	static struct epoll_event ev[4];
	int ep = behave_create(), fd;

	behave_eventfds(ep, &fd, 1, EPOLLIN, true);
	GUEST_RETURNS(behave_wait(ep, ev, MOST_EVENTS, 0), 1);
	ck_assert_int_eq(ev[0].data.fd, fd);
	ck_assert_uint_eq(ev[1].events, 0);
}

BEHAVE_TEST(wait_maxevents_before_array, 20, BEHAVE_EPOLL,
	    "a bad number of events is EINVAL before the array is EFAULT")
{
	int ep = behave_create();

	GUEST_FAILS(behave_wait(ep, BEHAVE_KERNEL_ADDRESS, 0, 0), EINVAL);
	GUEST_FAILS(behave_wait(ep, BEHAVE_KERNEL_ADDRESS, MOST_EVENTS + 1, 0),
		    EINVAL);
}

BEHAVE_TEST(wait_kernel_address_efault, 20, BEHAVE_EPOLL,
	    "an array among the kernel's addresses is EFAULT at once, with nothing to tell and for ever to wait")
{
	int ep = behave_create(), fd;

	GUEST_FAILS(behave_wait(ep, BEHAVE_KERNEL_ADDRESS, 1, 0), EFAULT);
	GUEST_FAILS(behave_wait(ep, BEHAVE_KERNEL_ADDRESS, 1, -1), EFAULT);
	behave_eventfds(ep, &fd, 1, EPOLLIN | EPOLLET, true);
	GUEST_FAILS(behave_wait(ep, BEHAVE_KERNEL_ADDRESS, 1, -1), EFAULT);
	behave_expect(ep, fd, EPOLLIN);
}

BEHAVE_TEST(wait_null_array, 20, BEHAVE_EPOLL,
	    "a null pointer for the array is no mistake until there is something to tell: EFAULT then, and nothing is lost")
{
	int ep = behave_create(), fd;

	behave_eventfds(ep, &fd, 1, EPOLLIN | EPOLLET, false);
	GUEST_RETURNS(behave_wait(ep, NULL, 1, 0), 0);
	GUEST_RETURNS(behave_wait(ep, NULL, 1, 1), 0);
	guest_put(fd);
	GUEST_FAILS(behave_wait(ep, NULL, 1, 0), EFAULT);
	behave_expect(ep, fd, EPOLLIN);
	behave_none(ep);
}
BEHAVE_KNOWN(wait_null_array, BEHAVE_MULTIPASS,
	     BEHAVE_EFAULTS);

BEHAVE_TEST(wait_efault_keeps_all, 20, BEHAVE_EPOLL,
	    "when the first event cannot be written all stay, in their order, level- and edge-triggered")
{
	int ep = behave_create(), lt[2], et[2];

	behave_eventfds(ep, lt, 2, EPOLLIN, true);
	behave_eventfds(ep, et, 2, EPOLLIN | EPOLLET, true);
	for (int i = 0; i < 3; i++)
		GUEST_FAILS(behave_wait(ep, behave_before_hole(0), 8, 0),
			    EFAULT);
	BEHAVE_EXPECT_FDS(ep, 8, lt[0], lt[1], et[0], et[1]);
	BEHAVE_EXPECT_FDS(ep, 8, lt[0], lt[1]);
}
BEHAVE_KNOWN(wait_efault_keeps_all, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(wait_efault_keeps_all, BEHAVE_MULTIPASS,
	     BEHAVE_EFAULTS);
BEHAVE_KNOWN(wait_efault_keeps_all, BEHAVE_WFCQUEUE,
	     BEHAVE_TAIL);

BEHAVE_TEST(wait_read_only_array, 20, BEHAVE_EPOLL,
	    "an array that cannot be written is EFAULT, and nothing is lost")
{
	void *array = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	int ep = behave_create(), fd;

	ck_assert(array != MAP_FAILED);
	behave_eventfds(ep, &fd, 1, EPOLLIN | EPOLLET, true);
	GUEST_FAILS(behave_wait(ep, array, 8, 0), EFAULT);
	behave_expect(ep, fd, EPOLLIN);
}
BEHAVE_KNOWN(wait_read_only_array, BEHAVE_MULTIPASS,
	     BEHAVE_EFAULTS);

BEHAVE_TEST(wait_half_an_event_efault, 20, BEHAVE_EPOLL,
	    "an event that can be written in part is EFAULT and told whole in the next wait")
{
	static const size_t sizes[] = { 1, 4, 8, sizeof(struct epoll_event) - 1 };
	int ep = behave_create(), fd;

	behave_eventfds(ep, &fd, 1, EPOLLIN | EPOLLET, true);
	for_each_of(i, sizes)
		GUEST_FAILS(behave_wait(ep, behave_before_hole(sizes[i]), 1, 0),
			    EFAULT);
	behave_expect(ep, fd, EPOLLIN);
	behave_none(ep);
}
BEHAVE_KNOWN(wait_half_an_event_efault, BEHAVE_MULTIPASS,
	     BEHAVE_EFAULTS);

BEHAVE_TEST(wait_partly_writable, 20, BEHAVE_EPOLL,
	    "what fits before the hole is returned, and the rest in the next wait: each edge once")
{
	struct epoll_event *ev = behave_before_hole(2 * sizeof(*ev));
	int ep = behave_create(), fd[5];

	behave_eventfds(ep, fd, 5, EPOLLIN | EPOLLET, true);
	GUEST_RETURNS(behave_wait(ep, ev, 8, 0), 2);
	ck_assert_int_eq(ev[0].data.fd, fd[0]);
	ck_assert_int_eq(ev[1].data.fd, fd[1]);
	BEHAVE_EXPECT_FDS(ep, 8, fd[2], fd[3], fd[4]);
	behave_none(ep);
}
BEHAVE_KNOWN(wait_partly_writable, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(wait_partly_writable, BEHAVE_MULTIPASS,
	     BEHAVE_LIFO);
BEHAVE_KNOWN(wait_partly_writable, BEHAVE_WFCQUEUE,
	     BEHAVE_TAIL);

BEHAVE_TEST(wait_partly_writable_in_an_event, 20, BEHAVE_EPOLL,
	    "an event that lies across the hole is not counted and told in the next wait")
{
	struct epoll_event *ev = behave_before_hole(2 * sizeof(*ev) + 4);
	int ep = behave_create(), fd[4];

	behave_eventfds(ep, fd, 4, EPOLLIN | EPOLLET, true);
	GUEST_RETURNS(behave_wait(ep, ev, 8, 0), 2);
	BEHAVE_EXPECT_FDS(ep, 8, fd[2], fd[3]);
}
BEHAVE_KNOWN(wait_partly_writable_in_an_event, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(wait_partly_writable_in_an_event, BEHAVE_MULTIPASS,
	     BEHAVE_EFAULTS);
BEHAVE_KNOWN(wait_partly_writable_in_an_event, BEHAVE_WFCQUEUE,
	     BEHAVE_TAIL);

BEHAVE_TEST(wait_partly_writable_level, 20, BEHAVE_EPOLL,
	    "level-triggered: after a hole those come first that had no room, then those that were told")
{
	struct epoll_event *ev = behave_before_hole(2 * sizeof(*ev));
	int ep = behave_create(), fd[4];

	behave_eventfds(ep, fd, 4, EPOLLIN, true);
	GUEST_RETURNS(behave_wait(ep, ev, 8, 0), 2);
	BEHAVE_EXPECT_FDS(ep, 8, fd[2], fd[3], fd[0], fd[1]);
}
BEHAVE_KNOWN(wait_partly_writable_level, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(wait_partly_writable_level, BEHAVE_SINGLEPASS,
	     BEHAVE_HEAD);
BEHAVE_KNOWN(wait_partly_writable_level, BEHAVE_MULTIPASS,
	     BEHAVE_LIFO);
BEHAVE_KNOWN(wait_partly_writable_level, BEHAVE_WFCQUEUE,
	     BEHAVE_TAIL);

BEHAVE_TEST(wait_partly_writable_oneshot, 20, BEHAVE_EPOLL,
	    "one-shot: what was returned before the hole is silent, what met the hole keeps its shot")
{
	struct epoll_event *ev = behave_before_hole(sizeof(*ev));
	int ep = behave_create(), fd[3];

	behave_eventfds(ep, fd, 3, EPOLLIN | EPOLLONESHOT, true);
	GUEST_RETURNS(behave_wait(ep, ev, 8, 0), 1);
	BEHAVE_EXPECT_FDS(ep, 8, fd[1], fd[2]);
	behave_none(ep);
}
BEHAVE_KNOWN(wait_partly_writable_oneshot, BEHAVE_LLISTS,
	     BEHAVE_STACK);
BEHAVE_KNOWN(wait_partly_writable_oneshot, BEHAVE_MULTIPASS,
	     BEHAVE_LIFO);
BEHAVE_KNOWN(wait_partly_writable_oneshot, BEHAVE_WFCQUEUE,
	     BEHAVE_TAIL);

BEHAVE_TEST(wait_writes_no_more, 20, BEHAVE_EPOLL,
	    "a wait writes the events that it returns and not a byte behind them")
{
	struct epoll_event ev[6];
	int ep = behave_create(), fd[3];

	behave_eventfds(ep, fd, 3, EPOLLIN, true);
	memset(ev, 0xa5, sizeof(ev));
	GUEST_RETURNS(behave_wait(ep, ev, 6, 0), 3);
	for (size_t i = 3 * sizeof(*ev); i < sizeof(ev); i++)
		ck_assert_uint_eq(((unsigned char *)ev)[i], 0xa5);
	GUEST_RETURNS(behave_wait(ep, ev + 4, 1, 0), 1);
	for (size_t i = 5 * sizeof(*ev); i < sizeof(ev); i++)
		ck_assert_uint_eq(((unsigned char *)ev)[i], 0xa5);
}

BEHAVE_TEST(wait_not_open_ebadf, 20, BEHAVE_EPOLL,
	    "a wait on what is not open is EBADF")
{
	struct timespec t = { 0, 0 };
	struct epoll_event ev[1];
	int ep = behave_create();

	GUEST_FAILS(behave_wait(-1, ev, 1, 0), EBADF);
	GUEST_RETURNS(close(ep), 0);
	GUEST_FAILS(behave_wait(ep, ev, 1, 0), EBADF);
	GUEST_FAILS(behave_pwait2(ep, ev, 1, &t, NULL), EBADF);
}

/* No time: too low, too high, and both. */
static const struct timespec bad_times[] = {
	{ -1, 0 }, { LONG_MIN, 0 }, { 0, -1 }, { 0, LONG_MIN }, { 0, 1000000000 },
	{ 0, LONG_MAX }, { 5, 1000000000 }, { -1, 1000000000 - 1 }, { -1, -1 },
};

BEHAVE_TEST(pwait2_bad_time_einval, 20, BEHAVE_EPOLL,
	    "a time with negative seconds, or nanoseconds outside of 0 to 999999999, is EINVAL, and what is ready stays")
{
	struct epoll_event ev[4];
	int ep = behave_create(), fd;

	behave_eventfds(ep, &fd, 1, EPOLLIN | EPOLLET, true);
	for_each_of(i, bad_times)
		GUEST_FAILS(behave_pwait2(ep, ev, 4, &bad_times[i], NULL),
			    EINVAL);
	behave_expect(ep, fd, EPOLLIN);
}

BEHAVE_TEST(pwait2_time_efault, 20, BEHAVE_EPOLL,
	    "a time that cannot be read whole is EFAULT")
{
	struct epoll_event ev[4];
	int ep = behave_create();

	GUEST_FAILS(behave_raw_wait(ep, ev, 4, BEHAVE_KERNEL_ADDRESS, NULL, 0),
		    EFAULT);
	GUEST_FAILS(behave_raw_wait(ep, ev, 4, behave_before_hole(0), NULL, 0),
		    EFAULT);
	GUEST_FAILS(behave_raw_wait(ep, ev, 4, behave_before_hole(8), NULL, 0),
		    EFAULT);
}

BEHAVE_TEST(pwait_mask_size_einval, 20, BEHAVE_EPOLL,
	    "a signal mask of any other size than 8 bytes is EINVAL; without a mask the size is not looked at")
{
	static const size_t sizes[] = { 0, 1, 4, 7, 9, 16, 128, SIZE_MAX };
	struct timespec t = { 0, 0 };
	struct epoll_event ev[4];
	int ep = behave_create();
	sigset_t mask;

	sigemptyset(&mask);
	for_each_of(i, sizes) {
		GUEST_FAILS(behave_raw_wait(ep, ev, 4, &t, &mask, sizes[i]),
			    EINVAL);
		GUEST_RETURNS(behave_raw_wait(ep, ev, 4, &t, NULL, sizes[i]),
			      0);
	}
	GUEST_RETURNS(behave_raw_wait(ep, ev, 4, &t, &mask, MASK_SIZE), 0);
}

BEHAVE_TEST(pwait_mask_efault, 20, BEHAVE_EPOLL,
	    "a signal mask that cannot be read whole is EFAULT")
{
	struct timespec t = { 0, 0 };
	struct epoll_event ev[4];
	int ep = behave_create();

	GUEST_FAILS(behave_raw_wait(ep, ev, 4, &t, BEHAVE_KERNEL_ADDRESS, MASK_SIZE),
		    EFAULT);
	GUEST_FAILS(behave_raw_wait(ep, ev, 4, &t, behave_before_hole(0),
				    MASK_SIZE), EFAULT);
	GUEST_FAILS(behave_raw_wait(ep, ev, 4, &t, behave_before_hole(4),
				    MASK_SIZE), EFAULT);
	GUEST_RETURNS(behave_raw_wait(ep, ev, 4, &t,
				      behave_before_hole(MASK_SIZE),
				      MASK_SIZE), 0);
}

BEHAVE_TEST(wait_order_of_checks, 20, BEHAVE_EPOLL,
	    "of several mistakes the first is told: time, signal mask, number of events, array")
{
	const struct timespec good = { 0, 0 }, bad = { 0, 1000000000 };
	void *hole = behave_before_hole(0);
	struct epoll_event ev[4];
	int ep = behave_create();
	sigset_t mask;

	sigemptyset(&mask);
	/* The address of the time before its value is known. */
	GUEST_FAILS(behave_raw_wait(ep, ev, 4, hole, &mask, 4), EFAULT);
	GUEST_FAILS(behave_raw_wait(ep, ev, 0, hole, NULL, 8), EFAULT);
	/* Its value before the mask's address. */
	GUEST_FAILS(behave_raw_wait(ep, ev, 4, &bad, hole, 8), EINVAL);
	GUEST_FAILS(behave_raw_wait(ep, BEHAVE_KERNEL_ADDRESS, 4, &bad, NULL, 8),
		    EINVAL);
	/* The mask's size before its address. */
	GUEST_FAILS(behave_raw_wait(ep, ev, 4, &good, hole, 4), EINVAL);
	/* The mask before the number of events and the array. */
	GUEST_FAILS(behave_raw_wait(ep, ev, 0, &good, hole, 8), EFAULT);
	GUEST_FAILS(behave_raw_wait(ep, BEHAVE_KERNEL_ADDRESS, 4, &good, &mask, 4),
		    EINVAL);
	/* The number before the array. */
	GUEST_FAILS(behave_raw_wait(ep, BEHAVE_KERNEL_ADDRESS, 0, &good, &mask, 8),
		    EINVAL);
	GUEST_FAILS(behave_raw_wait(ep, BEHAVE_KERNEL_ADDRESS, 4, &good, &mask, 8),
		    EFAULT);
}

/*
 * What a call says of a number that is no instance, with other arguments that are
 * wrong as well: the order is the kernel's of this boot, which is asked.
 */
struct no_instance {
	int closed, pipe;
};

static struct no_instance no_instance(void)
{
	struct no_instance n;
	int p[2];

	guest_pipe(p);
	n.pipe = p[0];
	n.closed = p[1];
	close(p[1]);
	return n;
}

BEHAVE_TEST(wait_order_of_errors, 20, BEHAVE_EPOLL,
	    "a wait on a number that is closed, or no instance, with more that is wrong: the errno is the kernel's of this boot")
{
	static struct epoll_event ev[1];
	const int max[] = { 1, 0, -1, INT_MAX };
	struct no_instance none = no_instance();
	const int fd[] = { none.closed, none.pipe, -1 };
	void *const array[] = { ev, BEHAVE_KERNEL_ADDRESS };

	for_each_of(f, fd) for_each_of(m, max) for_each_of(a, array) {
		int want;

		ck_assert_int_eq(epoll_wait(fd[f], array[a], max[m], 0), -1);
		want = errno;
		ck_assert_int_eq(behave_wait(fd[f], array[a], max[m], 0), -1);
		ck_assert_msg(errno == want, "number %zu, room %d, array %zu: %s, and not %s",
			      f, max[m], a, strerror(errno), strerror(want));
	}
}

BEHAVE_TEST(ctl_order_of_errors, 20, BEHAVE_EPOLL,
	    "so for epoll_ctl, with descriptors and events that are wrong as well")
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct no_instance none = no_instance();
	const int fd[] = { none.closed, none.pipe, -1 };
	const int what[] = { guest_eventfd(), guest_null(), none.closed };
	const int op[] = { EPOLL_CTL_ADD, EPOLL_CTL_DEL, 77 };
	struct epoll_event *const event[] = { &ev, NULL };

	for_each_of(f, fd) for_each_of(w, what) for_each_of(o, op)
		for_each_of(e, event) {
			int want;

			ck_assert_int_eq(epoll_ctl(fd[f], op[o], what[w],
						   event[e]), -1);
			want = errno;
			ck_assert_int_eq(behave_ctl(fd[f], op[o], what[w],
						    event[e]), -1);
			ck_assert_msg(errno == want, "number %zu, file %zu, op %d, event %zu: %s, and not %s",
				      f, w, op[o], e, strerror(errno),
				      strerror(want));
		}
}

BEHAVE_TEST(create_flags, 20, BEHAVE_EPOLL,
	    "the flags of an instance are O_RDWR and nothing else, close-on-exec or not")
{
	int plain = behave_try_create(0), cloexec = behave_try_create(EPOLL_CLOEXEC);

	GUEST_RETURNS(fcntl(plain, F_GETFL), O_RDWR);
	GUEST_RETURNS(fcntl(cloexec, F_GETFL), O_RDWR);
	GUEST_RETURNS(fcntl(plain, F_GETFD), 0);
	GUEST_RETURNS(fcntl(cloexec, F_GETFD), FD_CLOEXEC);
}
