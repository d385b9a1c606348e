"""SQLite's CREATE TABLE and ADD COLUMN, by hand: types are any words, and constraints come in any order."""

from __future__ import annotations

from typing import NamedTuple

from changelog_engine.sql.effects import Act, Kind, Thing
from changelog_engine.sql.glot.expressions import read_expression, read_query
from changelog_engine.sql.glot.queries import Scope
from changelog_engine.sql.glot.state import State
from changelog_engine.sql.glot.tokens import Cursor, Token, UnexpectedError

# What ends a column's type.
_CONSTRAINTS = frozenset(
    {"CONSTRAINT", "PRIMARY", "NOT", "NULL", "UNIQUE", "CHECK", "DEFAULT", "COLLATE", "REFERENCES", "GENERATED", "AS"}
)
_OF_TABLE = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"})


class Table(NamedTuple):
    """A table that gets columns and constraints. ``relation`` is None for a temporary one; ``act`` is what is done to
    its parts.
    """

    relation: Thing | None
    name: str
    act: Act = Act.CREATES


def create_table(state: State, cursor: Cursor, temporary: bool) -> None:
    """What follows CREATE TABLE."""
    act = Act.ENSURES if cursor.accept("IF", "NOT", "EXISTS") else Act.CREATES
    place = cursor.place
    names = cursor.names()
    schema = names[-2].name if len(names) > 1 else ""
    relation = state.new_relation(names[-1].name, schema, temporary)
    if relation is not None:
        state.add(act, relation, "table", place)
    table = Table(relation, state.fold(names[-1].name), act)
    if cursor.accept("AS"):
        columns = read_query(state, cursor, Scope())
        for name in columns:
            _make(state, table, Kind.COLUMN, name, "column", place)
        return
    items = cursor.inner().items()
    firsts = [item.peek().word in _OF_TABLE for item in items]
    for item, is_constraint in zip(items, firsts, strict=True):
        if not is_constraint:
            read_column(state, item, table)
    for item, is_constraint in zip(items, firsts, strict=True):
        while is_constraint and not item.ended():
            # Commas between them may be left out.
            _table_constraint(state, item, table)
    while cursor.accept_any("STRICT", ",") or cursor.accept("WITHOUT", "ROWID"):
        pass
    cursor.expect_end()


def _make(state: State, table: Table, kind: Kind, name: str, word: str, place: int) -> None:
    if table.relation is not None:
        state.add(table.act, state.part(table.relation, kind, name), word, place)


def read_column(state: State, cursor: Cursor, table: Table) -> str:
    """A column's definition, to its end; gives the column's name."""
    token = cursor.name()
    _make(state, table, Kind.COLUMN, token.name, "column", token.start)
    while not cursor.ended() and cursor.peek().word not in _CONSTRAINTS:
        # The type: any words, and lengths in parentheses.
        if cursor.is_at("("):
            cursor.group()
        else:
            cursor.name()
    while not cursor.ended():
        _column_constraint(state, cursor, table, token)
    return token.name


def _column_constraint(state: State, cursor: Cursor, table: Table, column: Token) -> None:
    if cursor.accept("CONSTRAINT"):
        _named(state, cursor, table)
    elif cursor.accept("PRIMARY", "KEY"):
        cursor.accept_any("ASC", "DESC")
        _on_conflict(cursor)
        cursor.accept("AUTOINCREMENT")
        _key(state, table, [column], is_primary=True)
    elif cursor.accept("UNIQUE"):
        _on_conflict(cursor)
        _key(state, table, [column])
    elif cursor.accept("NOT", "NULL") or cursor.accept("NULL"):
        _on_conflict(cursor)
    elif cursor.accept("CHECK"):
        _check(state, cursor, table)
    elif cursor.accept("DEFAULT"):
        _default(cursor)
    elif cursor.accept("COLLATE"):
        collation = cursor.name()
        state.use(Kind.COLLATION, collation.name, "collation", collation.start)
    elif cursor.is_at("REFERENCES"):
        _references(state, cursor, table, [column])
    elif cursor.accept("GENERATED", "ALWAYS", "AS") or cursor.accept("AS"):
        _check(state, cursor, table)
        cursor.accept_any("STORED", "VIRTUAL")
    else:
        raise UnexpectedError(cursor.place)


def _table_constraint(state: State, cursor: Cursor, table: Table) -> None:
    cursor.accept(",")
    if cursor.accept("CONSTRAINT"):
        _named(state, cursor, table)
    if cursor.accept("PRIMARY", "KEY"):
        _key(state, table, _columns(state, cursor, table), is_primary=True)
        _on_conflict(cursor)
    elif cursor.accept("UNIQUE"):
        _key(state, table, _columns(state, cursor, table))
        _on_conflict(cursor)
    elif cursor.accept("CHECK"):
        _check(state, cursor, table)
    elif cursor.accept("FOREIGN", "KEY"):
        _references(state, cursor, table, _columns(state, cursor, table))
    else:
        raise UnexpectedError(cursor.place)


def _named(state: State, cursor: Cursor, table: Table) -> None:
    token = cursor.name()
    _make(state, table, Kind.CONSTRAINT, token.name, "constraint", token.start)


def _columns(state: State, cursor: Cursor, table: Table) -> list[Token]:
    """The columns of a key, in parentheses."""
    columns: list[Token] = []
    for item in cursor.inner().items():
        columns.append(item.name())
        state.use_column(table.relation, columns[-1].name, columns[-1].start)
        if item.accept("COLLATE"):
            collation = item.name()
            state.use(Kind.COLLATION, collation.name, "collation", collation.start)
        item.accept_any("ASC", "DESC")
        item.accept("AUTOINCREMENT")
        item.expect_end()
    return columns


def _key(state: State, table: Table, columns: list[Token], is_primary: bool = False) -> None:
    if table.relation is None:
        return
    place = columns[0].start
    state.add(table.act, state.key(table.relation, [column.name for column in columns]), "key", place)
    if is_primary:
        state.add(table.act, state.key(table.relation, ()), "primary key", place)


def _check(state: State, cursor: Cursor, table: Table) -> None:
    scope = Scope()
    scope.relations[table.name] = table.relation
    read_expression(state, cursor.inner(), scope)


def _default(cursor: Cursor) -> None:
    if cursor.is_at("("):
        # It is made of nothing but literals and the database's own functions.
        cursor.group()
        return
    cursor.accept_any("-", "+")
    cursor.take()


def _on_conflict(cursor: Cursor) -> None:
    if cursor.accept("ON", "CONFLICT"):
        cursor.take()


def _references(state: State, cursor: Cursor, table: Table, columns: list[Token]) -> None:
    """What a foreign key refers to. SQLite looks at it when rows are written, so that it may be made later."""
    cursor.expect("REFERENCES")
    token = cursor.name()
    keys = [item.name() for item in cursor.inner().items()] if cursor.is_at("(") else []
    while not cursor.ended():
        if cursor.accept("ON"):
            cursor.take()
            if not cursor.accept("SET", "NULL") and not cursor.accept("SET", "DEFAULT"):
                cursor.accept("NO")
                cursor.take()
        elif cursor.accept("MATCH"):
            cursor.take()
        elif cursor.accept("NOT", "DEFERRABLE") or cursor.accept("DEFERRABLE"):
            if cursor.accept("INITIALLY"):
                cursor.take()
        else:
            break
    target = state.relation(token.name, table.relation.schema if table.relation is not None else "")
    if target is None or table.relation is None:
        return
    state.use_relation(target, token.start, "table", Act.USES_WHEN_RUN)
    for key in keys:
        state.use_column(target, key.name, key.start, Act.USES_WHEN_RUN)
    names = [key.name for key in keys]
    state.add(Act.USES_WHEN_RUN, state.key(target, names), "key", token.start)
    state.refers(table.relation, [column.name for column in columns], target, names, columns[0].start)
