"""SQLite's statements that are read by hand: all but queries and changes of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from changelog_engine.sql.effects import Act, Kind, Thing
from changelog_engine.sql.glot.expressions import read_expression, read_query
from changelog_engine.sql.glot.own_names import built_in
from changelog_engine.sql.glot.queries import Scope
from changelog_engine.sql.glot.sqlite_tables import Table, create_table, read_column
from changelog_engine.sql.glot.state import State
from changelog_engine.sql.glot.tokens import END, Cursor, Token, UnexpectedError
from changelog_engine.sql.glot.triggers import read_sqlite_body

Handler = Callable[[State, Cursor], None]


def _relation(state: State, names: list[Token]) -> Thing | None:
    return state.relation(names[-1].name, names[-2].name if len(names) > 1 else "")


# ---------------------------------------------------------------------------------------------------- CREATE


def _create(state: State, cursor: Cursor) -> None:
    temporary = cursor.accept_any("TEMP", "TEMPORARY")
    if cursor.accept("TABLE"):
        create_table(state, cursor, temporary)
    elif cursor.accept("VIEW"):
        _create_view(state, cursor, temporary)
    elif cursor.accept("TRIGGER"):
        _create_trigger(state, cursor, temporary)
    elif cursor.accept("VIRTUAL", "TABLE"):
        _create_virtual_table(state, cursor)
    elif cursor.accept("UNIQUE", "INDEX"):
        _create_index(state, cursor, is_unique=True)
    elif cursor.accept("INDEX"):
        _create_index(state, cursor, is_unique=False)
    else:
        raise UnexpectedError(cursor.place)


def _act(cursor: Cursor) -> Act:
    return Act.ENSURES if cursor.accept("IF", "NOT", "EXISTS") else Act.CREATES


def _create_index(state: State, cursor: Cursor, is_unique: bool) -> None:
    act = _act(cursor)
    names = cursor.names()
    cursor.expect("ON")
    table = cursor.name()
    schema = names[-2].name if len(names) > 1 else ""
    relation = state.relation(table.name, schema)
    state.use_relation(relation, table.start)
    scope = Scope()
    scope.relations[state.fold(table.name)] = relation
    first, end = cursor.group()
    indexed = Cursor(cursor.tokens[first:end])
    items = indexed.items()
    columns = [item.peek() for item in items if item.peek(1).word in ("", "COLLATE", "ASC", "DESC")]
    if len(columns) == len(items):
        for column, item in zip(columns, items, strict=True):
            state.use_column(relation, column.name, column.start)
            if item.peek(1).word == "COLLATE":
                state.use(Kind.COLLATION, item.peek(2).name, "collation", item.peek(2).start)
    else:
        read_expression(state, Cursor(_without_order(cursor.tokens[first:end])), scope)
    if cursor.accept("WHERE"):
        read_expression(state, cursor, scope)
    cursor.expect_end()
    if relation is None:
        return
    state.add(act, relation._replace(name=state.fold(names[-1].name)), "index", names[-1].start)
    if not is_unique:
        return
    if len(columns) < len(items):
        state.add(Act.TIGHTENS, relation, "table", table.start)
        return
    # ON CONFLICT needs the key, whether or not the index is partial; a foreign key needs a whole one.
    state.add(act, state.key(relation, [column.name for column in columns]), "key", table.start)
    for column in columns:
        state.add(Act.TIGHTENS, state.part(relation, Kind.COLUMN, column.name), "column", column.start)


def _without_order(tokens: list[Token]) -> list[Token]:
    """Indexed expressions up to the order of the last one: the others' orders are read along, as names are not."""
    while tokens and tokens[-1].word in ("ASC", "DESC"):
        tokens = tokens[:-1]
    return tokens


def _create_view(state: State, cursor: Cursor, temporary: bool) -> None:
    act = _act(cursor)
    names = cursor.names()
    relation = state.new_relation(names[-1].name, names[-2].name if len(names) > 1 else "", temporary)
    columns = [item.name().name for item in cursor.inner().items()] if cursor.is_at("(") else []
    cursor.expect("AS")
    columns = read_query(state, cursor, Scope()) if not columns else (read_query(state, cursor, Scope()), columns)[1]
    if relation is not None:
        state.add(act, relation, "view", names[-1].start)
        for name in columns:
            state.add(act, state.part(relation, Kind.COLUMN, name), "column", names[-1].start)


def _create_trigger(state: State, cursor: Cursor, temporary: bool) -> None:
    act = _act(cursor)
    names = cursor.names()
    trigger = names[-1]
    if not cursor.accept_any("BEFORE", "AFTER"):
        cursor.accept("INSTEAD", "OF")
    columns: list[Token] = []
    event = cursor.take().word
    if event == "UPDATE" and cursor.accept("OF"):
        columns.append(cursor.name())
        while cursor.accept(","):
            columns.append(cursor.name())
    elif event not in ("INSERT", "UPDATE", "DELETE"):
        raise UnexpectedError(trigger.end)
    cursor.expect("ON")
    table = cursor.names()
    relation = _relation(state, table)
    state.use_relation(relation, table[0].start)
    for column in columns:
        state.use_column(relation, column.name, column.start)
    cursor.accept("FOR", "EACH", "ROW")
    scope = Scope()
    scope.qualified |= {"new": relation, "old": relation}
    if not temporary:
        schema = state.fold(names[-2].name) if len(names) > 1 else ""
        thing = Thing(Kind.TRIGGER, state.fold(trigger.name), "" if schema == "main" else schema)
        state.add(act, thing, "trigger", trigger.start)
    begin = next(index for index in range(cursor.position, len(cursor.tokens)) if cursor.tokens[index].word == "BEGIN")
    with state.later(trigger.name):
        if cursor.accept("WHEN"):
            read_expression(state, Cursor(cursor.tokens[cursor.position : begin]), scope)
        read_sqlite_body(state, cursor.tokens[begin + 1 : -1], scope)


def _create_virtual_table(state: State, cursor: Cursor) -> None:
    act = _act(cursor)
    names = cursor.names()
    relation = _relation(state, names)
    cursor.expect("USING")
    module = cursor.name()
    arguments = cursor.inner().items() if cursor.is_at("(") else []
    if state.fold(module.name) not in built_in("sqlite", Kind.RELATION):
        state.opaque(f"the virtual table module `{module.name}`, which is not SQLite's own", module.start)
    if relation is None:
        return
    state.add(act, relation, "virtual table", names[-1].start)
    for argument in arguments:
        if argument.ended():
            continue
        option = argument.peek()
        if argument.peek(1).word != "=":
            state.add(act, state.part(relation, Kind.COLUMN, option.name), "column", names[-1].start)
        elif option.word == "CONTENT" and argument.peek(2).name:
            content = argument.peek(2)
            state.use_relation(state.relation(content.name), content.start, "relation", Act.USES_WHEN_RUN)
    # Each module has columns of its own too (`rank`, the table's name).
    state.add(act, state.part(relation, Kind.COLUMN, "*"), "column", names[-1].start)


# ------------------------------------------------------------------------------------------------ ALTER, DROP


def _alter(state: State, cursor: Cursor) -> None:
    cursor.expect("TABLE")
    names = cursor.names()
    relation, place = _relation(state, names), names[0].start
    state.use_relation(relation, place)
    if cursor.accept("RENAME", "TO"):
        renamed = cursor.name()
        if relation is not None:
            state.add(Act.RENAMES_FROM, relation, "table", place)
            state.add(Act.RENAMES_TO, relation._replace(name=state.fold(renamed.name)), "table", renamed.start)
    elif cursor.accept("RENAME"):
        if not (cursor.is_at("COLUMN", "TO") or cursor.peek(1).word == "TO"):
            cursor.expect("COLUMN")
        old = cursor.name()
        cursor.expect("TO")
        new = cursor.name()
        state.use_column(relation, old.name, old.start)
        _part(state, Act.RENAMES_FROM, relation, old)
        _part(state, Act.RENAMES_TO, relation, new)
    elif cursor.accept("ADD"):
        cursor.accept("COLUMN")
        read_column(state, cursor, Table(relation, state.fold(names[-1].name)))
    elif cursor.accept("DROP"):
        if cursor.peek(1) is not END:
            cursor.expect("COLUMN")
        column = cursor.name()
        state.use_column(relation, column.name, column.start)
        _part(state, Act.DROPS, relation, column)
    else:
        raise UnexpectedError(cursor.place)
    cursor.expect_end()


def _part(state: State, act: Act, relation: Thing | None, column: Token) -> None:
    if relation is not None:
        state.add(act, state.part(relation, Kind.COLUMN, column.name), "column", column.start)


def _drop(state: State, cursor: Cursor) -> None:
    word = cursor.take().word
    if word not in ("TABLE", "VIEW", "INDEX", "TRIGGER"):
        raise UnexpectedError(cursor.place)
    need = Act.MAY_USE if cursor.accept("IF", "EXISTS") else Act.USES
    names = cursor.names()
    cursor.expect_end()
    relation = _relation(state, names)
    if relation is None:
        state.temporary.discard(state.fold(names[-1].name))
        return
    thing = relation._replace(kind=Kind.TRIGGER) if word == "TRIGGER" else relation
    state.add(need, thing, word.lower(), names[0].start)
    state.add(Act.DROPS, thing, word.lower(), names[0].start)


# ---------------------------------------------------------------------------------------------------- others


def _nothing(state: State, cursor: Cursor) -> None:
    """It touches no object of a changeset: VACUUM, BEGIN, SAVEPOINT, DETACH."""


def _pragma(state: State, cursor: Cursor) -> None:
    """Settings and questions; but one lets the schema be written to as rows."""
    if any(token.word == "WRITABLE_SCHEMA" for token in cursor.tokens):
        state.opaque("PRAGMA writable_schema: definitions are then written as rows", cursor.tokens[0].start)


def _attach(state: State, cursor: Cursor) -> None:
    cursor.accept("DATABASE")
    while not cursor.ended() and not cursor.is_at("AS"):
        cursor.take()
    cursor.expect("AS")
    schema = cursor.name()
    state.opaque(f"ATTACH: `{schema.name}` is another file, about which nothing is known", schema.start)


def _maintained(state: State, cursor: Cursor) -> None:
    """REINDEX and ANALYZE, of one table or index, or of all."""
    if cursor.ended():
        return
    names = cursor.names()
    if state.fold(names[-1].name) not in built_in("sqlite", Kind.COLLATION):
        state.use_relation(_relation(state, names), names[0].start, "relation")


def _explain(state: State, cursor: Cursor) -> None:
    cursor.accept("QUERY", "PLAN")
    read_query(state, cursor, Scope())


STATEMENTS: Mapping[str, Handler] = {
    "CREATE": _create,
    "ALTER": _alter,
    "DROP": _drop,
    "ATTACH": _attach,
    "REINDEX": _maintained,
    "ANALYZE": _maintained,
    "EXPLAIN": _explain,
    "PRAGMA": _pragma,
    **dict.fromkeys(("VACUUM", "DETACH", "BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"), _nothing),
}
