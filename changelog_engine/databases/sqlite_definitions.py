"""What a table of SQLite is besides its rows: the statements that its file keeps, its columns and its counter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from changelog_engine.databases.sqlite_objects import Ask
from changelog_engine.errors import StatementError

OBJECTS = (
    "SELECT type, name, tbl_name, sql FROM {}.sqlite_schema"
    " WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
)


@dataclass(frozen=True, slots=True)
class Definition:
    """A table without its rows: its own statement, those of its indexes and triggers, and views that may read it.

    ``has_rowid``: the rowid is no column of its own. ``number`` is what AUTOINCREMENT has given out last, None where
    there is no such counter. ``root`` is the page where the table begins, by which a renamed one is known again.
    """

    name: str
    sql: str
    parts: tuple[str, ...]
    views: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    has_rowid: bool
    number: int | None
    root: int

    @classmethod
    def from_object(cls, value: Mapping[str, Any]) -> Definition:
        lists = {name: tuple(value[name]) for name in ("parts", "columns")}
        return cls(**{**value, **lists, "views": tuple((name, sql) for name, sql in value["views"])})


def objects_in(ask: Ask, schema: str) -> list[tuple[str, str, str, str]]:
    return [(kind, name, table, sql) for kind, name, table, sql in ask(OBJECTS.format(schema))]


def columns_of(ask: Ask, table: str, schema: str) -> tuple[str, ...]:
    """The columns that hold values: neither hidden nor generated."""
    rows = ask("SELECT name FROM pragma_table_xinfo(?, ?) WHERE hidden = 0 ORDER BY cid", table, schema)
    return tuple(str(name) for (name,) in rows)


def define(ask: Ask, name: str, schema: str) -> Definition | None:
    rows = ask(
        f"SELECT name, sql, rootpage FROM {schema}.sqlite_schema WHERE type = 'table' AND name = ? COLLATE NOCASE",
        name,
    )
    if not rows:
        return None
    own, sql, root = rows[0]
    objects = objects_in(ask, schema)
    parts = tuple(parts_of(objects, own).values())
    mentions = re.compile(rf"\b{re.escape(own)}\b", re.IGNORECASE)
    views = tuple((each, text) for kind, each, _, text in objects if kind == "view" and mentions.search(text))
    columns = columns_of(ask, own, schema)
    return Definition(own, sql, parts, views, columns, _has_rowid(ask, own, schema), _number(ask, own, schema), root)


def parts_of(objects: Sequence[tuple[str, str, str, str]], table: str) -> dict[str, str]:
    """The indexes and triggers of a table, each with the statement that makes it."""
    return {name: text for kind, name, of, text in objects if kind in ("index", "trigger") and of == table}


def _has_rowid(ask: Ask, table: str, schema: str) -> bool:
    """Whether rows have a rowid that is none of the columns."""
    keys = ask("SELECT type, pk FROM pragma_table_xinfo(?, ?) WHERE pk > 0", table, schema)
    if len(keys) == 1 and str(keys[0][0]).upper() == "INTEGER":
        return False
    try:
        ask(f"SELECT rowid FROM {schema}.{quote(table)} LIMIT 0")
    except StatementError:
        return False
    return "rowid" not in {column.lower() for column in columns_of(ask, table, schema)}


def _number(ask: Ask, table: str, schema: str) -> int | None:
    if not ask(f"SELECT 1 FROM {schema}.sqlite_schema WHERE name = 'sqlite_sequence'"):
        return None
    rows = ask(f"SELECT seq FROM {schema}.sqlite_sequence WHERE name = ?", table)
    return int(rows[0][0]) if rows else None


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def is_virtual(sql: str) -> bool:
    return sql.lstrip().upper().startswith("CREATE VIRTUAL")
