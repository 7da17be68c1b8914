# SPDX-License-Identifier: GPL-2.0-only
"""text.py - figures, tables and sentences for people."""
import textwrap


def number(value):
    """About three digits, and no more than can be meant."""
    digits = 0 if abs(value) >= 99.5 else 1 if abs(value) >= 9.95 else 2
    text = f"{value:.{digits}f}"
    return text if float(text) else "0"


def ratio(value):
    """A ratio, readable from 0.0003 to 3000."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else \
        f"{value:.2f}" if value >= 0.1 else f"{value:.3f}" if value >= 0.003 else f"{value:.4f}"


def beside(value, reference):
    """A figure, and how many times the reference it is, where that can be told."""
    return f"{number(value)} ({ratio(value / reference)}x)" \
        if reference and reference > 0 and value > 0 else number(value)


def times(value, what):
    """A ratio in words, of what."""
    return f"{ratio(value)} of {what}" if value < 0.995 else \
        what if value < 1.005 else f"{ratio(value)} times {what}"


def say(text, indent=""):
    """A paragraph."""
    print(textwrap.fill(text, 96, initial_indent=indent, subsequent_indent=indent,
                        break_on_hyphens=False))


def print_table(head, rows):
    """Columns as wide as needed, the first one to the left."""
    widths = [max(len(row[i]) for row in [head, *rows] if i < len(row))
              for i in range(len(head))]
    for row in [head, *rows]:
        print("  " + "   ".join(
            cell.ljust(widths[i]) if not i else cell.rjust(widths[i])
            for i, cell in enumerate(row)).rstrip())
