# SPDX-License-Identifier: GPL-2.0-only
"""caches.py - what the lens saw: accesses, and lines missed in each cache.

Its figures are metrics PART-accesses, PART-l1d and so on, of a part that a workload
told of by lens_add() (bench/harness.h).
"""
import itertools

import records
from text import number, print_table, say

LEVELS = (("accesses", "accesses"), ("l1d", "L1D"), ("l1i", "L1I"), ("l2", "L2"), ("l3", "L3"))


def part_of(metric):
    """The part, of PART-l1d."""
    return metric.rpartition("-")[0]


def cell(figures, parts, level, design, where):
    """The parts of a figure; those at the end that the design has not are left out."""
    values = [figures.at(f"{part}-{level}", design, **where) for part in parts]
    while values and values[-1] is None:
        values.pop()
    return " + ".join("-" if v is None else number(v) for v in values)


def one_table(figures, parts, where):
    """Designs as rows, levels as columns; what nobody missed is told below."""
    def quiet(level):
        return not any(figures.at(f"{part}-{level}", d, **where) for part in parts
                       for d in figures.designs)

    shown = [(level, head) for level, head in LEVELS if not quiet(level)]
    rows = [[d] + [cell(figures, parts, level, d, where) for level, _ in shown]
            for d in figures.designs]
    print_table(["design"] + [head for _, head in shown], [row for row in rows if any(row[1:])])
    none = [head for level, head in LEVELS if quiet(level)]
    if none:
        print(f"  none missed in {', '.join(none)}")


def tell(found):
    """A table for each point of a workload; nothing if the lens saw none of it."""
    if not found:
        return
    figures = records.Figures(found)
    parts = records.in_order(part_of(metric) for metric in figures.metrics)
    pers = records.in_order(r["unit"].partition("/")[2] for r in found)
    print()
    say(f"{found[0]['workload']}, caches {', '.join(records.in_order(r['caches'] for r in found))}: accesses to "
        f"data, and lines missed in each cache, per {' or '.join(pers)}: {' + '.join(parts)}.")
    for values in itertools.product(*(figures.values(name) for name in figures.parameters)):
        where = dict(zip(figures.parameters, values))
        if any(records.parameters(r) == where for r in found):
            print("\n  " + ", ".join(str(records.label(*item)) for item in where.items()))
            one_table(figures, parts, where)
