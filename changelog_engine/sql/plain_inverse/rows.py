"""INSERT, undone by the keys of its rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from changelog_engine.sql.inverses import UncertainError
from changelog_engine.sql.plain_inverse.columns import Column
from changelog_engine.sql.plain_inverse.known import Known, Table
from changelog_engine.sql.plain_inverse.words import Token, Words, bare

_NUMBER = re.compile(r"[0-9][0-9.eE]*\Z")
_WHOLE_NUMBER = re.compile(r"[1-9][0-9]*\Z")
_MOMENT = re.compile(r"'\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d)?'\Z")
_WHOLE = ("TINYINT", "SMALLINT", "MEDIUMINT", "INT", "INTEGER", "BIGINT", "SERIAL")
_TEXTS = ("CHAR", "VARCHAR", "TEXT", "TINYTEXT", "MEDIUMTEXT", "LONGTEXT", "ENUM", "UUID")
_MOMENTS = ("DATE", "DATETIME", "TIMESTAMP")
# Words that an opening parenthesis follows, and functions that change nothing.
_HARMLESS = frozenset(
    (
        *("AND", "AS", "BETWEEN", "BY", "CASE", "ELSE", "EXISTS", "FROM", "HAVING", "IN", "INTO", "JOIN", "LIKE"),
        *("LIMIT", "NOT", "ON", "OR", "SELECT", "SET", "THEN", "UNION", "USING", "VALUES", "WHEN", "WHERE", "ALL"),
        *("VARCHAR", "CHAR", "DECIMAL", "NUMERIC", "INT", "INTEGER", "ABS", "AVG", "CAST", "CEIL", "CEILING"),
        *("CHAR_LENGTH", "COALESCE", "CONCAT", "CONCAT_WS", "COUNT", "CURDATE", "CURRENT_DATE", "CURRENT_TIME"),
        *("CURRENT_TIMESTAMP", "DATE", "DATE_ADD", "DATE_FORMAT", "DATE_SUB", "DAY", "FLOOR", "GREATEST", "HEX"),
        *("IF", "IFNULL", "INSTR", "JSON_ARRAY", "JSON_EXTRACT", "JSON_OBJECT", "LEAST", "LEFT", "LENGTH", "LOWER"),
        *("LPAD", "LTRIM", "MAX", "MD5", "MIN", "MOD", "MONTH", "NOW", "NULLIF", "RAND", "REPLACE", "RIGHT", "ROUND"),
        *("ROW_NUMBER", "RPAD", "RTRIM", "SHA1", "SHA2", "SUBSTR", "SUBSTRING", "SUM", "TRIM", "UPPER", "UUID", "YEAR"),
    )
)
_UNKNOWN_KEY = "the key of the table is not known from the changesets before it"
_NO_KEY = "no key of the table is given in literals, so nobody knows by what to find the rows again"


class Found(NamedTuple):
    """The columns by which rows are found again, as written, and of each row their values."""

    key: Sequence[str]
    rows: Sequence[Sequence[str]]


def delete_of(words: Words, known: Known, name: str) -> tuple[str, ...]:
    """What undoes an INSERT, from after the table's name."""
    found = found_again(words, known, name)
    each = [" AND ".join(f"{name} = {value}" for name, value in zip(found.key, row, strict=True)) for row in found.rows]
    condition = each[0] if len(each) == 1 else " OR ".join(f"({one})" for one in each)
    return (f"DELETE FROM {name} WHERE {condition}",)


def found_again(words: Words, known: Known, name: str) -> Found:
    """By what the rows of an INSERT are found again; the words are those from after the table's name.

    Raises UncertainError where they are not for certain.
    """
    table = known.table(name)
    if table is None:
        raise UncertainError(_UNKNOWN_KEY)
    for event in ("INSERT", "DELETE"):
        if event in table.row_words:
            raise UncertainError(f"what a trigger of the table does on {event} is not known")
    if words.take("("):
        written = [part[0].text for part in words.parts() if part]
    elif all(column.is_listed for column in table.columns.values()):
        written = [column.written for column in table.columns.values()]
    else:
        raise UncertainError("it names no columns, and the table has some that take no values: name them")
    if not words.take("VALUES"):
        raise UncertainError("the rows are not literals, so nobody knows by what to find them again")
    rows: list[list[list[Token]]] = []
    while words.take("("):
        rows.append(words.parts())
        if not words.take(","):
            break
    if not words.is_at_end():
        raise UncertainError("what follows the rows leaves open which of them it made")
    if calls([token for row in rows for value in row for token in value], known.dbms):
        raise UncertainError("a function that it calls may change something")
    return _found(table, written, rows, known.dbms)


def _found(table: Table, written: Sequence[str], rows: Sequence[Sequence[list[Token]]], dbms: str) -> Found:
    columns = [bare(name).lower() for name in written]
    for key in table.keys:
        if not all(name in columns and name in table.columns for name in key):
            continue
        places = [columns.index(name) for name in key]
        found = [[_literal(row, place, table.columns[columns[place]], dbms) for place in places] for row in rows]
        values = [[value for value in row if value] for row in found]
        if all(len(row) == len(key) for row in values):
            return Found([written[place] for place in places], values)
    raise UncertainError(_NO_KEY)


def _literal(row: Sequence[list[Token]], place: int, column: Column, dbms: str) -> str | None:
    """A value of a row as it is written; None where it is no number or text that the column then equals.

    SQLite converts what it compares as what it stores; others may round, cut, or take 0 for the next number.
    """
    tokens = row[place] if place < len(row) else []
    is_negative = len(tokens) == 2 and tokens[0].text == "-"
    if len(tokens) != 1 + is_negative:
        return None
    token = tokens[-1]
    text = ("-" if is_negative else "") + token.text
    if dbms == "sqlite":
        is_number = _NUMBER.match(token.text) is not None
        return text if is_number or (token.is_string and not is_negative) else None
    kind = column.type[0].word if column.type else ""
    if kind in _WHOLE:
        return text if _WHOLE_NUMBER.match(token.text) else None
    if is_negative or not token.text.startswith("'"):
        return None
    if kind in _MOMENTS:
        has_fraction = len(column.type) > 1 and column.type[1].word == "("
        return text if _MOMENT.match(text) and not has_fraction else None
    return text if kind in _TEXTS and not text.endswith(" '") else None


def calls(tokens: Sequence[Token], dbms: str) -> bool:
    """Whether a function is called that may change something. None of SQLite's does."""
    if dbms == "sqlite":
        return any(token.word == "LOAD_EXTENSION" for token in tokens)
    return any(
        following.word == "(" and token.word[:1].isalpha() and token.word not in _HARMLESS
        for token, following in pairwise(tokens)
    )
