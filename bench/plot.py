# SPDX-License-Identifier: GPL-2.0-only
"""plot.py - one metric over one parameter, a line a design, by gnuplot."""
import collections
import itertools
import os
import shutil
import subprocess
import sys

from records import REFERENCE, label

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vm"))
import tables

# metric, over: what is drawn, over which parameter.  title, across, up: words of it;
# {NAME} is the value of a parameter, {unit} the unit.
Plot = collections.namedtuple("Plot", "metric over title across up")

PORT = [design.name for design in tables.designs(tables.STORE)]
# one for each design, in their order; those of the stores are told apart by dashes too
COLOURS = ("#c00000", "#000000", "#808080", "#0060c0", "#e08000", "#008040", "#8020c0",
           "#a0a000", "#00a0a0", "#c060a0", "#604020", "#80c040", "#4060a0", "#a04060",
           "#d08080", "#406040", "#9090ff", "#202080")
NEAR = 4        # times the reference: the second drawing shows only what stays below


def curves(name, designs, column, shown):
    """What gnuplot is to draw: a line for each design that is shown."""
    return ", ".join(
        f"'{name}.dat' using 1:{column(i + 2)} with linespoints linewidth 2 "
        f"linecolor '{COLOURS[i % len(COLOURS)]}' dashtype {2 if d in PORT else 1} "
        f"pointtype {i + 4} title '{d}'"
        for i, d in enumerate(designs) if d in shown)


def widest(figures, over):
    """Where most values of the parameter were tried; the larger of equals."""
    rest = [n for n in figures.parameters if n != over]
    places = [figures.where(**dict(zip(rest, values)))
              for values in itertools.product(*(figures.values(n) for n in rest))]
    return max(places, key=lambda some: (len(some.values(over)), [
        v for v in some.fixed.values() if not isinstance(v, str)]))


def draw(figures, what, unit, machine, folder):
    """Writes METRIC.dat, .gnuplot and .svg; returns what to say of it."""
    some = widest(figures, what.over)
    values = some.values(what.over)
    cells = {d: [some.at(what.metric, d, **{what.over: v}) for v in values] for d in some.designs}
    designs = [d for d, row in cells.items() if any((v or 0) > 0 for v in row)]
    if not designs or len(values) < 2:
        return "table.py: too few points for a plot"
    name, words = what.metric, {**some.fixed, "unit": unit}
    with open(os.path.join(folder, name + ".dat"), "w") as out:
        out.write(f"# {figures.found[0]['workload']}, "
                  f"{', '.join(label(*item) for item in some.fixed.items())}: {name} by {what.over}\n"
                  f"# {what.over} " + " ".join(designs) + "\n")
        for i, value in enumerate(values):
            row = [cells[d][i] for d in designs]
            out.write(" ".join([str(value)] + [f"{v:.9g}" if v and v > 0 else "?" for v in row]) + "\n")
    near = [d for d in designs if max(some.ratios(name, d, what.over) or [NEAR]) < NEAR]
    two = REFERENCE in designs and len(near) > 1
    with open(os.path.join(folder, name + ".gnuplot"), "w") as out:
        out.write(f"""# gnuplot {name}.gnuplot: draws {name}.svg from {name}.dat
set terminal svg size 900,{960 if two else 560} dynamic font 'sans-serif,14' background 'white' noenhanced
set output '{name}.svg'
{'set multiplot layout 2,1' if two else ''}
set title '{what.title.format(**words)}, {machine}'
set xlabel '{what.across.format(**words)}'
set ylabel '{what.up.format(**words)}'
set logscale xy
set grid xtics ytics
set key outside right top
set lmargin 11
set rmargin 22
set datafile missing '?'
plot {curves(name, designs, str, designs)}
""")
        if two:
            to = designs.index(REFERENCE) + 2
            out.write(f"""set title 'the same, in times of {REFERENCE}'
set ylabel 'times {REFERENCE}'
unset logscale y
set yrange [0:*]
plot {curves(name, designs, lambda i: f"(${i}/${to})", near)}
unset multiplot
""")
    if not shutil.which("gnuplot"):
        return f"table.py: no gnuplot (package gnuplot-nox): {folder}/{name}.gnuplot is not drawn"
    done = subprocess.run(["gnuplot", name + ".gnuplot"], cwd=folder, check=False,
                          capture_output=True, text=True)
    return f"table.py: gnuplot: {done.stderr.strip()}" if done.returncode else \
        f"plot: {os.path.join(folder, name + '.svg')}"
