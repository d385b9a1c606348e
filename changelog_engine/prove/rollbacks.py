"""That each changeset's rollback undoes it: applied, rolled back, compared with the catalog before, applied again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from changelog_engine.catalog import Catalog, compare
from changelog_engine.errors import ChangelogEngineError, ChangesetFailedError, PlanRefusedError
from changelog_engine.findings import Finding, FindingKind
from changelog_engine.plan.request import RollbackRequest, Selected
from changelog_engine.plan.steps import Step
from changelog_engine.prove.ground import Ground, Trial, open_ground
from changelog_engine.scratch.databases import Scratch
from changelog_engine.verbs import planned_rollback

Advance = Callable[[str], None]
"""Told what is tried next."""


@dataclass(slots=True)
class ProvenRollbacks:
    """``catalog`` is the one at the end of the engine's order; ``tried`` counts the rollbacks."""

    findings: list[Finding] = field(default_factory=list)
    irreversible: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    tried: int = 0
    catalog: Catalog = field(default_factory=dict)
    server: str = ""


def prove_rollbacks(trial: Trial, scratch: Scratch, advance: Advance) -> ProvenRollbacks:
    """Try every rollback, in place and in the engine's order, on one database as long as all goes well.

    Where a rollback leaves something behind or fails, that is a finding, and the trial goes on from a new database to
    which everything so far was applied. Raises ChangesetFailedError where a changeset itself cannot be applied.
    """
    proven = ProvenRollbacks()
    applied: list[Step] = []
    with ExitStack() as stack:
        ground = stack.enter_context(open_ground(trial, scratch))
        proven.server = ground.server
        before = ground.catalog()
        for step in trial.plan.steps:
            advance(f"rollback of {step.id}")
            if not ground.apply([step]):
                proven.skipped.append(step.id)
                continue
            applied.append(step)
            finding = _try(ground, step, before, proven)
            if finding is not None:
                proven.findings.append(finding)
                stack.close()
                ground = stack.enter_context(open_ground(trial, scratch))
                ground.apply(applied)
            before = ground.catalog()
        proven.catalog = before
    return proven


def _try(ground: Ground, step: Step, before: Catalog, proven: ProvenRollbacks) -> Finding | None:
    """Roll back the step, which was applied last, compare, and apply it again."""
    trial = ground.trial
    request = RollbackRequest(Selected(step.id), filters=trial.filters)
    try:
        plan = planned_rollback(trial.loaded, ground.run, ground.run.ledger.read_state(), request)
    except PlanRefusedError as error:
        if step.id not in error.facts.get("irreversible", {}):
            return _finding(step, f"`{step.id}` cannot be rolled back: {error.message}")
        proven.irreversible.append(step.id)
        return None
    proven.tried += 1
    try:
        ground.execute(plan)
    except ChangelogEngineError as error:
        return _finding(step, f"the rollback of `{step.id}` fails: {_words(error)}")
    difference = tuple(str(each) for each in compare(before, ground.catalog()))
    if difference:
        return _finding(step, f"the rollback of `{step.id}` does not bring back what was before", difference)
    try:
        ground.apply([step])
    except ChangesetFailedError as error:
        return _finding(step, f"`{step.id}` cannot be applied again after its rollback: {_words(error)}")
    return None


def _finding(step: Step, message: str, difference: tuple[str, ...] = ()) -> Finding:
    place = step.changeset.location if step.changeset else None
    return Finding(
        FindingKind.ROLLBACK,
        message,
        changeset=step.id,
        difference=difference,
        file=place.file if place else None,
        line=place.line if place else None,
    )


def _words(error: ChangelogEngineError) -> str:
    return str(error.facts.get("message") or error.message)
