// SPDX-License-Identifier: GPL-2.0-only
/*
 * faithful.c - suite faithful: the defects of 2002 that can be had back
 *
 * The module parameter "faithful" (kmod/faithful.h) gives one defect back.
 * Here it is proved that each word does what it is documented to do, that it
 * brings back one defect and no other, and that nothing happens that could
 * hurt the kernel.  That the tests of the repairs fail under it is proved by
 * "./lab check" with tests/plants.txt.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "modules.h"

/* The word of a module until the end of the test. */
static void faithful(const char *module, const char *word)
{
	if (!guest_param(module, "faithful"))
		GUEST_SKIP("the module %s is not loaded", module);
	guest_param_set(module, "faithful", word);
	ck_assert_str_eq(guest_param(module, "faithful"), word);
}

/* One defect of all, by its word. */
static void defect(const char *word)
{
	bool list = strcmp(word, "delfunc") == 0;

	faithful("fcb", list ? word : "none");
	faithful("dev_epoll", list ? "none" : word);
}

/* A pipe whose reading end has the number @fd; returns the other end. */
static int pipe_at(int fd)
{
	int p[2];

	guest_pipe(p);
	if (p[0] != fd) {
		GUEST_RETURNS(dup2(p[0], fd), fd);
		close(p[0]);
	}
	return p[1];
}

/* Watches a pipe, closes it, and puts another one in its place. */
static int closed_and_reused(struct evset *s, int *fd)
{
	int p[2];

	guest_pipe(p);
	evset_add(s, p[0], POLLIN);
	close(p[0]);
	close(p[1]);
	*fd = p[0];
	return pipe_at(p[0]);
}

/*
 * What a program sees of each defect.  An event of a pipe or an eventfd is in
 * the set when the write returns, so an EP_POLL that does not wait will do.
 */

static bool shows_stale(void)
{
	struct evset s;
	int fd, w, n;

	evset_open(&s, 8);
	w = closed_and_reused(&s, &fd);
	evset_add(&s, fd, POLLIN);
	guest_put(w);
	n = evset_wait(&s, 0, NULL);
	evset_close(&s);
	return n == 0;
}

static bool shows_delfunc(void)
{
	struct evset a, b;
	int p[2], n;

	evset_open(&a, 8);
	evset_open(&b, 8);
	guest_pipe(p);
	evset_add(&a, p[0], POLLIN);
	evset_add(&b, p[0], POLLIN);
	evset_del(&b, p[0]);
	guest_put(p[1]);
	n = evset_wait(&a, 0, NULL);
	evset_close(&a);
	evset_close(&b);
	return n == 0;
}

static bool shows_lostbit(void)
{
	int fd = guest_eventfd(), revents;
	const struct pollfd *ev;
	struct evset s;

	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN);
	guest_put(fd);
	evset_add(&s, fd, POLLIN | POLLOUT);
	guest_drain(fd);
	GUEST_RETURNS(evset_wait(&s, 0, &ev), 1);
	revents = ev->revents;
	evset_close(&s);
	return !(revents & POLLOUT);
}

static bool shows_twowaiters(void)
{
	struct evpoller t;
	struct evset s;
	int p[2], n;

	evset_pipe(&s, p, POLLIN);
	evpoller_start(&t, &s, -1);
	n = evset_wait(&s, 0, NULL);
	guest_put(p[1]);
	GUEST_RETURNS(evpoller_join(&t), 1);
	evset_close(&s);
	ck_assert_msg(n == 0 || n == -EBUSY, "a second EP_POLL returned %d", n);
	return n == 0;
}

static const struct {
	const char *word;
	const char *module;
	bool (*shows)(void);
} defects[] = {
	{ "stale", "dev_epoll", shows_stale },
	{ "delfunc", "fcb", shows_delfunc },
	{ "lostbit", "dev_epoll", shows_lostbit },
	{ "twowaiters", "dev_epoll", shows_twowaiters },
};

#define N_DEFECTS	(sizeof(defects) / sizeof(*defects))

GUEST_TEST(faithful, one_at_a_time, 60,
	   "each word brings its own defect back and no other, \"none\" brings none")
{
	size_t i, j;

	for (i = 0; i <= N_DEFECTS; i++) {
		const char *word = i < N_DEFECTS ? defects[i].word : "none";

		defect(word);
		for (j = 0; j < N_DEFECTS; j++)
			ck_assert_msg(defects[j].shows() == (i == j),
				      "with \"%s\": the defect \"%s\" is %s", word,
				      defects[j].word, i == j ? "not there" : "there");
	}
}

static int write_word(const char *module, const char *word)
{
	char path[128];
	int fd, ret;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/faithful", module);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = write(fd, word, strlen(word)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

GUEST_TEST(faithful, unknown_word, 20,
	   "an unknown word, and the word of another module's defect, is EINVAL and changes nothing")
{
	static const char *const unknown[] = {
		"nodetach", "Stale", "stale ", " stale", "stale,lostbit", "stal",
		"stales", "0", "1", "-1", "y", "\n", "drop",
	};
	static const char *const modules[] = { "fcb", "dev_epoll" };
	size_t i, j;

	for (j = 0; j < 2; j++) {
		const char *own = j ? "stale" : "delfunc";

		faithful(modules[j], own);
		for (i = 0; i < sizeof(unknown) / sizeof(*unknown); i++) {
			GUEST_RETURNS(write_word(modules[j], unknown[i]), -EINVAL);
			ck_assert_str_eq(guest_param(modules[j], "faithful"), own);
		}
		for (i = 0; i < N_DEFECTS; i++)
			GUEST_RETURNS(write_word(modules[j], defects[i].word),
				      strcmp(defects[i].module, modules[j]) ? -EINVAL : 0);
	}
}

GUEST_TEST(faithful, for_root_alone, 20,
	   "only root can read or write the parameter, and it begins with \"none\"")
{
	static const char *const modules[] = { "fcb", "dev_epoll" };
	struct stat st;
	char path[128];
	size_t j;

	for (j = 0; j < 2; j++) {
		if (!guest_param(modules[j], "faithful"))
			GUEST_SKIP("the module %s is not loaded", modules[j]);
		ck_assert_str_eq(guest_param(modules[j], "faithful"), "none");
		snprintf(path, sizeof(path), "/sys/module/%s/parameters/faithful",
			 modules[j]);
		GUEST_RETURNS(stat(path, &st), 0);
		GUEST_RETURNS(st.st_mode & 07777, 0600);
	}
}

/*
 * stale: bug 1, and bug 3 which comes of it
 */

GUEST_TEST(faithful, stale_success_and_deaf, 20,
	   "stale: write() counts the record of a new file on an old number, EP_ISPOLLED has it, and no event ever comes")
{
	struct pollfd rec;
	struct evset s;
	int fd, w;

	defect("stale");
	evset_open(&s, 8);
	w = closed_and_reused(&s, &fd);
	GUEST_RETURNS(evset_ctl(&s, fd, POLLIN | POLLHUP), 8);
	GUEST_RETURNS(evset_ispolled(&s, fd, &rec), 1);
	ck_assert_int_eq(rec.events, POLLIN | POLLHUP);
	guest_put(w);
	GUEST_RETURNS(guest_poll(fd, POLLIN), POLLIN);
	evset_none(&s);
	GUEST_RETURNS(guest_poll(s.fd, POLLIN), 0);
	close(w);
	evset_none(&s);
	/* A record once more does not help; removing first does. */
	w = pipe_at(fd);
	evset_add(&s, fd, POLLIN);
	guest_put(w);
	evset_none(&s);
	evset_del(&s, fd);
	GUEST_RETURNS(evset_ispolled(&s, fd, NULL), 0);
	evset_add(&s, fd, POLLIN);
	guest_put(w);
	evset_expect(&s, fd, POLLIN);
}

GUEST_TEST(faithful, stale_counts, 60,
	   "stale: closed files keep their places until the set is full; removing them, or closing the set, gives the places back")
{
	long watches;
	struct evset s;
	int fd[513], i;

	defect("stale");
	guest_nofile(1024);
	evset_open(&s, 512);
	watches = evset_info(&s, "user-watches");
	for (i = 0; i < 513; i++)
		fd[i] = guest_eventfd();
	for (i = 0; i < 512; i++)
		evset_add(&s, fd[i], POLLIN);
	for (i = 0; i < 512; i++)
		close(fd[i]);
	GUEST_RETURNS(evset_info(&s, "items"), 512);
	GUEST_RETURNS(evset_ctl(&s, fd[512], POLLIN), -E2BIG);
	evset_del(&s, fd[7]);
	evset_add(&s, fd[512], POLLIN);
	guest_put(fd[512]);
	evset_expect(&s, fd[512], POLLIN);
	GUEST_RETURNS(evset_info(&s, "user-watches"), watches + 512);
	evset_close(&s);
	evset_open(&s, 8);
	GUEST_RETURNS(evset_info(&s, "user-watches"), watches);
}

GUEST_TEST(faithful, stale_pending_slot, 20,
	   "stale: an event that was pending at the close is told after it")
{
	struct evset s;
	int p[2];

	defect("stale");
	evset_pipe(&s, p, POLLIN);
	guest_put(p[1]);
	close(p[0]);
	GUEST_RETURNS(evset_info(&s, "events"), 1);
	evset_expect(&s, p[0], POLLIN);
	evset_none(&s);
}

GUEST_TEST(faithful, stale_number_of_another_file, 20,
	   "stale: a number that names another file now stays with the old file as long as that lives")
{
	struct evset s;
	int p[2], q[2];

	defect("stale");
	evset_open(&s, 8);
	guest_pipe(p);
	guest_pipe(q);
	evset_add(&s, p[0], POLLIN);
	ck_assert_int_ge(dup(p[0]), 0);
	GUEST_RETURNS(dup2(q[0], p[0]), p[0]);
	evset_add(&s, p[0], POLLIN);
	guest_put(q[1]);
	evset_none(&s);
	guest_put(p[1]);
	evset_expect(&s, p[0], POLLIN);
}

GUEST_TEST(faithful, stale_item_is_not_asked, 60,
	   "stale: a wake-up that left a doubt is not asked for once the file is gone; sets end with such items")
{
	struct evset s;
	int u[2], i;

	defect("stale");
	for (i = 0; i < guest_rounds(200); i++) {
		evset_open(&s, 8);
		guest_unix(u);
		evset_add(&s, u[0], POLL_ALL);
		close(u[1]);			/* a wake-up that says nothing */
		close(u[0]);
		evset_none(&s);
		GUEST_RETURNS(guest_poll(s.fd, POLLIN), 0);
		GUEST_RETURNS(evset_info(&s, "items"), 1);
		if (i & 1)
			evset_del(&s, u[0]);
		evset_close(&s);
	}
}

GUEST_TEST(faithful, stale_inner_set, 20,
	   "stale: a set that was watched and is closed leaves no link that a later walk along the sets could follow")
{
	struct evset outer, inner, other;

	defect("stale");
	evset_open(&outer, 8);
	evset_open(&inner, 8);
	evset_open(&other, 8);
	evset_add(&outer, inner.fd, POLLIN);
	evset_close(&inner);
	GUEST_RETURNS(evset_info(&outer, "items"), 1);
	evset_add(&other, outer.fd, POLLIN);
	GUEST_RETURNS(evset_ctl(&outer, other.fd, POLLIN), -ELOOP);
	evset_open(&inner, 8);
	evset_add(&inner, other.fd, POLLIN);
	evset_close(&outer);
	evset_none(&other);
}

GUEST_TEST(faithful, stale_switched_off, 20,
	   "stale: with the defect off again a record finds that the old file is gone, and registers the new one")
{
	struct evset s;
	int fd, w;

	defect("stale");
	evset_open(&s, 8);
	w = closed_and_reused(&s, &fd);
	evset_add(&s, fd, POLLIN);
	defect("none");
	guest_put(w);
	evset_none(&s);
	evset_add(&s, fd, POLLIN);
	guest_put(w);
	evset_expect(&s, fd, POLLIN);
	GUEST_RETURNS(evset_info(&s, "items"), 1);
	close(fd);
	GUEST_RETURNS(evset_info(&s, "items"), 0);
}

/* Numbers that are opened, watched, written to, removed and closed at once. */
struct crowd {
	struct evset *s;
	int base, n;
	bool stop;
};

static bool crowd_stops(struct crowd *c)
{
	return __atomic_load_n(&c->stop, __ATOMIC_RELAXED);
}

/* Each number gets a new file again and again, without a removal. */
static void *crowd_open(void *arg)
{
	struct crowd *c = arg;
	int i, n, u[2];

	for (i = 0; !crowd_stops(c); i = (i + 1) % c->n) {
		if (i & 1)
			guest_unix(u);
		else
			guest_pipe(u);
		GUEST_RETURNS(dup2(u[0], c->base + i), c->base + i);
		close(u[0]);
		n = evset_ctl(c->s, c->base + i, POLL_ALL);
		guest_check(n == 8, "a record of number %d: %d", i, n);
		/* The other thread may have closed it by now. */
		guest_check(write(u[1], "x", 1) == 1 || errno == EPIPE,
			    "write: %s", strerror(errno));
		close(u[1]);
	}
	return NULL;
}

static void *crowd_close(void *arg)
{
	struct crowd *c = arg;
	int i;

	for (i = 0; !crowd_stops(c); i = (i + 7) % c->n) {
		close(c->base + i);
		if (i % 3 == 0)
			evset_ctl(c->s, c->base + i, POLLREMOVE);
	}
	return NULL;
}

static void *crowd_wait(void *arg)
{
	struct crowd *c = arg;
	int n;

	while (!crowd_stops(c)) {
		n = evset_wait(c->s, 1, NULL);
		guest_check(n >= 0 || n == -EBUSY, "EP_POLL: %d", n);
		guest_poll(c->s->fd, POLLIN);
	}
	return NULL;
}

/* With @words the defect comes and goes meanwhile. */
static void crowd(const char *const *words)
{
	struct crowd c = { .base = 100, .n = 61 };
	struct evset s;
	pthread_t t[4];
	long watches;
	int i, j;

	guest_nofile(1024);
	evset_open(&s, 512);
	watches = evset_info(&s, "user-watches");
	c.s = &s;
	t[0] = guest_thread(crowd_open, &c);
	t[1] = guest_thread(crowd_close, &c);
	t[2] = guest_thread(crowd_wait, &c);
	t[3] = guest_thread(crowd_wait, &c);
	for (i = 0; i < guest_rounds(400); i++)
		for (j = 0; words[j]; j++)
			GUEST_RETURNS(write_word("dev_epoll", words[j]), 0);
	__atomic_store_n(&c.stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 4; i++)
		guest_join(t[i]);
	for (i = 0; i < c.n; i++) {
		evset_ctl(&s, c.base + i, POLLREMOVE);
		close(c.base + i);
	}
	GUEST_RETURNS(evset_info(&s, "items"), 0);
	GUEST_RETURNS(evset_info(&s, "user-watches"), watches);
	evset_wait(&s, 0, NULL);
	evset_none(&s);
}

GUEST_TEST(faithful, stale_under_fire, 120,
	   "stale: files are opened, closed, removed and asked at once, and every place is given back in the end")
{
	static const char *const words[] = { "stale", NULL };

	defect("stale");
	crowd(words);
}

GUEST_TEST(faithful, all_under_fire, 120,
	   "the same while the defects come and go: nothing breaks at the moment of a change")
{
	static const char *const words[] = {
		"stale", "none", "lostbit", "stale", "twowaiters", NULL
	};

	defect("none");
	crowd(words);
}

/*
 * delfunc: bug 4
 */

/* Sets on one file, in the order of their registrations. */
static void sets_open(struct evset *s, int n, int fd)
{
	int i;

	for (i = 0; i < n; i++) {
		evset_open(&s[i], 8);
		evset_add(&s[i], fd, POLLIN);
	}
}

/* Which of the sets hear an event, as bits. */
static unsigned int sets_hear(struct evset *s, int n, int w)
{
	unsigned int hear = 0;
	int i;

	guest_put(w);
	for (i = 0; i < n; i++)
		if (evset_wait(&s[i], 0, NULL) == 1)
			hear |= 1U << i;
	return hear;
}

GUEST_TEST(faithful, delfunc_other_goes_deaf, 20,
	   "delfunc: the second set removes its registration and the first one's goes deaf; the removed one is silent")
{
	struct evset s[2];
	int p[2];

	defect("delfunc");
	guest_pipe(p);
	sets_open(s, 2, p[0]);
	evset_del(&s[1], p[0]);
	GUEST_RETURNS(sets_hear(s, 2, p[1]), 0);
	/* The first one does not know: it has its item still. */
	GUEST_RETURNS(evset_ispolled(&s[0], p[0], NULL), 1);
	GUEST_RETURNS(evset_info(&s[0], "items"), 1);
	GUEST_RETURNS(evset_info(&s[1], "items"), 0);
	/* Its way out, in 2002 as here. */
	evset_del(&s[0], p[0]);
	evset_add(&s[0], p[0], POLLIN);
	GUEST_RETURNS(sets_hear(s, 2, p[1]), 1);
}

GUEST_TEST(faithful, delfunc_two_numbers, 20,
	   "delfunc: two numbers of one file in one set: removing the second leaves the first one deaf")
{
	struct evset s;
	int p[2], other;

	defect("delfunc");
	evset_open(&s, 8);
	guest_pipe(p);
	other = dup(p[0]);
	evset_add(&s, p[0], POLLIN);
	evset_add(&s, other, POLLIN);
	evset_del(&s, other);
	guest_put(p[1]);
	evset_none(&s);
	GUEST_RETURNS(evset_info(&s, "items"), 1);
}

GUEST_TEST(faithful, delfunc_takes_the_first, 20,
	   "delfunc: of several the first on the list goes deaf, as many as there are removals; removing the first harms none")
{
	struct evset s[5];
	int p[2];

	defect("delfunc");
	guest_pipe(p);
	sets_open(s, 5, p[0]);
	evset_del(&s[0], p[0]);			/* its own */
	GUEST_RETURNS(sets_hear(s, 5, p[1]), 0x1e);
	evset_del(&s[3], p[0]);			/* takes 1's */
	GUEST_RETURNS(sets_hear(s, 5, p[1]), 0x14);
	evset_del(&s[4], p[0]);			/* takes 2's */
	GUEST_RETURNS(sets_hear(s, 5, p[1]), 0);
}

GUEST_TEST(faithful, delfunc_place_left_behind, 20,
	   "delfunc: what 2002 left on the list is found by the next removal, which then harms nobody else")
{
	struct evset s[3];
	int p[2];

	defect("delfunc");
	guest_pipe(p);
	sets_open(s, 2, p[0]);
	evset_del(&s[1], p[0]);			/* takes 0's, leaves 1's */
	evset_open(&s[2], 8);
	evset_add(&s[2], p[0], POLLIN);
	GUEST_RETURNS(sets_hear(s, 3, p[1]), 4);
	evset_del(&s[0], p[0]);			/* takes what 1 left */
	GUEST_RETURNS(sets_hear(s, 3, p[1]), 4);
	evset_add(&s[0], p[0], POLLIN);
	GUEST_RETURNS(sets_hear(s, 3, p[1]), 5);
	evset_del(&s[0], p[0]);			/* takes 2's */
	GUEST_RETURNS(sets_hear(s, 3, p[1]), 0);
}

GUEST_TEST(faithful, delfunc_close_tells_all, 20,
	   "delfunc: the last close is told to deaf registrations too, once each")
{
	struct evset s[4];
	int p[2], i;

	defect("delfunc");
	guest_pipe(p);
	sets_open(s, 4, p[0]);
	evset_del(&s[2], p[0]);
	evset_close(&s[3]);
	close(p[0]);
	for (i = 0; i < 3; i++)
		GUEST_RETURNS(evset_info(&s[i], "items"), 0);
	GUEST_RETURNS(evset_info(&s[0], "user-watches"), 0);
}

GUEST_TEST(faithful, delfunc_last_one_out, 20,
	   "delfunc: when the last registration goes, deaf or not, the file is as if never watched")
{
	struct evset s[2];
	int p[2], i;

	defect("delfunc");
	guest_pipe(p);
	for (i = 0; i < 20; i++) {
		sets_open(s, 2, p[0]);
		evset_del(&s[1], p[0]);
		evset_del(&s[0], p[0]);
		evset_add(&s[0], p[0], POLLIN);
		GUEST_RETURNS(sets_hear(s, 2, p[1]), 1);
		evset_close(&s[0]);
		evset_close(&s[1]);
	}
}

struct changer {
	struct evset *s;
	int fd;
	bool *stop;
};

static void *change(void *arg)
{
	struct changer *c = arg;

	while (!__atomic_load_n(c->stop, __ATOMIC_RELAXED)) {
		evset_add(c->s, c->fd, POLLIN | POLLOUT);
		evset_wait(c->s, 0, NULL);
		evset_del(c->s, c->fd);
	}
	return NULL;
}

GUEST_TEST(faithful, delfunc_under_fire, 120,
	   "delfunc: three sets add and remove one file under events and take each other's; all is given back in the end")
{
	struct changer c[3];
	struct guest_fire f;
	struct evset s[3];
	pthread_t t[3];
	bool stop = false;
	int fd = guest_eventfd(), i;

	defect("delfunc");
	guest_fire_start(&f, fd);
	for (i = 0; i < 3; i++) {
		evset_open(&s[i], 8);
		c[i] = (struct changer){ &s[i], fd, &stop };
		t[i] = guest_thread(change, &c[i]);
	}
	for (i = 0; i < guest_rounds(2000); i++)
		GUEST_RETURNS(write_word("fcb", i & 1 ? "none" : "delfunc"), 0);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 3; i++)
		guest_join(t[i]);
	guest_fire_stop(&f);
	for (i = 0; i < 3; i++)
		GUEST_RETURNS(evset_info(&s[i], "items"), 0);
	GUEST_RETURNS(evset_info(&s[0], "user-watches"), 0);
	evset_add(&s[0], fd, POLLIN);
	guest_put(fd);
	GUEST_RETURNS(evset_wait(&s[0], 0, NULL), 1);
}

/*
 * lostbit: bug 6
 */

GUEST_TEST(faithful, lostbit_bit_is_lost, 20,
	   "lostbit: a bit asked for while a slot is pending is told neither in this slot nor later; the slot shows the old mask")
{
	const struct pollfd *ev;
	struct pollfd rec;
	struct evset s;
	int fd = guest_eventfd();

	defect("lostbit");
	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN);
	guest_put(fd);
	evset_add(&s, fd, POLLIN | POLLOUT);
	GUEST_RETURNS(evset_ispolled(&s, fd, &rec), 1);
	ck_assert_int_eq(rec.events, POLLIN | POLLOUT);
	guest_drain(fd);
	guest_put(fd);
	guest_drain(fd);
	GUEST_RETURNS(evset_wait(&s, 0, &ev), 1);
	ck_assert_int_eq(ev->events, POLLIN);
	ck_assert_int_eq(ev->revents, POLLIN);
	evset_none(&s);
	/* The next slot begins with the new mask. */
	guest_put(fd);
	guest_drain(fd);
	GUEST_RETURNS(evset_wait(&s, 0, &ev), 1);
	ck_assert_int_eq(ev->events, POLLIN | POLLOUT);
	ck_assert_int_eq(ev->revents, POLLIN | POLLOUT);
}

GUEST_TEST(faithful, lostbit_old_bits_stay, 20,
	   "lostbit: a bit that is no longer asked for stays in the slot, and one that both masks have is merged")
{
	const struct pollfd *ev;
	struct evset s;
	int fd = guest_eventfd();

	defect("lostbit");
	evset_open(&s, 8);
	evset_add(&s, fd, POLLIN | POLLOUT);
	guest_put(fd);
	evset_add(&s, fd, POLLOUT);
	guest_drain(fd);
	GUEST_RETURNS(evset_wait(&s, 0, &ev), 1);
	ck_assert_int_eq(ev->events, POLLIN | POLLOUT);
	ck_assert_int_eq(ev->revents, POLLIN | POLLOUT);
}

/*
 * twowaiters: bug 7
 */

GUEST_TEST(faithful, twowaiters_half_changes, 20,
	   "twowaiters: the second thread's switch gives the first one's half back, and the next event overwrites what it reads")
{
	struct evpoller t[2];
	struct evset s;
	int p[3][2], i;

	defect("twowaiters");
	evset_open(&s, 8);
	for (i = 0; i < 3; i++) {
		guest_pipe(p[i]);
		evset_add(&s, p[i][0], POLLIN);
	}
	/* Who went to sleep first is woken first. */
	evpoller_start(&t[0], &s, -1);
	evpoller_start(&t[1], &s, -1);
	guest_put(p[0][1]);
	GUEST_RETURNS(evpoller_join(&t[0]), 1);
	ck_assert_int_eq(t[0].ev->fd, p[0][0]);
	guest_put(p[1][1]);
	GUEST_RETURNS(evpoller_join(&t[1]), 1);
	ck_assert_int_eq(t[1].ev->fd, p[1][0]);
	ck_assert(t[0].ev != t[1].ev);
	ck_assert_int_eq(t[0].ev->fd, p[0][0]);
	guest_put(p[2][1]);
	ck_assert_int_eq(t[0].ev->fd, p[2][0]);
}

GUEST_TEST(faithful, twowaiters_free, 20,
	   "twowaiters: EP_FREE ends all threads that sleep in EP_POLL")
{
	struct evpoller t[3];
	struct evset s;
	int i;

	defect("twowaiters");
	evset_open(&s, 8);
	for (i = 0; i < 3; i++)
		evpoller_start(&t[i], &s, -1);
	evset_unmap(&s);
	GUEST_RETURNS(ioctl(s.fd, EP_FREE), 0);
	for (i = 0; i < 3; i++)
		GUEST_RETURNS(evpoller_join(&t[i]), -EINVAL);
}

GUEST_TEST(faithful, twowaiters_switched_off, 20,
	   "twowaiters: with the defect off again a third thread is refused, and those who sleep are woken as before")
{
	struct evpoller t[2];
	struct evset s;
	int p[2], i;

	defect("twowaiters");
	evset_pipe(&s, p, POLLIN);
	for (i = 0; i < 2; i++)
		evpoller_start(&t[i], &s, -1);
	defect("none");
	GUEST_RETURNS(evset_wait(&s, 0, NULL), -EBUSY);
	for (i = 0; i < 2; i++) {
		guest_put(p[1]);
		GUEST_RETURNS(evpoller_join(&t[i]), 1);
		guest_drain(p[0]);
	}
	evset_none(&s);
}

static void *many_wait(void *arg)
{
	struct changer *c = arg;
	long sum = 0;
	int n;

	while (!__atomic_load_n(c->stop, __ATOMIC_RELAXED)) {
		n = evset_wait(c->s, 2, NULL);
		guest_check(n >= 0, "EP_POLL: %d", n);
		sum += n;
	}
	return (void *)sum;
}

GUEST_TEST(faithful, twowaiters_under_fire, 120,
	   "twowaiters: four threads in EP_POLL and two sources of events: no more slots than descriptors, nobody hangs")
{
	struct guest_fire f[2];
	struct changer c;
	struct evset s;
	pthread_t t[4];
	bool stop = false;
	long sum = 0;
	int fd[2], i;

	defect("twowaiters");
	evset_open(&s, 8);
	c = (struct changer){ &s, -1, &stop };
	for (i = 0; i < 2; i++) {
		fd[i] = guest_eventfd();
		evset_add(&s, fd[i], POLLIN | POLLOUT);
		guest_fire_start(&f[i], fd[i]);
	}
	for (i = 0; i < 4; i++)
		t[i] = guest_thread(many_wait, &c);
	for (i = 0; i < guest_rounds(1000); i++) {
		evset_del(&s, fd[i & 1]);
		evset_add(&s, fd[i & 1], POLLIN | POLLOUT);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < 4; i++)
		sum += (long)guest_join(t[i]);
	for (i = 0; i < 2; i++)
		guest_fire_stop(&f[i]);
	ck_assert_int_gt(sum, 0);
	ck_assert_int_le(evset_wait(&s, 0, NULL), 2);
}

/* In the suite that loads: the parameter at insmod. */
GUEST_TEST(load, faithful_at_load, 120,
	   "a defect of 2002 can be asked for at load; an unknown word, or none, keeps the module out: EINVAL")
{
	static const char *const bad[] = {
		"faithful=", "faithful", "faithful=drop", "faithful=1",
		"faithful=stale,lostbit",
	};
	size_t i;

	modules_begin();
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		GUEST_RETURNS(module_load("fcb", bad[i]), -EINVAL);
	GUEST_RETURNS(module_load("fcb", "faithful=stale"), -EINVAL);
	GUEST_RETURNS(module_load("fcb", "faithful=delfunc"), 0);
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		GUEST_RETURNS(module_load("dev_epoll", bad[i]), -EINVAL);
	GUEST_RETURNS(module_load("dev_epoll", "faithful=delfunc"), -EINVAL);
	GUEST_RETURNS(module_load("dev_epoll", "faithful=stale"), 0);
	ck_assert_str_eq(guest_param("fcb", "faithful"), "delfunc");
	ck_assert_str_eq(guest_param("dev_epoll", "faithful"), "stale");
	ck_assert(shows_delfunc());
	ck_assert(shows_stale());
	GUEST_RETURNS(write_word("fcb", "none"), 0);
	GUEST_RETURNS(write_word("dev_epoll", "none"), 0);
	modules_work();
	modules_unload();
}
