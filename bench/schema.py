#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""schema.py - what a line of results.jsonl may be, and the same as CSV.

usage: schema.py RESULTS.jsonl..    complains of each line that is no record

A record is one figure, or the reason why there is none.  What is not named here is a
parameter of the workload: a whole number or a word.  Exit 0 if all is well.
"""
import csv
import json
import re
import sys

ACCELS = ("icount", "kvm", "tcg", "native")
NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


def is_number(value):
    """A figure; True and False are none."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


# name: (what it is, whether a value is that)
ALWAYS = {
    "workload": ("a name", lambda v: isinstance(v, str) and NAME.fullmatch(v)),
    "design": ("a name", lambda v: isinstance(v, str) and NAME.fullmatch(v)),
    "metric": ("a name or n/a", lambda v: isinstance(v, str) and (v == "n/a" or NAME.fullmatch(v))),
    "kernel": ("a release", lambda v: isinstance(v, str) and v),
    "accel": ("one of " + " ".join(ACCELS), lambda v: v in ACCELS),
    "ok": ("true or false", lambda v: isinstance(v, bool)),
}
SOMETIMES = {
    "kernel_epoll": ("words", lambda v: isinstance(v, str)),
    "caches": ("words", lambda v: isinstance(v, str)),
    "why": ("words", lambda v: isinstance(v, str) and v),
    "unit": ("a unit", lambda v: isinstance(v, str) and v),
    "median": ("a number", is_number),
    "min": ("a number", is_number),
    "max": ("a number", is_number),
    "runs": ("a number from 0 on", lambda v: is_number(v) and v >= 0),
}
KNOWN = {**ALWAYS, **SOMETIMES}
COLUMNS = ("workload", "design", "kernel", "accel", "kernel_epoll", "caches")
FIGURE = ("metric", "unit", "median", "min", "max", "runs", "ok", "why")


def complaint(record):
    """What is wrong with a record, or None."""
    if not isinstance(record, dict):
        return "no object"
    for name in ALWAYS:
        if name not in record:
            return f"'{name}' is missing"
    for name, value in record.items():
        what, good = KNOWN.get(name, (
            "a parameter, a whole number or a word",
            lambda v: isinstance(v, (int, str)) and not isinstance(v, bool)))
        if not good(value):
            return f"'{name}' is {what}, not {json.dumps(value)}"
    if "median" not in record:
        return None if "why" in record else "neither a median nor why there is none"
    for name in ("unit", "runs"):
        if name not in record:
            return f"a median without '{name}'"
    if not record["runs"]:
        return "a median of no run"
    if ("min" in record) != ("max" in record):
        return "min and max come together"
    if "min" in record and not record["min"] <= record["median"] <= record["max"]:
        return "the median is not from min to max"
    return None


def write_csv(records, path):
    """A column for each parameter that any of them has."""
    parameters = list(dict.fromkeys(n for r in records for n in r if n not in KNOWN))
    with open(path, "w", newline="") as out:
        rows = csv.DictWriter(out, [*COLUMNS, *parameters, *FIGURE])
        rows.writeheader()
        for record in records:
            rows.writerow({n: str(v).lower() if isinstance(v, bool) else v
                           for n, v in record.items()})


def main(paths):
    """Looks at files; returns the exit status."""
    bad = seen = 0
    for path in paths:
        try:
            with open(path) as lines:
                for number, line in enumerate(lines, 1):
                    seen += 1
                    try:
                        wrong = complaint(json.loads(line))
                    except ValueError:
                        wrong = "no JSON"
                    if wrong:
                        print(f"{path}:{number}: {wrong}")
                        bad += 1
        except OSError as error:
            print(f"schema.py: {path}: {error.strerror}", file=sys.stderr)
            return 2
    if not seen:
        print("schema.py: no record to look at: name a results.jsonl", file=sys.stderr)
        return 2
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
