// SPDX-License-Identifier: GPL-2.0-only
/*
 * ep_map.c - the pages of an instance: EP_ALLOC, EP_FREE, mmap
 *
 * The geometry changes only under map_mtx and while nothing is mapped.  Every
 * page in a mapping has a reference of its own, so no mapping can outlive its
 * memory, whatever is freed here; 2002 gave reserved pages away and counted
 * mappings wrong.
 *
 * A program must not write what others read: a shared mapping of the halves can
 * never be made writable.  A private one may be, because programs of 2002 asked for
 * PROT_WRITE: a store makes a copy of the page that is the program's own.
 *
 * The control page is the exception, at an offset of its own: it is there to be
 * written (ep_share.h).  It is no part of the geometry, is not counted as a mapping,
 * and lasts as long as the file, which its mapping holds.  A child does not inherit
 * it: who takes must be one.
 *
 * All of it counts against the user who opened the instance, from before it is had
 * until after it is given back, with the hash that a full set of this size will
 * have, so that a set that has its room lacks for nothing later.
 */
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/personality.h>

#include "compat.h"
#include "ep_internal.h"
#include "plant.h"

static size_t control_bytes(const struct eventpoll *ep)
{
	return ep->control ? EP_CONTROL_SIZE : 0;
}

/* What an instance takes with so many pages a half; it is never less than now. */
static size_t bytes_for(struct eventpoll *ep, u32 numpages)
{
	size_t hash = ep_hash_bytes_for(numpages * POLLFD_X_PAGE);

	return ep_pages_bytes(numpages) + max(hash, ep_hash_bytes(&ep->hash)) +
	       control_bytes(ep);
}

/* Changes what the instance takes.  map_mtx is held. */
static bool repin(struct eventpoll *ep, size_t bytes)
{
	lockdep_assert_held(&ep->map_mtx);

	if (bytes > ep->pinned) {
		if (!ep_user_pin(ep->user, bytes - ep->pinned))
			return false;
	} else {
		ep_user_unpin(ep->user, ep->pinned - bytes);
	}
	WRITE_ONCE(ep->pinned, bytes);
	return true;
}

static int grow(struct eventpoll *ep, u32 numpages)
{
	size_t before = ep->pinned;
	struct ep_pages bigger;
	int err;

	if (!repin(ep, bytes_for(ep, numpages)))
		return -ENOMEM;
	err = ep_pages_grow_begin(&ep->pages, numpages, &bigger);
	if (err) {
		repin(ep, before);
		return err;
	}
	spin_lock_irq(&ep->lock);
	ep_pages_grow_commit(&ep->pages, &bigger);
	spin_unlock_irq(&ep->lock);
	ep_pages_grow_end(&bigger);
	return 0;
}

int ep_alloc(struct eventpoll *ep, int maxfds)
{
	u32 numpages;
	int err = 0;

	if (maxfds < 0 || maxfds > MAX_FDS_IN_EVENTPOLL)
		return -EINVAL;
	numpages = EP_FDS_PAGES(maxfds);

	if (mutex_lock_killable(&ep->map_mtx))
		return -EINTR;
	if (atomic_read(&ep->mapped))
		err = -EBUSY;
	else if (numpages > ep->pages.numpages)
		err = grow(ep, numpages);
	mutex_unlock(&ep->map_mtx);
	return err;
}

int ep_unalloc(struct eventpoll *ep)
{
	struct ep_pages old;
	int err = 0;

	if (mutex_lock_killable(&ep->map_mtx))
		return -EINTR;
	if (atomic_read(&ep->mapped)) {
		err = -EBUSY;
	} else if (!ep->pages.numpages) {
		err = -EINVAL;
	} else {
		spin_lock_irq(&ep->lock);
		ep_pages_take(&ep->pages, &old);
		if (ep->control)
			ep_share_leave(&ep->pages, ep->control);
		spin_unlock_irq(&ep->lock);
		ep_pages_free(&old);
		/* The hash stays as large as it is. */
		repin(ep, ep_hash_bytes(&ep->hash) + control_bytes(ep));
	}
	mutex_unlock(&ep->map_mtx);
	/* There is nothing left that sleeping consumers could wait for. */
	if (!err)
		wake_up_all(&ep->wq);
	return err;
}

/*
 * Before the first item: from its registration on, an item's events come to where
 * it is known whether they are shared (ep_item.c).
 */
static int share(struct eventpoll *ep)
{
	struct ep_control *control;
	size_t before = ep->pinned;
	u32 items;

	if (ep->control)
		return -EEXIST;
	if (!ep->pages.numpages)
		return -EINVAL;
	spin_lock_irq(&ep->lock);
	items = ep->nitems;
	spin_unlock_irq(&ep->lock);
	if (items)
		return -EBUSY;
	if (!repin(ep, before + EP_CONTROL_SIZE))
		return -ENOMEM;
	control = (struct ep_control *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!control) {
		repin(ep, before);
		return -ENOMEM;
	}
	spin_lock_irq(&ep->lock);
	ep_share_leave(&ep->pages, control);
	ep->control = control;
	spin_unlock_irq(&ep->lock);
	return 0;
}

int ep_share(struct eventpoll *ep)
{
	int err;

	lockdep_assert_held(&ep->mtx);

	if (mutex_lock_killable(&ep->map_mtx))
		return -EINTR;
	err = share(ep);
	mutex_unlock(&ep->map_mtx);
	return err;
}

void ep_unshare(struct eventpoll *ep)
{
	struct ep_control *control;

	/* Who is waking pollers may be on his way to look at it (ep_wake.c). */
	spin_lock_irq(&ep->lock);
	control = ep->control;
	ep->control = NULL;
	spin_unlock_irq(&ep->lock);
	free_page((unsigned long)control);
}

/* A mapping appeared by fork, by mremap, or by splitting one. */
static void ep_vma_open(struct vm_area_struct *vma)
{
	struct eventpoll *ep = vma->vm_file->private_data;

	atomic_inc(&ep->mapped);
}

static void ep_vma_close(struct vm_area_struct *vma)
{
	struct eventpoll *ep = vma->vm_file->private_data;

	atomic_dec(&ep->mapped);
}

static const struct vm_operations_struct ep_vm_ops = {
	.open = ep_vma_open,
	.close = ep_vma_close,
};

static int insert_half(struct vm_area_struct *vma, struct pollfd **pages,
		       u32 numpages, unsigned long addr)
{
	int err = 0;
	u32 i;

	for (i = 0; i < numpages && !err; i++, addr += EP_PAGE_SIZE)
		err = vm_insert_page(vma, addr, virt_to_page(pages[i]));
	return err;
}

/*
 * Nothing in there is to be run.  A program with the personality of old binaries
 * gets PROT_EXEC with all that it asks to read, and does not mean it.
 */
static int forbid_exec(struct vm_area_struct *vma)
{
	if ((vma->vm_flags & VM_EXEC) &&
	    !(current->personality & READ_IMPLIES_EXEC))
		return -EPERM;
	compat_vm_flags_mod(vma, 0, VM_EXEC | VM_MAYEXEC);
	vma->vm_page_prot = vm_get_page_prot(vma->vm_flags);
	return 0;
}

/* One page, shared, readable and writable, not for a child. */
static int map_control(struct eventpoll *ep, struct vm_area_struct *vma)
{
	int err;

	if (vma->vm_end - vma->vm_start != EP_CONTROL_SIZE ||
	    !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if ((vma->vm_flags & (VM_READ | VM_WRITE)) != (VM_READ | VM_WRITE))
		return -EACCES;
	err = forbid_exec(vma);
	if (err)
		return err;
	compat_vm_flags_mod(vma, VM_DONTCOPY | VM_DONTEXPAND | VM_DONTDUMP, 0);

	if (mutex_lock_killable(&ep->map_mtx))
		return -EINTR;
	err = -EINVAL;
	if (ep->control)
		err = vm_insert_page(vma, vma->vm_start,
				     virt_to_page(ep->control));
	mutex_unlock(&ep->map_mtx);
	return err;
}

int ep_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct eventpoll *ep = file->private_data;
	struct ep_pages *p = &ep->pages;
	unsigned long half;
	int err;

	BUILD_BUG_ON(EP_PAGE_SIZE != PAGE_SIZE);

	if (vma->vm_pgoff == EP_CONTROL_OFFSET / EP_PAGE_SIZE)
		return map_control(ep, vma);

	if ((vma->vm_flags & VM_SHARED) && (vma->vm_flags & VM_WRITE))
		return -EACCES;
	err = forbid_exec(vma);
	if (err)
		return err;

	if (mutex_lock_killable(&ep->map_mtx))
		return -EINTR;
	err = -EINVAL;
	half = (unsigned long)p->numpages * EP_PAGE_SIZE;
	if (!half || vma->vm_pgoff || vma->vm_end - vma->vm_start != 2 * half)
		goto out;

	compat_vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP,
			    vma->vm_flags & VM_SHARED ? VM_MAYWRITE : 0);
	err = insert_half(vma, p->half[0], p->numpages, vma->vm_start);
	if (!err)
		err = insert_half(vma, p->half[1], p->numpages,
				  vma->vm_start + half);
	if (err)
		goto out;
	vma->vm_ops = &ep_vm_ops;
	/* ->open is not called for the first mapping. */
	if (planted(PLANT_MAPCOUNT))
		atomic_set(&ep->mapped, 1);
	else
		atomic_inc(&ep->mapped);
out:
	mutex_unlock(&ep->map_mtx);
	return err;
}
