# SPDX-License-Identifier: GPL-2.0-only
"""wait: what a call costs that asks a queue, by each way to ask."""
from records import Limit
from text import number, print_table

REPEATS = {"empty": Limit(0.01), "one": Limit(0.01)}

WAYS = {
    "epoll": "epoll_wait(2)",
    "ovflist": "/dev/eventpoll, EVENTPOLL_WAIT",
    "ovflist-read": "/dev/eventpoll, read(2)",
    "devepoll": "/dev/epoll, EP_POLL",
}


def tell(figures, unit):
    """A row for each way, a column for each of the two questions."""
    rows = [[WAYS.get(design, design), *(number(value) for value in found)]
            for design in figures.designs
            for found in [[figures.at(metric, design) for metric in ("empty", "one")]]
            if None not in found]
    if not rows:
        return figures.reasons()
    print(f"\nwait: one call that asks a queue of one eventfd, in {unit}.")
    print_table(["by", "nothing there", "one event"], rows)
    ioctl, read = (figures.at("empty", design) for design in ("ovflist", "ovflist-read"))
    if ioctl and read:
        print(f"  read(2) of an instance takes {number(read)} where the ioctl takes "
              f"{number(ioctl)} ({read / ioctl:.2f}x).")
    return figures.reasons()
