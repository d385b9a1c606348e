"""What ALTER TABLE changes of what is known of the table, part by part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from changelog_engine.sql.inverses import UncertainError
from changelog_engine.sql.plain_inverse.columns import column_of
from changelog_engine.sql.plain_inverse.definitions import add_part
from changelog_engine.sql.plain_inverse.known import Known, Table
from changelog_engine.sql.plain_inverse.words import Token, Words, bare, source_of

_NO_COLUMN = ("PARTITION", "SYSTEM", "PERIOD")


def note_alter(known: Known, words: Words, name: str) -> None:
    """Take in what stands after ``ALTER TABLE name``. UncertainError where the table is not known any more."""
    commands = words.commands()
    renames = [each for each in commands if each.next_is("RENAME", "CHANGE")]
    table = known.table(name)
    if table is not None and renames and len(commands) > 1:
        # Whether the others mean the old name or the new one is a matter of each.
        known.tables.pop(known.key(name))
        table = None
    for command in commands:
        if command.take("RENAME"):
            name = _rename(known, table, name, command)
        elif table is not None:
            _alter(table, command, known.dbms)


def rename_table(known: Known, old: str, new: str) -> None:
    """A table has another name, as both are written."""
    before = known.key(old)
    after = known.key(new)
    if before.schema and not after.schema:
        after = after._replace(schema=before.schema)
    table = known.tables.pop(before, None)
    known.tables.pop(after, None)
    if table is not None:
        known.tables[after] = table
    if before in known.own:
        known.own.discard(before)
        known.own.add(after)


def _rename(known: Known, table: Table | None, name: str, words: Words) -> str:
    """The table's name afterwards."""
    if words.take("TO") or words.take("AS"):
        new = words.name()
        rename_table(known, name, new)
        return new
    if words.take_any("INDEX", "KEY"):
        old = bare(words.name()).lower()
        words.take("TO")
        if table is not None:
            table.indexes[bare(words.name()).lower()] = table.indexes.pop(old, ())
        return name
    words.take("COLUMN")
    old = bare(words.name()).lower()
    if not words.take("TO"):
        raise UncertainError("")
    written = words.name()
    if table is not None:
        rename_column(table, old, written)
    return name


def rename_column(table: Table, old: str, written: str) -> None:
    """A column has another name; ``old`` is in lower case and without quotes, the new one as it is written."""
    new = bare(written).lower()

    def renamed(columns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new if each == old else each for each in columns)

    if old in table.columns:
        table.columns[old] = replace(table.columns[old], written=written)
    table.columns = {new if each == old else each: column for each, column in table.columns.items()}
    table.keys = [renamed(key) for key in table.keys]
    table.primary = renamed(table.primary)
    table.foreign = [renamed(key) for key in table.foreign]
    table.indexes = {index: renamed(key) for index, key in table.indexes.items()}


def _alter(table: Table, words: Words, dbms: str) -> None:
    first = words.tokens[0].word if words.tokens else ""
    words.place = 1
    change = _COMMANDS.get(first)
    if change is None:
        raise UncertainError("")
    change(table, words, dbms)


def _add(table: Table, words: Words, dbms: str) -> None:
    words.take("COLUMN")
    if words.next_is("(", "IF", *_NO_COLUMN):
        raise UncertainError("")
    part = words.tokens[words.place :]
    add_part(table, part, dbms)
    _move(table, part)


def _move(table: Table, part: Sequence[Token]) -> None:
    """A column that says where it stands is there: rows of an INSERT may go by that."""
    name = bare(part[0].text).lower()
    if name not in table.columns:
        return
    others = [each for each in table.columns if each != name]
    if part[-1].word == "FIRST":
        place = 0
    elif len(part) > 2 and part[-2].word == "AFTER" and bare(part[-1].text).lower() in others:
        place = others.index(bare(part[-1].text).lower()) + 1
    else:
        return
    others.insert(place, name)
    table.columns = {each: table.columns[each] for each in others}


def _modify(table: Table, words: Words, dbms: str) -> None:
    """A column stated anew; its keys stay."""
    words.take("COLUMN")
    name = _known_column(table, words)
    part = words.tokens[words.place - 1 :]
    if {"PRIMARY", "UNIQUE", "KEY"} & {token.word for token in part}:
        raise UncertainError("")
    column = column_of(part, dbms)
    column.is_nullable = column.is_nullable and name not in table.primary
    table.columns[name] = column
    _move(table, part)


def _alter_column(table: Table, words: Words, _dbms: str) -> None:
    words.take("COLUMN")
    column = table.columns[_known_column(table, words)]
    if words.take("SET", "DEFAULT"):
        column.default = source_of(words.tokens[words.place :])
    elif words.take("DROP", "DEFAULT"):
        column.default = None
    elif words.take("SET", "NOT", "NULL") or words.take("DROP", "NOT", "NULL"):
        column.is_nullable = words.tokens[words.place - 3].word == "DROP"
    elif words.take("TYPE"):
        column.type = tuple(words.tokens[words.place :])
    else:
        raise UncertainError("")


def _known_column(table: Table, words: Words) -> str:
    name = bare(words.name()).lower()
    if name not in table.columns:
        raise UncertainError("")
    return name


def _drop(table: Table, words: Words, _dbms: str) -> None:
    if words.take("PRIMARY", "KEY"):
        _drop_primary_key(table)
    elif words.take_any("INDEX", "KEY", "CONSTRAINT"):
        name = bare(words.name()).lower()
        if name not in table.checks:
            _drop_index(table, name)
    elif words.take("FOREIGN", "KEY") or words.take("CHECK"):
        # The index of a foreign key stays.
        table.checks.discard(bare(words.name()).lower())
    else:
        words.take("COLUMN")
        if words.next_is("IF", *_NO_COLUMN):
            raise UncertainError("")
        _drop_column(table, bare(words.name()).lower())


def _drop_primary_key(table: Table) -> None:
    indexes = [name for name, columns in table.indexes.items() if columns == table.primary]
    if len(indexes) == 1:
        del table.indexes[indexes[0]]
    else:
        table.has_all_indexes = False
    table.keys = [key for key in table.keys if key != table.primary]
    table.primary = ()


def _drop_index(table: Table, name: str) -> None:
    """One that is not known by its name may be any that has none in the changelog."""
    columns = table.indexes.pop(name, None)
    if columns is None:
        table.has_all_indexes = False
        table.primary = ()
    table.keys = [] if columns is None else [key for key in table.keys if key != columns]


def _drop_column(table: Table, name: str) -> None:
    table.columns.pop(name, None)
    table.keys = [key for key in table.keys if name not in key]
    table.primary = () if name in table.primary else table.primary
    table.indexes = {index: columns for index, columns in table.indexes.items() if columns != (name,)}
    if any(name in columns for columns in (*table.indexes.values(), *table.foreign)):
        table.has_all_indexes = False


def _nothing(_table: Table, _words: Words, _dbms: str) -> None:
    """How it is done, and not what."""


_COMMANDS: Mapping[str, Callable[[Table, Words, str], None]] = {
    "ADD": _add,
    "MODIFY": _modify,
    "ALTER": _alter_column,
    "DROP": _drop,
    **dict.fromkeys(("ALGORITHM", "LOCK"), _nothing),
}
