"""What a kind of change brings: the shape of its value in a changelog, and how that becomes a change."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from changelog_engine.changes.nodes import Node, Scalar
from changelog_engine.changes.shapes import MapOf, Rule, Shape, Text
from changelog_engine.model import Change, Location, SqlText

DATABASE_KINDS = ("postgresql", "sqlite", "mysql", "mariadb")

NOT_BLANK = Rule(re.compile(r"\s*\S[\s\S]*"), "more than white space")

SQL = Text(words="SQL text", rule=NOT_BLANK, numbers=False)

PATH = Text(words="a path relative to this file, with `/`", rule=NOT_BLANK, examples=("sql/create_orders.sql",))


class Place(Protocol):
    """Where a change stands, for the reader of its kind; ``split``, ``delimiter``: the changeset's ``statements``."""

    location: Location
    split: bool
    delimiter: str | None

    def sql_text(self, node: Scalar) -> SqlText:
        """The text with its place in the changelog."""
        ...

    def report(self, message: str, node: Node, hint: str | None = None) -> None:
        """Report a fault of the change at a node of it."""
        ...

    def file_text(self, path: Scalar) -> SqlText | None:
        """The text of a file that the changelog names; None after reporting why it cannot be read."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """``build`` makes the change from what ``shape`` read; None after reporting why not."""

    name: str
    doc: str
    shape: Shape
    build: Callable[[Any, Place], Change | None]


def by_database(item: Shape) -> MapOf:
    """A map by database kind, with ``default`` for those that are not named."""
    return MapOf(item, "database kind", known=(*DATABASE_KINDS, "default"), least=1)
