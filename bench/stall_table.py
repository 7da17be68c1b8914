#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""stall_table.py - what became of a D-Bus broker on each design, for people.

usage: stall_table.py STALL.jsonl

Exit 0 if it is as it has to be: who loses no event does not stall, who stalled was
woken by one more request, and the list of 2025 stalled if it was tried.
"""
import json
import os
import sys

sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vm"))
import tables                   # noqa: E402
from text import print_table    # noqa: E402

MUST_STALL = ("llist",)


def wrong(run):
    """What is not as it has to be; empty if all is."""
    design, stalls = run["design"], run["stalls"]
    if stalls and design not in tables.losing():
        return f"{design} loses no event, and stalled"
    if run["woken"] < stalls or run["unanswered"]:
        return f"{design}: one more request did not wake it"
    if not run["ended"]:
        return f"{design}: the broker did not end as it was asked to"
    if design in MUST_STALL and not stalls:
        return f"{design} did not stall: try more --seconds, or other --connections"
    return ""


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.split("\n\n")[1])
    with open(sys.argv[1]) as lines:
        runs = [json.loads(line) for line in lines]
    print_table(["design", "seconds", "answers", "late", "stalls", "woken by one more request"],
                [[run["design"], f"{run['seconds']:.1f}", str(run["answers"]), str(run["late"]),
                  str(run["stalls"]),
                  str(run["woken"]) if run["stalls"] else ""] for run in runs])
    complaints = [text for text in map(wrong, runs) if text]
    for text in complaints:
        print(text)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
