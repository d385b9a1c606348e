"""Changes of views, sequences and comments."""

from __future__ import annotations

from changelog_engine.changes.shapes import Flag, Key, WholeNumber
from changelog_engine.changes.typed import COMMENT, FRAGMENT, NAME, RELATION, SCHEMA, TABLE, typed_kind

_NAME = {"name": Key(RELATION, "its name, may be `schema.name`", required=True)}

KINDS = (
    typed_kind(
        "create_view",
        "creates a view",
        {
            **_NAME,
            **SCHEMA,
            "query": Key(FRAGMENT, "the query that it stands for", required=True),
            "replace": Key(Flag(), "true: replaces a view of that name"),
        },
    ),
    typed_kind("drop_view", "drops a view", {**_NAME, **SCHEMA}),
    typed_kind(
        "create_sequence",
        "creates a sequence (PostgreSQL, MariaDB)",
        {
            **_NAME,
            **SCHEMA,
            "start": Key(WholeNumber(), "its first number"),
            "increment": Key(WholeNumber(1), "how far the next number is from the last"),
        },
    ),
    typed_kind("drop_sequence", "drops a sequence", {**_NAME, **SCHEMA}),
    typed_kind(
        "comment",
        "says in the database what a table or column is for",
        {
            **TABLE,
            **SCHEMA,
            "column": Key(NAME, "the column; the table itself, where left out"),
            "text": Key(COMMENT, "the comment; `null` takes it away", required=True),
            "was": Key(COMMENT, "the comment before, so that the change can be undone; `null` for none"),
        },
    ),
)
