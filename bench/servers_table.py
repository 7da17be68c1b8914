#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""servers_table.py - servers.jsonl as tables for people.

usage: servers_table.py SERVERS.jsonl

A table a server: the median round of every design, and how many times the kernel's
epoll of the same run that is.  Every figure comes from the results.  Exit 0 if every
request was answered rightly, 1 if one was not.
"""
import json
import statistics
import sys

from records import REFERENCE
from text import beside, number, print_table

CALLS_SHOWN = 4


def load(path):
    """The records by server and design, in their order: rounds, and the counted run."""
    found = {}
    with open(path, errors="replace") as lines:
        for line in lines:
            record = json.loads(line)
            cell = found.setdefault(record["server"], {}).setdefault(
                record["design"], {"rounds": [], "calls": None})
            if record["workload"] == "calls":
                cell["calls"] = record
            else:
                cell["rounds"].append(record)
    return found


def median(cell, figure):
    return statistics.median(figure(r) for r in cell["rounds"])


def per_second(record):
    return record["requests"] / record["seconds"]


def cpu(record):
    """Microseconds of the server's threads, in the kernel and out of it, a request."""
    return record["cpu"] / record["requests"] / 1000


def calls_of(cell):
    """All system calls a request, and the most frequent ones by name."""
    record = cell["calls"]
    if not record or not record["calls"]:
        return "", ""
    calls = {name: n / record["requests"] for name, n in record["calls"].items()}
    most = sorted(calls.items(), key=lambda item: -item[1])[:CALLS_SHOWN]
    return f"{sum(calls.values()):.2f}", \
        ", ".join(f"{name} {n:.2f}" for name, n in most if n >= 0.005)


def row(design, cell, reference):
    total, names = calls_of(cell)
    if not cell["rounds"]:
        return [design, "", "", "", "", total, names]
    return [design,
            beside(median(cell, per_second), reference and median(reference, per_second)),
            beside(median(cell, cpu), reference and median(reference, cpu)),
            number(median(cell, lambda r: r["p50"])), number(median(cell, lambda r: r["p99"])),
            total, names]


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.split("\n\n")[1])
    failed = 0
    for server, designs in load(sys.argv[1]).items():
        reference = designs.get(REFERENCE)
        if reference and not reference["rounds"]:
            reference = None
        records = [r for cell in designs.values() for r in cell["rounds"] + [cell["calls"]] if r]
        failed += sum(r["failed"] for r in records)
        print(f"\n{server}: {sum(r['requests'] for r in records)} requests, "
              f"{sum(r['failed'] for r in records)} of them failed")
        rows = [row(design, cell, reference) for design, cell in designs.items()]
        width = max(len(names) for *_, names in rows)
        print_table(["design", "requests/s", "CPU us/request", "p50 us", "p99 us",
                     "calls/request", "of them".ljust(width)],
                    [[*figures, names.ljust(width)] for *figures, names in rows])
    print("\n(..x): times the kernel's epoll. CPU: of the server alone. Under icount a microsecond\n"
          "is a thousand instructions, of the one CPU that server and load share.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
