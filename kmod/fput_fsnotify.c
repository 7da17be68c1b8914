// SPDX-License-Identifier: GPL-2.0-only
/*
 * fput_fsnotify.c - the close notice of fsnotify, where no call can be placed
 *
 * fsnotify_close() is the first thing that __fput() does.  A mark on the
 * inode of a watched file brings it to us, once for each struct file that
 * closes on that inode, with the path of the file, of which the file is the
 * container.
 *
 * There can be one mark for an inode in a group, and files share inodes (both
 * ends of a pipe; all eventfds of the system sit on one), so a mark counts
 * its watched files.  marks_mutex guards the counts and which inode has a
 * mark; inside it is only what fsnotify takes itself.
 *
 * fsnotify does not tell of files opened with O_PATH, which cannot be watched
 * anyway.
 */
#include <linux/fs.h>
#include <linux/fsnotify_backend.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "compat.h"
#include "fcb_internal.h"
#include "fput_hook.h"

struct inode_mark {
	struct fsnotify_mark mark;
	unsigned int files;	/* watched files of the inode, marks_mutex */
};

static struct fsnotify_group *group;
static DEFINE_MUTEX(marks_mutex);

static int handle_close(struct fsnotify_group *grp, u32 mask, const void *data,
			int data_type, struct inode *dir,
			const struct qstr *name, u32 cookie,
			struct fsnotify_iter_info *iter)
{
	const struct path *path = fsnotify_data_path(data, data_type);
	struct file *file;

	if (!path)
		return 0;
	file = container_of((struct path *)path, struct file, f_path);
	if (fcb_maybe_watched(file))
		file_notify_cleanup(file);
	return 0;
}

static void free_mark(struct fsnotify_mark *mark)
{
	kfree(container_of(mark, struct inode_mark, mark));
}

static const struct fsnotify_ops close_ops = {
	.handle_event = handle_close,
	.free_mark = free_mark,
};

static int mark_inode(struct inode *inode)
{
	struct inode_mark *im;
	int err;

	im = kzalloc(sizeof(*im), GFP_KERNEL);
	if (!im)
		return -ENOMEM;
	fsnotify_init_mark(&im->mark, group);
	im->mark.mask = FS_CLOSE_WRITE | FS_CLOSE_NOWRITE;
	im->files = 1;
	err = fsnotify_add_inode_mark(&im->mark, inode, 0);
	fsnotify_put_mark(&im->mark);
	return err;
}

static int fput_fsnotify_watch(struct inode *inode)
{
	struct fsnotify_mark *mark;
	int err = 0;

	mutex_lock(&marks_mutex);
	mark = compat_find_inode_mark(inode, group);
	if (mark) {
		container_of(mark, struct inode_mark, mark)->files++;
		fsnotify_put_mark(mark);
	} else {
		err = mark_inode(inode);
	}
	mutex_unlock(&marks_mutex);
	return err;
}

static void fput_fsnotify_unwatch(struct inode *inode)
{
	struct fsnotify_mark *mark;

	mutex_lock(&marks_mutex);
	mark = compat_find_inode_mark(inode, group);
	if (mark) {
		if (!--container_of(mark, struct inode_mark, mark)->files)
			fsnotify_destroy_mark(mark, group);
		fsnotify_put_mark(mark);
	}
	mutex_unlock(&marks_mutex);
}

static int fput_fsnotify_start(void)
{
	struct fsnotify_group *grp = fsnotify_alloc_group(&close_ops, 0);

	if (IS_ERR(grp)) {
		pr_notice("fsnotify hook not to be had (%ld)\n", PTR_ERR(grp));
		return PTR_ERR(grp);
	}
	group = grp;
	return 0;
}

/*
 * Nothing is watched any more, so all marks are on their way out, each with a
 * reference on the group.  Handlers run under SRCU, and a mark is freed after
 * that: when the last mark is gone, so is the last handler.
 */
static void fput_fsnotify_stop(void)
{
	fsnotify_put_group(group);
	fsnotify_wait_marks_destroyed();
	group = NULL;
}

const struct fput_provider fput_fsnotify = {
	.name = "fsnotify",
	.start = fput_fsnotify_start,
	.stop = fput_fsnotify_stop,
	.watch = fput_fsnotify_watch,
	.unwatch = fput_fsnotify_unwatch,
};
