// SPDX-License-Identifier: GPL-2.0-only
/*
 * pages_model.c - a double buffer, once as ep_pages and once as plain arrays
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "pages_model.h"

#define PER_PAGE	((u32)POLLFD_X_PAGE)
#define NO_SLOT		UINT32_MAX

static bool __attribute__((format(printf, 2, 3)))
wrong(struct pages_model *m, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(m->report, sizeof(m->report), fmt, args);
	va_end(args);
	return false;
}

void model_init(struct pages_model *m, unsigned int look, u32 entries,
		int first_fd)
{
	u32 i;

	memset(m, 0, sizeof(*m));
	/* A model that was found wrong is not freed. */
	shim_reset();
	m->look = look;
	m->entries = entries;
	m->first_fd = first_fd;
	m->version = 1;
	memset(&m->p, 0xff, sizeof(m->p));
	for (i = 0; i < entries; i++)
		m->entry[i].fd = (int)((u32)first_fd + i);
	ep_pages_init(&m->p);
}

static void forget_handed(struct pages_model *m)
{
	free(m->copy);
	m->copy = NULL;
	m->handed = NULL;
	m->handed_pages = 0;
}

static bool check_memory(struct pages_model *m, long pages, long arrays)
{
	if (shim_alloc.pages == pages && shim_alloc.arrays == arrays)
		return true;
	return wrong(m, "%ld pages and %ld arrays in use, not %ld and %ld",
		     shim_alloc.pages, shim_alloc.arrays, pages, arrays);
}

bool model_free(struct pages_model *m)
{
	forget_handed(m);
	ep_pages_free(&m->p);
	if (m->p.numpages || m->p.count)
		return wrong(m, "freed, but there are pages or events");
	return check_memory(m, 0, 0);
}

void model_add(struct pages_model *m, u32 i, short events)
{
	struct model_entry *e = &m->entry[i];

	/* As if the memory had been an entry with a slot before. */
	memset(&e->slot, 0xff, sizeof(e->slot));
	e->slot.version = m->p.version;
	ep_slot_init(&e->slot, e->fd, events);
	e->used = true;
	e->events = events;
	e->pending = 0;
	m->nused++;
}

static u32 slot_of(const struct pages_model *m, u32 i)
{
	u32 k;

	for (k = 0; k < m->count; k++)
		if (m->order[k] == i)
			return k;
	return NO_SLOT;
}

/* The last one moves into the hole. */
static void model_drop(struct pages_model *m, u32 i)
{
	u32 k = slot_of(m, i);

	if (k != NO_SLOT)
		m->order[k] = m->order[--m->count];
	m->entry[i].pending = 0;
}

/* As item_unlink() does it. */
void model_remove(struct pages_model *m, u32 i)
{
	struct model_entry *e = &m->entry[i];

	ep_pages_drop(&m->p, &e->slot);
	e->slot.pfd.events = 0;
	model_drop(m, i);
	e->used = false;
	e->events = 0;
	m->nused--;
}

bool model_post(struct pages_model *m, u32 i, short bits)
{
	struct model_entry *e = &m->entry[i];
	bool got = ep_pages_post(&m->p, &e->slot, bits);
	bool want = bits & ~e->pending;

	if (!e->pending) {
		if (m->count < m->numpages * PER_PAGE)
			m->order[m->count++] = i;
		else
			want = false;
	}
	if (want)
		e->pending |= bits;
	if (got != want && (m->look & LOOK_INSIDE))
		return wrong(m, "fd %d: post(%#hx) returned %d, not %d", e->fd,
			     bits, got, want);
	return true;
}

void model_change(struct pages_model *m, u32 i, short events)
{
	struct model_entry *e = &m->entry[i];

	ep_pages_change(&m->p, &e->slot, events);
	e->events = events;
	if (e->pending & events)
		e->pending &= events;
	else
		model_drop(m, i);
}

/* A slot of what was handed out, as the program finds it in its mapping. */
static const struct pollfd *mapped_slot(struct pages_model *m,
					unsigned long offset, u32 k)
{
	u32 page = offset / EP_PAGE_SIZE + k / PER_PAGE;

	if (page >= 2 * m->p.numpages)
		return NULL;
	return &m->p.half[page / m->p.numpages][page % m->p.numpages]
			 [k % PER_PAGE];
}

/* Is it what was pending, each descriptor once? */
static bool read_slots(struct pages_model *m, unsigned long offset, u32 n)
{
	static bool met[MODEL_ENTRIES];
	const struct pollfd *s;
	struct model_entry *e;
	u32 i, k;

	memset(met, 0, sizeof(met));
	for (k = 0; k < n; k++) {
		s = mapped_slot(m, offset, k);
		if (!s)
			return wrong(m, "slot %u is outside the mapping", k);
		i = (u32)s->fd - (u32)m->first_fd;
		if (i >= m->entries)
			return wrong(m, "read a slot of fd %d, a stranger", s->fd);
		if (met[i])
			return wrong(m, "read two slots of fd %d", s->fd);
		met[i] = true;
		if (!m->entry[i].used)
			return wrong(m, "read a slot of fd %d, which was removed",
				     s->fd);
	}
	for (k = 0; k < n; k++) {
		s = mapped_slot(m, offset, k);
		e = &m->entry[(u32)s->fd - (u32)m->first_fd];
		if (s->events != e->events || s->revents != e->pending)
			return wrong(m, "fd %d: read %#hx of %#hx, not %#hx of %#hx",
				     s->fd, s->revents, s->events, e->pending,
				     e->events);
	}
	if (n != m->count)
		return wrong(m, "read %u slots, not %u", n, m->count);
	return true;
}

bool model_switch(struct pages_model *m)
{
	unsigned long want = (unsigned long)m->filling * m->numpages *
			     EP_PAGE_SIZE;
	unsigned long offset = 1;
	u32 i, k, n = ep_pages_switch(&m->p, &offset);

	if ((m->look & LOOK_INSIDE) && offset != want)
		return wrong(m, "offset %lu, not %lu", offset, want);
	if (offset % EP_PAGE_SIZE || offset / EP_PAGE_SIZE % m->numpages)
		return wrong(m, "offset %lu is no half", offset);
	if (!read_slots(m, offset, n))
		return false;

	/* From now on nobody may write there. */
	forget_handed(m);
	m->handed = m->p.half[offset / EP_PAGE_SIZE / m->numpages];
	m->handed_pages = m->numpages;
	m->copy = malloc((size_t)m->numpages * EP_PAGE_SIZE);
	if (!m->copy)
		abort();
	for (k = 0; k < m->numpages; k++)
		memcpy(m->copy + k * PER_PAGE, m->handed[k], EP_PAGE_SIZE);

	for (i = 0; i < m->entries; i++)
		m->entry[i].pending = 0;
	m->count = 0;
	m->filling ^= 1;
	m->version++;
	return true;
}

void model_take(struct pages_model *m)
{
	struct ep_pages out;
	u32 i;

	forget_handed(m);
	ep_pages_take(&m->p, &out);
	ep_pages_free(&out);
	for (i = 0; i < m->entries; i++)
		m->entry[i].pending = 0;
	m->count = 0;
	m->numpages = 0;
	m->filling = 0;
	m->version++;
}

bool model_grow_begin(struct pages_model *m, u32 numpages,
		      unsigned long fail_at)
{
	unsigned long requests = 3 + 2 * (numpages - m->numpages);
	bool fail = fail_at && fail_at <= requests;
	int err;

	memset(&m->bigger, 0xff, sizeof(m->bigger));
	shim_fail_at(fail_at);
	err = ep_pages_grow_begin(&m->p, numpages, &m->bigger);
	shim_fail_at(0);
	if (err != (fail ? -ENOMEM : 0))
		return wrong(m, "grow_begin() returned %d, request %lu fails",
			     err, fail_at);
	m->growing = !err;
	return true;
}

void model_grow_commit(struct pages_model *m)
{
	u32 half = m->handed == m->p.half[1];

	m->numpages = m->bigger.numpages;
	ep_pages_grow_commit(&m->p, &m->bigger);
	ep_pages_grow_end(&m->bigger);
	m->growing = false;
	if (m->handed)
		m->handed = m->p.half[half];
}

static bool check_handed(struct pages_model *m)
{
	u32 i, k;

	for (k = 0; k < m->handed_pages; k++) {
		const struct pollfd *was = m->copy + k * PER_PAGE;

		if (!memcmp(m->handed[k], was, EP_PAGE_SIZE))
			continue;
		for (i = 0; !memcmp(&m->handed[k][i], &was[i], sizeof(*was));)
			i++;
		return wrong(m, "slot %u of the half that was handed out changed",
			     k * PER_PAGE + i);
	}
	return true;
}

static bool check_slot(struct pages_model *m, u32 k)
{
	struct ep_pages *p = &m->p;
	struct model_entry *e = &m->entry[m->order[k]];
	struct pollfd *where = &p->half[p->filling][k / PER_PAGE][k % PER_PAGE];
	struct pollfd want = { e->fd, e->events, e->pending };

	if (p->owner[k] != &e->slot)
		return wrong(m, "slot %u is not owned by fd %d", k, e->fd);
	if (e->slot.index != k || e->slot.version != p->version)
		return wrong(m, "owner of slot %u has index %u, version %llu", k,
			     e->slot.index, (unsigned long long)e->slot.version);
	if (e->slot.where != where)
		return wrong(m, "owner of slot %u looks elsewhere", k);
	if (!e->pending || e->slot.revents != e->pending)
		return wrong(m, "owner of slot %u holds %#hx, not %#hx", k,
			     e->slot.revents, e->pending);
	if (memcmp(where, &want, sizeof(want)))
		return wrong(m, "slot %u is {%d, %#hx, %#hx}, not {%d, %#hx, %#hx}",
			     k, where->fd, where->events, where->revents,
			     want.fd, want.events, want.revents);
	return true;
}

static bool check_entry(struct pages_model *m, u32 i)
{
	struct model_entry *e = &m->entry[i];

	if (!e->used)
		return true;
	if (e->slot.pfd.fd != e->fd || e->slot.pfd.events != e->events ||
	    e->slot.pfd.revents)
		return wrong(m, "record of fd %d is {%d, %#hx, %#hx}", e->fd,
			     e->slot.pfd.fd, e->slot.pfd.events,
			     e->slot.pfd.revents);
	if (ep_slot_taken(&m->p, &e->slot) != !!e->pending)
		return wrong(m, "fd %d: taken() is %d, pending %#hx", e->fd,
			     !e->pending, e->pending);
	return true;
}

static bool check_inside(struct pages_model *m)
{
	struct ep_pages *p = &m->p;
	u32 k;

	if (p->numpages != m->numpages || p->filling != m->filling)
		return wrong(m, "%u pages, filling %u, not %u and %u",
			     p->numpages, p->filling, m->numpages, m->filling);
	if (p->version != m->version || p->count != m->count)
		return wrong(m, "version %llu, count %u, not %llu and %u",
			     (unsigned long long)p->version, p->count,
			     (unsigned long long)m->version, m->count);
	for (k = 0; k < m->count; k++)
		if (!check_slot(m, k))
			return false;
	for (k = 0; k < m->entries; k++)
		if (!check_entry(m, k))
			return false;
	if (m->count % PER_PAGE &&
	    p->next != p->half[p->filling][m->count / PER_PAGE] +
		       m->count % PER_PAGE)
		return wrong(m, "the next slot is not slot %u", m->count);
	return check_memory(m,
			    2L * (m->growing ? m->bigger.numpages : m->numpages),
			    (m->numpages ? 3 : 0) + (m->growing ? 3 : 0));
}

bool model_check(struct pages_model *m)
{
	if ((m->look & LOOK_READER) && !check_handed(m))
		return false;
	return !(m->look & LOOK_INSIDE) || check_inside(m);
}
