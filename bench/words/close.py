# SPDX-License-Identifier: GPL-2.0-only
"""close: what the modules cost a program that does not use them."""
from records import Limit
from text import number, print_table

REPEATS = {"close": Limit(0.01)}


def tell(figures, unit):
    """In place of designs: modules loaded, and none."""
    cost = {design: figures.at("close", design) for design in figures.designs}
    cost = {design: value for design, value in cost.items() if value is not None}
    if not cost:
        return figures.reasons()
    print(f"\nclose: to make and close a file that nobody watches, in {unit}.")
    print_table(["modules", "cost"], [[d, number(v)] for d, v in cost.items()])
    if "none" in cost and "loaded" in cost:
        more = cost["loaded"] - cost["none"]
        print(f"  With the modules loaded it costs {number(abs(more))} {unit} "
              f"{'more' if more >= 0 else 'less'} ({100 * more / cost['none']:+.2f} %).")
    return figures.reasons()
