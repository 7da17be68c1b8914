# SPDX-License-Identifier: GPL-2.0-only
# user/local.mk - example programs

bin_PROGRAMS += user/mmap_reader
noinst_PROGRAMS += user/echo_server user/echo2002 user/exhibit

user_mmap_reader_SOURCES = \
	user/mmap_reader.c \
	user/reader.c user/reader.h \
	user/draw.c \
	user/demo.c

user_echo_server_SOURCES = user/echo_server.c
user_echo_server_LDADD = lib/libevq.la

user_echo2002_SOURCES = user/echo2002.c

user_exhibit_SOURCES = \
	user/exhibit.c user/exhibit.h \
	user/exhibit_tell.c \
	user/exhibit_set.c \
	user/exhibit_2002.c \
	user/exhibit_lost.c \
	user/exhibit_starve.c \
	user/exhibit_pipe.c
user_exhibit_CFLAGS = $(AM_CFLAGS) -pthread
user_exhibit_LDFLAGS = $(AM_LDFLAGS) -pthread
user_exhibit_LDADD = lib/libevq.la
