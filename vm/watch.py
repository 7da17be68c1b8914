#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""watch.py - run a guest and judge it.

usage: watch.py [--time S] [--silence S] [--label TEXT] [--planted]
                [--console] [--remove FILE] OUT COMMAND..

Starts COMMAND (QEMU), whose serial ports go to OUT/console.log and
OUT/results.log, shows how the guest gets on, ends it when it takes too long or
says nothing for too long, and reads its verdict.  Exit 0 only if the guest said
"pass" last and the kernel reported nothing on the console.  The verdict is left
in OUT/verdict.  --planted: tests are expected to fail, only jobs are shown.
--console: what programs say on the console is shown as progress.
"""
import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time

import results

HERE = os.path.dirname(os.path.abspath(__file__))
TAIL = 40


def badness():
    """The lists of badness.def: what is bad, and what is known noise."""
    with open(os.path.join(HERE, "badness.def")) as source:
        text = source.read()
    return (re.findall(r'^BAD\("(.*?)"\)', text, re.M),
            re.findall(r'^NOISE\("(.*?)"\)', text, re.M))


def bad_lines(console, planted):
    """The kernel's own lines that tell of trouble; what programs say is not.

    What the kernel reports while a planted fault is looked for is wanted.
    """
    bad, noise = badness()
    stamp = re.compile(r"\[ *\d+\.\d{6}\] (.*)")
    wanted = False
    for line in console:
        said = stamp.search(line)
        if not said:
            continue
        if said[1].startswith("lab: "):
            # init's verbs; the tests mark the log with their own names
            if re.match(r"lab: (run|fail|insmod|rmmod|kmemleak) ?", said[1]):
                wanted = planted and said[1].startswith("lab: fail ")
            continue
        if not wanted and any(b in said[1] for b in bad) \
                and not any(n in said[1] for n in noise):
            yield line


def lines_of_job(console, job):
    """What the console shows between the marker of a job and the next one."""
    for start, line in enumerate(console):
        if line.endswith("lab: " + job[:200]):
            break
    else:
        return []
    after = console[start + 1:]
    for end, line in enumerate(after):
        if "] lab: " in line or "reboot: " in line:
            return after[:end]
    return after


def lines_of(path):
    try:
        with open(path, errors="replace") as log:
            return [re.sub(r"\x1b[c\[][0-9;?]*[a-zA-Z]?", "", l.rstrip("\r\n")) for l in log]
    except OSError:
        return []


class Progress:
    """Shows results as they come: all on a terminal, else a line now and then."""

    def __init__(self, path, label, planted):
        self.path = path
        self.label = label
        self.planted = planted
        self.tty = sys.stderr.isatty()
        self.place = self.heard = 0
        self.rest = b""
        self.count = 0
        self.last = "booting"
        self.begun = self.told = time.monotonic()

    def look_at_console(self, path):
        """What programs say there tells how far they are."""
        with open(path, "rb") as log:
            log.seek(self.heard)
            new = log.read()
        new = new[:new.rfind(b"\n") + 1]
        self.heard += len(new)
        for line in new.decode(errors="replace").splitlines():
            line = line.strip()
            # the kernel's lines begin with a time; the firmware's with control codes
            if line and not re.search(r"^\[ *\d+\.|\x1b|^init: ", line):
                self.last = line
                if self.tty:
                    print("  " + line[:200], file=sys.stderr)

    def look(self):
        with open(self.path, "rb") as log:
            log.seek(self.place)
            new = log.read()
        self.place += len(new)
        *lines, self.rest = (self.rest + new).split(b"\n")
        for line in lines:
            record = results.parse(line.decode(errors="replace"))
            text = results.describe(record) if record else None
            if not text:
                continue
            self.count += "test" in record
            if self.planted and "test" in record:
                continue
            self.last = text
            failed = not record.get("ok", True)
            if self.tty or failed:
                print("  %s%s" % (self.label, text[:200]), file=sys.stderr)
        now = time.monotonic()
        if not self.tty and now - self.told >= 15:
            self.told = now
            done = "%d tests done, " % self.count if self.count else ""
            print("lab:   %s%.0f s, %slast: %s" % (
                self.label, now - self.begun, done, self.last[:90]), file=sys.stderr)
        return bool(new)


def run(args):
    console = os.path.join(args.out, "console.log")
    result = os.path.join(args.out, "results.log")
    for path in (console, result):
        open(path, "w").close()
    progress = Progress(result, args.label, args.planted)
    begun = heard = time.monotonic()
    size = 0
    why = None
    with open(os.path.join(args.out, "qemu.log"), "w") as log:
        # should this program be killed, the guest must not stay
        qemu = subprocess.Popen(["setpriv", "--pdeathsig", "KILL"] + args.command, stdin=subprocess.DEVNULL,
                                stdout=log, stderr=log)
    try:
        while qemu.poll() is None:
            time.sleep(0.3)
            now = time.monotonic()
            new = os.path.getsize(console)
            if args.console:
                progress.look_at_console(console)
            if progress.look() or new != size:
                heard, size = now, new
            if now - begun > args.time:
                why = "it was not done after %d s" % args.time
                break
            if now - heard > args.silence:
                why = "it was silent for %d s" % args.silence
                break
    except KeyboardInterrupt:
        why = "interrupted"
    finally:
        if qemu.poll() is None:
            qemu.kill()
        qemu.wait()
    progress.look()
    return why, qemu.returncode, time.monotonic() - begun


def show(console, bad, records):
    """The part of the console that tells why."""
    if bad:
        # the first report says more than what came after it
        at = console.index(bad[0])
        head, lines = "around the kernel's first report", console[max(0, at - 5):at + TAIL]
    elif not records or "verdict" not in records[-1]:
        head, lines = "its end", console[-TAIL:]
    else:
        failed = [r["job"] for r in records if "job" in r and not r.get("ok")]
        lines = [l for job in failed[:3] for l in lines_of_job(console, job)][-TAIL:]
        head = "during what failed"
    if lines:
        print("lab: the guest's console, %s:" % head, file=sys.stderr)
    for line in lines:
        print("  | " + line, file=sys.stderr)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--time", type=float, default=900)
    parser.add_argument("--silence", type=float, default=180)
    parser.add_argument("--label", default="")
    parser.add_argument("--planted", action="store_true")
    parser.add_argument("--console", action="store_true")
    parser.add_argument("--remove")
    parser.add_argument("out")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    args = parser.parse_args()

    if args.label:
        args.label += ": "
    signal.signal(signal.SIGTERM, signal.default_int_handler)

    why, status, seconds = run(args)
    if why != "interrupted" and not results.read(os.path.join(args.out, "results.log")):
        # nothing of ours has run yet: a busy host, or the emulator
        print("lab: %sthe guest did not come up, once more" % args.label, file=sys.stderr)
        os.rename(os.path.join(args.out, "console.log"),
                  os.path.join(args.out, "console-first.log"))
        why, status, seconds = run(args)
    if args.remove:
        os.unlink(args.remove)
    console = lines_of(os.path.join(args.out, "console.log"))
    records = results.read(os.path.join(args.out, "results.log"))
    passed, told = results.verdict(records)
    bad = list(bad_lines(console, args.planted))
    if not why and not passed:
        why = told
        if status:
            # QEMU itself: the reason is in its own words
            why = (lines_of(os.path.join(args.out, "qemu.log")) or [told])[-1]
    if not why and bad:
        why = "the kernel reported: " + bad[0]
    with open(os.path.join(args.out, "verdict"), "w") as file:
        json.dump({"ok": not why, "seconds": round(seconds, 1), "why": why or ""}, file)
    if not why:
        print("lab: %sthe guest passed, %.0f s" % (args.label, seconds), file=sys.stderr)
        return 0
    if why == "interrupted":
        print("lab: interrupted, the guest is gone", file=sys.stderr)
        return 130
    show(console, bad, records)
    print("lab: %sthe guest FAILED after %.0f s: %s" % (args.label, seconds, why),
          file=sys.stderr)
    if bad and bad[0] not in why:
        print("lab: the kernel's first report: %s" % bad[0], file=sys.stderr)
    print("lab: all it said is in %s" % args.out, file=sys.stderr)
    return 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
