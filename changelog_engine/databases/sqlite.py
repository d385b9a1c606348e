"""SQLite through the standard library's module: its own transaction handling is off, every BEGIN and COMMIT is ours."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote as quote_path

from changelog_engine.catalog import Catalog
from changelog_engine.databases import sqlite_objects as objects
from changelog_engine.databases.database import Access, Batches, Capabilities, Row, Settled, Sharing, closed_statement
from changelog_engine.databases.own_sql import ParameterStyle
from changelog_engine.databases.sqlite_catalog import read_catalog
from changelog_engine.databases.sqlite_lock import FileLock, Lock, NoLock
from changelog_engine.databases.sqlite_look import PLAIN
from changelog_engine.databases.urls import driver_arguments
from changelog_engine.errors import ConfigurationError, ConnectionFailedError, StatementError
from changelog_engine.model import Consideration

if TYPE_CHECKING:
    from changelog_engine.databases.backup import Backups

_URL_HINT = "write `sqlite:///file.db` for a file in this folder, `sqlite:////folder/file.db` elsewhere"
_BUSY_SECONDS = 30.0
_FIRST_PAGE = "PRAGMA schema_version"
# Steps of SQLite's machine, some milliseconds, between two moments at which Python gets to run its signal handlers:
# while a statement runs it does not otherwise. No cost was measurable, ten times as often neither.
_HANDLERS_EVERY = 100_000
# What outlives a transaction on a connection. Found in a string or a comment it costs a reconnect, no more.
_LASTING = re.compile(r"\b(?:pragma|attach|detach|temp|temporary)\b", re.IGNORECASE)
# In a transaction these are passed over in silence.
_NO_EFFECT_INSIDE = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*PRAGMA\s+(?:\w+\s*\.\s*)?(?:foreign_keys|journal_mode|auto_vacuum|page_size)\b",
    re.IGNORECASE | re.DOTALL,
)
_OUTSIDE_ONLY = re.compile(r"from within a transaction|within transaction|inside a transaction")
_NEAR = re.compile(r'near "(.+)": syntax error', re.DOTALL)

# What a run that died left must be undone before anybody can read, and a connection that may not write cannot do it.
_TO_BE_RECOVERED = frozenset({"SQLITE_READONLY_ROLLBACK", "SQLITE_READONLY_RECOVERY", "SQLITE_READONLY_CANTINIT"})

_HINTS = {
    "SQLITE_READONLY": "make the file and its folder writable for this user",
    "SQLITE_BUSY": "another program is writing to this database: let it end, and try again",
    "SQLITE_LOCKED": "another program is writing to this database: let it end, and try again",
    "SQLITE_NOTADB": "check the path in the URL: the file is something else, or encrypted",
    "SQLITE_CORRUPT": "restore the file from a backup, or see `PRAGMA integrity_check`",
    "SQLITE_CANTOPEN": "check that the folder exists and that this user may read and write there",
    "SQLITE_FULL": "make room on the disk",
}


def open_session(url: str, access: Access, name: str, location: str, *, is_scratch: bool = False) -> SqliteSession:
    """Open the file; READ of a file that does not exist works on an empty database in memory."""
    del name
    target, options = _target(url)
    options = {"timeout": _BUSY_SECONDS, "check_same_thread": False, **options, "isolation_level": None}
    is_uri = bool(options.get("uri"))
    path = _file(target, is_uri=is_uri)
    if path is not None and access is Access.READ and not is_uri:
        target = f"file:{quote_path(str(path))}?mode=ro" if path.exists() else ":memory:"
        options["uri"] = True
    if path is not None and not path.parent.is_dir():
        raise ConnectionFailedError(
            f"no connection to `{location}`: the folder `{path.parent}` does not exist",
            hint="create the folder, or correct the path in the URL",
        )

    def reconnect() -> sqlite3.Connection:
        connection: sqlite3.Connection = sqlite3.connect(target, **options)
        if is_scratch:
            connection.execute("PRAGMA synchronous = OFF")
        return connection

    return SqliteSession(reconnect, location, path, access)


def _target(url: str) -> tuple[str, dict[str, Any]]:
    """What `sqlite3` is to open, and with which options. SQLAlchemy is asked only where the URL has any."""
    match = PLAIN.fullmatch(url)
    if match is not None:
        return os.path.abspath(match[1]) if match[1] != ":memory:" else match[1], {}
    arguments, options = driver_arguments(url, _URL_HINT)
    return str(arguments[0]), options


def _file(target: str, *, is_uri: bool) -> Path | None:
    """The database's file; None for one in memory."""
    if is_uri:
        if "mode=memory" in target or ":memory:" in target:
            return None
        target = target.removeprefix("file:").split("?")[0]
    return Path(target).absolute() if target not in ("", ":memory:") else None


class SqliteSession:
    """See :class:`~changelog_engine.databases.database.Session`."""

    kind = "sqlite"
    capabilities = Capabilities(transactional_ddl=True, schemas=False)
    batches: Batches | None = None
    sharing: Sharing | None = None
    parameter_style = ParameterStyle.COLON
    elapsed_ms: str | None = None

    def __init__(
        self, reconnect: Callable[[], sqlite3.Connection], location: str, path: Path | None, access: Access
    ) -> None:
        self.location = location
        self.server = f"SQLite {sqlite3.sqlite_version}"
        self.database = str(path) if path is not None else ":memory:"
        self.schema: str | None = None
        self.user = ""
        self._reconnect = reconnect
        self._access = access
        self._in_memory = path is None
        self._lock: Lock = NoLock() if path is None else FileLock(path)
        self._has_lasting = False
        self._is_cancelled = False
        self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        try:
            connection: sqlite3.Connection = self._reconnect()
            connection.set_progress_handler(_let_handlers_run, _HANDLERS_EVERY)
            # The file is read at the first statement only, and what is wrong with it should be known now.
            self._read_first_page(connection)
        except sqlite3.Error as error:
            raise ConnectionFailedError(f"no connection to `{self.location}`: {error}", hint=_hint(error)) from None
        return connection

    def _read_first_page(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute(_FIRST_PAGE).fetchall()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname not in _TO_BE_RECOVERED:
                raise
            uri = f"file:{quote_path(self.database)}?mode=rw"
            with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS)) as recovering:
                recovering.execute(_FIRST_PAGE).fetchall()
            connection.execute(_FIRST_PAGE).fetchall()

    @property
    def backups(self) -> Backups | None:
        from changelog_engine.databases.sqlite_backup import SqliteBackups

        path = None if self._in_memory else Path(self.database)
        return SqliteBackups(self._ask, self.execute, self._rows, path)

    # ------------------------------------------------------------------------------------------ statements

    def run(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[Row]:
        return self._send(sql, parameters)[0]

    def execute(self, sql: str) -> int | None:
        self._note(sql)
        count = self._send(sql)[1]
        return count if count >= 0 else None

    def select(self, sql: str) -> Sequence[Row]:
        self._note(sql)
        return self._send(sql)[0]

    def _note(self, sql: str) -> None:
        self._has_lasting = self._has_lasting or _LASTING.search(sql) is not None

    def _ask(self, sql: str, *values: object) -> Sequence[Row]:
        return self._send(sql, values)[0]

    def _rows(self, sql: str) -> Iterator[Row]:
        """The rows of a query of the engine's own, one by one."""
        try:
            yield from self._connection.execute(sql)
        except sqlite3.Error as error:
            raise _translate(error, sql) from error

    def _send(self, sql: str, values: Any = ()) -> tuple[Sequence[Row], int]:
        """The rows, and how many were touched."""
        self._is_cancelled = False
        try:
            cursor = self._connection.execute(sql, values)
            return cursor.fetchall(), cursor.rowcount
        except (sqlite3.Error, sqlite3.Warning) as error:
            if getattr(error, "sqlite_errorname", None) == "SQLITE_INTERRUPT" and not self._is_cancelled:
                # A signal handler has raised something while the statement ran, which the module has swallowed.
                raise KeyboardInterrupt from error
            raise _translate(error, sql) from error
        except ValueError as error:
            raise StatementError(str(error)) from error

    # ---------------------------------------------------------------------------------------- transactions

    def preamble(self, consideration: Consideration) -> Sequence[str]:
        """SQLite has neither roles nor other time-outs than the one for a locked file, which every connection has."""
        del consideration
        return ()

    def begin(self) -> None:
        # IMMEDIATE: a transaction that reads first and writes then could be refused in the middle.
        self._send("BEGIN IMMEDIATE" if self._access is Access.WRITE else "BEGIN")

    def commit(self) -> None:
        if not self._connection.in_transaction:
            raise StatementError(
                "the transaction was ended by one of the statements",
                hint="leave out COMMIT and ROLLBACK, or set `transaction: false`",
            )
        self._send("COMMIT")

    def rollback(self) -> None:
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            # Closing the connection ends its transaction; the error that led here is the one to be seen.
            self._connection.close()

    def check_deferred(self) -> None:
        """SQLite has no statement for it: a violated deferred constraint makes the commit fail."""

    def reset(self) -> None:
        if self._has_lasting and self._access is Access.WRITE:
            # The rest waits for the transaction's end; this one would keep the engine from writing its own row.
            self._send("PRAGMA query_only = OFF")

    def renew(self) -> None:
        if not self._has_lasting:
            return
        if self._in_memory:
            objects.tidy(self._ask)
        else:
            self._connection.close()
            self._connection = self._open()
        self._has_lasting = False

    # ---------------------------------------------------------------------------------------------- the lock

    def try_lock(self, name: str) -> bool:
        return self._lock.try_take(name)

    def unlock(self, name: str) -> None:
        self._lock.give_back(name)

    def is_locked(self, name: str) -> bool:
        return self._lock.is_taken(name)

    # ------------------------------------------------------------------------------------------- the catalogue

    def exists(self, kind: str, name: str, table: str | None = None) -> bool:
        return objects.exists(self._ask, kind, name, table)

    def catalog(self) -> Catalog:
        return read_catalog(self._ask)

    def definitions(self) -> Sequence[str]:
        return objects.definitions(self._ask)

    def create_schema(self, name: str) -> None:
        raise ConfigurationError(
            f"SQLite has no schemas, so `{name}` cannot be created", hint="leave out the ledger's schema"
        )

    def runs_outside_only(self, sql: str) -> bool:
        return _NO_EFFECT_INSIDE.match(sql) is not None

    def settle(self, statement: str) -> Settled:
        return objects.settle(self._ask, statement)

    def quote(self, identifier: str) -> str:
        return '"' + identifier.replace('"', '""') + '"'

    def literal(self, value: str | int | None) -> str:
        if value is None:
            return "NULL"
        if isinstance(value, int):
            return str(int(value))
        if "\0" in value:
            return f"CAST(x'{value.encode().hex()}' AS TEXT)"
        return "'" + value.replace("'", "''") + "'"

    def script_guard(self, lock_name: str, expectation: str) -> Sequence[str]:
        """The shell of SQLite cannot take the lock, which is one on a file; a busy database it waits for."""
        del lock_name
        return (
            ".bail on",
            f".timeout {int(_BUSY_SECONDS * 1000)}",
            "-- this script does not hold the engine's lock: run nothing else on this database meanwhile",
            "CREATE TEMP TABLE changelog_guard (is_met);",
            "CREATE TEMP TRIGGER changelog_guard BEFORE INSERT ON changelog_guard WHEN NEW.is_met IS NOT 1"
            " BEGIN SELECT RAISE(ABORT, 'the ledger has moved on since this script was made'); END;",
            f"INSERT INTO changelog_guard VALUES ({expectation});",
            "DROP TABLE temp.changelog_guard;",
        )

    def script_reset(self) -> Sequence[str]:
        return ()

    def script_statement(self, sql: str) -> Sequence[str]:
        return closed_statement(sql)

    def cancel(self) -> None:
        self._is_cancelled = True
        self._connection.interrupt()

    def close(self) -> None:
        self._connection.close()
        self._lock.give_back_all()


def _let_handlers_run() -> int:
    """Called by SQLite in the middle of a statement; 0 lets it go on."""
    return 0


def _translate(error: Exception, sql: str) -> StatementError:
    if isinstance(error, sqlite3.ProgrammingError | sqlite3.Warning) and "one statement" in str(error):
        return StatementError(
            "SQLite takes one statement at a time", hint="leave out `split: false`, or correct the `delimiter`"
        )
    position = None
    near = _NEAR.match(str(error))
    if near is not None and sql.count(near[1]) == 1:
        position = sql.index(near[1])
    return StatementError(
        str(error),
        sqlstate=getattr(error, "sqlite_errorname", None),
        position=position,
        hint=_hint(error),
        refuses_transaction=_OUTSIDE_ONLY.search(str(error)) is not None,
    )


def _hint(error: Exception) -> str | None:
    name = getattr(error, "sqlite_errorname", None) or ""
    return next((hint for start, hint in _HINTS.items() if name.startswith(start)), None)
