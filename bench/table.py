#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""table.py - results.jsonl as tables for people, and as a plot.

usage: table.py [--no-plot] RESULTS.jsonl [DIR]

Prints the tables; writes tax.dat, tax.gnuplot and tax.svg into DIR (default:
where RESULTS.jsonl is).  Every figure and every word that depends on one comes
from the results.  Exit 0 if all results were right, 1 if one was not.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import textwrap

import records

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vm"))
import tables

REFERENCE = "epoll"         # ratios are to this design, the kernel's epoll ET
MAPPED = "devepoll"         # the design that the closing sentence is about
PORT = [design.name for design in tables.designs(tables.STORE)]
# one for each design, in their order; those of the stores are told apart by dashes too
COLOURS = ("#c00000", "#000000", "#808080", "#0060c0", "#e08000", "#008040", "#8020c0",
           "#a0a000", "#00a0a0", "#c060a0")
UNITS = {"insn": "instructions", "ns": "nanoseconds"}


def number(value):
    """About three digits, and no more than can be meant."""
    digits = 0 if abs(value) >= 99.5 else 1 if abs(value) >= 9.95 else 2
    text = f"{value:.{digits}f}"
    return text if float(text) else "0"


def ratio(value):
    """A ratio, readable from 0.003 to 3000."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else \
        f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def times(value, what):
    """A ratio in words, of what."""
    return f"{ratio(value)} of {what}" if value < 0.995 else \
        what if value < 1.005 else f"{ratio(value)} times {what}"


def say(text, indent=""):
    """A paragraph."""
    print(textwrap.fill(text, 96, initial_indent=indent, subsequent_indent=indent,
                        break_on_hyphens=False))


def print_table(head, rows):
    """Columns as wide as needed, the first one to the left."""
    widths = [max(len(row[i]) for row in [head, *rows] if i < len(row))
              for i in range(len(head))]
    for row in [head, *rows]:
        print("  " + "   ".join(
            cell.ljust(widths[i]) if not i else cell.rjust(widths[i])
            for i, cell in enumerate(row)).rstrip())


class Ready:
    """The figures of the workload "ready" for one kind of source."""

    def __init__(self, found, source, unit):
        self.source = source
        self.unit = unit
        self.found = [r for r in found if r["workload"] == "ready" and r.get("source") == source]
        self.of = {metric: {k[1:]: v for k, v in
                            records.values(self.found, "ready", metric).items()}
                   for metric in ("notify", "harvest", "recheck", "tax", "harvest-call", "empty",
                                  "write")}
        self.designs = records.in_order(r["design"] for r in self.found if r["design"] != "none")
        self.ms = sorted({r["m"] for r in self.found})

    def ks(self, m):
        """The numbers of active sources that were tried with m."""
        return sorted({r["k"] for r in self.found if r["m"] == m and "k" in r})

    def parts(self, m, k, design):
        """What the tax is made of."""
        notify, harvest, recheck = (self.of[metric].get((m, k, design))
                                    for metric in ("notify", "harvest", "recheck"))
        if notify is None or harvest is None:
            return ""
        again = ""
        if recheck and number(recheck) != "0":
            again = f" {'+' if recheck > 0 else '-'} {number(abs(recheck))}"
        return f"{number(notify)} + {number(harvest)}{again}"

    def tax(self, m, k, design):
        """The tax, or None."""
        return self.of["tax"].get((m, k, design))

    def cell(self, m, k, design):
        """Tax and ratio, or why not."""
        tax, to = self.tax(m, k, design), self.tax(m, k, REFERENCE)
        if tax is None:
            at = [r for r in self.found if (r.get("m"), r.get("k"), r["design"]) == (m, k, design)]
            return "-" if not at else "n/a" if at[0].get("ok") else "WRONG"
        return f"{number(tax)} ({ratio(tax / to)}x)" if to and to > 0 and tax > 0 else number(tax)

    def table(self, m):
        """Designs as rows, K as columns."""
        ks = self.ks(m)
        rows = []
        for design in self.designs:
            rows.append([design] + [self.cell(m, k, design) for k in ks])
            rows.append([""] + [self.parts(m, k, design) for k in ks])
        rows = [row for row in rows if any(row)]
        to = f", and how many times {REFERENCE}'s that is" if REFERENCE in self.designs else ""
        again = " + recheck (asking again once drained)" if self.of["recheck"] else ""
        print()
        say(f"ready: K of {m} sources ({self.source}) become ready. What it takes to deliver one "
            f"event, in {self.unit}{to}; below it the parts: notify (added to the write) + "
            f"harvest (asking the queue){again}.")
        print_table(["design"] + [f"K={k}" for k in ks], rows)
        say(self.sentence(m), "  ")

    def sentence(self, m):
        """What the table shows."""
        ks = self.ks(m)
        k = max(ks)
        mapped, to = self.tax(m, k, MAPPED), self.tax(m, k, REFERENCE)
        if not mapped or not to:
            return self.extremes(m, k)
        calls = [self.of["harvest-call"].get((m, k, MAPPED)) for k in ks]
        notify = [self.of["notify"][m, k, d] for d in (MAPPED, REFERENCE)]
        text = (f"With {k} of {m} ready {MAPPED} delivers an event for "
                f"{times(mapped / to, 'what')} {REFERENCE} takes")
        low = [self.tax(m, ks[0], d) for d in (MAPPED, REFERENCE)]
        if len(ks) > 1 and all(low):
            text += f" (with {ks[0]}: {times(low[0] / low[1], 'it')})"
        text += f": it is asked once for {number(calls[-1])} {self.unit}"
        if len(ks) > 1 and None not in calls and max(calls) <= 1.02 * min(calls):
            text += " however many are ready"
        text += (f", {REFERENCE} pays {number(self.of['harvest'][m, k, REFERENCE])} for each; "
                 f"at the write {MAPPED} takes {number(notify[0])}, {REFERENCE} {number(notify[1])}")
        others = [f"{d} {ratio(min(r))} to {ratio(max(r))}" for d, r in self.ratios(m)]
        if others:
            text += f". The others, in times of {REFERENCE}: " + ", ".join(others)
        return text + "."

    def beyond(self, m, k, design):
        """What an event adds to a call that finds nothing, or None."""
        call, empty = (self.of[metric].get((m, k, design)) for metric in ("harvest-call", "empty"))
        return None if call is None or empty is None else (call - empty) / k

    def apart(self, m, k, design):
        """Notify and harvest in times of the reference's, the call itself apart."""
        pairs = [(self.of["notify"].get((m, k, d)), self.beyond(m, k, d))
                 for d in (design, REFERENCE)]
        if any(v is None for pair in pairs for v in pair) or min(pairs[1]) <= 0:
            return None
        return tuple(one / to for one, to in zip(*pairs))

    def entry(self, m, design):
        """A call that finds nothing; the median of those at each K."""
        return statistics.median([self.of["empty"][m, k, design] for k in self.ks(m)
                                  if (m, k, design) in self.of["empty"]] or [0])

    def table_apart(self, m):
        """How near the port is to the kernel's own, and what the way in costs."""
        ks = self.ks(m)
        port = [d for d in self.designs if d in PORT and self.entry(m, d)]
        if not port or not self.entry(m, REFERENCE):
            return
        print()
        say(f"ready, the call apart: a wait that finds nothing, in {self.unit}; then in times of "
            f"{REFERENCE}'s what notify takes, and harvest, each less such a wait.")
        rows = []
        for d in [REFERENCE] + port:
            ratios = [self.apart(m, k, d) for k in ks]
            rows.append([d, number(self.entry(m, d))]
                        + [f"{r[0]:.2f} {r[1]:.2f}" if r else "-" for r in ratios])
        print_table(["design", "nothing"] + [f"K={k}" for k in ks], rows)
        found = [(d, [r for r in (self.apart(m, k, d) for k in ks) if r]) for d in port]
        if not all(r for _, r in found):
            return
        more = [self.entry(m, d) - self.entry(m, REFERENCE) for d in port]
        span = " to ".join(records.in_order(number(v) for v in (min(more), max(more))))
        say(f"By ioctl a wait takes {span} {self.unit} more than {REFERENCE}'s system call, "
            "however much it finds. Beyond that, in times of " + f"{REFERENCE}: " + "; ".join(
                f"{d} at most {max(n for n, _ in r):.2f} at the write and "
                f"{max(h for _, h in r):.2f} for the harvest" for d, r in found) + ".", "  ")

    def ratios(self, m):
        """(design, its ratios to the reference) of all but the two compared."""
        for d in self.designs:
            r = [self.tax(m, k, d) / self.tax(m, k, REFERENCE) for k in self.ks(m)
                 if (self.tax(m, k, d) or 0) > 0 and (self.tax(m, k, REFERENCE) or 0) > 0]
            if r and d not in (MAPPED, REFERENCE):
                yield d, r

    def extremes(self, m, k):
        """The cheapest and the dearest design, when the two are not both there."""
        taxes = {d: self.tax(m, k, d) for d in self.designs if self.tax(m, k, d)}
        if len(taxes) < 2:
            return "Too few designs ran to compare them."
        low, high = min(taxes, key=taxes.get), max(taxes, key=taxes.get)
        return (f"With {k} of {m} ready, {low} delivers an event for {number(taxes[low])} "
                f"{self.unit}, {high} for {number(taxes[high])}.")

    def idle(self):
        """The same K with more and more that is idle."""
        common = [k for k in sorted({k for m in self.ms for k in self.ks(m)})
                  if sum(k in self.ks(m) for m in self.ms) > 1 and
                  any(len([m for m in self.ms if self.tax(m, k, d)]) > 1 for d in self.designs)]
        if not common:
            return
        k = 10 if 10 in common else common[0]
        ms = [m for m in self.ms if k in self.ks(m)]
        print(f"\nready, idle sources: always {k} ready, of M. One event, in {self.unit}.")
        rows, grown = [], []
        for design in self.designs:
            taxes = {m: self.tax(m, k, design) for m in ms}
            there = [m for m in ms if taxes[m]]
            if len(there) < 2:
                continue
            first, last = there[0], there[-1]
            rows.append([design] + [number(taxes[m]) if taxes[m] else "-" for m in ms]
                        + [ratio(taxes[last] / taxes[first]) + "x"])
            grown.append((design, last // first, taxes[last] / taxes[first]))
        print_table(["design"] + [f"M={m}" for m in ms] + ["growth"], rows)
        flat = [design for design, _, by in grown if by <= 1.02]
        steep = [f"{ratio(by)} times as much with {design}" for design, _, by in grown if by > 1.02]
        text = f"With {max(more for _, more, _ in grown)} times the sources an event costs "
        if flat:
            text += f"no more (within 2 %) with {', '.join(flat)}" + ("; " if steep else "")
        say(text + ", ".join(steep) + ".", "  ")

    def reasons(self):
        """Why a cell has no figure."""
        return records.in_order(
            f"  {r['design']}{' at M=' + str(r['m']) if len(self.ms) > 1 else ''}: "
            f"{'n/a' if r.get('ok') else 'WRONG'}: {r.get('why', 'no reason given')}"
            for r in self.found if "why" in r)


def print_close(found, unit):
    """What the modules cost a program that does not use them."""
    cost = {design: v for (_, _, _, design), v in records.values(found, "close", "close").items()}
    if not cost:
        return
    print(f"\nclose: to make and close a file that nobody watches, in {unit}.")
    print_table(["modules", "cost"], [[d, number(v)] for d, v in cost.items()])
    if "none" in cost and "loaded" in cost:
        more = cost["loaded"] - cost["none"]
        print(f"  With the modules loaded it costs {number(abs(more))} {unit} "
              f"{'more' if more >= 0 else 'less'} ({100 * more / cost['none']:+.2f} %).")


def print_others(found):
    """Workloads that have no table of their own yet."""
    rest = [r for r in found if r["workload"] not in ("ready", "close")]
    for workload in records.in_order(r["workload"] for r in rest):
        print(f"\n{workload}:")
        print_table(["design", "where", "median", "unit"], [
            [r["design"], records.place(r), number(r["median"]), r.get("unit", "")]
            for r in rest if r["workload"] == workload and "median" in r])


def curves(designs, column, shown):
    """What gnuplot is to draw: a line for each design that is shown."""
    return ", ".join(
        f"'tax.dat' using 1:{column(i + 2)} with linespoints linewidth 2 "
        f"linecolor '{COLOURS[i % len(COLOURS)]}' dashtype {2 if d in PORT else 1} "
        f"pointtype {i + 4} title '{d}'"
        for i, d in enumerate(designs) if d in shown)


def plot(ready, title, folder):
    """Tax over K, for the M with the most Ks: as it is, and below it in times of
    the reference's, without those that are far from it."""
    m = max(ready.ms, key=lambda m: (len(ready.ks(m)), m))
    designs = [d for d in ready.designs
               if any((ready.tax(m, k, d) or 0) > 0 for k in ready.ks(m))]
    if not designs or len(ready.ks(m)) < 2:
        return "table.py: too few points for a plot"
    with open(os.path.join(folder, "tax.dat"), "w") as out:
        out.write(f"# ready, {ready.source}, M={m}: tax per event by K\n# K "
                  + " ".join(designs) + "\n")
        for k in ready.ks(m):
            taxes = [ready.tax(m, k, d) for d in designs]
            out.write(" ".join([str(k)] + [f"{t:.9g}" if t and t > 0 else "?" for t in taxes]) + "\n")
    near = [d for d, r in ready.ratios(m) if max(r) < 4] + [MAPPED, REFERENCE]
    two = REFERENCE in designs and len(set(near) & set(designs)) > 1
    with open(os.path.join(folder, "tax.gnuplot"), "w") as out:
        out.write(f"""# gnuplot tax.gnuplot: draws tax.svg from tax.dat
set terminal svg size 900,{960 if two else 560} dynamic font 'sans-serif,14' background 'white' noenhanced
set output 'tax.svg'
{'set multiplot layout 2,1' if two else ''}
set title '{title}'
set xlabel 'sources ready at once (of {m})'
set ylabel '{ready.unit} per event delivered'
set logscale xy
set grid xtics ytics
set key outside right top
set lmargin 11
set rmargin 22
set datafile missing '?'
plot {curves(designs, str, designs)}
""")
        if two:
            to = designs.index(REFERENCE) + 2
            out.write(f"""set title 'the same, in times of {REFERENCE}'
set ylabel 'times {REFERENCE}'
unset logscale y
set yrange [0:*]
plot {curves(designs, lambda i: f"(${i}/${to})", near)}
unset multiplot
""")
    if not shutil.which("gnuplot"):
        return f"table.py: no gnuplot (package gnuplot-nox): {folder}/tax.gnuplot is not drawn"
    done = subprocess.run(["gnuplot", "tax.gnuplot"], cwd=folder, check=False,
                          capture_output=True, text=True)
    return f"table.py: gnuplot: {done.stderr.strip()}" if done.returncode else \
        f"plot: {os.path.join(folder, 'tax.svg')}"


def main():
    """Prints and plots; returns the exit status."""
    args = argparse.ArgumentParser(description="results.jsonl as tables and as a plot")
    args.add_argument("results", metavar="RESULTS.jsonl")
    args.add_argument("dir", nargs="?", metavar="DIR", help="for the plot")
    args.add_argument("--no-plot", action="store_true")
    args = args.parse_args()
    try:
        found = records.load(args.results)
    except records.Bad as error:
        print(f"table.py: {error}", file=sys.stderr)
        return 2
    kernels = ", ".join(records.in_order(str(r.get("kernel")) for r in found))
    accels = ", ".join(records.in_order(str(r.get("accel")) for r in found))
    units = [r["unit"].split("/")[0] for r in found if "unit" in r]
    unit = UNITS.get(units[0] if units else "", "units")
    print(f"kernel {kernels}, accelerator {accels}; medians.")
    if "icount" in accels:
        print("Path lengths in instructions: they repeat on any machine, and know neither "
              "caches\nnor contention.")
    elif accels == "tcg":
        print("Times of a plain emulator mean little: use --accel icount or KVM.")

    wrong = [r for r in found if not r.get("ok")]
    notes = []
    for source in records.in_order(r.get("source") for r in found if r["workload"] == "ready"):
        ready = Ready(found, source, unit)
        for m in ready.ms:
            if len(ready.ks(m)) > 1 or len(ready.ms) == 1:
                ready.table(m)
                ready.table_apart(m)
        ready.idle()
        notes += ready.reasons()
        if not args.no_plot:
            where = args.dir or os.path.dirname(os.path.abspath(args.results))
            args.no_plot = True     # one plot, of the first kind of source
            notes.append("  " + plot(ready, f"Delivery tax, {source}, kernel {kernels}, {accels}", where))
    print_close(found, unit)
    print_others(found)
    if notes:
        print("\n" + "\n".join(notes))
    if wrong:
        print(f"\n{len(wrong)} results are wrong: {records.place(wrong[0])}: {wrong[0].get('why')}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
