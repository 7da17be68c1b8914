# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# tap.sh - TAP for tests that are scripts.  Sourced.
#
# $tmp is a folder that goes when the test ends; what is in its files out and err
# is shown where a test fails.

tap_count=0
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

# result STATUS TEXT
result() {
	tap_count=$((tap_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tap_count - $2"
	else
		echo "not ok $tap_count - $2"
		cat "$tmp/out" "$tmp/err" 2>/dev/null | sed 's/^/# /'
	fi
}

tap_end() { echo "1..$tap_count"; }
