// SPDX-License-Identifier: GPL-2.0-only
/*
 * fcb_wakeup.c - the source "tap": the wait queues of the watched file
 *
 * In 2002 events came from where SIGIO is raised (fcb_2002.c).  That misses most
 * kinds of files, so here a watched file is listened to like epoll does it:
 * vfs_poll() shows the wait queues, and a tap of ours goes on
 * each of them (one for most files, two for a FIFO that is open both ways or for
 * a pty; nothing is assumed).
 *
 * Whose queues.  What the first registration of a list is shown is tapped for
 * all of them.  Each later one polls as well, and where it is shown a queue
 * that nobody taps it gets a tap for itself: the queue of a signalfd is that
 * of the task that asks, and one that went by POLLFREE is tapped no more.  So
 * nothing has to be known of the kinds of files.  A queue for which an entry
 * stands (fcb_source.h) is as good as tapped.  A tap of one's own goes with
 * the registration; the common ones go with the last that hears events.
 *
 * What a wake-up tells.  Its key holds poll bits, and a key is a hint:
 *
 *  - 0 says only that something happened.  Every hang-up, connect and
 *    shutdown of a socket comes like that, and all of signalfd and inotify.
 *  - 0xc3 (IN, RDNORM, PRI, RDBAND) is what sockets send for plain data: PRI
 *    and RDBAND are always there and mean nothing.
 *  - ERR is true and never all: an error queue that shows as PRI, an end of
 *    the connection.  So is any key without IN and OUT.
 *  - A terminal that is hung up or stopped says IN and OUT, and so does what
 *    else is a character device (tun): there, trouble is left open by
 *    everything.
 *  - Everything else is taken at its word.
 *
 * What the key leaves open goes into the high half of plevt as doubts.
 * doc/hooks.md has the table, with a test for each row.
 *
 * POLLFREE in a key says that the queue goes away although the file lives
 * (signalfd polled by a task that exits; binder).  It is no event, and the HUP
 * that comes with it is not the file's.  The entry has to be off the queue
 * before the function returns; the queue's memory is freed after a grace
 * period, which is what fcb_taps_remove() leans on.
 *
 * The function runs under the lock of the queue, in any context up to hard irq
 * (timerfd); on PREEMPT_RT always in a task.
 */
#include <linux/mm.h>
#include <linux/slab.h>

#include "fcb_fasync.h"
#include "fcb_source.h"
#include "plant.h"

#define KEY_FREE	((__force u32)POLLFREE)
#define KEY_IN		((__force u32)EPOLLIN)
#define KEY_OUT		((__force u32)EPOLLOUT)
#define KEY_ERR		((__force u32)EPOLLERR)
#define KEY_URGENT	((__force u32)(EPOLLPRI | EPOLLRDBAND))
#define KEY_TROUBLE	((__force u32)(EPOLLPRI | EPOLLERR | EPOLLHUP | \
				       EPOLLRDHUP))

/* Of a key without ERR, and of no character device. */
static __always_inline long key_to_plevt(u32 key)
{
	u32 facts = key & FCB_POLL_BITS;
	u32 doubts = 0;

	if (facts & KEY_IN) {
		doubts = facts & KEY_URGENT;
		facts &= ~KEY_URGENT;
	} else if (!(facts & KEY_OUT)) {
		doubts = FCB_POLL_BITS & ~facts;
	}
	return facts | doubts << FCB_DOUBT_SHIFT;
}

static long rare_key_to_plevt(struct inode *inode, u32 key)
{
	u32 facts = key & FCB_POLL_BITS;
	u32 doubts;

	if (facts & KEY_ERR)
		doubts = FCB_POLL_BITS & ~facts;
	else if (S_ISCHR(inode->i_mode))
		doubts = KEY_TROUBLE & ~facts;
	else
		doubts = 0;
	return key_to_plevt(key) | doubts << FCB_DOUBT_SHIFT;
}

static int fcb_pollfree(struct fcb_tap *tap)
{
	list_del_init(&tap->wait.entry);
	/* Pairs with the acquire in tap_head(): after this, tap may go. */
	smp_store_release(&tap->head, NULL);
	return 1;
}

/*
 * Wait queues are woken with interrupts off, since most are woken from
 * interrupts; a driver that knows better may leave them on.
 */
static noinline int fcb_deliver_irqs_on(struct fcb_tap *tap, long *event)
{
	unsigned long flags = fcb_irq_save();

	fcb_deliver(&tap->list->now, event);
	fcb_irq_restore(flags);
	return 1;
}

/* What is not for the short way below: in all, a tap of one's own, a device. */
static noinline int fcb_wakeup_rare(struct wait_queue_entry *wait,
				    unsigned int mode, int sync, void *key)
{
	struct fcb_tap *tap = container_of(wait, struct fcb_tap, wait);
	u32 bits = (__force u32)key_to_poll(key);
	struct fcb_struct *fcb = tap->fcb;
	struct fcblist *list = tap->list;
	long event[] = {
		ION_WAKEUP, rare_key_to_plevt(list->inode, bits), -1
	};
	unsigned long flags;

	if (bits & KEY_FREE)
		return fcb_pollfree(tap);
	flags = fcb_irq_save();
	if (fcb)
		fcb_call(fcb, list->file, event);
	else
		fcb_deliver(&list->now, event);
	fcb_irq_restore(flags);
	return 1;
}

/*
 * No stack protector: three words are stored here and handed on to be read,
 * and this is run for every event of every watched file.
 */
static __no_stack_protector int fcb_wakeup(struct wait_queue_entry *wait,
					   unsigned int mode, int sync,
					   void *key)
{
	struct fcb_tap *tap = container_of(wait, struct fcb_tap, wait);
	u32 bits = (__force u32)key_to_poll(key);
	long event[] = { ION_WAKEUP, key_to_plevt(bits), -1 };

	if (unlikely(bits & (KEY_FREE | KEY_ERR)))
		return fcb_wakeup_rare(wait, mode, sync, key);
	if (unlikely(!fcb_irqs_ok()))
		return fcb_deliver_irqs_on(tap, event);
	fcb_deliver(&tap->list->now, event);
	return 1;
}

/* The queue, or NULL once POLLFREE took the tap off. */
static struct wait_queue_head *tap_head(struct fcb_tap *tap)
{
	/* Pairs with the release in fcb_pollfree(). */
	return smp_load_acquire(&tap->head);
}

struct tap_install {
	struct poll_table_struct pt;
	struct fcblist *list;
	struct fcb_struct *fcb;
	bool shared;
	int err;
};

static bool tapped(struct fcb_tap *tap, struct wait_queue_head *head)
{
	for (; tap; tap = tap->next)
		if (tap_head(tap) == head)
			return true;
	return false;
}

static bool entry_for(struct fcblist *list, struct wait_queue_head *head)
{
	struct fcb_entry *e = list->now.entry;

	return e && e->head == head && !planted(PLANT_TWOSOURCES);
}

/* Does what comes from there reach this registration already? */
static bool hears(struct tap_install *ti, struct wait_queue_head *head)
{
	bool yes;

	mutex_lock(&ti->list->mutex);
	yes = entry_for(ti->list, head) || tapped(ti->list->taps, head) ||
	      tapped(ti->fcb->taps, head);
	mutex_unlock(&ti->list->mutex);
	return yes;
}

static void tap_on(struct fcb_tap *tap, struct fcb_tap **taps,
		   struct wait_queue_head *head, wait_queue_func_t func)
{
	init_waitqueue_func_entry(&tap->wait, func);
	tap->head = head;
	tap->next = *taps;
	*taps = tap;
	add_wait_queue(head, &tap->wait);
}

static void tap_add(struct file *file, struct wait_queue_head *head,
		    struct poll_table_struct *pt)
{
	struct tap_install *ti = container_of(pt, struct tap_install, pt);
	struct fcblist *list = ti->list;
	struct fcb_tap **taps = ti->shared ? &list->taps : &ti->fcb->taps;
	struct fcb_tap *tap = &list->tap;
	bool rare = !ti->shared || S_ISCHR(list->inode->i_mode);

	if (!head || ti->err || hears(ti, head))
		return;
	/* Nobody else adds to either. */
	if (!ti->shared || *taps) {
		tap = kzalloc(sizeof(*tap), GFP_KERNEL_ACCOUNT);
		if (!tap) {
			ti->err = -ENOMEM;
			return;
		}
	}
	tap->list = list;
	tap->fcb = ti->shared ? NULL : ti->fcb;
	/* Together: who finds it tapped counts on it. */
	mutex_lock(&list->mutex);
	tap_on(tap, taps, head, rare ? fcb_wakeup_rare : fcb_wakeup);
	mutex_unlock(&list->mutex);
}

void fcb_tap_queue(struct fcblist *list, struct wait_queue_head *head)
{
	lockdep_assert_held(&list->mutex);

	list->tap.list = list;
	list->tap.fcb = NULL;
	tap_on(&list->tap, &list->taps, head, fcb_wakeup);
}

int fcb_taps_install(struct fcb_struct *fcb, bool shared)
{
	struct tap_install ti = {
		.list = fcb->list, .fcb = fcb, .shared = shared,
	};

	/*
	 * The poll key stays as this leaves it, with all bits, EPOLLET among them.
	 * A pipe of 7.3 reads it, and wakes on a write behind unread data only if
	 * somebody has polled it with that bit.
	 */
	init_poll_funcptr(&ti.pt, tap_add);
	/* The state at this moment is of no interest: edges only. */
	vfs_poll(fcb->list->file, &ti.pt);
	return ti.err;
}

static void tap_remove(struct fcb_tap *tap)
{
	struct wait_queue_head *head;

	rcu_read_lock();
	head = tap_head(tap);
	if (head)
		remove_wait_queue(head, &tap->wait);
	rcu_read_unlock();
}

void fcb_taps_remove(struct fcblist *list, struct fcb_tap **taps)
{
	struct fcb_tap *tap;

	lockdep_assert_held(&list->mutex);

	while ((tap = *taps)) {
		*taps = tap->next;
		tap_remove(tap);
		if (tap != &list->tap)
			kfree(tap);
	}
}

const struct fcb_source fcb_source_tap = {
	.name = "tap",
	.listen = fcb_taps_install,
};
