# SPDX-License-Identifier: GPL-2.0-only
"""mess: no figure; which designs lost no token."""
from text import say

REPEATS = {}


def tell(figures, unit):
    """A sentence for each number of waiters."""
    for waiters in figures.values("waiters"):
        one = figures.where(waiters=waiters)
        told = [r for r in one.found if "median" in r and r["ok"]]
        tokens = sum(int(r["median"]) for r in told)
        print()
        say(f"mess, {waiters} waiting: {tokens} tokens among pipes that are removed and added all the "
            f"while, and all of them were read with {', '.join(r['design'] for r in told) or 'none'}.")
    return figures.reasons("waiters")
