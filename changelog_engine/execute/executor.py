"""Executing a plan: a step after the other, each committed together with its row in the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from changelog_engine.errors import (
    ChangesetFailedError,
    ConnectionLostError,
    DatabaseError,
    PlanRefusedError,
    PreconditionFailedError,
    StatementError,
    UsageError,
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
from changelog_engine.execute.preconditions import Circumstances, why_not
from changelog_engine.execute.worker import Transaction, Worker
from changelog_engine.ledger.entries import Event, LedgerState
from changelog_engine.model import OnError, OnFail
from changelog_engine.plan.steps import Action, Condition, Plan, Step
from changelog_engine.sql.templates import names_in

DONE = {
    Action.APPLY: Event.APPLIED,
    Action.RERUN: Event.RERUN,
    Action.ROLLBACK: Event.ROLLED_BACK,
    Action.UNMARK: Event.UNMARKED,
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
        self._transaction: Transaction = worker.transaction
        self._applied: set[str] = set()
        self._waiting: dict[str, str] = {}

    def execute(self, plan: Plan, state: LedgerState) -> Outcome:
        """Run every step in order, each in its own transaction. What was done stays done where a later step fails.

        Raises ChangesetFailedError and its kinds, ConnectionLostError, InterruptedRunError.
        """
        self._begin(plan, state)
        self._record_renames(plan, state)
        for index, step in enumerate(plan.steps):
            self.interruption.check("interrupted: what was done before is committed, nothing was begun after it")
            try:
                self._run_step(step, index)
            except ChangesetFailedError as error:
                self._record_failure(step, error)
                if step.changeset is None or step.changeset.on_error is OnError.HALT or step.action is Action.ROLLBACK:
                    raise
                self._go_on_without(step, index, error)
            self.worker.session.renew()
        self.listener(RunEnded(self.worker.run.deployment))
        return self.outcome

    def execute_atomic(self, plan: Plan, state: LedgerState) -> Outcome:
        """Run every step in one transaction: all of it commits, or nothing does. Raises as ``execute``."""
        refuse_atomic(plan, self.worker.session.capabilities.transactional_ddl)
        self._begin(plan, state)
        self._transaction = _within
        current: Step | None = None
        try:
            with self.worker.transaction():
                self._record_renames(plan, state)
                for index, current in enumerate(plan.steps):
                    self.interruption.check("interrupted: nothing was applied, as all of it was one transaction")
                    self._run_step(current, index)
        except BaseException as error:
            self.outcome = Outcome()
            if isinstance(error, ChangesetFailedError) and current is not None:
                self._record_failure(current, error)
            raise
        self.worker.session.renew()
        self.listener(RunEnded(self.worker.run.deployment))
        return self.outcome

    # --------------------------------------------------------------------------------------------------- steps

    def _begin(self, plan: Plan, state: LedgerState) -> None:
        self._require_secrets(plan)
        self._applied = {row.id for row in state if row.was_applied}
        self.interruption.cancels_by(self.worker.session.cancel)
        self.listener(RunStarted(plan, self.worker.run.deployment))

    def _require_secrets(self, plan: Plan) -> None:
        """The ledger keeps no value of a secret: one that a kept rollback needs must be given again."""
        known = self.worker.run.secrets
        for step in plan.steps:
            for statement in step.statements:
                missing = next((name for name, _ in names_in(statement.template) if name not in known), None)
                if missing is not None:
                    raise UsageError(
                        f"changeset `{step.id}` needs the secret parameter `{missing}`, which has no value; "
                        "nothing was run",
                        hint=f"give it with `--param {missing}=...`, or in the environment variable that the "
                        "changelog names",
                        changeset=step.id,
                    )

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

    def _run_step(self, step: Step, index: int) -> None:
        self.listener(StepStarted(step, index))
        if step.action is Action.TAG:
            self._record_tag(step, index)
            return
        if step.action is Action.UNMARK:
            self._unmark(step, index)
            return
        if self._is_held_back(step, index) or not self._conditions_hold(step, index):
            return
        self._run_changes(step, index)

    def _run_changes(self, step: Step, index: int) -> None:
        event = DONE[step.action]
        is_one_transaction = step.transaction and self.worker.session.capabilities.transactional_ddl
        try:
            if is_one_transaction:
                duration = self.worker.run_in_transaction(step, event, self._transaction)
            else:
                duration = self.worker.run_outside(step, event)
        except ConnectionLostError as error:
            raise ConnectionLostError(
                f"{error.message}, while changeset `{step.id}` was at work; it was committed wholly or not at all"
                if is_one_transaction
                else f"{error.message}, while changeset `{step.id}` was at work outside of a transaction",
                hint="run the same command again: it asks the database what was done, and goes on from there",
                changeset=step.id,
            ) from error
        self.outcome.done.append(step.id)
        if step.action is Action.ROLLBACK:
            self._applied.discard(step.id)
        else:
            self._applied.add(step.id)
        self.listener(StepDone(step, index, event, duration))

    def _record_tag(self, step: Step, index: int) -> None:
        """Record a declared tag, unless something it stands for was skipped or failed in this run."""
        missing = [changeset for changeset in step.tag_set if changeset not in self._applied]
        if missing:
            self._skip(step, index, f"`{missing[0]}`, which it stands for, is not applied")
            return
        with self._transaction():
            self.worker.record(
                records.tag_entry(Event.TAGGED, step.id, self.worker.run, declared=True, changesets=step.tag_set)
            )
        self.outcome.tags.append(step.id)
        self.listener(StepDone(step, index, Event.TAGGED, 0))

    def _unmark(self, step: Step, index: int) -> None:
        with self._transaction():
            self.worker.record(records.done_entry(Event.UNMARKED, step, self.worker.run, duration_ms=None, detail={}))
        self.outcome.done.append(step.id)
        self._applied.discard(step.id)
        self.listener(StepDone(step, index, Event.UNMARKED, 0))

    # --------------------------------------------------------------------------- conditions, skips and failures

    def _is_held_back(self, step: Step, index: int) -> bool:
        """Skip a step that requires one which this run skipped or which failed."""
        for edge in step.edges:
            if edge.changeset in self._waiting and edge.strength == "requires" and step.action is not Action.ROLLBACK:
                self._waiting[step.id] = self._waiting[edge.changeset]
                self._skip(step, index, f"it requires `{edge.changeset}`, {self._waiting[edge.changeset]}")
                return True
        return False

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


def refuse_atomic(plan: Plan, transactional_ddl: bool) -> None:
    """Raise PlanRefusedError where the plan cannot be one transaction."""
    bare = [step.id for step in plan.steps if not step.transaction]
    if bare:
        raise PlanRefusedError(
            f"`--atomic` is refused, nothing was run: `{bare[0]}` has `transaction: false`, and cannot be part of one",
            hint="run it without `--atomic`, or leave that changeset out with `--select`",
            changeset=bare[0],
        )
    if not transactional_ddl and plan.steps:
        raise PlanRefusedError(
            f"`--atomic` is refused, nothing was run: DDL commits by itself on {plan.dbms}",
            hint="run it without `--atomic`: what a crash leaves is settled statement by statement",
        )
