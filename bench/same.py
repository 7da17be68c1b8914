#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""same.py - do two runs tell the same?

usage: same.py A B          A, B: results.jsonl of the same workloads

How far apart they may be is told by the words of each workload (words/): what
asking a queue costs must agree within 0.1 %, what a design adds to a write and
closing a file within 1 %.

Exit 0 if the runs agree, 1 if not, 2 if they cannot be compared.
"""
import sys

import records
import words

SHOWN = 12


# what the lens counts; a line in a hundred events is none
LENS = records.Limit(0.01)


def limit_of(record):
    """How far apart it may be, or None."""
    if records.of_lens(record):
        return LENS
    repeats = words.of(record["workload"]).repeats
    return repeats.get(record["metric"], repeats.get(words.ANY))


def place_key(record):
    """Where it was taken, by whatever design."""
    return record["workload"], frozenset(records.parameters(record).items())


def differences(one, other):
    """(relative difference, limit, record) of each figure that has a limit."""
    there = {records.key(r): r for r in other if records.is_right(r)}
    alone = {(*place_key(r), r["metric"]): r["median"] for r in one
             if "median" in r and r["design"] == "none"}
    for r in one:
        limit = limit_of(r)
        if limit is None or not records.is_right(r):
            continue
        twin = there.get(records.key(r))
        if twin is None:
            yield float("inf"), limit.share, r
            continue
        a, b = r["median"], twin["median"]
        base, beside = max(abs(a), abs(b)), alone.get((*place_key(r), limit.beside), 0)
        if base < beside / 100:
            base = beside
        yield (abs(a - b) / base if base else 0.0), limit.share, r


def of_metrics(found):
    """(metric, limit, its differences), as the words have them in order."""
    for workload in records.workloads([r for _, _, r in found]):
        mine = [d for d in found if d[2]["workload"] == workload]
        there = records.in_order(d[2]["metric"] for d in mine)
        for metric in sorted(there, key=[*words.of(workload).repeats, *there].index):
            some = [d for d in mine if d[2]["metric"] == metric]
            yield metric, some[0][1], some


def main(paths):
    """Compares and tells; returns the exit status."""
    if len(paths) != 2 or paths[0].startswith("-"):
        print("usage: same.py A B", file=sys.stderr)
        return 2
    try:
        one, other = (records.load(path) for path in paths)
    except records.Bad as error:
        print(f"same.py: {error}", file=sys.stderr)
        return 2
    found = list(differences(one, other)) + [
        d for d in differences(other, one) if d[0] == float("inf")]
    if not found:
        print("same.py: no figure in there that should repeat", file=sys.stderr)
        return 2
    for metric, limit, of_metric in of_metrics(found):
        worst, _, where = max((d for d in of_metric if d[0] != float("inf")),
                              key=lambda d: d[0], default=(0, 0, None))
        print(f"{metric:12} {len(of_metric):4} figures, "
              f"apart by at most {100 * worst:.3f} % (limit {100 * limit:g} %)"
              + (f": {records.place(where)}" if worst else ""))
    wrong = [d for d in found if d[0] > d[1]]
    for apart, limit, r in wrong[:SHOWN]:
        print(f"differs: {records.place(r)}: " +
              ("right only in one of them" if apart == float("inf")
               else f"{100 * apart:.3f} %, limit {100 * limit:g} %"))
    if len(wrong) > SHOWN:
        print(f"differs: and {len(wrong) - SHOWN} more")
    unlike = {r.get(n) for n in ("kernel", "accel") for r in one} ^ {
        r.get(n) for n in ("kernel", "accel") for r in other}
    if unlike:
        print("note: not the same kernel and accelerator: " +
              ", ".join(sorted(map(str, unlike))))
    print("the runs agree" if not wrong else f"the runs differ in {len(wrong)} figures")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
