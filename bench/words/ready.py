# SPDX-License-Identifier: GPL-2.0-only
"""ready: the delivery tax, what it is made of, and what is idle beside it."""
import statistics

from plot import PORT, Plot
from records import REFERENCE, Limit, in_order
from text import beside, number, print_table, ratio, say, times

MAPPED = "devepoll"         # the design that the closing sentence is about

# What asking a queue costs must agree best.  A design that adds nothing to a write, as
# poll does, has a notify of some instructions more or less than 0.
REPEATS = {"harvest": Limit(0.001), "harvest-call": Limit(0.001), "empty": Limit(0.001),
           "notify": Limit(0.01, beside="write")}
PLOT = Plot("tax", "k", "Delivery tax, {source}", "sources ready at once (of {m})",
            "{unit} per event delivered")


def tell(figures, unit):
    """Tables and sentences for each kind of source."""
    notes = []
    for source in figures.values("source"):
        ready = Ready(figures.where(source=source), source, unit)
        for m in ready.ms:
            one = OneM(ready, m)
            if len(one.ks) > 1 or len(ready.ms) == 1:
                one.table()
                one.table_apart()
        ready.idle()
        notes += ready.figures.reasons("m")
    return notes


class Ready:
    """One kind of source."""

    def __init__(self, figures, source, unit):
        self.figures = figures
        self.source = source
        self.unit = unit
        # the writes that nobody watches are no design
        self.designs = [d for d in figures.designs if d != "none"]
        self.ms = figures.values("m")

    def idle(self):
        """The same K with more and more that is idle."""
        def tax(m, k, design):
            return self.figures.at("tax", design, m=m, k=k)

        ks = {m: self.figures.where(m=m).values("k") for m in self.ms}
        common = [k for k in self.figures.values("k")
                  if sum(k in ks[m] for m in self.ms) > 1 and
                  any(len([m for m in self.ms if tax(m, k, d)]) > 1 for d in self.designs)]
        if not common:
            return
        k = 10 if 10 in common else common[0]
        ms = [m for m in self.ms if k in ks[m]]
        print(f"\nready, idle sources: always {k} ready, of M. One event, in {self.unit}.")
        rows, grown = [], []
        for design in self.designs:
            taxes = {m: tax(m, k, design) for m in ms}
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


class OneM:
    """So many sources, and all numbers of them that were made ready."""

    def __init__(self, ready, m):
        self.m, self.source, self.unit, self.designs = m, ready.source, ready.unit, ready.designs
        self.figures = ready.figures.where(m=m)
        self.ks = self.figures.values("k")

    def at(self, metric, k, design):
        """A figure, or None."""
        return self.figures.at(metric, design, k=k)

    def parts(self, k, design):
        """What the tax is made of."""
        notify, harvest, recheck = (self.at(metric, k, design)
                                    for metric in ("notify", "harvest", "recheck"))
        if notify is None or harvest is None:
            return ""
        again = ""
        if recheck and number(recheck) != "0":
            again = f" {'+' if recheck > 0 else '-'} {number(abs(recheck))}"
        return f"{number(notify)} + {number(harvest)}{again}"

    def cell(self, k, design):
        """Tax and ratio, or why not."""
        tax = self.at("tax", k, design)
        return self.figures.why_not(design, k=k) if tax is None else \
            beside(tax, self.at("tax", k, REFERENCE))

    def table(self):
        """Designs as rows, K as columns."""
        rows = []
        for design in self.designs:
            rows.append([design] + [self.cell(k, design) for k in self.ks])
            rows.append([""] + [self.parts(k, design) for k in self.ks])
        rows = [row for row in rows if any(row)]
        to = f", and how many times {REFERENCE}'s that is" if REFERENCE in self.designs else ""
        again = " + recheck (asking again once drained)" \
            if "recheck" in self.figures.metrics else ""
        print()
        say(f"ready: K of {self.m} sources ({self.source}) become ready. What it takes to deliver one "
            f"event, in {self.unit}{to}; below it the parts: notify (added to the write) + "
            f"harvest (asking the queue){again}.")
        print_table(["design"] + [f"K={k}" for k in self.ks], rows)
        say(self.sentence(), "  ")

    def sentence(self):
        """What the table shows."""
        k, least = max(self.ks), self.ks[0]
        mapped, to = (self.at("tax", k, d) for d in (MAPPED, REFERENCE))
        if not mapped or not to:
            return self.extremes(k)
        calls = [self.at("harvest-call", k, MAPPED) for k in self.ks]
        notify = [self.at("notify", k, d) for d in (MAPPED, REFERENCE)]
        text = (f"With {k} of {self.m} ready {MAPPED} delivers an event for "
                f"{times(mapped / to, 'what')} {REFERENCE} takes")
        low = [self.at("tax", least, d) for d in (MAPPED, REFERENCE)]
        if len(self.ks) > 1 and all(low):
            text += f" (with {least}: {times(low[0] / low[1], 'it')})"
        text += f": it is asked once for {number(calls[-1])} {self.unit}"
        if len(self.ks) > 1 and None not in calls and max(calls) <= 1.02 * min(calls):
            text += " however many are ready"
        text += (f", {REFERENCE} pays {number(self.at('harvest', k, REFERENCE))} for each; "
                 f"at the write {MAPPED} takes {number(notify[0])}, {REFERENCE} {number(notify[1])}")
        ratios = {d: self.figures.ratios("tax", d, "k") for d in self.designs
                  if d not in (MAPPED, REFERENCE)}
        others = [f"{d} {ratio(min(r))} to {ratio(max(r))}" for d, r in ratios.items() if r]
        if others:
            text += f". The others, in times of {REFERENCE}: " + ", ".join(others)
        return text + "."

    def extremes(self, k):
        """The cheapest and the dearest design, when the two are not both there."""
        taxes = {d: self.at("tax", k, d) for d in self.designs if self.at("tax", k, d)}
        if len(taxes) < 2:
            return "Too few designs ran to compare them."
        low, high = min(taxes, key=taxes.get), max(taxes, key=taxes.get)
        return (f"With {k} of {self.m} ready, {low} delivers an event for {number(taxes[low])} "
                f"{self.unit}, {high} for {number(taxes[high])}.")

    def beyond(self, k, design):
        """What an event adds to a call that finds nothing, or None."""
        call, empty = (self.at(metric, k, design) for metric in ("harvest-call", "empty"))
        return None if call is None or empty is None else (call - empty) / k

    def apart(self, k, design):
        """Notify and harvest in times of the reference's, the call itself apart."""
        pairs = [(self.at("notify", k, d), self.beyond(k, d)) for d in (design, REFERENCE)]
        if any(v is None for pair in pairs for v in pair) or min(pairs[1]) <= 0:
            return None
        return tuple(one / to for one, to in zip(*pairs))

    def entry(self, design):
        """A call that finds nothing; the median of those at each K."""
        empty = [self.at("empty", k, design) for k in self.ks]
        return statistics.median([v for v in empty if v is not None] or [0])

    def table_apart(self):
        """How near the port is to the kernel's own, and what the way in costs."""
        port = [d for d in self.designs if d in PORT and self.entry(d)]
        if not port or not self.entry(REFERENCE):
            return
        print()
        say(f"ready, the call apart: a wait that finds nothing, in {self.unit}; then in times of "
            f"{REFERENCE}'s what notify takes, and harvest, each less such a wait.")
        rows = []
        for d in [REFERENCE] + port:
            ratios = [self.apart(k, d) for k in self.ks]
            rows.append([d, number(self.entry(d))]
                        + [f"{r[0]:.2f} {r[1]:.2f}" if r else "-" for r in ratios])
        print_table(["design", "nothing"] + [f"K={k}" for k in self.ks], rows)
        found = [(d, [r for r in (self.apart(k, d) for k in self.ks) if r]) for d in port]
        if not all(r for _, r in found):
            return
        more = [self.entry(d) - self.entry(REFERENCE) for d in port]
        span = " to ".join(in_order(number(v) for v in (min(more), max(more))))
        say(f"By ioctl a wait takes {span} {self.unit} more than {REFERENCE}'s system call, "
            "however much it finds. Beyond that, in times of " + f"{REFERENCE}: " + "; ".join(
                f"{d} at most {max(n for n, _ in r):.2f} at the write and "
                f"{max(h for _, h in r):.2f} for the harvest" for d, r in found) + ".", "  ")
