# SPDX-License-Identifier: GPL-2.0-only
"""flame.py - trees of calls as a picture: an SVG that stands alone.

A frame is a function as it was called by the frame below, as wide as what it and
all that it called took.  A click makes a frame as wide as the picture; "search"
marks frames by a regular expression and sums up what they took.
"""
import colorsys
import zlib
from xml.sax.saxutils import escape, quoteattr

WIDTH, ROW, MARGIN, LETTER = 1200, 17, 10, 6.4
LEAST = 0.6         # narrower is not drawn

STYLE = """
svg { font: 12px sans-serif; background: #fff; color: #111; }
text { fill: currentColor; }
.title { font-size: 15px; font-weight: bold; }
.button { cursor: pointer; text-decoration: underline; }
.frame { cursor: pointer; }
.frame text { fill: #111; pointer-events: none; }
.frame rect { stroke: #fff; stroke-width: 0.5; }
.frame:hover rect { stroke: #000; stroke-width: 1.5; }
.frame.found rect { fill: #c040ff; }
@media (prefers-color-scheme: dark) {
  svg { background: #1b1b1b; color: #eee; }
  .frame rect { stroke: #1b1b1b; }
  .frame:hover rect { stroke: #fff; }
}
"""

SCRIPT = """
'use strict';
const letter = %(letter)s, width = %(width)s, margin = %(margin)s;
const graphs = [...document.querySelectorAll('.graph')];

function place(frame, x, w) {
  const rect = frame.querySelector('rect'), text = frame.querySelector('text');
  rect.setAttribute('x', x);
  rect.setAttribute('width', Math.max(w, 0));
  text.setAttribute('x', x + 3);
  const room = Math.floor((w - 6) / letter), name = frame.dataset.name;
  text.textContent = room < 3 ? '' : name.length <= room ? name : name.slice(0, room - 1) + '\\u2026';
  frame.style.display = w < 0.3 ? 'none' : '';
}

function zoom(graph, to) {
  const from = to ? +to.dataset.x : 0, wide = to ? +to.dataset.w : 1;
  for (const frame of graph.querySelectorAll('.frame')) {
    const x = +frame.dataset.x, w = +frame.dataset.w;
    const left = Math.max(x, from), right = Math.min(x + w, from + wide);
    place(frame, margin + (left - from) / wide * width, (right - left) / wide * width);
  }
}

for (const graph of graphs) {
  for (const frame of graph.querySelectorAll('.frame')) {
    frame.addEventListener('click', () => zoom(graph, frame));
    frame.addEventListener('keydown', e => { if (e.key === 'Enter') zoom(graph, frame); });
  }
}

function search() {
  const asked = prompt('functions to mark, a regular expression', '');
  if (asked === null) return;
  let wanted = null;
  try { wanted = asked ? new RegExp(asked) : null; } catch (e) { alert(e.message); return; }
  for (const graph of graphs) {
    let sum = 0, last = -1;
    const frames = [...graph.querySelectorAll('.frame')];
    frames.sort((a, b) => a.dataset.x - b.dataset.x || b.dataset.w - a.dataset.w);
    for (const frame of frames) {
      const found = wanted !== null && wanted.test(frame.dataset.name);
      frame.classList.toggle('found', found);
      if (found && +frame.dataset.x >= last - 1e-9) {
        sum += +frame.dataset.w;
        last = +frame.dataset.x + +frame.dataset.w;
      }
    }
    graph.querySelector('.sum').textContent =
      wanted === null ? '' : 'marked: ' + (100 * sum).toFixed(1) + ' %%';
  }
}
document.getElementById('search').addEventListener('click', search);
document.getElementById('all').addEventListener('click', () => graphs.forEach(g => zoom(g, null)));
"""


class Node:
    """A function as called on one path; own: what it took itself, by design."""

    def __init__(self, name, designs):
        self.name, self.own, self.inner = name, [0.0] * designs, {}

    def child(self, name):
        """The one that is called so from here."""
        if name not in self.inner:
            self.inner[name] = Node(name, len(self.own))
        return self.inner[name]

    def total(self, design):
        """What it took with all that it called."""
        return self.own[design] + sum(n.total(design) for n in self.inner.values())

    def width(self):
        """The widest of the designs, part by part, so that frames fit into frames."""
        return max(0.0, *self.own) + sum(n.width() for n in self.inner.values())


def tree(name, paths):
    """paths: for each design {names from the outermost: what the last one took}."""
    root = Node(name, len(paths))
    for design, taken in enumerate(paths):
        for path, own in sorted(taken.items()):
            node = root
            for step in path:
                node = node.child(step)
            node.own[design] += own
    return root


def warm(name, _):
    """A colour that a name always has."""
    seed = zlib.crc32(name.encode())
    red, green, blue = colorsys.hsv_to_rgb((8 + seed % 42) / 360, 0.45 + (seed >> 8) % 20 / 100, 1)
    return f"#{int(255 * red):02x}{int(255 * green):02x}{int(255 * blue):02x}"


def mixed(one, other, share):
    """A colour between two, each (red, green, blue)."""
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(one, other))


def differing(_, totals):
    """Blue where the second takes less, orange where it takes more, and how much."""
    one, other = totals
    share = (other - one) / max(one, other, 1e-9)
    return mixed((232, 232, 232), (74, 144, 217) if share < 0 else (230, 140, 40), min(abs(share), 1))


def frames(node, left, whole, depth, colour, tell):
    """(x, width, depth, node, colour, what to say), x and width as shares of the whole."""
    wide = node.width() / whole
    if wide * WIDTH < LEAST:
        return
    totals = [node.total(i) for i in range(len(node.own))]
    yield left, wide, depth, node.name, colour(node.name, totals), tell(node.name, totals)
    for inner in sorted(node.inner.values(), key=lambda n: n.name):
        yield from frames(inner, left, whole, depth + 1, colour, tell)
        left += inner.width() / whole


def graph(title, root, top, colour, tell):
    """One picture, from so far down; returns its lines and its height."""
    whole = root.width()
    drawn = list(frames(root, 0, whole, 0, colour, tell)) if whole > 0 else []
    deep = 1 + max((f[2] for f in drawn), default=0)
    out = [f'<g class="graph"><text class="title" x="{MARGIN}" y="{top + 18}">{escape(title)}</text>',
           f'<text class="sum" x="{WIDTH + MARGIN}" y="{top + 18}" text-anchor="end"></text>']
    for x, wide, depth, name, fill, words in drawn:
        y, at, size = top + 28 + (deep - 1 - depth) * ROW, MARGIN + x * WIDTH, wide * WIDTH
        room = int((size - 6) / LETTER)
        shown = "" if room < 3 else name if len(name) <= room else name[:room - 1] + "\u2026"
        out.append(
            f'<g class="frame" tabindex="0" data-name={quoteattr(name)} data-x="{x:.6f}" data-w="{wide:.6f}">'
            f'<title>{escape(words)}</title><rect x="{at:.2f}" y="{y}" width="{size:.2f}" '
            f'height="{ROW - 1}" rx="2" fill="{fill}"/>'
            f'<text x="{at + 3:.2f}" y="{y + 12}">{escape(shown)}</text></g>')
    return out + ["</g>"], 28 + deep * ROW + 16


def picture(title, graphs):
    """graphs: (title, tree, colour, tell) from top to bottom; returns the SVG."""
    body, top = [], 40
    for one in graphs:
        lines, height = graph(one[0], one[1], top, *one[2:])
        body += lines
        top += height
    script = SCRIPT % {"letter": LETTER, "width": WIDTH, "margin": MARGIN}
    return "\n".join([
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + 2 * MARGIN} {top}" '
        f'width="{WIDTH + 2 * MARGIN}" height="{top}">',
        f"<title>{escape(title)}</title>",
        f"<style>{STYLE}</style>",
        f'<text class="title" x="{MARGIN}" y="24">{escape(title)}</text>',
        f'<text id="search" class="button" x="{WIDTH - 110}" y="24">search</text>',
        f'<text id="all" class="button" x="{WIDTH - 50}" y="24">show all</text>',
        *body, f"<script><![CDATA[{script}]]></script>", "</svg>", ""])
