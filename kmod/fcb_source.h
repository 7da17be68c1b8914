/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fcb_source.h - where events come from: one small interface, a file each
 *
 *	tap	fcb_wakeup.c	entries on the wait queues of the file; any file
 *	socket	fcb_socket.c	direct calls at sock_wake_async() and, for what has
 *				no SIGIO, at sock_def_wakeup(); stream sockets of
 *				the unix family, TCP and UDP.  All else by tap
 *	2002	fcb_2002.c	direct calls at sock_wake_async() and kill_fasync():
 *				sockets and pipes, as told in 2002, with its gaps
 *
 * fcb_source.c knows the names and which one new registrations take;
 * fcb_fasync.c has what the last two share: the entry and the hooks.
 *
 * Words and channels.  tap and socket tell the same in the same words: facts
 * and doubts, ION_WAKEUP.  2002 tells by bands.  So a list has two channels:
 * list->now and list->of_2002.  A registration goes on the channel of the
 * source that was set when it was made, and stays.
 *
 * The entry.  A socket or pipe keeps a list of those that want SIGIO (struct
 * fasync_struct).  An entry of ours stands there for a struct file that is no
 * file: it lies in a struct fcb_entry, has no owner, so no signal is ever sent
 * for it, and leads from the list in the hook to the channel without a search.
 * fa_fd, a negative number that no descriptor has, tells it from others.
 *
 * Invariants
 *
 *  - A registration is on one channel, and each thing that happens reaches a
 *    channel by one way.  An entry on list->now stands for one wait queue, the
 *    socket's; what polls the file afterwards puts no tap on that queue
 *    (entry->head).  The entry is made by the first hearer of list->now, in the
 *    same stay in the mutex in which it is linked, and only if nothing is
 *    tapped; later ones find it made or find taps.
 *  - With different sources on one file: what is on list->now already decides
 *    between tap and socket for who joins; 2002 has its own entry and its own
 *    channel, beside either.
 *  - An entry for list->now is on sockets with the callbacks that the kernel
 *    gives to all of their kind.  Whoever replaces them (TLS, sockmap, KCM)
 *    wakes by what he replaced, so nothing is lost at that moment; the first
 *    event that comes through another sk_data_ready moves the channel to a tap:
 *    the entry goes, the tap comes, and then everything is told as a doubt,
 *    which covers what fell between them.
 *  - An entry is removed while the file is whole, by the last hearer or by the
 *    close, before the file is torn down (see fcblist.c).  Nothing waits there:
 *    the list of entries has a spin lock of its own, and SOCK_FASYNC is put
 *    back only if the socket is not in use; left set it costs the socket a call
 *    an event.
 *  - The patched functions go on for others: where an entry of ours is the
 *    only one they are shown an empty list and return; else they see all, and
 *    a file of ours has no owner to signal.
 *
 * Who holds what.  Hooks run under RCU: the entry, found by fa->fa_file, is
 * freed a grace period after fa->fa_file was cleared (under fa_lock, by
 * fasync_helper()), and so is the list, and who registered keeps his part by
 * the rules of fcblist.h.  The entry holds nothing.  A move holds the list.
 *
 * Locks: all inside list->mutex and in this order; fcblist.c has those outside.
 *
 *	entry->as_file.f_lock, fasync_lock, fa_lock	the kernel's
 *	sk->sk_lock.slock	for SOCK_FASYNC, taken after these are released
 *	the wait queue's	in a move, which then calls the callbacks
 *
 * Which source is in use has a mutex of its own (fcb_source.c), around start() and
 * stop(), with that of direct_hook.c inside.  Nobody takes it with one of the above.
 *
 * 2002 waits in addition for the socket, by lock_sock(), when an entry is made:
 * outside list->mutex, as one who sets O_ASYNC does.  socket does not wait: a
 * socket that is in use at that moment goes by tap.
 *
 * Unloading.  All registrations have ended, so no entry is left.  A hook may
 * still be running, with nothing to find: direct_hook_stop() waits for it, and
 * it does not sleep.  Then the work item of the moves is flushed.
 *
 * A source that has been begun stays until the module goes, even if the
 * parameter changes: its hooks cost who is not watched a handful of
 * instructions, and registrations of it may live.
 */
#ifndef KMOD_FCB_SOURCE_H
#define KMOD_FCB_SOURCE_H

#include "fcb_internal.h"

/**
 * struct fcb_source - a source of events
 * @name: as the module parameter source has it
 * @of_2002: on which channel its registrations are
 * @start: begin; 0 or -errno with a line in the log; or NULL
 * @stop: end; on return nobody is inside any more; or NULL
 * @prepare: the first hearer of the channel has come; under list->mutex, may
 *	sleep but waits for nobody; or NULL.  May leave all to @listen
 * @listen: this registration wants to hear; no lock is held, the file is
 *	pinned, may sleep.  @first: as @prepare.  0 or -errno; even then the
 *	channel has to be left.
 */
struct fcb_source {
	const char *name;
	bool of_2002;
	int (*start)(void);
	void (*stop)(void);
	void (*prepare)(struct fcblist *list);
	int (*listen)(struct fcb_struct *fcb, bool first);
};

extern const struct fcb_source fcb_source_tap;
extern const struct fcb_source fcb_source_socket;
extern const struct fcb_source fcb_source_2002;

/**
 * fcb_source_set() - take a source for registrations from now on
 * @want: "auto", "socket", "tap" or "2002"; a newline at the end is nothing
 *
 * Before fcb_source_begin() only the word is looked at and kept.
 *
 * Context: process, may sleep.
 * Return: 0, -EINVAL for another word, or why the one that was named cannot
 * be had; the log says both.  The one in use stays then.
 */
int fcb_source_set(const char *want);

/** fcb_source_begin() - begin with the source that was set; as above. */
int fcb_source_begin(void);

/** fcb_source_end() - end all that were begun; nothing is registered. */
void fcb_source_end(void);

/** fcb_source_name() - the one in use. */
const char *fcb_source_name(void);

#endif /* KMOD_FCB_SOURCE_H */
