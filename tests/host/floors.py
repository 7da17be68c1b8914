#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""floors.py - do files call each other in a circle?

tests/host/floors.py [--but NAME=REASON].. PART..
tests/host/floors.py NAME OBJECT..

PART is a module as kbuild lists it (NAME.mod).  In the second form the objects are
named (*.o, or libtool's *.lo).  Each object is a file of the source, together with
the headers that are compiled in it.  A call is what the compiler says is one, by the
kind of its relocation; a function whose address is handed over is not called by
that.  So what is above may be told to what is below, and is called back.

--but: NAME has circles for the time being; without one it fails, too.

Needs readelf, of binutils.  Fails with each circle in a line.
"""

import os
import re
import subprocess
import sys

# x86-64, arm64
CALLS = {"R_X86_64_PLT32", "R_AARCH64_CALL26", "R_AARCH64_JUMP26"}
# what the kernel's macros make in the one file that defines the trace events
MADE = "__SCT__"


def die(text):
    sys.exit("floors.py: " + text)


def readelf(option, path):
    run = subprocess.run(["readelf", "-W", option, path], capture_output=True, text=True)
    if run.returncode or run.stderr:
        die("cannot read %s: %s" % (path, run.stderr.strip()))
    return [line.split() for line in run.stdout.splitlines()]


def functions(path):
    """The functions that @path has for others."""
    return {words[7] for words in readelf("-s", path)
            if len(words) >= 8 and words[3] == "FUNC" and words[4] != "LOCAL" and
            words[6] != "UND" and not words[7].startswith(MADE)}


def calls(path):
    """The names that @path calls; its own among them."""
    return {words[4].split("@")[0] for words in readelf("-r", path)
            if len(words) > 4 and words[2] in CALLS}


def object_of(path):
    """What libtool keeps for the file @path (*.lo), or @path."""
    if not path.endswith(".lo"):
        return path
    kept = re.search(r"^(?:pic|non_pic)_object='(.*\.o)'$", open(path, encoding="utf-8").read(), re.M)
    if not kept:
        die("%s names no object" % path)
    return os.path.join(os.path.dirname(path), kept.group(1))


def listed(mod):
    """The objects of a module; kbuild's paths begin where the list is."""
    folder = os.path.dirname(mod)
    return [os.path.join(folder, path) for path in open(mod, encoding="utf-8").read().split()]


def source_of(path):
    """The name of the source; automake puts the program's before it."""
    return re.sub(r"^\w+-", "", os.path.splitext(os.path.basename(path))[0]) + ".c"


def graph(objects):
    """{caller: {callee: by which function}}, sources by name."""
    home = {name: path for path in objects for name in functions(path)}
    edges = {}
    for path in objects:
        here = edges.setdefault(source_of(path), {})
        for name in sorted(calls(path) & home.keys()):
            if home[name] != path:
                here.setdefault(source_of(home[name]), name)
    return edges


def path_back(edges, start):
    """The shortest circle through @start as a list of files, or None."""
    before, queue = {}, [start]
    while queue:
        at = queue.pop(0)
        for to in sorted(edges[at]):
            if to == start:
                found = [start]
                while at != start:
                    found.insert(0, at)
                    at = before[at]
                return [start] + found
            if to not in before:
                before[to] = at
                queue.append(to)
    return None


def circles(edges):
    """Each file that is in one is in one of these, the short ones first."""
    seen = set()
    ways = [way for way in (path_back(edges, start) for start in sorted(edges)) if way]
    for way in sorted(ways, key=len):
        if not seen.issuperset(way):
            seen.update(way)
            yield way


def drawn(edges, way):
    return way[0] + "".join(" -> %s (%s)" % (to, edges[at][to]) for at, to in zip(way, way[1:]))


def check(name, objects, excuse):
    """True if @name is as it should be; says so."""
    edges = graph(objects)
    found = [drawn(edges, way) for way in circles(edges)]
    count = sum(len(to) for to in edges.values())
    # a compiler that marks calls in another way would leave nothing to check
    if len(objects) > 1 and not count:
        print("%s: not one call between %d files: is CALLS right for this machine?" % (name, len(objects)))
        return False
    if excuse is not None and found:
        print("%s: %d circles, known: %s" % (name, len(found), excuse))
        return True
    if excuse is not None:
        print("%s: has no circle any more: take the exception out (%s)" % (name, excuse))
        return False
    for way in found:
        print("%s: a circle: %s" % (name, way))
    if not found:
        print("%s: %d files, %d ways between them, no circle" % (name, len(objects), count))
    return not found


def main(args):
    excuses = {}
    while len(args) >= 2 and args[0] == "--but":
        name, _, reason = args[1].partition("=")
        excuses[name] = reason
        args = args[2:]
    if args and args[0].endswith(".mod"):
        parts = {os.path.splitext(os.path.basename(path))[0]: listed(path) for path in args}
    elif len(args) > 1:
        parts = {args[0]: [object_of(path) for path in args[1:]]}
    else:
        sys.exit(__doc__)
    for name in excuses.keys() - parts.keys():
        die("--but %s: no such part" % name)
    # all of them, whatever the first one says
    good = [check(name, objects, excuses.get(name)) for name, objects in sorted(parts.items())]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
