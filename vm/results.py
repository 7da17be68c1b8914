#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""results.py - read what a guest said on its second serial port.

One JSON object a line: {"test": ..}, {"job": ..}, {"verdict": ..} and whatever
a benchmark prints.  Lines that are not JSON are no results.

As a program: results.py [--tap] [--equal N] DIR..       prints the tests of the
guests whose results are in DIR as a list or as TAP, closing with the counts;
exit 1 if a test failed or a guest did.  With --equal each store of the port must
have passed at least N cases that the kernel's epoll passed in the same guest.
A test that is known to fail, "known" in its record, says so and why; it is
counted apart, and fails once it does not fail any more.
"""
import argparse
import json
import os
import re
import sys

import tables


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
        elif record.get("ok") and record.get("known"):
            state, more = "known", "%s: %s" % (record["known"], record.get("why", ""))
        elif record.get("ok"):
            state, more = "ok", record.get("about", "")
        else:
            state, more = "FAIL", record.get("why", "")
        line = "%-4s  %s" % (state, record[kind])
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


def passed(test):
    return test.get("ok") and not test.get("skip") and not test.get("known")


def compared(tests, equal, left_out):
    """For each store a result: how often it is as the kernel's epoll was."""
    judge, = tables.designs(tables.JUDGE)
    there = {tables.suite_of(test.get("test", "")) for test in tests}
    cases = {design.name: set() for design in tables.designs(tables.STORE) + [judge]
             if design.name in there or not (design.past or design.name in left_out)}
    for test in filter(passed, tests):
        suite = tables.suite_of(test.get("test", ""))
        name = test.get("test", "")[len(suite) + 1:]
        if suite in cases:
            cases[suite].add(name)
    judge = cases.pop(judge.name)
    if not judge:
        return []
    results = []
    for store, names in cases.items():
        count = len(names & judge)
        said = "%d of %d behaviour cases equal to the kernel's epoll" % (count, len(judge))
        missing = sorted(judge - names)
        if missing:
            said += "; not, or not for it: " + " ".join(missing[:10])
        results.append({"test": "the behaviour of " + store, "ok": count >= equal,
                        "about": said, "why": "%s; wanted are %d" % (said, equal)})
    return results


def collect(folder, equal=0):
    tests = tests_of(read(os.path.join(folder, "results.log")))
    if equal:
        # a folder is KERNEL/LANE
        row = tables.kernels().get(os.path.basename(os.path.dirname(os.path.abspath(folder))))
        tests += compared(tests, equal, tables.left_out(row.lanes.get("port", "") if row else ""))
    try:
        with open(os.path.join(folder, "verdict")) as file:
            told = json.load(file)
    except FileNotFoundError:
        return tests
    if not told["ok"] and all(t.get("ok") for t in tests):
        tests.append({"test": "the guest", **told})
    return tests


def of_trs(path, folder):
    """The results that Automake's test driver leaves, one file a test program."""
    program = os.path.relpath(path, folder)[:-len(".trs")]
    with open(path, errors="replace") as file:
        told = re.findall(r"^:test-result: (\w+) *(.*)$", file.read(), re.M)
    for state, name in told:
        record = {"test": "%s: %s" % (program, name), "ok": state in ("PASS", "SKIP", "XFAIL")}
        if state == "SKIP":
            record["skip"] = name.split("# SKIP")[-1].strip()
        elif not record["ok"]:
            record["why"] = "make check-host says %s" % state
        yield record


def print_tap(guests):
    tests = [test for _, results in guests for test in results]
    print("1..%d" % len(tests))
    for number, test in enumerate(tests, 1):
        known = test.get("ok") and test.get("known")
        print("%s %d - %s%s%s" % (
            "ok" if test.get("ok") and not known else "not ok", number,
            test.get("test") or test.get("job"),
            " # SKIP " + test["skip"] if test.get("skip") else "",
            " # TODO " + known if known else ""))
        if not test.get("ok"):
            print("# " + test.get("why", "").replace("\n", "\n# "))


def print_list(guests):
    failed, known, counts = [], [], {"ok": 0, "FAIL": 0, "skip": 0}
    for title, tests in guests:
        print("== %s" % title)
        for test in tests:
            line = describe(test)
            print(line)
            state = line.split()[0]
            if state == "known":
                known.append("%s: %s" % (title, line.split(None, 1)[1]))
                continue
            counts[state] += 1
            if state == "FAIL":
                failed.append("%s: %s" % (title, line))
    if known:
        print("\nWhat is known to fail, and did (counted below as neither):")
        print("\n".join(known))
    if failed:
        print("\nWhat failed:")
        print("\n".join(failed))
    print("\n%d passed, %d failed%s" % (
        counts["ok"], counts["FAIL"],
        ", %d skipped" % counts["skip"] if counts["skip"] else ""))


def show(folders, tap=False, equal=0):
    """Prints the tests of all guests; true if none failed."""
    guests = [("/".join(os.path.normpath(folder).split(os.sep)[-2:]), collect(folder, equal))
              for folder in folders]
    (print_tap if tap else print_list)(guests)
    return all(test.get("ok") for _, tests in guests for test in tests)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tap", action="store_true")
    parser.add_argument("--equal", type=int, default=0, metavar="N")
    parser.add_argument("folders", nargs="*", metavar="DIR")
    args = parser.parse_args()
    return 0 if show(args.folders, args.tap, args.equal) else 1


if __name__ == "__main__":
    sys.exit(main())
