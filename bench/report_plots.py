# SPDX-License-Identifier: GPL-2.0-only
"""report_plots.py - the plots of the report, each with its table, as HTML."""
import html
import itertools

import plot
import records
import svg
from text import beside, number, ratio

# what is drawn: metrics, each over a parameter; for others each metric that there is,
# over the parameter with the most values
DRAWN = {
    "ready": (("tax", "k"), ("notify", "k"), ("harvest", "k"), ("tax", "m"), ("empty", "k")),
    # of the program on this machine's CPUs ratios alone mean something
    "native-producers": (("ratio", "threads"),),
    "native-oneshot": (("ratio", "threads"),),
}


def text(value):
    """For the page."""
    return html.escape(str(value))


def table(head, rows, kind="figures"):
    """As HTML, the first column being names; or of "words"."""
    cells = "".join(f"<th scope=\"col\">{text(c)}</th>" for c in head)
    body = "".join(
        f"<tr><th scope=\"row\">{text(row[0])}</th>{''.join(f'<td>{text(c)}</td>' for c in row[1:])}</tr>"
        for row in rows)
    return f'<div class="wide" tabindex="0"><table class="{kind}"><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table></div>'


def figure(name, caption, picture, key, rows):
    """A plot, its key, and its table."""
    return (f'<figure id="{name}"><figcaption>{text(caption)}</figcaption>{picture}{key}{rows}</figure>')


def unit_of(figures, metric):
    """instructions per event."""
    record = next((r for r in figures.found if r["metric"] == metric and "unit" in r), None)
    own, _, per = (record or {}).get("unit", "").partition("/")
    return records.UNITS.get(own, own) + (f" per {per}" if per else "")


def families(designs):
    """The designs in two pictures, since nobody tells twenty lines apart: what kernels
    have and had, and the stores beside their epoll."""
    plain = [d for d in designs if d not in svg.STORES and d != "none"]
    stores = [d for d in designs if d in svg.STORES]
    both = ([records.REFERENCE] if records.REFERENCE in designs else []) + stores
    return [(name, some) for name, some in (("designs", plain), ("stores", both if stores else [])) if some]


def cell(figures, metric, design, where):
    """A figure and its ratio, or why there is none."""
    value = figures.at(metric, design, **where)
    return figures.why_not(design, **where) if value is None else \
        beside(value, figures.at(metric, records.REFERENCE, **where))


def points_of(row):
    """Those that there are."""
    return [v for v in row if v is not None]


def rows_of(some, metric, designs, name):
    """A figure, or None, for each value of the parameter."""
    rows = {d: [some.at(metric, d, **{name: x}) for x in some.values(name)] for d in designs}
    return {d: row for d, row in rows.items() if points_of(row)}


def picture_alone(found):
    """What an event of "ready" costs, as a file; None where that was not measured."""
    some = plot.widest(Drawable(found), "k")
    xs, rows = some.values("k"), rows_of(some, "tax", families(some.designs)[0][1], "k")
    at = ", ".join(records.label(*item) for item in some.fixed.items())
    title = f"ready: one event; {at}; {found[0]['kernel']}"
    picture = svg.lines(title, xs, rows, "how many are ready", unit_of(some, "tax"))
    return picture and svg.alone(picture, title, rows)


def over(workload, kernel, figures, metric, name):
    """A line for each design."""
    some = plot.widest(figures, name)
    xs = some.values(name)
    where = ", ".join(records.label(*item) for item in some.fixed.items())
    unit = unit_of(some, metric)
    out = []
    for family, designs in families(some.designs):
        rows = rows_of(some, metric, designs, name)
        # a design that was tried at one point alone has no line beside those that were
        # tried at more
        if any(len(points_of(row)) > 1 for row in rows.values()):
            rows = {d: row for d, row in rows.items() if len(points_of(row)) > 1}
        to = rows.get(records.REFERENCE)
        compared = family == "stores" and to and len(rows) > 1 and all(v and v > 0 for v in to)
        drawn = {d: [v and v / t for v, t in zip(row, to)] for d, row in rows.items()} if compared else rows
        up = f"times {records.REFERENCE}" if compared else unit
        caption = f"{workload}: {metric} over {name}{': the stores' if family == 'stores' else ''}" \
            f"{'; ' + where if where else ''}; {unit}"
        picture = svg.lines(caption, xs, drawn, name.upper(), up, log=not compared)
        if picture:
            # who has no figure at all, but a reason, has a row as well
            shown = [d for d in designs if d in rows or some.reasons_of(d)]
            body = [[d, *(cell(some, metric, d, {name: x}) for x in xs)] for d in shown]
            seen = [d for d, row in drawn.items() if compared or min(points_of(row)) > 0]
            out.append(figure(f"{workload}-{kernel}-{metric}-{name}-{family}", caption, picture, svg.legend(seen),
                              table(["design", *(f"{name.upper()}={x}" for x in xs)], body)))
    return out


def at_points(workload, kernel, figures, metric, across):
    """A bar for each design, for each point."""
    out = []
    for n, values in enumerate(itertools.product(*(figures.values(p) for p in figures.parameters))):
        some = figures.where(**dict(zip(figures.parameters, values)))
        bars = {d: some.at(metric, d) for d in some.designs if some.at(metric, d) is not None}
        where = ", ".join(records.label(*item) for item in some.fixed.items())
        caption = f"{workload}: {metric}{'; ' + where if where else ''}"
        unit = unit_of(figures, metric)
        picture = svg.bars(f"{caption}, {unit}", bars, unit, ratio if metric == "ratio" else number)
        if picture:
            body = [[d, ratio(bars[d]) if metric == "ratio" else cell(some, metric, d, {})] for d in bars]
            out.append(figure(f"{workload}-{kernel}-{metric}-{across or 'all'}-{n}", caption, picture, "",
                              table(["design", unit], body)))
    return out


class Drawable(records.Figures):
    """Figures that know who has reasons."""

    def where(self, **fixed):
        return Drawable(self.found, **self.fixed, **fixed)

    def reasons_of(self, design):
        """Whether a design says why it has no figure."""
        return any(r["design"] == design and "why" in r for r in self.found)


def drawings(workload, kernel, found):
    """All of a workload on a kernel."""
    figures = Drawable(found)
    asked = DRAWN.get(workload)
    if not asked:
        name = max(figures.parameters, key=lambda n: len(figures.values(n)), default=None)
        asked = [(metric, name) for metric in figures.metrics]
    out, done = [], set()
    for metric, name in asked:
        if metric not in figures.metrics:
            continue
        of_metric = Drawable([r for r in found if r["metric"] in (metric, "n/a")])
        if name in of_metric.parameters and len(plot.widest(of_metric, name).values(name)) > 1:
            out += over(workload, kernel, of_metric, metric, name)
        elif metric not in done:
            out += at_points(workload, kernel, of_metric, metric, name)
        done.add(metric)
    return out, records.in_order(
        f"{r['design']}: {'n/a' if r['ok'] else 'WRONG'}: {r['why']}" for r in found
        if "why" in r and "median" not in r)
