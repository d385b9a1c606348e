"""PostgreSQL through psycopg 3: one connection in autocommit, with every BEGIN and COMMIT our own."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import pq

from changelog_engine.catalog import Catalog
from changelog_engine.databases import postgresql_objects as objects
from changelog_engine.databases.database import (
    Access,
    Batches,
    BatchOutcome,
    Capabilities,
    Commit,
    Done,
    Row,
    Settled,
    Sharing,
    Transaction,
    closed_statement,
)
from changelog_engine.databases.own_sql import ParameterStyle
from changelog_engine.databases.postgresql_batch import ELAPSED_MS, Batch, joins_batch
from changelog_engine.databases.postgresql_catalog import read_catalog
from changelog_engine.databases.postgresql_connect import (
    connect_arguments,
    connection_failed,
    options_of,
    way_to,
    without_options,
)
from changelog_engine.databases.postgresql_errors import translate
from changelog_engine.databases.postgresql_pooler import refuse_shared_backends, shared_backends
from changelog_engine.databases.postgresql_sharing import (
    WORKERS,
    PostgresqlSharing,
    script_lock_condition,
    try_lock_sql,
)
from changelog_engine.errors import DatabaseError, StatementError
from changelog_engine.model import Consideration

if TYPE_CHECKING:
    import subprocess

    from changelog_engine.databases.backup import Backups
    from changelog_engine.databases.postgresql_dump import Reach

# All of them are allowed in a transaction (DISCARD ALL is not, and would drop the lock too). The role comes first, for
# a changeset may have become somebody who may do less.
_RESET = (
    "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; CLOSE ALL; DEALLOCATE ALL; UNLISTEN *; "
    "DISCARD SEQUENCES; DISCARD TEMP"
)

_CHECK_DEFERRED = "SET CONSTRAINTS ALL IMMEDIATE"
_WHERE_AM_I = "SELECT current_database(), current_schema(), current_user, pg_catalog.pg_backend_pid()"


def open_session(
    url: str, access: Access, name: str, location: str, *, opened: psycopg.Connection[Row] | None = None
) -> PostgresqlSession:
    """Connect, or take over what is ``opened``.

    The settings that a server or a pooler refuses are left out in a second try.

    Raises ConfigurationError for WRITE through a pooler that would share out the lock.
    """
    options = options_of(url)
    prepared = connect_arguments(options, access, name)
    try:
        try:
            connection = opened or psycopg.connect(**prepared)
        except psycopg.OperationalError as error:
            plainer = without_options(error, prepared, options)
            if plainer is None:
                raise
            prepared = plainer
            connection = psycopg.connect(**prepared)
    except psycopg.Error as error:
        raise connection_failed(error, options, location) from None
    session = PostgresqlSession(connection, location)
    if access is Access.WRITE and session.backend != connection.info.backend_pid:
        refuse_shared_backends(connection, lambda: psycopg.connect(**prepared), location)
    return session


def lock_key(name: str) -> int:
    """The key of the advisory lock of that name. Frozen, for engines of different versions must exclude each other.

    The first 8 bytes of the SHA-256 of ``changelog-engine:`` and the name in UTF-8, as a signed big-endian number.
    """
    digest = hashlib.sha256(f"changelog-engine:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


class PostgresqlSession:
    """See :class:`~changelog_engine.databases.database.Session`."""

    kind = "postgresql"
    capabilities = Capabilities(transactional_ddl=True, schemas=True)
    parameter_style = ParameterStyle.FORMAT
    elapsed_ms: str | None = ELAPSED_MS

    def __init__(self, connection: psycopg.Connection[Row], location: str) -> None:
        self.location = location
        self.batches: Batches | None = _Batches(self)
        self.sharing: Sharing | None = PostgresqlSharing(self._ask, lock_key)
        self._connection = connection
        self._locks: set[str] = set()
        self._touched = False
        self._program: subprocess.Popen[bytes] | None = None
        self.server = f"PostgreSQL {connection.info.parameter_status('server_version')}"
        self.database: str
        self.schema: str | None
        self.user: str
        self.backend: int
        self.database, self.schema, self.user, self.backend = self._send(_WHERE_AM_I).fetchall()[0]

    @property
    def backups(self) -> Backups | None:
        from changelog_engine.databases.postgresql_backup import PostgresqlBackups

        return PostgresqlBackups(self._query, self.execute, self._copy_in, self._reach)

    def _reach(self) -> Reach:
        from changelog_engine.databases.postgresql_dump import Reach

        return Reach(*way_to(self._connection), self._note_program)

    def _note_program(self, process: subprocess.Popen[bytes]) -> None:
        self._program = process

    def _copy_in(self, sql: str, data: Iterable[bytes]) -> None:
        """Run a COPY FROM STDIN of the engine's own."""
        try:
            with self._connection.cursor().copy(sql.encode()) as copy:
                for piece in data:
                    copy.write(piece)
        except psycopg.Error as error:
            raise self._translate(error) from error

    # ------------------------------------------------------------------------------------------ statements

    def run(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[Row]:
        return self._fetch(sql, parameters)

    def execute(self, sql: str) -> int | None:
        self._touched = True
        count = self._send(sql).rowcount
        return count if count >= 0 else None

    def select(self, sql: str) -> Sequence[Row]:
        self._touched = True
        return self._fetch(sql)

    def _ask(self, sql: str, *values: object) -> Sequence[Row]:
        return self._fetch(sql, values)

    def _query(self, sql: str, *values: object, **named: object) -> Sequence[Row]:
        return self._fetch(sql, named or values)

    def _fetch(self, sql: str, values: Mapping[str, Any] | Sequence[Any] | None = None) -> Sequence[Row]:
        cursor = self._send(sql, values)
        try:
            return cursor.fetchall() if cursor.description is not None else ()
        except psycopg.Error as error:
            # A value that Python has no place for, such as the date `infinity`.
            raise self._translate(error) from error

    def _send(self, sql: str, values: Mapping[str, Any] | Sequence[Any] | None = None) -> psycopg.Cursor[Row]:
        """``values`` None sends the text as it is, in the simple protocol."""
        try:
            return self._connection.execute(sql, values)
        except psycopg.Error as error:
            raise self._translate(error) from error
        except UnicodeEncodeError:
            raise StatementError("the statement holds a character that cannot be sent as UTF-8") from None

    def _translate(self, error: psycopg.Error) -> DatabaseError:
        return translate(error, self._connection, self.location)

    # ---------------------------------------------------------------------------------------- transactions

    def run_batch(self, transactions: Iterable[Transaction], commit: Commit, done: Done) -> BatchOutcome:
        """What ``batches`` runs."""
        batch = Batch(
            self._connection,
            transactions,
            commit,
            closing=(_CHECK_DEFERRED, *_RESET.split("; ")),
            question=self._locks_question(),
        )
        outcome, answer = batch.run(done, self.cancel, self._translate)
        if answer is None:
            # What a statement prepared outlives its transaction, and the reset was not reached.
            self._touched = True
            self.rollback()
        elif commit is Commit.EACH and answer != len(self._locks):
            self._take_back_locks()
        return outcome

    def preamble(self, consideration: Consideration) -> Sequence[str]:
        timeouts = (
            ("lock_timeout", consideration.lock_timeout),
            ("statement_timeout", consideration.statement_timeout),
        )
        statements = [f"SET {name} = {int(value)}" for name, value in timeouts if value is not None]
        if consideration.run_as is not None:
            statements.append(f"SET ROLE {self.quote(consideration.run_as)}")
        return statements

    def begin(self) -> None:
        self._send("BEGIN")

    def commit(self) -> None:
        if self._connection.info.transaction_status != pq.TransactionStatus.INTRANS:
            self.rollback()
            raise StatementError(
                "the transaction was ended by one of the statements",
                hint="leave out COMMIT and ROLLBACK, in procedures and DO blocks too, or set `transaction: false`",
            )
        self._send("COMMIT")

    def rollback(self) -> None:
        status = self._connection.info.transaction_status
        if status == pq.TransactionStatus.IDLE or self._connection.closed:
            return
        try:
            self._connection.execute("ROLLBACK")
        except psycopg.Error:
            # Ending the session ends its transaction; the error that led here is the one to be seen.
            self._connection.close()

    def check_deferred(self) -> None:
        self._send(_CHECK_DEFERRED)

    def reset(self) -> None:
        if not self._touched:
            return
        if not self._locks:
            self._send(_RESET)
        elif not self._reset_and_count_locks():
            raise StatementError(
                "a statement released the lock of this run",
                hint="leave out pg_advisory_unlock_all() and DISCARD ALL",
            )
        self._touched = False

    def renew(self) -> None:
        """One round trip, and none where nothing of a user's was run since the last reset."""
        if not self._touched:
            return
        if not self._locks:
            self._send(_RESET)
        elif not self._reset_and_count_locks():
            self._take_back_locks()
        self._touched = False

    def _reset_and_count_locks(self) -> bool:
        """Reset, and say in the same round trip whether all the locks are still held."""
        cursor = self._send(f"{_RESET}; {self._locks_question()}")
        while cursor.nextset():
            pass
        return bool(cursor.fetchall()[0][0] == len(self._locks))

    def _locks_question(self) -> str:
        """How many of the locks that this session should hold it holds."""
        # The keys are numbers of ours; the simple protocol, which takes several statements, has no parameters.
        tests = [objects.advisory_lock_test(lock_key(name)) for name in sorted(self._locks)]
        return f"{objects.COUNT_OWN_LOCKS} AND ({' OR '.join(tests) or 'false'})"

    def _take_back_locks(self) -> None:
        names, self._locks = self._locks, set()
        lost = [name for name in sorted(names) if not (self.is_locked_by_me(name) or self._take(name))]
        self._locks = names - set(lost)
        if lost:
            raise DatabaseError(
                "a statement released the lock of this run, and somebody else has taken it",
                hint="leave out pg_advisory_unlock_all() and DISCARD ALL",
            )

    # ---------------------------------------------------------------------------------------------- the lock

    def try_lock(self, name: str) -> bool:
        # The server would count a second taking, and one release would then not be enough.
        if name not in self._locks and self._take(name):
            self._locks.add(name)
        return name in self._locks

    def _take(self, name: str) -> bool:
        sql = try_lock_sql(lock_key(name + WORKERS), self.backend)
        taken = self._ask(sql, lock_key(name))[0][0]
        if taken is None:
            raise shared_backends(self.location)
        return bool(taken)

    def unlock(self, name: str) -> None:
        if name in self._locks:
            self._locks.discard(name)
            self._ask("SELECT pg_advisory_unlock(%s::bigint)", lock_key(name))

    def is_locked(self, name: str) -> bool:
        tests = (objects.advisory_lock_test(lock_key(each)) for each in (name, name + WORKERS))
        return bool(self._fetch(f"{objects.COUNT_LOCKS} AND ({' OR '.join(tests)})")[0][0])

    def is_locked_by_me(self, name: str) -> bool:
        test = objects.advisory_lock_test(lock_key(name))
        return bool(self._fetch(f"{objects.COUNT_OWN_LOCKS} AND {test}")[0][0])

    # ------------------------------------------------------------------------------------------- the catalogue

    def exists(self, kind: str, name: str, table: str | None = None) -> bool:
        return objects.exists(self._ask, kind, name, table)

    def catalog(self) -> Catalog:
        self.begin()
        try:
            return read_catalog(self._ask)
        finally:
            self.rollback()

    def definitions(self) -> Sequence[str]:
        """Everything can be altered where it stands."""
        return ()

    def create_schema(self, name: str) -> None:
        self._send(f"CREATE SCHEMA IF NOT EXISTS {self.quote(name)}")

    def runs_outside_only(self, sql: str) -> bool:
        """The server says so itself, before it does anything."""
        del sql
        return False

    def settle(self, statement: str) -> Settled:
        return objects.settle(self._ask, statement)

    def quote(self, identifier: str) -> str:
        return objects.quote(identifier)

    def literal(self, value: str | int | None) -> str:
        if value is None:
            return "NULL"
        if isinstance(value, int):
            return str(int(value))
        quoted = value.replace("'", "''")
        # With E'' it means the same whatever standard_conforming_strings says.
        return f"E'{quoted.replace(chr(92), chr(92) * 2)}'" if "\\" in quoted else f"'{quoted}'"

    def script_guard(self, lock_name: str, expectation: str) -> Sequence[str]:
        return (
            "\\set ON_ERROR_STOP on",
            _refuse_unless(
                script_lock_condition(lock_key(lock_name), lock_key(lock_name + WORKERS)),
                "somebody else works on this database",
            ),
            _refuse_unless(expectation, "the ledger has moved on since this script was made"),
        )

    def script_reset(self) -> Sequence[str]:
        return tuple(f"{statement};" for statement in _RESET.split("; "))

    def script_statement(self, sql: str) -> Sequence[str]:
        return closed_statement(sql)

    def cancel(self) -> None:
        if self._program is not None:
            self._program.kill()
        with contextlib.suppress(psycopg.Error):
            self._connection.cancel_safe(timeout=5.0)

    def close(self) -> None:
        self._connection.close()


class _Batches:
    """See :class:`~changelog_engine.databases.database.Batches`."""

    def __init__(self, session: PostgresqlSession) -> None:
        self._session = session

    def joins(self, sql: str) -> bool:
        return joins_batch(sql)

    def run(self, transactions: Iterable[Transaction], commit: Commit, done: Done) -> BatchOutcome:
        return self._session.run_batch(transactions, commit, done)


def _refuse_unless(condition: str, message: str) -> str:
    """A statement that ends a script unless the condition is true."""
    return f"DO $guard$ BEGIN IF ({condition}) IS NOT TRUE THEN RAISE EXCEPTION '{message}'; END IF; END $guard$;"
