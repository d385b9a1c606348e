"""Changes of indexes: ``create_index``, ``drop_index``."""

from __future__ import annotations

from changelog_engine.changes.shapes import ByNode, Flag, Key, ListOf
from changelog_engine.changes.typed import FRAGMENT, NAME, RELATION, SCHEMA, SQL_EXPRESSION, TABLE, typed_kind

_CONCURRENTLY = Key(
    Flag(), "true: writing goes on meanwhile (PostgreSQL); the changeset needs `transaction: false` for it"
)

KINDS = (
    typed_kind(
        "create_index",
        "creates an index",
        {
            "name": Key(NAME, "its name", required=True),
            **TABLE,
            **SCHEMA,
            "columns": Key(
                ListOf(ByNode(scalar=NAME, mapping=SQL_EXPRESSION), least=1),
                "its columns, in order; `{sql: lower(email)}` for an expression",
                required=True,
            ),
            "unique": Key(Flag(), "true: no two rows have the same values"),
            "where": Key(FRAGMENT, "which rows it has (PostgreSQL, SQLite)"),
            "using": Key(NAME, "its method, for example `gin` (PostgreSQL, MySQL)"),
            "concurrently": _CONCURRENTLY,
        },
    ),
    typed_kind(
        "drop_index",
        "drops an index",
        {
            "name": Key(NAME, "its name", required=True),
            "table": Key(RELATION, "the table it is on, which MySQL needs to know"),
            **SCHEMA,
            "concurrently": _CONCURRENTLY,
        },
    ),
)
