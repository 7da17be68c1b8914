/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * exhibit.h - the parts of exhibit
 *
 * exhibit.c		options, the list, rounds and the verdict
 * exhibit_tell.c	stories as text, module parameters, the kernel, waiting
 * exhibit_set.c	an instance of either device, sources of events
 * exhibit_2002.c	stale, delete, lostbit, twowaiters
 * exhibit_lost.c	singlepass, wfcqueue, llist
 * exhibit_starve.c	starve
 * exhibit_pipe.c	pipe
 */
#ifndef USER_EXHIBIT_H
#define USER_EXHIBIT_H

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

/**
 * struct way - one way in which the same script is played
 * @title: printed above its story
 * @before: its name in the verdict, in front of the count
 * @after: the same, behind the count
 * @hurts: what is documented: every round does harm, or none
 * @until: the kernel since which it does none, "7.3", or NULL
 * @brief: the script was told already, only what differs is shown
 * @module: whose parameter "faithful" is set, or NULL
 * @word: to what
 * @design: for scripts that run on several designs
 */
struct way {
	const char *title;
	const char *before;
	const char *after;
	bool hurts;
	const char *until;
	bool brief;
	const char *module;
	const char *word;
	const struct design *design;
};

/**
 * struct exhibit - a known race or defect, made to happen
 * @name: as the user says it
 * @about: one line for the list
 * @when: when it was, and who found it
 * @harm: what the verdict counts, as one word
 * @moral: printed below the stories
 * @round: plays the script once; true if it did harm
 * @ways: the ways to play it
 * @n_ways: how many
 */
struct exhibit {
	const char *name;
	const char *about;
	const char *when;
	const char *harm;
	const char *moral;
	bool (*round)(const struct way *way);
	const struct way *ways;
	int n_ways;
};

/* For n_ways. */
#define COUNT(array)	((int)(sizeof(array) / sizeof((array)[0])))

extern const struct exhibit exhibit_singlepass, exhibit_wfcqueue, exhibit_llist,
	exhibit_starve, exhibit_pipe,
	exhibit_stale, exhibit_delete, exhibit_lostbit, exhibit_twowaiters;

/* exhibit_tell.c */

/** tell_begin() - the next story: told or not, in brief or not. */
void tell_begin(bool telling, bool brief);

/** told() - an event of the story: who does what.  Left out in brief. */
void told(const char *who, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** told_here() - the same where ways differ: never left out but with the story. */
void told_here(const char *who, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** tell_text() - a paragraph, as wide as the stories. */
void tell_text(const char *text);

/** bits() - poll bits by their names, in one of four static buffers. */
const char *bits(int events);

/** fail() - complain, with errno, and exit 1. */
void fail(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

/** must() - fail() without errno unless @cond: the script went otherwise. */
#define must(cond, ...)	must_be(cond, __FILE__, __LINE__, __VA_ARGS__)
void must_be(bool cond, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/** param_set() - write a module parameter; its old value comes back at the end
 *  of the program, however it ends.
 */
void param_set(const char *module, const char *name, const char *value);

/** param_number() - read a module parameter that is a number. */
long param_number(const char *module, const char *name);

/** kernel_since() - is the running kernel of this version or newer? */
bool kernel_since(const char *version);

/** until() - wait until @cond(@arg) is true; fails when it never is. */
void until(bool (*cond)(void *arg), void *arg, const char *what);

/** until_asleep() - wait until thread @tid sleeps in an ioctl of @fd. */
void until_asleep(pid_t tid, int fd);

/** start_thread(), join_thread() - pthread_create() and pthread_join() that
 *  cannot fail.
 */
pthread_t start_thread(void *(*fn)(void *arg), void *arg);
void join_thread(pthread_t thread);

/* exhibit_set.c */

/**
 * struct set - an instance of /dev/epoll
 * @fd: its descriptor
 * @map: both halves
 */
struct set {
	int fd;
	char *map;
};

void set_open(struct set *s);
void set_close(struct set *s);

/** set_write() - write one record; what write(2) returns, at least 0. */
int set_write(const struct set *s, int fd, int events);

/** set_poll() - EP_POLL; slots at @slot, or -1 with errno EBUSY. */
int set_poll(const struct set *s, int timeout_ms, const struct pollfd **slot);

/** set_ispolled() - EP_ISPOLLED: 1 or 0. */
int set_ispolled(const struct set *s, int fd);

/** set_items() - how many descriptors it watches, as the kernel says. */
int set_items(const struct set *s);

/** half_of() - which half a slot is in. */
int half_of(const struct set *s, const struct pollfd *slot);

/** port_open() - an instance of /dev/eventpoll with a store; its descriptor. */
int port_open(int store);

/** port_watch() - EPOLL_CTL_ADD; what it tells has @fd or another word as data. */
void port_watch(int port, int fd, unsigned int events, unsigned int data);

void open_pipe(int p[2]);	/* non-blocking; p[0] reads */
void open_socket(int sv[2]);	/* a connected pair, non-blocking */
void put(int fd);		/* write a byte */
long drain(int fd);		/* read until EAGAIN; bytes */
long fill(int fd);		/* write until EAGAIN; bytes */
int ask(int fd, int events);	/* what poll(2) says now */

#endif /* USER_EXHIBIT_H */
