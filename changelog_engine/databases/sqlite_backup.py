"""Backups of SQLite: copies of tables inside the file, or all of it by SQLite's own online backup.

The canonical form of a table's rows, whose SHA-256 is kept: each row on a line, in the order of its rowid or primary
key, its values as SQL literals (`quote()`), with commas between them.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote as quote_path

from changelog_engine.databases.backup import (
    DATABASE,
    GONE,
    TABLES,
    BackupError,
    Saved,
    SavedTable,
    States,
    Wanted,
    difference,
    differences,
    digest_of_all,
)
from changelog_engine.databases.backup_files import (
    beginning_of,
    check_room,
    digest_of_file,
    file_fault,
    left_files,
    remove_file,
    show_size,
    whole_file,
)
from changelog_engine.databases.backup_objects import changed_objects, digest_objects
from changelog_engine.databases.database import Row
from changelog_engine.databases.sqlite_catalog import normal, read_catalog
from changelog_engine.databases.sqlite_definitions import (
    OBJECTS,
    Definition,
    columns_of,
    define,
    is_virtual,
    objects_in,
    parts_of,
    quote,
)
from changelog_engine.databases.sqlite_objects import Ask, split_name
from changelog_engine.databases.sqlite_restore import ROWID, make_table, restore_tables
from changelog_engine.errors import StatementError

BACKUP = "backup"
"""The name under which a file to be restored is attached."""


class SqliteBackups:
    """See :class:`~changelog_engine.databases.backup.Backups`.

    ``stream`` gives the rows of a query one by one; ``path`` is the database's file, None for one in memory.
    """

    def __init__(
        self, ask: Ask, send: Callable[[str], object], stream: Callable[[str], Iterator[Row]], path: Path | None
    ) -> None:
        self._ask = ask
        self._send = send
        self._stream = stream
        self._path = path

    # --------------------------------------------------------------------------------------------- before

    def estimate(self, tables: tuple[str, ...]) -> int | None:
        if tables or self._path is None or not self._path.exists():
            return None
        return self._path.stat().st_size

    def check(self, wanted: Wanted) -> None:
        if wanted.tables:
            for name in wanted.tables:
                self._refuse_other_kinds(name)
            return
        if self._path is None:
            raise BackupError("a database in memory is not backed up", hint="use a file")
        virtual = [name for kind, name, _, sql in objects_in(self._ask, "main") if kind == "table" and is_virtual(sql)]
        if virtual:
            raise BackupError(
                f"the database has the virtual table `{virtual[0]}`, which could not be restored",
                hint="back up the tables of the changeset by name, or write the rollback in SQL",
            )
        check_room(wanted.folder, self._path.stat().st_size if self._path.exists() else 0)

    def _refuse_other_kinds(self, name: str) -> None:
        own = split_name(name)[1]
        for kind, _, _, sql in self._ask(f"{OBJECTS.format('main')} AND name = ? COLLATE NOCASE", own):
            if kind != "table" or is_virtual(sql):
                what = "a virtual table" if kind == "table" else f"a{'n' if kind == 'index' else ''} {kind}"
                raise BackupError(
                    f"`{name}` is {what}, of which a table's backup is not made",
                    hint="name the tables behind it, or write the rollback in SQL",
                )

    # --------------------------------------------------------------------------------------------- saving

    def save(self, wanted: Wanted) -> Saved:
        self.check(wanted)
        if not wanted.tables:
            return self._save_file(wanted)
        definitions: dict[str, tuple[str, Definition]] = {}
        for name in wanted.tables:
            found = define(self._ask, split_name(name)[1], "main")
            if found is None:
                raise BackupError(f"there is no table `{name}` to back up", hint="correct its name in the `rollback`")
            definitions.setdefault(found.name, (name, found))
        tables = tuple(
            self._save_table(name, definition, f"{wanted.name}_{number}")
            for number, (name, definition) in enumerate(definitions.values(), start=1)
        )
        place, size = ", ".join(table.copy for table in tables), sum(table.size for table in tables)
        self._check_room_inside(size)
        return Saved(TABLES, wanted.tables, place, size, digest_of_all(tables), tables)

    def _check_room_inside(self, size: int) -> None:
        """The copies may still be in SQLite's memory, and the disk they will be written to be full."""
        if self._path is None:
            return
        free = shutil.disk_usage(self._path.parent).free
        if free < size:
            raise BackupError(
                f"there is no room for the copies: the disk of `{self._path}` has {show_size(free)} left, and they "
                f"take {show_size(size)}",
                hint="make room on the disk, or prune earlier backups with `changelog backups --prune`",
            )

    def _save_table(self, name: str, definition: Definition, copy: str) -> SavedTable:
        columns = [quote(column) for column in definition.columns]
        into = [*([ROWID] if definition.has_rowid else []), *columns]
        values = [*(["rowid"] if definition.has_rowid else []), *columns]
        # Columns without a type take every value as it is.
        self._send(f"CREATE TABLE {quote(copy)} ({', '.join(into)})")
        self._send(
            f"INSERT INTO {quote(copy)} SELECT {', '.join(values)} FROM {quote(definition.name)}{_order(values)}"
        )
        rows, size, sha256 = self._digest(copy, definition.columns)
        before = self._digest(definition.name, definition.columns)[2]
        if before != sha256:
            raise BackupError(f"the copy of `{name}` was read back, and does not hold what the table holds")
        return SavedTable(name, definition.name, copy, rows, size, sha256, asdict(definition), before)

    def _save_file(self, wanted: Wanted) -> Saved:
        assert self._path is not None
        name, _, own = wanted.name.rpartition("_")
        beginning = self._beginning(name)
        path = Path(wanted.folder).absolute() / f"{beginning}_{own}.sqlite"
        with whole_file(path, beginning) as part:
            try:
                uri = f"file:{quote_path(str(self._path))}?mode=ro"
                with closing(sqlite3.connect(uri, uri=True)) as source, closing(sqlite3.connect(part)) as target:
                    source.backup(target)
                    # One file is all of it, with nothing beside it when it is read.
                    target.execute("PRAGMA journal_mode = DELETE")
                    found = target.execute("PRAGMA integrity_check").fetchall()
            except sqlite3.Error as error:
                raise BackupError(f"the database's file cannot be backed up: {error}") from error
            if found != [("ok",)]:
                raise BackupError(f"the backup was read back, and is not sound: {found[0][0]}")
        facts: dict[str, Any] = {"own": list(wanted.own)}
        facts["before"] = self._states(facts)
        return Saved(DATABASE, (), str(path), path.stat().st_size, digest_of_file(path), facts=facts)

    def _beginning(self, name: str) -> str:
        """Of the names of this database's files: by its path, and its number there, as machines may share a folder."""
        path = self._path
        return beginning_of(name, f"{path}:{path.stat().st_ino if path is not None and path.exists() else 0}")

    def mark(self, saved: Saved) -> Saved:
        if saved.scope == DATABASE:
            facts = saved.facts or {}
            return replace(saved, after=self._states(facts), facts={**facts, "objects": self._objects(facts)})
        tables = (replace(table, after=self._state(table)) for table in saved.tables)
        marked = (replace(table, changed=self._around(table)) for table in tables)
        own = {table.table for table in saved.tables}
        return replace(saved, tables=tuple(self._with_aside(table, own) for table in marked))

    def _with_aside(self, table: SavedTable, own: Collection[str]) -> SavedTable:
        """Another name that the changeset has given the table, whose own is another one's by now; with what it holds.

        Names of ``own``, the tables that are saved too, are left out: each of these is put back anyway.
        """
        name = self._renamed(table) if table.changed is not None and self._exists(table.table) else None
        if name is None or name == table.table or name in own:
            return table
        return replace(table, changed={**(table.changed or {}), "aside": [name, self._state_of(name)]})

    def _around(self, table: SavedTable) -> dict[str, Any] | None:
        """A table's own statement, its indexes and triggers and the views that may read it, as they are now."""
        name = self._present_name(table)
        now = None if name is None else define(self._ask, name, "main")
        if now is None:
            return None
        return {"sql": now.sql, "parts": parts_of(objects_in(self._ask, "main"), now.name), "views": dict(now.views)}

    def _state(self, table: SavedTable) -> str:
        """Rows, digest and name of a table as it is now; ``GONE`` where there is none."""
        name = self._present_name(table)
        return GONE if name is None else self._state_of(name)

    def _state_of(self, name: str) -> str:
        columns = columns_of(self._ask, name, "main")
        rows, _, digest = self._digest(name, columns)
        return f"{rows}:{digest}:{name}"

    def _present_name(self, table: SavedTable) -> str | None:
        """The table's name now: its own, or the one that the changeset has given it."""
        if self._exists(table.table):
            return table.table
        if table.after is not None:
            name = table.after.split(":", 2)[-1]
            return name if table.after != GONE and self._exists(name) else None
        return self._renamed(table)

    def _renamed(self, table: SavedTable) -> str | None:
        """The name that the table has by now, right after its changeset."""
        definition = Definition.from_object(table.definition)
        rows = self._ask(
            "SELECT name, sql FROM main.sqlite_schema WHERE type = 'table' AND rootpage = ?", definition.root
        )
        # The page of a dropped table is soon another one's.
        renamed = [name for name, sql in rows if sql.partition("(")[2] == definition.sql.partition("(")[2]]
        return str(renamed[0]) if renamed else None

    def _objects(self, facts: Mapping[str, Any]) -> dict[str, str]:
        return digest_objects(read_catalog(self._ask), self._is_ours(facts))

    def _states(self, facts: Mapping[str, Any]) -> dict[str, str]:
        states = {}
        for name in self._user_tables("main", facts):
            rows, _, digest = self._digest(name, columns_of(self._ask, name, "main"))
            states[name] = f"{rows}:{digest}"
        return states

    # ---------------------------------------------------------------------------------------------- looking

    def is_there(self, saved: Saved) -> bool:
        if saved.scope == DATABASE:
            return Path(saved.place).exists()
        return all(self._exists(table.copy) for table in saved.tables)

    def fault(self, saved: Saved) -> str | None:
        if saved.scope == DATABASE:
            return file_fault(saved)
        for table in saved.tables:
            what = f"the copy {table.copy} of `{table.wanted}`"
            if not self._exists(table.copy):
                return f"{what} is missing"
            try:
                rows, _, sha256 = self._digest(table.copy, Definition.from_object(table.definition).columns)
            except StatementError as error:
                return f"{what} cannot be read: {error.message}"
            if sha256 != table.sha256:
                counted = "" if rows == table.rows else f" (it has {rows} rows, and had {table.rows})"
                return f"{what} is damaged, as its SHA-256 is another one{counted}"
        return None

    def check_restore(self, saved: Saved) -> None:
        del saved
        if self._ask("PRAGMA foreign_keys")[0][0]:
            raise BackupError(
                "foreign keys are enforced on this connection, so that dropping a table would delete rows of others",
                hint="leave `foreign_keys` out of the URL",
            )

    def lock(self, saved: Saved) -> None:
        """A transaction that writes has the file for itself, from its first statement."""

    def states(self, saved: Saved) -> States:
        if saved.scope == DATABASE:
            return self._states(saved.facts or {})
        return {table.wanted: self._state(table) for table in saved.tables}

    def altered_since(self, saved: Saved) -> tuple[str, ...]:
        if saved.scope == DATABASE:
            facts = saved.facts or {}
            return changed_objects(facts.get("objects"), self._objects(facts))
        found = []
        for table in saved.tables:
            now = self._around(table)
            then = table.changed
            if then is not None and now is not None and normal(now["sql"]) != normal(then["sql"]):
                found.append(f"`{table.wanted}` was altered since")
            name, then = (table.changed or {}).get("aside", (None, None))
            if name is not None and self._exists(name) and self._state_of(name) != then:
                found.append(difference(name, then, self._state_of(name)))
        return tuple(found)

    def states_restored(self, saved: Saved) -> Mapping[str, str | None] | None:
        if saved.scope == DATABASE:
            return (saved.facts or {}).get("before")
        return {table.table: f"{table.rows}:{table.before}" for table in saved.tables}

    def keeps_to(self, relations: Collection[str]) -> bool:
        rows = self._ask("SELECT type, lower(name), lower(tbl_name) FROM main.sqlite_schema")
        tables = {name for kind, name, _ in rows if kind == "table"}
        return tables.issuperset(relations) and not any(
            kind == "trigger" and table in relations for kind, _, table in rows
        )

    # --------------------------------------------------------------------------------------------- restoring

    def restore(self, saved: Saved) -> None:
        if saved.scope == DATABASE:
            self._restore_file(saved)
        else:
            restore_tables(self._ask, self._send, [(table, self._present_name(table)) for table in saved.tables])
            for table in saved.tables:
                if self._digest(table.table, Definition.from_object(table.definition).columns)[2] != table.before:
                    raise BackupError(f"`{table.wanted}` does not hold what it held before, now that it is restored")
        self._check_foreign_keys({table.table for table in saved.tables})

    def _restore_file(self, saved: Saved) -> None:
        """All that is not ours goes, all that the file holds comes; the ledger stays."""
        self._send(f"ATTACH {_literal(saved.place)} AS {BACKUP}")
        facts = saved.facts or {}
        kept = self._is_ours(facts)
        doomed = [
            (kind, name) for kind, name, table, _ in objects_in(self._ask, "main") if not kept(name) and not kept(table)
        ]
        for kind in ("trigger", "view", "index", "table"):
            for name in [name for each, name in doomed if each == kind]:
                self._send(f"DROP {kind} IF EXISTS main.{quote(name)}")
        objects = [row for row in objects_in(self._ask, BACKUP) if not kept(row[1]) and not kept(row[2])]
        for name in self._user_tables(BACKUP, facts):
            definition = define(self._ask, name, BACKUP)
            assert definition is not None
            make_table(self._ask, self._send, replace(definition, parts=()), f"{BACKUP}.{quote(name)}", "rowid")
        for kind in ("index", "view", "trigger"):
            for _, _, _, sql in [row for row in objects if row[0] == kind]:
                self._send(str(sql))
        for pragma in ("user_version", "application_id"):
            self._send(f"PRAGMA main.{pragma} = {int(self._ask(f'PRAGMA {BACKUP}.{pragma}')[0][0])}")
        if "before" in facts and differences(facts["before"], self._states(facts)):
            raise BackupError("the database does not hold what it held before, now that it is restored")

    def _check_foreign_keys(self, restored: set[str]) -> None:
        """Rows that others have written since may reference what is no longer there."""
        broken = self._ask("PRAGMA main.foreign_key_check")
        found = sorted({str(child) for child, _, parent, _ in broken if not restored or {child, parent} & restored})
        if found:
            raise BackupError(
                f"rows of `{found[0]}` would reference rows that the restored tables do not have",
                hint="roll back the changesets that wrote them first, or delete them",
            )

    # ------------------------------------------------------------------------------------------------- ending

    def remove(self, saved: Saved) -> None:
        if saved.scope == DATABASE:
            remove_file(saved.place)
        for table in saved.tables:
            self._send(f"DROP TABLE IF EXISTS {quote(table.copy)}")

    def leftovers(self, wanted: Wanted, known: Iterable[Saved]) -> Sequence[str]:
        every = list(known)
        kept = {table.copy for saved in every for table in saved.tables}
        pattern = re.compile(rf"{re.escape(wanted.name)}_[0-9a-f]{{12}}_\d+")
        tables = [
            name for _, name, _, _ in objects_in(self._ask, "main") if pattern.fullmatch(name) and name not in kept
        ]
        return [*tables, *left_files(wanted.folder, self._beginning(wanted.name), (saved.place for saved in every))]

    def remove_leftover(self, place: str) -> None:
        if "/" in place or "\\" in place:
            remove_file(place)
        else:
            self._send(f"DROP TABLE IF EXISTS {quote(place)}")

    # ---------------------------------------------------------------------------------------------- the catalogue

    def _exists(self, table: str) -> bool:
        return bool(self._ask("SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?", table))

    def _user_tables(self, schema: str, facts: Mapping[str, Any]) -> list[str]:
        kept = self._is_ours(facts)
        return [name for kind, name, _, _ in objects_in(self._ask, schema) if kind == "table" and not kept(name)]

    def _is_ours(self, facts: Mapping[str, Any]) -> Callable[[str], bool]:
        """Whether a name is that of the ledger, or of a copy that a backup of tables has made."""
        own = set(facts.get("own", ()))
        copies = re.compile(r".*changelog_backup_[0-9a-f]{12}_\d+")
        return lambda name: name in own or copies.fullmatch(name) is not None

    def _digest(self, table: str, columns: Sequence[str]) -> tuple[int, int, str]:
        """The number of rows, the bytes of their canonical form, and its SHA-256."""
        row = " || ',' || ".join(f"quote({quote(column)})" for column in columns) or "''"
        digest, rows, size = hashlib.sha256(), 0, 0
        for (text,) in self._stream(f"SELECT {row} FROM main.{quote(table)}"):
            line = f"{text}\n".encode("utf-8", "surrogateescape")
            digest.update(line)
            rows += 1
            size += len(line)
        return rows, size, digest.hexdigest()


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _order(values: Sequence[str]) -> str:
    return " ORDER BY rowid" if values[:1] == ["rowid"] else ""
