"""What the changelog knows of tables, as far as it has made them and all that changed them is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from changelog_engine.sql.disguise import is_disguised, may_be_one
from changelog_engine.sql.plain_inverse.columns import Column
from changelog_engine.sql.plain_inverse.words import Token, bare

_PARTS = re.compile(r"""\s*("(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[^.]+)\s*\.?""")


class Key(NamedTuple):
    """A table: the database or schema that a statement names, empty for the one that it is for, and its name."""

    schema: str
    name: str


@dataclass(slots=True)
class Table:
    """``columns`` go by their names in lower case, in their order; so do all names of columns here.

    ``keys`` are sets of columns by which a row is known, ``primary`` that of the primary key; ``indexes`` the columns
    of each index by its name; ``foreign`` the columns of each foreign key, which has an index on them too, by itself or
    of another's making; ``checks`` the names of checks. ``comment`` is SQL, empty for none. ``row_words`` are INSERT,
    UPDATE and DELETE, where a trigger acts on them. ``has_all_indexes`` False: one may be gone.
    """

    columns: dict[str, Column] = field(default_factory=dict)
    keys: list[tuple[str, ...]] = field(default_factory=list)
    primary: tuple[str, ...] = ()
    indexes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    foreign: list[tuple[str, ...]] = field(default_factory=list)
    checks: set[str] = field(default_factory=set)
    comment: str = ""
    row_words: set[str] = field(default_factory=set)
    has_all_indexes: bool = True

    def copy(self) -> Table:
        """The same, to be changed by itself."""
        return replace(
            self,
            columns={name: replace(column) for name, column in self.columns.items()},
            keys=list(self.keys),
            indexes=dict(self.indexes),
            foreign=list(self.foreign),
            checks=set(self.checks),
            row_words=set(self.row_words),
        )


def _is_alias(one: Key, other: Key) -> bool:
    """Whether two names differ and may be one table: only one of them says in which database or schema it is."""
    return one.name == other.name and bool(one.schema) != bool(other.schema)


class Known:
    """``own`` are the tables that the changeset at hand has made itself: all in them goes with them.

    ``has_parameters``: a table was named with a parameter in its name.
    """

    def __init__(self, dbms: str) -> None:
        self.dbms = dbms
        self.tables: dict[Key, Table] = {}
        self.own: set[Key] = set()
        self.triggered: set[Key] = set()
        self.has_parameters = False

    def begin(self) -> None:
        """The next statements are those of another changeset."""
        self.own.clear()
        self.triggered.clear()

    def key(self, name: str) -> Key:
        """The table of that name, as it is written. Other databases than SQLite may tell its upper case from lower."""
        return self.key_of([bare(part) for part in _PARTS.findall(name)])

    def key_of(self, parts: Sequence[str]) -> Key:
        """The table of that name, without its quotes; what may be the same table by another name is forgotten."""
        self.has_parameters = self.has_parameters or any(map(is_disguised, parts))
        if self.dbms == "sqlite":
            parts = [part.lower() for part in parts]
        schema = parts[-2] if len(parts) > 1 else ""
        key = Key("" if self.dbms == "sqlite" and schema == "main" else schema, parts[-1])
        for other in [other for other in (*self.tables, *self.own) if _is_alias(other, key)]:
            self.tables.pop(other, None)
            self.own.discard(other)
        return key

    def table(self, name: str) -> Table | None:
        """The table of that name; None where it is not known."""
        return self.tables.get(self.key(name))

    def is_own(self, name: str) -> bool:
        return self.key(name) in self.own

    def forget_named(self, words: Iterable[Token]) -> None:
        """Forget every table whose name is among the words."""
        names = {bare(token.text).lower() for token in words}
        for key in [key for key in self.tables if key.name.lower() in names]:
            del self.tables[key]

    def forget_others(self, key: Key) -> None:
        """Forget every table of another name that may be this one, whatever the parameters in both names are."""
        if self.has_parameters:
            for other in [other for other in self.tables if other != key and may_be_one(other, key)]:
                del self.tables[other]

    def copy(self) -> Known:
        """The same, to be changed by itself."""
        found = Known(self.dbms)
        found.tables = {key: table.copy() for key, table in self.tables.items()}
        found.own, found.triggered = set(self.own), set(self.triggered)
        found.has_parameters = self.has_parameters
        return found
