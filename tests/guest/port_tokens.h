/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * port_tokens.h - traffic with many waiters, in which every byte is accounted for
 *
 * As tokens.h, for the designs of behave.h.  A lane is a source with a writer's
 * and a reader's end.  Its bytes are numbered, and a writer sends the next few
 * only when all before were read: so an event that is lost leaves its lane
 * stuck, and at the end of the traffic it is found there.
 *
 * What could hide a loss is avoided: waiters sleep without a timeout, and
 * whoever disturbs a lane (by a MOD, say, which looks at the file and so
 * repairs what was lost) leaves it alone until a byte that was sent after that
 * has come through.  Half of the lanes nobody disturbs.
 *
 * A store that loses events on purpose gets a mender: it gives every lane that
 * is stuck a MOD.  That costs no byte, and shows that only events get lost, and
 * never an item.
 */
#ifndef PORT_TOKENS_H
#define PORT_TOKENS_H

#include "behave.h"
#include "tokens.h"

/**
 * struct port_lane - a source
 * @rfd: watched, read by whoever is told; the number stays, the file may not
 * @wfd: written by the writers
 * @kind: what it is
 * @touched: churners may disturb it
 * @inner: which of the inner instances watches it, -1: the one that is waited on
 * @gen: how many files were under the numbers before
 * @sent: bytes written, or about to be
 * @got: bytes read
 * @mark: @sent when it was disturbed last
 * @owner: who was told of a one-shot lane, and has not armed it again
 * @write: one writer at a time; guards @sent
 * @read: one reader at a time; guards @got, and with @write @gen
 * @touch: one churner at a time; guards @mark
 */
struct port_lane {
	int rfd, wfd;
	enum lane_kind kind;
	bool touched;
	int inner;
	unsigned int gen;
	unsigned long sent, got, mark;
	int owner;
	pthread_mutex_t write, read, touch;
};

/** INNER - instances in the instance: one of the same design, one epoll. */
#define INNER	2

/**
 * struct traffic - what goes on in one instance
 * @ep: the instance
 * @inner: instances that it watches, or -1
 * @mode: how lanes are watched: EPOLLIN, and EPOLLET and EPOLLONESHOT if wanted
 * @control: an eventfd in the set that tells the waiters to end
 * @lanes: how many lanes there are
 * @stop: writers and churners have to end
 * @ended: the waiters have ended
 * @told: lanes told to waiters
 * @signals: signals taken by waiters
 * @mended: lanes that stood still and got a MOD, see above
 * @lane: in memory that children share, as all of this
 */
struct traffic {
	int ep;
	int inner[INNER];
	uint32_t mode;
	int control;
	int lanes;
	bool stop, ended;
	unsigned long told, signals, mended;
	struct port_lane lane[];
};

/* What an event's data says: one of these, a lane's gen << 32, a number. */
#define COOKIE_LANE	(1ull << 56)
#define COOKIE_SECOND	(2ull << 56)	/* another number for a lane */
#define COOKIE_INNER	(3ull << 56)
#define COOKIE_CONTROL	(4ull << 56)
#define COOKIE_FOREIGN	(5ull << 56)	/* nobody cares */

/* Numbers that nothing else gets, so that one can be closed and used again. */
enum { LANE_FD = 512, SECOND_FD = 400 };

/** traffic_open() - an instance with @lanes lanes, of all kinds in turn; with
 *  @inner some of them are in inner instances; asserts.
 */
struct traffic *traffic_open(uint32_t mode, int lanes, bool inner);

/** traffic_goes_on() - true until writers and churners have to end. */
bool traffic_goes_on(const struct traffic *t);

/** lane_set() - behave_ctl() for lane @i on the instance that watches it */
int lane_set(struct traffic *t, int op, int i, uint32_t events);

/** lane_open() - put new ends on the numbers of a lane that is not watched. */
void port_lane_open(struct port_lane *l, enum lane_kind kind);

/** inner_add() - watch inner instance @k; -1 with errno */
int inner_add(struct traffic *t, int k);

/** inner_open() - a new instance to be inner instance @k; asserts. */
int inner_open(const struct traffic *t, int k);

/** inner_ctl() - behave_ctl() on what inner_open() opened */
int inner_ctl(const struct traffic *t, int k, int ep, int op, int fd,
	      struct epoll_event *ev);

/** lane_touch() - begin to disturb lane @i; false: not now. */
bool lane_touch(struct traffic *t, int i);

/** lane_leave() - and end it. */
void lane_leave(struct traffic *t, int i);

/** typedef port_churn - a thread that disturbs a struct traffic. */
typedef void *port_churn(void *arg);

/**
 * struct traffic_plan - who takes part
 * @waiters: threads that wait
 * @child_waiters: processes that wait
 * @writers: threads that write
 * @signals: waiters are sent signals, and wait with timeouts and masks
 * @churn: threads that disturb, NULL at the end; or NULL
 */
struct traffic_plan {
	int waiters;
	int child_waiters;
	int writers;
	bool signals;
	port_churn *const *churn;
};

/** traffic_run() - let it go on for port_seconds(), and account for it. */
void traffic_run(struct traffic *t, const struct traffic_plan *plan);

#ifndef GUEST_HELPERS
#define traffic_open(...)	GUEST_AT((traffic_open)(__VA_ARGS__))
#define traffic_run(...)	GUEST_AT((traffic_run)(__VA_ARGS__))
#endif

/** port_seconds() - how long to go on: STRESS_SECONDS, or 3; the kernel's own
 *  epoll, which is not what is tested, gets a tenth.
 */
int port_seconds(void);

/** port_pause() - sleep for all of port_seconds(). */
void port_pause(void);

/** port_loses() - is it a design that loses events on purpose? */
bool port_loses(void);

/*
 * The tests: one for each design, named DESIGN_NAME, all in suite portstress.
 * The body runs in a child, so that with its end all is closed, and nothing may
 * be left over then.
 */
void port_stress_register(struct guest_test tests[BEHAVE_DESIGNS],
			  const struct guest_test *model);
void port_stress_body(void (*body)(void));

#define PORT_STRESS(name, text)						\
	static void stress_body_##name(void);				\
	static void stress_fn_##name(int i __attribute__((unused)))	\
	{								\
		port_stress_body(stress_body_##name);			\
	}								\
	__attribute__((constructor))					\
	static void stress_ctor_##name(void)				\
	{								\
		static const struct guest_test model = {		\
			"portstress", text, 300,			\
			{ #name, stress_fn_##name, __FILE__, __LINE__ }, \
			NULL, NULL, NULL				\
		};							\
		static struct guest_test tests[BEHAVE_DESIGNS];		\
									\
		port_stress_register(tests, &model);			\
	}								\
	static void stress_body_##name(void)

#endif /* PORT_TOKENS_H */
