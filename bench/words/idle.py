# SPDX-License-Identifier: GPL-2.0-only
"""idle: requests repeat; what memory is free has per-CPU lists of pages in it."""
from records import Limit

REPEATS = {"request": Limit(0.01)}
