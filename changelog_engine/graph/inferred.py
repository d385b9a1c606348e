"""What is inferred from effects, as values: edges, conflicts, contradictions, and names that nobody makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from changelog_engine.model import Expression, Location, SqlText, Strength
from changelog_engine.sql.effects import Effect, Effects


class Subject(NamedTuple):
    """A changeset as inference sees it: its texts, each with what it does."""

    id: str
    parts: tuple[tuple[SqlText, Effects], ...] = ()
    contexts: Expression | None = None
    infers: bool = True
    """False: what others need of it is inferred, and not what it needs itself."""


class Firmness(IntEnum):
    """How sure an edge is. In a circle the least sure give way first, and the soft ones and guesses without a word."""

    CERTAIN = 0
    SOFT = 1
    """A body that only is stored now, a column that one of several relations may have."""
    GUESS = 2
    """By declared position: which of several lives of a name is meant."""
    TIE = 3
    """By the engine's order: the two do not commute, and nothing says which is first."""


class InferredEdge(NamedTuple):
    """``after`` comes after ``before``; ``reason`` is a sentence, often without its subject: "uses table a of `b`"."""

    before: str
    after: str
    strength: Strength
    firmness: Firmness
    reason: str
    location: Location


class Conflict(NamedTuple):
    """Two changesets that do not commute, with nothing that says which is first; ``others`` take part in the same."""

    first: str
    second: str
    message: str
    location: Location
    others: tuple[str, ...] = ()

    @property
    def hint(self) -> str:
        return (
            f"say which is first, with `depends_on: [{self.first}]` or, for the order alone, "
            f"`depends_on: [{{id: {self.first}, optional: true}}]` in `{self.second}`, or make the two one changeset"
        )


class Contradiction(NamedTuple):
    """What the SQL says and the declared edges, or other SQL, speak against: the edge was left out."""

    edge: InferredEdge
    message: str


class Unresolved(NamedTuple):
    """A name that is used and that no changeset makes; the database itself may have it."""

    changeset: str
    effect: Effect
    location: Location


class Unread(NamedTuple):
    """What cannot be read in a changeset, in words, and where."""

    changeset: str
    what: str
    location: Location


@dataclass(frozen=True, slots=True)
class Inference:
    """All that the effects of a changelog's changesets say about their order."""

    edges: tuple[InferredEdge, ...] = ()
    reasons: Mapping[tuple[str, str], InferredEdge] = field(default_factory=dict)
    """What the SQL says about pairs (before, after) that are declared too."""
    conflicts: tuple[Conflict, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    unresolved: tuple[Unresolved, ...] = ()
    unread: tuple[Unread, ...] = ()
