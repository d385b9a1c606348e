"""What several verbs of the engine share: plans from a look at the ledger, who executes them, results from outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from changelog_engine.changelog.expressions import ExpressionError, parse_expression
from changelog_engine.errors import ChangelogEngineError, UsageError
from changelog_engine.execute.events import Warned
from changelog_engine.plan.request import ContextChoice, RollbackRequest, UpdateRequest
from changelog_engine.plan.steps import Plan
from changelog_engine.results import Failed, RedoResult, RollbackResult, Skipped, UpdateResult

if TYPE_CHECKING:
    from changelog_engine.execute.executor import Executor, Outcome
    from changelog_engine.execute.worker import Worker
    from changelog_engine.ledger.entries import LedgerState
    from changelog_engine.loading import Loaded, ReadFiles
    from changelog_engine.model import Expression
    from changelog_engine.run import Run


def executor_of(run: Run, worker: Worker, jobs: int) -> Executor:
    """Who runs a plan: over one session, or over several where they can write to one ledger."""
    from changelog_engine.execute.executor import Executor
    from changelog_engine.execute.parallel import ParallelExecutor

    if jobs > 1 and run.session.sharing is None:
        run.listener(Warned(f"`--jobs` has no effect on {run.session.kind}: one session writes at a time"))
    if jobs == 1 or run.session.sharing is None:
        return Executor(worker, listener=run.listener, interruption=run.interruption)
    return ParallelExecutor(
        worker,
        jobs=jobs,
        open_worker=lambda: run.worker_beside(worker),
        listener=run.listener,
        interruption=run.interruption,
    )


@contextmanager
def as_redo(undone: RollbackResult) -> Iterator[None]:
    """An error in the block carries the result so far as a redo's: what was undone, what was applied again."""
    try:
        yield
    except ChangelogEngineError as error:
        match error.facts.get("result"):
            case RollbackResult() as result:
                error.facts["result"] = RedoResult(result, UpdateResult(""))
            case UpdateResult() as result:
                error.facts["result"] = RedoResult(undone, result)
            case None if undone.rolled_back:
                error.facts["result"] = RedoResult(undone, UpdateResult(""))
        raise


def parse_label(text: str) -> Expression:
    """A label expression of the command line. Raises UsageError where it is none."""
    try:
        return parse_expression(text)
    except ExpressionError as error:
        raise UsageError(
            f"`{text}` is no label expression: {error.message}", hint="for example `billing and not slow`"
        ) from error


def as_saved(request: UpdateRequest, saved_plan: str | None) -> UpdateRequest:
    """The request with the contexts that a saved plan was made for, where nobody names any."""
    if saved_plan is None or request.filters.contexts != ContextChoice():
        return request
    from changelog_engine.plan.saved import saved_contexts

    return replace(request, filters=replace(request.filters, contexts=saved_contexts(saved_plan)))


def planned_from_files(
    files: ReadFiles, run: Run, state: LedgerState, request: UpdateRequest, saved_plan: str | None
) -> tuple[Loaded, Plan]:
    """The changelog and the plan of an update.

    Where most of it is applied, a first look leaves out what the SQL says of the order: mostly nothing is to be done.
    """
    declared = files.load_declared() if 2 * len(state.recorded) >= files.count else None
    if declared is not None:
        plan = planned_update(declared, run, state, request, saved_plan)
        if is_nothing_to_do(plan):
            return declared, plan
    loaded = files.load()
    return loaded, planned_update(loaded, run, state, request, saved_plan)


def is_nothing_to_do(plan: Plan) -> bool:
    return not (plan.steps or plan.renames or plan.halts)


def planned_update(
    loaded: Loaded, run: Run, state: LedgerState, request: UpdateRequest, saved_plan: str | None = None
) -> Plan:
    from changelog_engine.plan.update import plan_update

    plan = plan_update(loaded.changelog, loaded.graph, state, request, run.session.kind, run.session.definitions)
    if saved_plan is None:
        return plan
    from changelog_engine.plan.saved import check_saved

    return check_saved(saved_plan, plan)


def planned_rollback(loaded: Loaded, run: Run, state: LedgerState, request: RollbackRequest) -> Plan:
    from changelog_engine.plan.rollback import plan_rollback, select_rollback

    selection = select_rollback(
        loaded.changelog, loaded.graph, state, request, run.session.kind, run.session.definitions
    )
    return plan_rollback(selection, run.ledger.read_rollbacks(selection.seqs))


def refuse_redo(loaded: Loaded, run: Run, request: RollbackRequest) -> None:
    """Raise what the update of a redo would end with before it did anything: now, before anything is rolled back."""
    from changelog_engine.execute.halts import refuse_halts

    state = run.ledger.read_state()
    undone = [step.id for step in planned_rollback(loaded, run, state, request).steps]
    if not undone:
        return
    plan = planned_update(loaded, run, state, UpdateRequest(replace(request.filters, select=",".join(undone))))
    # What is rolled back is pending then, however it was edited.
    refuse_halts(replace(plan, halts=tuple(halt for halt in plan.halts if halt.id not in undone)), run.ledger)


def update_result(plan: Plan, outcome: Outcome, run: Run) -> UpdateResult:
    return UpdateResult(
        deployment=run.deployment,
        applied=tuple(outcome.done),
        marked=tuple(outcome.marked),
        skipped=tuple(Skipped(name, reason) for name, reason in outcome.skipped),
        failed=tuple(Failed(name, message) for name, message in outcome.failed),
        tags=tuple(outcome.tags),
        notes=plan.notes,
        database=run.session.location,
    )


def rollback_result(plan: Plan, outcome: Outcome, run: Run) -> RollbackResult:
    return RollbackResult(run.deployment, tuple(outcome.done), plan.target, plan.notes, run.session.location)
