"""Shapes of time: a duration, and a number of seconds."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from changelog_engine.changes.nodes import Node, Scalar
from changelog_engine.changes.scalars import value_of
from changelog_engine.changes.shapes import Log, refuse
from changelog_engine.durations import meant_duration, parse_duration


@dataclass(frozen=True, slots=True)
class Duration:
    """A span of time, read as whole milliseconds."""

    words: str = "a duration such as `500ms`, `5s` or `10min` (a number is seconds, 0 is none)"

    def read(self, node: Node, log: Log, name: str) -> Any:
        if not isinstance(node, Scalar) or value_of(node) is None:
            return refuse(self, node, log, name)
        try:
            return parse_duration(value_of(node))
        except ValueError:
            meant = meant_duration(node.text)
            hint = f"write it as `{meant}`" if meant else "the units are `ms`, `s`, `min` and `h`; 99h is the most"
            return refuse(self, node, log, name, hint)


@dataclass(frozen=True, slots=True)
class Seconds:
    """A number of seconds, read as a float."""

    most: int

    @property
    def words(self) -> str:
        return f"a number of seconds up to {self.most}"

    def read(self, node: Node, log: Log, name: str) -> Any:
        value = value_of(node) if isinstance(node, Scalar) else None
        if isinstance(value, int | Decimal) and not isinstance(value, bool) and 0 <= value <= self.most:
            return float(value)
        return refuse(self, node, log, name)
