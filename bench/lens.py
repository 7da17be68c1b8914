#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""lens.py - what the lens counted, as figures beside the others.

usage: lens.py RESULTS.log LENS.out

RESULTS.log: what a guest said, with LAB_LENS set.  LENS.out: what the plugin wrote
meanwhile (vm/lens/lens.c).  Prints the figures of RESULTS.log, a line each, and in
place of each "lens" object there those of METRIC-accesses, METRIC-l1d and so on:
medians of rounds, less the median of the part that is to be taken off.
If the two do not belong together, since a program died, only the other figures are
printed: one line says so, and the exit status is 2.
"""
import collections
import json
import statistics
import sys

import records

NAMES = ("insns", "accesses", "l1d", "l1i", "l2", "l3")     # as the plugin has them
SHOWN = NAMES[1:]           # the instructions are known from the clock
UNITS = {"insns": "insn", "accesses": "accesses"}

# A point: by part the measurements, each a list as NAMES; and the tree of calls.
# nodes: by number (parent, site, entry); counts: by (node, address) a list as NAMES.
Point = collections.namedtuple("Point", "samples nodes counts")


class Runs:
    """What the plugin wrote: for each run of a program its points."""

    def __init__(self, path):
        self.caches, self.runs, self.lost = "", [], 0
        try:
            with open(path) as lines:
                self._read(lines)
        except OSError as error:
            raise records.Bad(f"{path}: {error.strerror}") from error
        except (ValueError, IndexError) as error:
            raise records.Bad(f"{path}: not what the lens writes: {error}") from error
        if not self.caches:
            raise records.Bad(f"{path}: the lens wrote nothing there")

    def _read(self, lines):
        point = Point(collections.defaultdict(list), {}, {})
        for line in lines:
            word, *rest = line.split()
            if word == "at":
                point.counts[int(rest[0]), int(rest[1], 16)] = [int(n) for n in rest[2:]]
            elif word == "node":
                point.nodes[int(rest[0])] = (int(rest[1]), int(rest[2], 16), int(rest[3], 16))
            elif word == "sample":
                point.samples[int(rest[0])].append([int(n) for n in rest[1:]])
            elif word == "lost":
                self.lost += int(rest[0])
            elif word == "caches":
                self.caches = line.partition(" ")[2].strip()
            elif word in ("run", "point"):
                if word == "point":
                    self.runs[-1].append(point)
                else:
                    self.runs.append([])
                point = Point(collections.defaultdict(list), {}, {})
            else:
                raise ValueError(f"'{word}'")


def told(path):
    """For each program of a guest that measured: (its number of points, its lines)."""
    found = []
    try:
        with open(path, errors="replace") as lines:
            for line in lines:
                if line.startswith('{"lens"'):
                    found.append((json.loads(line)["lens"], []))
                elif line.startswith('{"workload"') and found:
                    found[-1][1].append(json.loads(line))
    except OSError as error:
        raise records.Bad(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise records.Bad(f"{path}: a broken line: {error}") from error
    return found


def together(results, seen):
    """(record, points of its program) for each figure, measured or seen."""
    programs, runs = told(results), seen.runs
    if [n for n, _ in programs] != [len(points) for points in runs]:
        raise records.Bad(f"{results}: {len(programs)} programs told of "
                          f"{sum(n for n, _ in programs)} points, the lens saw {len(runs)} "
                          f"with {sum(map(len, runs))}: did one of them fail?")
    for (_, lines), points in zip(programs, runs):
        for record in lines:
            yield record, points


def part(points, which):
    """The measurements of a part, or one that is nothing."""
    point, number = which
    return points[point].samples[number] if number else [[0] * len(NAMES)]


def figures(record, points, caches):
    """What the lens has for one figure, as records."""
    rest = {n: v for n, v in record.items() if n not in ("metric", "per", "lens", "ok")}
    where, count = record["lens"], record["lens"]["count"]
    of, less = part(points, where["of"]), part(points, where["less"])
    if not of or not less:
        raise records.Bad(f"{records.place(record)}: the lens saw no round of it")
    for i, name in enumerate(NAMES):
        if name not in SHOWN:
            continue
        base = statistics.median(sample[i] for sample in less)
        values = [(sample[i] - base) / count for sample in of]
        unit = UNITS.get(name, "lines")
        yield {**rest, "caches": caches, "metric": f"{record['metric']}-{name}",
               "unit": f"{unit}/{record['per']}", "median": statistics.median(values),
               "min": min(values), "max": max(values), "runs": len(values), "ok": True}


def by_clock(path):
    """The figures that need no lens."""
    try:
        return [record for _, lines in told(path) for record in lines if "lens" not in record]
    except records.Bad:
        return []


def main(paths):
    """Prints all of it; returns the exit status."""
    if len(paths) != 2:
        print("usage: lens.py RESULTS.log LENS.out", file=sys.stderr)
        return 2
    status = 0
    try:
        seen = Runs(paths[1])
        found = [one for record, points in together(paths[0], seen)
                 for one in (figures(record, points, seen.caches) if "lens" in record else [record])]
    except records.Bad as error:
        print(f"lens.py: {error}", file=sys.stderr)
        found, status = by_clock(paths[0]), 2
    for one in found:
        print(json.dumps(one, separators=(",", ":")))
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
