// SPDX-License-Identifier: GPL-2.0-only
/*
 * wake.c - waking those who wait on a set, or poll its descriptor
 *
 * A follower sleeps on a futex.  The leader is woken through the device: an eventfd
 * in the set, the kick, is written to, which makes an edge like any other.  The same
 * edge comes to the sets that watch this one.
 *
 * Who sleeps beside the device, be it in poll(2) or in a wait with a signal mask,
 * has no bell of his own: he polls the descriptor for what comes, and the kick for
 * what is on the list.  The kick stays readable while there may be something; it is
 * put right by whoever is about to sleep on it.
 */
#define _GNU_SOURCE
#include <linux/futex.h>

#include "../raw.h"
#include "set.h"

static void write_kick(struct set *s)
{
	const uint64_t one = 1;

	s->kicked = true;
	s->shown = true;
	raw3(SYS_write, s->kick, &one, sizeof(one));
}

void set_kick(struct set *s)
{
	if (!s->kicked)
		write_kick(s);
}

/* The leader is to sleep where others can look meanwhile, now and later. */
void set_call_out(struct set *s)
{
	if (!s->in_device)
		return;
	s->shared = true;
	set_kick(s);
}

void set_device_left(struct set *s)
{
	s->in_device = false;
	if (s->growing)
		pthread_cond_broadcast(&s->device_left);
	/* They did not poll the descriptor, for it was his. */
	if (s->beside)
		write_kick(s);
}

/*
 * A thread is going to sleep beside the device.  It found nothing; from here on, what
 * comes to the list is shown to it.
 */
void set_beside(struct set *s, struct pollfd *device, struct pollfd *kick)
{
	uint64_t count;

	if (s->shown && !s->nready) {
		raw3(SYS_read, s->kick, &count, sizeof(count));
		s->shown = false;
	}
	set_call_out(s);
	/* Not while another has it, or nobody can take what it holds. */
	*device = (struct pollfd){
		.fd = s->in_device || !s->q.map ? -1 : s->q.fd,
		.events = POLLIN,
	};
	*kick = (struct pollfd){ .fd = s->kick, .events = POLLIN };
	s->beside++;
	s->inside++;
}

void set_not_beside(struct set *s)
{
	s->beside--;
	s->inside--;
}

static void ring(struct set *s, struct follower *f)
{
	s->followers = f->next;
	s->rung++;
	__atomic_store_n(&f->rung, 1, __ATOMIC_RELEASE);
	/* It needs the lock before it can be gone. */
	raw3(SYS_futex, &f->rung, FUTEX_WAKE_PRIVATE, 1);
}

/*
 * Before the lock is given back: is there something for others to do?  One at a
 * time: who was rung passes on.
 */
void set_pass_on(struct set *s)
{
	struct follower *f = s->followers;

	if (f && !s->rung && !s->growing && (s->nready || !s->lead))
		ring(s, f);
	else if (s->nready && s->lead && !s->rung)
		set_kick(s);
	if (s->beside && s->nready && !s->shown)
		write_kick(s);
}
