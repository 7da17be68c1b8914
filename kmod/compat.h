/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat.h - what differs between the kernels that the modules run on
 *
 * The modules read as if written for one kernel; every difference between
 * 6.1 and 7.3 is here and nowhere else.  Which kernels are tested: Kbuild.
 */
#ifndef KMOD_COMPAT_H
#define KMOD_COMPAT_H

#include <linux/fs.h>
#include <linux/fsnotify_backend.h>
#include <linux/ftrace.h>
#include <linux/in.h>
#include <linux/mm.h>
#include <linux/version.h>

/* 6.3 merged the "multi" form of direct calls into the only form. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
static inline int compat_ftrace_direct(struct ftrace_ops *ops,
				       unsigned long addr)
{
	return register_ftrace_direct(ops, addr);
}

static inline void compat_ftrace_direct_end(struct ftrace_ops *ops,
					    unsigned long addr)
{
	unregister_ftrace_direct(ops, addr, true);
}
#else
static inline int compat_ftrace_direct(struct ftrace_ops *ops,
				       unsigned long addr)
{
	return register_ftrace_direct_multi(ops, addr);
}

static inline void compat_ftrace_direct_end(struct ftrace_ops *ops,
					    unsigned long addr)
{
	unregister_ftrace_direct_multi(ops, addr);
	ftrace_free_filter(ops);
}
#endif

/* 6.3 made vm_flags read-only but for these two helpers. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
static inline void compat_vm_flags_mod(struct vm_area_struct *vma,
				       unsigned long set, unsigned long clear)
{
	vm_flags_mod(vma, set, clear);
}
#else
static inline void compat_vm_flags_mod(struct vm_area_struct *vma,
				       unsigned long set, unsigned long clear)
{
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
}
#endif

/* 6.10 finds and adds marks by object instead of by the object's connector. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
static inline struct fsnotify_mark *
compat_find_inode_mark(struct inode *inode, struct fsnotify_group *group)
{
	return fsnotify_find_inode_mark(inode, group);
}

static inline struct fsnotify_mark *
compat_find_sb_mark(struct super_block *sb, struct fsnotify_group *group)
{
	return fsnotify_find_mark(sb, FSNOTIFY_OBJ_TYPE_SB, group);
}

static inline int compat_add_sb_mark(struct fsnotify_mark *mark,
				     struct super_block *sb)
{
	return fsnotify_add_mark(mark, sb, FSNOTIFY_OBJ_TYPE_SB, 0);
}
#else
static inline struct fsnotify_mark *
compat_find_inode_mark(struct inode *inode, struct fsnotify_group *group)
{
	return fsnotify_find_mark(&inode->i_fsnotify_marks, group);
}

static inline struct fsnotify_mark *
compat_find_sb_mark(struct super_block *sb, struct fsnotify_group *group)
{
	return fsnotify_find_mark(&sb->s_fsnotify_marks, group);
}

static inline int compat_add_sb_mark(struct fsnotify_mark *mark,
				     struct super_block *sb)
{
	return fsnotify_add_mark(mark, &sb->s_fsnotify_marks,
				 FSNOTIFY_OBJ_TYPE_SB, 0, NULL);
}
#endif

/**
 * compat_file_silent() - does fsnotify keep still about a file?
 *
 * A second bit in f_mode made the first one ambiguous; it is younger than 6.12,
 * but the branch has it since.
 */
static inline bool compat_file_silent(const struct file *file)
{
#ifdef FMODE_FSNOTIFY_NONE
	return FMODE_FSNOTIFY_NONE(file->f_mode);
#else
	return file->f_mode & FMODE_NONOTIFY;
#endif
}

/**
 * compat_file_pin() - take a reference on a file that may be closing
 * @file: a file whose memory the caller knows to be still a file
 *
 * 6.7 changed what get_file_rcu() takes; the count was the same until 6.13 gave it
 * a type of its own, in which one reference is 0.
 *
 * Return: true with a reference that fput() gives back, false when the last
 * reference is gone already.
 */
static __always_inline bool compat_file_pin(struct file *file)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	return file_ref_get(&file->f_ref);
#else
	return atomic_long_inc_not_zero(&file->f_count);
#endif
}

/**
 * compat_file_unpin() - give a reference back, unless it is the last one
 * @file: the file; the caller has a reference
 *
 * Return: false if there is no other, and the caller has it still.
 */
static __always_inline bool compat_file_unpin(struct file *file)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	return atomic_long_add_unless(&file->f_ref.refcnt, -1, FILE_REF_ONEREF);
#else
	return atomic_long_add_unless(&file->f_count, -1, 1);
#endif
}

/* 6.12 keeps the owner of a file, to whom its signals go, outside the file. */
static inline void compat_file_owner_init(struct file *file)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
	rwlock_init(&file->f_owner.lock);
#endif
}

/* 6.11 has SMC as a protocol of the Internet families, too. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
#define IPPROTO_SMC	256
#endif

/* 6.9 has ioctls that say how an instance of epoll polls devices. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 9, 0)
static inline bool compat_epoll_params(void)
{
	return true;
}
#else
struct epoll_params {
	__u32 busy_poll_usecs;
	__u16 busy_poll_budget;
	__u8 prefer_busy_poll;
	__u8 __pad;
};

#define EPIOCSPARAMS	_IOW(0x8A, 0x01, struct epoll_params)
#define EPIOCGPARAMS	_IOR(0x8A, 0x02, struct epoll_params)

static inline bool compat_epoll_params(void)
{
	return false;
}
#endif

#endif /* KMOD_COMPAT_H */
