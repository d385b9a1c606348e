"""Changes of rows: ``insert``, ``update``, ``delete``."""

from __future__ import annotations

from changelog_engine.changes.shapes import Key, ListOf, MapOf
from changelog_engine.changes.typed import FRAGMENT, SCHEMA, TABLE, VALUE, typed_kind

_VALUES = MapOf(VALUE, "column", least=1)

KINDS = (
    typed_kind(
        "insert",
        "inserts rows",
        {
            **TABLE,
            **SCHEMA,
            "rows": Key(ListOf(_VALUES, least=1), "the rows: for each, its columns with their values", required=True),
        },
    ),
    typed_kind(
        "update",
        "changes rows",
        {
            **TABLE,
            **SCHEMA,
            "set": Key(_VALUES, "the columns with their new values", required=True),
            "where": Key(FRAGMENT, "which rows, as SQL; all, where left out"),
        },
    ),
    typed_kind(
        "delete",
        "deletes rows",
        {**TABLE, **SCHEMA, "where": Key(FRAGMENT, "which rows, as SQL; all, where left out")},
    ),
)
