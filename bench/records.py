# SPDX-License-Identifier: GPL-2.0-only
"""records.py - what table.py and same.py know of results.jsonl.

A record is one figure: an object on a line of its own, as evbench prints it.
Lines that are no record (a log may hold others) are passed over.
"""
import json
import sys

# What says which figure it is; the rest says what was measured.
KEY = ("workload", "design", "source", "m", "k", "metric")


class Bad(Exception):
    """The input is of no use; the message says why and what to do."""


def load(path):
    """The records of a file, in its order; Bad if there are none."""
    found = []
    try:
        with sys.stdin if path == "-" else open(path, errors="replace") as lines:
            for line in lines:
                try:
                    record = json.loads(line)
                except ValueError:
                    continue
                if isinstance(record, dict) and "workload" in record and "metric" in record:
                    found.append(record)
    except OSError as error:
        raise Bad(f"{path}: {error.strerror}") from error
    if not found:
        raise Bad(f"{path}: no results in it; ./lab compare makes some")
    return found


def key(record):
    """What two runs have in common about a figure."""
    return tuple(record.get(name) for name in KEY)


def place(record):
    """Where a figure was taken, for people."""
    where = [f"{name}={record[name]}" for name in ("m", "k") if name in record]
    return " ".join([record["workload"], record.get("source", ""), *where,
                     record["design"], record["metric"]]).replace("  ", " ")


def values(records, workload, metric):
    """Medians by (source, m, k, design) of the figures that are right."""
    return {(r.get("source"), r.get("m"), r.get("k"), r["design"]): r["median"]
            for r in records
            if r["workload"] == workload and r["metric"] == metric
            and r.get("ok") and "median" in r}


def in_order(items):
    """Each of the items once, in the order of their first coming."""
    return list(dict.fromkeys(items))
