"""Numbers, names and times as people read them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

MANY = 8


def count_of(number: int, noun: str) -> str:
    """``1 changeset``, ``3 changesets``, ``2 queries``."""
    if number == 1:
        return f"1 {noun}"
    is_regular = not noun.endswith("y") or noun[-2] in "aeiou"
    return f"{number:,} {noun}s" if is_regular else f"{number:,} {noun[:-1]}ies"


def names(ids: Sequence[str]) -> str:
    """Ids in backticks, the first few of many."""
    shown = ", ".join(f"`{name}`" for name in ids[:MANY])
    return f"{shown} and {len(ids) - MANY:,} more" if len(ids) > MANY else shown


def counts(states: Mapping[str, int]) -> str:
    """``3 applied, 1 pending``; underscores are for programs."""
    return ", ".join(f"{number:,} {state.replace('_', ' ')}" for state, number in states.items())


def size(number: int) -> str:
    """Bytes as people read them."""
    units = ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB"))
    return next((f"{number / unit:.1f} {name}" for unit, name in units if number >= unit), f"{number} B")


def duration(seconds: float) -> str:
    """``12 ms``, ``3.4 s``, ``2 min 5 s``."""
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def moment(recorded: str) -> str:
    """A time of the ledger to the second: ``2026-03-31 18:00:00Z``."""
    return f"{recorded[:10]} {recorded[11:19]}Z" if len(recorded) >= 20 else recorded


def database(location: str) -> str:
    """A database's URL, an SQLite file below the current folder relative to it."""
    return location.replace(f":///{os.getcwd()}/", ":///", 1)


def plain(text: str) -> str:
    """The text without control characters: a database's words must not steer the terminal."""
    return "".join(char for char in text if char in "\n\t" or (ord(char) >= 32 and not 127 <= ord(char) < 160))
