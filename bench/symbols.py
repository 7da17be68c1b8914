# SPDX-License-Identifier: GPL-2.0-only
"""symbols.py - whose an address is: the guest's kernel, its modules, the program."""
import bisect
import re
import subprocess

import records

KALLSYMS = re.compile(r"([0-9a-f]{16}) ([tTwW]) (\S+)(?:\s+\[(\S+)\])?$")
KERNEL = 1 << 63
# what nobody calls: it comes in the middle of something else
INTERRUPTS = re.compile(r"asm_(sysvec|common_interrupt|spurious)")


def base(name):
    """Parts that the compiler put elsewhere are still the function."""
    return name.partition(".")[0] or name


class Symbols:
    """Functions by address, each up to the next."""

    def __init__(self):
        self._found, self._starts, self._names = {}, [], []

    def add_kallsyms(self, lines):
        """What /proc/kallsyms says; returns the lines of it."""
        mine = []
        for line in lines:
            match = KALLSYMS.match(line.rstrip())
            if not match:
                continue
            mine.append(line)
            # the room before a function, for those who patch it
            if not match[3].startswith("__pfx_"):
                self._found.setdefault(int(match[1], 16), base(match[3]))
        return mine

    def add_program(self, path):
        """The functions of a program that lies where it is linked to."""
        done = subprocess.run(["nm", "-n", "--defined-only", path], check=False,
                              capture_output=True, text=True)
        if done.returncode:
            raise records.Bad(f"{path}: {done.stderr.strip() or 'nm failed'}")
        for line in done.stdout.splitlines():
            address, kind, name = line.split(None, 2)
            if kind in "tTwWi":
                self._found.setdefault(int(address, 16), base(name))

    def ready(self):
        """All were added."""
        self._starts = sorted(self._found)
        self._names = [self._found[start] for start in self._starts]
        return self

    def name(self, address):
        """The function, or in brackets what else is known."""
        i = bisect.bisect_right(self._starts, address) - 1
        if i < 0 or (self._starts[i] ^ address) & KERNEL:
            return "[unknown]"
        # above the program the kernel maps its own code for programs
        if address < KERNEL and address >> 40 != self._starts[i] >> 40:
            return "[vdso]"
        return self._names[i]
