"""MySQL and MariaDB through PyMySQL: one connection in autocommit, with every BEGIN and COMMIT our own.

DDL commits by itself there, so that a changeset that has any is recorded statement by statement; one without shares a
transaction with its row, as everywhere.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pymysql
from pymysql.constants import SERVER_STATUS

from changelog_engine.catalog import Catalog
from changelog_engine.databases import mysql_lock as locks
from changelog_engine.databases import mysql_objects as objects
from changelog_engine.databases import mysql_script as scripts
from changelog_engine.databases.database import Access, Batches, Capabilities, Row, Settled, Sharing
from changelog_engine.databases.mysql_catalog import read_catalog
from changelog_engine.databases.mysql_errors import connection_failed, translate
from changelog_engine.databases.mysql_statements import may_commit, may_last, timeouts
from changelog_engine.databases.own_sql import ParameterStyle
from changelog_engine.databases.urls import driver_arguments, parse_url
from changelog_engine.errors import ConfigurationError, ConnectionFailedError, DatabaseError, StatementError
from changelog_engine.model import Consideration

Connection = pymysql.connections.Connection
Connect = Callable[[], Connection]

_CONNECT_SECONDS = 10
# A host that is lost must not keep the lock for hours: a session that does nothing for so long is ended.
_IDLE_SECONDS = 600
_WHERE_AM_I = "SELECT VERSION(), DATABASE(), CURRENT_USER(), CONNECTION_ID()"
# What keeps the engine from writing its own rows, where a changeset leaves it changed. (One of them makes every query
# that has no LIMIT of its own a shorter one.)
_STANDING = (
    "DATABASE(), CURRENT_ROLE(), @@sql_mode, @@autocommit, @@character_set_client, @@character_set_connection,"
    " @@sql_select_limit, @@foreign_key_checks, @@unique_checks"
)
_VARIABLES = "SHOW SESSION VARIABLES"
_CHARACTER_SETS = "SELECT @@character_set_client, @@character_set_connection LIMIT 1"
_OLDEST = {"mariadb": (10, 2, 2), "mysql": (8, 0, 0)}
# Before these, a server that died could leave a half of a statement behind.
_ATOMIC_DDL = {"mariadb": (10, 6, 0), "mysql": (8, 0, 0)}
_NAMES = {"mariadb": "MariaDB", "mysql": "MySQL"}
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?\Z")
# They change by themselves, or say what was last done.
_VOLATILE = {
    *("timestamp", "rand_seed1", "rand_seed2", "last_insert_id", "identity", "insert_id", "error_count"),
    *("warning_count", "in_transaction", "pseudo_thread_id", "last_gtid", "gtid_seq_no", "autocommit"),
}


def open_session(url: str, access: Access, name: str, location: str) -> MysqlSession:
    """Connect; the session's kind is what the server says it is, whatever the URL calls it."""
    parsed = parse_url(url)
    if not parsed.database:
        raise ConfigurationError(
            f"the database URL `{location}` names no database", hint="write it as `mysql://user@host:3306/database`"
        )
    prepared = {"connect_timeout": _CONNECT_SECONDS, "program_name": name, **driver_arguments(url)[1]}
    prepared |= {"charset": "utf8mb4", "autocommit": True, "local_infile": False}

    def reconnect() -> Connection:
        socket = prepared.get("unix_socket")
        if socket is not None and not os.path.exists(socket):
            # The driver would speak of localhost.
            raise connection_failed(FileNotFoundError(f"there is no socket `{socket}`"), parsed, location)
        try:
            connection = pymysql.connect(**prepared)
        except (pymysql.Error, RuntimeError, OSError) as error:
            raise connection_failed(error, parsed, location) from None
        except (TypeError, ValueError) as error:
            raise ConfigurationError(
                f"the database URL `{location}` cannot be used: {error}", hint="check the options after its `?`"
            ) from None
        return connection

    return MysqlSession(reconnect, location, access)


class MysqlSession:
    """See :class:`~changelog_engine.databases.database.Session`."""

    capabilities = Capabilities(transactional_ddl=False, schemas=False)
    batches: Batches | None = None
    sharing: Sharing | None = None
    backups: None = None
    parameter_style = ParameterStyle.FORMAT
    elapsed_ms: str | None = None

    def __init__(self, reconnect: Connect, location: str, access: Access) -> None:
        self.location = location
        self._reconnect = reconnect
        self._access = access
        self._locks: set[str] = set()
        self._in_transaction = False
        self._touched = False
        self._has_lasting = False
        self._may_garble = False
        # The session that will follow this one at the next `renew`: new, and so as this one was.
        self._next: MysqlSession | None = None
        self._connection = self._open()
        version, database, user, self._id = self._ask(_WHERE_AM_I)[0]
        self.kind = "mariadb" if "mariadb" in version.lower() else "mysql"
        self._version = tuple(int(number) for number in re.findall(r"\d+", version)[:3])
        self.server = f"{_NAMES[self.kind]} {'.'.join(map(str, self._version))}"
        self._refuse_old()
        self.database: str = database
        # A schema is a database there. Named with the ledger's tables, it finds them after a `USE` too.
        self.schema: str | None = database
        self.user: str = user
        self._standing = self._ask(f"SELECT {_STANDING} LIMIT 1")[0]

    def _open(self) -> Connection:
        connection = self._reconnect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SET SESSION wait_timeout = {_IDLE_SECONDS}")
                if self._access is Access.READ:
                    cursor.execute("SET SESSION TRANSACTION READ ONLY")
        except pymysql.Error as error:
            connection.close()
            raise ConnectionFailedError(f"no connection to `{self.location}`: {error}") from None
        return connection

    def _refuse_old(self) -> None:
        oldest = _OLDEST[self.kind]
        if self._version < oldest:
            self.close()
            raise ConnectionFailedError(
                f"{self.server} at `{self.location}` is too old",
                hint=f"{_NAMES[self.kind]} {'.'.join(map(str, oldest))} or later is needed",
            )

    # ------------------------------------------------------------------------------------------ statements

    def run(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[Row]:
        self._confirm_transaction()
        self._put_back_character_set()
        return self._send(sql, parameters)[0]

    def execute(self, sql: str) -> int | None:
        self._note(sql)
        count = self._send(sql)[1]
        return count if count >= 0 else None

    def select(self, sql: str) -> Sequence[Row]:
        self._note(sql)
        return tuple(tuple(map(_text, row)) for row in self._send(sql)[0])

    def _note(self, sql: str) -> None:
        self._touched = True
        if may_last(sql):
            self._has_lasting = self._may_garble = True

    def _ask(self, sql: str, *values: object) -> Sequence[Row]:
        return self._send(sql, values)[0]

    def _send(self, sql: str, values: Mapping[str, Any] | Sequence[Any] | None = None) -> tuple[Sequence[Row], int]:
        """The rows of the first result, and how many were touched. ``values`` None sends the text as it is."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(sql, values)
                rows, count = cursor.fetchall() if cursor.description else (), cursor.rowcount
                # A procedure gives several, and what goes wrong in it may come in a later one.
                while cursor.nextset():
                    pass
                return rows, count
        except (pymysql.Error, OSError, RuntimeError) as error:
            raise self._translate(error, sql) from error
        except UnicodeEncodeError:
            raise StatementError("the statement holds a character that cannot be sent as UTF-8") from None

    def _translate(self, error: BaseException, sql: str) -> DatabaseError:
        return translate(error, sql, self.location, is_open=self._connection.open)

    # ---------------------------------------------------------------------------------------- transactions

    def preamble(self, consideration: Consideration) -> Sequence[str]:
        """In whole seconds where the server takes no less; MySQL ends only queries after ``statement_timeout``."""
        settings = timeouts(consideration, self.kind)
        role = () if consideration.run_as is None else (f"SET ROLE {self.quote(consideration.run_as)}",)
        return (*(f"SET SESSION {name} = {value}" for name, value in settings), *role)

    def begin(self) -> None:
        # Said in full, whatever a changeset has set for its transactions.
        self._send("START TRANSACTION READ WRITE" if self._access is Access.WRITE else "START TRANSACTION READ ONLY")
        self._in_transaction = True

    def commit(self) -> None:
        self._confirm_transaction()
        self._send("COMMIT")
        self._in_transaction = False

    def rollback(self) -> None:
        if not self._in_transaction:
            return
        self._in_transaction = False
        try:
            self._send("ROLLBACK")
        except DatabaseError:
            # Ending the session ends its transaction; the error that led here is the one to be seen.
            _close(self._connection)

    def _confirm_transaction(self) -> None:
        """Before anything of the engine's is written: outside of its transaction it would stand by itself."""
        if self._in_transaction and not self._is_in_transaction_there():
            self._in_transaction = False
            raise StatementError(
                "the transaction was ended by one of the statements",
                hint="leave out COMMIT and ROLLBACK, in procedures too, or set `transaction: false`",
            )

    def _is_in_transaction_there(self) -> bool:
        """Whether the server said, with its last answer, that a transaction is open."""
        status: int = getattr(self._connection, "server_status", 0) or 0
        return bool(status & SERVER_STATUS.SERVER_STATUS_IN_TRANS)

    def _put_back_character_set(self) -> None:
        """The engine's texts are sent as utf8mb4, whatever a changeset has said of its own."""
        if self._may_garble and any(name != "utf8mb4" for name in self._ask(_CHARACTER_SETS)[0]):
            self._send("SET NAMES utf8mb4")
        self._may_garble = False

    def check_deferred(self) -> None:
        """There are no deferred constraints."""

    # -------------------------------------------------------------------------------- what a changeset leaves

    def reset(self) -> None:
        self._confirm_transaction()
        if not self._touched:
            return
        if not self._look():
            raise StatementError("a statement released the lock of this run", hint="leave out RELEASE_ALL_LOCKS()")
        if self._has_lasting:
            self._put_back()
        self._touched = False

    def renew(self) -> None:
        """No round trip where nothing of a user's was run since the last reset; a new connection where it left traces.

        Nothing less leaves nothing behind, and what the protocol has for it would give up the lock for a moment.
        """
        if self._touched:
            self._look()
            self._touched = False
        if self._has_lasting:
            self._become(self._successor())

    def _look(self) -> bool:
        """See what the statements changed, whatever they looked like; False where they released a lock of ours."""
        question = f"SELECT {_STANDING}, {locks.count_own_question(sorted(self._locks))} LIMIT 1"
        *standing, held = self._ask(question)[0]
        self._has_lasting = self._has_lasting or tuple(standing) != tuple(self._standing)
        return bool(held == len(self._locks))

    def _successor(self) -> MysqlSession:
        if self._next is None:
            self._next = MysqlSession(self._reconnect, self.location, self._access)
        return self._next

    def _put_back(self) -> None:
        """Set the role, the database and every variable to what they are in a new session."""
        fresh = self._successor()
        role = fresh._standing[1]
        if self._ask("SELECT CURRENT_ROLE() LIMIT 1")[0][0] != role:
            self._send(self._set_role(role))
        self._send(f"USE {self.quote(self.database)}")
        ours = set(self._send(_VARIABLES)[0])
        for name, value in fresh._send(_VARIABLES)[0]:
            if (name, value) not in ours and name not in _VOLATILE:
                # What cannot be set in here is gone at the next `renew`.
                with contextlib.suppress(StatementError):
                    self._send(f"SET SESSION {name} = {value if _NUMBER.match(value) else self.literal(value)}")

    def _set_role(self, role: str | None) -> str:
        if role in (None, "NONE"):
            return "SET ROLE NONE"
        return f"SET ROLE {self.quote(str(role))}" if self.kind == "mariadb" else "SET ROLE DEFAULT"

    def _become(self, fresh: MysqlSession) -> None:
        """Go on in a new session, which gets the locks before anybody else can."""
        for name in sorted(self._locks):
            locks.hand_over(self._ask, fresh._ask, name)
        _close(self._connection)
        self._connection, self._id, self._standing = fresh._connection, fresh._id, fresh._standing
        self._next = None
        self._has_lasting = self._may_garble = False

    # ---------------------------------------------------------------------------------------------- the lock

    def try_lock(self, name: str) -> bool:
        # The server would count a second taking, and one release would then not be enough.
        if name not in self._locks and locks.take(self._ask, name):
            self._locks.add(name)
        return name in self._locks

    def unlock(self, name: str) -> None:
        if name in self._locks:
            self._locks.discard(name)
            locks.give_back(self._ask, name)

    def is_locked(self, name: str) -> bool:
        return locks.is_taken(self._ask, name)

    # ------------------------------------------------------------------------------------------- the catalogue

    def exists(self, kind: str, name: str, table: str | None = None) -> bool:
        return objects.exists(self._ask, kind, name, table)

    def catalog(self) -> Catalog:
        return read_catalog(self._ask, self.kind, self.database)

    def definitions(self) -> Sequence[str]:
        """Everything can be altered where it stands."""
        return ()

    def create_schema(self, name: str) -> None:
        raise ConfigurationError(
            f"a schema is a database in {_NAMES[self.kind]}, and `{name}` is not created",
            hint="leave out the ledger's schema: its tables stand in the database that the URL names",
        )

    def runs_outside_only(self, sql: str) -> bool:
        return may_commit(sql)

    def settle(self, statement: str) -> Settled:
        return objects.settle(self._ask, statement) if self._version >= _ATOMIC_DDL[self.kind] else Settled.UNKNOWN

    def quote(self, identifier: str) -> str:
        return "`" + identifier.replace("`", "``") + "`"

    def literal(self, value: str | int | None) -> str:
        if value is None:
            return "NULL"
        if isinstance(value, int):
            return str(int(value))
        if "\0" in value:
            return f"CONVERT(x'{value.encode().hex()}' USING utf8mb4)"
        pieces = ["'" + piece.replace("'", "''") + "'" for piece in value.split("\\")]
        # What a backslash in quotation marks means depends on a setting.
        return pieces[0] if len(pieces) == 1 else f"CONCAT({', CHAR(92 USING utf8mb4), '.join(pieces)})"

    # ------------------------------------------------------------------------------------------------ scripts

    def script_guard(self, lock_name: str, expectation: str) -> Sequence[str]:
        return scripts.guard(self.quote(self.database), lock_name, expectation)

    def script_reset(self) -> Sequence[str]:
        return scripts.reset(self.quote(self.database))

    def script_statement(self, sql: str) -> Sequence[str]:
        return scripts.closed(sql)

    # --------------------------------------------------------------------------------------------------- ends

    def cancel(self) -> None:
        with contextlib.suppress(DatabaseError, ConfigurationError, pymysql.Error, OSError):
            connection = self._reconnect()
            with contextlib.closing(connection), connection.cursor() as cursor:
                cursor.execute(f"KILL QUERY {int(self._id)}")

    def close(self) -> None:
        _close(self._connection)
        if self._next is not None:
            self._next.close()


def _text(value: object) -> object:
    """Many functions give texts as bytes there."""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def _close(connection: Connection) -> None:
    with contextlib.suppress(pymysql.Error, OSError):
        connection.close()
