"""A copy of an SQLite database's definitions, in memory, without its rows: what a plan's own changes will find."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from changelog_engine.operations.errors import OperationError

# All that a copy of a table would have to have: columns, foreign keys, unique keys, indexes, triggers; and of what no
# pragma tells, the checks, the length of the definition. Neither the order of its parts matters nor their quotes, as
# undoing later changes may leave them in another one.
_FINGERPRINT = """SELECT group_concat(part, char(10)) FROM (
SELECT 'column ' || name || ' ' || upper(type) || ' ' || ("notnull" OR pk) || ' ' || coalesce(dflt_value, '')
  || ' ' || pk AS part FROM pragma_table_xinfo({table})
UNION ALL SELECT 'foreign key ' || "from" || ' ' || "table" || ' ' || coalesce("to", '') || ' ' || on_update || ' '
  || on_delete FROM pragma_foreign_key_list({table})
UNION ALL SELECT 'unique ' || (SELECT group_concat(name) FROM pragma_index_info(keys.name))
  FROM pragma_index_list({table}) AS keys WHERE origin = 'u'
UNION ALL SELECT type || ' ' || replace(sql, '"', '') FROM main.sqlite_master
  WHERE tbl_name = {table} COLLATE NOCASE AND type <> 'table' AND sql IS NOT NULL
UNION ALL SELECT 'length '
  || length(replace(replace(replace(replace(sql, '"', ''), ' ', ''), char(10), ''), char(9), ''))
  FROM main.sqlite_master WHERE name = {table} COLLATE NOCASE AND type = 'table'
ORDER BY part)"""


def fingerprint(table: str) -> str:
    """SQL that gives one text, the same for tables that are the same."""
    return _FINGERPRINT.replace("{table}", quoted(table))


def quoted(text: str) -> str:
    """A text as a literal."""
    return "'" + text.replace("'", "''") + "'"


class Definition(NamedTuple):
    """A row of ``sqlite_master``."""

    type: str
    name: str
    sql: str


class Scratch:
    """``connection`` has the tables, indexes, views and triggers; nobody else sees it."""

    def __init__(self, definitions: Sequence[str]) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        # What is made before the tables that it speaks of is to be made all the same.
        self.connection.execute("PRAGMA legacy_alter_table = ON")
        for sql in definitions:
            self.run(sql)
        self.connection.execute("PRAGMA legacy_alter_table = OFF")

    def run(self, sql: str) -> None:
        """Do what a statement does to the definitions.

        What is refused here is left out: the rows, functions or modules that it needs are elsewhere. Where a table is
        not what it was taken for then, its own guard will say so.
        """
        try:
            self.connection.execute(sql)
        except (sqlite3.Error, sqlite3.Warning, ValueError):
            return

    def takes(self, statements: Sequence[str]) -> bool:
        """Whether SQLite takes these statements here; nothing of them stays."""
        try:
            with self.trial():
                for sql in statements:
                    self.connection.execute(sql)
        except sqlite3.Error:
            return False
        return True

    @contextmanager
    def trial(self) -> Iterator[None]:
        """What is done in the block is undone at its end."""
        self.connection.execute("SAVEPOINT trial")
        try:
            yield
        finally:
            self.connection.execute("ROLLBACK TO trial")
            self.connection.execute("RELEASE trial")

    def table(self, name: str) -> Definition:
        """A table's own definition. Raises OperationError where there is no such table."""
        rows = self.connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE type = 'table' AND name = ? COLLATE NOCASE", (name,)
        ).fetchall()
        if not rows:
            raise OperationError(
                f"there is no table `{name}` at this point of the plan, and SQLite has to copy it for this change",
                hint="depend on the changeset that creates it",
            )
        return Definition(*rows[0])

    def parts(self, table: str) -> tuple[Definition, ...]:
        """The indexes and triggers of a table that have a definition of their own."""
        rows = self.connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE tbl_name = ? COLLATE NOCASE AND type <> 'table'"
            " AND sql IS NOT NULL ORDER BY type, name",
            (table,),
        )
        return tuple(Definition(*row) for row in rows.fetchall())

    def fingerprint(self, table: str) -> str:
        """What a table is like, with its indexes and triggers."""
        ((found,),) = self.connection.execute(fingerprint(table)).fetchall()
        return str(found)

    def index_columns(self, index: str) -> tuple[str, ...]:
        """The columns of an index; expressions are none."""
        rows = self.connection.execute("SELECT name FROM pragma_index_info(?)", (index,))
        return tuple(name for (name,) in rows.fetchall() if name is not None)

    def columns(self, table: str) -> tuple[tuple[str, str, str | None], ...]:
        """The columns of a table: name, type and default as written."""
        rows = self.connection.execute("SELECT name, type, dflt_value FROM pragma_table_xinfo(?)", (table,))
        return tuple(rows.fetchall())

    def foreign_keys(self, table: str) -> Mapping[tuple[str, tuple[str, ...]], tuple[str, str]]:
        """What is done on update and on delete, by the table referred to and the own columns, all in lower case."""
        rows = self.connection.execute(
            'SELECT id, "table", "from", on_update, on_delete FROM pragma_foreign_key_list(?) ORDER BY id, seq',
            (table,),
        ).fetchall()
        columns: dict[int, list[str]] = {}
        for number, _, column, _, _ in rows:
            columns.setdefault(number, []).append(column.lower())
        return {
            (target.lower(), tuple(columns[number])): (on_update, on_delete)
            for number, target, _, on_update, on_delete in rows
        }

    def unique_keys(self, table: str) -> frozenset[tuple[str, tuple[str, ...]]]:
        """The columns, in lower case, of each unique constraint that is a part of a table's definition."""
        asked = "SELECT name FROM pragma_index_list(?) WHERE origin = 'u'"
        names = [name for (name,) in self.connection.execute(asked, (table,)).fetchall()]
        return frozenset(("", tuple(column.lower() for column in self.index_columns(name))) for name in names)
