#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""tables.py - the tables of the laboratory, read in one place.

usage: tables.py kernels [USED]          names, by kernels.tab's column "used"
       tables.py kernel NAME [FIELD..]   the fields of one, in a line
       tables.py suites BRANCH [HOST]    of Debian, that may have it; HOST's own come first
       tables.py designs [KIND..]        names, by lib/designs.def's kinds; by-run: those
                                         of epoll-run; usual: those but for history
       tables.py epoll-run [programs]    the files of it; and programs to try it with

Exit 2 and one line: a name that is not there, with those that are; or what is
wrong with a table, with file and line.
"""
import collections
import functools
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SRC = os.path.dirname(HERE)
BUILD = os.path.abspath(os.environ.get("LAB_BUILD") or os.path.join(SRC, "build"))

Kernel = collections.namedtuple(
    "Kernel", "name branch flavour slow patience cycles stall lockup used lanes")
Guest = collections.namedtuple("Guest", "lane options sleeps")
Suites = collections.namedtuple("Suites", "lane modules seconds parts patterns")
Pass = collections.namedtuple("Pass", "name lane modules seconds patterns")
Whole = collections.namedtuple("Whole", "name lane modules seconds options")
Program = collections.namedtuple("Program", "name lane modules seconds command")
ByRun = collections.namedtuple("ByRun", "form design python tests")
Lanes = collections.namedtuple("Lanes", "guests suites passes wholes programs by_run past")
Plant = collections.namedtuple("Plant", "fault module patterns")
Design = collections.namedtuple("Design", "name kind past")

# what the modules are made for begins here
OLDEST = (6, 1)

# how a program names the kinds of designs.def
JUDGE, DEVICE, STORE = "JUDGE", "DEVICE", "STORE"


class Broken(Exception):
    """What is wrong with a table, or with a name that is looked for in one."""


def lines(path):
    """(where, words) of each line that says something."""
    with open(path) as table:
        for number, line in enumerate(table, 1):
            words = line.split()
            if words and not words[0].startswith("#"):
                yield "%s:%d" % (os.path.relpath(path, SRC), number), words


def wants(where, condition, what):
    """A broken line: file, line, what is wrong."""
    if not condition:
        raise Broken("%s: %s" % (where, what))


def number(where, word, what):
    wants(where, word.isdigit() and int(word), "%s wants a number, not '%s'" % (what, word))
    return int(word)


def kernels(path=os.path.join(HERE, "kernels.tab")):
    """All of them by name, in their order."""
    found = {}
    for where, words in lines(path):
        wants(where, len(words) == len(Kernel._fields), "%d words, a kernel has %d: %s" % (
            len(words), len(Kernel._fields), " ".join(Kernel._fields)))
        row = dict(zip(Kernel._fields, words))
        wants(where, row["name"] not in found, "kernel '%s' a second time" % row["name"])
        for field in ("slow", "patience", "cycles", "stall", "lockup"):
            row[field] = number(where, row[field], field)
        version = re.fullmatch(r"(\d+)\.(\d+)", row["branch"])
        wants(where, version or row["branch"] in ("-", "latest"),
              "a branch is like 6.12, or latest, not '%s'" % row["branch"])
        wants(where, not version or tuple(map(int, version.groups())) >= OLDEST,
              "the modules are for Linux %d.%d and newer, not %s" % (*OLDEST, row["branch"]))
        row["used"] = row["used"].strip("-").split(",")
        # lane: form
        row["lanes"] = dict((lane.split(":") + [""])[:2] for lane in row["lanes"].split(","))
        found[row["name"]] = Kernel(**row)
    wants(path, [k for k in found.values() if "default" in k.used][1:] == [],
          "more than one default kernel")
    return found


def suites(branch, host="", path=os.path.join(HERE, "suites.tab")):
    """Where the kernels of a branch are looked for, in order."""
    found = {}
    for where, (name, *words) in lines(path):
        wants(where, words, "no suite for the branch '%s'" % name)
        wants(where, name not in found, "branch '%s' a second time" % name)
        found[name] = words
    if branch not in found:
        raise Broken("no suite is known for the branch '%s': %s has %s" % (
            branch, os.path.relpath(path, SRC), " ".join(found)))
    return sorted(found[branch], key=lambda suite: suite.split("-")[0] != host)


def lanes(path=os.path.join(HERE, "lanes.tab")):
    """What runs in which guest, in the order of the table."""
    table = Lanes([], [], [], [], [], [], {})
    for where, (kind, *words) in lines(path):
        least = {"guest": 1, "sleeper": 1, "pass": 5, "whole": 4, "suites": 4, "stores": 4,
                 "program": 5, "by-run": 4, "past": 2}
        wants(where, kind in least, "unknown kind '%s': one of %s" % (kind, " ".join(least)))
        wants(where, len(words) >= least[kind], "too few words for '%s'" % kind)
        if kind in ("guest", "sleeper"):
            table.guests.append(Guest(words[0], words[1:], kind == "sleeper"))
            continue
        if kind == "by-run":
            table.by_run.append(ByRun(words[0], words[1], words[2] == "python", words[3:]))
            continue
        if kind == "past":
            wants(where, words[0] in ("suites", "stores"), "past suites or past stores")
            table.past[words[0]] = words[1:]
            continue
        name = words.pop(0) if kind in ("pass", "whole", "program") else None
        lane, modules, seconds, *rest = words
        seconds = number(where, seconds, "seconds")
        its_lanes = lane.split(",") if kind == "whole" else [lane]
        for one in its_lanes:
            wants(where, one in [g.lane for g in table.guests],
                  "unknown lane '%s': one of %s" % (one, " ".join(g.lane for g in table.guests)))
        wants(where, modules in ("none", "loaded") or "=" in modules,
              "modules are none, loaded or a parameter of fcb, not '%s'" % modules)
        if kind == "pass":
            table.passes.append(Pass(name, lane, modules, seconds, rest))
        elif kind == "whole":
            table.wholes.extend(Whole(name, one, modules, seconds, rest) for one in its_lanes)
        elif kind == "program":
            table.programs.append(Program(name, lane, modules, seconds, rest))
        else:
            table.suites.append(Suites(lane, modules, seconds, kind == "stores", rest))
    return table


def plants(path=os.path.join(SRC, "tests", "plants.txt")):
    """The planted faults, and the tests that have to notice."""
    found = []
    for where, words in lines(path):
        wants(where, len(words) >= 3 and "=" in words[0],
              "a planted fault is PARAMETER=VALUE MODULE TEST..")
        found.append(Plant(words[0], words[1], words[2:]))
    return found


@functools.cache
def designs(*kinds, path=os.path.join(SRC, "lib", "designs.def")):
    """Those of some kinds in their order, or all."""
    with open(path) as table:
        found = re.findall(r'^(JUDGE|DEVICE|TAKE|STORE|PAST|OTHER)\((\w+)(?:, \w+, "([^"]+)")?',
                           table.read(), re.M)
    every = [Design(name or word.replace("_", "-"), STORE if kind == "PAST" else kind,
                    kind == "PAST") for kind, word, name in found]
    return [design for design in every if not kinds or design.kind in kinds]


@functools.cache
def losing(path=os.path.join(SRC, "lib", "designs.def")):
    """Those that lose an event now and then."""
    with open(path) as table:
        return re.findall(r'^LOSES\(\w+, \w+, "([^"]+)"', table.read(), re.M)


def left_out(form):
    """The stores that a form of the lane "port" is without."""
    stores = designs(STORE)
    return {"now": [d.name for d in stores if d.past],
            "core": [d.name for d in stores[1:]]}.get(form, [])


def by_epoll_run(past=True):
    """The designs of epoll-run and of the behaviour list: the judge, the stores, the device."""
    return [d.name for kind in (JUDGE, STORE, DEVICE) for d in designs(kind)
            if past or not d.past]


def suite_of(test):
    """The suite of a test, or of a pattern for tests.  A store's name may have a dot."""
    for name in by_epoll_run():
        if test == name or test.startswith(name + "."):
            return name
    return test.split(".")[0]


def epoll_run_files():
    """epoll-run and its libraries, as they are built."""
    return [os.path.join(BUILD, "user/lib/preload", name) for name in
            ("epoll-run", ".libs/libepollrun.so", ".libs/libepollrun-2002.so")]


def by_event_library():
    """Programs for it that this machine could build."""
    folder = os.path.join(BUILD, "user/tests/preload")
    return [name for name in ("with_libevent", "with_libev", "with_libuv")
            if os.path.exists(os.path.join(folder, name))]


def epoll_run_programs():
    """These, and those that any machine builds."""
    return [os.path.join(BUILD, "user/tests/preload", name)
            for name in by_event_library() + ["jail", "cancelled", "with_uring"]]


def kernel(name):
    known = kernels()
    if name not in known:
        raise Broken("unknown kernel '%s': one of %s" % (name, " ".join(known)))
    return known[name]


def main(what="", *words):
    if what == "kernels":
        print(" ".join(k.name for k in kernels().values() if not words or words[0] in k.used))
    elif what == "kernel" and words:
        row = kernel(words[0])
        print(" ".join(str(getattr(row, field)) for field in words[1:]))
    elif what == "suites" and words:
        print(" ".join(suites(*words[:2])))
    elif what == "designs":
        print(" ".join(by_epoll_run() if words == ("by-run",) else
                       by_epoll_run(past=False) if words == ("usual",) else
                       (d.name for d in designs(*words))))
    elif what == "epoll-run" and words in ((), ("programs",)):
        print("\n".join(epoll_run_files() + (epoll_run_programs() if words else [])))
    else:
        raise Broken(__doc__.split("\n\n")[1])


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Broken as told:
        print("lab: %s" % told, file=sys.stderr)
        sys.exit(2)
