"""Changes of columns: ``add_column``, ``drop_column``, ``rename_column``, ``alter_column``; and what a column is."""

from __future__ import annotations

import re

from changelog_engine.changes.kinds import Place
from changelog_engine.changes.shapes import Fields, Flag, Key, Record, Rule, Text
from changelog_engine.changes.typed import (
    ACTION,
    COMMENT,
    FRAGMENT,
    NAME,
    SCHEMA,
    TABLE,
    TYPE,
    VALUE,
    typed_kind,
)

_REFERENCED = Text(
    words="a column that is referred to",
    rule=Rule(re.compile(r"\s*\S[^.]*(?:\.[^.]+){1,2}\s*"), "`table.column` or `schema.table.column`"),
    numbers=False,
    examples=("customers.id",),
)
_DEFAULT = Key(VALUE, "its default: a value, or `{sql: now()}` for an expression; `null` for none")

COLUMN = Record(
    "table column",
    "A column of a table.",
    {
        "name": Key(NAME, "its name", required=True),
        "type": Key(
            TYPE,
            "its type: one that every database has (`bigint`, `text`, …), or one of the database's own",
            required=True,
        ),
        "primary_key": Key(Flag(), "true: it is the primary key, or a part of it"),
        "identity": Key(Flag(), "true: the database numbers the rows"),
        "nullable": Key(Flag(), "false: NOT NULL; true where left out, but for primary keys"),
        "unique": Key(Flag(), "true: no two rows have the same value"),
        "default": _DEFAULT,
        "references": Key(_REFERENCED, "the column that it refers to: `table.column`"),
        "on_delete": Key(ACTION, "what becomes of the row where the one that it refers to is deleted"),
        "comment": Key(COMMENT, "what it is for, kept in the database"),
    },
)

_WAS = Record(
    "earlier state",
    "What the column was before, so that the change can be undone.",
    {
        "type": Key(TYPE, "its type before"),
        "nullable": Key(Flag(), "whether it took NULL before"),
        "default": Key(VALUE, "its default before; `null` for none"),
    },
)
_COLUMN_NAME = {"column": Key(NAME, "the column", required=True)}


def _changes_something(fields: Fields, place: Place) -> bool:
    if any(key in fields for key in ("type", "nullable", "default")):
        return True
    place.report(
        "this alter_column changes nothing",
        fields.node,
        "give it a `type`, `nullable: true` or `false`, or a `default`",
    )
    return False


KINDS = (
    typed_kind(
        "add_column",
        "adds a column to a table",
        {**TABLE, **SCHEMA, "column": Key(COLUMN, "the column", required=True)},
    ),
    typed_kind("drop_column", "drops a column of a table, with its data", {**TABLE, **SCHEMA, **_COLUMN_NAME}),
    typed_kind(
        "rename_column",
        "gives a column another name",
        {
            **TABLE,
            **SCHEMA,
            "from": Key(NAME, "its name so far", required=True),
            "to": Key(NAME, "its new name", required=True),
        },
    ),
    typed_kind(
        "alter_column",
        "changes a column's type, its default, or whether it takes NULL",
        {
            **TABLE,
            **SCHEMA,
            **_COLUMN_NAME,
            "type": Key(TYPE, "its new type"),
            "nullable": Key(Flag(), "false: NOT NULL; true: NULL is taken"),
            "default": _DEFAULT,
            "using": Key(FRAGMENT, "how its values become values of the new type (PostgreSQL)"),
            "was": Key(_WAS, "what it was before, for the rollback; MySQL needs it for the change itself"),
        },
        _changes_something,
    ),
)
