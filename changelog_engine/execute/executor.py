"""Executing a plan: a step after the other, each committed together with its row in the ledger."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from changelog_engine.databases.database import Commit, Row
from changelog_engine.errors import (
    ChangesetFailedError,
    ConnectionLostError,
    DatabaseError,
    PreconditionFailedError,
    StatementError,
)
from changelog_engine.execute import records
from changelog_engine.execute.events import (
    Listener,
    RunEnded,
    RunStarted,
    StepDone,
    StepFailed,
    StepSkipped,
    StepStarted,
    Warned,
)
from changelog_engine.execute.interruption import Interruption
from changelog_engine.execute.pace import MOST, MOST_CHARACTERS, Pace
from changelog_engine.execute.preconditions import Circumstances, why_not
from changelog_engine.execute.refusals import nothing_applied, require_secrets
from changelog_engine.execute.retrying import Retrying
from changelog_engine.execute.transactions import is_one_transaction, is_undone_where_it_fails, refuse_atomic
from changelog_engine.execute.worker import OpenTransaction, Worker
from changelog_engine.ledger.entries import Entry, Event, LedgerState
from changelog_engine.model import OnError, OnFail, Strength
from changelog_engine.plan.steps import Action, Condition, Plan, Step

DONE = {
    Action.APPLY: Event.APPLIED,
    Action.RERUN: Event.RERUN,
    Action.ROLLBACK: Event.ROLLED_BACK,
    Action.UNMARK: Event.UNMARKED,
    Action.TAG: Event.TAGGED,
}


@dataclass(slots=True)
class Outcome:
    """What became of a plan's steps so far, in order: ids, or ids with the reason."""

    done: list[str] = field(default_factory=list)
    marked: list[str] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)


class Executor:
    """Runs one plan with a worker that holds the lock. ``outcome`` says how far it came, also after an error."""

    def __init__(self, worker: Worker, *, listener: Listener, interruption: Interruption) -> None:
        self.worker = worker
        self.listener = listener
        self.interruption = interruption
        self.outcome = Outcome()
        self._transaction: OpenTransaction = worker.transaction
        self._applied: set[str] = set()
        self._waiting: dict[str, str] = {}
        self._position: dict[str, int] = {}
        self._commit = Commit.EACH
        self._pace = Pace()
        self._retrying = Retrying()

    def execute(self, plan: Plan, state: LedgerState) -> Outcome:
        """Run every step in order, each in its own transaction. What was done stays done where a later step fails.

        Raises ChangesetFailedError and its kinds, ConnectionLostError, InterruptedRunError.
        """
        self._begin(plan, state)
        self._record_renames(plan, state)
        self._run_steps(plan.steps)
        self.listener(RunEnded(self.worker.run.deployment))
        return self.outcome

    def execute_atomic(self, plan: Plan, state: LedgerState) -> Outcome:
        """Run every step in one transaction: all of it commits, or nothing does. Raises as ``execute``."""
        refuse_atomic(plan, self.worker.session)
        self._begin(plan, state)
        self._transaction = _within
        self._commit = Commit.LATER
        try:
            with self.worker.transaction(), self.worker.ledger.one_advance():
                self._record_renames(plan, state)
                index = 0
                while index < len(plan.steps):
                    self.interruption.check("interrupted: nothing was applied, as all of it was one transaction")
                    index += self._run_some(plan.steps, index)
        except BaseException as error:
            self.outcome = Outcome()
            if isinstance(error, ChangesetFailedError):
                position = self._position[error.changeset or ""]
                self._record_failure(plan.steps[position], error)
                raise nothing_applied(error, position, len(plan.steps)) from error
            raise
        self.worker.session.renew()
        self.listener(RunEnded(self.worker.run.deployment))
        return self.outcome

    def _run_steps(self, steps: Sequence[Step]) -> None:
        index = 0
        while index < len(steps):
            self.interruption.check("interrupted: what was done before is committed, nothing was begun after it")
            try:
                index += self._run_some(steps, index)
            except ChangesetFailedError as error:
                index = self._position[error.changeset or ""]
                index += 0 if self._tries_again(steps[index], error) else self._face_failure(steps[index], index, error)
            self.worker.session.renew()

    def _run_some(self, steps: Sequence[Step], index: int) -> int:
        """Run the step at ``index``, with those after it that can be sent together with it; gives how many were
        done.
        """
        batch = self._batch_from(steps, index)
        if len(batch) > 1:
            return self._run_batch(batch, range(index, index + len(batch)))
        self._run_step(steps[index], index)
        return 1

    def _tries_again(self, step: Step, error: ChangesetFailedError) -> bool:
        """Whether the step is to be tried once more, after the pause that was made here."""
        pause = self._retrying.pause_after(step, error)
        if pause is None or not is_undone_where_it_fails(self.worker.session, step):
            return False
        self.listener(Warned(f"{error.message}; trying again in {pause:g} s"))
        self.interruption.pause(pause)
        return True

    def _face_failure(self, step: Step, index: int, error: ChangesetFailedError) -> int:
        """Record the failure and pass the step over; or raise it again, unless the changelog says that the run goes
        on.
        """
        self._record_failure(step, error)
        error.facts["is_undone"] = is_undone_where_it_fails(self.worker.session, step)
        if step.changeset is None or step.changeset.on_error is OnError.HALT or step.action is Action.ROLLBACK:
            raise error
        self._go_on_without(step, index, error)
        return 1

    # --------------------------------------------------------------------------------------------------- steps

    def _begin(self, plan: Plan, state: LedgerState) -> None:
        require_secrets(plan, self.worker.run.secrets)
        self.worker.backups.refuse(plan)
        self._applied = {row.id for row in state if row.was_applied}
        self._position = {step.id: index for index, step in enumerate(plan.steps) if step.action is not Action.TAG}
        self.interruption.cancels_by(self.worker.session.cancel)
        self.listener(RunStarted(plan, self.worker.run.deployment))

    def _record_renames(self, plan: Plan, state: LedgerState) -> None:
        if not plan.renames:
            return
        with self._transaction():
            for old, new in plan.renames:
                before = state.recorded[old]
                kept = self.worker.ledger.read_entry(before.rollback_seq)
                for entry in records.renamed_entries(before, kept, new, self.worker.run):
                    self.worker.record(entry)
                self._applied.add(new)

    # ------------------------------------------------------------------------------------------------- batches

    def _batch_from(self, steps: Sequence[Step], index: int) -> Sequence[Step]:
        """The steps from there on that can be sent together."""
        end, characters = index, 0
        applied = set(self._applied) if any(step.action is Action.TAG for step in steps[index : index + MOST]) else None
        while end < len(steps) and end - index < self._pace.steps:
            step = steps[end]
            characters += sum(len(statement.template) for statement in step.statements)
            if characters > MOST_CHARACTERS or not self.worker.can_batch(step) or self._waits(step) is not None:
                break
            if applied is not None and step.action is Action.TAG and not applied.issuperset(step.tag_set):
                break
            if applied is not None:
                applied.add(step.id)
            end += 1
        return steps[index:end]

    def _run_batch(self, batch: Sequence[Step], positions: Sequence[int]) -> int:
        """Run steps that are sent together; gives how many were done: fewer where the run is to end.

        Raises ChangesetFailedError for the first that fails.
        """
        count = 0

        def done(row: Row | None) -> bool:
            nonlocal count
            self._note_done(batch[count], positions[count], row[0] if row and row[0] else 0)
            count += 1
            if count < len(batch):
                self.listener(StepStarted(batch[count], positions[count]))
            return self.interruption.signal is not None

        self.listener(StepStarted(batch[0], positions[0]))
        started = time.monotonic()
        try:
            self.worker.run_batch(batch, self._entry_of, self._commit, done)
        except ConnectionLostError as error:
            raise self._lost(error, f"changesets `{batch[count].id}` to `{batch[-1].id}` were under way") from error
        self._pace.took(time.monotonic() - started)
        return count

    def _entry_of(self, step: Step) -> Entry:
        run = self.worker.run
        if step.action is Action.TAG:
            return records.tag_entry(DONE[step.action], step.id, run, declared=True, changesets=step.tag_set)
        return records.done_entry(DONE[step.action], step, run, duration_ms=None, detail={})

    def _note_done(self, step: Step, index: int, duration_ms: int) -> None:
        if step.action is Action.TAG:
            self.outcome.tags.append(step.id)
        else:
            self.outcome.done.append(step.id)
            (self._applied.discard if step.action in (Action.ROLLBACK, Action.UNMARK) else self._applied.add)(step.id)
        self.listener(StepDone(step, index, DONE[step.action], duration_ms))

    # ---------------------------------------------------------------------------------------------- single steps

    def _run_step(self, step: Step, index: int) -> None:
        self.listener(StepStarted(step, index))
        if step.action is Action.TAG:
            self._record_tag(step, index)
        elif step.action is Action.UNMARK:
            self._record_plainly(step, index)
        elif not self._is_held_back(step, index) and self._conditions_hold(step, index):
            self._run_changes(step, index)

    def _run_changes(self, step: Step, index: int) -> None:
        event = DONE[step.action]
        is_together = is_one_transaction(self.worker.session, step)
        try:
            if is_together:
                duration = self.worker.run_in_transaction(step, event, self._transaction)
            else:
                duration = self.worker.run_outside(step, event)
        except ConnectionLostError as error:
            how = "" if is_together else " outside of a transaction"
            raise self._lost(error, f"changeset `{step.id}` was at work{how}") from error
        self._note_done(step, index, duration)

    def _lost(self, error: ConnectionLostError, when: str) -> ConnectionLostError:
        return ConnectionLostError(
            f"{error.message}, while {when}; each changeset is recorded if and only if it was done",
            hint="run the same command again: it sees what was done, and goes on from there",
            changeset=error.changeset,
        )

    def _record_tag(self, step: Step, index: int) -> None:
        """Record a declared tag, unless something it stands for was skipped or failed in this run."""
        missing = [changeset for changeset in step.tag_set if changeset not in self._applied]
        if missing:
            self._skip(step, index, f"`{missing[0]}`, which it stands for, is not applied")
        else:
            self._record_plainly(step, index)

    def _record_plainly(self, step: Step, index: int) -> None:
        """A step that runs nothing: its row is all."""
        entry = self._entry_of(step)
        with self._transaction():
            self.worker.record(entry)
        self._note_done(step, index, 0)

    # --------------------------------------------------------------------------- conditions, skips and failures

    def _waits(self, step: Step) -> str | None:
        """What the step requires that this run skipped or that failed."""
        if not self._waiting or step.action in (Action.ROLLBACK, Action.UNMARK):
            return None
        required = (edge.changeset for edge in step.edges if edge.strength == Strength.REQUIRES)
        return next((changeset for changeset in required if changeset in self._waiting), None)

    def _is_held_back(self, step: Step, index: int) -> bool:
        """Skip a step that requires one which this run skipped or which failed."""
        required = self._waits(step)
        if required is None:
            return False
        self._waiting[step.id] = self._waiting[required]
        self._skip(step, index, f"it requires `{required}`, {self._waiting[required]}")
        return True

    def _skip(self, step: Step, index: int, reason: str) -> None:
        self.outcome.skipped.append((step.id, reason))
        self.listener(StepSkipped(step, index, reason))

    def _conditions_hold(self, step: Step, index: int) -> bool:
        """Evaluate the preconditions in order; the first that fails decides. Raises PreconditionFailedError to halt."""
        run = self.worker.run
        now = Circumstances(self.worker.session, self._applied, run.parameters, run.secrets)
        for condition in step.conditions:
            verdict = self._verdict(condition, now)
            if verdict is None:
                continue
            what, why = verdict
            said = run.redact(condition.message or f"precondition `{condition.text}` does not hold: {why}")
            match what:
                case OnFail.WARN:
                    self.listener(Warned(f"`{step.id}`: {said}"))
                case OnFail.SKIP:
                    self._waiting[step.id] = "which waits for its precondition"
                    self._skip(step, index, said)
                    return False
                case OnFail.MARK_APPLIED:
                    self._mark(step, index, said)
                    return False
                case OnFail.HALT:
                    raise PreconditionFailedError(
                        f"changeset `{step.id}` was not begun: {said}",
                        hint="make the precondition hold, or say with `on_fail: skip | mark_applied | warn` what is to "
                        "happen where it does not",
                        location=condition.location,
                        changeset=step.id,
                        facts={"message": said, "statement": None},
                    )
        return True

    def _verdict(self, condition: Condition, now: Circumstances) -> tuple[OnFail, str] | None:
        """What a precondition that does not hold asks for, and why it does not; None where it holds."""
        try:
            with self._evaluation():
                why = why_not(condition.test, now)
        except StatementError as error:
            return condition.on_error, f"it cannot be evaluated: {error.message}"
        return None if why is None else (condition.on_fail, why)

    @contextmanager
    def _evaluation(self) -> Iterator[None]:
        """Preconditions read in a transaction that is rolled back, so that a query with an effect has none."""
        if self._transaction is _within:
            yield
            return
        self.worker.session.begin()
        try:
            yield
        finally:
            self.worker.session.rollback()

    def _mark(self, step: Step, index: int, reason: str) -> None:
        with self._transaction():
            self.worker.record(records.marked_entry(step, self.worker.run, by="precondition", reason=reason))
        self.outcome.marked.append(step.id)
        self._applied.add(step.id)
        self.listener(StepDone(step, index, Event.MARKED, 0))

    def _go_on_without(self, step: Step, index: int, error: ChangesetFailedError) -> None:
        self._waiting[step.id] = "which failed"
        self.outcome.failed.append((step.id, error.message))
        self.listener(StepFailed(step, index, error.message))

    def _record_failure(self, step: Step, error: ChangesetFailedError) -> None:
        """A failure is an event too; where it cannot be written, the failure itself is what must be heard."""
        with suppress(DatabaseError):
            self.worker.session.reset()
            self.worker.record_alone(records.failed_entry(step, self.worker.run, error.facts))


@contextmanager
def _within() -> Iterator[None]:
    """The transaction of a step that is part of a greater one."""
    yield
