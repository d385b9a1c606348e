"""Questions to the catalogue of MySQL and MariaDB: what exists, and whether a dead run's statement was done."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from changelog_engine.databases.database import Row, Settled
from changelog_engine.databases.mysql_statements import SPACE

Ask = Callable[..., Sequence[Row]]
"""A query with ``%s`` and its values; gives the rows."""

_IDENTIFIER = r"(?:`(?:[^`]|``)+`|\"(?:[^\"]|\"\")+\"|[\w$]+)"
_QUALIFIED = re.compile(r"(?:(`(?:[^`]|``)+`|[^`.]+)\.)?(`(?:[^`]|``)+`|[^`.]+)\Z")

# Each gives the names that are equal for the catalogue's own collation; in a database the next column of the object's
# table.
_HERE = "COALESCE(%s, DATABASE())"
_RELATION = (
    f"SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = {_HERE} AND TABLE_NAME = %s"
)
_COLUMN = (
    "SELECT TABLE_NAME FROM information_schema.COLUMNS"
    f" WHERE TABLE_SCHEMA = {_HERE} AND TABLE_NAME = %s AND COLUMN_NAME = %s"
)
_INDEX = f"SELECT TABLE_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = {_HERE} AND INDEX_NAME = %s"
_CONSTRAINT = (
    f"SELECT TABLE_NAME FROM information_schema.TABLE_CONSTRAINTS WHERE TABLE_SCHEMA = {_HERE} AND CONSTRAINT_NAME = %s"
)
_ROUTINE = f"SELECT ROUTINE_TYPE FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = {_HERE} AND ROUTINE_NAME = %s"
_TRIGGER = f"SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = {_HERE} AND TRIGGER_NAME = %s"
_EVENT = f"SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = {_HERE} AND EVENT_NAME = %s"
_SCHEMA = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = %s"
_TYPES = {
    "table": ("BASE TABLE", "SYSTEM VERSIONED"),
    "view": ("VIEW", "SYSTEM VIEW"),
    "sequence": ("SEQUENCE",),
}


def exists(ask: Ask, kind: str, name: str, table: str | None) -> bool:
    """See :meth:`Session.exists`; also a ``constraint``, ``procedure``, ``function``, ``trigger`` or ``event``.

    A name may be in backticks. Tables, views, triggers and schemas are compared as the server is set up to do it, all
    else without regard to case.
    """
    schema, own_name = split_name(name)
    if kind == "schema":
        return _has(ask, own_name, (row[0] for row in ask(_SCHEMA, own_name)))
    if table is not None:
        table_schema, table = split_name(table)
        schema = schema or table_schema
    if kind in _TYPES:
        rows = [row for row in ask(_RELATION, schema, own_name) if row[1] in _TYPES[kind]]
        return _has(ask, own_name, (row[0] for row in rows))
    if kind == "column":
        return _has(ask, table or "", (row[0] for row in ask(_COLUMN, schema, table, own_name)))
    if kind in ("index", "constraint", "foreign_key"):
        return _exists_on_table(ask, kind, schema, own_name, table)
    if kind in ("procedure", "function"):
        return any(row[0] == kind.upper() for row in ask(_ROUTINE, schema, own_name))
    if kind == "trigger":
        return _has(ask, own_name, (row[0] for row in ask(_TRIGGER, schema, own_name)))
    return bool(ask(_EVENT, schema, own_name))


def _exists_on_table(ask: Ask, kind: str, schema: str | None, name: str, table: str | None) -> bool:
    query = _INDEX if kind == "index" else _CONSTRAINT
    if kind == "foreign_key":
        query += " AND CONSTRAINT_TYPE = 'FOREIGN KEY'"
    rows = ask(query, schema, name)
    return bool(rows) if table is None else _has(ask, table, (row[0] for row in rows))


def _has(ask: Ask, name: str, found: Iterable[str]) -> bool:
    """Whether the name is among those found, which the catalogue's collation took for the same."""
    names = tuple(found)
    if name in names or not names:
        return bool(names)
    folds_case = ask("SELECT @@lower_case_table_names")[0][0] != 0
    return folds_case and any(name.casefold() == other.casefold() for other in names)


def split_name(name: str) -> tuple[str | None, str]:
    """The schema, None where none is named, and the object's own name."""
    match = _QUALIFIED.match(name.strip())
    if match is None:
        return None, name
    return (unquoted(match[1]) if match[1] else None), unquoted(match[2])


def unquoted(identifier: str) -> str:
    sign = identifier[:1]
    return identifier[1:-1].replace(sign * 2, sign) if sign in ("`", '"') else identifier


# ------------------------------------------------------------------------------------------------- settle

_NAME = rf"({_IDENTIFIER}(?:\s*\.\s*{_IDENTIFIER})?)"
_IF_NOT = r"(?:IF NOT EXISTS )?"
_IF = r"(?:IF EXISTS )?"


def _statement(pattern: str) -> re.Pattern[str]:
    """A pattern for the beginning of a statement; blanks stand for white space and comments."""
    return re.compile(rf"{SPACE}*" + pattern.replace(" ", rf"{SPACE}+"), re.IGNORECASE)


_CREATE_TABLE = _statement(rf"CREATE TABLE {_IF_NOT}{_NAME}")
# Not atomic on every server: where it dies, a table without its rows may be left.
_SELECTS = re.compile(r"\bSELECT\b", re.IGNORECASE)
_CREATE_INDEX = _statement(
    rf"CREATE (?:(?:UNIQUE|FULLTEXT|SPATIAL|ONLINE|OFFLINE) )*INDEX {_IF_NOT}{_NAME}(?: USING \w+)? ON {_NAME}"
)
_OPTIONS = (
    r"(?:ALGORITHM\s*=\s*\w+ )?(?:DEFINER\s*=\s*[^\s@]+(?:\s*@\s*[^\s]+)? )?(?:SQL SECURITY \w+ )?(?:AGGREGATE )?"
)
_CREATE_OTHER = _statement(
    rf"CREATE {_OPTIONS}"
    rf"(VIEW|TRIGGER|PROCEDURE|FUNCTION|EVENT|SEQUENCE|DATABASE|SCHEMA) {_IF_NOT}{_NAME}"
)
_DROP_INDEX = _statement(rf"DROP INDEX {_IF}{_NAME} ON {_NAME}")
_DROP = _statement(
    r"DROP (TABLE|TABLES|VIEW|TRIGGER|PROCEDURE|FUNCTION|EVENT|SEQUENCE|DATABASE|SCHEMA) "
    rf"{_IF}({_NAME}(?:\s*,\s*{_NAME})*)"
)
_RENAME = _statement(r"RENAME TABLES? (.*)")
_RENAMED_PAIR = re.compile(rf"{_NAME}\s+TO\s+{_NAME}\Z", re.IGNORECASE)
_TRUNCATE = _statement(rf"TRUNCATE (?:TABLE )?{_NAME}")
_ALTER_TABLE = _statement(rf"ALTER (?:ONLINE |IGNORE )*TABLE {_IF}{_NAME} ")
# Run once more, these do no harm.
_REPEATABLE = _statement(
    r"(?:(?:ANALYZE|OPTIMIZE|CHECK|REPAIR)(?: NO_WRITE_TO_BINLOG| LOCAL)? TABLES?|FLUSH|GRANT|(?:UN)?LOCK TABLES?|SET"
    rf"|CREATE OR REPLACE {_OPTIONS}(?:VIEW|TRIGGER|PROCEDURE|FUNCTION|EVENT)"
    rf"|ALTER {_OPTIONS}(?:VIEW|DATABASE|SCHEMA))\b"
)


def settle(ask: Ask, statement: str) -> Settled:
    """See :meth:`Session.settle`, on servers whose DDL is done wholly or not at all.

    Who has made what is there is not asked: had it been there before, the statement would have been refused.
    """
    if match := _CREATE_TABLE.match(statement):
        is_there = _there(ask, "table", match[1])
        return Settled.UNKNOWN if is_there and _SELECTS.search(statement, match.end()) else _done(is_there)
    if match := _CREATE_INDEX.match(statement):
        return _done(_there(ask, "index", match[1], match[2]))
    if match := _CREATE_OTHER.match(statement):
        return _done(_there(ask, match[1].lower(), match[2]))
    if match := _DROP_INDEX.match(statement):
        return _done(not _there(ask, "index", match[1], match[2]))
    if match := _DROP.match(statement):
        kind = match[1].lower().removesuffix("s") if match[1].upper() != "TABLES" else "table"
        return _one(_done(not _there(ask, kind, name)) for name in split_list(match[2]))
    if match := _RENAME.match(statement):
        pairs = [_RENAMED_PAIR.match(part) for part in split_list(statement[match.start(1) :])]
        return _one(_renamed(ask, pair) for pair in pairs)
    if match := _TRUNCATE.match(statement):
        return Settled.UNKNOWN if ask(f"SELECT 1 FROM {_text(match[1])} LIMIT 1") else Settled.DONE
    if match := _ALTER_TABLE.match(statement):
        return _settle_alter(ask, match[1], statement[match.end() :])
    return Settled.NOT_DONE if _REPEATABLE.match(statement) else Settled.UNKNOWN


def _text(name: str) -> str:
    """A name as it stood in the statement, for a query without values of its own."""
    return name.replace("%", "%%")


def _renamed(ask: Ask, pair: re.Match[str] | None) -> Settled:
    return Settled.UNKNOWN if pair is None else _moved(_there(ask, "table", pair[1]), _there(ask, "table", pair[2]))


def _moved(is_old_there: bool, is_new_there: bool) -> Settled:
    return _done(is_new_there) if is_old_there != is_new_there else Settled.UNKNOWN


def _there(ask: Ask, kind: str, name: str, table: str | None = None) -> bool:
    kind = "schema" if kind == "database" else kind
    dotted = re.compile(r"\s*\.\s*")
    return exists(ask, kind, _plain(dotted.sub(".", name)), None if table is None else _plain(dotted.sub(".", table)))


def _plain(name: str) -> str:
    """With backticks where it was in double quotation marks, as ``ANSI_QUOTES`` has it."""
    return "`" + unquoted(name).replace("`", "``") + "`" if name.startswith('"') else name


def _one(verdicts: Iterable[Settled]) -> Settled:
    """What all of the parts say; unknown where they do not agree."""
    found = set(verdicts)
    return found.pop() if len(found) == 1 else Settled.UNKNOWN


def _done(is_done: bool) -> Settled:
    return Settled.DONE if is_done else Settled.NOT_DONE


# -------------------------------------------------------------------------------------------- ALTER TABLE

_OWN = rf"({_IDENTIFIER})"


@dataclass(frozen=True, slots=True)
class _Clause:
    """A part of ALTER TABLE that adds (``is_there`` True) or drops something with a name."""

    pattern: re.Pattern[str]
    kind: str
    is_there: bool


def _clause(pattern: str, kind: str, is_there: bool) -> _Clause:
    return _Clause(_statement(pattern), kind, is_there)


_NO_COLUMN = (
    r"(?!(?:INDEX|KEY|UNIQUE|FULLTEXT|SPATIAL|PRIMARY|CONSTRAINT|FOREIGN|CHECK|PARTITION|PERIOD|SYSTEM|COLUMN)\b)"
)
_CLAUSES = (
    _clause(rf"ADD CONSTRAINT {_IF_NOT}{_OWN} (?:FOREIGN|CHECK|UNIQUE)\b", "constraint", True),
    _clause(rf"ADD (?:(?:UNIQUE|FULLTEXT|SPATIAL) )?(?:INDEX|KEY) {_IF_NOT}{_OWN}", "index", True),
    _clause(rf"ADD (?:COLUMN )?{_IF_NOT}{_NO_COLUMN}{_OWN} \w", "column", True),
    _clause(rf"DROP (?:INDEX|KEY) {_IF}{_OWN}\s*\Z", "index", False),
    _clause(rf"DROP (?:FOREIGN KEY|CONSTRAINT|CHECK) {_IF}{_OWN}\s*\Z", "constraint", False),
    _clause(rf"DROP (?:COLUMN )?{_IF}{_NO_COLUMN}{_OWN}(?: RESTRICT| CASCADE)?\s*\Z", "column", False),
)
_PRIMARY_KEY = _statement(r"(ADD|DROP)(?: CONSTRAINT(?: [\w`]+)?)? PRIMARY KEY\b")
_RENAME_PART = _statement(rf"RENAME (COLUMN|INDEX|KEY) {_OWN} TO {_OWN}")
_CHANGE = _statement(rf"CHANGE (?:COLUMN )?{_IF}{_OWN} {_OWN} ")
_RENAME_TABLE = _statement(rf"RENAME (?:TO |AS )?(?!COLUMN\b|INDEX\b|KEY\b){_NAME}\s*\Z")


def _settle_alter(ask: Ask, table: str, clauses: str) -> Settled:
    """By those of its parts that show in the catalogue: it is done wholly or not at all."""
    parts = split_list(clauses)
    renamed = next((match for match in map(_RENAME_TABLE.match, parts) if match), None)
    if renamed is not None:
        return _moved(_there(ask, "table", table), _there(ask, "table", renamed[1]))
    if not _there(ask, "table", table):
        return Settled.UNKNOWN
    return _one(verdict for part in parts for verdict in _settle_part(ask, table, part))


def _settle_part(ask: Ask, table: str, part: str) -> Iterator[Settled]:
    """What a part shows; nothing where it shows in nothing that is named."""
    if match := _PRIMARY_KEY.match(part):
        yield _done(_there(ask, "index", "PRIMARY", table) == (match[1].upper() == "ADD"))
        return
    if match := _RENAME_PART.match(part):
        kind = "column" if match[1].upper() == "COLUMN" else "index"
        yield _moved(_there(ask, kind, match[2], table), _there(ask, kind, match[3], table))
        return
    if match := _CHANGE.match(part):
        if unquoted(match[1]).casefold() != unquoted(match[2]).casefold():
            yield _moved(_there(ask, "column", match[1], table), _there(ask, "column", match[2], table))
        return
    for clause in _CLAUSES:
        if match := clause.pattern.match(part):
            yield _done(_there(ask, clause.kind, match[1], table) == clause.is_there)
            return


_PIECE = re.compile(
    rf"""'(?:[^'\\]|''|\\.)*'|"(?:[^"\\]|""|\\.)*"|`(?:[^`]|``)*`|{SPACE}+|[(),]|[^'"`(),\s]+|.""", re.DOTALL
)


def split_list(text: str) -> tuple[str, ...]:
    """The parts between the commas that are in no parentheses and no quotation, trimmed."""
    parts, depth = [""], 0
    for match in _PIECE.finditer(text):
        piece = match[0]
        depth += {"(": 1, ")": -1}.get(piece, 0)
        if piece == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += piece
    return tuple(part.strip() for part in parts)
