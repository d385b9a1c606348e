"""The map: one method a verb. read -> order -> look -> lock -> look again -> plan -> execute -> result. Read this
first.

Each verb imports the stages that it needs when it is called, so that looking at files never loads a database driver.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from changelog_engine.databases.database import Access
from changelog_engine.errors import (
    BrokenChainError,
    ChangelogEngineError,
    ChangesetFailedError,
    InterruptedRunError,
    UsageError,
)
from changelog_engine.ledger.entries import Event, Head, LedgerState
from changelog_engine.plan.request import (
    Dependents,
    Filters,
    RollbackRequest,
    Selected,
    UpdateRequest,
)
from changelog_engine.plan.steps import Plan
from changelog_engine.proving import Proving
from changelog_engine.results import (
    HistoryResult,
    LockStatus,
    RecordResult,
    RedoResult,
    RollbackResult,
    StatusResult,
    TagStatus,
    UpdateResult,
    ValidateResult,
)
from changelog_engine.verbs import (
    as_redo,
    as_saved,
    executor_of,
    is_nothing_to_do,
    planned_from_files,
    planned_rollback,
    planned_update,
    refuse_redo,
    rollback_result,
    update_result,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from changelog_engine.execute.executor import Executor, Outcome
    from changelog_engine.execute.worker import Worker
    from changelog_engine.graph.build import ChangesetGraph
    from changelog_engine.model import Changelog
    from changelog_engine.plan.steps import Step
    from changelog_engine.plan.typed import Definitions
    from changelog_engine.run import Run

    ChooseSteps = Callable[[Changelog, ChangesetGraph, LedgerState, Filters, str, str, Definitions], tuple[Step, ...]]

Result = TypeVar("Result")


class Engine(Proving):
    """A changelog and a database, by ``settings``; every verb reads both anew.

    Nothing here prints, prompts or exits: ``listener`` is told what happens (:mod:`changelog_engine.execute.events`),
    errors are those of :mod:`changelog_engine.errors`, and ``interruption`` lets a signal handler ask for the end of
    a run.
    """

    # --------------------------------------------------------------------------------------- without a database

    def validate(self) -> ValidateResult:
        """Read everything; raises InvalidChangelogError with all that is wrong."""
        changelog = (loaded := self._load()).changelog
        return ValidateResult(
            len(changelog.changesets), len(changelog.tags), len(changelog.inventory.files), loaded.warnings
        )

    def graph(self, form: str, selector: str | None = None) -> str:
        """The graph, or the selected part of it, as ``text``, ``mermaid``, ``dot`` or ``json``."""
        from changelog_engine.graph.render import render_graph
        from changelog_engine.graph.select import parse_selector, select

        loaded = self._load()
        chosen = None if selector is None else select(parse_selector(selector), loaded.graph, {}, {})
        return render_graph(loaded.graph, form, chosen)

    # ------------------------------------------------------------------------------------------------- looking

    def status(self, filters: Filters | None = None) -> StatusResult:
        """Each changeset's state, and why. Writes nothing."""
        from changelog_engine.plan.state import changeset_states

        loaded = self._load()
        with self._open(loaded.changelog.name, Access.READ) as run:
            state = run.ledger.read_state()
            states = changeset_states(loaded.changelog, loaded.graph, state, self._said(filters), run.session.kind)
            return StatusResult(states, tuple(sorted(state.tags)), run.session.location, state.head)

    def plan_update(self, request: UpdateRequest | None = None) -> Plan:
        """What ``update`` would do. Writes nothing."""
        from changelog_engine.backups import with_backup_notes
        from changelog_engine.plan.lanes import beside_notes

        loaded = self._load()
        with self._open(loaded.changelog.name, Access.READ) as run:
            plan = planned_update(loaded, run, run.ledger.read_state(), self._asked(request or UpdateRequest()))
            plan = with_backup_notes(plan, run)
            return plan if run.session.sharing is None else replace(plan, notes=(*plan.notes, *beside_notes(plan)))

    def plan_rollback(self, request: RollbackRequest) -> Plan:
        """What ``rollback`` would do. Writes nothing."""
        from changelog_engine.backups import with_backup_notes

        loaded = self._load()
        with self._open(loaded.changelog.name, Access.READ) as run:
            plan = planned_rollback(loaded, run, run.ledger.read_state(), self._asked(request))
            return with_backup_notes(plan, run)

    def script(self, plan: Plan, filters: Filters | None = None) -> str:
        """The plan as a script for the database's own client. Raises PlanRefusedError where the ledger has moved on."""
        from changelog_engine.execute.script import render_script
        from changelog_engine.run import utc_now

        loaded = self._load()
        with self._open(loaded.changelog.name, Access.READ) as run:
            worker = run.worker(self._said(filters), loaded.changelog.parameters)
            return render_script(plan, run.ledger.read_state(), run.ledger, worker.run, utc_now())

    def save_plan(self, plan: Plan) -> str:
        """The plan as the text of a file that ``update(saved_plan=...)`` takes."""
        from changelog_engine.plan.saved import dump_plan

        return dump_plan(plan)

    def history(self) -> HistoryResult:
        """The ledger's events of this changelog, oldest first."""
        with self._open_for_record(Access.READ) as run:
            return HistoryResult(run.ledger.read_history(), run.ledger.read_head() or Head())

    def verify_history(self, expect_head: Head | None = None) -> HistoryResult:
        """The history, with the whole chain recomputed; with ``expect_head``, the ledger must still hold that row,
        the last one once. Raises BrokenChainError.
        """
        from changelog_engine.ledger.verification import verify_chain

        with self._open_for_record(Access.READ) as run:
            result = HistoryResult(run.ledger.read_history(), run.ledger.read_head() or Head(), "intact")
            try:
                verify_chain(run.ledger, expect_head)
            except BrokenChainError as error:
                row = error.facts.get("broken_at")
                error.facts["result"] = replace(result, chain=None if row is None else f"broken at {row}")
                raise
            return result

    # ------------------------------------------------------------------------------------------------- running

    def update(
        self,
        request: UpdateRequest | None = None,
        *,
        atomic: bool = False,
        saved_plan: str | None = None,
        proof: str | None = None,
        quick: bool = True,
        jobs: int = 1,
    ) -> UpdateResult:
        """Apply what is pending; with ``saved_plan`` (the text of one) exactly that.

        ``atomic``: all of it in one transaction. ``proof`` (the text of one): what it does not hold is refused.
        ``quick`` lets it end at once where the ledger keeps that these very files were found complete; else all is
        compared. ``jobs`` is the number of further connections for changesets that may take long and don't wait for
        one another. An error that ends it in the middle has the result so far in ``facts["result"]``.
        """
        from changelog_engine.completion import Completion, is_all_done

        if jobs > 1 and atomic:
            raise UsageError(
                "`--jobs` and `--atomic` exclude each other; nothing was run",
                hint="one transaction has one connection: leave one of the two out",
            )
        request = as_saved(self._asked(request or UpdateRequest()), saved_plan)
        completion = Completion(self.settings, request, saved_plan)
        looked = self._look() if quick else None
        if looked is not None and completion.holds(looked.row):
            looked.close()
            return UpdateResult("", database=self.location)
        from changelog_engine.execute.halts import refuse_halts

        with self._open("", Access.WRITE, looked) as run:
            files = self._read_files()
            run.ledger.changelog = files.name
            state = run.ledger.read_state()
            loaded, planned = planned_from_files(files, run, state, request, saved_plan)
            if is_nothing_to_do(planned):
                completion.keep(run.ledger, planned.head, loaded.changelog.inventory)
                return UpdateResult("", notes=planned.notes, database=run.session.location)
            worker = run.worker(request.filters, loaded.changelog.parameters)
            with run.locked(worker, state) as state:
                # a plan is a function of the ledger's state, which its head stands for
                moved_on = state.head != planned.head
                plan = planned_update(loaded, run, state, request, saved_plan) if moved_on else planned
                refuse_halts(plan, run.ledger)
                if proof is not None:
                    from changelog_engine.prove.proof import refuse_unproven

                    refuse_unproven(proof, plan)
                result = self._execute(plan, state, run, executor_of(run, worker, jobs), atomic, update_result)
                if is_all_done(plan, result):
                    completion.keep(run.ledger, run.ledger.head, loaded.changelog.inventory)
                return result

    def rollback(self, request: RollbackRequest, *, atomic: bool = False) -> RollbackResult:
        """Undo what the request names, in reverse order; all of it is planned before anything is undone."""
        request = self._asked(request)
        loaded = self._load()
        with self._open(loaded.changelog.name, Access.WRITE) as run:
            state = run.ledger.read_state()
            planned = planned_rollback(loaded, run, state, request)
            if not planned.steps:
                return RollbackResult("", to=planned.target, notes=planned.notes, database=run.session.location)
            worker = run.worker(request.filters, loaded.changelog.parameters)
            with run.locked(worker, state) as state:
                plan = planned_rollback(loaded, run, state, request) if state.head != planned.head else planned
                return self._execute(plan, state, run, executor_of(run, worker, 1), atomic, rollback_result)

    def redo(
        self, selector: str, filters: Filters | None = None, dependents: Dependents = Dependents.REFUSE
    ) -> RedoResult:
        """Roll back what is selected, and apply again exactly what was rolled back; nothing is rolled back where the
        update would be refused.
        """
        filters = self._said(filters)
        request = RollbackRequest(Selected(selector), dependents, filters=filters)
        loaded = self._load()
        with self._open(loaded.changelog.name, Access.READ) as run:
            refuse_redo(loaded, run, request)
        with as_redo(RollbackResult("")):
            undone = self.rollback(request)
        if not undone.rolled_back:
            return RedoResult(undone, UpdateResult("", database=undone.database))
        again = replace(filters, select=",".join(undone.rolled_back))
        with as_redo(undone):
            return RedoResult(undone, self.update(UpdateRequest(again)))

    # ------------------------------------------------------------------------------------ changing the record

    def tags(self) -> tuple[TagStatus, ...]:
        """The tags: those recorded, and those that the changelog declares and that are not recorded yet."""
        loaded = self._load()
        with self._open(loaded.changelog.name, Access.READ) as run:
            recorded = run.ledger.read_state().tags
        declared = [tag.name for tag in loaded.changelog.tags if tag.name not in recorded]
        found = (TagStatus(tag.name, tag.declared, tag.at, tuple(sorted(tag.changesets))) for tag in recorded.values())
        return (*sorted(found, key=lambda tag: tag.at or ""), *(TagStatus(name, True, None) for name in declared))

    def tag(self, name: str, *, force: bool = False) -> TagStatus:
        """Mark the present state: the tag stands for all that is applied now. ``force`` moves one that is set
        already.
        """
        from changelog_engine.execute.marking import check_new_tag, set_tag

        loaded = self._load()
        with self._open(loaded.changelog.name, Access.WRITE) as run:
            worker = run.worker(self.filters(), loaded.changelog.parameters)
            with run.locked(worker) as state:
                check_new_tag(name, loaded.graph.tags, state, force=force)
                return set_tag(name, worker, state)

    def delete_tag(self, name: str) -> TagStatus:
        """Take back a tag that was set by hand, or is no longer declared."""
        from changelog_engine.execute.marking import remove_tag

        loaded = self._load()
        with self._open(loaded.changelog.name, Access.WRITE) as run:
            worker = run.worker(self.filters(), loaded.changelog.parameters)
            with run.locked(worker) as state:
                return remove_tag(name, loaded.graph.tags, worker, state)

    def mark_applied(self, selector: str, filters: Filters | None = None) -> RecordResult:
        """Record pending changesets as applied without running anything."""
        from changelog_engine.execute.marking import mark
        from changelog_engine.plan.record import plan_mark

        return self._change_record(selector, filters, plan_mark, mark)

    def unmark(self, selector: str, filters: Filters | None = None) -> RecordResult:
        """Take changesets off the record without running anything."""
        from changelog_engine.execute.marking import unmark
        from changelog_engine.plan.record import plan_unmark

        return self._change_record(selector, filters, plan_unmark, unmark)

    def accept_checksum(self, selector: str, filters: Filters | None = None) -> RecordResult:
        """Take the present text of edited changesets as the right one."""
        from changelog_engine.execute.marking import accept
        from changelog_engine.plan.record import plan_accept

        return self._change_record(selector, filters, plan_accept, accept)

    def resolve(self, changeset: str, *, applied: bool) -> RecordResult:
        """Settle a changeset that a crash left in doubt, by what a person saw in the database."""
        from changelog_engine.execute.marking import settle

        loaded = self._load()
        with self._open(loaded.changelog.name, Access.WRITE) as run:
            worker = run.worker(self.filters(), loaded.changelog.parameters)
            with run.locked(worker) as state:
                event = Event.RESOLVED_APPLIED if applied else Event.RESOLVED_NOT_APPLIED
                settle(changeset, event, worker, state)
                return RecordResult((changeset,), run.session.location)

    # ------------------------------------------------------------------------------------------------ the lock

    def lock(self) -> LockStatus:
        """Who holds the lock, since when. Writes nothing."""
        from changelog_engine.ledger.lock import read_holder

        with self._open("", Access.READ) as run:
            holder = read_holder(run.ledger)
            held = run.session.is_locked(run.ledger.tables.lock_name)
            return LockStatus(held, str(holder) if holder else None, holder.since if holder else None)

    def release_lock(self) -> LockStatus:
        """Clear a lock row that names a holder which is gone; a lock that is held is left alone
        (LockNotObtainedError).
        """
        from changelog_engine.ledger.lock import hold_lock, read_holder

        with self._open("", Access.WRITE) as run:
            holder = read_holder(run.ledger)
            with hold_lock(run.ledger, 0, lambda *_: None):
                pass
            return LockStatus(False, str(holder) if holder else None, holder.since if holder else None, released=True)

    # ------------------------------------------------------------------------------------------------ internal

    def _execute(
        self,
        plan: Plan,
        state: LedgerState,
        run: Run,
        executor: Executor,
        atomic: bool,
        result: Callable[[Plan, Outcome, Run], Result],
    ) -> Result:
        try:
            (executor.execute_atomic if atomic else executor.execute)(plan, state)
        except ChangelogEngineError as error:
            error.facts["result"] = result(plan, executor.outcome, run)
            number = self.interruption.signal
            if number is not None and self.interruption.has_cancelled and isinstance(error, ChangesetFailedError):
                hint = "run it again: it goes on where this one ended"
                words = f"interrupted: {error.message}"
                raise InterruptedRunError(words, signal=number, hint=hint, facts=error.facts) from error
            raise
        return result(plan, executor.outcome, run)

    def _change_record(
        self,
        selector: str,
        filters: Filters | None,
        choose: ChooseSteps,
        record: Callable[[Worker, tuple[Step, ...]], None],
    ) -> RecordResult:
        """Under the lock: choose the steps whose record is to be changed, by a pure function, and record them."""
        filters = self._said(filters)
        loaded = self._load()
        with self._open(loaded.changelog.name, Access.WRITE) as run:
            worker = run.worker(filters, loaded.changelog.parameters)
            with run.locked(worker) as state:
                session = run.session
                steps = choose(
                    loaded.changelog, loaded.graph, state, filters, session.kind, selector, session.definitions
                )
                record(worker, steps)
                return RecordResult(tuple(step.id for step in steps), run.session.location)
