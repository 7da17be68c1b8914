/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * behave.h - tests that are written once and run on every design
 *
 *	BEHAVE_TEST(level_again, 20, BEHAVE_EPOLL,
 *		    "level-triggered: what is not drained is told again")
 *	{
 *		int p[2], ep = behave_create();
 *
 *		behave_pipe(ep, p, EPOLLIN);
 *		guest_put(p[1]);
 *		behave_expect(ep, p[0], EPOLLIN);
 *		behave_expect(ep, p[0], EPOLLIN);
 *	}
 *
 * makes the tests epoll.level_again, ovflist.level_again, ... : one for each
 * design that claims the behaviour, and each of these is a suite.  The kernel's
 * own epoll comes first and is the judge: a test that it does not pass is wrong.
 * The suite "epoll" needs no module and runs on any machine.
 *
 * behave_ctl() and the waits take the arguments of the system calls, and
 * return -1 with errno as those do.
 */
#ifndef BEHAVE_H
#define BEHAVE_H

#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <time.h>

#include "guest.h"

/* The designs in the order of the suites: the judge, the stores, /dev/epoll twice. */
enum {
	BEHAVE_NR_KERNEL,
#define STORE(id, NUMBER, name, about) BEHAVE_NR_##NUMBER,
#include "designs.def"
	BEHAVE_NR_DEVEPOLL,
	BEHAVE_NR_TAKE,			/* the same, and takes before it waits */
	BEHAVE_DESIGNS,			/* how many there are */
};

/* Which designs a test is for: BEHAVE_OVFLIST and so on for the stores. */
enum {
	BEHAVE_KERNEL = 1 << BEHAVE_NR_KERNEL,	/* the kernel's own epoll */
#define STORE(id, NUMBER, name, about) BEHAVE_##NUMBER = 1 << BEHAVE_NR_##NUMBER,
#include "designs.def"
	/* edges only, one waiter, no data word */
	BEHAVE_DEVEPOLL = 1 << BEHAVE_NR_DEVEPOLL | 1 << BEHAVE_NR_TAKE,

	/* every store of the port */
	BEHAVE_PORT = (1 << BEHAVE_NR_DEVEPOLL) - (BEHAVE_KERNEL << 1),
};

/** BEHAVE_LLISTS - the half-lockless list, and what is known of its order. */
#define BEHAVE_LLISTS	(BEHAVE_LLIST | BEHAVE_LLIST_V1)
#define BEHAVE_STACK	"2025: the ready list is a stack, the newest is told first (llist_del_first)"
/** BEHAVE_HEAD - what is known of the order of May 2007. */
#define BEHAVE_HEAD	"6192bd536f: what was told goes back to the head, before what had no room"
/* What is known of 2.6.21. */
#define BEHAVE_LIFO	"2.6.21: what is collected is told newest first (ep_collect_ready_items, list_add)"
#define BEHAVE_EFAULTS	"2.6.21: an edge that was collected is not put back after EFAULT (ep_reinject_items)"
/* What is known of the RFC v3 of 2013. */
#define BEHAVE_TAIL	"RFC v3 of 2013: what could not be written goes to the tail (ep_send_events, wfcq_enqueue to txlhead)"
#define BEHAVE_STAYS	"RFC v3 of 2013: an item is READY until it is told (ep_send_events, EP_STATE_IDLE): the exhibit"
#define BEHAVE_SILENT	"RFC v3 of 2013: what a poll of the instance saw stays READY (ep_poll_readyevents_proc), and the next event of it wakes nobody (ep_poll_callback)"
/** BEHAVE_WFCQUEUES - the wait-free queue as it was posted, and repaired. */
#define BEHAVE_WFCQUEUES	(BEHAVE_WFCQUEUE | BEHAVE_WFCQUEUE_IDLE)
/** BEHAVE_HERDS - those in which an event wakes all waiters. */
#define BEHAVE_HERDS	(BEHAVE_SINGLEPASS | BEHAVE_MULTIPASS)
/** BEHAVE_LOSES - those that lose an event that comes while they hand out. */
enum {
	BEHAVE_LOSES = 0
#define LOSES(id, NUMBER, name)	| BEHAVE_##NUMBER
#include "designs.def"
};
/** BEHAVE_EPOLL - all that is epoll: the usual choice. */
#define BEHAVE_EPOLL	(BEHAVE_KERNEL | BEHAVE_PORT)
/** BEHAVE_EVERY - all that is epoll, and /dev/epoll too. */
#define BEHAVE_EVERY	(BEHAVE_EPOLL | BEHAVE_DEVEPOLL)

/** behave_names - of the designs, in the order of the bits. */
extern const char *const behave_names[BEHAVE_DESIGNS];

void behave_register(struct guest_test tests[BEHAVE_DESIGNS],
		     const struct guest_test *model, unsigned int designs);

/**
 * BEHAVE_TEST() - open the body of a test
 * @name: bare; the same in every suite
 * @secs: timeout in seconds on a machine of usual speed
 * @designs: which claim the behaviour
 * @text: what it proves, one sentence
 */
#define BEHAVE_TEST(name, secs, designs, text)				\
	static void behave_fn_##name(int guest_i);			\
	__attribute__((constructor))					\
	static void behave_ctor_##name(void)				\
	{								\
		static const struct guest_test model = {		\
			NULL, text, secs,				\
			{ #name, behave_fn_##name, __FILE__, __LINE__ }, \
			NULL, NULL, NULL				\
		};							\
		static struct guest_test tests[BEHAVE_DESIGNS];		\
									\
		behave_register(tests, &model, designs);		\
	}								\
	static void behave_fn_##name(int guest_i __attribute__((unused)))

void behave_known(const char *name, unsigned int designs, const char *text);

/**
 * BEHAVE_KNOWN() - this test fails for some designs, and will go on to
 * @name: of the test, above in the same file
 * @designs: bits
 * @text: why; where the design's original has it so
 */
#define BEHAVE_KNOWN(name, designs, text)				\
	BEHAVE_KNOWN_(name, designs, text, __LINE__)
#define BEHAVE_KNOWN_(name, designs, text, line)			\
	BEHAVE_KNOWN__(name, designs, text, line)
#define BEHAVE_KNOWN__(name, designs, text, line)			\
	__attribute__((constructor))					\
	static void behave_known_##line##_##name(void)			\
	{								\
		behave_known(#name, designs, text);			\
	}								\
	struct guest_test

/** behave_design() - the bit of the design that the running test is for. */
unsigned int behave_design(void);

/** behave_create() - a new instance, close-on-exec; asserts. */
int behave_create(void);

/** behave_try_create() - the same with EPOLL_CLOEXEC or 0; -1 with errno. */
int behave_try_create(int flags);

/* As epoll_ctl(2), epoll_wait(2), epoll_pwait(2), epoll_pwait2(2). */
int behave_ctl(int ep, int op, int fd, struct epoll_event *ev);
int behave_wait(int ep, struct epoll_event *ev, int max, int ms);
int behave_pwait(int ep, struct epoll_event *ev, int max, int ms,
		 const sigset_t *mask);
int behave_pwait2(int ep, struct epoll_event *ev, int max,
		  const struct timespec *t, const sigset_t *mask);

/** behave_raw_wait() - behave_pwait2() with nothing looked at on the way: @t and
 *  @mask may be bad addresses, and @size need not be a mask's.
 */
int behave_raw_wait(int ep, void *ev, int max, const void *t,
		    const void *mask, size_t size);

/** behave_set() - behave_ctl() with @events and @fd as data; -1 with errno. */
int behave_set(int ep, int op, int fd, uint32_t events);

/** behave_add(), behave_mod(), behave_del() - the same; assert success. */
void behave_add(int ep, int fd, uint32_t events);
void behave_mod(int ep, int fd, uint32_t events);
void behave_del(int ep, int fd);

/**
 * behave_until_empty() - wait until it watches nothing
 *
 * A close that falls into the asking of its file is done by a worker, within a tick.
 */
void behave_until_empty(int ep);

/** behave_pipe() - a new pipe, its reading end watched. */
void behave_pipe(int ep, int p[2], uint32_t events);

/**
 * behave_eventfds() - @n eventfds, watched for @events
 * @ready: they are made ready, in this order
 */
void behave_eventfds(int ep, int *fd, int n, uint32_t events, bool ready);

/** behave_expect() - the next wait has one event: @fd with @events. */
void behave_expect(int ep, int fd, uint32_t events);

/** behave_expect_fds() - a wait for @max events tells these @n, in this order. */
void behave_expect_fds(int ep, int max, const int *fds, int n);

#define BEHAVE_EXPECT_FDS(ep, max, ...) do {				\
	const int expect_list[] = { __VA_ARGS__ };			\
									\
	GUEST_HERE;							\
	behave_expect_fds(ep, max, expect_list,				\
			  (int)(sizeof(expect_list) / sizeof(int)));	\
} while (0)

/** behave_none() - a wait with timeout 0 has nothing. */
void behave_none(int ep);

/** behave_items() - how many items the instance has, by its fdinfo. */
int behave_items(int ep);

/** behave_in_wait() - wait until thread @tid of this process sleeps in a wait
 *  on @ep; asserts.
 */
void behave_in_wait(int ep, pid_t tid);

/** for_each_of() - with @i from 0 for each element of @array */
#define for_each_of(i, array)	\
	for (size_t i = 0; i < sizeof(array) / sizeof((array)[0]); i++)

/** BEHAVE_KERNEL_ADDRESS - one that no program can have. */
#define BEHAVE_KERNEL_ADDRESS	((void *)0xffff888000000000UL)

/** behave_before_hole() - @n bytes with none behind them; asserts. */
void *behave_before_hole(size_t n);

/** BEHAVE_WAITER_EVENTS - the most that a waiter takes. */
#define BEHAVE_WAITER_EVENTS	16

/**
 * struct behave_waiter - a thread in behave_pwait() or behave_pwait2()
 * @ep: the instance; set by the test, as are the next six
 * @max: events to take; 0 means BEHAVE_WAITER_EVENTS
 * @ms: timeout
 * @pwait2: wait with behave_pwait2(), for @t
 * @t: timeout of @pwait2
 * @mask: signals to block meanwhile, or NULL
 * @setup: called in the thread beforehand, or NULL
 * @thread: for pthread_kill()
 * @tid: its number
 * @n: outcome of the call
 * @err: errno when @n is below 0
 * @ev: the events
 *
 *	struct behave_waiter w = { .ep = ep, .ms = -1 };
 *
 *	behave_waiter_start(&w);
 *	guest_put(p[1]);
 *	behave_waiter_got(&w, p[0], EPOLLIN);
 */
struct behave_waiter {
	int ep;
	int max;
	int ms;
	bool pwait2;
	const struct timespec *t;
	const sigset_t *mask;
	void (*setup)(struct behave_waiter *w);
	pthread_t thread;
	pid_t tid;
	int n;
	int err;
	struct epoll_event ev[BEHAVE_WAITER_EVENTS];
};

/** behave_waiter_start() - start the thread; returns when it sleeps. */
void behave_waiter_start(struct behave_waiter *w);

/** behave_waiter_sleeps() - assert that it does, still.  A thread that is woken
 *  and finds an event leaves the call, so after the test's step nothing has to
 *  be waited for: the one that still sleeps was left alone.
 */
void behave_waiter_sleeps(const struct behave_waiter *w);

/** behave_waiter_join() - wait for the end of the call: @n, or -errno. */
int behave_waiter_join(struct behave_waiter *w);

/** behave_waiter_got() - the same, with one event: @fd with @events. */
void behave_waiter_got(struct behave_waiter *w, int fd, uint32_t events);

#ifndef GUEST_HELPERS
#define behave_create(...)	GUEST_AT((behave_create)(__VA_ARGS__))
#define behave_add(...)		GUEST_AT((behave_add)(__VA_ARGS__))
#define behave_until_empty(...)	GUEST_AT((behave_until_empty)(__VA_ARGS__))
#define behave_pipe(...)	GUEST_AT((behave_pipe)(__VA_ARGS__))
#define behave_eventfds(...)	GUEST_AT((behave_eventfds)(__VA_ARGS__))
#define behave_mod(...)		GUEST_AT((behave_mod)(__VA_ARGS__))
#define behave_del(...)		GUEST_AT((behave_del)(__VA_ARGS__))
#define behave_expect(...)	GUEST_AT((behave_expect)(__VA_ARGS__))
#define behave_none(...)	GUEST_AT((behave_none)(__VA_ARGS__))
#define behave_items(...)	GUEST_AT((behave_items)(__VA_ARGS__))
#define behave_in_wait(...)	GUEST_AT((behave_in_wait)(__VA_ARGS__))
#define behave_before_hole(...)	GUEST_AT((behave_before_hole)(__VA_ARGS__))
#define behave_waiter_start(...)	GUEST_AT((behave_waiter_start)(__VA_ARGS__))
#define behave_waiter_sleeps(...)	GUEST_AT((behave_waiter_sleeps)(__VA_ARGS__))
#define behave_waiter_join(...)	GUEST_AT((behave_waiter_join)(__VA_ARGS__))
#define behave_waiter_got(...)	GUEST_AT((behave_waiter_got)(__VA_ARGS__))
#endif

#endif /* BEHAVE_H */
