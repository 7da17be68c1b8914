#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# autogen.sh - make configure, once, after a fresh clone
set -e
cd "$(dirname "$0")"
exec autoreconf --force --install "$@"
