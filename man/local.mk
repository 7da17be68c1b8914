# SPDX-License-Identifier: GPL-2.0-only
# man/local.mk - the manual pages

dist_man_MANS += man/epoll.4 man/evq.3 man/lab.1 man/mmap_reader.1
