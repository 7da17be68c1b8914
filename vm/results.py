#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""results.py - read what a guest said on its second serial port.

One JSON object a line: {"test": ..}, {"job": ..}, {"verdict": ..} and whatever
a benchmark prints.  Lines that are not JSON are no results.

As a program: results.py [--tap] LOG..   prints the tests of the logs
as a list or as TAP, closing with the counts; exit 1 if a test failed.
"""
import json
import sys


def parse(line):
    """The object of one line, or None."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def read(path):
    with open(path, errors="replace") as log:
        return [r for r in map(parse, log) if r]


def describe(record):
    """One line for a person, or None if there is nothing to show."""
    for kind in ("test", "job"):
        if kind not in record:
            continue
        if record.get("skip"):
            state, more = "skip", record["skip"]
        elif record.get("ok"):
            state, more = "ok  ", record.get("about", "")
        else:
            state, more = "FAIL", record.get("why", "")
        line = "%s  %s" % (state, record[kind])
        seconds = record.get("seconds", 0)
        if seconds >= 1:
            line += "  (%.1f s)" % seconds
        return line + ("  " + more if more else "")
    return None


def verdict(records):
    """(passed, why) from the last line; no verdict is a failure."""
    if not records or "verdict" not in records[-1]:
        return False, "it ended without a verdict"
    return records[-1]["verdict"] == "pass", records[-1].get("why", "")


def collect(paths):
    """The tests of all logs, in order; a job that fails is one too."""
    tests = []
    for path in paths:
        for record in read(path):
            planted = record.get("job", "").startswith("fail ")
            if "test" in record:
                tests.append(record)
            elif "job" in record and (planted or not record.get("ok")):
                tests.append(record)
    return tests


def main(argv):
    options = [a for a in argv if a.startswith("--")]
    tests = collect([a for a in argv if not a.startswith("--")])
    failed = sum(not t.get("ok") for t in tests)
    skipped = sum(bool(t.get("ok") and t.get("skip")) for t in tests)
    if "--tap" in options:
        print("1..%d" % len(tests))
        for number, test in enumerate(tests, 1):
            print("%s %d - %s%s" % (
                "ok" if test.get("ok") else "not ok", number,
                test.get("test") or test.get("job"),
                " # SKIP " + test["skip"] if test.get("skip") else ""))
            if not test.get("ok"):
                print("# " + test.get("why", "").replace("\n", "\n# "))
    else:
        for test in tests:
            print(describe(test))
        print("%d passed, %d failed%s" % (
            len(tests) - failed - skipped, failed,
            ", %d skipped" % skipped if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
