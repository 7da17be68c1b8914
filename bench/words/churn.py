# SPDX-License-Identifier: GPL-2.0-only
"""churn: all that can be done to a set, side by side, a table for each size."""
from records import REFERENCE
from text import beside, print_table, say


def tell(figures, unit):
    """Designs as rows, what is done as columns."""
    for n in figures.values("n"):
        one = figures.where(n=n)
        print()
        say(f"churn: {n} descriptors. What one takes, in {unit}, and how many times {REFERENCE}'s "
            "that is. find: one that is not there is looked for, among half of them; close: "
            "of a file that is watched, less one that is not.")
        print_table(["design", *one.metrics],
                    [[d] + [one.why_not(d) if v is None else beside(v, one.at(m, REFERENCE))
                            for m in one.metrics for v in [one.at(m, d)]]
                     for d in one.designs])
    return figures.reasons("n")
