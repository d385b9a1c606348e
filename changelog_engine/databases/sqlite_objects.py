"""Questions to SQLite's catalogue: what exists, and how far a dead run's statement came."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from changelog_engine.databases.database import Row, Settled

Ask = Callable[..., Sequence[Row]]
"""A query with ``?`` and its values; gives the rows."""

_OBJECT = "SELECT 1 FROM {schema}.sqlite_master WHERE type = ? AND name = ? COLLATE NOCASE"
_SCHEMA = "SELECT 1 FROM pragma_database_list WHERE name = ? COLLATE NOCASE"
_COLUMN = "SELECT 1 FROM pragma_table_xinfo(?, ?) WHERE name = ? COLLATE NOCASE"
_TABLES = "SELECT sql FROM {schema}.sqlite_master WHERE type = 'table' AND (? IS NULL OR name = ? COLLATE NOCASE)"
_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[^".]+)'
_QUALIFIED = re.compile(rf"(?:({_IDENTIFIER})\.)?({_IDENTIFIER})\Z")
_CONSTRAINT = re.compile(
    r"""\bCONSTRAINT\s+("(?:[^"]|"")+"|`(?:[^`]|``)+`|\[[^]]+\]|'(?:[^']|'')+'|\w+)\s+"""
    r"""(?:FOREIGN\s+KEY|REFERENCES)\b""",
    re.IGNORECASE,
)


def exists(ask: Ask, kind: str, name: str, table: str | None) -> bool:
    """See :meth:`Session.exists`. Names are compared as SQLite does it, without regard to case."""
    if kind == "schema":
        return bool(ask(_SCHEMA, name))
    schema, own_name = split_name(name)
    if table is not None:
        table_schema, table = split_name(table)
        schema = schema or table_schema
    schemas = [row[1] for row in ask("PRAGMA database_list") if schema is None or row[1].lower() == schema.lower()]
    return any(_exists_in(ask, found, kind, own_name, table) for found in schemas)


def _exists_in(ask: Ask, schema: str, kind: str, name: str, table: str | None) -> bool:
    quoted = '"' + schema.replace('"', '""') + '"'
    if kind == "column":
        return bool(ask(_COLUMN, table, schema, name))
    if kind == "foreign_key":
        # The catalogue does not keep the names of constraints; the table's own text does.
        texts = (row[0] for row in ask(_TABLES.format(schema=quoted), table, table))
        found = (match[1] for text in texts for match in _CONSTRAINT.finditer(text))
        return any(constraint.strip("\"`'[]").lower() == name.lower() for constraint in found)
    query = _OBJECT.format(schema=quoted)
    if kind == "index" and table is not None:
        return bool(ask(query + " AND tbl_name = ? COLLATE NOCASE", kind, name, table))
    return bool(ask(query, kind, name))


def split_name(name: str) -> tuple[str | None, str]:
    match = _QUALIFIED.match(name.strip())
    if match is None:
        return None, name
    return (_unquoted(match[1]) if match[1] else None), _unquoted(match[2])


def _unquoted(identifier: str) -> str:
    return identifier[1:-1].replace('""', '"') if identifier.startswith('"') else identifier


# ------------------------------------------------------------------------------------------------- settle

_SPACE = r"(?:\s|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)"
_NAME = r'((?:"(?:[^"]|"")+"|\w+)(?:\s*\.\s*(?:"(?:[^"]|"")+"|\w+))?)'


def _statement(pattern: str) -> re.Pattern[str]:
    """A pattern for the beginning of a statement; blanks stand for white space, comments before it do no harm."""
    return re.compile(rf"{_SPACE}*" + pattern.replace(" ", r"\s+"), re.IGNORECASE)


# A name that IF [NOT] EXISTS lets stand says nothing about who made it, but the statement is done all the same.
_CREATE = _statement(rf"CREATE (?:UNIQUE )?(TABLE|INDEX|VIEW|TRIGGER) (?:IF NOT EXISTS )?{_NAME}")
_DROP = _statement(rf"DROP (TABLE|INDEX|VIEW|TRIGGER) (?:IF EXISTS )?{_NAME}")
# Run once more, these do no harm.
_REPEATABLE = _statement(r"(?:VACUUM|PRAGMA|REINDEX|ANALYZE)\b")


def settle(ask: Ask, statement: str) -> Settled:
    """See :meth:`Session.settle`. A statement of SQLite is done wholly or not at all, so its object tells."""
    if match := _CREATE.match(statement):
        return Settled.DONE if _object_exists(ask, match[1], match[2]) else Settled.NOT_DONE
    if match := _DROP.match(statement):
        return Settled.NOT_DONE if _object_exists(ask, match[1], match[2]) else Settled.DONE
    return Settled.NOT_DONE if _REPEATABLE.match(statement) else Settled.UNKNOWN


def _object_exists(ask: Ask, kind: str, name: str) -> bool:
    return exists(ask, kind.lower(), re.sub(r"\s*\.\s*", ".", name), None)


def tidy(ask: Ask) -> None:
    """Put back what statements left on a connection that cannot be opened anew: that of a database in memory."""
    for _, schema, _ in ask("PRAGMA database_list"):
        if schema not in ("main", "temp"):
            ask('DETACH "' + schema.replace('"', '""') + '"')
    for kind, name in ask("SELECT type, name FROM temp.sqlite_master WHERE name NOT LIKE 'sqlite_%'"):
        ask(f'DROP {kind} IF EXISTS temp."' + name.replace('"', '""') + '"')
    for pragma in ("foreign_keys", "query_only", "recursive_triggers", "ignore_check_constraints", "writable_schema"):
        ask(f"PRAGMA {pragma} = OFF")


def definitions(ask: Ask) -> tuple[str, ...]:
    """The SQL of tables, indexes, views and triggers, in that order."""
    rows = ask(
        "SELECT sql FROM main.sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        " ORDER BY CASE type WHEN 'table' THEN 1 WHEN 'index' THEN 2 WHEN 'view' THEN 3 ELSE 4 END, rowid"
    )
    return tuple(sql for (sql,) in rows)
