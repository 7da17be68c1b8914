// SPDX-License-Identifier: GPL-2.0-only
/*
 * fcb_source.c - which source of events new registrations take, and what they take of
 * memory by any of them
 *
 * The mutex guards everything here; who registers reads the one pointer
 * fcb_source_now.  The parameter can be written to before the module's init has
 * begun and after its exit: then the word is kept, and no source begun.
 */
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "fcb_fasync.h"
#include "fcb_source.h"

/* In the order in which "auto" tries; but 2002 is for who asks for it. */
static const struct fcb_source * const sources[] = {
	&fcb_source_socket,
	&fcb_source_tap,
	&fcb_source_2002,
};

static DEFINE_MUTEX(mutex);
static const char *wish = "auto";
static bool begun[ARRAY_SIZE(sources)];
static bool ready;	/* between fcb_source_begin() and fcb_source_end() */

static int take(int i)
{
	int err = 0;

	if (!begun[i] && sources[i]->start)
		err = sources[i]->start();
	if (err)
		return err;
	begun[i] = true;
	WRITE_ONCE(fcb_source_now, sources[i]);
	return 0;
}

static int take_named(int i)
{
	int err = take(i);

	if (err)
		pr_err("source=%s is not to be had here (%d)\n",
		       sources[i]->name, err);
	return err;
}

/* tap needs nothing, so one of them is had. */
static int take_first(void)
{
	int i = 0;

	while (take(i)) {
		pr_notice("source %s is not to be had, taking %s\n",
			  sources[i]->name, sources[i + 1]->name);
		i++;
	}
	return 0;
}

static int set_locked(const char *want)
{
	int i;

	if (sysfs_streq(want, "auto")) {
		wish = "auto";
		return ready ? take_first() : 0;
	}
	for (i = 0; i < ARRAY_SIZE(sources); i++) {
		if (!sysfs_streq(want, sources[i]->name))
			continue;
		wish = sources[i]->name;
		return ready ? take_named(i) : 0;
	}
	pr_err("source='%.*s' is none of auto, socket, tap, 2002\n",
	       (int)min(strcspn(want, "\n"), 16UL), want);
	return -EINVAL;
}

static void end_locked(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(sources); i++)
		if (begun[i] && sources[i]->stop)
			sources[i]->stop();
	memset(begun, 0, sizeof(begun));
	ready = false;
}

int fcb_source_set(const char *want)
{
	int err;

	mutex_lock(&mutex);
	err = set_locked(want);
	mutex_unlock(&mutex);
	return err;
}

int fcb_source_begin(void)
{
	int err;

	mutex_lock(&mutex);
	ready = true;
	err = set_locked(wish);
	if (err)
		end_locked();
	mutex_unlock(&mutex);
	return err;
}

void fcb_source_end(void)
{
	mutex_lock(&mutex);
	end_locked();
	mutex_unlock(&mutex);
}

const char *fcb_source_name(void)
{
	const struct fcb_source *now = READ_ONCE(fcb_source_now);

	return now ? now->name : wish;
}

size_t file_notify_bytes(bool hears)
{
	size_t list = kmalloc_size_roundup(sizeof(struct fcblist));
	/* Of the second queue; a file has no more than two, but for a few drivers. */
	size_t tap = kmalloc_size_roundup(sizeof(struct fcb_tap));
	/* A FIFO that is open both ways is on two lists for SIGIO. */
	size_t entry = kmalloc_size_roundup(sizeof(struct fcb_entry)) +
		       2 * sizeof(struct fasync_struct);

	return list + (hears ? max(tap, entry) : 0);
}
EXPORT_SYMBOL_GPL(file_notify_bytes);
