"""What a database must be able to do for the engine: one small Protocol, with the differences as data.

A session is one connection in autocommit; transactions are opened and ended by ``begin``, ``commit`` and ``rollback``
and by nothing else. All methods raise the classes of :mod:`changelog_engine.errors` only: ``StatementError`` where the
database refuses a statement, ``ConnectionLostError`` where the connection is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from changelog_engine.catalog import Catalog
from changelog_engine.databases.own_sql import ParameterStyle
from changelog_engine.errors import StatementError
from changelog_engine.model import Consideration

if TYPE_CHECKING:
    from changelog_engine.databases.backup import Backups

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """``transactional_ddl``: DDL commits and rolls back with the transaction. ``schemas``: tables live in schemas."""

    transactional_ddl: bool
    schemas: bool


@dataclass(frozen=True, slots=True)
class OwnStatement:
    """A statement of the engine's own, in the form that its session's driver takes, with its values."""

    sql: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Transaction:
    """A user's statements, and the engine's own around them: all of it, or nothing.

    ``preamble`` comes first, ``records`` come last.
    """

    statements: tuple[str, ...]
    records: tuple[OwnStatement, ...]
    preamble: tuple[str, ...] = ()


PREAMBLE = -1
"""In place of the number of a statement: what was refused came before the first one."""


class Commit(StrEnum):
    """When transactions that are sent together commit: each by itself, or later, as parts of the one that is open."""

    EACH = "each"
    LATER = "later"


Done = Callable[[Row | None], bool]
"""Told of each transaction of a batch as it is done, with the first row that its records gave; True asks to stop
there.
"""


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """What became of transactions that were sent together: so many, the first ones, were done.

    ``refused`` is what the database said to the one after those: nothing of it was done, nor of any after it.
    ``statement`` is the user's statement (from 0) that it was said to, ``PREAMBLE`` what comes before them, None the
    commit.
    """

    done: int
    refused: StatementError | None = None
    statement: int | None = None


class Access(StrEnum):
    """``READ`` promises to write nothing, so that replicas, read-only roles and absent files will do."""

    READ = "read"
    WRITE = "write"


class Settled(StrEnum):
    """What the database itself can tell of a statement during which a run died."""

    DONE = "done"
    NOT_DONE = "not done"
    UNKNOWN = "unknown"


class Batches(Protocol):
    """How a session sends many transactions in one journey to the server and back."""

    def joins(self, sql: str) -> bool:
        """Whether a user's statement can be sent together with others."""
        ...

    def run(self, transactions: Iterable[Transaction], commit: Commit, done: Done) -> BatchOutcome:
        """Run transactions in order, sent together, with the deferred constraints checked and the session reset in
        each. They are taken one by one as they are sent; whoever makes them may then not use this session.

        Where one is refused, those before it are done and nothing after it is run; where ``done`` asks to stop, what is
        at work then is cancelled, and nothing after it is run.
        """
        ...


def closed_statement(sql: str) -> tuple[str, ...]:
    """A statement with its semicolon, which stands on a line of its own where a comment may end the text."""
    return (sql, ";") if "--" in sql.rsplit("\n", 1)[-1] else (f"{sql};",)


class Sharing(Protocol):
    """How several sessions of one run write to one ledger; ``name`` is that of the ledger's lock."""

    def join(self, name: str) -> None:
        """Be one of the workers: as long as this session lives, nobody else gets the lock."""
        ...

    def take_turn(self, name: str) -> None:
        """In a transaction, wait for the turn at the chain, and keep it to the transaction's end."""
        ...

    def hold_turn(self, name: str) -> None:
        """Outside of a transaction, wait for the turn at the chain, and keep it until it is released."""
        ...

    def release_turn(self, name: str) -> None: ...


class Session(Protocol):
    """One connection to the target.

    ``batches`` is None where statements travel one by one, ``sharing`` where only one session can write. ``backups`` is
    None where none are made. ``elapsed_ms`` is SQL for the milliseconds since the transaction began, None where the
    database does not tell. ``kind`` is the database kind (``dbms``), ``server`` its name and version for people,
    ``location`` the URL without its password, ``database``, ``schema`` and ``user`` what the connection works on, in
    and as.
    """

    kind: str
    server: str
    location: str
    database: str
    schema: str | None
    user: str
    capabilities: Capabilities
    parameter_style: ParameterStyle
    batches: Batches | None
    sharing: Sharing | None
    elapsed_ms: str | None

    @property
    def backups(self) -> Backups | None: ...

    def run(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[Row]:
        """Run a statement of the engine's own, in the form that ``parameter_style`` names; gives its rows, or nothing
        where it has none.
        """
        ...

    def execute(self, sql: str) -> int | None:
        """Run one statement of a user's, verbatim: no ``%`` or ``:x`` is special. Gives the rows touched, if known."""
        ...

    def select(self, sql: str) -> Sequence[Row]:
        """Run one query of a user's, verbatim; gives its rows, nothing where it is no query."""
        ...

    def preamble(self, consideration: Consideration) -> Sequence[str]:
        """Statements that give what follows in the session these time-outs and this role, until the reset."""
        ...

    def begin(self) -> None: ...
    def commit(self) -> None: ...

    def rollback(self) -> None:
        """End the transaction, if one is open; never hides an earlier error, as it raises none of its own."""
        ...

    def check_deferred(self) -> None:
        """Check the deferred constraints now, so that their failure is the changeset's and not the commit's."""
        ...

    def reset(self) -> None:
        """In a transaction, after a changeset's own statements: put the session's settings and role back."""
        ...

    def renew(self) -> None:
        """Outside of transactions, between changesets: leave nothing behind of what the last one did to the session."""
        ...

    def try_lock(self, name: str) -> bool:
        """Take the lock of that name without waiting; it dies with the session. In autocommit only."""
        ...

    def unlock(self, name: str) -> None: ...

    def is_locked(self, name: str) -> bool:
        """Whether any session, this one included, holds the lock; writes nothing."""
        ...

    def exists(self, kind: str, name: str, table: str | None = None) -> bool:
        """Whether there is a ``table``, ``view``, ``column``, ``index``, ``foreign_key``, ``sequence`` or ``schema``.

        ``name`` may be ``schema.name`` (for a column the table may); else the session's own search path decides.
        """
        ...

    def catalog(self) -> Catalog:
        """All that the database holds, the engine's own tables among it; outside of transactions, writes nothing."""
        ...

    def definitions(self) -> Sequence[str]:
        """SQL of all that is there, in an order in which it can be made: where changes need it, as SQLite can alter so
        little.
        """
        ...

    def create_schema(self, name: str) -> None: ...

    def runs_outside_only(self, sql: str) -> bool:
        """Whether the statement is known to need to stand outside of a transaction.

        Where the database itself says so when it is tried (``StatementError.refuses_transaction``), False will do.
        """
        ...

    def settle(self, statement: str) -> Settled:
        """Ask the database whether a statement that a dead run had begun was done, clearing what it left half made."""
        ...

    def quote(self, identifier: str) -> str: ...

    def literal(self, value: str | int | None) -> str:
        """The value as a literal of this database's SQL, for scripts."""
        ...

    def script_guard(self, lock_name: str, expectation: str) -> Sequence[str]:
        """The head of a script for the database's own client, as lines.

        They make it end at the first error, take the lock (without waiting) where that is possible, and stop, saying
        that the ledger has moved on, unless the SQL expression ``expectation`` is true.
        """
        ...

    def script_reset(self) -> Sequence[str]:
        """What ``reset`` does, as lines of a script."""
        ...

    def script_statement(self, sql: str) -> Sequence[str]:
        """A statement as lines of a script, ended so that the database's own client takes it for one."""
        ...

    def cancel(self) -> None:
        """Cancel what runs now; the one method that another thread or a signal handler may call."""
        ...

    def close(self) -> None: ...
