"""CREATE TABLE and ALTER TABLE of MySQL and MariaDB, by hand: of the many attributes, those that name things.

A table's indexes and constraints are things of the table's, in one space of names: DROP CONSTRAINT takes all of them.
"""

from __future__ import annotations

from typing import NamedTuple

from changelog_engine.sql.effects import Act, Kind, Thing
from changelog_engine.sql.glot.expressions import read_expression, read_query
from changelog_engine.sql.glot.queries import Scope
from changelog_engine.sql.glot.state import ANY, State
from changelog_engine.sql.glot.tokens import END, Cursor, Token, UnexpectedError

INDEX_WORDS = ("INDEX", "KEY")
_ELEMENTS = frozenset(
    {"CONSTRAINT", "PRIMARY", "UNIQUE", "INDEX", "KEY", "FULLTEXT", "SPATIAL", "FOREIGN", "CHECK", "LIKE", "PERIOD"}
)
# How ALTER TABLE is done, and what else it changes of a table as a whole.
_HOW = frozenset({"ALGORITHM", "LOCK", "ENABLE", "DISABLE", "WAIT", "NOWAIT"})
_OPTIONS = frozenset(
    {
        *("ENGINE", "COMMENT", "AUTO_INCREMENT", "DEFAULT", "CHARACTER", "CHARSET", "COLLATE", "CONVERT", "ORDER"),
        *("FORCE", "ROW_FORMAT", "TABLESPACE", "DISCARD", "IMPORT", "PARTITION", "REORGANIZE", "COALESCE", "TRUNCATE"),
        *("ANALYZE", "CHECK", "OPTIMIZE", "REBUILD", "REPAIR", "REMOVE"),
    }
)
_QUERY = frozenset({"SELECT", "WITH", "VALUES", "TABLE"})


class Table(NamedTuple):
    """A table that gets columns and constraints. ``relation`` is None for a temporary one; ``act`` is what is done to
    its parts; ``is_new`` as long as it has no rows.
    """

    relation: Thing | None
    name: str
    act: Act = Act.CREATES
    is_new: bool = False


def make(state: State, table: Table, kind: Kind, name: str, word: str, place: int) -> None:
    """A column or constraint of the table."""
    if table.relation is not None:
        state.add(table.act, state.part(table.relation, kind, name), word, place)


def relation_of(state: State, names: list[Token]) -> Thing | None:
    return state.relation(names[-1].name, names[-2].name if len(names) > 1 else "")


# -------------------------------------------------------------------------------------------------- CREATE TABLE


def create_table(state: State, cursor: Cursor, act: Act, temporary: bool) -> None:
    """What follows CREATE TABLE."""
    act = Act.ENSURES if cursor.accept("IF", "NOT", "EXISTS") else act
    place = cursor.place
    names = cursor.names()
    relation = state.new_relation(names[-1].name, names[-2].name if len(names) > 1 else "", temporary)
    if relation is not None:
        state.add(act, relation, "table", place)
    table = Table(relation, state.fold(names[-1].name), act, is_new=True)
    if cursor.is_at("(", "LIKE"):
        cursor = cursor.inner()
    if cursor.accept("LIKE"):
        liked = cursor.names()
        state.use_relation(relation_of(state, liked), liked[0].start)
        make(state, table, Kind.COLUMN, ANY, "column", place)
        make(state, table, Kind.KEY, ANY, "key", place)
        return
    if cursor.is_at("(") and cursor.peek(1).word not in _QUERY:
        items = cursor.inner().items()
        for item in items:
            if item.peek().word not in _ELEMENTS:
                read_column(state, item, table)
        for item in items:
            if not item.ended():
                read_element(state, item, table)
    _options(state, cursor, table)


def _options(state: State, cursor: Cursor, table: Table) -> None:
    """Options and partitions, which are passed over, up to a query, if there is one."""
    while not cursor.ended():
        if cursor.peek().word in _QUERY or (cursor.is_at("(") and cursor.peek(1).word in _QUERY):
            if cursor.is_at("WITH", "SYSTEM"):
                cursor.take()
                continue
            place = cursor.place
            for name in read_query(state, cursor, Scope()):
                make(state, table, Kind.COLUMN, name, "column", place)
        elif cursor.is_at("("):
            cursor.group()
        else:
            cursor.take()


def read_column(state: State, cursor: Cursor, table: Table, name: Token | None = None) -> None:
    """A column's definition, to its end. ``name`` where it has been made already."""
    token = name or cursor.name()
    if name is None:
        make(state, table, Kind.COLUMN, token.name, "column", token.start)
    scope = Scope()
    scope.relations[table.name] = table.relation
    while not cursor.ended():
        if cursor.accept("PRIMARY", "KEY") or cursor.accept("PRIMARY") or cursor.accept("KEY"):
            _key(state, table, [token], "PRIMARY", is_primary=True)
        elif cursor.accept("UNIQUE"):
            cursor.accept("KEY")
            _key(state, table, [token], token.name)
        elif cursor.is_at("REFERENCES"):
            _references(state, cursor, table, [token])
        elif cursor.accept("CONSTRAINT"):
            if not cursor.is_at("CHECK"):
                constraint = cursor.name()
                make(state, table, Kind.CONSTRAINT, constraint.name, "constraint", constraint.start)
        elif cursor.accept("CHECK") or cursor.accept("AS"):
            read_expression(state, cursor.inner(), scope)
        elif cursor.accept("DEFAULT"):
            _default(state, cursor)
        elif cursor.accept("AFTER"):
            after = cursor.name()
            state.use_column(table.relation, after.name, after.start)
        elif cursor.accept("NOT", "NULL"):
            if name is not None and table.relation is not None and not table.is_new:
                state.add(Act.TIGHTENS, state.part(table.relation, Kind.COLUMN, token.name), "column", token.start)
        elif cursor.is_at("("):
            cursor.group()
        else:
            cursor.take()


def _default(state: State, cursor: Cursor) -> None:
    if cursor.accept("NEXT", "VALUE", "FOR"):
        sequence = cursor.names()
        state.use_relation(relation_of(state, sequence), sequence[0].start, "sequence")
    elif cursor.is_at("("):
        read_expression(state, cursor.inner(), Scope())
    elif cursor.is_at("NEXTVAL", "("):
        cursor.take()
        sequence = cursor.inner().names()
        state.use_relation(relation_of(state, sequence), sequence[0].start, "sequence")


# ------------------------------------------------------------------------------------------ keys and constraints


def read_element(state: State, cursor: Cursor, table: Table) -> None:
    """An index or constraint of a table, in CREATE TABLE or after ADD."""
    name = ""
    if cursor.accept("CONSTRAINT"):
        cursor.accept("IF", "NOT", "EXISTS")
        if cursor.peek().word not in ("PRIMARY", "UNIQUE", "FOREIGN", "CHECK"):
            name = cursor.name().name
    place = cursor.place
    if cursor.accept("PRIMARY", "KEY"):
        _add_key(state, cursor, table, "PRIMARY", is_primary=True)
    elif cursor.accept_any("UNIQUE", "FULLTEXT", "SPATIAL", *INDEX_WORDS):
        is_unique = cursor.tokens[cursor.position - 1].word == "UNIQUE"
        cursor.accept_any(*INDEX_WORDS)
        _add_key(state, cursor, table, name, is_unique=is_unique)
    elif cursor.accept("FOREIGN", "KEY"):
        cursor.accept("IF", "NOT", "EXISTS")
        if not cursor.is_at("("):
            name = name or cursor.name().name
        if name:
            make(state, table, Kind.CONSTRAINT, name, "constraint", place)
        _references(state, cursor, table, read_columns(state, cursor, table.relation))
    elif cursor.accept("CHECK"):
        scope = Scope()
        scope.relations[table.name] = table.relation
        read_expression(state, cursor.inner(), scope)
        if name:
            make(state, table, Kind.CONSTRAINT, name, "constraint", place)
        if table.relation is not None and not table.is_new:
            state.add(Act.TIGHTENS, table.relation, "table", place)
    elif not cursor.is_at("PERIOD"):
        raise UnexpectedError(cursor.place)


def _add_key(
    state: State, cursor: Cursor, table: Table, name: str, is_primary: bool = False, is_unique: bool = False
) -> None:
    cursor.accept("IF", "NOT", "EXISTS")
    if not cursor.is_at("(") and not cursor.is_at("USING"):
        name = cursor.name().name
    if cursor.accept("USING"):
        cursor.take()
    columns = read_columns(state, cursor, table.relation)
    _key(state, table, columns, name or (columns[0].name if columns else ""), is_primary)
    if (is_primary or is_unique) and not table.is_new:
        tighten(state, table.relation, columns)


def read_columns(state: State, cursor: Cursor, relation: Thing | None) -> list[Token]:
    """The columns of a key, in parentheses; of an expression, what it uses."""
    columns: list[Token] = []
    scope = Scope()
    if relation is not None:
        scope.relations[relation.name] = relation
    for item in cursor.inner().items():
        if item.is_at("("):
            read_expression(state, item.inner(), scope)
            continue
        columns.append(item.name())
        state.use_column(relation, columns[-1].name, columns[-1].start)
    return columns


def _key(state: State, table: Table, columns: list[Token], name: str, is_primary: bool = False) -> None:
    if not columns:
        return
    place = columns[0].start
    if not is_primary:
        make(state, table, Kind.CONSTRAINT, name, "index", place)
    make_keys(state, table.relation, columns, table.act)
    if is_primary and table.relation is not None:
        state.add(table.act, state.key(table.relation, ()), "primary key", place)


def make_keys(state: State, relation: Thing | None, columns: list[Token], act: Act) -> None:
    """A foreign key may refer to the first columns of any index."""
    for count in range(1, len(columns) + 1 if relation is not None else 0):
        assert relation is not None
        state.add(act, state.key(relation, [column.name for column in columns[:count]]), "key", columns[0].start)


def tighten(state: State, relation: Thing | None, columns: list[Token]) -> None:
    """Rows that were taken before are refused."""
    for column in columns if relation is not None else ():
        assert relation is not None
        state.add(Act.TIGHTENS, state.part(relation, Kind.COLUMN, column.name), "column", column.start)


def _references(state: State, cursor: Cursor, table: Table, columns: list[Token]) -> None:
    cursor.expect("REFERENCES")
    place = cursor.place
    target = relation_of(state, cursor.names())
    keys = [item.name() for item in cursor.inner().items()] if cursor.is_at("(") else []
    while cursor.accept_any("ON", "MATCH"):
        cursor.take()
        cursor.accept_any("SET", "NO")
        cursor.take()
    if target is None or table.relation is None:
        return
    state.use_relation(target, place)
    for key in keys:
        state.use_column(target, key.name, key.start)
    names = [key.name for key in keys]
    state.add(Act.USES, state.key(target, names), "key", place)
    state.refers(table.relation, [column.name for column in columns], target, names, place)


# --------------------------------------------------------------------------------------------------- ALTER TABLE


def alter_table(state: State, cursor: Cursor) -> None:
    """What follows ALTER TABLE."""
    need = Act.MAY_USE if cursor.accept("IF", "EXISTS") else Act.USES
    names = cursor.names()
    relation = relation_of(state, names)
    state.use_relation(relation, names[0].start, "table", need)
    table = Table(relation, state.fold(names[-1].name))
    for item in cursor.items():
        if not item.ended():
            _action(state, item, table, names[0])


def _action(state: State, cursor: Cursor, table: Table, named: Token) -> None:
    if cursor.accept("ADD"):
        _add(state, cursor, table)
    elif cursor.accept("DROP"):
        _drop(state, cursor, table, named)
    elif cursor.accept_any("MODIFY", "CHANGE"):
        _change(state, cursor, table, renames=cursor.tokens[cursor.position - 1].word == "CHANGE")
    elif cursor.accept("ALTER"):
        kind = Kind.CONSTRAINT if cursor.accept_any("INDEX", "KEY", "CHECK", "CONSTRAINT") else Kind.COLUMN
        cursor.accept("COLUMN")
        cursor.accept("IF", "EXISTS")
        _part(state, Act.ALTERS, table, kind, cursor.name())
    elif cursor.accept("RENAME"):
        _rename(state, cursor, table, named)
    elif cursor.peek().word not in _HOW:
        if cursor.peek().word not in _OPTIONS and cursor.peek(1).word != "=":
            raise UnexpectedError(cursor.place)
        if table.relation is not None:
            state.add(Act.ALTERS, table.relation, "table", named.start)


def _add(state: State, cursor: Cursor, table: Table) -> None:
    if cursor.is_at("PARTITION") or cursor.is_at("SYSTEM", "VERSIONING"):
        return
    if cursor.peek().word in _ELEMENTS and cursor.peek().word != "LIKE":
        read_element(state, cursor, table)
        return
    cursor.accept("COLUMN")
    table = table._replace(act=Act.ENSURES) if cursor.accept("IF", "NOT", "EXISTS") else table
    for item in cursor.inner().items() if cursor.is_at("(") else [cursor]:
        read_column(state, item, table)


def _drop(state: State, cursor: Cursor, table: Table, named: Token) -> None:
    if cursor.is_at("PRIMARY", "KEY"):
        if table.relation is not None:
            state.add(Act.USES, state.key(table.relation, ()), "primary key", named.start)
            state.add(Act.USES, state.key(table.relation, ()), "primary key", named.start)
            state.add(Act.DROPS, state.key(table.relation, ()), "primary key", named.start)
    elif cursor.accept("PARTITION") or cursor.accept("SYSTEM", "VERSIONING"):
        if table.relation is not None:
            state.add(Act.ALTERS, table.relation, "table", named.start)
    elif cursor.accept("FOREIGN", "KEY") or cursor.accept_any("CONSTRAINT", "CHECK", *INDEX_WORDS):
        _part(state, Act.DROPS, table, Kind.CONSTRAINT, *_maybe(cursor))
    else:
        if cursor.peek(1) is not END and cursor.peek(1).word not in ("RESTRICT", "CASCADE"):
            cursor.accept("COLUMN")
        _part(state, Act.DROPS, table, Kind.COLUMN, *_maybe(cursor))


def _maybe(cursor: Cursor) -> tuple[Token, Act]:
    need = Act.MAY_USE if cursor.accept("IF", "EXISTS") else Act.USES
    return cursor.name(), need


def _part(state: State, act: Act, table: Table, kind: Kind, token: Token, need: Act = Act.USES) -> None:
    """Something done to a part of a table that is there."""
    if table.relation is not None:
        thing = state.part(table.relation, kind, token.name)
        word = "column" if kind is Kind.COLUMN else "constraint"
        state.add(need, thing, word, token.start)
        state.add(act, thing, word, token.start)


def _change(state: State, cursor: Cursor, table: Table, renames: bool) -> None:
    cursor.accept("COLUMN")
    token, need = _maybe(cursor)
    if not renames:
        _part(state, Act.ALTERS, table, Kind.COLUMN, token, need)
        read_column(state, cursor, table, token)
        return
    new = cursor.name()
    if state.fold(new.name) == state.fold(token.name):
        _part(state, Act.ALTERS, table, Kind.COLUMN, token, need)
    else:
        _part(state, Act.RENAMES_FROM, table, Kind.COLUMN, token, need)
        make(state, table._replace(act=Act.RENAMES_TO), Kind.COLUMN, new.name, "column", new.start)
    read_column(state, cursor, table, new)


def _rename(state: State, cursor: Cursor, table: Table, named: Token) -> None:
    if cursor.is_at("COLUMN") or (cursor.peek().word in INDEX_WORDS and cursor.peek(1) is not END):
        kind = Kind.COLUMN if cursor.take().word == "COLUMN" else Kind.CONSTRAINT
        _part(state, Act.RENAMES_FROM, table, kind, cursor.name())
        cursor.expect("TO")
        new = cursor.name()
        word = "column" if kind is Kind.COLUMN else "constraint"
        make(state, table._replace(act=Act.RENAMES_TO), kind, new.name, word, new.start)
        return
    cursor.accept_any("TO", "AS", "=")
    rename_table(state, table.relation, named, cursor.names())


def rename_table(state: State, relation: Thing | None, named: Token, new: list[Token]) -> None:
    """A table gets another name."""
    renamed = relation_of(state, new)
    if relation is not None and renamed is not None:
        state.add(Act.RENAMES_FROM, relation, "table", named.start)
        state.add(Act.RENAMES_TO, renamed, "table", new[0].start)
