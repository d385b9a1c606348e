"""Which pair of changesets is to blame for an order that goes wrong. Pure, given a way to try an order."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Order = tuple[str, ...]
Goes = Callable[[Order], bool]
"""Whether an order goes well: nothing fails, and the end is the expected one."""


def narrow(good: Sequence[str], bad: Sequence[str], goes_well: Goes) -> tuple[str, str]:
    """Two neighbours whose order alone makes the difference: ``(first, second)`` goes well, the reverse does not.

    ``good`` and ``bad`` are orders of the same changesets, both legal; the first goes well, the second does not.

    Between the two lie orders that begin as ``bad`` does and go on as ``good`` does: they are legal too, as what a
    changeset needs stands before it in either. Halving them finds the one changeset whose moving to the front breaks
    it; halving the way that it moves finds the one that it must not pass. About two trials for each doubling of the
    number of changesets.
    """
    kept = _first_bad(len(bad), lambda count: not goes_well(_mixed(good, bad, count)))
    moved = bad[kept - 1]
    start = _mixed(good, bad, kept - 1)
    place = start.index(moved)
    passed = _first_bad(place - kept + 1, lambda steps: not goes_well(_moved_up(start, place, steps)))
    return start[place - passed], moved


def _mixed(good: Sequence[str], bad: Sequence[str], count: int) -> Order:
    """The first ``count`` of ``bad``, then the rest as in ``good``."""
    head = tuple(bad[:count])
    taken = set(head)
    return (*head, *(name for name in good if name not in taken))


def _moved_up(order: Order, place: int, steps: int) -> Order:
    """The order with what stands at ``place`` moved so many places to the front."""
    moved = order[place]
    rest = order[:place] + order[place + 1 :]
    return (*rest[: place - steps], moved, *rest[place - steps :])


def _first_bad(most: int, is_bad: Callable[[int], bool]) -> int:
    """The smallest number from 1 to ``most`` that is bad, where 0 is not and ``most`` is."""
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        if is_bad(middle):
            high = middle
        else:
            low = middle
    return high
