// SPDX-License-Identifier: GPL-2.0-only
/*
 * fput_fsnotify.c - the close notice of fsnotify, where no call can be placed
 *
 * fsnotify_close() is the first thing that __fput() does.  A mark brings it to
 * us, once for each struct file that closes on what is marked, with the path
 * of the file, of which the file is the container.
 *
 * What is marked.  A file that has no name (pipe, socket, eventfd) is heard of
 * by a mark on its inode.  Where files have names a mark on the inode does not
 * last: on 6.1 it goes with the last name, although another name's file is
 * still open.  A mark on the superblock lasts as long as any file of it is
 * open; every close in that file system then comes by.
 *
 * There can be one mark for an object in a group, and files share objects
 * (both ends of a pipe; all eventfds of the system sit on one inode), so a mark
 * counts its watched files.  marks_mutex guards the counts and what has a mark;
 * inside it is only what fsnotify takes itself.
 *
 * What is not told of is refused: files that fanotify has opened, masters of
 * pseudo terminals.  Files opened with O_PATH cannot be watched anyway.
 *
 * A closer that waits in here keeps fsnotify's SRCU busy, and so everybody who
 * takes a mark away, until it goes on; fsnotify offers no module a way to leave
 * that section.  So closers wait for nothing that a program can hold: those of
 * /dev/epoll as well as those of /dev/eventpoll (eventpoll/removal.c).
 */
#include <linux/fs.h>
#include <linux/fsnotify_backend.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "compat.h"
#include "fcb_internal.h"
#include "fput_hook.h"
#include "plant.h"

struct close_mark {
	struct fsnotify_mark mark;
	unsigned int files;	/* watched files of the object, marks_mutex */
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
	kfree(container_of(mark, struct close_mark, mark));
}

static const struct fsnotify_ops close_ops = {
	.handle_event = handle_close,
	.free_mark = free_mark,
};

/* Pipes, sockets and the like are on file systems that cannot be mounted. */
static bool has_names(const struct inode *inode)
{
	return !(inode->i_sb->s_flags & SB_NOUSER);
}

static struct fsnotify_mark *find_mark(struct inode *inode)
{
	if (has_names(inode))
		return compat_find_sb_mark(inode->i_sb, group);
	return compat_find_inode_mark(inode, group);
}

static int add_mark(struct inode *inode)
{
	struct close_mark *cm;
	int err;

	cm = kzalloc(sizeof(*cm), GFP_KERNEL);
	if (!cm)
		return -ENOMEM;
	fsnotify_init_mark(&cm->mark, group);
	cm->mark.mask = FS_CLOSE_WRITE | FS_CLOSE_NOWRITE;
	cm->files = 1;
	if (has_names(inode))
		err = compat_add_sb_mark(&cm->mark, inode->i_sb);
	else
		err = fsnotify_add_inode_mark(&cm->mark, inode, 0);
	fsnotify_put_mark(&cm->mark);
	return err;
}

static int fput_fsnotify_watch(struct file *file)
{
	struct inode *inode = file_inode(file);
	struct fsnotify_mark *mark;
	int err = 0;

	if (compat_file_silent(file) && !planted(PLANT_SILENT))
		return -EPERM;
	mutex_lock(&marks_mutex);
	mark = find_mark(inode);
	if (mark) {
		container_of(mark, struct close_mark, mark)->files++;
		fsnotify_put_mark(mark);
	} else {
		err = add_mark(inode);
	}
	mutex_unlock(&marks_mutex);
	return err;
}

static void fput_fsnotify_unwatch(struct inode *inode)
{
	struct fsnotify_mark *mark;

	mutex_lock(&marks_mutex);
	mark = find_mark(inode);
	if (mark) {
		if (!--container_of(mark, struct close_mark, mark)->files)
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
	.hint = "newer kernels tell it nothing of files without a name",
	.start = fput_fsnotify_start,
	.stop = fput_fsnotify_stop,
	.watch = fput_fsnotify_watch,
	.unwatch = fput_fsnotify_unwatch,
};
