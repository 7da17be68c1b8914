#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""table.py - results.jsonl as tables for people, and as a plot.

usage: table.py [--no-plot] [--no-caches WHY] RESULTS.jsonl [DIR]

Prints what words/ has to tell of each workload; draws what it has to show into DIR
(default: where RESULTS.jsonl is).  Every figure and every word that depends on one
comes from the results.  Exit 0 if all results were right, 1 if one was not, 2 if
there are none.
"""
import argparse
import os
import sys

import caches
import plot
import records
import words


def main():
    """Prints and plots; returns the exit status."""
    args = argparse.ArgumentParser(description="results.jsonl as tables and as a plot")
    args.add_argument("results", metavar="RESULTS.jsonl")
    args.add_argument("dir", nargs="?", metavar="DIR", help="for the plot")
    args.add_argument("--no-plot", action="store_true")
    args.add_argument("--no-caches", metavar="WHY", help="the lens was asked for, and could not be had")
    args = args.parse_args()
    try:
        found = records.load(args.results)
    except records.Bad as error:
        print(f"table.py: {error}", file=sys.stderr)
        return 2
    kernels = ", ".join(records.in_order(str(r.get("kernel")) for r in found))
    accels = ", ".join(records.in_order(str(r.get("accel")) for r in found))
    units = [r["unit"].split("/")[0] for r in found if "unit" in r]
    unit = next((records.UNITS[u] for u in units if u in records.UNITS), "units")
    print(f"kernel {kernels}, accelerator {accels}; medians.")
    stores = records.in_order(r["kernel_epoll"] for r in found if "kernel_epoll" in r)
    if stores:
        print(f"kernel epoll: {'; '.join(stores)}")
    if "icount" in accels:
        print("Path lengths in instructions: they repeat on any machine, and know neither "
              "caches\nnor contention.")
    elif accels == "tcg":
        print("Times of a plain emulator mean little: use --accel icount or KVM.")

    where = args.dir or os.path.dirname(os.path.abspath(args.results))
    notes = []
    for workload in records.workloads(found):
        some = [r for r in found if r["workload"] == workload]
        figures = records.Figures([r for r in some if not records.of_lens(r)])
        told = words.of(workload)
        notes += told.tell(figures, unit)
        caches.tell([r for r in some if records.of_lens(r)])
        if told.plot and not args.no_plot:
            notes.append("  " + plot.draw(figures, told.plot, unit, f"kernel {kernels}, {accels}", where))
    if args.no_caches:
        notes.append(f"  caches: n/a: {args.no_caches}")
    if notes:
        print("\n" + "\n".join(records.in_order(notes)))
    wrong = [r for r in found if not r.get("ok")]
    if wrong:
        print(f"\n{len(wrong)} results are wrong: {records.place(wrong[0])}: {wrong[0].get('why')}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
