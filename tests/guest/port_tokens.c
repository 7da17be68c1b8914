// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_tokens.c - traffic with many waiters, in which every byte is accounted for
 *
 * The loops compare for themselves and call libcheck only when it is bad: each
 * assertion that it passes costs a system call.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define GUEST_HELPERS
#include "port_tokens.h"

enum { MOST_EVENTS = 64, MOST_THREADS = 16 };

int port_seconds(void)
{
	int n = getenv("STRESS_SECONDS") ? stress_seconds() : 3;

	/* by epoll-run it is another's */
	if (behave_design() == BEHAVE_KERNEL && !getenv("EPOLL_RUN_DESIGN"))
		return (n + 9) / 10;
	return n;
}

void port_pause(void)
{
	struct timespec ts = { .tv_sec = port_seconds() };

	nanosleep(&ts, NULL);
}

bool port_loses(void)
{
	return behave_design() & BEHAVE_LOSES;
}

bool traffic_goes_on(const struct traffic *t)
{
	return !__atomic_load_n(&t->stop, __ATOMIC_RELAXED);
}

/* ---- lanes and instances ---- */

static void move_to(int fd, int at)
{
	guest_check(dup3(fd, at, O_CLOEXEC) == at, "dup3: %s", strerror(errno));
	close(fd);
}

void port_lane_open(struct port_lane *l, enum lane_kind kind)
{
	int fd[2], on = 1;

	switch (kind) {
	case LANE_PIPE:
		guest_pipe(fd);
		break;
	case LANE_UNIX:
		guest_unix(fd);
		break;
	case LANE_TCP:
		guest_tcp(fd);
		/* each byte goes out at once */
		setsockopt(fd[1], IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		break;
	default:
		fd[0] = guest_eventfd();
		fd[1] = -1;
	}
	l->kind = kind;
	move_to(fd[0], l->rfd);
	if (fd[1] >= 0)
		move_to(fd[1], l->wfd);
	else
		close(l->wfd);
}

/* The second one is the kernel's, whatever the design. */
int inner_open(const struct traffic *t, int k)
{
	int ep = k ? epoll_create1(EPOLL_CLOEXEC) : behave_create();

	(void)t;
	guest_check(ep >= 0, "epoll_create1: %s", strerror(errno));
	return ep;
}

int inner_ctl(const struct traffic *t, int k, int ep, int op, int fd,
	      struct epoll_event *ev)
{
	(void)t;
	return k ? epoll_ctl(ep, op, fd, ev) : behave_ctl(ep, op, fd, ev);
}

/* Told until it is empty, as the lanes are: but an edge has to be told once. */
int inner_add(struct traffic *t, int k)
{
	struct epoll_event ev = {
		.events = EPOLLIN | (t->mode & EPOLLONESHOT ? 0 : t->mode),
		.data.u64 = COOKIE_INNER | (unsigned int)k,
	};

	return behave_ctl(t->ep, EPOLL_CTL_ADD, t->inner[k], &ev);
}

int lane_set(struct traffic *t, int op, int i, uint32_t events)
{
	struct port_lane *l = &t->lane[i];
	struct epoll_event ev = {
		.events = events,
		.data.u64 = COOKIE_LANE | (uint64_t)l->gen << 32 |
			    (unsigned int)i,
	};

	if (l->inner < 0)
		return behave_ctl(t->ep, op, l->rfd, &ev);
	return inner_ctl(t, l->inner, t->inner[l->inner], op, l->rfd, &ev);
}

static void shared_mutex(pthread_mutex_t *m)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setpshared(&a, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(m, &a);
	pthread_mutexattr_destroy(&a);
}

struct traffic *traffic_open(uint32_t mode, int lanes, bool inner)
{
	size_t size = sizeof(struct traffic) +
		      (size_t)lanes * sizeof(struct port_lane);
	struct epoll_event ev = {
		.events = EPOLLIN, .data.u64 = COOKIE_CONTROL,
	};
	struct traffic *t;
	int i;

	t = mmap(NULL, size, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	guest_check(t != MAP_FAILED, "mmap: %s", strerror(errno));
	guest_nofile(LANE_FD + 2 * lanes + 64);
	t->mode = mode;
	t->lanes = lanes;
	t->ep = behave_create();
	t->control = guest_eventfd();
	guest_check(!behave_ctl(t->ep, EPOLL_CTL_ADD, t->control, &ev),
		    "add of the control: %s", strerror(errno));
	for (i = 0; i < INNER; i++)
		t->inner[i] = inner ? inner_open(t, i) : -1;
	for (i = 0; inner && i < INNER; i++)
		guest_check(!inner_add(t, i), "add of inner instance %d: %s",
			    i, strerror(errno));
	for (i = 0; i < lanes; i++) {
		struct port_lane *l = &t->lane[i];

		l->rfd = LANE_FD + 2 * i;
		l->wfd = LANE_FD + 2 * i + 1;
		l->inner = inner && i % 8 >= 6 ? i % 8 - 6 : -1;
		l->touched = i % 2 || l->inner >= 0;
		shared_mutex(&l->write);
		shared_mutex(&l->read);
		shared_mutex(&l->touch);
		port_lane_open(l, (enum lane_kind)((i + i / 4) % LANE_KINDS));
		guest_check(!lane_set(t, EPOLL_CTL_ADD, i, mode),
			    "add of lane %d: %s", i, strerror(errno));
	}
	return t;
}

bool lane_touch(struct traffic *t, int i)
{
	struct port_lane *l = &t->lane[i];

	if (!l->touched || pthread_mutex_trylock(&l->touch))
		return false;
	/* all that was sent until it was disturbed last, and one byte more */
	if (__atomic_load_n(&l->got, __ATOMIC_ACQUIRE) > l->mark)
		return true;
	pthread_mutex_unlock(&l->touch);
	return false;
}

void lane_leave(struct traffic *t, int i)
{
	struct port_lane *l = &t->lane[i];

	l->mark = __atomic_load_n(&l->sent, __ATOMIC_ACQUIRE);
	pthread_mutex_unlock(&l->touch);
}

/* ---- writers ---- */

static bool send_burst(struct port_lane *l, int n)
{
	unsigned long sent;
	uint64_t one = 1;
	int i;

	if (pthread_mutex_trylock(&l->write))
		return false;
	sent = l->sent;
	if (__atomic_load_n(&l->got, __ATOMIC_ACQUIRE) != sent) {
		pthread_mutex_unlock(&l->write);
		return false;
	}
	__atomic_store_n(&l->sent, sent + (unsigned long)n, __ATOMIC_RELEASE);
	for (i = 0; i < n; i++) {
		unsigned char byte = (unsigned char)(sent + (unsigned long)i);
		ssize_t ret = l->kind == LANE_EVENTFD ?
			      write(l->rfd, &one, sizeof(one)) :
			      write(l->wfd, &byte, 1);

		guest_check(ret > 0, "write to lane at fd %d: %s", l->rfd,
			    strerror(errno));
	}
	pthread_mutex_unlock(&l->write);
	return true;
}

struct member {
	struct traffic *t;
	const struct traffic_plan *plan;
	int which;
	pid_t tid;
	pthread_t thread;
};

static void *writer(void *arg)
{
	struct member *m = arg;
	struct traffic *t = m->t;
	unsigned int seed = 61 + (unsigned int)m->which;
	int busy = 0;

	guest_where = *guest_last;
	while (traffic_goes_on(t)) {
		unsigned int i = stress_random(&seed) % (unsigned int)t->lanes;

		if (send_burst(&t->lane[i], 1 + (int)(stress_random(&seed) % 3)))
			busy = 0;
		else if (++busy > 16)
			sched_yield();
	}
	return NULL;
}

/* ---- waiters ---- */

/* All that is there, or one byte only. */
static void lane_take(struct port_lane *l, bool all)
{
	unsigned long got = l->got;
	unsigned char buf[16];
	uint64_t count;
	ssize_t n, i;

	do {
		if (l->kind == LANE_EVENTFD) {
			n = read(l->rfd, &count, sizeof(count));
			if (n > 0)
				got += count;
			continue;
		}
		n = read(l->rfd, buf, all ? sizeof(buf) : 1);
		for (i = 0; i < n; i++, got++)
			guest_check(buf[i] == (unsigned char)got,
				    "lane at fd %d: expected byte %#x, got %#x",
				    l->rfd, (unsigned char)got, buf[i]);
	} while (n > 0 && all);
	guest_check(n > 0 || (n < 0 && errno == EAGAIN),
		    "lane at fd %d: read: %s", l->rfd,
		    n ? strerror(errno) : "end of file");
	guest_check(got <= __atomic_load_n(&l->sent, __ATOMIC_ACQUIRE),
		    "lane at fd %d: %lu read, %lu sent", l->rfd, got, l->sent);
	__atomic_store_n(&l->got, got, __ATOMIC_RELEASE);
}

/* Edges are told once: all must be read.  Else what is left is told again. */
static void lane_told(struct traffic *t, const struct epoll_event *ev,
		      unsigned int *seed)
{
	unsigned int i = (uint32_t)ev->data.u64;
	unsigned int gen = ev->data.u64 >> 32 & 0xffff;
	bool again = t->mode & EPOLLONESHOT &&
		     (ev->data.u64 & COOKIE_SECOND) != COOKIE_SECOND;
	bool all = (t->mode & (EPOLLET | EPOLLONESHOT)) == EPOLLET ||
		   stress_random(seed) % 2;
	struct port_lane *l;
	int owner = 0;

	guest_check(i < (unsigned int)t->lanes, "told of lane %u of %d", i,
		    t->lanes);
	l = &t->lane[i];
	if (!l->touched) {
		guest_check(ev->events == EPOLLIN,
			    "lane %u: expected EPOLLIN, got %#x", i, ev->events);
		if (again)
			owner = __atomic_exchange_n(&l->owner, guest_gettid(),
						    __ATOMIC_ACQ_REL);
		guest_check(!owner, "one-shot lane %u is told, but %d has it",
			    i, owner);
	}
	pthread_mutex_lock(&l->read);
	/* else it is of a file that was closed since */
	if (gen == (l->gen & 0xffff)) {
		lane_take(l, all);
		__atomic_store_n(&l->owner, 0, __ATOMIC_RELEASE);
		/* a churner may just have removed it, and will add it */
		if (again && lane_set(t, EPOLL_CTL_MOD, (int)i, t->mode))
			guest_check(l->touched && errno == ENOENT,
				    "lane %u: MOD: %s", i, strerror(errno));
	}
	pthread_mutex_unlock(&l->read);
	__atomic_add_fetch(&t->told, 1, __ATOMIC_RELAXED);
}

static void inner_told(struct traffic *t, unsigned int k, unsigned int *seed)
{
	struct epoll_event ev[MOST_EVENTS];
	int max, n, i;

	guest_check(k < INNER, "told of inner instance %u", k);
	do {
		max = 1 + (int)(stress_random(seed) % MOST_EVENTS);
		n = k ? epoll_wait(t->inner[k], ev, max, 0) :
		    behave_wait(t->inner[k], ev, max, 0);
		guest_check(n >= 0 && n <= max,
			    "wait on inner instance %u: %d of %d: %s", k, n,
			    max, strerror(errno));
		for (i = 0; i < n; i++)
			lane_told(t, &ev[i], seed);
	} while (n && t->mode & EPOLLET);
}

/* Returns whether it is the end. */
static bool told(struct traffic *t, const struct epoll_event *ev,
		 unsigned int *seed)
{
	switch (ev->data.u64 >> 56 << 56) {
	case COOKIE_LANE:
	case COOKIE_SECOND:
		lane_told(t, ev, seed);
		return false;
	case COOKIE_INNER:
		inner_told(t, (uint32_t)ev->data.u64, seed);
		return false;
	case COOKIE_CONTROL:
		return true;
	case COOKIE_FOREIGN:
		return false;
	}
	guest_fail("told of %#llx with %#x", (unsigned long long)ev->data.u64,
		   ev->events);
}

/* Signals come to this thread in a wait only, and only if it says so there. */
static __thread bool may_come;
static __thread unsigned long signals;

static void on_signal(int sig)
{
	static const char why[] = "a signal came out of turn\n";

	(void)sig;
	signals++;
	if (may_come)
		return;
	if (write(STDERR_FILENO, why, sizeof(why) - 1) < 0)
		_exit(2);
	_exit(1);
}

static int wait_with_signals(int ep, struct epoll_event *ev, int max,
			     unsigned int *seed)
{
	struct timespec ts = {
		.tv_nsec = (long)(stress_random(seed) % 2000000),
	};
	sigset_t none, all;
	int n;

	sigemptyset(&none);
	sigfillset(&all);
	may_come = stress_random(seed) % 4;
	n = may_come ? behave_pwait(ep, ev, max, -1, &none) :
	    behave_pwait2(ep, ev, max, &ts, &all);
	may_come = false;
	return n;
}

static void *waiter(void *arg)
{
	struct member *m = arg;
	struct traffic *t = m->t;
	unsigned int seed = 71 + (unsigned int)m->which;
	struct epoll_event ev[MOST_EVENTS];
	bool end = false;
	sigset_t usr1;
	int max, n, i;

	/* what fails here is the fault of who called traffic_run() */
	guest_where = *guest_last;
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr1, NULL);
	__atomic_store_n(&m->tid, guest_gettid(), __ATOMIC_RELEASE);
	while (!end) {
		max = 1 + (int)(stress_random(&seed) % MOST_EVENTS);
		n = m->plan->signals ?
		    wait_with_signals(t->ep, ev, max, &seed) :
		    behave_wait(t->ep, ev, max, -1);
		if (n < 0 && errno == EINTR && m->plan->signals)
			continue;
		guest_check(n >= 0 && n <= max && (n || m->plan->signals),
			    "wait for %d events: %d: %s", max, n,
			    strerror(errno));
		for (i = 0; i < n; i++)
			end |= told(t, &ev[i], &seed);
	}
	__atomic_add_fetch(&t->signals, signals, __ATOMIC_RELAXED);
	return NULL;
}

/* ---- what comes beside ---- */

static void *pinger(void *arg)
{
	struct member *m = arg;
	unsigned int seed = 81;

	while (traffic_goes_on(m->t)) {
		struct timespec ts = {
			.tv_nsec = 50000 + (long)(stress_random(&seed) % 1000000),
		};
		int i = (int)(stress_random(&seed) %
			      (unsigned int)m->plan->waiters);

		syscall(SYS_tgkill, getpid(),
			__atomic_load_n(&m[1 + i].tid, __ATOMIC_ACQUIRE),
			SIGUSR1);
		nanosleep(&ts, NULL);
	}
	return NULL;
}

/* Is there a byte that nobody comes for? */
static bool lane_waits(const struct port_lane *l)
{
	return __atomic_load_n(&l->got, __ATOMIC_ACQUIRE) !=
	       __atomic_load_n(&l->sent, __ATOMIC_ACQUIRE);
}

static bool lanes_wait(const struct traffic *t)
{
	for (int i = 0; i < t->lanes; i++)
		if (lane_waits(&t->lane[i]))
			return true;
	return false;
}

/*
 * An item is only left behind when it is on the ready list with nothing to
 * tell, and new events find it there.  One-shot items that their owner alone
 * reads always have something to tell, so those are never mended.
 */
static void *mender(void *arg)
{
	struct traffic *t = arg;
	struct { unsigned long sent; int looks; } *seen;
	int i;

	seen = calloc((size_t)t->lanes, sizeof(*seen));
	while (!__atomic_load_n(&t->ended, __ATOMIC_ACQUIRE)) {
		struct timespec pause = { 0, 50000000 };
		struct epoll_event ev = {
			.events = EPOLLIN, .data.u64 = COOKIE_CONTROL,
		};

		nanosleep(&pause, NULL);
		for (i = 0; i < t->lanes; i++) {
			struct port_lane *l = &t->lane[i];
			unsigned long sent = __atomic_load_n(&l->sent, __ATOMIC_ACQUIRE);
			int k = l->inner;

			if (!lane_waits(l) || sent != seen[i].sent ||
			    (t->mode & EPOLLONESHOT && !l->touched)) {
				seen[i].sent = sent;
				seen[i].looks = 0;
				continue;
			}
			/* a while, so that few are mended that were only slow */
			if (++seen[i].looks < 4)
				continue;
			seen[i].looks = 0;
			pthread_mutex_lock(&l->touch);
			lane_set(t, EPOLL_CTL_MOD, i, t->mode);
			pthread_mutex_unlock(&l->touch);
			ev.events = EPOLLIN | (t->mode & EPOLLET);
			ev.data.u64 = COOKIE_INNER | (unsigned int)k;
			if (k >= 0)
				behave_ctl(t->ep, EPOLL_CTL_MOD, t->inner[k],
					   &ev);
			__atomic_add_fetch(&t->mended, 1, __ATOMIC_RELAXED);
		}
		ev.events = EPOLLIN;
		ev.data.u64 = COOKIE_CONTROL;
		if (!traffic_goes_on(t))
			behave_ctl(t->ep, EPOLL_CTL_MOD, t->control, &ev);
	}
	free(seen);
	return NULL;
}

/* Everybody has stopped, and a byte is still there. */
__attribute__((noreturn))
static void lost(const struct traffic *t)
{
	int n = 0, first = -1;

	for (int i = t->lanes; i-- > 0;) {
		if (!lane_waits(&t->lane[i]))
			continue;
		n++;
		first = i;
	}
	guest_fail("%d of %d lanes are stuck: lane %d, kind %d, %s%s, told %lu, sent %lu, got %lu, disturbed at %lu, poll says %#x",
		   n, t->lanes, first, t->lane[first].kind,
		   t->lane[first].touched ? "disturbed" : "undisturbed",
		   t->lane[first].inner >= 0 ? ", inner" : "", t->told,
		   t->lane[first].sent, t->lane[first].got,
		   t->lane[first].mark, guest_poll(t->lane[first].rfd, POLLIN));
}

static void account(struct traffic *t)
{
	struct timespec pause = { 0, 1000000 };
	long end = guest_ms() + 2 * GUEST_WAIT_MS;
	unsigned long sum = 0;
	int i;

	while (lanes_wait(t)) {
		if (guest_ms() > end)
			lost(t);
		nanosleep(&pause, NULL);
	}
	for (i = 0; i < t->lanes; i++)
		sum += t->lane[i].got;
	fprintf(stderr, "portstress: %s: %lu tokens, told %lu times\n",
		guest_design, sum, t->told);
	guest_check(sum >= (unsigned long)guest_rounds(t->lanes),
		    "only %lu tokens in %d s are no stress", sum, port_seconds());
}

void traffic_run(struct traffic *t, const struct traffic_plan *plan)
{
	struct member m[MOST_THREADS], *w = &m[1];
	struct sigaction act = { .sa_handler = on_signal };
	pthread_t churner[MOST_THREADS], mends = 0;
	int i, members = plan->waiters + plan->writers, churners = 0;
	pid_t pid[MOST_THREADS];
	struct timespec end;
	uint64_t one = 1;
	const char *why;

	sigaction(SIGUSR1, &act, NULL);
	for (i = 0; i < MOST_THREADS; i++)
		m[i] = (struct member){ .t = t, .plan = plan, .which = i };
	/* before there are threads, which a child would not have */
	for (i = 0; i < plan->child_waiters; i++) {
		pid[i] = guest_fork();
		if (!pid[i]) {
			m[0].which = MOST_THREADS + i;
			waiter(m);
			_exit(0);
		}
	}
	for (i = 0; i < members; i++)
		w[i].thread = guest_thread(i < plan->waiters ? waiter : writer,
					   &w[i]);
	if (port_loses())
		mends = guest_thread(mender, t);
	if (plan->signals)
		m[0].thread = guest_thread(pinger, m);
	for (; plan->churn && plan->churn[churners]; churners++)
		churner[churners] = guest_thread(plan->churn[churners], t);

	port_pause();
	__atomic_store_n(&t->stop, true, __ATOMIC_RELAXED);
	for (i = plan->waiters; i < members; i++)
		guest_join(w[i].thread);
	if (plan->signals)
		guest_join(m[0].thread);
	for (i = 0; i < churners; i++) {
		why = guest_join(churner[i]);
		guest_check(!why, "churner %d: %s", i, why);
	}
	account(t);
	guest_check(write(t->control, &one, sizeof(one)) > 0, "control: %s",
		    strerror(errno));
	end = (struct timespec){ time(NULL) + 2 * GUEST_WAIT_MS / 1000, 0 };
	for (i = 0; i < plan->waiters; i++)
		guest_check(!pthread_timedjoin_np(w[i].thread, NULL, &end),
			    "waiter %d sleeps, but there is the event that ends it",
			    i);
	for (i = 0; i < plan->child_waiters; i++)
		guest_reap(pid[i]);
	__atomic_store_n(&t->ended, true, __ATOMIC_RELEASE);
	if (port_loses())
		guest_join(mends);
	guest_check(!plan->signals || t->signals, "no signal came to a waiter");
	if (t->mended)
		fprintf(stderr, "portstress: %s: lanes stood still %lu times, until a MOD\n",
			guest_design, t->mended);
}

/* ---- the tests ---- */

void port_stress_register(struct guest_test tests[BEHAVE_DESIGNS],
			  const struct guest_test *model)
{
	for (unsigned int i = 0; i < BEHAVE_DESIGNS; i++) {
		char *name;

		if (!(BEHAVE_EPOLL & 1u << i))
			continue;
		tests[i] = *model;
		tests[i].design = behave_names[i];
		if (asprintf(&name, "%s_%s", behave_names[i],
			     model->ck.name) < 0)
			abort();
		tests[i].ck.name = name;
		guest_register(&tests[i]);
	}
}

/* What the module has of items; the memory of some may wait for RCU yet. */
static long items(void)
{
	const char *text = guest_param("eventpoll_port", "items");

	guest_check(text, "eventpoll_port has no parameter items");
	return atol(text);
}

/* Objects in use of the module's own cache; -1: it has none to itself. */
static long objects(void)
{
	static const char dir[] = "/sys/kernel/slab/eventpoll_port_item";
	char path[96], text[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/aliases", dir);
	f = fopen(path, "re");
	if (!f)
		return -1;
	if (fgets(text, sizeof(text), f) && atol(text)) {
		fclose(f);
		return -1;
	}
	fclose(f);
	/* what lies ready on a CPU counts as used until it is given back */
	snprintf(path, sizeof(path), "%s/shrink", dir);
	f = fopen(path, "we");
	if (f) {
		fputs("1\n", f);
		fclose(f);
	}
	snprintf(path, sizeof(path), "%s/objects", dir);
	f = fopen(path, "re");
	if (!f)
		return -1;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	return atol(text);
}

struct left {
	long items, objects;
};

static bool all_freed(void *arg)
{
	struct left *before = arg;

	return items() <= before->items && objects() <= before->objects;
}

/* The account of the user is as it was: just as many can be watched again. */
static void watches_are_back(int ep)
{
	enum { ROOM = 4 };
	int i, fd;

	guest_param_set("eventpoll_port", "max_user_watches", "4");
	for (i = 0; i < ROOM; i++)
		behave_add(ep, guest_eventfd(), EPOLLIN);
	fd = guest_eventfd();
	guest_check(behave_set(ep, EPOLL_CTL_ADD, fd, EPOLLIN) == -1 &&
		    errno == ENOSPC, "more can be watched than allowed");
}

void port_stress_body(void (*body)(void))
{
	struct left before = { 0 };
	int ep = -1, status;
	pid_t pid;

	if (behave_design() != BEHAVE_KERNEL) {
		before = (struct left){ items(), objects() };
		/* with its user's account */
		ep = behave_create();
	}
	pid = guest_fork();
	if (!pid) {
		body();
		_exit(0);
	}
	guest_check(waitpid(pid, &status, 0) == pid, "waitpid: %s",
		    strerror(errno));
	/* it has said why */
	if (WIFEXITED(status) && WEXITSTATUS(status))
		_exit(WEXITSTATUS(status));
	guest_check(WIFEXITED(status), "killed by signal %d", WTERMSIG(status));
	if (behave_design() == BEHAVE_KERNEL)
		return;
	/* what RCU frees comes later */
	guest_until(all_freed, &before, "all items are freed");
	watches_are_back(ep);
}
