/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fcblist.h - the file callback list, for modules
 *
 * In 2002 every struct file had a list of callbacks (fs/fcblist.c of the
 * /dev/epoll patch for 2.5.42): whoever wanted to hear of a file's events put
 * a function on it, and the places that raised SIGIO walked it.  A module
 * cannot add fields to struct file, so here the lists hang on a side table.
 * The functions keep their names and their meaning; where they differ from
 * 2002, it says so below.
 *
 * An event is an array of long that ends with -1: { ioevt, plevt, -1 }.
 * plevt holds poll bits: the low 16 are facts; the high 16, shifted by
 * FCB_DOUBT_SHIFT, are bits that may have come or not, because the wake-up
 * did not tell.  A callback that wants to know asks the file with vfs_poll(),
 * later and in process context.  A callback written in 2002 masks plevt with
 * a short and never sees the doubts.
 */
#ifndef KMOD_FCBLIST_H
#define KMOD_FCBLIST_H

#include <linux/export.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/poll.h>

/** FCB_LOCAL_SIZE - words of private space that each callback gets. */
#define FCB_LOCAL_SIZE		4

/* What kind of event it is: the ioevt word. */
#define ION_IN			1
#define ION_OUT			2
#define ION_HUP			3
#define ION_ERR			4
#define ION_WAKEUP		5	/* a wait-queue wake-up: read plevt */

/** FCB_POLL_BITS - the poll bits that an event can carry. */
#define FCB_POLL_BITS		0x27ff	/* POLLIN .. POLLMSG, POLLRDHUP */

/** FCB_DOUBT_SHIFT - where in plevt the doubtful bits are. */
#define FCB_DOUBT_SHIFT		16

/** FCB_NBANDS - entries in the band tables: IN, OUT, MSG, ERR, PRI, HUP. */
#define FCB_NBANDS		6

/*
 * Indexed by band - POLL_IN, as SIGIO has them (2.5.42, fs/fcblist.c).  For callers
 * that have a band, as the source "2002" has.
 */
extern const long ion_band_table[FCB_NBANDS];
extern const long poll_band_table[FCB_NBANDS];

/**
 * fcb_event_t - hears of an event
 * @file: the watched file
 * @data: as given at registration
 * @local: FCB_LOCAL_SIZE words of this registration, zero at first
 * @event: { ioevt, plevt, -1 }; not to be written to, since all share it
 *
 * Runs with interrupts off, as in 2002 (but for PREEMPT_RT, where interrupts
 * are threads and there is no need), and inside rcu_read_lock() or what
 * amounts to it; often in softirq or hard irq with a wait-queue lock held.  It
 * must not sleep, and may take no lock under which wake-ups of watched files
 * are sent.
 */
typedef void (*fcb_event_t)(struct file *file, void *data,
			    unsigned long *local, long *event);

/**
 * fcb_closed_t - hears of the last close, after its registration is gone
 * @file: the file, complete for the last time, with no references left
 * @data: as given at registration
 *
 * Runs in the closer's context, may sleep, holds no lock of this list.  It must not
 * wait for what a program can hold: the closer may be somebody else, and may be in
 * a section that all wait for (fput_fsnotify.c).  An event callback of the same
 * registration may still be running on another CPU until a grace period of RCU is over.
 */
typedef void (*fcb_closed_t)(struct file *file, void *data);

struct module;
struct fcb_chan;
struct fcblist;
struct fcb_tap;

/**
 * struct fcb_struct - one registration (named as in 2002)
 * @llink: in its list
 * @cbproc: hears events, or NULL
 * @closeproc: hears the last close, or NULL
 * @data: for both
 * @local: private words of the callback
 * @name: the @cbproc that it was made with, which with @data is its name; it
 *	hears by another one when it went deaf (faithful.h)
 * @owner: the module of @closeproc; pinned from the registration on until its
 *	end, which is the return of @closeproc if that is called
 * @list: where it is registered, or NULL before and after
 * @chan: on which channel of @list (fcb_source.h); NULL without @cbproc
 * @taps: entries on wait queues that only this one hears (fcb_wakeup.c)
 *
 * Who registers has it in his own memory, and keeps it until a grace period of
 * RCU after the end of the registration; until then it cannot be registered
 * anew either.  Its members are fcb.ko's.
 */
struct fcb_struct {
	struct list_head llink;
	fcb_event_t cbproc;
	fcb_closed_t closeproc;
	void *data;
	unsigned long local[FCB_LOCAL_SIZE];
	fcb_event_t name;
	struct module *owner;
	struct fcblist *list;
	struct fcb_chan *chan;
	struct fcb_tap *taps;
};

/**
 * file_notify_register() - put a callback on a file's list, and hear of the
 *	last close
 * @file: the file; the caller holds a reference
 * @fcb: the registration
 * @cbproc: what to call at every event, or NULL to hear of the close alone
 * @closeproc: what to call at the last close
 * @data: for both
 *
 * New here: 2002 told nobody of the close, which left /dev/epoll with
 * registrations of files that no longer were.
 *
 * Only what happens from now on is told.  The file is not pinned.  Exactly one
 * of these ends a registration: a file_notify_unregister() that returns 0, or
 * the call of @closeproc.  The calling module is pinned until then, or until
 * that call has returned: it cannot be unloaded while a close can still come
 * to it.
 *
 * Without @cbproc nothing is put on the file's wait queues, and the file is
 * not polled: who has a source of events of his own (kmod/eventpoll) pays for
 * no second one.
 *
 * Context: process, may sleep.  Calls vfs_poll(), with no lock of this list
 * held.
 * Return: 0, -EPERM (a file that cannot be polled, or whose close cannot be
 * heard of), -ENOMEM, -EINTR (killed while waiting).
 */
#define file_notify_register(file, fcb, cbproc, closeproc, data) \
	__file_notify_register(file, fcb, cbproc, closeproc, data, THIS_MODULE)

int __file_notify_register(struct file *file, struct fcb_struct *fcb,
			   fcb_event_t cbproc, fcb_closed_t closeproc,
			   void *data, struct module *owner);

/**
 * file_notify_bytes() - what a registration takes in here at most
 * @hears: it has a cbproc
 *
 * For those who count what a user has.  The list of a file that nobody else watches, and
 * what brings events to it; the &struct fcb_struct is the caller's own.
 *
 * Context: any.
 * Return: bytes, as the allocator rounds them.
 */
size_t file_notify_bytes(bool hears);

/**
 * file_notify_unregister() - end a registration
 * @fcb: as registered, zeroed if it never was
 *
 * Takes no search, however many others are on the file's list, and waits for
 * no vfs_poll().  On return no new call of its cbproc starts; one that runs
 * on another CPU may last until a grace period is over.
 *
 * Context: process, may sleep; not while it is being registered.
 * Return: 0, or -ENOENT (not registered: its close was first, and its
 * closeproc has been called or is about to be).
 */
int file_notify_unregister(struct fcb_struct *fcb);

/**
 * file_notify_addcb() - put a callback on a file's list (2002)
 * @file: the file; the caller holds a reference
 * @cbproc: what to call at every event
 * @data: for @cbproc; (@cbproc, @data) is the name of the registration
 *
 * As file_notify_register(), but the last close takes it off silently, as in
 * 2002, and nobody is pinned: the owner removes it and calls
 * file_notify_sync() before he unloads.
 *
 * Context: process, may sleep.
 * Return: as file_notify_register().
 */
int file_notify_addcb(struct file *file, fcb_event_t cbproc, void *data);

/**
 * file_notify_delcb() - take a callback off (2002)
 * @file: the file; only its address is used, no reference is needed
 * @cbproc: as registered
 * @data: as registered
 *
 * For registrations by either call.  Looks through the list of the file.
 *
 * 2002 compared @cbproc alone and could take somebody else's registration.
 * On return no new call of @cbproc for this registration starts; one that
 * runs on another CPU may last until a grace period is over, so free @data
 * with kfree_rcu() or after file_notify_sync().
 *
 * Context: process, may sleep.
 * Return: 0, or -ENOENT (never there, or its close was first).
 */
int file_notify_delcb(struct file *file, fcb_event_t cbproc, void *data);

/**
 * file_notify_event() - tell an event to all callbacks of a file (2002)
 * @file: the file; the caller knows that it lives
 * @event: { ioevt, plevt, -1 }
 *
 * Context: any.
 */
void file_notify_event(struct file *file, long *event);

/**
 * file_send_notify() - build the event and tell it (2002)
 * @file: the file; the caller knows that it lives
 * @ioevt: an ION_ number
 * @plevt: poll bits
 *
 * Context: any.
 */
static inline void file_send_notify(struct file *file, long ioevt, long plevt)
{
	long event[] = { ioevt, plevt, -1 };

	file_notify_event(file, event);
}

/**
 * file_notify_cleanup() - drop all callbacks of a file (2002)
 * @file: a file at its last close
 *
 * Called for every closing file by the hook at the head of __fput(), where
 * the patch of 2002 had put its call.
 *
 * Context: process, may sleep.
 */
void file_notify_cleanup(struct file *file);

/**
 * file_notify_sync() - wait until nobody is in an event callback any more
 *
 * For a module that is about to unload, after the last of its registrations
 * has ended: a callback of one of them may still be running.  A closeproc is
 * not waited for, since it pins its module.
 *
 * Context: process, may sleep; not from a callback.
 */
void file_notify_sync(void);

#endif /* KMOD_FCBLIST_H */
