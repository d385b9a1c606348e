"""``sql``: SQL text, or one a database kind."""

from __future__ import annotations

from collections.abc import Callable

from changelog_engine.changes.kinds import SQL, Kind, Place, by_database
from changelog_engine.changes.nodes import Scalar
from changelog_engine.changes.shapes import ByNode
from changelog_engine.model import SqlByKind, SqlChange, SqlText

SHAPE = ByNode(scalar=SQL, mapping=by_database(SQL))


def sql_texts(value: Scalar | dict[str, Scalar], sql_text: Callable[[Scalar], SqlText]) -> SqlByKind:
    """What ``SHAPE`` read, as texts by database kind; ``sql_text`` gives a text its place."""
    if isinstance(value, Scalar):
        return {"default": sql_text(value)}
    return {kind: sql_text(node) for kind, node in value.items()}


def _build(value: Scalar | dict[str, Scalar], place: Place) -> SqlChange:
    return SqlChange("sql", place.location, sql_texts(value, place.sql_text), place.split, place.delimiter)


KIND = Kind("sql", "SQL to run, as text or as a map by database kind (`default` serves the rest)", SHAPE, _build)
