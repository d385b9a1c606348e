"""What a database holds, as values, and how two such states differ: object by object, as a reader would say it.

Column positions, object ids and the order of grants are no part of it. Names are as stored, with their schema unless
that is the default one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

Facts = Mapping[str, str]
"""What is known of an object, in words: ``{"type": "bigint", "nullable": "no"}``. What does not apply is left out."""


class Name(NamedTuple):
    """``kind`` is what people call the object; ``of`` the table (or the like) that it is a part of, empty for none."""

    kind: str
    name: str
    of: str = ""

    def __str__(self) -> str:
        if not self.of:
            return f"{self.kind} `{self.name}`"
        return f"{self.kind} `{self.of}.{self.name}`" if self.kind == "column" else self._as_part()

    def _as_part(self) -> str:
        return f"{self.kind} `{self.name}` of `{self.of}`"


Catalog = Mapping[Name, Facts]


class Change(StrEnum):
    MISSING = "missing"
    UNEXPECTED = "unexpected"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing in which a catalog is not what was expected; for ``DIFFERS`` the fact and its two values, None for
    none.
    """

    name: Name
    change: Change
    fact: str = ""
    expected: str | None = None
    found: str | None = None

    def __str__(self) -> str:
        match self.change:
            case Change.MISSING:
                return f"{self.name} is missing"
            case Change.UNEXPECTED:
                return f"{self.name} is there, and was not expected"
            case Change.DIFFERS if self.found is None:
                return f"{self.name}: no {self.fact}, expected {_shown(self.expected)}"
            case Change.DIFFERS if self.expected is None:
                return f"{self.name}: {self.fact} is {_shown(self.found)}, expected none"
            case Change.DIFFERS:
                return f"{self.name}: {self.fact} is {_shown(self.found)}, expected {_shown(self.expected)}"


def compare(expected: Catalog, found: Catalog) -> tuple[Difference, ...]:
    """All in which ``found`` differs, sorted by name. The parts of an object that is missing as a whole, or was not
    expected at all, are not told one by one.
    """
    if expected == found:
        return ()
    differences = [
        *_one_sided(expected, found, Change.MISSING),
        *_one_sided(found, expected, Change.UNEXPECTED),
        *_in_both(expected, found),
    ]
    return tuple(sorted(differences, key=lambda each: (each.name.of or each.name.name, each.name, each.fact)))


def _one_sided(here: Catalog, there: Catalog, change: Change) -> Iterator[Difference]:
    wholes = {name.name for name in here if not name.of and name not in there}
    for name in here:
        if name not in there and name.of not in wholes:
            yield Difference(name, change)


def _in_both(expected: Catalog, found: Catalog) -> Iterator[Difference]:
    for name, facts in expected.items():
        others = found.get(name)
        if others is None or others == facts:
            continue
        for fact in sorted(facts.keys() | others.keys()):
            if facts.get(fact) != others.get(fact):
                yield Difference(name, Change.DIFFERS, fact, facts.get(fact), others.get(fact))


def _shown(value: str | None) -> str:
    text = " ".join((value or "").split())
    return f"`{text}`" if len(text) <= 300 else f"`{text[:297]}...`"
