# SPDX-License-Identifier: GPL-2.0-only
"""svg.py - plots as SVG inside a page: lines over a parameter, and bars.

Colours are variables of the page, which has others by night and on paper.  They are
those of Okabe and Ito, which the colour-blind can tell apart, but for their yellow,
which nobody sees on white; a mark and dashes tell a line too.
"""
import math
import os
import re
import sys
from xml.sax.saxutils import escape

from records import REFERENCE
from text import number, ratio

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vm"))
import tables

# for the page: by day, by night
COLOURS = {
    "ink": ("#111111", "#f2f2f2"),
    "vermilion": ("#d55e00", "#e8741a"),
    "blue": ("#0072b2", "#3f9bd6"),
    "green": ("#009e73", "#12b98a"),
    "orange": ("#e69f00", "#e69f00"),
    "purple": ("#cc79a7", "#d78fb8"),
    "sky": ("#56b4e9", "#7cc7f2"),
}
PAGE = {"paper": ("#ffffff", "#141414"), "text": ("#1a1a1a", "#ececec"), "line": ("#d0d0d0", "#404040")}
OTHERS = [name for name in COLOURS if name != "ink"]
MARKS = ("M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0", "M-3.5 -3.5h7v7h-7z", "M0 -4.5L4.5 3.5h-9z",
         "M0 4.5L4.5 -3.5h-9z", "M0 -5L5 0L0 5L-5 0z", "M-4.5 -1.5h3v-3h3v3h3v3h-3v3h-3v-3h-3z")
DASHES = ("", "6 3", "2 3")

STORES = [d.name for d in tables.designs(tables.STORE)]
PLAIN = [d.name for d in tables.designs() if d.kind != tables.STORE]

WIDTH, HEIGHT = 400, 280
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 10, 42
ROW = 17


def look(design):
    """(colour, mark, dashes) of a design, everywhere the same."""
    if design == REFERENCE:
        return "ink", MARKS[4], ""
    for family in (PLAIN, STORES):
        if design in family:
            at = [d for d in family if d != REFERENCE].index(design)
            return OTHERS[at % len(OTHERS)], MARKS[(at + at // len(OTHERS)) % len(MARKS)], \
                DASHES[at // len(OTHERS) % len(DASHES)]
    return "ink", MARKS[0], DASHES[2]


def legend(designs):
    """What the lines are, as HTML."""
    parts = []
    for design in designs:
        colour, mark, dashes = look(design)
        parts.append(
            f'<li><svg class="key" viewBox="0 0 28 12" aria-hidden="true"><path d="M0 6H28" '
            f'stroke="var(--{colour})" stroke-width="2" stroke-dasharray="{dashes}"/>'
            f'<path d="{mark}" transform="translate(14 6)" fill="var(--{colour})"/></svg>'
            f'{escape(design)}</li>')
    return f'<ul class="legend">{"".join(parts)}</ul>'


def ticks_log(low, high):
    """Powers of ten, and 2 and 5 times them where there are few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = (1, 2, 5) if last - first <= 2 else (1,)
    found = [s * 10.0 ** e for e in range(first, last + 1) for s in steps]
    return [t for t in found if low * 0.999 <= t <= high * 1.001]


def round_below(value):
    """1, 2 or 5 times a power of ten, so that an axis begins with a tick."""
    power = 10.0 ** math.floor(math.log10(value))
    return max((s * power for s in (2, 5) if s * power <= value), default=power)


def ticks_linear(high):
    """Four to eight round steps from 0."""
    step = 10 ** math.floor(math.log10(high))
    step = next(s for s in (step / 5, step / 2, step, 2 * step) if high / s <= 8)
    return [i * step for i in range(int(high / step + 1.001))]


def short(value):
    """A tick's text."""
    return f"{value:g}" if value < 10000 else f"{value / 1000:g}k" if value < 1e6 else f"{value / 1e6:g}M"


class Axis:
    """From values to places."""

    def __init__(self, low, high, begin, end, log):
        self.low, self.high, self.begin, self.end, self.log = low, high, begin, end, log

    def at(self, value):
        """Where it is drawn."""
        if self.log:
            share = (math.log10(value) - math.log10(self.low)) / \
                (math.log10(self.high) - math.log10(self.low))
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.begin + share * (self.end - self.begin)


def frame(title, height, body):
    """The picture; its title is for those who do not see it."""
    return (f'<svg class="plot" viewBox="0 0 {WIDTH} {height}" role="img" '
            f'aria-label="{escape(title, {chr(34): "&quot;"})}">{"".join(body)}</svg>')


def lines(title, xs, rows, across, up, log=True):
    """rows: design -> a value for each of xs, or None; None if there is nothing to draw."""
    # what costs nothing is below every power of ten: the table alone has it
    drawn = {d: [(x, y) for x, y in zip(xs, row) if y is not None] for d, row in rows.items()
             if not log or all(y is None or y > 0 for y in row)}
    drawn = {d: points for d, points in drawn.items() if points}
    ys = [y for points in drawn.values() for _, y in points]
    if not ys or len(xs) < 2:
        return None
    # a parameter that was tried at 0 has its own place left of 1
    floor = min(x for x in xs if x > 0) / 2 if 0 in xs else 0
    where = {x: x or floor for x in xs}
    x_axis = Axis(min(where.values()) / 1.15, max(xs) * 1.15, LEFT, WIDTH - RIGHT, True)
    low, high = (round_below(min(ys) / 1.1), max(ys) * 1.3) if log else (0, max(ys) * 1.08)
    y_axis = Axis(low, high, HEIGHT - BOTTOM, TOP, log)
    body = []
    for y in ticks_log(low, high) if log else ticks_linear(high):
        if low <= y <= high:
            at = y_axis.at(y)
            body.append(f'<path class="grid" d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}"/>'
                        f'<text x="{LEFT - 5}" y="{at + 4:.1f}" text-anchor="end">{short(y)}</text>')
    for x in xs:
        at = x_axis.at(where[x])
        body.append(f'<path class="grid" d="M{at:.1f} {TOP}V{HEIGHT - BOTTOM}"/>'
                    f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 15}" text-anchor="middle">{short(x)}</text>')
    body.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">{escape(across)}</text>'
                f'<text transform="translate(12 {(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" '
                f'text-anchor="middle">{escape(up)}</text>')
    # the reference on top
    # where lines lie on each other the first one is seen
    for design in sorted(reversed(drawn), key=lambda d: d == REFERENCE):
        colour, mark, dashes = look(design)
        at = [(x_axis.at(where[x]), y_axis.at(y)) for x, y in drawn[design]]
        body.append(f'<path class="line" stroke="var(--{colour})" stroke-dasharray="{dashes}" '
                    f'd="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in at)}"/>')
        for (x, y), (value, figure) in zip(at, drawn[design]):
            body.append(f'<path d="{mark}" transform="translate({x:.1f} {y:.1f})" fill="var(--{colour})">'
                        f'<title>{escape(design)}, {value:g}: {number(figure) if log else ratio(figure)}</title></path>')
    return frame(title, HEIGHT, body)


def alone(picture, title, designs):
    """A picture as a file of its own: with its colours, title and key, for light and dark."""
    height = int(re.search(rf'viewBox="0 0 {WIDTH} (\d+)"', picture).group(1))
    body = picture[picture.index(">") + 1:picture.rindex("</svg>")]
    key, across = [], 3
    for i, design in enumerate(designs):
        colour, mark, dashes = look(design)
        key.append(f'<g transform="translate({12 + i % across * 130} {height + 14 + i // across * ROW})">'
                   f'<path d="M0 -4H28" stroke="var(--{colour})" stroke-width="2" stroke-dasharray="{dashes}"/>'
                   f'<path d="{mark}" transform="translate(14 -4)" fill="var(--{colour})"/>'
                   f'<text x="34">{escape(design)}</text></g>')
    whole = height + 34 + -(-len(designs) // across) * ROW
    day, night = ("".join(f"--{n}:{c[which]};" for n, c in {**COLOURS, **PAGE}.items()) for which in (0, 1))
    return (f'<!-- SPDX-License-Identifier: GPL-2.0-only -->\n<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -24 {WIDTH} {whole}" width="{2 * WIDTH}" '
            f'height="{2 * whole}" role="img" aria-label="{escape(title, {chr(34): "&quot;"})}"><style>'
            f":root{{{day}}}@media(prefers-color-scheme:dark){{:root{{{night}}}}}"
            "text{font:11px system-ui,sans-serif;fill:var(--text)}.grid{stroke:var(--line);stroke-width:.7;fill:none}"
            f'.line{{fill:none;stroke-width:1.8}}</style><rect y="-24" width="{WIDTH}" height="{whole}" fill="var(--paper)"/>'
            f'<text x="12" y="-8" style="font-weight:600">{escape(title)}</text>{body}{"".join(key)}</svg>\n')


def bars(title, values, up, text=number):
    """values: design -> a figure.  What is far beyond the reference is cut, and says so."""
    values = {d: v for d, v in values.items() if v is not None}
    if not values:
        return None
    most = max(max(values.values()), 1e-9)
    to = values.get(REFERENCE, 0)
    if to > 0 and most > 6 * to:
        most = max([v for v in values.values() if v <= 6 * to]) * 1.1
    left, right = 108, WIDTH - 64
    axis = Axis(0, most, left, right, False)
    body = []
    for i, (design, value) in enumerate(values.items()):
        y = TOP + i * ROW
        cut = value > most
        end = axis.at(min(max(value, 0), most))
        colour = "ink" if design == REFERENCE else "orange" if design in STORES else "blue"
        tip = f"L{end + 7:.1f} {y + 6.5}L{end:.1f} {y + 13}" if cut else f"V{y + 13}"
        body.append(f'<text x="{left - 6}" y="{y + 11}" text-anchor="end">{escape(design)}</text>'
                    f'<path d="M{left} {y}H{end:.1f}{tip}H{left}z" fill="var(--{colour})"/>'
                    f'<text x="{end + (11 if cut else 5):.1f}" y="{y + 11}">{text(value)}</text>')
    height = TOP + len(values) * ROW + 26
    body.append(f'<path class="axis" d="M{left} {TOP - 4}V{height - 26}"/>'
                f'<text x="{left}" y="{height - 8}">{escape(up)}</text>')
    return frame(title, height, body)
