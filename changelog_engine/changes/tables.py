"""Changes of tables: ``create_table``, ``drop_table``, ``rename_table``."""

from __future__ import annotations

from changelog_engine.changes.columns import COLUMN
from changelog_engine.changes.shapes import Key, ListOf
from changelog_engine.changes.typed import COMMENT, NAME, RELATION, SCHEMA, TABLE, typed_kind

KINDS = (
    typed_kind(
        "create_table",
        "creates a table",
        {
            **TABLE,
            **SCHEMA,
            "columns": Key(ListOf(COLUMN, least=1), "its columns, in order", required=True),
            "comment": Key(COMMENT, "what it is for, kept in the database"),
        },
    ),
    typed_kind("drop_table", "drops a table, with its rows", {**TABLE, **SCHEMA}),
    typed_kind(
        "rename_table",
        "gives a table another name",
        {
            "from": Key(RELATION, "its name so far, may be `schema.table`", required=True),
            "to": Key(NAME, "its new name", required=True),
            **SCHEMA,
        },
    ),
)
