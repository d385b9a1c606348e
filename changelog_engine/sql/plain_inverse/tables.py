"""ALTER TABLE and CREATE INDEX, undone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from changelog_engine.sql.inverses import DROPPED, ENSURED, UncertainError
from changelog_engine.sql.plain_inverse.altering import rename_column
from changelog_engine.sql.plain_inverse.definitions import add_part, columns_of
from changelog_engine.sql.plain_inverse.known import Known, Table
from changelog_engine.sql.plain_inverse.words import UNKNOWN, Words, bare

Statements = tuple[str, ...]
Commands = tuple[str, ...]
"""What stands between the commas of an ALTER TABLE."""

_UNNAMED_INDEX = "the index has no name in the changelog: give it one"
_UNNAMED = "the constraint has no name in the changelog: give it one"
_RELIED_ON = "whether a foreign key relies on the index is not known from the changesets before it"
_KINDS = ("PRIMARY", "UNIQUE", "FOREIGN", "CHECK")


def alter(words: Words, known: Known) -> Statements:
    """What undoes ALTER TABLE, from after ALTER.

    One statement again, with the commands that undo its own, the last one first: where DDL commits by itself, a
    statement has happened or has not, and what stands in it together may mean each other's names.
    """
    if not words.take("TABLE"):
        raise UncertainError(UNKNOWN)
    if words.take("IF"):
        raise UncertainError("with IF EXISTS nobody knows whether it changed anything")
    name = words.name()
    commands = words.commands()
    table, added = _with_new_names(known.table(name), commands), _added(commands, known.dbms)
    undone: list[str] = []
    after = name
    for command in commands:
        if command.take("RENAME"):
            if command.take_any("TO", "AS"):
                after, back = _rename_table(command, known.dbms, name)
            else:
                back = _rename_part(command)
            undone.insert(0, back)
        elif not known.is_own(name):
            undone[:0] = _undo(command, known.dbms, table, added)
    return (f"ALTER TABLE {after} {', '.join(undone)}",) if undone else ()


def _with_new_names(table: Table | None, commands: Sequence[Words]) -> Table | None:
    """The table with the names that its columns get from one ALTER TABLE, which its keys go by; None where that is not
    known.
    """
    renames = [command for command in commands if command.next_is("RENAME")]
    if table is None or not renames:
        return table
    table = table.copy()
    for command in renames:
        words = command.copy()
        words.take("RENAME")
        if words.take_any("TO", "AS", "INDEX", "KEY"):
            continue
        words.take("COLUMN")
        old, _, new = bare(words.name()).lower(), words.take("TO"), words.name()
        if bare(new).lower() in table.columns:
            return None
        rename_column(table, old, new)
    return table


def _added(commands: Sequence[Words], dbms: str) -> Table:
    """What one ALTER TABLE adds to a table, whichever of its commands comes first."""
    added = Table()
    for command in commands:
        words = command.copy()
        if words.take("ADD"):
            words.take("COLUMN")
            with suppress(UncertainError):
                add_part(added, words.tokens[words.place :], dbms)
    return added


def _rename_table(words: Words, dbms: str, table: str) -> tuple[str, str]:
    """The new name, and what takes it back."""
    new = words.name()
    if dbms != "sqlite" and ("." in table) != ("." in new):
        raise UncertainError("which database it moves to is not named")
    beside = f"{table.rpartition('.')[0]}.{new}" if "." in table and "." not in new else new
    back = table.rpartition(".")[2] if dbms == "sqlite" else table
    return beside, _ended(words, f"RENAME TO {back}")


def _rename_part(words: Words) -> str:
    kind = "INDEX" if words.take_any("INDEX", "KEY") else "COLUMN"
    words.take("COLUMN")
    old = words.name()
    if not words.take("TO"):
        raise UncertainError(UNKNOWN)
    return _ended(words, f"RENAME {kind} {words.name()} TO {old}")


def _ended(words: Words, undone: str) -> str:
    if not words.is_at_end():
        raise UncertainError(UNKNOWN)
    return undone


def _undo(words: Words, dbms: str, table: Table | None, added: Table) -> Commands:
    """What undoes one command of ALTER TABLE, as commands of another one."""
    if words.take_any("ALGORITHM", "LOCK"):
        return ()
    if not words.take("ADD"):
        raise UncertainError(DROPPED if words.take("DROP") else UNKNOWN)
    return _add_to_sqlite(words) if dbms == "sqlite" else _add(words, table, added)


def _add_to_sqlite(words: Words) -> Commands:
    if words.next_is("CONSTRAINT", *_KINDS):
        raise UncertainError(UNKNOWN)
    words.take("COLUMN")
    name = words.name()
    if "REFERENCES" in words.rest():
        raise UncertainError("SQLite does not drop a column that refers to another table")
    return (f"DROP COLUMN {name}",)


def _add(words: Words, table: Table | None, added: Table) -> Commands:
    if words.next_is("PARTITION", "PERIOD", "SYSTEM", "("):
        raise UncertainError(UNKNOWN)
    if words.next_is(*_KINDS[2:], "PRIMARY"):
        raise UncertainError(_UNNAMED)
    if words.take("CONSTRAINT"):
        return _add_constraint(words, table, added)
    if words.take_any("UNIQUE", "FULLTEXT", "SPATIAL") or words.next_is("INDEX", "KEY"):
        words.take_any("INDEX", "KEY")
        return _add_index(words, table)
    words.take("COLUMN")
    if words.take("IF"):
        raise UncertainError(ENSURED)
    if words.next_is("("):
        raise UncertainError(UNKNOWN)
    name = words.name()
    if "REFERENCES" in words.rest():
        raise UncertainError("the foreign key of the column has no name in the changelog: add it by itself")
    return (f"DROP COLUMN {name}",)


def _add_constraint(words: Words, table: Table | None, added: Table) -> Commands:
    if words.take("IF"):
        raise UncertainError(ENSURED)
    if words.next_is(*_KINDS):
        raise UncertainError(_UNNAMED)
    name = words.name()
    kind = words.take_any(*_KINDS)
    if kind == "CHECK":
        return (f"DROP CONSTRAINT {name}",)
    if kind == "UNIQUE":
        words.take_any("INDEX", "KEY")
        if not words.next_is("("):
            raise UncertainError("it has two names: give it one")
        _refuse_relied_on(words, table)
        return (f"DROP INDEX {name}",)
    if kind == "FOREIGN" and words.take("KEY") and words.take("("):
        return _drop_foreign_key(words, table, name, added)
    raise UncertainError(UNKNOWN)


def _drop_foreign_key(words: Words, table: Table | None, name: str, added: Table) -> Commands:
    """The index that the server makes for a foreign key stays when that is dropped: it has its name."""
    found = _known(table)
    columns = columns_of(words.tokens[words.place :])
    together = [other for other in added.foreign if other[: len(columns)] == columns or columns[: len(other)] == other]
    if len(together) > 1:
        raise UncertainError("which of the foreign keys on these columns gets an index is not known")
    drop = f"DROP FOREIGN KEY {name}"
    indexes = (*found.indexes.values(), *found.foreign, *added.indexes.values())
    if any(index[: len(columns)] == columns for index in indexes):
        return (drop,)
    return (drop, f"DROP INDEX {name}")


def _add_index(words: Words, table: Table | None) -> Commands:
    if words.take("IF"):
        raise UncertainError(ENSURED)
    if words.is_at_end() or words.next_is("(", "USING"):
        raise UncertainError(_UNNAMED_INDEX)
    name = words.name()
    _refuse_relied_on(words, table)
    return (f"DROP INDEX {name}",)


def index_of(words: Words, known: Known, name: str) -> Statements:
    """What undoes CREATE INDEX, from after its name."""
    if known.dbms == "sqlite":
        return (f"DROP INDEX {name}",)
    words.skip_to("ON")
    words.take("ON")
    table = words.name()
    if known.is_own(table):
        return ()
    _refuse_relied_on(words, known.table(table))
    return (f"DROP INDEX {name} ON {table}",)


def _refuse_relied_on(words: Words, table: Table | None) -> None:
    words.skip_to("(")
    words.take("(")
    refuse_relied_on(table, columns_of(words.tokens[words.place :]))


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
