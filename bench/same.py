#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""same.py - do two runs tell the same?

usage: same.py A B          A, B: results.jsonl of the same workloads

What asking a queue costs must agree within 0.1 % (harvest, harvest-call,
empty), what a design adds to a write within 1 % (notify), and closing a file
within 1 %.  A design that adds nothing to a write, as poll does, has a notify of some
instructions more or less than 0: there both must be within 1 % of the write.

Exit 0 if the runs agree, 1 if not, 2 if they cannot be compared.
"""
import sys

import records

LIMITS = {"harvest": 0.001, "harvest-call": 0.001, "empty": 0.001, "notify": 0.01, "close": 0.01}
SHOWN = 12


def differences(one, other):
    """(relative difference, limit, record) of each figure that has a limit."""
    there = {records.key(r): r for r in other}
    writes = {tuple(r.get(n) for n in ("source", "m", "k")): r["median"]
              for r in one if r["metric"] == "write" and "median" in r}
    for r in one:
        limit = LIMITS.get(r["metric"])
        if limit is None or "median" not in r or not r.get("ok"):
            continue
        twin = there.get(records.key(r))
        if twin is None or "median" not in twin or not twin.get("ok"):
            yield float("inf"), limit, r
            continue
        a, b = r["median"], twin["median"]
        base = max(abs(a), abs(b))
        write = writes.get(tuple(r.get(n) for n in ("source", "m", "k")), 0)
        if r["metric"] == "notify" and base < write / 100:
            base = write
        yield (abs(a - b) / base if base else 0.0), limit, r


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
    for metric, limit in LIMITS.items():
        of_metric = [d for d in found if d[2]["metric"] == metric]
        if not of_metric:
            continue
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
