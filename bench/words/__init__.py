# SPDX-License-Identifier: GPL-2.0-only
"""What is told of a workload beyond its figures: words/NAME.py, if there is one.

It may have any of
  tell(figures, unit)   prints tables and sentences; returns notes, for the end
  PLOT                  what is drawn (plot.Plot)
  REPEATS               by metric, how far apart two runs may be (records.Limit);
                        a metric that is not in it may differ
What it has not is what stands here: a table of each metric, and 1 % for all.
"""
import importlib
import itertools
import os
import types

from records import REFERENCE, UNITS, Limit, label
from text import beside, print_table

ANY = "*"


def tables(figures):
    """(what is fixed, what is across) for each table that shows all of it: across
    goes the parameter with the most values."""
    across = max(figures.parameters, key=lambda n: len(figures.values(n)), default=None)
    down = [n for n in figures.parameters if n != across]
    for fixed in itertools.product(*(figures.values(n) for n in down)):
        yield dict(zip(down, fixed)), across


def table(figures, metric, across):
    """Designs as rows, and how many times the reference's each figure is."""
    places = [{across: v} for v in figures.values(across)] if across else [{}]
    head = [label(*item) for at in places for item in at.items()] or [metric]
    rows = []
    for design in figures.designs:
        row = [figures.why_not(design, **at) if value is None else
               beside(value, figures.at(metric, REFERENCE, **at))
               for at in places for value in [figures.at(metric, design, **at)]]
        if set(row) != {"-"}:
            rows.append([design, *row])
    print_table(["design", *head], rows)


def tell(figures, unit):
    """Each metric, with a parameter across, in as many tables as the others ask for."""
    for metric in figures.metrics:
        some = [r for r in figures.found if r["metric"] == metric]
        own, _, per = some[0].get("unit", "").partition("/")
        own = UNITS.get(own, own) or unit
        for fixed, across in tables(figures):
            one = figures.where(**fixed)
            if metric in one.metrics:
                where = [some[0]["workload"], *(label(*item) for item in fixed.items())]
                print(f"\n{', '.join(where)}: {metric}, in {own}{per and ' per ' + per}, and how "
                      f"many times {REFERENCE}'s that is.")
                table(one, metric, across)
    return figures.reasons()


def of(workload):
    """The words for a workload."""
    own = None
    if workload.isidentifier() and os.path.exists(
            os.path.join(os.path.dirname(__file__), workload + ".py")):
        own = importlib.import_module("words." + workload)
    return types.SimpleNamespace(
        tell=getattr(own, "tell", tell), plot=getattr(own, "PLOT", None),
        repeats=getattr(own, "REPEATS", {ANY: Limit(0.01)}))
