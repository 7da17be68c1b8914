/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fcb_internal.h - what the parts of fcb.ko share
 */
#ifndef KMOD_FCB_INTERNAL_H
#define KMOD_FCB_INTERNAL_H

#include <linux/build_bug.h>
#include <linux/cache.h>
#include <linux/hash.h>
#include <linux/irqflags.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "fcblist.h"

/**
 * struct fput_provider - one way of hearing of the last close of a file
 * @name: as the module parameter fput_hook has it
 * @hint: what is likely if it was started and tells nothing
 * @start: begin; 0 or -errno with a line in the log
 * @stop: end; on return nobody is inside any more
 * @watch: this file, which the caller pins, is going to be watched; -EPERM if
 *	its close cannot be heard of; or NULL
 * @unwatch: a file of this inode no longer is; or NULL.  Both may sleep.
 *
 * A provider calls file_notify_cleanup() for each watched file at its last
 * close, in a context that may sleep, before the file is torn down.
 */
struct fput_provider {
	const char *name;
	const char *hint;
	int (*start)(void);
	void (*stop)(void);
	int (*watch)(struct file *file);
	void (*unwatch)(struct inode *inode);
};

/**
 * struct fcb_tap - our entry on one wait queue of a watched file
 * @wait: the entry; its function is the event source
 * @head: the queue it is on; NULL once POLLFREE took it off
 * @list: the list that hears what comes
 * @fcb: the one registration that hears it, or NULL: all of @list's channel now
 * @next: the next tap of the same owner; most files have one
 */
struct fcb_tap {
	struct wait_queue_entry wait;
	struct wait_queue_head *head;
	struct fcblist *list;
	struct fcb_struct *fcb;
	struct fcb_tap *next;
};

struct fcb_entry;
struct fcb_source;

/**
 * struct fcb_chan - those of a list who hear in the same words
 * @only: the one on @callbacks, if there is just one: needs no walk
 * @file: the list's
 * @callbacks: the registrations; changed under the list's mutex, walked under
 *	RCU
 * @entry: where SIGIO is raised (fcb_fasync.h), or NULL; list->mutex
 */
struct fcb_chan {
	struct fcb_struct *only;
	struct file *file;
	struct list_head callbacks;
	struct fcb_entry *entry;
};

/**
 * struct fcblist - the callbacks of one watched file
 * @now: the registrations that hear events in the words of today
 * @file: the key; not pinned
 * @inode: the file's
 * @of_2002: those that hear them in the words of 2002
 * @closers: those that hear of the close alone; changed and walked as these
 * @moving: on its way from an entry to a tap (fcb_socket.c)
 * @refs: one for the table, one for each user
 * @taps: wait-queue entries that all of @now hear; put there by the first
 *	of them, @mutex
 * @tap: the first of @taps, so that most files need no second allocation; what a
 *	wake-up looks at lies in one cache line
 * @mutex: guards everything here
 * @dead: no longer in the table, takes no more callbacks; @mutex
 * @move: among those that are @moving
 * @link: in the table; changed under its lock, walked under RCU
 * @rcu: the memory stays until readers are through
 */
struct fcblist {
	struct fcb_chan now;
	struct file *file;
	struct inode *inode;
	struct fcb_chan of_2002;
	struct list_head closers;
	int moving;
	refcount_t refs;
	struct fcb_tap *taps;
	struct fcb_tap tap;
	struct mutex mutex;	/* guards the list and its taps */
	bool dead;
	struct llist_node move;
	struct hlist_node link;
	struct rcu_head rcu;
};

static_assert(offsetof(struct fcblist, tap) % SMP_CACHE_BYTES +
	      offsetofend(struct fcb_tap, fcb) <= SMP_CACHE_BYTES);

static inline void fcb_chan_init(struct fcb_chan *chan, struct file *file)
{
	chan->only = NULL;
	chan->file = file;
	INIT_LIST_HEAD(&chan->callbacks);
	chan->entry = NULL;
}

static inline void fcblist_put(struct fcblist *list)
{
	if (refcount_dec_and_test(&list->refs))
		kfree_rcu(list, rcu);
}

static __always_inline void fcb_call(struct fcb_struct *fcb, struct file *file,
				     long *event)
{
	fcb->cbproc(file, fcb->data, fcb->local, event);
}

/* Out of line, for the sake of the registers of who has one to call. */
static noinline __maybe_unused void fcb_deliver_all(struct fcb_chan *chan, long *event)
{
	struct fcb_struct *fcb;

	list_for_each_entry_rcu(fcb, &chan->callbacks, llink, true)
		fcb_call(fcb, chan->file, event);
}

/**
 * fcb_deliver() - tell an event to a channel
 * @chan: the channel
 * @event: { ioevt, plevt, -1 }
 *
 * Context: fcb_irqs_ok(), and an RCU read-side section.  Holding any
 * spinlock_t is one on every kernel we run on: it disables preemption, and on
 * PREEMPT_RT it takes rcu_read_lock() itself.
 */
static __always_inline void fcb_deliver(struct fcb_chan *chan, long *event)
{
	struct fcb_struct *fcb = READ_ONCE(chan->only);

	if (likely(fcb))
		fcb_call(fcb, chan->file, event);
	else
		fcb_deliver_all(chan, event);
}

/*
 * Callbacks run with interrupts off, so that they can do with plain spin
 * locks.  Not on PREEMPT_RT, whose spin locks sleep and whose interrupt
 * handlers are threads.
 */
static __always_inline bool fcb_irqs_ok(void)
{
	return IS_ENABLED(CONFIG_PREEMPT_RT) || irqs_disabled();
}

static __always_inline unsigned long fcb_irq_save(void)
{
	unsigned long flags = 0;

	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		local_irq_save(flags);
	return flags;
}

static __always_inline void fcb_irq_restore(unsigned long flags)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		local_irq_restore(flags);
}

/* fcb_deliver() from any context. */
static inline void fcb_tell(struct fcb_chan *chan, long *event)
{
	unsigned long flags;

	rcu_read_lock();
	flags = fcb_irq_save();
	fcb_deliver(chan, event);
	fcb_irq_restore(flags);
	rcu_read_unlock();
}

/* fcblist.c: the side table, shared with the hook's fast path */
extern struct hlist_head *fcb_table;
extern unsigned int fcb_table_shift;

static __always_inline struct hlist_head *fcb_bucket(const struct file *file)
{
	return &fcb_table[(unsigned long)file * GOLDEN_RATIO_64 >>
			  fcb_table_shift];
}

/**
 * fcb_maybe_watched() - the fast answer: can this file have callbacks?
 * @file: any file
 *
 * Return: false for certain, true for perhaps.
 */
static __always_inline bool fcb_maybe_watched(const struct file *file)
{
	return !hlist_empty(fcb_bucket(file));
}

/* fcblist.c: the provider in use, set by fput_hook.c before the first list */
extern const struct fput_provider *fcb_provider;

/* fcblist.c: what new registrations hear by, set by fcb_source.c */
extern const struct fcb_source *fcb_source_now;

/* fput_direct.c: entered from the head of a function that has a file on its way out */
void fput_direct_tramp(void);
void fput_direct_call(struct file *file);

int fcblist_init(unsigned int bits);
void fcblist_exit(void);

/** fcblist_drain() - wait until no closer is in file_notify_cleanup(). */
void fcblist_drain(void);

/* fcb_wakeup.c: taps */

/**
 * fcb_taps_install() - get on the wait queues of the file of a registration
 * @fcb: linked; the caller pins the file and holds no lock
 * @shared: it is the first of its list: what it taps, all hear
 *
 * Return: 0 or -ENOMEM; even then the taps have to be removed.
 */
int fcb_taps_install(struct fcb_struct *fcb, bool shared);

/**
 * fcb_tap_queue() - tap one queue for all of list->now
 * @list: its mutex is held, its file is whole, it has no taps
 * @head: a queue of the file
 */
void fcb_tap_queue(struct fcblist *list, struct wait_queue_head *head);

/** fcb_taps_remove() - and off them; the file is whole. */
void fcb_taps_remove(struct fcblist *list, struct fcb_tap **taps);

#endif /* KMOD_FCB_INTERNAL_H */
