"""Changes of constraints: ``add_primary_key``, ``add_unique_constraint``, ``add_check_constraint``,
``add_foreign_key``, ``drop_constraint``.
"""

from __future__ import annotations

from changelog_engine.changes.kinds import Place
from changelog_engine.changes.shapes import Choice, Fields, Flag, Key
from changelog_engine.changes.typed import ACTION, FRAGMENT, NAME, NAMES, RELATION, SCHEMA, TABLE, typed_kind

_NAME = {"name": Key(NAME, "its name", required=True)}
_COLUMNS = {"columns": Key(NAMES, "its columns, in order", required=True)}
_KIND = Choice(
    {
        "primary_key": "a primary key",
        "unique": "a unique constraint",
        "check": "a check constraint",
        "foreign_key": "a foreign key",
    }
)


def _pairs_columns(fields: Fields, place: Place) -> bool:
    referenced = fields.get("referenced_columns")
    if referenced is None or len(referenced) == len(fields["columns"]):
        return True
    count = len(fields["columns"])
    message = f"`referenced_columns` has {len(referenced)}, and `columns` has {count}"
    place.report(message, fields.value("referenced_columns"), "name one for each of the `columns`")
    return False


KINDS = (
    typed_kind("add_primary_key", "gives a table its primary key", {**_NAME, **TABLE, **SCHEMA, **_COLUMNS}),
    typed_kind("add_unique_constraint", "adds a unique constraint", {**_NAME, **TABLE, **SCHEMA, **_COLUMNS}),
    typed_kind(
        "add_check_constraint",
        "adds a condition that every row must meet",
        {**_NAME, **TABLE, **SCHEMA, "condition": Key(FRAGMENT, "the condition, as SQL", required=True)},
    ),
    typed_kind(
        "add_foreign_key",
        "adds a foreign key",
        {
            **_NAME,
            **TABLE,
            **SCHEMA,
            **_COLUMNS,
            "references": Key(RELATION, "the table that it refers to, may be `schema.table`", required=True),
            "referenced_columns": Key(NAMES, "the columns that it refers to, one for each of `columns`", required=True),
            "on_delete": Key(ACTION, "what becomes of a row where the one that it refers to is deleted"),
            "on_update": Key(ACTION, "what becomes of a row where the key that it refers to changes"),
            "not_valid": Key(Flag(), "true: the rows that are there are not checked (PostgreSQL, SQLite)"),
        },
        _pairs_columns,
    ),
    typed_kind(
        "drop_constraint",
        "drops a constraint",
        {**_NAME, **TABLE, **SCHEMA, "kind": Key(_KIND, "what kind of constraint it is, which MySQL needs to know")},
    ),
)
