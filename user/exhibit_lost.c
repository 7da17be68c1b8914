// SPDX-License-Identifier: GPL-2.0-only
/*
 * exhibit_lost.c - the event that was lost in 2007, and again
 *
 * One script on many designs.  A consumer is told of one event; a second one
 * comes when the kernel has asked the file, but has not done with the item.
 * The point in between is held open by the parameter "stall" of eventpoll_port;
 * /dev/epoll has no such point, there the second event comes while the program
 * reads what it was given.
 */
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "eventpoll.h"
#include "exhibit.h"

#define PORT	"eventpoll_port"

/**
 * struct design - what differs between the designs
 * @store: of the port, or -1 for /dev/epoll
 * @second: what the kernel does with the second event
 * @goes_on: what it does then with the item
 */
struct design {
	int store;
	const char *second;
	const char *goes_on;
};

static const struct design singlepass = {
	.store = EVENTPOLL_SINGLEPASS,
	.second = "has OUT to tell: the item still looks linked, so it is taken to be on the ready list, and nothing is done",
	.goes_on = "unlinks the item",
}, ovflist = {
	.store = EVENTPOLL_OVFLIST,
	.second = "has OUT to tell: a transfer is under way, so the item is put on the side list, whatever the consumer does with it",
	.goes_on = "unlinks the item, and merges the side list: the item is ready again",
}, wfcqueue = {
	.store = EVENTPOLL_WFCQUEUE,
	.second = "has OUT to tell: the item is READY, so it is taken to be in the queue, and nothing is done",
	.goes_on = "has told, and makes the item idle",
}, wfcqueue_idle = {
	.store = EVENTPOLL_WFCQUEUE_IDLE,
	.second = "has OUT to tell: the consumer made the item idle before it asked the file, so the item becomes ready and is appended to the queue again",
	.goes_on = "has done with the item, and finds it in the queue again",
}, llist = {
	.store = EVENTPOLL_LLIST,
	.second = "has OUT to tell: the item does not point to itself, so it is taken to be on the ready list, and nothing is done",
	.goes_on = "has copied all, and marks the item off the list",
}, llist_v1 = {
	.store = EVENTPOLL_LLIST_V1,
	.second = "has OUT to tell: the item is locked, so it cannot be added, but it is marked ready",
	.goes_on = "has copied all, unlocks the item, finds it marked ready, and adds it to the list",
}, rwlock = {
	.store = EVENTPOLL_RWLOCK,
	.second = "has OUT to tell: a transfer is under way, so the item is put on the side list, under a lock that producers share",
	.goes_on = "unlinks the item, and merges the side list: the item is ready again",
}, devepoll = {
	.store = -1,
	.second = "has OUT to tell: puts it into a slot of the half that it fills, which is not the one that is being read",
};

/* The consumer, a thread, and the event queue that it waits on. */
struct consumer {
	const struct design *design;
	struct set set;
	int queue;
	int fd;
	pid_t tid;
	bool returned;
	sem_t may_read;
	int first;		/* the events of the first wait */
	int second;		/* of the second one, 0: none */
};

/* One wait; the events of fd, 0 at the timeout. */
static int wait_once(struct consumer *c, int timeout)
{
	const struct pollfd *slot;
	struct epoll_event ev;
	int n;

	if (c->design->store < 0) {
		n = set_poll(&c->set, timeout, &slot);
		must(n >= 0 && n <= 1 && (!n || slot->fd == c->fd),
		     "EP_POLL returned %d", n);
		return n ? slot->revents : 0;
	}
	n = eventpoll_wait(c->queue, &ev, 1, timeout);
	if (n < 0)
		fail("EVENTPOLL_WAIT");
	must(!n || ev.data.fd == c->fd, "an event of another descriptor");
	return n ? (int)(ev.events & ~EPOLLET) : 0;
}

static void *consume(void *arg)
{
	struct consumer *c = arg;

	__atomic_store_n(&c->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	c->first = wait_once(c, -1);
	__atomic_store_n(&c->returned, true, __ATOMIC_RELEASE);
	while (sem_wait(&c->may_read))
		must(errno == EINTR, "sem_wait failed");
	drain(c->fd);
	c->second = wait_once(c, 0);
	return NULL;
}

static bool has_tid(void *arg)
{
	struct consumer *c = arg;

	return __atomic_load_n(&c->tid, __ATOMIC_ACQUIRE);
}

static bool has_returned(void *arg)
{
	struct consumer *c = arg;

	return __atomic_load_n(&c->returned, __ATOMIC_ACQUIRE);
}

static bool is_held(void *arg)
{
	(void)arg;
	return param_number(PORT, "stalled") == 1;
}

static void queue_open(struct consumer *c)
{
	if (c->design->store < 0) {
		set_open(&c->set);
		c->queue = c->set.fd;
		must(set_write(&c->set, c->fd, POLLIN | POLLOUT) == 8,
		     "the socket was not taken");
		return;
	}
	c->queue = port_open(c->design->store);
	port_watch(c->queue, c->fd, EPOLLIN | EPOLLOUT | EPOLLET, (unsigned int)c->fd);
}

static void queue_close(struct consumer *c)
{
	if (c->design->store < 0)
		set_close(&c->set);
	else
		close(c->queue);
}

static bool lost_round(const struct way *way)
{
	struct consumer c = { .design = way->design };
	bool port = way->design->store >= 0;
	pthread_t thread;
	int sv[2], said;

	open_socket(sv);
	c.fd = sv[0];
	fill(c.fd);
	queue_open(&c);
	must(!sem_init(&c.may_read, 0, 0), "sem_init failed");
	told("program", "has sent on fd %d, a socket, until EAGAIN, and watches it for IN and OUT, edges only: it will be told when there is room again",
	     c.fd);
	thread = start_thread(consume, &c);
	until(has_tid, &c, "a thread starts");
	until_asleep(c.tid, c.queue);
	told("consumer", "a thread of the program: waits, and sleeps");

	if (port)
		param_set(PORT, "stall", "1");
	put(sv[1]);
	told("peer", "sends a byte");
	if (port) {
		told("kernel", "has IN to tell: puts the item on the ready list, and wakes the consumer");
		until(is_held, NULL, "the consumer is at the stall point");
		told("consumer", "takes the ready list, and asks the file of the item: IN, not yet OUT");
		told("exhibit", "holds the consumer here: the file was asked, but the item is not yet unlinked");
	} else {
		told("kernel", "has IN to tell: puts {%d, IN} into the next slot, and wakes the consumer",
		     c.fd);
		until(has_returned, &c, "the consumer returns");
		told("consumer", "its wait switches the halves, and returns 1 event: fd %d, %s",
		     c.fd, bits(c.first));
		told("exhibit", "holds the consumer here: there is no point between asking and unlinking, since nothing is asked and nothing is linked");
	}
	must(drain(sv[1]) > 0, "there was nothing to read");
	told("peer", "reads all that was sent: there is room again");
	told_here("kernel", "%s", way->design->second);
	if (port) {
		must(is_held(NULL), "the consumer did not wait at the stall point");
		param_set(PORT, "stall", "0");
		told("exhibit", "lets the consumer go");
		until(has_returned, &c, "the consumer returns");
		told_here("consumer", "%s; its wait returns 1 event: fd %d, %s",
			  way->design->goes_on, c.fd, bits(c.first));
	}
	sem_post(&c.may_read);
	join_thread(thread);
	must(c.first == POLLIN, "the first wait told %s", bits(c.first));
	told("consumer", "reads the byte, until EAGAIN, as one has to with edges");
	said = ask(c.fd, POLLIN | POLLOUT);
	must(said == POLLOUT, "poll(2) says %s", bits(said));
	must(!c.second || c.second == POLLOUT, "the second wait told %s",
	     bits(c.second));
	if (c.second)
		told_here("consumer", "waits again, with timeout 0: fd %d, %s",
			  c.fd, bits(c.second));
	else
		told_here("consumer", "waits again, with timeout 0: nothing. poll(2) says %s, but nobody will tell: the program waits for ever to go on sending",
			  bits(said));
	queue_close(&c);
	sem_destroy(&c.may_read);
	close(sv[0]);
	close(sv[1]);
	return !c.second;
}

static const struct way wfcqueue_ways[] = {
	{ .title = "wfcqueue (RFC v3 of 2013, as posted): READY until it is told",
	  .before = "", .after = "", .hurts = true, .design = &wfcqueue },
	{ .title = "wfcqueue-idle (ours): idle before the file is asked",
	  .before = "wfcqueue-idle ", .after = "", .design = &wfcqueue_idle },
	{ .title = "ovflist (since 6.18): the same script, what differs",
	  .before = "ovflist ", .after = "", .brief = true, .design = &ovflist },
};

const struct exhibit exhibit_wfcqueue = {
	.name = "wfcqueue",
	.about = "2013: an edge that comes while its file is told finds the item READY, and is lost",
	.when = "March 2013, the third version of an RFC that was not merged. The ready items are in a wait-free queue, and a state in each says whether it is there. An item stays READY while its file is asked and told. The second version had a state for that moment; the third took it away, since it cost too much in the loop.",
	.harm = "lost",
	.moral = "One step moved repairs it: idle first, then the look at the file. What comes afterwards appends the item again.",
	.round = lost_round,
	.ways = wfcqueue_ways,
	.n_ways = COUNT(wfcqueue_ways),
};

static const struct way llist_ways[] = {
	{ .title = "llist (merged for 6.16, reverted): one mark, on the list or not",
	  .before = "", .after = "", .hurts = true, .design = &llist },
	{ .title = "llist-v1 (19 May 2025): a second mark, something came",
	  .before = "llist-v1 ", .after = "", .design = &llist_v1 },
	{ .title = "ovflist (since 6.18): the same script, what differs",
	  .before = "ovflist ", .after = "", .brief = true, .design = &ovflist },
};

const struct exhibit exhibit_llist = {
	.name = "llist",
	.about = "2025: an edge that comes while its file is told is lost; the first version had a guard",
	.when = "June and July 2025, 6.16-rc. Producers add to the ready list without a lock. An item that is told goes to a private list and is marked off only when all is copied, or it could be told twice in one wait. It was reverted when desktops stalled at login; the cause was not found. That this is the cause is what we believe, not what was shown then; that an event is lost so is what is shown here.",
	.harm = "lost",
	.moral = "The first version of the patch marked such an item, and looked at the mark in the end. The third took the mark away as unnecessary.",
	.round = lost_round,
	.ways = llist_ways,
	.n_ways = COUNT(llist_ways),
};

static const struct way singlepass_ways[] = {
	{ .title = "singlepass (May 2007): one list, gone through once",
	  .before = "", .after = "", .hurts = true, .design = &singlepass },
	{ .title = "ovflist (since 6.18): a side list",
	  .before = "ovflist ", .after = "", .design = &ovflist },
	{ .title = "wfcqueue-idle (the RFC of 2013, repaired): the same script, what differs",
	  .before = "wfcqueue-idle ", .after = "", .brief = true,
	  .design = &wfcqueue_idle },
	{ .title = "rwlock (5.1 to 6.17): the same script, what differs",
	  .before = "rwlock ", .after = "", .brief = true, .design = &rwlock },
	{ .title = "devepoll (2002): two halves, and nothing to lose",
	  .before = "devepoll ", .after = "", .design = &devepoll },
};

const struct exhibit exhibit_singlepass = {
	.name = "singlepass",
	.about = "May 2007: an event between the look at a file and the unlinking of its item is lost",
	.when = "May 2007, before 2.6.22. epoll had gone over its ready list three times to tell what is ready; now it went over it once, and relied on this: an item in the consumer's hands still looks linked, so an event leaves it alone. A week later a side list beside the list took its place, which 2.6.22 had. That it has a hole can be read off the design; here it is held open, so that an event falls into it every time.",
	.harm = "lost",
	.moral = "One question separates the generations: what does an event do to an item that the consumer holds right now? Nothing; park it beside the list; flip its state and append it again; write to the other half.",
	.round = lost_round,
	.ways = singlepass_ways,
	.n_ways = COUNT(singlepass_ways),
};
