// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest.c - helpers for the guest tests: instances, threads, waiting
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define GUEST_HELPERS
#include "guest.h"

int guest_device(void)
{
	int fd = open(GUEST_DEVICE, O_RDWR | O_CLOEXEC);

	guest_check(fd >= 0, "open of " GUEST_DEVICE ": %s", strerror(errno));
	return fd;
}

bool guest_takes, guest_pipes;

static void map_control(struct evset *s)
{
	s->control = mmap(NULL, EP_CONTROL_SIZE, PROT_READ | PROT_WRITE,
			  MAP_SHARED, s->fd, EP_CONTROL_OFFSET);
	guest_check(s->control != MAP_FAILED, "mmap of the control page: %s",
		    strerror(errno));
	s->taker = getpid();
}

void evset_share(struct evset *s)
{
	guest_check(ioctl(s->fd, EP_SHARE, 0) == 0, "EP_SHARE: %s",
		    strerror(errno));
	map_control(s);
}

/* Not if there is something in the set already. */
static void share_if_it_may(struct evset *s)
{
	s->control = NULL;
	if (ioctl(s->fd, EP_SHARE, 0) == 0 || errno == EEXIST)
		map_control(s);
}

static void unshare(struct evset *s)
{
	if (s->control && s->taker == getpid())
		munmap(s->control, EP_CONTROL_SIZE);
	s->control = NULL;
}

void evset_map(struct evset *s)
{
	s->size = EP_MAP_SIZE(s->max);
	s->map = mmap(NULL, s->size, PROT_READ, MAP_PRIVATE, s->fd, 0);
	guest_check(s->map != MAP_FAILED, "mmap of %zu bytes for %d: %s",
		    s->size, s->max, strerror(errno));
	if (guest_takes)
		share_if_it_may(s);
}

void evset_open(struct evset *s, int max)
{
	s->fd = guest_device();
	s->max = max;
	s->control = NULL;
	guest_check(ioctl(s->fd, EP_ALLOC, max) == 0, "EP_ALLOC %d: %s", max,
		    strerror(errno));
	evset_map(s);
}

void evset_unmap(struct evset *s)
{
	guest_check(munmap(s->map, s->size) == 0, "munmap: %s",
		    strerror(errno));
	s->map = NULL;
	if (guest_takes)
		unshare(s);
}

void evset_close(struct evset *s)
{
	if (s->map)
		evset_unmap(s);
	guest_check(close(s->fd) == 0, "close of the instance: %s",
		    strerror(errno));
	s->fd = -1;
}

int evset_ctl(const struct evset *s, int fd, int events)
{
	struct pollfd rec = { .fd = fd, .events = (short)events };
	ssize_t n = write(s->fd, &rec, sizeof(rec));

	return n < 0 ? -errno : (int)n;
}

void evset_add(const struct evset *s, int fd, int events)
{
	int n = evset_ctl(s, fd, events);

	guest_check(n == sizeof(struct pollfd),
		    "write of fd %d with events %#x: expected 8, got %d (%s)",
		    fd, events, n, n < 0 ? strerror(-n) : "bytes");
}

void evset_pipe(struct evset *s, int p[2], int events)
{
	evset_open(s, 8);
	guest_pipe(p);
	evset_add(s, p[0], events);
}

void evset_del(const struct evset *s, int fd)
{
	evset_add(s, fd, POLLREMOVE);
}

int evset_take(const struct evset *s, const struct pollfd **ev)
{
	unsigned int half = 2;
	int n = ep_take(s->fd, s->control, &half);

	if (ev)
		*ev = NULL;
	if (n <= 0)
		return n;
	guest_check(half < 2 && n * sizeof(struct pollfd) <= s->size / 2,
		    "a take: %d slots in half %u do not fit in %zu bytes", n,
		    half, s->size);
	if (ev)
		*ev = (const struct pollfd *)(s->map + half * (s->size / 2));
	return n;
}

int evset_wait(const struct evset *s, int ms, const struct pollfd **ev)
{
	struct evpoll evp = { .ep_timeout = ms, .ep_resoff = ~0UL };
	int n;

	/* A child has no control page: a take is its parent's. */
	if (s->control && s->map && s->taker == getpid()) {
		n = evset_take(s, ev);
		if (n > 0)
			return n;
	}
	n = ioctl(s->fd, EP_POLL, &evp);
	if (ev)
		*ev = NULL;
	if (n < 0)
		return -errno;
	if (n > 0) {
		guest_check(evp.ep_resoff + n * sizeof(struct pollfd) <=
			    s->size,
			    "EP_POLL: %d slots at offset %lu do not fit in %zu bytes",
			    n, evp.ep_resoff, s->size);
		if (ev)
			*ev = (const struct pollfd *)(s->map + evp.ep_resoff);
	}
	return n;
}

const struct pollfd *ev_find(const struct pollfd *ev, int n, int fd)
{
	const struct pollfd *found = NULL;
	int i;

	for (i = 0; i < n; i++) {
		if (ev[i].fd != fd)
			continue;
		guest_check(!found, "fd %d has two of %d slots", fd, n);
		found = &ev[i];
	}
	return found;
}

void evset_expect(const struct evset *s, int fd, int revents)
{
	const struct pollfd *ev;
	int n = evset_wait(s, GUEST_WAIT_MS, &ev);

	guest_check(n == 1, "EP_POLL: expected 1 slot (fd %d, revents %#x), got %d%s%s",
		    fd, revents, n, n < 0 ? " " : "",
		    n < 0 ? strerror(-n) : "");
	guest_check(ev->fd == fd && ev->revents == revents,
		    "slot: expected fd %d with revents %#x, got fd %d with revents %#x",
		    fd, revents, ev->fd, ev->revents);
}

int evset_expect_bits(const struct evset *s, int fd, int bits)
{
	const struct pollfd *ev;
	int i, n, seen = 0;

	while ((seen & bits) != bits) {
		n = evset_wait(s, GUEST_WAIT_MS, &ev);
		guest_check(n > 0, "EP_POLL: expected bits %#x of fd %d, saw %#x, then %d",
			    bits, fd, seen, n);
		for (i = 0; i < n; i++) {
			guest_check(ev[i].fd == fd,
				    "slot %d: expected fd %d, got fd %d with revents %#x",
				    i, fd, ev[i].fd, ev[i].revents);
			seen |= ev[i].revents;
		}
	}
	return seen;
}

void evset_none(const struct evset *s)
{
	const struct pollfd *ev;
	int n = evset_wait(s, 0, &ev);

	guest_check(n == 0, "EP_POLL: expected no event, got %d (first: fd %d, revents %#x)",
		    n, n > 0 ? ev->fd : -1, n > 0 ? ev->revents : 0);
}

int evset_ispolled(const struct evset *s, int fd, struct pollfd *out)
{
	struct pollfd rec = { .fd = fd, .events = 0x7fff, .revents = 0x7fff };
	int n = ioctl(s->fd, EP_ISPOLLED, &rec);

	if (n < 0)
		return -errno;
	if (out)
		*out = rec;
	return n;
}

long guest_fdinfo(int fd, const char *name)
{
	char path[64], line[256];
	size_t len = strlen(name);
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f)) {
		if (!strncmp(line, name, len) && line[len] == ':') {
			value = strtol(line + len + 1, NULL, 10);
			break;
		}
	}
	fclose(f);
	return value;
}

long evset_info(const struct evset *s, const char *name)
{
	long value = guest_fdinfo(s->fd, name);

	guest_check(value >= 0, "fdinfo of the instance: no line '%s:'", name);
	return value;
}

/* The lab gives such a kernel 8 times the time; a tenth of the work fits. */
bool guest_slow(void)
{
	const char *times = getenv("CK_TIMEOUT_MULTIPLIER");

	return times && atof(times) >= 6;
}

int guest_rounds(int n)
{
	return guest_slow() ? (n + 9) / 10 : n;
}

long guest_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

pid_t guest_gettid(void)
{
	return (pid_t)syscall(SYS_gettid);
}

pthread_t guest_thread(void *(*fn)(void *arg), void *arg)
{
	pthread_t t;
	int err = pthread_create(&t, NULL, fn, arg);

	guest_check(err == 0, "pthread_create: %s", strerror(err));
	return t;
}

void *guest_join(pthread_t t)
{
	void *ret;
	int err = pthread_join(t, &ret);

	guest_check(err == 0, "pthread_join: %s", strerror(err));
	return ret;
}

/*
 * Since Debian 13 fork(3) blocks all signals for a moment.  Of a child that ends in it
 * SIGCHLD is not ignored: a signalfd is woken, and a wait of another thread ends.  So no
 * child goes on before its parent does.
 */
pid_t guest_fork(void)
{
	int *goes_on = mmap(NULL, sizeof(*goes_on), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	guest_check(goes_on != MAP_FAILED, "mmap: %s", strerror(errno));
	pid = fork();
	guest_check(pid >= 0, "fork: %s", strerror(errno));
	if (pid)
		__atomic_store_n(goes_on, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(goes_on, __ATOMIC_ACQUIRE))
		sched_yield();
	munmap(goes_on, sizeof(*goes_on));
	return pid;
}

void guest_reap(pid_t pid)
{
	int status;

	guest_check(waitpid(pid, &status, 0) == pid, "waitpid: %s",
		    strerror(errno));
	guest_check(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		    "child: expected to end with status 0, got %s %d",
		    WIFEXITED(status) ? "status" : "signal",
		    WIFEXITED(status) ? WEXITSTATUS(status) :
		    WTERMSIG(status));
}

bool guest_child(pid_t *pid)
{
	if (!*pid)
		_exit(0);
	*pid = guest_fork();
	if (!*pid)
		return true;
	guest_reap(*pid);
	return false;
}

/* Gives up after the time that nothing honest takes, debug kernel included. */
void guest_until(bool (*cond)(void *arg), void *arg, const char *what)
{
	long end = guest_ms() + 4 * GUEST_WAIT_MS;
	struct timespec pause = { 0, 1000000 };

	while (!cond(arg)) {
		guest_check(guest_ms() < end, "waited in vain until %s", what);
		nanosleep(&pause, NULL);
	}
}

struct in_syscall {
	char path[64];
	long nr;
	long arg0;
};

bool guest_emulated(void)
{
	const char *design = getenv("EPOLL_RUN_DESIGN");

	return design && !strcmp(design, "devepoll");
}

/* "running" while the task runs, else number and arguments in hex. */
static bool in_syscall(void *arg)
{
	struct in_syscall *w = arg;
	char line[256], *end;
	long nr, arg0;
	ssize_t n;
	int fd;

	fd = open(w->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, line, sizeof(line) - 1);
	close(fd);
	if (n <= 0)
		return false;
	line[n] = '\0';
	nr = strtol(line, &end, 10);
	if (end == line)
		return false;
	arg0 = (long)strtoul(end, NULL, 16);
	return (w->nr < 0 ? nr >= 0 : nr == w->nr) &&
	       (w->arg0 < 0 || arg0 == w->arg0);
}

void guest_in_syscall(pid_t pid, pid_t tid, long nr, long arg0)
{
	struct in_syscall w = { .nr = nr, .arg0 = arg0 };

	if (nr < 0 && guest_emulated())
		w.arg0 = -1;
	snprintf(w.path, sizeof(w.path), "/proc/%d/task/%d/syscall", pid, tid);
	guest_until(in_syscall, &w, "a task sleeps in the system call");
}

void guest_in_poll(const struct evset *s, pid_t tid)
{
	guest_in_syscall(getpid(), tid, SYS_ioctl, s->fd);
}

static void *fire(void *arg)
{
	struct guest_fire *f = arg;
	unsigned long n = 0;
	uint64_t one = 1;

	while (!__atomic_load_n(&f->stop, __ATOMIC_ACQUIRE)) {
		guest_check(write(f->fd, &one, sizeof(one)) > 0,
			    "write to fd %d: %s", f->fd, strerror(errno));
		if (++n % 16 == 0)
			guest_check(guest_drain(f->fd) > 0,
				    "read of fd %d: %s", f->fd,
				    strerror(errno));
	}
	return NULL;
}

void guest_fire_start(struct guest_fire *f, int fd)
{
	*f = (struct guest_fire){ .fd = fd };
	f->thread = guest_thread(fire, f);
}

void guest_fire_stop(struct guest_fire *f)
{
	__atomic_store_n(&f->stop, 1, __ATOMIC_RELEASE);
	guest_join(f->thread);
}

static void *evpoller(void *arg)
{
	struct evpoller *p = arg;
	long start;

	start = guest_ms();
	__atomic_store_n(&p->tid, guest_gettid(), __ATOMIC_RELEASE);
	p->n = evset_wait(p->s, p->timeout, &p->ev);
	p->ms = guest_ms() - start;
	return NULL;
}

static bool evpoller_has_tid(void *arg)
{
	struct evpoller *p = arg;

	return __atomic_load_n(&p->tid, __ATOMIC_ACQUIRE) != 0;
}

void evpoller_start(struct evpoller *p, const struct evset *s, int timeout)
{
	*p = (struct evpoller){ .s = s, .timeout = timeout };
	p->thread = guest_thread(evpoller, p);
	guest_until(evpoller_has_tid, p, "a thread starts");
	guest_in_poll(s, p->tid);
}

int evpoller_join(struct evpoller *p)
{
	guest_join(p->thread);
	return p->n;
}

const char *guest_param(const char *module, const char *name)
{
	static char text[128];
	char path[128];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module,
		 name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 0)
		return NULL;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text;
}

void guest_param_set(const char *module, const char *name, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module,
		 name);
	guest_file_set(path, value);
}
