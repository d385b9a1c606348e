"""That the way is there and back: from each tag's state to the end, and back to that very state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from changelog_engine.catalog import Catalog, compare
from changelog_engine.errors import ChangelogEngineError, PlanRefusedError
from changelog_engine.findings import Finding, FindingKind
from changelog_engine.plan.request import RollbackRequest, ToTag
from changelog_engine.plan.steps import Action, Step
from changelog_engine.prove.ground import Ground, Trial, open_ground
from changelog_engine.scratch.databases import Scratch
from changelog_engine.verbs import planned_rollback


@dataclass(slots=True)
class ProvenWays:
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    tried: int = 0


def prove_ways(
    trial: Trial, scratch: Scratch, tags: Sequence[Step], expected: Catalog, advance: Callable[[str], None]
) -> ProvenWays:
    """Go from the state of each of ``tags`` to the end, whose catalog must be ``expected``, and back."""
    proven = ProvenWays()
    for tag in tags:
        advance(f"from tag {tag.id} and back")
        with open_ground(trial, scratch) as ground:
            proven.tried += 1
            _go(ground, tag, expected, proven)
    return proven


def _go(ground: Ground, tag: Step, expected: Catalog, proven: ProvenWays) -> None:
    trial = ground.trial
    held = set(tag.tag_set)
    steps = [step for step in trial.plan.steps if step.action is not Action.TAG]
    try:
        ground.apply([*(step for step in steps if step.id in held), tag])
        before = ground.catalog()
        ground.apply([step for step in steps if step.id not in held])
    except ChangelogEngineError as error:
        proven.findings.append(_finding(f"from tag `{tag.id}` the end is not reached: {_words(error)}", error))
        return
    difference = tuple(str(each) for each in compare(expected, ground.catalog()))
    if difference:
        message = f"from tag `{tag.id}` another end is reached than from an empty database"
        proven.findings.append(Finding(FindingKind.WAY, message, difference=difference))
    _go_back(ground, tag, before, proven)


def _go_back(ground: Ground, tag: Step, before: Catalog, proven: ProvenWays) -> None:
    trial = ground.trial
    request = RollbackRequest(ToTag(tag.id), filters=trial.filters)
    try:
        plan = planned_rollback(trial.loaded, ground.run, ground.run.ledger.read_state(), request)
    except PlanRefusedError as error:
        if error.facts.get("irreversible"):
            names = ", ".join(f"`{name}`" for name in error.facts["irreversible"])
            proven.notes.append(f"there is no way back to tag `{tag.id}`, as {names} cannot be undone")
        else:
            proven.findings.append(_finding(f"there is no way back to tag `{tag.id}`: {error.message}", error))
        return
    try:
        ground.execute(plan)
    except ChangelogEngineError as error:
        proven.findings.append(_finding(f"the way back to tag `{tag.id}` fails: {_words(error)}", error))
        return
    difference = tuple(str(each) for each in compare(before, ground.catalog()))
    if difference:
        message = f"the way back to tag `{tag.id}` ends in another state"
        proven.findings.append(Finding(FindingKind.WAY, message, difference=difference))


def _finding(message: str, error: ChangelogEngineError) -> Finding:
    return Finding(FindingKind.WAY, message, changeset=error.changeset)


def _words(error: ChangelogEngineError) -> str:
    name = f"`{error.changeset}`: " if error.changeset else ""
    return name + str(error.facts.get("message") or error.message)
