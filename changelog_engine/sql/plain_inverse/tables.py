"""ALTER TABLE and CREATE INDEX, undone."""

from __future__ import annotations

from changelog_engine.sql.inverses import DROPPED, ENSURED, UncertainError
from changelog_engine.sql.plain_inverse.definitions import columns_of
from changelog_engine.sql.plain_inverse.known import Known, Table
from changelog_engine.sql.plain_inverse.words import UNKNOWN, Words

Statements = tuple[str, ...]

_UNNAMED_INDEX = "the index has no name in the changelog: give it one"
_UNNAMED = "the constraint has no name in the changelog: give it one"
_RELIED_ON = "whether a foreign key relies on the index is not known from the changesets before it"
_KINDS = ("PRIMARY", "UNIQUE", "FOREIGN", "CHECK")


def alter(words: Words, known: Known) -> Statements:
    if not words.take("TABLE"):
        raise UncertainError(UNKNOWN)
    if words.take("IF"):
        raise UncertainError("with IF EXISTS nobody knows whether it changed anything")
    name = words.name()
    if words.take("RENAME"):
        return _rename(words, known, name)
    if known.is_own(name):
        return ()
    if not words.take("ADD"):
        raise UncertainError(DROPPED if words.take("DROP") else UNKNOWN)
    if len(words.commands()) > 1:
        raise UncertainError("several changes in one ALTER TABLE are not taken apart: make each a statement of its own")
    return _add_to_sqlite(words, name) if known.dbms == "sqlite" else _add(words, known, name)


def _rename(words: Words, known: Known, table: str) -> Statements:
    if words.take_any("TO", "AS"):
        new = words.name()
        if known.dbms != "sqlite" and ("." in table) != ("." in new):
            raise UncertainError("which database it moves to is not named")
        beside = f"{table.rpartition('.')[0]}.{new}" if "." in table and "." not in new else new
        back = table.rpartition(".")[2] if known.dbms == "sqlite" else table
        undone = f"ALTER TABLE {beside} RENAME TO {back}"
    else:
        kind = "INDEX" if words.take_any("INDEX", "KEY") else "COLUMN"
        words.take("COLUMN")
        old = words.name()
        if not words.take("TO"):
            raise UncertainError(UNKNOWN)
        undone = f"ALTER TABLE {table} RENAME {kind} {words.name()} TO {old}"
    if not words.is_at_end():
        raise UncertainError(UNKNOWN)
    return (undone,)


def _add_to_sqlite(words: Words, table: str) -> Statements:
    if words.next_is("CONSTRAINT", *_KINDS):
        raise UncertainError(UNKNOWN)
    words.take("COLUMN")
    name = words.name()
    if "REFERENCES" in words.rest():
        raise UncertainError("SQLite does not drop a column that refers to another table")
    return (f"ALTER TABLE {table} DROP COLUMN {name}",)


def _add(words: Words, known: Known, table: str) -> Statements:
    if words.next_is("PARTITION", "PERIOD", "SYSTEM", "("):
        raise UncertainError(UNKNOWN)
    if words.next_is(*_KINDS[2:], "PRIMARY"):
        raise UncertainError(_UNNAMED)
    if words.take("CONSTRAINT"):
        return _add_constraint(words, known, table)
    if words.take_any("UNIQUE", "FULLTEXT", "SPATIAL") or words.next_is("INDEX", "KEY"):
        words.take_any("INDEX", "KEY")
        return _add_index(words, known, table)
    words.take("COLUMN")
    if words.take("IF"):
        raise UncertainError(ENSURED)
    name = words.name()
    if "REFERENCES" in words.rest():
        raise UncertainError("the foreign key of the column has no name in the changelog: add it by itself")
    return (f"ALTER TABLE {table} DROP COLUMN {name}",)


def _add_constraint(words: Words, known: Known, table: str) -> Statements:
    if words.take("IF"):
        raise UncertainError(ENSURED)
    if words.next_is(*_KINDS):
        raise UncertainError(_UNNAMED)
    name = words.name()
    kind = words.take_any(*_KINDS)
    if kind == "CHECK":
        return (f"ALTER TABLE {table} DROP CONSTRAINT {name}",)
    if kind == "UNIQUE":
        words.take_any("INDEX", "KEY")
        if not words.next_is("("):
            raise UncertainError("it has two names: give it one")
        _refuse_relied_on(words, known, table)
        return (f"ALTER TABLE {table} DROP INDEX {name}",)
    if kind == "FOREIGN" and words.take("KEY") and words.next_is("("):
        return _drop_foreign_key(words, known, table, name)
    raise UncertainError(UNKNOWN)


def _drop_foreign_key(words: Words, known: Known, table: str, name: str) -> Statements:
    """The index that the server makes for a foreign key stays when that is dropped: it has its name."""
    found = _known(known.table(table))
    words.take("(")
    columns = columns_of(words.tokens[words.place :])
    drop = f"ALTER TABLE {table} DROP FOREIGN KEY {name}"
    if any(index[: len(columns)] == columns for index in (*found.indexes.values(), *found.foreign)):
        return (drop,)
    return (drop, f"ALTER TABLE {table} DROP INDEX {name}")


def _add_index(words: Words, known: Known, table: str) -> Statements:
    if words.take("IF"):
        raise UncertainError(ENSURED)
    if words.is_at_end() or words.next_is("(", "USING"):
        raise UncertainError(_UNNAMED_INDEX)
    name = words.name()
    _refuse_relied_on(words, known, table)
    return (f"ALTER TABLE {table} DROP INDEX {name}",)


def index_of(words: Words, known: Known, name: str) -> Statements:
    """What undoes CREATE INDEX, from after its name."""
    if known.dbms == "sqlite":
        return (f"DROP INDEX {name}",)
    words.skip_to("ON")
    words.take("ON")
    table = words.name()
    if known.is_own(table):
        return ()
    _refuse_relied_on(words, known, table)
    return (f"DROP INDEX {name} ON {table}",)


def _refuse_relied_on(words: Words, known: Known, table: str) -> None:
    words.skip_to("(")
    words.take("(")
    refuse_relied_on(known.table(table), columns_of(words.tokens[words.place :]))


def refuse_relied_on(table: Table | None, columns: tuple[str, ...]) -> None:
    """UncertainError where a foreign key of a table, None where it is not known, may rely on an index of the columns.

    The server drops an index that it made for a foreign key as soon as there is another, and then keeps that.
    """
    for foreign in _known(table).foreign:
        if columns[: len(foreign)] == foreign:
            raise UncertainError("a foreign key may rely on the index")


def _known(table: Table | None) -> Table:
    if table is None or not table.has_all_indexes:
        raise UncertainError(_RELIED_ON)
    return table
