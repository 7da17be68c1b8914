#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""profile_table.py - where instructions, accesses and missed lines go, function by function.

usage: profile_table.py [--callers] [--svg FILE] --program FILE --symbols FILE RESULTS.log LENS.out

RESULTS.log: what a guest said, with LAB_LENS set; /proc/kallsyms may be in it.
LENS.out: what the plugin wrote meanwhile, with calls=on.  --symbols: /proc/kallsyms
of the same kernel at the same place; made of RESULTS.log if it is not there.
Prints a table for each part that was measured, per event or whatever it is per, with
the designs beside each other; draws flame graphs of the instructions into the SVG.
"""
import argparse
import collections
import os
import sys

import flame
import lens
import records
import symbols
from text import number, print_table

COLUMNS = ("insns", "accesses", "l1d", "l1i", "l2", "l3")
HEADS = ("insns", "acc", "L1D", "L1I", "L2", "L3")
LEAST = (0.5, 1e9, 0.1, 1, 0.1, 0.1)    # a row with less of all of them is no row


class Part:
    """One figure of one design: counts by the path of calls, each a list as COLUMNS."""

    def __init__(self, record, points, names):
        self.design, self.metric, self.per = record["design"], record["metric"], record["per"]
        self.paths = collections.defaultdict(lambda: [0.0] * len(COLUMNS))
        self.aside = 0.0        # instructions of interrupts
        where = record["lens"]
        for which, sign in ((where["of"], 1), (where["less"], -1)):
            if which[1]:
                self._add(points[which[0]], which[1], sign / where["count"], names)

    def _add(self, point, root, sign, names):
        rounds = len(point.samples[root])
        if not rounds:
            raise records.Bad(f"{self.design}, {self.metric}: the lens saw no round of it")
        ways = Ways(point.nodes, names)
        for (node, address), counts in point.counts.items():
            if ways.root(node) != root:
                continue
            path = ways.path(node, address)
            if any(symbols.INTERRUPTS.match(name) for name in path):
                self.aside += sign * counts[0] / rounds
                continue
            for i, count in enumerate(counts):
                self.paths[path][i] += sign * count / rounds

    def total(self):
        """All of it."""
        return [sum(column) for column in zip(*self.paths.values())] or [0.0] * len(COLUMNS)

    def functions(self):
        """What each function took itself, wherever it was called from."""
        found = collections.defaultdict(lambda: [0.0] * len(COLUMNS))
        for path, counts in self.paths.items():
            for i, count in enumerate(counts):
                found[path[-1]][i] += count
        return found


class Ways:
    """The names on the way to a node of a point's tree."""

    def __init__(self, nodes, names):
        self.nodes, self.names, self._known, self._roots = nodes, names, {}, {}

    def root(self, node):
        """The part of the measurement that it belongs to."""
        if node not in self.nodes:
            return node
        if node not in self._roots:
            self._roots[node] = self.root(self.nodes[node][0])
        return self._roots[node]

    def _to(self, node):
        if node not in self.nodes:
            return ()
        if node not in self._known:
            parent, site, entry = self.nodes[node]
            way = self.step(self._to(parent), site)
            self._known[node] = self.step(way, entry)
        return self._known[node]

    def step(self, way, address):
        """The way, and the function at the address, where that is another one: it was
        called, jumped to, or came by itself."""
        name = self.names.name(address)
        return way if way and way[-1] == name else (*way, name)

    def path(self, node, address):
        """The way to an instruction."""
        return self.step(self._to(node), address)


def cells(counts, shown):
    """A design's figures of one row."""
    return [number(counts[i]) if abs(counts[i]) >= 0.005 else "" for i in shown]


def is_small(rows):
    """Whether nothing in it is worth a row."""
    return all(abs(count) < least for row in rows for count, least in zip(row, LEAST))


def table(parts, shown):
    """A metric's functions as rows, designs beside each other; most instructions first."""
    nothing = [0.0] * len(COLUMNS)
    found = [part.functions() for part in parts]
    rows = {name: [f.get(name, nothing) for f in found]
            for name in records.in_order(name for f in found for name in f)}
    small = [name for name in rows if is_small(rows[name])]
    head, body = ["function"], []
    for part in parts:
        head += [f"{part.design}: {HEADS[i]}" if i == shown[0] else HEADS[i] for i in shown]
    if len(parts) == 2:
        head.append("difference")

    def row(name, of_designs):
        line = [name]
        for counts in of_designs:
            line += cells(counts, shown)
        if len(parts) == 2:
            line.append(number(of_designs[1][0] - of_designs[0][0]))
        body.append(line)

    for name in sorted(rows, key=lambda name: -max(counts[0] for counts in rows[name])):
        if name not in small:
            row(name, rows[name])
    if small:
        row(f"{len(small)} others", [[sum(rows[name][d][i] for name in small)
                                      for i in range(len(COLUMNS))] for d in range(len(parts))])
    row("in all", [part.total() for part in parts])
    print_table(head, body)


def callers(part):
    """A metric of one design as a tree; what it and all below it took."""
    root = flame.tree(part.metric, [{path: counts[0] for path, counts in part.paths.items()}])
    lines = []

    def walk(node, depth):
        total = node.total(0)
        if abs(total) < LEAST[0]:
            return
        lines.append(["  " * depth + node.name, number(total), number(node.own[0])])
        for inner in sorted(node.inner.values(), key=lambda n: -n.total(0)):
            walk(inner, depth + 1)

    walk(root, 0)
    print_table(["who is called by whom", "in all", "itself"], lines)


def draw(path, title, by_metric):
    """Flame graphs of the instructions: each design, and the difference of two."""
    graphs = []
    for metric, parts in by_metric.items():
        ways = [{p: counts[0] for p, counts in part.paths.items()} for part in parts]
        for part, way in zip(parts, ways):
            per = part.per
            graphs.append((
                f"{metric}, {part.design}: {number(part.total()[0])} instructions per {per}",
                flame.tree(metric, [way]), flame.warm,
                lambda name, totals, per=per: f"{name}: {number(totals[0])} per {per}"))
        if len(parts) == 2:
            a, b = parts
            graphs.append((
                f"{metric}, the difference: blue where {b.design} takes less than {a.design}, "
                "orange where it takes more", flame.tree(metric, ways), flame.differing,
                lambda name, totals, a=a, b=b: f"{name}: {a.design} {number(totals[0])}, "
                f"{b.design} {number(totals[1])} per {a.per}"))
    with open(path, "w", encoding="utf-8") as out:
        out.write(flame.picture(title, graphs))


def read_symbols(args):
    """The kernel's, kept from an earlier guest or of this one, and the program's."""
    names = symbols.Symbols()
    try:
        with open(args.results, errors="replace") as lines:
            mine = names.add_kallsyms(lines)
        if os.path.exists(args.symbols):
            with open(args.symbols) as lines:
                mine = names.add_kallsyms(lines)
        elif mine:
            with open(args.symbols + ".new", "w") as out:
                out.writelines(line for line in mine if "[" not in line)
            os.rename(args.symbols + ".new", args.symbols)
    except OSError as error:
        raise records.Bad(f"{error.filename}: {error.strerror}") from error
    if not mine:
        raise records.Bad(f"{args.results}: the guest's symbols are not in it")
    names.add_program(args.program)
    return names.ready()


def main():
    """Prints and draws; returns the exit status."""
    args = argparse.ArgumentParser(description="where the instructions go")
    args.add_argument("results", metavar="RESULTS.log")
    args.add_argument("lens", metavar="LENS.out")
    args.add_argument("--program", required=True)
    args.add_argument("--symbols", required=True)
    args.add_argument("--callers", action="store_true")
    args.add_argument("--svg")
    args = args.parse_args()
    try:
        seen = lens.Runs(args.lens)
        found = [(record, points) for record, points in lens.together(args.results, seen)
                 if "lens" in record]
        if not found:
            raise records.Bad("this workload tells the lens of no part: see lens_begin() in "
                              "bench/harness.h")
        names = read_symbols(args)
        parts = [Part(record, points, names) for record, points in found]
    except records.Bad as error:
        print(f"profile_table.py: {error}", file=sys.stderr)
        return 2
    first = found[0][0]
    where = ", ".join(records.label(*item) for item in records.parameters(
        {n: v for n, v in first.items() if n not in ("lens", "per")}).items())
    by_metric = collections.defaultdict(list)
    for part in parts:
        by_metric[part.metric].append(part)
    print(f"{first['workload']}, {where}, kernel {first['kernel']}; caches {seen.caches}.")
    print("Instructions, accesses to data and lines missed, of each function itself.")
    for metric, some in by_metric.items():
        shown = [i for i, name in enumerate(COLUMNS)
                 if name in ("insns", "accesses", "l1d") or
                 any(abs(part.total()[i]) >= 0.05 for part in some)]
        print(f"\n{metric}, per {some[0].per}")
        table(some, shown)
        if args.callers:
            for part in some:
                print(f"\n{metric}, {part.design}, instructions per {part.per}")
                callers(part)
    aside = sum(part.aside for part in parts)
    if aside >= LEAST[0]:
        print(f"\nInterrupts that came meanwhile are left out: {number(aside)} instructions.")
    if seen.lost:
        print(f"\n{seen.lost} calls were too deep to be followed.")
    if args.svg:
        draw(args.svg, f"{first['workload']}, {where}: {' and '.join(records.in_order(p.design for p in parts))}",
             by_metric)
    return 0


if __name__ == "__main__":
    sys.exit(main())
