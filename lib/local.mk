# SPDX-License-Identifier: GPL-2.0-only
# lib/local.mk - libevq: every design behind one struct, and the calls of 2.5.45

lib_LTLIBRARIES += lib/libevq.la
lib_libevq_la_SOURCES = \
	lib/evq.c lib/evq.h lib/evq_impl.h lib/designs.def \
	lib/evq_devepoll.c lib/evq_source.c lib/evq_source.h \
	lib/evq_epoll.c lib/evq_epoll.h \
	lib/evq_poll.c \
	lib/evq_port.c \
	lib/evq_select.c \
	lib/epoll2002.c lib/epoll2002.h \
	lib/eventpoll.c lib/eventpoll_store.c lib/eventpoll.h
# what multishot poll is spoken to by, if this machine has it
if HAVE_LIBURING
lib_libevq_la_SOURCES += lib/evq_uring.c
else
lib_libevq_la_SOURCES += lib/evq_uring_none.c
endif
lib_libevq_la_CFLAGS = $(AM_CFLAGS) $(LIBURING_CFLAGS)
lib_libevq_la_LIBADD = $(LIBURING_LIBS)
# current:revision:age, see the libtool manual; only what the headers name leaves, and
# debian/libevq0.symbols lists it.
lib_libevq_la_LDFLAGS = -version-info 0:0:0 -no-undefined -export-symbols-regex \
	'^(evq_(add|arm|close|del|design|designs|fd|find|join|mod|open|wait)|(epoll2002|eventpoll)_.*)$$'
include_HEADERS += lib/evq.h lib/epoll2002.h lib/eventpoll.h

pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = lib/evq.pc
