#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""results.py - read what a guest said on its second serial port.

One JSON object a line: {"test": ..}, {"job": ..}, {"verdict": ..} and whatever
a benchmark prints.  Lines that are not JSON are no results.

As a program: results.py [--tap] DIR..       prints the tests of the guests whose
results are in DIR as a list or as TAP, closing with the counts; exit 1 if a
test failed or a guest did.  results.py --from-trs FILE   makes such results of
the lines that Automake's test driver leaves.
"""
import json
import os
import re
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


def tests_of(records):
    """The tests among the records of one guest, in order.

    The tests under a fault (tests/plants.txt) are that fault's evidence, not
    results; a job that failed is a result when no test of it tells why.
    """
    tests, since, fault = [], [], ""
    for record in records:
        job = record.get("job", "")
        if "test" in record:
            since.append(record)
        elif job.startswith("insmod "):
            if re.match(r"insmod (plant:)?fcb\b", job):
                fault = ""
            told = re.search(r" (plant|faithful)=(\w+)", job)
            if told:
                fault = told[2] + (" of 2002" if told[1] == "faithful" else "")
            if not record.get("ok"):
                tests.append(record)
        elif job.startswith("fail "):
            what = " ".join(job.split()[3:])
            tests.append({
                "test": "planted fault %s: %s notices it" % (fault, what),
                "ok": record.get("ok"), "seconds": record.get("seconds", 0),
                "why": record.get("why", ""),
                "about": "; ".join(t.get("why", "") for t in since if not t.get("ok"))})
            since = []
        elif job:
            tests += since
            told = any(not t.get("ok") for t in since)
            since = []
            if not (record.get("ok") or (told and record.get("exit") == 1)):
                tests.append(record)
            elif job == "kmemleak" and not record.get("skip"):
                tests.append({"test": "no memory was leaked", **record})
    return tests + since


def collect(folder):
    tests = tests_of(read(os.path.join(folder, "results.log")))
    try:
        with open(os.path.join(folder, "verdict")) as file:
            told = json.load(file)
    except FileNotFoundError:
        return tests
    if not told["ok"] and all(t.get("ok") for t in tests):
        tests.append({"test": "the guest", **told})
    return tests


def from_trs(path):
    """Lines like "PASS program: 1 - name # SKIP why" become results."""
    with open(path) as file:
        for line in file:
            state, name = line.rstrip("\n").split(" ", 1)
            record = {"test": name, "ok": state in ("PASS", "SKIP", "XFAIL")}
            if state == "SKIP":
                record["skip"] = name.split("# SKIP")[-1].strip()
            elif not record["ok"]:
                record["why"] = "make check-host says %s" % state
            print(json.dumps(record))


def print_tap(folders):
    tests = [(folder, test) for folder in folders for test in collect(folder)]
    print("1..%d" % len(tests))
    for number, (_, test) in enumerate(tests, 1):
        print("%s %d - %s%s" % (
            "ok" if test.get("ok") else "not ok", number,
            test.get("test") or test.get("job"),
            " # SKIP " + test["skip"] if test.get("skip") else ""))
        if not test.get("ok"):
            print("# " + test.get("why", "").replace("\n", "\n# "))
    return sum(not test.get("ok") for _, test in tests)


def print_list(folders):
    failed, counts = [], [0, 0, 0]
    for folder in folders:
        title = "/".join(os.path.normpath(folder).split(os.sep)[-2:])
        print("== %s" % title)
        for test in collect(folder):
            line = describe(test)
            print(line)
            counts[0 if not test.get("ok") else 1 if test.get("skip") else 2] += 1
            if not test.get("ok"):
                failed.append("%s: %s" % (title, line))
    if failed:
        print("\nWhat failed:")
        print("\n".join(failed))
    print("\n%d passed, %d failed%s" % (
        counts[2], counts[0], ", %d skipped" % counts[1] if counts[1] else ""))
    return counts[0]


def main(argv):
    if argv[:1] == ["--from-trs"]:
        from_trs(argv[1])
        return 0
    if argv[:1] == ["--tap"]:
        return 1 if print_tap(argv[1:]) else 0
    return 1 if print_list(argv) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
