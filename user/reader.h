/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reader.h - the parts of mmap_reader
 *
 * reader.c	the instance: open, watch, switch, what the kernel says of it
 * draw.c	both halves as text, live or as JSON
 * demo.c	a story in steps that shows each property of the double buffer
 * mmap_reader.c	options, and watching pipes, sockets, FIFOs or stdin
 */
#ifndef USER_READER_H
#define USER_READER_H

#include <poll.h>
#include <stdbool.h>

struct ep_control;

#define MAX_NAMED 64

/**
 * struct reader - an instance of /dev/epoll and our view of it
 * @fd: the instance
 * @control: the control page, or NULL: EP_POLL switches
 * @map: both halves
 * @half_size: bytes of one half
 * @reading: the half that EP_POLL gave us, or -1 before the first time
 * @n_reading: how many slots it gave
 * @took: they were taken, not given
 * @capacity: descriptors that there is room for
 * @items: descriptors watched
 * @version: counts the fillings; a slot belongs to one of them
 * @filling: the half that the kernel fills
 * @n_filling: slots in that half
 * @switches: how often the halves changed sides
 * @names: what to call a descriptor
 * @n_names: how many have a name
 *
 * From @capacity to @switches: as the kernel tells in /proc/self/fdinfo/FD,
 * see reader_look().
 */
struct reader {
	int fd;
	struct ep_control *control;
	const char *map;
	unsigned long half_size;
	int reading;
	int n_reading;
	bool took;
	long capacity;
	long items;
	long version;
	long filling;
	long n_filling;
	long switches;
	struct {
		int fd;
		char name[8];
	} names[MAX_NAMED];
	int n_names;
};

enum style { STYLE_TEXT, STYLE_LIVE, STYLE_JSON };

/** fail() - complain with errno and exit 1. */
void fail(const char *what) __attribute__((noreturn));

/** reader_open() - open /dev/epoll, make room for @maxfds and map it. */
void reader_open(struct reader *r, int maxfds);
/** reader_share() - from now on switch by a take, where one has something. */
void reader_share(struct reader *r);
/** reader_close() - unmap, free and close. */
void reader_close(struct reader *r);
/** reader_watch() - watch @fd for @events and call it @name; false with errno. */
bool reader_watch(struct reader *r, int fd, short events, const char *name);
/** reader_name() - call @fd @name in the pictures. */
void reader_name(struct reader *r, int fd, const char *name);
/** reader_forget() - write a POLLREMOVE for @fd. */
void reader_forget(struct reader *r, int fd);
/** reader_switch() - a take or EP_POLL; slots given, 0 at the timeout, -1 with errno. */
int reader_switch(struct reader *r, int timeout_ms);
/** reader_look() - ask the kernel for the state of the instance. */
void reader_look(struct reader *r);
/** reader_half() - the slots of half 0 or 1. */
const struct pollfd *reader_half(const struct reader *r, long half);
/** reader_slots() - how many slots of a half mean something now. */
long reader_slots(const struct reader *r, long half);
/** reader_called() - the name of @fd, "" if it has none. */
const char *reader_called(const struct reader *r, int fd);

/** draw() - the state of the instance and both halves, as a picture. */
void draw(struct reader *r);
/** draw_json() - the same as one JSON object on a line. */
void draw_json(struct reader *r);
/** live_begin() - take the terminal for live pictures. */
void live_begin(void);
/** live_end() - give it back; may be called from a signal handler. */
void live_end(void);
/** live_home() - the next picture goes over the last one. */
void live_home(void);

/** demo() - tell the story; the number of steps that went otherwise. */
int demo(struct reader *r, enum style style, int delay_ms, bool wait_for_key);

#endif /* USER_READER_H */
