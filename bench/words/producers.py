# SPDX-License-Identifier: GPL-2.0-only
"""producers: threads, whose turns on a CPU are the scheduler's."""

REPEATS = {}
