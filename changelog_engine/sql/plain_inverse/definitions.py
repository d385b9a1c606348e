"""What the parts of a table's definition, and of an ALTER TABLE, make of what is known of the table."""

from __future__ import annotations

from collections.abc import Sequence

from changelog_engine.sql.inverses import UncertainError
from changelog_engine.sql.plain_inverse.columns import column_of
from changelog_engine.sql.plain_inverse.known import Table
from changelog_engine.sql.plain_inverse.words import Token, bare

_KINDS = ("PRIMARY", "UNIQUE", "FOREIGN", "CHECK")
_CONSTRAINTS = (*_KINDS, "KEY", "INDEX", "FULLTEXT", "SPATIAL", "CONSTRAINT", "PERIOD")


def add_part(table: Table, part: Sequence[Token], dbms: str) -> None:
    """A column, or a constraint or index, of a table. UncertainError where it says what to do with a row that is there.

    SQLite's ON CONFLICT lets an INSERT take the place of another row.
    """
    words = [token.word for token in part]
    if not words or ("CONFLICT" in words and "ON" in words):
        raise UncertainError("")
    if words[0] not in _CONSTRAINTS:
        _add_column(table, part, dbms)
    elif words[0] == "CONSTRAINT":
        is_named = len(words) > 1 and words[1] not in _KINDS
        _add_constraint(table, part[2:] if is_named else part[1:], bare(part[1].text).lower() if is_named else "")
    else:
        _add_constraint(table, part, "")


def _add_column(table: Table, part: Sequence[Token], dbms: str) -> None:
    words = [token.word for token in part]
    name = bare(part[0].text).lower()
    table.columns[name] = column_of(part, dbms)
    if "PRIMARY" in words or "UNIQUE" in words or (dbms != "sqlite" and "KEY" in words):
        table.keys.append((name,))
        table.indexes[name] = (name,)
    if "PRIMARY" in words:
        table.primary = (name,)
    if "REFERENCES" in words:
        table.foreign.append((name,))


def _add_constraint(table: Table, part: Sequence[Token], given: str) -> None:
    words = [token.word for token in part]
    if not words or words[0] == "CHECK":
        table.checks.add(given)
        return
    if words[0] in ("PERIOD",) or "(" not in words:
        raise UncertainError("")
    opening = words.index("(")
    columns = columns_of(part[opening + 1 :])
    if words[0] == "FOREIGN":
        table.foreign.append(columns)
        return
    before = [token for token in part[1:opening] if token.word not in ("KEY", "INDEX", "USING", "BTREE", "HASH")]
    table.indexes[bare(before[0].text).lower() if before else given or ",".join(columns)] = columns
    if words[0] in ("PRIMARY", "UNIQUE"):
        table.keys.append(columns)
    if words[0] == "PRIMARY":
        table.primary = columns
        for column in (table.columns[name] for name in columns if name in table.columns):
            column.is_nullable = False


def columns_of(tokens: Sequence[Token]) -> tuple[str, ...]:
    """The columns up to the closing parenthesis; what is more than a name gives a name that no column has."""
    found: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        if token.word == ")" and depth == 0:
            break
        depth += {"(": 1, ")": -1}.get(token.word, 0)
        if token.word == "," and depth == 0:
            found.append([])
        elif token.word not in ("ASC", "DESC"):
            found[-1].append(bare(token.text).lower())
    return tuple(" ".join(each) for each in found)
