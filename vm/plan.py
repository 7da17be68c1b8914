# SPDX-License-Identifier: GPL-2.0-only
"""plan.py - what "lab check" boots, and what each guest is told to do.

plan() makes it of the tables, of the list of tests and of what was asked for, and
does nothing else: no file is written, nothing is started.
"""
import collections
import fnmatch
import os
import subprocess

import tables

# A guest in all, and how long it may say nothing, in seconds.
GUEST, SILENCE = 2400, 400
# A pass of every suite of a lane is one guest's work more.
WHOLE = 2400
# Each stress test takes as long as --stress says; a run has at most so many of
# them, and so many runs wait for each other in a guest.
STRESS_RUN, STRESS_GUEST = 25, 100

# One guest: whether it mostly waits, "options" of vm/qemu-run, limits, the lines of its
# job file.
Guest = collections.namedtuple("Guest", "kernel lane sleeps options time silence job")


class Unknown(Exception):
    """A suite that nobody has."""


class Asked:
    """What the command line asks for: the kernels' rows, and suites or none for all."""

    def __init__(self, kernels, suites=(), stress=0, plants=True, preload=True):
        self.kernels = kernels
        self.suites = suites
        self.stress = stress
        self.plants = plants
        self.preload = preload


def suites_of(tests):
    """The suites of "guest-tests -l", each once, in their order."""
    return list(dict.fromkeys(map(tables.suite_of, tests)))


def fits(pattern, suite):
    if pattern == "@designs":
        return suite in tables.by_epoll_run()
    return fnmatch.fnmatchcase(suite, pattern)


class Lanes:
    """Which of the wanted suites, with their words for guest-tests, runs where."""

    def __init__(self, asked, tests, table):
        self.asked = asked
        self.table = table
        names = suites_of(tests)
        special = {p.name for p in table.programs + table.passes + table.wholes} | {"preload"}
        wanted = list(asked.suites) or names + [p.name for p in table.programs + table.passes]
        self.named = [name for name in wanted if name in special]
        self.suites = [name for name in wanted if name not in special]
        self.every = names
        for name in self.suites:
            if not any(name == suite or fnmatch.fnmatchcase(test, name)
                       for test in tests for suite in [tables.suite_of(test)]):
                raise Unknown("unknown suite '%s': one of %s %s" % (
                    name, " ".join(names), " ".join(sorted(special))))

    def row_of(self, suite):
        """The first line of the table that fits a suite, or a test of one."""
        for row in self.table.suites:
            if any(fits(pattern, tables.suite_of(suite)) for pattern in row.patterns):
                return row
        raise Unknown("vm/lanes.tab has no line for the suite '%s'" % suite)

    def wholes(self, lane):
        """The whole passes of a lane that were named."""
        return [row for row in self.table.wholes if row.lane == lane and row.name in self.named]

    def runs(self, lane, form):
        """(modules, seconds, command) of each run of a lane, in the table's order."""
        # what is named is run everywhere, and whole
        named = bool(self.asked.suites)
        past = [] if named else [d.name for d in tables.designs(tables.STORE) if d.past]
        left_out = [] if named else tables.left_out(form)
        # of those that differ in how closes are heard of one is run
        usual = form or self.table.passes[0].name
        for row in self.table.passes:
            if row.lane == lane and row.name in self.named and (
                    not row.modules.startswith("fput_hook=") or
                    row.name == usual or named and not form):
                for pattern in row.patterns:
                    yield row.modules, row.seconds, ["guest-tests", pattern]
        devices = [design.name for design in tables.designs(tables.DEVICE)]
        rest = self.table.suites[-1].lane
        for row in self.wholes(lane):
            for suite in self.every:
                own = self.row_of(suite)
                # the devices' behaviour list goes with what has no line of its own
                at = rest if suite in devices else own.lane
                if own.modules == "loaded" and at == lane:
                    yield row.modules, row.seconds, [
                        "guest-tests", *row.options, "-n", "%s:%s" % (row.name, suite), suite]
        for row in self.table.suites:
            if row.lane != lane:
                continue
            for suite in self.suites:
                if self.row_of(suite) is not row:
                    continue
                # a test or a pattern is run as it was named
                parts = [(suite, [suite])]
                if row.parts and "." not in suite:
                    parts = [(design.name, ["%s.%s_*" % (suite, design.name)])
                             for design in tables.designs(tables.JUDGE, tables.STORE)]
                for design, tests in parts:
                    if design in left_out:
                        continue
                    if design in past:
                        tests = [suite + "." + test for test in self.table.past["suites"]] \
                            if design == suite else \
                            ["%s.%s_%s" % (suite, design, test)
                             for test in self.table.past["stores"]]
                    yield row.modules, row.seconds, ["guest-tests", *tests]
        for row in self.table.programs:
            if row.lane == lane and row.name in self.named:
                yield row.modules, row.seconds, row.command


class Job:
    """The lines of a job file."""

    def __init__(self, kernel, asked, release):
        self.stress = asked.stress
        self.loaded = None
        self.lines = ["env LAB_KERNEL=" + release,
                      "env CK_TIMEOUT_MULTIPLIER=%d" % kernel.slow,
                      "env LOAD_CYCLES=%d" % kernel.cycles]
        if asked.stress:
            self.lines.append("env STRESS_SECONDS=%d" % asked.stress)

    def run(self, seconds, *command, verb="run"):
        self.lines.append("%s %d %s" % (verb, seconds + STRESS_RUN * self.stress,
                                        " ".join(command)))

    def modules(self, wanted):
        """Takes care that they are loaded, as they are or with a parameter of fcb, or not."""
        if wanted == (self.loaded or "none"):
            return
        if self.loaded:
            self.lines.append("unload")
        self.loaded = None if wanted == "none" else wanted
        if self.loaded:
            fcb = [] if wanted == "loaded" else ["fcb", wanted]
            self.lines.append(" ".join(["load", *fcb, "fcb_test"]))

    def end(self):
        """What leaked is asked before the modules go, and when they are gone."""
        if self.loaded:
            self.lines.append("kmemleak")
        self.modules("none")
        self.lines.append("kmemleak")
        return self.lines


def suites_job(job, lanes, lane, form):
    runs = list(lanes.runs(lane, form))
    for modules, seconds, command in runs:
        job.modules(modules)
        job.run(seconds, *command)
    return job.end() if runs else None


def whole_options(rows):
    """qemu-run's options for whole passes: the files that these are told to read."""
    files = [os.path.basename(word) for row in rows for word in row.options
             if word.startswith("/lab/bin/")]
    return [word for name in files
            for word in ("--program", os.path.join(tables.SRC, "tests/guest", name))]


def plants_job(job, plants):
    """The tests of each line of tests/plants.txt must fail."""
    # these run into their time limits on purpose
    job.lines.append("env CK_TIMEOUT_MULTIPLIER=1")
    last = None
    for plant in plants:
        if plant.fault != last:
            if last:
                job.lines.append("unload")
            last = plant.fault
            built = ["plant:"] if plant.fault.startswith("plant=") else []
            others = ["fcb_test"] if plant.module != "fcb_test" else []
            job.lines.append(" ".join(["load", *built, plant.module,
                                       *plant.fault.split(","), *others]))
        job.run(120, "guest-tests", *plant.patterns, verb="fail")
    job.lines.append("unload")
    return job.lines


# ---- by epoll-run ----

# A libuv that adds descriptors by io_uring, with its C library; and the kernel's
# selftest of epoll.  vm/check makes them; without them their programs are skipped.
NEWER_LIBUV = os.path.join(tables.BUILD, "roots/libuv.cpio")
SELFTEST = os.path.join(tables.BUILD, "selftest/epoll_wakeup_test")


def preload_options():
    """qemu-run's options for epoll-run, and for what runs by it."""
    files = tables.epoll_run_files() + tables.epoll_run_programs()
    files += [os.path.join(tables.BUILD, "user/tests/guest-tests-dynamic")]
    files += [os.path.join(tables.SRC, "tests/preload", name)
              for name in ("with_python.py", "in_debian", "selftest", "devepoll.cannot",
                           "edges.cannot")]
    files += [SELFTEST] if os.path.exists(SELFTEST) else []
    archives = [NEWER_LIBUV] if os.path.exists(NEWER_LIBUV) else []
    python = "/usr/bin/python3"
    library = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"],
        capture_output=True, text=True, check=True).stdout.strip()
    return [word for file in files for word in ("--program", file)] + \
        [word for file in archives for word in ("--archive", file)] + \
        ["--with", python, "--with", library]


def preload_job(job, form, table):
    """Programs that know nothing of all this, on every design."""
    job.modules("loaded")
    for design in tables.designs(tables.STORE) + tables.designs(tables.DEVICE):
        if design.past and form != "full":
            continue
        part = next(row for row in table.by_run
                    if fnmatch.fnmatchcase(form, row.form) and
                    fnmatch.fnmatchcase(design.name, row.design))
        by = ["epoll-run", "--design", design.name]
        for program in tables.by_event_library():
            job.run(60, *by, program)
        job.run(100, "in_debian", *by, "with_libuv", "1.45")
        for words in ["jail"], ["jail", "number"], ["cancelled"], ["with_uring"]:
            job.run(60, *by, *words)
        for program in ("selectors", "asyncio") if part.python else ():
            job.run(100, *by, "/usr/bin/python3", "/lab/bin/with_python.py", program)
        tests = part.tests
        if design.kind == tables.DEVICE:
            # all of the traffic but "processes" and "exclusive", which cannot be
            tests = ["-k", "/lab/bin/devepoll.cannot", *tests, "portstress.epoll_[!p]*[!v]?"]
        job.run(600, *by, "guest-tests-dynamic", "-n", "preload-" + design.name, *tests)
    stores = [design.name for design in tables.designs(tables.STORE)]
    if form == "full":
        # it sleeps for half a minute a design
        for design in tables.designs(tables.JUDGE, tables.STORE, tables.DEVICE):
            job.run(1000, "selftest", design.name)
    job.run(60, "cancelled", *stores)
    # the kernel's operation does not know an instance of ours
    job.run(60, "epoll-run", "--uring", "with_uring", "refused")
    for design in tables.designs(tables.DEVICE):
        job.run(100, "epoll-run", "--edges", "--design", design.name, "guest-tests-dynamic",
                "-n", "preload-edges", "-k", "/lab/bin/edges.cannot", "epoll.edge_*",
                "epoll.level_*")
    return job.end()


# ---- all of it ----

def plan(asked, tests, release=lambda kernel: kernel.name):
    """The guests, in the order in which they are to be started."""
    table = tables.lanes()
    lanes = Lanes(asked, tests, table)
    named = "preload" in lanes.named
    guests = []
    for lane, options, sleeps in table.guests:
        wholes = lanes.wholes(lane)
        for kernel in asked.kernels:
            form = kernel.lanes.get(lane)
            if form is None:
                continue
            job = Job(kernel, asked, release(kernel))
            more = []
            if lane == "plants":
                lines = plants_job(job, tables.plants()) \
                    if asked.plants and not asked.suites else None
            elif lane == "preload":
                wanted = named or (asked.preload and not asked.suites)
                lines = preload_job(job, "full" if named else form or "usual", table) \
                    if wanted else None
                more = preload_options() if wanted else []
            else:
                lines = suites_job(job, lanes, lane, form)
                more = whole_options(wholes)
            if lines:
                time = GUEST + WHOLE * len(wholes)
                guests.append(Guest(kernel, lane, sleeps, options + more,
                                    time * kernel.patience + STRESS_GUEST * asked.stress,
                                    SILENCE * kernel.patience + asked.stress, lines))
    return guests


def show(guests):
    """A plan for a person."""
    for guest in guests:
        print("kernel %s, guest \"%s\": at most %d s, silent for %d; %s" % (
            guest.kernel.name, guest.lane, guest.time, guest.silence,
            " ".join(guest.options) or "no options"))
        for line in guest.job:
            print("  " + line)
