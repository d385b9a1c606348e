"""What a measure gives: figures with their spread, tables, and lines for the picture. Plain values, kept as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A thing that was measured once or several times, and what it is meant to be at most."""

    what: str
    values: tuple[float, ...]
    unit: str
    target: float | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def verdict(self) -> str:
        """Whether the goal is met, and whether all runs say so; nothing where there is no goal."""
        if self.target is None:
            return ""
        if self.median < 0:
            return "lost in the noise"
        is_met = self.median <= self.target
        is_agreed = all((value <= self.target) is is_met for value in self.values)
        return ("met" if is_met else "**missed**") + ("" if is_agreed else ", in the median only")


@dataclass(frozen=True)
class Table:
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Line:
    """A tool's line in the picture: at each number of changesets the waits and the seconds."""

    tool: str
    points: tuple[tuple[int, float, float], ...]


@dataclass(frozen=True)
class Section:
    """``figures`` are those with a goal; ``text`` says how it was measured. ``when`` and ``machine`` are put in by the
    one who runs the measures.
    """

    name: str
    title: str
    text: str
    figures: tuple[Figure, ...]
    tables: tuple[Table, ...] = ()
    lines: tuple[Line, ...] = ()
    when: str = ""
    machine: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Section:
        figures = tuple(Figure(f["what"], tuple(f["values"]), f["unit"], f["target"]) for f in kept["figures"])
        tables = tuple(Table(tuple(t["columns"]), tuple(tuple(row) for row in t["rows"])) for t in kept["tables"])
        lines = tuple(Line(line["tool"], tuple((n, w, s) for n, w, s in line["points"])) for line in kept["lines"])
        return cls(**{**kept, "figures": figures, "tables": tables, "lines": lines})


def show(value: float, unit: str) -> str:
    """A value with as many digits as it deserves."""
    match unit:
        case "s":
            return f"{value:.2f} s"
        case "waits":
            return f"{value:,.0f}"
        case "waits a changeset":
            return f"{value:.3f}"
        case "MiB":
            return f"{value:.0f} MiB"
        case _:
            return f"{value:.2f} {unit}"


def spread(values: Sequence[float], unit: str) -> str:
    """From the least to the most, and how many."""
    if len(values) == 1:
        return "one run"
    return f"{show(min(values), unit)} to {show(max(values), unit)}, {len(values)} runs"


def middle(values: Sequence[float], unit: str) -> str:
    """The median with its spread, for a cell."""
    return f"{show(statistics.median(values), unit)} ({spread(values, unit)})"
