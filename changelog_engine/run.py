"""One run of a verb over a database: a session with its ledger, and the lock where it writes."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from os import getpid

from changelog_engine import __version__
from changelog_engine.changelog.parameters import Values, resolve_parameters
from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access, Session
from changelog_engine.errors import DatabaseError, StatementError
from changelog_engine.execute.events import Listener, LockWaited, Warned
from changelog_engine.execute.interruption import Interruption
from changelog_engine.execute.records import RunFacts, timestamp
from changelog_engine.execute.recovery import settle_doubts
from changelog_engine.execute.worker import Worker
from changelog_engine.ledger.entries import NO_LEDGER, LedgerState
from changelog_engine.ledger.ledger import Ledger
from changelog_engine.ledger.lock import Holder, hold_lock, write_holder
from changelog_engine.model import Parameter
from changelog_engine.plan.request import Filters
from changelog_engine.settings import DEFAULT_BACKUPS, Settings

INSUFFICIENT_PRIVILEGE = "42501"


class Run:
    """An open session with its ledger. Closed at the end of its ``with`` block.

    The ledger shows the rows of the changelog called ``name``, which may be set later. ``open_session`` gives a session
    over a connection that is there already.
    """

    def __init__(
        self,
        settings: Settings,
        name: str,
        access: Access,
        listener: Listener,
        interruption: Interruption,
        open_session: Callable[[], Session] | None = None,
    ) -> None:
        self.settings = settings
        self.listener = listener
        self.interruption = interruption
        self.session: Session = connect(settings.url, access) if open_session is None else open_session()
        self.ledger = Ledger(self.session, name, schema=settings.schema, prefix=settings.table_prefix)

    def __enter__(self) -> Run:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self.session.close()
        # What a changeset's statements are refused has become an error of that changeset: this one was the engine's.
        if isinstance(error, StatementError):
            raise self._about_the_ledger(error) from error

    def _about_the_ledger(self, error: StatementError) -> DatabaseError:
        tables, hint = self.ledger.tables, error.hint
        if error.sqlstate == INSUFFICIENT_PRIVILEGE:
            names = f"`{tables.ledger}`, `{tables.lock}` and `{tables.state}`"
            hint = f"grant the role SELECT on {names}; to write also INSERT on the first and UPDATE on the second"
        return DatabaseError(
            f"the ledger in {self.session.location} cannot be read or written: {error.message}",
            hint=hint,
            facts=error.facts,
        )

    @cached_property
    def deployment(self) -> str:
        """An id for this run: the moment of its beginning, and enough chance to be unique."""
        return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"

    def worker(self, filters: Filters, declared: Mapping[str, Parameter]) -> Worker:
        """Who does the writing, with the facts of this run. Raises UsageError where an undeclared parameter is
        given.
        """
        sources = filters.parameters
        values: Values = resolve_parameters(
            declared, sources.given, sources.environ, sources.configured, filters.contexts.names
        )
        facts = RunFacts(
            deployment=self.deployment,
            contexts=str(filters.contexts),
            db_user=self.session.user,
            os_user=self.settings.os_user,
            host=self.settings.host,
            tool_version=__version__,
            parameters=tuple(values.values),
            secrets=values.secrets,
        )
        return Worker(self.session, self.ledger, facts, utc_now, self.backup_folder)

    def worker_beside(self, worker: Worker) -> Worker:
        """One more worker of the same run, with a session of its own; it holds off others for as long as that lives."""
        session = connect(self.settings.url, Access.WRITE)
        assert session.sharing is not None
        session.sharing.join(self.ledger.tables.lock_name)
        ledger = Ledger(session, self.ledger.changelog, schema=self.settings.schema, prefix=self.settings.table_prefix)
        ledger.share()
        return Worker(session, ledger, worker.run, utc_now, self.backup_folder)

    @property
    def backup_folder(self) -> str:
        """Where files of backups go."""
        return self.settings.backups.folder or str(self.settings.root / DEFAULT_BACKUPS)

    @contextmanager
    def locked(self, worker: Worker, seen: LedgerState = NO_LEDGER) -> Iterator[LedgerState]:
        """Hold the lock for the block; gives the ledger's state as it is then: as it was ``seen`` before, where its
        head is still the same.

        Before that the ledger is made where there is none, its head is checked, and what a crash left is settled as
        far as the database can tell.
        """
        with hold_lock(self.ledger, self.settings.lock_wait, self._wait):
            self.ledger.ensure(create_schema=self.settings.create_schema)
            write_holder(self.ledger, self._holder())
            head = self.ledger.check_head()
            state = seen if seen.exists and seen.head == head else self.ledger.read_state()
            settled = settle_doubts(worker, state)
            for words in settled:
                self.listener(Warned(words))
            yield self.ledger.read_state() if settled else state

    def _holder(self) -> Holder:
        settings = self.settings
        return Holder(settings.host, getpid(), settings.os_user, settings.command, utc_now())

    def _wait(self, holder: str, seconds: float) -> None:
        self.listener(LockWaited(holder, seconds))
        self.interruption.check("interrupted while waiting for the lock: nothing was run")


def utc_now() -> str:
    """The present moment as the ledger writes it."""
    return timestamp(datetime.now(UTC))
