/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * devepoll_trace.h - tracepoints of /dev/epoll, under events/devepoll/
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM devepoll

#if !defined(KMOD_DEVEPOLL_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define KMOD_DEVEPOLL_TRACE_H

#include <linux/tracepoint.h>

DECLARE_EVENT_CLASS(devepoll_item,
		    TP_PROTO(const void *ep, int fd, short events),
		    TP_ARGS(ep, fd, events),
		    TP_STRUCT__entry(__field(const void *, ep)
				     __field(int, fd)
				     __field(unsigned short, events)),
		    TP_fast_assign(__entry->ep = ep;
				   __entry->fd = fd;
				   __entry->events = events;),
		    TP_printk("ep=%p fd=%d events=0x%x",
			      __entry->ep, __entry->fd, __entry->events)
);

/* A descriptor came into the set: the first write() of its record. */
DEFINE_EVENT(devepoll_item, devepoll_add,
	     TP_PROTO(const void *ep, int fd, short events),
	     TP_ARGS(ep, fd, events));

/* A known descriptor got another mask. */
DEFINE_EVENT(devepoll_item, devepoll_change,
	     TP_PROTO(const void *ep, int fd, short events),
	     TP_ARGS(ep, fd, events));

/* The program took a descriptor out: POLLREMOVE, EP_FREE, or its own close. */
DEFINE_EVENT(devepoll_item, devepoll_remove,
	     TP_PROTO(const void *ep, int fd, short events),
	     TP_ARGS(ep, fd, events));

/* The last close of a watched file took its descriptor out. */
DEFINE_EVENT(devepoll_item, devepoll_closed,
	     TP_PROTO(const void *ep, int fd, short events),
	     TP_ARGS(ep, fd, events));

/*
 * An event reached a slot: bits are what this event brought, slot and
 * version where it went.  An event that added nothing new is not told.
 */
TRACE_EVENT(devepoll_notify,
	    TP_PROTO(const void *ep, int fd, short bits, u32 slot, u64 version),
	    TP_ARGS(ep, fd, bits, slot, version),
	    TP_STRUCT__entry(__field(const void *, ep)
			     __field(int, fd)
			     __field(unsigned short, bits)
			     __field(u32, slot)
			     __field(u64, version)),
	    TP_fast_assign(__entry->ep = ep;
			   __entry->fd = fd;
			   __entry->bits = bits;
			   __entry->slot = slot;
			   __entry->version = version;),
	    TP_printk("ep=%p fd=%d bits=0x%x slot=%u version=%llu",
		      __entry->ep, __entry->fd, __entry->bits, __entry->slot,
		      __entry->version)
);

/* EP_POLL handed out half with n slots; version is the one that begins. */
TRACE_EVENT(devepoll_switch,
	    TP_PROTO(const void *ep, u32 n, u32 half, u64 version),
	    TP_ARGS(ep, n, half, version),
	    TP_STRUCT__entry(__field(const void *, ep)
			     __field(u32, n)
			     __field(u32, half)
			     __field(u64, version)),
	    TP_fast_assign(__entry->ep = ep;
			   __entry->n = n;
			   __entry->half = half;
			   __entry->version = version;),
	    TP_printk("ep=%p n=%u half=%u version=%llu",
		      __entry->ep, __entry->n, __entry->half,
		      __entry->version)
);

#endif /* KMOD_DEVEPOLL_TRACE_H */

#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE devepoll_trace
#include <trace/define_trace.h>
