# SPDX-License-Identifier: GPL-2.0-only
# man/local.mk - the manual pages of what is installed; those of the laboratory
# are read in the tree: man man/lab.1

dist_man_MANS += man/epoll.4 man/evq.3
