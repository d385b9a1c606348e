"""The statements of MySQL and MariaDB that are read by hand: all but queries and changes of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from changelog_engine.sql.effects import Act, Kind, Thing, Writing
from changelog_engine.sql.glot.expressions import read_expression, read_query
from changelog_engine.sql.glot.mysql_tables import (
    alter_table,
    create_table,
    make_keys,
    read_columns,
    relation_of,
    rename_table,
    tighten,
)
from changelog_engine.sql.glot.queries import Scope
from changelog_engine.sql.glot.state import State
from changelog_engine.sql.glot.tokens import Cursor, Token, UnexpectedError
from changelog_engine.sql.glot.triggers import read_assignments, read_call, read_mysql_body

Handler = Callable[[State, Cursor], None]

_OBJECTS = ("TABLE", "VIEW", "INDEX", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "SEQUENCE", "USER", "ROLE")
_DATABASES = ("DATABASE", "SCHEMA")
_BODY = frozenset(
    {
        *("BEGIN", "RETURN", "SET", "CALL", "IF", "WHILE", "LOOP", "REPEAT", "CASE"),
        *("SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"),
    }
)


def _object(cursor: Cursor) -> str:
    """Take the words up to that for what is made or dropped (OR REPLACE, UNIQUE, DEFINER = …); gives that."""
    while (word := cursor.take().word) not in (*_OBJECTS, *_DATABASES):
        if word == ";":
            raise UnexpectedError(cursor.place)
    return word


# ---------------------------------------------------------------------------------------------------- CREATE


def _create(state: State, cursor: Cursor) -> None:
    replaces = cursor.is_at("OR", "REPLACE")
    first = cursor.position
    word = _object(cursor)
    before = [token.word for token in cursor.tokens[first : cursor.position]]
    act = Act.REPLACES if replaces else Act.CREATES
    if word == "TABLE":
        create_table(state, cursor, act, "TEMPORARY" in before)
        return
    if word == "USER" and cursor.is_at("MAPPING"):
        raise UnexpectedError(cursor.place)
    act = Act.ENSURES if cursor.accept("IF", "NOT", "EXISTS") else act
    if word == "VIEW":
        _create_view(state, cursor, act)
    elif word == "INDEX":
        _create_index(state, cursor, act, "UNIQUE" in before)
    elif word == "TRIGGER":
        _create_trigger(state, cursor, act)
    elif word in ("PROCEDURE", "FUNCTION", "EVENT"):
        _create_routine(state, cursor, act, word.lower())
    elif word in ("USER", "ROLE"):
        for role in _roles(cursor):
            state.add(act, role, word.lower(), cursor.tokens[0].start)
    else:
        names = cursor.names()
        relation = relation_of(state, names)
        if word in _DATABASES:
            state.add(act, Thing(Kind.SCHEMA, state.fold(names[-1].name)), "database", names[0].start)
        elif relation is not None:
            state.add(act, relation, "sequence", names[0].start)


def _create_view(state: State, cursor: Cursor, act: Act) -> None:
    names = cursor.names()
    relation = relation_of(state, names)
    given = [item.name().name for item in cursor.inner().items()] if cursor.is_at("(") else []
    cursor.expect("AS")
    tokens = cursor.tokens[cursor.position :]
    if [token.word for token in tokens[-2:]] == ["CHECK", "OPTION"]:
        end = max(index for index, token in enumerate(tokens) if token.word == "WITH")
        tokens = tokens[:end]
    found = read_query(state, Cursor(tokens), Scope())
    if relation is not None:
        state.add(act, relation, "view", names[0].start)
        for name in given or found:
            state.add(act, state.part(relation, Kind.COLUMN, name), "column", names[0].start)


def _create_index(state: State, cursor: Cursor, act: Act, is_unique: bool) -> None:
    name = cursor.name()
    if cursor.accept("USING"):
        cursor.take()
    cursor.expect("ON")
    table = cursor.names()
    relation = relation_of(state, table)
    state.use_relation(relation, table[0].start)
    columns = read_columns(state, cursor, relation)
    if relation is not None:
        state.add(act, state.part(relation, Kind.CONSTRAINT, name.name), "index", name.start)
        make_keys(state, relation, columns, act)
        if is_unique:
            tighten(state, relation, columns)


def _create_trigger(state: State, cursor: Cursor, act: Act) -> None:
    names = cursor.names()
    while not cursor.accept("ON"):
        cursor.take()
    table = cursor.names()
    relation = relation_of(state, table)
    state.use_relation(relation, table[0].start)
    state.add(act, Thing(Kind.TRIGGER, state.fold(names[-1].name)), "trigger", names[0].start)
    cursor.expect("FOR", "EACH", "ROW")
    if cursor.accept_any("FOLLOWS", "PRECEDES"):
        other = cursor.name()
        state.use(Kind.TRIGGER, other.name, "trigger", other.start)
    scope = Scope()
    scope.qualified |= {"new": relation, "old": relation}
    with state.later(names[-1].name):
        read_mysql_body(state, cursor.tokens[cursor.position :], scope)


def _create_routine(state: State, cursor: Cursor, act: Act, word: str) -> None:
    names = cursor.names()
    schema = state.fold(names[-2].name) if len(names) > 1 else ""
    name = state.fold(names[-1].name)
    thing = Thing(Kind.OTHER, name, schema, word) if word == "event" else Thing(Kind.ROUTINE, name, schema)
    state.add(act, thing, word, names[0].start)
    if cursor.accept("RETURNS"):
        # A function of a library (`CREATE FUNCTION f RETURNS INTEGER SONAME 'x.so'`).
        return
    if cursor.is_at("("):
        cursor.group()
    last = ""
    while not cursor.ended() and not (cursor.peek().word in _BODY and last != "CHARACTER"):
        last = cursor.take().word
    with state.later(names[-1].name):
        read_mysql_body(state, cursor.tokens[cursor.position :], Scope())


# ------------------------------------------------------------------------------------------------ ALTER, DROP


def _alter(state: State, cursor: Cursor) -> None:
    word = _object(cursor)
    if word == "TABLE":
        alter_table(state, cursor)
        return
    need = Act.MAY_USE if cursor.accept("IF", "EXISTS") else Act.USES
    if word == "VIEW":
        _create_view(state, cursor, Act.REPLACES)
    elif word in ("USER", "ROLE"):
        for role in _roles(cursor):
            state.add(need, role, word.lower(), cursor.tokens[0].start)
            state.add(Act.ALTERS, role, word.lower(), cursor.tokens[0].start)
    else:
        names = cursor.names()
        thing = _thing(state, word, names)
        if thing is not None:
            state.add(need, thing, word.lower(), names[0].start)
            state.add(Act.ALTERS, thing, word.lower(), names[0].start)


def _thing(state: State, word: str, names: list[Token]) -> Thing | None:
    """What a statement about an object names."""
    schema = state.fold(names[-2].name) if len(names) > 1 else ""
    name = state.fold(names[-1].name)
    if word in _DATABASES:
        return Thing(Kind.SCHEMA, name)
    if word == "TRIGGER":
        return Thing(Kind.TRIGGER, name)
    if word in ("PROCEDURE", "FUNCTION"):
        return Thing(Kind.ROUTINE, name, schema)
    return Thing(Kind.OTHER, name, schema, "event") if word == "EVENT" else relation_of(state, names)


def _drop(state: State, cursor: Cursor) -> None:
    word = _object(cursor)
    need = Act.MAY_USE if cursor.accept("IF", "EXISTS") else Act.USES
    if word in ("USER", "ROLE"):
        for role in _roles(cursor):
            state.add(need, role, word.lower(), cursor.tokens[0].start)
            state.add(Act.DROPS, role, word.lower(), cursor.tokens[0].start)
        return
    names = cursor.names()
    if word == "INDEX":
        cursor.expect("ON")
        table = cursor.names()
        relation = relation_of(state, table)
        state.use_relation(relation, table[0].start)
        _dropped(state, need, relation and state.part(relation, Kind.CONSTRAINT, names[0].name), "index", names)
        return
    _dropped(state, need, _thing(state, word, names), word.lower(), names)
    while cursor.accept(","):
        names = cursor.names()
        _dropped(state, need, _thing(state, word, names), word.lower(), names)


def _dropped(state: State, need: Act, thing: Thing | None, word: str, names: list[Token]) -> None:
    if thing is None:
        state.temporary.discard(state.fold(names[-1].name))
        return
    state.add(need, thing, word, names[0].start)
    state.add(Act.DROPS, thing, word, names[0].start)


def _rename(state: State, cursor: Cursor) -> None:
    cursor.expect("TABLE")
    for item in cursor.items():
        old = item.names()
        relation = relation_of(state, old)
        state.use_relation(relation, old[0].start)
        item.expect("TO")
        rename_table(state, relation, old[0], item.names())


# ------------------------------------------------------------------------------------------------------ rights


def _roles(cursor: Cursor) -> list[Thing]:
    """Users and roles, up to the words that follow them: ``name``, ``'name'@'host'``."""
    roles: list[Thing] = []
    while True:
        name = cursor.name().name
        if cursor.accept("@"):
            host = cursor.name().name
            name = name if host == "%" else f"{name}@{host}"
        elif cursor.peek().word.startswith("@"):
            name = f"{name}{cursor.take().name}"
        roles.append(Thing(Kind.ROLE, name))
        if not cursor.accept(","):
            return roles


def _rights(state: State, cursor: Cursor) -> None:
    """GRANT and REVOKE: what they name."""
    preposition = next((token.word for token in cursor.tokens if token.word in ("TO", "FROM")), "")
    granted = cursor.position
    while not cursor.ended() and cursor.peek().word not in ("ON", preposition):
        cursor.take()
    if cursor.accept("ON"):
        word = cursor.take().word if cursor.peek().word in ("TABLE", "FUNCTION", "PROCEDURE") else "TABLE"
        names: list[Token] = []
        while not cursor.is_at(preposition):
            names.append(cursor.take())
        if names[-1].word != "*":
            thing = _thing(state, word, [token for token in names if token.word != "."])
            if thing is not None:
                state.add(Act.USES, thing, word.lower(), names[0].start)
    else:
        for role in _roles(Cursor(cursor.tokens[granted : cursor.position])):
            state.add(Act.USES, role, "role", cursor.tokens[granted].start)
    cursor.expect(preposition)
    place = cursor.place
    for role in _roles(cursor):
        state.add(Act.USES, role, "user", place)


# ---------------------------------------------------------------------------------------------------- others


def _nothing(state: State, cursor: Cursor) -> None:
    """It touches no object of a changeset."""


def _set(state: State, cursor: Cursor) -> None:
    read_assignments(state, cursor, Scope())


def _call(state: State, cursor: Cursor) -> None:
    read_call(state, cursor, Scope())


def _expression(state: State, cursor: Cursor) -> None:
    read_expression(state, cursor, Scope())


def _truncate(state: State, cursor: Cursor) -> None:
    cursor.accept("TABLE")
    names = cursor.names()
    relation = relation_of(state, names)
    state.use_relation(relation, names[0].start)
    state.writes(Writing.DELETES, relation, names[0].start)


def _load(state: State, cursor: Cursor) -> None:
    while not cursor.accept("INTO", "TABLE"):
        cursor.take()
    names = cursor.names()
    relation = relation_of(state, names)
    state.use_relation(relation, names[0].start)
    state.writes(Writing.INSERTS, relation, names[0].start)


def _tables(state: State, cursor: Cursor) -> None:
    """ANALYZE, OPTIMIZE, CHECK, REPAIR and LOCK of tables."""
    while not cursor.accept_any("TABLE", "TABLES"):
        cursor.take()
    for item in cursor.items():
        names = item.names()
        state.use_relation(relation_of(state, names), names[0].start)


def _explain(state: State, cursor: Cursor) -> None:
    if cursor.peek().word in ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE"):
        read_query(state, cursor, Scope())


def _use(state: State, cursor: Cursor) -> None:
    state.opaque("USE: the names that follow are those of another database", cursor.tokens[0].start)


def _dynamic(state: State, cursor: Cursor) -> None:
    state.opaque("SQL that is made when it runs", cursor.tokens[0].start)


STATEMENTS: Mapping[str, Handler] = {
    "CREATE": _create,
    "ALTER": _alter,
    "DROP": _drop,
    "RENAME": _rename,
    "TRUNCATE": _truncate,
    "GRANT": _rights,
    "REVOKE": _rights,
    "SET": _set,
    "CALL": _call,
    "DO": _expression,
    "LOAD": _load,
    "USE": _use,
    **dict.fromkeys(("ANALYZE", "OPTIMIZE", "CHECK", "REPAIR", "LOCK"), _tables),
    **dict.fromkeys(("PREPARE", "EXECUTE"), _dynamic),
    **dict.fromkeys(("EXPLAIN", "DESCRIBE", "DESC"), _explain),
    **dict.fromkeys(("BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "XA"), _nothing),
    **dict.fromkeys(("UNLOCK", "FLUSH", "SHOW", "DEALLOCATE"), _nothing),
}
