"""Questions to PostgreSQL's catalogue: what exists, who locks, and how far a dead run's statement came."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from changelog_engine.databases.database import Row, Settled

Ask = Callable[..., Sequence[Row]]
"""A query with ``%s`` and its values; gives the rows."""

_LOCKS = (
    "SELECT count(*) FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1"
    " AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"
)
COUNT_LOCKS = _LOCKS
COUNT_OWN_LOCKS = f"{_LOCKS} AND pid = pg_catalog.pg_backend_pid()"


def advisory_lock_test(key: int) -> str:
    """The condition on ``pg_locks`` for an advisory lock by its 64-bit key."""
    unsigned = key & 0xFFFFFFFFFFFFFFFF
    return f"(classid = {unsigned >> 32} AND objid = {unsigned & 0xFFFFFFFF})"


def quote(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'


# ------------------------------------------------------------------------------------------------- exists

_RELATION = """
    SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = ANY(%s) AND c.relkind = ANY(%s)
      AND CASE WHEN %s::text[] IS NULL THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = ANY(%s) END"""
_ON_TABLE = """
      AND (%s::text[] IS NULL OR EXISTS (
        SELECT 1 FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
        WHERE i.indexrelid = c.oid AND t.relname = ANY(%s)))"""
_COLUMN = """
    SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
    WHERE a.attname = ANY(%s) AND a.attnum > 0 AND NOT a.attisdropped AND c.relname = ANY(%s)
      AND c.relkind = ANY('{r,p,f,v,m}'::"char"[])
      AND CASE WHEN %s::text[] IS NULL THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = ANY(%s) END"""
_FOREIGN_KEY = """
    SELECT 1 FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE k.contype = 'f' AND k.conname = ANY(%s) AND (%s::text[] IS NULL OR c.relname = ANY(%s))
      AND CASE WHEN %s::text[] IS NULL THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = ANY(%s) END"""
_SCHEMA = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = ANY(%s)"

_RELATION_KINDS = {"table": ["r", "p", "f"], "view": ["v", "m"], "sequence": ["S"], "index": ["i", "I"]}
_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[^".]+)'
_QUALIFIED = re.compile(rf"(?:({_IDENTIFIER})\.)?({_IDENTIFIER})\Z")


def exists(ask: Ask, kind: str, name: str, table: str | None) -> bool:
    """See :meth:`Session.exists`. An unquoted name is found as written, and in lower case as SQL would fold it."""
    if kind == "schema":
        return bool(ask(_SCHEMA, _spellings(name)))
    if kind == "column":
        schema, relation = split_name(table or "")
        return bool(ask(_COLUMN, _spellings(name), relation, schema, schema))
    if kind == "foreign_key":
        return _foreign_key_exists(ask, name, table)
    schema, relation = split_name(name)
    query, values = _RELATION, [relation, _RELATION_KINDS[kind], schema, schema]
    if kind == "index" and table is not None:
        table_schema, table_name = split_name(table)
        schema = schema or table_schema
        query, values = _RELATION + _ON_TABLE, [relation, _RELATION_KINDS[kind], schema, schema, table_name, table_name]
    return bool(ask(query, *values))


def _foreign_key_exists(ask: Ask, name: str, table: str | None) -> bool:
    schema, constraint = split_name(name)
    relation: list[str] | None = None
    if table is not None:
        table_schema, relation = split_name(table)
        schema = schema or table_schema
    return bool(ask(_FOREIGN_KEY, constraint, relation, relation, schema, schema))


def split_name(name: str) -> tuple[list[str] | None, list[str]]:
    """The spellings of the schema, None where none is named, and of the object."""
    match = _QUALIFIED.match(name.strip())
    if match is None:
        return None, [name]
    return (_spellings(match[1]) if match[1] else None), _spellings(match[2])


def _spellings(identifier: str) -> list[str]:
    if identifier.startswith('"') and identifier.endswith('"') and len(identifier) > 1:
        return [identifier[1:-1].replace('""', '"')]
    return sorted({identifier, identifier.lower()})


# ------------------------------------------------------------------------------------------------- settle

_SPACE = r"(?:\s|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)"
_NAME = r'((?:"(?:[^"]|"")+"|[\w$]+)(?:\s*\.\s*(?:"(?:[^"]|"")+"|[\w$]+))?)'


def _statement(pattern: str) -> re.Pattern[str]:
    """A pattern for the beginning of a statement; blanks stand for white space, comments before it do no harm."""
    return re.compile(rf"{_SPACE}*" + pattern.replace(" ", r"\s+"), re.IGNORECASE)


_CREATE_INDEX = _statement(rf"CREATE (?:UNIQUE )?INDEX CONCURRENTLY (?:IF NOT EXISTS )?{_NAME} ON (?:ONLY )?{_NAME}")
_DROP_INDEX = _statement(rf"DROP INDEX CONCURRENTLY (?:IF EXISTS )?{_NAME}")
_REINDEX = _statement(rf"REINDEX(?:\s*\([^)]*\))? (INDEX|TABLE|SCHEMA|DATABASE|SYSTEM)(?: CONCURRENTLY)?(?: {_NAME})?")
_ADD_VALUE = _statement(rf"ALTER TYPE {_NAME} ADD VALUE (?:IF NOT EXISTS )?'((?:[^']|'')*)'")
_CREATE_DATABASE = _statement(rf"CREATE DATABASE {_NAME}")
_DROP_DATABASE = _statement(rf"DROP DATABASE (?:IF EXISTS )?{_NAME}")
# Run once more, these do no harm.
_REPEATABLE = _statement(
    r"(?:VACUUM|ANALY[SZ]E|CHECKPOINT|CLUSTER|REFRESH MATERIALIZED VIEW|ALTER SYSTEM (?:RE)?SET)\b"
)

_INDEX_STATE = """
    SELECT i.indisvalid AND i.indisready, n.nspname, c.relname
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = %s AND i.indrelid = pg_catalog.to_regclass(%s)"""
_LEFTOVERS = r"""
    SELECT n.nspname, c.relname
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
    WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$' AND c.relpersistence <> 't'"""
_LEFTOVERS_OF = {
    "INDEX": " AND i.indrelid IN (SELECT x.indrelid FROM pg_catalog.pg_index x"
    " WHERE x.indexrelid = pg_catalog.to_regclass(%s))",
    "TABLE": " AND pg_catalog.to_regclass(%s) IN (t.oid, (SELECT o.oid FROM pg_catalog.pg_class o"
    " WHERE o.reltoastrelid = t.oid))",
    "SCHEMA": " AND n.oid = pg_catalog.to_regnamespace(%s)",
    "DATABASE": "",
    "SYSTEM": "",
}
_ENUM_VALUE = "SELECT 1 FROM pg_catalog.pg_enum WHERE enumtypid = pg_catalog.to_regtype(%s) AND enumlabel = %s"
_DATABASE = "SELECT 1 FROM pg_catalog.pg_database WHERE datname = %s"


def settle(ask: Ask, statement: str) -> Settled:
    """See :meth:`Session.settle`. What the patterns do not know for certain stays unknown."""
    if match := _CREATE_INDEX.match(statement):
        return _settle_create_index(ask, _last_part(match[1]), match[2])
    if match := _DROP_INDEX.match(statement):
        return _done(not ask("SELECT 1 WHERE pg_catalog.to_regclass(%s) IS NOT NULL", match[1]))
    if match := _REINDEX.match(statement):
        return _settle_reindex(ask, match[1].upper(), match[2])
    if match := _ADD_VALUE.match(statement):
        return _done(bool(ask(_ENUM_VALUE, match[1], match[2].replace("''", "'"))))
    if match := _CREATE_DATABASE.match(statement):
        return _done(bool(ask(_DATABASE, _last_part(match[1]))))
    if match := _DROP_DATABASE.match(statement):
        return _done(not ask(_DATABASE, _last_part(match[1])))
    return Settled.NOT_DONE if _REPEATABLE.match(statement) else Settled.UNKNOWN


def _settle_create_index(ask: Ask, index: str, table: str) -> Settled:
    rows = ask(_INDEX_STATE, index, table)
    if not rows:
        return Settled.NOT_DONE
    is_valid, schema, name = rows[0]
    if not is_valid:
        ask(f"DROP INDEX CONCURRENTLY {quote(schema)}.{quote(name)}".replace("%", "%%"))
    return _done(is_valid)


def _settle_reindex(ask: Ask, what: str, name: str | None) -> Settled:
    """A REINDEX can be run again; a concurrent one leaves its half-made indexes behind."""
    if what in ("INDEX", "TABLE", "SCHEMA") and name is None:
        return Settled.UNKNOWN
    condition = _LEFTOVERS_OF[what]
    for schema, index in ask(_LEFTOVERS + condition, *([name] if condition else [])):
        ask(f"DROP INDEX CONCURRENTLY {quote(schema)}.{quote(index)}".replace("%", "%%"))
    return Settled.NOT_DONE


def _done(is_done: bool) -> Settled:
    return Settled.DONE if is_done else Settled.NOT_DONE


def _last_part(name: str) -> str:
    """The object's own name as the catalogue has it, of a name as SQL has it."""
    last: str = re.findall(r'"(?:[^"]|"")+"|[\w$]+', name)[-1]
    return last[1:-1].replace('""', '"') if last.startswith('"') else last.lower()
