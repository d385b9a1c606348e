"""Collecting inferred edges by number, with few of them where many changesets come before many others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from changelog_engine.graph.footprint import Footprint, Mention
from changelog_engine.graph.inferred import Firmness, InferredEdge
from changelog_engine.model import Strength

FEW = 4
"""How many edges a changeset there may be between two groups before they go through one of the second group."""


class Found(NamedTuple):
    """An edge before it has its ids; ``part`` and ``place`` are where the later changeset says so."""

    strength: Strength
    firmness: Firmness
    reason: str
    part: int
    place: int


class Tie(NamedTuple):
    """Two changesets, by number, that do not commute, what both or each of them do, and where the later one does it.

    ``group`` tells ties that are one matter from others. ``is_conflict`` False: nothing differs in the end, and the
    order is kept to spare the database.
    """

    before: int
    after: int
    message: str
    reason: str
    part: int
    place: int
    group: tuple[int, str]
    is_conflict: bool = True


class Group(NamedTuple):
    """Changesets by number that all do the same (``verb``) to one object; its name as it is shown."""

    verb: str
    name: str
    mentions: Mapping[int, Mention]
    is_conflict: bool = True


class Edges:
    """Edges between changesets by their numbers, one a pair: the surest, and of these the strongest."""

    def __init__(self) -> None:
        self.found: dict[tuple[int, int], Found] = {}
        self.groups: list[Group] = []

    def add(self, before: int, after: int, found: Found) -> None:
        if before == after:
            return
        old = self.found.get((before, after))
        if old is None or (found.firmness, found.strength is Strength.AFTER) < (
            old.firmness,
            old.strength is Strength.AFTER,
        ):
            self.found[(before, after)] = found


def named_edge(before: int, after: int, found: Found, footprints: Sequence[Footprint]) -> InferredEdge:
    later = footprints[after]
    location = later.location(found.part, found.place)
    return InferredEdge(footprints[before].id, later.id, found.strength, found.firmness, found.reason, location)


def across(befores: Sequence[int], afters: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Pairs by which each of ``befores`` precedes each of ``afters``: all of them, or as good as all by way of one."""
    if len(befores) * len(afters) <= FEW * (len(befores) + len(afters)):
        yield from ((before, after) for before in befores for after in afters if before != after)
        return
    hub = afters[0]
    yield from ((before, hub) for before in befores if before != hub)
    yield from ((hub, after) for after in afters if after != hub)
