"""One session at work: statements, checks and their rows in the ledger, in and outside of transactions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from changelog_engine.databases.database import PREAMBLE, Commit, Done, Session, Transaction
from changelog_engine.errors import (
    ChangesetFailedError,
    CheckFailedError,
    ConnectionLostError,
    DatabaseError,
    StatementError,
)
from changelog_engine.execute import records
from changelog_engine.execute.backups import StepBackups, detail_of
from changelog_engine.execute.expectations import mismatch
from changelog_engine.execute.records import RunFacts
from changelog_engine.ledger.entries import Direction, Entry, Event, text_digest
from changelog_engine.ledger.ledger import Ledger
from changelog_engine.model import Location, SqlText
from changelog_engine.plan.steps import Statement, Step, makes_backup, restores_backup
from changelog_engine.sql.standing import sets_session
from changelog_engine.sql.templates import fill, show

OpenTransaction = Callable[[], AbstractContextManager[None]]


class Worker:
    """A session with its ledger; ``now`` gives the time as the ledger writes it, ``folder`` takes files of backups."""

    def __init__(self, session: Session, ledger: Ledger, run: RunFacts, now: Callable[[], str], folder: str) -> None:
        self.session = session
        self.ledger = ledger
        self.run = run
        self.now = now
        self.backups = StepBackups(session, ledger, run, now, folder)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A transaction for the block: committed at its end, rolled back where anything is raised."""
        self.session.begin()
        try:
            yield
            self.session.commit()
        except BaseException:
            self.session.rollback()
            self.ledger.forget_head()
            raise

    def record(self, entry: Entry) -> None:
        """Add a row to the ledger, in the transaction that is open."""
        self.ledger.append(entry, self.now())

    def record_alone(self, entry: Entry) -> None:
        """Add a row to the ledger in a transaction of its own."""
        with self.transaction():
            self.record(entry)

    # ------------------------------------------------------------------------------------ in a transaction

    def run_in_transaction(self, step: Step, event: Event, transaction: OpenTransaction) -> int:
        """Run a step's statements and checks and record ``event``, all in one transaction; gives its milliseconds.

        Raises ChangesetFailedError; then nothing of it was done.
        """
        started = time.monotonic()
        try:
            with transaction(), self.backups.made(step) as saved:
                if restores_backup(step):
                    self.backups.restore(step)
                self.run_preamble(step)
                for index in range(len(step.statements)):
                    self.execute(step, index)
                self.assert_checks(step)
                self.session.check_deferred()
                self.session.reset()
                done = self.backups.marked(saved)
                duration = _milliseconds(started)
                detail = detail_of(done)
                self.record(records.done_entry(event, done, self.run, duration_ms=duration, detail=detail))
        except StatementError as error:
            raise self.failure(step, error, None) from error
        return duration

    # ------------------------------------------------------------------------------------------ many together

    def can_batch(self, step: Step) -> bool:
        """Whether a step can be sent together with others: nothing has to be asked of the database before or after
        it.
        """
        batches = self.session.batches
        return (
            batches is not None
            and step.transaction
            and not step.conditions
            and not step.checks
            and not (makes_backup(step) or restores_backup(step))
            and all(statement.is_one and batches.joins(statement.template) for statement in step.statements)
        )

    def run_batch(self, steps: Sequence[Step], entry_of: Callable[[Step], Entry], commit: Commit, done: Done) -> None:
        """Run steps with their ledger rows, sent together; each commits with its row, or all are parts of the open
        transaction.

        ``done`` is told of each step as it is done, and may ask to stop. The chain is linked ahead of the database:
        whatever ends the batch, what is committed is a beginning of it. Raises ChangesetFailedError for the first
        that is refused.
        """
        batches = self.session.batches
        assert batches is not None
        self.ledger.find_head()
        now = self.now()
        transactions = (
            Transaction(
                tuple(fill(statement.template, self.run.secrets) for statement in step.statements),
                self.ledger.records(entry_of(step), now),
                tuple(self.session.preamble(step.consideration)) if step.statements else (),
            )
            for step in steps
        )
        try:
            outcome = batches.run(transactions, commit, done)
        except DatabaseError:
            self.ledger.forget_head()
            raise
        if outcome.done < len(steps):
            self.ledger.forget_head()
        if outcome.refused is not None:
            raise self.failure(steps[outcome.done], outcome.refused, outcome.statement) from outcome.refused

    # --------------------------------------------------------------------------------- outside of transactions

    def run_outside(self, step: Step, event: Event) -> int:
        """Run a step that its database refuses in one transaction, statement by statement, each recorded as it is done.

        A statement that can stand in a transaction shares one with its row, so that a crash leaves no doubt about it;
        only one that the database refuses there runs bare, announced in the ledger before. Raises
        ChangesetFailedError; then what the ledger has as done is done, and a later run goes on from there.
        """
        started = time.monotonic()
        done = [text_digest(statement.template) for statement in step.statements[: step.first]]
        step = self._begin_outside(step, tuple(done))
        self.run_preamble(step)
        # What is done is not done again; but what it set, it set for a session that is gone.
        for index in range(step.first):
            if sets_session(step.statements[index].template):
                self.execute(step, index)
        for index in range(step.first, len(step.statements)):
            self._run_recorded(step, index, tuple(done))
            done.append(text_digest(step.statements[index].template))
        self.assert_checks(step)
        self.session.reset()
        duration = _milliseconds(started)
        with self.transaction():
            step = self.backups.marked(step)
            detail = detail_of(step)
            self.record(records.done_entry(event, step, self.run, duration_ms=duration, detail=detail))
        return duration

    def _begin_outside(self, step: Step, done: tuple[str, ...]) -> Step:
        """Announce the step, in one transaction with its backup; gives it with the backup that was made."""
        if step.first:
            step = self.backups.kept(step)
            self.record_alone(records.started_entry(step, self.run, done, outside=None))
            return step
        with self.transaction(), self.backups.made(step) as saved:
            self.session.reset()
            self.record(records.started_entry(saved, self.run, done, outside=None))
        return saved

    def _run_recorded(self, step: Step, index: int, done: tuple[str, ...]) -> None:
        sql = fill(step.statements[index].template, self.run.secrets)
        if not self.session.runs_outside_only(sql) and self._run_with_record(step, index):
            return
        self.record_alone(records.started_entry(step, self.run, done, outside=index))
        started = time.monotonic()
        self._execute_as_role(step, index)
        self.record_alone(records.statement_entry(step, self.run, index, duration_ms=_milliseconds(started)))

    def _execute_as_role(self, step: Step, index: int) -> None:
        """Run one statement; as another role only that, for its row is written as the one who runs all this.

        Without a role the settings stay: what one statement sets is meant for the next.
        """
        if step.consideration.run_as is None:
            self.execute(step, index)
            return
        self.run_preamble(step)
        self.execute(step, index)
        self.session.reset()

    def _run_with_record(self, step: Step, index: int) -> bool:
        """Run a statement in one transaction with its row; False where the database refuses it in a transaction."""
        started = time.monotonic()
        try:
            with self.transaction():
                self._execute_as_role(step, index)
                self.record(records.statement_entry(step, self.run, index, duration_ms=_milliseconds(started)))
        except ChangesetFailedError as error:
            cause = error.__cause__
            if isinstance(cause, StatementError) and cause.refuses_transaction:
                return False
            raise
        return True

    # ------------------------------------------------------------------------------------- statements, checks

    def run_preamble(self, step: Step) -> None:
        """Give the step its time-outs and its role, for as long as the session is not reset."""
        try:
            for sql in self.session.preamble(step.consideration):
                self.session.execute(sql)
        except StatementError as error:
            raise self.failure(step, error, PREAMBLE) from error

    def execute(self, step: Step, index: int) -> None:
        """Run one statement of a step as it is; raises ChangesetFailedError with its place and the database's words."""
        statement = step.statements[index]
        try:
            self.session.execute(fill(statement.template, self.run.secrets))
        except StatementError as error:
            raise self.failure(step, error, index) from error
        except ConnectionLostError as error:
            error.changeset = step.id
            raise

    def assert_checks(self, step: Step) -> None:
        """Evaluate a step's checks; raises CheckFailedError for the first that does not hold."""
        for check in step.checks:
            try:
                why = mismatch(self.session.select(fill(check.query.template, self.run.secrets)), check.expect)
            except StatementError as error:
                why = error.message
            if why is not None:
                raise CheckFailedError(
                    f"check `{check.name}` of changeset `{step.id}` does not hold: {self.run.redact(why)}",
                    location=check.location,
                    changeset=step.id,
                    statement=show(check.query.template),
                    facts={"checks_failed": True, "message": why},
                )

    def failure(self, step: Step, error: StatementError, index: int | None) -> ChangesetFailedError:
        """The database's refusal as the failure of its changeset; ``index`` is the statement's, None for the commit,
        ``PREAMBLE`` for the role and the time-outs that come first.
        """
        words = self.run.redact(error.message)
        facts = {
            "statement": None if index is None or index == PREAMBLE else index + 1,
            "message": words,
            "sqlstate": error.sqlstate,
            "detail": None if error.detail is None else self.run.redact(error.detail),
        }
        if index is None or index == PREAMBLE:
            where = "when it was committed" if index is None else "before its first statement"
            statement, location = None, _declared_at(step)
        else:
            where = f"at statement {index + 1} of {len(step.statements)}"
            statement = show(step.statements[index].template)
            location = _place(step.statements[index], error.position) or _declared_at(step)
        verb = "could not be rolled back: it failed" if records.direction_of(step) is Direction.ROLLBACK else "failed"
        return ChangesetFailedError(
            f"changeset `{step.id}` {verb} {where}: {words}",
            hint=None if error.hint is None else self.run.redact(error.hint),
            changeset=step.id,
            statement=statement,
            location=location,
            facts=facts,
        )


def _place(statement: Statement, position: int | None) -> Location | None:
    """The place in the changelog of a character of the statement; parameters on its line may shift the column."""
    if statement.location is None or not statement.is_written:
        return statement.location
    return SqlText(statement.template, statement.location, statement.column).locate(position or 0)


def _declared_at(step: Step) -> Location | None:
    return step.changeset.location if step.changeset else None


def _milliseconds(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
