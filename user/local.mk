# SPDX-License-Identifier: GPL-2.0-only
# user/local.mk - example programs

noinst_PROGRAMS += user/mmap_reader user/echo_server

user_mmap_reader_SOURCES = \
	user/mmap_reader.c \
	user/reader.c user/reader.h \
	user/draw.c \
	user/demo.c

user_echo_server_SOURCES = user/echo_server.c
user_echo_server_LDADD = lib/libevq.la
