# SPDX-License-Identifier: GPL-2.0-only
"""unwatched: what the hooks of a source cost files that nobody watches."""
from records import Limit
from text import number, print_table

REPEATS = {"write": Limit(0.01), "read": Limit(0.01)}
BARE = "none"


def more(cost, bare):
    """A figure, and what it is beyond that without the modules."""
    if cost is None:
        return "n/a"
    return number(cost) if bare is None else f"{number(cost)} ({cost - bare:+.1f})"


def tell(figures, unit):
    """A row for each call, a column for none of the modules and for each source."""
    rows = []
    for source in figures.values("source"):
        for metric in figures.metrics:
            bare = figures.at(metric, BARE, source=source)
            rows.append([f"{source}, {metric}"] + [
                number(bare) if design == BARE and bare is not None else
                more(figures.at(metric, design, source=source), bare)
                for design in figures.designs])
    if rows:
        print(f"\nunwatched: a message is written to a file that nobody watches, and read; in {unit}. "
              "In brackets:\nbeyond the same without the modules. Each source beside those before it.")
        print_table(["call", *("no modules" if d == BARE else d for d in figures.designs)], rows)
    return figures.reasons()
