"""What the changelog knows of tables, as far as it has made them and all that changed them is read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from changelog_engine.sql.plain_inverse.words import Token, bare

_PARTS = re.compile(r"""\s*("(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[^.]+)\s*\.?""")


class Key(NamedTuple):
    """A table: the database or schema that a statement names, empty for the one that it is for, and its name."""

    schema: str
    name: str


@dataclass(slots=True)
class Table:
    """``columns`` are the definitions of its columns, name and all, by their names in lower case, in their order.

    ``keys`` are sets of columns by which a row is known; ``indexes`` the columns of each index by its name;
    ``foreign`` the columns of each foreign key, which has an index on them too, by itself or of another's making.
    ``row_words`` are INSERT, UPDATE and DELETE, where a trigger acts on them.
    """

    columns: dict[str, Sequence[Token]] = field(default_factory=dict)
    keys: list[tuple[str, ...]] = field(default_factory=list)
    indexes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    foreign: list[tuple[str, ...]] = field(default_factory=list)
    row_words: set[str] = field(default_factory=set)


class Known:
    """``own`` are the tables that the changeset at hand has made itself: all in them goes with them."""

    def __init__(self, dbms: str) -> None:
        self.dbms = dbms
        self.tables: dict[Key, Table] = {}
        self.own: set[Key] = set()
        self.triggered: set[Key] = set()

    def begin(self) -> None:
        """The next statements are those of another changeset."""
        self.own.clear()
        self.triggered.clear()

    def key(self, name: str) -> Key:
        """The table of that name, as it is written. Other databases than SQLite may tell its upper case from lower."""
        parts = [bare(part) for part in _PARTS.findall(name)]
        if self.dbms == "sqlite":
            parts = [part.lower() for part in parts]
        schema = parts[-2] if len(parts) > 1 else ""
        return Key("" if self.dbms == "sqlite" and schema == "main" else schema, parts[-1])

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
