"""Durations as people write and read them: ``500ms``, ``5s``, ``10min``, ``2h``, or a number of seconds."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Final

PATTERN: Final = re.compile(
    r"[0-9]{1,9} ?ms|[0-9]{1,6}(?:\.[0-9]{1,3})?(?: ?s)?|[0-9]{1,4}(?:\.[0-9]{1,3})? ?min"
    r"|[0-9]{1,2}(?:\.[0-9]{1,3})? ?h"
)
"""What a text must match. All of it fits into what databases keep time-outs in, 31 bits of milliseconds."""

MOST_SECONDS: Final = 999_999
WORDS: Final = "a duration such as `500ms`, `5s` or `10min` (a number is seconds, 0 is none, 99h is the most)"
_UNITS: Final = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000}
_PARTS = re.compile(r"([0-9.]+) ?([a-z]*)")
_MEANT: Final = {
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "mn", "mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("msec", "msecs", "millis", "millisecond", "milliseconds"), "ms"),
}
_WRITTEN = re.compile(r"\s*([0-9.]+)\s*([A-Za-z]+)\s*")


def parse_duration(value: object) -> int:
    """Milliseconds, from a text or from a number of seconds; what is above 0 is at least one. ValueError names the
    remedy.
    """
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool) and 0 <= value <= MOST_SECONDS:
        return math.ceil(Decimal(str(value)) * 1000)
    text = value if isinstance(value, str) else ""
    parts = _PARTS.fullmatch(text)
    if parts is None or not PATTERN.fullmatch(text):
        raise ValueError(f"`{value}` is not {WORDS}")
    return math.ceil(Decimal(parts[1]) * _UNITS[parts[2] or "s"])


def meant_duration(text: str) -> str | None:
    """How a duration is written that was written with another word for its unit; None where it is not known."""
    parts = _WRITTEN.fullmatch(text)
    unit = None if parts is None else _MEANT.get(parts[2].lower(), parts[2].lower())
    if parts is None or unit not in _UNITS:
        return None
    meant = f"{parts[1]}{unit}"
    return meant if PATTERN.fullmatch(meant) else None


def show_duration(milliseconds: int) -> str:
    """For people, in the largest unit that leaves a whole number: ``10 min``; ``none`` for 0."""
    if milliseconds == 0:
        return "none"
    unit, size = next((unit, size) for unit, size in reversed(_UNITS.items()) if milliseconds % size == 0)
    return f"{milliseconds // size} {unit}"
