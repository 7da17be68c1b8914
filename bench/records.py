# SPDX-License-Identifier: GPL-2.0-only
"""records.py - what the readers of results.jsonl share.

A record is one figure: an object on a line of its own, as evbench prints it.
Lines that are no record (a log may hold others) are passed over.  What is neither
measured nor of the machine says which figure it is; what has no name here is a
parameter of the workload, whatever it is called.
"""
import collections
import json
import sys

MEASURED = ("unit", "median", "min", "max", "runs", "ok", "why")
# the same figure on another one is compared; caches: those that the lens modelled
MACHINE = ("kernel", "accel", "kernel_epoll", "caches")
COMMON = ("workload", "design", "metric")
NOT_PARAMETERS = frozenset(MEASURED + MACHINE + COMMON)

UNITS = {"insn": "instructions", "ns": "nanoseconds"}
REFERENCE = "epoll"         # ratios are to this design, the kernel's epoll ET

# share: how far apart two runs may be.  beside: the metric that this one is a part
# of; where it is less than a hundredth of that, shares are of that.
Limit = collections.namedtuple("Limit", "share beside", defaults=(None,))


class Bad(Exception):
    """The input is of no use; the message says why and what to do."""


def load(path):
    """The records of a file, in its order; Bad if there are none."""
    found = []
    try:
        with sys.stdin if path == "-" else open(path, errors="replace") as lines:
            for line in lines:
                try:
                    record = json.loads(line)
                except ValueError:
                    continue
                if isinstance(record, dict) and all(name in record for name in COMMON) and \
                        not any(isinstance(value, (dict, list)) for value in record.values()):
                    found.append(record)
    except OSError as error:
        raise Bad(f"{path}: {error.strerror}") from error
    if not found:
        raise Bad(f"{path}: no results in it; ./lab compare makes some")
    return found


def parameters(record):
    """The parameters by name, in their order."""
    return {name: value for name, value in record.items() if name not in NOT_PARAMETERS}


def key(record):
    """What two runs have in common about a figure."""
    return tuple(record[name] for name in COMMON) + (frozenset(parameters(record).items()),)


def of_lens(record):
    """Whether it is the lens's: what happened in caches, see bench/caches.py."""
    return "caches" in record


def is_right(record):
    """Whether there is a figure, and it was checked."""
    return bool(record.get("ok")) and "median" in record


def label(name, value):
    """A parameter and its value; a word speaks for itself."""
    return value if isinstance(value, str) else f"{name}={value}"


def place(record):
    """Where a figure was taken, for people."""
    return " ".join([record["workload"],
                     *(label(*item) for item in parameters(record).items()),
                     record["design"], record["metric"]])


def in_order(items):
    """Each of the items once, in the order of their first coming."""
    return list(dict.fromkeys(items))


def workloads(records):
    """In the order in which they came to an end: some run in parts."""
    return in_order(r["workload"] for r in reversed(records))[::-1]


class Figures:
    """Records of one workload, by their parameters; some may be fixed."""

    def __init__(self, found, **fixed):
        self.found = [r for r in found if all(r.get(n) == v for n, v in fixed.items())]
        self.fixed = fixed
        self.designs = in_order(r["design"] for r in self.found)
        self.metrics = in_order(r["metric"] for r in self.found if "median" in r)
        self.parameters = in_order(name for r in self.found for name in parameters(r)
                                   if name not in fixed)
        self._by_key = {key(r)[1:]: r for r in self.found}

    def where(self, **fixed):
        """Those of some parameters."""
        return Figures(self.found, **self.fixed, **fixed)

    def values(self, name):
        """What was tried: numbers by size, words in their order."""
        values = in_order(r[name] for r in self.found if name in r)
        return values if any(isinstance(v, str) for v in values) else sorted(values)

    def at(self, metric, design, **rest):
        """A median, or None if there is none that is right."""
        record = self._by_key.get((design, metric, frozenset({**self.fixed, **rest}.items())))
        return record["median"] if record and is_right(record) else None

    def why_not(self, design, **rest):
        """What stands where there is no figure."""
        wanted = {**self.fixed, **rest}
        at = [r for r in self.found if r["design"] == design and parameters(r) == wanted]
        return "WRONG" if not all(r.get("ok") for r in at) else \
            "n/a" if any(r["metric"] == "n/a" for r in at) else "-"

    def ratios(self, metric, design, over):
        """In times of the reference's, for each value of a parameter; both above 0."""
        pairs = [[self.at(metric, d, **{over: v}) or 0 for d in (design, REFERENCE)]
                 for v in self.values(over)]
        return [one / to for one, to in pairs if one > 0 and to > 0]

    def reasons(self, *names):
        """Why figures are missing, with the parameters that matter for it."""
        names = [name for name in names if len(self.values(name)) > 1]
        return in_order(
            f"  {r['design']}{''.join(f' at {n.upper()}={r[n]}' for n in names if n in r)}: "
            f"{'n/a' if r.get('ok') else 'WRONG'}: {r.get('why', 'no reason given')}"
            for r in self.found if "why" in r)
