"""From the SQL of SQLite, MySQL and MariaDB to effects."""

from __future__ import annotations

from changelog_engine.sql.disguise import disguise, undisguised
from changelog_engine.sql.effects import Effects, Writing
from changelog_engine.sql.glot import mysql_statements, sqlite_statements
from changelog_engine.sql.glot.expressions import read_rows
from changelog_engine.sql.glot.parsing import MOST_CHARACTERS, RefusedError, parse, smooth, unwrap
from changelog_engine.sql.glot.queries import Scope
from changelog_engine.sql.glot.state import State
from changelog_engine.sql.glot.tokens import Cursor, UnexpectedError, tokens_of
from changelog_engine.sql.statements import statement_spans

_HEAD = 10_000


def read_effects(text: str, dbms: str) -> Effects:
    """What a text does on SQLite, MySQL or MariaDB; it may hold ``${parameters}``. Raises nothing: what cannot be read
    is opaque.
    """
    disguised = disguise(text) if dbms == "sqlite" else unwrap(disguise(text))
    state = State(disguised, dbms)
    for start, end in statement_spans(disguised, dbms):
        state.start, state.end = start, end
        try:
            _read(state, start, end)
        except UnexpectedError as error:
            state.opaque(_not_understood(disguised, start, end), max(start, error.place))
        except RefusedError as error:
            state.opaque(f"{_not_understood(disguised, start, end)}: {error}", start)
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError, StopIteration):
            # A tree of a shape that nobody has thought of: it is said, and what comes after it is read.
            state.opaque(_not_understood(disguised, start, end), start)
    return undisguised(state.effects()) if "${" in text else state.effects()


def _not_understood(text: str, start: int, end: int) -> str:
    words = " ".join(text[start : min(end, start + 40)].split()[:2])
    return f"a statement that is not understood ({words} …)"


def _read(state: State, start: int, end: int) -> None:
    if end - start > MOST_CHARACTERS:
        _read_long(state, start)
        return
    statements = (sqlite_statements if state.is_sqlite else mysql_statements).STATEMENTS
    cursor = Cursor(tokens_of(state.text, (start, end), state.dbms))
    handler = statements.get(cursor.peek().word)
    if handler is not None:
        cursor.take()
        handler(state, cursor)
        return
    replaces = cursor.is_at("REPLACE")
    tree = parse(smooth(state.text[start:end], state.dbms), state.dbms)
    if not read_rows(state, tree, start, Scope(), replaces):
        raise RefusedError("it is of an unknown kind")


def _read_long(state: State, start: int) -> None:
    """A statement that is too long to be parsed: an INSERT of literal rows, by its head, and nothing else."""
    cursor = Cursor(tokens_of(state.text, (start, start + _HEAD), state.dbms))
    if not cursor.accept_any("INSERT", "REPLACE"):
        raise RefusedError("it is too long")
    while not cursor.accept("INTO"):
        cursor.name()
    names = cursor.names()
    columns = [item.name() for item in cursor.inner().items()] if cursor.is_at("(") else []
    cursor.expect("VALUES")
    relation = state.relation(names[-1].name, names[-2].name if len(names) > 1 else "")
    state.use_relation(relation, names[0].start)
    for column in columns:
        state.use_column(relation, column.name, column.start)
    state.writes(Writing.INSERTS, relation, names[0].start, [column.name for column in columns])
